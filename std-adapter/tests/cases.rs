//! Every case of `tests/cases`: a small input, a command and the right answer. `tests/cases/README.md` says what one holds.

use std::path::{Path, PathBuf};
use std::process::Command;

use segmeter::files::{Elements, npy};
use serde_json::{Map, Value};

/// Why a case fails.
type Answer<T = ()> = Result<T, String>;

#[test]
fn every_case_gives_the_right_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() > 170, "only {} cases", folders.len());
    let mut wrong = Vec::new();
    for folder in &folders {
        if let Err(why) = run(folder) {
            wrong.push(format!("{}: {why}", folder.file_name().unwrap_or_default().display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), folders.len(), wrong.join("\n"));
}

fn run(folder: &Path) -> Answer {
    let text = std::fs::read_to_string(folder.join("case.json")).map_err(|e| format!("case.json: {e}"))?;
    let case: Map<String, Value> = serde_json::from_str(&text).map_err(|e| format!("case.json: {e}"))?;
    known(&case, &["what", "derivation", "before", "command", "commands", "expect", "tolerance"])?;
    let commands: Vec<&Value> = match (case.get("command"), case.get("commands")) {
        (Some(command), None) => vec![command],
        (None, Some(Value::Array(commands))) => commands.iter().collect(),
        _ => return Err("case.json: expected a command or commands".to_owned()),
    };
    first_right(&commands, "spellings", |command| attempt(folder, &case, command))
}

/// Runs one spelling of a case in a folder of its own.
fn attempt(folder: &Path, case: &Map<String, Value>, command: &Value) -> Answer {
    let out = tempfile::tempdir().map_err(|e| e.to_string())?;
    let before = case.get("before").map_or(Ok(&[][..]), |list| array(list))?;
    let earlier: Vec<Value> =
        before.iter().map(|words| Ok(call(folder, out.path(), words)?.code.into())).collect::<Answer<_>>()?;
    let run = Run { folder, out: out.path(), earlier, printed: call(folder, out.path(), command)? };
    let tolerance = Tolerance::of(case.get("tolerance"))?;
    let expect = object(case.get("expect").ok_or("case.json: expected `expect`")?)?;
    match expect.get("any") {
        None => run.check(expect, &tolerance),
        Some(answers) => {
            known(expect, &["any"])?;
            let answers: Vec<&Value> = array(answers)?.iter().collect();
            first_right(&answers, "answers", |answer| run.check(object(answer)?, &tolerance))
        }
    }
}

/// Passes if one alternative does; else why the first did not.
fn first_right(choices: &[&Value], what: &str, check: impl Fn(&Value) -> Answer) -> Answer {
    let mut reasons = Vec::new();
    for choice in choices {
        match check(choice) {
            Ok(()) => return Ok(()),
            Err(why) => reasons.push(why),
        }
    }
    match reasons.as_slice() {
        [] => Err(format!("no {what}")),
        [why] => Err(why.clone()),
        [why, rest @ ..] => Err(format!("{why} (nor with {} other {what})", rest.len())),
    }
}

/// What a command left behind.
struct Printed {
    code: i32,
    stdout: String,
    stderr: String,
}

fn call(folder: &Path, out: &Path, words: &Value) -> Answer<Printed> {
    let out = out.to_str().ok_or("a folder whose name is no text")?;
    let words =
        array(words)?.iter().map(|word| Ok(text(word)?.replace("{out}", out))).collect::<Answer<Vec<_>>>()?;
    let output = Command::new(env!("CARGO_BIN_EXE_segmeter"))
        .args(words)
        .current_dir(folder)
        .output()
        .map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().ok_or("ended by a signal")?;
    Ok(Printed { code, stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

impl Printed {
    /// One JSON document, or the lines of one a line.
    fn document(&self) -> Answer<Value> {
        serde_json::from_str(&self.stdout).or_else(|e| {
            let lines: Vec<&str> = self.stdout.lines().filter(|line| !line.trim().is_empty()).collect();
            let error = format!("stdout is not JSON: {e}");
            if lines.len() < 2 {
                return Err(error);
            }
            let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line));
            lines.collect::<Result<Vec<_>, _>>().map(Value::Array).map_err(|_| error)
        })
    }

    /// What a reader is told: stderr, and the notes of the JSON.
    fn notes(&self) -> String {
        let mut told = self.stderr.clone();
        if let Ok(document) = self.document() {
            let lines = document.as_array().map_or(std::slice::from_ref(&document), Vec::as_slice);
            let notes = |line: &Value| ["note", "notes"].map(|key| line.get(key).cloned());
            for note in lines.iter().flat_map(notes).flatten() {
                told += &note.to_string();
            }
        }
        told
    }
}

/// How far from the right number an answer may be.
struct Tolerance {
    relative: f64,
    absolute: f64,
    /// Of a derivative, relative to the largest of the frame.
    gradient: f64,
}

impl Tolerance {
    fn of(given: Option<&Value>) -> Answer<Self> {
        let empty = Map::new();
        let given = given.map_or(Ok(&empty), object)?;
        known(given, &["relative", "absolute", "gradient"])?;
        let of = |key: &str, default| given.get(key).map_or(Ok(default), number);
        Ok(Self {
            relative: of("relative", 1e-6)?,
            absolute: of("absolute", 1e-9)?,
            gradient: of("gradient", 1e-5)?,
        })
    }

    fn equal(&self, found: &Value, expected: &Value) -> bool {
        match (found, expected) {
            (Value::Number(found), Value::Object(bounds)) => {
                let found = found.as_f64().unwrap_or(f64::NAN);
                let bound = |key: &str, none| bounds.get(key).map_or(Some(none), Value::as_f64);
                bounds.keys().all(|key| ["at_least", "at_most"].contains(&key.as_str()))
                    && bound("at_least", f64::NEG_INFINITY).is_some_and(|least| found >= least)
                    && bound("at_most", f64::INFINITY).is_some_and(|most| found <= most)
            }
            (Value::Array(found), Value::Array(expected)) => {
                found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| self.equal(f, e))
            }
            (Value::Number(found), Value::Number(expected)) => {
                let (found, expected) =
                    (found.as_f64().unwrap_or(f64::NAN), expected.as_f64().unwrap_or(f64::NAN));
                (found - expected).abs() <= (self.relative * expected.abs()).max(self.absolute)
            }
            _ => found == expected,
        }
    }
}

/// A case that has been run.
struct Run<'a> {
    folder: &'a Path,
    out: &'a Path,
    /// The exit codes of what ran before.
    earlier: Vec<Value>,
    printed: Printed,
}

