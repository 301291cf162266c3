//! The profile of a drift monitor as a file: JSON that people can read, sealed by a CRC-32.
//!
//! ```json
//! {"format": "segmeter-profile", "version": 1, "crc32": "9ae0daaf", "profile": {...}}
//! ```
//!
//! The CRC covers the compact JSON of `profile`, so white space may change but no number. Fixed-point numbers are
//! written as decimals; every multiple of 2^-16 has an exact one.

use std::io::{self, Write};

use segmeter_core::drift::{Baseline, Cusum, PageHinkley, Profile, Reference, Signal};
use segmeter_core::num::Q16;
use segmeter_core::sketch::CODES;
use segmeter_core::view::{Encoding, Quantiser};
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::{Error, Result};

/// What the file says it is.
const FORMAT: &str = "segmeter-profile";
/// Raised whenever an old reader would misread a new file.
const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    version: u32,
    crc32: String,
    profile: Content,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// In-control frames that it was learnt from.
    frames: u64,
    quantiser: Codes,
    block_frames: u16,
    baselines: Vec<SignalBaseline>,
    cusum: CusumFields,
    page_hinkley: PageHinkleyFields,
    reference: Vec<u32>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    /// `i8` or `u8`.
    encoding: String,
    /// Both `null` for probabilities.
    scale: Option<f64>,
    zero_point: Option<i32>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SignalBaseline {
    signal: String,
    mean: f64,
    deviation: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CusumFields {
    slack: f64,
    threshold: f64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PageHinkleyFields {
    tolerance: f64,
    threshold: f64,
}

/// Reads a profile and checks all of it.
///
/// # Errors
/// If it is not such a file, has another version, was changed, or holds a value out of range.
pub fn read(bytes: &[u8]) -> Result<Profile> {
    /// Read first: a file of another version need not have the fields of this one.
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u32,
    }
    let unreadable = |e| Error::new(format_args!("not a readable profile: {e}"));
    let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
    if head.format != FORMAT || head.version != VERSION {
        return Err(Error::new(format_args!(
            "found format `{}` version {}, expected `{FORMAT}` version {VERSION}: learn the profile again",
            head.format, head.version
        )));
    }
    let Envelope { crc32, profile: content, .. } = serde_json::from_slice(bytes).map_err(unreadable)?;
    let found = checksum(&content).map_err(unreadable)?;
    if found != crc32 {
        return Err(Error::new(format_args!(
            "found CRC-32 {found}, expected {crc32}: the profile was changed or damaged, learn it again"
        )));
    }
    let profile = content.profile()?;
    profile.check().map_err(Error::new)?;
    Ok(profile)
}

/// Writes a profile that was learnt from this many frames.
///
/// # Errors
/// If writing fails.
pub fn write(mut out: impl Write, profile: &Profile, frames: u64) -> io::Result<()> {
    let content = Content::of(profile, frames);
    let crc32 = checksum(&content)?;
    let envelope = Envelope { format: FORMAT.to_owned(), version: VERSION, crc32, profile: content };
    envelope.serialize(&mut Serializer::with_formatter(&mut out, Lines(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

fn checksum(content: &Content) -> serde_json::Result<String> {
    let bytes = serde_json::to_vec(content)?;
    Ok(format!("{:08x}", crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes)))
}

fn decimal(value: Q16) -> f64 {
    f64::from(value.raw()) / 65536.0
}

fn fixed(value: f64, name: &str) -> Result<Q16> {
    let steps = value * 65536.0;
    let raw = steps as i32;
    // Exact or not at all: a rounded value would not be the one that was sealed.
    if f64::from(raw).to_bits() == (steps + 0.0).to_bits() {
        Ok(Q16::from_raw(raw))
    } else {
        Err(Error::new(format_args!("found {value} as {name}, expected a multiple of 2^-16 below 32768")))
    }
}

impl Content {
    fn of(profile: &Profile, frames: u64) -> Self {
        let quantiser = &profile.quantiser;
        let encoding = match quantiser.encoding() {
            Encoding::Signed => "i8",
            Encoding::Unsigned => "u8",
        };
        let baselines = Signal::ALL.iter().zip(&profile.baselines).map(|(signal, baseline)| SignalBaseline {
            signal: signal.name().to_owned(),
            mean: decimal(baseline.mean),
            deviation: decimal(baseline.deviation),
        });
        Self {
            frames,
            quantiser: Codes {
                encoding: encoding.to_owned(),
                scale: quantiser.affine().map(|(scale, _)| f64::from(scale)),
                zero_point: quantiser.affine().map(|(_, zero_point)| zero_point),
            },
            block_frames: profile.block_frames,
            baselines: baselines.collect(),
            cusum: CusumFields {
                slack: decimal(profile.cusum.slack),
                threshold: decimal(profile.cusum.threshold),
            },
            page_hinkley: PageHinkleyFields {
                tolerance: decimal(profile.page_hinkley.tolerance),
                threshold: decimal(profile.page_hinkley.threshold),
            },
            reference: profile.reference.counts().to_vec(),
        }
    }

    fn profile(&self) -> Result<Profile> {
        let names = self.baselines.iter().map(|b| b.signal.as_str());
        if !names.eq(Signal::ALL.iter().map(|signal| signal.name())) {
            return Err(Error::new("found other signals than this version watches: learn the profile again"));
        }
        let mut baselines = [Baseline::default(); Signal::ALL.len()];
        for (slot, baseline) in baselines.iter_mut().zip(&self.baselines) {
            *slot = Baseline {
                mean: fixed(baseline.mean, "mean")?,
                deviation: fixed(baseline.deviation, "deviation")?,
            };
        }
        let counts: [u32; CODES] = self.reference.as_slice().try_into().map_err(|_| {
            Error::new(format_args!("found {} reference counts, expected {CODES}", self.reference.len()))
        })?;
        Ok(Profile {
            quantiser: self.quantiser.quantiser()?,
            block_frames: self.block_frames,
            baselines,
            cusum: Cusum {
                slack: fixed(self.cusum.slack, "slack")?,
                threshold: fixed(self.cusum.threshold, "threshold")?,
            },
            page_hinkley: PageHinkley {
                tolerance: fixed(self.page_hinkley.tolerance, "tolerance")?,
                threshold: fixed(self.page_hinkley.threshold, "threshold")?,
            },
            reference: Reference::new(counts).map_err(Error::new)?,
        })
    }
}

impl Codes {
    fn quantiser(&self) -> Result<Quantiser> {
        let encoding = match self.encoding.as_str() {
            "i8" => Encoding::Signed,
            "u8" => Encoding::Unsigned,
            other => {
                return Err(Error::new(format_args!("found encoding `{other}`, expected `i8` or `u8`")));
            }
        };
        match (self.scale, self.zero_point) {
            (Some(scale), Some(zero_point)) => {
                Quantiser::logits(encoding, scale as f32, zero_point).map_err(Error::new)
            }
            (None, None) if encoding == Encoding::Unsigned => Ok(Quantiser::probabilities()),
            _ => Err(Error::new("expected scale and zero_point, or neither for u8 probabilities")),
        }
    }
}

/// Objects over several lines, arrays of numbers on one.
struct Lines<'a>(PrettyFormatter<'a>);

impl Formatter for Lines<'_> {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }
    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        let mut counts = [0; CODES];
        counts[3] = 7;
        counts[200] = 9;
        let baseline = Baseline { mean: Q16::from_raw(-12345), deviation: Q16::from_raw(77) };
        Profile {
            quantiser: Quantiser::logits(Encoding::Signed, 0.101_869_74, 15).unwrap(),
            block_frames: 8,
            baselines: [baseline; Signal::ALL.len()],
            cusum: Cusum { slack: Q16::from_f32(0.5), threshold: Q16::from_f32(8.0) },
            page_hinkley: PageHinkley { tolerance: Q16::from_f32(0.5), threshold: Q16::from_f32(8.0) },
            reference: Reference::new(counts).unwrap(),
        }
    }

    fn text(profile: &Profile) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, profile, 80).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let sealed = text(&profile());
        assert_eq!(read(sealed.as_bytes()).unwrap(), profile());
        let mut probabilities = profile();
        probabilities.quantiser = Quantiser::probabilities();
        assert_eq!(read(text(&probabilities).as_bytes()).unwrap(), probabilities);
        assert!(sealed.lines().all(|line| line.len() < 1200), "{sealed}");
    }

    #[test]
    fn a_changed_number_is_noticed() {
        let sealed = text(&profile());
        let line = |text: String| read(text.as_bytes()).unwrap_err().to_string();
        assert!(line(sealed.replace("\"block_frames\": 8", "\"block_frames\": 9")).contains("CRC-32"));
        assert!(line(sealed.replace("\"version\": 1", "\"version\": 2")).contains("version 2"));
        assert!(line(sealed.replace("\"frames\"", "\"frame\"")).contains("frame"));
        assert!(line("[".repeat(100_000)).contains("not a readable profile"));
        for length in 0..sealed.len() - 1 {
            assert!(read(&sealed.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn values_are_checked_behind_a_good_checksum() {
        let mut wrong = profile();
        wrong.block_frames = 0;
        assert!(read(text(&wrong).as_bytes()).unwrap_err().to_string().contains("block_frames"));
        let mut content = Content::of(&profile(), 1);
        content.cusum.slack = 0.1;
        assert!(content.profile().unwrap_err().to_string().contains("2^-16"));
    }
}
