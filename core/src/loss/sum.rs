//! Losses that are a function of sums over pixels: one pass for the sums, one for the gradient.

use core::ops::Range;

use super::{Evaluation, Execute, Job, Loss, check_gradient};
use crate::error::Result;
use crate::num::{ExactSum, Sigmoid};
use crate::simd::{LANES, Masses, Scalar, Simd, Vector};
use crate::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
use crate::view::{Frame, IGNORE};

/// Pixels of a row that are added up in `f32` lanes before they join the exact total. Short enough for a
/// lane to add no more than 32 terms: its rounding error stays below 1e-6 of the sum in the worst case.
const SEGMENT: usize = 256;

/// What a loss sees of one pixel.
#[derive(Clone, Copy, Debug)]
pub struct Pixel<V> {
    /// The logit.
    pub logit: V,
    /// Its probability and relatives. What a loss does not use is not computed.
    pub sigmoid: Sigmoid<V>,
    /// The pixel's weight on its side of the ground truth.
    pub mass: Masses<V>,
}

/// What the totals of a frame say: the value, and all that the gradient pass needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit<G> {
    /// The loss; `None` where the formula is 0/0.
    pub value: Option<f64>,
    /// Parameters of [`SumLoss::slope`].
    pub slope: G,
}

/// A loss that is a function of sums over pixels. Implementing it gives [`Loss`].
///
/// Per pixel [`terms`](SumLoss::terms) are added up; per frame [`fit`](SumLoss::fit) turns the totals into the
/// value and into the few numbers with which [`slope`](SumLoss::slope) gives each pixel's derivative.
pub trait SumLoss: Sync {
    /// The summands, an array: `[T; K]`.
    type Terms<T: Copy + Send>: Copy + Send + AsRef<[T]> + AsMut<[T]>;
    /// What the gradient pass needs to know of the totals.
    type Slope: Copy + Send + Sync;

    /// The array with one value in every place.
    fn fill<T: Copy + Send>(value: T) -> Self::Terms<T>;
    /// The summands of a pixel.
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> Self::Terms<S::V>;
    /// The loss from the totals and the total weight of the scored pixels (above zero).
    fn fit(&self, totals: Self::Terms<f64>, weight: f64) -> Fit<Self::Slope>;
    /// The derivative of the loss with respect to the pixel's logit.
    fn slope<S: Simd>(&self, s: S, slope: &Self::Slope, pixel: &Pixel<S::V>) -> S::V;
    /// The slope if it depends on nothing but the total weight: value and gradient then share one pass.
    fn early_slope(&self, weight: f64) -> Option<Self::Slope> {
        let _ = weight;
        None
    }
}

