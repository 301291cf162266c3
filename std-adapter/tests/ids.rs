//! Ids and names that are taken for others: a note that names a remedy that works.
#![allow(clippy::float_cmp, reason = "the same numbers by two ways")]

mod support;

use support::{Bench, npy, png_grey};

/// One side counts classes from 0, the other from 1; a foreground that is never found is another thing.
#[test]
fn classes_counted_from_one() {
    let bench = Bench::new();
    let ids = |first: u8| (0..48u8).map(|pixel| pixel / 8 % 3 + first).collect::<Vec<u8>>();
    bench.file("zero.npy", &npy("|u1", &[6, 8], &ids(0)));
    bench.file("one.npy", &npy("|u1", &[6, 8], &ids(1)));
    let said = bench.notes("eval zero.npy one.npy");
    assert!(said.contains("one.npy: most labels are one above the id predicted there"), "{said}");
    let said = bench.notes("eval one.npy zero.npy");
    assert!(said.contains("one below the id") && said.contains("--map labels=FILE"), "{said}");
    bench.file("map.csv", b"from,to\n1,0\n2,1\n3,2\n");
    let mapped = "eval zero.npy one.npy --map labels=map.csv";
    assert_eq!((bench.notes(mapped).as_str(), &bench.json(mapped)["pooled"]["mean_iou"]), ("", &1.0.into()));
    assert_eq!(bench.notes("eval zero.npy zero.npy"), "");
    bench.file("none.npy", &npy("|u1", &[6, 8], &[0; 48]));
    bench.file("all.npy", &npy("|u1", &[6, 8], &[1; 48]));
    assert!(!bench.notes("eval none.npy all.npy").contains("one above"));
}

/// Arguments that decide nothing, and files that take no part.
#[test]
fn what_is_left_out_is_said() {
    let bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.file(&format!("p/{name}.png"), &png_grey(2, 1, &[0, 1]));
        bench.file(&format!("g/{name}.png"), &png_grey(2, 1, &[0, 1]));
    }
    let said = bench.notes("eval p g --metrics mean_iou --categories flat=0;thing=1");
    assert!(said.contains("--categories say nothing here: none of --metrics is category_iou"), "{said}");
    assert_eq!(bench.notes("eval p g --categories flat=0;thing=1"), "");
    bench.file("pairs.csv", b"prediction,labels\na.png,a.png\nc.png,c.png\n");
    let said = bench.notes("eval p g --pair pairs.csv");
    assert!(said.contains("p: 2 of 3 images take part: --pair names no others"), "{said}");
    assert_eq!(bench.notes("eval p g --pair {}.png={}.png"), "");
}

/// Labels that are mapped twice, that the benchmark scores in part, and ids that an argument made classes.
#[test]
fn ids_of_data_sets() {
    let bench = Bench::new();
    let ids = |of: &dyn Fn(u8) -> u8| png_grey(8, 6, &(0..48).map(of).collect::<Vec<u8>>());
    let all = [7, 8, 11, 26, 33, 24];
    bench.file("full/a.png", &ids(&|pixel| all[usize::from(pixel) % 6]));
    bench.file("labels/a_labelIds.png", &ids(&|pixel| all[usize::from(pixel) % 6]));
    bench.file("trained/a_labelTrainIds.png", &ids(&|pixel| pixel % 6));
    bench.file("predicted/a.png", &ids(&|pixel| pixel % 6));
    let said = bench.notes("eval full labels --pair {}.png={}_labelIds.png");
    assert!(said.contains("of which its benchmark scores 19: for those say --map cityscapes"), "{said}");
    assert_eq!(bench.notes("eval full labels --pair {}.png={}_labelIds.png --map cityscapes"), "");
    // Nineteen names in the order of their ids.
    let line = "eval full labels --pair {}.png={}_labelIds.png --map cityscapes --classes cityscapes --csv -";
    let rows = bench.stdout(line, 0);
    let place = |name: &str| rows.find(&format!(",{name},")).unwrap_or_else(|| panic!("{name}: {rows}"));
    let names = ["road", "sidewalk", "building", "traffic light", "sky", "person", "car", "bicycle"];
    assert!(names.map(place).is_sorted() && !rows.contains("tvmonitor"), "{rows}");
    let line = bench.refusal("eval full labels --pair {}.png={}_labelIds.png --classes cityscape");
    assert!(line.contains("or the names of two or more with commas, or cityscapes or voc"), "{line}");
    let trained = "--pair {}.png={}_labelTrainIds.png";
    let said = bench.notes(&format!("eval predicted trained {trained} --map cityscapes"));
    assert!(said.contains("were mapped to those once more: leave --map out"), "{said}");
    assert_eq!(bench.notes(&format!("eval predicted trained {trained}")), "");
    // 255 is no class by custom; an argument about another id must not make it one unseen.
    let bordered = ids(&|pixel| if pixel < 8 { 255 } else { pixel % 3 });
    bench.file("bordered/a.png", &bordered);
    bench.file("three/a.png", &ids(&|pixel| pixel % 3));
    let said = bench.notes("eval three bordered --ignore 254");
    assert!(said.contains("255 is scored as a class, since --ignore 254 does not name it"), "{said}");
    for ignore in ["--ignore 254,255", "--ignore none --classes 256", ""] {
        assert_eq!(bench.notes(&format!("eval three bordered {ignore}")), "", "{ignore}");
    }
    // A fifth of the labels is what the other side does not count.
    let other = ids(&|pixel| if pixel % 5 == 0 { 0 } else { pixel % 3 + 1 });
    bench.file("other/a.png", &other);
    assert!(bench.notes("eval three other").contains("most labels are one above the id predicted there"));
    // Where many are wrong, but not by one.
    bench.file("wrong/a.png", &ids(&|pixel| (pixel + pixel / 8 % 3) % 3));
    assert_eq!(bench.notes("eval three wrong"), "");
}

