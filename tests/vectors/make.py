#!/usr/bin/env python3
"""Writes losses.json, metrics.json and drift.json: reference numbers the Rust tests compare with.

Nothing here shares code with the Rust side, and nearly every number is computed in two ways that have to
agree before it is written:

* losses: PyTorch autograd (f64) shows that a formula and its gradient belong together; the same loss in
  closed form with 50 decimal digits (mpmath) gives the digits that are stored, because f64 autograd
  loses them on saturated logits;
* metrics: written out from their definitions, compared with scikit-learn wherever it defines the same;
* drift: plain Python, exact fractions for the detectors.

Run `python3 make.py`; it takes about ten seconds. Any disagreement stops it with an AssertionError.
"""

import json
import platform
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import scipy
import scipy.stats
import sklearn
import sklearn.metrics as skm
import torch
from mpmath import mpf

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "data" / "demo"
IGNORE = 255
VERSIONS = {
    "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
    "scipy": scipy.__version__, "sklearn": sklearn.__version__, "mpmath": mpmath.__version__,
}

mpmath.mp.dps = 50
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # one order of summation, so two runs agree to the last bit


# ---------------------------------------------------------------- output

def digits(x, n=10):
    """x with n significant digits: keeps the files small, and is far finer than the f32 under test."""
    return float(f"{float(x):.{n}g}")


def write(name, document):
    """One line per list entry or named member, so that a diff shows which case moved."""
    def dump(x):
        return json.dumps(x, separators=(",", ":"), allow_nan=False)  # NaN and infinity are not JSON

    parts = []
    for key, value in document.items():
        if key == "versions":
            body = dump(value)
        elif isinstance(value, list):
            body = "[\n" + ",\n".join(map(dump, value)) + "\n]"
        else:
            body = "{\n" + ",\n".join(f"{dump(k)}:{dump(v)}" for k, v in value.items()) + "\n}"
        parts.append(f"{dump(key)}:{body}")
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    assert json.loads(text) == document
    (HERE / name).write_text(text)
    counts = ", ".join(f"{len(v)} {k}" for k, v in document.items() if k != "versions")
    print(f"{name}: {len(text) / 1000:.1f} kB, {counts}")


# ---------------------------------------------------------------- bundled frames

