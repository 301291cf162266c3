//! Metrics of every family on a Cortex-M4F in QEMU: the bits of the desktop. The image is the one that counts
//! instructions.

use std::collections::BTreeMap;

use segmeter_core::Result;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{IGNORE, Labels, Quantised, Shape};
use segmeter_tests::bench_image;

#[path = "../firmware/boards/mps2/src/bin/bench/classes.rs"]
mod classes;
#[path = "../firmware/boards/mps2/src/bin/bench/frames.rs"]
#[allow(dead_code, reason = "each test takes its part")]
mod frames;
#[path = "../firmware/boards/mps2/src/bin/bench/metrics.rs"]
mod metrics;

use classes::Street;
use frames::{CODES_OF_FRAME, HEIGHT, PIXELS, SCRATCH, WIDTH, quantiser, write_ids};

/// By name, and what it is by: the bits of the value, 0 for none.
type Found = BTreeMap<(String, String), u64>;

fn on_the_device() -> Option<Found> {
    let (mut found, mut is_metric) = (Found::new(), false);
    for line in bench_image("metrics on the device")?.lines() {
        is_metric |= line.starts_with("metrics, ");
        if let (true, [name, by, bits]) = (is_metric, &line.split_whitespace().collect::<Vec<_>>()[..]) {
            let bits = u64::from_str_radix(bits, 16).expect("bits");
            found.insert(((*name).to_owned(), (*by).to_owned()), bits);
        }
    }
    Some(found)
}

fn on_the_desk() -> Result<Found> {
    let (mut found, quantiser) = (Found::new(), quantiser()?);
    let mut ids = [IGNORE; PIXELS];
    write_ids(&mut ids);
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
    let codes = Quantised::new(shape, &CODES_OF_FRAME, quantiser)?;
    let sketch = Sketch::of(&codes, Some(&Labels::new(shape, &ids, IGNORE)?))?;
    let table = SigmoidTable::new(&quantiser);
    let mut keep = |name: &str, by: &str, value: Option<f64>| {
        // Everything has a value on a real frame: none would hide a metric that does nothing.
        let value = value.unwrap_or_else(|| panic!("{name} by {by} has no value"));
        let before = found.insert((name.to_owned(), by.to_owned()), value.to_bits());
        assert_eq!(before, None, "{name} by {by} twice");
    };
    metrics::every(&sketch, &table, &mut vec![0; SCRATCH], &mut keep)?;
    let mut street = Box::new(Street::EMPTY);
    street.draw();
    street.every(&mut keep)?;
    Ok(found)
}

#[test]
fn the_device_has_the_bits_of_the_desk() {
    let desk = on_the_desk().unwrap();
    let Some(device) = on_the_device() else { return };
    let differing: Vec<_> = desk.iter().filter(|(key, bits)| device.get(*key) != Some(*bits)).collect();
    assert!(differing.is_empty(), "{} of {}: {differing:?}", differing.len(), desk.len());
    assert_eq!(device.len(), desk.len());
}
