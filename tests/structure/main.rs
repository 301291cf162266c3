//! Components, holes, centre lines and corridors against brute force.

mod masks;
mod segments;

use segmeter_core::Error;
use segmeter_core::metric::road::{Corridor, Deviation, NONE, RoadProfile};
use segmeter_core::metric::topology::{
    CentrelineDice, Components, Connectivity, Topology, centreline_dice, centreline_scratch_len,
};
use segmeter_core::metric::{Empties, Empty, Score};
use segmeter_core::plane::{Bits, skeleton};
use segmeter_core::view::Shape;
use segmeter_tests::{Demo, Random};

/// The areas of the regions of equal pixels by flood fill, and whether each touches the frame.
fn regions(mask: &[bool], width: usize, of: bool, corners: bool) -> Vec<(usize, bool, Vec<usize>)> {
    let height = mask.len() / width;
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if seen[start] || mask[start] != of {
            continue;
        }
        let (mut stack, mut pixels, mut outer) = (vec![start], Vec::new(), false);
        seen[start] = true;
        while let Some(pixel) = stack.pop() {
            let (y, x) = (pixel / width, pixel % width);
            outer |= y == 0 || x == 0 || y + 1 == height || x + 1 == width;
            pixels.push(pixel);
            for (dy, dx) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)] {
                if dy != 0 && dx != 0 && !corners {
                    continue;
                }
                let (y, x) = (y.wrapping_add_signed(dy), x.wrapping_add_signed(dx));
                if y < height && x < width && mask[y * width + x] == of && !seen[y * width + x] {
                    seen[y * width + x] = true;
                    stack.push(y * width + x);
                }
            }
        }
        found.push((pixels.len(), outer, pixels));
    }
    found
}

/// By flood fill: small components are taken out of the mask, then holes are background that the frame does not touch.
fn flooded(mask: &[bool], width: usize, connectivity: Connectivity, least: usize) -> Topology {
    let corners = connectivity == Connectivity::Eight;
    let (mut kept, mut found) = (mask.to_vec(), Topology::default());
    for (area, _, pixels) in regions(mask, width, true, corners) {
        if area < least {
            found.removed += 1;
            pixels.into_iter().for_each(|pixel| kept[pixel] = false);
        } else {
            found.components += 1;
            found.largest = found.largest.max(area as u32);
        }
    }
    let holes = regions(&kept, width, false, !corners);
    found.holes = holes.iter().filter(|(_, outer, _)| !outer).count() as u32;
    found
}

fn streamed(mask: &[bool], width: usize, connectivity: Connectivity, least: u16) -> Topology {
    let mut scratch = vec![0xaaaa; Components::scratch_len(width)];
    let mut components = Components::new(width, connectivity, least, &mut scratch).unwrap();
    mask.chunks(width).for_each(|row| components.push_row(|column| row[column]));
    components.finish()
}

fn check(mask: &[bool], width: usize, least: u16) {
    for connectivity in [Connectivity::Four, Connectivity::Eight] {
        let (found, expected) =
            (streamed(mask, width, connectivity, least), flooded(mask, width, connectivity, least.into()));
        assert_eq!(found, expected, "{connectivity:?}, width {width}, {mask:?}");
        assert_eq!(found.euler(), i64::from(found.components) - i64::from(found.holes));
    }
}

#[test]
fn every_mask_of_4_by_4() {
    for code in 0..1_u32 << 16 {
        let mask: Vec<bool> = (0..16).map(|bit| code >> bit & 1 == 1).collect();
        check(&mask, 4, 0);
        if code % 7 == 0 {
            check(&mask, 4, 3);
            check(&mask, 2, 2);
            check(&mask, 16, 1);
            check(&mask, 1, 2);
        }
    }
}

/// Noise of any density, and areas with noise in them.
#[test]
fn random_masks() {
    let mut random = Random(3);
    for round in 0..600_usize {
        let (width, height) =
            (1 + (random.uniform() * 64.0) as usize, 1 + (random.uniform() * 64.0) as usize);
        let density = [0.3, 0.45, 0.55, 0.7, 0.9][round % 5];
        let mask: Vec<bool> = (0..width * height)
            .map(|pixel| (round % 2 == 0 && pixel % width > width / 3) != (random.uniform() < density))
            .collect();
        check(&mask, width, [0, 1, 2, 9, 100, 8191][round % 6]);
    }
}

