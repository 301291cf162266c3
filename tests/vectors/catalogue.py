"""Every loss by name, with its default parameters, and the agreement of its two versions."""

import copy

import numpy as np

import losses_active
import losses_compound
import losses_distribution
import losses_lovasz
import losses_region
import losses_spatial
import losses_topology
from pixels import Digits, Frame, Tensors
from tape import mpf

MODULES = [losses_distribution, losses_region, losses_lovasz, losses_spatial, losses_active, losses_topology,
           losses_compound]
TORCH = {name: f for m in MODULES for name, f in m.TORCH.items()}
DIGITS = {name: f for m in MODULES for name, f in m.DIGITS.items()}

SMOOTH = {"numerator_smooth": 1, "denominator_smooth": 1}
REGION = {**SMOOTH, "background": None, "average": "macro", "overlap": "product", "empty": "smooth"}
TVERSKY = {"fp_weight": 0.3, "fn_weight": 0.7, **REGION}
GENERALISED = {"weighting": "square", "numerator_smooth": 0, "denominator_smooth": 0}
CROSS_ENTROPY, BOUNDARY = {"normalise": "weights"}, {"convention": "kervadec"}
FOCAL, TOP_K = {"focusing": 2, "foreground_weight": 0.25, "background_weight": 0.75}, {"fraction": 0.1}
HAUSDORFF = {"exponent": 2, "sides": "both"}
WITH_DICE = {"dice_weight": 1, "other_weight": 1, **REGION}
DEFAULTS = {  # None stands for what depends on the input: background, distances
    "bce": CROSS_ENTROPY, "cross_entropy": CROSS_ENTROPY, "balanced_cross_entropy": {}, "focal": FOCAL,
    "reduced_focal": {"focusing": 2, "threshold": 0.5}, "normalised_focal": {"focusing": 2},
    "top_k": TOP_K, "ohem": {"threshold": 0.7, "min_kept": 16}, "distance_penalised": {},
    "label_smoothed": {"smoothing": 0.1}, "bootstrapped": {"label_share": 0.95, "hard": False},
    "recall_cross_entropy": {}, "poly1": {"error_weight": 1}, "generalised_cross_entropy": {"exponent": 0.7},
    "dice": REGION, "squared_dice": REGION, "log_cosh_dice": REGION, "log_dice": REGION, "jaccard": REGION,
    "power_jaccard": {"exponent": 2, **{k: v for k, v in REGION.items() if k != "overlap"}},
    "tanimoto": {"smooth": 1e-5}, "tversky": TVERSKY, "focal_tversky": {**TVERSKY, "exponent": 0.75},
    "asymmetric_similarity": {"beta": 1.5, **REGION},
    "noise_robust_dice": {"exponent": 1.5, "denominator_smooth": 1e-5,
                          **{k: v for k, v in REGION.items() if k in ("background", "average", "empty")}},
    "sensitivity_specificity": {"sensitivity_weight": 0.1, "denominator_smooth": 1e-5},
    "generalised_dice": GENERALISED, "penalty_generalised_dice": {"penalty": 2.5, **GENERALISED},
    "wasserstein_dice": {"distances": None, "background_class": 0, "mode": "default", "smooth": 1e-5},
    "mcc": {}, "recall": REGION, "boundary_dou": {"smooth": 1e-5},
    "lovasz_hinge": {}, "lovasz_sigmoid": {"classes": "all"}, "lovasz_softmax": {"classes": "present"},
    "boundary": BOUNDARY, "hausdorff_distance": HAUSDORFF, "log_hausdorff": HAUSDORFF,
    "hausdorff_erosion": {"exponent": 2, "erosions": 10},
    "hausdorff_convolution": {"exponent": 2, "step": 3, "scales": 6}, "shape_aware": {},
    "active_contour": {"length_weight": 1, "region_weight": 1, "length_smooth": 1e-8, "mean": False},
    "elastica": {"length": 0.001, "curvature": 2}, "boundary_f1": {"edge_window": 3, "tolerance_window": 5, "smooth": 1e-7},
    "active_boundary": {"share": 0.01, "smoothing": 0.2, "reach": 20},
    "cldice": {"iterations": 3, "smooth": 1}, "cbdice": {"iterations": 10, "smooth": 1},
    "skeleton_recall": {"smooth": 1, "dilations": 2},
    "combo": {"ce_share": 0.5, "foreground_share": 0.5, **SMOOTH},
    "exponential_logarithmic": {"dice_weight": 0.8, "cross_entropy_weight": 0.2, "dice_exponent": 0.3,
                                "cross_entropy_exponent": 0.3, "smooth": 1, "background": None},
    "dice_cross_entropy": {**WITH_DICE, **CROSS_ENTROPY}, "dice_focal": {**WITH_DICE, **FOCAL},
    "dice_top_k": {**WITH_DICE, **TOP_K}, "dice_boundary": {**WITH_DICE, **BOUNDARY},
    "dice_hausdorff": {**WITH_DICE, **HAUSDORFF},
    "unified_focal": {"asymmetric": True, "tversky_share": 0.5, "fn_weight": 0.6, "focusing": 0.5},
    "hybrid_focal": {"tversky_share": 0.5, **TVERSKY, "exponent": 0.75, **FOCAL},
}
BINARY_ONLY = {"bce", "mcc", "lovasz_hinge", "lovasz_sigmoid", "hausdorff_erosion", "hausdorff_convolution",
               "shape_aware", "elastica", "combo", "unified_focal"}
