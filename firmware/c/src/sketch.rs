//! Tables of probabilities, and the histogram that stands for frames of 8-bit codes.

use core::ffi::c_void;

use segmeter_core::sketch::{self, SigmoidTable};
use segmeter_core::view::{self, Encoding};

use crate::memory::{In, Out, Plain, Storage};
use crate::status::{Outcome, Status, status};

/// `sgm_quantiser.encoding`: bytes are 0 to 255.
pub const SGM_UNSIGNED: u8 = 0;
/// `sgm_quantiser.encoding`: bytes are -128 to 127, `int8_t`.
pub const SGM_SIGNED: u8 = 1;

/// `sgm_quantiser.meaning`: `logit = scale * (code - zero_point)`.
pub const SGM_LOGITS: u8 = 0;
/// `sgm_quantiser.meaning`: `probability = scale * (code - zero_point)`, cut to 0 ... 1.
pub const SGM_PROBABILITIES: u8 = 1;
/// `sgm_quantiser.meaning`: `probability = code / 255` of unsigned codes; scale and zero point are not looked at.
pub const SGM_PROBABILITIES_OF_255: u8 = 2;

/// The id of ignored pixels that most labels have.
pub const SGM_IGNORE: u8 = 255;

/// Bytes of an `sgm_table`.
pub const SGM_TABLE_SIZE: usize = 4128;
/// Bytes of an `sgm_sketch`.
pub const SGM_SKETCH_SIZE: usize = 4128;
/// Alignment of storage in bytes.
pub const SGM_ALIGNMENT: usize = 16;

/// What the 8-bit codes of a network mean: of an output tensor its scale and zero point.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Quantiser {
    /// Logit or probability of a step of the code: above 0, below 1e6.
    pub scale: f32,
    /// The code of 0: -128 to 127 if signed, 0 to 255 if not.
    pub zero_point: i32,
    /// `SGM_UNSIGNED` or `SGM_SIGNED`.
    pub encoding: u8,
    /// `SGM_LOGITS`, `SGM_PROBABILITIES` or `SGM_PROBABILITIES_OF_255`.
    pub meaning: u8,
}

// SAFETY: numbers.
unsafe impl Plain for Quantiser {}

/// The encoding that C calls so.
pub(crate) fn encoding_of(encoding: u8) -> Outcome<Encoding> {
    match encoding {
        SGM_UNSIGNED => Ok(Encoding::Unsigned),
        SGM_SIGNED => Ok(Encoding::Signed),
        _ => Err(Status::ErrorQuantiser),
    }
}

impl Quantiser {
    pub(crate) fn read(self) -> Outcome<view::Quantiser> {
        let encoding = encoding_of(self.encoding)?;
        match (self.meaning, encoding) {
            (SGM_LOGITS, _) => view::Quantiser::logits(encoding, self.scale, self.zero_point),
            (SGM_PROBABILITIES, _) => {
                view::Quantiser::scaled_probabilities(encoding, self.scale, self.zero_point)
            }
            (SGM_PROBABILITIES_OF_255, Encoding::Unsigned) => Ok(view::Quantiser::probabilities()),
            _ => return Err(Status::ErrorQuantiser),
        }
        .map_err(|_| Status::ErrorQuantiser)
    }

    pub(crate) fn of(quantiser: &view::Quantiser) -> Self {
        let (scale, zero_point) = quantiser.affine().unwrap_or((0.0, 0));
        let meaning = match (quantiser.affine(), quantiser.activation()) {
            (None, _) => SGM_PROBABILITIES_OF_255,
            (_, view::Activation::Logits) => SGM_LOGITS,
            (_, view::Activation::Probabilities) => SGM_PROBABILITIES,
        };
        let encoding = if quantiser.encoding() == Encoding::Signed { SGM_SIGNED } else { SGM_UNSIGNED };
        Self { scale, zero_point, encoding, meaning }
    }
}

/// Storage for what every code means: its logit and probability. About 4 KiB; one serves all sketches of a network.
#[repr(C, align(16))]
pub struct Table {
    /// Private.
    opaque: [u8; SGM_TABLE_SIZE],
}

/// Storage for a sketch: a histogram of labels and codes, which says of the losses and metrics that do not depend on where
/// pixels are exactly what whole frames would. About 4 KiB.
#[repr(C, align(16))]
pub struct Sketch {
    /// Private.
    opaque: [u8; SGM_SKETCH_SIZE],
}

/// What is in a [`Table`].
pub struct TableState {
    quantiser: view::Quantiser,
    table: SigmoidTable,
}

