//! Every loss: on a binary and on a multiclass frame that may be anything, and on a sketch.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::list::{Parameter, Value};
use segmeter_core::loss::compound::PowerCrossEntropy;
use segmeter_core::loss::list::{Values, named};
use segmeter_core::loss::mapped::{
    BoundaryDouOnMap, BoundaryOnMap, DistancePenalisedOnMap, HausdorffOnMap, SkeletonRecallOnMap,
};
use segmeter_core::loss::{
    AbsentClass, ActiveBoundary, ActiveContour, AnyLoss, AsymmetricSimilarity, BalancedCrossEntropy,
    Bootstrapped, Boundary, BoundaryDou, BoundaryF1, Call, CbDice, ClDice, ClassAveraging, ClassWeighting,
    Combo, Convention, CrossEntropy, Dice, DistancePenalised, Elastica, Evaluation, ExponentialLogarithmic,
    Focal, FocalTversky, GeneralisedCrossEntropy, GeneralisedDice, HausdorffConvolution, HausdorffDistance,
    HausdorffErosion, Jaccard, LabelSmoothed, LogCoshDice, LogDice, LogHausdorff, Loss, LovaszClasses,
    LovaszHinge, LovaszSoftmax, Mcc, NoiseRobustDice, Normalise, NormalisedFocal, Ohem,
    PenaltyGeneralisedDice, Poly1, PowerJaccard, Recall, RecallCrossEntropy, ReducedFocal,
    SensitivitySpecificity, Serial, ShapeAware, Sides, SkeletonRecall, Smooth, SquaredDice, SumLoss, Sums,
    Tally, Tanimoto, TopK, Tversky, UnifiedFocal, WassersteinDice, WassersteinMode, Weighted,
};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Activation, Frame, IGNORE, Labels, Layout, Quantised, Quantiser, Shape, Weights};

use super::{either, quantiser, shape, sketch, unknown, unknown_mut, x};

/// What losses are called with.
struct Calls {
    binary: Frame<'static>,
    classes: Frame<'static, 5>,
    sketch: Sketch,
    table: SigmoidTable,
}

pub(super) fn all() -> Result<()> {
    let (sketch, table) = sketch()?;
    let call = Calls { binary: binary()?, classes: multiclass()?, sketch, table };
    codes()?;
    tally();
    by_name(&call)?;
    distribution(&call)?;
    region(&call)?;
    boundary(&call)?;
    others(&call)
}

fn binary() -> Result<Frame<'static>> {
    let (shape, logits) = (shape()?, unknown(&[0.0; 15]));
    let labels = Labels::new(shape, unknown(&[0; 15]), black_box(IGNORE))?;
    black_box((labels.shape(), labels.valid(), labels.foreground()));
    any(if either() { Frame::new(logits, labels)? } else { Frame::soft(shape, logits, unknown(&[0.0; 15]))? })
}

fn multiclass() -> Result<Frame<'static, 5>> {
    let (shape, classes, logits) = (shape()?, black_box(4), unknown(&[0.0; 60]));
    let layout = black_box(Layout::Planar);
    any(if either() {
        Frame::multiclass(shape, classes, layout, logits, unknown(&[0; 15]), black_box(IGNORE))?
    } else {
        Frame::multiclass_soft(shape, classes, layout, logits, unknown(&[0.0; 60]))?
    })
}

