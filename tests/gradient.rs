//! Gradients of every loss on every kind of frame: derivatives of the value, added with a weight to what is there, and
//! untouched by a call that is refused.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter_core::Error;
use segmeter_core::view::IGNORE;
use segmeter_tests::{Kind, Scene, accumulate, bits, losses, scratch_len};

/// Every kind of frame that losses take: binary, and multiclass with three classes; some of two and of five.
fn kinds() -> Vec<Kind> {
    let mut kinds = Kind::all(1);
    kinds.extend(Kind::all(3));
    kinds.extend([2, 5].map(Kind::plain));
    kinds
}

/// The derivative with respect to one score by differences of the value, and how far it can be off. Steps are large,
/// because values are `f32`; two of them are extrapolated, which leaves an error of fourth order. `None` near a
/// kink or a jump: where two pixels change places, or an error reaches 0.
fn slope(scene: &mut Scene, place: usize, allowed: f64, value: impl Fn(&Scene) -> f64) -> Option<(f64, f64)> {
    const STEP: f32 = 1.0 / 64.0;
    let score = scene.scores[place];
    // Probabilities stay between 0 and 1.
    let step = if scene.kind.probabilities { STEP.min(score / 12.0).min((1.0 - score) / 12.0) } else { STEP };
    let mut at = |steps: f32| {
        scene.scores[place] = score + steps * step;
        (f64::from(scene.scores[place]), value(scene))
    };
    let rise = |(x, below): (f64, f64), (y, above): (f64, f64)| (above - below) / (y - x);
    let [far, near, tiny] = [2.0, 1.0, 0.125].map(|steps| rise(at(-steps), at(steps)));
    // What both sides differ by: in proportion to the step, unless there is a kink.
    let [wide, narrow] =
        [1.0, 0.125].map(|steps| (rise(at(0.0), at(steps)) - rise(at(-steps), at(0.0))).abs());
    scene.scores[place] = score;
    let slope = near + (near - far) / 3.0;
    let smooth = (near - far).abs() <= 0.03 * (1e-4 + slope.abs())
        && narrow <= 0.25 * wide + 1.5 * allowed
        && (slope - tiny).abs() <= 0.7 * allowed;
    smooth.then_some((slope, allowed + (near - far).abs()))
}

#[test]
fn gradients_are_derivatives() {
    let losses = losses();
    let (mut all, mut rough, mut wrong) = (0, 0, Vec::new());
    for (name, loss) in &losses {
        let mut tried = 0;
        for (number, kind) in kinds().into_iter().enumerate() {
            let mut scene = Scene::random(kind, 1000 + number as u64, (2, 5), 3.0);
            if kind.probabilities {
                // Not so near to the ends that a step leaves them.
                scene.scores.iter_mut().for_each(|p| *p = 0.05 + 0.9 * *p);
            }
            let Some(found) = scene.evaluate(name, loss) else { continue };
            let largest = f64::from(found.largest());
            for place in 0..scene.scores.len() {
                let derivative = f64::from(found.gradient[place]);
                if !scene.is_scored(scene.pixel(place)) {
                    assert_eq!(bits(found.gradient[place]), 0, "{name} of {kind:?}: no label at {place}");
                    continue;
                }
                (all, tried) = (all + 1, tried + 1);
                let allowed = 1e-3 * largest + 2e-5 * f64::from(found.value.abs());
                let slope = slope(&mut scene, place, allowed, |scene| f64::from(scene.value(loss)));
                let Some((slope, allowed)) = slope else {
                    rough += 1;
                    continue;
                };
                if (slope - derivative).abs() > allowed {
                    wrong.push(format!(
                        "{name} of {kind:?}, score {place} ({}): slope {slope:e}, gradient {derivative:e}",
                        scene.scores[place]
                    ));
                }
            }
        }
        assert!(tried > 20, "{name}: only {tried} derivatives");
    }
    let first = wrong.iter().take(20).fold(String::new(), |text, line| text + line + "\n");
    assert!(wrong.is_empty(), "{} of {all}, among them:\n{first}", wrong.len());
    assert!(all > 20_000 && rough * 10 < all, "{rough} of {all} were not smooth");
}

