//! Images as predictions beside their labels.

use std::path::Path;

use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Activation, Code, Labels, Quantised, Quantiser, Shape};
use segmeter::files::{self, Elements, Image, Order, Slot, Source, transposed};

use super::exact::Real;
use super::{Arguments, Failure};
use crate::command::input::{LabelReader, Layout};

/// Reads predictions and labels image by image.
pub(super) struct Reader {
    source: Source,
    slots: Vec<Slot>,
    labels: LabelReader,
    kind: Prediction,
    /// Codes are probabilities in steps of 1/255.
    stored: bool,
    /// Logits are `f64`.
    is_exact: bool,
}

/// What the numbers of a prediction are.
enum Prediction {
    /// Class ids.
    Mask,
    /// Binary logits; foreground above this one.
    Logits(f64),
    /// 8-bit binary logits or probabilities; foreground above this code index.
    Quantised(Quantiser, Option<u8>),
    /// Logits of this many classes, or codes for them; the highest wins, the lowest id where several are.
    Classes(usize, Option<Quantiser>),
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
    /// Class ids.
    pub(super) prediction: Vec<u8>,
    pub(super) labels: Vec<u8>,
    /// Of 8-bit binary outputs.
    pub(super) sketch: Option<Sketch>,
    /// Binary logits if they are no codes, or logits of every class, plane after plane; none of other predictions.
    pub(super) logits: Logits,
}

impl Reader {
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        files::check_sizes(&arguments.prediction, &arguments.labels)?;
        let source =
            arguments.input.exact_source(&arguments.prediction, arguments.layout.map(Layout::order))?;
        let slots = arguments.input.slots(&source)?;
        let labels = arguments.label_input.open(&arguments.labels, &source, slots.len())?;
        if let (Some(stray), false) = (labels.stray(&source), arguments.input.has_frames()) {
            let line = format!("found no prediction for these labels in {}", source.path().display());
            return Err(Failure::Input(format!("{}: {line}, expected one", stray.display())));
        }
        let threshold = arguments.threshold;
        if !(threshold > 0.0 && threshold < 1.0) {
            return Err(Failure::Input(format!(
                "found --threshold {threshold}, expected a probability in (0,1)"
            )));
        }
        let logit = libm::log(threshold / (1.0 - threshold));
        let first = slots.first().map_or(0, |slot| slot.index);
        let Image { elements, channels, .. } = source.image(first)?;
        let kind = match &elements {
            Elements::U8(_) if channels > 1 && !arguments.input.is_quantised() => {
                let line =
                    format!("found u8 of {channels} channels, expected one class id a pixel, or logits");
                return Err(Failure::Input(format!("{}: {line} with --scale", source.path().display())));
            }
            _ if channels > 1 => {
                Prediction::Classes(channels, arguments.input.quantiser(&elements, source.path())?)
            }
            Elements::U8(_) if !arguments.input.is_quantised() => Prediction::Mask,
            _ => match arguments.input.quantiser(&elements, source.path())? {
                Some(quantiser) => {
                    // Probabilities are compared as such: 0 and 255 have no logit.
                    let is_above = |index: &u8| match (quantiser.activation(), quantiser.affine()) {
                        (Activation::Logits, _) => f64::from(quantiser.logit(*index)) > logit,
                        (Activation::Probabilities, None) => f64::from(*index) / 255.0 > threshold,
                        (Activation::Probabilities, Some(_)) => quantiser.score(*index) > threshold as f32,
                    };
                    let above = (0u8..=255).find(is_above);
                    // All codes are background if even the highest is not above.
                    Prediction::Quantised(quantiser, above)
                }
                None => Prediction::Logits(logit),
            },
        };
        let is_mask = matches!(kind, Prediction::Mask | Prediction::Classes(..));
        super::refuse(
            is_mask && threshold.to_bits() != 0.5f64.to_bits(),
            "--threshold",
            "for class-id masks and logits of classes",
        )?;
        super::refuse(
            is_mask && labels.is_mapped(),
            "--foreground",
            "for several classes: every one is reported",
        )?;
        let stored = arguments.input.is_probability();
        let is_exact = matches!(elements, Elements::F64(_));
        Ok(Self { source, slots, labels, kind, stored, is_exact })
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether predictions are binary logits.
    pub(super) fn is_binary(&self) -> bool {
        !matches!(self.kind, Prediction::Mask | Prediction::Classes(..))
    }

