//! Images of both sides, as ids and as scores.

use std::path::Path;

use segmeter::core::view::{Code, Quantiser, Shape};
use segmeter::files::{Elements, Image, Order, Source};

use super::super::predict::IGNORED;
use super::super::prediction::Prediction;
use super::Arguments;
use crate::command::Failure;
use crate::command::input::{Ids, Input, PROBABILITIES, wrong_score};

/// HOST and TARGET.
pub(super) struct Sides {
    host: Side,
    target: Side,
    /// The numbers of the images that are compared, in HOST and in TARGET.
    pairs: Vec<[usize; 2]>,
    /// Ids of HOST whose pixels are not compared.
    ignored: Vec<u16>,
}

/// One of the two.
struct Side {
    source: Source,
    prediction: Prediction,
    type_name: &'static str,
    channels: usize,
    is_probability: bool,
}

/// An image of both.
pub(super) struct Pair {
    pub(super) shape: Shape,
    /// Of HOST: pixels that are not compared are [`IGNORED`].
    pub(super) host: Ids<u16>,
    pub(super) target: Ids<u16>,
    /// Where both have scores: the largest difference of two, and the sum of all with their number.
    pub(super) differences: Option<Differences>,
}

/// How far scores are apart.
#[derive(Clone, Copy)]
pub(super) struct Differences {
    /// Infinite, if one of two scores is.
    pub(super) largest: f64,
    /// The pixel of the largest, and its class.
    pub(super) place: [usize; 2],
    pub(super) sum: f64,
    pub(super) count: u64,
}

impl Sides {
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let paths = [arguments.host.as_path(), &arguments.target];
        let [own, other] = arguments.host_input.sides(&arguments.input, paths)?;
        let host = Source::open(paths[0], own.exact_reading(paths[0])?)?;
        let target = Source::open_partner(paths[1], other.exact_reading(paths[1])?)?;
        let selected: Vec<usize> = arguments.input.slots(&host)?.iter().map(|slot| slot.index).collect();
        let partners = host.partners(&target, &selected)?;
        let pairs: Vec<[usize; 2]> =
            selected.into_iter().zip(partners).map(|(own, other)| [own, other]).collect();
        let first = |source: &Source, side: usize, input: &Input| {
            let mut images = pairs.iter().map(|pair| source.image(pair[side]));
            let first = images.next().unwrap_or_else(|| source.image(0));
            match first {
                Err(_) if input.keeps_going() => images.find_map(Result::ok).map_or(first, Ok),
                first => first,
            }
        };
        let images = [first(&host, 0, &own)?, first(&target, 1, &other)?];
        let are_codes =
            images.each_ref().map(|image| matches!(image.elements, Elements::I8(_) | Elements::U8(_)));
        if are_codes == [false; 2] && (own.has_scale() || other.has_scale()) {
            let line = "found no 8-bit numbers on either side, which --scale and --zero-point are for: leave them out";
            return Err(Failure::Input(line.to_owned()));
        }
        let [host_image, target_image] = images;
        let host = Side::new(host, &host_image, &own, arguments.threshold)?;
        let target = Side::new(target, &target_image, &other, arguments.threshold)?;
        let [a, b] = [&host, &target].map(|side| (side.channels, side.source.path().display()));
        if host.has_scores() && target.has_scores() && a.0 != b.0 {
            return Err(Failure::Input(format!(
                "{}: found {} scores a pixel, expected {} as in {}: say --layout, or --host-layout if HOST has other axes",
                b.1, b.0, a.0, a.1
            )));
        }
        Ok(Self { host, target, pairs, ignored: arguments.ignore.clone() })
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Forgets images.
    pub(super) fn retain(&mut self, is_kept: impl Fn(usize) -> bool) {
        let mut place = 0..;
        self.pairs.retain(|_| place.next().is_some_and(&is_kept));
    }

    pub(super) fn paths(&self) -> [&Path; 2] {
        [self.host.source.path(), self.target.source.path()]
    }

    /// What an image is called.
    pub(super) fn name(&self, place: usize) -> String {
        self.pairs.get(place).map_or_else(String::new, |[host, _]| self.host.source.name(*host))
    }

    /// The files of an image.
    pub(super) fn files(&self, place: usize) -> [&Path; 2] {
        let [host, target] = self.pairs.get(place).copied().unwrap_or_default();
        [self.host.source.file(host), self.target.source.file(target)]
    }

    /// Names of the classes, where there are scores that tell.
    pub(super) fn class_names(&self) -> Option<Vec<String>> {
        let mut scored = [&self.host, &self.target].into_iter().filter(|side| side.has_scores());
        let channels = scored.next()?.channels;
        Some(if channels == 1 {
            ["background", "foreground"].map(str::to_owned).to_vec()
        } else {
            super::numbered(channels)
        })
    }

