//! Every loss on a Cortex-M4F in QEMU, value and gradient, of 8-bit codes and of floats, binary and of four classes: the
//! bits of the desktop. The image is the one that counts instructions.

use std::collections::BTreeMap;

use segmeter::catalogue::{AnyFrame, ChosenLoss, LOSSES, Settings};
use segmeter_core::loss::{Evaluation, Loss};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Quantised, Shape};
use segmeter_core::{Error, Result};
use segmeter_tests::{accumulate, bench_image, boot_bench};

#[path = "../firmware/boards/mps2/src/bin/bench/frames.rs"]
mod frames;

use frames::{
    CLASSES, CODES_OF_FRAME, FLOAT_RANGE, FLOAT_ROWS, FLOATS, HEIGHT, PIXELS, SCRATCH, WIDTH, digest,
    digest_of_table, four_classes, quantiser, write_ids,
};

/// What the image's table is divided by.
const SECTIONS: [&str; 3] =
    ["sketch, value", "f32, value and gradient", "f32, 4 classes, value and gradient"];

/// By section and loss: the bits of the value, and the digest of the gradient.
type Found = BTreeMap<(&'static str, String), (u32, u64)>;

/// The lines of losses in what the image prints.
fn on_the_device() -> Option<Found> {
    let (mut found, mut section) = (Found::new(), "");
    for line in bench_image("losses on the device")?.lines() {
        section = SECTIONS.into_iter().find(|name| *name == line).unwrap_or(section);
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let ([name, _, _, value, gradient], true) = (&fields[..], line.starts_with("  ")) {
            let bits = |text| u64::from_str_radix(text, 16).ok();
            if let (Some(value), Some(gradient)) = (bits(value), bits(gradient)) {
                found.insert((section, (*name).to_owned()), (value as u32, gradient));
            }
        }
    }
    Some(found)
}

/// The same on this machine, in scalar code: `tests/equality.rs` holds vectors and threads to its bits.
fn on_the_desk() -> Result<Found> {
    let (mut found, quantiser) = (Found::new(), quantiser()?);
    let mut ids = [IGNORE; PIXELS];
    write_ids(&mut ids);
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
    let codes = Quantised::new(shape, &CODES_OF_FRAME, quantiser)?;
    let sketch = Sketch::of(&codes, Some(&Labels::new(shape, &ids, IGNORE)?))?;
    let table = SigmoidTable::new(&quantiser);

    let shape = Shape::new(FLOAT_ROWS as u32, WIDTH as u32)?;
    let (mut logits, ids) = (vec![0.0; FLOATS], &ids[FLOAT_RANGE]);
    Quantised::new(shape, &CODES_OF_FRAME[FLOAT_RANGE], quantiser)?.dequantise(&mut logits)?;
    let (mut scores, mut classes) = (vec![0.0; CLASSES * FLOATS], vec![0; FLOATS]);
    four_classes(&logits, ids, &mut scores, &mut classes);
    let frames = [
        AnyFrame::Binary(Frame::new(&logits, Labels::new(shape, ids, IGNORE)?)?),
        AnyFrame::Multiclass(Frame::multiclass(shape, CLASSES, Layout::Planar, &scores, &classes, IGNORE)?),
    ];
    for entry in LOSSES {
        let loss = ChosenLoss::new(entry.name, &Settings::new()).expect("a loss of the catalogue");
        let mut slopes = GradientTable::default();
        let of_codes = loss.accumulate_sketch(&sketch, &table, 1.0, Some(&mut slopes));
        add(&mut found, 0, entry.name, of_codes, digest_of_table(&slopes))?;
        for (section, frame) in (1..).zip(&frames) {
            let mut gradient = vec![0.0; if section == 1 { FLOATS } else { CLASSES * FLOATS }];
            let of_floats = accumulate(&loss, frame, 1.0, &mut vec![0; SCRATCH], Some(&mut gradient));
            add(&mut found, section, entry.name, of_floats, digest(gradient))?;
        }
    }
    Ok(found)
}

/// Adds what was found, unless the loss does not take such input.
fn add(found: &mut Found, section: usize, name: &str, of: Result<Evaluation>, digest: u64) -> Result<()> {
    match of {
        Err(Error::Unsupported(_)) => {}
        of => {
            assert!(!of?.undefined, "{name} says nothing about {}", SECTIONS[section]);
            found.insert((SECTIONS[section], name.to_owned()), (of?.value.to_bits(), digest));
        }
    }
    Ok(())
}

#[test]
fn the_device_has_the_bits_of_the_desk() {
    let desk = on_the_desk().unwrap();
    for entry in LOSSES {
        let has = |section: usize| desk.contains_key(&(SECTIONS[section], entry.name.to_owned()));
        let takes = |kind: &str| entry.inputs.contains(&kind);
        assert!(has(1) || !takes("binary"), "{}: no binary frame", entry.name);
        assert!(has(2) || !takes("multiclass"), "{}: no frame of classes", entry.name);
        assert!(has(0) || !(entry.quantised && takes("binary")), "{}: no codes", entry.name);
    }
    let Some(device) = on_the_device() else { return };
    let differing: Vec<_> = desk.iter().filter(|(key, bits)| device.get(*key) != Some(*bits)).collect();
    assert!(differing.is_empty(), "{} of {}: {differing:?}", differing.len(), desk.len());
    assert_eq!(device.len(), desk.len());
}

/// Below the stack there is no memory, and QEMU takes a write there without a word: a loss whose frames reached it had a
/// wrong value, not a fault. It is one now.
#[test]
fn a_stack_that_is_too_short_is_a_fault() {
    let Some(run) = boot_bench("the end of the stack", "overflow") else { return };
    assert_eq!((run.status.code(), run.stdout), (Some(1), Vec::new()));
}
