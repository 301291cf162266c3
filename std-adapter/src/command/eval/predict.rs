//! Images as predictions beside their labels.

use std::path::Path;

use segmeter::core::sketch::Sketch;
use segmeter::core::view::{Code, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter::files::partial::by_name;
use segmeter::files::{self, Elements, Image, Order, Slot, Source, transposed};

use super::outputs::Outputs;
use super::prediction::Prediction;
use super::{Arguments, Failure};
use crate::command::input::{Broken, Ids, LabelReader, PROBABILITIES, wrong_score};
use segmeter::scores::Scale;

mod rows;

/// The id of every pixel that is not scored, whatever the file has there.
pub(super) const IGNORED: u16 = u16::MAX;

/// Reads predictions and labels image by image.
pub(super) struct Reader {
    source: Source,
    slots: Vec<Slot>,
    labels: LabelReader,
    kind: Prediction,
    /// Scores are probabilities.
    is_probability: bool,
    /// Scores are `f64`.
    is_exact: bool,
    /// The predicted id that is foreground, if class ids are made binary.
    foreground: Option<u16>,
    /// Whether files may be masks whose rows are ids as they are.
    has_rows: bool,
}

/// Logits as they are stored.
pub(super) enum Logits {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// One image.
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Class ids; of labels also [`IGNORED`].
    pub(super) prediction: Ids<u16>,
    pub(super) labels: Ids<u16>,
    /// Of 8-bit binary outputs.
    pub(super) sketch: Option<Sketch>,
    /// Binary scores if they are no codes, or scores of every class, plane after plane; none of other predictions.
    pub(super) logits: Logits,
}

impl Pair {
    /// What is read next takes its memory.
    pub(super) fn give_back(self) {
        self.prediction.give_back();
        self.labels.give_back();
    }
}

impl Reader {
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        files::check_sizes(&arguments.prediction, &arguments.labels)?;
        let source = arguments.input.exact_source(&arguments.prediction, arguments.input.order())?;
        let slots = arguments.input.slots(&source)?;
        let mut labels = arguments.label_input.open(&arguments.labels, &source, &slots)?;
        if arguments.said_classes().is_some_and(|classes| classes > usize::from(IGNORE)) {
            labels.score_all();
        }
        let image = arguments.input.first(&source, &slots)?;
        let quantiser = match &image.elements {
            Elements::I8(_) | Elements::U8(_) if arguments.input.is_quantised() => {
                arguments.input.quantiser(&image.elements, source.path())?
            }
            _ => None,
        };
        let enlarged = arguments.upsample.of(&image, quantiser);
        let enlarged =
            enlarged.map_err(|line| Failure::Input(format!("{}: {line}", source.path().display())))?;
        let threshold = arguments.threshold;
        let kind = match enlarged {
            Some(enlarged) => Prediction::Enlarged(enlarged),
            None => Prediction::of(&image, &arguments.input, source.path(), threshold)?,
        };
        let is_mask = matches!(kind, Prediction::Mask | Prediction::Classes(..) | Prediction::Enlarged(_));
        super::refuse(
            is_mask && threshold.to_bits() != 0.5f64.to_bits(),
            "--threshold",
            "for class-id masks and logits of classes",
        )?;
        super::refuse(
            matches!(kind, Prediction::Classes(3.., _) | Prediction::Enlarged(_))
                && labels.foreground().is_some(),
            "--foreground",
            "for scores of several classes: every one is reported; of ids say --map labels=FILE",
        )?;
        let is_probability = arguments.input.is_probability();
        let is_exact = matches!(image.elements, Elements::F64(_));
        // A file of all images has been read.
        let is_plain = arguments.input.is_plain() && source.path().is_dir();
        let has_rows = is_plain && matches!(kind, Prediction::Mask);
        let foreground = None;
        let mut reader = Self { source, slots, labels, kind, is_probability, is_exact, foreground, has_rows };
        reader.foreground = reader.predicted_foreground();
        if arguments.input.keeps_going() {
            reader.leave_out_broken()?;
        }
        Ok(reader)
    }

    /// Names the images that cannot be read, and forgets them. Every file is read once more for it.
    fn leave_out_broken(&mut self) -> Result<(), Failure> {
        let errors: Vec<Option<Failure>> = (0..self.len()).map(|image| self.pair(image).err()).collect();
        let broken = Broken::of(errors.iter().flatten(), self.path(), self.len())?;
        let mut whole = errors.iter().map(Option::is_none);
        self.slots.retain(|_| whole.next().unwrap_or(false));
        broken.note();
        Ok(())
    }

    /// Which predicted id is foreground, if class ids are made binary.
    fn predicted_foreground(&self) -> Option<u16> {
        let masks = self.slots.iter().filter_map(|slot| {
            let image = self.source.image(slot.index).ok()?;
            self.mask(*slot, Ids::of(image.elements).ok()?).ok()
        });
        if matches!(self.kind, Prediction::Mask) { self.labels.foreground_in(masks) } else { None }
    }

    /// The class ids of a predicted mask.
    fn mask(&self, slot: Slot, ids: Ids<u16>) -> Result<Ids<u16>, Failure> {
        let ids = self.labels.predicted(ids).and_then(|ids| match self.foreground {
            Some(foreground) => self.labels.binary(ids, foreground),
            None => Ok(ids),
        });
        Ok(ids.map_err(|e| e.at(self.source.file(slot.index)))?)
    }

    /// Takes images in the order of their names, whatever list named them.
    pub(super) fn sort(&mut self) {
        let source = &self.source;
        self.slots.sort_by(|a, b| by_name(&source.name(a.index), &source.name(b.index)));
    }

    /// The predicted id that is foreground, if class ids are made binary.
    pub(super) const fn foreground(&self) -> Option<u16> {
        self.foreground
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether predictions are binary scores.
    pub(super) fn is_binary(&self) -> bool {
        matches!(self.kind, Prediction::Scores(_) | Prediction::Quantised(..))
    }

    /// Whether there is a foreground and a background and nothing else.
    pub(super) fn has_two(&self) -> bool {
        self.is_binary() || self.foreground.is_some()
    }

    /// Whether scores were read as logits because nothing says otherwise.
    pub(super) const fn has_float_logits(&self) -> bool {
        !self.is_probability && matches!(self.kind, Prediction::Scores(_) | Prediction::Classes(_, None))
    }

    /// What scores are.
    pub(super) fn scale(&self) -> Scale {
        if self.is_probability { Scale::Probability } else { Scale::Logit }
    }

    /// The number of classes, if predictions tell.
    pub(super) const fn classes(&self) -> Option<usize> {
        match self.kind {
            Prediction::Classes(classes, _) => Some(classes),
            Prediction::Enlarged(enlarged) => Some(enlarged.classes()),
            _ => None,
        }
    }

    /// Whether predictions are scores of classes: probabilities, or logits of which softmax makes some.
    pub(super) const fn has_softmax(&self) -> bool {
        matches!(self.kind, Prediction::Classes(..))
    }

    /// What predictions are.
    pub(super) fn outputs(&self) -> Outputs {
        let (is_binary, classes, is_exact) = (self.is_binary(), self.classes(), self.is_exact);
        Outputs { is_binary, classes, is_exact, quantiser: self.quantiser() }
    }

    pub(super) fn labels(&self) -> &LabelReader {
        &self.labels
    }

    pub(super) fn path(&self) -> &Path {
        self.source.path()
    }

    /// What codes stand for, if predictions are 8-bit.
    pub(super) const fn quantiser(&self) -> Option<Quantiser> {
        match self.kind {
            Prediction::Quantised(quantiser, _) => Some(quantiser),
            _ => None,
        }
    }

    /// What an image is called.
    pub(super) fn name(&self, image: usize) -> String {
        self.slots.get(image).map_or_else(String::new, |slot| self.source.name(slot.index))
    }

    /// Where an image is.
    pub(super) fn file(&self, image: usize) -> &Path {
        self.slots.get(image).map_or(self.path(), |slot| self.source.file(slot.index))
    }

    /// Where the labels of an image are.
    pub(super) fn label_file(&self, image: usize) -> &Path {
        self.slots.get(image).map_or(self.labels.path(), |slot| self.labels.file(&self.source, *slot))
    }

    /// One image of those that were asked for.
    pub(super) fn pair(&self, image: usize) -> Result<Pair, Failure> {
        let number = format!("found {} images, expected image {image}", self.len());
        let slot = *self.slots.get(image).ok_or(Failure::Input(number))?;
        // Known before either is decoded.
        files::check_sizes(self.source.file(slot.index), self.labels.file(&self.source, slot))?;
        let mut image = self.source.image(slot.index)?;
        let name = self.source.name(slot.index);
        let refused = |line| Failure::Input(format!("{}: {line} in image {name}", self.path().display()));
        let shape = match &self.kind {
            Prediction::Enlarged(enlarged) => enlarged.shape(image.shape).map_err(refused)?,
            _ => image.shape,
        };
        let labels = self.labels.ids_but(&self.source, slot, shape, IGNORED)?;
        let channels = self.classes().unwrap_or(1);
        if image.channels != channels {
            let line = format!("found {} channels in image {name}, expected {channels}", image.channels);
            return Err(Failure::Input(format!("{}: {line}", self.path().display())));
        }
        if let Prediction::Enlarged(enlarged) = &self.kind {
            let Some(ids) = enlarged.ids(&image).map_err(refused)? else {
                return Err(self.other_type(&image.elements, &name));
            };
            let (prediction, logits) = (Ids::Each(ids), Logits::F32(Vec::new()));
            return Ok(Pair { name, shape, prediction, labels, sketch: None, logits });
        }
        self.check_scores(&image, &labels, &name)?;
        if self.is_exact != matches!(image.elements, Elements::F64(_)) {
            return Err(self.other_type(&image.elements, &name));
        }
        let Some(ids) = self.kind.ids(&mut image) else {
            return Err(self.other_type(&image.elements, &name));
        };
        let prediction = if matches!(self.kind, Prediction::Mask) { self.mask(slot, ids)? } else { ids };
        let sketch = match (&self.kind, &image.elements) {
            (Prediction::Quantised(quantiser, _), Elements::I8(codes)) => {
                Some(self.sketch(&image, codes, &labels, &name, *quantiser)?)
            }
            (Prediction::Quantised(quantiser, _), Elements::U8(codes)) => {
                Some(self.sketch(&image, codes, &labels, &name, *quantiser)?)
            }
            _ => None,
        };
        Ok(Pair { name, shape: image.shape, prediction, labels, sketch, logits: self.scores(image) })
    }

    fn other_type(&self, found: &Elements, name: &str) -> Failure {
        let found = found.type_name();
        let line = format!("found {found} in image {name}, expected the type of the first image");
        Failure::Input(format!("{}: {line}", self.path().display()))
    }

    /// Refuses what is no score, but where it is not scored.
    fn check_scores(&self, image: &Image, labels: &Ids<u16>, name: &str) -> Result<(), Failure> {
        let pixel = |place: usize| match image.order {
            Order::Interleaved => place / image.channels.max(1),
            _ => place % labels.len().max(1),
        };
        let is_scored = |(place, _): &(usize, f64)| labels.get(pixel(*place)) != Some(IGNORED);
        let found = wrong_score(&image.elements, self.is_probability, is_scored);
        let Some((place, score)) = found else { return Ok(()) };
        let what = if image.channels > 1 { "place" } else { "pixel" };
        let expected = if self.is_probability { PROBABILITIES } else { "expected a logit" };
        let line = format!("found {score} at {what} {place} of image {name}, {expected}");
        Err(Failure::Input(format!("{}: {line}", self.path().display())))
    }

    fn scores(&self, image: Image) -> Logits {
        fn of<Q: Code>(codes: Vec<Q>, quantiser: Option<Quantiser>) -> Vec<f32> {
            let of = |quantiser: Quantiser| {
                codes.iter().map(|code| quantiser.score(quantiser.index(code.byte()))).collect()
            };
            quantiser.map(of).unwrap_or_default()
        }
        let quantiser = match self.kind {
            Prediction::Classes(_, quantiser) => quantiser,
            _ => None,
        };
        let (pixels, channels) = (image.shape.pixels(), image.channels);
        let is_interleaved = image.order == Order::Interleaved && channels > 1;
        let logits = match image.elements {
            Elements::F64(logits) if is_interleaved => {
                return Logits::F64(transposed(&logits, pixels, channels, 1));
            }
            Elements::F64(logits) => return Logits::F64(logits),
            Elements::F32(logits) => logits,
            Elements::I8(codes) => of(codes, quantiser),
            Elements::U8(codes) => of(codes, quantiser),
            Elements::U16(_) => Vec::new(),
        };
        Logits::F32(if is_interleaved { transposed(&logits, pixels, channels, 1) } else { logits })
    }

    fn sketch<Q: Code>(
        &self,
        image: &Image,
        codes: &[Q],
        labels: &Ids<u16>,
        name: &str,
        quantiser: Quantiser,
    ) -> Result<Sketch, Failure> {
        let explain = |e| self.labels.explain(e, name, "0, 1");
        let labels = labels.each();
        if let Some((pixel, id)) = labels.iter().enumerate().find(|(_, id)| **id > 1 && **id != IGNORED) {
            return Err(self.labels.no_class(self.labels.path(), *id, pixel, name, "0, 1"));
        }
        let labels: Vec<u8> = labels.iter().map(|id| u8::try_from(*id).unwrap_or(IGNORE)).collect();
        let checked = Labels::new(image.shape, &labels, IGNORE).map_err(explain)?;
        let frame = Quantised::new(image.shape, codes, quantiser).map_err(explain)?;
        Sketch::of(&frame, Some(&checked)).map_err(explain)
    }
}