#[test]
fn spirals_and_combs_join_late() {
    let rows = [
        b"#########",
        b"........#",
        b"#######.#",
        b"#.....#.#",
        b"#.###.#.#",
        b"#.#...#.#",
        b"#.#####.#",
        b"#.......#",
        b"#########",
    ];
    let mask: Vec<bool> = rows.iter().flat_map(|row| row.iter().map(|c| *c == b'#')).collect();
    check(&mask, 9, 0);
    let comb: Vec<bool> = (0..63 * 9).map(|pixel| pixel / 63 == 8 || pixel % 63 % 2 == 0).collect();
    check(&comb, 63, 9);
    // Areas above what 16 bits hold.
    let large = vec![true; 300 * 300];
    let expected = Topology { components: 1, holes: 0, removed: 0, largest: 90_000 };
    assert_eq!(streamed(&large, 300, Connectivity::Four, 8191), expected);
}

#[test]
fn topology_of_road_masks_and_refusals() {
    let (demo, width) = (Demo::load(), Demo::shape().width());
    let mut error = 0;
    for frame in (0..221).step_by(20) {
        let mask: Vec<bool> = demo.reference(frame).iter().map(|id| *id == 1).collect();
        let predicted: Vec<bool> =
            demo.codes(frame).iter().map(|code| code ^ 0x80 > Demo::quantiser().threshold()).collect();
        check(&mask, width, 0);
        check(&predicted, width, 20);
        let of = |mask| streamed(mask, width, Connectivity::Four, 0);
        error += of(&mask).betti_error(of(&predicted));
    }
    assert!(error > 0, "some prediction differs in shape");
    let a = Topology { components: 3, holes: 1, removed: 0, largest: 0 };
    let b = Topology { components: 1, holes: 4, removed: 9, largest: 0 };
    assert_eq!((a.betti_error(b), b.betti_error(a), a.betti_error(a)), (5, 5, 0));
    let mut scratch = [0; 100];
    let refused = |width, least, scratch: &mut [u32]| {
        Components::new(width, Connectivity::Four, least, scratch).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(0, 0, &mut scratch), Error::Parameter("width"));
    assert_eq!(refused(65_535, 0, &mut scratch), Error::Parameter("width"));
    assert_eq!(refused(9, 8192, &mut scratch), Error::Parameter("least"));
    let need = Components::scratch_len(9);
    assert_eq!(refused(9, 0, &mut scratch[..need - 1]), Error::Scratch { need });
    for width in [8, 160, 512, 1024, 2048] {
        assert!(4 * Components::scratch_len(width) <= 9 * width, "more than 9 bytes a column");
    }
}

#[test]
fn centre_lines() {
    let mut random = Random(9);
    for round in 0..60_u32 {
        let shape = Shape::new(1 + round % 23, 1 + round * 7 % 41).unwrap();
        let pixels = shape.pixels();
        let [label, prediction] = [(); 2].map(|()| {
            let (bar, density) = ((random.uniform() * 9.0) as usize, random.uniform());
            (0..pixels)
                .map(|pixel| pixel / 3 % 9 < bar || random.uniform() < density * 0.2)
                .collect::<Vec<_>>()
        });
        let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| vec![0; Bits::words(shape)]);
        let label_bits = Bits::new(shape, &mut a, |pixel| label[pixel]).unwrap();
        let prediction_bits = Bits::new(shape, &mut b, |pixel| prediction[pixel]).unwrap();
        let mut scratch = vec![7; centreline_scratch_len(shape)];
        let found = centreline_dice(&prediction_bits, &label_bits, &mut scratch).unwrap();
        let part = |words, of: &[bool], other: &[bool]| {
            let mut line = Bits::new(shape, words, |pixel| of[pixel]).unwrap();
            skeleton::thin(&mut line, &mut vec![0; skeleton::scratch_len(shape)]).unwrap();
            let on = (0..pixels).filter(|p| line.get(p / shape.width(), p % shape.width()));
            let on: Vec<_> = on.collect();
            (on.iter().filter(|pixel| other[**pixel]).count() as u64, on.len() as u64)
        };
        let expected = [part(&mut c, &prediction, &label), part(&mut d, &label, &prediction)];
        let ratios = [found.precision, found.sensitivity].map(|r| (r.numerator, r.denominator));
        assert_eq!(ratios, expected);
        // The same of lines that were thinned before.
        let [line, other] = [(&mut c, &prediction), (&mut d, &label)].map(|(words, of)| {
            let mut line = Bits::new(shape, words, |pixel| of[pixel]).unwrap();
            skeleton::thin(&mut line, &mut vec![0; skeleton::scratch_len(shape)]).unwrap();
            line
        });
        let again = CentrelineDice::of_skeletons([&prediction_bits, &label_bits], [&line, &other]).unwrap();
        assert_eq!([again.precision, again.sensitivity], [found.precision, found.sensitivity]);
        let harmonic = found
            .precision
            .value()
            .zip(found.sensitivity.value())
            .map(|(p, s)| if p + s == 0.0 { 0.0 } else { 2.0 / (1.0 / p + 1.0 / s) });
        assert!(match (found.value(), harmonic) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-15,
            (a, b) => a.is_none() && b.is_none(),
        });
        let need = scratch.len();
        let refused = centreline_dice(&prediction_bits, &label_bits, &mut scratch[..need - 1]);
        assert_eq!(refused, Err(Error::Scratch { need }));
    }
}

