//! Losses that are a function of sums over pixels: one pass for the sums, one for the gradient.

use core::ops::Range;

use super::pixels::{FramePixels, Pixels, SEGMENT, SketchPixels};
use super::{Evaluation, Execute, Job, Loss, check_gradient};
use crate::error::Result;
use crate::num::{ExactSum, Sigmoid};
use crate::simd::{LANES, Masses, Scalar, Simd};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::Frame;

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
        Ok(if frame.weights().is_some() {
            let pixels = FramePixels::<true>(*frame);
            let job = Pass { loss: &TotalWeight, pixels, sums: true, gradient: None };
            let [total] = read::<TotalWeight>(&executor.execute(&job, frame.shape().height(), &mut []));
            evaluate(self, executor, pixels, total, weight, gradient)
        } else {
            let total = f64::from(frame.labels().valid());
            evaluate(self, executor, FramePixels::<false>(*frame), total, weight, gradient)
        })
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

/// Value, and gradient if wanted, in as few passes as the loss allows.
fn evaluate<L: SumLoss, X: Execute, const WEIGHTED: bool>(
    loss: &L,
    executor: &X,
    pixels: FramePixels<'_, WEIGHTED>,
    total: f64,
    weight: f32,
    gradient: Option<&mut [f32]>,
) -> Evaluation {
    let rows = pixels.0.shape().height();
    if total <= 0.0 {
        return Evaluation::UNDEFINED;
    }
    let early = loss.early_slope(total).filter(|_| gradient.is_some()).map(|slope| (slope, weight));
    let out = gradient.unwrap_or_default();
    let fused = early.is_some();
    let job = Pass { loss, pixels, sums: true, gradient: early };
    let sums = executor.execute(&job, rows, if fused { &mut *out } else { &mut [] });
    let fit = loss.fit(read::<L>(&sums), total);
    if !fused && !out.is_empty() && fit.value.is_some() {
        let job = Pass { loss, pixels, sums: false, gradient: Some((fit.slope, weight)) };
        executor.execute(&job, rows, &mut *out);
    }
    evaluation(&fit)
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
        let mut lanes_of_terms = L::fill(s.zeros());
        let (slots, rest) = out.as_chunks_mut::<LANES>();
        let mut slots = slots.iter_mut();
        // Stands in for the slots that the last block of a row may not have.
        let mut spare = [0.0; LANES];
        // Closures are told to be inlined: a call would leave the function that has the vector instructions.
        self.pixels.visit(
            row,
            segment,
            #[inline(always)]
            |block| {
                let whole = if GRADIENT { slots.next() } else { None };
                let is_rest = whole.is_none();
                let slots = whole.unwrap_or(&mut spare);
                for vector in 0..S::VECTORS {
                    let pixel = P::pixel(s, &block, vector);
                    if SUMS {
                        let terms = self.loss.terms(s, &pixel);
                        for (lane, term) in lanes_of_terms.as_mut().iter_mut().zip(terms.as_ref()) {
                            if let Some(lane) = lane.as_mut().get_mut(vector) {
                                *lane = *lane + *term;
                            }
                        }
                    }
                    if GRADIENT && let Some((slope, weight)) = gradient {
                        let more = self.loss.slope(s, slope, &pixel) * s.splat(*weight);
                        s.store(s.load(slots, vector) + more, slots, vector);
                    }
                }
                if GRADIENT && is_rest {
                    for (slot, more) in rest.iter_mut().zip(spare) {
                        *slot += more;
                    }
                }
            },
        );
        if SUMS {
            for (total, lanes) in totals.as_mut().iter_mut().zip(lanes_of_terms.as_ref()) {
                total.add(s.fold(*lanes));
            }
        }
    }
}
