"""losses.json: which loss with which parameters on which fixture."""

import json
import math

import numpy as np

from catalogue import BINARY_ONLY, DEFAULTS, MULTICLASS_ONLY, Both, default
from common import VERSIONS, digits, shortest
from fixtures import (
    analytic_fixtures,
    more_binary_fixtures,
    multiclass_fixtures,
    random_fixtures,
    road_fixture,
    spatial_fixtures,
)

FIRST = ("spec", "empty", "empty_cold", "full", "right40", "wrong40", "right88", "wrong88", "mixed_margins",
         "one_pixel", "random", "random_unweighted", "quantised", "one_row", "one_column", "all_ignored", "road")
FIRST_LOSSES = ("bce", "focal", "dice", "tversky", "focal_tversky", "lovasz_hinge", "weighted")
FIRST_EXTRA = ("spec", "empty", "full")
BINARY = ("spec", "weighted", "soft", "probability", "empty", "full", "right40", "wrong40", "all_ignored")
MULTICLASS = ("spec_multi", "multi_weighted", "multi_two", "multi_absent", "multi_soft", "multi_probability",
              "multi_saturated", "multi_ignored")
SPATIAL = ("boundary", "hausdorff_distance", "log_hausdorff", "hausdorff_erosion", "hausdorff_convolution", "shape_aware",
           "active_contour", "elastica", "boundary_f1", "cldice", "cbdice", "skeleton_recall")
ON_SPATIAL = ("spec", "curve", "curve_weighted", "empty", "full", "missed", "one_row", "one_pixel", "all_ignored",
              "probability", "spec_multi", "curve_multi", "multi_absent", "multi_ignored")
ON_ACTIVE = ("spec", "curve", "curve_weighted", "empty", "full", "one_row", "all_ignored")
SUMS = ("dice_cross_entropy", "dice_focal", "dice_top_k", "dice_boundary", "dice_hausdorff", "hybrid_focal")
ON_SUMS = ("spec", "weighted", "probability", "empty", "multi_weighted", "multi_soft", "multi_ignored")
PROBABILITY = {"probability", "probability_edges", "multi_probability"}
SOFT = {"soft", "multi_soft"}
HARD_ONLY = {"lovasz_hinge", "lovasz_sigmoid", "lovasz_softmax", "distance_penalised", "boundary_dou",
             "dice_boundary", "dice_hausdorff", *SPATIAL, "active_boundary"}
# A ratio of modulators of 1e-35; a threshold and an order among probabilities that f32 cannot tell from 1; equal
# differences of multiples of 1/1024.
SKIP = {("normalised_focal", "right40"), ("ohem", "multi_saturated"), ("lovasz_softmax", "multi_saturated"),
        ("boundary_f1", "probability")}
WITH_CLASSES = ("spec_multi", "multi_weighted", "multi_absent", "curve_multi")
PER_CLASS = ("dice", "squared_dice", "log_cosh_dice", "log_dice", "jaccard", "power_jaccard", "tanimoto", "tversky",
             "focal_tversky", "asymmetric_similarity", "sensitivity_specificity", "noise_robust_dice", "recall", "boundary_dou",
             "lovasz_softmax", "boundary", "hausdorff_distance", "log_hausdorff", "active_contour", "boundary_f1", "cldice",
             "cbdice", "skeleton_recall", "active_boundary")
FEW = ("cross_entropy", "focal", "top_k", "dice", "tversky", "generalised_dice", "lovasz_softmax")
# Means over pixels: on a frame of one label they show nothing that "empty" does not.
FOLLOW = ("reduced_focal", "normalised_focal", "top_k", "ohem", "distance_penalised", "label_smoothed",
          "bootstrapped", "recall_cross_entropy", "poly1", "generalised_cross_entropy")
EMPTY_POLICIES = [{"empty": k} for k in ("zero_if_both_empty", "skip_class", "mean_probability")]
REGION_VARIANTS = [{"background": None}, {"average": "micro"}, {"numerator_smooth": 0, "denominator_smooth": 1e-5}]

