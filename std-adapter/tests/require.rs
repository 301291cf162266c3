//! `--require` and `--junit`: exit codes, every number of a report, what is not there, and XML that parses.

use serde_json::Value;
use support::{Bench, logits, npy, npy_f32};

mod support;

/// Two images of three classes; class 2 is nowhere.
fn masks(bench: &Bench) {
    bench.file("p/1.npy", &npy("|u1", &[2, 4], &[0, 0, 1, 1, 0, 1, 1, 1]));
    bench.file("g/1.npy", &npy("|u1", &[2, 4], &[0, 0, 1, 1, 0, 0, 1, 1]));
    bench.file("p/2.npy", &npy("|u1", &[2, 4], &[0, 1, 1, 1, 0, 1, 1, 0]));
    bench.file("g/2.npy", &npy("|u1", &[2, 4], &[0, 1, 1, 1, 0, 1, 1, 1]));
}

const LINE: &str = "eval p g --classes sky,road,car --metrics iou,dice,kappa,hd95,mean_iou";

#[test]
fn exit_codes_and_tables() {
    let bench = Bench::new();
    masks(&bench);
    let report = bench.json(LINE);
    let iou = report["classes"][1]["iou"].as_f64().unwrap();
    // As it is printed, it is reached; a digit more, and it is not.
    for (bound, code) in [
        (format!(">={iou}"), 0),
        (format!("<={iou}"), 0),
        (format!(">{iou}"), 1),
        (format!("<{iou}"), 1),
        (format!(">={iou}01"), 1),
        (format!("<{iou}01"), 0),
        (format!(">={iou}00"), 0),
    ] {
        let table = bench.stdout(&format!("{LINE} --require road.iou{bound}"), code);
        let word = if code == 0 { "yes" } else { "NO" };
        let line = format!("road.iou{bound}");
        let line = table.lines().find(|found| found.trim_start().starts_with(&line)).unwrap();
        assert!(line.ends_with(word) && line.contains(&iou.to_string()), "{line}");
    }
    // One of several is enough, and what is not defined does not hold in any direction.
    bench.stdout(&format!("{LINE} --require mean_iou>=0,road.iou>=0,hd95<=100"), 0);
    bench.stdout(&format!("{LINE} --require mean_iou>=0 --require road.iou>=2"), 1);
    for bound in [">=0", "<=0", ">-1", "<1"] {
        bench.stdout(&format!("{LINE} --require car.iou{bound}"), 1);
    }
    // Without a requirement nothing about them is printed.
    assert!(!bench.stdout(LINE, 0).contains("requirement"));
    assert!(report.get("require").is_none());
}

#[test]
fn json_has_what_held() {
    let bench = Bench::new();
    masks(&bench);
    let text = bench.stdout(&format!("{LINE} --json --require road.iou>=0.5,car.iou<1,images>=2"), 1);
    let report: Value = serde_json::from_str(&text).unwrap();
    let all = report["require"].as_array().unwrap();
    let holds: Vec<_> = all.iter().map(|one| one["holds"].as_bool().unwrap()).collect();
    assert_eq!(holds, [true, false, true]);
    assert_eq!(all[0]["value"], report["classes"][1]["iou"]);
    assert_eq!((&all[1]["value"], &all[1]["key"]), (&Value::Null, &"car.iou".into()));
    assert_eq!((&all[2]["comparison"], all[2]["bound"].as_f64()), (&">=".into(), Some(2.0)));
    assert_eq!(all[0]["requirement"], "road.iou>=0.5");
}

/// Every number that JSON has can be required, by its key, and is itself.
#[test]
fn every_number_of_a_report() {
    let bench = Bench::new();
    masks(&bench);
    bench.file("z.npy", &npy_f32(&[2, 9, 14], &logits(252)));
    bench.file("zc.npy", &npy_f32(&[3, 9, 14], &logits(378)));
    let labels: Vec<u8> = (0..252).map(|pixel| (pixel / 5 % 2) as u8).collect();
    bench.file("l.npy", &npy("|u1", &[2, 9, 14], &labels));
    bench.file("lc.npy", &npy("|u1", &[9, 14], &labels[..126]));
    for line in [
        "eval z.npy l.npy --metrics all --categories all=background,foreground --classes background,foreground",
        "eval zc.npy lc.npy --layout chw --metrics all",
        "eval p g --classes sky,road,car --background",
    ] {
        let report = bench.json(line);
        let mut keys = Vec::new();
        for group in ["pooled", "surface", "threshold", "calibration", "topology", "panoptic", "road"] {
            for (key, value) in report[group].as_object().into_iter().flatten() {
                keys.push((key.clone(), value));
                keys.push((format!("{group}.{key}"), value));
            }
        }
        for (key, value) in report["per_image_mean"].as_object().unwrap() {
            keys.push((format!("per_image_mean.{key}"), value));
        }
        for (name, averages) in report["averages"].as_object().unwrap() {
            for (key, value) in averages.as_object().unwrap() {
                keys.push((format!("averages.{name}.{key}"), value));
            }
        }
        for class in report["classes"].as_array().unwrap() {
            let name = class["name"].as_str().unwrap();
            for (key, value) in class.as_object().unwrap() {
                if let Some(family) = value.as_object() {
                    keys.extend(family.iter().map(|(key, value)| (format!("{name}.{key}"), value)));
                } else if !["name", "id"].contains(&key.as_str()) {
                    keys.push((format!("{name}.{key}"), value));
                }
            }
        }
        for (key, value) in report["undefined"].as_object().unwrap() {
            keys.push((format!("undefined.{key}"), value));
        }
        assert!(keys.len() > 100, "{line}");
        let all: Vec<String> = keys.iter().map(|(key, _)| format!("{key}>=-1e300")).collect();
        let required = format!("{line} --json --require {}", all.join(","));
        let is_defined = keys.iter().all(|(_, value)| value.is_number());
        let text = bench.stdout(&required, i32::from(!is_defined));
        let found: Value = serde_json::from_str(&text).unwrap();
        for ((key, value), found) in keys.iter().zip(found["require"].as_array().unwrap()) {
            assert_eq!((*value, value.is_number()), (&found["value"], found["holds"] == true), "{key}");
        }
    }
}

