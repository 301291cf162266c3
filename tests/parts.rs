//! Losses that are parts of others: on maps made beforehand, row by row, they are the whole losses to the bit; alone they
//! have the vectors of a sum in which they are the only part.

use std::collections::BTreeSet;

use segmeter_core::Error;
use segmeter_core::loss::boundary::maps;
use segmeter_core::loss::compound::PowerCrossEntropy;
use segmeter_core::loss::mapped::{
    BoundaryDouOnMap, BoundaryOnMap, DistancePenalisedOnMap, HausdorffOnMap, SkeletonRecallOnMap,
};
use segmeter_core::loss::{
    AnyLoss, Boundary, BoundaryDou, Call, ClassAveraging, Convention, Dice, DistancePenalised, Evaluation,
    FocalTversky, HausdorffDistance, Jaccard, LOSSES, Loss, OverlapKernel, Recall, Serial, Sides,
    SkeletonRecall, Smooth, SumLoss, Sums, Tversky,
};
use segmeter_core::plane::distance;
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Shape, Weights};
use segmeter_tests::{LossVectors, PARTS, Random, bits, close, vectors};

/// A frame with a road-like blob, noise, ignored pixels and weights.
struct Plane {
    shape: Shape,
    logits: Vec<f32>,
    ids: Vec<u8>,
    weights: Vec<f32>,
}

impl Plane {
    fn new(seed: u64, (height, width): (u32, u32)) -> Self {
        let (shape, mut random) = (Shape::new(height, width).unwrap(), Random(seed));
        (0..8).for_each(|_| _ = random.uniform());
        let (mut logits, mut ids, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for pixel in 0..shape.pixels() {
            let (y, x) = (pixel / width as usize, pixel % width as usize);
            let inside = y as f32 * 0.8 - (x as f32 - 0.5 * width as f32).abs();
            logits.push(inside + 6.0 * (random.uniform() - 0.5));
            ids.push(if random.uniform() < 0.05 { IGNORE } else { u8::from(inside > 0.0) });
            weights.push((random.uniform() * 6.0).floor() / 2.0);
        }
        Self { shape, logits, ids, weights }
    }

    fn frame(&self, rows: std::ops::Range<usize>) -> Frame<'_> {
        let width = self.shape.width();
        let range = rows.start * width..rows.end * width;
        let shape = Shape::new(rows.len() as u32, width as u32).unwrap();
        let labels = Labels::new(shape, &self.ids[range.clone()], IGNORE).unwrap();
        let weights = Weights::new(shape, &self.weights[range.clone()]).unwrap();
        Frame::new(&self.logits[range], labels).unwrap().with_weights(weights).unwrap()
    }

    /// The id of a pixel that counts.
    fn id(&self, pixel: usize) -> u8 {
        if self.weights[pixel] > 0.0 { self.ids[pixel] } else { IGNORE }
    }

    /// Value and gradient of a whole frame.
    fn whole(&self, loss: &impl Loss) -> (u32, Vec<u32>) {
        let frame = self.frame(0..self.shape.height());
        let (mut scratch, mut gradient) = (vec![0; loss.scratch_len(self.shape)], vec![0.0; self.ids.len()]);
        let value = loss.value_and_gradient(&frame, &mut scratch, &mut gradient).unwrap();
        (bits(value.value), gradient.into_iter().map(bits).collect())
    }

    /// The same row by row, from the last to the first.
    fn by_rows<L: SumLoss>(&self, loss: &L, map: &[f32]) -> (u32, Vec<u32>) {
        let width = self.shape.width();
        let row = |y: usize| self.frame(y..y + 1).with_map(&map[y * width..(y + 1) * width]).unwrap();
        let mut sums = Sums::of(loss);
        for y in (0..self.shape.height()).rev() {
            sums.push(&Serial::SCALAR, &row(y));
        }
        let (fit, mut gradient) = (sums.fit(loss, None).unwrap(), vec![0.0; self.ids.len()]);
        for (y, slots) in gradient.chunks_mut(width).enumerate() {
            fit.add_gradient(&Serial::SCALAR, &row(y), 1.0, slots).unwrap();
        }
        (bits(fit.evaluation.value), gradient.into_iter().map(bits).collect())
    }
}

