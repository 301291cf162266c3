"""Losses of libraries on PyPI, with their default arguments unless a row says what else it shows."""

import os
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

os.environ["KERAS_BACKEND"] = "torch"
warnings.filterwarnings("ignore")

import keras  # noqa: E402
import kornia.losses as kornia  # noqa: E402
import monai.losses as monai  # noqa: E402
import numpy as np  # noqa: E402
import segmentation_models_pytorch.losses as smp  # noqa: E402
import torch  # noqa: E402
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss, DC_and_topk_loss  # noqa: E402
from nnunetv2.training.loss.dice import SoftDiceLoss  # noqa: E402
from nnunetv2.training.loss.robust_ce_loss import RobustCrossEntropyLoss, TopKLoss  # noqa: E402
from nnunetv2.utilities.helpers import softmax_helper_dim1  # noqa: E402
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy  # noqa: E402
from torchvision.ops import sigmoid_focal_loss  # noqa: E402

from presets_formulas import EVEN, PLAIN, smooth  # noqa: E402

LIBRARIES = {"monai": "monai", "smp": "segmentation-models-pytorch", "nnunet": "nnunetv2", "keras": "keras",
             "kornia": "kornia", "mmseg": "mmsegmentation", "torch": "torch", "torchvision": "torchvision"}
F32 = 4e-7  # for what computes in f32
NEAR = [0, 1, 1, 1, 0, 0.5, 1, 0.5, 0]
MINUS = "returns -Dice instead of 1 - Dice"
PER_CLASS_TOO = "takes the mean over pixels and classes, not over pixels"


def rows():
    yield from monai_rows()
    yield from smp_rows()
    yield from nnunet_rows()
    yield from keras_rows()
    yield from kornia_rows()
    yield from mmseg_rows()
    yield from torch_rows()


def monai_rows():
    multi, small = {"softmax": True, "to_onehot_y": True}, smooth(1e-5)
    yield "monai", "spec", ("bce", {}), lambda x: monai.DiceCELoss(sigmoid=True, lambda_dice=0)(x.z, x.g)
    yield "monai", "spec_multi", ("cross_entropy", {}), lambda x: monai.DiceCELoss(**multi, lambda_dice=0)(x.z, x.y)
    yield "monai", "spec", ("bce", {"normalise": "count", "class_weights": [1, 3]}), \
        lambda x: monai.DiceCELoss(sigmoid=True, lambda_dice=0, weight=torch.tensor([3.0]))(x.z, x.g)
    yield "monai", "spec", ("dice", small), lambda x: monai.DiceLoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec_multi", ("dice", small), lambda x: monai.DiceLoss(**multi)(x.z, x.y)
    yield "monai", "spec_multi", ("dice", {**small, "background": False}), \
        lambda x: monai.DiceLoss(**multi, include_background=False)(x.z, x.y)
    yield "monai", "spec", ("jaccard", smooth(5e-6)), lambda x: monai.DiceLoss(sigmoid=True, jaccard=True)(x.z, x.g)
    yield "monai", "spec", ("squared_dice", small), \
        lambda x: monai.DiceLoss(sigmoid=True, squared_pred=True)(x.z, x.g)
    yield "monai", "spec", ("tversky", {**EVEN, **small}), lambda x: monai.TverskyLoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec", ("focal", PLAIN), lambda x: monai.FocalLoss()(x.z, x.g), F32
    yield "monai", "spec_multi", ("focal", PLAIN), \
        lambda x: monai.FocalLoss(use_softmax=True, to_onehot_y=True)(x.z, x.y), lambda v: v / 3, PER_CLASS_TOO
    for name in ("spec_multi", "class_absent"):
        yield "monai", name, ("generalised_dice", small), lambda x: monai.GeneralizedDiceLoss(**multi)(x.z, x.y)
    for mode in ("default", "GDL"):
        loss = monai.GeneralizedWassersteinDiceLoss(np.reshape(NEAR, (3, 3)), weighting_mode=mode)
        yield "monai", "spec_multi", ("wasserstein_dice", {"distances": NEAR, "mode": mode.lower()}), \
            lambda x, loss=loss: loss(x.z, x.y)
    yield "monai", "spec", ("dice_cross_entropy", small), lambda x: monai.DiceCELoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec_multi", ("dice_cross_entropy", small), lambda x: monai.DiceCELoss(**multi)(x.z, x.y)
    yield "monai", "spec", ("dice_focal", {**small, **PLAIN}), \
        lambda x: monai.DiceFocalLoss(sigmoid=True)(x.z, x.g), F32
    for name in ("spec", "empty"):  # its distances are f32
        yield "monai", name, ("hausdorff_distance", {}), \
            lambda x: monai.HausdorffDTLoss(sigmoid=True)(x.z, x.g), 1e-9 if name == "spec" else F32
    yield "monai", "spec_multi", ("hausdorff_distance", {}), lambda x: monai.HausdorffDTLoss(**multi)(x.z, x.y)
    yield "monai", "spec", ("cldice", {}), lambda x: monai.SoftclDiceLoss(sigmoid=True)(x.z, x.g), None, \
        "adds 1e-4 to the denominator of the harmonic mean"
    yield "monai", "spec", ("unified_focal", {"fn_weight": 0.7, "tversky_share": 2 / 3}), \
        lambda x: monai.AsymmetricUnifiedFocalLoss()(x.p, x.g), lambda v: 0.75 * v, \
        "takes the mean over both channels in its focal part: 3/4 of this"


