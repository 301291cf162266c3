//! One walk over the rows of a binary frame or a sketch.

use core::ops::Range;

use super::Job;
use super::pixels::{Binary, Pixels, SEGMENT};
use crate::loss::kernel::{ClassTotals, Derivative, Kernel, Reads, Slopes, Totals, add, fold, merge};
use crate::num::ExactSum;
use crate::simd::{BLOCK, Simd, Vector};
use crate::view::Activation;

/// Adds up the terms, writes the gradient, or both at once.
pub(in crate::loss) struct Pass<K: Kernel, P> {
    pub(in crate::loss) kernel: K,
    pub(in crate::loss) pixels: P,
    pub(in crate::loss) sums: bool,
    /// Whether the exponentials of a pass for the sums are kept where the gradient will be, for the pass that writes it:
    /// [`Slopes::OfProbabilities`].
    pub(in crate::loss) keeps: bool,
    /// Of background and foreground.
    pub(in crate::loss) gradient: Option<Derivative<K, 2>>,
}

impl<K: Kernel, P: Pixels> Job for Pass<K, P> {
    type Partial = Totals<K, 2>;

    fn row_len(&self) -> usize {
        self.pixels.width()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) -> Totals<K, 2> {
        let mut totals = [K::fill(ExactSum::default()); 2];
        let width = self.pixels.width();
        let mut out = out.first_mut().map(|plane| &mut **plane).unwrap_or_default();
        for row in rows {
            let slots;
            (slots, out) = out.split_at_mut_checked(width).unwrap_or_default();
            for (segment, start) in (0..width).step_by(SEGMENT).enumerate() {
                let slots = slots.get_mut(start..(start + SEGMENT).min(width)).unwrap_or_default();
                let (place, totals, slope) = ((row, segment), &mut totals, self.gradient.as_ref());
                match (self.sums, slope.is_some()) {
                    (true, false) if self.keeps && Self::KEEPS => {
                        self.segment::<S, true, false, true>(s, place, None, totals, slots);
                    }
                    (true, false) => self.segment::<S, true, false, false>(s, place, None, totals, slots),
                    (true, true) if K::SLOPES == Slopes::OfMasses => {
                        self.segment::<S, true, true, false>(s, place, slope, totals, slots);
                    }
                    _ if self.keeps && Self::KEEPS => {
                        self.segment::<S, false, true, true>(s, place, slope, totals, slots);
                    }
                    _ => self.segment::<S, false, true, false>(s, place, slope, totals, slots),
                }
            }
        }
        Some(totals)
    }

    fn merge(total: &mut Totals<K, 2>, part: &Totals<K, 2>) {
        merge::<K, 2>(total, part);
    }
}

impl<K: Kernel, P: Pixels> Pass<K, P> {
    const KEEPS: bool = P::KEEPS && matches!(K::SLOPES, Slopes::OfProbabilities);

    /// One segment of a row: the lanes of each term, folded into the exact totals at its end.
    #[inline(always)]
    fn segment<S: Simd, const SUMS: bool, const GRADIENT: bool, const KEPT: bool>(
        &self,
        s: S,
        (row, segment): (usize, usize),
        gradient: Option<&Derivative<K, 2>>,
        [background, foreground]: &mut [ClassTotals<K>; 2],
        out: &mut [f32],
    ) {
        let (mut below, mut above) = (K::fill(s.zeros()), K::fill(s.zeros()));
        // Copied, so that they stay in registers.
        let none = ([K::Slope::default(); 2], 0.0);
        let (slopes, weight) = gradient.map_or(none, |gradient| (gradient.slopes, gradient.weight));
        if GRADIENT && !KEPT && gradient.is_some_and(|gradient| gradient.overwrites) {
            out.fill(0.0);
        }
        let (slots, rest) = out.as_chunks_mut::<BLOCK>();
        let mut slots = slots.iter_mut();
        // Stands in for the slots that the last block of a row may not have.
        let mut spare = [0.0; BLOCK];
        // Closures are told to be inlined: a call would leave the function that has the vector instructions.
        self.pixels.visit(
            row,
            segment,
            #[inline(always)]
            |block| {
                let whole = if GRADIENT || KEPT { slots.next() } else { None };
                let is_rest = whole.is_none();
                if (GRADIENT || KEPT) && is_rest {
                    spare.iter_mut().zip(&*rest).for_each(|(spare, slot)| *spare = *slot);
                }
                let slots = whole.unwrap_or(&mut spare);
                for vector in 0..S::VECTORS {
                    if self.pixels.is_empty(s, &block, vector) {
                        continue;
                    }
                    let pixel = if KEPT {
                        let kept = if SUMS { None } else { Some(s.load(slots, vector)) };
                        let (pixel, exponential) = self.pixels.kept(s, &block, vector, kept);
                        if SUMS {
                            s.store(exponential, slots, vector);
                        }
                        pixel
                    } else {
                        self.pixels.pixel(s, &block, vector)
                    };
                    if SUMS {
                        let label = if K::READS == Reads::Label { self.pixels.label(&block) } else { None };
                        if label != Some(0) {
                            add::<S, K>(s, &mut above, vector, &self.kernel.terms(s, &pixel.foreground));
                        }
                        if self.has_background() && label != Some(1) {
                            add::<S, K>(s, &mut below, vector, &self.kernel.terms(s, &pixel.background(s)));
                        }
                    }
                    if GRADIENT {
                        let more = self.derivative(s, &slopes, &pixel) * s.splat(weight);
                        // Zero is added so that none is negative.
                        let before = if KEPT { s.splat(0.0) } else { s.load(slots, vector) };
                        s.store(before + more, slots, vector);
                    }
                }
                if (GRADIENT || KEPT) && is_rest {
                    rest.iter_mut().zip(spare).for_each(|(slot, value)| *slot = value);
                }
            },
        );
        if SUMS {
            fold::<S, K>(s, foreground, &above);
            if self.has_background() {
                fold::<S, K>(s, background, &below);
            }
        }
    }

    /// A plain frame goes through here only without the background of a region loss: decided while compiling.
    #[inline(always)]
    fn has_background(&self) -> bool {
        K::READS.is_of_labels() || (P::BACKGROUND && self.kernel.background())
    }

    /// The derivative with respect to the pixel's score.
    #[inline(always)]
    fn derivative<S: Simd>(&self, s: S, [below, above]: &[K::Slope; 2], pixel: &Binary<S::V>) -> S::V {
        let own = &pixel.foreground;
        let mut by = self.kernel.slope(s, above, own);
        let (p, q) = (own.probability, own.complement);
        let logits = self.pixels.activation() == Activation::Logits;
        if K::READS.is_of_labels() {
            let other = self.kernel.slope(s, below, &pixel.background(s));
            // d(-ln p)/dz = -(1-p) and d(-ln(1-p))/dz = p.
            return if logits { other * p - by * q } else { ratio(s, other, q) - ratio(s, by, p) };
        }
        if self.has_background() {
            by = by - self.kernel.slope(s, below, &pixel.background(s));
        }
        if logits { by * (p * q) } else { by }
    }
}

/// `x / p` with PyTorch's floor under `p`.
#[inline(always)]
pub(in crate::loss) fn ratio<S: Simd>(s: S, x: S::V, p: S::V) -> S::V {
    let floor = s.splat(1e-12);
    x / p.select_less(floor, floor, p)
}
