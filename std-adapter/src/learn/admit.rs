//! Which frames there is anything to learn from.

use std::borrow::Cow;

use segmeter_core::drift::gate;
use segmeter_core::drift::{Facts, Invalid, Monitor};
use segmeter_core::metric::Confusion;
use segmeter_core::sketch::SigmoidTable;
use segmeter_core::view::IGNORE;

use super::{Error, Frame, Settings, is_labelled};

#[cfg(test)]
mod tests;

/// An IoU below which masks and labels are hardly of the same frames.
const LEAST_AGREEMENT: f64 = 0.3;

/// The settings with the size of the first frame, if they have none.
pub(super) fn sized(drives: &[Cow<'_, [Frame]>], settings: &Settings) -> Result<Settings, Error> {
    let mut settings = settings.clone();
    let identity = &mut settings.identity;
    if let (0, 0, Some(first)) =
        (identity.height, identity.width, drives.iter().find_map(|drive| drive.first()))
    {
        let shape = first.outline.shape();
        let side = |side: usize| u16::try_from(side).map_err(|_| Error::Side(side));
        (identity.height, identity.width) = (side(shape.height())?, side(shape.width())?);
    }
    Ok(settings)
}

/// The frames that a monitor would measure, by the same rules; says which it would not.
pub(super) fn valid<'a>(
    drives: &'a [Vec<Frame>],
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<Vec<Cow<'a, [Frame]>>, Error> {
    let mut counts = [0_usize; Invalid::ALL.len()];
    let all: usize = drives.iter().map(Vec::len).sum();
    let mut of_drive = |frames: &'a Vec<Frame>| {
        let mut gate = Monitor::new();
        let mut is_valid = |frame: &Frame| {
            let facts = Facts { fingerprint: gate::fingerprint(&frame.sketch), ..Facts::default() };
            let verdict =
                gate::sketch_is_valid(&frame.sketch).and_then(|()| gate.admit(&settings.rules, &facts));
            verdict.inspect_err(|why| counts[*why as usize] += 1).is_ok()
        };
        let marks: Vec<bool> = frames.iter().map(&mut is_valid).collect();
        if marks.iter().all(|is_valid| *is_valid) {
            return Cow::Borrowed(&frames[..]);
        }
        let valid = frames.iter().zip(marks).filter(|(_, is_valid)| *is_valid);
        Cow::Owned(valid.map(|(frame, _)| frame.clone()).collect())
    };
    let valid: Vec<Cow<'a, [Frame]>> = drives.iter().map(&mut of_drive).collect();
    let invalid: usize = counts.iter().sum();
    if invalid == 0 {
        return Ok(valid);
    }
    let text = |(why, count): (Invalid, usize)| match why {
        Invalid::Frozen => format!("{count} frozen, of the same content as the frames before"),
        Invalid::Constant => format!("{count} constant, of one value in every pixel"),
        _ => format!("{count} {}", why.name()),
    };
    let found = Invalid::ALL.into_iter().zip(counts).filter(|(_, count)| *count != 0).map(text);
    let line = format!("{invalid} of {all} frames are invalid: {}", found.collect::<Vec<_>>().join("; "));
    if 2 * invalid > all {
        return Err(Error::Invalid(line));
    }
    notes.push(format!("{line}; nothing was learnt from them"));
    Ok(valid)
}

/// Says that the masks hardly agree with the labels.
pub(super) fn contradiction(drives: &[Cow<'_, [Frame]>], table: &SigmoidTable) -> Option<String> {
    let labelled = drives.iter().flat_map(|drive| drive.iter()).filter(|frame| is_labelled(frame));
    let mut confusion = Confusion::<2>::new(IGNORE);
    labelled.for_each(|frame| confusion.merge(&Confusion::of_sketch(&frame.sketch, table)));
    let iou = confusion.class(1).iou().value().filter(|iou| *iou < LEAST_AGREEMENT)?;
    Some(format!(
        "the IoU of masks and labels is {iou:.3}: are the labels those of these frames, and is 1 their foreground?"
    ))
}

pub(super) fn check(drives: &[Cow<'_, [Frame]>], settings: &Settings) -> Result<(), Error> {
    let block = usize::from(settings.rules.block_frames);
    let least = (2 * block).max(4);
    if let Some((place, drive)) = drives.iter().enumerate().find(|(_, drive)| drive.len() < least) {
        let drive_of = (drives.len() > 1).then_some(place + 1);
        return Err(Error::Frames { drive: drive_of, found: drive.len(), least, block });
    }
    let prints: Vec<Vec<u32>> = drives
        .iter()
        .map(|drive| drive.iter().map(|frame| gate::fingerprint(&frame.sketch)).collect())
        .collect();
    for (place, drive) in prints.iter().enumerate() {
        if let Some(same) = prints[..place].iter().position(|other| other == drive) {
            return Err(Error::Twice([same, place].map(|place| place + 1)));
        }
    }
    if !(settings.false_alarm_frames >= 1.0 && settings.false_alarm_frames <= 1e12) {
        let found = settings.false_alarm_frames;
        return Err(Error::FalseAlarms(found));
    }
    let pixels = u64::from(settings.identity.height) * u64::from(settings.identity.width);
    let mut frames = drives.iter().flat_map(|drive| drive.iter());
    match frames.find_map(|frame| Some(frame.sketch.pixels()).filter(|found| *found != pixels)) {
        Some(found) => Err(Error::Pixels { found, expected: pixels }),
        None => Ok(()),
    }
}
