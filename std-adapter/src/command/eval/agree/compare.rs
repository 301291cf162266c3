//! How far two sides agree, image by image and in all.

use std::num::NonZero;

use segmeter::core::metric::{ClassReport, Mean};

use super::super::count::{Counter, Counts};
use super::super::each::each;
use super::super::matrix::Matrix;
use super::super::predict::IGNORED;
use super::side::{Differences, Sides};
use crate::command::Failure;
use crate::report;

/// An image.
pub(super) struct Frame {
    name: String,
    counts: Counts,
    differences: Option<Differences>,
}

/// Reads all images.
pub(super) fn frames(sides: &Sides, threads: NonZero<usize>) -> Result<Vec<Frame>, Failure> {
    let bar = report::progress(sides.len());
    let work = |counter: &mut Counter, place: usize| {
        let pair = sides.pair(place)?;
        let counts = counter.image(&pair.target, &pair.host);
        let differences = pair.differences;
        pair.host.give_back();
        pair.target.give_back();
        bar.inc(1);
        Ok::<_, Failure>(Frame { name: sides.name(place), counts, differences })
    };
    let (_, frames) = each(threads, sides.len(), Counter::new, work)?;
    bar.finish_and_clear();
    Ok(frames)
}

/// The ids of an image's pixels of both sides.
fn ids(counts: &Counts) -> impl Iterator<Item = [u16; 2]> {
    counts.each().filter(|(host, ..)| *host != IGNORED).map(|(host, target, _)| [host, target])
}

/// The highest id of both sides.
pub(super) fn highest(frames: &[Frame]) -> usize {
    frames.iter().flat_map(|frame| ids(&frame.counts)).flatten().max().unwrap_or(0).into()
}

/// Refuses ids that are no classes.
pub(super) fn check_ids(sides: &Sides, frames: &[Frame], classes: usize) -> Result<(), Failure> {
    for (place, frame) in frames.iter().enumerate() {
        for (side, file) in sides.files(place).into_iter().enumerate() {
            let strange = ids(&frame.counts).map(|ids| ids[side]).find(|id| usize::from(*id) >= classes);
            if let Some(id) = strange {
                return Err(Failure::Input(format!(
                    "{}: found class id {id} in image {}, expected 0 to {}: say --classes, or --ignore {id} if HOST has it \
                     where nothing is compared",
                    file.display(),
                    frame.name,
                    classes - 1
                )));
            }
        }
    }
    Ok(())
}

/// The numbers of an image, or of all.
pub(super) struct Agreement {
    pub(super) name: String,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    /// The share of equal pixels.
    pub(super) agreement: Option<f64>,
    /// The mean over the classes that are on a side.
    pub(super) mean_iou: Option<f64>,
    /// Infinite, where a score of one side is.
    pub(super) largest_difference: Option<f64>,
    pub(super) mean_difference: Option<f64>,
}

impl Agreement {
    fn new(name: &str, matrix: &Matrix, differences: Option<Differences>) -> Self {
        let view = matrix.view();
        let mut mean_iou = Mean::default();
        view.each().for_each(|class| mean_iou.push(class.iou().value().into()));
        Self {
            name: name.to_owned(),
            pixels: view.pixels(),
            ignored: matrix.ignored,
            agreement: view.pixel_accuracy().value(),
            mean_iou: mean_iou.value(),
            largest_difference: differences.map(|of| of.largest),
            mean_difference: differences.map(|of| of.sum / of.count as f64),
        }
    }

    /// The numbers by their names.
    pub(super) fn named(&self) -> [(&'static str, Option<f64>); 4] {
        [
            ("agreement", self.agreement),
            ("mean_iou", self.mean_iou),
            ("largest_difference", self.largest_difference),
            ("mean_difference", self.mean_difference),
        ]
        .map(|(name, value)| (name, value.filter(|value| value.is_finite())))
    }
}

/// Everything that is printed.
pub(super) struct Compared {
    pub(super) all: Agreement,
    /// Of the classes; labels are HOST, predictions TARGET.
    pub(super) classes: Vec<ClassReport>,
    pub(super) images: Vec<Agreement>,
    /// Where the largest difference is: the image, the pixel, the class.
    pub(super) place: Option<(String, [usize; 2])>,
    /// The images from the one that agrees least on.
    pub(super) order: Vec<usize>,
}

impl Compared {
    pub(super) fn new(frames: &[Frame], names: &[String]) -> Result<Self, Failure> {
        let mut all = Matrix::new(names.len(), &[]);
        let mut differences: Option<Differences> = None;
        let (mut images, mut place) = (Vec::new(), None);
        for frame in frames {
            let mut matrix = Matrix::new(names.len(), &[]);
            let strange = || Failure::Input(format!("image {}: found an id that is no class", frame.name));
            matrix.push(&frame.counts).ok_or_else(strange)?;
            all.merge(&matrix);
            images.push(Agreement::new(&frame.name, &matrix, frame.differences));
            let Some(more) = frame.differences else { continue };
            if differences.is_none_or(|known| more.largest > known.largest) {
                place = Some((frame.name.clone(), more.place));
            }
            differences = Some(differences.map_or(more, |known| Differences {
                largest: known.largest.max(more.largest),
                sum: known.sum + more.sum,
                count: known.count + more.count,
                ..more
            }));
        }
        let mut order: Vec<usize> = (0..images.len()).collect();
        let badness = |place: &usize| {
            let image: &Agreement = &images[*place];
            (image.agreement.unwrap_or(2.0), -image.largest_difference.unwrap_or(-1.0))
        };
        order.sort_by(|a, b| {
            let ((a, a_difference), (b, b_difference)) = (badness(a), badness(b));
            a.total_cmp(&b).then(a_difference.total_cmp(&b_difference))
        });
        let (all, classes) = (Agreement::new("all", &all, differences), all.view().each().collect());
        Ok(Self { all, classes, images, place, order })
    }
}
