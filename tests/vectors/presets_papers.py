"""Losses as their papers have them, in PyTorch."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from presets_formulas import binary_focal, dice, generalised, smooth, true_probability, tversky, two_channels, unified


def paper_exponential(x):
    """Weights 0.8 and 0.2, both exponents 0.3, pseudo-count 1."""
    frequency = x.hot.mean((0, 2, 3))
    weight = torch.sqrt(frequency.sum() / frequency)
    ce = -torch.log(two_channels(x)[0].gather(1, x.y))
    score = dice(x, of=two_channels)
    return 0.8 * ((-torch.log(score)) ** 0.3).mean() + 0.2 * (weight[x.y] * ce ** 0.3).mean()


def recall_weights(x):
    ce = -torch.log(true_probability(x))
    hit = (x.p.argmax(1).flatten() == x.y.flatten()).double()
    miss = [1 - hit[x.y.flatten() == c].mean() for c in range(3)]
    return sum(miss[c] * ce[x.y.flatten() == c].sum() for c in range(3)) / ce.numel()


def combo(x, bracket):
    background, foreground = (k * -torch.log(p) for k, p in ((1 - x.g, 1 - x.p), (x.g, x.p)))
    weighted = 0.5 * foreground.mean() + 0.5 * background.mean() * (0.5 if bracket else 1)
    return 0.5 * weighted - 0.5 * dice(x, batch=True).sum()


def rows():
    yield "paper", "spec", ("focal", {}), binary_focal
    yield "paper", "spec", ("label_smoothed", {}), lambda x: binary_cross_entropy_with_logits(x.z, x.g * 0.9 + 0.05)
    yield "paper", "spec_multi", ("bootstrapped", {}), \
        lambda x: -((0.95 * x.hot + 0.05 * x.p) * torch.log(x.p)).sum(1).mean()
    yield "paper", "spec_multi", ("recall_cross_entropy", {}), recall_weights
    yield "paper", "spec_multi", ("poly1", {}), \
        lambda x: (1 - true_probability(x) - torch.log(true_probability(x))).mean()
    yield "paper", "spec_multi", ("generalised_cross_entropy", {}), \
        lambda x: ((1 - true_probability(x) ** 0.7) / 0.7).mean()
    yield "paper", "spec", ("tversky", smooth(0)), lambda x: 1 - tversky(x, s=0).sum()
    yield "paper", "spec", ("focal_tversky", {}), lambda x: (1 - tversky(x).sum()) ** (1 / (4 / 3))
    yield "paper", "spec", ("log_dice", {}), lambda x: -torch.log(dice(x)).sum()
    yield "paper", "spec", ("asymmetric_similarity", smooth(0)), \
        lambda x: 1 - tversky(x, 1 / 3.25, 2.25 / 3.25, 0).sum()
    yield "paper", "spec_multi", ("generalised_dice", {}), lambda x: 1 - generalised(x, 0).sum()
    yield "paper", "spec_multi", ("penalty_generalised_dice", {}), \
        lambda x: ((1 - generalised(x, 0)) / (1 + 2.5 * generalised(x, 0))).sum()
    yield "paper", "spec", ("exponential_logarithmic", {"background": True}), paper_exponential
    yield "paper", "spec", ("unified_focal", {}), lambda x: unified(x, True)
    yield "paper", "spec", ("hybrid_focal", {}), \
        lambda x: 0.5 * (1 - tversky(x).sum()) ** 0.75 + 0.5 * binary_focal(x)
    yield "paper", "spec", ("combo", {}), lambda x: combo(x, False)
    yield "combo repository", "spec", ("combo", {}), lambda x: combo(x, True), None, \
        "has a bracket that multiplies the background term by the share twice"
