//! Roads whose paths can be counted by hand, and all pairs by brute force.

use segmeter_core::Error;
use segmeter_core::plane::Bits;
use segmeter_core::view::Shape;

use super::graph::{Paths, RoadGraph};
use super::{Apls, AplsReport};

fn shape(height: u32, width: u32) -> Shape {
    Shape::new(height, width).unwrap()
}

/// Pixels that are not blank.
fn mask(rows: &[&str]) -> (Shape, Vec<bool>) {
    let width = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == width));
    let set = rows.iter().flat_map(|row| row.bytes().map(|byte| byte != b'.')).collect();
    (shape(rows.len() as u32, width as u32), set)
}

fn report(of: &Apls, shape: Shape, prediction: &[bool], label: &[bool]) -> AplsReport {
    let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
    let prediction = Bits::new(shape, &mut a, |pixel| prediction[pixel]).unwrap();
    of.report(&prediction, &Bits::new(shape, &mut b, |pixel| label[pixel]).unwrap()).unwrap()
}

fn graph(shape: Shape, mask: &[bool]) -> RoadGraph {
    let mut words = vec![0; Bits::words(shape)];
    RoadGraph::new(&Bits::new(shape, &mut words, |pixel| mask[pixel]).unwrap()).unwrap()
}

const SHORT: Apls = Apls { control_spacing: 4.0, snap_distance: 1.5, shortest_path: 2.0, ..Apls::PAPER };

#[test]
fn equal_roads_and_no_roads() {
    let (shape, road) = mask(&["..........", ".########.", "....#.....", "....#.....", "....#....."]);
    let none = vec![false; road.len()];
    assert_eq!(report(&SHORT, shape, &road, &road).value, Some(1.0));
    assert_eq!(report(&SHORT, shape, &none, &none).value, None);
    let missed = report(&SHORT, shape, &none, &road);
    assert_eq!((missed.value, missed.label_to_prediction), (Some(0.0), Some(0.0)));
    assert_eq!(missed.prediction_to_label, None);
    assert_eq!(report(&SHORT, shape, &road, &none).value, Some(0.0));
}

/// A gap in a straight road of 13 pixels: control points at 0, 4, 8, 12. The three paths on one side of the gap are
/// as long, the others are missing.
#[test]
fn a_gap_cuts_every_path_across_it() {
    let (shape, label) = mask(&["#############"]);
    let cut: Vec<bool> = (0..13).map(|x| x != 10).collect();
    let found = report(&SHORT, shape, &cut, &label);
    assert_eq!(found.paths[0], 6);
    assert_eq!(found.label_to_prediction, Some(0.5));
    // Of the prediction: 0..9 with points at 0, 3, 6, 9 and 11..12, too short to be a path.
    assert_eq!((found.prediction_to_label, found.paths[1]), (Some(1.0), 6));
    assert_eq!(found.value, Some(2.0 * 0.5 / 1.5));
}

/// A detour of the prediction: the path between the ends is longer by what it goes around.
#[test]
fn a_detour_costs_its_length() {
    let (shape, label) = mask(&["...........", "...........", "###########"]);
    let (_, prediction) = mask(&["...#####...", "...#...#...", "####...####"]);
    let ends = Apls { control_spacing: 100.0, ..SHORT };
    let found = report(&ends, shape, &prediction, &label);
    let graph = graph(shape, &prediction);
    let paths = Paths::new(&graph, std::iter::empty());
    let end = |column: usize| {
        let place = graph.pixels().iter().position(|pixel| *pixel == [2, column]).unwrap();
        paths.node(place).unwrap()
    };
    let length = paths.from(end(0))[end(10)];
    assert!(length > 10.0 && length <= 14.0, "{length}");
    assert_eq!(found.label_to_prediction, Some(1.0 - (length - 10.0) / 10.0));
}

#[test]
fn a_ring_has_control_points() {
    let (shape, ring) = mask(&["..####..", ".#....#.", "#......#", "#......#", ".#....#.", "..####.."]);
    let graph = graph(shape, &ring);
    assert_eq!(graph.nodes().count(), 0);
    let controls = graph.controls(5.0);
    assert!((4..=6).contains(&controls.len()), "{controls:?}");
    assert_eq!(report(&SHORT, shape, &ring, &ring).value, Some(1.0));
}

#[test]
fn a_parameter_that_is_no_length_is_refused() {
    let wrong = Apls { snap_distance: f64::NAN, ..SHORT };
    let mut words = [0; 2];
    let all = Bits::new(shape(2, 2), &mut words, |_| true).unwrap();
    let found = wrong.report(&all, &all);
    assert_eq!(found, Err(Error::Parameter("snap_distance")));
}

