//! CSV and HTML.

use serde_json::Value;

use super::demo::{demo_line, several};
use super::support::{Bench, png_grey};

#[test]
fn csv_has_every_metric_of_a_class() {
    let bench = Bench::new();
    several(&bench);
    let report = bench.json("eval p g --classes a,b,c --ignore 7 --csv e.csv --per-image");
    let text = std::fs::read_to_string(bench.path("e.csv")).unwrap();
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 4 * 3);
    let column =
        |name: &str| head.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name}"));
    for (row, place) in rows.iter().zip(0_usize..) {
        let (image, class) = (place / 3, place % 3);
        let scores = if image == 3 { &report } else { &report["per_image"][image] };
        let class = &scores["classes"][class];
        for (key, value) in class.as_object().unwrap() {
            match value {
                Value::Object(shapes) => shapes.iter().for_each(|(key, value)| {
                    assert_eq!(row[column(key)].parse::<f64>().ok(), value.as_f64(), "{key}");
                }),
                Value::String(_) => {}
                value => assert_eq!(row[column(key)].parse::<f64>().ok(), value.as_f64(), "{key}"),
            }
        }
    }
}

#[test]
fn a_report_needs_nothing_else() {
    let bench = Bench::new();
    several(&bench);
    let cases = [
        (demo_line(), 8),
        ("eval p g --classes a<b>,c&d,e\"f --ignore 7 --worst-by hd95 --preset monai".to_owned(), 3),
    ];
    for (line, maps) in cases {
        let report = bench.json(&format!("{line} --report r.html"));
        let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
        for start in ["src=\"", "href=\"", "url("] {
            for (place, _) in html.match_indices(start) {
                let rest = &html[place + start.len()..];
                assert!(rest.starts_with("data:image/png;base64,"), "{}", &rest[..rest.len().min(60)]);
            }
        }
        // A name of a namespace is the only address.
        assert!(!html.replace("http://www.w3.org/2000/svg", "").contains("http"));
        assert!(!html.contains("<script") && !html.contains("@import"));
        assert_eq!(html.matches("data:image/png").count(), maps);
        for (name, definition) in report["definition"].as_object().unwrap() {
            let escaped =
                definition.as_str().unwrap().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(html.contains(&format!("<td>{name}</td><td>{escaped}</td>")), "{name}");
        }
        for (name, times) in report["undefined"].as_object().unwrap() {
            assert!(html.contains(&format!("<td>{name}</td><td>{times}</td>")), "{name}");
        }
        let curves = if report["threshold"].is_null() { 0 } else { 3 };
        assert_eq!(html.matches("<svg ").count(), 2 + curves);
    }
    let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
    let bars = &html[html.find("<svg").unwrap()..html.find("</svg>").unwrap()];
    for (raw, escaped) in [("a<b>", "a&lt;b&gt;"), ("c&d", "c&amp;d"), ("e\"f", "e&quot;f")] {
        assert!(
            html.contains(&format!("<td>{escaped}</td>")) || html.contains(&format!("<th>{escaped}</th>"))
        );
        assert!(bars.contains(escaped), "{escaped}: {bars}");
        assert!(raw == "e\"f" || !html.contains(raw), "{raw}");
    }
}

#[test]
fn a_report_shows_the_worst_images() {
    let bench = Bench::new();
    // Of sides of one size, what one gains is what the other loses.
    for (name, wrong) in [("good", 0), ("bad", 5), ("poor", 2)] {
        for (folder, start) in [("halves", 6), ("parts", 9)] {
            let labels: Vec<u8> = (0..12).map(|pixel| u8::from(pixel >= start)).collect();
            let flipped = labels.iter().zip(0..).map(|(id, pixel)| if pixel < wrong { 1 - id } else { *id });
            let prediction = png_grey(4, 3, &flipped.collect::<Vec<_>>());
            bench.file(&format!("{folder}/p/{name}.png"), &prediction);
            bench.file(&format!("{folder}/g/{name}.png"), &png_grey(4, 3, &labels));
        }
    }
    let order = |folder: &str, by: &str| {
        bench.stdout(&format!("eval {folder}/p {folder}/g --report r.html {by}"), 0);
        let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
        let maps = html[html.find("class=\"maps\"").unwrap()..].to_owned();
        let mut names = ["good", "bad", "poor"];
        names.sort_by_key(|name| maps.find(&format!("<code>{name}</code>")).unwrap());
        names
    };
    assert_eq!(order("halves", ""), ["bad", "poor", "good"]);
    assert_eq!(order("halves", "--worst-by false_positive_rate"), ["bad", "poor", "good"]);
    assert_eq!(order("halves", "--worst-by hausdorff --background"), ["bad", "poor", "good"]);
    // Of qualities, errors and differences, each with its own direction.
    for metric in [
        "prevalence_threshold",
        "relative_volume_difference",
        "absolute_relative_volume_difference",
        "volume_overlap_error",
        "volume_similarity",
        "net_benefit",
        "mcc",
    ] {
        let found = order("parts", &format!("--metrics {metric} --worst-by {metric}"));
        assert_eq!(found, ["bad", "poor", "good"], "{metric}");
    }
}