MULTICLASS_ONLY = {"cross_entropy", "lovasz_softmax"}


def default(loss, frame, **changes):
    """All parameters of a loss, explicit."""
    found = dict(DEFAULTS[loss])
    if "background" in found:
        found["background"] = not frame.binary
    if "distances" in found:
        found["distances"] = [float(a != b) for a in range(frame.classes) for b in range(frame.classes)]
    assert set(changes) <= set(found), (loss, changes)
    return {**found, **changes}


for view, table in ((Tensors, TORCH), (Digits, DIGITS)):
    view.loss = lambda self, name, parameters, table=table: table[name](self, **parameters)
    view.default = lambda self, name: default(name, self.frame)


class Both:
    """Both views of one fixture, made once: its exponentials are what costs."""

    def __init__(self, data):
        self.frame = Frame(data)
        self.planes = len(self.frame.z)
        self.moved = None
        self.size = self.frame.height * self.frame.width
        if self.frame.index.size:
            self.tensors, self.digits = Tensors(self.frame), Digits(self.frame)

    def jittered(self):
        """The f64 view with logits moved by up to 1e-7 of themselves, equal ones alike."""
        if self.moved is None:
            frame = copy.copy(self.frame)
            frame.z = frame.z * (1 + 1e-7 * np.sin(1e6 * np.abs(frame.z)))
            self.moved = Tensors(frame)
        return self.moved

    def evaluate(self, loss, parameters):
        """(value, gradient of the whole frame) with all digits, once autograd agrees; None if undefined."""
        full = np.zeros((self.planes, self.size))
        if not self.frame.index.size:
            return None, full
        exact, automatic = self.digits.loss(loss, parameters), self.tensors.loss(loss, parameters)
        assert (exact is None) == (automatic is None)
        if exact is None:
            return None, full
        slope = self.digits.gradient(exact)
        value, gradient = exact.value.item(), np.array([[float(k) for k in row] for row in slope])
        try:
            agree(value, gradient, automatic.item(), self.tensors.gradient(automatic))
        except AssertionError as error:
            raise AssertionError(loss, parameters) from error
        full[:, self.frame.index] = gradient
        return value, full

    def per_class(self, loss, parameters, value):
        """The loss of each class (None where it is not in the mean), whose weighted mean the value has to be."""
        weights, found = self.digits.v, []
        for c in range(self.frame.classes):
            self.digits.v = [mpf(k == c) for k in range(self.frame.classes)]
            try:
                one = self.digits.loss(loss, parameters)
            except ZeroDivisionError:
                one = None  # a mean over none but this class's neighbours
            found.append(None if one is None else one.value.item())
        self.digits.v = weights
        used = [(w, k) for w, k in zip(weights, found) if k is not None]
        assert abs(sum(w * k for w, k in used) / sum(w for w, _ in used) - value) < mpf(10) ** -60
        return [None if k is None else float(k) for k in found]


def agree(value, gradient, automatic, slope):
    """1e-12 of the value and of the largest derivative. Beside it the rounding of f64 itself: these are sums and
    ratios of numbers around 1, so 1e-15 of 1 where a saturated loss is smaller than that."""
    assert np.isfinite(slope).all() and np.isfinite(automatic)
    value = float(value)
    assert abs(value - automatic) <= 1e-12 * abs(value) + 1e-15, (value, automatic)
    worst, top = np.abs(gradient - slope).max(), np.abs(gradient).max()
    assert worst <= 1e-12 * top + 1e-15, (worst, top)