/// All pairs by trying every pixel as a stop on the way, on masks at random.
#[test]
fn paths_are_the_shortest() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let mut compared = 0;
    for round in 0..60 {
        let (height, width) = (3 + round % 14, 4 + round * 7 % 15);
        let share = 0.2 + 0.7 * random();
        let set: Vec<bool> = (0..height * width).map(|_| random() < share).collect();
        let graph = graph(shape(height as u32, width as u32), &set);
        let pixels: Vec<usize> = graph.pixels().iter().map(|[y, x]| y * width + x).collect();
        let count = pixels.len();
        let mut all = vec![vec![f64::INFINITY; count]; count];
        for (i, a) in pixels.iter().enumerate() {
            for (j, b) in pixels.iter().enumerate() {
                let (dy, dx) = ((a / width).abs_diff(b / width), (a % width).abs_diff(b % width));
                // A step around a corner is as free as the diagonal is long, or longer.
                let corner = |pixel: usize| pixels.binary_search(&pixel).is_ok();
                let around = corner(a / width * width + b % width) || corner(b / width * width + a % width);
                all[i][j] = match (dy, dx) {
                    (0, 0) => 0.0,
                    (0, 1) | (1, 0) => 1.0,
                    (1, 1) if !around => std::f64::consts::SQRT_2,
                    _ => f64::INFINITY,
                };
            }
        }
        for via in 0..count {
            for i in 0..count {
                for j in 0..count {
                    all[i][j] = all[i][j].min(all[i][via] + all[via][j]);
                }
            }
        }
        let controls = graph.controls(3.0);
        let paths = Paths::new(&graph, controls.iter().copied());
        for start in &controls {
            let lengths = paths.from(paths.node(*start).unwrap());
            for end in &controls {
                let (found, expected) = (lengths[paths.node(*end).unwrap()], all[*start][*end]);
                let is_none = found.is_infinite() && expected.is_infinite();
                assert!(is_none || (found - expected).abs() < 1e-9, "{found} {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}

/// The nearest pixel by trying all of them, from inside and far away.
#[test]
fn the_nearest_pixel_is_found() {
    let set: Vec<bool> = (0..17 * 29).map(|pixel| pixel * pixel % 41 == 5).collect();
    let graph = graph(shape(17, 29), &set);
    let mut found = [0, 0];
    for (y, x) in (0..17_usize).flat_map(|y| (0..29_usize).map(move |x| (y, x))) {
        let squared = |[row, column]: &[usize; 2]| row.abs_diff(y).pow(2) + column.abs_diff(x).pow(2);
        for reach in [0.5, 1.0, 2.0, 2.5, 4.3, 1e300] {
            let nearest = (0..graph.pixels().len()).min_by_key(|place| squared(&graph.pixels()[*place]));
            let nearest = nearest.filter(|place| (squared(&graph.pixels()[*place]) as f64).sqrt() <= reach);
            assert_eq!(graph.nearest([y, x], reach), nearest, "{y} {x} {reach}");
            found[usize::from(nearest.is_some())] += 1;
        }
    }
    assert!(found[0] > 100 && found[1] > 100, "{found:?}");
}

/// Roads that are as far apart as a control point may be, paths as long as the shortest, and control points as far from the
/// next as they may be: equal is within, in pixels and in lengths that are no binary fractions.
#[test]
fn lengths_equal_to_a_bound() {
    let road = |row: usize| -> Vec<bool> { (0..9 * 31).map(|pixel| pixel / 31 == row).collect() };
    for spacing in [1.0, 0.1, 0.7, 1.1, 1e-3] {
        let decimal = |pixels: u32| -> f64 { format!("{:.6}", f64::from(pixels) * spacing).parse().unwrap() };
        let three = Apls {
            spacing,
            control_spacing: decimal(3),
            snap_distance: decimal(3),
            shortest_path: decimal(3),
        };
        // Three pixels apart, with eleven points on either, three pixels from the next.
        let found = report(&three, shape(9, 31), &road(2), &road(5));
        assert_eq!((found.value, found.paths), (Some(1.0), [55, 55]), "{spacing}");
        let less = |length: f64| length * (1.0 - 1e-5);
        let far = Apls { snap_distance: less(decimal(3)), ..three };
        assert_eq!(report(&far, shape(9, 31), &road(2), &road(5)).value, Some(0.0), "{spacing}");
        // Ten parts are too long then; of eleven, at two and three pixels, the shorter ones are no paths.
        let near = Apls { control_spacing: less(decimal(3)), ..three };
        assert_ne!(report(&near, shape(9, 31), &road(4), &road(4)).paths, [55, 55], "{spacing}");
        let longer = Apls { shortest_path: decimal(3) * (1.0 + 1e-5), ..three };
        assert_eq!(report(&longer, shape(9, 31), &road(4), &road(4)).paths, [45, 45], "{spacing}");
    }
}
