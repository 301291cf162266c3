//! The confusion matrix, and which predicted ids are foreground.

use serde_json::json;

use crate::support::{Bench, png_grey};

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
