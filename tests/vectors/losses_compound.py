"""Sums of losses, and the three compounds with formulas of their own: combo, exponential-logarithmic, unified
focal. Their parts follow the common rules: class weights multiply the pixels of a distribution part (which
divides by the sum of w v) and weight the mean over classes of a region part."""

import torch

import tape
from losses_distribution import fsum, mean, total, under, weighted
from losses_region import d_sums, t_sums
from tape import mpf

CLIP = 1e-7  # unified focal: p is clipped to [1e-7, 1 - 1e-7] in both parts, and 1e-7 smooths the Tversky index


def class_factors(shares):
    """sqrt(sum f / f_l), the paper's weight against class imbalance; 0 for an absent class."""
    return [(sum(shares) / f) ** mpf("0.5") if f else mpf(0) for f in shares]


# ---------------------------------------------------------------- PyTorch

def t_combo(x, ce_share, foreground_share, numerator_smooth, denominator_smooth):
    beta = torch.tensor([1 - foreground_share, foreground_share])[:, None]
    s = t_sums(x)(1)
    dice = (2 * s["tp"] + numerator_smooth) / (2 * s["tp"] + s["fp"] + s["fn"] + denominator_smooth)
    return ce_share * mean(x, beta * x.l) - (1 - ce_share) * dice


def t_exponential(x, dice_weight, cross_entropy_weight, dice_exponent, cross_entropy_exponent, smooth, background):
    over = weight = 0
    for c in range(0 if background else 1, x.frame.classes):
        s = t_sums(x)(c)
        wrong = (s["fp"] + s["fn"]) / (2 * s["tp"] + s["fp"] + s["fn"] + smooth)
        over, weight = over + x.v[c] * (-torch.log1p(-wrong)) ** dice_exponent, weight + x.v[c]
    f = (x.w * x.g).sum(1)
    factor = torch.where(f > 0, torch.sqrt(f.sum() / f.clamp(min=1e-300)), 0)
    entropy = mean(x, factor[:, None] * x.l ** cross_entropy_exponent)
    return dice_weight * over / weight + cross_entropy_weight * entropy


def t_unified(x, asymmetric, tversky_share, fn_weight, focusing):
    p = x.p.clamp(CLIP, 1 - CLIP)
    tp, fp, fn = ((x.w * k).sum(1) for k in (x.g * p, x.h * p, x.g * (1 - p)))
    error = fn_weight * fn + (1 - fn_weight) * fp
    lost = error / (tp + error + CLIP)
    region = torch.stack([lost[0] if asymmetric else lost[0] ** (1 - focusing), lost[1] ** (1 - focusing)])
    share = torch.tensor([1 - fn_weight, fn_weight])[:, None]
    modulator = (1 - p) ** focusing
    if asymmetric:
        modulator = torch.stack([modulator[0], torch.ones_like(p[1])])
    focal = mean(x, share * modulator * -torch.log(p))
    return tversky_share * (x.v * region).sum() / x.v.sum() + (1 - tversky_share) * focal


# ---------------------------------------------------------------- 120 digits

def d_combo(x, ce_share, foreground_share, numerator_smooth, denominator_smooth):
    a, b = mpf(ce_share), mpf(foreground_share)
    s = d_sums(x)(1)
    dice = (s["I"] * 2 + mpf(numerator_smooth)) / (s["mass"] + s["size"] + mpf(denominator_smooth))
    return weighted(x, [x.l[0] * (1 - b), x.l[1] * b]) / under(x) * a - dice * (1 - a)


def d_exponential(x, dice_weight, cross_entropy_weight, dice_exponent, cross_entropy_exponent, smooth, background):
    e, classes = mpf(smooth), range(0 if background else 1, x.frame.classes)
    sums = {c: d_sums(x)(c) for c in classes}
    dice = {c: (s["I"] * 2 + e) / (s["mass"] + s["size"] + e) for c, s in sums.items()}
    region = total((-tape.log(k)) ** dice_exponent * x.v[c] for c, k in dice.items())
    factor = class_factors([fsum(x.w * g) for g in x.g])
    entropy = weighted(x, [l ** cross_entropy_exponent * k for l, k in zip(x.l, factor)]) / under(x)
    return region / sum(x.v[c] for c in classes) * mpf(dice_weight) + entropy * mpf(cross_entropy_weight)


def d_clip(p):
    low, high = mpf(CLIP), mpf(1 - CLIP)
    return tape.where(p.value < low, low, tape.where(p.value > high, high, p))


def d_unified(x, asymmetric, tversky_share, fn_weight, focusing):
    delta, gamma, share = mpf(fn_weight), mpf(focusing), mpf(tversky_share)
    p = [d_clip(k) for k in x.p]
    region, focal = [], []
    for c in (0, 1):
        tp, mass, size = (p[c] * (x.w * x.g[c])).sum(), (p[c] * x.w).sum(), fsum(x.w * x.g[c])
        index = (tp + mpf(CLIP)) / (tp + (size - tp) * delta + (mass - tp) * (1 - delta) + mpf(CLIP))
        region.append((1 - index) ** (1 if asymmetric and c == 0 else 1 - gamma) * x.v[c])
        modulator = (1 - p[c]) ** (0 if asymmetric and c == 1 else gamma)
        focal.append(modulator * -tape.log(p[c]) * (delta if c else 1 - delta))
    return total(region) / sum(x.v) * share + weighted(x, focal) / under(x) * (1 - share)


# ---------------------------------------------------------------- linear sums, the same for both

def weighted_sum(x, parts):
    values = [x.loss(k["loss"], k["parameters"]) for k in parts]
    if any(k is None for k in values):
        return None
    return total(v * constant(x, k["weight"]) for v, k in zip(values, parts))


def constant(x, number):
    return number if torch.is_tensor(x.leaf) else mpf(number)


def part(x, weight, name, parameters):
    """A part of a sum: a loss takes what it knows of the parameters."""
    return {"weight": weight, "loss": name, "parameters": {k: parameters[k] for k in x.default(name)}}


def with_dice(other):
    def loss(x, dice_weight, other_weight, **parameters):
        name = "bce" if other == "cross_entropy" and x.frame.binary else other
        return weighted_sum(x, [part(x, dice_weight, "dice", parameters), part(x, other_weight, name, parameters)])
    return loss


def hybrid(x, tversky_share, **parameters):
    return weighted_sum(x, [part(x, tversky_share, "focal_tversky", parameters),
                            part(x, 1 - tversky_share, "focal", parameters)])


SHARED = {
    "weighted": weighted_sum, "hybrid_focal": hybrid, "dice_cross_entropy": with_dice("cross_entropy"),
    "dice_focal": with_dice("focal"), "dice_top_k": with_dice("top_k"), "dice_boundary": with_dice("boundary"),
    "dice_hausdorff": with_dice("hausdorff_distance"),
}
TORCH = {"combo": t_combo, "exponential_logarithmic": t_exponential, "unified_focal": t_unified, **SHARED}
DIGITS = {"combo": d_combo, "exponential_logarithmic": d_exponential, "unified_focal": d_unified, **SHARED}
