//! `segmeter bench`: what is measured, not how long it takes.

mod support;

use serde_json::Value;
use support::Bench;

/// The rows of a run.
fn rows(bench: &Bench, line: &str) -> Vec<Value> {
    bench.json(line).as_array().expect("rows").clone()
}

#[test]
fn rows_say_what_was_measured() {
    let bench = Bench::new();
    let found =
        rows(&bench, "bench --filter dice_focal --size 9x20 --classes 4 --runs 1 --threads 2 --level scalar");
    let inputs: Vec<_> = found.iter().map(|row| (row["input"].as_str(), row["threads"].as_u64())).collect();
    let expected = [("binary", 1), ("binary", 2), ("4 classes", 1), ("4 classes", 2)];
    assert_eq!(inputs, expected.map(|(input, threads)| (Some(input), Some(threads))));
    for row in &found {
        assert_eq!((row["name"].as_str(), row["kind"].as_str()), (Some("dice_focal"), Some("loss")));
        assert_eq!((row["height"].as_u64(), row["width"].as_u64()), (Some(9), Some(20)));
        assert_eq!(row["level"], "scalar");
        assert!(row["nanoseconds_per_pixel"].as_f64().is_some_and(|cost| cost > 0.0 && cost < 1e9), "{row}");
    }
}

#[test]
fn one_row_is_measured_if_it_is_named() {
    let bench = Bench::new();
    let line = "bench --filter dice --size 4x5 --classes 3 --runs 1 --threads 1";
    let names = |options: &str| -> Vec<String> {
        let row =
            |row: &Value| format!("{}, {}", row["name"].as_str().unwrap(), row["input"].as_str().unwrap());
        rows(&bench, &format!("{line} {options}")).iter().map(row).collect()
    };
    assert_eq!(names("--exact"), ["dice, binary", "dice, 3 classes"]);
    assert_eq!(names("--exact --rows classes"), ["dice, 3 classes"]);
    let kinds = ["binary", "classes"].map(|kind| names(&format!("--rows {kind}")));
    assert!(kinds.iter().all(|names| names.len() > 5), "{kinds:?}");
    assert_eq!(names(""), kinds.concat());
}

/// The table of scaling: every size, number of classes and batch by one thread and by two. Frames of 8192x8192 are left to
/// users: of several classes alone they are small here.
#[test]
fn scaling_is_measured() {
    let bench = Bench::new();
    let line = "bench --scaling --rows classes --filter dice --exact --runs 1 --threads 2";
    let found = rows(&bench, line);
    let row = |row: &Value| ["height", "frames", "threads"].map(|key| row[key].as_u64().unwrap());
    assert_eq!(found.iter().map(row).collect::<Vec<_>>(), [[256, 1, 1], [256, 1, 2]].repeat(5));
    let inputs: Vec<_> = found.iter().step_by(2).map(|row| row["input"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["2 classes", "4 classes", "8 classes", "19 classes", "32 classes"]);
    let text = bench.stdout(line, 0);
    assert!(text.lines().next().is_some_and(|line| line.ends_with("best of 1 runs")), "{text}");
    assert!(text.contains("by classes") && !text.contains("by frames"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(bench.refusal("bench --scaling --size 4x4").contains("--size"));
}

/// Every loss has a row of each input that it takes, and there are rows of metrics.
#[test]
fn every_loss_is_measured() {
    let bench = Bench::new();
    let found = rows(&bench, "bench --size 8x9 --classes 3 --runs 1 --threads 1");
    let listed = bench.json("list losses");
    let mut expected = Vec::new();
    for (input, measured) in [("binary", "binary"), ("multiclass", "3 classes")] {
        for loss in listed.as_array().unwrap() {
            if loss["inputs"].as_array().unwrap().iter().any(|known| known == input) {
                expected.push((loss["name"].clone(), measured.to_owned()));
            }
        }
    }
    let measured = |row: &&Value| row["kind"] == "loss";
    let losses = found.iter().filter(measured);
    let losses: Vec<_> =
        losses.map(|row| (row["name"].clone(), row["input"].as_str().unwrap().to_owned())).collect();
    assert_eq!(losses, expected);
    assert!(found.iter().any(|row| row["name"] == "confusion, 19 classes" && row["kind"] == "metric"));
    let memory: Vec<_> = found.iter().filter(|row| row["kind"] == "memory").collect();
    assert!(memory.iter().all(|row| row["nanoseconds_per_pixel"].as_f64().is_some_and(|cost| cost > 0.0)));
    let inputs: Vec<_> = memory.iter().map(|row| row["input"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["binary", "binary", "3 classes", "3 classes"]);
}

#[test]
fn frames_are_saved_for_other_programs() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("frames")).unwrap();
    rows(&bench, "bench --filter mcc --size 8x9 --classes 3 --runs 1 --save frames");
    let value = |logits: &str, labels: &str| {
        let line = format!("loss mcc --logits frames/{logits} --labels frames/{labels} --ignore 255");
        bench.json(&line)["value"].as_f64().expect("a value")
    };
    for value in
        [value("binary-logits.npy", "binary-labels.npy"), value("classes-logits.npy", "classes-labels.npy")]
    {
        assert!(value > 0.0 && value < 2.0, "{value}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let bench = Bench::new();
    for (line, said) in [
        (
            "bench --filter tversk_ --size 4x4",
            "--filter tversk_: no row has that in its name: did you mean tversky",
        ),
        ("bench --filter dic --exact --size 4x4", "--filter dic: no row has that name"),
        ("bench --filter dice --rows metrics --size 4x4", "--filter dice: no row of metrics has that"),
        ("bench --scaling --rows metrics", "--rows metrics: no such row with --scaling"),
        ("bench --exact", "--filter"),
        ("bench --size 0x4", "from 1 to 16384"),
        ("bench --size 4", "as in 1024x2048"),
        ("bench --classes 33", "33"),
        ("bench --runs 0", "0"),
        ("bench --filter mcc --size 4x4 --runs 1 --save nowhere", "nowhere"),
    ] {
        let refused = bench.refusal(line);
        assert!(refused.contains(said), "{line}: {refused}");
    }
}
