//! Statistics of random masks, by flooding and counting.

use segmeter_core::drift::statistic::{BANDS, NO_ROW};
use segmeter_core::drift::{Blocks, BoundaryBand, Statistic};
use segmeter_core::sketch::Sketch;
use segmeter_core::view::{Encoding, Quantiser, Shape};
use segmeter_tests::Random;

use super::{assert_near, compared, geometry};

/// Pixels of 4-connected components, by flood fill.
fn flood(mask: &[bool], width: usize) -> Vec<u32> {
    let (mut left, mut sizes) = (mask.to_vec(), Vec::new());
    for start in 0..mask.len() {
        let (mut stack, mut size) = (vec![start], 0);
        while let Some(pixel) = stack.pop() {
            if !std::mem::take(&mut left[pixel]) {
                continue;
            }
            size += 1;
            let (y, x, height) = (pixel / width, pixel % width, mask.len() / width);
            stack.extend((x > 0).then(|| pixel - 1));
            stack.extend((x + 1 < width).then_some(pixel + 1));
            stack.extend((y > 0).then(|| pixel - width));
            stack.extend((y + 1 < height).then_some(pixel + width));
        }
        if size > 0 {
            sizes.push(size);
        }
    }
    sizes
}

/// Masks of any shape, pixel by pixel.
#[test]
fn geometry_by_brute_force() {
    let mut random = Random(17);
    for round in 0..400 {
        let (height, width) = (1 + (random.uniform() * 40.0) as u32, 1 + (random.uniform() * 100.0) as u32);
        let shape = Shape::new(height, width).unwrap();
        let (height, width) = (shape.height(), shape.width());
        let density = [0.0, 0.02, 0.3, 0.5, 0.8, 1.0][round % 6];
        let mask: Vec<bool> = (0..shape.pixels()).map(|_| random.uniform() < density).collect();
        let found = geometry(&mask, shape);
        let at = |y: isize, x: isize| {
            let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
            inside.then(|| mask[y as usize * width + x as usize])
        };
        let (mut inner, mut frame, mut sums) = (0, 0, (0_u64, 0_u64, 0_u32));
        let mut first = [NO_ROW; BANDS];
        let mut bands = [(0_u32, 0_u32, 0_u64); BANDS];
        for y in 0..height {
            bands[y * BANDS / height].0 += 1;
            for x in 0..width {
                if !mask[y * width + x] {
                    continue;
                }
                let (row, column) = (y as isize, x as isize);
                for (dy, dx) in [(0, 1), (0, -1), (1, 0), (-1, 0)] {
                    match at(row + dy, column + dx) {
                        Some(false) => inner += 1,
                        None => frame += 1,
                        Some(true) => {}
                    }
                }
                sums = (sums.0 + y as u64, sums.1 + x as u64, sums.2 + 1);
                let band = &mut bands[y * BANDS / height];
                (band.1, band.2) = (band.1 + 1, band.2 + x as u64);
                let bin = &mut first[x * BANDS / width];
                *bin = (*bin).min(y as u16);
            }
        }
        assert_eq!((found.boundary, found.frame_boundary), (inner, frame), "{shape:?}");
        assert_eq!((found.rows, found.road, found.first_rows), (sums.0, sums.2, first), "{shape:?}");
        assert_eq!(found.bands.map(|band| (band.rows, band.road, band.columns)), bands, "{shape:?}");
        let sizes = flood(&mask, width);
        let (count, largest) = (sizes.len() as u32, sizes.iter().max().copied().unwrap_or(0));
        assert_eq!((found.topology.components, found.topology.largest), (count, largest));
        let mean = |sum: u64| (sums.2 != 0).then(|| sum as f64 / f64::from(sums.2));
        assert_near(found.value(Statistic::CentroidRow), mean(sums.0), 1.0, "row");
        assert_near(found.value(Statistic::CentroidColumn), mean(sums.1), 1.0, "column");
        let square = f64::from(inner + frame).powi(2);
        let compactness = mean(1).map(|_| (square / f64::from(sums.2)).min(32_768.0));
        assert_near(found.compactness(), compactness, 2.0, "compactness");
        assert_eq!(found.horizon_row(), first.into_iter().min().filter(|row| *row != NO_ROW));
        assert_eq!(found.largest_share().is_none(), sums.2 == 0);
    }
}

