//! Binary scores of pixels: thresholds and calibration.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use segmeter::core::metric::Confidence;
use segmeter::core::metric::calibration::Edges;
use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Code, Encoding, Quantiser};
use segmeter::scores::{self, Asked, Binning, Named, Real, Scale, Scored, Sides};

use crate::refused;

/// Scores of background and of foreground.
#[derive(Clone)]
enum Kept {
    Codes(Box<Sketch<u64>>, Quantiser),
    F32([Vec<f32>; 2]),
    F64([Vec<f64>; 2]),
}

/// Scores of pixels by label, as many as there are: 8-bit ones as counts, floats one by one.
#[pyclass(module = "segmeter._segmeter")]
pub(crate) struct Scores {
    kept: Kept,
    scale: Scale,
    ignore: u8,
    preset: Option<String>,
    binning: Binning,
}

#[pymethods]
impl Scores {
    /// `kind` is the type of the scores as NumPy calls it.
    #[new]
    fn new(
        kind: &str,
        affine: Option<(f32, i32)>,
        probabilities: bool,
        ignore: u8,
        preset: Option<String>,
        bins: Option<usize>,
    ) -> PyResult<Self> {
        let (count, edges, confidence) = match preset.as_deref() {
            Some("torchmetrics") => (15, Edges::Torchmetrics, Confidence::Positive),
            Some("metrics_reloaded") => (10, Edges::MetricsReloaded, Confidence::Positive),
            None | Some("kitti_road") => (15, Edges::Closed, Confidence::TopLabel),
            Some(other) => {
                let known = "torchmetrics, metrics_reloaded or kitti_road";
                return Err(refused(format!("preset: found `{other}`, expected {known}")));
            }
        };
        let bins = bins.unwrap_or(count);
        if !(1..=65_535).contains(&bins) {
            return Err(refused(format!("bins: found {bins}, expected 1 to 65535")));
        }
        let kept = match kind {
            "float32" => Kept::F32(Default::default()),
            "float64" => Kept::F64(Default::default()),
            _ => {
                let encoding = if kind == "int8" { Encoding::Signed } else { Encoding::Unsigned };
                let quantiser = quantiser(encoding, affine, probabilities)?;
                Kept::Codes(Box::new(Sketch::new(&quantiser)), quantiser)
            }
        };
        let scale = if probabilities { Scale::Probability } else { Scale::Logit };
        Ok(Self { kept, scale, ignore, preset, binning: Binning { bins, edges, confidence } })
    }

