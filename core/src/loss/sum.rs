//! Losses that are a function of sums over pixels: one pass for the sums, one for the gradient.

use super::kernel::{Derivative, Kernel, Reads, Slopes, Totals, merge, resize};
use super::walk::{AnyPixels, ClassPass, Pass, Pixel, PlainPixels, SketchPixels};
use super::{Call, Evaluation, Execute, Job, Loss, check_gradient, only};
use crate::error::{Error, Result};
use crate::num::ExactSum;
use crate::simd::{Scalar, Simd};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::{Activation, Frame, Target};

mod tally;

pub use tally::Tally;

/// A loss that is a function of sums over pixels, class by class. Implementing it gives [`Loss`].
///
/// Per pixel [`Kernel::terms`] are added up for every class; per frame [`fit`](SumLoss::fit) turns the totals into the value
/// and into the few numbers per class with which [`Kernel::slope`] gives each pixel's derivative. The same serves
/// binary and multiclass frames and sketches: a binary pixel is background and foreground with `1 - p` and `p`, where the
/// background has sums only if the kernel reads labels or [`Kernel::background`] says so; else they are 0.
///
/// ```
/// use segmeter_core::loss::{Kernel, Loss, Pixel, Reads, SumLoss, Tally};
/// use segmeter_core::{simd::Simd, view::{Frame, IGNORE, Labels, Shape}};
/// /// The mean over pixels of `(p - g)^2`, summed over classes; of a binary frame that of the foreground.
/// #[derive(Clone, Copy, PartialEq)]
/// struct Brier;
/// impl Kernel for Brier {
///     type Terms<T: Copy + Send> = [T; 1];
///     type Slope = f32;
///     const READS: Reads = Reads::Classes;
///     fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 1] {
///         let (p, q, mass) = (pixel.probability, pixel.complement, pixel.mass);
///         [mass.foreground * (q * q) + mass.background * (p * p)]
///     }
///     fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
///         let (p, q, mass) = (pixel.probability, pixel.complement, pixel.mass);
///         (mass.background * p - mass.foreground * q) * s.splat(*slope)
///     }
/// }
/// impl SumLoss for Brier {
///     type Kernel = Self;
///     fn kernel(&self) -> Self { *self }
///     fn fit(&self, tally: &Tally<'_, [f64; 1]>, slopes: &mut [f32]) -> Option<f64> {
///         let weight = tally.weight();
///         slopes.fill(tally.bounded(2.0 / weight));
///         (weight > 0.0).then(|| tally.sums.iter().map(|[sum]| sum).sum::<f64>() / weight)
///     }
/// }
/// let frame = Frame::new(&[0.0, 0.0], Labels::new(Shape::new(1, 2)?, &[1, 0], IGNORE)?)?;
/// let mut gradient = [0.0; 2];
/// assert_eq!(Brier.value_and_gradient(&frame, &mut [], &mut gradient)?.value, 0.25);
/// assert_eq!(gradient, [-0.125, 0.125]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub trait SumLoss: Sync {
    /// What is added up.
    type Kernel: Kernel;

    /// What is added up with these parameters.
    fn kernel(&self) -> Self::Kernel;
    /// The loss from the totals (`None` where it is 0/0), and the slopes of every class.
    fn fit(
        &self,
        tally: &Tally<'_, <Self::Kernel as Kernel>::Terms<f64>>,
        slopes: &mut [<Self::Kernel as Kernel>::Slope],
    ) -> Option<f64>;
}

/// The sums of a kernel over any number of rows, tiles, frames or devices: a plain value that can be added to and
/// merged in any order without changing a bit of the result. Every loss of the kernel can be had of them.
///
/// ```
/// use segmeter_core::{loss::{Dice, Serial, Smooth, Sums, Tversky}, view::{Frame, IGNORE, Labels, Shape}};
/// let (dice, row) = (Dice::new(Smooth::ONE), Shape::new(1, 2)?);
/// let mut sums = Sums::of(&dice);
/// for (logits, ids) in [([2.0, -1.0], [1, 0]), ([-3.0, 1.0], [1, 255])] {
///     let frame = Frame::new(&logits, Labels::new(row, &ids, IGNORE)?)?;
///     sums.push(&Serial::SCALAR, &frame);
/// }
/// assert_eq!(sums.fit(&dice, None)?.evaluation.value, 0.31943434);
/// assert_eq!(sums.fit(&Tversky::FN_HEAVY, None)?.evaluation.value, 0.3011531);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Sums<K: Kernel, const C: usize = 2> {
    kernel: K,
    totals: Totals<K, C>,
    masses: Totals<Mass, C>,
    classes: usize,
    activation: Activation,
    heaviest: f32,
}

