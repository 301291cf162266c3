"""spec.json: the tables of the losses reference, row by row, each asserted against its printed digits.

The printed numbers were made from f64 logits. What is stored are our own digits for the same f64 logits, so a
test in f64 can ask for all printed places; the fixtures of losses.json hold the same logits rounded to f32.
"""

import math

import numpy as np
import torch

import tape
from catalogue import Both, agree, default
from common import VERSIONS, digits
from fixtures import spec_plane, spec_planes
from losses_distribution import fsum, total
from losses_region import d_sums
from tape import mpf

S = {"numerator_smooth": 0, "denominator_smooth": 0}
S5 = {"numerator_smooth": 1e-5, "denominator_smooth": 1e-5}
FOCAL = {"focusing": 0.5, "foreground_weight": 0.5, "background_weight": 0.5}
NEAR = [0, 1, 1, 1, 0, 0.5, 1, 0.5, 0]

# row, loss, changed parameters, value, dL/dz[a], dL/dz[b]
BINARY = [
    ("BCE mean", "bce", {}, 2.024465205604, -1.8865083124e-02, 3.8005317460e-03),
    ("BCE pos_weight=3 mean", "bce", {"normalise": "count", "class_weights": [1, 3]},
     3.594715820445, -5.6595249373e-02, 3.8005317460e-03),
    ("balanced BCE (HED) mean", "balanced_cross_entropy", {}, 0.917604563060, -1.3362767213e-02, 1.1084884259e-03),
    ("focal sigmoid g=2 a=0.25", "focal", {}, 0.959634005333, -5.7711591589e-03, 2.6611101911e-04),
    ("focal sigmoid g=0.5 a=0.5", "focal", FOCAL, 0.965577820666, -1.0080688881e-02, 1.1779452112e-03),
    ("label-smooth BCE e=.1 (g(1-e)+e/2)", "label_smoothed", {}, 1.968556510726, -1.7823416458e-02, 2.7588650793e-03),
    ("Dice plain s=0", "dice", S, 0.814241175015, -4.1290714961e-03, 7.3705222496e-04),
    ("Dice plain s=1", "dice", {}, 0.793140989469, -3.9752931138e-03, 7.9950389482e-04),
    ("Dice plain s=1e-05", "dice", S5, 0.814240958400, -4.1290699047e-03, 7.3705288836e-04),
    ("Dice squared s=1", "squared_dice", {}, 0.765593022272, -4.9130919905e-03, 3.7456601129e-04),
    ("Jaccard s=1", "jaccard", {}, 0.872036333515, -2.4374678924e-03, 5.4377220088e-04),
    ("Tversky FP.3 FN.7 s=1", "tversky", {}, 0.748765190980, -4.4248628298e-03, 6.2881736841e-04),
    ("focal Tversky ^0.75", "focal_tversky", {}, 0.804932077437, -3.5675877494e-03, 5.0698998509e-04),
    ("focal Tversky ^(4/3)", "focal_tversky", {"exponent": 4 / 3},
     0.679924768331, -5.3573961872e-03, 7.6133970736e-04),
    ("log-cosh Dice s=1", "log_cosh_dice", {}, 0.286212115754, -2.6244277741e-03, 5.2782025551e-04),
    ("log Dice s=1", "log_dice", {}, 1.575717826323, -1.9217403697e-02, 3.8649701203e-03),
    ("Asym similarity b=1.5 s=1", "asymmetric_similarity", {}, 0.749797584158, -4.3989833401e-03, 6.3965130096e-04),
    ("Sens-Spec r=.1", "sensitivity_specificity", {}, 0.509708193071, -1.1066826833e-03, 1.4404294398e-03),
    ("MCC eps=0", "mcc", {}, 1.310708970615, -5.5747935563e-03, 3.9552659182e-03),
    ("power Jaccard q=2 s=1", "power_jaccard", {}, 0.853048408845, -3.1327686282e-03, 2.6164222540e-04),
    ("Tanimoto w/ complement", "tanimoto", {}, 0.767062283754, -2.2594925374e-03, 1.5621631655e-03),
    ("Boundary DoU alpha=.6", "boundary_dou", {"given": "a"}, 0.949159041035, -1.4692424860e-03, 1.0071923540e-04),
    ("Lovasz hinge", "lovasz_hinge", {}, 4.313243869762, -3.8461538462e-02, 0.0),
    ("Lovasz sigmoid", "lovasz_sigmoid", {}, 0.878270616467, -3.2903959060e-03, 1.0063863163e-04),
    ("ELL paper form", "exponential_logarithmic", {"background": True},
     1.124380722108, -3.0432791708e-03, 2.3494808542e-03),
    ("Combo (paper) a=.5 b=.5 s=1", "combo", {}, 0.402686796136, -6.7039173380e-03, 1.3498848839e-03),
    ("boundary loss phi analytic", "boundary", {"given": "phi"}, 0.456016223166, -2.4832921730e-03, 6.4181569397e-03),
    ("HD-DT with given dist, alpha 2", "hausdorff_distance", {"given": "distance"},
     0.800666331503, -6.2662155335e-03, 4.8368717608e-03),
    ("dist-penalised BCE (1+|phi|)", "distance_penalised", {"given": "penalty"},
     4.109179449402, -4.5149979918e-02, 1.1650773071e-02),
    ("active contour lam=1 sum", "active_contour", {}, 43.583792137611, -1.0411795881e-01, -5.2629685767e-02),
]
MULTICLASS = [
    ("CE mean", "cross_entropy", {}, 1.263527447114, -8.1023136297e-03, 5.4912243000e-03),
    ("weighted CE (torch mean: /sum w_y)", "cross_entropy", {"class_weights": [0.2, 1, 3]},
     1.377281929113, -5.7873668784e-03, 3.9223030714e-03),
    ("label-smoothed CE e=.1", "label_smoothed", {}, 1.287339350963, -6.7134247408e-03, 4.7967798556e-03),
    ("softmax focal g=2", "focal", {"foreground_weight": 1, "background_weight": 1},
     0.816156087166, -3.1222446160e-03, 6.6721225009e-03),
    ("soft bootstrap b=.95", "bootstrapped", {}, 1.241317003950, -7.9319239191e-03, 5.3274483523e-03),
    ("Dice per-class mean s=1e-5", "dice", S5, 0.615599382730, -4.1031437131e-03, 7.9538073781e-04),
    ("GDL square s=0", "generalised_dice", {}, 0.609884028196, -4.9512342943e-03, 7.4985923304e-04),
    ("penalty GDL k=2.5", "penalty_generalised_dice", {}, 0.308756714184, -4.4413993323e-03, 6.7264526358e-04),
    ("Wasserstein Dice default", "wasserstein_dice", {"distances": NEAR, "smooth": 0},
     0.386833475699, -3.1703378496e-03, 2.5642394516e-03),
    ("Lovasz softmax all=present", "lovasz_softmax", {}, 0.659520431554, -3.1687899484e-03, 6.5392752017e-05),
]
FURTHER = [  # row, fixture, loss, changed parameters, printed value
    ("TopK-CE 10 %, floor k=4", "spec", "top_k", {"fraction": 0.08}, "5.135728326033"),
    ("TopK-CE 10 %, ceil k=5", "spec", "top_k", {}, "5.070751762039"),
    ("clDice s=1 fg k=3", "spec", "cldice", {}, ".820370510431"),
    ("clDice s=1 fg k=10", "spec", "cldice", {"iterations": 10}, ".821377522537"),
    ("HD-DT alpha=2 real EDT", "spec", "hausdorff_distance", {}, "2.8736566028"),
    ("boundary loss Kervadec", "spec", "boundary", {}, ".699411592564"),
    ("boundary loss plain d_out-d_in", "spec", "boundary", {"convention": "plain"}, ".626676776870"),
    ("BF1 loss fg theta0=3 theta=5", "spec", "boundary_f1", {}, ".122633610746"),
    ("unified focal asym", "spec", "unified_focal", {}, ".828667835133"),
    ("unified focal sym", "spec", "unified_focal", {"asymmetric": False}, ".870035631874"),
    ("unified focal asym, FTL", "spec", "unified_focal", {"tversky_share": 1}, ".717963"),
    ("unified focal sym, FTL", "spec", "unified_focal", {"tversky_share": 1, "asymmetric": False}, ".815526"),
    ("unified focal asym, FL", "spec", "unified_focal", {"tversky_share": 0}, ".939372"),
    ("unified focal sym, FL", "spec", "unified_focal", {"tversky_share": 0, "asymmetric": False}, ".924545"),
    ("recall-CE", "spec_multi", "recall_cross_entropy", {}, ".727434828243"),
]
# "value / largest |dL/dz|" on: empty, empty_cold, full, right40, wrong40; "-" where the table has no finite number
# or none of ours: NaN as written, MCC of one class (M := 0 here).
EDGE = """
BCE | 1.37084 / 2.07e-02 | .000123402 / 2.57e-06 | 1.55992 / 2.07e-02 | 3.0e-18 / 8.9e-20 | 40 / 2.08e-02
balanced BCE | 0 / 0 | 0 / 0 | 0 / 0 | 1.8e-18 / 6.3e-20 | 16.5278 / 1.48e-02
focal | .835441 / 1.76e-02 | 1.4e-12 / 8.8e-14 | .331207 / 5.88e-03 | 0 / 0 | 24.1667 / 1.56e-02
Dice s=1 | .959332 / 4.12e-04 | .00588806 / 1.22e-04 | .336285 / 4.58e-03 | 0 / 1.5e-19 | .979592 / 1.7e-19
Dice s=1e-5 | 1 / 4.5e-09 | .998314 / 3.51e-05 | .340983 / 4.66e-03 | 0 / 1.5e-19 | 1 / 1.8e-19
Dice s=0 | 1 / 0 | 1 / 0 | .340983 / 4.66e-03 | 0 / 1.5e-19 | 1 / 1.8e-19
Dice^2 s=1 | .950135 / 7.27e-04 | 7.31e-07 / 3.0e-08 | .292056 / 5.05e-03 | 0 / 0 | .979592 / 1.7e-19
Jaccard s=1 | .959332 / 4.12e-04 | .00588806 / 1.22e-04 | .498178 / 5.08e-03 | 0 / 2.8e-19 | .979592 / 8.7e-20
Tversky .3/.7 s=1 | .876188 / 1.14e-03 | .00177373 / 3.69e-05 | .41 / 4.91e-03 | 0 / 8.5e-20 | .952381 / 2.0e-19
focal Tversky ^.75 | .905624 / 8.87e-04 | .00864302 / 1.35e-04 | .512375 / 4.61e-03 | 1.16110e-13 / - | .964069 / 1.5e-19
log-cosh Dice s=1 | .403163 / 3.06e-04 | 1.7335e-05 / 7.2e-07 | .0555092 / 1.49e-03 | 0 / 0 | .418326 / 1.3e-19
log Dice s=1 | 3.20231 / 1.01e-02 | .00590547 / 1.23e-04 | .409903 / 6.90e-03 | 0 / 1.5e-19 | 3.89182 / 8.4e-18
sens-spec r=.1 | .357266 / 5.48e-03 | 1.37e-08 / 5.7e-10 | .0414075 / 6.14e-04 | 0 / 0 | 1 / 6.1e-20
MCC raw | - / - | - / - | - / - | 0 / 2.1e-19 | 2 / 2.1e-19
Tanimoto+complement | .71919 / 3.08e-03 | .0340541 / 1.32e-03 | .72864 / 3.05e-03 | 0 / 0 | 1 / 4.4e-20
Lovasz hinge | 6.42093 / 1.00 | 0 / 0 | 1.94858 / 2.08e-02 | 0 / 0 | 41 / 6.67e-02
Lovasz sigmoid | .995596 / 4.38e-03 | .000123395 / 1.23e-04 | .508556 / 5.19e-03 | 3.0e-18 / 2.8e-19 | 1 / 1.8e-19
ELL (paper) | 1.04419 / 2.88e-03 | .120998 / 7.55e-04 | 1.06011 / 2.87e-03 | 6.76081e-06 / - | 2.03835 / 1.75e-04
UFL asym | .597717 / 4.45e-03 | .250014 / 5.0e-07 | .872704 / 6.24e-03 | 9.9131e-05 / - | 4.19373 / 4.1e-20
"""
EDGE_LOSSES = [("bce", {}), ("balanced_cross_entropy", {}), ("focal", {}), ("dice", {}), ("dice", S5), ("dice", S),
               ("squared_dice", {}), ("jaccard", {}), ("tversky", {}), ("focal_tversky", {}), ("log_cosh_dice", {}),
               ("log_dice", {}), ("sensitivity_specificity", {}), ("mcc", {}), ("tanimoto", {}), ("lovasz_hinge", {}),
               ("lovasz_sigmoid", {}), ("exponential_logarithmic", {"background": True}), ("unified_focal", {})]
