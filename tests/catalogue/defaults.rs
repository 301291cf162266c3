//! The default of every parameter, from the papers and libraries that the entries name.

use segmeter::catalogue::{LOSSES, Value};

const OVERLAP: &str =
    "smooth=1 numerator_smooth denominator_smooth background average=macro overlap=product empty=smooth";
const TVERSKY: &str = "fp_weight=0.3 fn_weight=0.7";
const GENERALISED: &str = "weighting=square smooth=0 numerator_smooth denominator_smooth";
const FOCAL: &str = "focusing=2 foreground_weight=0.25 background_weight=0.75";
const PAIR: &str = "dice_weight=1 other_weight=1";

/// Every loss, and its parameters: `name=default`, or the name alone where another parameter or the frame decides.
const DEFAULTS: &[(&str, &[&str])] = &[
    ("cross_entropy", &["normalise=weights"]),
    ("balanced_cross_entropy", &[]),
    ("focal", &[FOCAL]),
    ("reduced_focal", &["focusing=2 threshold=0.5"]),
    ("normalised_focal", &["focusing=2"]),
    ("top_k", &["fraction=0.1"]),
    ("ohem", &["threshold=0.7 min_kept=16"]),
    ("label_smoothed", &["smoothing=0.1"]),
    ("bootstrapped", &["label_share=0.95 hard=false"]),
    ("recall_cross_entropy", &[]),
    ("poly1", &["error_weight=1"]),
    ("generalised_cross_entropy", &["exponent=0.7"]),
    ("distance_penalised", &[]),
    ("dice", &[OVERLAP]),
    ("squared_dice", &[OVERLAP]),
    ("log_cosh_dice", &[OVERLAP]),
    ("log_dice", &[OVERLAP]),
    ("jaccard", &[OVERLAP]),
    (
        "power_jaccard",
        &["exponent=2 smooth=1 numerator_smooth denominator_smooth background average=macro empty=smooth"],
    ),
    ("tanimoto", &["smooth=0.00001"]),
    ("tversky", &[TVERSKY, OVERLAP]),
    ("focal_tversky", &[TVERSKY, OVERLAP, "exponent=0.75"]),
    ("asymmetric_similarity", &["beta=1.5", OVERLAP]),
    ("sensitivity_specificity", &["sensitivity_weight=0.1 denominator_smooth=0.00001"]),
    ("generalised_dice", &[GENERALISED]),
    ("penalty_generalised_dice", &["penalty=2.5", GENERALISED]),
    ("wasserstein_dice", &["distances background_class=0 mode=default smooth=0.00001"]),
    ("noise_robust_dice", &["exponent=1.5 denominator_smooth=0.00001 background average=macro empty=smooth"]),
    ("mcc", &[]),
    ("recall", &[OVERLAP]),
    ("boundary_dou", &["smooth=0.00001"]),
    ("lovasz_hinge", &[]),
    ("lovasz_sigmoid", &["classes=all"]),
    ("lovasz_softmax", &["classes=present"]),
    ("boundary", &["convention=kervadec"]),
    ("hausdorff_distance", &["exponent=2 sides=both"]),
    ("log_hausdorff", &["exponent=2 sides=both"]),
    ("hausdorff_erosion", &["exponent=2 erosions=10"]),
    ("hausdorff_convolution", &["exponent=2 step=3 scales=6"]),
    ("shape_aware", &[]),
    ("active_contour", &["length_weight=1 region_weight=1 length_smooth=0.00000001 mean=false"]),
    ("elastica", &["length=0.001 curvature=2"]),
    ("boundary_f1", &["edge_window=3 tolerance_window=5 smooth=0.0000001"]),
    ("active_boundary", &["share=0.01 smoothing=0.2 reach=20"]),
    ("cldice", &["iterations=3 smooth=1"]),
    ("cbdice", &["iterations=10 smooth=1"]),
    ("skeleton_recall", &["smooth=1 dilations=2"]),
    ("combo", &["ce_share=0.5 foreground_share=0.5 smooth=1 numerator_smooth denominator_smooth"]),
    (
        "exponential_logarithmic",
        &[
            "dice_weight=0.8 cross_entropy_weight=0.2 dice_exponent=0.3 cross_entropy_exponent=0.3 smooth=1",
            "background=true",
        ],
    ),
    ("unified_focal", &["asymmetric=true tversky_share=0.5 fn_weight=0.6 focusing=0.5"]),
    ("dice_cross_entropy", &[PAIR, OVERLAP, "normalise=weights"]),
    ("dice_focal", &[PAIR, OVERLAP, FOCAL]),
    ("dice_top_k", &[PAIR, OVERLAP, "fraction=0.1"]),
    ("hybrid_focal", &["tversky_share=0.5", TVERSKY, OVERLAP, "exponent=0.75", FOCAL]),
    ("dice_boundary", &["dice_weight=1 other_weight=0.01", OVERLAP, "convention=kervadec"]),
    ("dice_hausdorff", &[PAIR, OVERLAP, "exponent=2 sides=both"]),
];

#[test]
fn every_default_is_the_published_one() {
    for &(name, parts) in DEFAULTS {
        let entry = LOSSES.iter().find(|entry| entry.name == name).expect(name);
        let found = entry.parameters.iter().map(|parameter| {
            let name = parameter.name;
            match parameter.default {
                Some(Value::Number(number)) => format!("{name}={number}"),
                Some(Value::Flag(flag)) => format!("{name}={flag}"),
                Some(Value::Word(word)) => format!("{name}={word}"),
                Some(Value::Numbers(_)) | None => name.to_owned(),
            }
        });
        let mut found: Vec<String> = found.collect();
        let mut expected: Vec<String> = parts.join(" ").split_whitespace().map(str::to_owned).collect();
        // Their order is not the point.
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{name}");
    }
    for entry in LOSSES {
        assert!(DEFAULTS.iter().any(|(name, _)| *name == entry.name), "{} is not in DEFAULTS", entry.name);
    }
}
