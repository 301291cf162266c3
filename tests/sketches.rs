//! Sketches of 8-bit output: every code, alone and in pairs, is the frame of the same logits; how a sketch is filled, and
//! what its codes are stored as, changes no bit.

use segmeter::catalogue::{AnyFrame, ChosenLoss};
use segmeter_core::loss::{Evaluation, Loss};
use segmeter_core::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Activation, Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter_core::{Error, Result};
use segmeter_tests::{Demo, Random, accumulate, binary_losses, bits, depends_on_place, scratch_len};

/// The losses that a histogram is enough for.
fn of_histograms() -> Vec<(String, ChosenLoss)> {
    let found: Vec<_> = binary_losses().filter(|(name, loss)| !depends_on_place(name, loss)).collect();
    assert!(found.len() > 44, "only {} losses take sketches", found.len());
    found
}

/// Value and gradient of a frame of a few pixels.
fn on_frame(
    loss: &ChosenLoss,
    scores: &[f32],
    activation: Activation,
    ids: &[u8],
) -> Result<(Evaluation, Vec<f32>)> {
    let labels = Labels::new(Shape::new(1, ids.len() as u32).unwrap(), ids, IGNORE).unwrap();
    let frame = AnyFrame::Binary(Frame::new(scores, labels).unwrap().with_activation(activation));
    let (mut scratch, mut gradient) = (vec![0; scratch_len(loss, &frame)], vec![0.0; ids.len()]);
    let found = accumulate(loss, &frame, 1.0, &mut scratch, Some(&mut gradient))?;
    Ok((found, gradient))
}

/// The sketch of a few pixels, and each pixel's derivative.
fn on_sketch(
    loss: &ChosenLoss,
    quantiser: &Quantiser,
    table: &SigmoidTable,
    codes: &[i8],
    ids: &[u8],
) -> Result<(Evaluation, Vec<f32>)> {
    let (mut sketch, mut slopes) = (Sketch::new(quantiser), GradientTable::default());
    sketch.push_row(codes, ids);
    let found = loss.accumulate_sketch(&sketch, table, 1.0, Some(&mut slopes))?;
    let index = |code: &i8| quantiser.index(code.cast_unsigned());
    Ok((found, codes.iter().zip(ids).map(|(code, id)| slopes.at(*id, index(code))).collect()))
}

fn compare(
    name: &str,
    loss: &ChosenLoss,
    quantiser: &Quantiser,
    table: &SigmoidTable,
    codes: &[i8],
    ids: &[u8],
) {
    let scores: Vec<f32> =
        codes.iter().map(|code| quantiser.score(quantiser.index(code.cast_unsigned()))).collect();
    let what = || format!("{name}, {ids:?} with {:?} {scores:?}", quantiser.activation());
    let found = on_sketch(loss, quantiser, table, codes, ids);
    let (expected, direct) = match on_frame(loss, &scores, quantiser.activation(), ids) {
        Ok(expected) => expected,
        refused => return assert_eq!(found.err(), refused.err(), "{}", what()),
    };
    let (found, looked_up) = found.unwrap();
    assert_eq!(found.undefined, expected.undefined, "{}", what());
    let close = |a: f32, b: f32, allowed: f32| (a - b).abs() <= allowed + 1e-44;
    assert!(
        close(found.value, expected.value, 1e-6 * expected.value.abs()),
        "{}: {found:?} {expected:?}",
        what()
    );
    let largest = direct.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    for (a, b) in looked_up.iter().zip(&direct) {
        assert!(close(*a, *b, 1e-5 * largest), "{}: {looked_up:?} {direct:?}", what());
    }
}

/// Scales that reach a margin of 100, that of the bundled frames, and one at which neighbours hardly differ.
const SCALES: [(f32, i32); 3] = [(0.7, 15), (0.101_869_74, 15), (1e-3, -128)];

#[test]
fn every_label_and_code_alone() {
    let logits =
        SCALES.map(|(scale, zero_point)| Quantiser::logits(Encoding::Signed, scale, zero_point).unwrap());
    for quantiser in logits.into_iter().chain(probabilities()) {
        let table = SigmoidTable::new(&quantiser);
        for (name, loss) in of_histograms() {
            for code in i8::MIN..=i8::MAX {
                for id in [0, 1] {
                    compare(&name, &loss, &quantiser, &table, &[code], &[id]);
                }
            }
        }
    }
}

/// Probabilities of 0 to 1 in 255 steps and in 256, and some that are cut at both ends.
fn probabilities() -> [Quantiser; 3] {
    let scaled =
        |scale, zero_point| Quantiser::scaled_probabilities(Encoding::Signed, scale, zero_point).unwrap();
    [Quantiser::probabilities(), scaled(1.0 / 256.0, -128), scaled(0.01, -20)]
}

/// Ties apart, which frames and sketches resolve each in its way.
#[test]
fn pairs_of_codes() {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.7, 3).unwrap();
    let table = SigmoidTable::new(&quantiser);
    let mut random = Random(2024);
    let mut code = || (random.uniform() * 256.0) as u8 as i8;
    let pairs: Vec<([i8; 2], [u8; 2])> =
        (0..1500u32).map(|n| ([code(), code()], [(n & 1) as u8, (n >> 1 & 1) as u8])).collect();
    let margin = |code: i8, id: u8| (i32::from(code) - 3) * if id == 1 { 1 } else { -1 };
    let pairs: Vec<_> = pairs.into_iter().filter(|(c, i)| margin(c[0], i[0]) != margin(c[1], i[1])).collect();
    assert!(pairs.len() > 1400);
    for (name, loss) in of_histograms() {
        for (codes, ids) in &pairs {
            compare(&name, &loss, &quantiser, &table, codes, ids);
        }
    }
}

