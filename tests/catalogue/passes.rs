//! Passes: walks over the rows, counted by an executor, against what the entries say.

use segmeter::catalogue::{Entry, LOSSES};
use segmeter_tests::{Kind, Scene, Walks, accumulate_by, named, scratch_len, takes};

/// Walks of the value alone, and what the gradient adds.
fn walks(entry: &Entry, kind: Kind) -> [u32; 2] {
    // A boundary in every frame.
    let settings = if entry.name == "active_boundary" { r#"{"share":0.5}"# } else { "{}" };
    let loss = named(entry.name, &serde_json::from_str(settings).unwrap());
    let scene = Scene::random(kind, 3, (9, 21), 4.0);
    let frame = scene.frame();
    let count = |gradient: Option<&mut [f32]>| {
        let (executor, mut scratch) = (Walks::default(), vec![0; scratch_len(&loss, &frame)]);
        accumulate_by(&executor, &loss, &frame, 1.0, &mut scratch, gradient).unwrap();
        executor.count()
    };
    let value = count(None);
    [value, count(Some(&mut vec![0.0; scene.scores.len()])) - value]
}

/// `2 + 1`: passes of the value, and what the gradient adds; nothing if it adds none.
fn sum(text: &str) -> [u32; 2] {
    let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("`{text}`"));
    let (value, gradient) = text.split_once('+').unwrap_or((text, "0"));
    [number(value), number(gradient)]
}

#[test]
fn entries_say_how_often_pixels_are_walked() {
    let (mut exact, mut parts) = (0, 0);
    for (entry, channels) in LOSSES.iter().flat_map(|entry| [(entry, 1), (entry, 3)]) {
        if !takes(entry.name, if channels == 1 { "binary" } else { "multiclass" }) {
            continue;
        }
        let found = walks(entry, Kind::plain(channels));
        let what = format!("{} of {channels} channels: {found:?}, said `{}`", entry.name, entry.passes);
        let first = match entry.passes.split_once("; binary ") {
            Some((_, binary)) if channels == 1 => binary,
            _ => entry.passes.split(',').next().unwrap(),
        };
        let inside = ["per class", "transform", "thinning", "those of", "sort"];
        if !inside.iter().any(|word| entry.passes.contains(word)) && entry.name != "boundary_dou" {
            // All that it does to pixels is done by walks.
            assert_eq!(found, sum(first), "{what}");
            exact += 1;
            continue;
        }
        parts += 1;
        if let Some(other) = entry.passes.split_once("those of ").map(|(_, other)| other) {
            let other = walks(segmeter::catalogue::loss(other).unwrap(), Kind::plain(channels));
            let own = sum(first);
            assert_eq!(found, [own[0] + other[0], own[1] + other[1]], "{what}");
        } else if entry.name == "lovasz_softmax" {
            assert_eq!((entry.passes.matches("1 + 1").count(), found), (2, [1 + 3, 1 + 3]), "{what}");
        } else if !entry.passes.contains("iterations") {
            // Some of what is said is done inside, to the plane of a class, which no executor sees.
            let classes = if entry.passes.starts_with("per class") { channels.max(2) as u32 - 1 } else { 1 };
            let twice = if channels > 1 && entry.passes.contains("of several classes") { 2 } else { 1 };
            let [value, gradient] = sum(first.trim_start_matches("per class: "));
            assert!(found[0] <= classes * twice * value, "{what}");
            assert!(found[1] <= classes * gradient && (found[1] == 0) == (gradient == 0), "{what}");
        }
    }
    assert!(exact >= 70 && parts > 25, "{exact} {parts}");
}

/// Pixel weights take one pass more, to add them up, for every part of a sum.
#[test]
fn weights_take_one_pass_more() {
    for entry in LOSSES.iter().filter(|entry| ["distribution", "region"].contains(&entry.family)) {
        if !takes(entry.name, "binary") {
            continue;
        }
        let ([value, gradient], [weighted, more]) =
            (walks(entry, Kind::plain(1)), walks(entry, Kind { weighted: true, ..Kind::plain(1) }));
        assert_eq!((weighted, more), (value + 1, gradient), "{}", entry.name);
    }
}