/// The frame, with everything about it forgotten: which labels it has, what its scores are, whether there are weights.
fn any<const C: usize>(frame: Frame<'static, C>) -> Result<Frame<'static, C>> {
    let weights = Weights::new(frame.shape(), unknown(&[1.0; 15]))?;
    let frame = frame.with_weights(weights)?.with_class_weights(unknown(&[1.0; 4]))?;
    black_box((frame.channels(), frame.classes(), frame.layout(), frame.activation()));
    black_box((frame.weights(), frame.class_weights(), frame.scores()));
    let frame = if either() { frame.with_map(unknown(&[0.0; 15]))? } else { frame };
    let activation = black_box(Activation::Logits);
    Ok(black_box(frame.with_activation(activation)))
}

/// The way from codes to a gradient.
fn codes() -> Result<()> {
    let (shape, mut gradient) = (shape()?, [0.0; 15]);
    let codes = Quantised::new(shape, unknown(&[0_i8; 15]), quantiser()?)?;
    let labels = Labels::new(codes.shape(), unknown(&[0; 15]), black_box(IGNORE))?;
    let mut sketch: Sketch = Sketch::of(&codes, black_box(Some(&labels)))?;
    sketch.push_pixels(black_box(1), black_box(2), black_box(3));
    black_box(sketch);
    let table = black_box(GradientTable::default());
    black_box(table.at(black_box(1), black_box(2)));
    table.add_to(&codes, &labels, unknown_mut(&mut gradient))?;
    black_box((codes.codes(), Quantiser::encoding(codes.quantiser())));
    codes.dequantise(unknown_mut(&mut gradient))
}

fn tally() {
    let class_weights = black_box(Some(unknown(&[0.0; 2])));
    let (sums, masses) = (unknown(&[[0.0; 3]; 2]), unknown(&[0.0; 2]));
    let (binary, softmax, heaviest) = (either(), either(), x());
    let tally = Tally { sums, masses, class_weights, binary, softmax, heaviest };
    black_box((tally.weight(), tally.rest(black_box(1)), tally.class_weight(black_box(1))));
    black_box(tally.bounded(black_box(1.0)));
}

/// Keeps a result. That a loss refuses every frame of a kind is known while compiling; with `?` what follows would be
/// dropped.
fn keep<T>(result: T) {
    black_box(result);
}

impl Calls {
    fn loss(&self, loss: impl Loss) {
        let loss = black_box(loss);
        self::loss(&loss, &self.binary);
        self::loss(&loss, &self.classes);
        let mut slopes = GradientTable::default();
        keep(loss.sketch_value(&self.sketch, &self.table));
        keep(loss.accumulate_sketch(&self.sketch, &self.table, x(), Some(&mut slopes)));
        keep(slopes);
    }

    /// A loss that also takes a frame row by row.
    fn sum<L: SumLoss>(&self, loss: L) {
        let loss = black_box(loss);
        sums(&loss, &self.binary);
        sums(&loss, &self.classes);
        let mut of_sketch = Sums::of(&loss);
        of_sketch.push_sketch(&self.sketch, &self.table);
        keep(of_sketch.fit(&loss, None).map(|fit| fit.evaluation));
        self.loss(loss);
    }

    /// The same, with the classes brought together in any way.
    fn region<L: SumLoss>(&self, loss: L, with: impl FnOnce(L, ClassAveraging) -> L) {
        let averaging = ClassAveraging::DEFAULT.with_background(either()).micro().with_minimum_overlap();
        self.sum(with(loss, averaging.with_empty(black_box(AbsentClass::SkipClass))));
    }
}

fn loss<const C: usize>(loss: &impl Loss, frame: &Frame<'_, C>) {
    let (mut scratch, mut gradient) = ([0; 99], [0.0; 60]);
    let (scratch, gradient) = (unknown_mut(&mut scratch), unknown_mut(&mut gradient));
    keep(loss.scratch_len(frame.shape()));
    keep(loss.check(frame));
    keep(loss.value(frame, scratch));
    keep(loss.value_and_gradient(frame, scratch, gradient));
    keep(loss.accumulate(&Serial::SCALAR, frame, x(), scratch, Some(gradient)));
    keep(loss.overwrite(&Serial::SCALAR, frame, scratch, gradient));
    let mut values = [Evaluation::UNDEFINED; 9];
    let mut call = Call {
        executor: &Serial::SCALAR,
        frame: *frame,
        weight: x(),
        scratch,
        gradient: None,
        overwrites: false,
    };
    keep(loss.run_classes(call.part(x()), unknown_mut(&mut values)));
}

fn sums<L: SumLoss, const C: usize>(loss: &L, frame: &Frame<'_, C>) {
    let (mut sums, mut gradient) = (Sums::<_, C>::of(loss), [0.0; 60]);
    sums.push(&Serial::SCALAR, frame);
    keep(sums.merge(&black_box(Sums::of(loss))));
    let Ok(fit) = black_box(sums).fit(black_box(loss), black_box(frame.class_weights())) else { return };
    keep(fit.evaluation);
    keep(fit.add_gradient(&Serial::SCALAR, frame, x(), unknown_mut(&mut gradient)));
}

/// Any loss of the list, made from any values.
fn by_name(call: &Calls) -> Result<()> {
    fn value(_: &str) -> Option<Value<'static>> {
        black_box(Some(Value::Word("smooth")))
    }
    let name = black_box("dice");
    let given: &'static dyn Fn(&str) -> Option<Value<'static>> = black_box(&value);
    if let Some(entry) = named(name) {
        black_box((entry.is_called(name), entry.parameter(name)));
        keep(Values::new(entry, given).get(name));
        keep(Values::defaults(entry).get(name));
    }
    let one = Parameter::word("empty", "smooth", "smooth", black_box(""));
    black_box((one, Parameter::flag(name, either(), name), Parameter::taken(name, name, name)));
    black_box(Parameter::number(name, x().into(), name, name));
    let loss = AnyLoss::new(name, given)?;
    black_box(loss.type_name());
    call.loss(loss.with_distances(black_box(3), unknown(&[0.0; 9]))?);
    call.loss(loss);
    Ok(())
}

