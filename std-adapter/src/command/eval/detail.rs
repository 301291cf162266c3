//! What can be chosen of single metrics.

use clap::{Args, ValueEnum};
use segmeter::core::metric::ClassMetric;
use segmeter::core::metric::topology::Connectivity;
use serde::{Deserialize, Serialize};

use crate::command::Failure;

#[derive(Args, Serialize, Deserialize)]
#[command(next_help_heading = "What is computed")]
pub(super) struct DetailInput {
    /// Bins of confidences in ece, mce, ace, classwise_ece and rms_calibration_error [default: 15, or those of the preset]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    bins: Option<u16>,
    /// Percentile of the Hausdorff distance; hd95 is called by it then, hd90 with 90
    #[arg(long, value_name = "P", default_value_t = 95.0)]
    percentile: f64,
    /// Pixels that touch by their sides, or by corners too, in components, holes, euler_number, betti_error, panoptic metrics
    /// and lesions [default: 4, of segments and lesions 8]
    #[arg(long, value_name = "4|8", value_parser = ["4", "8"])]
    connectivity: Option<String>,
    /// What false positives weigh in tversky_index
    #[arg(long, value_name = "W", default_value_t = 0.3)]
    fp_weight: f64,
    /// What false negatives weigh in tversky_index
    #[arg(long, value_name = "W", default_value_t = 0.7)]
    fn_weight: f64,
    /// Whether the image's frame is contour where a mask touches it, in all metrics of contours [default: ignored, or that of
    /// the preset]
    #[arg(long, value_enum, value_name = "RULE")]
    frame_rule: Option<FrameRule>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
enum FrameRule {
    Counts,
    Ignored,
}

/// The choices of single metrics.
pub(super) struct Detail {
    /// Bins of confidences, where the preset does not matter.
    pub(super) bins: Option<usize>,
    /// The percentile of the Hausdorff distance as a share.
    pub(super) quantile: f64,
    /// What it is called.
    pub(super) percentile_key: &'static str,
    /// Which pixels of components touch, where it was said.
    pub(super) connectivity: Option<Connectivity>,
    pub(super) fp_weight: f64,
    pub(super) fn_weight: f64,
    /// Whether the frame is contour, where the preset does not matter.
    pub(super) frame_counts: Option<bool>,
}

impl Detail {
    /// The overlap metrics of a class against the rest.
    pub(super) fn class_metrics(&self, beta: f64, threshold: f64) -> Vec<(&'static str, ClassMetric)> {
        let Self { fp_weight, fn_weight, .. } = *self;
        let chosen = |metric| match metric {
            ClassMetric::FBeta { .. } => ClassMetric::FBeta { beta },
            ClassMetric::TverskyIndex { .. } => ClassMetric::TverskyIndex { fp_weight, fn_weight },
            ClassMetric::NetBenefit { .. } => ClassMetric::NetBenefit { threshold },
            other => other,
        };
        ClassMetric::ALL.iter().map(|(name, metric)| (*name, chosen(*metric))).collect()
    }
}

/// The listed name of the percentile.
pub(super) const PERCENTILE: &str = "hd95";

impl DetailInput {
    /// What the command line checks by itself.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.bins {
            Some(0) => Err(Failure::Input("found --bins 0, expected at least one".to_owned())),
            _ => Ok(()),
        }
    }

    pub(super) fn detail(&self) -> Result<Detail, Failure> {
        let percentile = self.percentile;
        if !(0.0..=100.0).contains(&percentile) {
            let line = format!("found --percentile {percentile}, expected a number from 0 to 100");
            return Err(Failure::Input(line));
        }
        for (flag, weight) in [("--fp-weight", self.fp_weight), ("--fn-weight", self.fn_weight)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                let line = format!("found {flag} {weight}, expected a finite number that is not negative");
                return Err(Failure::Input(line));
            }
        }
        if self.fp_weight + self.fn_weight <= 0.0 {
            let line = "found --fp-weight 0 --fn-weight 0, expected one of them above 0".to_owned();
            return Err(Failure::Input(line));
        }
        let key = format!("hd{percentile}");
        // A name lives as long as the run, like those that are listed.
        let percentile_key = if key == PERCENTILE { PERCENTILE } else { String::leak(key) };
        Ok(Detail {
            bins: self.bins.map(usize::from),
            // Of the decimal number: 99.9 / 100 is another one than 0.999.
            quantile: format!("{percentile}e-2").parse().unwrap_or(percentile / 100.0),
            percentile_key,
            connectivity: self
                .connectivity
                .as_deref()
                .map(|text| if text == "8" { Connectivity::Eight } else { Connectivity::Four }),
            fp_weight: self.fp_weight,
            fn_weight: self.fn_weight,
            frame_counts: self.frame_rule.map(|rule| rule == FrameRule::Counts),
        })
    }
}

/// Whether this is what the percentile is called.
pub(super) fn is_percentile(key: &str) -> bool {
    key.strip_prefix("hd").is_some_and(|percentile| percentile.parse::<f64>().is_ok())
}

/// How pixels touch, in words.
pub(super) const fn connected(connectivity: Connectivity) -> &'static str {
    match connectivity {
        Connectivity::Four => "4-connected foreground",
        Connectivity::Eight => "8-connected foreground",
    }
}
