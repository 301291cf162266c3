//! `eval --partial` and `segmeter merge`: the report of one run, byte for byte, however images are shared out; interrupts;
//! what is refused.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use segmeter::files::partial;
use support::{Bench, logits, npy, npy_f32};

mod support;

const IMAGES: usize = 12;
const PIXELS: usize = 6 * 9;

/// Numbers that look arbitrary, below `end`.
fn random(state: &mut u64, end: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % end
}

/// Labels of three classes with ignored pixels; masks, scores of three classes, and 8-bit scores of one.
fn images(bench: &Bench) {
    let mut state = 7;
    let all = logits(IMAGES * PIXELS * 3);
    for image in 0..IMAGES {
        let labels: Vec<u8> =
            (0..PIXELS).map(|pixel| [0, 1, 2, 255][pixel / 7 % 4 * usize::from(pixel % 5 != 0)]).collect();
        let mut masks = labels.clone();
        masks.iter_mut().for_each(|id| {
            if random(&mut state, 4) == 0 || *id == 255 {
                *id = random(&mut state, if image == 3 { 5 } else { 3 }) as u8;
            }
        });
        let two: Vec<u8> = labels.iter().map(|id| if *id == 2 { 1 } else { *id }).collect();
        let scores = &all[image * PIXELS * 3..(image + 1) * PIXELS * 3];
        let codes: Vec<u8> = scores[..PIXELS].iter().map(|z| ((z * 20.0) as i8).cast_unsigned()).collect();
        bench.file(&format!("g/im{image}.npy"), &npy("|u1", &[6, 9], &labels));
        bench.file(&format!("g2/im{image}.npy"), &npy("|u1", &[6, 9], &two));
        bench.file(&format!("p/im{image}.npy"), &npy("|u1", &[6, 9], &masks));
        bench.file(&format!("z/im{image}.npy"), &npy_f32(&[3, 6, 9], scores));
        bench.file(&format!("b/im{image}.npy"), &npy_f32(&[6, 9], &scores[..PIXELS]));
        bench.file(&format!("q/im{image}.npy"), &npy("|i1", &[6, 9], &codes));
    }
}

const LINES: [&str; 5] = [
    "eval p g --classes sky,road,car --background",
    "eval z g --layout chw --metrics all --categories all=0,1",
    "eval q g2 --scale 0.05 --zero-point 3 --metrics all --categories c=foreground --bins 7",
    "eval b g2 --metrics all --categories c=background --percentile 90",
    "eval p g2 --foreground 1 --metrics iou,dice,corridor_width,panoptic_quality --preset panoptica",
];

/// Stdout and the CSV.
fn report(bench: &Bench, line: &str, form: &str) -> (String, Vec<u8>) {
    let text = bench.stdout(&format!("{line} --csv out.csv {form}"), 0);
    (text, std::fs::read(bench.path("out.csv")).unwrap())
}

/// Random partitions into 1 to 5 shards, in any order, of every kind of predictions.
#[test]
fn shards_are_one_run() {
    let bench = Bench::new();
    images(&bench);
    let mut state = 99;
    for line in LINES {
        let forms = ["--json --per-image", "--per-image", "--json --require mean_iou>=0"];
        for shards in 1..=5 {
            let mut of: Vec<Vec<usize>> = vec![Vec::new(); shards];
            (0..IMAGES).for_each(|image| of[random(&mut state, shards)].push(image));
            let mut files = Vec::new();
            for (shard, images) in of.iter().enumerate().filter(|(_, images)| !images.is_empty()) {
                let file = format!("{shards}-{shard}.part");
                let list: Vec<String> = images.iter().rev().map(ToString::to_string).collect();
                let _ = std::fs::remove_file(bench.path(&file));
                bench.stdout(&format!("{line} --frames {} --partial {file} --json", list.join(",")), 0);
                let place = random(&mut state, files.len() + 1);
                files.insert(place, file);
            }
            let form = forms[shards % forms.len()];
            // Not everything is computed in every line.
            let of_class = form.replace("mean_iou", "foreground.iou");
            let form = if line.contains("--metrics iou") { &of_class } else { form };
            let expected = report(&bench, line, form);
            assert!(
                report(&bench, &format!("merge {}", files.join(" ")), form) == expected,
                "{line}: {files:?} {form}"
            );
            // A state of some is a state like any other.
            bench.stdout(&format!("merge {} --partial all.part --json", files.join(" ")), 0);
            assert!(report(&bench, "merge all.part", form) == expected, "{line}");
            // A run that keeps its state reports what one without does.
            let _ = std::fs::remove_file(bench.path("whole.part"));
            assert!(report(&bench, &format!("{line} --partial whole.part"), form) == expected, "{line}");
            let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
            assert_eq!(read("whole.part"), read("all.part"), "{line}");
        }
    }
}

