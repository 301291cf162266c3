//! Which metrics are wanted, and by whose conventions.

use std::collections::BTreeSet;

use clap::Args;
use segmeter::core::metric::calibration::Edges;
use segmeter::core::metric::surface::{BoundaryIou, Percentile, Spacing, Surface};
use segmeter::core::metric::{ClassMetric, ClassReport, Confidence, Empties, Preset, Score};
use serde::{Deserialize, Serialize};

use super::detail::{Detail, DetailInput, PERCENTILE, is_percentile};
use super::outputs::Outputs;
use crate::command::Failure;
use crate::command::registry::{self, Entry, Kind};
use segmeter::scores::{Binning, Scale};

/// The metric of categories.
const CATEGORIES: &str = "category_iou";

/// Metrics that may take minutes on a noisy mask: computed if asked for.
const SLOW: &str = "apls";

/// Presets beyond those of the overlap metrics.
const MORE_PRESETS: [&str; 7] = [
    "panoptica",
    "surface_distance",
    "boundary_iou_coco",
    "boundary_iou_cityscapes",
    "davis_f",
    "kitti_road",
    "torchmetrics",
];

/// What can be chosen.
#[derive(Args, Serialize, Deserialize)]
#[command(next_help_heading = "What is computed")]
pub(super) struct ChoiceInput {
    /// Only these metrics; what none of them needs is not computed [default: all but apls, which is slow on noisy masks]
    #[arg(long, value_name = "all|name,name,...")]
    metrics: Option<String>,
    /// Conventions of another library for the metrics that it has
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// How many times as much recall counts as precision in f_beta
    #[arg(long, value_name = "B", default_value_t = 2.0)]
    beta: f64,
    /// Distance up to which a contour counts as matched (nsd, boundary_f) [default: 2, or that of the preset: of panoptica the
    /// smaller side of --spacing]
    #[arg(long, value_name = "D")]
    tolerance: Option<f64>,
    /// Size of a pixel, from row to row and from column to column; apls needs square ones
    #[arg(long, value_name = "SY,SX", value_delimiter = ',', num_args = 1, allow_hyphen_values = true)]
    spacing: Option<Vec<f64>>,
    /// Pixels from the labelled contour that count in trimap
    #[arg(long, value_name = "R", default_value_t = 3.0)]
    trimap_radius: f64,
    /// Components of fewer pixels are left out, with their holes
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    min_area: u16,
    /// Column in which the vehicle drives [default: the middle one]
    #[arg(long, value_name = "X")]
    ego: Option<usize>,
    /// Measure contours and components of class 0 too
    #[arg(long)]
    background: bool,
    /// Categories and the classes of each, for category_iou; a class need not be in any
    #[arg(long, value_name = "NAME=CLASS,CLASS;...")]
    categories: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    detail: DetailInput,
}

/// Classes that are taken as one.
pub(super) struct Categories {
    pub(super) names: Vec<String>,
    /// The category of every class.
    pub(super) of_class: Vec<u8>,
}

/// Everything that decides what is computed.
pub(super) struct Choice {
    metrics: BTreeSet<&'static str>,
    /// The name of the preset, if one was asked for.
    pub(super) preset: Option<&'static str>,
    /// Overlap metrics of a class, wanted ones.
    pub(super) class_metrics: Vec<(&'static str, ClassMetric)>,
    pub(super) beta: f64,
    pub(super) detail: Detail,
    pub(super) surface: Surface,
    /// Distance of Boundary IoU over the diagonal, and whether the frame counts.
    pub(super) boundary: (f64, bool),
    pub(super) trimap_radius: f64,
    pub(super) min_area: u16,
    pub(super) ego: Option<usize>,
    pub(super) binning: Binning,
    /// Contours and components are measured of classes from this one.
    pub(super) first: usize,
    pub(super) categories: Option<Categories>,
    /// Classes that are ignored: in no mean, and not measured.
    pub(super) ignored: Vec<usize>,
    /// What scores are.
    pub(super) scale: Scale,
    /// Whether predictions are logits of classes.
    pub(super) softmax: bool,
    /// What predictions are.
    pub(super) outputs: Outputs,
    /// Whether what is known of every image is kept to the end.
    pub(super) keeps_images: bool,
    /// Whether thresholds of every class may be looked at: all logits are kept for it.
    has_named: bool,
    /// Whether metrics were asked for one by one.
    is_listed: bool,
}

impl ChoiceInput {
    /// Refuses what the command line does not take, which a file may say.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.detail.check()
    }