    /// Adds pixels; nothing is added if one of them is refused.
    fn push(
        &mut self,
        py: Python<'_>,
        scores: &Bound<'_, PyAny>,
        labels: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<()> {
        let labels = labels.as_slice()?;
        let is_strange = |label: &u8| *label > 1 && *label != self.ignore;
        if let Some((place, id)) = labels.iter().enumerate().find(|(_, id)| is_strange(id)) {
            return Err(refused(format!(
                "labels: found id {id} at place {place}, expected 0 to 1 beside one score per pixel; of pixels that are \
                 not scored say ignore={id}"
            )));
        }
        let (ignore, is_probability) = (self.ignore, self.scale == Scale::Probability);
        let found = match &mut self.kept {
            Kept::F32(sides) => {
                let scores = scores.extract::<PyReadonlyArray1<'_, f32>>()?;
                let scores = scores.as_slice()?;
                py.detach(|| extend(sides, scores, labels, ignore, is_probability))
            }
            Kept::F64(sides) => {
                let scores = scores.extract::<PyReadonlyArray1<'_, f64>>()?;
                let scores = scores.as_slice()?;
                py.detach(|| extend(sides, scores, labels, ignore, is_probability))
            }
            Kept::Codes(sketch, quantiser) if quantiser.index(0) == 0 => {
                let codes = scores.extract::<PyReadonlyArray1<'_, u8>>()?;
                let codes = codes.as_slice()?;
                py.detach(|| count(sketch, quantiser, codes, labels, ignore))
            }
            Kept::Codes(sketch, quantiser) => {
                let codes = scores.extract::<PyReadonlyArray1<'_, i8>>()?;
                let codes = codes.as_slice()?;
                py.detach(|| count(sketch, quantiser, codes, labels, ignore))
            }
        };
        let expected = if is_probability { "0 to 1" } else { "a number" };
        found.map_err(|(place, score)| {
            refused(format!("scores: found {score} at place {place}, expected {expected}"))
        })
    }

    fn merge(&mut self, other: &mut Self) -> PyResult<()> {
        let settings = |of: &Self| (of.scale, of.ignore, of.binning.bins, of.preset.clone());
        let is_same = settings(self) == settings(other);
        let wrong = || refused("merge: the other has scores of another kind, or other settings");
        match (&mut self.kept, &other.kept) {
            _ if !is_same => return Err(wrong()),
            (Kept::F32(all), Kept::F32(more)) => join(all, more),
            (Kept::F64(all), Kept::F64(more)) => join(all, more),
            (Kept::Codes(all, own), Kept::Codes(more, theirs)) if own == theirs => {
                all.merge(more).map_err(|_| wrong())?;
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn clear(&mut self) {
        match &mut self.kept {
            Kept::F32(sides) => *sides = Default::default(),
            Kept::F64(sides) => *sides = Default::default(),
            Kept::Codes(sketch, _) => sketch.clear(),
        }
    }

    /// Metrics of thresholds, metrics of calibration, and pixels, confidence and accuracy of the bins.
    #[allow(clippy::type_complexity, reason = "two dictionaries and the bins")]
    fn compute<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>, Vec<(u64, f64, f64)>)> {
        let found = py.detach(|| self.scored());
        let named = |values: &[Named]| {
            let all = PyDict::new(py);
            values.iter().try_for_each(|(name, value)| all.set_item(name, value))?;
            PyResult::Ok(all)
        };
        Ok((named(&found.threshold)?, named(&found.calibration)?, found.bins))
    }

    /// Scores of background and of foreground; of codes the pixels of every index.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<[Bound<'py, PyAny>; 2]> {
        Ok(match &self.kept {
            Kept::F32(sides) => sides.each_ref().map(|side| PyArray1::from_slice(py, side).into_any()),
            Kept::F64(sides) => sides.each_ref().map(|side| PyArray1::from_slice(py, side).into_any()),
            Kept::Codes(sketch, _) => [0, 1].map(|label| {
                let counts = (0..=u8::MAX).map(|index| sketch.count(label, index));
                PyArray1::from_iter(py, counts).into_any()
            }),
        })
    }

    /// The reverse of `state`.
    fn set_state(&mut self, background: &Bound<'_, PyAny>, foreground: &Bound<'_, PyAny>) -> PyResult<()> {
        let sides = [background, foreground];
        match &mut self.kept {
            Kept::F32(kept) => {
                for (slot, side) in kept.iter_mut().zip(sides) {
                    *slot = side.extract::<PyReadonlyArray1<'_, f32>>()?.as_slice()?.to_vec();
                }
            }
            Kept::F64(kept) => {
                for (slot, side) in kept.iter_mut().zip(sides) {
                    *slot = side.extract::<PyReadonlyArray1<'_, f64>>()?.as_slice()?.to_vec();
                }
            }
            Kept::Codes(sketch, _) => {
                sketch.clear();
                for (label, side) in (0..).zip(sides) {
                    let counts = side.extract::<PyReadonlyArray1<'_, u64>>()?;
                    let counts = counts.as_slice()?;
                    if counts.len() != 256 {
                        return Err(refused(format!("state: found {} counts, expected 256", counts.len())));
                    }
                    (0..=u8::MAX).zip(counts).for_each(|(index, n)| sketch.push_pixels(label, index, *n));
                }
            }
        }
        Ok(())
    }
}

impl Scores {
    fn scored(&self) -> Scored {
        let is_kitti = self.preset.as_deref() == Some("kitti_road");
        let asked = Asked { wants: &|_| true, is_kitti, binning: self.binning };
        match &self.kept {
            Kept::Codes(sketch, quantiser) => {
                let table = quantiser.affine().map(|_| SigmoidTable::new(quantiser));
                scores::of_sketch(&asked, sketch, table.as_ref())
            }
            Kept::F32(sides) => scores::of_levels(&asked, &Sides::F32(sides.clone()).levels(self.scale)),
            Kept::F64(sides) => scores::of_levels(&asked, &Sides::F64(sides.clone()).levels(self.scale)),
        }
    }
}

/// What codes mean.
pub(crate) fn quantiser(
    encoding: Encoding,
    affine: Option<(f32, i32)>,
    probabilities: bool,
) -> PyResult<Quantiser> {
    let Some((scale, zero_point)) = affine else {
        return match encoding {
            Encoding::Unsigned if probabilities => Ok(Quantiser::probabilities()),
            _ => Err(refused(
                "scores: found 8-bit codes, which need scale and zero_point (of uint8 probabilities: probabilities=True)",
            )),
        };
    };
    let of = if probabilities { Quantiser::scaled_probabilities } else { Quantiser::logits };
    of(encoding, scale, zero_point).map_err(|_| {
        let range = if encoding == Encoding::Signed { "-128 to 127" } else { "0 to 255" };
        let line = format!("expected a scale in (0, 1e6) and a zero point from {range}");
        refused(format!("scale, zero_point: found {scale}, {zero_point}, {line}"))
    })
}

/// Where a score is none.
type Wrong = (usize, f64);

fn extend<T: Real>(
    sides: &mut [Vec<T>; 2],
    scores: &[T],
    labels: &[u8],
    ignore: u8,
    is_probability: bool,
) -> Result<(), Wrong> {
    let scored = || scores.iter().zip(labels).enumerate().filter(|(_, (_, label))| **label != ignore);
    for (place, (score, _)) in scored() {
        let score: f64 = (*score).into();
        if score.is_nan() || (is_probability && !(0.0..=1.0).contains(&score)) {
            return Err((place, score));
        }
    }
    for (_, (score, label)) in scored() {
        // Without the sign of zero.
        sides[usize::from(*label & 1)].push(T::nearest((*score).into() + 0.0));
    }
    Ok(())
}

fn count<Q: Code>(
    all: &mut Sketch<u64>,
    quantiser: &Quantiser,
    codes: &[Q],
    labels: &[u8],
    ignore: u8,
) -> Result<(), Wrong> {
    // As many as the counters of one sketch hold.
    for (codes, labels) in codes.chunks(1 << 30).zip(labels.chunks(1 << 30)) {
        let mut sketch = Sketch::<u32>::new(quantiser);
        if ignore == 255 {
            sketch.push_row(codes, labels);
        } else {
            // Core knows 0, 1 and what is neither.
            let of_core = |label: &u8| if *label == ignore { 255 } else { *label };
            sketch.push_row(codes, &labels.iter().map(of_core).collect::<Vec<u8>>());
        }
        // Of one quantiser.
        let _ = all.merge(&sketch);
    }
    Ok(())
}

fn join<T: Copy>(all: &mut [Vec<T>; 2], more: &[Vec<T>; 2]) {
    all.iter_mut().zip(more).for_each(|(all, more)| all.extend_from_slice(more));
}
