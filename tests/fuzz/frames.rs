//! Any loss with any parameters on any small frame, made of bytes: for the fuzzer, and for a test that makes up its bytes.

use segmeter::Engine;
use segmeter::catalogue::{AnyFrame, ChosenLoss, Entry, LOSSES, Parameter, Setting, Settings};
use segmeter::core::loss::Loss;
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{
    Activation, Encoding, Frame, IGNORE, Labels, Layout, MAX_CLASSES, Quantised, Quantiser, Shape, Weights,
};

/// Numbers at which something may go wrong, for parameters and weights.
const NUMBERS: [f32; 20] = [
    0.0,
    1e-45,
    1e-41,
    1.2e-38,
    1e-30,
    1e-20,
    1e-17,
    1e-7,
    1e-5,
    0.01,
    0.3,
    0.5,
    1.0,
    1.5,
    2.0,
    3.0,
    1e5,
    1e20,
    1e30,
    f32::MAX,
];
/// The same for logits, of either sign.
const LOGITS: [f32; 16] =
    [0.0, 1e-45, 1e-30, 1e-8, 1e-3, 0.5, 1.0, 8.0, 16.0, 17.4, 88.0, 104.0, 1e4, 3e9, 1e30, f32::MAX];
/// The same for probabilities.
const PROBABILITIES: [f32; 11] =
    [0.0, 1e-45, 1e-38, 1e-20, 1e-7, 0.499_999_97, 0.5, 0.500_000_06, 0.999_999_94, 1.0, 0.25];
/// Beyond it an `f32` may overflow where nothing is wrong: then only NaN is.
const MODERATE: f32 = 1e9;

/// What is left of the bytes; zeros after their end.
struct Source<'a> {
    bytes: &'a [u8],
    /// The largest number so far that a value or a slope may be proportional to.
    largest: f32,
}

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end.max(1)
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// In [0, 1].
    fn share(&mut self) -> f32 {
        f32::from(self.byte()) / 255.0
    }

    fn number(&mut self) -> f32 {
        let found = NUMBERS[self.below(NUMBERS.len())];
        // A small number may be a divisor.
        self.largest = self.largest.max(found).max(if found > 0.0 { 1.0 / found } else { 0.0 });
        found
    }

    /// A pixel weight that is not refused.
    fn weight(&mut self) -> f32 {
        let found = self.number();
        if found > 0.0 { found.clamp(Weights::LEAST, Weights::MOST) } else { found }
    }

    fn logit(&mut self) -> f32 {
        let choice = self.byte();
        let size = match choice >> 1 {
            special if usize::from(special) < LOGITS.len() => LOGITS[usize::from(special)],
            _ => 8.0 * self.share(),
        };
        self.largest = self.largest.max(size);
        if choice & 1 == 1 { -size } else { size }
    }

    fn probability(&mut self) -> f32 {
        let choice = usize::from(self.byte());
        PROBABILITIES.get(choice).copied().unwrap_or_else(|| self.share())
    }

    /// A value that a parameter may have: an end of its range, a number between, or a word.
    fn setting(&mut self, parameter: &Parameter) -> Setting {
        let text = parameter.range;
        if text == "true, false" {
            return Setting::Flag(self.flag());
        }
        if !text.contains(['[', '(']) {
            let words: Vec<&str> = text.split(", ").collect();
            return Setting::Word(words[self.below(words.len())].to_owned());
        }
        let ends: Vec<f32> =
            text.split(|c: char| "[](), ".contains(c)).filter_map(|word| word.parse().ok()).collect();
        let choice = self.below(2 * ends.len() + 2);
        let number = match ends.get(choice / 2) {
            Some(end) if choice.is_multiple_of(2) => *end,
            Some(end) => {
                if choice < 2 {
                    end.next_up()
                } else {
                    end.next_down()
                }
            }
            None => NUMBERS[self.below(NUMBERS.len())],
        };
        // Of two parts of a sum that are infinite with opposite signs nobody can say what they make.
        let parts = ["dice_weight", "other_weight", "cross_entropy_weight"];
        let number = if parts.contains(&parameter.name) { number.clamp(-1e6, 1e6) } else { number };
        self.largest = self.largest.max(number.abs());
        Setting::Number(f64::from(number))
    }

    /// Settings that the loss takes; what it refuses has its default.
    fn settings(&mut self, entry: &Entry) -> Settings {
        let mut settings = Settings::new();
        for parameter in entry.parameters.iter().filter(|parameter| parameter.name != "distances") {
            if self.byte() < 100 {
                let before = self.largest;
                settings.insert(parameter.name.to_owned(), self.setting(parameter));
                if ChosenLoss::new(entry.name, &settings).is_err() {
                    settings.remove(parameter.name);
                    self.largest = before;
                }
            }
        }
        settings
    }
}

/// A case that bytes stand for, as text, and what is wrong with it.
///
/// # Errors
/// What is not a number where it should be.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let mut source = Source { bytes, largest: 0.0 };
    let entry = &LOSSES[source.below(LOSSES.len())];
    let settings = source.settings(entry);
    let loss = ChosenLoss::new(entry.name, &settings)
        .map_err(|error| format!("{}: a setting alone was taken: {error}", entry.name))?;
    let what = format!("{} {settings:?}", entry.name);
    let channels = [1, 1, 2, 3, 4][source.below(5)];
    if channels == 1 && entry.quantised && entry.inputs.contains(&"binary") && source.byte() < 60 {
        return sketch(&mut source, &loss).map_err(|wrong| format!("{what}: {wrong}"));
    }
    frame(&mut source, &loss, channels).map_err(|wrong| format!("{what}: {wrong}"))
}

