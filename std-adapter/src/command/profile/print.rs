//! A profile for people, in a table and in words, and for programs.

use std::io::Write;

use segmeter::core::drift::{Group, Monitor, Outline, Profile, Signal};
use segmeter::core::sketch::Sketch;
use segmeter::learn::{COVERAGE, Calibrated, Calibration, Learnt};
use serde_json::{Map, Value, json};

use crate::command::{Common, Failure};
use crate::{report, text};

/// Which class a profile is of, if its network has several.
pub(super) fn class(profile: &Profile) -> Option<u8> {
    (profile.identity.classes != 0).then_some(profile.identity.class)
}

/// Prints the profile of each class that is watched, with what only its making knows.
pub(super) fn print(
    path: &str,
    profiles: &[(&Profile, Option<&Learnt>)],
    common: &Common,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if common.json {
        let documents = profiles.iter().map(|(profile, learnt)| document(path, profile, *learnt));
        let mut documents: Vec<Value> = documents.collect();
        let document = match documents.pop() {
            Some(document) if documents.is_empty() && class(profiles[0].0).is_none() => document,
            last => {
                json!({ "profile": path, "classes": documents.into_iter().chain(last).collect::<Vec<_>>() })
            }
        };
        return Ok(report::json(out, &document)?);
    }
    match profiles {
        [(profile, learnt)] if class(profile).is_none() => single(path, profile, *learnt, out),
        _ => several(path, profiles, out),
    }
}

fn heading(
    path: &str,
    profile: &Profile,
    [least, most]: [u16; 2],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let identity = &profile.identity;
    let blocks = if least == most { least.to_string() } else { format!("{least} to {most}") };
    Ok(writeln!(
        out,
        "{}: profile {:08x}, learnt from {} frames of {}x{} in blocks of {blocks}",
        text::printable(path),
        profile.fingerprint(),
        identity.frames,
        identity.height,
        identity.width
    )?)
}

/// What a chart sees in time: a change of the signal to either side or, of a distance, whose chart sees its root, where it is.
fn seen(profile: &Profile, learnt: Option<&Learnt>, signal: Signal) -> String {
    let place = signal as usize;
    if profile.watching & signal.bit() == 0 {
        return "blind".to_owned();
    }
    let Some(chart) = learnt.map(|learnt| &learnt.charts[place]) else { return "-".to_owned() };
    match signal {
        Signal::PopulationStability | Signal::Wasserstein => {
            let root = chart.baseline.mean.to_f64() + chart.shift_seen;
            format!("at {:.3}", root * root * root * root)
        }
        _ => format!("by {:.3}", chart.shift_seen),
    }
}

fn single(
    path: &str,
    profile: &Profile,
    learnt: Option<&Learnt>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    heading(path, profile, [profile.rules.block_frames; 2], out)?;
    let mut table = report::table(&["signal", "speaks of", "mean", "deviation", "threshold", "seen"]);
    for (place, signal) in Signal::ALL.into_iter().enumerate() {
        let (baseline, chart) = (&profile.baselines[place], &profile.charts[place]);
        let numbers =
            [baseline.mean, baseline.deviation, chart.threshold].map(|x| format!("{:.4}", x.to_f64()));
        let names = [report::SIGNAL_HEADS[place].to_owned(), signal.group().name().to_owned()];
        table.add_row(names.into_iter().chain(numbers).chain([seen(profile, learnt, signal)]));
    }
    report::print(out, &table)?;
    writeln!(out, "charts see the fourth root of the two distances; mean and deviation are theirs")?;
    if let Some(learnt) = learnt {
        words(profile, learnt, out)?;
    }
    Ok(())
}

