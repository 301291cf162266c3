//! What changes no loss: the order of rows and tiles, the layout, room for classes, weights of one, labels as shares.

use std::collections::BTreeSet;
use std::ops::Range;

use segmeter::Engine;
use segmeter::catalogue::{AnyFrame, ChosenLoss};
use segmeter_core::loss::AnyLoss as Listed;
use segmeter_core::loss::{Loss, Serial, SumLoss, Sums};
use segmeter_core::view::{Frame, IGNORE, Shape};
use segmeter_tests::{Kind, ROOM, Scene, bits, depends_on_place, interleave, losses, takes};

/// Every kind of frame with these numbers of channels.
fn kinds(channels: &[usize]) -> Vec<Kind> {
    channels.iter().flat_map(|channels| Kind::all(*channels)).collect()
}

/// Some rows and columns of a scene.
fn part(scene: &Scene, rows: Range<usize>, columns: Range<usize>) -> Scene {
    let shape = Shape::new(rows.len() as u32, columns.len() as u32).unwrap();
    let width = scene.shape.width();
    let pixels: Vec<usize> =
        rows.flat_map(|row| columns.clone().map(move |column| row * width + column)).collect();
    let planes = |values: &[f32]| -> Vec<f32> {
        let channels = scene.kind.channels;
        let planes = (0..channels).flat_map(|c| pixels.iter().map(move |pixel| (*pixel, c)));
        let planes: Vec<f32> = planes.map(|(pixel, c)| values[scene.place(pixel, c)]).collect();
        if scene.kind.interleaved { interleave(&planes, channels) } else { planes }
    };
    Scene {
        shape,
        scores: planes(&scene.scores),
        shares: planes(&scene.shares),
        ids: pixels.iter().map(|pixel| scene.ids[*pixel]).collect(),
        weights: pixels.iter().map(|pixel| scene.weights[*pixel]).collect(),
        ..scene.clone()
    }
}

/// The loss of tiles that are pushed and merged in some order is that of the whole, and so is the gradient.
fn of_tiles<L: SumLoss, const C: usize>(
    what: &str,
    loss: &L,
    whole: &Scene,
    frame: impl Fn(&Scene) -> Frame<'_, C>,
) {
    let serial = &Serial::SCALAR;
    let class_weights = whole.kind.class_weighted.then_some(&whole.class_weights[..]);
    let mut expected = vec![0.0; whole.scores.len()];
    let value = loss.accumulate(serial, &frame(whole), 1.0, &mut [], Some(&mut expected)).unwrap();
    let mut expected = Scene { scores: expected, ..whole.clone() };
    expected.shares.fill(0.0);
    // Tiles end where the segments of a row do.
    let (height, width) = (whole.shape.height(), whole.shape.width());
    let mut tiles = Vec::new();
    for rows in [0..1, 1..4, 4..height] {
        for columns in [0..256, 256..width] {
            tiles.push((rows.clone(), columns));
        }
    }
    for (turn, from) in [(0, 0), (1, 2), (4, 5)] {
        tiles.rotate_left(turn);
        let scenes: Vec<Scene> =
            tiles.iter().map(|(rows, columns)| part(whole, rows.clone(), columns.clone())).collect();
        // Some are pushed to one, the others to another; an empty one changes nothing.
        let (mut one, mut other) = (Sums::<_, C>::of(loss), Sums::<_, C>::of(loss));
        for (place, scene) in scenes.iter().enumerate() {
            if place < from { &mut one } else { &mut other }.push(serial, &frame(scene));
        }
        other.merge(&Sums::of(loss)).unwrap();
        other.merge(&one).unwrap();
        let fit = other.fit(loss, class_weights).unwrap();
        assert_eq!(bits(fit.evaluation.value), bits(value.value), "{what}: tiles turned by {turn}");
        assert_eq!(fit.evaluation, value, "{what}: tiles turned by {turn}");
        for (scene, (rows, columns)) in scenes.iter().zip(&tiles) {
            let mut gradient = vec![0.0; scene.scores.len()];
            fit.add_gradient(serial, &frame(scene), 1.0, &mut gradient).unwrap();
            let expected = part(&expected, rows.clone(), columns.clone()).scores;
            assert!(
                gradient.iter().map(|g| bits(*g)).eq(expected.iter().map(|g| bits(*g))),
                "{what}: gradient of a tile"
            );
        }
    }
}