/// What is found does not depend on threads, so neither does the file.
#[test]
fn states_are_the_same_bytes() {
    let bench = Bench::new();
    images(&bench);
    let state = |flags: &str| {
        let _ = std::fs::remove_file(bench.path("s.part"));
        bench.stdout(&format!("{} --partial s.part --json {flags}", LINES[1]), 0);
        std::fs::read(bench.path("s.part")).unwrap()
    };
    let expected = state("--threads 1");
    for flags in ["--threads 5", "--save-every 0", "--level scalar"] {
        assert_eq!(state(flags), expected, "{flags}");
    }
}

fn start(bench: &Bench, line: &str) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segmeter"));
    command.args(line.split_whitespace()).current_dir(bench.path(""));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn saved(file: &Path) -> usize {
    std::fs::read(file).ok().map_or(0, |bytes| partial::read(&bytes).unwrap().images.len())
}

/// Killed at any time, the file is whole, and the same command goes on from it.
#[test]
fn interrupts_lose_little() {
    let bench = Bench::new();
    // Noise on one thread, the last image large: each signal comes before the end, however late it is sent.
    const SIDE: usize = 400;
    const LARGE: usize = 3000;
    let mut state = 5;
    for image in 0..40 {
        let side = if image == 39 { LARGE } else { SIDE };
        let mut ids = || (0..side * side).map(|_| random(&mut state, 3) as u8).collect::<Vec<_>>();
        bench.file(&format!("p/{image}.npy"), &npy("|u1", &[side, side], &ids()));
        bench.file(&format!("g/{image}.npy"), &npy("|u1", &[side, side], &ids()));
    }
    let line = "eval p g --classes 3 --json --threads 1";
    let expected = bench.stdout(line, 0);
    let file = bench.path("s.part");
    let partial = format!("{line} --partial s.part --save-every 0");
    let mut last = 0;
    // Those that whoever runs the tests may have ignored (a job in the background, nohup) are left out.
    for signal in ["KILL", "TERM", "KILL"] {
        let mut child = start(&bench, &partial);
        let began = Instant::now();
        // The first images are fast; if all of them are there, the large one is under way.
        let limit = Duration::from_secs(if last == 0 { 60 } else { 1 });
        while saved(&file) <= last && began.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(2));
        }
        let pid = child.id().to_string();
        Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(!child.wait().unwrap().success(), "{signal} came too late");
        assert!((last.max(1)..40).contains(&saved(&file)), "{signal}");
        last = saved(&file);
    }
    // Images that are in the file are not read again.
    let known = partial::read(&std::fs::read(&file).unwrap()).unwrap().images;
    bench.file(&format!("p/{}.npy", known[0].name), &npy("|u1", &[SIDE, SIDE], &[0; SIDE * SIDE]));
    let output = bench.run(&partial);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("went on from {last} of 40 images")));
    // What is complete is reported again, and left as it is.
    let before = std::fs::read(&file).unwrap();
    assert_eq!(bench.stdout(&partial, 0), expected);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn what_cannot_be_read_does_not_lose_the_rest() {
    let bench = Bench::new();
    images(&bench);
    bench.file("p/im7.npy", b"broken");
    let line = format!("{} --partial s.part --threads 1", LINES[0]);
    let output = bench.run(&line);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("p/im7.npy"));
    assert_eq!(saved(&bench.path("s.part")), 7);
}

#[test]
fn what_cannot_be_merged() {
    let bench = Bench::new();
    images(&bench);
    let line = LINES[0];
    bench.stdout(&format!("{line} --frames 0..5 --partial a.part"), 0);
    bench.stdout(&format!("{line} --frames 5..9 --partial b.part"), 0);
    bench.stdout(&format!("{line} --frames 4..9 --partial c.part"), 0);
    let refusal = bench.refusal("merge a.part b.part c.part");
    assert!(
        refusal.contains("c.part: found image im4, which is in a.part too") && refusal.contains("--frames"),
        "{refusal}"
    );
    assert!(bench.refusal("merge a.part a.part").contains("a.part: found image im0, which is in a.part too"));
    // Everything that decides a number, and names the flag.
    for (flags, expected) in [
        ("--ignore 254", "--ignore [254], expected [255] as in a.part"),
        ("--metrics iou", "--metrics \"iou\", expected nothing said"),
        ("--tolerance 3", "--tolerance 3.0, expected nothing said"),
        ("--beta 3", "--beta 3.0, expected 2.0"),
        ("--preset monai", "--preset \"monai\""),
        ("--connectivity 8", "--connectivity \"8\""),
        ("--bins 3", "--bins 3"),
        ("--valid v.npy", "--valid true, expected false"),
        ("--map m.csv", "--map of labels [[0,0],[1,1],[2,1],[255,255]], expected nothing said"),
    ] {
        bench.file("v.npy", &npy("|u1", &[3, 6, 9], &[1; 3 * PIXELS]));
        bench.file("m.csv", b"0,0\n1,1\n2,1\n255,255\n");
        let _ = std::fs::remove_file(bench.path("d.part"));
        bench.run(&format!("{line} --frames 9..12 --partial d.part {flags}"));
        assert!(bench.path("d.part").exists(), "{flags}");
        let refusal = bench.refusal("merge a.part d.part");
        assert!(refusal.contains("d.part: found ") && refusal.contains(expected), "{flags}: {refusal}");
        assert!(refusal.contains("same flags"), "{refusal}");
        // Neither is such a file gone on from.
        assert!(
            bench.refusal(&format!("{line} --frames 9..12 --partial d.part")).contains("name another file")
        );
    }
    bench.stdout("eval p g --classes a,b,c --background --frames 9..12 --partial e.part", 0);
    assert!(bench.refusal("merge a.part e.part").contains("classes [\"a\",\"b\",\"c\"], expected [\"sky\""));
    // A state of images that are no longer asked for.
    assert!(
        bench
            .refusal(&format!("{line} --frames 0..4 --partial a.part"))
            .contains("found image im4, which is not in p")
    );
    // Classes that the images of a shard do not tell.
    assert!(bench.refusal("eval p g --partial f.part").contains("--classes, which --partial needs"));
    assert!(bench.refusal(&format!("{line} --partial -")).contains("expected a file"));
    assert!(bench.refusal(&format!("{line} --partial p/im0.npy")).contains("would overwrite what is read"));
    assert!(bench.refusal(&format!("{line} --partial g.csv --csv g.csv")).contains("same file"));
    assert!(bench.refusal("merge a.part --csv a.part").contains("would overwrite what is read"));
    assert!(bench.refusal("merge nothing.part").contains("nothing.part: "));
    assert!(bench.refusal("merge p/im0.npy").contains("found no state of an evaluation"));
    // An empty file is a new one, as `mktemp` makes it.
    bench.file("new.part", b"");
    bench.stdout(&format!("{line} --frames 0..2 --partial new.part"), 0);
    // A list of pairs in any order.
    bench.file("pairs.csv", b"im10.npy,im10.npy\nim9.npy,im9.npy\n");
    bench.stdout(&format!("{line} --pair pairs.csv --partial l.part"), 0);
    bench.stdout("merge l.part a.part b.part", 0);
}