impl Run<'_> {
    fn check(&self, expect: &Map<String, Value>, tolerance: &Tolerance) -> Answer {
        let Printed { code, stdout, stderr } = &self.printed;
        let exit = expect.get("exit").cloned().unwrap_or_else(|| 0.into());
        let exits = exit.as_array().map_or(std::slice::from_ref(&exit), Vec::as_slice);
        if !exits.contains(&Value::from(*code)) {
            return Err(format!("exit {code}, expected {exit}: {}", stderr.trim()));
        }
        for (key, wanted) in expect {
            match key.as_str() {
                // `paths` belongs to `same_as`.
                "exit" | "paths" => (),
                "before_exit" if *wanted == Value::from(self.earlier.clone()) => (),
                "before_exit" => {
                    return Err(format!("exits {:?} of what runs before, expected {wanted}", self.earlier));
                }
                "stderr_contains" => says("stderr", stderr, wanted)?,
                "stdout_contains" => says("stdout", stdout, wanted)?,
                "note_contains" => says("a note", &self.printed.notes(), wanted)?,
                "stderr_at_most" => at_most("characters on stderr", stderr.chars().count(), wanted)?,
                "widest" => {
                    let widest = stdout.lines().map(|line| line.chars().count()).max().unwrap_or(0);
                    at_most("characters in a line", widest, wanted)?;
                }
                "lines" => {
                    let most =
                        object(wanted)?.get("at_most").ok_or("case.json: `lines` without `at_most`")?;
                    at_most("lines", stdout.lines().count(), most)?;
                }
                "wrote" => {
                    let file = self.out.join(text(wanted)?);
                    let length = file.metadata().map_err(|e| format!("{wanted}: {e}"))?.len();
                    if length == 0 {
                        return Err(format!("{wanted} is empty"));
                    }
                }
                "mentions" => self.mentions(object(wanted)?)?,
                "values" => self.values(object(wanted)?, tolerance)?,
                "gradient" => self.gradient(&self.folder.join(text(wanted)?), tolerance)?,
                "gradient_equals" => self.gradient(&self.out.join(text(wanted)?), tolerance)?,
                "same_as" => {
                    self.same(wanted, expect.get("paths").ok_or("case.json: `same_as` without `paths`")?)?
                }
                _ => return Err(format!("case.json: nobody knows how to expect `{key}`")),
            }
        }
        Ok(())
    }

    fn values(&self, values: &Map<String, Value>, tolerance: &Tolerance) -> Answer {
        let document = self.printed.document()?;
        for (path, expected) in values {
            let found = look(&document, path).ok_or_else(|| format!("no {path}"))?;
            if !tolerance.equal(&found, expected) {
                return Err(format!("{path} is {found}, expected {expected}"));
            }
        }
        Ok(())
    }

    fn gradient(&self, right: &Path, tolerance: &Tolerance) -> Answer {
        let (shape, found) = load(&self.out.join("gradient.npy"))?;
        let (expected_shape, expected) = load(right)?;
        if shape != expected_shape {
            return Err(format!("gradient of shape {shape:?}, expected {expected_shape:?}"));
        }
        if let Some(place) = found.iter().position(|slope| !slope.is_finite()) {
            return Err(format!("the gradient is {} at {place}", found[place]));
        }
        let largest = expected.iter().fold(0.0f64, |a, slope| a.max(slope.abs()));
        let error = |place: usize| (found[place] - expected[place]).abs();
        let worst =
            (0..expected.len()).max_by(|a, b| error(*a).total_cmp(&error(*b))).ok_or("an empty gradient")?;
        if error(worst) > tolerance.gradient * largest {
            let (share, found, expected) = (error(worst) / largest, found[worst], expected[worst]);
            return Err(format!(
                "gradient off by {share:.1e} of the largest: {found:e} at {worst}, expected {expected:e}"
            ));
        }
        Ok(())
    }

    /// Every name that another command lists stands in the output.
    fn mentions(&self, wanted: &Map<String, Value>) -> Answer {
        known(wanted, &["command", "where"])?;
        let command = wanted.get("command").ok_or("case.json: `mentions` without `command`")?;
        let listed = call(self.folder, self.out, command)?.document()?;
        let conditions = wanted.get("where").map_or(Ok(Map::new()), |value| object(value).cloned())?;
        let meets = |entry: &Value| {
            conditions.iter().all(|(key, value)| match entry.get(key) {
                Some(Value::Array(all)) => all.contains(value),
                found => found == Some(value),
            })
        };
        let names =
            array(&listed)?.iter().filter(|entry| meets(entry)).filter_map(|entry| entry["name"].as_str());
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let said: Vec<&str> = self.printed.stdout.split(|c| !is_name(c)).collect();
        let names: Vec<&str> = names.collect();
        let lack: Vec<&&str> = names.iter().filter(|name| !said.contains(name)).collect();
        if names.is_empty() || !lack.is_empty() {
            return Err(format!("{} of {} names are not mentioned: {lack:?}", lack.len(), names.len()));
        }
        Ok(())
    }

    /// Another command gives the same at all paths.
    fn same(&self, command: &Value, paths: &Value) -> Answer {
        let other = call(self.folder, self.out, command)?;
        let (one, two) = (self.printed.document()?, other.document()?);
        for path in array(paths)? {
            let path = text(path)?;
            let found = look(&one, path).ok_or_else(|| format!("no {path}"))?;
            if look(&two, path).as_ref() != Some(&found) {
                return Err(format!("{path} is not what {command} gives"));
            }
        }
        Ok(())
    }
}

