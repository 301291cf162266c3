//! Frames of several classes: coarse scores beside the labels of the image.

use std::io::Write;

use segmeter::core::metric::{ClassMetric, ClassReport, Mean};
use segmeter::core::num::Q16;
use segmeter::core::view::{IGNORE, Shape};
use segmeter::device::{ClassDeviceFrame, ClassFound, Device, Error, Line};
use segmeter::files::{Image, Order, Slot, transposed};
use segmeter_firmware::evaluator::ClassFrames;
use segmeter_firmware::protocol::{ClassCounts, Configuration};
use serde_json::{Map, Value, json};

use super::{Frames, Summary, failed};
use crate::command::input::{Broken, LabelReader};
use crate::command::upsample::Enlarged;
use crate::command::{Common, Failure, Outcome};
use crate::report;
use crate::text::printable;

/// One image as the device takes it.
struct Packed {
    number: u32,
    shape: Shape,
    codes: Vec<u8>,
    labels: Option<Vec<u8>>,
}

/// Statistics of a report, as they are called.
const STATISTICS: [&str; 4] = ["mean_margin", "mean_energy", "mean_confidence", "mean_entropy"];
/// Of the columns of a table.
const HEADS: [&str; 6] = ["mean iou", "accuracy", "margin", "energy", "confid.", "entropy"];