/// Calls [`of_tiles`] for what is a function of sums; everything else must be known not to be.
fn of_any_tiles(name: &str, loss: &ChosenLoss, scene: &Scene) -> bool {
    let what = format!("{name} of {:?}", scene.kind);
    macro_rules! sum_losses {
        ($($type:ident),* $(,)?) => {
            match loss {
                $(ChosenLoss::Listed(Listed::$type(loss)) if scene.kind.channels == 1 => of_tiles::<_, 2>(&what, loss, scene, binary),
                  ChosenLoss::Listed(Listed::$type(loss)) => of_tiles::<_, ROOM>(&what, loss, scene, Scene::multiclass),)*
                other => {
                    let known = ["TopK", "Ohem", "WassersteinDice", "LovaszHinge", "LovaszSoftmax", "Combo",
                        "ExponentialLogarithmic", "UnifiedFocal"];
                    let known = known.iter().any(|name| other.type_name().starts_with(name)) || other.is_sum() || depends_on_place(name, other);
                    assert!(known, "{what}: say whether {} adds up", other.type_name());
                    return false;
                }
            }
        };
    }
    sum_losses!(
        CrossEntropy,
        BalancedCrossEntropy,
        Focal,
        ReducedFocal,
        NormalisedFocal,
        LabelSmoothed,
        Bootstrapped,
        RecallCrossEntropy,
        Poly1,
        GeneralisedCrossEntropy,
        Dice,
        SquaredDice,
        LogCoshDice,
        LogDice,
        Jaccard,
        PowerJaccard,
        Tanimoto,
        Tversky,
        FocalTversky,
        AsymmetricSimilarity,
        SensitivitySpecificity,
        NoiseRobustDice,
        GeneralisedDice,
        PenaltyGeneralisedDice,
        Mcc,
        Recall,
    );
    true
}

fn binary(scene: &Scene) -> Frame<'_> {
    let AnyFrame::Binary(frame) = scene.frame() else { panic!("a binary scene") };
    frame
}

#[test]
fn rows_and_tiles_add_up_in_any_order() {
    let mut tried = 0;
    for (name, loss) in losses() {
        for kind in kinds(&[1, 3]) {
            if !kind.must_be_taken(&name) {
                continue;
            }
            let scene = Scene::random(kind, 31, (6, 259), 7.0);
            tried += usize::from(of_any_tiles(&name, &loss, &scene));
        }
    }
    assert!(tried > 900, "only {tried} tried");
}

/// Of a loss that is no sum over pixels too: it does not know where pixels are.
#[test]
fn the_order_of_rows_does_not_matter() {
    let mut tried = BTreeSet::new();
    for (name, loss) in losses().into_iter().filter(|(name, loss)| !depends_on_place(name, loss)) {
        for kind in kinds(&[1, 3]) {
            let scene = Scene::random(kind, 8, (7, 13), 8.0);
            let Some(found) = scene.evaluate(&name, &loss) else { continue };
            let mut order: Vec<usize> = (0..7).collect();
            for turn in [3, 1] {
                order.rotate_left(turn);
                order.swap(1, 4);
                let mut moved = scene.clone();
                for (to, from) in order.iter().enumerate() {
                    for (pixel, old) in (to * 13..to * 13 + 13).zip(from * 13..) {
                        for channel in 0..kind.channels {
                            let (place, old) = (scene.place(pixel, channel), scene.place(old, channel));
                            (moved.scores[place], moved.shares[place]) =
                                (scene.scores[old], scene.shares[old]);
                        }
                        (moved.ids[pixel], moved.weights[pixel]) = (scene.ids[old], scene.weights[old]);
                    }
                }
                assert_eq!(bits(moved.value(&loss)), bits(found.value), "{name} of {kind:?}");
            }
            tried.insert(name.clone());
        }
    }
    assert!(tried.len() > 45, "only {tried:?}");
}

/// Layout and room move numbers and change none.
#[test]
fn layout_and_room_do_not_matter() {
    for (name, loss) in losses() {
        for kind in kinds(&[2, 3]).into_iter().filter(|kind| !kind.interleaved) {
            let planar = Scene::random(kind, 4, (3, 17), 6.0);
            let Some(expected) = planar.evaluate(&name, &loss) else { continue };
            let interleaved = Scene::random(Kind { interleaved: true, ..kind }, 4, (3, 17), 6.0);
            assert_eq!(interleaved.scores, interleave(&planar.scores, kind.channels));
            let mut found = interleaved.evaluate(&name, &loss).unwrap();
            let gradient = interleave(&expected.gradient, kind.channels);
            assert_eq!(bits(found.value), bits(expected.value), "{name} of {kind:?}");
            assert!(gradient.iter().map(|g| bits(*g)).eq(found.bits().1), "{name} of {kind:?}: interleaved");
            // Just the room it needs.
            let frame = interleaved.multiclass::<3>();
            let mut scratch = vec![0; loss.scratch_len(frame.shape())];
            found.value = loss.value_and_gradient(&frame, &mut scratch, &mut found.gradient).unwrap().value;
            assert_eq!(bits(found.value), bits(expected.value), "{name} of {kind:?}: room");
            assert!(gradient.iter().map(|g| bits(*g)).eq(found.bits().1), "{name} of {kind:?}: room");
        }
    }
}

