//! What the command line says of a loss: `tversky`, or a weighted sum such as `0.5*bce+2*tversky`.

use segmeter::catalogue::{
    ChosenLoss, Entry, PRESETS, Preset, Reduction, SMOOTH_HALVES, Setting, Settings, has_class_weights, loss,
    preset, set_over, setting,
};
use segmeter::core::loss::Weighted;
use serde_json::{Map, Value};

use super::registry::{self, Kind};

/// A part of a sum.
struct Part {
    /// As it was written.
    name: String,
    weight: f32,
    entry: &'static Entry,
    preset: Option<&'static Preset>,
    set: Settings,
}

/// A loss as the command line gives it.
pub(super) struct Formula {
    parts: Vec<Part>,
}

impl Formula {
    /// Reads `NAME` or `W*NAME+W*NAME-W*NAME...`, with settings `key=value` or `NAME.key=value`; they win over a preset.
    pub(super) fn parse(text: &str, settings: &[String], library: Option<&str>) -> Result<Self, String> {
        refuse_hyphen(text)?;
        let mut parts = terms(text).into_iter().map(part).collect::<Result<Vec<_>, _>>()?;
        for (place, part) in parts.iter().enumerate() {
            if parts.iter().take(place).any(|other| other.entry.name == part.entry.name) {
                return Err(format!("found {} twice in `{text}`: add the weights", part.name));
            }
        }
        if let Some(library) = library {
            for part in &mut parts {
                let found = preset(library, part.entry.name).ok_or_else(|| unknown_preset(library, part))?;
                (part.preset, part.set) = (Some(found), found.settings());
            }
        }
        let mut formula = Self { parts };
        settings.iter().try_for_each(|setting| formula.set(setting))?;
        formula.loss()?;
        Ok(formula)
    }

    /// Follows `--empty`.
    pub(super) fn set_empty(&mut self, policy: &str) -> Result<(), String> {
        let has = |part: &&mut Part| part.entry.parameters.iter().any(|p| p.name == "empty");
        let mut found = false;
        for part in self.parts.iter_mut().filter(has) {
            part.set.insert("empty".to_owned(), Setting::Word(policy.to_owned()));
            found = true;
        }
        if !found {
            let names: Vec<_> = self.parts.iter().map(|part| part.name.as_str()).collect();
            return Err(format!("found --empty {policy}, but {} has no parameter `empty`", names.join("+")));
        }
        self.loss().map(|_| ())
    }

    fn set(&mut self, setting: &str) -> Result<(), String> {
        let (key, text) = setting
            .split_once('=')
            .ok_or_else(|| format!("found --set {setting}, expected --set key=value"))?;
        let (loss, name) = key.split_once('.').map_or((None, key), |(loss, name)| (Some(loss), name));
        let single = self.parts.len() == 1;
        let known = self.names().join(", ");
        let is_meant =
            |part: &&mut Part| loss.map_or(single, |loss| [part.entry.name, &part.name].contains(&loss));
        let target = self.parts.iter_mut().find(is_meant);
        let Some(part) = target.filter(|part| part.entry.parameters.iter().any(|p| p.name == name)) else {
            let known = if known.is_empty() { "none" } else { &known };
            if loss.is_none() && !single {
                return Err(format!("found --set {key} for a sum, expected one of the parameters: {known}"));
            }
            let near = registry::nearest(
                name,
                self.parts.iter().flat_map(|part| part.entry.parameters).map(|p| p.name),
            );
            return Err(match near.as_str() {
                "" => format!("found --set {key}, expected one of the parameters: {known}"),
                near => format!("found --set {key}{near} The parameters are {known}"),
            });
        };
        if part.preset.is_some() {
            set_over(&mut part.set, name, value(text));
        } else {
            part.set.insert(name.to_owned(), value(text));
        }
        Ok(())
    }

    /// The loss, apart from [`Formula::scale`].
    pub(super) fn loss(&self) -> Result<ChosenLoss, String> {
        let mut parts = self.parts.iter().rev();
        let last = parts.next().ok_or("found no loss")?;
        let (mut weight, mut sum) = (last.weight, last.loss()?);
        for part in parts {
            let nested = Weighted::new(part.weight, part.loss()?, weight, sum).map_err(|e| e.to_string())?;
            (weight, sum) = (1.0, ChosenLoss::Sum(Box::new(nested)));
        }
        Ok(sum)
    }

    /// What a single loss is multiplied by.
    pub(super) fn scale(&self) -> f32 {
        if let [part] = self.parts.as_slice() { part.weight } else { 1.0 }
    }

    /// The first part that does not take such images.
    pub(super) fn refusing(&self, input: &str) -> Option<(&'static str, &'static [&'static str])> {
        let refusing = self.parts.iter().find(|part| !part.entry.inputs.contains(&input))?;
        Some((refusing.entry.name, refusing.entry.inputs))
    }

    /// The first part in which classes have no weights.
    pub(super) fn without_class_weights(&self) -> Option<&'static str> {
        self.parts.iter().find(|part| !has_class_weights(part.entry)).map(|part| part.entry.name)
    }

    /// How the preset's library reduces a batch.
    pub(super) fn reduction(&self) -> Option<Reduction> {
        self.parts.iter().find_map(|part| part.preset?.reduction)
    }

