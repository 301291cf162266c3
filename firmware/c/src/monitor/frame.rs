//! Frames on their way into a monitor.

use core::ffi::c_void;
use core::mem;

use super::{
    Facts, Invalid, Monitor, MonitorState, Observation, Outline, ROW_WORDS, SGM_MAX_WIDTH, Verdict, drift,
};
use crate::memory::{In, Out};
use crate::sketch::{Sketch, SketchState, Table, TableState};
use crate::status::{Outcome, Status, status};
use segmeter_core::plane::pack_codes;
use segmeter_core::view::Shape;

/// The frame under way.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    outline: Outline,
    height: u32,
    next_row: u32,
}

impl MonitorState {
    fn begin(&mut self, height: u32, width: u32) -> Outcome {
        self.abandon();
        let shape = Shape::new(height, width).map_err(|_| Status::ErrorShape)?;
        if width > SGM_MAX_WIDTH {
            return Err(Status::ErrorShape);
        }
        if !self.profile.identity.fits(shape.height(), shape.width()) {
            self.monitor.observe(&self.profile, Err(Invalid::Shape));
            return Err(Status::ErrorShape);
        }
        self.frame = Some(Frame { outline: Outline::new(shape), height, next_row: 0 });
        self.rows = [[0; ROW_WORDS]; 2];
        Ok(())
    }

    /// Forgets the frame under way, if there is one; it is one that the monitor could not see.
    fn abandon(&mut self) {
        if self.frame.take().is_some() {
            self.monitor.observe(&self.profile, Err(Invalid::Missing));
        }
    }

    fn push_row(&mut self, codes: &[u8]) -> Outcome {
        let frame = self.frame.as_mut().ok_or(Status::ErrorOrder)?;
        if codes.len() != frame.outline.shape().width() {
            return Err(Status::ErrorLength);
        }
        if frame.next_row >= frame.height {
            return Err(Status::ErrorOrder);
        }
        let words = codes.len().div_ceil(32);
        let [above, now] = &mut self.rows;
        mem::swap(above, now);
        let (above, now) = (
            above.get(..words).ok_or(Status::ErrorLength)?,
            now.get_mut(..words).ok_or(Status::ErrorLength)?,
        );
        pack_codes(codes, &self.profile.quantiser, now).map_err(|_| Status::ErrorLength)?;
        frame.outline.push_row(above, now);
        frame.next_row += 1;
        Ok(())
    }

    fn end(&mut self, sketch: &SketchState, table: &TableState, facts: drift::Facts) -> Outcome<Observation> {
        let frame = self.frame.ok_or(Status::ErrorOrder)?;
        let is_whole = frame.next_row == frame.height
            && usize::try_from(sketch.pixels()) == Ok(frame.outline.shape().pixels());
        if !is_whole {
            self.abandon();
            return Err(Status::ErrorOrder);
        }
        let table = self.matching(sketch, table)?;
        self.frame = None;
        let Self { monitor, profile, .. } = self;
        let seen = monitor.watch(profile, table, sketch.sketch(), &frame.outline, facts);
        self.estimated = seen.estimate.map(|iou| iou.value);
        Ok(Observation::of(&seen))
    }

    /// The table, if it and the sketch are for the codes of the profile.
    fn matching<'a>(
        &self,
        sketch: &SketchState,
        table: &'a TableState,
    ) -> Outcome<&'a segmeter_core::sketch::SigmoidTable> {
        if sketch.quantiser() != self.quantiser() {
            return Err(Status::ErrorMismatch);
        }
        table.of(self.quantiser())
    }
}

/// Starts a frame of `height` rows of `width` pixels, whose rows `sgm_monitor_push_row` and `sgm_sketch_push_row` of a sketch
/// that was reset take, both. A frame under way counts as one that did not arrive whole.
///
/// Errors: `SGM_ERROR_SHAPE`; for another size than the profile's, the frame counts as invalid too.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_begin(mut monitor: Out<Monitor>, height: u32, width: u32) -> Status {
    status(monitor.state(&[]).and_then(|state| state.begin(height, width)))
}

