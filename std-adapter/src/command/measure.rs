//! Frames as drift commands measure them: of every class, if there are several.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use segmeter::core::drift::{MOST_CLASSES, against_rest};
use segmeter::core::sketch::SigmoidTable;
use segmeter::core::view::{Activation, Code, Encoding, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter::files::{Elements, Image, Order, Slot, Source};
use segmeter::learn::Frame;

use super::Failure;
use super::input::{Frames, LabelInput, LabelReader, STEP};

/// Labels of some or all frames.
#[derive(Args)]
pub(super) struct LabelArguments {
    /// Labels, for the IoU of the frames that have some; of several drives once for each, in their order
    #[arg(long, value_name = "DIR|FILE")]
    labels: Vec<PathBuf>,
    /// The frames that a file of labels is for, in its order
    #[arg(long, value_name = "I,J,...", requires = "labels")]
    label_frames: Option<Frames>,
    #[command(flatten)]
    label_input: LabelInput,
}

/// Labels of some frames.
pub(super) struct SomeLabels {
    reader: LabelReader,
    /// Frames of a file of labels; `None`: all, or a directory's partners by name.
    frames: Option<Vec<usize>>,
}

impl LabelArguments {
    /// Everything that is read for them.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.labels.iter().cloned().chain(self.label_input.files())
    }

    /// The labels of one drive of `drives`.
    pub(super) fn open(
        &self,
        (drive, drives): (usize, usize),
        source: &Source,
        slots: &[Slot],
    ) -> Result<Option<SomeLabels>, Failure> {
        if !self.labels.is_empty() && self.labels.len() != drives {
            return Err(Failure::Input(format!(
                "found --labels {} times for {drives} recordings, expected it once for each",
                self.labels.len()
            )));
        }
        let Some(path) = self.labels.get(drive) else { return Ok(None) };
        let named = |line: String| {
            let line = line.replace("--frames", "--label-frames");
            Failure::Input(format!("{}: {line}", source.path().display()))
        };
        let frames = self.label_frames.as_ref().map(|frames| frames.indices(source.len())).transpose();
        let frames = frames.map_err(named)?;
        let mut seen = BTreeSet::new();
        if let Some(frame) = frames.iter().flatten().find(|frame| !seen.insert(**frame)) {
            return Err(named(format!("--frames has image {frame} twice, expected it once")));
        }
        let of_frames = |frames: &Vec<usize>| {
            frames.iter().enumerate().map(|(position, index)| Slot { index: *index, position }).collect()
        };
        let labelled: Vec<Slot> = frames.as_ref().map_or_else(|| slots.to_vec(), of_frames);
        let reader = self.label_input.open(path, source, &labelled)?;
        Ok(Some(SomeLabels { reader, frames }))
    }
}

impl SomeLabels {
    /// Says what may mislead, at the end.
    pub(super) fn note(&self) {
        self.reader.note_if_no_foreground();
    }

    /// The ids of a frame's labels; `None` if it has none.
    fn ids(&self, source: &Source, slot: Slot, image: &Image) -> Result<Option<Vec<u8>>, Failure> {
        let position = match &self.frames {
            Some(frames) => frames.iter().position(|frame| *frame == slot.index),
            None => Some(slot.position),
        };
        let Some(position) = position else { return Ok(None) };
        let slot = Slot { index: slot.index, position };
        if !self.reader.has(source, slot) {
            return Ok(None);
        }
        self.reader.ids(source, slot, image.shape).map(Some)
    }
}

/// What numbers of frames mean, and of several classes what the codes of each of them do.
pub(super) struct Measure<'a> {
    source: &'a Source,
    labels: Option<&'a SomeLabels>,
    classes: usize,
    /// Of the codes of a class.
    quantiser: Quantiser,
    /// What a code of the network becomes before classes are compared.
    logits: Option<[i8; 256]>,
}

impl<'a> Measure<'a> {
    /// For images of so many classes whose codes mean this.
    pub(super) fn new(
        source: &'a Source,
        labels: Option<&'a SomeLabels>,
        classes: usize,
        quantiser: Quantiser,
    ) -> Result<Self, Failure> {
        if classes == 1 {
            return Ok(Self { source, labels, classes, quantiser, logits: None });
        }
        let found = |line: String| Failure::Input(format!("{}: {line}", source.path().display()));
        if classes > MOST_CLASSES {
            return Err(found(format!("found {classes} classes, expected at most {MOST_CLASSES}")));
        }
        // Of probabilities the logarithm is a logit of all classes.
        let scale = match quantiser.affine() {
            Some((scale, _)) if quantiser.activation() == Activation::Logits => scale,
            _ => STEP,
        };
        let probability = SigmoidTable::new(&quantiser).probability;
        let logit = |byte: u8| match quantiser.activation() {
            Activation::Logits => quantiser.index(byte).wrapping_sub(128).cast_signed(),
            Activation::Probabilities => {
                let probability = probability[usize::from(quantiser.index(byte))];
                let steps = libm::log(f64::from(probability)) / f64::from(STEP);
                (libm::rint(steps) + 127.0).max(-128.0) as i8
            }
        };
        let mut logits = [0; 256];
        (0..=255).zip(&mut logits).for_each(|(byte, slot)| *slot = logit(byte));
        let quantiser =
            Quantiser::logits(Encoding::Signed, scale, 0).map_err(|error| found(error.to_string()))?;
        Ok(Self { source, labels, classes, quantiser, logits: Some(logits) })
    }

