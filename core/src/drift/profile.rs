//! What a monitor must know.

use super::record::{FRAME, Field, Kind, Reader, Writer, record};
use super::{CalibrationMap, Cusum, Detector, Harm, MOST_CLASSES, Reference, SIGNALS};
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::sketch::CODES;
use crate::view::{Activation, Encoding, Quantiser};

record! {
    /// How a signal's block means lie while all is well.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Baseline {
        /// Mean.
        pub mean: Q16,
        /// Standard deviation, above zero.
        pub deviation: Q16,
    }
}

impl Baseline {
    /// The smallest deviation: below it, any change at all would be an alarm.
    pub const FLOOR: Q16 = Q16::from_raw(1 << 6);

    /// Mean and sample deviation of block means; the deviation is at least [`Baseline::FLOOR`] and a hundredth of
    /// the mean. `None` for fewer than two blocks.
    #[must_use]
    pub fn of(blocks: impl Iterator<Item = Q16>) -> Option<Self> {
        let mut moments = Moments::default();
        blocks.for_each(|mean| moments.add(mean));
        moments.baseline()
    }

    /// `(x - mean) / deviation`.
    #[must_use]
    pub fn standardise(&self, x: Q16) -> Q16 {
        x.minus(self.mean).over(self.deviation)
    }
}

record! {
    /// Sums of block means and of their squares: exact, until 2^32 blocks.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Moments {
        pub(super) count: u32,
        sum: i64,
        squares: u128,
    }
}

impl Moments {
    pub(super) const NEW: Self = Self { count: 0, sum: 0, squares: 0 };

    pub(super) fn add(&mut self, x: Q16) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(x.raw().into());
        self.squares = self.squares.saturating_add(u128::from(x.raw().unsigned_abs()).pow(2));
    }

    pub(super) fn baseline(&self) -> Option<Baseline> {
        let others = self.count.checked_sub(2)? + 1;
        let mean = Q16::divide(self.sum.into(), self.count.into());
        // n squares - sum^2, which no rounding can make negative.
        let spread = (u128::from(self.count).saturating_mul(self.squares))
            .saturating_sub(u128::from(self.sum.unsigned_abs()).pow(2));
        let variance = spread as f64 / (f64::from(self.count) * f64::from(others));
        let deviation = Q16::from_raw(libm::sqrt(variance).min(f64::from(i32::MAX)) as i32);
        let floor = Baseline::FLOOR.max(Q16::from_raw(mean.raw().saturating_abs() / 100));
        Some(Baseline { mean, deviation: deviation.max(floor) })
    }
}

record! {
    /// When a monitor speaks up.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Rules {
        /// Frames before the first block: what a camera needs to settle.
        pub warm_up_frames: u16,
        /// Frames of a block, valid or not.
        pub block_frames: u16,
        /// Signals of confidence that must drift together for an alarm.
        pub required: u8,
        /// Blocks with all signals of confidence in control after which an alarm ends.
        pub release_blocks: u16,
        /// Invalid frames in a row that are an alarm.
        pub invalid_frames: u16,
        /// Frames in a row with the same content that are a frozen camera.
        pub frozen_frames: u16,
        /// The longest time between two frames in ms; 0: any.
        pub gap_ms: u32,
        /// Blocks of a site reference.
        pub site_blocks: u16,
        /// The loss of IoU that is an alarm whatever the charts say: that of [`super::EstimatedIou`] against its reference, as
        /// the mean of [`Rules::harm_frames`].
        pub harm_margin: Q16,
        /// Frames over which that loss is measured, 1 to [`super::Harm::MOST_FRAMES`].
        pub harm_frames: u8,
        /// Whether a mask may be empty and nothing be wrong (a class that comes and goes): such a frame has no estimate of its
        /// IoU. Else its estimate is 0.
        pub may_be_empty: bool,
    }
}

impl Rules {
    /// Blocks of 10 frames, one signal, two blocks of release and 20 of a site; 10 invalid frames, 5 frozen ones, any
    /// time between frames, no warm-up; a loss of a tenth of the IoU over 3 frames.
    pub const DEFAULT: Self = Self {
        warm_up_frames: 0,
        block_frames: 10,
        required: 1,
        release_blocks: 2,
        invalid_frames: 10,
        frozen_frames: 5,
        gap_ms: 0,
        site_blocks: 20,
        harm_margin: Q16::from_raw(6554),
        harm_frames: 3,
        may_be_empty: false,
    };
}