/// A row for each class.
fn several(path: &str, profiles: &[(&Profile, Option<&Learnt>)], out: &mut dyn Write) -> Result<(), Failure> {
    let Some((first, learnt)) = profiles.first() else { return Ok(()) };
    let blocks = || profiles.iter().map(|(profile, _)| profile.rules.block_frames);
    heading(path, first, [blocks().min().unwrap_or(0), blocks().max().unwrap_or(0)], out)?;
    let heads = ["class", "share", "est.iou", "alarm below", "calibration", "error", "blind"];
    let mut table = report::table(&heads);
    report::texts(table.column_iter_mut().skip(heads.len() - 1));
    for (profile, learnt) in profiles {
        let mean = |signal: Signal| profile.baselines[signal as usize].mean.to_f64();
        let iou = mean(Signal::EstimatedIou);
        let blind = Signal::ALL.iter().filter(|signal| profile.watching & signal.bit() == 0);
        let blind: Vec<_> = blind.map(|signal| report::SIGNAL_HEADS[*signal as usize]).collect();
        let calibrated = learnt.and_then(|learnt| learnt.calibrated.as_ref());
        table.add_row([
            profile.identity.class.to_string(),
            format!("{:.4}", mean(Signal::RoadFraction)),
            format!("{iou:.3}"),
            match iou - profile.rules.harm_margin.to_f64() {
                below if below > 0.0 => format!("{below:.3}"),
                _ => "never".to_owned(),
            },
            calibrated.map_or("-".to_owned(), |calibrated| calibrated.calibration.name().to_owned()),
            report::decimals(calibrated.map(Calibrated::error), 4),
            blind.join(" "),
        ]);
    }
    report::print(out, &table)?;
    let memory = size_of::<Profile>() + size_of::<Monitor>() + size_of::<Sketch>() + size_of::<Outline>();
    let line = format!(
        "each class against the rest, {} of {} classes; {} bytes of profile and {memory} of memory for each on a device",
        profiles.len(),
        first.identity.classes,
        Profile::RECORD_LEN,
    );
    report::sentence(out, &line)?;
    let harm = format!("alarm below: of the estimated IoU of {} frames (harm)", first.rules.harm_frames);
    report::sentence(out, &harm)?;
    if let Some(line) = release(profiles.iter().map(|(profile, _)| *profile)) {
        report::sentence(out, &line)?;
    }
    one_drive(*learnt, out)
}

fn one_drive(learnt: Option<&Learnt>, out: &mut dyn Write) -> Result<(), Failure> {
    if learnt.is_some_and(|learnt| learnt.drives == 1 && !learnt.fixed) {
        report::sentence(
            out,
            "one drive says nothing of how drives differ: thresholds are for drives that differ as made ones do; give several, \
             or say --fixed of a camera that does not move",
        )?;
    }
    Ok(())
}

/// What was learnt, in words.
fn words(profile: &Profile, learnt: &Learnt, out: &mut dyn Write) -> Result<(), Failure> {
    let rules = &profile.rules;
    let drives =
        if learnt.drives == 1 { "one drive".to_owned() } else { format!("{} drives", learnt.drives) };
    let iou = profile.baselines[Signal::EstimatedIou as usize].mean.to_f64();
    let mut lines = vec![
        format!(
            "seen: the change of a signal at which nine monitors of ten alarm within {} frames",
            learnt.charts[0].seen_frames
        ),
        format!("{} blocks of {drives}, {} frames with labels", learnt.blocks, learnt.labelled),
        match rules.harm_margin.to_f64() {
            margin if margin < iou => format!(
                "harm: an alarm where the estimated IoU of {} frames lies {margin:.3} below {iou:.3}",
                rules.harm_frames
            ),
            margin => format!(
                "harm: never an alarm, for the estimated IoU falls as far where nothing is wrong: {margin:.3} below {iou:.3}"
            ),
        },
    ];
    if rules.may_be_empty {
        lines.push("some masks are empty: such frames have no estimate of the IoU".to_owned());
    }
    lines.extend(release([profile].into_iter()));
    if let Some(Calibrated { calibration, errors, coverage, widened, .. }) = &learnt.calibrated {
        let all = Calibration::ALL.iter().zip(errors);
        let all: Vec<_> = all.map(|(way, error)| format!("{} {error:.4}", way.name())).collect();
        let (name, all) = (calibration.name(), all.join(", "));
        lines.push(format!("calibration: {name}; mean errors of the IoU on frames left out: {all}"));
        let [asked, found] = [COVERAGE, *coverage].map(|share| 100.0 * share);
        lines.push(format!(
            "interval of the estimate: {asked:.0} % asked for, {found:.1} % of the frames left out; made {widened} times as wide, \
             for where something happens estimates are further off"
        ));
    } else {
        let line = "calibration: none, no two frames have labels: the estimated IoU is the network's own";
        lines.push(line.to_owned());
    }
    lines.iter().try_for_each(|line| report::sentence(out, line))?;
    one_drive(Some(learnt), out)
}