#[test]
fn time_by_brute_force() {
    let mut random = Random(23);
    for round in 0..60 {
        let (height, width) = (30 + (random.uniform() * 90.0) as u32, 40 + (random.uniform() * 300.0) as u32);
        let shape = Shape::new(height * [1, 4][round % 2], width * [1, 3][round % 2]).unwrap();
        let (height, width) = (shape.height(), shape.width());
        let density = [0.1, 0.6, 1.0][round % 3];
        let frames: Vec<Vec<bool>> =
            (0..4).map(|_| (0..shape.pixels()).map(|_| random.uniform() < density).collect()).collect();
        let (found, blocks) = compared(&frames, shape);
        let [earlier, before, own] = &frames[1..] else { panic!() };
        let count = |holds: &dyn Fn(usize) -> bool| (0..shape.pixels()).filter(|p| holds(*p)).count() as u32;
        assert_eq!(found.both, count(&|p| own[p] && before[p]));
        assert_eq!(found.either, count(&|p| own[p] || before[p]));
        assert_eq!(found.flickering, count(&|p| own[p] != before[p] && own[p] == earlier[p]));
        let mut grids = [[0_u32; Blocks::BYTES]; 2];
        for (grid, mask) in grids.iter_mut().zip([own, before]) {
            for pixel in (0..shape.pixels()).filter(|p| mask[*p]) {
                grid[pixel / width * 30 / height * 40 + pixel % width * 40 / width] += 1;
            }
        }
        // The largest block decides of how many pixels a step is.
        let mut step = 1;
        while (width.div_ceil(40) * height.div_ceil(30)) / step > 255 {
            step *= 2;
        }
        let both: u32 = (0..1200).map(|b| (grids[0][b] / step as u32).min(grids[1][b] / step as u32)).sum();
        let either: u32 = (0..1200).map(|b| (grids[0][b] / step as u32).max(grids[1][b] / step as u32)).sum();
        assert_eq!((blocks.both, blocks.either), (both, either), "{shape:?}, steps of {step}");
    }
}

#[test]
fn bands_by_brute_force() {
    let mut random = Random(31);
    for round in 0..120 {
        let (height, width) =
            (1 + (random.uniform() * 20.0) as usize, 1 + (random.uniform() * 80.0) as usize);
        let zero = [-128, -3, 0, 99, 127][round % 5];
        let quantiser = Quantiser::logits(Encoding::Signed, 0.05, zero).unwrap();
        let reach = [0, 1, 3, 31][round % 4];
        let smooth = random.uniform() < 0.5;
        let codes: Vec<i8> = (0..height * width)
            .map(|pixel| {
                let noise = random.uniform() * 255.0 - 128.0;
                if smooth { (pixel % width) as i8 } else { noise as i8 }
            })
            .collect();
        let mut scratch = vec![0xaaaa_aaaa; BoundaryBand::scratch_len(width, reach)];
        let mut band = BoundaryBand::new(width, reach, &quantiser, &mut scratch).unwrap();
        codes.chunks(width).for_each(|row| band.push_row(row).unwrap());
        let found = band.finish();
        let set = |pixel: usize| i32::from(codes[pixel]) > zero;
        let places = || (0..height * width).map(|pixel| (pixel / width, pixel % width));
        let edges: Vec<_> = places()
            .filter(|(y, x)| {
                places().any(|(v, u)| {
                    y.abs_diff(v) + x.abs_diff(u) == 1 && set(y * width + x) != set(v * width + u)
                })
            })
            .collect();
        let mut expected = Sketch::<u32>::new(&quantiser);
        for (y, x) in places() {
            let beside = edges.iter().any(|(v, u)| y.abs_diff(*v).max(x.abs_diff(*u)) <= reach);
            expected.push_row(&codes[y * width + x..][..1], &[u8::from(beside)]);
        }
        assert!(found == expected, "{height}x{width}, reach {reach}, zero {zero}");
    }
}