# Printed numbers that f64 itself got wrong beside 40 or beside 1; the digits stored are right.
LOST = {("BCE", "right40", "3.0e-18"), ("Tversky .3/.7 s=1", "right40", "8.5e-20"),
        ("sens-spec r=.1", "wrong40", "6.1e-20"), ("Lovasz sigmoid", "right40", "3.0e-18"),
        ("Lovasz sigmoid", "wrong40", "1.8e-19"), ("UFL asym", "wrong40", "4.1e-20")}
EDGE_FIXTURES = "empty", "empty_cold", "full", "right40", "wrong40"


def plain(logits, labels, **more):
    """A fixture with the f64 logits as they are."""
    logits = np.atleast_3d(logits) if logits.ndim == 3 else logits[None]
    return {"height": logits.shape[1], "width": logits.shape[2], "classes": len(logits), "weights": None,
            "logits": logits.ravel().tolist(), "labels": labels.ravel().tolist(), **more}


def spec_fixtures():
    (logits, labels), ones = spec_plane(), np.ones((6, 8), int)
    sign = 2 * labels - 1
    return {"spec": (logits, labels), "spec_multi": spec_planes(), "empty": (logits, 0 * ones),
            "empty_cold": (-9.0 * ones, 0 * ones), "full": (logits, ones), "right40": (40.0 * sign, labels),
            "wrong40": (-40.0 * sign, labels)}


