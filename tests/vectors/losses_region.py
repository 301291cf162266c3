"""Losses of overlap. Each looks at sums over a class's plane: p and g of that class, w of the pixels.

Region parameters: `background` says whether class 0 is in the mean; `average` macro is the mean of the classes'
losses (weighted by the class weights), micro one loss of the sums pooled over the classes (each times its
class weight); `overlap` product has I = sum w p g, minimum I = sum w min(p, g); `empty` is what a class
without label weight does: smooth (the formula as it is), zero_if_both_empty (its 0/0 is 0), skip_class (left
out of the mean), mean_probability (its loss is sum w p / sum w). A class whose loss is 0/0 is left out too; with
nothing left the loss is undefined: None.
"""

import numpy as np
import torch

import geometry
import tape
from losses_distribution import fsum, total
from tape import mpf

COMMON = ("background", "average", "empty")


def boundary_share(frame, c):
    """a of BoundaryDoU: min(2 (1 - C/S) - 1, 0.8), C inner-edge pixels of the class, S all of its pixels."""
    own = frame.label == c
    mask, other = frame.plane(own, False), frame.plane(~own, False)
    size = int(own.sum())
    return min(2 * (1 - int(geometry.inner_edge(mask, other).sum()) / size) - 1, 0.8) if size else 0.8


def combine(x, sums, loss, background, average="macro", empty="smooth"):
    """One number from the sums of each class."""
    classes = range(0 if background else 1, x.frame.classes)
    if average == "micro":
        names = sums(classes[0]).keys()
        pooled = {k: total(sums(c)[k] * x.v[c] for c in classes) for k in names}
        return loss(pooled, None)
    over, weight = [], []
    for c in classes:
        s = sums(c)
        value = loss(s, c)
        if number(s["size"]) == 0:
            if empty == "skip_class":
                continue
            if empty == "mean_probability":
                value = s["mass"] / s["all"]
            if empty == "zero_if_both_empty" and value is None:
                value = s["mass"] * 0
        if value is None:
            continue
        over.append(value * x.v[c])
        weight.append(x.v[c])
    return total(over) / total(weight) if over and total(weight) > 0 else None


def number(x):
    return x.value.item() if isinstance(x, tape.Node) else x.item()


def ratio(over, under):
    return None if number(under) == 0 else over / under


# ---------------------------------------------------------------- PyTorch: in terms of errors

def t_sums(x, overlap="product", exponent=2):
    def of(c):
        p, q, g, h, w = x.p[c], x.q[c], x.g[c], x.h[c], x.w
        error = h * p - g * q  # p - g without its cancellation
        if overlap == "minimum":
            tp, fp, fn = torch.minimum(p, g), torch.relu(error), torch.relu(-error)
        else:
            tp, fp, fn = g * p, h * p, g * q
        # p^k + g^k - 2 p g; on a hard label 1 the power is p^k = 1 + expm1(k ln p)
        near = torch.expm1(-exponent * x.l[c]) + 2 * q
        power = torch.where(g == 1, near, p ** exponent + g ** exponent - 2 * p * g)
        square = error ** 2 if overlap == "product" else p ** 2 + g ** 2 - 2 * torch.minimum(p, g)
        parts = {"tp": tp, "fp": fp, "fn": fn, "mass": p, "size": g, "square": square, "squares": p ** 2 + g ** 2,
                 "power": power, "off": error.abs() ** exponent, "product": g * p, "tn": h * q, "hit": g * error ** 2, "miss": h * error ** 2,
                 "rest": h, "all": torch.ones_like(p)}
        return {k: (w * s).sum() for k, s in parts.items()}
    return of


def t_dice(x, numerator_smooth, denominator_smooth, overlap="product", outer=lambda k: k, **common):
    def loss(s, c):
        error = s["fp"] + s["fn"]
        k = ratio(error + (denominator_smooth - numerator_smooth), 2 * s["tp"] + error + denominator_smooth)
        return None if k is None else outer(k)
    return combine(x, t_sums(x, overlap), loss, **common)


def t_log_cosh(x, **region):
    return t_dice(x, outer=lambda k: torch.log1p(2 * torch.sinh(k / 2) ** 2), **region)


def t_log_dice(x, **region):
    return t_dice(x, outer=lambda k: -torch.log1p(-k), **region)


def t_squared_dice(x, numerator_smooth, denominator_smooth, overlap, **common):
    return combine(x, t_sums(x, overlap), lambda s, c: ratio(
        s["square"] + (denominator_smooth - numerator_smooth), s["squares"] + denominator_smooth), **common)