    /// The names of all parameters; with the name of their loss if there are several.
    fn names(&self) -> Vec<String> {
        let names = |part: &Part| {
            let prefix = if self.parts.len() == 1 { String::new() } else { format!("{}.", part.name) };
            part.entry.parameters.iter().map(|p| format!("{prefix}{}", p.name)).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(names).collect()
    }

    /// Every parameter and its value; `null` where it is not in use, or up to the frame.
    pub(super) fn parameters(&self, multiclass: bool) -> Map<String, Value> {
        let values = self.parts.iter().flat_map(|part| {
            part.entry.parameters.iter().map(move |p| {
                let taken = || (p.name == "background").then_some(Setting::Flag(multiclass));
                let value = || setting(part.entry, &part.set, p.name).or_else(taken);
                let in_use =
                    p.name != "smooth" || !SMOOTH_HALVES.iter().all(|half| part.set.contains_key(*half));
                serde_json::to_value(if in_use { value() } else { None }).unwrap_or(Value::Null)
            })
        });
        self.names().into_iter().zip(values).collect()
    }

    /// What is computed.
    pub(super) fn definition(&self) -> String {
        let mut text = match self.parts.as_slice() {
            [part] if part.weight.to_bits() == 1.0f32.to_bits() => part.entry.definition.to_owned(),
            parts => {
                let sum: Vec<_> = parts.iter().map(|part| format!("{} {}", part.weight, part.name)).collect();
                let parts = parts.iter().map(|part| format!("{}: {}", part.name, part.entry.definition));
                format!("{}, where {}", sum.join(" + "), parts.collect::<Vec<_>>().join("; "))
            }
        };
        if let Some(Preset { name, .. }) = self.parts.first().and_then(|part| part.preset) {
            text += &format!("; preset {name}");
        }
        if let Some(differs) = self.differs() {
            text += &format!(", with a difference: {differs}");
        }
        text
    }

    /// Where the preset's library returns something else.
    pub(super) fn differs(&self) -> Option<String> {
        let texts = self.parts.iter().filter_map(|part| {
            let differs = part.preset?.differs;
            let prefix = if self.parts.len() == 1 { String::new() } else { format!("{}: ", part.name) };
            (!differs.is_empty()).then(|| format!("{prefix}{differs}"))
        });
        let texts: Vec<String> = texts.collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

impl Part {
    fn loss(&self) -> Result<ChosenLoss, String> {
        ChosenLoss::new(self.entry.name, &self.set).map_err(|error| error.to_string())
    }
}

/// The terms of a sum, each with its sign; a `-` after an `e` belongs to a number.
fn terms(text: &str) -> Vec<(f32, &str)> {
    let (mut terms, mut start, mut sign) = (Vec::new(), 0, 1.0);
    for (place, letter) in text.char_indices() {
        let term = &text[start..place];
        let is_exponent = !term.contains('*')
            && term.ends_with(['e', 'E'])
            && term.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if matches!(letter, '+' | '-') && !is_exponent {
            let next = if letter == '-' { -1.0 } else { 1.0 };
            // A sign in front of a number is the number's.
            let is_number = term.trim().is_empty() && (letter == '-' || terms.is_empty());
            if is_number {
                sign *= next;
            } else {
                terms.push((sign, term));
                sign = next;
            }
            start = place + 1;
        }
    }
    terms.push((sign, &text[start..]));
    terms
}

/// Refuses a name with a hyphen, which is read as a difference.
fn refuse_hyphen(text: &str) -> Result<(), String> {
    let words = text.split(|letter: char| letter.is_whitespace() || matches!(letter, '+' | '*'));
    for word in words.filter(|word| word.contains('-')) {
        if let Some(entry) = loss(&word.replace('-', "_")) {
            return Err(format!(
                "found `{word}`: for the loss say {}, for a difference put spaces around the minus",
                entry.name
            ));
        }
    }
    Ok(())
}

fn part((sign, text): (f32, &str)) -> Result<Part, String> {
    let (weight, name) = match text.split_once('*') {
        Some((weight, name)) => {
            let number = weight.trim().parse::<f32>().ok().filter(|weight| weight.is_finite());
            (number.ok_or_else(|| format!("found weight `{weight}`, expected a finite number"))?, name.trim())
        }
        None => (1.0, text.trim()),
    };
    let entry = loss(name).ok_or_else(|| {
        let near = registry::nearest(name, registry::names(Kind::Loss));
        format!("found loss `{name}`{near} (segmeter list losses prints all)")
    })?;
    Ok(Part { name: name.to_owned(), weight: sign * weight, entry, preset: None, set: Settings::new() })
}

/// A number, `true` or `false`, numbers with commas, or a word.
fn value(text: &str) -> Setting {
    let numbers = || text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<f64>>>();
    match text {
        "true" => Setting::Flag(true),
        "false" => Setting::Flag(false),
        _ => match text.parse() {
            Ok(number) => Setting::Number(number),
            Err(_) => numbers().map_or_else(|| Setting::Word(text.to_owned()), Setting::Numbers),
        },
    }
}

fn unknown_preset(library: &str, part: &Part) -> String {
    let of_library = PRESETS.iter().filter(|preset| preset.name == library).map(|preset| preset.loss);
    let losses: Vec<_> = of_library.collect();
    if losses.is_empty() {
        let mut names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        names.dedup();
        let near = registry::nearest(library, names.iter().copied());
        return format!(
            "found --preset {library}{near} (segmeter list {} prints those of the loss)",
            part.name
        );
    }
    format!("found --preset {library} for {}, expected one of its losses: {}", part.name, losses.join(", "))
}

#[cfg(test)]
mod tests;
