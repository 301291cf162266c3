"""Losses of repositories and papers that are not on PyPI, from their descriptions, in PyTorch.

SegLoss = JunMa11/SegLossOdyssey, jadon = shruti-jadon/Semantic-Segmentation-Loss-Functions, mmseg = OpenMMLab
mmsegmentation, berman = bermanmaxim/LovaszSoftmax, kervadec = LIVIAETS/boundary-loss, mlyg = mlyg/unified-focal-loss.
"""

import torch
from scipy.ndimage import distance_transform_edt
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
)

SMALL = {"numerator_smooth": 1e-5, "denominator_smooth": 1e-5}
NONE = {"numerator_smooth": 0, "denominator_smooth": 0}
MINUS = "returns minus the score, not 1 minus the score"


def sums(x):
    """True positive, false positive, false negative mass per class."""
    p, g = x.p[0].flatten(1), x.hot[0].flatten(1) if x.p.shape[1] > 1 else x.g[0].flatten(1)
    return (p * g).sum(1), (p * (1 - g)).sum(1), ((1 - p) * g).sum(1)


def tversky(x, alpha=0.3, beta=0.7, s=1.0):
    tp, fp, fn = sums(x)
    return (tp + s) / (tp + alpha * fp + beta * fn + s)


def generalised(x, s=1e-5):
    tp, fp, fn = sums(x)
    w = 1 / (tp + fn) ** 2
    return 2 * ((w * tp).sum() + s) / ((w * (2 * tp + fp + fn)).sum() + s)


def true_probability(x):
    return x.p.gather(1, x.y).flatten()


def lovasz(errors, g):
    """Sorted errors times the increments of the Jaccard loss along them."""
    errors, order = torch.sort(errors.flatten(), descending=True, stable=True)
    g = g.flatten()[order]
    jaccard = 1 - (g.sum() - g.cumsum(0)) / (g.sum() + (1 - g).cumsum(0))
    return (errors * torch.diff(jaccard, prepend=torch.zeros(1))).sum()


def hinge(x):
    return lovasz(torch.relu(1 - x.z * (2 * x.g - 1)), x.g)


def lovasz_softmax(x):
    return sum(lovasz((x.hot[0, c] - x.p[0, c]).abs(), x.hot[0, c]) for c in range(3)) / 3


def two_classes(x):
    """The one-channel logit as a two-class network would have it."""
    return torch.cat([torch.zeros_like(x.z), x.z], 1)


def signed_distance(x, c):
    """kervadec: outside d, inside -(d - 1)."""
    mask = (x.y[0, 0] == c).numpy()
    return torch.tensor(distance_transform_edt(~mask) * ~mask - (distance_transform_edt(mask) - 1) * mask)


def exp_log(x):
    tp, fp, fn = sums(x)
    dice = ((2 * tp + 1e-5) / (2 * tp + fp + fn + 1e-5)).mean()
    weight = torch.tensor([0.2, 0.8])
    return 0.8 * (-torch.log(dice)) ** 0.3 + 0.2 * cross_entropy(two_classes(x), x.y[:, 0], weight=weight)


def unified(x, asymmetric, e=1e-7):
    """mlyg's two-channel form, delta 0.6, gamma 0.5, weight 0.5."""
    p = torch.stack([1 - x.p[0, 0], x.p[0, 0]]).clamp(e, 1 - e).flatten(1)
    g = x.hot[0].flatten(1)
    tp, fn, fp = (p * g).sum(1), (g * (1 - p)).sum(1), ((1 - g) * p).sum(1)
    lost = 1 - (tp + e) / (tp + 0.6 * fn + 0.4 * fp + e)
    region = ((lost[0] if asymmetric else lost[0] ** 0.5) + lost[1] ** 0.5) / 2
    ce = -g * torch.log(p)
    focal = 0.4 * (1 - p[0]) ** 0.5 * ce[0] + 0.6 * ce[1] * (1 if asymmetric else (1 - p[1]) ** 0.5)
    return 0.5 * region + 0.5 * focal.mean()


def penalty_as_released(x, k=2.5):
    gdc = -generalised(x)
    return gdc / (1 + k * (1 - gdc))


def ohem(x, threshold=0.7, kept=16):
    p = true_probability(x)
    limit = max(torch.sort(p).values[kept].item(), threshold)
    return (-torch.log(p) * (p < limit)).sum() / p.numel()


