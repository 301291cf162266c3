//! Metrics of the shape of a class in an image: contours, components and centre lines.

use crate::apls::{Apls, RoadGraph};
use crate::core::Result;
use crate::core::metric::surface::{BoundaryIou, Matching, Surface, SurfaceReport, Trimap};
use crate::core::metric::topology::{CentrelineDice, Components, Connectivity, Topology};
use crate::core::metric::{Empties, Score};
use crate::core::plane::{Bits, Row, skeleton};
use crate::core::view::Shape;

/// Distances between contours, in one walk.
const DISTANCES: [&str; 5] = ["hausdorff", "hd95", "assd", "masd", "nsd"];
/// What takes rows of the contour.
const CONTOURS: [&str; 2] = ["boundary_iou", "boundary_f"];
const TRIMAP: [&str; 2] = ["trimap", "trimap_accuracy"];
const COMPONENTS: [&str; 7] = [
    "components",
    "components_of_labels",
    "holes",
    "holes_of_labels",
    "euler_number",
    "euler_number_of_labels",
    "betti_error",
];
const LINES: [&str; 2] = ["centreline_dice", "apls"];

/// Metrics of contours by their names, in the order of [`of_class`].
pub fn surface_keys() -> impl Iterator<Item = &'static str> {
    DISTANCES.into_iter().chain(CONTOURS).chain(TRIMAP)
}

/// Metrics of components and centre lines, after [`surface_keys`] in that order.
pub fn topology_keys() -> impl Iterator<Item = &'static str> {
    COMPONENTS.into_iter().chain(LINES)
}

/// A class of an image against the rest, in words of [`Bits`].
#[derive(Clone, Debug)]
pub struct ClassMask {
    /// Of the image.
    pub shape: Shape,
    /// Predicted pixels, whether scored or not.
    pub predicted: Vec<u32>,
    /// Predicted pixels that are scored.
    pub prediction: Vec<u32>,
    /// Labelled pixels.
    pub labels: Vec<u32>,
    /// What is scored.
    pub valid: Vec<u32>,
    /// Predicted, labelled and scored pixels in bytes, as [`Row`] takes them.
    bytes: [Vec<u8>; 3],
}

impl ClassMask {
    /// Of predicted, labelled (and scored) and scored pixels, [`Bits::words`] each.
    #[must_use]
    pub fn new(shape: Shape, predicted: Vec<u32>, labels: Vec<u32>, valid: Vec<u32>) -> Self {
        let prediction: Vec<u32> = predicted.iter().zip(&valid).map(|(a, b)| a & b).collect();
        let bytes = [&prediction, &labels, &valid]
            .map(|words| words.iter().flat_map(|word| word.to_le_bytes()).collect());
        Self { shape, predicted, prediction, labels, valid, bytes }
    }

    /// A class in neither mask: it is worth the same in every image.
    ///
    /// # Errors
    /// None that is seen: a shape of one pixel is one.
    pub fn nothing() -> Result<Self> {
        Ok(Self::new(Shape::new(1, 1)?, vec![0], vec![0], vec![0]))
    }

    /// Its rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let width = self.shape.width();
        let [prediction, label, valid] =
            self.bytes.each_ref().map(|bytes| bytes.chunks(width.div_ceil(32) * 4));
        prediction.zip(label).zip(valid).map(move |((prediction, label), valid)| {
            let [prediction, label, valid] = [prediction, label, valid].map(|row| &row[..width.div_ceil(8)]);
            Row::Bits { prediction, label, valid: Some(valid) }
        })
    }

    /// The words of the rows of one of its masks.
    pub fn lines<'a>(&self, words: &'a [u32]) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        words.chunks(self.shape.width().div_ceil(32))
    }
}