#[test]
fn a_gradient_is_added_with_its_weight() {
    for (name, loss) in losses() {
        for kind in kinds() {
            let scene = Scene::random(kind, 77, (3, 11), 6.0);
            let Some(once) = scene.evaluate(&name, &loss) else { continue };
            let (frame, start) = (scene.frame(), |place: usize| 0.125 * (place % 7) as f32 - 0.25);
            let mut scratch = vec![0; scratch_len(&loss, &frame)];
            for weight in [0.0, 0.75, -2.5] {
                let mut gradient: Vec<f32> = (0..scene.scores.len()).map(start).collect();
                let found = accumulate(&loss, &frame, weight, &mut scratch, Some(&mut gradient)).unwrap();
                assert_eq!(
                    bits(found.value),
                    bits(once.value),
                    "{name} of {kind:?}: the value has no weight"
                );
                for (place, found) in gradient.iter().enumerate() {
                    let expected =
                        f64::from(start(place)) + f64::from(weight) * f64::from(once.gradient[place]);
                    // Parts of a sum are rounded one after the other.
                    let allowed = 1e-6 * (f64::from(start(place)).abs() + f64::from(once.largest()));
                    let error = (f64::from(*found) - expected).abs();
                    assert!(
                        error <= allowed,
                        "{name} of {kind:?}, weight {weight}, {place}: {found:e}, expected {expected:e}"
                    );
                    let scored = scene.is_scored(scene.pixel(place));
                    assert!(
                        scored || bits(*found) == bits(start(place)),
                        "{name} of {kind:?}: no label at {place}"
                    );
                }
            }
            // A power of two multiplies every part without rounding.
            let mut gradient = vec![0.0; scene.scores.len()];
            let _ = accumulate(&loss, &frame, -0.5, &mut scratch, Some(&mut gradient)).unwrap();
            let halves = once.gradient.iter().map(|g| bits(-0.5 * g));
            assert!(gradient.iter().map(|g| bits(*g)).eq(halves), "{name} of {kind:?}: a half");
        }
    }
}

#[test]
fn a_refused_call_leaves_the_gradient_as_it_was() {
    let (mut short, mut unsupported) = (0, 0);
    for (name, loss) in losses() {
        for kind in kinds() {
            let scene = Scene::random(kind, 5, (3, 7), 4.0);
            let (frame, len) = (scene.frame(), scene.scores.len());
            let need = scratch_len(&loss, &frame);
            let start: Vec<f32> = (0..=len).map(|place| place as f32 - 3.0).collect();
            let attempt = |scratch: usize, slots: usize| {
                let mut gradient = start[..slots].to_vec();
                let found = accumulate(&loss, &frame, 1.0, &mut vec![0; scratch], Some(&mut gradient));
                if found.is_err() {
                    assert!(
                        gradient == start[..slots],
                        "{name} of {kind:?}, {found:?}: the gradient has changed"
                    );
                }
                found
            };
            let whole = attempt(need, len);
            if matches!(whole, Err(Error::Unsupported(_))) {
                unsupported += 1;
                continue;
            }
            assert!(whole.is_ok(), "{name} of {kind:?}: {whole:?}");
            for slots in [0, 1, len - 1, len + 1] {
                let expected = Err(Error::Length { expected: len, found: slots });
                assert_eq!(attempt(need, slots), expected, "{name} of {kind:?}");
            }
            for words in [0, 1, need / 2, need.saturating_sub(1)].into_iter().filter(|words| *words < need) {
                assert_eq!(attempt(words, len), Err(Error::Scratch { need }), "{name} of {kind:?}");
                let value = accumulate(&loss, &frame, 1.0, &mut vec![0; words], None);
                assert_eq!(value, Err(Error::Scratch { need }), "{name} of {kind:?}: value alone");
                short += 1;
            }
        }
    }
    assert!(short > 500 && unsupported > 20, "{short} {unsupported}");
}

/// A sum whose second part does not take a frame has not added its first part.
#[test]
fn a_refused_part_of_a_sum_leaves_the_gradient_as_it_was() {
    let sum = |first: &str, second: &str| {
        let parts = serde_json::json!({"parts": [
            {"weight": 1, "loss": first, "parameters": {}}, {"weight": 1, "loss": second, "parameters": {}}]});
        segmeter_tests::named("weighted", &parts)
    };
    for (second, kind) in [
        ("lovasz_hinge", Kind::plain(3)),
        ("lovasz_hinge", Kind { soft: true, ..Kind::plain(1) }),
        ("lovasz_hinge", Kind { probabilities: true, ..Kind::plain(1) }),
        ("lovasz_softmax", Kind { soft: true, ..Kind::plain(3) }),
    ] {
        for first in ["cross_entropy", "dice", "top_k"] {
            let (loss, scene) = (sum(first, second), Scene::random(kind, 5, (3, 7), 4.0));
            let frame = scene.frame();
            let mut gradient = vec![0.25; scene.scores.len()];
            let mut scratch = vec![0; scratch_len(&loss, &frame)];
            let found = accumulate(&loss, &frame, 1.0, &mut scratch, Some(&mut gradient));
            assert!(matches!(found, Err(Error::Unsupported(_))), "{first} + {second} of {kind:?}: {found:?}");
            assert!(
                gradient.iter().all(|g| bits(*g) == bits(0.25)),
                "{first} + {second} of {kind:?} has added {first}"
            );
        }
    }
}