/// The distance of every pixel to the other side of the labels, to a power of 2.
fn squares(plane: &Plane) -> Vec<f32> {
    let (shape, mut scratch) = (plane.shape, vec![0; distance::scratch_len(plane.shape)]);
    let (mut to, mut map) = (vec![0; shape.pixels()], vec![0.0; shape.pixels()]);
    for side in [0, 1] {
        if distance::squared(shape, |pixel| plane.id(pixel) == side, &mut scratch, &mut to).unwrap() {
            for pixel in (0..shape.pixels()).filter(|pixel| plane.id(*pixel) == 1 - side) {
                map[pixel] = to[pixel] as f32;
            }
        }
    }
    map
}

#[test]
fn on_its_map_and_by_rows_a_loss_is_the_whole_one() {
    let mut tested = BTreeSet::new();
    for (seed, size) in [(1, (19, 40)), (2, (1, 33)), (3, (7, 1)), (4, (33, 65)), (5, (12, 8))] {
        let plane = Plane::new(seed, size);
        let (shape, ids) = (plane.shape, |pixel: usize| plane.id(pixel));
        let need = maps::distance_scratch_len(shape).max(maps::tube_scratch_len(shape));
        let (mut scratch, mut map) = (vec![0; need], vec![0.0; shape.pixels()]);
        let mut check = |name: &'static str, mapped: (u32, Vec<u32>), whole: (u32, Vec<u32>)| {
            assert!(mapped == whole, "{name} of {size:?}");
            tested.insert(name);
        };
        for convention in [Convention::Kervadec, Convention::Plain] {
            maps::signed_distance(shape, ids, 1, convention, &mut scratch, &mut map).unwrap();
            let whole = plane.whole(&Boundary::new(convention));
            check("BoundaryOnMap", plane.by_rows(&BoundaryOnMap::new(1), &map), whole);
        }
        maps::distance_penalty(shape, ids, 2, &mut scratch, &mut map).unwrap();
        let mapped = plane.by_rows(&DistancePenalisedOnMap, &map);
        check("DistancePenalisedOnMap", mapped, plane.whole(&DistancePenalised));
        maps::edges(shape, ids, &mut map).unwrap();
        let mapped = plane.by_rows(&BoundaryDouOnMap::new(0.5).unwrap(), &map);
        check("BoundaryDouOnMap", mapped, plane.whole(&BoundaryDou::new(0.5).unwrap()));
        maps::tubes(shape, ids, 1..2, 2, &mut scratch, &mut map).unwrap();
        let mapped = plane.by_rows(&SkeletonRecallOnMap::new(1.0).unwrap(), &map);
        check("SkeletonRecallOnMap", mapped, plane.whole(&SkeletonRecall::PAPER));

        // The whole loss rounds a weight's share first: not to the bit.
        let (value, gradient) = plane.by_rows(&HausdorffOnMap::new(1), &squares(&plane));
        let whole = plane.whole(&HausdorffDistance::new(2.0, Sides::Label).unwrap());
        let number = |bits: u32| f64::from(f32::from_bits(bits));
        let top = whole.1.iter().map(|g| number(*g).abs()).fold(0.0, f64::max);
        assert!(close(number(value), number(whole.0), 1e-6), "{} {}", number(value), number(whole.0));
        for (a, b) in gradient.iter().zip(&whole.1) {
            assert!((number(*a) - number(*b)).abs() <= 1e-5 * top, "{} {}", number(*a), number(*b));
        }
        tested.insert("HausdorffOnMap");
    }
    tested.insert("PowerCrossEntropy");
    assert_eq!(tested, BTreeSet::from(PARTS), "left: tested here; right: public parts");
}