    /// `threshold` is the probability above which a pixel is foreground.
    pub(super) fn choice(&self, threshold: f64) -> Result<Choice, Failure> {
        let detail = self.detail.detail()?;
        let metrics = self.wanted(detail.percentile_key)?;
        let preset = self.preset.as_deref().map(known_preset).transpose()?;
        let class_metrics = detail.class_metrics(self.beta, threshold);
        let class_metrics = class_metrics.into_iter().filter(|(name, _)| metrics.contains(name)).collect();
        let ratio = if preset == Some("boundary_iou_cityscapes") {
            BoundaryIou::CITYSCAPES
        } else {
            BoundaryIou::COCO
        };
        let (bins, edges, confidence) = match preset {
            Some("torchmetrics") => (15, Edges::Torchmetrics, Confidence::Positive),
            Some("metrics_reloaded") => (10, Edges::MetricsReloaded, Confidence::Positive),
            _ => (15, Edges::Closed, Confidence::TopLabel),
        };
        let positive = |name: &str, value: f64| {
            let line = format!("found {name} {value}, expected a finite number that is not negative");
            if value.is_finite() && value >= 0.0 { Ok(()) } else { Err(Failure::Input(line)) }
        };
        positive("--beta", self.beta)?;
        positive("--trimap-radius", self.trimap_radius)?;
        positive("--tolerance", self.tolerance.unwrap_or(0.0))?;
        let bins = detail.bins.unwrap_or(bins);
        let surface = self.surface(&metrics, preset, &detail)?;
        let library = preset.is_some_and(|name| name.starts_with("boundary_iou_"));
        let boundary = (ratio, detail.frame_counts.unwrap_or(library));
        Ok(Choice {
            metrics,
            preset,
            class_metrics,
            beta: self.beta,
            detail,
            surface,
            boundary,
            trimap_radius: self.trimap_radius,
            min_area: self.min_area,
            ego: self.ego,
            binning: Binning { bins, edges, confidence },
            first: usize::from(!self.background),
            categories: None,
            ignored: Vec::new(),
            scale: Scale::Logit,
            softmax: false,
            outputs: Outputs::default(),
            keeps_images: true,
            has_named: self.metrics.is_some(),
            is_listed: self.metrics.as_deref().is_some_and(|text| text != "all"),
        })
    }

