//! The pack of made drives is what the generator makes, and what drift is measured on: not trivial, and not hopeless.
#![allow(dead_code, reason = "the generator is a program")]

#[path = "drives/change.rs"]
mod change;
#[path = "drives/network.rs"]
mod network;
#[path = "drives/paint.rs"]
mod paint;
#[path = "drives/random.rs"]
mod random;
#[path = "drives/scene.rs"]
mod scene;

use change::{Camera, Kind};
use network::Network;
use scene::{Drive, HEIGHT, Setting, WIDTH};
use segmeter_core::Error;
use segmeter_core::drift::Outline;
use segmeter_core::metric::Confusion;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{IGNORE, Labels, Quantised, Shape};
use segmeter_tests::drives::{CHANGES, Drives, ONSET};
use segmeter_tests::path;

fn iou(sketch: &Sketch, table: &SigmoidTable) -> f64 {
    Confusion::of_sketch(sketch, table).class(1).iou().value().expect("road in the labels")
}

#[test]
fn streams_of_drives_and_changes() {
    let pack = Drives::bundled();
    let table = SigmoidTable::new(&pack.quantiser);
    // A pack has the places of names, and a change its own.
    assert!((0..).zip(Kind::ALL).all(|(place, kind)| kind as usize == place));
    assert_eq!(Kind::ALL.len(), CHANGES.len());
    assert_eq!(pack.streams.len(), 300);
    let (mut drives, mut total, mut harmed) = (Vec::new(), 0.0, 0);
    for stream in &pack.streams {
        for (sketch, outline) in &stream.frames {
            let mask: u64 = (table.threshold() + 1..=255).map(|index| sketch.pixels_at(index)).sum();
            assert_eq!((sketch.pixels(), mask), (19_200, outline.road().into()));
        }
        let mean = stream.frames.iter().map(|(sketch, _)| iou(sketch, &table)).sum::<f64>()
            / stream.frames.len() as f64;
        match stream.change {
            None => {
                assert_eq!(stream.frames.len(), 200);
                drives.push(stream.seed);
                total += mean;
            }
            Some(change) => {
                assert_eq!(stream.frames.len(), 200 - ONSET);
                assert!(drives.last() == Some(&stream.seed) && (1..=4).contains(&change.strength));
                harmed += u32::from(mean < 0.8);
            }
        }
    }
    assert!(drives.iter().copied().eq(3000..3060));
    let control = total / drives.len() as f64;
    assert!((0.85..0.98).contains(&control) && (20..120).contains(&harmed), "{control} {harmed}");
}

/// The first frames of a drive, made again.
#[test]
fn the_pack_is_what_the_generator_makes() {
    let pack = Drives::bundled();
    let networks = Network::all(&std::fs::read(path("drives/networks.bin")).unwrap()).unwrap();
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32).unwrap();
    let stream = &pack.streams[0];
    let (mut drive, mut camera) = (Drive::new(stream.seed.into()), Camera::new(stream.seed.into()));
    for (sketch, outline) in &stream.frames[..4] {
        let scene = drive.frame(Setting::default());
        let codes = networks[0].codes(&camera.develop(&drive.traits, &scene, None));
        let road: Vec<u8> = scene.road.iter().map(|road| u8::from(*road)).collect();
        let frame = Quantised::new(shape, &codes, pack.quantiser).unwrap();
        assert_eq!(Sketch::of(&frame, Some(&Labels::new(shape, &road, IGNORE).unwrap())).unwrap(), *sketch);
        let mut scratch = vec![0; Outline::scratch_len(WIDTH)];
        assert_eq!(Outline::of(&frame, &mut scratch).unwrap(), *outline);
    }
}

#[test]
fn sums_that_no_frame_has() {
    let shape = Shape::new(3, 4).unwrap();
    assert!(Outline::from_sums(shape, 12, 17, 24).is_ok());
    for (sums, name) in [((13, 0, 0), "road"), ((1, 18, 0), "boundary"), ((1, 0, 3), "rows")] {
        let (road, boundary, rows) = sums;
        assert_eq!(Outline::from_sums(shape, road, boundary, rows), Err(Error::Parameter(name)));
    }
}
