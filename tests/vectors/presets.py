"""presets.json: which parameters of ours reproduce a library's loss, and where the library means something else.

The libraries are run (with f64 inputs where they take them); a formula stands for code that is not on PyPI,
written here in PyTorch from its description. Ours comes from the two views of the catalogue, so every row is a
third, foreign opinion. Where a library differs, the row holds our value and says what the library returns.
"""

import os
import warnings
from importlib.metadata import version

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
from nnunetv2.training.loss.robust_ce_loss import TopKLoss  # noqa: E402
from nnunetv2.utilities.helpers import softmax_helper_dim1  # noqa: E402
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot  # noqa: E402
from torchvision.ops import sigmoid_focal_loss  # noqa: E402

import presets_formulas as formula  # noqa: E402
from catalogue import Both, default  # noqa: E402
from common import VERSIONS, digits  # noqa: E402
from fixtures import fixture, planes, spec_plane, spec_planes  # noqa: E402

LIBRARIES = {"monai": "monai", "smp": "segmentation-models-pytorch", "nnunet": "nnunetv2", "keras": "keras",
             "kornia": "kornia", "torch": "torch", "torchvision": "torchvision"}
NONE = {"numerator_smooth": 0, "denominator_smooth": 0}
SMALL = {"numerator_smooth": 1e-5, "denominator_smooth": 1e-5}
TWO = {"numerator_smooth": 2, "denominator_smooth": 2}
PLAIN = {"foreground_weight": 1, "background_weight": 1}
NEAR = [0, 1, 1, 1, 0, 0.5, 1, 0.5, 0]
F32 = 4e-7  # for what computes in f32


def frames():
    (logits, labels), multi = spec_plane(), spec_planes()
    return {"spec": fixture(logits, labels), "spec_multi": planes(*multi), "empty": fixture(logits, 0 * labels)}


class Inputs:
    """What the libraries take: z (1, C, H, W), labels, sigmoid or softmax, one-hot."""

    def __init__(self, data):
        count = data.get("classes", 1)
        self.z = torch.tensor(data["logits"]).reshape(1, count, data["height"], data["width"]).requires_grad_()
        self.y = torch.tensor(data["labels"]).reshape(1, 1, data["height"], data["width"])
        self.g = self.y.double()
        self.p = torch.sigmoid(self.z) if count == 1 else self.z.softmax(1)
        self.hot = one_hot(self.y[:, 0], max(count, 2)).permute(0, 3, 1, 2).double()


def channels(x):
    """(1 - p, p)"""
    return torch.cat([1 - x.p, x.p], 1)


def rows():
    """preset, fixture, (loss, changed parameters) or parts of a sum, reference, and for what differs: what the
    reference is in terms of ours (None: nothing simple), and why."""
    yield from monai_rows()
    yield from smp_rows()
    yield from nnunet_rows()
    yield from keras_and_kornia_rows()
    yield from torch_rows()
    yield from formula.rows()


