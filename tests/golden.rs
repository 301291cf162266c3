//! Every public loss against references: PyTorch in `f64` and 50-digit arithmetic (`vectors/make.py`).

use std::collections::BTreeSet;

use segmeter_core::loss::{
    BinaryCrossEntropy, Dice, Evaluation, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky, Weighted,
};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Frame, IGNORE, Quantised, Quantiser};
use segmeter_tests::{Fixture, LossCase, LossVectors, close, path, vectors};
use serde_json::Value;

/// Relative error allowed for a value, and for a gradient in terms of its largest entry.
const VALUE: f64 = 1e-6;
const GRADIENT: f64 = 1e-5;

/// What is done with a loss once its type is known.
trait Use {
    fn with<L: Loss>(&mut self, loss: &L);
}

fn number(parameters: &Value, name: &str) -> f32 {
    parameters[name].as_f64().unwrap_or_else(|| panic!("parameter {name}")) as f32
}

fn tversky(parameters: &Value) -> Tversky {
    let smooth = Smooth::both(number(parameters, "smooth")).unwrap();
    Tversky::new(number(parameters, "fp_weight"), number(parameters, "fn_weight"), smooth).unwrap()
}

/// From a name in the vectors to a loss: the type it stands for, or `None` if there is no such loss.
fn with_loss(name: &str, p: &Value, user: &mut impl Use) -> Option<&'static str> {
    match name {
        "bce" => user.with(&BinaryCrossEntropy),
        "focal" => user.with(
            &Focal::new(
                number(p, "focusing"),
                number(p, "foreground_weight"),
                number(p, "background_weight"),
            )
            .unwrap(),
        ),
        "dice" => user.with(&Dice::new(
            Smooth::new(number(p, "numerator_smooth"), number(p, "denominator_smooth")).unwrap(),
        )),
        "tversky" => user.with(&tversky(p)),
        "focal_tversky" => user.with(&FocalTversky::new(tversky(p), number(p, "exponent")).unwrap()),
        "lovasz_hinge" => user.with(&LovaszHinge),
        "weighted" => {
            let weight = |i: usize| number(&p["parts"][i], "weight");
            let inner = &p["parts"][1]["parameters"];
            let first = Weighted::new(weight(0), BinaryCrossEntropy, weight(1), tversky(inner)).unwrap();
            user.with(&Weighted::new(1.0, first, weight(2), LovaszHinge).unwrap());
        }
        _ => return None,
    }
    Some(match name {
        "bce" => "BinaryCrossEntropy",
        "focal" => "Focal",
        "dice" => "Dice",
        "tversky" => "Tversky",
        "focal_tversky" => "FocalTversky",
        "lovasz_hinge" => "LovaszHinge",
        _ => "Weighted",
    })
}

/// Types that implement a loss trait, read from the sources.
fn losses_in_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(path("../core/src/loss")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let after = ["impl SumLoss for ", "region_loss!("].iter().find_map(|s| line.strip_prefix(s));
            let generic = line.strip_prefix("impl").and_then(|rest| rest.split_once(" Loss for "));
            if let Some(rest) = after.or(generic.map(|(_, rest)| rest)) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                found.insert(name);
            }
        }
    }
    // The blanket implementation, the macro's parameter and the private sum of weights are no losses.
    found.retain(|name| !["L", "", "TotalWeight"].contains(&name.as_str()));
    found
}

#[test]
fn every_public_loss_has_a_vector() {
    struct Nothing;
    impl Use for Nothing {
        fn with<L: Loss>(&mut self, _: &L) {}
    }
    let LossVectors { cases, .. } = vectors("losses.json");
    let covered: BTreeSet<_> = cases
        .iter()
        .map(|c| with_loss(&c.loss, &c.parameters, &mut Nothing).expect("a known loss").to_owned())
        .collect();
    let all = losses_in_sources();
    assert!(all.len() >= 7, "the scan of the sources found only {all:?}");
    assert_eq!(all, covered, "left: losses in core/src/loss; right: losses with a vector");
}

struct OnFrame<'a> {
    case: &'a LossCase,
    fixture: &'a Fixture,
}

impl Use for OnFrame<'_> {
    fn with<L: Loss>(&mut self, loss: &L) {
        let frame = self.fixture.frame();
        let mut scratch = vec![0; loss.scratch_len(self.fixture.logits.len())];
        let mut gradient = vec![f32::NAN; self.fixture.logits.len()];
        let found = loss.value_and_gradient(&frame, &mut scratch, &mut gradient).unwrap();
        let what = format!("{} {} on {}", self.case.loss, self.case.parameters, self.case.fixture);
        check_value(found, self.case, &what);
        assert_eq!(loss.value(&frame, &mut scratch).unwrap(), found, "{what}: value alone");
        let largest = self.case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
        for (pixel, (g, expected)) in gradient.iter().zip(&self.case.gradient).enumerate() {
            let error = (f64::from(*g) - expected).abs();
            assert!(
                error <= GRADIENT * largest + 3e-45,
                "{what}: gradient at {pixel} is {g:e}, expected {expected:e} (largest {largest:e})"
            );
        }
    }
}

fn check_value(found: Evaluation, case: &LossCase, what: &str) {
    assert!(
        close(f64::from(found.value), case.value, VALUE),
        "{what}: {:e}, expected {:e}, off by {:e}",
        found.value,
        case.value,
        (f64::from(found.value) - case.value) / case.value
    );
    assert_eq!(found.undefined, case.fixture == "all_ignored", "{what}: undefined");
}