/// Everything that is said on the line, and printed.
pub(super) fn converse<L: Line>(
    line: L,
    frames: &Frames<'_>,
    enlarged: &Enlarged,
    configuration: Configuration<'_>,
    common: &Common,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let mut device = Device::connect(line).map_err(|e| failed(&e))?;
    device.configure(configuration).map_err(|e| failed(&e))?;
    let mut desk = Box::new(ClassFrames::new());
    let mut summary = Summary::new(frames.arguments.verify);
    let bar = report::progress(frames.slots.len());
    let mut broken = Vec::new();
    for slot in &frames.slots {
        let packed = match pack(frames, enlarged, *slot) {
            Ok(packed) => packed,
            Err(error) if frames.arguments.input.keeps_going() => {
                broken.push(error);
                bar.inc(1);
                continue;
            }
            Err(error) => return Err(error),
        };
        let (factor, interpolation) = enlarged.interpolation();
        let frame = ClassDeviceFrame {
            number: packed.number,
            shape: packed.shape,
            classes: enlarged.classes(),
            factor,
            interpolation,
            codes: &packed.codes,
            labels: packed.labels.as_deref(),
        };
        let named = |e: &Error| Failure::Input(format!("frame {}: {e}", packed.number));
        let found = device.evaluate_classes(frame).map_err(|e| named(&e))?;
        if frames.arguments.verify {
            let expected = frame.evaluate(&frames.coder.quantiser(), &mut desk);
            let mut expected = expected.map_err(|e| named(&Error::Rejected(e)))?;
            expected.report.instructions = found.report.instructions;
            summary.verified(found == expected, packed.number);
        }
        if summary.frames == 0 && !common.json {
            writeln!(out, "device: {}", printable(device.board()))?;
            write!(out, "{:>5}", "frame")?;
            HEADS.iter().try_for_each(|head| write!(out, " {head:>9}"))?;
            writeln!(out)?;
        }
        summary.add(found.report.pixels, found.report.instructions);
        bar.suspend(|| print(out, &found, common.json))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Broken::of(broken.iter(), frames.source.path(), frames.slots.len())?.note();
    frames.coder.note(frames.source.path());
    summary.stack_bytes = device.stack_bytes().map_err(|e| failed(&e))?;
    device.shut_down().map_err(|e| failed(&e))?;
    summary.print(out, device.board(), common.json, None)?;
    Ok(summary.outcome())
}

fn pack(frames: &Frames<'_>, enlarged: &Enlarged, slot: Slot) -> Result<Packed, Failure> {
    let image = frames.source.image(slot.index)?;
    let name = frames.source.path().display();
    let in_image = |line: String| Failure::Input(format!("{name}: {line} in image {}", slot.index));
    if image.channels != enlarged.classes() {
        return Err(in_image(format!("found {} classes, expected {}", image.channels, enlarged.classes())));
    }
    let (shape, whole) = (image.shape, enlarged.shape(image.shape).map_err(in_image)?);
    let labels = match &frames.labels {
        Some(reader) if reader.has(&frames.source, slot) => {
            Some(labels(frames, reader, slot, whole, enlarged.classes())?)
        }
        _ => None,
    };
    let codes = frames.coder.codes(image, slot.index, frames.source.path())?;
    let codes = codes
        .and_then(beside_each_other)
        .ok_or_else(|| in_image("found a number that is not finite, which 8 bits cannot hold,".to_owned()))?;
    Ok(Packed { number: slot.index as u32, shape, codes, labels })
}

/// The stored bytes, all classes of a pixel beside each other.
fn beside_each_other(image: Image) -> Option<Vec<u8>> {
    let Image { elements, shape, channels, order } = image;
    let codes = elements.bytes()?;
    let is_planar = order != Order::Interleaved;
    Some(if is_planar { transposed(&codes, channels, shape.pixels(), 1) } else { codes })
}

fn labels(
    frames: &Frames<'_>,
    reader: &LabelReader,
    slot: Slot,
    shape: Shape,
    classes: usize,
) -> Result<Vec<u8>, Failure> {
    let mut ids = reader.ids(&frames.source, slot, shape)?;
    let ignore = reader.ignore();
    for (pixel, id) in ids.iter_mut().enumerate() {
        if *id == ignore {
            *id = IGNORE;
        } else if usize::from(*id) >= classes {
            let file = reader.file(&frames.source, slot).display();
            return Err(Failure::Input(format!(
                "{file}: found class id {id} at pixel {pixel}, expected ids below {classes}, that of the classes of the scores, or \
                 --ignore {id} if it is not scored"
            )));
        }
    }
    Ok(ids)
}

/// The counts of a class as core has them; of the other pixels nothing is asked.
fn counted(counts: &ClassCounts) -> Option<ClassReport> {
    let [true_positive, false_positive, false_negative] = counts.counts?.map(u64::from);
    Some(ClassReport { true_positive, false_positive, false_negative, true_negative: 0 })
}

/// Mean IoU over the classes that have one, and the share of right pixels.
fn means(found: &ClassFound) -> [Option<f64>; 2] {
    let (mut iou, mut hits, mut pixels) = (Mean::default(), 0, 0);
    for class in found.classes.iter().filter_map(counted) {
        iou.push(ClassMetric::Iou.of(class).into());
        hits += class.true_positive;
        pixels += class.true_positive + class.false_negative;
    }
    [iou.value(), (pixels != 0).then(|| hits as f64 / pixels as f64)]
}

fn print(out: &mut dyn Write, found: &ClassFound, json: bool) -> Result<(), Failure> {
    let [mean_iou, accuracy] = means(found);
    let statistics = found.report.statistics.map(|all| all.map(|raw| Q16::from_raw(raw).to_f64()));
    if !json {
        write!(out, "{:>5}", found.report.frame)?;
        let statistics = (0..4).map(|place| statistics.map(|all| all[place]));
        for number in [mean_iou, accuracy].into_iter().chain(statistics) {
            write!(out, " {:>9}", report::decimals(number, 4))?;
        }
        writeln!(out)?;
        out.flush()?;
        return Ok(());
    }
    let class = |counts: &ClassCounts| {
        let mut line = json!({ "id": counts.class, "pixels_of_scores": counts.coarse });
        if let Some(class) = counted(counts) {
            line["iou"] = report::number(ClassMetric::Iou.of(class));
            line["dice"] = report::number(ClassMetric::Dice.of(class));
            line["true_positive"] = class.true_positive.into();
            line["false_positive"] = class.false_positive.into();
            line["false_negative"] = class.false_negative.into();
        }
        line
    };
    let names = STATISTICS.into_iter().enumerate();
    let statistics: Map<String, Value> = names
        .map(|(place, name)| (name.to_owned(), report::number(statistics.map(|all| all[place]))))
        .collect();
    let line = json!({
        "frame": found.report.frame,
        "pixels": found.report.pixels,
        "ignored": found.report.ignored,
        "mean_iou": report::number(mean_iou),
        "pixel_accuracy": report::number(accuracy),
        "classes": found.classes.iter().map(class).collect::<Vec<_>>(),
        "statistics": statistics,
        "instructions": found.report.instructions,
    });
    Ok(report::json_line(out, &line)?)
}
