//! Files of every kind, and what is refused.

use super::support::{Bench, logits, npy, npy_f32, png_grey};

/// Logits of every class: the highest wins, the lowest id where several are, whatever the layout and the type.
#[test]
fn logits_of_classes() {
    let bench = Bench::new();
    let z = logits(2 * 3 * 20).into_iter().map(|z| z.round()).collect::<Vec<_>>();
    let labels: Vec<u8> = (0..40).map(|pixel| if pixel % 9 == 0 { 255 } else { (pixel % 3) as u8 }).collect();
    let at = |pixel: usize, class: usize| z[(pixel / 20 * 3 + class) * 20 + pixel % 20];
    let mut ties = 0;
    let highest = |pixel: usize| {
        let best = (0..3).map(|class| at(pixel, class)).fold(f32::MIN, f32::max);
        ties += usize::from((0..3).filter(|class| at(pixel, *class) >= best).count() > 1);
        (0..3).position(|class| at(pixel, class) >= best).unwrap() as u8
    };
    let masks: Vec<u8> = (0..40).map(highest).collect();
    assert!(ties > 0, "no tie to break");
    bench.file("g.npy", &npy("|u1", &[2, 4, 5], &labels));
    bench.file("p.npy", &npy("|u1", &[2, 4, 5], &masks));
    let swapped: Vec<f32> = z.chunks(60).flat_map(|z| segmeter::files::transposed(z, 3, 20, 1)).collect();
    bench.file("chw.npy", &npy_f32(&[2, 3, 4, 5], &z));
    bench.file("hwc.npy", &npy_f32(&[2, 4, 5, 3], &swapped));
    let codes: Vec<u8> = z.iter().map(|z| (*z as i8).cast_unsigned()).collect();
    bench.file("i8.npy", &npy("|i1", &[2, 3, 4, 5], &codes));
    bench.file("u8.npy", &npy("|u1", &[2, 3, 4, 5], &codes));
    // What only scores tell is tested beside them.
    let of_masks = |line: &str| {
        let mut report = bench.json(line);
        for key in ["threshold", "calibration", "definition", "undefined"] {
            report.as_object_mut().unwrap().remove(key);
        }
        report
    };
    let expected = of_masks("eval p.npy g.npy --classes 3");
    assert_eq!(of_masks("eval chw.npy g.npy"), expected);
    assert_eq!(of_masks("eval hwc.npy g.npy --layout hwc --classes 3"), expected);
    assert_eq!(of_masks("eval i8.npy g.npy --layout chw --scale 0.5 --zero-point 0"), expected);
    assert_eq!(bench.json("eval hwc.npy g.npy --layout hwc"), bench.json("eval chw.npy g.npy"));
    // In steps of 1/255, as they are: the same from floats.
    let probabilities: Vec<f32> = codes.iter().map(|code| f32::from(*code) / 255.0).collect();
    bench.file("pf.npy", &npy_f32(&[2, 3, 4, 5], &probabilities));
    let eight = bench.json("eval u8.npy g.npy --layout chw --probabilities");
    let floats = bench.json("eval pf.npy g.npy --layout chw --probabilities");
    assert_eq!((&eight["calibration"], &eight["pooled"]), (&floats["calibration"], &floats["pooled"]));
    assert!(eight["calibration"]["nll"].as_f64().is_some_and(|nll| nll > 0.0));
    for (line, found) in [
        (
            "eval chw.npy g.npy --classes a,b",
            "chw.npy: found --classes for 2, expected 3 for scores of as many classes",
        ),
        ("eval chw.npy g.npy --layout hw", "chw.npy: found axes (2,3,4,5), expected (H,W) or (N,H,W)"),
        ("eval chw.npy g.npy --threshold 0.7", "--threshold is not available"),
        ("eval i8.npy g.npy", "i8.npy: found i8, which needs --scale"),
    ] {
        let stderr = bench.refusal(line);
        assert!(stderr.contains(found), "{line}: {stderr}");
    }
}

/// Of directories, partners have the same name; their places among the selected frames do not matter.
#[test]
fn masks_are_partners_by_name_whatever_frames_are_selected() {
    let bench = Bench::new();
    // 1, 2, 3 and 4 pixels of road, all of them found.
    for (road, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        let ids: Vec<u8> = (0..4).map(|pixel| u8::from(pixel < road)).collect();
        bench.file(&format!("p/{name}.png"), &png_grey(4, 1, &ids));
        bench.file(&format!("g/{name}.png"), &png_grey(4, 1, &ids));
        if name != "a" {
            bench.file(&format!("some/{name}.png"), &png_grey(4, 1, &ids));
        }
    }
    for (frames, count) in [("1,3", 2), ("2..4", 2), ("3,1", 2), ("0", 1)] {
        let report = bench.json(&format!("eval p g --frames {frames} --classes 2"));
        assert_eq!(
            (&report["images"], &report["pooled"]["mean_iou"]),
            (&count.into(), &report["pooled"]["pixel_accuracy"])
        );
        assert_eq!(report["pooled"]["pixel_accuracy"], 1.0, "{frames}");
    }
    // `a` has no labels, and is not asked for.
    let report = bench.json("eval p some --frames 1..4 --classes 2");
    assert_eq!(report["pooled"]["pixel_accuracy"], 1.0);
}