#[test]
fn losses_on_frames() {
    let LossVectors { fixtures, cases } = vectors("losses.json");
    for case in &cases {
        let fixture = &fixtures[&case.fixture];
        with_loss(&case.loss, &case.parameters, &mut OnFrame { case, fixture }).expect("a known loss");
    }
}

struct OnSketch<'a> {
    case: &'a LossCase,
    fixture: &'a Fixture,
    encoding: Encoding,
}

impl OnSketch<'_> {
    fn quantised<'c>(&self, codes: &'c [u8]) -> Quantised<'c, u8> {
        let q = self.fixture.quantised.as_ref().unwrap();
        let shift = if self.encoding == Encoding::Signed { 0 } else { 128 };
        let quantiser = Quantiser::logits(self.encoding, q.scale, q.zero_point + shift).unwrap();
        Quantised::new(self.fixture.shape(), codes, quantiser).unwrap()
    }
}

impl Use for OnSketch<'_> {
    fn with<L: Loss>(&mut self, loss: &L) {
        let q = self.fixture.quantised.as_ref().unwrap();
        let flip = if self.encoding == Encoding::Signed { 0 } else { 0x80 };
        let bytes: Vec<u8> = q.codes.iter().map(|c| c.cast_unsigned() ^ flip).collect();
        let frame = self.quantised(&bytes);
        let labels = self.fixture.labels();
        let sketch = Sketch::of(&frame, Some(&labels)).unwrap();
        let table = SigmoidTable::new(frame.quantiser());
        let mut lut = GradientTable::default();
        let found = loss.accumulate_sketch(&sketch, &table, 1.0, Some(&mut lut));
        let what =
            format!("{} {} on the sketch of {}", self.case.loss, self.case.parameters, self.case.fixture);
        check_value(found, self.case, &what);
        let mut gradient = vec![0.0; bytes.len()];
        lut.add_to(&frame, &labels, &mut gradient).unwrap();
        let largest = self.case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
        // Pixels of one code and label share a derivative: compare the mean over them. Lovász spreads a tie
        // between both sides of the labels its own way, so there only the sum over all of them is fixed.
        let sorted = self.case.loss.contains("lovasz") || self.case.loss == "weighted";
        let group = |pixel: usize| {
            let t = if self.fixture.labels[pixel] == 1 { -1 } else { 1 }
                * (i32::from(q.codes[pixel]) - q.zero_point);
            if sorted { (t, 9) } else { (t, self.fixture.labels[pixel]) }
        };
        let groups: BTreeSet<_> = (0..bytes.len()).map(group).collect();
        for of in groups {
            let members = || (0..bytes.len()).filter(|pixel| group(*pixel) == of && labels.ids()[*pixel] < 2);
            // Signs by label: within a tie of Lovász the steps add up, not their signed values.
            let sign = |pixel: usize| if sorted && labels.ids()[pixel] == 1 { -1.0 } else { 1.0 };
            let sum = |values: &dyn Fn(usize) -> f64| members().map(|i| sign(i) * values(i)).sum::<f64>();
            let (mine, expected) = (sum(&|i| f64::from(gradient[i])), sum(&|i| self.case.gradient[i]));
            let allowed = GRADIENT * largest * members().count().max(1) as f64;
            assert!(
                (mine - expected).abs() <= allowed,
                "{what}: group {of:?} {mine:e}, expected {expected:e}"
            );
        }
    }
}

#[test]
fn losses_on_sketches() {
    let LossVectors { fixtures, cases } = vectors("losses.json");
    let mut count = 0;
    for case in &cases {
        let fixture = &fixtures[&case.fixture];
        if fixture.quantised.is_none() {
            continue;
        }
        for encoding in [Encoding::Signed, Encoding::Unsigned] {
            let mut user = OnSketch { case, fixture, encoding };
            with_loss(&case.loss, &case.parameters, &mut user).expect("a known loss");
            count += 1;
        }
    }
    assert!(count >= 28, "only {count} cases have codes");
}

/// A frame whose logits are far out of every range: finite results, and no trace of what is ignored.
#[test]
fn ignored_pixels_leave_no_trace() {
    let LossVectors { fixtures, .. } = vectors("losses.json");
    let fixture = &fixtures["random_unweighted"];
    let mut wild = fixture.logits.clone();
    for (index, (logit, label)) in wild.iter_mut().zip(&fixture.labels).enumerate() {
        if *label == IGNORE {
            *logit = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38][index % 4];
        }
    }
    struct Both<'a>([Frame<'a>; 2]);
    impl Use for Both<'_> {
        fn with<L: Loss>(&mut self, loss: &L) {
            let pixels = self.0[0].shape().pixels();
            let mut scratch = vec![0; loss.scratch_len(pixels)];
            let results = self.0.map(|frame| {
                let mut gradient = vec![0.0; pixels];
                let value = loss.value_and_gradient(&frame, &mut scratch, &mut gradient).unwrap();
                (value.value.to_bits(), gradient.iter().map(|g| g.to_bits()).collect::<Vec<_>>())
            });
            assert_eq!(results[0], results[1]);
        }
    }
    let frames = [fixture.frame(), Frame::new(&wild, fixture.labels()).unwrap()];
    let cases = vectors::<LossVectors>("losses.json").cases;
    for case in cases.iter().filter(|c| c.fixture == "random_unweighted") {
        with_loss(&case.loss, &case.parameters, &mut Both(frames)).unwrap();
    }
}