def t_jaccard(x, numerator_smooth, denominator_smooth, overlap, **common):
    def loss(s, c):
        error = s["fp"] + s["fn"]
        return ratio(error + (denominator_smooth - numerator_smooth), s["tp"] + error + denominator_smooth)
    return combine(x, t_sums(x, overlap), loss, **common)


def t_power_jaccard(x, exponent, numerator_smooth, denominator_smooth, **common):
    return combine(x, t_sums(x, exponent=exponent), lambda s, c: ratio(
        s["power"] + (denominator_smooth - numerator_smooth),
        s["power"] + s["product"] + denominator_smooth), **common)


def t_tanimoto(x, smooth):
    return combine(x, t_sums(x), lambda s, c: (
        s["square"] / (s["square"] + s["product"] + smooth) + s["square"] / (s["square"] + s["tn"] + smooth)) / 2,
        background=not x.frame.binary)


def t_tversky(x, fp_weight, fn_weight, numerator_smooth, denominator_smooth, overlap, exponent=1, **common):
    def loss(s, c):
        error = fp_weight * s["fp"] + fn_weight * s["fn"]
        k = ratio(error + (denominator_smooth - numerator_smooth), s["tp"] + error + denominator_smooth)
        return None if k is None else k ** exponent
    return combine(x, t_sums(x, overlap), loss, **common)


def t_asymmetric(x, beta, **region):
    return t_tversky(x, 1 / (1 + beta ** 2), beta ** 2 / (1 + beta ** 2), **region)


def t_sensitivity_specificity(x, sensitivity_weight, denominator_smooth):
    r, s_d = sensitivity_weight, denominator_smooth

    def loss(s, c):
        return r * s["hit"] / (s["size"] + s_d) + (1 - r) * s["miss"] / (s["rest"] + s_d)
    return combine(x, t_sums(x), loss, background=not x.frame.binary)


def t_noise_robust_dice(x, exponent, denominator_smooth, **common):
    def loss(s, c):
        return ratio(s["off"], s["squares"] + denominator_smooth)
    return combine(x, t_sums(x, exponent=exponent), loss, **common)


def t_recall(x, numerator_smooth, denominator_smooth, overlap, **common):
    return combine(x, t_sums(x, overlap), lambda s, c: ratio(
        s["fn"] + (denominator_smooth - numerator_smooth), s["size"] + denominator_smooth), **common)


def t_mcc(x):
    s = t_sums(x)(1)
    spread = (s["tp"] + s["fp"]) * (s["tp"] + s["fn"]) * (s["tn"] + s["fp"]) * (s["tn"] + s["fn"])
    if number(spread) == 0:
        return s["mass"] * 0 + 1
    return 1 - (s["tp"] * s["tn"] - s["fp"] * s["fn"]) / torch.sqrt(spread)


def t_boundary_dou(x, smooth):
    def loss(s, c):
        return (s["square"] + smooth) / (s["square"] + (1 - boundary_share(x.frame, c)) * s["product"] + smooth)
    return combine(x, t_sums(x), loss, background=not x.frame.binary)


def class_volumes(sizes, weighting):
    """1/G^2, 1/G or 1; an absent class gets the largest weight among the present ones."""
    power = {"square": 2, "simple": 1, "uniform": 0}[weighting]
    present = [1 / k ** power for k in sizes if k > 0]
    return [1 / k ** power if k > 0 else max(present) for k in sizes]


def t_generalised_dice(x, weighting, numerator_smooth, denominator_smooth):
    s = [t_sums(x)(c) for c in range(x.frame.classes)]
    v = [k * u for k, u in zip(class_volumes([k["size"] for k in s], weighting), x.v)]
    error = sum(k * (c["fp"] + c["fn"]) for k, c in zip(v, s))
    return ratio(error + (denominator_smooth - numerator_smooth),
                 error + 2 * sum(k * c["tp"] for k, c in zip(v, s)) + denominator_smooth)


def t_penalty(x, penalty, **generalised):
    k = t_generalised_dice(x, **generalised)
    return k / (1 + penalty * (1 - k))


def t_wasserstein(x, distances, background_class, mode, smooth):
    k = x.frame.classes
    delta = torch.tensor(distances).double().reshape(k, k) @ x.p
    share = x.w * x.g
    if mode == "default":
        alpha = torch.tensor([float(c != background_class) for c in range(k)])
        under = 2 * (alpha[:, None] * share * (1 - delta)).sum() + (share * delta).sum()
        return ((share * delta).sum()) / (under + smooth)
    alpha = 1 / (share.sum(1) + 1)
    under = (alpha[:, None] * share * (2 - delta)).sum()
    return (alpha[:, None] * share * delta).sum() / (under + smooth)


