//! Scratch: what a loss asks for is what it takes, and what its entry says.

use segmeter::catalogue::{Entry, LOSSES, Setting, Settings, loss as entry, setting};
use segmeter_core::Error;
// Every loss, and the trait of planes: asking for scratch must not depend on what is in scope.
use segmeter_core::loss::*;
use segmeter_core::view::{IGNORE, Labels, Shape};
use segmeter_tests::{Kind, Scene, accumulate, named, scratch_len, takes};

const SHAPES: [(u32, u32); 10] =
    [(1, 1), (1, 7), (9, 1), (2, 8), (3, 33), (31, 32), (12, 65), (5, 257), (64, 3), (2, 1030)];

/// The settings under which scratch is looked at: the defaults, and others of what it may depend on.
fn settings(entry: &Entry) -> Vec<Settings> {
    let mut all = vec![Settings::new()];
    for name in ["iterations", "erosions", "scales", "dilations"] {
        if entry.parameters.iter().any(|parameter| parameter.name == name) {
            all.extend([1.0, 5.0].map(|value| Settings::from([(name.to_owned(), Setting::Number(value))])));
        }
    }
    all
}

#[test]
fn exactly_what_is_asked_for_is_enough() {
    let mut refused = 0;
    for (entry, channels) in LOSSES.iter().flat_map(|entry| [(entry, 1), (entry, 4)]) {
        if !takes(entry.name, if channels == 1 { "binary" } else { "multiclass" }) {
            continue;
        }
        for (settings, size) in settings(entry).iter().flat_map(|set| SHAPES.map(|size| (set, size))) {
            let what = format!("{} {settings:?} of {size:?}, {channels} channels", entry.name);
            let loss = named(entry.name, &serde_json::to_value(settings).unwrap());
            let scene = Scene::random(Kind::plain(channels), 3, size, 4.0);
            let frame = scene.frame();
            let need = scratch_len(&loss, &frame);
            let run = |words: usize| {
                let mut gradient = vec![0.0; scene.scores.len()];
                let found = accumulate(&loss, &frame, 1.0, &mut vec![!0; words], Some(&mut gradient));
                found.map(|found| (found.value.to_bits(), gradient))
            };
            let exact = run(need).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(run(need + 100).unwrap() == exact, "{what}: more scratch gives something else");
            if need > 0 {
                assert_eq!(run(need - 1), Err(Error::Scratch { need }), "{what}: one word less");
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}

/// `loss.scratch_len(shape)` is what [`Loss`] says, whatever a type has of its own.
#[test]
fn there_is_one_way_to_ask() {
    let shape = Shape::new(3, 33).unwrap();
    let ids = [0, 1, 1].repeat(33);
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    let scores = vec![0.5; 99];
    let frame = segmeter_core::view::Frame::new(&scores, labels).unwrap();
    macro_rules! ask {
        ($($loss:expr),* $(,)?) => {$({
            let loss = $loss;
            let need: usize = loss.scratch_len(shape);
            assert_eq!(need, Loss::scratch_len(&loss, shape), stringify!($loss));
            assert!(loss.value(&frame, &mut vec![0; need]).is_ok(), stringify!($loss));
        })*};
    }
    ask!(
        ActiveBoundary::new(0.1, 0.2, 20.0).unwrap(),
        ActiveContour::PAPER,
        Boundary::KERVADEC,
        BoundaryDou::new(1e-5).unwrap(),
        BoundaryF1::new(3, 5, 1e-7).unwrap(),
        CbDice::PAPER,
        ClDice::PAPER,
        CrossEntropy::MEAN,
        Dice::new(Smooth::ONE),
        DistancePenalised,
        Elastica::PAPER,
        HausdorffConvolution::new(2.0, 3, 6).unwrap(),
        HausdorffDistance::new(2.0, Sides::Both).unwrap(),
        HausdorffErosion::new(2.0, 10).unwrap(),
        LovaszHinge,
        LovaszSoftmax::PRESENT,
        Ohem::new(0.7, 1).unwrap(),
        ShapeAware,
        SkeletonRecall::PAPER,
        TopK::new(0.5).unwrap(),
    );
    // Where the number is known while compiling, it is the same.
    let pixels = shape.pixels();
    for (constant, name) in [
        (TopK::scratch_len(pixels), "top_k"),
        (Ohem::scratch_len(pixels), "ohem"),
        (LovaszHinge::scratch_len(pixels), "lovasz_hinge"),
        (LovaszSoftmax::scratch_len(pixels), "lovasz_softmax"),
        (Boundary::scratch_len(shape), "boundary"),
        (BoundaryDou::scratch_len(shape), "boundary_dou"),
        (DistancePenalised::scratch_len(shape), "distance_penalised"),
        (SkeletonRecall::scratch_len(shape), "skeleton_recall"),
    ] {
        assert_eq!(constant, named(name, &serde_json::json!({})).scratch_len(shape), "{name}");
    }
}

#[test]
fn entries_say_what_is_taken() {
    for entry in LOSSES {
        for (settings, size) in settings(entry).iter().flat_map(|set| SHAPES.map(|size| (set, size))) {
            let loss = named(entry.name, &serde_json::to_value(settings).unwrap());
            let shape = Shape::new(size.0, size.1).unwrap();
            let value = |name: &str| match name {
                "pixels" => shape.pixels(),
                "width" => shape.width(),
                "height" => shape.height(),
                _ => match setting(entry, settings, name) {
                    Some(Setting::Number(number)) => number as usize,
                    other => panic!("{}: {name} is {other:?}", entry.name),
                },
            };
            let said = words(entry, &value);
            assert_eq!(said, loss.scratch_len(shape), "{}: {} of {size:?}", entry.name, entry.scratch);
        }
    }
}

/// The words that an entry's text stands for.
fn words(of: &Entry, value: &dyn Fn(&str) -> usize) -> usize {
    if of.scratch == "none" {
        return 0;
    }
    if let Some(other) = of.scratch.strip_prefix("that of ") {
        return words(entry(other).expect("a loss"), value);
    }
    let inside = of.scratch.strip_prefix("u32[").and_then(|text| text.strip_suffix(']'));
    let mut rest = inside.unwrap_or_else(|| panic!("{}: found scratch `{}`", of.name, of.scratch));
    let found = sum(&mut rest, value);
    assert!(rest.is_empty(), "{}: `{rest}` is left of `{}`", of.name, of.scratch);
    found
}

/// Products joined by `+`.
fn sum(rest: &mut &str, value: &dyn Fn(&str) -> usize) -> usize {
    let mut total = product(rest, value);
    while take(rest, "+") {
        total += product(rest, value);
    }
    total
}

/// Numbers, names, `ceil(sum/number)` and sums in brackets, joined by `*`.
fn product(rest: &mut &str, value: &dyn Fn(&str) -> usize) -> usize {
    let mut total = factor(rest, value);
    while take(rest, "*") {
        total *= factor(rest, value);
    }
    total
}

fn factor(rest: &mut &str, value: &dyn Fn(&str) -> usize) -> usize {
    if take(rest, "ceil(") {
        let above = sum(rest, value);
        assert!(take(rest, "/"), "expected / at `{rest}`");
        let found = above.div_ceil(factor(rest, value));
        assert!(take(rest, ")"), "expected ) at `{rest}`");
        return found;
    }
    if take(rest, "(") {
        let found = sum(rest, value);
        assert!(take(rest, ")"), "expected ) at `{rest}`");
        return found;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word.parse().unwrap_or_else(|_| value(word))
}

fn take(rest: &mut &str, text: &str) -> bool {
    rest.strip_prefix(text).map(|after| *rest = after).is_some()
}
