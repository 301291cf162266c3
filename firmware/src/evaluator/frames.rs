//! Frames as their rows come in: counted, watched, and reported on with a table of probabilities that is lent.

use segmeter_core::drift::{
    self, Facts, Invalid, Monitor, Observation, Outline, Packet, Profile, Statistics,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::pack_codes;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Quantiser, Shape};

use super::{ROW_WORDS, quantiser, scores};
use crate::protocol::{Configuration, Finding, Order, Rejection, Report, RowLabels};

/// Everything between a configuration and a report but the table of probabilities, which is needed at the end of a frame
/// only. `WORDS` is the longest row in words of 32 pixels. 8 KiB and 8 bytes a word: it is made once, where it stays, and
/// configured there, because a stack has no room for copies of it.
pub struct Frames<const WORDS: usize = ROW_WORDS> {
    sketch: Sketch,
    quantiser: Quantiser,
    /// Of no meaning unless there is one.
    profile: Profile,
    watches: bool,
    /// [`Profile::fingerprint`].
    profile_number: u32,
    monitor: Monitor,
    packets: u16,
    /// Of the last frame.
    estimated: Option<Q16>,
    frame: Option<Frame>,
    /// Whether the frame under way has labels.
    labelled: bool,
    /// The mask of the row before, and of the row that is there.
    rows: [[u32; WORDS]; 2],
    configured: bool,
}

/// The frame under way.
#[derive(Clone, Copy)]
struct Frame {
    number: u32,
    shape: Shape,
    next_row: u16,
    outline: Outline,
}

impl<const WORDS: usize> Default for Frames<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Frames<WORDS> {
    /// The widest row taken.
    pub const MAX_WIDTH: u16 = {
        assert!(WORDS > 0 && WORDS < 1 << 11, "a row has 1 to 2047 words of 32 pixels");
        WORDS as u16 * 32
    };

