//! Frames as drift commands measure them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use segmeter::core::view::{Code, Labels, Quantised, Quantiser};
use segmeter::files::{Elements, Image, Slot, Source};
use segmeter::learn::Frame;

use super::Failure;
use super::input::{Frames, LabelInput, LabelReader};

/// Labels of some or all frames.
#[derive(Args)]
pub(super) struct LabelArguments {
    /// Labels, for the IoU of the frames that have some
    #[arg(long, value_name = "DIR|FILE")]
    labels: Option<PathBuf>,
    /// The frames that a file of labels is for, in its order
    #[arg(long, value_name = "I,J,...", requires = "labels")]
    label_frames: Option<Frames>,
    #[command(flatten)]
    label_input: LabelInput,
}

/// Labels of some frames.
pub(super) struct SomeLabels {
    reader: LabelReader,
    /// Frames of a file of labels; `None`: all, or a directory's partners by name.
    frames: Option<Vec<usize>>,
}

impl LabelArguments {
    /// Everything that is read for them.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.labels.iter().cloned().chain(self.label_input.files())
    }

    pub(super) fn open(&self, source: &Source, slots: &[Slot]) -> Result<Option<SomeLabels>, Failure> {
        let Some(path) = &self.labels else { return Ok(None) };
        let named = |line: String| {
            let line = line.replace("--frames", "--label-frames");
            Failure::Input(format!("{}: {line}", source.path().display()))
        };
        let frames = self.label_frames.as_ref().map(|frames| frames.indices(source.len())).transpose();
        let frames = frames.map_err(named)?;
        let mut seen = BTreeSet::new();
        if let Some(frame) = frames.iter().flatten().find(|frame| !seen.insert(**frame)) {
            return Err(named(format!("--frames has image {frame} twice, expected it once")));
        }
        let of_frames = |frames: &Vec<usize>| {
            frames.iter().enumerate().map(|(position, index)| Slot { index: *index, position }).collect()
        };
        let labelled: Vec<Slot> = frames.as_ref().map_or_else(|| slots.to_vec(), of_frames);
        let reader = self.label_input.open(path, source, &labelled)?;
        Ok(Some(SomeLabels { reader, frames }))
    }
}

impl SomeLabels {
    /// Says what may mislead, at the end.
    pub(super) fn note(&self) {
        self.reader.note_if_no_foreground();
    }

    /// The ids of a frame's labels; `None` if it has none.
    fn ids(&self, source: &Source, slot: Slot, image: &Image) -> Result<Option<Vec<u8>>, Failure> {
        let position = match &self.frames {
            Some(frames) => frames.iter().position(|frame| *frame == slot.index),
            None => Some(slot.position),
        };
        let Some(position) = position else { return Ok(None) };
        let slot = Slot { index: slot.index, position };
        if !self.reader.has(source, slot) {
            return Ok(None);
        }
        self.reader.ids(source, slot, image.shape).map(Some)
    }
}

/// Sketch, with labels if the frame has some, and outline.
pub(super) fn measure(
    source: &Source,
    slot: Slot,
    image: &Image,
    quantiser: Quantiser,
    labels: Option<&SomeLabels>,
) -> Result<Frame, Failure> {
    let ids = match labels {
        Some(labels) => labels.ids(source, slot, image)?,
        None => None,
    };
    let explain = |e: segmeter::core::Error| match labels {
        Some(labels) => labels.reader.explain(e, &source.name(slot.index), "0, 1"),
        None => Failure::Input(format!("{}: {e}", source.path().display())),
    };
    let ignore = labels.map_or(0, |labels| labels.reader.ignore());
    let ids = ids.as_deref().map(|ids| Labels::new(image.shape, ids, ignore)).transpose().map_err(explain)?;
    match &image.elements {
        Elements::I8(codes) => of(image, codes, quantiser, ids.as_ref()),
        Elements::U8(codes) => of(image, codes, quantiser, ids.as_ref()),
        Elements::F32(_) | Elements::F64(_) | Elements::U16(_) => {
            Err(segmeter::core::Error::Parameter("codes"))
        }
    }
    .map_err(explain)
}

fn of<Q: Code>(
    image: &Image,
    codes: &[Q],
    quantiser: Quantiser,
    labels: Option<&Labels<'_>>,
) -> segmeter::core::Result<Frame> {
    Frame::new(&Quantised::new(image.shape, codes, quantiser)?, labels)
}
