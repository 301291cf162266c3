//! What the command writes and where: nothing is lost, half-written, or replaced that is not a regular file. Limits of the
//! system and pipes end in a line, and text from outside does nothing but say what it is.

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{Bench, DEMO, npy, npy_f32, png_bits, png_grey, read_f32};

const LOSS: &str = "loss bce --logits z.npy --labels g.png";
const EVAL: &str = "eval g.png g.png";
const PROGRAM: &str = env!("CARGO_BIN_EXE_segmeter");

/// A bench with logits of two rows of three pixels, and their labels.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[2, 3], &[0.5; 6]));
    bench.file("g.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench
}

/// Runs a line of a shell in the bench, where `segmeter` is the command. What hangs fails.
fn shell(bench: &Bench, line: &str) -> Output {
    let script = format!("segmeter() {{ timeout 120 {PROGRAM} \"$@\"; }}; {line}");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).current_dir(bench.path("")).env_remove("RUST_BACKTRACE").output().unwrap()
}

fn line_of(output: &Output) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    line
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The names in the bench that are not files of the test.
fn temporary(bench: &Bench) -> usize {
    let names = fs::read_dir(bench.path("")).unwrap().map(|file| file.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".segmeter")).count()
}

#[test]
fn a_file_is_replaced_with_its_permissions() {
    let bench = bench();
    let path = bench.file("d.npy", b"old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&path).unwrap();
    bench.stdout(&format!("{LOSS} --gradient d.npy"), 0);
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "another file has taken its place at once");
    assert_eq!(read_f32(&path).0, [2, 3]);
}

