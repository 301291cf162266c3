//! Scores of 19 classes at an eighth of an image's size, as networks for microcontrollers give them: a made street, since no
//! real one may be given away.

use segmeter_core::Result;
use segmeter_core::metric::Confusion;
use segmeter_core::metric::surface::{BoundaryIou, Matching};
use segmeter_core::plane::Row;
use segmeter_core::upsample::{Interpolation, UpsampledRows, Upsampling};
use segmeter_core::view::{Encoding, IGNORE, Shape};

use super::metrics::Visit;

pub(crate) const CLASSES: usize = 19;
pub(crate) const SIDE: usize = 80;
pub(crate) const FACTOR: usize = 8;
pub(crate) const IMAGE_SIDE: usize = SIDE * FACTOR;
/// What [`Upsampling::scratch_len`] says.
const SCRATCH: usize = (2 * CLASSES.next_multiple_of(4) + 14 + FACTOR) * SIDE;
const ROAD: u8 = 0;
/// Words for the metrics of the road's contour.
const WORDS: usize = 2048;

/// The scores, all classes of a pixel side by side; the labels of the image; and what the making of ids needs.
pub(crate) struct Street {
    pub(crate) scores: [u8; SIDE * SIDE * CLASSES],
    pub(crate) labels: [u8; IMAGE_SIDE * IMAGE_SIDE],
    pub(crate) scratch: [u8; SCRATCH],
}

impl Street {
    pub(crate) const EMPTY: Self = Self {
        scores: [0; SIDE * SIDE * CLASSES],
        labels: [0; IMAGE_SIDE * IMAGE_SIDE],
        scratch: [0; SCRATCH],
    };

    /// A network that is sure where its neighbours agree, and unsure by a little noise elsewhere.
    pub(crate) fn draw(&mut self) {
        let mut noise = 1_u32;
        for (place, pixel) in self.scores.chunks_mut(CLASSES).enumerate() {
            let (row, column) = (place / SIDE, place % SIDE);
            for (class, score) in (0..).zip(pixel) {
                let votes = (0..9).filter(|vote| {
                    let (row, column) =
                        ((row + vote / 3).saturating_sub(1), (column + vote % 3).saturating_sub(1));
                    thing(row * FACTOR, column * FACTOR) == class
                });
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *score = ((12 * votes.count() as i32 - 60) + (noise >> 28) as i32) as i8 as u8;
            }
        }
        for (place, label) in self.labels.iter_mut().enumerate() {
            let (row, column) = (place / IMAGE_SIDE, place % IMAGE_SIDE);
            *label = if row > IMAGE_SIDE - 24 { IGNORE } else { thing(row.saturating_sub(3), column + 2) };
        }
    }

    /// Calls `visit` with every row of ids beside its labels.
    pub(crate) fn rows(
        &mut self,
        interpolation: Interpolation,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        let shape = Shape::new(SIDE as u32, SIDE as u32)?;
        let upsampling = Upsampling::new(shape, CLASSES, FACTOR, interpolation)?;
        let mut rows: UpsampledRows<'_> = upsampling.rows(Encoding::Signed, &mut self.scratch)?;
        let mut labels = self.labels.chunks(IMAGE_SIDE);
        for scores in self.scores.chunks(SIDE * CLASSES) {
            rows.push_interleaved(scores)?;
            while let Some(ids) = rows.next_row() {
                visit(ids, labels.next().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// The confusion of the image.
    #[inline(never)]
    pub(crate) fn confusion(&mut self, interpolation: Interpolation) -> Result<Confusion<CLASSES>> {
        let mut confusion = Confusion::new(IGNORE);
        self.rows(interpolation, |ids, labels| confusion.push_row(ids, labels))?;
        Ok(confusion)
    }

    /// Calls `visit` with metrics of the image.
    pub(crate) fn every(&mut self, visit: &mut impl Visit) -> Result<()> {
        for interpolation in Interpolation::ALL {
            let by = interpolation.name();
            let confusion = self.confusion(interpolation)?;
            visit("upsampled_mean_iou", by, confusion.mean_iou());
            visit("upsampled_iou_of_road", by, confusion.class(ROAD.into()).iou().value());
            visit("upsampled_dice_of_road", by, confusion.class(ROAD.into()).dice().value());
        }
        let matching = Matching::new(4.0);
        let mut words = [0; WORDS];
        let mut contours = matching.rows(IMAGE_SIDE, &mut words)?;
        self.rows(Interpolation::HalfPixel, |ids, labels| contours.push_row(&road(ids, labels)))?;
        visit("upsampled_nsd_of_road", "rows", contours.finish().nsd().value());
        let boundary = BoundaryIou { distance: 4, frame_counts: true };
        let mut contours = boundary.rows(IMAGE_SIDE, &mut words)?;
        self.rows(Interpolation::HalfPixel, |ids, labels| contours.push_row(&road(ids, labels)))?;
        visit("upsampled_boundary_iou_of_road", "rows", contours.finish().iou().value());
        Ok(())
    }
}

const fn road<'a>(prediction: &'a [u8], label: &'a [u8]) -> Row<'a> {
    Row::Ids { prediction, label, class: ROAD, ignore: IGNORE }
}

/// What stands at a pixel of the image: sky, houses and trees of different height, a road with pavements and a verge, poles,
/// signs, cars and people.
fn thing(row: usize, column: usize) -> u8 {
    let (row, column) = (row / 4, column / 4);
    let block = column / 11;
    let roof = 18 + 5 * (block * 7 % 10) + column % 11 / 4;
    let near = row.saturating_sub(72);
    let from_middle = column.abs_diff(84 + row / 8);
    let inside = |left: usize, top: usize, size: usize| {
        (left..left + size).contains(&column) && (top..top + size).contains(&row)
    };
    match row {
        _ if inside(60, 84, 18) || inside(106, 78, 12) || inside(88, 74, 8) => 13,
        _ if inside(34, 76, 7) || inside(44, 79, 6) || inside(24, 84, 9) => 11,
        _ if inside(132, 80, 20) => 14,
        _ if column % 31 / 3 == 6 && (24..90).contains(&row) => 5,
        _ if column % 31 / 7 == 3 && (24..31).contains(&row) => 7,
        _ if row < roof && row < 72 => 10,
        // Windows and shop fronts.
        44..64 if block % 3 == 0 && column % 11 / 5 == 1 && row % 10 < 6 => 3,
        0..72 => [2, 8, 2, 3, 8, 2, 4, 8, 2, 8][block % 10],
        _ if from_middle < 14 + near * 2 / 3 => ROAD,
        _ if from_middle < 24 + near => 1,
        _ if (row + column / 3) % 24 < 5 => 8,
        _ => 9,
    }
}