TORCH = {
    "dice": t_dice, "squared_dice": t_squared_dice, "log_cosh_dice": t_log_cosh, "log_dice": t_log_dice,
    "jaccard": t_jaccard, "power_jaccard": t_power_jaccard, "tanimoto": t_tanimoto, "tversky": t_tversky,
    "focal_tversky": t_tversky, "asymmetric_similarity": t_asymmetric, "recall": t_recall, "mcc": t_mcc,
    "noise_robust_dice": t_noise_robust_dice,
    "sensitivity_specificity": t_sensitivity_specificity, "generalised_dice": t_generalised_dice,
    "penalty_generalised_dice": t_penalty, "wasserstein_dice": t_wasserstein, "boundary_dou": t_boundary_dou,
}


# ---------------------------------------------------------------- 120 digits: scores, then 1 - score

def d_sums(x, overlap="product", exponent=2):
    def of(c):
        p, g, w = x.p[c], x.g[c], x.w
        both = p * g if overlap == "product" else tape.extreme([p, tape.Node(g)], -1)
        powers = tape.array(np.array([k ** mpf(exponent) if k else mpf(0) for k in g], dtype=object))
        return {"I": (both * w).sum(), "mass": (p * w).sum(), "size": tape.Node(fsum(w * g)),
                "all": tape.Node(fsum(w)), "Q": (p * p * w).sum() + fsum(w * g * g),
                "off": (tape.extreme([p - g, tape.Node(g) - p], 1) ** exponent * w).sum(),
                "power": (p ** exponent * w).sum() + fsum(w * powers),
                "hit": (((p - g) ** 2) * (w * g)).sum(), "miss": (((p - g) ** 2) * (w * (1 - g))).sum()}
    return of


def score(x, sums, formula, s_n=0, s_d=0, outer=lambda k: 1 - k, **common):
    """`formula` gives numerator and denominator of a score without their smoothing."""
    def loss(s, c):
        over, under = formula(s)
        k = ratio(over + mpf(s_n), under + mpf(s_d))
        return None if k is None else outer(k)
    return combine(x, sums, loss, **common)


def d_dice(x, numerator_smooth, denominator_smooth, overlap="product", outer=lambda k: 1 - k, **common):
    return score(x, d_sums(x, overlap), lambda s: (s["I"] * 2, s["mass"] + s["size"]),
                 numerator_smooth, denominator_smooth, outer, **common)


def d_log_cosh(x, **region):
    return d_dice(x, outer=lambda k: tape.log((tape.exp(1 - k) + tape.exp(k - 1)) / 2), **region)


def d_log_dice(x, **region):
    return d_dice(x, outer=lambda k: -tape.log(k), **region)


def d_squared_dice(x, numerator_smooth, denominator_smooth, overlap, **common):
    return score(x, d_sums(x, overlap), lambda s: (s["I"] * 2, s["Q"]),
                 numerator_smooth, denominator_smooth, **common)


def d_jaccard(x, numerator_smooth, denominator_smooth, overlap, **common):
    return score(x, d_sums(x, overlap), lambda s: (s["I"], s["mass"] + s["size"] - s["I"]),
                 numerator_smooth, denominator_smooth, **common)


def d_power_jaccard(x, exponent, numerator_smooth, denominator_smooth, **common):
    return score(x, d_sums(x, exponent=exponent), lambda s: (s["I"], s["power"] - s["I"]),
                 numerator_smooth, denominator_smooth, **common)


def d_tanimoto(x, smooth):
    e = mpf(smooth)

    def loss(s, c):
        here = (s["I"] + e) / (s["Q"] - s["I"] + e)
        both = s["all"] - s["mass"] - s["size"] + s["I"]          # sum w (1-p)(1-g)
        squares = s["all"] * 2 - (s["mass"] + s["size"]) * 2 + s["Q"]  # sum w (1-p)^2 + sum w (1-g)^2
        return 1 - (here + (both + e) / (squares - both + e)) / 2
    return combine(x, d_sums(x), loss, background=not x.frame.binary)


def d_tversky(x, fp_weight, fn_weight, numerator_smooth, denominator_smooth, overlap, exponent=1, **common):
    a, b = mpf(fp_weight), mpf(fn_weight)

    def index(s):
        return s["I"], s["I"] + (s["mass"] - s["I"]) * a + (s["size"] - s["I"]) * b
    return score(x, d_sums(x, overlap), index,
                 numerator_smooth, denominator_smooth, lambda k: (1 - k) ** exponent, **common)


