//! The state of an evaluation of some images, which can be merged with that of others.
//!
//! What is kept is of every image what the report is made of, so that the sums over all images are taken in one order,
//! however they were shared out: the report is that of one run, bit for bit.
//!
//! A file is a magic, a version, the length of what follows, the settings and the images in postcard, and the CRC-32 of all
//! before it; numbers of several bytes in the frame are little-endian.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io::{self, Write};

use crc::{CRC_32_ISO_HDLC, Crc};
use segmeter_core::metric::calibration::Bin;
use segmeter_core::metric::{InstanceIou, PanopticClass, Score};
use serde::{Deserialize, Serialize};

use super::{Error, Result};

const MAGIC: [u8; 8] = *b"SGMPART\n";
/// Of the format; what the numbers mean is a setting.
const VERSION: u16 = 1;
/// Magic, version and length.
const HEAD: usize = MAGIC.len() + 2 + 8;
/// The checksum at the end.
const SEAL: usize = 4;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Pixels of all images together, of which sums are made: more are refused.
pub const MOST_PIXELS: u64 = 1 << 62;

/// What an evaluation of some images found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// Everything that decides a number, by name, as JSON: states can be merged if it is the same.
    pub settings: Vec<(String, String)>,
    /// In the order of their names, see [`by_name`].
    pub images: Vec<ImageState>,
}

/// What is known of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageState {
    /// By which it is told from others.
    pub name: String,
    /// Label, prediction and their pixels; the label 65535 is not scored.
    pub counts: Vec<(u16, u16, u64)>,
    /// Metrics of shape of every class, none of a class that is not measured.
    pub shapes: Vec<Vec<Score>>,
    /// Segments of every class.
    pub segments: Vec<(PanopticClass, InstanceIou<2>)>,
    /// Metrics of the road.
    pub road: Vec<Score>,
    /// Of probabilities of several classes.
    pub softmax: SoftmaxState,
    /// Codes of one score per pixel: their index, and the pixels of background and foreground.
    pub codes: Vec<(u8, [u64; 2])>,
    /// Scores that are no codes, of background and foreground, or of wrong and right predictions.
    pub scores: Sides,
    /// The same of every class against the rest.
    pub classes: Vec<Sides>,
    /// What scores look like: the least and the greatest, and of the probabilities of all classes the sums.
    pub ranges: [Option<(f64, f64)>; 2],
    /// The highest code.
    pub highest_code: Option<u8>,
}

/// What probabilities of several classes add up to in an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoftmaxState {
    /// Bins of every class.
    pub bins: Vec<Vec<Bin>>,
    /// Squared errors in their smallest step.
    pub squares: u128,
    /// The negative log-likelihood.
    pub nats: f64,
    /// Pixels in it.
    pub pixels: u64,
}

/// Scores as they are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Sides {
    /// Rounded to `f32`, or made of such.
    F32([Vec<f32>; 2]),
    /// As `f64`.
    F64([Vec<f64>; 2]),
}

impl Default for Sides {
    fn default() -> Self {
        Self::F32(Default::default())
    }
}

impl Sides {
    fn count(&self) -> usize {
        match self {
            Self::F32(sides) => sides.iter().map(Vec::len).sum(),
            Self::F64(sides) => sides.iter().map(Vec::len).sum(),
        }
    }

    fn has_nan(&self) -> bool {
        match self {
            Self::F32(sides) => sides.iter().flatten().any(|score| score.is_nan()),
            Self::F64(sides) => sides.iter().flatten().any(|score| score.is_nan()),
        }
    }
}

/// The order of images: that of the numbers in their names, as of the files of a folder.
#[must_use]
pub fn by_name(a: &str, b: &str) -> Ordering {
    natord::compare(a, b).then_with(|| a.cmp(b))
}