# Changed parameters, on the weighted fixtures; "background": None stands for the other value.
VARIANTS = {
    "bce": [{"normalise": "count"}], "cross_entropy": [{"normalise": "count"}],
    "focal": [{"focusing": 0.5, "foreground_weight": 0.5, "background_weight": 0.5}, {"focusing": 0}],
    "reduced_focal": [{"focusing": 1.5, "threshold": 0.25}], "normalised_focal": [{"focusing": 0.5}],
    "top_k": [{"fraction": 0.63}, {"fraction": 1}, {"fraction": 0.001}],
    "ohem": [{"threshold": 0.3, "min_kept": 5}, {"threshold": 0.05, "min_kept": 0},
             {"threshold": 0.2, "min_kept": 1000}],
    "label_smoothed": [{"smoothing": 0.4}],
    "bootstrapped": [{"label_share": 0.8, "hard": True}, {"label_share": 0.5}],
    "poly1": [{"error_weight": -0.5}], "generalised_cross_entropy": [{"exponent": 0.2}, {"exponent": 1}],
    **{k: [{"background": None}, {"average": "micro", "denominator_smooth": 2}]
       for k in ("squared_dice", "log_cosh_dice", "log_dice", "jaccard", "recall")},
    "dice": REGION_VARIANTS, "tversky": REGION_VARIANTS + [{"fp_weight": 0.6, "fn_weight": 1.1}],
    "focal_tversky": [{"exponent": 4 / 3}, {"average": "micro"}, {"background": None, "exponent": 0.5}],
    "power_jaccard": [{"exponent": 1.5}, {"exponent": 1, "average": "micro"}],
    "asymmetric_similarity": [{"beta": 0.5, "background": None}], "tanimoto": [{"smooth": 1}],
    "noise_robust_dice": [{"exponent": 1, "denominator_smooth": 1}, {"exponent": 1.25, "average": "micro"},
                          {"background": None, "empty": "mean_probability"}],
    "sensitivity_specificity": [{"sensitivity_weight": 0.5, "denominator_smooth": 1}],
    "generalised_dice": [{"weighting": "simple", "numerator_smooth": 1, "denominator_smooth": 1},
                         {"weighting": "uniform"}],
    "penalty_generalised_dice": [{"penalty": 1, "weighting": "simple"}],
    "wasserstein_dice": [{"mode": "gdl"}, {"background_class": 1, "smooth": 1}],
    "boundary_dou": [{"smooth": 1}], "lovasz_sigmoid": [{"classes": "present"}],
    "lovasz_softmax": [{"classes": "all"}],
    "boundary": [{"convention": "plain"}],
    "log_hausdorff": [{"sides": "label", "exponent": 1}],
    "hausdorff_distance": [{"sides": "label"}, {"sides": "prediction"}, {"exponent": 1}],
    "hausdorff_erosion": [{"exponent": 1, "erosions": 3}],
    "hausdorff_convolution": [{"exponent": 1, "step": 2, "scales": 2}],
    "active_contour": [{"mean": True}, {"length_weight": 0.5, "region_weight": 3, "length_smooth": 1e-4}],
    "elastica": [{"length": 1, "curvature": 0.1}], "boundary_f1": [{"edge_window": 5, "tolerance_window": 3, "smooth": 1}],
    "cldice": [{"iterations": 0}, {"iterations": 10, "smooth": 0.1}],
    "cbdice": [{"iterations": 1, "smooth": 0.1}],
    "skeleton_recall": [{"dilations": 0, "smooth": 0.5}],
    "combo": [{"ce_share": 0.7, "foreground_share": 0.8, "numerator_smooth": 0}],
    "exponential_logarithmic": [{"background": None},
                                {"dice_exponent": 1, "cross_entropy_exponent": 2, "smooth": 0.5},
                                {"dice_weight": 0, "cross_entropy_weight": 1}],
    "dice_cross_entropy": [{"dice_weight": 0.3, "other_weight": 2},
                           {"background": None, "numerator_smooth": 0, "normalise": "count"}],
    "dice_focal": [{"average": "micro", "focusing": 0.5, "foreground_weight": 1}],
    "dice_top_k": [{"denominator_smooth": 2, "fraction": 0.63}],
    "unified_focal": [{"asymmetric": False}, {"tversky_share": 1}, {"tversky_share": 0},
                      {"tversky_share": 0.2, "fn_weight": 0.7, "focusing": 0.75}],
    "hybrid_focal": [{"tversky_share": 0.2},
                     {"fp_weight": 0.6, "exponent": 4 / 3, "focusing": 0.5, "background_weight": 1}],
}


def focal(focusing, foreground, background):
    return "focal", {"focusing": focusing, "foreground_weight": foreground, "background_weight": background}


