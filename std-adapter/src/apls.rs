//! APLS, average path length similarity: do the roads of a mask lead where those of the labels lead?
//!
//! A mask becomes a graph: its skeleton ([`segmeter_core::plane::skeleton`]), whose pixels are linked with their
//! neighbours. Between points of one graph and the points nearest to them in the other, shortest paths should be as long.
//!
//! Source: Van Etten et al. 2018.

use segmeter_core::plane::Bits;
use segmeter_core::{Error, Result};

mod graph;
#[cfg(test)]
mod tests;

use graph::Paths;
pub use graph::RoadGraph;

/// By how much a length may be above one that it equals in decimal numbers.
const SLACK: f64 = 1.0 + 1e-6;

/// What APLS compares. Lengths are in the unit of `spacing`; one that equals a bound, to 1 part in 10^6, keeps it.
///
/// Range [0, 1]. For paths of at least `shortest_path` between the control points of one graph, one minus the mean of
/// `min(1, |L - L'| / L)`, `L'` the length between the points of the other graph nearest to its ends and 1 where there is
/// none; then the harmonic mean of both directions. Cost: a shortest-path search per control point.
///
/// ```
/// use segmeter::{apls::Apls, core::{plane::Bits, view::Shape}};
/// let apls = Apls { control_spacing: 4.0, snap_distance: 1.5, shortest_path: 2.0, ..Apls::PAPER };
/// // A road of 13 pixels; the prediction lacks one of them.
/// let (shape, mut a, mut b) = (Shape::new(1, 13)?, [0], [0]);
/// let (prediction, label) = (Bits::new(shape, &mut a, |pixel| pixel != 10)?, Bits::new(shape, &mut b, |_| true)?);
/// let report = apls.report(&prediction, &label)?;
/// assert_eq!(report.label_to_prediction, Some(0.5));
/// assert_eq!(report.value, Some(2.0 / 3.0));
/// # Ok::<(), segmeter::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apls {
    /// The length of a pixel.
    pub spacing: f64,
    /// Roads get a control point at least this often, beside their ends and crossings.
    pub control_spacing: f64,
    /// How far a control point may lie from the other graph; one that lies further is not in it.
    pub snap_distance: f64,
    /// Shorter paths are not compared.
    pub shortest_path: f64,
}

impl Apls {
    /// As published, in metres: points every 50, found within 4, paths from 10.
    pub const PAPER: Self =
        Self { spacing: 1.0, control_spacing: 50.0, snap_distance: 4.0, shortest_path: 10.0 };
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AplsReport {
    /// Harmonic mean of both directions; 0 if only one mask has paths, none if neither has.
    pub value: Option<f64>,
    /// One minus the mean difference of the paths between points of the labels: what is missing costs.
    pub label_to_prediction: Option<f64>,
    /// The same between points of the prediction: what is too much costs.
    pub prediction_to_label: Option<f64>,
    /// Paths of the labels and of the prediction.
    pub paths: [usize; 2],
}

impl Apls {
    /// Compares two masks.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the field that is not a positive number.
    pub fn report(&self, prediction: &Bits<'_>, label: &Bits<'_>) -> Result<AplsReport> {
        self.report_of_graphs(&RoadGraph::new(prediction)?, &RoadGraph::new(label)?)
    }

    /// Compares the graphs of two masks.
    ///
    /// # Errors
    /// Those of [`Apls::report`].
    pub fn report_of_graphs(&self, prediction: &RoadGraph, label: &RoadGraph) -> Result<AplsReport> {
        let fields = [
            (self.spacing, "spacing"),
            (self.control_spacing, "control_spacing"),
            (self.snap_distance, "snap_distance"),
            (self.shortest_path, "shortest_path"),
        ];
        if let Some((_, name)) = fields.into_iter().find(|(value, _)| !(*value > 0.0 && value.is_finite())) {
            return Err(Error::Parameter(name));
        }
        let (forth, paths) = self.similarity(label, prediction);
        let (back, more_paths) = self.similarity(prediction, label);
        let value = match (forth, back) {
            (None, None) => None,
            (Some(a), Some(b)) if a + b > 0.0 => Some(2.0 * a * b / (a + b)),
            _ => Some(0.0),
        };
        Ok(AplsReport {
            value,
            label_to_prediction: forth,
            prediction_to_label: back,
            paths: [paths, more_paths],
        })
    }

    /// Of the paths between control points of `from`, and how many there are; none if there is none.
    fn similarity(&self, from: &RoadGraph, to: &RoadGraph) -> (Option<f64>, usize) {
        let controls = from.controls(self.control_spacing / self.spacing * SLACK);
        let reach = self.snap_distance / self.spacing * SLACK;
        let near = |place: &usize| to.nearest(from.pixels()[*place], reach);
        let snapped: Vec<Option<usize>> = controls.iter().map(near).collect();
        let own = Paths::new(from, controls.iter().copied());
        let other = Paths::new(to, snapped.iter().flatten().copied());
        // Every control point is a node, and so is what it snaps to.
        let stops = controls.iter().zip(&snapped).filter_map(|(place, snapped)| {
            Some((own.node(*place)?, snapped.and_then(|place| other.node(place))))
        });
        let stops: Vec<(usize, Option<usize>)> = stops.collect();
        let (mut sum, mut count) = (0.0, 0_usize);
        for (place, (start, snapped)) in stops.iter().enumerate() {
            let lengths = own.from(*start);
            let found = snapped.map(|start| other.from(start));
            for (end, goal) in stops.iter().skip(place + 1) {
                let length = lengths[*end];
                if length.is_infinite() || length * self.spacing * SLACK < self.shortest_path {
                    continue;
                }
                let found = found.as_ref().zip(*goal).map(|(lengths, goal)| lengths[goal]);
                let found = found.filter(|found| found.is_finite());
                sum += found.map_or(1.0, |found| ((length - found).abs() / length).min(1.0));
                count += 1;
            }
        }
        ((count != 0).then(|| 1.0 - sum / count as f64), count)
    }
}