def monai_rows():
    multi = {"softmax": True, "to_onehot_y": True}
    ce, focal = ("cross_entropy", {}), ("focal", PLAIN)
    yield "monai", "spec", ("dice", SMALL), lambda x: monai.DiceLoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec_multi", ("dice", SMALL), lambda x: monai.DiceLoss(**multi)(x.z, x.y)
    yield "monai", "spec_multi", ("dice", {**SMALL, "background": False}), \
        lambda x: monai.DiceLoss(**multi, include_background=False)(x.z, x.y)
    yield "monai", "spec", ("jaccard", {"numerator_smooth": 5e-6, "denominator_smooth": 5e-6}), \
        lambda x: monai.DiceLoss(sigmoid=True, jaccard=True)(x.z, x.g)
    yield "monai", "spec", ("squared_dice", SMALL), \
        lambda x: monai.DiceLoss(sigmoid=True, squared_pred=True)(x.z, x.g)
    yield "monai", "spec", ("tversky", {"fp_weight": 0.5, "fn_weight": 0.5, **SMALL}), \
        lambda x: monai.TverskyLoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec", ("focal", PLAIN), lambda x: monai.FocalLoss()(x.z, x.g), F32
    yield "monai", "spec_multi", focal, lambda x: monai.FocalLoss(use_softmax=True, to_onehot_y=True)(x.z, x.y), \
        lambda v: v / 3, "takes the mean over pixels and classes, not over pixels"
    yield "monai", "spec_multi", ("generalised_dice", SMALL), lambda x: monai.GeneralizedDiceLoss(**multi)(x.z, x.y)
    for mode in ("default", "GDL"):
        loss = monai.GeneralizedWassersteinDiceLoss(np.reshape(NEAR, (3, 3)), weighting_mode=mode)
        yield "monai", "spec_multi", ("wasserstein_dice", {"distances": NEAR, "mode": mode.lower()}), \
            lambda x, loss=loss: loss(x.z, x.y)
    yield "monai", "spec", [(1, ("dice", SMALL)), (1, ("bce", {}))], \
        lambda x: monai.DiceCELoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec_multi", [(1, ("dice", SMALL)), (1, ce)], lambda x: monai.DiceCELoss(**multi)(x.z, x.y)
    yield "monai", "spec", [(1, ("dice", SMALL)), (1, focal)], \
        lambda x: monai.DiceFocalLoss(sigmoid=True)(x.z, x.g), F32
    yield "monai", "spec", ("hausdorff_distance", {}), lambda x: monai.HausdorffDTLoss(sigmoid=True)(x.z, x.g)
    yield "monai", "spec_multi", ("hausdorff_distance", {}), lambda x: monai.HausdorffDTLoss(**multi)(x.z, x.y)
    yield "monai", "spec", ("cldice", {}), lambda x: monai.SoftclDiceLoss(iter_=3, sigmoid=True)(x.z, x.g), None, \
        "adds 1e-4 to the denominator of the harmonic mean"
    tail = {"fn_weight": 0.7, "tversky_share": 2 / 3}
    yield "monai", "spec", [(0.75, ("unified_focal", tail))], \
        lambda x: monai.AsymmetricUnifiedFocalLoss()(x.p, x.g)  # its focal part is a mean over the two channels


def smp_rows():
    yield "smp", "spec", ("dice", NONE), lambda x: smp.DiceLoss("binary")(x.z, x.g)
    # Its smooth counts double.
    yield "smp", "spec", ("dice", TWO), lambda x: smp.DiceLoss("binary", smooth=1)(x.z, x.g)
    yield "smp", "spec_multi", ("dice", NONE), lambda x: smp.DiceLoss("multiclass")(x.z, x.y[:, 0])
    yield "smp", "empty", ("dice", {**NONE, "empty": "skip_class"}), lambda x: smp.DiceLoss("binary")(x.z, x.g)
    yield "smp", "spec", ("log_dice", NONE), lambda x: smp.DiceLoss("binary", log_loss=True)(x.z, x.g)
    yield "smp", "spec", ("jaccard", NONE), lambda x: smp.JaccardLoss("binary")(x.z, x.g)
    yield "smp", "spec_multi", ("jaccard", NONE), lambda x: smp.JaccardLoss("multiclass")(x.z, x.y[:, 0])
    yield "smp", "spec", ("tversky", NONE), lambda x: smp.TverskyLoss("binary", alpha=0.3, beta=0.7)(x.z, x.g)
    yield "smp", "spec_multi", ("focal_tversky", {**NONE, "exponent": 0.75}), \
        lambda x: smp.TverskyLoss("multiclass", alpha=0.3, beta=0.7, gamma=0.75)(x.z, x.y[:, 0]), None, \
        "raises the mean over classes to gamma, not each class"
    yield "smp", "spec", ("focal", {}), lambda x: smp.FocalLoss("binary", alpha=0.25)(x.z, x.g)
    yield "smp", "spec", ("focal", PLAIN), lambda x: smp.FocalLoss("binary")(x.z, x.g)
    yield "smp", "spec", ("reduced_focal", {}), lambda x: smp.FocalLoss("binary", reduced_threshold=0.5)(x.z, x.g)
    yield "smp", "spec", ("normalised_focal", {}), lambda x: smp.FocalLoss("binary", normalized=True)(x.z, x.g), \
        lambda v: v / 48, "divides by the sum of modulators and then by the number of pixels again"
    yield "smp", "spec", ("lovasz_hinge", {}), lambda x: smp.LovaszLoss("binary")(x.z.float(), x.g.float()), F32
    yield "smp", "spec_multi", ("lovasz_softmax", {}), \
        lambda x: smp.LovaszLoss("multiclass")(x.z.float(), x.y[:, 0]), F32
    yield "smp", "spec", ("mcc", {}), lambda x: smp.MCCLoss()(x.p, x.g), None, "adds 1e-5 to the four masses"
    yield "smp", "empty", ("mcc", {}), lambda x: smp.MCCLoss()(x.p, x.g), None, "adds 1e-5 to the four masses"
    yield "smp", "spec_multi", ("label_smoothed", {}), \
        lambda x: smp.SoftCrossEntropyLoss(smooth_factor=0.1)(x.z, x.y[:, 0])