/// At every place of a block in a row, and around the end of a segment of a row: scalar, and by vectors of this machine.
#[test]
fn layout_does_not_matter_at_any_width() {
    let engine = Engine::default();
    for (name, loss) in losses().into_iter().filter(|(name, _)| takes(name, "multiclass")) {
        for width in (25..=65).chain(255..=257) {
            let kind = Kind { weighted: width % 2 == 1, ..Kind::plain(3) };
            let planar = Scene::random(kind, u64::from(width), (2, width), 6.0);
            let Some(expected) = planar.evaluate(&name, &loss) else { continue };
            let expected = (bits(expected.value), interleave(&expected.gradient, 3));
            let interleaved =
                Scene::random(Kind { interleaved: true, ..kind }, u64::from(width), (2, width), 6.0);
            let scalar = interleaved.evaluate(&name, &loss).unwrap();
            let mut gradient = vec![0.0; scalar.gradient.len()];
            let value = loss.evaluate(&engine, &interleaved.frame(), 1.0, Some(&mut gradient)).unwrap().value;
            for (by, value, gradient) in
                [("scalar", scalar.value, scalar.gradient), ("vectors", value, gradient)]
            {
                assert_eq!(bits(value), expected.0, "{name} of width {width}, {by}");
                let wrong = gradient.iter().zip(&expected.1).position(|(found, g)| bits(*found) != bits(*g));
                assert_eq!(wrong, None, "{name} of width {width}, {by}");
            }
        }
    }
}

#[test]
fn weights_of_one_are_none() {
    for (name, loss) in losses() {
        for kind in kinds(&[1, 3]) {
            let mut scene = Scene::random(kind, 21, (5, 23), 6.0);
            scene.weights.fill(1.0);
            scene.class_weights.fill(1.0);
            let Some(found) = scene.evaluate(&name, &loss) else { continue };
            scene.kind = Kind { weighted: false, class_weighted: false, ..kind };
            let expected = scene.evaluate(&name, &loss).unwrap();
            assert_eq!(found.bits(), expected.bits(), "{name} of {kind:?}");
        }
    }
}

/// Ids are shares of 0 and 1.
#[test]
fn sharp_shares_are_ids() {
    let mut tried = 0;
    for (name, loss) in losses() {
        for kind in kinds(&[1, 3]).into_iter().filter(|kind| kind.soft && kind.weighted) {
            let mut scene = Scene::random(kind, 22, (5, 23), 6.0);
            for (pixel, id) in scene.ids.clone().into_iter().enumerate() {
                for channel in 0..kind.channels {
                    let class = if kind.channels == 1 { 1 } else { channel };
                    let place = scene.place(pixel, channel);
                    scene.shares[place] = f32::from(u8::from(usize::from(id) == class));
                }
                // What has no label has no weight.
                scene.weights[pixel] *= f32::from(u8::from(id != IGNORE));
            }
            let Some(found) = scene.evaluate(&name, &loss) else { continue };
            scene.kind.soft = false;
            let expected = scene.evaluate(&name, &loss).unwrap();
            assert_eq!(found.bits(), expected.bits(), "{name} of {kind:?}");
            tried += 1;
        }
    }
    assert!(tried > 400, "only {tried} tried");
}

/// A weight of zero is an ignored pixel.
#[test]
fn weights_of_zero_are_ignored_pixels() {
    for (name, loss) in losses() {
        for kind in kinds(&[1, 3]).into_iter().filter(|kind| kind.weighted && !kind.soft) {
            let mut scene = Scene::random(kind, 23, (5, 23), 6.0);
            scene.weights.iter_mut().for_each(|weight| *weight = f32::from(u8::from(*weight > 0.9)));
            let Some(found) = scene.evaluate(&name, &loss) else { continue };
            for (id, weight) in scene.ids.iter_mut().zip(&scene.weights) {
                *id = if *weight > 0.0 { *id } else { IGNORE };
            }
            scene.kind.weighted = false;
            assert_eq!(found.bits(), scene.evaluate(&name, &loss).unwrap().bits(), "{name} of {kind:?}");
        }
    }
}