const OTHER_KERNEL: Error =
    Error::Unsupported("the sums are of losses with other parameters of what is added up");

impl<K: Kernel, const C: usize> Sums<K, C> {
    /// No pixels yet, for a loss and all others with its kernel.
    #[must_use]
    pub fn of<L: SumLoss<Kernel = K>>(loss: &L) -> Self {
        Self::new(loss.kernel())
    }

    const fn new(kernel: K) -> Self {
        Self { kernel, totals: None, masses: None, classes: 0, activation: Activation::Logits, heaviest: 1.0 }
    }

    /// Adds the pixels of a frame. One pass, two if it has weights or soft labels.
    pub fn push<X: Execute>(&mut self, executor: &X, frame: &Frame<'_, C>) {
        self.push_keeping(executor, frame, &mut []);
    }

    /// The same; what a pass keeps for the one that writes a gradient over is written to it, if there is one.
    fn push_keeping<X: Execute>(&mut self, executor: &X, frame: &Frame<'_, C>, gradient: &mut [f32]) {
        self.push_masses(executor, frame);
        merge::<K, C>(&mut self.totals, &walk(self.kernel, executor, frame, true, None, gradient));
    }

    fn push_masses<X: Execute>(&mut self, executor: &X, frame: &Frame<'_, C>) {
        (self.classes, self.activation) = (frame.classes(), frame.activation());
        let weights = frame.weights().map(|weights| weights.values()).unwrap_or_default();
        self.heaviest = weights.iter().fold(self.heaviest, |most, weight| most.max(*weight));
        merge::<Mass, C>(&mut self.masses, &masses(executor, frame));
    }

    /// Adds the sums of other pixels.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if these are of a kernel with other parameters.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.kernel != other.kernel {
            return Err(OTHER_KERNEL);
        }
        if other.classes != 0 {
            (self.classes, self.activation) = (other.classes, other.activation);
        }
        self.heaviest = self.heaviest.max(other.heaviest);
        merge::<K, C>(&mut self.totals, &other.totals);
        merge::<Mass, C>(&mut self.masses, &other.masses);
        Ok(())
    }

    /// The loss of all pixels so far, and what [`Fit::add_gradient`] needs.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the kernel of the loss has other parameters.
    pub fn fit<L: SumLoss<Kernel = K>>(&self, loss: &L, class_weights: Option<&[f32]>) -> Result<Fit<K, C>> {
        if self.kernel == loss.kernel() { Ok(self.fit_own(loss, class_weights)) } else { Err(OTHER_KERNEL) }
    }

    /// Of a loss that the sums were made for.
    fn fit_own<L: SumLoss<Kernel = K>>(&self, loss: &L, class_weights: Option<&[f32]>) -> Fit<K, C> {
        let slopes = [Default::default(); C];
        let mut fit = Fit { kernel: self.kernel, evaluation: Evaluation::UNDEFINED, slopes };
        let sums = read::<K, C>(&self.totals);
        let masses = read::<Mass, C>(&self.masses).map(|[mass]| mass);
        let (Some(sums), Some(masses)) = (sums.get(..self.classes), masses.get(..self.classes)) else {
            return fit;
        };
        let softmax = !Frame::<C>::BINARY && self.activation == Activation::Logits;
        let heaviest = self.heaviest;
        let tally = Tally { sums, masses, class_weights, binary: Frame::<C>::BINARY, softmax, heaviest };
        if tally.weight() <= 0.0 {
            return fit;
        }
        fit.evaluation = loss
            .fit(&tally, fit.slopes.get_mut(..self.classes).unwrap_or_default())
            .map_or(Evaluation::UNDEFINED, Evaluation::new);
        fit
    }
}