def smp_rows():
    skip = {"overlap": "minimum", "empty": "skip_class"}
    none, absent = {**smooth(0), **skip}, "has a class without labels as 0 in its mean"
    for name in ("spec", "soft_plain", "empty"):
        yield "smp", name, ("dice", none), lambda x: smp.DiceLoss("binary")(x.z, x.g)
    yield "smp", "spec", ("dice", {**smooth(2), **skip}), lambda x: smp.DiceLoss("binary", smooth=1)(x.z, x.g)
    yield "smp", "spec_multi", ("dice", none), lambda x: smp.DiceLoss("multiclass")(x.z, x.y[:, 0])
    yield "smp", "class_absent", ("dice", none), lambda x: smp.DiceLoss("multiclass")(x.z, x.y[:, 0]), \
        lambda v: v * 2 / 3, absent
    for name in ("spec", "soft_plain"):
        yield "smp", name, ("log_dice", none), lambda x: smp.DiceLoss("binary", log_loss=True)(x.z, x.g)
        yield "smp", name, ("jaccard", none), lambda x: smp.JaccardLoss("binary")(x.z, x.g)
        yield "smp", name, ("tversky", {**EVEN, **none}), lambda x: smp.TverskyLoss("binary")(x.z, x.g)
    yield "smp", "spec_multi", ("jaccard", none), lambda x: smp.JaccardLoss("multiclass")(x.z, x.y[:, 0])
    yield "smp", "spec", ("tversky", none), lambda x: smp.TverskyLoss("binary", alpha=0.3, beta=0.7)(x.z, x.g)
    yield "smp", "spec_multi", ("focal_tversky", {**EVEN, **none, "exponent": 1}), \
        lambda x: smp.TverskyLoss("multiclass")(x.z, x.y[:, 0])
    yield "smp", "spec_multi", ("focal_tversky", {**none, "exponent": 0.75}), \
        lambda x: smp.TverskyLoss("multiclass", alpha=0.3, beta=0.7, gamma=0.75)(x.z, x.y[:, 0]), None, \
        "raises the mean over classes to gamma, not each class"
    yield "smp", "spec", ("bce", {}), lambda x: smp.SoftBCEWithLogitsLoss()(x.z, x.g)
    yield "smp", "spec_multi", ("cross_entropy", {}), \
        lambda x: smp.SoftCrossEntropyLoss(smooth_factor=0)(x.z, x.y[:, 0])
    yield "smp", "spec", ("focal", {}), lambda x: smp.FocalLoss("binary", alpha=0.25)(x.z, x.g)
    yield "smp", "spec", ("focal", PLAIN), lambda x: smp.FocalLoss("binary")(x.z, x.g)
    yield "smp", "spec", ("reduced_focal", {}), lambda x: smp.FocalLoss("binary", reduced_threshold=0.5)(x.z, x.g)
    yield "smp", "spec", ("normalised_focal", {}), lambda x: smp.FocalLoss("binary", normalized=True)(x.z, x.g), \
        lambda v: v / 48, "divides by the sum of modulators and then by the number of pixels again"
    yield "smp", "spec", ("lovasz_hinge", {}), lambda x: smp.LovaszLoss("binary")(x.z.float(), x.g.float()), F32
    for name in ("spec_multi", "class_absent"):
        yield "smp", name, ("lovasz_softmax", {}), lambda x: smp.LovaszLoss("multiclass")(x.z.float(), x.y[:, 0]), F32
    for name in ("spec", "empty"):
        yield "smp", name, ("mcc", {}), lambda x: smp.MCCLoss()(x.p, x.g), None, "adds 1e-5 to the four masses"
    yield "smp", "spec_multi", ("label_smoothed", {}), \
        lambda x: smp.SoftCrossEntropyLoss(smooth_factor=0.1)(x.z, x.y[:, 0])
    yield "smp", "spec", ("label_smoothed", {"smoothing": 0.2}), \
        lambda x: smp.SoftBCEWithLogitsLoss(smooth_factor=0.1)(x.z, x.g)