record! {
    /// What is watched, and for whom.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Identity {
        /// The network, as its owner numbers it.
        pub model: u32,
        /// How the camera is mounted, as its owner numbers it.
        pub mounting: u32,
        /// Rows of a frame; 0: any.
        pub height: u16,
        /// Pixels of a row; 0: any.
        pub width: u16,
        /// Classes of the network; 0 if it has one score for each pixel.
        pub classes: u8,
        /// Which of them is watched, against the rest ([`super::against_rest`]).
        pub class: u8,
        /// In-control frames that the profile was learnt from.
        pub frames: u32,
    }
}

impl Identity {
    const NONE: Self = Self { model: 0, mounting: 0, height: 0, width: 0, classes: 0, class: 0, frames: 0 };

    /// Whether a frame of this size is what is watched.
    #[must_use]
    pub const fn fits(&self, height: usize, width: usize) -> bool {
        (self.height == 0 || self.height as usize == height)
            && (self.width == 0 || self.width as usize == width)
    }
}

record! {
    /// All that a monitor must know: learnt on the desk from in-control frames, sealed, never changed by what is
    /// watched. 2.2 KiB.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Profile {
        /// What is watched.
        pub identity: Identity,
        /// What the codes of the network mean.
        pub quantiser: Quantiser,
        /// When the monitor speaks up.
        pub rules: Rules,
        /// How each signal behaves in control: the factory reference.
        pub baselines: [Baseline; SIGNALS],
        /// The chart of each signal against the factory reference, in deviations of a block mean.
        pub charts: [Cusum; SIGNALS],
        /// The same against a site reference of [`Rules::site_blocks`].
        pub site_charts: [Cusum; SIGNALS],
        /// [`super::Signal::bit`]s of the signals whose charts count: the others are blind, and say nothing.
        pub watching: u8,
        /// Autocorrelation of each signal from frame to frame, as it was when the thresholds were chosen.
        pub correlations: [Q16; SIGNALS],
        /// What a code is worth.
        pub calibration: CalibrationMap,
        /// The codes of in-control frames.
        pub reference: Reference,
    }
}

const KIND: Kind = Kind { magic: *b"SEGP", version: 3 };

impl Profile {
    /// A profile that [`Profile::check`] refuses: where a device keeps room for one. Zeros all over, so that an image holds
    /// no copy of it.
    pub const EMPTY: Self = Self {
        identity: Identity::NONE,
        quantiser: Quantiser::probabilities(),
        rules: Rules {
            warm_up_frames: 0,
            block_frames: 0,
            required: 0,
            release_blocks: 0,
            invalid_frames: 0,
            frozen_frames: 0,
            gap_ms: 0,
            site_blocks: 0,
            harm_margin: Q16::ZERO,
            harm_frames: 0,
            may_be_empty: false,
        },
        baselines: [Baseline { mean: Q16::ZERO, deviation: Q16::ZERO }; SIGNALS],
        charts: [Cusum { slack: Q16::ZERO, threshold: Q16::ZERO }; SIGNALS],
        site_charts: [Cusum { slack: Q16::ZERO, threshold: Q16::ZERO }; SIGNALS],
        watching: 0,
        correlations: [Q16::ZERO; SIGNALS],
        calibration: CalibrationMap::EMPTY,
        reference: Reference::EMPTY,
    };

    /// Bytes of a profile as a record: what a file, a flash or a wire holds.
    pub const RECORD_LEN: usize = <Self as Field>::LEN + FRAME;

    /// Checks what a file or a wire may have got wrong.
    ///
    /// # Errors
    /// [`Error::Parameter`] names it.
    pub fn check(&self) -> Result<()> {
        let rules = &self.rules;
        let Identity { classes, class, .. } = self.identity;
        let named = [
            (usize::from(classes) <= MOST_CLASSES && class <= classes.saturating_sub(1), "class"),
            (rules.block_frames != 0, "block_frames"),
            (rules.required != 0 && usize::from(rules.required) <= SIGNALS, "required"),
            (rules.release_blocks != 0, "release_blocks"),
            (rules.invalid_frames != 0, "invalid_frames"),
            (rules.frozen_frames > 1, "frozen_frames"),
            (rules.site_blocks > 1, "site_blocks"),
            (rules.harm_margin > Q16::ZERO, "harm_margin"),
            ((1..=Harm::MOST_FRAMES).contains(&usize::from(rules.harm_frames)), "harm_frames"),
            (self.baselines.iter().all(|b| b.deviation >= Baseline::FLOOR), "deviation"),
        ];
        if let Some((_, name)) = named.iter().find(|(holds, _)| !holds) {
            return Err(Error::Parameter(name));
        }
        self.charts.iter().chain(&self.site_charts).try_for_each(Detector::check)
    }