impl<K: Kernel> Sums<K> {
    /// Adds the pixels of a sketch.
    pub fn push_sketch(&mut self, sketch: &Sketch, table: &SigmoidTable) {
        let pixels = SketchPixels { sketch: Some(sketch), table };
        let job = Pass { kernel: self.kernel, pixels, sums: true, keeps: false, gradient: None };
        let masses = Some([sketch.labelled(0), sketch.labelled(1)].map(whole));
        self.classes = 2;
        merge::<K, 2>(&mut self.totals, &job.run(Scalar, 0..2, &mut []));
        merge::<Mass, 2>(&mut self.masses, &masses);
    }
}

/// A loss with the numbers that give each pixel's derivative.
#[derive(Clone, Copy)]
pub struct Fit<K: Kernel, const C: usize = 2> {
    kernel: K,
    /// The value.
    pub evaluation: Evaluation,
    slopes: [K::Slope; C],
}

impl<K: Kernel, const C: usize> Fit<K, C> {
    /// Adds `weight` times the gradient of a frame that was pushed to `gradient`. One pass.
    ///
    /// # Errors
    /// [`crate::Error::Length`] if `gradient` does not hold one `f32` per score.
    pub fn add_gradient<X: Execute>(
        &self,
        executor: &X,
        frame: &Frame<'_, C>,
        weight: f32,
        gradient: &mut [f32],
    ) -> Result<()> {
        check_gradient(frame, Some(gradient))?;
        if !self.evaluation.undefined {
            walk_gradient(self.kernel, executor, frame, (self.slopes, weight), gradient);
        }
        Ok(())
    }
}

impl<L: SumLoss> Loss for L {
    fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
        call.check_gradient()?;
        let Call { executor, frame, weight, gradient, overwrites, .. } = call;
        let class_weights = frame.class_weights();
        let mut sums = Sums::<_, C>::of(self);
        let Some(gradient) = gradient else {
            sums.push(executor, &frame);
            return Ok(sums.fit_own(self, class_weights).evaluation);
        };
        let is_early = L::Kernel::SLOPES == Slopes::OfMasses;
        if is_early {
            sums.push_masses(executor, &frame);
        } else {
            sums.push_keeping(executor, &frame, if overwrites { &mut *gradient } else { &mut [] });
        }
        let fit = sums.fit_own(self, class_weights);
        if fit.evaluation.undefined {
            gradient.iter_mut().filter(|_| overwrites).for_each(|slot| *slot = 0.0);
            return Ok(fit.evaluation);
        }
        let slopes = Derivative { slopes: fit.slopes, weight, overwrites };
        let totals = walk(sums.kernel, executor, &frame, is_early, Some(slopes), gradient);
        if is_early {
            sums.totals = totals;
            return Ok(sums.fit_own(self, class_weights).evaluation);
        }
        Ok(fit.evaluation)
    }

    fn run_classes<X: Execute, const C: usize>(
        &self,
        call: Call<'_, X, C>,
        values: &mut [Evaluation],
    ) -> Result<Evaluation> {
        let Call { executor, frame, .. } = call;
        let mut sums = Sums::<_, C>::of(self);
        sums.push(executor, &frame);
        for (class, value) in (0..frame.classes()).zip(values) {
            *value = sums.fit_own(self, only::<C>(class).get(..frame.classes())).evaluation;
        }
        Ok(sums.fit_own(self, frame.class_weights()).evaluation)
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        let mut sums = Sums::of(self);
        sums.push_sketch(sketch, table);
        let fit = sums.fit_own(self, None);
        if let (false, Some(out)) = (fit.evaluation.undefined, gradient) {
            // The table holds the derivative of a single pixel, so every code counts once here.
            let pixels = SketchPixels { sketch: None, table };
            let gradient = Some(Derivative { slopes: fit.slopes, weight, overwrites: false });
            let job = Pass { kernel: fit.kernel, pixels, sums: false, keeps: false, gradient };
            for (row, slots) in out.rows.iter_mut().enumerate() {
                job.run(Scalar, row..row + 1, &mut [slots]);
            }
        }
        Ok(fit.evaluation)
    }
}