/// What is in a [`Sketch`].
pub struct SketchState {
    quantiser: view::Quantiser,
    sketch: sketch::Sketch,
    /// Pixels so far: what a counter can hold, and no more, is admitted.
    pixels: u32,
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for Table {
    type State = TableState;
    const KIND: u32 = 0x5347_5401;
    const EMPTY: &'static TableState =
        &TableState { quantiser: view::Quantiser::probabilities(), table: SigmoidTable::zeros() };
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for Sketch {
    type State = SketchState;
    const KIND: u32 = 0x5347_5301;
    const EMPTY: &'static SketchState = &SketchState {
        quantiser: view::Quantiser::probabilities(),
        sketch: sketch::Sketch::new(&view::Quantiser::probabilities()),
        pixels: 0,
    };
}

impl TableState {
    /// The table, if it is for codes of this quantiser.
    pub(crate) fn of(&self, quantiser: &view::Quantiser) -> Outcome<&SigmoidTable> {
        if self.quantiser == *quantiser { Ok(&self.table) } else { Err(Status::ErrorMismatch) }
    }
}

impl SketchState {
    pub(crate) const fn sketch(&self) -> &sketch::Sketch {
        &self.sketch
    }
    pub(crate) const fn quantiser(&self) -> &view::Quantiser {
        &self.quantiser
    }
    pub(crate) const fn pixels(&self) -> u32 {
        self.pixels
    }

    pub(crate) fn clear(&mut self) {
        self.sketch.clear();
        self.pixels = 0;
    }

    /// Makes room for so many more pixels, or refuses them.
    fn admit(&mut self, more: usize) -> Outcome {
        let more = u32::try_from(more).map_err(|_| Status::ErrorOverflow)?;
        self.pixels = self.pixels.checked_add(more).ok_or(Status::ErrorOverflow)?;
        Ok(())
    }

    pub(crate) fn push_unlabelled(&mut self, codes: &[u8]) -> Outcome {
        self.admit(codes.len())?;
        self.sketch.push_unlabelled(codes);
        Ok(())
    }

    fn push_row(&mut self, codes: &[u8], labels: &[u8], ignore: u8) -> Outcome {
        if ignore < 2 {
            return Err(Status::ErrorLabel);
        }
        check_labels(labels, ignore)?;
        self.admit(codes.len())?;
        // The bit of ids without a label: with it they are what core takes.
        if ignore & 2 != 0 {
            self.sketch.push_row(codes, labels);
            return Ok(());
        }
        for (codes, labels) in codes.chunks(CHUNK).zip(labels.chunks(CHUNK)) {
            let mut ids = [0; CHUNK];
            ids.iter_mut().zip(labels).for_each(|(id, label)| *id = (*label).min(2));
            self.sketch.push_row(codes, ids.get(..labels.len()).unwrap_or_default());
        }
        Ok(())
    }

    fn push_packed_row(&mut self, codes: &[u8], foreground: &[u8], valid: Option<&[u8]>) -> Outcome {
        self.admit(codes.len())?;
        if let Some(valid) = valid {
            self.sketch.push_packed_row(codes, foreground, valid);
            return Ok(());
        }
        for (codes, foreground) in codes.chunks(CHUNK).zip(foreground.chunks(CHUNK / 8)) {
            self.sketch.push_packed_row(codes, foreground, &[0xff; CHUNK / 8]);
        }
        Ok(())
    }
}

/// Pixels that are looked at together.
const CHUNK: usize = 64;

/// Refuses labels other than 0, 1 and the ignored id; four at a time where that is 255.
fn check_labels(labels: &[u8], ignore: u8) -> Outcome {
    let one = |label: &u8| *label < 2 || *label == ignore;
    let (fours, rest) = labels.as_chunks::<4>();
    let good = |four: &[u8; 4]| {
        // The bits above the lowest: all of them, or none.
        let high = u32::from_le_bytes(*four) & 0xfefe_fefe;
        let is_plain = (high & 0x0202_0202).wrapping_mul(0x7f) == high
            && (u32::from_le_bytes(*four) | !((high & 0x0202_0202) >> 1)) & 0x0101_0101 == 0x0101_0101;
        ignore == 255 && is_plain || four.iter().all(one)
    };
    if fours.iter().all(good) && rest.iter().all(one) { Ok(()) } else { Err(Status::ErrorLabel) }
}

/// Makes a table in `table`, which is `size` bytes long (`sizeof`), for the codes of a network: once. 28000 instructions on
/// a Cortex-M4F, 1.2 million on a Cortex-M0.
///
/// Errors: of storage; `SGM_ERROR_QUANTISER`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_table_init(mut table: Out<Table>, size: usize, quantiser: In<Quantiser>) -> Status {
    let mut make = || {
        let found = quantiser.get()?.read()?;
        table.init(size, &[quantiser.span(1)], |state| {
            state.quantiser = found;
            state.table.set(&found);
            Ok(())
        })
    };
    status(make())
}