def nnunet_rows():
    dice = {"smooth": 1e-5, "do_bg": False, "batch_dice": False, "ddp": False}
    inner, minus = ("dice", {**SMALL, "background": False}), "returns -Dice instead of 1 - Dice"
    yield "nnunet", "spec_multi", inner, \
        lambda x: SoftDiceLoss(apply_nonlin=softmax_helper_dim1, smooth=1e-5, do_bg=False)(x.z.float(), x.y), \
        lambda v: v - 1, minus
    yield "nnunet", "spec_multi", [(1, inner), (1, ("cross_entropy", {}))], \
        lambda x: DC_and_CE_loss(dice, {})(x.z.float(), x.y), lambda v: v - 1, minus
    yield "nnunet", "spec_multi", [(1, inner), (1, ("top_k", {"fraction": 0.08}))], \
        lambda x: DC_and_topk_loss(dice, {"k": 10})(x.z, x.y.double()), lambda v: v - 1, \
        minus + "; floor(k % of all) pixels"
    yield "nnunet", "spec_multi", ("top_k", {"fraction": 0.1}), lambda x: TopKLoss(k=10)(x.z, x.y), None, \
        "keeps floor(k % of all pixels, ignored ones too), here 4, not ceil(fraction of the valid), here 5"


def keras_and_kornia_rows():
    eps = {"numerator_smooth": 0, "denominator_smooth": 1e-7}
    yield "keras", "spec", ("dice", eps), lambda x: keras.losses.Dice()(x.g[0], x.p[0]), F32
    yield "keras", "spec", ("tversky", {"fp_weight": 0.7, "fn_weight": 0.3, **eps}), \
        lambda x: keras.losses.Tversky(alpha=0.3, beta=0.7)(x.g[0], x.p[0]), lambda v: v, \
        "puts alpha on the false negatives and beta on the false positives, against its documentation"
    yield "keras", "spec", ("focal", PLAIN), \
        lambda x: keras.losses.BinaryFocalCrossentropy(from_logits=True)(x.g[0], x.z[0]), F32
    yield "keras", "spec", ("focal", {}), lambda x: keras.losses.BinaryFocalCrossentropy(
        from_logits=True, apply_class_balancing=True)(x.g[0], x.z[0]), F32
    yield "keras", "spec", ("label_smoothed", {}), \
        lambda x: keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)(x.g[0], x.z[0]), F32
    small = {"numerator_smooth": 0, "denominator_smooth": 1e-8}
    yield "kornia", "spec_multi", ("dice", small), lambda x: kornia.dice_loss(x.z, x.y[:, 0], average="macro")
    yield "kornia", "spec_multi", ("dice", {**small, "average": "micro"}), lambda x: kornia.dice_loss(x.z, x.y[:, 0])
    yield "kornia", "spec_multi", ("tversky", small), lambda x: kornia.tversky_loss(x.z, x.y[:, 0], 0.3, 0.7)
    yield "kornia", "spec_multi", ("focal", {}), \
        lambda x: kornia.focal_loss(x.z, x.y[:, 0], alpha=0.25, reduction="mean"), \
        lambda v: v / 3, "takes the mean over pixels and classes, not over pixels"
    yield "kornia", "spec", ("focal", {}), lambda x: kornia.binary_focal_loss_with_logits(x.z, x.g, reduction="mean")
    yield "kornia", "spec", ("lovasz_hinge", {}), lambda x: kornia.lovasz_hinge_loss(x.z, x.y[:, 0])
    yield "kornia", "spec_multi", ("lovasz_softmax", {"classes": "all"}), \
        lambda x: kornia.lovasz_softmax_loss(x.z, x.y[:, 0])
    yield "kornia", "spec", ("hausdorff_erosion", {}), lambda x: kornia.HausdorffERLoss()(channels(x), x.y)