/// Labels as networks' inputs are saved: with an axis for the one number of a pixel, of one image and of many.
#[test]
fn labels_with_an_axis_of_one() {
    let bench = Bench::new();
    let ids: Vec<u8> = (0..2 * 48_u32).map(|pixel| (pixel * 7 % 3) as u8).collect();
    let predicted: Vec<u8> = (0..2 * 48_u32).map(|pixel| (pixel * 5 % 3) as u8).collect();
    for (name, axes) in [("l3", &[6, 8, 1][..]), ("l2", &[6, 8]), ("l4", &[1, 6, 8, 1])] {
        bench.file(&format!("{name}.npy"), &npy("|u1", axes, &ids[..48]));
        bench.file(&format!("{name}/a.npy"), &npy("|u1", axes, &ids[..48]));
    }
    bench.file("p.npy", &npy("|u1", &[6, 8], &predicted[..48]));
    bench.file("p/a.npy", &npy("|u1", &[6, 8], &predicted[..48]));
    let right = bench.json("eval p.npy l2.npy");
    for labels in ["l3.npy", "l4.npy"] {
        assert_eq!(bench.json(&format!("eval p.npy {labels}"))["pooled"], right["pooled"], "{labels}");
    }
    for labels in ["l3", "l4"] {
        assert_eq!(bench.json(&format!("eval p {labels}"))["pooled"], right["pooled"], "{labels}");
    }
    // An image of one pixel a row is one as well.
    bench.file("tall.npy", &npy("|u1", &[48, 1], &predicted[..48]));
    bench.file("tall3.npy", &npy("|u1", &[48, 1, 1], &ids[..48]));
    assert_eq!(bench.json("eval tall.npy tall3.npy")["pooled"], right["pooled"]);
    bench.file("many4.npy", &npy("|u1", &[2, 6, 8, 1], &ids));
    bench.file("many3.npy", &npy("|u1", &[2, 6, 8], &ids));
    bench.file("both.npy", &npy("|u1", &[2, 6, 8], &predicted));
    assert_eq!(
        bench.json("eval both.npy many4.npy")["pooled"],
        bench.json("eval both.npy many3.npy")["pooled"]
    );
    bench.file("far.npy", &npy("<u2", &[6, 8], &[vec![0; 94], vec![255, 255]].concat()));
    let line = bench.refusal("eval p.npy far.npy");
    assert!(line.contains("found class id 65535") && line.contains("say --ignore 65535"), "{line}");
    bench.stdout("eval p.npy far.npy --ignore 65535", 0);
}

/// A count of several files is said to be of them all.
#[test]
fn ids_that_are_no_class() {
    let bench = Bench::new();
    for (name, id) in [("a", 1), ("b", 7), ("c", 7)] {
        bench.file(&format!("p/{name}.png"), &png_grey(2, 1, &[0, id]));
        bench.file(&format!("g/{name}.png"), &png_grey(2, 1, &[0, 1]));
    }
    let said = bench.notes("eval p g --classes 2");
    assert!(said.contains("b.png: 2 pixels of this and of all files after it are predicted as 7"), "{said}");
    let said = bench.notes("eval p/b.png g/b.png --classes 2");
    assert!(said.contains("b.png: 1 pixels are predicted as 7"), "{said}");
}