def dice(numerator, denominator):
    return "dice", {"numerator_smooth": numerator, "denominator_smooth": denominator}


def tversky(fp, fn, smooth):
    return "tversky", {"fp_weight": fp, "fn_weight": fn, "numerator_smooth": smooth, "denominator_smooth": smooth}


def focal_tversky(exponent):
    return "focal_tversky", {**tversky(0.3, 0.7, 1)[1], "exponent": exponent}


BCE, LOVASZ = ("bce", {}), ("lovasz_hinge", {})
SEVEN = [BCE, focal(2, 0.25, 0.75), dice(1, 1), tversky(0.3, 0.7, 1), focal_tversky(0.75), LOVASZ]
NINE = [focal(0.5, 0.5, 0.5), focal(3.5, 1, 1), focal(0, 1, 1), dice(0, 0), dice(1e-5, 1e-5), dice(0, 1),
        tversky(0.5, 0.5, 0), tversky(1, 1, 1e-5), focal_tversky(4 / 3)]
MIX = ((0.5, BCE), (2, tversky(0.3, 0.7, 1)), (0.25, LOVASZ))


def rounded(gradient):
    """7 significant digits; on large frames none below 1e-7 (1e-6) of the largest entry's decade."""
    top, places = np.abs(gradient).max(), 7 if gradient.size < 300 else 6
    unit = 10.0 ** (math.floor(math.log10(top)) - places) if top > 0 and gradient.size > 100 else 0.0
    return [digits(0.0 if abs(k) < unit / 2 else round(k / unit) * unit if unit else k, 7) for k in gradient]


class Cases:
    """Collects cases, each once."""

    def __init__(self, fixtures):
        self.fixtures, self.made, self.seen, self.views = fixtures, [], set(), {}

    def both(self, name):
        if name not in self.views:
            self.views[name] = Both(self.fixtures[name])
        return self.views[name]

    def explicit(self, loss, name, changes):
        frame = self.both(name).frame
        changes = dict(changes)
        if "background" in changes and changes["background"] is None:
            changes["background"] = frame.binary
        return default(loss, frame, **changes)

    def weighted(self, name, parts):
        """A linear sum; a part is (weight, (loss, changes))."""
        return {"parts": [{"weight": k, "loss": loss, "parameters": self.explicit(loss, name, p)}
                          for k, (loss, p) in parts]}

    def steady(self, loss, name, parameters, value, gradient):
        """No case may hang on a choice (an order, a mask, a maximum) that f32 rounding could make otherwise."""
        both = self.both(name)
        if value is None or name == "probability_edges":  # jitter would leave [0, 1]
            return
        moved = both.jittered()
        other = moved.loss(loss, parameters)
        slope = np.zeros_like(gradient)
        slope[:, both.frame.index] = moved.gradient(other)
        top = np.abs(gradient).max()
        gap, bend = abs(other.item() - float(value)), np.abs(slope - gradient).max()
        calm = gap <= 2e-5 * abs(float(value)) + 1e-12 and bend <= 2e-5 * top + 1e-15
        assert calm, (loss, name, parameters, gap, bend, top)

    def add(self, loss, name, changes=(), parameters=None):
        parameters = parameters or self.explicit(loss, name, changes)
        key = loss, name, json.dumps(parameters, sort_keys=True)
        if key in self.seen:
            return
        self.seen.add(key)
        value, gradient = self.both(name).evaluate(loss, parameters)
        if name not in FIRST or loss not in FIRST_LOSSES:
            self.steady(loss, name, parameters, value, gradient)
        case = {"loss": loss, "parameters": parameters, "fixture": name,
                "value": 0.0 if value is None else float(value),
                # + 0.0 turns the -0.0 of an inactive hinge into 0.0
                "gradient": [k + 0.0 for k in rounded(gradient.ravel())]}
        if value is None:
            case["undefined"] = True
        elif loss in PER_CLASS and name in WITH_CLASSES and parameters.get("average", "macro") == "macro":
            case["per_class"] = self.both(name).per_class(loss, parameters, value)
        self.made.append(case)


def fits(loss, name):
    multiclass = "multi" in name.split("_")
    return not (loss in (BINARY_ONLY if multiclass else MULTICLASS_ONLY)
                or (loss in HARD_ONLY and name in SOFT)
                or (loss == "lovasz_hinge" and name in PROBABILITY)
                or (name == "full" and loss in FOLLOW)
                or (loss, name) in SKIP)