def given_map():
    """Signed distance to the circle of the labels, an analytic stand-in for a distance transform."""
    y, x = np.mgrid[0:6, 0:8].astype(float)
    return (np.sqrt((x - 3.2) ** 2 + (y - 2.7) ** 2) - math.sqrt(4.5)).ravel()


def given_row(both, kind):
    """Value, gradient and facts of the four rows whose map or constant is given instead of measured."""
    t, d, phi = both.tensors, both.digits, given_map()
    size, error, exact = mpf(48), t.p[1] - t.g[1], d.p[1] - d.g[1]
    if kind == "a":
        over = (error ** 2).sum() + 1e-5
        automatic, s = over / (over + (1 - 0.6) * (t.p[1] * t.g[1]).sum()), d_sums(d)(1)
        e, a = mpf(1e-5), mpf(0.6)
        return automatic, (s["Q"] - s["I"] * 2 + e) / (s["Q"] - s["I"] * (1 + a) + e), {"a": 0.6, "smooth": 1e-5}
    if kind == "phi":
        return (t.p[1] * torch.tensor(phi)).mean(), (d.p[1] * tape.array(phi)).sum() / size, {"phi": phi.tolist()}
    away = np.abs(phi)
    if kind == "distance":
        return ((error * torch.tensor(away)) ** 2).mean(), ((exact * tape.array(away)) ** 2).sum() / size, \
            {"exponent": 2, "distance": away.tolist()}
    loss = total(l * g for l, g in zip(d.l, d.g))
    return ((1 + torch.tensor(away)) * (t.g * t.l).sum(0)).mean(), (loss * (1 + tape.array(away))).sum() / size, \
        {"penalty": away.tolist()}