def nnunet_rows():
    """As the stock trainers call them: smooth 1e-5, without background."""
    dice = {"smooth": 1e-5, "do_bg": False, "batch_dice": False, "ddp": False}
    inner = {**smooth(1e-5), "background": False}
    floor = "floor(k % of all pixels, ignored ones too), here 4, not ceil(fraction of the valid), here 5"
    yield "nnunet", "spec_multi", ("cross_entropy", {}), lambda x: RobustCrossEntropyLoss()(x.z, x.y)
    yield "nnunet", "spec_multi", ("dice", inner), \
        lambda x: SoftDiceLoss(apply_nonlin=softmax_helper_dim1, **dice)(x.z.float(), x.y), lambda v: v - 1, MINUS
    yield "nnunet", "spec_multi", ("dice_cross_entropy", inner), \
        lambda x: DC_and_CE_loss(dice, {})(x.z.float(), x.y), lambda v: v - 1, MINUS
    yield "nnunet", "spec_multi", ("top_k", {}), lambda x: TopKLoss()(x.z, x.y), None, f"keeps {floor}"
    yield "nnunet", "spec_multi", ("dice_top_k", inner), \
        lambda x: DC_and_topk_loss(dice, {})(x.z, x.y.double()), None, f"{MINUS}; keeps {floor}"
    yield "nnunet", "spec_multi", ("dice_top_k", {**inner, "fraction": 0.08}), \
        lambda x: DC_and_topk_loss(dice, {})(x.z, x.y.double()), lambda v: v - 1, f"{MINUS}; keeps 10 %, here 4"


def last(x):
    """Classes as the last axis."""
    return x.permute(0, 2, 3, 1)


def keras_rows():
    eps = smooth(0, 1e-7)
    micro, count = {**eps, "average": "micro"}, {"normalise": "count"}
    swapped = "puts alpha on the false negatives and beta on the false positives, against its documentation"
    entropy, focal = keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy
    yield "keras", "spec", ("bce", count), lambda x: entropy(from_logits=True)(x.g, x.z), F32
    yield "keras", "spec_multi", ("cross_entropy", count), \
        lambda x: keras.losses.SparseCategoricalCrossentropy(from_logits=True)(x.y[:, 0], last(x.z)), F32
    yield "keras", "spec", ("dice", micro), lambda x: keras.losses.Dice()(x.g, x.p), F32
    yield "keras", "spec_multi", ("dice", micro), lambda x: keras.losses.Dice()(x.hot, x.p), F32
    yield "keras", "spec", ("tversky", {**EVEN, **micro}), lambda x: keras.losses.Tversky()(x.g, x.p), F32
    yield "keras", "spec", ("tversky", {"fp_weight": 0.7, "fn_weight": 0.3, **micro}), \
        lambda x: keras.losses.Tversky(alpha=0.3, beta=0.7)(x.g, x.p), lambda v: v, swapped
    yield "keras", "spec", ("focal", PLAIN), lambda x: focal(from_logits=True)(x.g, x.z), F32
    yield "keras", "spec", ("focal", {}), \
        lambda x: focal(from_logits=True, apply_class_balancing=True)(x.g, x.z), F32
    yield "keras", "spec_multi", ("focal", PLAIN), \
        lambda x: keras.losses.CategoricalFocalCrossentropy(from_logits=True)(last(x.hot), last(x.z)), \
        lambda v: v / 4, "multiplies every class by its alpha of 0.25"
    yield "keras", "spec", ("label_smoothed", {}), \
        lambda x: entropy(from_logits=True, label_smoothing=0.1)(x.g, x.z), F32


def kornia_rows():
    small = smooth(0, 1e-8)
    yield "kornia", "spec_multi", ("dice", small), lambda x: kornia.dice_loss(x.z, x.y[:, 0], average="macro")
    yield "kornia", "spec_multi", ("dice", {**small, "average": "micro"}), lambda x: kornia.dice_loss(x.z, x.y[:, 0])
    for name in ("spec_multi", "class_absent"):
        yield "kornia", name, ("tversky", {**small, "empty": "skip_class"}), \
            lambda x: kornia.tversky_loss(x.z, x.y[:, 0], 0.3, 0.7)
        yield "kornia", name, ("lovasz_softmax", {"classes": "all"}), \
            lambda x: kornia.lovasz_softmax_loss(x.z, x.y[:, 0])
    yield "kornia", "spec_multi", ("focal", {}), \
        lambda x: kornia.focal_loss(x.z, x.y[:, 0], alpha=0.25, reduction="mean"), lambda v: v / 3, PER_CLASS_TOO
    yield "kornia", "spec", ("focal", {}), lambda x: kornia.binary_focal_loss_with_logits(x.z, x.g, reduction="mean")
    yield "kornia", "spec", ("lovasz_hinge", {}), lambda x: kornia.lovasz_hinge_loss(x.z, x.y[:, 0])
    yield "kornia", "spec", ("hausdorff_erosion", {}), \
        lambda x: kornia.HausdorffERLoss()(torch.cat([1 - x.p, x.p], 1), x.y)