    /// The number of classes, if predictions tell.
    pub(super) const fn classes(&self) -> Option<usize> {
        match self.kind {
            Prediction::Classes(classes, _) => Some(classes),
            _ => None,
        }
    }

    /// Whether predictions are logits of classes, of which softmax makes probabilities.
    pub(super) const fn has_softmax(&self) -> bool {
        matches!(self.kind, Prediction::Classes(..)) && !self.stored
    }

    /// Whether logits are `f64`.
    pub(super) const fn is_exact(&self) -> bool {
        self.is_exact
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

    /// The table of codes, unless they are probabilities in steps of 1/255.
    pub(super) fn table(&self) -> Option<SigmoidTable> {
        let quantiser = self.quantiser().filter(|quantiser| quantiser.affine().is_some());
        quantiser.map(|quantiser| SigmoidTable::new(&quantiser))
    }

    /// Where the labels of an image are.
    pub(super) fn label_file(&self, image: usize) -> &Path {
        self.slots.get(image).map_or(self.labels.path(), |slot| self.labels.file(&self.source, *slot))
    }

    /// Every image in order.
    fn pairs(&self) -> impl Iterator<Item = Result<Pair, Failure>> + '_ {
        (0..self.len()).map(|image| self.pair(image))
    }

    /// The highest class id of labels and predictions, at least 1.
    pub(super) fn highest_id(&self) -> Result<usize, Failure> {
        let ignore = self.labels.ignore();
        let mut highest = 1;
        for pair in self.pairs() {
            let Pair { prediction, labels, .. } = pair?;
            let ids = prediction.iter().chain(&labels).filter(|id| **id != ignore);
            highest = highest.max(ids.copied().max().unwrap_or(0));
        }
        Ok(usize::from(highest))
    }

    /// One image of those that were asked for.
    pub(super) fn pair(&self, image: usize) -> Result<Pair, Failure> {
        let number = format!("found {} images, expected image {image}", self.len());
        let slot = *self.slots.get(image).ok_or(Failure::Input(number))?;
        let image = self.source.image(slot.index)?;
        let name = self.source.name(slot.index);
        let labels = self.labels.ids(&self.source, slot, image.shape)?;
        let channels = self.classes().unwrap_or(1);
        if image.channels != channels {
            let line = format!("found {} channels in image {name}, expected {channels}", image.channels);
            return Err(Failure::Input(format!("{}: {line}", self.path().display())));
        }
        self.check_logits(&image, &labels, &name)?;
        let (prediction, sketch) = match (&self.kind, &image.elements) {
            (_, elements) if self.is_exact != matches!(elements, Elements::F64(_)) => {
                return Err(self.other_type(elements, &name));
            }
            (Prediction::Classes(..), _) => (highest(&image), None),
            (Prediction::Mask, Elements::U8(ids)) => (ids.clone(), None),
            (Prediction::Logits(logit), Elements::F32(logits)) => (above(logits, *logit), None),
            (Prediction::Logits(logit), Elements::F64(logits)) => (above(logits, *logit), None),
            (Prediction::Quantised(quantiser, above), Elements::I8(codes)) => {
                self.quantised(&image, codes, &labels, &name, *quantiser, *above)?
            }
            (Prediction::Quantised(quantiser, above), Elements::U8(codes)) => {
                self.quantised(&image, codes, &labels, &name, *quantiser, *above)?
            }
            (_, other) => return Err(self.other_type(other, &name)),
        };
        Ok(Pair { name, shape: image.shape, prediction, labels, sketch, logits: self.logits(image) })
    }