/// What is asked of a class, and by which definitions.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Whether a metric is wanted.
    pub wants: &'a dyn Fn(&str) -> bool,
    /// Of the distances. Its percentile is computed where `hd95` is wanted.
    pub surface: Surface,
    /// Of `boundary_iou`.
    pub boundary: BoundaryIou,
    /// Of `boundary_f`.
    pub matching: Matching,
    /// Of `trimap` and `trimap_accuracy`.
    pub trimap: Trimap,
    /// Which pixels touch.
    pub connectivity: Connectivity,
    /// Pixels of the smallest component that counts.
    pub min_area: u16,
    /// What `centreline_dice` of empty masks is.
    pub centreline_empties: Empties,
    /// Of `apls`; `None` where pixels are not square, of which there is none.
    pub apls: Option<Apls>,
}

impl Asked<'_> {
    fn wants_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| (self.wants)(key))
    }

    /// The wanted ones of some values.
    fn wanted<'a, const N: usize>(
        &'a self,
        keys: [&'a str; N],
        values: [Score; N],
    ) -> impl Iterator<Item = Score> + 'a {
        keys.into_iter().zip(values).filter(|(key, _)| (self.wants)(key)).map(|(_, value)| value)
    }
}

/// Measures a class: what is wanted of [`surface_keys`] and [`topology_keys`], in their order.
///
/// `is_there` says whether it is in the labels or the prediction; if not, the mask is [`ClassMask::nothing`], and counts of
/// components are undefined. Each family of metrics is one walk over the rows; centre lines thin both masks once.
///
/// ```
/// use segmeter::core::metric::{Empties, surface::{BoundaryIou, Matching, Surface, Trimap}, topology::Connectivity};
/// use segmeter::core::view::Shape;
/// use segmeter::shapes::{Asked, ClassMask, of_class};
///
/// // Two lines of two pixels, of which one is found, and a third pixel beside it.
/// let mask = ClassMask::new(Shape::new(1, 8)?, vec![0b0000_0111], vec![0b0110_0011], vec![0b1111_1111]);
/// let asked = Asked {
///     wants: &|key| ["hausdorff", "components_of_labels", "betti_error"].contains(&key),
///     surface: Surface::SEGMETER,
///     boundary: BoundaryIou { distance: 1, frame_counts: false },
///     matching: Matching::new(1.0),
///     trimap: Trimap::new(1.0),
///     connectivity: Connectivity::Four,
///     min_area: 0,
///     centreline_empties: Empties::FORMULA,
///     apls: None,
/// };
/// let found: Vec<_> = of_class(&asked, &mask, true)?.into_iter().map(|score| score.value()).collect();
/// assert_eq!(found, [Some(4.0), Some(2.0), Some(1.0)]);
/// # Ok::<(), segmeter::core::Error>(())
/// ```
///
/// # Errors
/// Those of the definitions' parameters.
pub fn of_class(asked: &Asked<'_>, mask: &ClassMask, is_there: bool) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if asked.wants_any(&DISTANCES) {
        let percentile = asked.surface.percentile.filter(|_| (asked.wants)("hd95"));
        let report = surface(&Surface { percentile, ..asked.surface }, mask)?;
        let percentile = report.percentile().unwrap_or(Score::Undefined);
        let values = [report.hausdorff(), percentile, report.assd(), report.masd(), report.nsd()];
        scores.extend(asked.wanted(DISTANCES, values));
    }
    if (asked.wants)("boundary_iou") {
        let mut scratch = vec![0; asked.boundary.scratch_len(mask.shape.width())];
        let mut rows = asked.boundary.rows(mask.shape.width(), &mut scratch)?;
        mask.rows().try_for_each(|row| rows.push_row(&row))?;
        scores.push(rows.finish().iou().value().into());
    }
    if (asked.wants)("boundary_f") {
        scores.push(boundary_f(&asked.matching, mask)?);
    }
    if asked.wants_any(&TRIMAP) {
        let mut scratch = vec![0; asked.trimap.scratch_len(mask.shape.width())?];
        let mut rows = asked.trimap.rows(mask.shape.width(), &mut scratch)?;
        mask.rows().try_for_each(|row| rows.push_row(&row))?;
        let counts = rows.finish();
        let values = [counts.report().iou(), counts.accuracy()].map(|ratio| Score::from(ratio.value()));
        scores.extend(asked.wanted(TRIMAP, values));
    }
    if asked.wants_any(&COMPONENTS) {
        let prediction = components(asked, mask, &mask.prediction)?;
        let labels = components(asked, mask, &mask.labels)?;
        let values = [
            f64::from(prediction.components),
            f64::from(labels.components),
            f64::from(prediction.holes),
            f64::from(labels.holes),
            prediction.euler() as f64,
            labels.euler() as f64,
            prediction.betti_error(labels) as f64,
        ];
        let values = values.map(|value| if is_there { Score::Value(value) } else { Score::Undefined });
        scores.extend(asked.wanted(COMPONENTS, values));
    }
    if asked.wants_any(&LINES) {
        scores.extend(lines(asked, mask)?);
    }
    Ok(scores)
}