    /// The names of the metrics.
    fn wanted(&self, percentile_key: &str) -> Result<BTreeSet<&'static str>, Failure> {
        let mut metrics = match self.metrics.as_deref() {
            None => known().map(|entry| entry.name).filter(|name| *name != SLOW).collect(),
            Some("all") => known().map(|entry| entry.name).collect(),
            Some(text) => {
                let metrics = listed(text, percentile_key)?;
                if metrics.contains(CATEGORIES) && self.categories.is_none() {
                    let line =
                        format!("found metric `{CATEGORIES}` without categories, expected --categories");
                    return Err(Failure::Input(line));
                }
                if !metrics.contains(CATEGORIES) && self.categories.is_some() {
                    let line = format!("--categories say nothing here: none of --metrics is {CATEGORIES}");
                    crate::command::note(line);
                }
                metrics
            }
        };
        if self.categories.is_none() {
            metrics.remove(CATEGORIES);
        }
        Ok(metrics)
    }

    /// The categories of classes that have these names.
    pub(super) fn categories(&self, classes: &[String]) -> Result<Option<Categories>, Failure> {
        let Some(text) = &self.categories else { return Ok(None) };
        let bad = |what: String| Failure::Input(format!("found --categories {text}, {what}"));
        // A class of no category has a number that no category has.
        let mut categories = Categories { names: Vec::new(), of_class: vec![u8::MAX; classes.len()] };
        for (category, part) in text.split(';').enumerate() {
            let expected = || bad("expected NAME=CLASS,CLASS;...".to_owned());
            let (name, members) = part.split_once('=').ok_or_else(expected)?;
            let twice = |name: &str| bad(format!("in which `{name}` is more than once"));
            if categories.names.iter().any(|known| known == name) {
                return Err(twice(name));
            }
            for member in members.split(',') {
                let place = classes.iter().position(|class| class == member).ok_or_else(|| {
                    bad(format!("in which `{member}` is none of the classes {}", classes.join(", ")))
                })?;
                if categories.of_class[place] != u8::MAX {
                    return Err(twice(member));
                }
                categories.of_class[place] = u8::try_from(category)
                    .ok()
                    .filter(|category| *category < u8::MAX)
                    .ok_or_else(|| bad(format!("expected at most {} categories", u8::MAX)))?;
            }
            categories.names.push(name.to_owned());
        }
        Ok(Some(categories))
    }

    fn surface(
        &self,
        metrics: &BTreeSet<&str>,
        preset: Option<&str>,
        detail: &Detail,
    ) -> Result<Surface, Failure> {
        let named = Surface::PRESETS.into_iter().find(|surface| Some(surface.name) == preset);
        let mut surface = named.unwrap_or_default();
        surface.percentile =
            surface.percentile.map(|percentile| Percentile { quantile: detail.quantile, ..percentile });
        surface.contour.frame_counts = detail.frame_counts.unwrap_or(surface.contour.frame_counts);
        if let Some(spacing) = &self.spacing {
            let bad = || {
                let texts: Vec<_> = spacing.iter().map(ToString::to_string).collect();
                let line = "expected two numbers SY,SX in [1e-9, 1e9] with a ratio in [1e-6, 1e6]";
                Failure::Input(format!("found --spacing {}, {line}", texts.join(",")))
            };
            let [row, column] = spacing[..] else { return Err(bad()) };
            surface.spacing = Spacing::new(row, column).map_err(|_| bad())?;
            if metrics.contains(SLOW) && !is_square(surface.spacing) {
                let line = format!("--spacing {row},{column}: {SLOW} is defined for square pixels only");
                if self.metrics.as_deref() != Some("all") {
                    return Err(Failure::Input(line));
                }
                crate::command::note(format!("{line}, and printed as undefined"));
            }
            if surface.name == Surface::PANOPTICA.name {
                surface.tolerance = row.min(column);
            }
        }
        surface.tolerance = self.tolerance.unwrap_or(surface.tolerance);
        Ok(surface)
    }
}

impl Choice {
    /// Whether a number is wanted; some metrics come as several.
    pub(super) fn wants(&self, key: &str) -> bool {
        self.metrics.contains(metric_of(key))
    }