/// One pass over a frame: sums, gradient, or both. Sums with an `out` keep there what an overwriting gradient can be made of.
fn walk<K: Kernel, X: Execute, const C: usize>(
    kernel: K,
    executor: &X,
    frame: &Frame<'_, C>,
    sums: bool,
    gradient: Option<Derivative<K, C>>,
    out: &mut [f32],
) -> Totals<K, C> {
    let rows = frame.shape().height();
    let keeps = K::SLOPES == Slopes::OfProbabilities
        && gradient.as_ref().map_or(!out.is_empty(), |gradient| gradient.overwrites);
    let Some(binary) = frame.as_binary() else {
        let mut planes = out.chunks_mut(frame.plane_len().max(1));
        let mut out: [&mut [f32]; C] = core::array::from_fn(|_| planes.next().unwrap_or_default());
        return executor.execute(&ClassPass { kernel, frame: *frame, sums, gradient }, rows, &mut out);
    };
    // Both arms of `C` are the same type where they can be reached at all; arrays say so only by copying.
    let gradient = gradient.map(Derivative::resized);
    let out = &mut [out][..];
    let totals: Totals<K, 2> = match binary.target() {
        Target::Ids(ids) if binary.is_plain() && (K::READS.is_of_labels() || !kernel.background()) => {
            let pixels = PlainPixels { frame: binary, ids };
            executor.execute(&Pass { kernel, pixels, sums, keeps, gradient }, rows, out)
        }
        _ => executor.execute(&Pass { kernel, pixels: AnyPixels(binary), sums, keeps, gradient }, rows, out),
    };
    totals.map(|totals| resize(&totals, K::fill(ExactSum::default())))
}

/// Adds the gradient that slopes made elsewhere give.
pub(super) fn walk_gradient<K: Kernel, X: Execute, const C: usize>(
    kernel: K,
    executor: &X,
    frame: &Frame<'_, C>,
    (slopes, weight): ([K::Slope; C], f32),
    gradient: &mut [f32],
) {
    let slopes = Derivative { slopes, weight, overwrites: false };
    walk(kernel, executor, frame, false, Some(slopes), gradient);
}

fn read<K: Kernel, const C: usize>(totals: &Totals<K, C>) -> [K::Terms<f64>; C] {
    let mut values = [K::fill(0.0); C];
    if let Some(totals) = totals {
        for (values, sums) in values.iter_mut().zip(totals) {
            for (value, sum) in values.as_mut().iter_mut().zip(sums.as_ref()) {
                *value = countable(sum);
            }
        }
    }
    values
}

/// A sum that is not infinite, so that nothing times it is nothing.
pub(super) fn countable(sum: &ExactSum) -> f64 {
    sum.value().clamp(-1e300, 1e300)
}

fn whole(count: u64) -> [ExactSum; 1] {
    let mut sum = ExactSum::default();
    // In two parts, because an `f32` holds 24 bits.
    sum.add((count & 0xff_ffff) as f32);
    sum.add((count >> 24) as f32 * 16_777_216.0);
    [sum]
}

/// The weights of the labels, class by class.
fn masses<X: Execute, const C: usize>(executor: &X, frame: &Frame<'_, C>) -> Totals<Mass, C> {
    match (frame.weights(), frame.counts(), frame.target()) {
        (None, Some(counts), _) => Some(resize(&counts.map(|n| whole(n.into())), whole(0))),
        (None, None, Target::Ids(ids)) => {
            let mut counts = [0u32; C];
            for id in ids {
                if let Some(count) = counts.get_mut(usize::from(*id)) {
                    *count += 1;
                }
            }
            Some(counts.map(|n| whole(n.into())))
        }
        _ => {
            let frame = frame.with_activation(Activation::Probabilities);
            walk(Mass, executor, &frame, true, None, &mut [])
        }
    }
}

/// The weights of the labels, added up by the same pass as any loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mass;

impl Kernel for Mass {
    type Terms<T: Copy + Send> = [T; 1];
    type Slope = ();
    const READS: Reads = Reads::Label;
    const SLOPES: Slopes = Slopes::OfMasses;
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 1] {
        [pixel.mass.foreground]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, (): &(), _: &Pixel<S::V>) -> S::V {
        s.splat(0.0)
    }
}
