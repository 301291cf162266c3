//! What `board/classes.c` and `tflite_classes.cpp` print, by core alone.
//!
//! `cargo run --release -p segmeter-c --example expected_classes FOLDER` writes `classes.expected` and
//! `tflite_classes.expected` there.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use segmeter_core::drift::{ClassStatistics, EnergyTable, against_rest};
use segmeter_core::metric::surface::BoundaryIou;
use segmeter_core::metric::{Confusion, Ratio, threshold};
use segmeter_core::plane::Row;
use segmeter_core::sketch::Sketch;
use segmeter_core::upsample::{Interpolation, Upsampling};
use segmeter_core::view::{Encoding, Quantiser, Shape};

/// The frame of `board/made.h`.
#[derive(Clone, Copy)]
struct Made {
    height: u32,
    width: u32,
    classes: u32,
    factor: u32,
}

impl Made {
    const fn y(self, class: u32) -> u32 {
        (class * 7 + 3) % self.height
    }
    const fn x(self, class: u32) -> u32 {
        (class * 11 + 5) % self.width
    }

    fn score(self, y: u32, x: u32, class: u32) -> i8 {
        let noise = (y << 16) + (x << 6) + class;
        let noise = (noise ^ noise >> 16).wrapping_mul(0x7feb_352d);
        let noise = (noise ^ noise >> 15).wrapping_mul(0x846c_a68b);
        let away = y.abs_diff(self.y(class)) + x.abs_diff(self.x(class));
        (100 - 5 * away as i32 + (noise >> 27) as i32).clamp(-128, 127) as i8
    }

    fn label(self, y: u32, x: u32) -> u8 {
        let apart = |class: &u32| {
            (2 * y + 1).abs_diff(self.factor * (2 * self.y(*class) + 1))
                + (2 * x + 1).abs_diff(self.factor * (2 * self.x(*class) + 1))
        };
        let nearest = (0..self.classes).min_by_key(apart).unwrap_or(0);
        if (y * 13 + x * 7).is_multiple_of(97) { 255 } else { nearest as u8 }
    }

    /// The scores, classes of a pixel side by side.
    fn scores(self) -> Vec<i8> {
        let pixels = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (y, x)));
        pixels.flat_map(|(y, x)| (0..self.classes).map(move |class| self.score(y, x, class))).collect()
    }

    /// The image's ids summed up, their confusion, and the boundary of the class that is watched.
    fn mask<const C: usize>(self, interpolation: Interpolation) -> Result<Found<C>, Box<dyn Error>> {
        let shape = Shape::new(self.height, self.width)?;
        let upsampling = Upsampling::new(shape, C, self.factor as usize, interpolation)?;
        let mut scratch = vec![0; upsampling.scratch_len()];
        let mut rows = upsampling.rows(Encoding::Signed, &mut scratch)?;
        let (mut sum, mut given, mut confusion) = (0x811c_9dc5_u32, 0, Confusion::new(255));
        let boundary = BoundaryIou { distance: 3, frame_counts: true };
        let mut edges = vec![0; boundary.scratch_len(upsampling.width())];
        let mut edges = boundary.rows(upsampling.width(), &mut edges)?;
        for scores in self.scores().chunks(self.width as usize * C) {
            rows.push_interleaved(scores)?;
            while let Some(ids) = rows.next_row() {
                let labels: Vec<u8> = (0..ids.len()).map(|x| self.label(given, x as u32)).collect();
                confusion.push_row(ids, &labels)?;
                edges.push_row(&Row::Ids {
                    prediction: ids,
                    label: &labels,
                    class: WATCHED as u8,
                    ignore: 255,
                })?;
                sum = ids.iter().fold(sum, |sum, id| (sum ^ u32::from(*id)).wrapping_mul(0x0100_0193));
                given += 1;
            }
        }
        assert_eq!(given as usize, upsampling.height());
        Ok((sum, given as usize, confusion, edges.finish().iou()))
    }
}

type Found<const C: usize> = (u32, usize, Confusion<C>, Ratio);

/// The class against the rest.
const WATCHED: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("which folder?")?;
    let made = Made { height: 24, width: 32, classes: 9, factor: 8 };
    let mut text = String::new();
    for (place, interpolation) in Interpolation::ALL.into_iter().enumerate() {
        let (sum, given, confusion, edges) = made.mask::<9>(interpolation)?;
        let mut line = format!(" {given:04x} {sum:08x}");
        let values = (0..9).flat_map(|class| {
            let class = confusion.class(class);
            [class.iou().value(), class.dice().value()]
        });
        for value in values.chain([confusion.mean_iou(), confusion.pixel_accuracy().value()]) {
            write!(line, " {:016x}", value.ok_or("a class that is not there")?.to_bits())?;
        }
        let iou = edges.value().ok_or("no boundary")?.to_bits();
        write!(line, " {:08x} {:08x} {iou:016x}", edges.numerator, edges.denominator)?;
        statistics(&mut line, made)?;
        // Neither the encoding nor the layout changes a bit.
        (0..4).try_for_each(|kind| writeln!(text, "classes {:02x}{line}", 4 * place + kind))?;
    }
    fs::write(Path::new(&folder).join("classes.expected"), text)?;
    let large = Made { height: 80, width: 80, classes: 19, factor: 8 };
    let (sum, _, confusion, _) = large.mask::<19>(Interpolation::HalfPixel)?;
    let iou = confusion.mean_iou().ok_or("no pixel")?;
    // What is all right, or all wrong, would prove little.
    assert!((0.3..0.95).contains(&iou), "{iou}");
    let text = format!("tflite_classes {sum:08x} {:016x}\n", iou.to_bits());
    Ok(fs::write(Path::new(&folder).join("tflite_classes.expected"), text)?)
}

fn statistics(line: &mut String, made: Made) -> Result<(), Box<dyn Error>> {
    let table = EnergyTable::new(0.125, 3, 1.0)?;
    let mut sums = ClassStatistics::<9>::default();
    let scores = made.scores();
    sums.push_codes(&table, &scores, 9)?;
    let means =
        [sums.mean_margin(), sums.mean_energy(&table), sums.mean_confidence(), sums.mean_entropy(&table)];
    for mean in means {
        write!(line, " {:08x}", mean.ok_or("no pixel")?.raw())?;
    }
    write!(line, " {:08x}", sums.pixels())?;
    sums.classes().iter().try_for_each(|count| write!(line, " {count:04x}"))?;
    let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.125, 0)?);
    let (width, mut codes) = (made.width as usize, vec![0; made.width as usize * 9]);
    for (y, row) in (0..).zip(scores.chunks(width * 9)) {
        against_rest(row, 9, &mut codes)?;
        let label = |x| Made { factor: 1, ..made }.label(y, x);
        let one = |label| if label == 255 { 255 } else { u8::from(usize::from(label) == WATCHED) };
        let labels: Vec<u8> = (0..made.width).map(|x| one(label(x))).collect();
        sketch.push_row(&codes[WATCHED * width..][..width], &labels);
    }
    let area = threshold::auroc(&sketch).ok_or("one class alone")?;
    Ok(write!(line, " {:016x}", area.to_bits())?)
}
