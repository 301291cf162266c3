//! Multiclass pixels in memory, in blocks: how they are read, and how their gradient is written.

use core::ops::Range;

use crate::loss::walk::pixels::{Labelled, labelled, masses, padded};
use crate::simd::{BLOCK, Masses, Simd, Vector};
use crate::view::{Frame, IGNORE, Layout, Target};

/// A block of pixels in memory.
/// In this order and aligned, so that no vector lies across two cache lines.
#[repr(C, align(32))]
pub(in crate::loss) struct Block<const C: usize> {
    pub(in crate::loss) scores: [[f32; BLOCK]; C],
    /// Soft labels, if that is what the frame has.
    shares: [[f32; BLOCK]; C],
    /// Hard labels, as numbers.
    ids: [f32; BLOCK],
    pub(in crate::loss) weight: [f32; BLOCK],
    pub(in crate::loss) map: [f32; BLOCK],
    soft: bool,
    /// The classes of hard labels, a bit each.
    present: u32,
}

impl<const C: usize> Block<C> {
    pub(in crate::loss) const EMPTY: Self = Self {
        scores: [[0.0; BLOCK]; C],
        ids: [0.0; BLOCK],
        shares: [[0.0; BLOCK]; C],
        soft: false,
        present: u32::MAX,
        weight: [0.0; BLOCK],
        map: [0.0; BLOCK],
    };

    /// Labels and weights of the pixels from `first`, whose scores and soft labels are there; those from `end` on have no
    /// weight.
    #[inline(always)]
    fn label(&mut self, frame: &Frame<'_, C>, first: usize, end: usize) {
        let Labelled { weight, map, .. } = labelled(frame, first, end, 0);
        (self.weight, self.map) = (weight, map);
        // A score without weight may be infinite or NaN, and 0 * inf is NaN: take 0 in its place.
        if weight.iter().any(|weight| *weight <= 0.0) {
            for scores in self.scores.iter_mut().take(frame.channels()) {
                for (score, weight) in scores.iter_mut().zip(weight) {
                    *score = if weight > 0.0 { *score } else { 0.0 };
                }
            }
        }
        match frame.target() {
            Target::Ids(ids) => {
                let ids = padded(ids, first..end.min(first + BLOCK), IGNORE);
                self.ids = ids.map(f32::from);
                let bit = |id: u8| 1_u32.checked_shl(id.into()).unwrap_or(0);
                self.present = ids.into_iter().fold(0, |present, id| present | bit(id));
            }
            Target::Shares(_) => self.soft = true,
        }
    }

    /// Whether a pixel may have a label of this class.
    #[inline(always)]
    pub(in crate::loss) const fn may_have(&self, class: usize) -> bool {
        self.present >> (class & 31) & 1 != 0
    }

    /// By how much the score of one of two classes is above the other's.
    #[inline(always)]
    pub(in crate::loss) fn lead<S: Simd>(&self, s: S, class: usize, vector: usize) -> S::V {
        let of = |class: usize| self.scores.get(class).map_or(s.splat(0.0), |scores| s.load(scores, vector));
        of(class) - of(1 - class.min(1))
    }

    /// The masses and targets of a class.
    #[inline(always)]
    pub(in crate::loss) fn masses<S: Simd>(
        &self,
        s: S,
        class: Class<S::V>,
        vector: usize,
    ) -> (Masses<S::V>, Masses<S::V>) {
        let weight = s.load(&self.weight, vector);
        if self.soft {
            return masses(s, self.share(s, class, vector), weight);
        }
        let (id, zero, one) = (s.load(&self.ids, vector), s.splat(0.0), s.splat(1.0));
        let sides = |of: S::V| Masses {
            background: id.select_equal(class.number, zero, of),
            foreground: id.select_equal(class.number, of, zero),
        };
        (sides(weight), sides(zero.select_less(weight, one, zero)))
    }

    /// One vector of the labels of a class: 1 and 0, or shares.
    #[inline(always)]
    pub(in crate::loss) fn share<S: Simd>(&self, s: S, class: Class<S::V>, vector: usize) -> S::V {
        if self.soft {
            self.shares.get(class.index).map_or(s.splat(0.0), |shares| s.load(shares, vector))
        } else {
            s.load(&self.ids, vector).select_equal(class.number, s.splat(1.0), s.splat(0.0))
        }
    }
}

/// A class: its index, and the number that ids are compared with.
#[derive(Clone, Copy)]
pub(in crate::loss) struct Class<V> {
    pub(in crate::loss) index: usize,
    pub(in crate::loss) number: V,
}

impl<V: Vector> Class<V> {
    #[inline(always)]
    pub(in crate::loss) fn first<S: Simd<V = V>>(s: S) -> Self {
        Self { index: 0, number: s.splat(0.0) }
    }

    #[inline(always)]
    pub(in crate::loss) fn next<S: Simd<V = V>>(&mut self, s: S) {
        *self = Self { index: self.index + 1, number: self.number + s.splat(1.0) };
    }
}

