//! Folders and dumps as data sets and exporters lay them out.
#![allow(clippy::float_cmp, reason = "the same numbers by two ways")]

mod support;

use support::{Bench, npy, npy_f32, png_grey};

/// A picture of these colours, a row of them.
fn picture(colours: &[[u8; 3]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, colours.len() as u32, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(colours.as_flattened()).unwrap();
    bytes
}

/// `CamVid`: pictures in the colours of a table without ids, with a suffix.
#[test]
fn pictures_with_a_table_of_colours() {
    let bench = Bench::new();
    bench.file("label_colors.txt", b"64 128 64\tAnimal\n128 64 128\tRoad\n0 0 0\tVoid\n");
    let (animal, road, void) = ([64, 128, 64], [128, 64, 128], [0, 0, 0]);
    bench.file("labels/0016E5_1_L.png", &picture(&[animal, road, road, void]));
    bench.file("pred/0016E5_1.png", &png_grey(4, 1, &[0, 1, 0, 1]));
    let line =
        "eval pred labels --pair {}.png={}_L.png --colours label_colors.txt --ignore 2 --classes Animal,Road";
    let report = bench.json(line);
    assert_eq!((&report["pixels"], &report["ignored"]), (&3.into(), &1.into()));
    assert_eq!(report["classes"][1]["iou"], 0.5);
    assert!(bench.refusal("eval pred labels --pair {}.png={}_L.png").contains("--colours"));
    assert!(bench.refusal("eval pred labels").contains("--pair"));
}

/// Cityscapes: a folder for each city, other files beside the labels, ids that are not those of training.
#[test]
fn cities() {
    let bench = Bench::new();
    for (city, labels) in [("aachen", [7, 7, 26, 0]), ("bremen", [26, 7, 4, 7])] {
        bench.file(&format!("pred/{city}/{city}_0_leftImg8bit.png"), &png_grey(4, 1, &[0, 13, 13, 0]));
        bench.file(&format!("gt/{city}/{city}_0_gtFine_labelIds.png"), &png_grey(4, 1, &labels));
        bench.file(&format!("gt/{city}/{city}_0_gtFine_color.png"), &picture(&[[1, 2, 3]; 4]));
        bench.file(&format!("gt/{city}/._{city}_0_gtFine_labelIds.png"), b"no picture");
    }
    let pair = "--pair {}_leftImg8bit.png={}_gtFine_labelIds.png --map labels=cityscapes";
    let report = bench.json(&format!("eval pred gt {pair} --classes 19"));
    assert_eq!((&report["images"], &report["ignored"]), (&2.into(), &2.into()));
    // Road: 2 of 4 found, and 1 more; cars: 1 of 2 found, and 2 more.
    assert_eq!((&report["classes"][0]["iou"], &report["classes"][13]["iou"]), (&0.4.into(), &0.25.into()));
}

/// The same with predictions in one folder, and with the pictures as labels; what shares no folder is told by its own name.
#[test]
fn cities_in_one_folder() {
    let bench = Bench::new();
    let (road, car, parking, trailer) = ([128, 64, 128], [0, 0, 142], [250, 170, 160], [0, 0, 110]);
    for city in ["aachen", "bremen"] {
        bench.file(&format!("pred/{city}_0_leftImg8bit.png"), &png_grey(4, 1, &[0, 13, 13, 0]));
        bench.file(&format!("gt/{city}/{city}_0_gtFine_labelIds.png"), &png_grey(4, 1, &[7, 7, 26, 6]));
        bench.file(&format!("gt/{city}/{city}_0_gtFine_color.png"), &picture(&[road, road, car, parking]));
    }
    bench.file("gt/bremen/bremen_0_gtFine_color.png", &picture(&[road, road, car, trailer]));
    let ids =
        bench.json("eval pred gt --pair {}_leftImg8bit.png={}_gtFine_labelIds.png --map labels=cityscapes");
    let colours =
        bench.json("eval pred gt --pair {}_leftImg8bit.png={}_gtFine_color.png --colours cityscapes");
    assert_eq!(
        (&ids["images"], &ids["ignored"], &ids["classes"][0]["iou"]),
        (&2.into(), &2.into(), &0.5.into())
    );
    assert_eq!(ids["pooled"], colours["pooled"]);
    // Names that are in two folders tell nothing.
    for city in ["aachen", "bremen"] {
        bench.file(&format!("twice/{city}/a.png"), &png_grey(4, 1, &[0; 4]));
    }
    bench.file("flat/a.png", &png_grey(4, 1, &[0; 4]));
    let said = bench.refusal("eval flat twice");
    assert!(
        said.contains("twice/aachen/a.png: found no image") && said.contains("or a CSV of pairs"),
        "{said}"
    );
    let said = bench.refusal("eval pred gt --pair {}_leftImg8bit.png={}_gtFine_color.png --colours voc");
    assert!(said.contains("which --colours voc does not have: give a table of your own"), "{said}");
}

/// Outputs of networks, one to a file, with classes last and an axis for one image.
#[test]
fn outputs_of_networks_in_a_folder() {
    let bench = Bench::new();
    let (height, width, classes) = (40, 6, 3);
    let score = |pixel: usize, class: usize| ((pixel * 37 + class * 101) % 97) as f32 / 9.0 - 5.0;
    let pixels = 0..height * width;
    let last: Vec<f32> = pixels.clone().flat_map(|p| (0..classes).map(move |c| score(p, c))).collect();
    let first: Vec<f32> = (0..classes).flat_map(|c| pixels.clone().map(move |p| score(p, c))).collect();
    bench.file("last/a.npy", &npy_f32(&[1, height, width, classes], &last));
    bench.file("three/a.npy", &npy_f32(&[height, width, classes], &last));
    bench.file("first/a.npy", &npy_f32(&[classes, height, width], &first));
    let ids: Vec<u8> = pixels.map(|pixel| (pixel * 7 % classes) as u8).collect();
    bench.file("g/a.png", &png_grey(width as u32, height as u32, &ids));
    let expected = bench.json("eval first g --layout chw");
    for folder in ["last", "three", "first"] {
        assert_eq!(bench.json(&format!("eval {folder} g")), expected, "{folder}");
    }
    // One image alone is many: the message says what it can be.
    let said = bench.refusal("eval three/a.npy g/a.png");
    assert!(said.contains("of one image with 3 classes say --layout hwc"), "{said}");
    assert_eq!(bench.json("eval three/a.npy g/a.png --layout hwc")["pooled"], expected["pooled"]);
    let codes: Vec<u8> = (0..240).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    bench.file("column.npy", &npy("|i1", &[40, 6, 1], &codes));
    let said = bench.notes("profile column.npy --scale 0.1 --zero-point 0 --out x");
    assert!(said.contains("was read as 40 images of 6x1: of one image 40x6 say --layout hwc"), "{said}");
}

/// One number per pixel with an axis of its own, a single mask for one frame of many, and bitmaps of any depth.
#[test]
fn masks_as_others_write_them() {
    let bench = Bench::new();
    let ids: Vec<u8> = (0..60).map(|n| u8::from(n % 3 == 0)).collect();
    bench.file("p/a.npy", &npy("|u1", &[6, 10, 1], &ids));
    bench.file("g/a.npy", &npy("|u1", &[1, 6, 10], &ids));
    assert_eq!(bench.json("eval p g --layout hwc")["pooled"]["mean_iou"], 1.0);
    bench.file("h/a.npy", &npy("|u1", &[6, 10, 1], &ids));
    assert_eq!(bench.json("eval g h")["pooled"]["mean_iou"], 1.0);
    for (bits, palette) in [(1, 2), (4, 16), (8, 256)] {
        bench.file("b/a.bmp", &bitmap(10, 6, bits, palette, &ids));
        assert_eq!(bench.json("eval b g")["pooled"]["mean_iou"], 1.0, "{bits} bits");
    }
    let frames: Vec<u8> = (0..40 * 60).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    bench.file("f.npy", &npy("|i1", &[40, 6, 10], &frames));
    bench.file("one.png", &png_grey(10, 6, &ids));
    let line = "profile f.npy --scale 0.1 --zero-point 0 --labels one.png --label-frames 7 --out x";
    assert!(bench.stdout(line, 0).contains("1 frames with labels"));
}

/// A bitmap of Windows, rows from the bottom, with a grey palette.
fn bitmap(width: usize, height: usize, bits: usize, palette: usize, ids: &[u8]) -> Vec<u8> {
    let row = (width * bits).div_ceil(32) * 4;
    let start = 54 + 4 * palette;
    let mut bytes = b"BM".to_vec();
    for word in
        [start + row * height, 0, start, 40, width, height, 1 | bits << 16, 0, row * height, 0, 0, palette, 0]
    {
        bytes.extend((word as u32).to_le_bytes());
    }
    (0..palette).for_each(|place| bytes.extend([(place * 255 / (palette - 1)) as u8, 7, place as u8, 0]));
    for ids in ids.chunks(width).rev() {
        let mut packed = vec![0_u8; row];
        for (place, id) in ids.iter().enumerate() {
            packed[place * bits / 8] |= id << (8 - bits - place * bits % 8);
        }
        bytes.extend(packed);
    }
    bytes
}

/// What an exporter of 8-bit networks writes: softmax and sigmoid heads, channels last, with steps of their own.
#[test]
fn heads_in_8_bits_with_channels_last() {
    let bench = Bench::new();
    let codes: Vec<u8> = (0..2 * 3 * 4 * 3).map(|n| (n * 83 % 251) as u8).collect();
    let shares: Vec<f32> = codes.iter().map(|code| f32::from(*code) / 256.0).collect();
    bench.file("u8.npy", &npy("|u1", &[2, 3, 4, 3], &codes));
    bench.file("f32.npy", &npy_f32(&[2, 3, 4, 3], &shares));
    bench.file("g.npy", &npy("|u1", &[2, 3, 4], &(0..24).map(|n| n % 3).collect::<Vec<u8>>()));
    let eight = "--layout hwc --probabilities --scale 0.00390625 --zero-point 0";
    let floats = "--layout hwc --probabilities";
    for line in ["loss dice --labels g.npy --logits", "eval --metrics mean_iou,nll,brier,ece,auroc"] {
        let [one, other] = [("u8.npy", eight), ("f32.npy", floats)].map(|(file, flags)| {
            let labels = if line.starts_with("eval") { "g.npy" } else { "" };
            let mut report = bench.json(&format!("{line} {file} {labels} {flags}"));
            report
                .as_object_mut()
                .unwrap()
                .retain(|key, _| !["definition", "parameters"].contains(&key.as_str()));
            report
        });
        assert_eq!(one, other, "{line}");
    }
    assert!(bench.refusal("eval u8.npy g.npy").contains("--layout hwc"));
    // One channel at the end is no channel at all.
    let codes: Vec<u8> = (0..40 * 6 * 8).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    bench.file("s4.npy", &npy("|i1", &[40, 6, 8, 1], &codes));
    bench.file("s3.npy", &npy("|i1", &[40, 6, 8], &codes));
    let flags = "--probabilities --scale 0.00390625 --zero-point -128";
    let [four, said, three] =
        [("s4.npy", ""), ("s4.npy", "--layout hwc"), ("s3.npy", "")].map(|(file, layout)| {
            let mut report = bench.json(&format!("profile {file} {layout} {flags} --out {file}.profile"));
            report.as_object_mut().unwrap().remove("profile");
            report
        });
    assert!(four == three && said == three);
    for frame in 0..40 {
        bench.file(
            &format!("one/{frame}.npy"),
            &npy("|i1", &[1, 6, 8, 1], &codes[frame * 48..frame * 48 + 48]),
        );
    }
    let mut folder = bench.json(&format!("profile one {flags} --out one.profile"));
    folder.as_object_mut().unwrap().remove("profile");
    assert_eq!(folder, three);
    let [four, three] = [("s4.npy", "--layout hwc"), ("s3.npy", "")].map(|(file, layout)| {
        bench.json_lines(&format!("watch {file} {layout} --profile s3.npy.profile"), 0)
    });
    assert_eq!(four, three);
}

/// Whatever reads folders leaves out what is broken if asked to, names it, and is refused without.
#[test]
fn what_cannot_be_read_is_left_out() {
    let bench = Bench::new();
    let codes = |seed: u32| (0..48).map(|n: u32| ((n * n + seed * 17) * 31 % 253) as u8).collect::<Vec<_>>();
    for frame in 1..=12 {
        bench.file(&format!("f/{frame}.npy"), &npy("|i1", &[6, 8], &codes(frame)));
        bench.file(&format!("g/{frame}.png"), &png_grey(8, 6, &[0, 1].repeat(24)));
    }
    let flags = "--scale 0.1 --zero-point 0";
    bench.json(&format!("profile f {flags} --out whole.profile"));
    // The first of all: what is looked at before the others.
    bench.file("f/1.npy", b"no array");
    for line in [
        format!("profile f {flags} --out p"),
        format!("watch f --profile whole.profile {flags}"),
        format!("loss dice --logits f --labels g {flags}"),
        format!("eval f g {flags}"),
        format!("device f --host --labels g --profile whole.profile {flags}"),
    ] {
        assert!(
            String::from_utf8(bench.run(&line).stderr).unwrap().contains("f/1.npy: not an .npy file"),
            "{line}"
        );
        let output = bench.run(&format!("{line} --keep-going --json"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {stderr}");
        assert!(
            stderr.contains("f/1.npy: not an .npy file") && stderr.contains("1 of 12 images"),
            "{line}: {stderr}"
        );
    }
    let lines = bench.json_lines(&format!("watch f --profile whole.profile {flags} --keep-going"), 0);
    assert_eq!((&lines[0]["invalid"], &lines[12]["invalid"]), (&"missing".into(), &1.into()));
}

/// A list may have a heading, and an image is called what its prediction is called.
#[test]
fn lists_of_pairs_name_images() {
    let bench = Bench::new();
    bench.file("p/a.png", &png_grey(2, 1, &[0, 1]));
    bench.file("g/x.png", &png_grey(2, 1, &[0, 1]));
    bench.file("pairs.csv", b"prediction,label\na.png,x.png\n");
    let report = bench.json("eval p g --pair pairs.csv --per-image");
    assert_eq!((&report["per_image"][0]["image"], &report["pooled"]["mean_iou"]), (&"a".into(), &1.0.into()));
    bench.file("pairs.csv", b"a.png,y.png\n");
    assert!(
        bench
            .refusal("eval p g --pair pairs.csv")
            .contains("pairs.csv: found no file y.png in g or from here")
    );
    bench.file("pairs.csv", b"a.png\n");
    assert!(bench.refusal("eval p g --pair pairs.csv").contains("found 1 columns in line 1"));
}

/// A number above 1 is no probability, whoever reads it; one that is not finite makes a frame invalid.
#[test]
fn probabilities_out_of_range_are_refused() {
    let bench = Bench::new();
    let mut values = vec![0.25; 40 * 8];
    (0..values.len()).step_by(3).for_each(|place| values[place] = 0.75);
    values[9] = 1.5;
    bench.file("p.npy", &npy_f32(&[40, 2, 4], &values));
    bench.file("g.npy", &npy("|u1", &[40, 2, 4], &[0, 1].repeat(160)));
    for line in ["profile p.npy --out x", "eval p.npy g.npy", "loss dice --logits p.npy --labels g.npy"] {
        let stderr = bench.refusal(&format!("{line} --probabilities"));
        assert!(
            stderr.contains("p.npy: found 1.5 at") && stderr.contains("probabilities in [0, 1]"),
            "{line}: {stderr}"
        );
    }
}

/// Folders on one side alone pair by file names, unless two labels have the same.
#[test]
fn labels_that_share_a_file_name() {
    let bench = Bench::new();
    let mask = png_grey(2, 2, &[0, 1, 1, 0]);
    bench.file("p/0.png", &mask);
    bench.file("one/c1/0.png", &mask);
    assert_eq!(bench.json("eval p one")["images"], 1);
    bench.file("p/1.png", &mask);
    bench.file("two/c1/0.png", &mask);
    bench.file("two/c2/0.png", &mask);
    let said = bench.refusal("eval p two");
    assert!(
        said.contains("one of this file name is elsewhere, which counts where no two labels share a name"),
        "{said}"
    );
}