#[test]
fn what_cannot_be_required() {
    let bench = Bench::new();
    masks(&bench);
    for (requirement, expected) in [
        ("mean_iuo>=0.9", "no number `mean_iuo`: did you mean mean_iou?"),
        ("raod.iou>=0.9", "no class `raod`: did you mean road?"),
        ("road.xxxxxx>=0.9", "class road has no number `xxxxxx`, expected one of "),
        ("nsd>=0.9", "`nsd` is not computed with these --metrics: name it there too"),
        ("road.nsd>=0.9", "`nsd` is not computed with these --metrics"),
        ("apls>=0.9", "name it in --metrics, or say --metrics all"),
        ("mean_iou", "expected a key, one of >=, >, <= and <, and a number"),
        ("mean_iou==1", "expected a key, one of"),
        ("mean_iou>=x", "expected a key, one of"),
        ("mean_iou>=nan", "expected a key, one of"),
        (">=1", "expected a key, one of"),
    ] {
        let line = bench.refusal(&format!("{LINE} --require {requirement}"));
        assert!(line.contains(&format!("--require {requirement}")) && line.contains(expected), "{line}");
    }
    let line = bench.refusal("eval p g --classes 3 --metrics auroc,iou --require auroc>=0.5");
    assert!(line.contains("it needs scores, and predictions are class ids"), "{line}");
    // Known before an image is counted: labels that would be refused are not looked at.
    bench.file("g/2.npy", &npy("|u1", &[2, 4], &[9; 8]));
    assert!(bench.refusal(&format!("{LINE} --require mean_iuo>=0.9")).contains("mean_iuo"));
    let line = bench.refusal(&format!("{LINE} --junit out.xml"));
    assert!(line.contains("--require"), "{line}");
}

/// A name that would break XML, JSON or a terminal is shown as it is written.
#[test]
fn junit_is_xml() {
    let bench = Bench::new();
    masks(&bench);
    let line = "eval p g --classes sky,<&\"']]>\u{1b}\u{7}ü,car --metrics iou,mean_iou \
                --require <&\"']]>\u{1b}\u{7}ü.iou>=0.99,mean_iou>=0,car.iou>0 --junit out.xml";
    bench.stdout(line, 1);
    let text = std::fs::read_to_string(bench.path("out.xml")).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut failures, mut names) = (0, 0, Vec::new());
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(element) => {
                cases += usize::from(element.name().as_ref() == "testcase");
                failures += usize::from(element.name().as_ref() == "failure");
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    if attribute.key.as_ref() == "name" {
                        names.push(quick_xml::escape::unescape(&attribute.value).unwrap().into_owned());
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!((cases, failures), (3, 2), "{text}");
    assert!(text.contains("tests=\"3\" failures=\"2\""), "{text}");
    assert!(names.contains(&"<&\"']]>\\x1b\\x07ü.iou>=0.99".to_owned()), "{names:?}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    // To stdout, nothing else is there; what does not hold is said.
    let output = bench.run("eval p g --classes 3 --metrics iou --require 1.iou>=1 --junit -");
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.starts_with("<?xml") && stdout.ends_with("</testsuites>\n"), "{stdout}");
    assert!(stderr.contains("1.iou>=1 does not hold: 1.iou is 0."), "{stderr}");
    // A refusal leaves what was there.
    bench.file("out.xml", b"before");
    bench.refusal("eval p g --classes 3 --metrics iou --require 7.iou>=1 --junit out.xml");
    assert_eq!(std::fs::read(bench.path("out.xml")).unwrap(), b"before");
}
