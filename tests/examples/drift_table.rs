//! How soon the monitor alarms, rightly and wrongly, next to textbook charts and other libraries; what it makes of real
//! frames. `cargo run --release -p segmeter-tests --example drift_table`, with `-- --json` for programs.
#![allow(clippy::disallowed_methods, reason = "scenes and references are input, not results")]

mod drift_table {
    pub(crate) mod bootstrap;
    pub(crate) mod packs;
    pub(crate) mod streams;
}

use drift_table::packs::{self, CamvidFacts, DemoFacts, Estimate, Pack};
use drift_table::streams::{self, CORRELATIONS, INTERVAL, Row, SHIFTS, Size, Textbook};
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

const LONG: Size = Size { reference_frames: 2000, monitors: 1000, watched: 50_000 };
const SHORT: Size = Size { reference_frames: 500, monitors: 500, watched: 50_000 };
const BRIEF: Size = Size { reference_frames: 160, monitors: 200, watched: 50_000 };
const FEW: Size = Size { reference_frames: 2000, monitors: 200, watched: 50_000 };

fn main() {
    let own: Vec<Row> = CORRELATIONS.map(|rho| streams::own(rho, 0.0, LONG)).into();
    let short: Vec<Row> = [SHORT, BRIEF]
        .into_iter()
        .flat_map(|size| CORRELATIONS.map(|rho| streams::own(rho, 0.0, size)))
        .collect();
    let skewed: Vec<Row> = [0.0, 0.6].map(|rho| streams::own(rho, 0.7, FEW)).into();
    let textbook: Vec<Row> = [Textbook::Shewhart, Textbook::Cusum, Textbook::Ewma]
        .into_iter()
        .flat_map(|kind| CORRELATIONS.map(|rho| streams::textbook(kind, rho, FEW)))
        .collect();
    let peers: Peers = vectors("drift_peers.json");
    let demo = packs::demo();
    let camvid = Pack::camvid().map(|pack| packs::camvid(&pack));
    if std::env::args().any(|argument| argument == "--json") {
        let all = json!({
            "own": own, "short": short, "skewed": skewed, "textbook": textbook, "demo": demo, "camvid": camvid,
        });
        println!("{all:#}");
        return;
    }
    print_run_lengths(&own, &short, &skewed);
    print_delays(&own, &textbook, &peers);
    print_demo(&demo);
    if let Some(camvid) = camvid {
        print_camvid(&camvid);
    }
}

fn print_run_lengths(own: &[Row], short: &[Row], skewed: &[Row]) {
    println!(
        "Frames between false alarms, {INTERVAL:.0} asked for: first-order streams, each monitor with its own reference"
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
    let versions: Vec<String> = peers
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or("?")))
        .collect();
    println!(
        "\nRun length in control, and frames from a shift of the mean to the alarm ({})",
        versions.join(", ")
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
            "  learnt on the {}: {} false alarms in the other {} frames, {} of them without an alarm; frames between two: {:.1} to {:.1} (95 %)",
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
