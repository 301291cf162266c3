"""Losses of repositories that are not on PyPI, from their descriptions, in PyTorch.

SegLoss = JunMa11/SegLossOdyssey, jadon = shruti-jadon/Semantic-Segmentation-Loss-Functions, berman =
bermanmaxim/LovaszSoftmax, kervadec = LIVIAETS/boundary-loss, mlyg = mlyg/unified-focal-loss, and of nnunet the fork
MIC-DKFZ/Skeleton-Recall. Arguments are the defaults of each.
"""

import numpy as np
import torch
from scipy.ndimage import binary_dilation, convolve, distance_transform_edt
from skimage.morphology import skeletonize
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
)

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
MINUS = "returns minus the score, not 1 minus the score"


def smooth(numerator, denominator=None):
    return {"numerator_smooth": numerator, "denominator_smooth": numerator if denominator is None else denominator}


PLAIN = {"foreground_weight": 1, "background_weight": 1}
EVEN = {"fp_weight": 0.5, "fn_weight": 0.5}


# ---------------------------------------------------------------- what several share

def two_channels(x):
    """(1 - p, p) and its labels, for what is written for two classes."""
    return torch.cat([1 - x.p, x.p], 1), x.hot


def channels(x):
    return (x.p, x.hot) if x.p.shape[1] > 1 else (x.p, x.g)


def sums(p, g, batch=False):
    """True positive, false positive, false negative mass of each image (or of the batch) and class."""
    over = (0, 2, 3) if batch else (2, 3)
    return (p * g).sum(over), (p * (1 - g)).sum(over), ((1 - p) * g).sum(over)


def tversky(x, alpha=0.3, beta=0.7, s=1.0, batch=False, of=channels):
    tp, fp, fn = sums(*of(x), batch)
    return (tp + s) / (tp + alpha * fp + beta * fn + s)


def dice(x, s=1.0, batch=False, of=channels):
    return tversky(x, 0.5, 0.5, s / 2, batch, of)


def generalised(x, s):
    """The smoothing is added before the numerator is doubled."""
    tp, fp, fn = sums(x.p, x.hot)
    w = 1 / (tp + fn + 1e-10) ** 2
    return 2 * ((w * tp).sum(1) + s) / ((w * (2 * tp + fp + fn)).sum(1) + s)


def true_probability(x):
    return x.p.gather(1, x.y).flatten()


def lovasz(errors, g):
    """Sorted errors times the increments of the Jaccard loss along them."""
    errors, order = torch.sort(errors.flatten(), descending=True, stable=True)
    g = g.flatten()[order]
    jaccard = 1 - (g.sum() - g.cumsum(0)) / (g.sum() + (1 - g).cumsum(0))
    return (errors * torch.diff(jaccard, prepend=torch.zeros(1))).sum()


def lovasz_softmax(x, only_present=False):
    present = [c for c in range(x.hot.shape[1]) if x.hot[:, c].sum() > 0 or not only_present]
    return sum(lovasz((x.hot[:, c] - x.p[:, c]).abs(), x.hot[:, c]) for c in present) / len(present)


def masks(x, c):
    return [(image == c).numpy() for image in x.y[:, 0]]


def signed_distance(x, c, edge=0):
    """Outside d, inside -(d - edge); kervadec has edge 1."""
    return torch.tensor(np.array([distance_transform_edt(~m) - (distance_transform_edt(m) - edge) * m
                                  for m in masks(x, c)]))


def boundary(x, edge):
    if x.p.shape[1] == 1:
        return (x.p[:, 0] * signed_distance(x, 1, edge)).mean()
    classes = range(1, x.p.shape[1])
    return sum((x.p[:, c] * signed_distance(x, c, edge)).mean() for c in classes) / len(classes)


def hausdorff(x, field):
    """(p-g)^2 times the squares of both masks' distances."""
    guess, truth = x.p[:, 0].detach().numpy() > 0.5, masks(x, 1)
    far = [field(p, True) ** 2 + field(g, False) ** 2 for p, g in zip(guess, truth)]
    return ((x.p[:, 0] - x.g[:, 0]) ** 2 * torch.tensor(np.array(far))).mean()


def across(mask, _predicted):
    return distance_transform_edt(mask) + distance_transform_edt(~mask)


def inside(mask, predicted):
    """kervadec keeps the prediction's as integers."""
    far = distance_transform_edt(mask)
    return np.floor(far) if predicted else far


def two_class_logits(x):
    """The one-channel logit as a two-class network would have it."""
    return torch.cat([torch.zeros_like(x.z), x.z], 1)


def binary_focal(x, foreground=0.25, background=0.75):
    ce = binary_cross_entropy_with_logits(x.z, x.g, reduction="none")
    return ((foreground * x.g + background * (1 - x.g)) * (1 - torch.exp(-ce)) ** 2 * ce).mean()


# ---------------------------------------------------------------- SegLoss

def segloss_focal(x, e=1e-5):
    """e is the least of a label, and added to the probability."""
    label = x.hot.clamp(e / (x.hot.shape[1] - 1), 1 - e)
    p = (label * x.p).sum(1) + e
    return -((1 - p) ** 2 * torch.log(p)).mean()


