//! How soon the monitor alarms, rightly and wrongly, next to textbook charts and other libraries; what it makes of
//! drives and of real frames. `cargo run --release -p segmeter-tests --example drift_table`, with `-- --json` for
//! programs, `-- --drives` for the made drives alone, and a path behind it for those of another pack; `-- --beliefs` for how
//! drives differ, with a path likewise.
#![allow(clippy::disallowed_methods, reason = "scenes and references are input, not results")]

mod drift_table {
    pub(crate) mod beliefs;
    pub(crate) mod bootstrap;
    pub(crate) mod drives;
    pub(crate) mod packs;
    pub(crate) mod streams;
}

use drift_table::drives;
use drift_table::packs::{self, CamvidFacts, DemoFacts, Estimate, Pack};
use drift_table::streams::{self, CORRELATIONS, INTERVAL, Row, SHIFTS, Size, Textbook};
use segmeter_tests::drives::Drives;
use segmeter_tests::vectors;
use serde::Deserialize;
use serde_json::{Value, json};

/// `vectors/drift_peers.json`.
#[derive(Deserialize)]
struct Peers {
    versions: serde_json::Map<String, Value>,
    rows: Vec<Peer>,
}

#[derive(Deserialize)]
struct Peer {
    library: String,
    detector: String,
    arguments: String,
    correlation: f64,
    frames: f64,
    run_length: Option<f64>,
    delays: Vec<PeerDelay>,
}

#[derive(Deserialize)]
struct PeerDelay {
    mean: Option<f64>,
    missed: f64,
    streams: f64,
}

/// `vectors/drive_peers.json`.
#[derive(Deserialize)]
struct DrivePeers {
    versions: serde_json::Map<String, Value>,
    rows: Vec<DrivePeer>,
}

#[derive(Deserialize)]
struct DrivePeer {
    library: String,
    detector: String,
    /// `default` or `tuned`.
    threshold: String,
    learnt_on: usize,
    per_10000: f64,
    in_alarm: f64,
    harmful: usize,
    found: usize,
    median_delay: Option<f64>,
    harmless: usize,
    harmless_alarms: usize,
    auroc: Option<f64>,
    error: Option<f64>,
}

const LONG: Size = Size { reference_frames: 2000, monitors: 1000, watched: 50_000 };
const SHORT: Size = Size { reference_frames: 500, monitors: 500, watched: 50_000 };
const BRIEF: Size = Size { reference_frames: 160, monitors: 200, watched: 50_000 };
const FEW: Size = Size { reference_frames: 2000, monitors: 200, watched: 50_000 };

/// Profiles of each number of drives.
const PROFILES: usize = 6;

fn main() {
    let is_part = |argument: &String| matches!(&argument[..], "--drives" | "--beliefs");
    let mut arguments = std::env::args().skip(1).skip_while(|argument| !is_part(argument));
    let part = arguments.next();
    let other = arguments.next().filter(|path| !path.starts_with("--"));
    let as_json = std::env::args().any(|argument| argument == "--json");
    let made = match &other {
        Some(path) => Drives::read(&std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))),
        None => Drives::bundled(),
    };
    let made = drives::Set::new(made);
    if part.as_deref() == Some("--beliefs") {
        return drift_table::beliefs::print(&made);
    }
    let learnt_on = |count| {
        eprintln!("profiles of {count} drives, shown all others ...");
        made.row(count, PROFILES)
    };
    let made: Vec<drives::Row> = [1, 3, 10].map(learnt_on).into();
    let mut drive_peers: DrivePeers = vectors("drive_peers.json");
    // They were run on the drives of this repository.
    drive_peers.rows.retain(|_| other.is_none());
    if !as_json {
        print_drives(&made, &drive_peers);
    }
    if part.is_some() && !as_json {
        return;
    }
    let demo = packs::demo();
    let camvid = Pack::camvid().map(|pack| packs::camvid(&pack));
    if !as_json {
        print_demo(&demo);
        camvid.iter().for_each(print_camvid);
    }
    let own = |rho, skewness, size: Size| {
        eprintln!("{} monitors of frames with correlation {rho}, a minute or two ...", size.monitors);
        streams::own(rho, skewness, size)
    };
    let long: Vec<Row> = CORRELATIONS.map(|rho| own(rho, 0.0, LONG)).into();
    let short: Vec<Row> =
        [SHORT, BRIEF].into_iter().flat_map(|size| CORRELATIONS.map(|rho| own(rho, 0.0, size))).collect();
    let skewed: Vec<Row> = [0.0, 0.6].map(|rho| own(rho, 0.7, FEW)).into();
    let textbook: Vec<Row> = [Textbook::Shewhart, Textbook::Cusum, Textbook::Ewma]
        .into_iter()
        .flat_map(|kind| CORRELATIONS.map(|rho| streams::textbook(kind, rho, FEW)))
        .collect();
    if as_json {
        let all = json!({
            "own": long, "short": short, "skewed": skewed, "textbook": textbook, "drives": made, "demo": demo, "camvid": camvid,
        });
        println!("{all:#}");
        return;
    }
    print_run_lengths(&long, &short, &skewed);
    print_delays(&long, &textbook, &vectors("drift_peers.json"));
}