def d_asymmetric(x, beta, numerator_smooth, denominator_smooth, overlap, **common):
    b = mpf(beta) ** 2

    def index(s):
        return s["I"] * (1 + b), s["I"] * (1 + b) + (s["size"] - s["I"]) * b + s["mass"] - s["I"]
    return score(x, d_sums(x, overlap), index,
                 mpf(numerator_smooth) * (1 + b), mpf(denominator_smooth) * (1 + b), **common)


def d_sensitivity_specificity(x, sensitivity_weight, denominator_smooth):
    r, s_d = mpf(sensitivity_weight), mpf(denominator_smooth)

    def loss(s, c):
        return s["hit"] * r / (s["size"] + s_d) + s["miss"] * (1 - r) / (s["all"] - s["size"] + s_d)
    return combine(x, d_sums(x), loss, background=not x.frame.binary)


def d_noise_robust_dice(x, exponent, denominator_smooth, **common):
    def loss(s, c):
        return ratio(s["off"], s["Q"] + mpf(denominator_smooth))
    return combine(x, d_sums(x, exponent=exponent), loss, **common)


def d_recall(x, numerator_smooth, denominator_smooth, overlap, **common):
    return score(x, d_sums(x, overlap), lambda s: (s["I"], s["size"]), numerator_smooth, denominator_smooth, **common)


def d_mcc(x):
    s = d_sums(x)(1)
    i, p, g, n = s["I"], s["mass"], s["size"], s["all"]
    spread = p * g * (n - p) * (n - g)
    return 1 - (n * i - p * g) / tape.sqrt(spread) if spread.value.item() else tape.Node(mpf(1))


def d_boundary_dou(x, smooth):
    e = mpf(smooth)

    def loss(s, c):
        a = mpf(boundary_share(x.frame, c))
        return (s["Q"] - s["I"] * 2 + e) / (s["Q"] - s["I"] * (1 + a) + e)
    return combine(x, d_sums(x), loss, background=not x.frame.binary)


def d_generalised_score(x, weighting, numerator_smooth, denominator_smooth):
    s = [d_sums(x)(c) for c in range(x.frame.classes)]
    v = [k * u for k, u in zip(class_volumes([k["size"].value.item() for k in s], weighting), x.v)]
    return ratio(total(c["I"] * (2 * k) for k, c in zip(v, s)) + mpf(numerator_smooth),
                 total((c["mass"] + c["size"]) * k for k, c in zip(v, s)) + mpf(denominator_smooth))


def d_generalised_dice(x, **parameters):
    return 1 - d_generalised_score(x, **parameters)


def d_penalty(x, penalty, **generalised):
    k = d_generalised_score(x, **generalised)
    return (1 - k) / (k * mpf(penalty) + 1)


def d_wasserstein(x, distances, background_class, mode, smooth):
    k, e = x.frame.classes, mpf(smooth)
    far = [total(x.p[c] * mpf(distances[k * label + c]) for c in range(k)) for label in range(k)]
    share = [x.w * g for g in x.g]
    if mode == "default":
        true = total(((1 - far[c]) * share[c]).sum() for c in range(k) if c != background_class)
        return 1 - (true * 2 + e) / (true * 2 + total((d * s).sum() for d, s in zip(far, share)) + e)
    alpha = [1 / (fsum(s) + 1) for s in share]
    true = total(((1 - d) * s).sum() * a for d, s, a in zip(far, share, alpha))
    return 1 - (true * 2 + e) / (total(((2 - d) * s).sum() * a for d, s, a in zip(far, share, alpha)) + e)


DIGITS = {
    "dice": d_dice, "squared_dice": d_squared_dice, "log_cosh_dice": d_log_cosh, "log_dice": d_log_dice,
    "jaccard": d_jaccard, "power_jaccard": d_power_jaccard, "tanimoto": d_tanimoto, "tversky": d_tversky,
    "focal_tversky": d_tversky, "asymmetric_similarity": d_asymmetric, "recall": d_recall, "mcc": d_mcc,
    "noise_robust_dice": d_noise_robust_dice,
    "sensitivity_specificity": d_sensitivity_specificity, "generalised_dice": d_generalised_dice,
    "penalty_generalised_dice": d_penalty, "wasserstein_dice": d_wasserstein, "boundary_dou": d_boundary_dou,
}