/// Takes the next row of the frame: `width` codes of the profile's quantiser. 7 instructions a pixel on a Cortex-M4, 13 on a
/// Cortex-M0.
///
/// Errors: `SGM_ERROR_ORDER` without a frame or behind its last row, `SGM_ERROR_LENGTH`; the row is not taken then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_push_row(mut monitor: Out<Monitor>, codes: In<c_void>, width: usize) -> Status {
    let mut push = || {
        let bytes = codes.bytes(width)?;
        monitor.state(&[codes.byte_span(width)])?.push_row(bytes)
    };
    status(push())
}

/// Ends the frame and says what the monitor makes of it: `sketch` holds its pixels and no others, `table` is for the profile's
/// quantiser, `facts` may be null. 90000 instructions on a Cortex-M4F, 500000 on a Cortex-M0.
///
/// Errors: `SGM_ERROR_ORDER` without a frame; if rows are missing or the sketch holds another number of pixels, in which case
/// the frame counts as one that did not arrive whole. `SGM_ERROR_MISMATCH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_end(
    mut monitor: Out<Monitor>,
    sketch: In<Sketch>,
    table: In<Table>,
    facts: In<Facts>,
    observation: Out<Observation>,
) -> Status {
    let mut end = || {
        observation.check()?;
        let known = if facts.is_null() { Facts::default() } else { facts.get()? };
        let (seen, codes) = (sketch.state()?, table.state()?);
        monitor.state(&[sketch.span(1), table.span(1)])?.end(seen, codes, known.read())
    };
    let ended = end();
    status(ended.and_then(|seen| observation.write(seen)))
}

/// A whole frame at once: `height` times `width` codes, row by row, without labels. `sketch` is reset and then holds the
/// frame, so that statistics of it can be asked for.
///
/// Errors: those of `sgm_monitor_begin`, `sgm_sketch_push_row` and `sgm_monitor_end`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_watch(
    mut monitor: Out<Monitor>,
    mut sketch: Out<Sketch>,
    table: In<Table>,
    codes: In<c_void>,
    height: u32,
    width: u32,
    facts: In<Facts>,
    observation: Out<Observation>,
) -> Status {
    let mut watch = || {
        observation.check()?;
        let known = if facts.is_null() { Facts::default() } else { facts.get()? };
        let pixels = Shape::new(height, width).map_err(|_| Status::ErrorShape)?.pixels();
        let (frame, meaning) = (codes.bytes(pixels)?, table.state()?);
        let beside = [codes.byte_span(pixels), table.span(1)];
        let [others, mask] = [sketch.span(1), monitor.span(1)];
        let [of_codes, of_table] = beside;
        let seen = sketch.state(&[of_codes.clone(), of_table.clone(), mask])?;
        let state = monitor.state(&[of_codes, of_table, others])?;
        state.matching(seen, meaning)?;
        state.begin(height, width)?;
        seen.clear();
        for row in frame.chunks((width as usize).max(1)) {
            seen.push_unlabelled(row)?;
            state.push_row(row)?;
        }
        state.end(seen, meaning, known.read())
    };
    let watched = watch();
    status(watched.and_then(|seen| observation.write(seen)))
}

/// A frame that the monitor does not see, for the reason of this number (`SGM_INVALID_MISSING` and the others): it counts. A
/// frame under way is forgotten, and is that frame.
///
/// Errors: `SGM_ERROR_NAME` if there is no such reason.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_miss(mut monitor: Out<Monitor>, reason: u8, verdict: Out<Verdict>) -> Status {
    let mut miss = || {
        verdict.check()?;
        let why = Invalid::ALL.get(usize::from(reason)).ok_or(Status::ErrorName)?;
        let state = monitor.state(&[])?;
        (state.frame, state.estimated) = (None, None);
        Ok(Verdict::of(state.monitor.observe(&state.profile, Err(*why))))
    };
    let missed = miss();
    status(missed.and_then(|said| verdict.write(said)))
}
