//! What works on 8 bits, of floats as well.

use std::cell::Cell;
use std::path::Path;

use segmeter::core::view::{Activation, Encoding, Quantiser};
use segmeter::files::{Elements, Image};

use super::{Input, PROBABILITIES, Range, wrong_score};
use crate::command::{Failure, note};

/// The step of logits that are not told otherwise: of eight bits, from -8 to 7.94, which is from 0.03 % to 99.96 %.
pub(in crate::command) const STEP: f32 = 0.0625;

/// Floats as codes.
pub(in crate::command) struct Coder {
    quantiser: Quantiser,
    is_float: bool,
    /// Whether 8-bit numbers mean what a profile says, and not what the command line says.
    is_known: bool,
    /// Of all frames.
    range: Cell<Range>,
}

impl Coder {
    /// What the numbers of frames mean: what was said of them, what a profile knows of them, or of floats a fixed step. They
    /// must mean what they meant when the profile, which is this file, was learnt.
    pub(in crate::command) fn new(
        input: &Input,
        first: &Elements,
        path: &Path,
        known: Option<(Quantiser, &Path)>,
    ) -> Result<Self, Failure> {
        let coder = Self::of_input(input, first, path, known.map(|(quantiser, _)| quantiser))?;
        match known {
            Some((quantiser, profile)) if coder.quantiser != quantiser || !coder.takes(first) => {
                let is_other = coder.takes(first) && !coder.is_float;
                let found = if is_other { described(&coder.quantiser) } else { first.type_name().to_owned() };
                Err(Failure::Input(format!(
                    "{}: found {found}, expected {} as in {}: learn a profile of such frames, or leave out --scale, \
                     --zero-point and --probabilities if they say it wrong",
                    path.display(),
                    described(&quantiser),
                    profile.display()
                )))
            }
            _ => Ok(coder),
        }
    }

    fn of_input(
        input: &Input,
        first: &Elements,
        path: &Path,
        known: Option<Quantiser>,
    ) -> Result<Self, Failure> {
        let is_float = matches!(first, Elements::F32(_) | Elements::F64(_));
        if !is_float {
            let told = known.filter(|_| !input.is_quantised());
            let quantiser = match told {
                Some(quantiser) => quantiser,
                None => input.quantiser(first, path)?.ok_or_else(|| no_scores(first, path))?,
            };
            return Ok(Self { quantiser, is_float, is_known: told.is_some(), range: Cell::default() });
        }
        let quantiser = match (input.scale, input.zero_point, known) {
            (Some(_), Some(_), _) => input.affine(Encoding::Signed, path)?,
            _ if input.probabilities => Quantiser::probabilities(),
            (_, _, Some(known)) => known,
            _ => Quantiser::logits(Encoding::Signed, STEP, 0).map_err(|_| no_scores(first, path))?,
        };
        Ok(Self { quantiser, is_float, is_known: false, range: Cell::default() })
    }

    pub(in crate::command) const fn quantiser(&self) -> Quantiser {
        self.quantiser
    }

    /// Whether numbers are of its type.
    pub(in crate::command) fn takes(&self, elements: &Elements) -> bool {
        match elements {
            Elements::F32(_) | Elements::F64(_) => self.is_float,
            Elements::I8(_) => !self.is_float && self.quantiser.encoding() == Encoding::Signed,
            Elements::U8(_) => !self.is_float && self.quantiser.encoding() == Encoding::Unsigned,
            Elements::U16(_) => false,
        }
    }

    /// Says at the end how floats became codes, and what may mislead.
    pub(in crate::command) fn note(&self, path: &Path) {
        self.range.get().note(path, self.quantiser.activation() == Activation::Probabilities);
        let path = path.display();
        match (self.is_float, self.quantiser.affine()) {
            // A step of floats, which no network has been quantised by.
            (false, Some((STEP, 0))) if self.is_known => note(format_args!(
                "{path}: 8-bit codes were taken as {STEP} code, as in the profile, which was learnt from floats: if they are \
                 others, learn a profile of such frames"
            )),
            (false, _) => {}
            (true, None) => {
                note(format_args!("{path}: probabilities are held as 8-bit codes in steps of 1/255"))
            }
            (true, Some((scale, zero_point))) => {
                let [low, high] = ends(self.quantiser.encoding(), scale, zero_point);
                // Half a step beyond the ends is rounding.
                let half = 0.5 * f64::from(scale);
                let is_cut = self.range.get().is_beyond(low - half, high + half);
                let cut = if is_cut { format!(", cut to {low} to {high}") } else { String::new() };
                note(format_args!(
                    "{path}: floats are held as 8-bit codes, value = {scale} (code - {zero_point}){cut}; another step with \
                     --scale and --zero-point"
                ));
            }
        }
    }

