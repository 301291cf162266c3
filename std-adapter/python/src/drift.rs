//! Learning the profile of a drift monitor, and watching frames with it.

use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use segmeter::core::drift::{
    EstimatedIou, Facts, Harm, Identity, Invalid, Monitor, Profile, Rules, Signal, Snapshot,
};
use segmeter::core::metric::Confusion;
use segmeter::core::num::Q16;
use segmeter::core::sketch::SigmoidTable;
use segmeter::core::view::{Code, Encoding, Labels, Quantised, Quantiser, Shape};
use segmeter::learn::{Frame, Settings, learn};
use segmeter::verdict;

use crate::refused;
use crate::scored::quantiser;

/// Frames of one drive, measured.
#[pyclass(module = "segmeter._segmeter")]
pub(crate) struct Drive {
    quantiser: Quantiser,
    frames: Vec<Frame>,
    /// Of the first frame.
    shape: Option<Shape>,
}

#[pymethods]
impl Drive {
    #[new]
    fn new(is_signed: bool, affine: Option<(f32, i32)>, probabilities: bool) -> PyResult<Self> {
        let encoding = if is_signed { Encoding::Signed } else { Encoding::Unsigned };
        let quantiser = quantiser(encoding, affine, probabilities)?;
        Ok(Self { quantiser, frames: Vec::new(), shape: None })
    }

    /// Adds a frame of codes, with or without labels.
    fn push(
        &mut self,
        codes: &Bound<'_, PyAny>,
        labels: Option<PyReadonlyArray1<'_, u8>>,
        ignore: u8,
    ) -> PyResult<()> {
        let (frame, shape) = measured(codes, labels.as_ref(), ignore, self.quantiser)?;
        if let Some(first) = self.shape.filter(|first| *first != shape) {
            let [found, expected] =
                [shape, first].map(|shape| format!("{}x{}", shape.height(), shape.width()));
            return Err(refused(format!(
                "frames: found a frame of {found}, expected {expected} as the first"
            )));
        }
        self.shape = Some(shape);
        self.frames.push(frame);
        Ok(())
    }
}

/// The record of the profile of drives, and what a person should read.
#[pyfunction]
pub(crate) fn learn_profile<'py>(
    py: Python<'py>,
    drives: Vec<PyRef<'py, Drive>>,
    told: &Bound<'py, PyDict>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<String>)> {
    let first = drives.first().ok_or_else(|| refused("drives: found none, expected at least one"))?;
    let quantiser = first.quantiser;
    let shape = first.shape.ok_or_else(|| refused("frames: found none, expected at least one"))?;
    let settings = settings(told, shape)?;
    let frames: Vec<Vec<Frame>> = drives.iter().map(|drive| drive.frames.clone()).collect();
    let learnt =
        py.detach(|| learn(quantiser, &frames, &settings)).map_err(|e| refused(format!("frames: {e}")))?;
    Ok((record(py, &learnt.profile)?, learnt.notes))
}

