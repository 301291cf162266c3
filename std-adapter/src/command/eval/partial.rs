//! `--partial`: what is known of every image, kept in a file that a later run goes on from and `merge` reads.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use segmeter::files::partial::{self, ImageState, Partial};

use super::choice::Choice;
use super::count::Counter;
use super::each::each;
use super::predict::Reader;
use super::tally::{self, Evaluated};
use crate::command::{Failure, note};
use crate::output::Output;
use crate::report;

/// Saving takes at most this part of the time.
const SHARE: u32 = 20;

/// State of floats that is worth a word: 64 MiB.
const LARGE: usize = 64 << 20;

/// What is found so far, and when it was saved.
struct Progress {
    partial: Partial,
    saved: Instant,
    took: Duration,
    is_changed: bool,
}

/// Evaluates the images that the file does not have, and reports all.
pub(super) fn tally(
    reader: &Reader,
    choice: &Choice,
    settings: Vec<(String, String)>,
    (file, path, every): (&Output, &Path, Duration),
    (classes, threads): (usize, NonZero<usize>),
) -> Result<Evaluated, Failure> {
    let names: Vec<String> = (0..reader.len()).map(|image| reader.name(image)).collect();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let line = format!("found image {} twice, expected each once with --partial", pair[0]);
        return Err(Failure::Input(format!("{}: {line}", reader.path().display())));
    }
    let partial =
        resume(path, &settings, &names, reader)?.unwrap_or(Partial { settings, images: Vec::new() });
    let done: BTreeSet<&str> = partial.images.iter().map(|image| image.name.as_str()).collect();
    let left: Vec<usize> = (0..names.len()).filter(|image| !done.contains(names[*image].as_str())).collect();
    if !done.is_empty() {
        note(format_args!("{}: went on from {} of {} images", path.display(), done.len(), names.len()));
    }
    let is_changed = partial.images.is_empty();
    let progress = Progress { partial, saved: Instant::now(), took: Duration::ZERO, is_changed };
    let progress = Mutex::new(progress);
    let bar = report::progress(left.len());
    let work = |counter: &mut Counter, place: usize| {
        let state = tally::state(reader, choice, counter, classes, left[place])?;
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.add(state);
        if progress.saved.elapsed() >= every.max(progress.took * SHARE) {
            progress.save(file)?;
        }
        bar.inc(1);
        Ok::<_, Failure>(())
    };
    let found = each(threads, left.len(), Counter::new, work);
    bar.finish_and_clear();
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Of an image that cannot be read the others are kept.
    progress.save(file)?;
    found?;
    if let Some(size) = grows(&progress.partial) {
        note(format_args!(
            "{}: scores that are no 8-bit codes are kept whole for thresholds and calibration, {} MB so far, and grow with \
             the images: without them say --metrics, or give 8-bit scores of one class",
            path.display(),
            size / 1_000_000
        ));
    }
    tally::of_states(choice, classes, progress.partial.images, threads)
}

impl Progress {
    fn add(&mut self, state: ImageState) {
        let images = &mut self.partial.images;
        let place = images.partition_point(|known| partial::by_name(&known.name, &state.name).is_lt());
        images.insert(place, state);
        self.is_changed = true;
    }

    fn save(&mut self, file: &Output) -> Result<(), Failure> {
        if !self.is_changed {
            return Ok(());
        }
        let start = Instant::now();
        file.save(|out| partial::write(out, &self.partial))?;
        (self.saved, self.took, self.is_changed) = (Instant::now(), start.elapsed(), false);
        Ok(())
    }
}

/// Bytes of scores that are kept one by one, if they are many.
fn grows(partial: &Partial) -> Option<usize> {
    let size =
        partial.images.iter().flat_map(|image| image.classes.iter().chain([&image.scores])).map(size).sum();
    (size >= LARGE).then_some(size)
}

fn size(sides: &partial::Sides) -> usize {
    match sides {
        partial::Sides::F32(sides) => sides.iter().map(|side| size_of_val(&side[..])).sum(),
        partial::Sides::F64(sides) => sides.iter().map(|side| size_of_val(&side[..])).sum(),
    }
}

/// Reads a state.
pub(super) fn read(path: &Path) -> Result<Partial, Failure> {
    Ok(segmeter::files::read(path).and_then(|bytes| partial::read(&bytes).map_err(|e| e.at(path)))?)
}

/// What an earlier run of the same command left, if there is something.
fn resume(
    path: &Path,
    settings: &[(String, String)],
    names: &[String],
    reader: &Reader,
) -> Result<Option<Partial>, Failure> {
    if !path.exists() || path.metadata().is_ok_and(|found| found.len() == 0) {
        return Ok(None);
    }
    let partial = read(path)?;
    if let Some(line) = difference(&partial.settings, settings) {
        return Err(Failure::Input(format!(
            "{}: found {line}: say what it was made with, or name another file",
            path.display()
        )));
    }
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if let Some(other) = partial.images.iter().find(|image| !known.contains(image.name.as_str())) {
        return Err(Failure::Input(format!(
            "{}: found image {}, which is not in {}: name another file, or merge both afterwards",
            path.display(),
            other.name,
            reader.path().display()
        )));
    }
    Ok(Some(partial))
}

/// The first setting that differs, what is found and what is expected.
pub(super) fn difference(found: &[(String, String)], expected: &[(String, String)]) -> Option<String> {
    const NONE: &str = "null";
    let value = |all: &[(String, String)], name: &str| {
        all.iter().find(|(known, _)| known == name).map_or(NONE.to_owned(), |(_, value)| value.clone())
    };
    let names = expected.iter().chain(found).map(|(name, _)| name);
    let other = names.into_iter().find(|name| value(found, name) != value(expected, name))?;
    let short = |value: String| {
        let value = if value == NONE { "nothing said".to_owned() } else { value };
        report::cut(&value, 80)
    };
    let [found, expected] = [found, expected].map(|all| short(value(all, other)));
    Some(format!("{other} {found}, expected {expected}"))
}