def golden(name, table, points, fixtures):
    rows, shape = [], (-1, 6, 8)
    for row, loss, changes, value, *slopes in table:
        changes = dict(changes)
        weights, given = changes.pop("class_weights", None), changes.pop("given", None)
        both = Both(plain(*fixtures[name], class_weights=weights))
        if given:
            automatic, exact, parameters = given_row(both, given)
            found, gradient = exact.value.item(), both.digits.gradient(exact).astype(float)
            agree(found, gradient, automatic.item(), both.tensors.gradient(automatic))
        else:
            parameters = default(loss, both.frame, **changes)
            found, gradient = both.evaluate(loss, parameters)
        assert abs(float(found) - value) <= 6e-13, (row, float(found), value)
        samples = []
        for (c, y, x), slope in zip(points, slopes):
            ours = float(gradient.reshape(shape)[c, y, x])
            assert abs(ours - slope) <= 6e-11 * abs(slope), (row, ours, slope)
            samples.append([c, y, x, digits(ours, 14)])
        rows.append({"row": row, "loss": loss, "parameters": parameters, "fixture": name, "value": float(found),
                     "samples": samples})
        if given:
            rows[-1]["given"] = True
        if weights:
            rows[-1]["class_weights"] = weights
    return rows


def places(text):
    """Half a unit of the last printed place, and a tenth of it for rounding twice."""
    mantissa, _, exponent = text.partition("e")
    return 0.55 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def further(fixtures):
    rows = []
    for row, name, loss, changes, text in FURTHER:
        both = Both(plain(*fixtures[name]))
        parameters = default(loss, both.frame, **changes)
        value = float(both.evaluate(loss, parameters)[0])
        assert abs(value - float(text)) <= (1e-7 if loss == "boundary_f1" else places(text)), (row, value, text)
        if loss == "boundary_f1":  # printed without smoothing, which ours needs
            bare = float(both.evaluate(loss, {**parameters, "smooth": 0})[0])
            assert abs(bare - float(text)) <= places(text), (row, bare, text)
        rows.append({"row": row, "loss": loss, "parameters": parameters, "fixture": name, "value": value,
                     "samples": []})
    return rows