def mmseg():
    """The losses of mmsegmentation. Importing it whole takes a compiled mmcv; these files take a registry, and names
    that they do not use here."""
    root, registry = Path(find_spec("mmseg").origin).parent, ModuleType("registry")
    registry.register_module = lambda: lambda loss: loss
    members = {"mmseg": {}, "mmseg.models": {}, "mmseg.models.losses": {}, "mmseg.registry": {"MODELS": registry},
               "mmseg.models.builder": {"LOSSES": registry}, "mmcv": {}, "mmcv.ops": {"sigmoid_focal_loss": None},
               "mmengine": {}, "mmengine.fileio": {"load": None}, "mmengine.utils": {"is_list_of": None}}
    for name, given in members.items():
        module = sys.modules[name] = ModuleType(name)
        module.__path__ = [str(root.joinpath(*name.split(".")[1:]))] if name.startswith("mmseg") else []
        vars(module).update(given)
    files = ("cross_entropy_loss", "boundary_loss", "focal_loss", "ohem_cross_entropy_loss", "dice_loss",
             "tversky_loss", "lovasz_loss", "huasdorff_distance_loss")
    return [import_module(f"mmseg.models.losses.{name}") for name in files]


def mmseg_rows():
    entropy, boundary, focal, ohem, dice, tversky, lovasz, hausdorff = mmseg()
    yield "mmseg", "spec", ("bce", {}), \
        lambda x: entropy.CrossEntropyLoss(use_sigmoid=True)(x.z, x.y[:, 0]), F32
    yield "mmseg", "spec_multi", ("cross_entropy", {}), lambda x: entropy.CrossEntropyLoss()(x.z, x.y[:, 0]), F32
    yield "mmseg", "spec", ("balanced_cross_entropy", {}), lambda x: boundary.BoundaryLoss()(x.z, x.y), F32
    yield "mmseg", "spec", ("focal", {"foreground_weight": 0.5, "background_weight": 0.5}), \
        lambda x: focal.FocalLoss()(x.z, x.g)
    yield "mmseg", "spec_multi", ("ohem", {"min_kept": 100_000}), \
        lambda x: ohem.OhemCrossEntropy()(x.z, x.y[:, 0])
    yield "mmseg", "spec_multi", ("ohem", {}), lambda x: ohem.OhemCrossEntropy(min_kept=16)(x.z, x.y[:, 0])
    ends = {**smooth(0, 2e-3), "average": "micro"}
    yield "mmseg", "spec", ("squared_dice", ends), lambda x: dice.DiceLoss()(x.z, x.y), F32
    yield "mmseg", "spec_multi", ("squared_dice", ends), \
        lambda x: dice.DiceLoss(use_sigmoid=False)(x.z, x.y[:, 0]), F32
    yield "mmseg", "spec_multi", ("tversky", {}), lambda x: tversky.TverskyLoss()(x.z, x.y[:, 0])
    yield "mmseg", "spec", ("lovasz_hinge", {}), \
        lambda x: lovasz.LovaszLoss("binary", reduction="none")(x.z[:, 0].float(), x.y[:, 0]), F32
    for name in ("spec_multi", "class_absent"):
        yield "mmseg", name, ("lovasz_softmax", {}), \
            lambda x: lovasz.LovaszLoss(reduction="none")(x.z.float(), x.y[:, 0]), F32
    yield "mmseg", "spec_multi", ("hausdorff_distance", {}), \
        lambda x: hausdorff.HuasdorffDisstanceLoss()(x.z, x.y[:, 0]), None, \
        "measures inside the masks only, takes the class ids for the mask of every class and divides by all classes"


def torch_rows():
    yield "torch", "spec", ("bce", {}), lambda x: binary_cross_entropy_with_logits(x.z, x.g)
    yield "torch", "spec", ("bce", {"normalise": "count", "class_weights": [1, 3]}), \
        lambda x: binary_cross_entropy_with_logits(x.z, x.g, pos_weight=torch.tensor(3.0))
    yield "torch", "spec_multi", ("cross_entropy", {"class_weights": [0.25, 1, 3]}), \
        lambda x: cross_entropy(x.z, x.y[:, 0], weight=torch.tensor([0.25, 1, 3]))
    yield "torch", "spec_multi", ("label_smoothed", {"class_weights": [0.25, 1, 3]}), \
        lambda x: cross_entropy(x.z, x.y[:, 0], weight=torch.tensor([0.25, 1, 3]), label_smoothing=0.1)
    yield "torchvision", "spec", ("focal", {}), lambda x: sigmoid_focal_loss(x.z, x.g, reduction="mean")