/// Makes an empty sketch in `sketch`, which is `size` bytes long (`sizeof`), for the codes of a network.
///
/// Errors: of storage; `SGM_ERROR_QUANTISER`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_init(mut sketch: Out<Sketch>, size: usize, quantiser: In<Quantiser>) -> Status {
    let mut make = || {
        let found = quantiser.get()?.read()?;
        sketch.init(size, &[quantiser.span(1)], |state| {
            state.quantiser = found;
            state.sketch.reset(&found);
            Ok(())
        })
    };
    status(make())
}

/// Forgets every pixel: at the start of a frame, or of a group of frames that are scored as one.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_reset(mut sketch: Out<Sketch>) -> Status {
    status(sketch.state(&[]).map(SketchState::clear))
}

/// Adds `length` pixels: a row, or a whole frame.
///
/// `codes` are `length` bytes, `int8_t` or `uint8_t` as the quantiser says. `labels` are as many bytes, each 0 (background),
/// 1 (foreground) or `ignore` (not scored; 2 to 255, mostly `SGM_IGNORE`); null if there are no labels: the pixels then count
/// for what is said without labels alone. 11 instructions a pixel on a Cortex-M4, 25 on a Cortex-M0; 7 without labels.
///
/// Errors: `SGM_ERROR_LABEL` for any other label (masks of 0 and 255 are to become 0 and 1); `SGM_ERROR_OVERFLOW`. Nothing is
/// added then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_push_row(
    mut sketch: Out<Sketch>,
    codes: In<c_void>,
    labels: In<u8>,
    length: usize,
    ignore: u8,
) -> Status {
    let mut push = || {
        let bytes = codes.bytes(length)?;
        if labels.is_null() {
            return sketch.state(&[codes.byte_span(length)])?.push_unlabelled(bytes);
        }
        let ids = labels.slice(length)?;
        sketch.state(&[codes.byte_span(length), labels.span(length)])?.push_row(bytes, ids, ignore)
    };
    status(push())
}

/// Adds a row of `length` pixels whose labels are a bit each: pixel `x` is bit `x % 8`, the least significant first, of byte
/// `x / 8`, of `(length + 7) / 8` bytes.
///
/// A bit of `foreground` says that the pixel is of the class, a bit of `valid` that it has a label at all; `valid` may be
/// null: all have one. 10 instructions a pixel on a Cortex-M4, 14 on a Cortex-M0.
///
/// Errors: `SGM_ERROR_OVERFLOW`; nothing is added then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_push_packed_row(
    mut sketch: Out<Sketch>,
    codes: In<c_void>,
    foreground: In<u8>,
    valid: In<u8>,
    length: usize,
) -> Status {
    let mut push = || {
        let packed = length.div_ceil(8);
        let (bytes, bits) = (codes.bytes(length)?, foreground.slice(packed)?);
        let labelled = if valid.is_null() { None } else { Some(valid.slice(packed)?) };
        let beside = [codes.byte_span(length), foreground.span(packed), valid.span(packed)];
        let beside = if valid.is_null() { beside.get(..2).unwrap_or_default() } else { &beside };
        sketch.state(beside)?.push_packed_row(bytes, bits, labelled)
    };
    status(push())
}

/// Adds the pixels of `from` to `into`: tiles of a frame, or frames that are scored as one, in any order.
///
/// Errors: `SGM_ERROR_MISMATCH`, `SGM_ERROR_OVERFLOW`; nothing is added then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_merge(mut into: Out<Sketch>, from: In<Sketch>) -> Status {
    let mut merge = || {
        let other = from.state()?;
        let state = into.state(&[from.span(1)])?;
        if state.quantiser != other.quantiser {
            return Err(Status::ErrorMismatch);
        }
        state.admit(other.pixels as usize)?;
        state.sketch.merge(&other.sketch).map_err(|_| Status::ErrorMismatch)
    };
    status(merge())
}

/// Pixels of a sketch: all, and those with a label of 0 and of 1. Where a pointer is null, that number is not asked for.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_pixels(
    sketch: In<Sketch>,
    pixels: Out<u32>,
    background: Out<u32>,
    foreground: Out<u32>,
) -> Status {
    let count = || {
        let state = sketch.state()?;
        // No more than 2^32 - 1 were admitted.
        let labelled = [0, 1].map(|label| state.sketch.labelled(label) as u32);
        let [rest, class] = labelled;
        for (to, count) in [(pixels, state.pixels), (background, rest), (foreground, class)] {
            if !to.is_null() {
                to.write(count)?;
            }
        }
        Ok(())
    };
    status(count())
}