def sensitivity_specificity(x, r=0.1, s=1.0):
    p, g = x.p[0].flatten(1), x.hot[0].flatten(1)
    square = (g - p) ** 2
    hit, miss = (square * g).sum(1) / (g.sum(1) + s), (square * (1 - g)).sum(1) / ((1 - g).sum(1) + s)
    return (r * hit + (1 - r) * miss).mean()


def jadon_focal(x):
    ce = binary_cross_entropy(x.p, x.g, reduction="none")
    return ((0.25 * x.g + 0.75 * (1 - x.g)) * (1 - torch.exp(-ce)) ** 2 * ce).mean()


def segloss_rows():
    less = lambda v: v - 1  # noqa: E731
    yield "segloss", "spec_multi", ("dice", {}), lambda x: -tversky(x, 0.5, 0.5, 0.5).mean(), less, MINUS
    yield "segloss", "spec_multi", ("jaccard", {}), lambda x: -tversky(x, 1, 1).mean(), less, MINUS
    yield "segloss", "spec_multi", ("tversky", {}), lambda x: -tversky(x).mean(), less, MINUS
    yield "segloss", "spec_multi", ("focal_tversky", {}), lambda x: (1 - tversky(x).mean()) ** 0.75, None, \
        "raises the mean over classes to the exponent, not each class"
    yield "segloss", "spec_multi", ("asymmetric_similarity", {}), \
        lambda x: -tversky(x, 1 / 3.25, 2.25 / 3.25).mean(), less, MINUS
    yield "segloss", "spec_multi", ("sensitivity_specificity", {"denominator_smooth": 1}), sensitivity_specificity
    yield "segloss", "spec_multi", ("generalised_dice", SMALL), lambda x: -generalised(x), None, \
        MINUS + ", and adds its smoothing twice to the numerator"
    yield "segloss", "spec_multi", ("penalty_generalised_dice", SMALL), \
        penalty_as_released, None, "applies the penalty to a Dice that has become negative: (-D) / (1 + k (1 + D))"
    yield "segloss", "spec", ("distance_penalised", {}), lambda x: cross_entropy(two_classes(x), x.y[:, 0]), None, \
        "computes the weighted loss and returns the plain cross-entropy"
    yield "segloss", "spec_multi", ("top_k", {"fraction": 0.1}), \
        lambda x: torch.topk(-torch.log(true_probability(x)), 4).values.mean(), None, \
        "keeps floor(k % of all pixels), here 4, not ceil(fraction of the valid), here 5"
    yield "segloss", "spec_multi", ("lovasz_softmax", {"classes": "all"}), lovasz_softmax
    yield "segloss", "spec", ("exponential_logarithmic", {"background": True}), exp_log, None, \
        "takes -ln of the mean Dice and a plain weighted cross-entropy, no exponent (smooth 1e-5, weights 0.2, 0.8)"


def jadon_rows():
    yield "jadon", "spec", ("bce", {"normalise": "count", "class_weights": [1, 1 / 3]}), \
        lambda x: binary_cross_entropy_with_logits(x.z, x.g, pos_weight=torch.tensor(1 / 3))
    yield "jadon", "spec", ("focal", {}), jadon_focal
    yield "jadon", "spec", ("dice", {}), lambda x: 1 - tversky(x, 0.5, 0.5, 0.5).sum()
    yield "jadon", "spec", ("log_cosh_dice", {}), lambda x: torch.log(torch.cosh(1 - tversky(x, 0.5, 0.5, 0.5).sum()))
    yield "jadon", "spec", ("tversky", {}), lambda x: 1 - tversky(x).sum()  # its alpha 0.7 is on the false negatives
    yield "jadon", "spec", ("focal_tversky", {}), lambda x: (1 - tversky(x).sum()) ** 0.75
    yield "jadon", "spec", ("jaccard", NONE), lambda x: 1 - tversky(x, 1, 1, 0).sum()
    yield "jadon", "spec", [(0.5, ("bce", {})), (0.5, ("dice", {}))], \
        lambda x: (binary_cross_entropy(x.p, x.g) + 1 - tversky(x, 0.5, 0.5, 0.5).sum()) / 2