/// 0 is 0 and 255 is 1, in losses as in frames of such probabilities; a code that says nothing else is cut.
#[test]
fn pairs_of_probabilities() {
    let mut random = Random(77);
    let mut code = || match (random.uniform() * 8.0) as u8 {
        0 => 0,
        1 => 255,
        _ => (random.uniform() * 256.0) as u8,
    };
    let pairs: Vec<[u8; 2]> = (0..1000).map(|_| [code(), code()]).collect();
    for quantiser in probabilities() {
        let table = SigmoidTable::new(&quantiser);
        for (name, loss) in of_histograms() {
            for (n, codes) in pairs.iter().enumerate() {
                let ids = [(n & 1) as u8, (n >> 1 & 1) as u8];
                let errors: Vec<f32> = (0..2)
                    .map(|i| quantiser.score(quantiser.index(codes[i])))
                    .zip(ids)
                    .map(|(p, id)| if id == 1 { 1.0 - p } else { p })
                    .collect();
                // Ties apart, as there.
                if (errors[0] - errors[1]).abs() > 1e-6 {
                    compare(&name, &loss, &quantiser, &table, &codes.map(u8::cast_signed), &ids);
                }
            }
        }
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "exactly what they say")]
fn the_ends_of_probabilities_are_what_they_say() {
    let [steps, sigmoid, cut] = probabilities();
    assert_eq!([0, 51, 255].map(|index| steps.score(index)), [0.0, 0.2, 1.0]);
    assert_eq!([0, 128, 255].map(|index| sigmoid.score(index)), [0.0, 0.5, 255.0 / 256.0]);
    assert_eq!([0, 107, 108, 109, 208, 255].map(|index| cut.score(index)), [0.0, 0.0, 0.0, 0.01, 1.0, 1.0]);
    for (quantiser, threshold) in [(steps, 127), (sigmoid, 128), (cut, 158)] {
        assert_eq!(quantiser.threshold(), threshold, "{quantiser:?}");
    }
}

/// Value and slopes as bits.
fn evaluate(loss: &ChosenLoss, sketch: &Sketch, table: &SigmoidTable) -> (u32, Vec<u32>) {
    let mut slopes = GradientTable::default();
    let found = loss.accumulate_sketch(sketch, table, 1.0, Some(&mut slopes)).unwrap();
    let all = (0..2).flat_map(|label| (0..CODES).map(move |index| (label, index as u8)));
    (bits(found.value), all.map(|(label, index)| bits(slopes.at(label, index))).collect())
}

/// By rows, by packed rows, whole, in parts merged in another order, of signed and of unsigned codes.
#[test]
fn how_a_sketch_is_filled_changes_no_bit() {
    let demo = Demo::load();
    let (shape, quantiser) = (Demo::shape(), Demo::quantiser());
    let (table, losses) = (SigmoidTable::new(&quantiser), of_histograms());
    for frame in [0, 120, 190] {
        let (codes, ids) = (demo.codes(frame), demo.reference(frame));
        let labels = Labels::new(shape, &ids, IGNORE).unwrap();
        let whole = Sketch::of(&Quantised::new(shape, codes, quantiser).unwrap(), Some(&labels)).unwrap();
        let (mut rows, mut packed) = (Sketch::new(&quantiser), Sketch::new(&quantiser));
        let mut parts = vec![Sketch::<u32>::new(&quantiser); 7];
        for row in (0..shape.height()).rev() {
            let range = row * shape.width()..(row + 1) * shape.width();
            rows.push_row(&codes[range.clone()], &ids[range.clone()]);
            packed.push_packed_row(demo.row(frame, row).0, demo.row(frame, row).1, &[0xff; 20]);
            parts[row % 7].push_row(&codes[range.clone()], &ids[range]);
        }
        let mut merged = Sketch::new(&quantiser);
        parts.rotate_left(3);
        parts.iter().for_each(|part| merged.merge(part).unwrap());
        // The same logits from unsigned codes.
        let unsigned = Quantiser::logits(Encoding::Unsigned, 0.101_869_74, 15 + 128).unwrap();
        let bytes: Vec<u8> = codes.iter().map(|byte| byte ^ 0x80).collect();
        let other = Sketch::of(&Quantised::new(shape, &bytes, unsigned).unwrap(), Some(&labels)).unwrap();
        let other_table = SigmoidTable::new(&unsigned);
        for (name, loss) in &losses {
            let expected = evaluate(loss, &whole, &table);
            for sketch in [&rows, &packed, &merged] {
                assert!(evaluate(loss, sketch, &table) == expected, "{name} of frame {frame}");
            }
            assert!(evaluate(loss, &other, &other_table) == expected, "{name} of frame {frame}, unsigned");
        }
    }
}

/// A loss that needs places says so and writes nothing; also as the second part of a sum.
#[test]
fn what_needs_places_takes_no_sketch() {
    let demo = Demo::load();
    let (quantiser, mut sketch) = (Demo::quantiser(), Sketch::new(&Demo::quantiser()));
    sketch.push_row(demo.codes(0), &demo.reference(0));
    let mut refused = 0;
    for (name, loss) in binary_losses().filter(|(name, loss)| depends_on_place(name, loss)) {
        let mut slopes = GradientTable::default();
        let found = loss.accumulate_sketch(&sketch, &SigmoidTable::new(&quantiser), 1.0, Some(&mut slopes));
        assert!(matches!(found, Err(Error::Unsupported(_))), "{name}: {found:?}");
        assert!(slopes == GradientTable::default(), "{name} has written slopes");
        refused += 1;
    }
    assert!(refused > 5, "only {refused} need places");
}