    /// An image with codes in the place of floats; `None` if one of them is not a number or infinite.
    ///
    /// # Errors
    /// Numbers of another type than those of the first frame, or what is said to be a probability and is none.
    pub(in crate::command) fn codes(
        &self,
        image: Image,
        index: usize,
        path: &Path,
    ) -> Result<Option<Image>, Failure> {
        let Image { elements, shape, channels, order } = image;
        if !self.takes(&elements) {
            let (path, found) = (path.display(), elements.type_name());
            let expected = match (self.is_float, self.quantiser.encoding()) {
                (true, _) => "floats",
                (_, Encoding::Signed) => "i8",
                _ => "u8",
            };
            let line = format!("{path}: found {found} in image {index}, expected {expected} as in the first");
            return Err(Failure::Input(line));
        }
        let is_probability = self.quantiser.activation() == Activation::Probabilities;
        let none = wrong_score(&elements, is_probability, |(_, score)| score.is_finite());
        if let Some((place, found)) = none.filter(|_| self.is_float) {
            let path = path.display();
            let line = format!("{path}: found {found} at place {place} of image {index}, {PROBABILITIES}");
            return Err(Failure::Input(line));
        }
        if let (Elements::U8(codes), None) = (&elements, self.quantiser.affine()) {
            self.range.set(self.range.get().with_codes(codes));
        }
        let codes = match &elements {
            Elements::F32(values) => self.of(values.iter().map(|value| f64::from(*value))),
            Elements::F64(values) => self.of(values.iter().copied()),
            _ => Some(elements),
        };
        let Some(elements) = codes else { return Ok(None) };
        if is_probability && channels > 1 {
            let mut range = self.range.get();
            let score = |byte: &u8| self.quantiser.score(self.quantiser.index(*byte));
            let shares: Vec<f32> = elements.bytes().unwrap_or_default().iter().map(score).collect();
            range.push_classes((&shares, shape.pixels(), order), |_| true);
            self.range.set(range);
        }
        Ok(Some(Image { elements, shape, channels, order }))
    }

    fn of(&self, values: impl Iterator<Item = f64> + Clone) -> Option<Elements> {
        if !values.clone().all(f64::is_finite) {
            return None;
        }
        let mut range = self.range.get();
        values.clone().for_each(|value| range.push(value));
        self.range.set(range);
        let (scale, zero_point) = self
            .quantiser
            .affine()
            .map_or((1.0 / 255.0, 0.0), |(scale, zero_point)| (f64::from(scale), f64::from(zero_point)));
        let code =
            |value: f64, [least, most]: [f64; 2]| (libm::rint(value / scale) + zero_point).clamp(least, most);
        Some(match self.quantiser.encoding() {
            Encoding::Signed => {
                Elements::I8(values.map(|value| code(value, [-128.0, 127.0]) as i8).collect())
            }
            _ => Elements::U8(values.map(|value| code(value, [0.0, 255.0]) as u8).collect()),
        })
    }
}

/// What codes stand for.
fn described(quantiser: &Quantiser) -> String {
    let kind = if quantiser.encoding() == Encoding::Signed { "i8" } else { "u8" };
    let what = if quantiser.activation() == Activation::Logits { "logits" } else { "probabilities" };
    match quantiser.affine() {
        Some((scale, zero_point)) => format!("{kind} {what} with --scale {scale} --zero-point {zero_point}"),
        None => format!("{kind} {what} in steps of 1/255"),
    }
}

/// The numbers that the lowest and the highest code stand for.
pub(super) fn ends(encoding: Encoding, scale: f32, zero_point: i32) -> [f64; 2] {
    let codes = if encoding == Encoding::Signed { [-128, 127] } else { [0, 255] };
    codes.map(|code: i32| f64::from(scale) * (f64::from(code) - f64::from(zero_point)))
}

fn no_scores(found: &Elements, path: &Path) -> Failure {
    let (path, found) = (path.display(), found.type_name());
    Failure::Input(format!("{path}: found {found}, expected 8-bit or float scores"))
}