fn print_run_lengths(own: &[Row], short: &[Row], skewed: &[Row]) {
    println!(
        "\nFrames between false alarms, {INTERVAL:.0} asked for: first-order streams, each monitor with its own reference"
    );
    println!(
        "{:<12} {:>10} {:>9} {:>11} {:>8} {:>6}",
        "correlation", "reference", "monitors", "run length", "s.e.", "ratio"
    );
    for row in own.iter().chain(short).chain(skewed) {
        let skewed = if row.skewness == 0.0 { String::new() } else { format!("  skewness {}", row.skewness) };
        println!(
            "{:<12} {:>10} {:>9} {:>11.0} {:>8.0} {:>6.2}{skewed}",
            row.correlation,
            row.reference_frames,
            row.monitors,
            row.run_length,
            row.standard_error,
            row.run_length / INTERVAL
        );
    }
}

fn print_delays(own: &[Row], textbook: &[Row], peers: &Peers) {
    println!(
        "\nRun length in control, and frames from a shift of the mean to the alarm ({})",
        named(&peers.versions)
    );
    println!("Shifts in deviations of a frame; * some were missed within 20,000 frames, - all were");
    for correlation in CORRELATIONS {
        print!("\n{:<52} {:>10}", format!("correlation {correlation}"), "run length");
        SHIFTS.iter().for_each(|shift| print!(" {:>9}", format!("{shift} sd")));
        println!();
        for row in own.iter().chain(textbook).filter(|row| same(row.correlation, correlation)) {
            let delays = row.delays.iter().map(|delay| cell(Some(delay.mean), delay.missed));
            print_row(&row.chart, &format!("{:.0}", row.run_length), delays);
        }
        for row in peers.rows.iter().filter(|row| same(row.correlation, correlation)) {
            // No alarm: at 95 % at least a third of the frames watched.
            let run_length =
                row.run_length.map_or(format!("> {:.0}", row.frames / 3.0), |n| format!("{n:.0}"));
            let delays = row.delays.iter().map(|delay| cell(delay.mean, delay.missed / delay.streams));
            print_row(&format!("{} {} ({})", row.library, row.detector, row.arguments), &run_length, delays);
        }
    }
}

/// Whether two autocorrelations are one of [`CORRELATIONS`].
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn cell(mean: Option<f64>, missed: f64) -> String {
    match mean {
        Some(mean) if mean.is_finite() => format!("{mean:.1}{}", if missed > 0.0 { "*" } else { "" }),
        _ => "-".to_owned(),
    }
}

fn print_row(name: &str, run_length: &str, delays: impl Iterator<Item = String>) {
    print!("{name:<52} {run_length:>10}");
    delays.for_each(|delay| print!(" {delay:>9}"));
    println!();
}

fn named(versions: &serde_json::Map<String, Value>) -> String {
    let version = |(name, version): (&String, &Value)| format!("{name} {}", version.as_str().unwrap_or("?"));
    versions.iter().map(version).collect::<Vec<_>>().join(", ")
}