def other_rows():
    def squared(x):
        p, g = x.p[0].flatten(1), x.hot[0].flatten(1)
        return (1 - (2 * (p * g).sum(1) + 1) / ((p ** 2 + g ** 2).sum(1) + 1)).mean()

    def sigmoid_focal(x):
        ce = binary_cross_entropy_with_logits(x.z, x.g, reduction="none")
        return (0.5 * (1 - torch.exp(-ce)) ** 2 * ce).mean()

    def recall_weights(x):
        ce = -torch.log(true_probability(x))
        hit = (x.p.argmax(1).flatten() == x.y.flatten()).double()
        miss = [1 - hit[x.y.flatten() == c].mean() for c in range(3)]
        return sum(miss[c] * ce[x.y.flatten() == c].sum() for c in range(3)) / ce.numel()

    def combo(x, bracket):
        ce = [(k * l).mean() for k, l in ((1 - x.g, -torch.log(1 - x.p)), (x.g, -torch.log(x.p)))]
        weighted = 0.5 * ce[1] + 0.5 * ce[0] * (0.5 if bracket else 1)
        return 0.5 * weighted - 0.5 * tversky(x, 0.5, 0.5, 0.5).sum()

    yield "mmseg", "spec_multi", ("squared_dice", {}), squared
    yield "mmseg", "spec_multi", ("tversky", {}), lambda x: (1 - tversky(x)).mean()
    yield "mmseg", "spec", ("focal", {"foreground_weight": 0.5, "background_weight": 0.5}), sigmoid_focal
    yield "mmseg", "spec_multi", ("lovasz_softmax", {}), lovasz_softmax
    yield "mmseg", "spec_multi", ("ohem", {"threshold": 0.7, "min_kept": 16}), ohem, None, \
        "keeps the same pixels and divides by the number of all pixels"
    yield "berman", "spec", ("lovasz_hinge", {}), hinge
    yield "berman", "spec_multi", ("lovasz_softmax", {}), lovasz_softmax
    yield "kervadec", "spec", ("boundary", {}), lambda x: (x.p[0, 0] * signed_distance(x, 1)).mean()
    yield "kervadec", "spec_multi", ("boundary", {}), \
        lambda x: sum((x.p[0, c] * signed_distance(x, c)).mean() for c in (1, 2)) / 2
    yield "kervadec", "spec_multi", ("generalised_dice", {"numerator_smooth": 1e-10, "denominator_smooth": 1e-10}), \
        lambda x: 1 - generalised(x, 1e-10)
    yield "mlyg", "spec", ("unified_focal", {}), lambda x: unified(x, True)
    yield "mlyg", "spec", ("unified_focal", {"asymmetric": False}), lambda x: unified(x, False)
    yield "mlyg", "spec", ("focal_tversky", {"numerator_smooth": 1e-6, "denominator_smooth": 1e-6}), \
        lambda x: (1 - tversky(x, 0.3, 0.7, 1e-6).sum()) ** 0.75
    yield "paper", "spec", ("combo", {}), lambda x: combo(x, False)
    yield "combo repository", "spec", ("combo", {}), lambda x: combo(x, True), None, \
        "has a bracket that multiplies the background term by the share twice"
    yield "paper", "spec_multi", ("recall_cross_entropy", {}), recall_weights
    yield "paper", "spec", ("label_smoothed", {}), lambda x: binary_cross_entropy_with_logits(x.z, x.g * 0.9 + 0.05)
    yield "paper", "spec_multi", ("penalty_generalised_dice", {}), \
        lambda x: (1 - generalised(x, 0)) / (1 + 2.5 * generalised(x, 0))
    yield "paper", "spec", ("log_dice", {}), lambda x: -torch.log(tversky(x, 0.5, 0.5, 0.5)).sum()
    yield "paper", "spec_multi", ("generalised_cross_entropy", {}), \
        lambda x: ((1 - true_probability(x) ** 0.7) / 0.7).mean()
    yield "paper", "spec_multi", ("poly1", {}), \
        lambda x: (1 - true_probability(x) - torch.log(true_probability(x))).mean()
    yield "paper", "spec_multi", ("bootstrapped", {}), \
        lambda x: -((0.95 * x.hot + 0.05 * x.p) * torch.log(x.p)).sum(1).mean()


def rows():
    yield from segloss_rows()
    yield from jadon_rows()
    yield from other_rows()