def sensitivity_specificity(x, r=0.1, s=1.0):
    square, g = (x.hot - x.p) ** 2, x.hot
    hit = (square * g).sum((2, 3)) / (g.sum((2, 3)) + s)
    miss = (square * (1 - g)).sum((2, 3)) / ((1 - g).sum((2, 3)) + s)
    return (r * hit + (1 - r) * miss).mean()


def segloss_exponential(x):
    """Without weights of classes, which it takes as an argument."""
    score = dice(x, of=two_channels).mean()
    return 0.8 * (-torch.log(score)) ** 0.3 + 0.2 * cross_entropy(two_class_logits(x), x.y[:, 0])


def penalty_as_released(x, k=2.5):
    score = -generalised(x, 1e-5).mean()
    return score / (1 + k * (1 - score))


def eroded(x):
    """Not differentiable: made in NumPy."""
    total = 0
    for error in ((x.p - x.g)[:, 0].detach().numpy() ** 2):
        for k in range(10):
            error = np.maximum(convolve(error, CROSS * 0.2, mode="constant") - 0.5, 0)
            if np.ptp(error):
                error = (error - error.min()) / np.ptp(error)
            total = total + (k + 1) ** 2 * error.mean()
    return torch.tensor(total / len(x.p))


def largest(x, count):
    """The mean of the largest losses."""
    return torch.topk(-torch.log(true_probability(x)), count).values.mean()


