//! How drives differ in what charts see: what `Belief` holds, measured on any pack.

use segmeter::learn::{Belief, Frame, Settings, learn};
use segmeter_core::drift::{Profile, SIGNALS, Signal, Signals};
use segmeter_core::sketch::SigmoidTable;

use super::drives::{ASKED, Set};

/// Profiles of each number of drives.
const PROFILES: usize = 12;

/// Means of what the charts of a profile see of each drive.
fn means(profile: &Profile, drives: &[&[Frame]]) -> Vec<[f64; SIGNALS]> {
    let table = SigmoidTable::new(&profile.quantiser);
    let of_drive = |frames: &&[Frame]| {
        let (mut sums, mut counts) = ([0.0; SIGNALS], [0.0; SIGNALS]);
        for frame in *frames {
            let Some(signals) = Signals::new(&frame.sketch, &frame.outline, &table, profile) else {
                continue;
            };
            for signal in Signal::ALL {
                if let Some(value) = signals.get(signal) {
                    sums[signal as usize] += signal.charted(value).to_f64();
                    counts[signal as usize] += 1.0;
                }
            }
        }
        std::array::from_fn(|signal| sums[signal] / counts[signal])
    };
    drives.iter().map(of_drive).collect()
}

/// Prints what is believed, and what these drives show.
pub(crate) fn print(set: &Set) {
    let drives = set.control();
    // Nothing is to be believed.
    let settings = Settings { false_alarm_frames: ASKED, fixed: true, ..Settings::default() };
    let profile = |own: &[&[Frame]]| {
        let own: Vec<Vec<Frame>> = own.iter().map(|drive| drive.to_vec()).collect();
        learn(set.quantiser(), &own, &settings).expect("enough frames").profile
    };
    eprintln!("a profile of all drives, and one of each ...");
    let of_all = means(&profile(&drives), &drives);
    let mut remote = [0.0; SIGNALS];
    for place in 0..drives.len() {
        let single = profile(&drives[place..=place]);
        let others = means(&single, &drives);
        for (signal, remote) in remote.iter_mut().enumerate() {
            let others = others.iter().enumerate().filter(|(other, _)| *other != place);
            let mean = others.map(|(_, means)| means[signal]).sum::<f64>() / (drives.len() - 1) as f64;
            *remote += (mean - single.baselines[signal].mean.to_f64()) / drives.len() as f64;
        }
    }
    println!("{} drives; believed, and found here:", drives.len());
    println!("{:24}{:>18}{:>18}{:>18}", "signal", "between drives", "lopsided", "of one drive");
    for (signal, believed) in Signal::ALL.into_iter().zip(Belief::ALL) {
        let values: Vec<f64> = of_all.iter().map(|means| means[signal as usize]).collect();
        let (deviation, skewness) = moments(&values);
        let pair = |believed: f64, found: f64| format!("{believed:>9.4}{found:>9.4}");
        println!(
            "{:24}{}{}{}",
            signal.name(),
            pair(believed.spread, deviation),
            pair(believed.skewness, skewness),
            pair(believed.remove, remote[signal as usize])
        );
    }
    println!(
        "share of frames of other drives in the interval, 0.9 asked for: where nothing happens, and of all"
    );
    println!("{:>8}{:>18}{:>18}{:>18}", "drives", "half as wide", "as it is", "twice as wide");
    for count in [1, 2, 3, 5, 10] {
        let covered = [0.5, 1.0, 2.0].map(|times| {
            let [calm, all] = set.coverage(count, PROFILES, times);
            format!("{calm:>9.3}{all:>9.3}")
        });
        println!("{count:>8}{}", covered.concat());
    }
}

/// Deviation and skewness.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let moment = |power| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / count;
    let deviation = (moment(2) * count / (count - 1.0)).sqrt();
    (deviation, moment(3) / moment(2).powf(1.5))
}
