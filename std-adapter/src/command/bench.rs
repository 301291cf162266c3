//! `segmeter bench`.

use std::hint::black_box;
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use segmeter::catalogue::{AnyFrame, ChosenLoss, LOSSES, Settings};
use segmeter::core::loss::Loss;
use segmeter::{Engine, LevelName, files};
use serde::Serialize;

use super::registry;
use super::{Common, Failure, Outcome};
use crate::{output, report};

mod metrics;
mod scaling;
mod scene;

use scene::Scene;

#[derive(Args)]
pub(super) struct Arguments {
    /// Only rows whose name has this in it
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
    /// Only the row of exactly that name
    #[arg(long, requires = "filter")]
    exact: bool,
    /// Only rows of this kind: losses of binary frames, losses of several classes, or metrics
    #[arg(long, value_name = "KIND")]
    rows: Option<Kind>,
    /// Rows and columns of the frames [default: 1024x2048, of several classes 512x512]
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<[u32; 2]>,
    /// Classes of the frames of several
    #[arg(long, value_name = "N", default_value_t = 19, value_parser = clap::value_parser!(u8).range(2..=32))]
    classes: u8,
    /// The best of so many runs counts, or of as many as a second has room for
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// A column for every kind of instructions that this machine has
    #[arg(long)]
    levels: bool,
    /// How costs depend on size, classes, threads and frames, of a few losses or those of --filter; takes up to 2 GB
    #[arg(long, conflicts_with_all = ["size", "classes", "save"])]
    scaling: bool,
    /// Write the frames of losses to this folder as .npy, for other programs to be measured on
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// What rows are about.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Binary,
    Classes,
    Metrics,
}

/// Rows and columns, as in `1024x2048`.
fn size(text: &str) -> Result<[u32; 2], String> {
    let parsed = text.split_once('x').and_then(|(height, width)| {
        let side = |text: &str| text.parse().ok().filter(|side| (1..=1 << 14).contains(side));
        Some([side(height)?, side(width)?])
    });
    parsed.ok_or_else(|| "expected rows and columns from 1 to 16384, as in 1024x2048".to_owned())
}

/// What a row is measured on.
#[derive(Serialize)]
struct Measured<'a> {
    name: &'a str,
    kind: &'static str,
    input: &'a str,
    height: u32,
    width: u32,
    /// As many of these one after the other.
    frames: usize,
    level: String,
    threads: usize,
    nanoseconds_per_pixel: f64,
}

/// Rows as they are measured.
struct Bench<'a> {
    arguments: &'a Arguments,
    engines: Vec<Engine>,
    json: bool,
    rows: Vec<serde_json::Value>,
    out: &'a mut dyn Write,
    /// What is printed before the next row: nothing stands above no rows.
    heading: String,
    is_begun: bool,
    found: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    common: &Common,
    engine: &Engine,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let engines = engines(arguments, engine).map_err(|error| Failure::Input(error.to_string()))?;
    let mut bench = Bench {
        arguments,
        engines,
        json: common.json,
        rows: Vec::new(),
        out,
        heading: String::new(),
        is_begun: false,
        found: false,
    };
    bench.heading = format!("{}; best of {} runs\n", processor(), arguments.runs);
    if arguments.scaling {
        scaling::measure(&mut bench)?;
    } else {
        losses(&mut bench)?;
        metrics::measure(&mut bench)?;
    }
    if !bench.found {
        let near = registry::nearest(&arguments.filter, LOSSES.iter().map(|entry| entry.name));
        let filter = &arguments.filter;
        let what = if arguments.exact { "that name" } else { "that in its name" };
        let line = match (filter.is_empty(), arguments.rows.and_then(|kind| kind.to_possible_value())) {
            (true, Some(kind)) => {
                format!("--rows {}: no such row with --scaling, which is of losses", kind.get_name())
            }
            (_, Some(kind)) => format!("--filter {filter}: no row of {} has {what}{near}", kind.get_name()),
            (_, None) => format!("--filter {filter}: no row has {what}{near}"),
        };
        return Err(Failure::Input(line));
    }
    if common.json {
        report::json(bench.out, &bench.rows)?;
    }
    Ok(Outcome::Done)
}

