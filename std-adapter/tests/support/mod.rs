//! What the tests of the command share: running it, and small files.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use segmeter::files::{Elements, npy as reader};
use serde_json::Value;
use tempfile::TempDir;

/// The scale of the demo's 8-bit logits.
pub(crate) const SCALE: f32 = 0.101_869_74;
/// Their zero point.
pub(crate) const ZERO_POINT: i32 = 15;
/// Flags that describe the demo's logits.
pub(crate) const DEMO: &str = "--shape 221,120,160 --dtype i8 --scale 0.10186973959207535 --zero-point 15";
/// The frames that the demo has labels for.
pub(crate) const LABELLED: &str = "0,16,32,48,64,80,96,108,120,132,144,156,168,177,187,197,206,216";

/// A file of the demo pack.
pub(crate) fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/demo").join(name)
}

/// A directory for one test.
pub(crate) struct Bench {
    directory: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes bytes, with the directories above them.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the command here. Words are parted by blanks; `@name` is a file of the demo.
    pub(crate) fn run(&self, line: &str) -> Output {
        let word =
            |word: &str| word.strip_prefix('@').map_or(word.into(), |name| demo(name).into_os_string());
        Command::new(env!("CARGO_BIN_EXE_segmeter"))
            .args(line.split_whitespace().map(word))
            .current_dir(self.directory.path())
            .output()
            .unwrap()
    }

    /// Stdout of a run that must end with `code` and print nothing but notes to stderr.
    pub(crate) fn stdout(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let other = stderr.lines().find(|line| !line.starts_with("segmeter: note: "));
        assert_eq!((output.status.code(), other), (Some(code), None), "{line}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON document of a run that must succeed.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.stdout(&format!("{line} --json"), 0)).unwrap()
    }

    /// What a run that succeeds says on stderr.
    pub(crate) fn notes(&self, line: &str) -> String {
        let output = self.run(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {stderr}");
        stderr
    }

    /// The JSON lines of a run that must end with `code`.
    pub(crate) fn json_lines(&self, line: &str, code: i32) -> Vec<Value> {
        let text = self.stdout(&format!("{line} --json"), code);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line on stderr of a run that must be refused without a file being left behind.
    pub(crate) fn refusal(&self, line: &str) -> String {
        let files = || std::fs::read_dir(self.directory.path()).unwrap().count();
        let before = files();
        let output = self.run(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{line}: {stderr}");
        assert!(output.stdout.is_empty(), "{line}");
        assert_eq!(files(), before, "{line} left a file behind");
        stderr
    }
}

/// An `.npy` file.
pub(crate) fn npy(descriptor: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    let text = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({axes}), }}\n");
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
}

/// An `.npy` file of `f32`.
pub(crate) fn npy_f32(shape: &[usize], values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// Axes and numbers of an `.npy` file of `f32`.
pub(crate) fn read_f32(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let array = reader::read(&std::fs::read(path).unwrap()).unwrap();
    let Elements::F32(values) = array.elements else { panic!("expected f32") };
    (array.shape, values)
}

/// The bits of numbers, by which they are compared.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A grey PNG of 8 bits.
pub(crate) fn png_grey(width: u32, height: u32, ids: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(ids).unwrap();
    bytes
}

/// A grey PNG of 1 bit, rows packed highest bit first.
pub(crate) fn png_bits(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().unwrap().write_image_data(packed).unwrap();
    bytes
}

/// Numbers that look arbitrary, in [-6, 6).
pub(crate) fn logits(count: usize) -> Vec<f32> {
    let mut state = 12345u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 12.0 - 6.0
    };
    (0..count).map(|_| next()).collect()
}

/// The keys of an object.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Fails unless all keys, parted by blanks, are there.
pub(crate) fn assert_keys(value: &Value, expected: &str) {
    for key in expected.split_whitespace() {
        assert!(keys(value).contains(&key), "no `{key}` in {value}");
    }
}
