"""What a network is trained with: a loss alone, a recipe of several, or the same loss of another library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import torch
from torch import Tensor

import segmeter
from segmeter import torch as losses

Weight = Callable[[float], float]

_PART = "a part: its least value is not the mask alone; add it to another"
_FAR = "the far background weighs most, and 1 % of road little: no road is a valley from which no slope leads"
_SURE = "its slope ends where the network is sure, and that comes before the first road is found"
# Why a loss alone may train badly.
WHY = {
    "recall": f"{_PART}. It is least where all is road",
    "skeleton_recall": f"{_PART}. It is least where all is road",
    "cldice": f"{_PART}. It sees skeletons, which a mask that is too wide crosses as well",
    "cbdice": f"{_PART}. Skeletons of p > 1/2 have no slope where there is no mask",
    "boundary_f1": f"{_PART}. It sees contours, and neither side of them",
    "active_boundary": f"{_PART}. It moves contours that are there, and makes none",
    "hausdorff_erosion": f"{_PART}. What one erosion removes costs next to nothing",
    "boundary": _FAR,
    "hausdorff_distance": _FAR,
    "log_hausdorff": _FAR,
    "hausdorff_convolution": _FAR,
    "dice_hausdorff": f"at equal weights the distances outweigh Dice: {_FAR}",
    "distance_penalised": "a mean over all pixels, weighted by distances: no road costs 1 %",
    "shape_aware": "a mean over all pixels: no road costs 1 %, and has no contour to be far away",
    "active_contour": "no road has no contour, and costs 1 % of the region: both parts fall together",
    "elastica": "no road has no contour, and costs 1 % of the region: both parts fall together",
    "cross_entropy": "a mean over all pixels: no road costs 1 %; it needs more steps",
    "label_smoothed": "as cross_entropy",
    "bootstrapped": "as cross_entropy",
    "poly1": "as cross_entropy, and the added term has no slope where the network is sure",
    "generalised_cross_entropy": "as cross_entropy, with a bound: what is wrong and sure has little slope",
    "focal": "its default weighs the background three times as much as the road (0.75 to 0.25); it needs more steps",
    "reduced_focal": "as cross_entropy, with less weight on what is nearly right",
    "balanced_cross_entropy": "one pixel of road weighs as 99 of background: it finds all, and too much",
    "recall_cross_entropy": "misses weigh most: it finds all, and too much",
    "sensitivity_specificity": "shares of road and background weigh alike: it finds all, and too much",
    "wasserstein_dice": _SURE,
    "noise_robust_dice": _SURE,
    "lovasz_hinge": "of a batch, the few pixels that its sort puts first have all the slope; it needs more steps",
    "lovasz_sigmoid": _SURE,
    "lovasz_softmax": _SURE,
}


def constant(value: float) -> Weight:
    """A weight that stays."""
    return lambda done: value


def falling(done: float) -> float:
    """From 1 to 0.01, a hundredth of the training each: Kervadec's 0.01 per epoch of 100."""
    return max(1 - int(done * 100) / 100, 0.01)


def later(done: float) -> float:
    """Nothing, and from half of the training on a tenth: what needs a mask to work on."""
    return 0.0 if done < 0.5 else 0.1


@dataclass
class Recipe:
    """Losses that are added, and what each weighs when a share of the training is done."""

    parts: list[tuple[str, dict[str, Any], Weight]]
    why: str = ""
    # The second is scaled to the value of the first, as Karimi does after every epoch; here, at every step.
    is_balanced: bool = False
    modules: list[losses.Loss] = field(init=False)

    def __post_init__(self) -> None:
        self.modules = [losses.Loss(name, threads=1, **settings) for name, settings, _ in self.parts]

    @property
    def channels(self) -> int:
        """One logit for a pixel, or two where a loss knows only classes."""
        is_binary = all("binary" in segmeter.LOSSES[name]["inputs"] for name, _, _ in self.parts)
        return 1 if is_binary else 2

    def __call__(self, logits: Tensor, labels: Tensor, done: float) -> Tensor:
        values = [module(logits if self.channels == 2 else logits[:, 0], labels) for module in self.modules]
        weights = [weight(done) for _, _, weight in self.parts]
        if self.is_balanced:
            weights[1] *= values[0].item() / max(values[1].item(), 1e-6)
        return torch.stack([weight * value for weight, value in zip(weights, values) if weight]).sum()


def alone(name: str, **settings: Any) -> Recipe:
    """A loss with its defaults, or others."""
    return Recipe([(name, settings, constant(1))])