/// Writes a state.
///
/// # Errors
/// If writing fails.
pub fn write(mut out: impl Write, partial: &Partial) -> io::Result<()> {
    let body = postcard::to_allocvec(partial).map_err(io::Error::other)?;
    let mut head = Vec::with_capacity(HEAD);
    head.extend(MAGIC);
    head.extend(VERSION.to_le_bytes());
    head.extend((body.len() as u64).to_le_bytes());
    let mut digest = CRC.digest();
    [&head, &body].into_iter().for_each(|bytes| digest.update(bytes));
    out.write_all(&head)?;
    out.write_all(&body)?;
    out.write_all(&digest.finalize().to_le_bytes())
}

/// Reads a state and checks all of it.
///
/// # Errors
/// If it is not such a file, has another version, was cut or changed, or says what no evaluation finds.
pub fn read(bytes: &[u8]) -> Result<Partial> {
    let remedy = "make it again with `segmeter eval --partial`";
    let refused = |line: &str| Err(Error::new(format_args!("{line}: {remedy}")));
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else {
        return refused("found no state of an evaluation");
    };
    if *magic != MAGIC {
        return refused("found no state of an evaluation");
    }
    let Some((version, rest)) = rest.split_first_chunk() else { return refused("found a file that was cut") };
    let version = u16::from_le_bytes(*version);
    if version != VERSION {
        return refused(&format!("found a state of version {version}, expected {VERSION}"));
    }
    let Some((length, rest)) = rest.split_first_chunk() else { return refused("found a file that was cut") };
    let (length, found) = (u64::from_le_bytes(*length), rest.len());
    let expected = usize::try_from(length).ok().and_then(|length| length.checked_add(SEAL));
    if expected != Some(found) {
        return refused(&format!(
            "found {found} bytes after the head, expected {} as it says",
            length.saturating_add(4)
        ));
    }
    let Some((sealed, seal)) = bytes.split_last_chunk() else { return refused("found a file that was cut") };
    if CRC.checksum(sealed) != u32::from_le_bytes(*seal) {
        return refused("found another checksum than expected: the file was changed or damaged");
    }
    let body = sealed.get(HEAD..).unwrap_or_default();
    let partial: Partial = match postcard::take_from_bytes(body) {
        Ok((partial, [])) => partial,
        _ => return refused("found a state that cannot be read"),
    };
    match check(&partial) {
        Ok(()) => Ok(partial),
        Err(what) => refused(&format!("found {what}")),
    }
}

/// What no evaluation finds, in words.
fn check(partial: &Partial) -> std::result::Result<(), String> {
    let mut names = BTreeSet::new();
    if let Some((name, _)) = partial.settings.iter().find(|(name, _)| !names.insert(name)) {
        return Err(format!("the setting {name} twice"));
    }
    let mut all = 0_u64;
    for image in &partial.images {
        let pixels = image.counts.iter().try_fold(all, |sum, (.., pixels)| sum.checked_add(*pixels));
        let Some(sum) = pixels.filter(|sum| *sum <= MOST_PIXELS) else {
            return Err(format!("more pixels than there can be in image {}", image.name));
        };
        of_image(image, sum - all).map_err(|what| format!("{what} in image {}", image.name))?;
        all = sum;
    }
    match partial.images.windows(2).find(|pair| by_name(&pair[0].name, &pair[1].name).is_ge()) {
        Some(pair) => Err(format!("image {} behind {}, which are out of order", pair[1].name, pair[0].name)),
        None => Ok(()),
    }
}

fn of_image(image: &ImageState, pixels: u64) -> std::result::Result<(), &'static str> {
    let mut codes = image.codes.iter().flat_map(|(_, pixels)| pixels);
    let coded = codes.try_fold(0_u64, |sum, pixels| sum.checked_add(*pixels));
    if coded.is_none_or(|coded| coded > pixels) || !image.codes.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("codes of other pixels");
    }
    for sides in image.classes.iter().chain([&image.scores]) {
        if sides.count() as u64 > pixels || sides.has_nan() {
            return Err("scores of other pixels");
        }
    }
    let SoftmaxState { bins, squares, nats, pixels: scored } = &image.softmax;
    // That of a pixel and a class is at most 2^48, and there are fewer classes than 2^16.
    let most = u128::from(pixels).saturating_mul(1 << 64);
    if *scored > pixels
        || *squares > most
        || nats.is_nan()
        || !bins.iter().flatten().all(|bin| is_bin(bin, pixels))
    {
        return Err("calibration of other pixels");
    }
    if image.shapes.len() != image.segments.len() {
        return Err("classes of two numbers");
    }
    Ok(())
}