def tenth(x):
    """Of 48 pixels 4, of 96 9: rounded down."""
    return largest(x, x.y.numel() // 10)


def segloss_rows():
    less, floor = (lambda v: v - 1), "keeps floor(k % of all pixels), here 4, not ceil(fraction of the valid), here 5"
    yield "segloss", "spec_multi", ("cross_entropy", {}), lambda x: -torch.log(true_probability(x)).mean()
    yield "segloss", "spec_multi", ("focal", PLAIN), segloss_focal, None, "adds 1e-5 to the probability"
    yield "segloss", "spec_multi", ("dice", {}), lambda x: -dice(x).mean(), less, MINUS
    yield "segloss", "spec_multi", ("jaccard", {}), lambda x: -tversky(x, 1, 1).mean(), less, MINUS
    yield "segloss", "spec_multi", ("tversky", {}), lambda x: -tversky(x).mean(), less, MINUS
    yield "segloss", "spec_multi", ("focal_tversky", {}), lambda x: (1 - tversky(x).mean()) ** 0.75, None, \
        "raises the mean over classes to the exponent, not each class"
    yield "segloss", "spec_multi", ("asymmetric_similarity", {}), \
        lambda x: -tversky(x, 1 / 3.25, 2.25 / 3.25).mean(), less, MINUS
    yield "segloss", "spec_multi", ("sensitivity_specificity", {"denominator_smooth": 1}), sensitivity_specificity
    yield "segloss", "spec_multi", ("generalised_dice", smooth(1e-5)), lambda x: -generalised(x, 1e-5).mean(), None, \
        MINUS + ", and adds its smoothing twice to the numerator"
    yield "segloss", "spec_multi", ("penalty_generalised_dice", smooth(1e-5)), \
        penalty_as_released, None, "applies the penalty to a Dice that has become negative: (-D) / (1 + k (1 + D))"
    yield "segloss", "spec", ("distance_penalised", {}), \
        lambda x: cross_entropy(two_class_logits(x), x.y[:, 0]), None, \
        "computes the weighted loss and returns the plain cross-entropy"
    yield "segloss", "spec_multi", ("top_k", {}), tenth, None, floor
    for name in ("spec_multi", "class_absent"):
        yield "segloss", name, ("lovasz_softmax", {"classes": "all"}), lovasz_softmax
    for name in ("spec", "spec_multi"):
        yield "segloss", name, ("boundary", {"convention": "plain"}), lambda x: boundary(x, 0)
    yield "segloss", "spec", ("hausdorff_distance", {}), lambda x: hausdorff(x, across)
    yield "segloss", "spec", ("hausdorff_erosion", {}), eroded
    yield "segloss", "spec", ("exponential_logarithmic", {"background": True}), segloss_exponential, None, \
        "takes -ln of the mean Dice and a plain cross-entropy, no exponent"
    yield "segloss", "spec_multi", ("dice_cross_entropy", {}), \
        lambda x: cross_entropy(x.z, x.y[:, 0]) - dice(x).mean(), less, MINUS
    yield "segloss", "spec_multi", ("dice_top_k", {}), lambda x: tenth(x) - dice(x).mean(), None, \
        f"{MINUS}; {floor}"
    yield "segloss", "spec_multi", ("dice_boundary", {"convention": "plain"}), \
        lambda x: boundary(x, 0) - dice(x).mean(), less, MINUS


# ---------------------------------------------------------------- the other repositories

def jadon_rows():
    """One score for the batch; its Tversky weight of 0.7 is on the false negatives."""
    def index(x, *weights):
        return tversky(x, *weights, batch=True).sum()
    yield "jadon", "spec", ("bce", {"normalise": "count"}), lambda x: binary_cross_entropy(x.p, x.g)
    yield "jadon", "spec", ("bce", {"normalise": "count", "class_weights": [1, 1 / 3]}), \
        lambda x: binary_cross_entropy_with_logits(x.z, x.g, pos_weight=torch.tensor(1 / 3))
    yield "jadon", "spec", ("focal", {}), binary_focal
    yield "jadon", "spec", ("dice", {}), lambda x: 1 - dice(x, batch=True).sum()
    yield "jadon", "spec", ("log_cosh_dice", {}), lambda x: torch.log(torch.cosh(1 - dice(x, batch=True).sum()))
    yield "jadon", "spec", ("tversky", {}), lambda x: 1 - index(x)
    yield "jadon", "spec", ("focal_tversky", {}), lambda x: (1 - index(x)) ** 0.75
    yield "jadon", "spec", ("jaccard", smooth(0)), lambda x: 1 - index(x, 1, 1, 0)
    halves = {"dice_weight": 0.5, "other_weight": 0.5, "normalise": "count"}
    yield "jadon", "spec", ("dice_cross_entropy", halves), \
        lambda x: (binary_cross_entropy(x.p, x.g) + 1 - dice(x, batch=True).sum()) / 2


def tube_recall(x):
    """nnU-Net with skeleton recall: the labels' skeleton, twice dilated, within the labels."""
    tubes = [binary_dilation(skeletonize(m), CROSS, 2) & m for m in masks(x, 1)]
    tube = torch.tensor(np.array(tubes)).double()
    return (((x.p[:, 0] * tube).sum((1, 2)) + 1) / (tube.sum((1, 2)) + 1)).mean()


def unified(x, asymmetric, e=1e-7):
    """delta 0.6, gamma 0.5, weight 0.5."""
    p, g = two_channels(x)
    p = p.clamp(e, 1 - e)
    lost = 1 - tversky(x, 0.4, 0.6, e, of=lambda x: (p, g))
    region = torch.stack([lost[:, 0] if asymmetric else lost[:, 0] ** 0.5, lost[:, 1] ** 0.5])
    ce = -g * torch.log(p)
    focal = 0.4 * (1 - p[:, 0]) ** 0.5 * ce[:, 0] + 0.6 * ce[:, 1] * (1 if asymmetric else (1 - p[:, 1]) ** 0.5)
    return 0.5 * region.mean() + 0.5 * focal.mean()


def mlyg_rows():
    """Two channels, each with a score of its own."""
    def score(x, *arguments):
        return tversky(x, *arguments, of=two_channels)
    background = {"background": True}
    yield "mlyg", "spec", ("dice", {**smooth(2e-6), **background}), lambda x: (1 - score(x, 0.5, 0.5, 1e-6)).mean()
    yield "mlyg", "spec", ("tversky", {**smooth(1e-6), **background}), lambda x: (1 - score(x, 0.3, 0.7, 1e-6)).mean()
    yield "mlyg", "spec", ("focal_tversky", {**smooth(1e-6), **background}), \
        lambda x: ((1 - score(x, 0.3, 0.7, 1e-6)) ** 0.75).mean()
    yield "mlyg", "spec", ("focal", PLAIN), lambda x: binary_focal(x, 1, 1)
    yield "mlyg", "spec", ("unified_focal", {}), lambda x: unified(x, True)
    yield "mlyg", "spec", ("unified_focal", {"asymmetric": False}), lambda x: unified(x, False)
    yield "mlyg", "spec", ("combo", smooth(2e-6)), \
        lambda x: 0.25 * binary_cross_entropy(x.p, x.g) - 0.5 * score(x, 0.5, 0.5, 1e-6).mean(), None, \
        "takes the mean Dice of background and foreground"


def repository_rows():
    def hinge(x):
        return sum(lovasz(torch.relu(1 - z * (2 * g - 1)), g) for z, g in zip(x.z, x.g)) / len(x.z)
    yield "nnunet", "spec", ("skeleton_recall", {}), lambda x: -tube_recall(x), lambda v: v - 1, MINUS
    yield "berman", "spec", ("lovasz_hinge", {}), hinge
    for name in ("spec_multi", "class_absent"):
        yield "berman", name, ("lovasz_softmax", {}), lambda x: lovasz_softmax(x, only_present=True)
    for name in ("spec", "spec_multi"):
        yield "kervadec", name, ("boundary", {}), lambda x: boundary(x, 1)
    yield "kervadec", "spec_multi", ("cross_entropy", {}), lambda x: -torch.log(true_probability(x) + 1e-10).mean()
    yield "kervadec", "spec_multi", ("dice", smooth(1e-10)), lambda x: (1 - dice(x, 1e-10)).mean()
    yield "kervadec", "spec_multi", ("generalised_dice", smooth(1e-10)), lambda x: (1 - generalised(x, 1e-10)).mean()
    yield "kervadec", "spec", ("hausdorff_distance", {}), lambda x: hausdorff(x, inside), None, \
        "measures distances inside the masks only, and rounds those of the prediction down"


def rows():
    yield from segloss_rows()
    yield from jadon_rows()
    yield from repository_rows()
    yield from mlyg_rows()