/// Value and gradient; what is right of them depends on what may overflow.
fn judge(source: &Source<'_>, value: f32, gradient: &[f32], what: impl Fn() -> String) -> Result<(), String> {
    let bad = |x: &f32| if source.largest > MODERATE { x.is_nan() } else { !x.is_finite() };
    if bad(&value) {
        return Err(format!("value {value} of {}", what()));
    }
    match gradient.iter().position(bad) {
        Some(place) => Err(format!("gradient {} at {place}, value {value} of {}", gradient[place], what())),
        None => Ok(()),
    }
}

fn frame(source: &mut Source<'_>, loss: &ChosenLoss, channels: usize) -> Result<(), String> {
    let shape = Shape::new(1 + source.below(4) as u32, 1 + source.below(9) as u32).expect("pixels");
    let (pixels, probabilities, soft) = (shape.pixels(), source.byte() < 60, source.byte() < 60);
    let layout = if source.flag() { Layout::Interleaved } else { Layout::Planar };
    let (weighted, class_weighted) = (source.byte() < 120, source.byte() < 120);
    let alike = source.flag().then(|| source.weight());
    let scores: Vec<f32> = (0..pixels * channels)
        .map(|_| if probabilities { source.probability() } else { source.logit() })
        .collect();
    let ids: Vec<u8> = (0..pixels).map(|_| source.below(channels.max(2) + 1) as u8).collect();
    let ids: Vec<u8> =
        ids.iter().map(|id| if usize::from(*id) < channels.max(2) { *id } else { IGNORE }).collect();
    let shares: Vec<f32> = (0..pixels * channels).map(|_| source.share()).collect();
    // Alike in all pixels, or each its own.
    let weights: Vec<f32> =
        (0..pixels).map(|_| alike.unwrap_or_else(|| if weighted { source.weight() } else { 1.0 })).collect();
    let class_weights: Vec<f32> =
        (0..channels.max(2)).map(|_| if class_weighted { source.number() } else { 1.0 }).collect();
    let text = || {
        let labels = if soft { format!("shares {shares:?}") } else { format!("ids {ids:?}") };
        format!(
            "{}x{}x{channels} {layout:?}, probabilities {probabilities}, scores {scores:?}, {labels}, \
             weights {weighted} {weights:?}, class weights {class_weighted} {class_weights:?}",
            shape.height(),
            shape.width()
        )
    };
    let mut gradient = vec![0.0; scores.len()];
    let dress = Dress {
        probabilities,
        weighted,
        class_weighted,
        shape,
        weights: &weights,
        class_weights: &class_weights,
    };
    let frame = if channels == 1 {
        let frame = match soft {
            true => Frame::soft(shape, &scores, &shares),
            false => Labels::new(shape, &ids, IGNORE).and_then(|labels| Frame::new(&scores, labels)),
        };
        frame.and_then(|frame| dress.on(frame)).map(AnyFrame::Binary)
    } else {
        let frame = match soft {
            true => Frame::<MAX_CLASSES>::multiclass_soft(shape, channels, layout, &scores, &shares),
            false => Frame::multiclass(shape, channels, layout, &scores, &ids, IGNORE),
        };
        frame.and_then(|frame| dress.on(frame)).map(AnyFrame::Multiclass)
    };
    // Shares that are none of a distribution, weights that are refused: no frame.
    let Ok(frame) = frame else { return Ok(()) };
    match loss.evaluate(&Engine::default(), &frame, 1.0, Some(&mut gradient)) {
        Ok(found) => judge(source, found.value, &gradient, text),
        Err(_) => Ok(()),
    }
}

struct Dress<'a> {
    probabilities: bool,
    weighted: bool,
    class_weighted: bool,
    shape: Shape,
    weights: &'a [f32],
    class_weights: &'a [f32],
}

impl<'a> Dress<'a> {
    fn on<const C: usize>(&self, mut frame: Frame<'a, C>) -> segmeter::core::Result<Frame<'a, C>> {
        if self.probabilities {
            frame = frame.with_activation(Activation::Probabilities);
        }
        if self.weighted {
            frame = frame.with_weights(Weights::new(self.shape, self.weights)?)?;
        }
        if self.class_weighted { frame.with_class_weights(self.class_weights) } else { Ok(frame) }
    }
}

fn sketch(source: &mut Source<'_>, loss: &ChosenLoss) -> Result<(), String> {
    let shape = Shape::new(1, 1 + source.below(40) as u32).expect("pixels");
    let zero_point = i32::from(source.byte().cast_signed());
    let quantiser = match source.flag() {
        true => Quantiser::probabilities(),
        false => {
            let scale = source.number();
            let Ok(quantiser) = Quantiser::logits(Encoding::Signed, scale, zero_point) else { return Ok(()) };
            source.largest = source.largest.max(scale * 255.0);
            quantiser
        }
    };
    let codes: Vec<u8> = (0..shape.pixels()).map(|_| source.byte()).collect();
    let ids: Vec<u8> = (0..shape.pixels()).map(|_| [0, 1, IGNORE][source.below(3)]).collect();
    let labels = Labels::new(shape, &ids, IGNORE).expect("labels");
    let quantised = Quantised::new(shape, &codes, quantiser).expect("as many codes");
    let sketch = Sketch::of(&quantised, Some(&labels)).expect("labels of the same shape");
    let mut table = GradientTable::default();
    let Ok(found) = loss.accumulate_sketch(&sketch, &SigmoidTable::new(&quantiser), 1.0, Some(&mut table))
    else {
        return Ok(());
    };
    let mut gradient = vec![0.0; codes.len()];
    table.add_to(&quantised, &labels, &mut gradient).expect("as many slots");
    judge(source, found.value, &gradient, || {
        format!("a sketch of {quantiser:?}, codes {codes:?}, ids {ids:?}")
    })
}