impl<L: SumLoss> Loss for L {
    fn accumulate<X: Execute>(
        &self,
        executor: &X,
        frame: &Frame<'_>,
        weight: f32,
        _scratch: &mut [u32],
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        check_gradient(frame, gradient.as_deref())?;
        let rows = frame.shape().height();
        let total = total_weight(executor, frame);
        if total <= 0.0 {
            return Ok(Evaluation::UNDEFINED);
        }
        let pixels = FramePixels(*frame);
        let Some(out) = gradient else {
            let sums =
                executor.execute(&Pass { loss: self, pixels, sums: true, gradient: None }, rows, &mut []);
            return Ok(evaluation(&self.fit(read::<Self>(&sums), total)));
        };
        if let Some(slope) = self.early_slope(total) {
            let job = Pass { loss: self, pixels, sums: true, gradient: Some((slope, weight)) };
            let sums = executor.execute(&job, rows, out);
            return Ok(evaluation(&self.fit(read::<Self>(&sums), total)));
        }
        let sums = executor.execute(&Pass { loss: self, pixels, sums: true, gradient: None }, rows, &mut []);
        let fit = self.fit(read::<Self>(&sums), total);
        if fit.value.is_some() {
            let job = Pass { loss: self, pixels, sums: false, gradient: Some((fit.slope, weight)) };
            executor.execute(&job, rows, out);
        }
        Ok(evaluation(&fit))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Evaluation {
        let total = sketch.labelled(0) + sketch.labelled(1);
        if total == 0 {
            return Evaluation::UNDEFINED;
        }
        let pixels = SketchPixels { sketch: Some(sketch), table };
        let job = Pass { loss: self, pixels, sums: true, gradient: None };
        let sums = job.run(Scalar, 0..2, &mut []);
        let fit = self.fit(read::<Self>(&sums), total as f64);
        if let (Some(_), Some(out)) = (fit.value, gradient) {
            // The table holds the derivative of a single pixel, so every code counts once here.
            let pixels = SketchPixels { sketch: None, table };
            let job = Pass { loss: self, pixels, sums: false, gradient: Some((fit.slope, weight)) };
            for (row, slots) in out.rows.iter_mut().enumerate() {
                job.run(Scalar, row..row + 1, slots);
            }
        }
        evaluation(&fit)
    }
}

fn evaluation<G>(fit: &Fit<G>) -> Evaluation {
    fit.value.map_or(Evaluation::UNDEFINED, Evaluation::defined)
}

/// Exact totals of the terms; `None` stands for no rows yet, so that a partial result can be made without
/// knowing the loss.
type Totals<L> = Option<<L as SumLoss>::Terms<ExactSum>>;

fn read<L: SumLoss>(sums: &Totals<L>) -> L::Terms<f64> {
    let mut values = L::fill(0.0);
    if let Some(sums) = sums {
        for (value, sum) in values.as_mut().iter_mut().zip(sums.as_ref()) {
            *value = sum.value();
        }
    }
    values
}

/// The total weight of the scored pixels.
fn total_weight<X: Execute>(executor: &X, frame: &Frame<'_>) -> f64 {
    if frame.weights().is_none() {
        return f64::from(frame.labels().valid());
    }
    let job = Pass { loss: &TotalWeight, pixels: FramePixels(*frame), sums: true, gradient: None };
    let sums = executor.execute(&job, frame.shape().height(), &mut []);
    let [total] = read::<TotalWeight>(&sums);
    total
}

/// The weights of the scored pixels, added up by the same pass as any loss.
struct TotalWeight;

impl SumLoss for TotalWeight {
    type Terms<T: Copy + Send> = [T; 1];
    type Slope = ();
    fn fill<T: Copy + Send>(value: T) -> [T; 1] {
        [value]
    }
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 1] {
        [pixel.mass.background + pixel.mass.foreground]
    }
    fn fit(&self, [total]: [f64; 1], _: f64) -> Fit<()> {
        Fit { value: Some(total), slope: () }
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, (): &(), _: &Pixel<S::V>) -> S::V {
        s.splat(0.0)
    }
}

/// Where pixels come from, eight at a time: rows of a frame, or rows of a sketch.
trait Pixels: Copy + Sync {
    fn width(&self) -> usize;
    /// Calls `visit` for each block of a segment; lanes past the end of the row have no mass.
    fn visit<S: Simd>(&self, s: S, row: usize, segment: usize, visit: impl FnMut(Lanes<S>));
    /// The pixels of a block, vector by vector.
    fn each<S: Simd>(s: S, lanes: &Lanes<S>, visit: impl FnMut(usize, Pixel<S::V>));
}

/// A block of eight pixels as loaded.
struct Lanes<S: Simd> {
    logit: S::Block,
    mass: Masses<S::Block>,
    /// Only read where it comes from a table.
    sigmoid: Sigmoid<S::Block>,
}

#[derive(Clone, Copy)]
struct FramePixels<'a>(Frame<'a>);