    /// Of what is measured.
    pub(super) const fn quantiser(&self) -> Quantiser {
        self.quantiser
    }

    pub(super) const fn classes(&self) -> usize {
        self.classes
    }

    /// Sketch, with labels if the frame has some, and outline: of every class.
    pub(super) fn frames(&self, slot: Slot, image: &Image) -> Result<Vec<Frame>, Failure> {
        let explain = |e: segmeter::core::Error| match self.labels {
            Some(labels) => labels.reader.explain(e, &self.source.name(slot.index), "0, 1"),
            None => Failure::Input(format!("{}: {e}", self.source.path().display())),
        };
        let ids = self.labels.map(|labels| labels.ids(self.source, slot, image)).transpose()?.flatten();
        let ignore = self.labels.map_or(0, |labels| labels.reader.ignore());
        let Some(logits) = &self.logits else {
            let ids = ids.as_deref().map(|ids| Labels::new(image.shape, ids, ignore)).transpose();
            let ids = ids.map_err(explain)?;
            let frame = match &image.elements {
                Elements::I8(codes) => of(image.shape, codes, self.quantiser, ids.as_ref()),
                Elements::U8(codes) => of(image.shape, codes, self.quantiser, ids.as_ref()),
                Elements::F32(_) | Elements::F64(_) | Elements::U16(_) => {
                    Err(segmeter::core::Error::Parameter("codes"))
                }
            };
            return Ok(vec![frame.map_err(explain)?]);
        };
        self.refuse_foreign(slot, ids.as_deref(), ignore)?;
        let planes = against_rest_of(image, logits).map_err(explain)?;
        let planes = planes.chunks_exact(image.shape.pixels());
        let frame = |(class, codes): (u8, &[i8])| {
            let is_class = |id: &u8| if *id == ignore { IGNORE } else { u8::from(*id == class) };
            let ids: Option<Vec<u8>> = ids.as_ref().map(|ids| ids.iter().map(is_class).collect());
            let ids = ids.as_deref().map(|ids| Labels::new(image.shape, ids, IGNORE)).transpose();
            of(image.shape, codes, self.quantiser, ids?.as_ref())
        };
        (0..).zip(planes).map(|plane| frame(plane).map_err(explain)).collect()
    }

    /// Refuses labels of classes that the network does not have.
    fn refuse_foreign(&self, slot: Slot, ids: Option<&[u8]>, ignore: u8) -> Result<(), Failure> {
        let is_foreign = |id: &&u8| usize::from(**id) >= self.classes && **id != ignore;
        match ids.unwrap_or_default().iter().find(is_foreign) {
            Some(id) => Err(Failure::Input(format!(
                "{}: found class id {id} in the labels, expected ids below {} as the scores have classes, or \
                 ignored ones: say --ignore {id}, or give others with --map",
                self.source.name(slot.index),
                self.classes
            ))),
            None => Ok(()),
        }
    }
}

/// Codes of every class against the rest, class after class.
fn against_rest_of(image: &Image, logits: &[i8; 256]) -> segmeter::core::Result<Vec<i8>> {
    let bytes = image.elements.bytes().ok_or(segmeter::core::Error::Parameter("codes"))?;
    let (pixels, classes) = (image.shape.pixels(), image.channels);
    let at = |pixel: usize, class: usize| match image.order {
        Order::Interleaved => pixel * classes + class,
        _ => class * pixels + pixel,
    };
    let places = (0..pixels).flat_map(|pixel| (0..classes).map(move |class| at(pixel, class)));
    let beside: Vec<i8> = places.map(|place| logits[usize::from(bytes[place])]).collect();
    let mut codes = vec![0; beside.len()];
    against_rest(&beside, classes, &mut codes)?;
    Ok(codes)
}

fn of<Q: Code>(
    shape: Shape,
    codes: &[Q],
    quantiser: Quantiser,
    labels: Option<&Labels<'_>>,
) -> segmeter::core::Result<Frame> {
    Frame::new(&Quantised::new(shape, codes, quantiser)?, labels)
}