class Demo:
    """The road demo pack: see tests/data/demo/manifest.json for the layout."""

    def __init__(self):
        manifest = json.loads((DEMO / "manifest.json").read_text())
        self.scale = np.float32(manifest["road_i8"]["scale"])
        self.zero_point = manifest["road_i8"]["zero_point"]
        self.labelled = manifest["labelled_frames"]
        self.shape = manifest["height"], manifest["width"]
        self.codes = np.fromfile(DEMO / "road_i8.bin", np.int8).reshape(-1, *self.shape)
        self.reference = self.bits("reference_bits.bin")
        self.label, self.valid = self.bits("label_bits.bin"), self.bits("valid_bits.bin")

    def bits(self, name):
        rows = np.fromfile(DEMO / name, np.uint8).reshape(-1, self.shape[0], self.shape[1] // 8)
        return np.unpackbits(rows, axis=2, bitorder="little")

    def hand_label(self, frame):
        slot = self.labelled.index(frame)
        return np.where(self.valid[slot] == 1, self.label[slot], IGNORE)


def dequantise(codes, scale, zero_point):
    """(q - zero_point) * scale with one f32 rounding, as the device does it."""
    return (codes.astype(np.int32) - zero_point).astype(np.float32) * np.float32(scale)


def probability(codes, scale, zero_point):
    """sigmoid of the f32 logit, from there on in f64."""
    return 1 / (1 + np.exp(-dequantise(codes, scale, zero_point).astype(np.float64)))


# ---------------------------------------------------------------- losses: fixtures

def fixture(logits, labels, weights=None, quantised=None):
    """Logits are rounded to f32 before anything is computed: Rust then starts from the same numbers."""
    logits, labels = np.atleast_2d(np.asarray(logits, np.float32)), np.atleast_2d(labels)
    assert logits.shape == labels.shape and np.isin(labels, (0, 1, IGNORE)).all() and np.isfinite(logits).all()
    if weights is not None:
        weights = np.asarray(weights, np.float32).ravel().astype(float).tolist()
    return {
        "height": logits.shape[0], "width": logits.shape[1],
        "logits": logits.ravel().astype(float).tolist(), "labels": labels.ravel().astype(int).tolist(),
        "weights": weights, "ignore": IGNORE, "quantised": quantised,
    }


def quantised_fixture(codes, scale, zero_point, labels):
    facts = {"codes": codes.ravel().tolist(), "scale": float(np.float32(scale)), "zero_point": zero_point}
    return fixture(dequantise(codes, scale, zero_point), labels, quantised=facts)


def random_labels(rng, shape, ignored):
    return np.where(rng.random(shape) < ignored, IGNORE, rng.random(shape) < 0.4).astype(int)


def spec_plane():
    """Logits and labels of the golden fixture (losses.md section 9)."""
    y, x = np.mgrid[0:6, 0:8].astype(float)
    logits = 4 * np.sin(0.9 * x + 0.35 * y) - 1.5 * np.cos(0.6 * y - 0.2 * x)
    return logits, ((x - 3.2) ** 2 + (y - 2.7) ** 2 <= 4.5).astype(int)


def analytic_fixtures():
    """The golden fixture, and the saturated, one-sided and degenerate cases made from it."""
    logits, labels = spec_plane()
    sign, ones = 2 * labels - 1, np.ones_like(labels)
    # 16.64 is where the f32 sigmoid becomes 1, 88.72 (not reached) where exp overflows.
    ladder = np.array([0, .25, .5, 1, 2, 4, 8, 12, 16, 16.64, 17, 20, 30, 40, 60, 88])
    half = (np.arange(16) + np.arange(4)[:, None] // 2) % 2  # both labels meet both signs of each margin
    return {
        "spec": fixture(logits, labels),
        "empty": fixture(logits, 0 * ones),
        "empty_cold": fixture(-9 * ones, 0 * ones),
        "full": fixture(logits, ones),
        "right40": fixture(40 * sign, labels),
        "wrong40": fixture(-40 * sign, labels),
        "right88": fixture(88 * sign, labels),
        "wrong88": fixture(-88 * sign, labels),
        "mixed_margins": fixture(np.array([1, -1, 1, -1])[:, None] * ladder, half),
        "one_pixel": fixture([[0.75]], [[1]]),
    }


def random_fixtures():
    rng = np.random.default_rng(20250601)

    def draw(shape, ignored):
        return rng.normal(0, 3, shape), random_labels(rng, shape, ignored)

    logits, labels = draw((13, 37), 0.1)
    weights = np.where(rng.random(labels.shape) < 0.05, 0, rng.uniform(0, 2, labels.shape))
    heavy = np.argwhere(labels == 1)[7]  # one road pixel that outweighs the rest of its class
    weights[tuple(heavy)] = 50
    named = {"random": fixture(logits, labels, weights)}
    logits, labels = draw((17, 23), 0.1)
    skipped = np.argwhere(labels == IGNORE)
    # An ignored pixel must not leak through 0 * infinity, so two of them hold absurd logits.
    logits[tuple(skipped[0])], logits[tuple(skipped[1])] = 1e30, -1e30
    named["random_unweighted"] = fixture(logits, labels)
    codes = rng.integers(-128, 128, (9, 31)).astype(np.int8)
    codes.flat[:4] = -128, 127, -7, -7  # both ends and the zero point itself
    named["quantised"] = quantised_fixture(codes, 0.0833, -7, random_labels(rng, codes.shape, 0.1))
    named["one_row"] = fixture(*draw((1, 29), 0.1))
    named["one_column"] = fixture(*draw((29, 1), 0.1))
    named["all_ignored"] = fixture(*draw((5, 7), 1))
    return named


def road_fixture(demo):
    """A corner of a foggy frame: road, verge, unlabelled traffic, and plenty of wrong pixels."""
    crop = np.s_[46:70, 100:140]
    labels, codes = demo.hand_label(120)[crop], demo.codes[120][crop]
    assert all((labels == k).sum() > 150 for k in (0, 1, IGNORE))
    return quantised_fixture(codes, demo.scale, demo.zero_point, labels)


# ---------------------------------------------------------------- losses: definitions for autograd

def softplus(x):
    """ln(1 + e^x). torch.nn.functional.softplus returns x above 20, which is only good to 2e-9."""
    return torch.logaddexp(x, torch.zeros_like(x))


def sigmoid(x):
    """torch.sigmoid has the derivative p(1-p), which is 0 once p rounds to 1; this form keeps it."""
    return torch.exp(-softplus(-x))


def masses(z, g, w):
    """True positive, false positive, false negative mass; no difference of large sums anywhere."""
    return (w * g * sigmoid(z)).sum(), (w * (1 - g) * sigmoid(z)).sum(), (w * g * sigmoid(-z)).sum()


def torch_bce(z, g, w):
    return (w * softplus(-(2 * g - 1) * z)).sum() / w.sum()


def torch_focal(z, g, w, focusing, foreground_weight, background_weight):
    loss = softplus(-(2 * g - 1) * z)
    wrong = torch.exp(-focusing * softplus((2 * g - 1) * z))
    return (w * (foreground_weight * g + background_weight * (1 - g)) * wrong * loss).sum() / w.sum()


def torch_dice(z, g, w, numerator_smooth, denominator_smooth):
    tp, fp, fn = masses(z, g, w)
    return (fp + fn + (denominator_smooth - numerator_smooth)) / (2 * tp + fp + fn + denominator_smooth)


def torch_tversky(z, g, w, fp_weight, fn_weight, smooth):
    tp, fp, fn = masses(z, g, w)
    error = fp_weight * fp + fn_weight * fn
    return error / (tp + error + smooth)


def torch_focal_tversky(z, g, w, exponent, **tversky):
    return torch_tversky(z, g, w, **tversky) ** exponent


def torch_lovasz_hinge(z, g, w):
    margin = (2 * g - 1) * z
    order = torch.argsort(margin, stable=True)  # descending error 1 - t, ties in pixel order
    g, w = g[order], w[order]
    road, rest = (w * g).cumsum(0), (w * (1 - g)).cumsum(0)
    union = road[-1] + rest
    jaccard = torch.where(union > 0, 1 - (road[-1] - road) / union.clamp(min=1e-300), 0)
    step = torch.diff(jaccard, prepend=torch.zeros(1))
    return (torch.relu(1 - margin[order]) * step).sum()


def torch_weighted(z, g, w, parts):
    return sum(p["weight"] * AUTOGRAD[p["loss"]](z, g, w, **p["parameters"]) for p in parts)


AUTOGRAD = {
    "bce": torch_bce, "focal": torch_focal, "dice": torch_dice, "tversky": torch_tversky,
    "focal_tversky": torch_focal_tversky, "lovasz_hinge": torch_lovasz_hinge, "weighted": torch_weighted,
}


def autograd(loss, parameters, pixels):
    z, g, w = (torch.tensor(column) for column in pixels)
    z.requires_grad_()
    value = AUTOGRAD[loss](z, g, w, **parameters)
    value.backward()
    return value.item(), z.grad.numpy()


# ---------------------------------------------------------------- losses: closed form, 50 digits

class Pixels:
    """The valid pixels of a fixture in high precision, with everything the closed forms need."""

    def __init__(self, z, g, w):
        self.g, self.w, self.weight = [int(k) for k in g], [mpf(k) for k in w], mpmath.fsum(map(mpf, w))
        self.margin = [mpf(k) if road else -mpf(k) for k, road in zip(z, self.g)]
        self.right = [1 / (1 + mpmath.exp(-t)) for t in self.margin]   # p of the true class
        self.wrong = [1 / (1 + mpmath.exp(t)) for t in self.margin]    # never formed as 1 - right
        self.loss = [mpmath.log1p(mpmath.exp(-t)) for t in self.margin]
        self.tp = self.mass(1, self.right)
        self.fp, self.fn = self.mass(0, self.wrong), self.mass(1, self.wrong)

    def mass(self, label, values):
        return mpmath.fsum(w * v for g, w, v in zip(self.g, self.w, values) if g == label)

    def from_margin(self, slopes):
        """dL/dz from dL/dt: t = z on the road, -z off it."""
        return [s if g else -s for s, g in zip(slopes, self.g)]

    def from_probability(self, road, rest):
        """dL/dz of a loss whose derivative by p is w * road on the road and w * rest off it."""
        return [w * (road if g else rest) * r * e
                for g, w, r, e in zip(self.g, self.w, self.right, self.wrong)]


def exact_bce(x):
    value = mpmath.fsum(w * k for w, k in zip(x.w, x.loss)) / x.weight
    return value, x.from_margin([-w * e / x.weight for w, e in zip(x.w, x.wrong)])


def exact_focal(x, focusing, foreground_weight, background_weight):
    share = [w * mpf(foreground_weight if g else background_weight) / x.weight for g, w in zip(x.g, x.w)]
    power = [mpmath.exp(mpf(focusing) * mpmath.log(e)) for e in x.wrong]
    value = mpmath.fsum(a * m * k for a, m, k in zip(share, power, x.loss))
    return value, x.from_margin([-a * m * (mpf(focusing) * r * k + e)
                                 for a, m, r, k, e in zip(share, power, x.right, x.loss, x.wrong)])


def exact_dice(x, numerator_smooth, denominator_smooth):
    under = 2 * x.tp + x.fp + x.fn + mpf(denominator_smooth)
    if under == 0:
        return mpf(0), [mpf(0)] * len(x.g)
    # The smoothing terms first: 1e-38 + 1 - 1 would leave only twelve of the fifty digits.
    value = (x.fp + x.fn + (mpf(denominator_smooth) - mpf(numerator_smooth))) / under
    score = (2 * x.tp + mpf(numerator_smooth)) / under
    return value, x.from_probability((score - 2) / under, score / under)


def exact_tversky(x, fp_weight, fn_weight, smooth):
    error = mpf(fp_weight) * x.fp + mpf(fn_weight) * x.fn
    under = x.tp + error + mpf(smooth)
    if under == 0:
        return mpf(0), [mpf(0)] * len(x.g)
    value, score = error / under, (x.tp + mpf(smooth)) / under
    return value, x.from_probability(-(value + mpf(fn_weight) * score) / under, mpf(fp_weight) * score / under)


def exact_focal_tversky(x, exponent, **tversky):
    base, gradient = exact_tversky(x, **tversky)
    if base == 0:  # the power has an infinite slope here; the perfect mask is its minimum, so it gets 0
        return mpf(0), [mpf(0)] * len(x.g)
    slope = mpf(exponent) * base ** (mpf(exponent) - 1)
    return base ** mpf(exponent), [slope * k for k in gradient]


def exact_lovasz_hinge(x):
    road, road_seen, rest_seen, before = x.mass(1, [1] * len(x.g)), mpf(0), mpf(0), mpf(0)
    value, slopes = mpf(0), [mpf(0)] * len(x.g)
    for i in sorted(range(len(x.g)), key=x.margin.__getitem__):  # sorted() is stable: ties in pixel order
        if x.g[i]:
            road_seen += x.w[i]
        else:
            rest_seen += x.w[i]
        union = road + rest_seen
        jaccard = 1 - (road - road_seen) / union if union > 0 else mpf(0)
        if x.margin[i] < 1:
            value += (1 - x.margin[i]) * (jaccard - before)
            slopes[i] = before - jaccard
        before = jaccard
    return value, x.from_margin(slopes)


def exact_weighted(x, parts):
    value, gradient = mpf(0), [mpf(0)] * len(x.g)
    for part in parts:
        v, d = EXACT[part["loss"]](x, **part["parameters"])
        value += mpf(part["weight"]) * v
        gradient = [a + mpf(part["weight"]) * b for a, b in zip(gradient, d)]
    return value, gradient


EXACT = {
    "bce": exact_bce, "focal": exact_focal, "dice": exact_dice, "tversky": exact_tversky,
    "focal_tversky": exact_focal_tversky, "lovasz_hinge": exact_lovasz_hinge, "weighted": exact_weighted,
}


# ---------------------------------------------------------------- losses: cases

def focal(focusing, foreground, background):
    return "focal", {"focusing": focusing, "foreground_weight": foreground, "background_weight": background}


def dice(numerator, denominator):
    return "dice", {"numerator_smooth": numerator, "denominator_smooth": denominator}


def tversky(fp, fn, smooth):
    return "tversky", {"fp_weight": fp, "fn_weight": fn, "smooth": smooth}


def focal_tversky(exponent):
    return "focal_tversky", {**tversky(0.3, 0.7, 1)[1], "exponent": exponent}


def weighted(*parts):
    return "weighted", {"parts": [{"weight": k, "loss": name, "parameters": p} for k, (name, p) in parts]}


BCE, LOVASZ = ("bce", {}), ("lovasz_hinge", {})
DEFAULTS = [  # on every fixture
    BCE, focal(2, 0.25, 0.75), dice(1, 1), tversky(0.3, 0.7, 1), focal_tversky(0.75), LOVASZ,
    weighted((0.5, BCE), (2, tversky(0.3, 0.7, 1)), (0.25, LOVASZ)),
]
EXTRAS = [  # where they can differ in an interesting way
    focal(0.5, 0.5, 0.5), focal(3.5, 1, 1), focal(0, 1, 1), dice(0, 0), dice(1e-5, 1e-5), dice(0, 1),
    tversky(0.5, 0.5, 0), tversky(1, 1, 1e-5), focal_tversky(4 / 3),
]
EXTRA_FIXTURES = ("spec", "random", "road", "empty", "full")
# losses.md section 9: (loss, parameters) -> value, dL/dz at (2,3), dL/dz at (0,0)
GOLDEN = [
    (BCE, 2.024465205604, -1.8865083124e-02, 3.8005317460e-03),
    (focal(2, 0.25, 0.75), 0.959634005333, -5.7711591589e-03, 2.6611101911e-04),
    (focal(0.5, 0.5, 0.5), 0.965577820666, -1.0080688881e-02, 1.1779452112e-03),
    (dice(0, 0), 0.814241175015, -4.1290714961e-03, 7.3705222496e-04),
    (dice(1, 1), 0.793140989469, -3.9752931138e-03, 7.9950389482e-04),
    (dice(1e-5, 1e-5), 0.814240958400, -4.1290699047e-03, 7.3705288836e-04),
    (tversky(0.3, 0.7, 1), 0.748765190980, -4.4248628298e-03, 6.2881736841e-04),
    (focal_tversky(0.75), 0.804932077437, -3.5675877494e-03, 5.0698998509e-04),
    (focal_tversky(4 / 3), 0.679924768331, -5.3573961872e-03, 7.6133970736e-04),
    (LOVASZ, 4.313243869762, -3.8461538462e-02, 0.0),
]


def valid_pixels(data):
    """(mask, (logits, labels, weights)) of the pixels that count."""
    labels = np.array(data["labels"])
    keep = labels != IGNORE
    weights = np.ones(labels.size) if data["weights"] is None else np.array(data["weights"])
    return keep, (np.array(data["logits"])[keep], labels[keep].astype(float), weights[keep])


def agree(pixels, closed, automatic):
    """Closed form against autograd, to 1e-12.

    Autograd forms a gradient as a difference of terms as large as the slope of the sigmoid. Where they
    cancel, its own rounding (1e-15 of a term) is allowed on top.
    """
    value, gradient = float(closed[0]), np.array([float(k) for k in closed[1]])
    z, _, w = pixels
    term = (w * np.exp(-np.abs(z))).max()
    assert np.isfinite(automatic[1]).all()
    assert abs(value - automatic[0]) <= 1e-12 * abs(value), (value, automatic[0])
    worst = np.abs(gradient - automatic[1]).max()
    assert worst <= 1e-12 * np.abs(gradient).max() + 1e-15 * term, (worst, np.abs(gradient).max())


def loss_case(loss, parameters, name, data, exact):
    """Value and gradient of one loss on one fixture; without a valid pixel both are 0 by convention."""
    keep, pixels = valid_pixels(data)
    value, gradient = 0.0, np.zeros(keep.size)
    if keep.any():
        closed = EXACT[loss](exact, **parameters)
        agree(pixels, closed, autograd(loss, parameters, pixels))
        value = float(closed[0])
        gradient[keep] = [digits(k) for k in closed[1]]
    # + 0.0 turns the -0.0 of an inactive hinge into 0.0
    return {"loss": loss, "parameters": parameters, "fixture": name, "value": value,
            "gradient": (gradient + 0.0).tolist()}


def check_golden(cases):
    """The published table was made with f64 logits; rounding them to f32 moves it by about 1e-7."""
    for (name, parameters), *row in GOLDEN:
        wanted = "spec", name, parameters
        case = next(c for c in cases if (c["fixture"], c["loss"], c["parameters"]) == wanted)
        found = case["value"], case["gradient"][2 * 8 + 3], case["gradient"][0]
        assert np.allclose(found, row, rtol=1e-6, atol=0), (name, found, row)


def losses(demo):
    fixtures = {**analytic_fixtures(), **random_fixtures(), "road": road_fixture(demo)}
    cases = []
    for name, data in fixtures.items():
        exact = Pixels(*valid_pixels(data)[1])  # shared by all losses: its exponentials are what costs
        for loss, parameters in DEFAULTS + (EXTRAS if name in EXTRA_FIXTURES else []):
            cases.append(loss_case(loss, parameters, name, data, exact))
    check_golden(cases)
    return {"versions": VERSIONS, "fixtures": fixtures, "cases": cases}


# ---------------------------------------------------------------- metrics: confusion matrix

def ratio(numerator, denominator):
    """None (JSON null) where the metric is undefined: no constant stands in for 0/0."""
    return numerator / denominator if denominator else None


def mean_defined(values):
    defined = [v for v in values if v is not None]
    return ratio(sum(defined), len(defined))


def confusion_matrix(labels, predictions, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for label, prediction in zip(labels, predictions):
        if label != IGNORE:
            matrix[label][prediction] += 1
    return matrix


def class_report(matrix, c):
    n, tp = sum(map(sum, matrix)), matrix[c][c]
    fn, fp = sum(matrix[c]) - tp, sum(row[c] for row in matrix) - tp
    tn = n - tp - fn - fp
    return {
        "iou": ratio(tp, tp + fp + fn), "dice": ratio(2 * tp, 2 * tp + fp + fn),
        "precision": ratio(tp, tp + fp), "recall": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp), "negative_predictive_value": ratio(tn, tn + fn),
    }


def confusion_report(matrix):
    classes = range(len(matrix))
    n, hits = sum(map(sum, matrix)), sum(matrix[c][c] for c in classes)
    truth = [sum(row) for row in matrix]
    guess = [sum(row[c] for row in matrix) for c in classes]
    chance = sum(t * p for t, p in zip(truth, guess))
    per_class = [class_report(matrix, c) for c in classes]
    spread = (n * n - sum(p * p for p in guess)) * (n * n - sum(t * t for t in truth))
    return {
        "pixel_accuracy": ratio(hits, n),
        "mean_accuracy": mean_defined([k["recall"] for k in per_class]),
        "mean_iou": mean_defined([k["iou"] for k in per_class]),
        "frequency_weighted_iou": ratio(sum(t * k["iou"] for t, k in zip(truth, per_class) if t), n),
        "mcc": ratio(n * hits - chance, spread ** 0.5),
        "kappa": ratio(n * hits - chance, n * n - chance),
        "per_class": per_class,
    }


def same(ours, theirs):
    """scikit-learn writes NaN (asked to) where we write null."""
    return np.isnan(theirs) if ours is None else abs(ours - theirs) <= 1e-12


def check_confusion(labels, predictions, matrix, report):
    keep = labels != IGNORE
    y, p = labels[keep], predictions[keep]
    if not y.size:
        return  # scikit-learn refuses an empty sample
    ids = list(range(len(matrix)))
    nan = {"average": None, "labels": ids, "zero_division": np.nan}
    assert (skm.confusion_matrix(y, p, labels=ids) == matrix).all()
    assert same(report["pixel_accuracy"], skm.accuracy_score(y, p))
    columns = {"precision": skm.precision_score, "recall": skm.recall_score, "dice": skm.f1_score}
    for key, function in columns.items():
        assert all(same(k[key], v) for k, v in zip(report["per_class"], function(y, p, **nan))), key
    # jaccard_score cannot be asked for NaN, so an undefined IoU is compared as its 0.
    iou = skm.jaccard_score(y, p, average=None, labels=ids, zero_division=0)
    assert all(same(k["iou"] or 0, v) for k, v in zip(report["per_class"], iou))
    for c in ids:  # specificity and NPV are recall and precision of "not this class"
        found, nan = report["per_class"][c], {"zero_division": np.nan}
        assert same(found["specificity"], skm.recall_score(y != c, p != c, **nan))
        assert same(found["negative_predictive_value"], skm.precision_score(y != c, p != c, **nan))
    present = [k["recall"] for k in report["per_class"] if k["recall"] is not None]
    assert same(report["mean_accuracy"], sum(present) / len(present))
    if report["mcc"] is not None:  # scikit-learn returns 0 for 0/0
        assert same(report["mcc"], skm.matthews_corrcoef(y, p))
    if report["kappa"] is not None:
        assert same(report["kappa"], skm.cohen_kappa_score(y, p, labels=ids))


def confusion_case(name, classes, labels, predictions):
    matrix = confusion_matrix(labels, predictions, classes)
    report = confusion_report(matrix)
    check_confusion(labels, predictions, matrix, report)
    return {"name": name, "classes": classes, "ignore": IGNORE, "labels": labels.tolist(),
            "predictions": predictions.tolist(), "matrix": matrix, "report": report}


def confusion_cases():
    rng = np.random.default_rng(7)

    def truth(size, classes):
        return np.where(rng.random(size) < 0.1, IGNORE, rng.integers(0, classes, size))

    def guess(labels, classes):  # half of the pixels copied, the rest at random
        copied = (rng.random(labels.size) < 0.5) & (labels != IGNORE)
        return np.where(copied, labels, rng.integers(0, classes, labels.size))

    cases = []
    for classes, size in ((2, 150), (3, 211), (11, 600)):
        labels = truth(size, classes)
        cases.append(confusion_case(f"random_{classes}", classes, labels, guess(labels, classes)))
    labels = truth(120, 3)  # class 3 is in neither
    cases.append(confusion_case("absent_class", 4, labels, guess(labels, 3)))
    labels = truth(120, 3)  # class 3 is only predicted: an IoU of 0, but no recall
    cases.append(confusion_case("absent_from_labels", 4, labels, guess(labels, 4)))
    off, some = np.zeros(60, int), rng.integers(0, 2, 60)
    cases.append(confusion_case("empty_labels", 2, off, some))
    cases.append(confusion_case("empty_predictions", 2, some, off))
    cases.append(confusion_case("both_empty", 2, off, off))
    cases.append(confusion_case("all_ignored", 2, off + IGNORE, some))
    labels = truth(90, 3)
    cases.append(confusion_case("perfect", 3, labels, np.where(labels == IGNORE, 0, labels)))
    cases.append(confusion_case("all_wrong", 2, some, 1 - some))
    return cases


# ---------------------------------------------------------------- metrics: threshold sketch

def expected_calibration_error(confidence, hit, bins=15):
    """Sum over the bins of |hits - confidence| / n; the last bin is closed."""
    # A confidence on an inner bin edge would make the test depend on rounding.
    edges = np.arange(1, bins)
    assert np.abs(bins * confidence[:, None] - edges).min() > 1e-5
    index = np.minimum(bins - 1, np.floor(bins * confidence).astype(int))
    gap = np.bincount(index, hit, bins) - np.bincount(index, confidence, bins)
    return float(np.abs(gap).sum() / confidence.size)


def rank_auroc(codes, labels):
    """Share of (road, rest) pairs in the right order, ties half: by counting, not by a curve."""
    road, rest = (np.bincount(codes[labels == k].astype(int) + 128, minlength=256) for k in (1, 0))
    twice = sum(int(rest[k]) * (2 * int(road[k + 1:].sum()) + int(road[k])) for k in range(256))
    return twice / (2 * int(road.sum()) * int(rest.sum()))


def sketch_report(codes, labels, scale, zero_point):
    keep = labels != IGNORE
    codes, labels = codes[keep], labels[keep]
    names = "auroc", "average_precision", "ece_top_label", "ece_positive", "brier"
    report = dict.fromkeys(names)
    if not codes.size:
        return report
    p = probability(codes, scale, zero_point)
    if 0 < labels.sum() < labels.size:
        report["auroc"] = float(skm.roc_auc_score(labels, codes))
        assert abs(report["auroc"] - rank_auroc(codes, labels)) < 1e-12
    if labels.any():  # without background every precision is 1; without foreground there is no recall
        report["average_precision"] = float(skm.average_precision_score(labels, codes))
    report["ece_top_label"] = expected_calibration_error(np.maximum(p, 1 - p), (codes > zero_point) == labels)
    report["ece_positive"] = expected_calibration_error(p, labels)
    report["brier"] = float(((p - labels) ** 2).mean())
    return report


def sketch_case(name, codes, labels, scale, zero_point, source=None):
    report = sketch_report(codes.ravel(), labels.ravel().astype(int), scale, zero_point)
    inline = source is None  # a whole frame is read from the demo pack instead
    return {"name": name, "source": source,
            "codes": codes.ravel().tolist() if inline else None,
            "labels": labels.ravel().astype(int).tolist() if inline else None,
            "ignore": IGNORE, "scale": float(np.float32(scale)), "zero_point": zero_point, **report}


def sketch_cases(demo):
    rng = np.random.default_rng(11)
    cases = [sketch_case(f"frame_{i}", demo.codes[i], demo.reference[i], demo.scale, demo.zero_point,
                         {"frame": i, "label": "reference"}) for i in (0, 120, 150, 190)]
    labels = random_labels(rng, 200, 0.1)
    codes = np.clip(rng.normal(20 + 40 * (labels == 1), 45), -128, 127).astype(np.int8)
    few = rng.choice(np.array([-60, -5, 3, 4, 50], np.int8), 150)  # every score many times
    cases.append(sketch_case("random", codes, labels, 0.0517, 31))
    cases.append(sketch_case("random_negative_zero_point", rng.integers(-128, 128, 180).astype(np.int8),
                             random_labels(rng, 180, 0.1), 0.11, -19))
    cases.append(sketch_case("ties", few, random_labels(rng, 150, 0.1), 0.04, 3))
    cases.append(sketch_case("one_value", np.full(40, 9, np.int8), random_labels(rng, 40, 0), 0.1, 2))
    apart, two = np.array([-100, -90, -80, 70, 80, 90], np.int8), np.array([0, 0, 0, 1, 1, 1])
    cases.append(sketch_case("separable", apart, two, 0.1, 0))
    cases.append(sketch_case("reversed", apart, 1 - two, 0.1, 0))
    cases.append(sketch_case("only_road", codes[:60], np.ones(60, int), 0.0517, 31))
    cases.append(sketch_case("no_road", codes[:60], np.zeros(60, int), 0.0517, 31))
    cases.append(sketch_case("all_ignored", codes[:30], np.full(30, IGNORE), 0.0517, 31))
    return cases


def metrics(demo):
    return {"versions": VERSIONS, "confusion": confusion_cases(), "sketch": sketch_cases(demo)}


# ---------------------------------------------------------------- drift: statistics and distances

def frame_statistics(demo, frame):
    codes = demo.codes[frame].ravel()
    p = probability(codes, demo.scale, demo.zero_point)
    margin = np.abs(2 * p - 1)
    assert np.abs(margin - 0.5).min() > 1e-4  # no pixel sits on the low-confidence limit
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    return {"frame": frame, "road_fraction": float((codes > demo.zero_point).mean()),
            "mean_entropy": float(entropy.mean()), "mean_margin": float(margin.mean()),
            "low_confidence_fraction": float((margin < 0.5).mean())}


def histogram(codes):
    return np.bincount(codes.ravel().astype(int) + 128, minlength=256).tolist()


def quantile_edges(reference, bins=16):
    """Upper edges: the smallest code that holds at least j/16 of the reference, equal ones once."""
    total, edges = sum(reference), []
    cumulative = np.cumsum(reference)
    for j in range(1, bins):
        need = -(-j * total // bins)
        code = int(np.argmax(cumulative >= need)) - 128
        if code not in edges:
            edges.append(code)
    return edges


def binned(counts, edges):
    """A code belongs to the bin numbered by the edges strictly below it."""
    bins = [0] * (len(edges) + 1)
    for index, count in enumerate(counts):
        bins[sum(edge < index - 128 for edge in edges)] += count
    return bins


def psi(current, reference, edges):
    a, b = np.array(binned(current, edges), float), np.array(binned(reference, edges), float)
    p, q = (a + 0.5) / (a.sum() + a.size / 2), (b + 0.5) / (b.sum() + b.size / 2)
    return float(((p - q) * np.log(p / q)).sum())


def wasserstein(current, reference, scale):
    """In logit units. The sum of |A_k N_b - B_k N_a| is an integer, so it is summed as one."""
    na, nb = sum(current), sum(reference)
    gap = sum(abs(int(a) * nb - int(b) * na) for a, b in zip(np.cumsum(current), np.cumsum(reference)))
    ours = float(scale) * gap / (na * nb)
    codes = np.arange(256)
    assert abs(ours - float(scale) * scipy.stats.wasserstein_distance(codes, codes, current, reference)) < 1e-9
    return ours


def distances(demo, frames):
    reference = histogram(demo.codes[:60])
    edges = quantile_edges(reference)
    rows = []
    for frame in frames:
        current = histogram(demo.codes[frame])
        rows.append({"frame": frame, "psi": psi(current, reference, edges),
                     "wasserstein_1": wasserstein(current, reference, demo.scale)})
    return {"reference_frames": [0, 59], "scale": float(demo.scale), "zero_point": demo.zero_point,
            "edges": edges, "reference_bins": binned(reference, edges), "reference": reference, "frames": rows}


# ---------------------------------------------------------------- drift: detectors

def cusum(z, slack, threshold):
    up = down = Fraction(0)
    for x in z:
        # Capped, so that the way back down after a long shift is bounded.
        up = min(2 * threshold, max(Fraction(0), up + x - slack))
        down = min(2 * threshold, max(Fraction(0), down - x - slack))
        yield up, down


def page_hinkley(z, tolerance):
    total = sum_up = sum_down = low = high = Fraction(0)
    for n, x in enumerate(z, 1):
        total += x
        mean = total / n  # includes x
        sum_up, sum_down = sum_up + x - mean - tolerance, sum_down + x - mean + tolerance
        low, high = min(low, sum_up), max(high, sum_down)
        yield sum_up - low, high - sum_down


def trace(steps, threshold, **parameters):
    steps = list(steps)
    peak = [max(step) for step in steps]
    # Fixed point rounds, so no step up to the alarm may lie so close that rounding could move it.
    alarm = next((i for i, k in enumerate(peak) if k > threshold), None)
    assert min(abs(k - threshold) for k in peak[:None if alarm is None else alarm + 1]) > Fraction(1, 100)
    up, down = ([digits(step[side]) for step in steps] for side in (0, 1))
    return {**parameters, "threshold": threshold, "up": up, "down": down, "alarm": alarm}


def detector_case(name, z):
    z = [Fraction(round(x * 65536), 65536) for x in z]  # what Q16.16 holds exactly
    slack, tolerance = Fraction(1, 2), Fraction(1, 4)
    return {"name": name, "z": [float(x) for x in z],
            "cusum": trace(cusum(z, slack, 5), 5, slack=float(slack)),
            "page_hinkley": trace(page_hinkley(z, tolerance), 10, tolerance=float(tolerance))}


def detectors():
    rng, n = np.random.default_rng(5), 200
    late = np.arange(n) >= n // 2
    ramp = np.clip((np.arange(n) - 60) / 100, 0, None)
    shapes = {"up": 1.5 * late, "down": -2.0 * late, "none": 0.0 * late, "ramp": ramp}
    return [detector_case(name, shape + rng.normal(0, 0.8, n)) for name, shape in shapes.items()]


def drift(demo):
    return {"versions": VERSIONS,
            "statistics": [frame_statistics(demo, i) for i in (0, 60, 120, 150, 190, 210)],
            "distances": distances(demo, (60, 80, 99, 105, 110, 120, 150, 170, 190, 210)),
            "detectors": detectors()}


# ----------------------------------------------------------------

def main():
    demo = Demo()
    write("losses.json", losses(demo))
    write("metrics.json", metrics(demo))
    write("drift.json", drift(demo))


if __name__ == "__main__":
    main()
