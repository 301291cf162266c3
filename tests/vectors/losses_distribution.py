"""Losses that are a mean over pixels: cross-entropy and its relatives.

Common rule: sum over pixels and classes of w v_c g_c l_c / sum of w v_c g_c, so a soft label mixes the losses
of its classes. Where the target is made of g and something else (smoothing, bootstrapping) it takes the place of
g above but not below, as in PyTorch's label smoothing. Counts, selections, shares and recalls look at w but not at v.
"""

import math

import numpy as np
import torch

import geometry
import tape
from tape import mpf


def count_kept(fraction, pixels):
    """ceil(fraction * pixels), at least 1; a product next to an integer would make it a matter of rounding."""
    product = fraction * pixels
    assert fraction == 1 or abs(product - round(product)) > 1e-3
    return max(1, math.ceil(product))


def one_hot(frame):
    return (frame.predicted == np.arange(frame.classes)[:, None]).astype(float)


def focal_weights(frame, foreground, background):
    return [background] + [foreground] * (frame.classes - 1)


# ---------------------------------------------------------------- PyTorch

def mean(x, terms, keep=True, normalise="weights"):
    under = x.a * keep if normalise == "weights" else x.w
    return (x.a * terms * keep).sum() / under.sum()


def t_cross_entropy(x, normalise):
    return mean(x, x.l, normalise=normalise)


def t_balanced(x):
    share = (x.w * x.g).sum(1) / x.w.sum()
    return mean(x, (1 - share)[:, None] * x.l)


def t_focal(x, focusing, foreground_weight, background_weight):
    alpha = torch.tensor(focal_weights(x.frame, foreground_weight, background_weight))[:, None]
    return mean(x, alpha * x.q ** focusing * x.l)


def t_reduced_focal(x, focusing, threshold):
    return mean(x, torch.where(x.p >= threshold, (x.q / threshold) ** focusing, 1) * x.l)


def t_normalised_focal(x, focusing):
    m = x.q ** focusing
    return (x.a * m * x.l).sum() / (x.a * m).sum()


def t_top_k(x, fraction):
    loss = (x.g * x.l).sum(0).detach()
    order = torch.argsort(-loss, stable=True)
    keep = torch.zeros_like(loss)
    keep[order[:count_kept(fraction, len(loss))]] = 1
    return mean(x, x.l, keep)


def t_ohem(x, threshold, min_kept):
    loss = (x.g * x.l).sum(0).detach()  # p < limit, said of -ln p: it tells saturated pixels apart
    limit = min(-math.log(threshold), torch.sort(loss, descending=True).values[min(min_kept, len(loss) - 1)].item())
    keep = (loss > limit).double()
    return mean(x, x.l, keep) if keep.any() else (x.leaf * 0).sum()


def t_distance_penalised(x):
    return mean(x, (1 + torch.tensor(geometry.penalty(x.frame))) * x.l)


def t_label_smoothed(x, smoothing):
    soft = (1 - smoothing) * x.g + smoothing / x.frame.classes
    return (x.w * x.v[:, None] * soft * x.l).sum() / x.a.sum()


def t_bootstrapped(x, label_share, hard):
    guess = torch.tensor(one_hot(x.frame)) if hard else x.p
    target = label_share * x.g + (1 - label_share) * guess
    return (x.w * x.v[:, None] * target * x.l).sum() / x.a.sum()


def t_recall(x):
    hit = torch.tensor(one_hot(x.frame))
    recall = (x.w * x.g * hit).sum(1) / (x.w * x.g).sum(1).clamp(min=1e-300)
    return mean(x, (1 - recall)[:, None] * x.l)


def t_poly1(x, error_weight):
    return mean(x, x.l + error_weight * x.q)


def t_generalised(x, exponent):
    return mean(x, -torch.expm1(-exponent * x.l) / exponent)


TORCH = {
    "bce": t_cross_entropy, "cross_entropy": t_cross_entropy, "balanced_cross_entropy": t_balanced,
    "focal": t_focal, "reduced_focal": t_reduced_focal, "normalised_focal": t_normalised_focal,
    "top_k": t_top_k, "ohem": t_ohem, "distance_penalised": t_distance_penalised,
    "label_smoothed": t_label_smoothed, "bootstrapped": t_bootstrapped, "recall_cross_entropy": t_recall,
    "poly1": t_poly1, "generalised_cross_entropy": t_generalised,
}


# ---------------------------------------------------------------- 120 digits