/// Blocks that are read and written together: a class has its numbers of them side by side. On a desk so many that the planes
/// of the classes, a large power of two apart as a rule, are read by the cache line one after the other for a while; on a
/// device they lie on the stack.
pub(in crate::loss) const BLOCKS: usize =
    if cfg!(any(target_arch = "x86", target_arch = "x86_64")) { 128 / BLOCK } else { 32 / BLOCK };

/// The pixels from `first` to `end`, or as many as there is room for. Copies, but by the instructions that read them: what is
/// written by halves stalls a wide load. A function of its own, so that it is not compiled into every loss.
#[inline(never)]
pub(in crate::loss) fn load<S: Simd, const C: usize>(
    s: S,
    blocks: &mut [Block<C>],
    frame: &Frame<'_, C>,
    first: usize,
    end: usize,
) {
    let end = end.min(first + BLOCK * blocks.len());
    s.vectorize(
        #[inline(always)]
        || {
            read(frame, frame.scores(), first..end, blocks, |block| &mut block.scores);
            if let Target::Shares(shares) = frame.target() {
                read(frame, shares, first..end, blocks, |block| &mut block.shares);
            }
            for (first, block) in (first..end).step_by(BLOCK).zip(blocks) {
                block.label(frame, first, end);
            }
        },
    );
}

/// The numbers of some pixels, class by class.
#[inline(always)]
fn read<const C: usize>(
    frame: &Frame<'_, C>,
    values: &[f32],
    pixels: Range<usize>,
    blocks: &mut [Block<C>],
    of: impl Fn(&mut Block<C>) -> &mut [[f32; BLOCK]; C],
) {
    let channels = frame.channels();
    match frame.layout() {
        Layout::Planar => {
            let planes = values.get(pixels.start..).unwrap_or_default().chunks(frame.plane_len().max(1));
            for (class, plane) in planes.enumerate().take(channels) {
                let (whole, rest) = plane.get(..pixels.len()).unwrap_or_default().as_chunks::<BLOCK>();
                let mut blocks = blocks.iter_mut().filter_map(|block| of(block).get_mut(class));
                for (values, out) in whole.iter().zip(&mut blocks) {
                    *out = *values;
                }
                if let (false, Some(out)) = (rest.is_empty(), blocks.next()) {
                    for (slot, value) in out.iter_mut().zip(rest) {
                        *slot = *value;
                    }
                }
            }
        }
        Layout::Interleaved => {
            let values = values.get(pixels.start * channels..pixels.end * channels).unwrap_or_default();
            for (block, values) in blocks.iter_mut().zip(values.chunks((BLOCK * channels).max(1))) {
                for (place, values) in values.chunks_exact(channels.max(1)).enumerate() {
                    for (out, value) in of(block).iter_mut().zip(values) {
                        if let Some(slot) = out.get_mut(place) {
                            *slot = *value;
                        }
                    }
                }
            }
        }
    }
}

/// Adds to the gradient of `count` pixels from `first`, counted from the first row that `out` holds, or writes it.
/// A function of its own, so that it is not compiled into every loss.
#[inline(never)]
pub(in crate::loss) fn write<S: Simd, const C: usize>(
    s: S,
    frame: &Frame<'_, C>,
    out: &mut [&mut [f32]],
    (first, count): (usize, usize),
    more: &[[[f32; BLOCK]; C]],
    overwrites: bool,
) {
    s.vectorize(
        #[inline(always)]
        || match frame.layout() {
            Layout::Planar => {
                let planes = out.get_mut(..frame.channels()).unwrap_or_default();
                for (class, plane) in planes.iter_mut().enumerate() {
                    let slots = plane.get_mut(first..first + count).unwrap_or_default();
                    put(s, slots, more.iter().filter_map(|more| more.get(class)), overwrites);
                }
            }
            Layout::Interleaved => {
                let channels = frame.channels();
                let slots = out.first_mut().and_then(|plane| plane.get_mut(first * channels..));
                let pixels = slots.unwrap_or_default().chunks_mut(channels.max(1)).take(count);
                for (pixel, slots) in pixels.enumerate() {
                    let more = more.get(pixel / BLOCK).map_or(&[][..], |more| more);
                    for (slot, more) in slots.iter_mut().zip(more) {
                        let before = if overwrites { 0.0 } else { *slot };
                        *slot = before + more.get(pixel % BLOCK).copied().unwrap_or(0.0);
                    }
                }
            }
        },
    );
}

/// Adds to pixels of a plane, block by block, or writes them.
#[inline(always)]
fn put<'a, S: Simd>(
    s: S,
    slots: &mut [f32],
    mut more: impl Iterator<Item = &'a [f32; BLOCK]>,
    overwrites: bool,
) {
    let (whole, rest) = slots.as_chunks_mut::<BLOCK>();
    for (slots, more) in whole.iter_mut().zip(&mut more) {
        for vector in 0..S::VECTORS {
            // Zero is added so that none is negative.
            let before = if overwrites { s.splat(0.0) } else { s.load(slots, vector) };
            s.store(before + s.load(more, vector), slots, vector);
        }
    }
    if let (false, Some(more)) = (rest.is_empty(), more.next()) {
        for (slot, more) in rest.iter_mut().zip(more) {
            *slot = if overwrites { 0.0 } else { *slot } + more;
        }
    }
}
