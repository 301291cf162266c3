//! Pixels by label and prediction, and what is read from them.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use segmeter::core::Error;
use segmeter::core::metric::{ClassMetric, Confusion, ConfusionCells, ConfusionView, Disagreement, Volume};

use crate::refused;

/// Pixels by label and prediction of 2 to 255 classes. A prediction that is no class counts as wrong.
#[pyclass(module = "segmeter._segmeter")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Row after row, one for each label.
    counts: Vec<u64>,
    /// Scored pixels of every label whose prediction is no class.
    foreign: Vec<u64>,
    ignored: u64,
    ignore: u8,
}

#[pymethods]
impl Counts {
    #[new]
    fn new(classes: usize, ignore: u8) -> PyResult<Self> {
        if !(2..=255).contains(&classes) {
            return Err(refused(format!("classes: found {classes}, expected 2 to 255")));
        }
        Ok(Self { counts: vec![0; classes * classes], foreign: vec![0; classes], ignored: 0, ignore })
    }

    /// Adds pixels; nothing is added if a label is refused.
    fn push(
        &mut self,
        py: Python<'_>,
        predictions: PyReadonlyArray1<'_, u8>,
        labels: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<()> {
        let (predictions, labels) = (predictions.as_slice()?, labels.as_slice()?);
        let last = self.foreign.len() - 1;
        py.detach(|| match self.foreign.len() {
            2 => self.add::<2>(predictions, labels),
            ..=32 => self.add::<32>(predictions, labels),
            _ => self.add_each(predictions, labels),
        })
        .map_err(|error| match error {
            Error::ClassId { found, pixel } => refused(format!(
                "labels: found id {found} at place {pixel}, expected 0 to {last}; of pixels that are not scored say \
                 ignore={found}"
            )),
            other => refused(format!("labels: {other}")),
        })
    }

    fn merge(&mut self, other: &Self) -> PyResult<()> {
        if (self.foreign.len(), self.ignore) != (other.foreign.len(), other.ignore) {
            return Err(refused("merge: the other has another number of classes, or another ignore"));
        }
        let counts = self.counts.iter_mut().zip(&other.counts);
        counts.chain(self.foreign.iter_mut().zip(&other.foreign)).for_each(|(all, more)| *all += more);
        self.ignored += other.ignored;
        Ok(())
    }

    fn clear(&mut self) {
        self.counts.fill(0);
        self.foreign.fill(0);
        self.ignored = 0;
    }

    /// What a process hands to another: counts, predictions of no class, ignored pixels.
    fn state<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<u64>>, u64) {
        (PyArray1::from_slice(py, &self.counts), PyArray1::from_slice(py, &self.foreign), self.ignored)
    }

    /// The reverse of `state`.
    fn set_state(
        &mut self,
        counts: PyReadonlyArray1<'_, u64>,
        foreign: PyReadonlyArray1<'_, u64>,
        ignored: u64,
    ) -> PyResult<()> {
        let (counts, foreign) = (counts.as_slice()?, foreign.as_slice()?);
        if (counts.len(), foreign.len()) != (self.counts.len(), self.foreign.len()) {
            return Err(refused("state: is of another number of classes"));
        }
        self.counts.copy_from_slice(counts);
        self.foreign.copy_from_slice(foreign);
        self.ignored = ignored;
        Ok(())
    }

    /// Every metric of every class, by name.
    fn classes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.with_view(|view| {
            let of = |class| {
                let metrics = PyDict::new(py);
                for (name, metric) in ClassMetric::ALL {
                    metrics.set_item(name, metric.of(class))?;
                }
                Ok(metrics)
            };
            view.each().map(of).collect()
        })
    }

    /// The metrics of all classes together, by name.
    fn overall<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        // What is wrong by how much is known of classes only.
        let has_foreign = self.foreign.iter().any(|pixels| *pixels != 0);
        self.with_view(|view| {
            let weighted = |by| (!has_foreign).then(|| view.weighted_kappa(by)).flatten();
            let metrics = PyDict::new(py);
            for (name, value) in [
                ("mean_iou", view.mean_iou()),
                ("frequency_weighted_iou", view.frequency_weighted_iou()),
                ("pixel_accuracy", view.pixel_accuracy().value()),
                ("mean_accuracy", view.mean_accuracy()),
                ("mcc", view.mcc()),
                ("kappa", view.kappa()),
                ("weighted_kappa", weighted(Disagreement::Linear)),
                ("weighted_kappa_quadratic", weighted(Disagreement::Quadratic)),
                ("generalised_dice", view.generalised_dice(Volume::Square, 0)),
            ] {
                metrics.set_item(name, value)?;
            }
            Ok(metrics)
        })
    }
}

impl Counts {
    fn with_view<R>(&self, read: impl FnOnce(ConfusionView<'_>) -> PyResult<R>) -> PyResult<R> {
        let left_out = [u16::from(self.ignore)];
        read(ConfusionView::new(&self.counts, &self.foreign, &left_out).map_err(refused)?)
    }

    /// By core's matrix of `C` classes, of which ours are the first.
    fn add<const C: usize>(&mut self, predictions: &[u8], labels: &[u8]) -> Result<(), Error> {
        let classes = self.foreign.len();
        let mut confusion = Confusion::<C>::new(self.ignore);
        confusion.push_row(predictions, labels)?;
        let is_foreign = |id: &u8| usize::from(*id) >= classes && *id != self.ignore;
        if confusion.counts().iter().skip(classes).flatten().any(|count| *count != 0) {
            let found = labels.iter().enumerate().find(|(_, id)| is_foreign(id));
            return Err(found.map_or(Error::Shape, |(pixel, found)| Error::ClassId { found: *found, pixel }));
        }
        let view = confusion.view();
        let rows = self.counts.chunks_mut(classes).zip(&mut self.foreign).zip(confusion.counts()).enumerate();
        for (class, ((row, foreign), more)) in rows {
            row.iter_mut().zip(more).for_each(|(all, more)| *all += more);
            let report = view.class(class);
            // Predictions of no class: all pixels of the label without those of our classes.
            *foreign += report.true_positive + report.false_negative - more.iter().take(classes).sum::<u64>();
        }
        self.ignored += confusion.ignored();
        Ok(())
    }

    /// Of more classes than that has room for.
    fn add_each(&mut self, predictions: &[u8], labels: &[u8]) -> Result<(), Error> {
        let classes = self.foreign.len();
        let is_wrong = |id: &u8| usize::from(*id) >= classes && *id != self.ignore;
        if predictions.len() != labels.len() {
            return Err(Error::Length { expected: labels.len(), found: predictions.len() });
        }
        if let Some((pixel, found)) = labels.iter().enumerate().find(|(_, id)| is_wrong(id)) {
            return Err(Error::ClassId { found: *found, pixel });
        }
        let mut cells = ConfusionCells::new(&mut self.counts, &mut self.foreign, self.ignore)?;
        cells.push_row(predictions, labels)?;
        self.ignored += cells.ignored();
        Ok(())
    }
}
