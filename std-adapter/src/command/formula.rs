//! What the command line says of a loss: `tversky`, or a weighted sum such as `0.5*bce+2*tversky`.

use segmeter::catalogue::{AnyLoss, Entry, PRESETS, Preset, Reduction, Setting, Settings, loss, preset};
use segmeter::core::loss::Weighted;
use serde_json::{Map, Value};

use super::registry::{self, Kind};

/// What `smooth` is the default of.
const HALVES: [&str; 2] = ["numerator_smooth", "denominator_smooth"];

/// Losses in which classes have no weights: theirs are distances.
const WITHOUT_CLASS_WEIGHTS: [&str; 1] = ["wasserstein_dice"];

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
        if name == "smooth" && part.preset.is_some() {
            // A preset may set the two halves one by one; what is said here is about both.
            part.set.retain(|key, _| !HALVES.contains(&key.as_str()));
        }
        part.set.insert(name.to_owned(), value(text));
        Ok(())
    }

    /// The loss, apart from [`Formula::scale`].
    pub(super) fn loss(&self) -> Result<AnyLoss, String> {
        let mut parts = self.parts.iter().rev();
        let last = parts.next().ok_or("found no loss")?;
        let (mut weight, mut sum) = (last.weight, last.loss()?);
        for part in parts {
            let nested = Weighted::new(part.weight, part.loss()?, weight, sum).map_err(|e| e.to_string())?;
            (weight, sum) = (1.0, AnyLoss::Sum(Box::new(nested)));
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
        let mut names = self.parts.iter().map(|part| part.entry.name);
        names.find(|name| WITHOUT_CLASS_WEIGHTS.contains(name))
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
                let value = || part.entry.setting(&part.set, p.name).or_else(taken);
                let in_use = p.name != "smooth" || !HALVES.iter().all(|half| part.set.contains_key(*half));
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
    fn loss(&self) -> Result<AnyLoss, String> {
        AnyLoss::new(self.entry.name, &self.set)
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
    let mut words = text.split(|letter: char| letter.is_whitespace() || matches!(letter, '+' | '*'));
    match words
        .find_map(|word| Some((word, loss(&word.replace('-', "_"))?)).filter(|(word, _)| word.contains('-')))
    {
        Some((word, entry)) => Err(format!(
            "found `{word}`: for the loss say {}, for a difference put spaces around the minus",
            entry.name
        )),
        None => Ok(()),
    }
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
mod tests {
    use super::*;
    use segmeter::Engine;
    use segmeter::catalogue::{AnyFrame, LOSSES};
    use segmeter::core::loss::{
        CrossEntropy, Dice, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky, WassersteinDice,
    };
    use segmeter::core::view::{Frame, IGNORE, Labels, Shape};

    fn frame() -> Frame<'static> {
        let labels = Labels::new(Shape::new(1, 3).unwrap(), &[1, 0, 1], IGNORE).unwrap();
        Frame::new(&[2.0, -1.0, -3.0], labels).unwrap()
    }

    fn of(loss: &impl Loss) -> u32 {
        let mut scratch = vec![0; loss.scratch_len(frame().shape())];
        loss.value(&frame(), &mut scratch).unwrap().value.to_bits()
    }

    fn of_any(loss: &AnyLoss) -> u32 {
        let frame = AnyFrame::Binary(frame());
        loss.evaluate(&Engine::default(), &frame, 1.0, None).unwrap().value.to_bits()
    }

    fn parsed(text: &str, settings: &[&str], preset: Option<&str>) -> Formula {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        Formula::parse(text, &settings, preset).unwrap()
    }

    fn named(text: &str, settings: &[&str]) -> u32 {
        of_any(&parsed(text, settings, None).loss().unwrap())
    }

    #[test]
    fn every_listed_loss_can_be_made() {
        for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"binary")) {
            assert!(f32::from_bits(named(entry.name, &[])).is_finite(), "{}", entry.name);
        }
        for entry in LOSSES {
            parsed(entry.name, &[], None).loss().unwrap();
        }
    }

    #[test]
    fn defaults_are_those_of_the_core() {
        assert_eq!(named("bce", &[]), of(&CrossEntropy::MEAN));
        assert_eq!(named("cross_entropy", &[]), of(&CrossEntropy::MEAN));
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
        let two = Weighted::new(0.5, CrossEntropy::MEAN, -2.0, dice).unwrap();
        assert_eq!(named("0.5*bce + -2*dice", &settings), of(&two));
        let rest = Weighted::new(1.0, dice, 3.0, LovaszHinge).unwrap();
        let three = Weighted::new(0.5, CrossEntropy::MEAN, 1.0, rest).unwrap();
        assert_eq!(named("0.5*bce+dice+3*lovasz_hinge", &settings), of(&three));
        let minus = Weighted::new(0.5, CrossEntropy::MEAN, -0.001, dice).unwrap();
        assert_eq!(named("0.5*bce-1e-3*dice", &settings), of(&minus));
        assert_eq!(named("0.5*bce - 1E-3*dice", &settings), of(&minus));
        let single = parsed("-2*dice", &["smooth=3", "numerator_smooth=2"], None);
        assert_eq!((single.scale(), of_any(&single.loss().unwrap())), (-2.0, of(&dice)));
    }

    #[test]
    fn settings_of_every_kind() {
        assert_eq!(value("0.5"), Setting::Number(0.5));
        assert_eq!(value("true"), Setting::Flag(true));
        assert_eq!(value("micro"), Setting::Word("micro".to_owned()));
        assert_eq!(value("0,1, 1,0"), Setting::Numbers(vec![0.0, 1.0, 1.0, 0.0]));
        assert_eq!(value("a,b"), Setting::Word("a,b".to_owned()));
        let wasserstein = WassersteinDice::new(segmeter::core::loss::WassersteinMode::Default, 1e-5).unwrap();
        assert_eq!(named("wasserstein_dice", &["distances=0,1,1,0"]), of(&wasserstein));
        let formula = parsed("bce+dice", &["bce.normalise=count", "dice.background=true"], None);
        let parameters = formula.parameters(false);
        assert_eq!(parameters["bce.normalise"], "count");
        assert_eq!(parameters["dice.background"], true);
        assert_eq!(parsed("dice", &[], None).parameters(true)["background"], true);
    }

    #[test]
    fn what_is_set_wins_over_the_preset() {
        let formula = |settings: &[&str]| of_any(&parsed("dice", settings, Some("keras")).loss().unwrap());
        assert_eq!(formula(&[]), of(&Dice::new(Smooth::new(0.0, 1e-7).unwrap())));
        assert_eq!(formula(&["smooth=1"]), of(&Dice::new(Smooth::ONE)));
        assert_eq!(formula(&["denominator_smooth=1"]), of(&Dice::new(Smooth::new(0.0, 1.0).unwrap())));
        // A denominator alone is taken as it is, also below the default of the numerator.
        let alone = |text: &str| of_any(&parsed("dice", &[text], None).loss().unwrap());
        assert_eq!(alone("denominator_smooth=0.5"), of(&Dice::new(Smooth::new(0.5, 0.5).unwrap())));
        assert_eq!(alone("denominator_smooth=2"), of(&Dice::new(Smooth::new(1.0, 2.0).unwrap())));
        assert_eq!(
            parsed("dice", &["denominator_smooth=0.5"], None).parameters(false)["numerator_smooth"],
            0.5
        );
        // The two halves leave nothing of the whole.
        assert_eq!(parsed("dice", &[], Some("keras")).parameters(false)["smooth"], Value::Null);
        assert_eq!(parsed("dice", &["smooth=1"], Some("keras")).parameters(false)["numerator_smooth"], 1.0);
        let definition = parsed("dice", &[], Some("nnunet")).definition();
        assert!(
            definition
                .contains("; preset nnunet, with a difference: the library returns -Dice, not 1 - Dice")
        );
    }

    #[test]
    fn mistakes_name_the_way_out() {
        let of =
            |text: &str, set: &str, preset| Formula::parse(text, &[set.to_owned()], preset).err().unwrap();
        let line = |text: &str, set: &str| of(text, set, None);
        assert_eq!(line("dice", "smooth=-1"), "found smooth=-1 for dice, expected [0,inf)");
        assert!(line("dice", "smooth=much").contains("smooth=much"));
        assert!(line("dice", "average=both").contains("expected macro, micro"));
        assert!(line("bootstrapped", "hard=1").contains("expected true, false"));
        assert!(line("dice", "gamma=1").contains("smooth, numerator_smooth, denominator_smooth"));
        assert!(line("bce+dice", "smooth=1").contains("dice.smooth"));
        assert!(line("dise", "smooth=1").starts_with("found loss `dise`: did you mean dice"));
        assert!(line("tomato", "smooth=1").contains("segmeter list losses prints all"));
        assert!(line("dice", "smoth=1").contains("did you mean smooth"));
        assert!(line("\u{9b}2J+dice", "smooth=1").contains("found loss"));
        assert!(line("bce++dice", "dice.smooth=1").contains("found loss ``"));
        assert!(line("bce-", "normalise=count").contains("found loss ``"));
        assert!(line("dice+dice", "smooth=1").contains("twice"));
        assert!(line("x*dice", "smooth=1").contains("weight"));
        assert!(of("dice", "smooth=1", Some("moani")).contains("did you mean monai"));
        assert!(of("dice", "smooth=1", Some("numpy")).contains("segmeter list dice prints those"));
        assert!(
            of("mcc", "smooth=1", Some("monai")).contains("expected one of its losses: cross_entropy, dice")
        );
        let mut formula = parsed("mcc", &[], None);
        assert!(formula.set_empty("smooth").unwrap_err().contains("mcc has no parameter `empty`"));
        assert!(parsed("dice", &[], None).set_empty("no").unwrap_err().contains("skip_class"));
    }
}