def torch_rows():
    yield "torch", "spec", ("bce", {}), lambda x: binary_cross_entropy_with_logits(x.z, x.g)
    yield "torch", "spec", ("bce", {"normalise": "count", "class_weights": [1, 3]}), \
        lambda x: binary_cross_entropy_with_logits(x.z, x.g, pos_weight=torch.tensor(3.0))
    yield "torch", "spec_multi", ("cross_entropy", {"class_weights": [0.25, 1, 3]}), \
        lambda x: cross_entropy(x.z, x.y[:, 0], weight=torch.tensor([0.25, 1, 3]))
    yield "torch", "spec_multi", ("label_smoothed", {"class_weights": [0.25, 1, 3]}), \
        lambda x: cross_entropy(x.z, x.y[:, 0], weight=torch.tensor([0.25, 1, 3]), label_smoothing=0.1)
    yield "torchvision", "spec", ("focal", {}), lambda x: sigmoid_focal_loss(x.z, x.g, reduction="mean")


def library(preset):
    if preset not in LIBRARIES:
        return f"formula: {preset}"
    return f"{LIBRARIES[preset]} {version(LIBRARIES[preset])}"


def evaluate(row, fixtures):
    preset, name, what, reference, *rest = row
    tolerance = rest[0] if len(rest) == 1 else 1e-9
    relation, why = rest if len(rest) == 2 else ((lambda v: v), None)
    parts = what if isinstance(what, list) else [(1, what)]
    class_weights = parts[0][1][1].get("class_weights")
    data = fixtures[name] if class_weights is None else {**fixtures[name], "class_weights": class_weights}
    both, given = Both(data), Inputs(fixtures[name])

    def explicit(loss, changes):
        return default(loss, both.frame, **{k: v for k, v in changes.items() if k != "class_weights"})

    if isinstance(what, list):
        loss = "weighted"
        parameters = {"parts": [{"weight": k, "loss": l, "parameters": explicit(l, c)} for k, (l, c) in parts]}
    else:
        loss, parameters = what[0], explicit(*what)
    value, gradient = both.evaluate(loss, parameters)
    undefined, value = value is None, 0.0 if value is None else float(value)
    theirs = reference(given)
    found = float(theirs)
    if relation is not None:
        limit = max(tolerance, F32 if why else 0) * max(abs(value), abs(found))
        assert abs(found - relation(value)) <= limit, (preset, what, value, found)
    case = {"preset": preset, "library": library(preset), "loss": loss, "parameters": parameters, "fixture": name,
            "value": value, "differs": why and f"{why}; it returns {digits(found, 9)}"}
    if class_weights is not None:
        case["class_weights"] = class_weights
    if undefined:
        case["undefined"] = True
    if why is None and torch.is_tensor(theirs) and theirs.requires_grad and tolerance < F32 and not undefined:
        (slope,) = torch.autograd.grad(theirs, given.z)
        top = np.abs(gradient).max()
        assert np.abs(slope.numpy().reshape(gradient.shape) - gradient).max() <= 1e-6 * top, (preset, what)
        if gradient.size <= 48:
            case["gradient"] = [digits(k, 7) + 0.0 for k in gradient.ravel()]
    return case


def presets(_demo):
    fixtures = frames()
    libraries = {LIBRARIES[k]: version(LIBRARIES[k]) for k in LIBRARIES}
    return {"versions": {**VERSIONS, **libraries}, "cases": [evaluate(row, fixtures) for row in rows()]}