def add_first(cases):
    """The seven losses the library began with, on everything binary."""
    for name in FIRST:
        for loss, changes in SEVEN:
            cases.add(loss, name, changes)
        cases.add("weighted", name, parameters=cases.weighted(name, MIX))
        for loss, changes in NINE if name in FIRST_EXTRA else []:
            cases.add(loss, name, changes)


def add_rest(cases):
    for loss in DEFAULTS:
        spatial = loss in SPATIAL
        active = loss == "active_boundary"
        names = ON_ACTIVE if active else ON_SPATIAL if spatial else ON_SUMS if loss in SUMS else BINARY + MULTICLASS
        for name in names:
            if fits(loss, name):
                cases.add(loss, name)
        for name in ("curve_weighted", "curve_multi") if spatial else ("weighted", "multi_weighted"):
            for changes in VARIANTS.get(loss, []) if fits(loss, name) else []:
                cases.add(loss, name, changes)
    for loss in FEW:
        for name in ("multi_32", "multi_quantised"):
            cases.add(loss, name, {"fraction": 0.23} if loss == "top_k" else {})
    for loss in ("dice", "jaccard", "tversky", "focal_tversky", "log_dice"):
        for changes in EMPTY_POLICIES:
            cases.add(loss, "empty", changes)
            cases.add(loss, "multi_absent", changes)
        for name in ("soft", "multi_soft"):
            cases.add(loss, name, {"overlap": "minimum"})
    for loss in ("distance_penalised", "boundary_dou", "dice_boundary", "dice_hausdorff"):
        cases.add(loss, "curve_weighted")
        cases.add(loss, "curve_multi")
    for name in ("curve_weighted", "curve_multi"):
        cases.add("dice_boundary", name, {"background": None, "convention": "plain"})
        cases.add("dice_hausdorff", name, {"numerator_smooth": 0, "exponent": 1, "sides": "label"})
    # 1 % of a small frame is not one pixel: no predicted boundary. In multi_absent not every class has a contour.
    for name, share in (("spec", 0.1), ("one_row", 0.1), ("curve_weighted", 0.12), ("curve_multi", 0.1),
                        ("multi_absent", 0.3), ("spec_multi", 0.1)):
        cases.add("active_boundary", name, {"share": share})
    cases.add("active_boundary", "curve", {"share": 0.25, "smoothing": 0, "reach": 4})
    cases.add("active_boundary", "curve_weighted", {"share": 0.45, "smoothing": 0.5, "reach": 1.5})
    for name in ("missed", "weighted"):  # nothing outlives the first erosion in curve_weighted
        cases.add("hausdorff_erosion", name, {"exponent": 1, "erosions": 3})
    cases.add("lovasz_sigmoid", "empty", {"classes": "present"})
    for loss, changes in (("lovasz_sigmoid", {}), ("top_k", {}), ("ohem", {}), ("focal_tversky", {"exponent": 0.5})):
        cases.add(loss, "quantised", changes)
    cases.add("lovasz_softmax", "multi_absent", {"classes": "all"})
    for changes in ({"weighting": "simple"}, {"weighting": "uniform"}):
        cases.add("generalised_dice", "multi_absent", changes)
    near = [0, 1, 1, 1, 0, 0.5, 1, 0.5, 0]  # classes 1 and 2 are alike
    for changes in ({}, {"mode": "gdl"}, {"background_class": 2}):
        cases.add("wasserstein_dice", "spec_multi", {"distances": near, **changes})
    for loss, changes in (BCE, focal(2, 0.25, 0.75), dice(1, 1)):
        cases.add(loss, "probability_edges", changes)
    parts = ((1, ("cross_entropy", {})), (0.5, ("dice", {})), (0.25, ("lovasz_softmax", {})))
    for name in ("spec_multi", "multi_weighted"):
        cases.add("weighted", name, parameters=cases.weighted(name, parts))


def losses(demo):
    fixtures = {**analytic_fixtures(), **random_fixtures(), "road": road_fixture(demo), **more_binary_fixtures(),
                **multiclass_fixtures(), **spatial_fixtures()}
    cases = Cases(fixtures)
    add_first(cases)
    add_rest(cases)
    for data in fixtures.values():
        for key in ("logits", "targets", "weights"):
            if data.get(key) is not None:
                data[key] = [shortest(k) for k in data[key]]
    return {"versions": VERSIONS, "fixtures": fixtures, "cases": cases.made}