/// Made drives, none of which was learnt from.
fn print_drives(rows: &[drives::Row], peers: &DrivePeers) {
    println!("\nMade drives that nothing was learnt from ({})", named(&peers.versions));
    println!(
        "false: alarms in 10,000 frames without a change, of {:.0} asked for; in alarm: share of such frames; found: of changes \
         by which the IoU falls by more than .1,\nwith the median of frames from there to the alarm; harmless: of changes by \
         less than .03, those that alarm; auroc, error: of the estimated IoU, for frames below .8;\ncovered: IoUs in their interval of 90 %",
        10_000.0 / drives::ASKED
    );
    let share = |some: usize, all: usize| match all {
        0 => "-".to_owned(),
        _ => format!("{:.1} %", 100.0 * some as f64 / all as f64),
    };
    for row in rows {
        let heads = ["false", "in alarm", "found", "delay", "harmless", "auroc", "error", "covered"];
        print!("{:<36}", format!("learnt from {} drives", row.learnt_on));
        heads.iter().for_each(|head| print!(" {head:>9}"));
        println!();
        let print =
            |name: &str, (alarms, in_alarm): (f64, f64), changes: [String; 3], single: [Option<f64>; 3]| {
                print!("{name:<36} {alarms:>9.1} {:>7.1} %", 100.0 * in_alarm);
                changes.iter().for_each(|cell| print!(" {cell:>9}"));
                single.iter().for_each(|x| print!(" {:>9}", x.map_or("-".to_owned(), |x| format!("{x:.3}"))));
                println!();
            };
        let changes =
            |(found, harmful): (usize, usize), delay: Option<f64>, (alarmed, harmless): (usize, usize)| {
                [
                    share(found, harmful),
                    delay.map_or("-".to_owned(), |delay| format!("{delay:.0}")),
                    share(alarmed, harmless),
                ]
            };
        print(
            "segmeter",
            (10_000.0 / drives::ASKED * row.ratio(), row.in_alarm()),
            changes(
                (row.found, row.harmful),
                row.median_delay().map(|delay| delay as f64),
                (row.harmless_alarms, row.harmless),
            ),
            [row.auroc, row.error, row.coverage].map(Some),
        );
        for peer in peers.rows.iter().filter(|peer| peer.learnt_on == row.learnt_on) {
            print(
                &format!(
                    "{} {}, {}",
                    peer.library,
                    peer.detector.replace("data drift, ", ""),
                    peer.threshold
                ),
                (peer.per_10000, peer.in_alarm),
                changes((peer.found, peer.harmful), peer.median_delay, (peer.harmless_alarms, peer.harmless)),
                [peer.auroc, peer.error, None],
            );
        }
        println!();
    }
}

fn print_demo(demo: &DemoFacts) {
    println!("\nDemo: learnt on frames 0-79 of 25 a second, blocks of {}", demo.block_frames);
    demo.notes.iter().for_each(|note| println!("  note: {note}"));
    let first = demo.first_alarm.map_or("none".to_owned(), |frame| frame.to_string());
    println!(
        "  false alarms in frames 80-99: {}; fog from frame 100, first alarm at frame {first}",
        demo.false_alarms
    );
}

fn print_camvid(camvid: &CamvidFacts) {
    println!(
        "\nCamVid: learnt on the first {} frames of the day drive, with labels; nothing is tuned on the others",
        packs::LEARNT
    );
    camvid.notes.iter().for_each(|note| println!("  note: {note}"));
    for calm in &camvid.false_alarms {
        println!(
            "  learnt on the {}: {} false alarms in the other {} frames, {} of them without an alarm; frames between two: {:.1} \
             to {:.1} (95 %)",
            calm.learnt_on, calm.alarms, calm.frames, calm.normal, calm.interval[0], calm.interval[1]
        );
    }
    println!("  {:<12} {:>6} {:>16}", "change", "IoU", "frames to alarm");
    for delay in &camvid.delays {
        let frames = delay.frames.map_or(format!("none in {}", delay.of), |frames| frames.to_string());
        println!("  {:<12} {:>6.3} {frames:>16}", delay.change, delay.iou);
    }
    let single = &camvid.single;
    println!(
        "  single frames: {}, of these {} with road IoU < 0.8; intervals (95 %) of blocks of 10 frames, 2 of spoilt ones",
        single.frames, single.bad
    );
    let line = |name: &str, estimate: &Estimate| {
        let [low, high] = estimate.interval;
        println!("  {name:<36} {:.3}  [{low:.3}, {high:.3}]", estimate.value);
    };
    single.auroc.iter().for_each(|(name, estimate)| line(&format!("AUROC of {name}"), estimate));
    line("mean absolute error of estimated IoU", &single.mean_absolute_error);
    line("coverage of its interval", &single.coverage);
    println!("  frames without an estimate: {}", single.undefined);
}