def total(items):
    items = list(items)
    return sum(items[1:], items[0])


def fsum(values):
    return tape.mpmath.fsum(values.ravel())


def weighted(x, terms, classes=None):
    """Sum over classes and pixels of w v_c g_c terms[c]."""
    return total((t * a).sum() for t, a in zip(terms, x.a))


def under(x):
    return sum(fsum(a) for a in x.a)


def class_sums(x):
    return [fsum(x.w * g) for g in x.g]


def d_cross_entropy(x, normalise):
    return weighted(x, x.l) / (under(x) if normalise == "weights" else fsum(x.w))


def d_balanced(x):
    share = [k / fsum(x.w) for k in class_sums(x)]
    return weighted(x, [l * (1 - s) for l, s in zip(x.l, share)]) / under(x)


def d_focal(x, focusing, foreground_weight, background_weight):
    alpha = focal_weights(x.frame, mpf(foreground_weight), mpf(background_weight))
    return weighted(x, [k * (1 - p) ** focusing * l for k, p, l in zip(alpha, x.p, x.l)]) / under(x)


def d_reduced_focal(x, focusing, threshold):
    full = [((1 - p) / mpf(threshold)) ** focusing for p in x.p]
    return weighted(x, [tape.where(p.value >= threshold, m, 1) * l for p, m, l in zip(x.p, full, x.l)]) / under(x)


def d_normalised_focal(x, focusing):
    m = [(1 - p) ** focusing for p in x.p]
    return weighted(x, [k * l for k, l in zip(m, x.l)]) / weighted(x, m)


def pixel_losses(x):
    return total(l * g for l, g in zip(x.l, x.g))


def kept_mean(x, keep):
    over = total((l * a)[keep].sum() for l, a in zip(x.l, x.a))
    return over / sum(fsum(a[keep]) for a in x.a)


def d_top_k(x, fraction):
    loss = pixel_losses(x).value
    largest = sorted(range(len(loss)), key=lambda i: (-loss[i], i))
    return kept_mean(x, np.array(largest[:count_kept(fraction, len(loss))]))


def d_ohem(x, threshold, min_kept):
    loss = pixel_losses(x).value
    limit = min(-tape.mpmath.log(mpf(threshold)), sorted(loss, reverse=True)[min(min_kept, len(loss) - 1)])
    keep = np.array([i for i in range(len(loss)) if loss[i] > limit], int)
    return kept_mean(x, keep) if keep.size else tape.Node(mpf(0))


def d_distance_penalised(x):
    penalty = tape.array(geometry.penalty_by_hand(x.frame))
    return weighted(x, [l * (1 + penalty) for l in x.l]) / under(x)


def d_label_smoothed(x, smoothing):
    e = mpf(smoothing)
    soft = [g * (1 - e) + e / x.frame.classes for g in x.g]
    return total((l * (x.w * v * s)).sum() for l, v, s in zip(x.l, x.v, soft)) / under(x)


def d_bootstrapped(x, label_share, hard):
    b, guess = mpf(label_share), tape.array(one_hot(x.frame)) if hard else x.p
    return total(((k * (1 - b) + g * b) * l * x.w).sum() * v for k, g, l, v in zip(guess, x.g, x.l, x.v)) / under(x)


def d_recall(x):
    hit, size = tape.array(one_hot(x.frame)), class_sums(x)
    miss = [1 - fsum(x.w * g * k) / n if n else mpf(0) for g, k, n in zip(x.g, hit, size)]
    return weighted(x, [l * k for l, k in zip(x.l, miss)]) / under(x)


def d_poly1(x, error_weight):
    return weighted(x, [l + (1 - p) * mpf(error_weight) for l, p in zip(x.l, x.p)]) / under(x)


def d_generalised(x, exponent):
    return weighted(x, [(1 - p ** exponent) / mpf(exponent) for p in x.p]) / under(x)


DIGITS = {
    "bce": d_cross_entropy, "cross_entropy": d_cross_entropy, "balanced_cross_entropy": d_balanced,
    "focal": d_focal, "reduced_focal": d_reduced_focal, "normalised_focal": d_normalised_focal,
    "top_k": d_top_k, "ohem": d_ohem, "distance_penalised": d_distance_penalised,
    "label_smoothed": d_label_smoothed, "bootstrapped": d_bootstrapped, "recall_cross_entropy": d_recall,
    "poly1": d_poly1, "generalised_cross_entropy": d_generalised,
}
