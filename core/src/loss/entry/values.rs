//! From values of parameters to what constructors take.

use super::{Entry, Listed, Parameter};
use crate::error::{Error, Result};
use crate::list::Value;
use crate::loss::{AbsentClass, ClassAveraging, Normalise, Smooth};

/// What the parameters of an entry are: as given, or their defaults.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    entry: &'a Entry,
    given: &'a dyn Fn(&str) -> Option<Value<'a>>,
}

impl<'a> Values<'a> {
    /// Those of an entry.
    #[must_use]
    pub fn new(entry: &'a Entry, given: &'a dyn Fn(&str) -> Option<Value<'a>>) -> Self {
        Self { entry, given }
    }

    /// The defaults alone.
    #[must_use]
    pub fn defaults(entry: &'a Entry) -> Self {
        Self { entry, given: &|_| None }
    }

    pub(crate) const fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// Whether a parameter is given.
    pub(in crate::loss) fn is_given(&self, name: &str) -> bool {
        (self.given)(name).is_some()
    }

    /// The value of a parameter: as given, or its default; none where only the frame decides.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        if let Some(value) = (self.given)(name) {
            return Some(value);
        }
        self.entry.parameter(name)?.default.or_else(|| self.taken(name))
    }

    /// Only the two halves of the smoothing have no default of their own but that of another parameter.
    fn taken(&self, name: &str) -> Option<Value<'a>> {
        let own = |name: &str| (self.given)(name).or_else(|| self.entry.parameter(name)?.default);
        let smooth = name.ends_with("_smooth").then(|| own("smooth")).flatten()?;
        // Who sets the denominator alone has not asked for a numerator that is too large for it.
        match (smooth, (self.given)("denominator_smooth").filter(|_| name == "numerator_smooth")) {
            (Value::Number(smooth), Some(Value::Number(most))) => Some(Value::Number(smooth.min(most))),
            _ => Some(smooth),
        }
    }

    /// A part of a sum, which takes the values of its own parameters from those of the sum.
    pub(in crate::loss) fn part<L>(&self, part: &'static Listed<L>) -> Result<L> {
        (part.make)(&Values { entry: &part.entry, given: self.given })
    }

    pub(in crate::loss) fn number(&self, name: &'static str) -> Result<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Ok(number),
            _ => Err(Error::Parameter(name)),
        }
    }

    pub(in crate::loss) fn float(&self, name: &'static str) -> Result<f32> {
        Ok(self.number(name)? as f32)
    }

    pub(in crate::loss) fn whole(&self, name: &'static str) -> Result<u32> {
        let number = self.number(name)?;
        let whole = number as u32;
        if f64::from(whole) >= number && f64::from(whole) <= number {
            Ok(whole)
        } else {
            Err(Error::Parameter(name))
        }
    }

    pub(in crate::loss) fn flag(&self, name: &'static str) -> Result<bool> {
        match self.get(name) {
            Some(Value::Flag(flag)) => Ok(flag),
            _ => Err(Error::Parameter(name)),
        }
    }

    /// The choice that the word of a parameter stands for.
    pub(in crate::loss) fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<T> {
        let Some(Value::Word(word)) = self.get(name) else { return Err(Error::Parameter(name)) };
        // A loss may take fewer of them than there are.
        let is_taken = |parameter: &&Parameter| {
            parameter.range.split([',', ' ']).any(|text| !text.is_empty() && text == word)
        };
        self.entry.parameter(name).filter(is_taken).ok_or(Error::Parameter(name))?;
        let found = choices.iter().find(|(text, _)| *text == word);
        found.map(|(_, choice)| *choice).ok_or(Error::Parameter(name))
    }

    /// A number of at least `least` that an `f32` can hold.
    pub(in crate::loss) fn at_least(&self, name: &'static str, least: f32) -> Result<f32> {
        let number = self.float(name)?;
        if number >= least && number <= f32::MAX { Ok(number) } else { Err(Error::Parameter(name)) }
    }

    /// A weight of a part of a sum.
    pub(in crate::loss) fn weight(&self, name: &'static str) -> Result<f32> {
        self.at_least(name, f32::MIN)
    }

    pub(in crate::loss) fn smooth(&self) -> Result<Smooth> {
        // What the others are taken from comes first: it is what was set.
        self.at_least("smooth", 0.0)?;
        let denominator = self.at_least("denominator_smooth", 0.0)?;
        Smooth::new(self.float("numerator_smooth")?, denominator)
    }

    pub(in crate::loss) fn normalise(&self) -> Result<Normalise> {
        self.choice("normalise", &[("weights", Normalise::Weights), ("count", Normalise::Count)])
    }

    pub(in crate::loss) fn averaging(&self) -> Result<ClassAveraging> {
        let empty = self.choice(
            "empty",
            &[
                ("smooth", AbsentClass::Smooth),
                ("zero_if_both_empty", AbsentClass::ZeroIfBothEmpty),
                ("skip_class", AbsentClass::SkipClass),
                ("mean_probability", AbsentClass::MeanProbability),
            ],
        )?;
        let mut averaging = ClassAveraging::DEFAULT.with_empty(empty);
        if self.get("background").is_some() {
            averaging = averaging.with_background(self.flag("background")?);
        }
        if self.choice("average", &[("macro", false), ("micro", true)])? {
            averaging = averaging.micro();
        }
        if self.get("overlap").is_some()
            && self.choice("overlap", &[("product", false), ("minimum", true)])?
        {
            averaging = averaging.with_minimum_overlap();
        }
        Ok(averaging)
    }
}