    /// Waits for a configuration: zeros all over, so that an image holds no copy of the kilobytes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sketch: Sketch::new(&Quantiser::probabilities()),
            quantiser: Quantiser::probabilities(),
            profile: Profile::EMPTY,
            watches: false,
            profile_number: 0,
            monitor: Monitor::new(),
            packets: 0,
            estimated: None,
            frame: None,
            labelled: false,
            rows: [[0; WORDS]; 2],
            configured: false,
        }
    }

    /// Takes frames of this kind from now on. The monitor starts anew.
    ///
    /// # Errors
    /// [`Rejection::Configuration`] if a value is out of its range; an earlier configuration then still holds, unless it was a
    /// value of a profile whose checksum is right.
    #[inline(never)]
    pub fn configure(&mut self, configuration: &Configuration<'_>) -> Result<(), Rejection> {
        let quantiser = quantiser(configuration.codes).ok_or(Rejection::Configuration)?;
        if let Some(record) = configuration.profile {
            // Before the earlier profile is gone: there is no room for two.
            if Profile::quantiser_of(record) != Ok(quantiser) {
                return Err(Rejection::Configuration);
            }
            self.configured = false;
            self.profile.set(record).map_err(|_| Rejection::Configuration)?;
        }
        self.watches = configuration.profile.is_some();
        self.profile_number = configuration.profile.map_or(0, Profile::fingerprint_of);
        self.sketch.reset(&quantiser);
        self.quantiser = quantiser;
        self.monitor = Monitor::new();
        self.frame = None;
        self.configured = true;
        Ok(())
    }

    /// Starts a frame; what there is of an unfinished one is forgotten.
    ///
    /// # Errors
    /// [`Rejection::NotConfigured`], or [`Rejection::Shape`] if a side is zero, a row longer than [`Frames::MAX_WIDTH`], or
    /// the profile for another size: the monitor then counts an invalid frame.
    pub fn begin(&mut self, number: u32, height: u16, width: u16, labelled: bool) -> Result<(), Rejection> {
        self.abandon();
        if !self.configured {
            return Err(Rejection::NotConfigured);
        }
        let shape = Shape::new(height.into(), width.into()).map_err(|_| Rejection::Shape)?;
        let fits = !self.watches || self.profile.identity.fits(height.into(), width.into());
        if width > Self::MAX_WIDTH || !fits {
            self.miss(Invalid::Shape);
            return Err(Rejection::Shape);
        }
        self.frame = Some(Frame { number, shape, next_row: 0, outline: Outline::new(shape) });
        self.labelled = labelled;
        self.rows = [[0; WORDS]; 2];
        Ok(())
    }

    /// Takes the next row of the frame under way.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], [`Rejection::OutOfOrder`], [`Rejection::Shape`], [`Rejection::Labels`]. The frame is
    /// then abandoned: a report on part of a frame would be taken for one on all of it.
    pub fn row(
        &mut self,
        number: u32,
        row: u16,
        codes: &[u8],
        labels: Option<RowLabels<'_>>,
    ) -> Result<(), Rejection> {
        let checked = self.check_row(number, row, codes, labels);
        if checked.is_err() {
            self.abandon();
            return checked;
        }
        match labels {
            Some(RowLabels { foreground, valid }) => self.sketch.push_packed_row(codes, foreground, valid),
            None => self.sketch.push_unlabelled(codes),
        }
        if let Some(frame) = &mut self.frame {
            frame.next_row += 1;
            // Only the monitor looks at the outline.
            if self.watches {
                let words = codes.len().div_ceil(32);
                let [above, now] = &mut self.rows;
                core::mem::swap(above, now);
                let (above, now) = (above.get(..words), now.get_mut(..words).unwrap_or_default());
                if pack_codes(codes, &self.quantiser, now).is_ok() {
                    frame.outline.push_row(above.unwrap_or_default(), now);
                }
            }
        }
        Ok(())
    }

    fn check_row(
        &self,
        number: u32,
        row: u16,
        codes: &[u8],
        labels: Option<RowLabels<'_>>,
    ) -> Result<(), Rejection> {
        let frame = self.frame.ok_or(Rejection::NoFrame)?;
        let order = |expected, found| Rejection::OutOfOrder { expected, found };
        if number != frame.number {
            return Err(order(frame.number, number));
        }
        if row != frame.next_row || usize::from(row) >= frame.shape.height() {
            return Err(order(frame.next_row.into(), row.into()));
        }
        if codes.len() != frame.shape.width() {
            return Err(Rejection::Shape);
        }
        let packed = frame.shape.packed_width();
        match labels {
            Some(labels) if self.labelled => {
                let fits = labels.foreground.len() == packed && labels.valid.len() == packed;
                if fits { Ok(()) } else { Err(Rejection::Shape) }
            }
            None if !self.labelled => Ok(()),
            _ => Err(Rejection::Labels),
        }
    }

    /// Ends the frame and reports on it; the monitor takes it in. `table` is that of [`Frames::quantiser`].
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], or [`Rejection::OutOfOrder`] if rows are missing. The monitor then counts the frame as
    /// invalid.
    #[inline(never)]
    pub fn end_with(&mut self, number: u32, table: &SigmoidTable) -> Result<Report, Rejection> {
        let frame = self.frame.ok_or(Rejection::NoFrame)?;
        let rows = frame.shape.height() as u32;
        let complete = number == frame.number && u32::from(frame.next_row) == rows;
        if !complete {
            self.abandon();
            let wrong_frame = Rejection::OutOfOrder { expected: frame.number, found: number };
            let rows_missing = Rejection::OutOfOrder { expected: rows, found: frame.next_row.into() };
            return Err(if number == frame.number { rows_missing } else { wrong_frame });
        }
        let report = self.report(&frame, table);
        self.frame = None;
        self.sketch.clear();
        Ok(report)
    }

    /// Forgets the frame under way, if there is one; it is one that the monitor could not see.
    pub fn abandon(&mut self) {
        if self.frame.take().is_none() {
            return;
        }
        self.sketch.clear();
        self.miss(Invalid::Missing);
    }

    /// A frame that the monitor does not see.
    fn miss(&mut self, why: Invalid) {
        if self.watches {
            self.monitor.observe(&self.profile, Err(why));
        }
    }

    /// Follows an order to the monitor.
    ///
    /// # Errors
    /// [`Rejection::Order`] if it cannot be followed now.
    pub fn order(&mut self, order: Order) -> Result<(), Rejection> {
        if !self.watches {
            return Err(Rejection::Order);
        }
        match order {
            Order::Acknowledge => self.monitor.acknowledge(),
            Order::CaptureSite => self.monitor.capture_site(),
            Order::SealSite => self.monitor.seal_site(&self.profile).map_err(|_| Rejection::Order)?,
        }
        Ok(())
    }

    /// What a device would broadcast now; `None` without a profile.
    pub fn packet(&mut self, time_ms: u32) -> Option<[u8; Packet::LEN]> {
        self.packets = self.packets.wrapping_add(u16::from(self.watches));
        let packet = Packet::new(&self.monitor, self.profile_number, self.estimated, self.packets, time_ms);
        self.watches.then(|| packet.bytes())
    }

    /// What the monitor knows, and [`Profile::fingerprint`]: for [`Store::save`](crate::persistence::Store::save).
    #[must_use]
    pub const fn monitor(&self) -> (&Monitor, u32) {
        (&self.monitor, self.profile_number)
    }

    /// Goes on with a monitor that was kept with this profile; before the first frame.
    pub fn resume(&mut self, monitor: Monitor) {
        self.monitor = monitor;
    }

    /// What the codes mean, as it was configured last.
    #[must_use]
    pub const fn quantiser(&self) -> &Quantiser {
        &self.quantiser
    }

    /// The same; `None` before there is any configuration.
    #[must_use]
    pub fn configured(&self) -> Option<&Quantiser> {
        self.configured.then_some(&self.quantiser)
    }

    /// The number of the frame under way.
    #[must_use]
    pub fn frame(&self) -> Option<u32> {
        self.frame.map(|frame| frame.number)
    }

    /// Whether the monitor is in alarm.
    #[must_use]
    pub fn alarm(&self) -> bool {
        self.monitor.verdict().state == drift::State::Alarm
    }

    #[inline(never)]
    fn report(&mut self, frame: &Frame, table: &SigmoidTable) -> Report {
        let (statistics, drift) = self.watch(frame, table);
        Report {
            frame: frame.number,
            pixels: frame.shape.pixels() as u32,
            scores: self.labelled.then(|| scores(&self.sketch, table)),
            statistics: statistics.map(Q16::raw),
            drift,
            instructions: None,
        }
    }

    /// Statistics of the frame, and what the monitor makes of it. Not inlined: its stack is free for the scores.
    #[inline(never)]
    fn watch(&mut self, frame: &Frame, table: &SigmoidTable) -> ([Q16; 4], Option<Finding>) {
        let sketch = &self.sketch;
        let observation = self
            .watches
            .then(|| self.monitor.watch(&self.profile, table, sketch, &frame.outline, Facts::default()));
        self.estimated = observation.and_then(|seen| seen.estimate).map(|iou| iou.value);
        let statistics = observation.map_or_else(|| Statistics::new(sketch, table), |seen| seen.statistics);
        let statistics = statistics.map_or([Q16::ZERO; 4], |s| {
            [s.road_fraction, s.mean_entropy, s.mean_margin, s.low_confidence_fraction]
        });
        (statistics, observation.map(|seen| finding(&seen, &self.monitor)))
    }
}

/// Puts what the monitor makes of a frame on the wire.
fn finding(seen: &Observation, monitor: &Monitor) -> Finding {
    let drift::Signals(signals) = seen.signals.unwrap_or_default();
    let drift::Verdict { state, reasons, blocks } = seen.verdict;
    Finding {
        signals: signals.map(|value| value.map(Q16::raw)),
        invalid: seen.signals.err().map(|why| why as u8),
        estimated_iou: seen.estimate.map(|iou| [iou.value, iou.low, iou.high].map(Q16::raw)),
        harm: seen.harm.map(|harm| [harm.lost, harm.least, harm.most].map(Q16::raw)),
        state: state as u8,
        reasons: [reasons.factory, reasons.site, reasons.conditions],
        blocks,
        invalid_frames: monitor.invalid_frames().iter().fold(0, |sum: u32, count| sum.saturating_add(*count)),
    }
}