    /// Whether one of several is.
    pub(super) fn wants_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.wants(key))
    }

    /// Whether scores are to be looked at at every threshold.
    pub(super) fn needs_scores(&self) -> bool {
        self.entries().any(|entry| ["threshold", "calibration"].contains(&entry.family))
    }

    /// Whether every class has thresholds of its own.
    pub(super) fn needs_curves_of_classes(&self) -> bool {
        self.softmax && self.has_named && self.entries().any(|entry| entry.family == "threshold")
    }

    /// The entries of what was asked for by its name.
    pub(super) fn named(&self) -> impl Iterator<Item = &'static Entry> {
        self.entries().filter(|_| self.is_listed)
    }

    /// The entries of all that is wanted.
    pub(super) fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        known().filter(|entry| self.metrics.contains(entry.name))
    }

    /// Whether the confusion matrix is printed: with everything, or where agreement is asked for.
    pub(super) fn wants_matrix(&self) -> bool {
        !self.has_named || self.wants("kappa")
    }

    /// What the number of a metric is called.
    pub(super) fn key_of(&self, name: &'static str) -> &'static str {
        if name == PERCENTILE { self.detail.percentile_key } else { name }
    }

    /// The conventions of the preset for an overlap metric, if it has any.
    pub(super) fn overlap_preset(&self, name: &str) -> Option<Preset> {
        let preset = match (self.preset?, name) {
            ("torchmetrics", "iou") => "torchmetrics_mean_iou",
            ("torchmetrics", "dice") => "torchmetrics_dice_score",
            (preset, _) => preset,
        };
        let has: &[&str] = match preset {
            "torchmetrics_mean_iou" | "torchmetrics_jaccard_index" | "cityscapes_pixel" => &["iou"],
            "torchmetrics_dice_score" => &["dice"],
            "monai" | "monai_keep_empty" => &["iou", "dice"],
            "metrics_reloaded" => &["iou", "dice", "f_beta", "precision", "recall", "specificity"],
            "mmseg" => &["iou", "dice", "precision", "recall"],
            _ => &["iou", "dice", "precision", "recall", "specificity"],
        };
        let found = Preset::ALL.into_iter().find(|(known, _)| *known == preset);
        found.filter(|_| has.contains(&name)).map(|(_, preset)| preset)
    }

    /// An overlap metric of a class, which has this id.
    pub(super) fn score(&self, name: &str, metric: ClassMetric, id: usize, class: ClassReport) -> Score {
        let preset = self.overlap_preset(name);
        if self.ignored.contains(&id) && !preset.is_some_and(Preset::keeps_ignored_class) {
            return Score::Skipped;
        }
        preset.map_or(Empties::FORMULA, |preset| preset.empties(metric)).score(metric, class)
    }
}

/// Whether pixels are as high as they are wide.
pub(super) fn is_square(spacing: Spacing) -> bool {
    spacing.row().to_bits() == spacing.column().to_bits()
}

/// The listed name of what a number is of.
pub(super) fn metric_of(key: &str) -> &str {
    match key {
        "weighted_kappa_quadratic" => "weighted_kappa",
        _ if is_percentile(key) => PERCENTILE,
        _ if key.ends_with("_at_max_f1") => "max_f1",
        _ => key.strip_suffix("_of_labels").unwrap_or(key),
    }
}

/// The family of what a number is of.
pub(super) fn family_of(key: &str) -> &'static str {
    let name = metric_of(key);
    known().find(|entry| entry.name == name).map_or("", |entry| entry.family)
}

/// All metrics.
fn known() -> impl Iterator<Item = &'static Entry> {
    registry::all().filter(|entry| entry.kind == Kind::Metric)
}

/// The metrics named in a list; hd95 by its percentile as well.
fn listed(text: &str, percentile_key: &str) -> Result<BTreeSet<&'static str>, Failure> {
    let find = |name: &str| {
        let mut listed = registry::metric(name);
        if listed == percentile_key {
            listed = PERCENTILE.to_owned();
        }
        known().map(|entry| entry.name).find(|known| *known == listed).ok_or_else(|| {
            let near = registry::nearest(name, registry::names(Kind::Metric));
            Failure::Input(match listed.strip_prefix("hd").filter(|_| is_percentile(&listed)) {
                Some(percentile) => {
                    format!("found metric `{name}`, which is hd95 with --percentile {percentile}")
                }
                None => {
                    format!("found metric `{name}`{near} (all, or some of what segmeter list metrics prints)")
                }
            })
        })
    };
    text.split(',').map(find).collect()
}

fn known_preset(text: &str) -> Result<&'static str, Failure> {
    let names = || Preset::ALL.into_iter().map(|(name, _)| name).chain(MORE_PRESETS);
    names().find(|name| *name == text).ok_or_else(|| {
        let near = registry::nearest(text, names());
        let near = if near.is_empty() {
            format!(", expected one of {}", names().collect::<Vec<_>>().join(", "))
        } else {
            near
        };
        Failure::Input(format!("found --preset {text}{near}"))
    })
}