/// A number as a page shows it.
fn cell(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), |value| format!("{value:.6}"))
}

/// Every cell of the page is the number of that name in the JSON, rounded.
#[test]
fn cells_are_the_numbers() {
    let bench = Bench::new();
    several(&bench);
    for (line, classes) in [
        (demo_line(), 2),
        ("eval p g --classes a,b,c --ignore 7 --background --preset monai --metrics all".to_owned(), 3),
        ("eval p g --classes 10 --ignore 7 --background".to_owned(), 10),
    ] {
        let report = bench.json(&format!("{line} --report r.html"));
        let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
        let row = |cells: &[String]| {
            let row: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
            assert!(html.contains(&format!("<tr>{row}")), "no row {row}");
        };
        let mut rows = 0;
        for family in ["surface", "topology", "panoptic", "road", "threshold", "calibration"] {
            for (name, value) in report[family].as_object().into_iter().flatten() {
                row(&[name.clone(), cell(value)]);
                rows += 1;
            }
        }
        for (name, means) in report["averages"].as_object().unwrap() {
            let means =
                ["pooled", "per_image_mean", "per_class_mean", "per_pair_mean"].map(|key| cell(&means[key]));
            let times =
                report["undefined"].get(format!("averages.{name}")).map_or(0, |n| n.as_u64().unwrap());
            row(&[vec![format!("mean_{name}")], means.to_vec(), vec![times.to_string()]].concat());
            rows += 1;
        }
        for (name, value) in
            report["pooled"].as_object().unwrap().iter().filter(|(name, _)| *name != "mean_iou")
        {
            row(&[name.clone(), cell(value), cell(&report["per_image_mean"][name])]);
            rows += 1;
        }
        // Classes side by side, or one below the other; shapes among their metrics.
        let of = |class: usize| {
            let mut all = Vec::new();
            for (name, value) in report["classes"][class].as_object().unwrap() {
                match value {
                    Value::Object(_) if name == "threshold" => {}
                    Value::Object(shapes) => {
                        all.extend(shapes.iter().map(|(name, value)| (name.clone(), cell(value))))
                    }
                    _ if ["name", "id"].contains(&name.as_str()) => {}
                    _ if name.starts_with("true_") => {}
                    _ if ["false_positive", "false_negative"].contains(&name.as_str()) => {}
                    value => all.push((name.clone(), cell(value))),
                }
            }
            all
        };
        let columns: Vec<_> = (0..classes).map(of).collect();
        let (most, name) = (columns.iter().map(Vec::len).max().unwrap(), |class: usize| {
            report["classes"][class]["name"].as_str().unwrap().to_owned()
        });
        if classes <= 6 {
            for place in 0..most {
                let longest = columns.iter().find(|column| column.len() == most).unwrap();
                let cells = columns
                    .iter()
                    .map(|column| column.get(place).map_or("-".to_owned(), |(_, cell)| cell.clone()));
                row(&[vec![longest[place].0.clone()], cells.collect()].concat());
                rows += 1;
            }
        } else {
            let few = [
                "iou",
                "dice",
                "precision",
                "recall",
                "specificity",
                "negative_predictive_value",
                "hd95",
                "nsd",
            ];
            for (class, column) in columns.iter().enumerate() {
                let cells = column
                    .iter()
                    .filter(|(name, _)| few.contains(&name.as_str()))
                    .map(|(_, cell)| cell.clone());
                row(&[vec![name(class)], cells.collect()].concat());
                rows += 1;
            }
        }
        assert!(rows > 30, "{rows}");
    }
}