fn at_most(what: &str, found: usize, most: &Value) -> Answer {
    match most.as_u64() {
        Some(most) if found as u64 <= most => Ok(()),
        _ => Err(format!("{found} {what}, expected {most} at most")),
    }
}

/// Every element must be there, in capitals or not; of an element that is a list, one.
fn says(place: &str, said: &str, wanted: &Value) -> Answer {
    let low = said.to_lowercase();
    for element in array(wanted)? {
        let choices = element.as_array().map_or(std::slice::from_ref(element), Vec::as_slice);
        let there = choices.iter().map(|choice| Ok(low.contains(&text(choice)?.to_lowercase())));
        if !there.collect::<Answer<Vec<_>>>()?.contains(&true) {
            return Err(format!("{place} does not say {element}: {}", said.trim()));
        }
    }
    Ok(())
}

/// `a.b[id=1].c`; `[0]`, `[-1]` a line of JSON lines; `*.name` that key of every line that has it; `x|y` the first
/// that is there.
fn look(document: &Value, path: &str) -> Option<Value> {
    path.split('|').find_map(|path| step(document, path))
}

fn step(document: &Value, path: &str) -> Option<Value> {
    let path = path.trim_start_matches('.');
    if path.is_empty() {
        return Some(document.clone());
    }
    if let Some(rest) = path.strip_prefix('*') {
        return Some(document.as_array()?.iter().filter_map(|line| step(line, rest)).collect());
    }
    if let Some((inside, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) {
        let elements = document.as_array()?;
        let element = if let Some((key, value)) = inside.split_once('=') {
            let written = serde_json::from_str::<Value>(value).ok();
            let is = |found: &Value| found.as_str() == Some(value) || Some(found) == written.as_ref();
            elements.iter().find(|element| element.get(key).is_some_and(is))?
        } else {
            let place: i64 = inside.parse().ok()?;
            let place = if place < 0 { place + elements.len() as i64 } else { place };
            elements.get(usize::try_from(place).ok()?)?
        };
        return step(element, rest);
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    step(document.get(&path[..end])?, &path[end..])
}

/// Axes and numbers of an `.npy` file.
fn load(path: &Path) -> Answer<(Vec<usize>, Vec<f64>)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = std::fs::read(path).map_err(|e| format!("{name}: {e}"))?;
    let array = npy::read(&bytes).map_err(|e| format!("{name}: {e}"))?;
    let Elements::F32(values) = array.elements else { return Err(format!("{name}: expected floats")) };
    Ok((array.shape, values.into_iter().map(f64::from).collect()))
}

fn known(object: &Map<String, Value>, keys: &[&str]) -> Answer {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(format!("case.json: nobody knows `{key}`, expected one of {}", keys.join(", "))),
    }
}

fn array(value: &Value) -> Answer<&[Value]> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("case.json: {value} is no list"))
}

fn object(value: &Value) -> Answer<&Map<String, Value>> {
    value.as_object().ok_or_else(|| format!("case.json: {value} is no object"))
}

fn text(value: &Value) -> Answer<&str> {
    value.as_str().ok_or_else(|| format!("case.json: {value} is no text"))
}

fn number(value: &Value) -> Answer<f64> {
    value.as_f64().ok_or_else(|| format!("case.json: {value} is no number"))
}