#[test]
fn centre_lines_of_empty_masks() {
    let shape = Shape::new(3, 5).unwrap();
    let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
    let nothing = Bits::new(shape, &mut a, |_| false).unwrap();
    let something = Bits::new(shape, &mut b, |pixel| pixel / 5 == 1).unwrap();
    let mut scratch = vec![0; centreline_scratch_len(shape)];
    let empties =
        Empties { both: Empty::One, labels: Empty::Zero, predictions: Empty::Worst, ..Empties::FORMULA };
    for (prediction, label, expected) in [
        (&nothing, &nothing, Score::Value(1.0)),
        (&something, &nothing, Score::Value(0.0)),
        (&nothing, &something, Score::Value(0.0)),
        (&something, &something, Score::Value(1.0)),
    ] {
        let found = centreline_dice(prediction, label, &mut scratch).unwrap();
        assert_eq!(found.score(empties), expected);
        let defined = prediction.count() != 0 && label.count() != 0;
        assert_eq!(found.score(Empties::FORMULA), if defined { expected } else { Score::Undefined });
    }
    let mut words = vec![0; 99];
    let other = Bits::new(Shape::new(5, 3).unwrap(), &mut words, |_| true).unwrap();
    let length = centreline_dice(&something, &other, &mut scratch).map(|_| ());
    assert_eq!(length, Err(Error::Unsupported("masks of two shapes")), "as many pixels, but another frame");
}

#[test]
fn corridors() {
    let mut random = Random(21);
    for round in 0..200_usize {
        let (width, height) = (1 + round % 17, 1 + round % 11);
        let ego = round % width;
        let mask: Vec<bool> = (0..width * height).map(|_| random.uniform() < 0.7).collect();
        let [mut left, mut right] = [(); 2].map(|()| vec![1; height]);
        let mut lowest = vec![1; width];
        let mut profile = RoadProfile::new(ego, [&mut left, &mut right], &mut lowest).unwrap();
        let rows = mask.chunks(width).map(|row| profile.push_row(|column| row[column]).unwrap());
        let corridors: Vec<Corridor> = rows.collect();
        assert!(matches!(profile.push_row(|_| true), Err(Error::Length { .. })));
        for (y, (row, corridor)) in mask.chunks(width).zip(corridors).enumerate() {
            // The run that holds the ego column, of all runs.
            let start = row[..ego].iter().rposition(|road| !road).map_or(0, |x| x + 1);
            let end = row[ego..].iter().position(|road| !road).map_or(width, |x| ego + x);
            let expected = if row[ego] { [ego - start, end - 1 - ego] } else { [usize::from(NONE); 2] };
            assert_eq!([left[y], right[y]].map(usize::from), expected);
            assert_eq!(usize::from(corridor.width()), if row[ego] { end - start } else { 0 });
        }
        for (x, lowest) in lowest.iter().enumerate() {
            let expected = (0..height).rev().find(|y| mask[y * width + x]);
            // The row too many has been refused, and changed nothing.
            assert_eq!(usize::from(*lowest), expected.unwrap_or(usize::from(NONE)));
        }
    }
    let (mut a, mut b, mut c) = ([0; 2], [0; 2], [0; 2]);
    assert_eq!(RoadProfile::new(2, [&mut a, &mut b], &mut c).unwrap_err(), Error::Parameter("ego"));
}

#[test]
fn deviations_add_up() {
    let (a, b) = ([1, 9, NONE, 4, 0], [4, 2, 3, NONE, 0]);
    let whole = Deviation::of(&a, &b);
    let mut parts = Deviation::of(&a[..2], &b[..2]);
    parts.merge(&Deviation::of(&a[2..], &b[2..]));
    assert_eq!(parts, whole);
    assert_eq!((whole.both, whole.one, whole.sum, whole.signed, whole.largest), (3, 2, 10, 4, 7));
    assert_eq!((Deviation::default().mean(), Deviation::default().mean_absolute()), (None, None));
}
