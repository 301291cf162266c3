//! What may mislead in an evaluation as a whole, each in a line that names the remedy.

use segmeter::core::metric::ClassReport;
use segmeter::core::view::IGNORE;

use super::choice::Choice;
use super::predict::Reader;
use super::tally::Evaluated;
use crate::command::note;

/// Says all of it. `are_said` tells whether somebody said which classes there are.
pub(super) fn all(reader: &Reader, choice: &Choice, result: &Evaluated, are_said: bool) {
    let classes = &result.pooled.classes;
    reader.labels().note_if_no_foreground();
    reader.labels().note_if_class_ignored(classes.len());
    note_if_cityscapes(reader, classes);
    note_if_no_ids(reader, classes, are_said);
    note_if_scored(reader, classes, are_said);
    note_if_not_computed(choice, classes.len());
    note_if_not_predicted(reader, classes);
    note_if_all_alike(reader, classes);
    note_if_shifted(reader, result.matrix.offset());
}

/// Labels as they are published beside predictions of the ids of training are all wrong, and look like bad predictions.
fn note_if_cityscapes(reader: &Reader, classes: &[ClassReport]) {
    let file = reader.label_file(0);
    let is_predicted = classes.iter().skip(19).any(|class| class.predicted() != 0);
    let is_labelled = classes.iter().skip(19).any(|class| class.positives() != 0);
    if reader.labels().is_mapped_by("cityscapes") && is_predicted && !is_labelled {
        let path = reader.path().display();
        note(format_args!(
            "{path}: ids above 18 are predicted, and the map of labels has none: if they are its ids say --map cityscapes"
        ));
    }
    if let Some(remedy) = reader.labels().of_cityscapes(file).filter(|_| classes.len() > 19) {
        let file = file.display();
        if is_predicted {
            note(format_args!(
                "{file}: all {} ids of Cityscapes are classes, of which its benchmark scores 19: for those say --map cityscapes",
                classes.len()
            ));
        } else {
            note(format_args!("{file}: no id above 18 is predicted; {remedy}"));
        }
    }
    let is_trained = file.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("TrainIds"));
    if reader.labels().is_mapped_by("cityscapes") && is_trained {
        note(format_args!(
            "{}: labels have the ids of training by their name, and were mapped to those once more: leave --map out, or, of \
             predictions that have others, say --map predictions=cityscapes",
            file.display()
        ));
    }
}

/// An id that is not scored by custom, and was made a class by an argument that is about others.
fn note_if_scored(reader: &Reader, classes: &[ClassReport], are_said: bool) {
    let (ignored, id) = (reader.labels().ignored(), usize::from(IGNORE));
    let is_labelled = classes.get(id).is_some_and(|class| class.positives() != 0 && class.predicted() == 0);
    if are_said || ignored.is_empty() || !is_labelled {
        return;
    }
    let path = reader.labels().path().display();
    let ignored: Vec<_> = ignored.iter().map(ToString::to_string).collect();
    let ignored = ignored.join(",");
    note(format_args!(
        "{path}: {id} is scored as a class, since --ignore {ignored} does not name it: if it means \"not scored\", say --ignore \
         {ignored},{id}"
    ));
}

/// Scores of which one class wins everywhere: more often a wrong zero point or order than a network.
fn note_if_all_alike(reader: &Reader, classes: &[ClassReport]) {
    let is_scores = reader.is_binary() || reader.has_softmax();
    let labelled = classes.iter().filter(|class| class.positives() != 0).count();
    let mut predicted = classes.iter().enumerate().filter(|(_, class)| class.predicted() != 0);
    if let (true, true, Some((class, _)), None) =
        (is_scores, labelled > 1, predicted.next(), predicted.next())
    {
        let path = reader.path().display();
        note(format_args!(
            "{path}: every pixel is predicted as class {class}, though labels have {labelled} classes: are --scale, --zero-point, \
             --probabilities and --layout right?"
        ));
    }
}

/// Scores that were taken as class ids, or masks of 0 and 255, come to many classes that nothing is labelled with.
fn note_if_no_ids(reader: &Reader, classes: &[ClassReport], are_said: bool) {
    const MANY: usize = 32;
    let labelled = classes.iter().filter(|class| class.positives() != 0).count();
    let predicted = classes.iter().filter(|class| class.predicted() != 0).count();
    if are_said || reader.classes().is_some() || classes.len() <= MANY || labelled.min(predicted) > 2 {
        return;
    }
    note(format_args!(
        "{}: ids of predictions or labels up to {} make {} classes, of which {labelled} are labelled and {predicted} \
         predicted: of scores say --scale and --zero-point or --probabilities, of masks of 0 and 255 --foreground 255, of \
         ids --classes",
        reader.path().display(),
        classes.len() - 1,
        classes.len()
    ));
}

/// A foreground that predictions do not have: they may have another id for it.
fn note_if_not_predicted(reader: &Reader, classes: &[ClassReport]) {
    let Some(foreground) =
        reader.labels().foreground().filter(|_| !reader.has_softmax() && !reader.is_binary())
    else {
        return;
    };
    if classes.get(1).is_some_and(|class| class.predicted() == 0 && class.positives() != 0) {
        let path = reader.path().display();
        note(format_args!(
            "{path}: nothing is predicted as the id {foreground} that --foreground names: of other ids say --map \
             predictions=FILE"
        ));
    }
}

/// Classes that one side counts from 0 and the other from 1.
fn note_if_shifted(reader: &Reader, offset: Option<i32>) {
    let Some(offset) = offset else { return };
    let (path, than) = (reader.labels().path().display(), if offset > 0 { "above" } else { "below" });
    note(format_args!(
        "{path}: most labels are one {than} the id predicted there: if one side counts classes from 1, give its ids \
         with --map labels=FILE or --map predictions=FILE"
    ));
}

/// Names what was asked for by name and is not there.
fn note_if_not_computed(choice: &Choice, classes: usize) {
    for entry in choice.named() {
        if let Some(needs) = needs(choice, entry.family, classes) {
            note(format_args!("{} was not computed: it needs {needs}", entry.name));
        }
    }
}

/// What metrics of a family need that is not there.
pub(super) fn needs(choice: &Choice, family: &str, classes: usize) -> Option<&'static str> {
    let outputs = &choice.outputs;
    match family {
        "threshold" | "calibration" if !outputs.is_binary && !choice.softmax => {
            Some("scores, and predictions are class ids")
        }
        "road" if classes != 2 && outputs.classes.is_some() => Some("two classes, and scores are of more"),
        "road" if classes != 2 => Some("two classes: say which is the road with --foreground"),
        _ => None,
    }
}
