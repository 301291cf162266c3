//! Eight multiclass pixels in memory: how they are read, and how their gradient is written.

use crate::loss::pixels::{Labelled, eight, labelled, masses};
use crate::simd::{LANES, Masses, Simd, Vector};
use crate::view::{Frame, IGNORE, Layout, Target};

/// Eight pixels in memory.
pub(in crate::loss) struct Block<const C: usize> {
    pub(super) scores: [[f32; LANES]; C],
    /// Hard labels, as numbers.
    ids: [f32; LANES],
    /// Soft labels, if that is what the frame has.
    shares: [[f32; LANES]; C],
    soft: bool,
    pub(in crate::loss) weight: [f32; LANES],
    pub(super) map: [f32; LANES],
}

impl<const C: usize> Block<C> {
    pub(in crate::loss) const EMPTY: Self = Self {
        scores: [[0.0; LANES]; C],
        ids: [0.0; LANES],
        shares: [[0.0; LANES]; C],
        soft: false,
        weight: [0.0; LANES],
        map: [0.0; LANES],
    };

    /// Eight pixels from `first`; those from `end` on have no weight. Not generic over the machine: copies, which every
    /// machine does alike.
    pub(in crate::loss) fn load(&mut self, frame: &Frame<'_, C>, first: usize, end: usize) {
        let end = end.min(first + LANES);
        read(frame, frame.scores(), first, end, &mut self.scores);
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
            Target::Ids(ids) => self.ids = eight(ids, first..end, IGNORE).map(f32::from),
            Target::Shares(shares) => {
                self.soft = true;
                read(frame, shares, first, end, &mut self.shares);
            }
        }
    }

    /// The masses and targets of a class.
    #[inline(always)]
    pub(super) fn masses<S: Simd>(
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
    pub(super) index: usize,
    pub(super) number: V,
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

/// The numbers of eight pixels or less, class by class.
fn read<const C: usize>(
    frame: &Frame<'_, C>,
    values: &[f32],
    first: usize,
    end: usize,
    out: &mut [[f32; LANES]; C],
) {
    let channels = frame.channels();
    match frame.layout() {
        Layout::Planar => {
            let (mut from, whole) = (first, end - first == LANES);
            for out in out.get_mut(..channels).unwrap_or_default() {
                let values = values.get(from..).unwrap_or_default();
                if let (true, Some(values)) = (whole, values.first_chunk()) {
                    *out = *values;
                } else {
                    for (slot, value) in out.iter_mut().zip(values).take(end - first) {
                        *slot = *value;
                    }
                }
                from += frame.plane_len();
            }
        }
        Layout::Interleaved => {
            let values = values.get(first * channels..end * channels).unwrap_or_default();
            for (place, values) in values.chunks_exact(channels.max(1)).enumerate() {
                for (out, value) in out.iter_mut().zip(values) {
                    if let Some(slot) = out.get_mut(place) {
                        *slot = *value;
                    }
                }
            }
        }
    }
}

/// Adds to the gradient of `count` pixels from `first`, counted from the first row that `out` holds.
pub(in crate::loss) fn write<const C: usize>(
    frame: &Frame<'_, C>,
    out: &mut [&mut [f32]],
    first: usize,
    count: usize,
    more: &[[f32; LANES]; C],
) {
    let channels = frame.channels();
    match frame.layout() {
        Layout::Planar => {
            let planes = out.get_mut(..channels).unwrap_or_default();
            for (plane, more) in planes.iter_mut().zip(more) {
                let slots = plane.get_mut(first..first + count).unwrap_or_default();
                if let Some(slots) = slots.first_chunk_mut::<LANES>() {
                    for (slot, more) in slots.iter_mut().zip(more) {
                        *slot += more;
                    }
                    continue;
                }
                for (slot, more) in slots.iter_mut().zip(more) {
                    *slot += more;
                }
            }
        }
        Layout::Interleaved => {
            let slots = out.first_mut().and_then(|plane| plane.get_mut(first * channels..));
            for (pixel, slots) in
                slots.unwrap_or_default().chunks_mut(channels.max(1)).take(count).enumerate()
            {
                for (slot, more) in slots.iter_mut().zip(more) {
                    *slot += more.get(pixel).copied().unwrap_or(0.0);
                }
            }
        }
    }
}