fn settings(told: &Bound<'_, PyDict>, shape: Shape) -> PyResult<Settings> {
    let number = |name: &str, least: f64, most: f64, default: f64| -> PyResult<f64> {
        let value = told.get_item(name)?.filter(|value| !value.is_none());
        let value = value.map_or(Ok(default), |value| value.extract::<f64>())?;
        // Written so that NaN fails as well.
        let is_within = value >= least && value <= most;
        let line = format!("{name}: found {value}, expected a number from {least} to {most}");
        if is_within { Ok(value) } else { Err(refused(line)) }
    };
    let side = |side: usize| {
        u16::try_from(side).map_err(|_| refused(format!("frames: found a side of {side} pixels")))
    };
    let short = f64::from(u16::MAX);
    let rules = Rules {
        block_frames: number("block", 0.0, short, 0.0)? as u16,
        required: number("required", 1.0, 5.0, 1.0)? as u8,
        release_blocks: number("release_blocks", 1.0, short, f64::from(Rules::DEFAULT.release_blocks))?
            as u16,
        invalid_frames: number("invalid_frames", 1.0, short, f64::from(Rules::DEFAULT.invalid_frames))?
            as u16,
        frozen_frames: number("frozen_frames", 2.0, short, f64::from(Rules::DEFAULT.frozen_frames))? as u16,
        warm_up_frames: number("warm_up", 0.0, short, 0.0)? as u16,
        ..Rules::DEFAULT
    };
    let fixed = told.get_item("fixed")?.map_or(Ok(false), |fixed| fixed.extract::<bool>())?;
    Ok(Settings {
        identity: Identity {
            model: number("model", 0.0, f64::from(u32::MAX), 0.0)? as u32,
            mounting: number("mounting", 0.0, f64::from(u32::MAX), 0.0)? as u32,
            height: side(shape.height())?,
            width: side(shape.width())?,
            ..Identity::default()
        },
        rules,
        slack: Q16::from_f32(number("slack", 0.0, 100.0, 0.5)? as f32),
        false_alarm_frames: number("false_alarm_interval", 2.0, 1e12, 100_000.0)?,
        site: false,
        fixed,
    })
}

fn record<'py>(py: Python<'py>, profile: &Profile) -> PyResult<Bound<'py, PyBytes>> {
    let mut record = [0; Profile::RECORD_LEN];
    profile.write(&mut record).map_err(refused)?;
    Ok(PyBytes::new(py, &record))
}

fn read(bytes: &[u8]) -> PyResult<Profile> {
    let profile = Profile::read(bytes);
    let profile = profile
        .map_err(|e| refused(format!("profile: {e}: read one of `segmeter profile`, or learn one")))?;
    if profile.identity.classes != 0 {
        return Err(refused("profile: is of one of several classes, expected one of one score per pixel"));
    }
    Ok(profile)
}

/// What is said of a profile.
#[pyfunction]
pub(crate) fn profile_facts<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let profile = read(bytes)?;
    let facts = PyDict::new(py);
    facts.set_item("fingerprint", profile.fingerprint())?;
    facts.set_item("frames", profile.identity.frames)?;
    facts.set_item("height", profile.identity.height)?;
    facts.set_item("width", profile.identity.width)?;
    facts.set_item("model", profile.identity.model)?;
    facts.set_item("mounting", profile.identity.mounting)?;
    facts.set_item("block", profile.rules.block_frames)?;
    Ok(facts)
}

/// A monitor with its profile.
#[pyclass(module = "segmeter._segmeter")]
pub(crate) struct Watch {
    profile: Box<Profile>,
    table: Box<SigmoidTable>,
    monitor: Monitor,
}

#[pymethods]
impl Watch {
    #[new]
    fn new(profile: &[u8]) -> PyResult<Self> {
        let profile = read(profile)?;
        let table = SigmoidTable::new(&profile.quantiser);
        Ok(Self { profile: Box::new(profile), table: Box::new(table), monitor: Monitor::new() })
    }

    /// Whether codes are signed.
    fn is_signed(&self) -> bool {
        self.profile.quantiser.index(0) != 0
    }

