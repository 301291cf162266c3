//! Classes that nobody counted: what is found in labels and predictions, wherever it stands.

use serde_json::Value;

use super::support::{Bench, npy, png_grey};

const IMAGES: usize = 6;

/// Ids of 5x8 pixels, in blocks; `id` changes the pixels of an image that it is asked for.
fn folder(bench: &Bench, name: &str, id: impl Fn(usize, usize) -> Option<u16>) {
    for image in 0..IMAGES {
        let of = |pixel: usize| id(image, pixel).unwrap_or((pixel / 3 + pixel / 16 + image) as u16 % 4);
        let ids: Vec<u16> = (0..40).map(of).collect();
        let bytes: Option<Vec<u8>> = ids.iter().map(|id| u8::try_from(*id).ok()).collect();
        match bytes {
            Some(bytes) if image % 2 == 0 => {
                bench.file(&format!("{name}/{image}.png"), &png_grey(8, 5, &bytes))
            }
            Some(bytes) => bench.file(&format!("{name}/{image}.npy"), &npy("|u1", &[5, 8], &bytes)),
            None => {
                let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
                bench.file(&format!("{name}/{image}.npy"), &npy("<u2", &[5, 8], &bytes))
            }
        };
    }
}

/// What is said of a folder does not depend on whether its classes were counted, nor on what else is measured or how many
/// threads there are.
fn same(bench: &Bench, line: &str, classes: usize) {
    let counts = "--metrics iou,dice,mean_iou,kappa,weighted_kappa,generalised_dice --per-image --json";
    let said = bench.stdout(&format!("{line} {counts} --classes {classes} --threads 1"), 0);
    for threads in [1, 2, 3, 7] {
        let found = bench.stdout(&format!("{line} {counts} --csv o.csv --threads {threads}"), 0);
        assert!(found == said, "{line}, {threads} threads");
    }
    if classes > 20 {
        // What is measured of each class is no other.
        return;
    }
    let all = bench.stdout(&format!("{line} --per-image --json --csv p.csv"), 0);
    assert!(all == bench.stdout(&format!("{line} --per-image --json --classes {classes}"), 0), "{line}");
    let [all, counts] = [all, said].map(|text| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(all["classes"].as_array().map(Vec::len), Some(classes), "{line}");
    assert_eq!(all["confusion"]["counts"], counts["confusion"]["counts"], "{line}");
    assert_eq!(all["pooled"]["kappa"], counts["pooled"]["kappa"], "{line}");
}

/// Images whose counts are more than what is kept of them while the classes are looked for: they are read again.
#[test]
fn counts_past_those_that_are_kept() {
    let bench = Bench::new();
    let (rows, columns) = ((0..=255_u8).flat_map(|id| [id; 256]), (0..=255_u8).cycle().take(256 * 256));
    // 65,536 pairs of ids in each; labels of 255 are not scored.
    let many = |ids: Vec<u8>| npy("|u1", &[33, 256, 256], &ids.repeat(33));
    bench.file("p.npy", &many(columns.collect()));
    bench.file("g.npy", &many(rows.collect()));
    let report =
        |classes: &str| bench.json(&format!("eval p.npy g.npy --metrics accuracy,mean_iou{classes}"));
    let (found, said) = (report(""), report(" --classes 255"));
    assert_eq!((&found["images"], &found["pixels"]), (&33.into(), &(33 * 255 * 256).into()));
    for key in ["pooled", "per_image_mean", "confusion"] {
        assert_eq!(found[key], said[key], "{key}");
    }
}

#[test]
fn a_class_of_the_last_image_counts() {
    let bench = Bench::new();
    let moved = |_: usize, pixel: usize| pixel.is_multiple_of(7).then_some(1);
    folder(&bench, "p", moved);
    folder(&bench, "l", |_, pixel| (pixel == 3).then_some(255));
    same(&bench, "eval p l", 4);
    let last = |image: usize, pixel: usize| image == IMAGES - 1 && pixel == 39;
    folder(&bench, "labelled", |image, pixel| last(image, pixel).then_some(9));
    same(&bench, "eval p labelled", 10);
    folder(&bench, "predicted", |image, pixel| last(image, pixel).then_some(11));
    same(&bench, "eval predicted l", 12);
    // Where it is not scored, a prediction is a class all the same.
    folder(&bench, "unscored", |image, pixel| last(image, pixel).then_some(255));
    same(&bench, "eval predicted unscored", 12);
}

#[test]
fn ids_above_a_byte() {
    let bench = Bench::new();
    folder(&bench, "p", |image, pixel| (image == 4 && pixel < 9).then_some(256));
    folder(&bench, "l", |image, pixel| (image % 3 == 1 && pixel < 5).then_some(300));
    // Of as many classes 255 is one, if nobody says what is ignored.
    same(&bench, "eval p l --ignore 255", 301);
    same(&bench, "eval p l --ignore 300", 257);
    bench.file("to.csv", b"from,to\n0,0\n1,1\n2,700\n3,3\n256,5\n300,2\n");
    same(&bench, "eval p l --ignore 255 --map to.csv", 701);
    same(&bench, "eval p p --ignore 255 --map labels=to.csv", 701);
}

#[test]
fn ids_that_are_no_classes() {
    let bench = Bench::new();
    folder(&bench, "p", |image, pixel| (image == 2 && pixel > 30).then_some(255));
    folder(&bench, "l", |_, pixel| pixel.is_multiple_of(5).then_some(255));
    same(&bench, "eval p l", 4);
    // What is predicted as an ignored id counts as wrong, and is told.
    for flags in ["", "--metrics mean_iou", "--classes 4", "--metrics mean_iou --threads 3"] {
        let stderr = bench.notes(&format!("eval p l {flags}"));
        assert!(
            stderr.contains("2.png: 8 pixels of this and of all files after it are predicted as 255"),
            "{stderr}"
        );
    }
    same(&bench, "eval p l --ignore none", 256);
    same(&bench, "eval p l --ignore 1,255", 4);
    // Class 1 is in no file.
    bench.file("to.csv", b"from,to\n0,0\n1,0\n2,2\n3,4\n255,255\n");
    same(&bench, "eval p l --map to.csv", 5);
    folder(&bench, "far", |image, pixel| (image == 1 && pixel == 7).then_some(1024));
    let stderr = bench.refusal("eval far l --metrics mean_iou");
    assert!(
        stderr.contains("found class id 1024 in predictions or labels, expected at most 1024 classes"),
        "{stderr}"
    );
}