/// One thread, and then as many as were asked for.
fn engines(arguments: &Arguments, engine: &Engine) -> Result<Vec<Engine>, segmeter::Unavailable> {
    let one = NonZero::<usize>::MIN;
    let levels = match arguments.levels {
        true => LevelName::ALL.into_iter().filter(|level| level.is_available()).collect(),
        false => vec![engine.level()],
    };
    let mut engines: Vec<_> =
        levels.into_iter().map(|level| Engine::new(level, one)).collect::<Result<_, _>>()?;
    if engine.threads() > one {
        engines.push(*engine);
    }
    Ok(engines)
}

/// The processor's name, where the system says it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn losses(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let [height, width] = bench.arguments.size.unwrap_or([1024, 2048]);
    let scene = Scene::binary(height, width);
    bench.save(&scene, "binary")?;
    bench.heading(&format!("binary, {height}x{width}, value and gradient"));
    for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"binary")) {
        bench.loss(entry.name, (Kind::Binary, "binary"), &AnyFrame::Binary(scene.frame()?))?;
    }
    bench.memory((Kind::Binary, "binary"), &scene)?;
    let [height, width] = bench.arguments.size.unwrap_or([512, 512]);
    let classes = bench.arguments.classes;
    let scene = Scene::multiclass(height, width, classes);
    bench.save(&scene, "classes")?;
    bench.heading(&format!("{classes} classes, {height}x{width}, value and gradient"));
    for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"multiclass")) {
        let input = (Kind::Classes, &*format!("{classes} classes"));
        bench.loss(entry.name, input, &AnyFrame::Multiclass(scene.classes()?))?;
    }
    bench.memory((Kind::Classes, &format!("{classes} classes")), &scene)
}

