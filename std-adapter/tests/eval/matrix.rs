//! The confusion matrix, and which predicted ids are foreground.

use serde_json::json;

use crate::support::{Bench, npy, png_grey};

/// Three classes counted by hand, one prediction that is none, one label that is ignored.
#[test]
fn pixels_by_label_and_prediction() {
    let bench = Bench::new();
    bench.file("p.png", &png_grey(8, 1, &[0, 0, 1, 1, 2, 9, 1, 2]));
    bench.file("g.png", &png_grey(8, 1, &[0, 0, 0, 1, 1, 1, 1, 255]));
    let line = "eval p.png g.png --classes sky,road,car";
    let matrix = &bench.json(line)["confusion"];
    assert_eq!(matrix["counts"], json!([[2, 1, 0], [0, 2, 1], [0, 0, 0]]));
    assert_eq!(matrix["no_class"], json!([0, 1, 0]));
    assert_eq!(
        matrix["normalised"],
        json!([[2.0 / 3.0, 1.0 / 3.0, 0.0], [0.0, 0.5, 0.25], [null, null, null]])
    );
    let text = bench.stdout(line, 0);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let table: Vec<_> =
        text.lines().skip_while(|line| !line.starts_with("confusion matrix")).map(words).collect();
    assert_eq!(table[1], ["label", "sky", "road", "car", "no", "class"]);
    assert_eq!(
        table[3..6],
        [vec!["sky", "2", "1", "0", "0"], vec!["road", "0", "2", "1", "1"], vec!["car", "0", "0", "0", "0"]]
    );
    assert_eq!(table[11], ["road", "0.0", "50.0", "25.0", "25.0"]);
    assert_eq!(table[12], ["car", "-", "-", "-", "-"]);
    bench.stdout(&format!("{line} --report r.html"), 0);
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    let cells = page.split("<h2>Confusion matrix</h2>").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(cells.matches("50.0 %").count(), 1);
    assert_eq!(cells.matches("<td").count(), 12);
}

/// The id that is foreground is that of both sides; beside 255, which is nobody's class, 1 is what binary masks have.
#[test]
fn foreground_of_predictions() {
    let bench = Bench::new();
    bench.file("p.png", &png_grey(4, 1, &[1, 1, 0, 0]));
    for (foreground, labels, iou) in
        [(255, [255, 0, 0, 0], 0.5), (0, [1, 1, 1, 0], 0.5), (15, [15, 1, 0, 0], 0.0)]
    {
        bench.file("g.png", &png_grey(4, 1, &labels));
        let report = bench.json(&format!("eval p.png g.png --foreground {foreground}"));
        assert_eq!(
            (&report["classes"][1]["iou"], &report["pixels"]),
            (&iou.into(), &4.into()),
            "{foreground}"
        );
    }
    // A third id: then 1 is a class as others are.
    bench.file("p.png", &png_grey(4, 1, &[255, 1, 0, 0]));
    bench.file("g.png", &png_grey(4, 1, &[255, 255, 0, 0]));
    assert_eq!(bench.json("eval p.png g.png --foreground 255")["classes"][1]["iou"], 0.5);
}

/// Of several ignored ids none is in a mean, whichever metric it is: here generalised Dice of classes 1 and 3.
#[test]
fn no_ignored_id_is_in_a_mean() {
    let bench = Bench::new();
    bench.file("p.png", &png_grey(8, 1, &[1, 1, 3, 3, 2, 2, 0, 3]));
    bench.file("g.png", &png_grey(8, 1, &[1, 1, 1, 3, 3, 3, 2, 0]));
    let report = bench.json("eval p.png g.png --classes 4 --ignore 0,2 --metrics generalised_dice,mean_iou");
    // Labels 3 and 3 pixels, so that both weigh the same; hits 2 and 1, predicted 2 and 2.
    assert_eq!(report["pooled"]["generalised_dice"], 2.0 * 3.0 / (3.0 + 3.0 + 2.0 + 2.0));
    assert_eq!(report["pooled"]["mean_iou"], (2.0 / 3.0 + 1.0 / 4.0) / 2.0);
}

/// 255 is a class where as many were asked for; where they were only found, it is said that it is not scored.
#[test]
fn class_255_is_scored_or_it_is_said() {
    let bench = Bench::new();
    bench.file("p.npy", &npy("<u2", &[1, 3], &[255, 0, 44, 1, 0, 0]));
    bench.file("g.npy", &npy("<u2", &[1, 3], &[255, 0, 44, 1, 0, 0]));
    let run = |flags: &str| bench.run(&format!("eval p.npy g.npy --metrics pixel_accuracy --json {flags}"));
    let note = "class 255 of 301 is not scored; if it should be, say --ignore none";
    for (flags, pixels, noted) in [("", 2, true), ("--classes 301", 3, false), ("--ignore none", 3, false)] {
        let output = run(flags);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["pixels"], pixels, "{flags}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).contains(note), noted, "{flags}");
    }
    let categories: Vec<_> = (0..301).map(|id| format!("c{id}={id}")).collect();
    let line = format!("eval p.npy g.npy --classes 301 --categories {}", categories.join(";"));
    assert!(bench.refusal(&line).contains("expected at most 255 categories"));
}

/// Labels as Cityscapes has them beside predictions of the ids of training.
#[test]
fn ids_of_cityscapes_are_recognised() {
    let bench = Bench::new();
    bench.file("p.png", &png_grey(2, 1, &[0, 13]));
    bench.file("a_labelIds.png", &png_grey(2, 1, &[7, 26]));
    let remedy = "if predictions have the 19 ids of training, say --map labels=cityscapes";
    let stderr = |line: &str| String::from_utf8(bench.run(line).stderr).unwrap();
    assert!(stderr("eval p.png a_labelIds.png").contains(remedy));
    assert!(bench.refusal("eval p.png a_labelIds.png --classes 19").contains(remedy));
    let mapped = "eval p.png a_labelIds.png --classes 19 --map labels=cityscapes";
    assert_eq!(bench.json(mapped)["pooled"]["pixel_accuracy"], 1.0);
    assert!(!stderr(mapped).contains(remedy));
    bench.file("p.png", &png_grey(2, 1, &[7, 26]));
    assert!(!stderr("eval p.png a_labelIds.png").contains(remedy));
}