/// Whatever byte is changed, the file is refused and named, and so is whatever is cut off.
#[test]
fn a_flipped_bit_is_refused() {
    let bench = Bench::new();
    images(&bench);
    bench.stdout("eval p g --classes 5 --metrics iou --frames 3,4 --partial a.part", 0);
    let bytes = std::fs::read(bench.path("a.part")).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(partial::read(&changed).is_err(), "{place}");
        assert!(partial::read(&bytes[..place]).is_err(), "{place}");
        if place % 97 == 0 {
            bench.file("b.part", &changed);
            let line = bench.refusal("merge b.part");
            assert!(line.contains("b.part: found ") && line.contains("segmeter eval --partial"), "{line}");
        }
    }
}

/// A state with a right checksum and settings or images that no run makes is refused, never believed.
#[test]
fn forged_states_are_refused() {
    let bench = Bench::new();
    images(&bench);
    for line in LINES {
        let _ = std::fs::remove_file(bench.path("a.part"));
        bench.stdout(&format!("{line} --frames 0..2 --partial a.part"), 0);
        let whole = partial::read(&std::fs::read(bench.path("a.part")).unwrap()).unwrap();
        let forge = |change: &dyn Fn(&mut partial::Partial)| {
            let mut forged = whole.clone();
            change(&mut forged);
            let mut bytes = Vec::new();
            partial::write(&mut bytes, &forged).unwrap();
            bench.file("f.part", &bytes);
            bench.run("merge f.part --json --per-image").status.code()
        };
        for place in 0..whole.settings.len() {
            // Whatever a setting is, nothing panics; what is needed is asked for.
            for value in ["null", "-1", "[]", "{}", "x", "\"x\"", "true", "1e300", "0"] {
                let code = forge(&|forged| forged.settings[place].1 = value.to_owned());
                assert!(matches!(code, Some(0 | 2)), "{} {value}: {code:?}", whole.settings[place].0);
            }
            let code = forge(&|forged| drop(forged.settings.remove(place)));
            assert!(matches!(code, Some(0 | 2)), "{}: {code:?}", whole.settings[place].0);
        }
        let changes: [&dyn Fn(&mut partial::ImageState); 7] = [
            &|image| image.counts.push((900, 0, 1)),
            &|image| image.shapes.push(Vec::new()),
            &|image| image.shapes[1].push(segmeter::core::metric::Score::Undefined),
            &|image| image.road = vec![segmeter::core::metric::Score::Undefined; 9],
            &|image| image.classes = vec![partial::Sides::default(); 9],
            &|image| image.shapes.clear(),
            &|image| image.codes = vec![(0, [u64::MAX, 1])],
        ];
        for (place, change) in changes.iter().enumerate() {
            assert_eq!(forge(&|forged| change(&mut forged.images[1])), Some(2), "{line}: {place}");
        }
    }
}

/// What a fuzzer starts from is of the format that is read: the example `seeds` of `tests/fuzz` makes it.
#[test]
fn the_seed_of_the_fuzz_target_is_a_state() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds/partial/two_images");
    let bytes = std::fs::read(file).unwrap();
    let mut written = Vec::new();
    partial::write(&mut written, &partial::read(&bytes).expect("stale: run the example")).unwrap();
    assert_eq!(written, bytes);
}