impl Bench<'_> {
    fn line(&mut self, text: &str) -> Result<(), Failure> {
        let heading = std::mem::take(&mut self.heading);
        self.is_begun = true;
        if !self.json {
            writeln!(self.out, "{heading}{text}")?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn save(&mut self, scene: &Scene, name: &str) -> Result<(), Failure> {
        let Some(folder) = self.arguments.save.as_deref() else { return Ok(()) };
        let file = |what: &str| Some(Path::new(folder).join(format!("{name}-{what}.npy")));
        let files = [("--save", &file("logits")), ("--save", &file("labels"))];
        let [logits, ids] = output::open(files, self.json, &[])?;
        let [height, width] = [scene.height, scene.width].map(|side| side as usize);
        let channels = scene.logits.len() / (height * width);
        let axes = [channels, height, width];
        if let Some(logits) = logits {
            let axes = if channels == 1 { &axes[1..] } else { &axes };
            logits.write(self.out, |file| files::npy::write_f32(file, axes, &scene.logits))?;
        }
        if let Some(ids) = ids {
            ids.write(self.out, |file| files::npy::write_u8(file, &axes[1..], &scene.labels))?;
        }
        Ok(())
    }

    fn is_wanted(&mut self, name: &str, kind: Kind) -> bool {
        let Arguments { filter, exact, rows, .. } = self.arguments;
        let is_named = if *exact { name == filter } else { name.contains(filter) };
        let is_wanted = is_named && rows.is_none_or(|rows| rows == kind);
        self.found |= is_wanted;
        is_wanted
    }

    fn heading(&mut self, text: &str) {
        let columns: String = self.engines.iter().map(|engine| format!(" {:>9}", column(engine))).collect();
        self.start(&format!("{text}, ns per pixel\n{:<38}{columns}", ""));
    }

    /// Begins a group of rows. What stands above all stays if there were no rows yet.
    fn start(&mut self, text: &str) {
        if self.is_begun {
            self.heading.clear();
        } else {
            self.heading.truncate(self.heading.find('\n').map_or(0, |end| end + 1));
        }
        self.heading += &format!("\n{text}\n");
    }

    /// Value and gradient by every engine; what the loss refuses is left out.
    fn loss(&mut self, name: &str, (kind, input): (Kind, &str), frame: &AnyFrame<'_>) -> Result<(), Failure> {
        if !self.is_wanted(name, kind) {
            return Ok(());
        }
        let mut columns = String::new();
        for engine in self.engines.clone() {
            let Some(nanoseconds) = self.cost(name, input, (frame, 1), &engine)? else { return Ok(()) };
            columns += &format!(" {nanoseconds:>9.2}");
        }
        self.line(&format!("{name:<38}{columns}"))
    }

    /// Nanoseconds per pixel of so many frames, one after the other, each with its own gradient. `None` if the loss refuses
    /// them.
    fn cost(
        &mut self,
        name: &str,
        input: &str,
        (frame, frames): (&AnyFrame<'_>, usize),
        engine: &Engine,
    ) -> Result<Option<f64>, Failure> {
        let loss =
            ChosenLoss::new(name, &Settings::new()).map_err(|error| Failure::Input(error.to_string()))?;
        let (shape, scores) = match frame {
            AnyFrame::Binary(frame) => (frame.shape(), frame.scores().len()),
            AnyFrame::Multiclass(frame) => (frame.shape(), frame.scores().len()),
        };
        let (mut scratch, mut gradients) = (vec![0; loss.scratch_len(shape)], vec![0.0; scores * frames]);
        if loss.write_gradient(engine, frame, &mut scratch, &mut gradients[..scores]).is_err() {
            return Ok(None);
        }
        let nanoseconds = self.best(shape.pixels() * frames, || {
            for gradient in gradients.chunks_mut(scores) {
                let _ = black_box(loss.write_gradient(engine, frame, &mut scratch, gradient));
            }
        });
        let size = ([shape.height(), shape.width()], frames);
        self.keep((name, "loss", input), size, engine, nanoseconds)?;
        Ok(Some(nanoseconds))
    }

    /// What the memory of this machine takes for what every loss has to do: to fill a gradient, and to read scores beside it.
    fn memory(&mut self, (kind, input): (Kind, &str), scene: &Scene) -> Result<(), Failure> {
        let (size, scores) = ([scene.height as usize, scene.width as usize], &scene.logits);
        let mut gradient = vec![1.0; scores.len()];
        if self.is_wanted("memory: gradient filled", kind) {
            let nanoseconds = self.best(size[0] * size[1], || black_box(&mut gradient[..]).fill(0.0));
            self.bare("memory: gradient filled", "memory", (input, size), nanoseconds)?;
        }
        if self.is_wanted("memory: scores copied to it", kind) {
            let copy = || black_box(&mut gradient[..]).copy_from_slice(scores);
            let nanoseconds = self.best(size[0] * size[1], copy);
            self.bare("memory: scores copied to it", "memory", (input, size), nanoseconds)?;
        }
        Ok(())
    }

    /// What one thread does in scalar code or whatever it chooses for itself.
    fn single(&mut self, name: &str, size: [usize; 2], mut work: impl FnMut()) -> Result<(), Failure> {
        if !self.is_wanted(name, Kind::Metrics) {
            return Ok(());
        }
        let nanoseconds = self.best(size[0] * size[1], &mut work);
        self.bare(name, "metric", ("8 bits", size), nanoseconds)
    }

    /// A row that does not depend on the engine.
    fn bare(
        &mut self,
        name: &str,
        kind: &'static str,
        (input, size): (&str, [usize; 2]),
        nanoseconds: f64,
    ) -> Result<(), Failure> {
        let engine = Engine::new(LevelName::Scalar, NonZero::<usize>::MIN);
        let engine = engine.map_err(|error| Failure::Input(error.to_string()))?;
        self.keep((name, kind, input), (size, 1), &engine, nanoseconds)?;
        self.line(&format!("{name:<38} {nanoseconds:>9.2}"))
    }

    /// The shortest of several runs, in nanoseconds per pixel.
    fn best(&self, pixels: usize, mut work: impl FnMut()) -> f64 {
        let (start, mut best) = (Instant::now(), Duration::MAX);
        for _ in 0..self.arguments.runs {
            let run = Instant::now();
            work();
            best = best.min(run.elapsed());
            if start.elapsed() > Duration::from_secs(1) {
                break;
            }
        }
        best.as_secs_f64() * 1e9 / pixels as f64
    }

    fn keep(
        &mut self,
        (name, kind, input): (&str, &'static str, &str),
        ([height, width], frames): ([usize; 2], usize),
        engine: &Engine,
        nanoseconds_per_pixel: f64,
    ) -> Result<(), Failure> {
        let (level, threads) = (engine.level().to_string(), engine.threads().get());
        let [height, width] = [height as u32, width as u32];
        let row =
            Measured { name, kind, input, height, width, frames, level, threads, nanoseconds_per_pixel };
        self.rows.push(serde_json::to_value(row)?);
        Ok(())
    }
}

fn column(engine: &Engine) -> String {
    match engine.threads().get() {
        1 => engine.level().to_string(),
        threads => format!("{threads} thr."),
    }
}