/// Whether a bin has at most so many pixels, and a mean confidence that is one.
fn is_bin(bin: &Bin, pixels: u64) -> bool {
    if bin.pixels == 0 {
        return *bin == Bin::default();
    }
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    bin.pixels <= pixels && bin.hits <= bin.pixels && bin.confidence().is_some_and(is_share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partial() -> Partial {
        let image = |name: &str| ImageState {
            name: name.to_owned(),
            counts: vec![(0, 1, 7), (1, 1, 300), (u16::MAX, 0, 2)],
            shapes: vec![vec![], vec![Score::Value(0.5), Score::Undefined]],
            segments: vec![(PanopticClass::default(), InstanceIou::new([0.0, 1.0])); 2],
            road: vec![Score::Skipped],
            codes: vec![(3, [1, 2]), (200, [0, 4])],
            scores: Sides::F64([vec![0.5], vec![-1.0, 2.0]]),
            highest_code: Some(200),
            ..ImageState::default()
        };
        Partial { settings: vec![("a".to_owned(), "1".to_owned())], images: vec![image("2"), image("10")] }
    }

    fn written(partial: &Partial) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, partial).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(&partial());
        assert_eq!(read(&bytes).unwrap(), partial());
        assert_eq!(read(&written(&Partial::default())).unwrap(), Partial::default());
    }

    /// Every cut, every changed byte, and bytes behind the end.
    #[test]
    fn what_was_changed_is_refused() {
        let bytes = written(&partial());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
        for place in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[place] ^= change;
                assert!(read(&changed).is_err(), "{place} {change}");
            }
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
        let mut other = bytes.clone();
        other[8] = 9;
        assert!(read(&other).unwrap_err().to_string().contains("version 9, expected 1"));
    }

    /// What has the right checksum and says what cannot be.
    #[test]
    fn what_no_evaluation_finds_is_refused() {
        type Change = (&'static str, fn(&mut Partial));
        let changes: [Change; 10] = [
            ("twice", |p| p.settings.push(("a".to_owned(), String::new()))),
            ("out of order", |p| p.images.swap(0, 1)),
            ("out of order", |p| p.images[1].name = "2".to_owned()),
            ("more pixels", |p| p.images[0].counts[0].2 = u64::MAX - 1),
            ("more pixels", |p| p.images.iter_mut().for_each(|image| image.counts[0].2 = 1 << 61)),
            ("codes", |p| p.images[0].codes[0].1 = [u64::MAX, u64::MAX]),
            ("scores", |p| p.images[0].scores = Sides::F32([vec![f32::NAN], vec![]])),
            ("scores", |p| p.images[0].classes = vec![Sides::F32([vec![0.0; 400], vec![]])]),
            ("calibration", |p| p.images[0].softmax.squares = u128::MAX),
            ("classes", |p| p.images[0].shapes.clear()),
        ];
        for (expected, change) in changes {
            let mut changed = partial();
            change(&mut changed);
            let line = read(&written(&changed)).unwrap_err().to_string();
            assert!(line.contains(expected) && line.contains("--partial"), "{expected}: {line}");
        }
        let mut bin = Bin::default();
        bin.push(400, 1, 5);
        let mut changed = partial();
        changed.images[0].softmax.bins = vec![vec![bin]];
        assert!(read(&written(&changed)).is_err());
    }

    /// Bytes that are no state, behind a right head and checksum.
    #[test]
    fn any_bytes_are_refused() {
        let mut state = 1_u32;
        for length in 0..400_usize {
            let body: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let mut bytes =
                [&MAGIC[..], &VERSION.to_le_bytes(), &(length as u64).to_le_bytes(), &body].concat();
            bytes.extend(CRC.checksum(&bytes).to_le_bytes());
            if let Ok(read) = read(&bytes) {
                assert_eq!(self::read(&written(&read)).unwrap(), read);
            }
        }
    }
}