fn surface(surface: &Surface, mask: &ClassMask) -> Result<SurfaceReport> {
    let mut scratch = vec![0; surface.scratch_len(mask.shape)];
    let mut rows = surface.rows(mask.shape, &mut scratch)?;
    mask.rows().try_for_each(|row| rows.push_row(&row))?;
    rows.finish()
}

/// Row by row, unless the tolerance reaches too many of them.
fn boundary_f(matching: &Matching, mask: &ClassMask) -> Result<Score> {
    let Matching { contour, spacing, tolerance, empties } = *matching;
    let Ok(need) = matching.scratch_len(mask.shape.width()) else {
        let of = Surface { contour, spacing, tolerance, percentile: None, ..Surface::SEGMETER };
        return Ok(surface(&Surface { nsd_empties: empties, ..of }, mask)?.f_score());
    };
    let mut scratch = vec![0; need];
    let mut rows = matching.rows(mask.shape.width(), &mut scratch)?;
    mask.rows().try_for_each(|row| rows.push_row(&row))?;
    Ok(rows.finish().f_score())
}

fn components(asked: &Asked<'_>, mask: &ClassMask, words: &[u32]) -> Result<Topology> {
    let width = mask.shape.width();
    let mut scratch = vec![0; Components::scratch_len(width)];
    let mut components = Components::new(width, asked.connectivity, asked.min_area, &mut scratch)?;
    mask.lines(words).for_each(|row| components.push_bits(row));
    Ok(components.finish())
}

/// What is read from the skeletons of a class, which are the same for all of it.
fn lines(asked: &Asked<'_>, mask: &ClassMask) -> Result<Vec<Score>> {
    let mut scratch = vec![0; skeleton::scratch_len(mask.shape)];
    let [mut a, mut b, mut c, mut d] =
        [&mask.prediction, &mask.labels, &mask.prediction, &mask.labels].map(Vec::clone);
    let (prediction, labels) = (Bits::of_words(mask.shape, &mut a)?, Bits::of_words(mask.shape, &mut b)?);
    let (mut predicted, mut labelled) =
        (Bits::of_words(mask.shape, &mut c)?, Bits::of_words(mask.shape, &mut d)?);
    let mut scores = Vec::new();
    skeleton::thin(&mut predicted, &mut scratch)?;
    skeleton::thin(&mut labelled, &mut scratch)?;
    if (asked.wants)("centreline_dice") {
        let found = CentrelineDice::of_skeletons([&prediction, &labels], [&predicted, &labelled])?;
        scores.push(found.score(asked.centreline_empties));
    }
    if (asked.wants)("apls") {
        scores.push(match asked.apls {
            Some(apls) => {
                let [prediction, labels] = [&predicted, &labelled].map(RoadGraph::of_skeleton);
                apls.report_of_graphs(&prediction, &labels)?.value.into()
            }
            None => Score::Undefined,
        });
    }
    Ok(scores)
}