impl Pixels for FramePixels<'_> {
    #[inline(always)]
    fn width(&self) -> usize {
        self.0.shape().width()
    }

    #[inline(always)]
    fn visit<S: Simd>(&self, s: S, row: usize, segment: usize, mut visit: impl FnMut(Lanes<S>)) {
        let width = self.width();
        let start = row * width + segment * SEGMENT;
        let range = start..(start + SEGMENT).min((row + 1) * width);
        let (Some(logits), Some(ids)) =
            (self.0.logits().get(range.clone()), self.0.labels().ids().get(range.clone()))
        else {
            return;
        };
        let mut weights = self.0.weights().and_then(|w| w.values().get(range)).map(|w| w.chunks(LANES));
        for (z, id) in logits.chunks(LANES).zip(ids.chunks(LANES)) {
            let logit = s.load(&padded(z, 0.0));
            let mut mass = s.load_labels(&padded(id, IGNORE));
            if let Some(w) = weights.as_mut().and_then(Iterator::next) {
                let weight = s.load(&padded(w, 0.0));
                for side in [&mut mass.background, &mut mass.foreground] {
                    for (m, w) in side.as_mut().iter_mut().zip(weight.as_ref()) {
                        *m = *m * *w;
                    }
                }
            }
            visit(Lanes {
                logit,
                mass,
                sigmoid: Sigmoid { probability: logit, complement: logit, tail: logit },
            });
        }
    }

    #[inline(always)]
    fn each<S: Simd>(s: S, lanes: &Lanes<S>, mut visit: impl FnMut(usize, Pixel<S::V>)) {
        let masses = lanes.mass.background.as_ref().iter().zip(lanes.mass.foreground.as_ref());
        for (j, (logit, (b, f))) in lanes.logit.as_ref().iter().zip(masses).enumerate() {
            let mass = Masses { background: *b, foreground: *f };
            // The logit of an ignored pixel may be infinite or NaN, and 0 * inf is NaN: take 0 in its place.
            let zero = s.splat(0.0);
            let logit = zero.select_less(*b + *f, *logit, zero);
            visit(j, Pixel { logit, sigmoid: Sigmoid::new(s, logit), mass });
        }
    }
}

/// Row 0 holds the background pixels of a sketch, row 1 the foreground ones; without a sketch every code has
/// mass one.
#[derive(Clone, Copy)]
struct SketchPixels<'a> {
    sketch: Option<&'a Sketch>,
    table: &'a SigmoidTable,
}

impl Pixels for SketchPixels<'_> {
    #[inline(always)]
    fn width(&self) -> usize {
        CODES
    }

    #[inline(always)]
    fn visit<S: Simd>(&self, s: S, row: usize, _segment: usize, mut visit: impl FnMut(Lanes<S>)) {
        let sigmoid = &self.table.sigmoid;
        let (z, _) = self.table.logit.as_chunks::<LANES>();
        let (p, _) = sigmoid.probability.as_chunks::<LANES>();
        let (q, _) = sigmoid.complement.as_chunks::<LANES>();
        let (tail, _) = sigmoid.tail.as_chunks::<LANES>();
        let first = (0u8..=255).step_by(LANES);
        let none = s.load(&[0.0; LANES]);
        for ((first, z), (p, (q, tail))) in first.zip(z).zip(p.iter().zip(q.iter().zip(tail))) {
            let mut counts = [1.0; LANES];
            if let Some(sketch) = self.sketch {
                let numbers = sketch.block(row as u8, first);
                if numbers == [0; LANES] {
                    continue;
                }
                counts = numbers.map(|n| n as f32);
            }
            let counts = s.load(&counts);
            let mass = if row == 0 {
                Masses { background: counts, foreground: none }
            } else {
                Masses { background: none, foreground: counts }
            };
            let sigmoid = Sigmoid { probability: s.load(p), complement: s.load(q), tail: s.load(tail) };
            visit(Lanes { logit: s.load(z), mass, sigmoid });
        }
    }

    #[inline(always)]
    fn each<S: Simd>(_: S, lanes: &Lanes<S>, mut visit: impl FnMut(usize, Pixel<S::V>)) {
        let Sigmoid { probability, complement, tail } = &lanes.sigmoid;
        let terms = probability.as_ref().iter().zip(complement.as_ref()).zip(tail.as_ref());
        let masses = lanes.mass.background.as_ref().iter().zip(lanes.mass.foreground.as_ref());
        let all = lanes.logit.as_ref().iter().zip(terms).zip(masses).enumerate();
        for (j, ((logit, ((p, q), tail)), (b, f))) in all {
            let sigmoid = Sigmoid { probability: *p, complement: *q, tail: *tail };
            visit(j, Pixel { logit: *logit, sigmoid, mass: Masses { background: *b, foreground: *f } });
        }
    }
}

#[inline(always)]
fn padded<T: Copy>(values: &[T], rest: T) -> [T; LANES] {
    values.try_into().unwrap_or_else(|_| {
        let mut block = [rest; LANES];
        for (slot, value) in block.iter_mut().zip(values) {
            *slot = *value;
        }
        block
    })
}