def edge(fixtures):
    rows = []
    for line, (loss, changes) in zip(EDGE.strip().splitlines(), EDGE_LOSSES, strict=True):
        title, *cells = line.split(" | ")
        for name, cell in zip(EDGE_FIXTURES, cells, strict=True):
            both = Both(plain(*fixtures[name]))
            parameters = default(loss, both.frame, **changes)
            value, gradient = both.evaluate(loss, parameters)
            found = float(value), float(np.abs(gradient).max())
            for ours, text in zip(found, cell.split(" / "), strict=True):
                if text != "-" and (title, name, text) not in LOST:
                    # 0 is printed for what is below 1e-30, and for what f64 lost beside a number around 1.
                    limit = 2e-16 if text == "0" else places(text)
                    assert abs(ours - float(text)) <= limit, (title, name, ours, text)
            rows.append({"row": f"{title}, {name}", "loss": loss, "parameters": parameters, "fixture": name,
                         "value": found[0], "samples": [], "largest": digits(found[1])})
    return rows


def without_a_loss(fixtures):
    """Two published forms that are no losses of ours, and the hard counts: the combo loss with its repository's
    bracket, and SegLoss's ExpLog (-ln of the Dice, plain weighted cross-entropy)."""
    both = Both(plain(*fixtures["spec"]))
    d = both.digits
    n, s = mpf(48), d_sums(d)(1)
    ce = [(l * g).sum() for l, g in zip(d.l, d.g)]
    bracket = (ce[1] + ce[0] / 2) / 2 / n / 2 - (s["I"] * 2 + 1) / (s["mass"] + s["size"] + 1) / 2
    assert abs(float(bracket.value) - 0.247769308863) < 6e-13
    e = mpf(1e-5)
    dice = (s["I"] * 2 + e) / (s["mass"] + s["size"] + e)
    weights = [mpf(0.2), mpf(0.8)]
    entropy = (ce[0] * weights[0] + ce[1] * weights[1]) / (fsum(d.g[0]) * weights[0] + fsum(d.g[1]) * weights[1])
    exp_log = (-tape.log(dice)) ** mpf(0.3) * weights[1] + entropy * weights[0]
    assert abs(float(exp_log.value) - 1.4024569749) < 6e-11
    guess = d.frame.mask(1)
    counts = [int(((guess == a) & (d.frame.label == b)).sum()) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))]
    assert counts == [4, 21, 10, 13]


def spec(_demo):
    fixtures = spec_fixtures()
    rows = golden("spec", BINARY, ((0, 2, 3), (0, 0, 0)), fixtures)
    rows += golden("spec_multi", MULTICLASS, ((1, 2, 3), (0, 5, 7)), fixtures)
    without_a_loss(fixtures)
    return {"versions": VERSIONS, "rows": rows + further(fixtures) + edge(fixtures)}