/// When an alarm of any of them ends.
fn release<'a>(mut profiles: impl Iterator<Item = &'a Profile>) -> Option<String> {
    let frames = profiles.try_fold(0, |most, profile| Some(release_frames(profile)?.max(most)))?;
    Some(format!("an alarm ends at most {frames} frames after its signals are back at their means"))
}

/// Frames at their means that end any alarm; `None` where there is no bound.
fn release_frames(profile: &Profile) -> Option<u32> {
    let watching = Signal::ALL
        .into_iter()
        .filter(|signal| signal.group() == Group::Confidence && profile.watching & signal.bit() != 0);
    let charts =
        watching.flat_map(|signal| [&profile.charts, &profile.site_charts].map(|all| &all[signal as usize]));
    // The block under way is not wholly calm; the last that a chart needs is the first that counts.
    charts.map(|cusum| cusum.calm_after()).try_fold(1, |most, steps| Some(most.max(steps?))).map(|steps| {
        (steps + u32::from(profile.rules.release_blocks)) * u32::from(profile.rules.block_frames)
    })
}

fn document(path: &str, profile: &Profile, learnt: Option<&Learnt>) -> Value {
    let (identity, rules) = (&profile.identity, &profile.rules);
    let mut signals = Map::new();
    for (place, signal) in Signal::ALL.into_iter().enumerate() {
        let baseline = &profile.baselines[place];
        let value = json!({
            "group": signal.group().name(),
            "mean": baseline.mean.to_f64(),
            "deviation": baseline.deviation.to_f64(),
            "autocorrelation": profile.correlations[place].to_f64(),
            "slack": profile.charts[place].slack.to_f64(),
            "threshold": profile.charts[place].threshold.to_f64(),
            "watching": profile.watching & signal.bit() != 0,
            "site_slack": profile.site_charts[place].slack.to_f64(),
            "site_threshold": profile.site_charts[place].threshold.to_f64(),
        });
        signals.insert(signal.name().to_owned(), value);
    }
    let mut document = json!({
        "profile": path,
        "fingerprint": format!("{:08x}", profile.fingerprint()),
        "model": identity.model,
        "mounting": identity.mounting,
        "height": identity.height,
        "width": identity.width,
        "classes": identity.classes,
        "class": class(profile),
        "frames": identity.frames,
        "block_frames": rules.block_frames,
        "required": rules.required,
        "harm_margin": rules.harm_margin.to_f64(),
        "harm_frames": rules.harm_frames,
        "may_be_empty": rules.may_be_empty,
        "release_blocks": rules.release_blocks,
        "release_frames": release_frames(profile),
        "invalid_frames": rules.invalid_frames,
        "frozen_frames": rules.frozen_frames,
        "gap_ms": rules.gap_ms,
        "warm_up_frames": rules.warm_up_frames,
        "site_blocks": rules.site_blocks,
        "signals": signals,
        "calibrated": profile.calibration.is_learnt(),
    });
    if let Some(learnt) = learnt {
        document["blocks"] = learnt.blocks.into();
        document["drives"] = learnt.drives.into();
        document["labelled"] = learnt.labelled.into();
        for (signal, chart) in Signal::ALL.iter().zip(&learnt.charts) {
            document["signals"][signal.name()]["spread"] = chart.spread.into();
            document["signals"][signal.name()]["shift_seen"] = chart.shift_seen.into();
        }
        document["seen_frames"] = learnt.charts[0].seen_frames.into();
        if let Some(calibrated) = &learnt.calibrated {
            let errors = Calibration::ALL.iter().zip(calibrated.errors);
            let errors: Map<_, _> =
                errors.map(|(way, error)| (way.name().to_owned(), error.into())).collect();
            document["calibration"] = json!({
                "chosen": calibrated.calibration.name(),
                "errors": errors,
                "coverage": calibrated.coverage,
                "widened": calibrated.widened,
            });
        }
        document["notes"] = learnt.notes.clone().into();
    }
    document
}