/// Losses with one kernel can be had of one walk; of sums with other parameters none can.
#[test]
fn one_walk_serves_losses_that_add_up_the_same() {
    let plane = Plane::new(6, (13, 29));
    let frame = plane.frame(0..13);
    let dice = Dice::new(Smooth::ONE);
    let mut sums = Sums::of(&dice);
    sums.push(&Serial::SCALAR, &frame);
    fn check<L: SumLoss<Kernel = OverlapKernel>>(plane: &Plane, sums: &Sums<OverlapKernel>, loss: &L) {
        let (fit, mut gradient) = (sums.fit(loss, None).unwrap(), vec![0.0; plane.ids.len()]);
        fit.add_gradient(&Serial::SCALAR, &plane.frame(0..13), 1.0, &mut gradient).unwrap();
        assert!((bits(fit.evaluation.value), gradient.into_iter().map(bits).collect()) == plane.whole(loss));
    }
    check(&plane, &sums, &dice);
    check(&plane, &sums, &Tversky::FN_HEAVY);
    check(&plane, &sums, &FocalTversky::PAPER);
    check(&plane, &sums, &Jaccard::new(Smooth::NONE));
    check(&plane, &sums, &Recall::new(Smooth::ONE));
    let other = dice.with(ClassAveraging::DEFAULT.with_background(true));
    assert!(matches!(sums.fit(&other, None).map(|_| ()), Err(Error::Unsupported(_))));
    let before = sums.fit(&dice, None).unwrap().evaluation;
    let mut others = Sums::of(&other);
    others.push(&Serial::SCALAR, &frame);
    assert!(matches!(sums.merge(&others), Err(Error::Unsupported(_))));
    assert_eq!(sums.fit(&dice, None).unwrap().evaluation, before, "nothing was added");
}

#[test]
fn a_power_of_cross_entropy_has_vectors() {
    let LossVectors { fixtures, cases } = vectors("losses.json");
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let mut checked = 0;
    for case in cases.iter().filter(|case| case.loss == "exponential_logarithmic") {
        let fixture = &fixtures[&case.fixture];
        let weights = ["dice_weight", "cross_entropy_weight"].map(|key| &case.parameters[key]);
        if serde_json::json!(weights) != serde_json::json!([0, 1]) || !fixture.is_binary() {
            continue;
        }
        let loss = PowerCrossEntropy::new(number(&case.parameters["cross_entropy_exponent"])).unwrap();
        let mut gradient = vec![0.0; fixture.logits.len()];
        let found = loss.value_and_gradient(&fixture.frame(), &mut [], &mut gradient).unwrap();
        assert!(close(f64::from(found.value), case.value, 1e-6), "{} {}", found.value, case.value);
        let top = case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
        for (a, b) in gradient.iter().zip(&case.gradient) {
            assert!((f64::from(*a) - b).abs() <= 1e-5 * top, "{a} {b}");
        }
        checked += 1;
    }
    assert!(checked > 0, "no case with cross-entropy alone");
}

/// Every loss of the list: the classes of a frame at once are its classes alone.
#[test]
fn classes_are_had_at_once() {
    let (shape, mut random) = (Shape::new(6, 7).unwrap(), Random(31));
    let scores: Vec<f32> = (0..4 * shape.pixels()).map(|_| 6.0 * (random.uniform() - 0.5)).collect();
    // No pixel of the last class.
    let id =
        |random: &mut Random| if random.uniform() < 0.1 { IGNORE } else { (random.uniform() * 3.0) as u8 };
    let ids: Vec<u8> = (0..shape.pixels()).map(|_| id(&mut random)).collect();
    let weights: Vec<f32> = (0..shape.pixels()).map(|_| (random.uniform() * 4.0).floor()).collect();
    let frame = Frame::<4>::multiclass(shape, 4, Layout::Planar, &scores, &ids, IGNORE).unwrap();
    let frame = frame.with_weights(Weights::new(shape, &weights).unwrap()).unwrap();
    let frame = frame.with_class_weights(&[0.5, 1.0, 0.0, 3.0]).unwrap();
    let (mut compared, executor) = (0, &Serial::SCALAR);
    for entry in LOSSES {
        let loss = AnyLoss::new(entry.name, &|_| None).unwrap();
        let mut words = vec![0; loss.scratch_len(shape)];
        let mut values = [Evaluation::UNDEFINED; 4];
        let call =
            Call { executor, frame, weight: 1.0, scratch: &mut words, gradient: None, overwrites: false };
        let whole = loss.run_classes(call, &mut values);
        assert_eq!(whole, loss.value(&frame, &mut words), "{}", entry.name);
        for (class, value) in (0..4).zip(values).filter(|_| whole.is_ok()) {
            let mut alone = [0.0; 4];
            alone[class] = 1.0;
            let alone = loss.value(&frame.with_class_weights(&alone).unwrap(), &mut words);
            assert_eq!(Ok(value), alone, "{} of class {class}", entry.name);
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}
