//! Sums of losses and their settings, against those of the core.

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

fn of_any(loss: &ChosenLoss) -> u32 {
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
    assert_eq!(parsed("dice", &["denominator_smooth=0.5"], None).parameters(false)["numerator_smooth"], 0.5);
    // The two halves leave nothing of the whole.
    assert_eq!(parsed("dice", &[], Some("keras")).parameters(false)["smooth"], Value::Null);
    assert_eq!(parsed("dice", &["smooth=1"], Some("keras")).parameters(false)["numerator_smooth"], 1.0);
    let definition = parsed("dice", &[], Some("nnunet")).definition();
    assert!(
        definition.contains("; preset nnunet, with a difference: the library returns -Dice, not 1 - Dice")
    );
}

#[test]
fn mistakes_name_the_way_out() {
    let of = |text: &str, set: &str, preset| Formula::parse(text, &[set.to_owned()], preset).err().unwrap();
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
    assert!(of("mcc", "smooth=1", Some("monai")).contains("expected one of its losses: cross_entropy, dice"));
    let mut formula = parsed("mcc", &[], None);
    assert!(formula.set_empty("smooth").unwrap_err().contains("mcc has no parameter `empty`"));
    assert!(parsed("dice", &[], None).set_empty("no").unwrap_err().contains("skip_class"));
}