fn distribution(call: &Calls) -> Result<()> {
    call.sum(CrossEntropy::new(black_box(Normalise::Weights)));
    call.sum(BalancedCrossEntropy);
    call.sum(LabelSmoothed::new(x())?);
    call.sum(Bootstrapped::new(x(), either())?);
    call.sum(Poly1::new(x())?);
    call.sum(GeneralisedCrossEntropy::new(x())?);
    call.sum(RecallCrossEntropy);
    call.sum(Focal::new(x(), x(), x())?);
    call.sum(ReducedFocal::new(x(), x())?);
    call.sum(NormalisedFocal::new(x())?);
    call.loss(TopK::new(x())?);
    call.loss(Ohem::new(x(), black_box(3))?);
    black_box((TopK::scratch_len(black_box(15)), Ohem::scratch_len(black_box(15))));
    Ok(())
}

fn region(call: &Calls) -> Result<()> {
    let smooth = if either() { Smooth::new(x(), x())? } else { Smooth::both(x())? };
    let tversky = Tversky::new(x(), x(), smooth)?;
    call.region(Dice::new(smooth), Dice::with);
    call.region(LogCoshDice::new(smooth), LogCoshDice::with);
    call.region(LogDice::new(smooth).with_exponent(x().into())?, LogDice::with);
    call.region(Jaccard::new(smooth), Jaccard::with);
    call.region(tversky, Tversky::with);
    call.region(FocalTversky::new(tversky, x())?, FocalTversky::with);
    call.region(AsymmetricSimilarity::new(x(), smooth)?, AsymmetricSimilarity::with);
    call.region(Recall::new(smooth), Recall::with);
    call.region(SquaredDice::new(smooth), SquaredDice::with);
    call.region(PowerJaccard::new(x(), smooth)?, PowerJaccard::with);
    call.region(Tanimoto::new(x())?, Tanimoto::with);
    call.region(SensitivitySpecificity::new(x(), x())?, SensitivitySpecificity::with);
    call.region(NoiseRobustDice::new(x(), x())?, NoiseRobustDice::with);
    call.region(NoiseRobustDice::new(x(), x())?, NoiseRobustDice::with);
    call.sum(Mcc);
    let generalised = GeneralisedDice::new(black_box(ClassWeighting::Square), smooth);
    call.sum(generalised);
    call.sum(PenaltyGeneralisedDice::new(x(), generalised.without_background())?);
    let mode = black_box(WassersteinMode::Default);
    let wasserstein = WassersteinDice::new(mode, x())?.with_background(black_box(1));
    call.sum(wasserstein.with_distances(black_box(3), unknown(&[0.0; 9]))?);
    Ok(())
}

fn boundary(call: &Calls) -> Result<()> {
    let convention = black_box(Convention::Kervadec);
    call.loss(Boundary::new(convention));
    call.loss(BoundaryDou::new(x())?);
    call.loss(DistancePenalised);
    call.loss(ShapeAware);
    let sides = black_box(Sides::Both);
    let hausdorff = HausdorffDistance::new(x(), sides)?;
    call.loss(hausdorff);
    call.loss(LogHausdorff::new(hausdorff));
    let convolution = HausdorffConvolution::new(x(), black_box(3), black_box(2))?;
    let erosion = HausdorffErosion::new(x(), black_box(3))?;
    call.loss(convolution);
    call.loss(erosion);
    call.loss(BoundaryF1::new(black_box(3), black_box(5), x())?);
    call.loss(ActiveBoundary::new(x(), x(), x())?);
    call.loss(ActiveContour::new(x(), x(), x(), either())?);
    call.loss(Elastica::new(x(), x(), x(), x())?);
    call.loss(SkeletonRecall::new(x(), black_box(2))?);
    call.loss(CbDice::new(black_box(3), x())?);
    call.sum(BoundaryOnMap::new(black_box(1)));
    call.sum(HausdorffOnMap::new(black_box(1)));
    call.sum(DistancePenalisedOnMap);
    call.sum(BoundaryDouOnMap::new(x())?);
    call.sum(SkeletonRecallOnMap::new(x())?);
    call.loss(ClDice::new(black_box(3), x())?);
    let shape: Shape = shape()?;
    black_box(Boundary::scratch_len(shape));
    Ok(())
}

fn others(call: &Calls) -> Result<()> {
    let smooth = Smooth::new(x(), x())?;
    call.loss(LovaszHinge);
    call.loss(LovaszSoftmax::new(black_box(LovaszClasses::Present)));
    black_box((LovaszHinge::scratch_len(black_box(15)), LovaszSoftmax::scratch_len(black_box(15))));
    call.loss(Combo::new(x(), x(), smooth)?);
    call.sum(PowerCrossEntropy::new(x().into())?);
    let logarithmic = ExponentialLogarithmic::new(x(), x(), x().into(), x().into(), x())?;
    call.loss(logarithmic.with(ClassAveraging::DEFAULT));
    call.loss(UnifiedFocal::new(either(), x(), x(), x())?);
    call.loss(Weighted::new(x(), Dice::new(smooth), x(), CrossEntropy::MEAN)?);
    call.loss(Weighted::new(x(), LovaszHinge, x(), TopK::new(x())?)?);
    Ok(())
}