def recipes() -> dict[str, Recipe]:
    """What the papers of the losses in :data:`WHY` train with."""
    dice: tuple[str, dict[str, Any], Weight] = ("dice", {}, constant(1))
    cross_entropy: tuple[str, dict[str, Any], Weight] = ("cross_entropy", {}, constant(1))

    def added(name: str, weight: Weight = constant(1), **settings: Any) -> tuple[str, dict[str, Any], Weight]:
        return (name, settings, weight)

    return {
        "boundary falling": Recipe(
            [("generalised_dice", {}, falling), added("boundary", lambda done: 1 - falling(done))],
            "a generalised_dice + (1-a) boundary, a from 1 to 0.01 (Kervadec)",
        ),
        "boundary 0.01": Recipe([dice, added("boundary", constant(0.01))], "dice + 0.01 boundary (Kervadec's start)"),
        "hausdorff_distance": Recipe(
            [dice, added("hausdorff_distance")], "dice + l hausdorff_distance, l to equal values (Karimi)", True
        ),
        "log_hausdorff": Recipe([dice, added("log_hausdorff")], "dice + l log_hausdorff, l to equal values", True),
        "hausdorff_erosion": Recipe([dice, added("hausdorff_erosion")], "dice + l hausdorff_erosion, to equal values (Karimi)", True),
        "hausdorff_convolution": Recipe(
            [dice, added("hausdorff_convolution")], "dice + l hausdorff_convolution, to equal values (Karimi)", True
        ),
        "cldice": Recipe(
            [("dice", {}, constant(0.5)), added("cldice", constant(0.5))], "0.5 dice + 0.5 cldice (Shit)"
        ),
        "cbdice": Recipe([dice, cross_entropy, added("cbdice")], "dice + cross_entropy + cbdice (Shi)"),
        "skeleton_recall": Recipe(
            [dice, cross_entropy, added("skeleton_recall")], "dice + cross_entropy + skeleton_recall (Kirchhoff)"
        ),
        "active_contour": Recipe(
            [added("active_contour", length_weight=0.1, mean=True)], "active_contour, length_weight=0.1: contours count a tenth"
        ),
        "active_contour added": Recipe(
            [cross_entropy, added("active_contour", constant(0.1), mean=True)], "cross_entropy + 0.1 active_contour of its mean"
        ),
        "active_boundary": Recipe(
            [cross_entropy, ("lovasz_hinge", {}, constant(1)), added("active_boundary")],
            "cross_entropy + lovasz_hinge + active_boundary (Wang)",
        ),
        "boundary_f1": Recipe(
            [("jaccard", {}, lambda done: 1 - done / 2), added("boundary_f1", lambda done: done / 2)],
            "(1-a) jaccard + a boundary_f1, a from 0 to 0.5 (Bokhovkin)",
        ),
        "cldice later": Recipe(
            [dice, cross_entropy, added("cldice", later)], "dice + cross_entropy, from half the steps on + 0.1 cldice"
        ),
        "hausdorff_distance later": Recipe(
            [dice, added("hausdorff_distance", later)], "dice, from half on + l hausdorff_distance, a tenth of dice", True
        ),
        "active_contour later": Recipe(
            [dice, cross_entropy, added("active_contour", later, mean=True)],
            "dice + cross_entropy, from half on + 0.1 active_contour of its mean",
        ),
        "recall": Recipe([cross_entropy, added("recall")], "cross_entropy + recall"),
    }


@dataclass
class Peer:
    """The same loss of another library, and the settings that make ours the same."""

    name: str
    preset: dict[str, Any]
    make: Callable[[], Callable[[Tensor, Tensor], Tensor]]


def peers() -> dict[str, Peer]:
    """What is compared, if its library is there."""
    found: dict[str, Peer] = {}
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    found["torch BCEWithLogits"] = Peer("cross_entropy", {}, lambda: lambda x, y: binary(x, y.float()[:, None]))
    try:
        from monai import losses as monai

        def of_monai(key: str, name: str, make: Callable[[], Any], **more: Any) -> None:
            settings = more or {"preset": "monai"}
            found[f"monai {key}"] = Peer(name, settings, lambda: _call(make(), lambda x: x, lambda y: y.float()))

        of_monai("DiceLoss", "dice", lambda: monai.DiceLoss(sigmoid=True))
        of_monai("DiceCELoss", "dice_cross_entropy", lambda: monai.DiceCELoss(sigmoid=True))
        of_monai("FocalLoss", "focal", lambda: monai.FocalLoss())
        of_monai("TverskyLoss", "tversky", lambda: monai.TverskyLoss(sigmoid=True))
        of_monai("HausdorffDTLoss", "hausdorff_distance", lambda: monai.HausdorffDTLoss(sigmoid=True))
        of_monai("SoftclDiceLoss", "cldice", lambda: monai.SoftclDiceLoss(sigmoid=True))
    except ImportError:
        pass
    try:
        from segmentation_models_pytorch import losses as smp

        def of_smp(key: str, name: str, make: Callable[[], Any], activation: Any = None) -> None:
            act = activation or (lambda x: x)
            found[f"smp {key}"] = Peer(name, {"preset": "smp"}, lambda: _call(make(), act, lambda y: y.float()))

        of_smp("DiceLoss", "dice", lambda: smp.DiceLoss("binary"))
        of_smp("JaccardLoss", "jaccard", lambda: smp.JaccardLoss("binary"))
        of_smp("TverskyLoss", "tversky", lambda: smp.TverskyLoss("binary"))
        of_smp("FocalLoss", "focal", lambda: smp.FocalLoss("binary"))
        of_smp("LovaszLoss", "lovasz_hinge", lambda: smp.LovaszLoss("binary"))
        of_smp("MCCLoss", "mcc", lambda: smp.MCCLoss(), torch.sigmoid)
    except ImportError:
        pass
    return found


def _call(module: Any, act: Any, truth: Any) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, labels: module(act(logits), truth(labels)[:, None])


def chosen(key: str) -> Any:
    """By the key of a run: ``loss``, ``recipe: NAME``, ``NAME of LIBRARY`` or ``ours as LIBRARY``."""
    if key.startswith("recipe: "):
        return recipes()[key.removeprefix("recipe: ")]
    if key.startswith("ours as "):
        peer = peers()[key.removeprefix("ours as ")]
        return alone(peer.name, **peer.preset)
    if key in segmeter.LOSSES:
        return alone(key)
    made = peers()[key].make()
    return lambda logits, labels, done: made(logits, labels)