#[test]
fn bad_input_leaves_nothing_behind() {
    let bench = Bench::new();
    let rgb = |depth| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(if depth == png::BitDepth::Sixteen {
            png::ColorType::Grayscale
        } else {
            png::ColorType::Rgb
        });
        encoder.set_depth(depth);
        let size = if depth == png::BitDepth::Sixteen { 4 } else { 6 };
        encoder.write_header().unwrap().write_image_data(&[9, 44, 0, 0, 0, 0][..size]).unwrap();
        bytes
    };
    let two = png_grey(2, 1, &[0, 1]);
    for (directory, files) in [
        ("p", vec![("a", two.clone()), ("b", two.clone())]),
        ("g", vec![("a", two.clone()), ("b", two.clone())]),
        ("few", vec![("a", two.clone())]),
        ("other", vec![("a", two.clone()), ("z", two.clone())]),
        ("wide", vec![("a", two.clone()), ("b", png_grey(3, 1, &[0, 1, 1]))]),
        ("rgb", vec![("a", two.clone()), ("b", rgb(png::BitDepth::Eight))]),
        ("deep", vec![("a", two.clone()), ("b", rgb(png::BitDepth::Sixteen))]),
        ("four", vec![("a", two.clone()), ("b", png_grey(2, 1, &[0, 4]))]),
    ] {
        files.into_iter().for_each(|(name, bytes)| {
            bench.file(&format!("{directory}/{name}.png"), &bytes);
        });
    }
    bench.file("empty/notes.txt", b"");
    bench.file("z.npy", &npy_f32(&[1, 2], &[0.0; 2]));
    bench.file("one.png", &two);
    let cases = [
        ("eval p wide", "wide/b.png: found 1x3 pixels, expected 1x2"),
        ("eval p few", "few: found no mask `b`, expected one for each image of p"),
        ("eval few g", "g/b.png: found no image for these labels in few"),
        ("eval p other", "other/z.png: found no image"),
        ("eval p rgb", "rgb/b.png: found 8-bit Rgb pixels, expected a class id in each, grey or palette"),
        ("eval rgb g", "rgb/b.png: found 8-bit Rgb pixels"),
        (
            "eval p deep",
            "p: found class id 2348 in predictions or labels, expected at most 1024 classes: give other ids with --map",
        ),
        ("eval p four --classes 2", "four/b.png: found class id 4 at pixel 1 of image b, expected 0 to 1"),
        ("eval p empty", "empty: found no .npy, .npz, .png, .bmp, .tif, .tiff, .bin in this folder or below"),
        ("eval empty g", "empty: found no .npy, .npz, .png"),
        ("eval p missing", "missing"),
        ("eval p g --csv missing/e.csv", "missing/e.csv: cannot be written"),
        ("eval p g --report missing/r.html", "missing/r.html: cannot be written"),
        ("eval p g --csv e.csv --report g", "g: cannot be written: found a directory"),
        ("eval p g --metrics iuo", "found metric `iuo`: did you mean iou"),
        ("eval p g --preset numpy", "found --preset numpy, expected one of monai,"),
        ("eval p g --worst-by iuo --report r.html", "found --worst-by iuo, expected one of"),
        ("eval p g --spacing 1", "found --spacing 1, expected two numbers"),
        ("eval p g --spacing 1,0", "found --spacing 1,0, expected"),
        ("eval p g --tolerance NaN", "found --tolerance NaN, expected a finite number"),
        ("eval p g --beta inf", "found --beta inf"),
        ("eval p g --ego 2", "ego"),
        ("eval z.npy one.png --preset kitti_road", "z.npy: found floats, expected 8-bit"),
    ];
    for (line, expected) in cases {
        let stderr = bench.refusal(&format!("{line} --threads 2"));
        assert!(stderr.contains(expected), "{line}: {stderr}");
    }
    // An outcome that was there before is still there.
    bench.file("e.csv", b"precious");
    bench.refusal("eval p four --classes 2 --csv e.csv --report r.html");
    assert_eq!(std::fs::read(bench.path("e.csv")).unwrap(), b"precious");
}