    fn other_type(&self, found: &Elements, name: &str) -> Failure {
        let found = found.type_name();
        let line = format!("found {found} in image {name}, expected the type of the first image");
        Failure::Input(format!("{}: {line}", self.path().display()))
    }

    /// Refuses NaN, but where it is not scored.
    fn check_logits(&self, image: &Image, labels: &[u8], name: &str) -> Result<(), Failure> {
        fn nan<T: Real>(logits: &[T]) -> impl Iterator<Item = usize> {
            logits.iter().enumerate().filter(|(_, z)| (**z).into().is_nan()).map(|(place, _)| place)
        }
        let pixel = |place: usize| match image.order {
            Order::Interleaved => place / image.channels.max(1),
            _ => place % labels.len().max(1),
        };
        let is_scored = |place: &usize| labels.get(pixel(*place)) != Some(&self.labels.ignore());
        let found = match &image.elements {
            Elements::F32(logits) => nan(logits).find(is_scored),
            Elements::F64(logits) => nan(logits).find(is_scored),
            _ => None,
        };
        let Some(place) = found else { return Ok(()) };
        let what = if image.channels > 1 { "place" } else { "pixel" };
        let line = format!("found NaN at {what} {place} of image {name}, expected a logit");
        Err(Failure::Input(format!("{}: {line}", self.path().display())))
    }

    fn logits(&self, image: Image) -> Logits {
        fn of<Q: Code>(codes: Vec<Q>, quantiser: Option<Quantiser>) -> Vec<f32> {
            let of = |quantiser: Quantiser| {
                codes.iter().map(|code| quantiser.logit(quantiser.index(code.byte()))).collect()
            };
            quantiser.map(of).unwrap_or_default()
        }
        let quantiser = match self.kind {
            Prediction::Classes(_, quantiser) if !self.stored => quantiser,
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
        };
        Logits::F32(if is_interleaved { transposed(&logits, pixels, channels, 1) } else { logits })
    }

    fn quantised<Q: Code>(
        &self,
        image: &Image,
        codes: &[Q],
        labels: &[u8],
        name: &str,
        quantiser: Quantiser,
        above: Option<u8>,
    ) -> Result<(Vec<u8>, Option<Sketch>), Failure> {
        let explain = |e| self.labels.explain(e, name, "0, 1");
        let checked = Labels::new(image.shape, labels, self.labels.ignore()).map_err(explain)?;
        let frame = Quantised::new(image.shape, codes, quantiser).map_err(explain)?;
        let foreground = |code: &Q| above.is_some_and(|above| quantiser.index(code.byte()) >= above);
        let prediction = codes.iter().map(|code| u8::from(foreground(code))).collect();
        Ok((prediction, Some(Sketch::of(&frame, Some(&checked)).map_err(explain)?)))
    }
}

/// Which logits are above one.
fn above<T: Real>(logits: &[T], least: f64) -> Vec<u8> {
    logits.iter().map(|z| u8::from((*z).into() > least)).collect()
}

/// The class with the highest logit at every pixel.
fn highest(image: &Image) -> Vec<u8> {
    match &image.elements {
        Elements::F32(logits) => argmax(logits, image),
        Elements::F64(logits) => argmax(logits, image),
        Elements::I8(codes) => argmax(codes, image),
        Elements::U8(codes) => argmax(codes, image),
    }
}

/// The channel with the highest number at every pixel, the lowest of those that tie.
fn argmax<T: PartialOrd>(numbers: &[T], image: &Image) -> Vec<u8> {
    let pixels = image.shape.pixels();
    let number = |pixel: usize, channel: usize| match image.order {
        Order::Interleaved => &numbers[pixel * image.channels + channel],
        _ => &numbers[channel * pixels + pixel],
    };
    let better = |pixel: usize, best: usize, channel: usize| {
        if number(pixel, channel) > number(pixel, best) { channel } else { best }
    };
    // What has more channels than a byte has values is refused with its number of classes.
    let class =
        |pixel: usize| (1..image.channels).fold(0, |best, channel| better(pixel, best, channel)) as u8;
    (0..pixels).map(class).collect()
}
