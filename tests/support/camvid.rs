//! The CamVid pack: real labels and real outputs of a small network on them. Its licence keeps it out of this repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use segmeter_core::view::{Encoding, IGNORE, Quantiser, Shape};
use serde::Deserialize;

use crate::path;

/// The whole pack.
pub struct Camvid {
    /// Of every frame.
    pub shape: Shape,
    /// Of every frame.
    pub quantiser: Quantiser,
    /// By group, in the order of their time.
    pub frames: Vec<CamvidFrame>,
}

/// One frame of it.
pub struct CamvidFrame {
    /// Its name in the pack.
    pub id: String,
    /// `day`, `dusk` or `corrupt`.
    pub group: String,
    /// What was done to its image, and how much.
    pub corruption: Option<String>,
    /// Stored bytes of the road's logits.
    pub codes: Vec<u8>,
    /// Road is 1, another class 0, a pixel without a label [`IGNORE`].
    pub labels: Vec<u8>,
    /// What the program that made the pack counted.
    pub reference: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Manifest {
    width: u32,
    height: u32,
    void: u8,
    road_class: u8,
    frames: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    group: String,
    corruption: Option<Corruption>,
    road_i8: Part,
    gt_u8: Part,
    reference: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Corruption {
    kind: String,
    severity: u32,
}

/// A frame's bytes in a file.
#[derive(Deserialize)]
struct Part {
    file: String,
    offset: usize,
    bytes: usize,
    scale: Option<f32>,
    zero_point: Option<i32>,
}

impl Camvid {
    /// `None`, with a line that says so, where there is no pack. One that is asked for by name must be there.
    ///
    /// # Panics
    /// If the pack is there, but not whole.
    #[must_use]
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("SEGMETER_CAMVID").map(PathBuf::from);
        let folder = named.clone().unwrap_or_else(|| path("../../shared/data/camvid"));
        if named.is_none() && !folder.join("manifest.json").is_file() {
            eprintln!("skipped: camvid tests need its frames in ../shared/data/camvid, or SEGMETER_CAMVID");
            return None;
        }
        let read = |name: &str| {
            std::fs::read(folder.join(name))
                .unwrap_or_else(|e| panic!("{}: {e}", folder.join(name).display()))
        };
        let manifest: Manifest = serde_json::from_slice(&read("manifest.json")).expect("a manifest");
        let names = manifest.frames.iter().flat_map(|entry| [&entry.road_i8.file, &entry.gt_u8.file]);
        let files: BTreeMap<String, Vec<u8>> = names.map(|name| (name.clone(), read(name))).collect();
        let bytes = |part: &Part| &files[&part.file][part.offset..part.offset + part.bytes];
        let label = |id: &u8| match *id {
            id if id == manifest.void => IGNORE,
            id => u8::from(id == manifest.road_class),
        };
        let codes = manifest.frames.first().map(|entry| (entry.road_i8.scale, entry.road_i8.zero_point));
        let Some((Some(scale), Some(zero_point))) = codes else { panic!("no scale and zero point") };
        let frame = |entry: &Entry| {
            assert_eq!((entry.road_i8.scale, entry.road_i8.zero_point), (Some(scale), Some(zero_point)));
            CamvidFrame {
                id: entry.id.clone(),
                group: entry.group.clone(),
                corruption: entry.corruption.as_ref().map(|what| format!("{} {}", what.kind, what.severity)),
                codes: bytes(&entry.road_i8).to_vec(),
                labels: bytes(&entry.gt_u8).iter().map(label).collect(),
                reference: entry.reference.clone(),
            }
        };
        Some(Self {
            shape: Shape::new(manifest.height, manifest.width).expect("a shape"),
            quantiser: Quantiser::logits(Encoding::Signed, scale, zero_point).expect("a quantiser"),
            frames: manifest.frames.iter().map(frame).collect(),
        })
    }

    /// The frames of a group.
    pub fn group(&self, name: &str) -> impl Iterator<Item = &CamvidFrame> {
        self.frames.iter().filter(move |frame| frame.group == name)
    }
}
