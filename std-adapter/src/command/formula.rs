//! Losses by name: `tversky`, or a weighted sum such as `0.5*bce+2*tversky`.

use std::collections::BTreeMap;

use segmeter::core::loss::{
    BinaryCrossEntropy, Dice, Evaluation, Execute, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky,
    Weighted,
};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::Frame;
use segmeter::core::{Error, Result};

use super::registry::{self, Entry, Kind};

/// A loss chosen at run time.
#[derive(Debug)]
pub(super) enum AnyLoss {
    BinaryCrossEntropy(BinaryCrossEntropy),
    Focal(Focal),
    Dice(Dice),
    Tversky(Tversky),
    FocalTversky(FocalTversky),
    LovaszHinge(LovaszHinge),
    Sum(Box<Weighted<AnyLoss, AnyLoss>>),
}

/// The only place where a name becomes a type.
fn named(name: &str, values: &Values<'_>) -> Result<AnyLoss> {
    let value = |name| values.get(name) as f32;
    let smooth = || Smooth::new(value("numerator_smooth"), value("denominator_smooth"));
    let tversky = || Tversky::new(value("fp_weight"), value("fn_weight"), smooth()?);
    Ok(match name {
        "bce" => AnyLoss::BinaryCrossEntropy(BinaryCrossEntropy),
        "focal" => AnyLoss::Focal(Focal::new(
            value("focusing"),
            value("foreground_weight"),
            value("background_weight"),
        )?),
        "dice" => AnyLoss::Dice(Dice::new(smooth()?)),
        "tversky" => AnyLoss::Tversky(tversky()?),
        "focal_tversky" => AnyLoss::FocalTversky(FocalTversky::new(tversky()?, value("exponent"))?),
        "lovasz_hinge" => AnyLoss::LovaszHinge(LovaszHinge),
        _ => return Err(Error::Parameter("name")),
    })
}

/// The same expression for whichever loss it is.
macro_rules! each {
    ($any:expr, $loss:ident => $expression:expr) => {
        match $any {
            AnyLoss::BinaryCrossEntropy($loss) => $expression,
            AnyLoss::Focal($loss) => $expression,
            AnyLoss::Dice($loss) => $expression,
            AnyLoss::Tversky($loss) => $expression,
            AnyLoss::FocalTversky($loss) => $expression,
            AnyLoss::LovaszHinge($loss) => $expression,
            AnyLoss::Sum(sum) => {
                let $loss = sum.as_ref();
                $expression
            }
        }
    };
}

impl Loss for AnyLoss {
    fn scratch_len(&self, pixels: usize) -> usize {
        // By the trait: `LovaszHinge` has a function of this name too.
        each!(self, loss => Loss::scratch_len(loss, pixels))
    }

    fn accumulate<X: Execute>(
        &self,
        executor: &X,
        frame: &Frame<'_>,
        weight: f32,
        scratch: &mut [u32],
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        each!(self, loss => loss.accumulate(executor, frame, weight, scratch, gradient))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Evaluation {
        each!(self, loss => loss.accumulate_sketch(sketch, table, weight, gradient))
    }
}

/// A part of a sum.
struct Part {
    weight: f32,
    entry: &'static Entry,
    set: BTreeMap<&'static str, f64>,
}

/// What the parameters of a part are.
struct Values<'a>(&'a Part);

impl Values<'_> {
    fn get(&self, name: &str) -> f64 {
        let Some(parameter) = self.0.entry.parameters.iter().find(|p| p.name == name) else { return 0.0 };
        let own = self.0.set.get(name).copied().or(parameter.default);
        // Only the two halves of the smoothing have no default of their own.
        own.unwrap_or_else(|| self.get("smooth"))
    }
}

/// A loss as the command line gives it.
pub(super) struct Formula {
    parts: Vec<Part>,
}

impl Formula {
    /// Reads `NAME` or `W*NAME+W*NAME...`, with settings `key=value` or `NAME.key=value`.
    pub(super) fn parse(text: &str, settings: &[String]) -> std::result::Result<Self, String> {
        let parts = text.split('+').map(part).collect::<std::result::Result<Vec<_>, _>>()?;
        let mut formula = Self { parts };
        for (i, part) in formula.parts.iter().enumerate() {
            if formula.parts.iter().take(i).any(|other| other.entry.name == part.entry.name) {
                return Err(format!("found {} twice in `{text}`: add the weights", part.entry.name));
            }
        }
        if formula.parts.len() == 1 && text.contains('*') {
            return Err(format!("found a weight in `{text}`, expected one only in a sum of losses"));
        }
        settings.iter().try_for_each(|setting| formula.set(setting))?;
        formula.loss()?;
        Ok(formula)
    }

    fn set(&mut self, setting: &str) -> std::result::Result<(), String> {
        let (key, text) = setting
            .split_once('=')
            .ok_or_else(|| format!("found --set {setting}, expected --set key=value"))?;
        let value: f64 = text.parse().map_err(|_| format!("found {key}={text}, expected a number"))?;
        let known = self.parameters().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        let (loss, name) = key.split_once('.').map_or((None, key), |(loss, name)| (Some(loss), name));
        let single = self.parts.len() == 1;
        let target = self.parts.iter_mut().find(|part| loss.map_or(single, |loss| loss == part.entry.name));
        let slot = target.and_then(|part| {
            let parameter = part.entry.parameters.iter().find(|p| p.name == name)?;
            Some((&mut part.set, parameter.name))
        });
        let Some((set, name)) = slot else {
            let known = if known.is_empty() { "none" } else { &known };
            return Err(format!("found --set {key}, expected one of the parameters: {known}"));
        };
        set.insert(name, value);
        Ok(())
    }