    /// Reads an image of both.
    pub(super) fn pair(&self, place: usize) -> Result<Pair, Failure> {
        let [host, target] =
            *self.pairs.get(place).ok_or_else(|| Failure::Input("found no such image".to_owned()))?;
        let [host_file, target_file] = self.files(place);
        segmeter::files::check_sizes(host_file, target_file)?;
        let (mut own, mut other) = (self.host.image(host)?, self.target.image(target)?);
        if own.shape != other.shape {
            let [expected, found] = [&own, &other].map(|image| (image.shape.height(), image.shape.width()));
            return Err(Failure::Input(format!(
                "{}: found {}x{} pixels in image {}, expected {}x{} as in {}",
                target_file.display(),
                found.0,
                found.1,
                self.name(place),
                expected.0,
                expected.1,
                host_file.display()
            )));
        }
        let shape = own.shape;
        let [host_ids, target_ids] = [self.host.ids(&mut own, host)?, self.target.ids(&mut other, target)?];
        let host_ids =
            host_ids.replaced(|_, id| Ok(if self.ignored.contains(&id) { IGNORED } else { id }))?;
        let are_scores = self.host.has_scores() && self.target.has_scores();
        let differences = are_scores.then(|| self.differences([&own, &other], &host_ids));
        Ok(Pair { shape, host: host_ids, target: target_ids, differences: differences.flatten() })
    }

    /// Of the pixels that are compared; `None` without one.
    fn differences(&self, [host, target]: [&Image; 2], ids: &Ids<u16>) -> Option<Differences> {
        let mut all = Differences { largest: 0.0, place: [0; 2], sum: 0.0, count: 0 };
        let ids = ids.each();
        for class in 0..host.channels {
            let [a, b] = [self.host.plane(host, class), self.target.plane(target, class)];
            let scores = a.iter().zip(&b).enumerate().zip(&*ids).filter(|(_, id)| **id != IGNORED);
            for ((pixel, (a, b)), _) in scores {
                // Two infinite scores of one sign are the same.
                let difference = if a.to_bits() == b.to_bits() { 0.0 } else { (a - b).abs() };
                if difference > all.largest {
                    (all.largest, all.place) = (difference, [pixel, class]);
                }
                all.sum += difference;
                all.count += 1;
            }
        }
        (all.count != 0).then_some(all)
    }
}

impl Side {
    fn new(source: Source, image: &Image, input: &Input, threshold: f64) -> Result<Self, Failure> {
        let is_float = matches!(image.elements, Elements::F32(_) | Elements::F64(_));
        let input = if is_float { input.of_floats() } else { input.clone() };
        let prediction = Prediction::of(image, &input, source.path(), threshold)?;
        let (type_name, channels) = (image.elements.type_name(), image.channels);
        Ok(Self { source, prediction, type_name, channels, is_probability: input.is_probability() })
    }

    const fn has_scores(&self) -> bool {
        !matches!(self.prediction, Prediction::Mask)
    }

    fn refused(&self, index: usize, line: &str) -> Failure {
        let (file, name) = (self.source.file(index).display(), self.source.name(index));
        Failure::Input(format!("{file}: {line} in image {name}"))
    }

    /// An image like the first.
    fn image(&self, index: usize) -> Result<Image, Failure> {
        let image = self.source.image(index)?;
        if image.channels != self.channels {
            let line = format!(
                "found {} channels, expected {} as in the first image,",
                image.channels, self.channels
            );
            return Err(self.refused(index, &line));
        }
        let wrong = wrong_score(&image.elements, self.is_probability, |_| true);
        match wrong.filter(|_| self.has_scores()) {
            Some((place, score)) => {
                let expected = if self.is_probability { PROBABILITIES } else { "expected a logit" };
                Err(self.refused(index, &format!("found {score} at place {place}, {expected},")))
            }
            None => Ok(image),
        }
    }

    fn ids(&self, image: &mut Image, index: usize) -> Result<Ids<u16>, Failure> {
        let is_mask =
            |name: &str| matches!(self.prediction, Prediction::Mask) && ["u8", "u16"].contains(&name);
        let found = image.elements.type_name();
        let is_type = found == self.type_name || is_mask(found);
        let Some(ids) = Some(()).filter(|()| is_type).and_then(|()| self.prediction.ids(image)) else {
            let line = format!("found {found}, expected {} as in the first image,", self.type_name);
            return Err(self.refused(index, &line));
        };
        if ids.any(|id| id == IGNORED) {
            return Err(self.refused(index, &format!("found class id {IGNORED}, expected ids below it,")));
        }
        Ok(ids)
    }

    /// The scores of a class, as numbers that codes stand for.
    fn plane(&self, image: &Image, class: usize) -> Vec<f64> {
        let pixels = image.shape.pixels();
        let (first, step) =
            if image.order == Order::Interleaved { (class, image.channels) } else { (class * pixels, 1) };
        fn strided<T: Copy>(
            all: &[T],
            (first, step): (usize, usize),
            pixels: usize,
            of: impl Fn(T) -> f64,
        ) -> Vec<f64> {
            all.iter().skip(first).step_by(step).take(pixels).map(|one| of(*one)).collect()
        }
        fn code<Q: Code>(quantiser: Option<Quantiser>) -> impl Fn(Q) -> f64 {
            let scores: Vec<f64> = match quantiser {
                Some(quantiser) => {
                    (0..=u8::MAX).map(|byte| f64::from(quantiser.score(quantiser.index(byte)))).collect()
                }
                None => Vec::new(),
            };
            move |code: Q| scores.get(usize::from(code.byte())).copied().unwrap_or(0.0)
        }
        let (place, quantiser) = ((first, step), self.prediction.quantiser());
        match &image.elements {
            Elements::F32(all) => strided(all, place, pixels, f64::from),
            Elements::F64(all) => strided(all, place, pixels, |score| score),
            Elements::I8(all) => strided(all, place, pixels, code(quantiser)),
            Elements::U8(all) => strided(all, place, pixels, code(quantiser)),
            Elements::U16(_) => Vec::new(),
        }
    }
}