/// One walk over rows: adds up the terms, writes the gradient, or both at once.
struct Pass<'a, L: SumLoss, P> {
    loss: &'a L,
    pixels: P,
    sums: bool,
    /// The slope, and the weight that the gradient is multiplied by.
    gradient: Option<(L::Slope, f32)>,
}

impl<L: SumLoss, P: Pixels> Job for Pass<'_, L, P> {
    type Partial = Totals<L>;

    fn row_pixels(&self) -> usize {
        self.pixels.width()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, mut out: &mut [f32]) -> Totals<L> {
        let mut totals = L::fill(ExactSum::default());
        let width = self.pixels.width();
        for row in rows {
            let slots;
            (slots, out) = out.split_at_mut_checked(width).unwrap_or_default();
            for (segment, start) in (0..width).step_by(SEGMENT).enumerate() {
                let slots = slots.get_mut(start..(start + SEGMENT).min(width)).unwrap_or_default();
                match (self.sums, &self.gradient) {
                    (true, None) => self.segment::<S, true, false>(s, row, segment, None, &mut totals, slots),
                    (sums, Some(slope)) if sums => {
                        self.segment::<S, true, true>(s, row, segment, Some(slope), &mut totals, slots);
                    }
                    (_, slope) => {
                        self.segment::<S, false, true>(s, row, segment, slope.as_ref(), &mut totals, slots);
                    }
                }
            }
        }
        Some(totals)
    }

    fn merge(total: &mut Totals<L>, part: &Totals<L>) {
        let Some(part) = part else { return };
        match total {
            None => *total = Some(*part),
            Some(total) => {
                for (sum, more) in total.as_mut().iter_mut().zip(part.as_ref()) {
                    sum.merge(more);
                }
            }
        }
    }
}

impl<L: SumLoss, P: Pixels> Pass<'_, L, P> {
    /// One segment of a row: eight lanes for each term, folded into the exact totals at its end.
    #[inline(always)]
    fn segment<S: Simd, const SUMS: bool, const GRADIENT: bool>(
        &self,
        s: S,
        row: usize,
        segment: usize,
        gradient: Option<&(L::Slope, f32)>,
        totals: &mut L::Terms<ExactSum>,
        out: &mut [f32],
    ) {
        let zero = s.load(&[0.0; LANES]);
        let mut lanes_of_terms = L::fill(zero);
        let mut slots = out.chunks_mut(LANES);
        self.pixels.visit(s, row, segment, |lanes| {
            let mut slopes = zero;
            P::each(s, &lanes, |j, pixel| {
                if SUMS {
                    let terms = self.loss.terms(s, &pixel);
                    for (lane, term) in lanes_of_terms.as_mut().iter_mut().zip(terms.as_ref()) {
                        if let Some(lane) = lane.as_mut().get_mut(j) {
                            *lane = *lane + *term;
                        }
                    }
                }
                if GRADIENT
                    && let Some((slope, weight)) = gradient
                    && let Some(slot) = slopes.as_mut().get_mut(j)
                {
                    *slot = self.loss.slope(s, slope, &pixel) * s.splat(*weight);
                }
            });
            if GRADIENT && let Some(slots) = slots.next() {
                add(s, slots, slopes);
            }
        });
        if SUMS {
            for (total, lanes) in totals.as_mut().iter_mut().zip(lanes_of_terms.as_ref()) {
                total.add(s.fold(*lanes));
            }
        }
    }
}

/// Adds a block to the gradient; at the end of a row there may be fewer than eight slots.
#[inline(always)]
fn add<S: Simd>(s: S, slots: &mut [f32], slopes: S::Block) {
    if let Ok(slots) = <&mut [f32; LANES]>::try_from(&mut *slots) {
        let mut sum = s.load(slots);
        for (a, b) in sum.as_mut().iter_mut().zip(slopes.as_ref()) {
            *a = *a + *b;
        }
        s.store(sum, slots);
    } else {
        let mut values = [0.0; LANES];
        s.store(slopes, &mut values);
        for (slot, value) in slots.iter_mut().zip(values) {
            *slot += value;
        }
    }
}