    /// Shows the next frame to the monitor: what `segmeter watch --json` prints of it.
    fn watch<'py>(
        &mut self,
        py: Python<'py>,
        codes: &Bound<'py, PyAny>,
        labels: Option<PyReadonlyArray1<'py, u8>>,
        ignore: u8,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (Frame { sketch, outline }, _) =
            measured(codes, labels.as_ref(), ignore, self.profile.quantiser)?;
        let seen = self.monitor.watch(&self.profile, &self.table, &sketch, &outline, Facts::default());
        let (statistics, distances, said) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
        for signal in Signal::ALL {
            let to = match signal {
                Signal::PopulationStability | Signal::Wasserstein => &distances,
                _ => &statistics,
            };
            let value = seen.signals.ok().and_then(|signals| signals.get(signal));
            to.set_item(signal.name(), value.map(Q16::to_f64))?;
        }
        let estimate =
            |of: fn(&EstimatedIou) -> Q16| seen.estimate.as_ref().map(|estimate| of(estimate).to_f64());
        let harm = |of: fn(&Harm) -> Q16| seen.harm.as_ref().map(|harm| of(harm).to_f64());
        said.set_item("valid", seen.signals.is_ok())?;
        said.set_item("invalid", seen.signals.err().map(Invalid::name))?;
        said.set_item("statistics", statistics)?;
        said.set_item("distances", distances)?;
        for (name, value) in [
            ("estimated_iou", estimate(|estimate| estimate.value)),
            ("estimated_iou_low", estimate(|estimate| estimate.low)),
            ("estimated_iou_high", estimate(|estimate| estimate.high)),
            ("iou_lost", harm(|harm| harm.lost)),
            ("iou_lost_least", harm(|harm| harm.least)),
            ("iou_lost_most", harm(|harm| harm.most)),
        ] {
            said.set_item(name, value)?;
        }
        said.set_item("state", seen.verdict.state.name())?;
        said.set_item("reasons", verdict::reasons(seen.verdict.reasons))?;
        if labels.is_some() {
            let has_labels = sketch.labelled(0) + sketch.labelled(1) != 0;
            let iou = || Confusion::of_sketch(&sketch, &self.table).class(1).iou().value();
            said.set_item("iou", has_labels.then(iou).flatten())?;
        }
        Ok(said)
    }

    fn acknowledge(&mut self) {
        self.monitor.acknowledge();
    }

    /// The monitor as a record, for this profile alone.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let snapshot = Snapshot { sequence: 0, profile: self.profile.fingerprint(), monitor: self.monitor };
        let mut record = [0; Snapshot::LEN];
        snapshot.write(&mut record).map_err(refused)?;
        Ok(PyBytes::new(py, &record))
    }

    fn restore(&mut self, bytes: &[u8]) -> PyResult<()> {
        let snapshot = Snapshot::read(bytes).map_err(|error| refused(format!("snapshot: {error}")))?;
        if snapshot.profile != self.profile.fingerprint() {
            return Err(refused("snapshot: is of a monitor with another profile"));
        }
        self.monitor = snapshot.monitor;
        Ok(())
    }
}

/// A frame of `(H,W)` codes.
fn measured(
    codes: &Bound<'_, PyAny>,
    labels: Option<&PyReadonlyArray1<'_, u8>>,
    ignore: u8,
    quantiser: Quantiser,
) -> PyResult<(Frame, Shape)> {
    if let Ok(codes) = codes.cast::<PyArrayDyn<i8>>() {
        let shape = shape(codes.shape())?;
        return Ok((frame(codes.try_readonly()?.as_slice()?, shape, labels, ignore, quantiser)?, shape));
    }
    let codes = codes.cast::<PyArrayDyn<u8>>()?;
    let shape = shape(codes.shape())?;
    Ok((frame(codes.try_readonly()?.as_slice()?, shape, labels, ignore, quantiser)?, shape))
}

fn shape(sides: &[usize]) -> PyResult<Shape> {
    let side = |place: usize| u32::try_from(sides.get(place).copied().unwrap_or(0)).unwrap_or(u32::MAX);
    Shape::new(side(0), side(1)).map_err(|error| refused(format!("frames: {error}")))
}

fn frame<Q: Code>(
    codes: &[Q],
    shape: Shape,
    labels: Option<&PyReadonlyArray1<'_, u8>>,
    ignore: u8,
    quantiser: Quantiser,
) -> PyResult<Frame> {
    let wrong = |error| refused(format!("labels: {error}, expected 0, 1, or ignore"));
    let codes =
        Quantised::new(shape, codes, quantiser).map_err(|error| refused(format!("frames: {error}")))?;
    let labels = labels.map(|labels| labels.as_slice()).transpose()?;
    let labels = labels.map(|ids| Labels::new(shape, ids, ignore)).transpose().map_err(wrong)?;
    Frame::new(&codes, labels.as_ref()).map_err(wrong)
}