#[test]
fn what_is_in_the_scratch_does_not_matter() {
    for (name, loss) in losses() {
        for kind in kinds() {
            let scene = Scene::random(kind, 99, (4, 9), 5.0);
            let Some(expected) = scene.evaluate(&name, &loss) else { continue };
            let frame = scene.frame();
            let need = scratch_len(&loss, &frame);
            let garbage = |place: usize| (place as u32).wrapping_mul(0x9e37_79b9) ^ 0x7fc0_0001;
            let fills: [Vec<u32>; 4] = [
                vec![u32::MAX; need],
                vec![0x7fc0_0000; need],
                (0..need).map(garbage).collect(),
                // More than it takes.
                (0..need + 13).map(garbage).collect(),
            ];
            for mut scratch in fills {
                let mut gradient = vec![0.0; scene.scores.len()];
                let found = accumulate(&loss, &frame, 1.0, &mut scratch, Some(&mut gradient)).unwrap();
                assert_eq!(bits(found.value), bits(expected.value), "{name} of {kind:?}");
                assert!(gradient.iter().map(|g| bits(*g)).eq(expected.bits().1), "{name} of {kind:?}");
            }
        }
    }
}

#[test]
fn without_a_scored_pixel_there_is_no_loss() {
    for (name, loss) in losses() {
        for kind in kinds() {
            let mut scene = Scene::random(kind, 3, (2, 9), 5.0);
            if kind.weighted {
                scene.weights.fill(0.0);
            } else if kind.soft {
                continue;
            }
            let mut unlabelled = scene.clone();
            unlabelled.ids.fill(IGNORE);
            for scene in
                [scene, unlabelled].iter().filter(|scene| !(0..18).any(|pixel| scene.is_scored(pixel)))
            {
                let Some(found) = scene.evaluate(&name, &loss) else { continue };
                assert!(found.undefined && bits(found.value) == 0, "{name} of {kind:?}: {}", found.value);
                assert!(found.bits().1.iter().all(|g| *g == 0), "{name} of {kind:?}: a gradient");
            }
        }
    }
}

/// A class without labels can be its mean probability in the losses of squared errors as well; so is the gradient.
#[test]
fn the_mean_probability_of_an_absent_class() {
    use segmeter_core::loss::{AbsentClass, ClassAveraging, Loss, NoiseRobustDice, SensitivitySpecificity};
    use segmeter_core::view::{Frame, Labels, Shape};
    use segmeter_tests::close;
    let shape = Shape::new(1, 4).unwrap();
    let logits = [0.5_f32, -1.0, 2.0, -3.0];
    let frame = Frame::new(&logits, Labels::new(shape, &[0; 4], IGNORE).unwrap()).unwrap();
    let averaging = ClassAveraging::DEFAULT.with_empty(AbsentClass::MeanProbability);
    let p = logits.map(|z| 1.0 / (1.0 + (-f64::from(z)).exp()));
    let check = |name: &str, loss: &dyn Fn(&mut [f32]) -> f32| {
        let mut gradient = [0.0; 4];
        let value = loss(&mut gradient);
        assert!(close(f64::from(value), p.iter().sum::<f64>() / 4.0, 1e-6), "{name}: {value}");
        for (found, p) in gradient.iter().zip(p) {
            assert!(close(f64::from(*found), p * (1.0 - p) / 4.0, 1e-6), "{name}: {found}");
        }
    };
    let sensitivity = SensitivitySpecificity::new(0.1, 1e-5).unwrap().with(averaging);
    check("sensitivity_specificity", &|gradient| {
        sensitivity.value_and_gradient(&frame, &mut [], gradient).unwrap().value
    });
    let robust = NoiseRobustDice::PAPER.with(averaging);
    check("noise_robust_dice", &|gradient| {
        robust.value_and_gradient(&frame, &mut [], gradient).unwrap().value
    });
}