    /// The loss.
    pub(super) fn loss(&self) -> std::result::Result<AnyLoss, String> {
        let mut parts = self.parts.iter().rev();
        let last = parts.next().ok_or("found no loss")?;
        let (mut weight, mut sum) = (last.weight, last.loss()?);
        for part in parts {
            let nested = Weighted::new(part.weight, part.loss()?, weight, sum).map_err(|e| e.to_string())?;
            (weight, sum) = (1.0, AnyLoss::Sum(Box::new(nested)));
        }
        Ok(sum)
    }

    /// Every parameter and its value; with the name of its loss if there are several.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        let single = self.parts.len() == 1;
        self.parts.iter().flat_map(move |part| {
            part.entry.parameters.iter().map(move |parameter| {
                let prefix = if single { String::new() } else { format!("{}.", part.entry.name) };
                (prefix + parameter.name, Values(part).get(parameter.name))
            })
        })
    }

    /// What is computed.
    pub(super) fn definition(&self) -> String {
        if let [part] = self.parts.as_slice() {
            return part.entry.definition.to_owned();
        }
        let sum: Vec<String> = self.parts.iter().map(|p| format!("{} {}", p.weight, p.entry.name)).collect();
        let parts = self.parts.iter().map(|p| format!("{}: {}", p.entry.name, p.entry.definition));
        format!("{}, where {}", sum.join(" + "), parts.collect::<Vec<_>>().join("; "))
    }
}

impl Part {
    fn loss(&self) -> std::result::Result<AnyLoss, String> {
        let values = Values(self);
        named(self.entry.name, &values).map_err(|error| {
            let Error::Parameter(name) = error else { return error.to_string() };
            let range = self.entry.parameters.iter().find(|p| p.name == name).map_or("", |p| p.range);
            format!("found {name}={} for {}, expected {range}", values.get(name), self.entry.name)
        })
    }
}

fn part(text: &str) -> std::result::Result<Part, String> {
    let (weight, name) = match text.split_once('*') {
        Some((weight, name)) => {
            let number = weight.trim().parse::<f32>().ok().filter(|weight| weight.is_finite());
            (number.ok_or_else(|| format!("found weight `{weight}`, expected a finite number"))?, name.trim())
        }
        None => (1.0, text.trim()),
    };
    let entry = registry::find(Kind::Loss, name)
        .ok_or_else(|| format!("found loss `{name}`, expected one of {}", registry::names(Kind::Loss)))?;
    Ok(Part { weight, entry, set: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use segmeter::core::view::{IGNORE, Labels, Shape};

    fn of(loss: &impl Loss) -> u32 {
        let labels = Labels::new(Shape::new(1, 3).unwrap(), &[1, 0, 1], IGNORE).unwrap();
        let frame = Frame::new(&[2.0, -1.0, -3.0], labels).unwrap();
        let mut scratch = vec![0; loss.scratch_len(3)];
        loss.value(&frame, &mut scratch).unwrap().value.to_bits()
    }

    fn named(text: &str, settings: &[&str]) -> u32 {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        of(&Formula::parse(text, &settings).unwrap().loss().unwrap())
    }

    #[test]
    fn every_listed_loss_can_be_made() {
        for entry in registry::all().filter(|entry| entry.kind == Kind::Loss) {
            assert!(f32::from_bits(named(entry.name, &[])).is_finite(), "{}", entry.name);
        }
    }

    #[test]
    fn defaults_are_those_of_the_core() {
        assert_eq!(named("bce", &[]), of(&BinaryCrossEntropy));
        assert_eq!(named("focal", &[]), of(&Focal::PAPER));
        assert_eq!(named("dice", &[]), of(&Dice::new(Smooth::ONE)));
        assert_eq!(named("tversky", &[]), of(&Tversky::FN_HEAVY));
        assert_eq!(named("focal_tversky", &[]), of(&FocalTversky::PAPER));
        assert_eq!(named("lovasz_hinge", &[]), of(&LovaszHinge));
    }

    #[test]
    fn sums_and_settings_are_those_of_the_core() {
        let dice = Dice::new(Smooth::new(2.0, 3.0).unwrap());
        let settings = ["dice.smooth=3", "dice.numerator_smooth=2"];
        let two = Weighted::new(0.5, BinaryCrossEntropy, -2.0, dice).unwrap();
        assert_eq!(named("0.5*bce + -2*dice", &settings), of(&two));
        let rest = Weighted::new(1.0, dice, 3.0, LovaszHinge).unwrap();
        let three = Weighted::new(0.5, BinaryCrossEntropy, 1.0, rest).unwrap();
        assert_eq!(named("0.5*bce+dice+3*lovasz_hinge", &settings), of(&three));
    }

    #[test]
    fn mistakes_name_the_way_out() {
        let line = |text: &str, set: &str| Formula::parse(text, &[set.to_owned()]).err().unwrap();
        assert_eq!(
            line("dice", "smooth=-1"),
            "found numerator_smooth=-1 for dice, expected [0,denominator_smooth]"
        );
        assert!(line("dice", "gamma=1").contains("smooth, numerator_smooth, denominator_smooth"));
        assert!(line("bce+dice", "smooth=1").contains("dice.smooth"));
        assert!(line("dise", "smooth=1").contains("expected one of bce"));
        assert!(line("dice+dice", "smooth=1").contains("twice"));
        assert!(line("2*dice", "smooth=1").contains("weight"));
    }
}