    /// Writes the record: little-endian, with magic, version, length and CRC-32.
    ///
    /// # Errors
    /// [`Error::Length`] unless `room` has [`Profile::RECORD_LEN`] bytes.
    pub fn write(&self, room: &mut [u8]) -> Result<()> {
        KIND.write(self, room)
    }

    /// Reads a record and checks all of it.
    ///
    /// # Errors
    /// [`Error::Parameter`] names what is wrong: `magic`, `version`, `length`, `crc`, or the value.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut profile = Self::EMPTY;
        profile.set(bytes)?;
        Ok(profile)
    }

    /// The same in place, for a stack without room for another profile. After an error this one is of no use.
    ///
    /// # Errors
    /// As [`Profile::read`].
    pub fn set(&mut self, bytes: &[u8]) -> Result<()> {
        KIND.read(bytes, self)?;
        self.check()
    }

    /// What the codes of a record's network mean, if the record is whole; its values are not checked.
    ///
    /// # Errors
    /// [`Error::Parameter`]: `magic`, `version`, `length`, `crc`, `scale` or `zero_point`.
    pub fn quantiser_of(bytes: &[u8]) -> Result<Quantiser> {
        let mut from = KIND.open::<Self>(bytes)?;
        let (mut identity, mut quantiser) = (Identity::NONE, Quantiser::probabilities());
        Field::read(&mut identity, &mut from)?;
        Field::read(&mut quantiser, &mut from)?;
        Ok(quantiser)
    }

    /// A number that no other profile is likely to have: the CRC-32 of its record.
    #[must_use]
    pub fn fingerprint(&self) -> u32 {
        let mut record = [0; Self::RECORD_LEN];
        // The length is right, the one thing that can be wrong.
        let _ = self.write(&mut record);
        Self::fingerprint_of(&record)
    }

    /// The same, of a record that [`Profile::read`] has taken: on a device there is no room to write it again.
    #[must_use]
    pub fn fingerprint_of(record: &[u8]) -> u32 {
        let record = record.get(..Self::RECORD_LEN).unwrap_or_default();
        record.last_chunk().map_or(0, |seal| u32::from_le_bytes(*seal))
    }
}

impl Field for Quantiser {
    const LEN: usize = 7;
    fn put(&self, to: &mut Writer<'_>) {
        let (scale, zero_point) = self.affine().unwrap_or((0.0, 0));
        bool::put(&(self.encoding() == Encoding::Signed), to);
        // The sign tells probabilities from logits, a scale of 0 those in steps of 1/255.
        let scale =
            if self.activation() == Activation::Probabilities && scale > 0.0 { -scale } else { scale };
        scale.to_bits().put(to);
        // A zero point is a code.
        (zero_point as i16).put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        let mut signed = false;
        signed.read(from)?;
        let (scale, zero_point) = (u32::from_le_bytes(from.take()?), i16::from_le_bytes(from.take()?));
        let encoding = if signed { Encoding::Signed } else { Encoding::Unsigned };
        *self = match (signed, scale, zero_point) {
            (false, 0, 0) => Self::probabilities(),
            _ if f32::from_bits(scale) < 0.0 => {
                Self::scaled_probabilities(encoding, -f32::from_bits(scale), zero_point.into())?
            }
            _ => Self::logits(encoding, f32::from_bits(scale), zero_point.into())?,
        };
        Ok(())
    }
}

impl Field for Reference {
    const LEN: usize = 4 * CODES;
    fn put(&self, to: &mut Writer<'_>) {
        self.counts().put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        self.set(|counts| counts.read(from))
    }
}

impl Field for CalibrationMap {
    const LEN: usize = 3 * CODES + 1;
    fn put(&self, to: &mut Writer<'_>) {
        self.probability().put(to);
        self.deviation().put(to);
        self.is_learnt().put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        self.set(|probability, deviation, learnt| {
            probability.read(from)?;
            deviation.read(from)?;
            learnt.read(from)
        })
    }
}