/// Nothing that is read is written over, by whatever name.
#[test]
fn inputs_are_no_outputs() {
    let bench = bench();
    bench.file("p/a.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("g/a.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("map.csv", b"0,0\n1,1\n");
    bench.file("colours.csv", b"0,0,0,0\n1,255,255,255\n");
    bench.file("w.npy", &npy_f32(&[2, 3], &[1.0; 6]));
    symlink("g.png", bench.path("link")).unwrap();
    fs::hard_link(bench.path("g.png"), bench.path("hard")).unwrap();
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out a.profile"), 0);
    let frames: Vec<u8> = (0..40 * 48).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    bench.file("f.npy", &npy("|i1", &[40, 6, 8], &frames));
    bench.file("valid.png", &png_grey(3, 2, &[1; 6]));
    bench.file("far/b.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("pairs.csv", b"far/b.png,g/a.png\n");
    bench.file("g/twice.npy", &npy("|u1", &[2, 3], &[0; 6]));
    bench.file("g/twice.png", &png_grey(3, 2, &[0; 6]));
    let before = |name: &str| fs::read(bench.path(name)).unwrap();
    for (line, name) in [
        (format!("{EVAL} --csv g.png"), "g.png"),
        (format!("{EVAL} --csv link"), "g.png"),
        (format!("{EVAL} --report hard"), "g.png"),
        (format!("{EVAL} --map map.csv --csv map.csv"), "map.csv"),
        (format!("{EVAL} --colours colours.csv --csv colours.csv"), "colours.csv"),
        (format!("{EVAL} --valid valid.png --csv ./valid.png"), "valid.png"),
        ("eval p g --csv p/a.png".to_owned(), "p/a.png"),
        ("eval p g --report g/a.png".to_owned(), "g/a.png"),
        // Files that a list names from here; in the folder two share a name.
        ("eval p g --pair pairs.csv --csv far/b.png".to_owned(), "far/b.png"),
        ("eval p g --pair pairs.csv --csv g/twice.npy".to_owned(), "g/twice.npy"),
        ("eval p g --pair pairs.csv --csv pairs.csv".to_owned(), "pairs.csv"),
        (format!("{LOSS} --gradient z.npy"), "z.npy"),
        (format!("{LOSS} --pixel-weights w.npy --gradient w.npy"), "w.npy"),
        ("profile f.npy --scale 0.1 --zero-point 0 --out f.npy".to_owned(), "f.npy"),
        (format!("watch @road_i8.bin {DEMO} --profile a.profile --report a.profile"), "a.profile"),
    ] {
        let bytes = before(name);
        let said = bench.refusal(&line);
        assert!(said.contains("would overwrite what is read from"), "{line}: {said}");
        assert_eq!(before(name), bytes, "{line}");
    }
    // A table of an earlier run may lie beside the images.
    fs::remove_file(bench.path("g/twice.npy")).unwrap();
    fs::remove_file(bench.path("g/twice.png")).unwrap();
    bench.stdout("eval p g --csv p/result.csv", 0);
    bench.stdout("eval p g --csv p/result.csv", 0);
}

#[test]
fn links_are_followed_to_their_end() {
    let bench = bench();
    bench.file("far/old.csv", b"old");
    symlink("far/old.csv", bench.path("one")).unwrap();
    symlink("one", bench.path("two")).unwrap();
    symlink("far/new.csv", bench.path("dangling")).unwrap();
    symlink("loop", bench.path("loop")).unwrap();
    for link in ["two", "dangling"] {
        bench.stdout(&format!("{EVAL} --csv {link}"), 0);
        assert!(fs::symlink_metadata(bench.path(link)).unwrap().is_symlink());
        assert!(fs::read_to_string(bench.path(link)).unwrap().starts_with("image,"));
    }
    assert!(fs::symlink_metadata(bench.path("one")).unwrap().is_symlink());
    assert!(fs::metadata(bench.path("far/new.csv")).unwrap().is_file());
    assert!(bench.refusal(&format!("{EVAL} --csv loop")).contains("loop: cannot be written"));
    for name in ["far", "far/", "new/"] {
        assert!(bench.refusal(&format!("{EVAL} --csv {name}")).contains("expected"), "{name}");
    }
}

#[test]
fn a_pipe_is_written_and_stays_one() {
    let bench = bench();
    let pipe = bench.path("pipe");
    mkfifo(&pipe);
    let line = bench.refusal(&format!("{EVAL} --csv pipe"));
    assert!(
        line.contains(
            "pipe: cannot be written: nobody reads this pipe (any more): its reader comes first, and stays"
        ),
        "{line}"
    );
    // An end for reading that is there before anything is written.
    let mut both = File::options().read(true).write(true).open(&pipe).unwrap();
    bench.stdout(&format!("{EVAL} --csv pipe"), 0);
    bench.stdout(&format!("{LOSS} --gradient pipe"), 0);
    let mut bytes = vec![0; 1 << 16];
    let count = both.read(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes[..count]);
    assert!(text.starts_with("image,") && text.contains("NUMPY"), "{text}");
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(temporary(&bench), 0);
}

#[test]
fn a_device_is_written_and_stays_one() {
    let bench = bench();
    // The superuser may lose a device: a copy of it.
    let mine = bench.path("full");
    let made = Command::new("mknod").arg(&mine).args(["c", "1", "7"]).stderr(Stdio::null()).status();
    let is_made =
        made.is_ok_and(|status| status.success()) && File::options().write(true).open(&mine).is_ok();
    let full = if is_made { "full" } else { "/dev/full" };
    let before = fs::symlink_metadata(bench.path(full)).unwrap();
    for flag in [format!("{EVAL} --csv"), format!("{EVAL} --report"), format!("{LOSS} --gradient")] {
        let output = bench.run(&format!("{flag} {full}"));
        let line = line_of(&output);
        assert!(line.contains("cannot be written: No space left on device"), "{line}");
        bench.stdout(&format!("{flag} /dev/null"), 0);
    }
    let after = fs::symlink_metadata(bench.path(full)).unwrap();
    assert_eq!((after.ino(), after.rdev(), after.mode()), (before.ino(), before.rdev(), before.mode()));
    assert!(after.file_type().is_char_device());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(temporary(&bench), 0);
}

#[test]
fn stdout_takes_one_output_and_nothing_else() {
    let bench = bench();
    for name in ["-", "/dev/stdout"] {
        let table = bench.stdout(&format!("{EVAL} --csv {name}"), 0);
        assert!(table.starts_with("image,class,id,"), "{table}");
        assert_eq!(table.lines().count(), 1 + 2 * 2, "{table}");
        let page = bench.stdout(&format!("{EVAL} --report {name}"), 0);
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
        let output = bench.run(&format!("{LOSS} --gradient {name}"));
        bench.file("d.npy", &output.stdout);
        assert_eq!(read_f32(&bench.path("d.npy")).0, [2, 3]);
        let both = bench.refusal(&format!("{EVAL} --csv {name} --report -"));
        assert!(both.contains("--report -: found the same file for --csv"), "{both}");
        let json = bench.refusal(&format!("{EVAL} --csv {name} --json"));
        assert!(json.contains("is stdout, where --json prints its document"), "{json}");
    }
    assert!(!bench.path("-").exists());
    // The file that stdout goes to, by its own name.
    let output = shell(&bench, &format!("segmeter {EVAL} --csv out.csv > out.csv"));
    assert!(output.status.success());
    assert_eq!(fs::read_to_string(bench.path("out.csv")).unwrap().lines().count(), 5);
    let same = bench.refusal(&format!("{EVAL} --csv one --report ./one"));
    assert!(same.contains("--report ./one: found the same file for --csv"), "{same}");
    // What stderr has got already is not replaced.
    let output = shell(&bench, &format!("(echo first >&2; segmeter {EVAL} --csv /dev/stderr) 2> log"));
    assert!(output.status.success());
    assert!(fs::read_to_string(bench.path("log")).unwrap().starts_with("first\nimage,"));
}

#[test]
fn a_profile_and_a_timeline_go_to_stdout() {
    let bench = Bench::new();
    let frames = format!("@road_i8.bin {DEMO} --frames 0..80");
    bench.stdout(&format!("profile {frames} --out p.profile"), 0);
    let output = bench.run(&format!("profile {frames} --out -"));
    assert_eq!(output.stdout, fs::read(bench.path("p.profile")).unwrap());
    let page = bench.stdout(&format!("watch {frames} --profile p.profile --report -"), 0);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let bench = bench();
    mkfifo(&bench.path("pipe.npy"));
    mkfifo(&bench.path("pipe.png"));
    symlink("pipe.png", bench.path("link.png")).unwrap();
    for line in [
        "loss bce --logits pipe.npy --labels g.png",
        "loss bce --logits z.npy --labels link.png",
        "eval pipe.png g.png",
        "watch z.npy --profile pipe.npy",
    ] {
        let line = line_of(&shell(&bench, &format!("segmeter {line}")));
        assert!(line.contains("expected a regular file"), "{line}");
    }
}

#[test]
fn a_file_beyond_its_limit_is_an_error() {
    let bench = bench();
    bench.file("big.npy", &npy_f32(&[100, 100], &[0.5; 10_000]));
    bench.file("big.png", &png_grey(100, 100, &[1; 10_000]));
    // In blocks of 512 or 1024 bytes: the gradient has 40,000.
    let line = "segmeter loss bce --logits big.npy --labels big.png";
    let output = shell(&bench, &format!("ulimit -f 4; {line} --gradient d.npy"));
    assert!(line_of(&output).contains("d.npy: cannot be written: File too large"));
    assert!(!bench.path("d.npy").exists());
    assert_eq!(temporary(&bench), 0);
    let output = shell(&bench, &format!("ulimit -f 4; {line} --gradient - > d.npy"));
    assert!(line_of(&output).contains("stdout: File too large"));
}

#[test]
fn memory_that_is_not_there_is_a_line() {
    let bench = bench();
    let pixels = 1 << 25;
    bench.file("big.npy", &npy("|u1", &[1, pixels], &vec![0; pixels]));
    let output = shell(&bench, "ulimit -v 130000; segmeter eval big.npy big.npy --threads 1 --classes 2");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.lines().next().is_some_and(|line| line.contains("memory allocation")), "{text}");
}

/// Means are taken while images go by: of forty thousand no more is kept than of one.
#[test]
fn images_take_no_memory() {
    let bench = bench();
    let ids: Vec<u8> = (0..40_000_u32).map(|image| (image % 20) as u8).collect();
    bench.file("many.npy", &npy("|u1", &[40_000, 1, 1], &ids));
    for flags in ["--metrics mean_iou", "--classes 20 --metrics mean_iou,dice,betti_error"] {
        let line = format!("segmeter eval many.npy many.npy --threads 1 --json {flags}");
        let output = shell(&bench, &format!("ulimit -v 130000; {line}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["images"], &report["pooled"]["mean_iou"]), (&40_000.into(), &1.0.into()));
        assert_eq!(report["per_image_mean"]["mean_iou"], 1.0, "{flags}");
    }
}

#[test]
fn images_are_printed_one_by_one() {
    let bench = bench();
    // As JSON, an image takes 20 kB.
    bench.file(
        "many.npy",
        &npy("|u1", &[10_000, 3, 3], &[[0; 4].as_slice(), &[1; 5]].concat().repeat(10_000)),
    );
    let line = "eval many.npy many.npy --classes 2 --per-image --threads 1";
    let output = shell(&bench, &format!("ulimit -v 130000; segmeter {line} --json"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let images = String::from_utf8(output.stdout).unwrap().matches("\"image\": ").count();
    assert_eq!(images, 10_000);
    let document = bench.json(&format!("{line} --frames 0..3"));
    assert_eq!(support::keys(&document).last(), Some(&"per_image"));
    assert_eq!(document["per_image"].as_array().unwrap().len(), 3);
}

#[test]
fn an_image_beyond_the_limit_is_refused_before_it_is_decoded() {
    let bench = bench();
    // As many pixels as rows of a byte: a small file, of which nothing is decoded.
    bench.file("huge.png", &png_bits(1 << 14, 1 << 13, &vec![0; 1 << 24]));
    let found = "huge.png: found 8192x16384 pixels, expected at most 67108864: if that is meant, say --max-pixels 134217728";
    for line in ["eval huge.png huge.png", "loss bce --logits z.npy --labels huge.png"] {
        let line = bench.refusal(line);
        assert!(line.contains(found), "{line}");
    }
    // A size that is another one is seen in the headers: there is no memory for the pixels.
    let limits = "ulimit -v 130000; segmeter";
    bench.file("huge/g.png", &fs::read(bench.path("huge.png")).unwrap());
    bench.file("small/g.png", &fs::read(bench.path("g.png")).unwrap());
    for line in ["eval huge.png g.png", "eval g.png huge.png", "eval small huge"] {
        let line = line_of(&shell(&bench, &format!("{limits} {line} --max-pixels 200000000 --threads 1")));
        assert!(line.contains("8192x16384") && line.contains("2x3") && line.contains("expected"), "{line}");
    }
    assert!(
        bench.refusal(&format!("{EVAL} --max-pixels 5")).contains("found 2x3 pixels, expected at most 5")
    );
    bench.stdout(&format!("{EVAL} --max-pixels 6"), 0);
}

/// Names that would do something: move a terminal's cursor, turn the direction of writing, begin a line.
const HOSTILE: [(&str, &str); 4] = [
    ("\x1b[31m", r"\x1b[31m"),
    ("\u{9b}2J", r"\x9b2J"),
    ("\u{202e}", r"\u{202e}"),
    ("\u{2066}", r"\u{2066}"),
];

fn is_harmless(text: &str) -> bool {
    HOSTILE.iter().all(|(name, _)| !text.contains(name)) && !text.contains('\x1b')
}

#[test]
fn text_from_outside_is_shown_and_does_nothing() {
    let bench = bench();
    for (name, shown) in HOSTILE {
        let run = |arguments: &[&str]| {
            let run = Command::new(PROGRAM).args(arguments).current_dir(bench.path("")).output().unwrap();
            [run.stdout, run.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
        };
        for arguments in [
            ["eval", name, "g.png", "--threads", "1"],
            ["eval", "g.png", "g.png", "--metrics", name],
            ["loss", name, "--logits=z.npy", "--labels=g.png", "--json"],
        ] {
            let [_, line] = run(&arguments);
            assert!(line.contains(shown) && is_harmless(&line) && line.lines().count() == 1, "{line}");
        }
        // What the parser of arguments says has no such sequences at all.
        let [_, line] = run(&[name]);
        assert!(is_harmless(&line) && line.lines().count() == 1, "{line}");
        let directory = format!("p{name}");
        bench.file(&format!("{directory}/a{name}.png"), &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
        let classes = format!("--classes=b{name},c{name}");
        let eval = ["eval", &directory, &directory, &classes, "--per-image"];
        let [table, _] = run(&eval);
        assert!(table.contains(&format!("c{shown}")) && table.contains(&format!("a{shown}")), "{table}");
        assert!(is_harmless(&table), "{table}");
        let [json, _] = run(&[&eval[..], &["--json"]].concat());
        assert!(is_harmless(&json), "{json}");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["classes"][1]["name"], &json["per_image"][0]["image"]),
            (&format!("c{name}").into(), &format!("a{name}").into())
        );
        for flag in ["--csv=-", "--report=-"] {
            let [text, _] = run(&[&eval[..], &[flag]].concat());
            assert!(text.contains(&format!("c{shown}")) && is_harmless(&text), "{text}");
        }
        let gradient = format!("d{name}.npy");
        let [text, _] = run(&["loss", "bce", "--logits=z.npy", "--labels=g.png", "--gradient", &gradient]);
        assert!(text.contains(shown) && is_harmless(&text), "{text}");
        assert!(bench.path(&gradient).exists(), "the file has the name that it was given");
    }
}

#[test]
fn no_cell_begins_a_formula() {
    let bench = Bench::new();
    for name in ["=1+1", "+a", "-a", "@a", "-7"] {
        bench.file(&format!("p/{name}.png"), &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    }
    let csv = bench.stdout("eval p p --classes =1+1,@b --csv -", 0);
    let mut images: Vec<_> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    images.dedup();
    assert_eq!(images, ["'+a", "-7", "'-a", "'=1+1", "'@a", "all"]);
    assert!(csv.lines().skip(1).all(|line| line.contains(",'=1+1,0,") || line.contains(",'@b,1,")), "{csv}");
    let json = bench.json("eval p p --classes =1+1,@b");
    assert_eq!(json["classes"][0]["name"], "=1+1");
}
