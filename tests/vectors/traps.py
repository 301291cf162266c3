"""traps.json: what libraries return that is not what their names say, those libraries being run. MetricsReloaded is not on
PyPI: a checkout has to be on PYTHONPATH."""

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import segmentation_models_pytorch as smp
import torch
from mikan._mikan import ConfusionMatrixRS
from monai.metrics import FBetaScore
from torchmetrics.classification import BinaryMatthewsCorrCoef

from common import VERSIONS

for missing in ("pandas", "nibabel"):  # imported there, and not used here
    if find_spec(missing) is None:
        sys.modules[missing] = ModuleType(missing)

from MetricsReloaded.metrics.prob_pairwise_measures import ProbabilityPairwiseMeasures


def mmseg_metric():
    """mmsegmentation's IoUMetric. Importing the package takes a compiled mmcv; this file takes names only."""
    registry, base = ModuleType("registry"), type("BaseMetric", (), {})
    registry.register_module = lambda: lambda metric: metric
    members = {"mmseg": {}, "mmseg.evaluation": {}, "mmseg.evaluation.metrics": {}, "mmseg.registry": {"METRICS": registry},
               "mmengine": {}, "mmengine.dist": {"is_main_process": None}, "mmengine.evaluator": {"BaseMetric": base},
               "mmengine.logging": {"MMLogger": None, "print_log": None}, "mmengine.utils": {"mkdir_or_exist": None},
               "prettytable": {"PrettyTable": None}}
    root = Path(find_spec("mmseg").origin).parent
    for name, given in members.items():
        module = sys.modules[name] = ModuleType(name)
        module.__path__ = [str(root.joinpath(*name.split(".")[1:]))] if name.startswith("mmseg") else []
        vars(module).update(given)
    return import_module("mmseg.evaluation.metrics.iou_metric").IoUMetric


def mmseg():
    """A large frame that is all class 1, then frames that miss a pixel of it."""
    metric, pixels, frames = mmseg_metric(), 1 << 24, 1000
    large = torch.ones(1, pixels, dtype=torch.uint8)
    labels, found = torch.tensor([[1, 0]]), torch.tensor([[0, 0]])
    areas = [metric.intersect_and_union(large, large, 2, 255)]
    areas += [metric.intersect_and_union(found, labels, 2, 255)] * frames
    totals = [sum(area) for area in zip(*areas)]  # as compute_metrics has it
    iou = metric.total_area_to_metrics(*totals, ["mIoU"])["IoU"]
    return {"version": version("mmsegmentation"), "pixels": pixels, "frames": frames, "iou": [float(x) for x in iou]}


def imagewise():
    """Two images of three classes that are perfect."""
    counts = [torch.tensor([[4, 5, 6], [7, 8, 9]])] + [torch.zeros(2, 3, dtype=torch.int64)] * 3
    of = {name: float(smp.metrics.iou_score(*counts, reduction=name, class_weights=[1.0, 1.0, 2.0]))
          for name in ("weighted", "weighted-imagewise", "macro-imagewise")}
    return {"version": smp.__version__, "iou": of}


def f_beta():
    """Images of 1 and 99 labelled pixels: the small one is missed."""
    labels, found = torch.zeros(2, 1, 1, 100), torch.zeros(2, 1, 1, 100)
    labels[0, 0, 0, :1], labels[1, 0, 0, :99], found[1, 0, 0, :99] = 1, 1, 1
    metric = FBetaScore(beta=2.0, reduction="mean")
    metric(found, labels)
    return {"version": version("monai"), "f_beta": float(metric.aggregate()[0])}


def reloaded():
    """Four pixels, at a threshold of one half."""
    benefit = ProbabilityPairwiseMeasures(np.array([0.9, 0.8, 0.7, 0.1]), np.array([1, 1, 0, 0]), case=None)
    return {"version": "cb38dfc", "net_benefit": float(benefit.net_benefit_treated())}


def correlation():
    """Few pixels of the class, and hardly any of them found: f32 has no digits left for the covariance."""
    counts = {"tn": 8_000_000, "fp": 1000, "fn": 900, "tp": 1}
    sizes = torch.tensor(list(counts.values()))
    found, labels = (torch.repeat_interleave(torch.tensor(ids), sizes) for ids in ([0, 1, 0, 1], [0, 0, 1, 1]))
    return {"version": version("torchmetrics"), "counts": counts, "mcc": float(BinaryMatthewsCorrCoef()(found, labels))}


def f_beta_of_bytes():
    """Three pixels found, three missed, two false: for beta of 2 and of 16."""
    labels, found = (np.zeros((1, 1, 10), np.uint8) for _ in range(2))
    labels[..., :6], found[..., 3:8] = 1, 1
    counts = ConfusionMatrixRS.new_from_ndarray(labels, found, 1)
    return {"version": version("mikan-rs"), "f_beta": [counts.get_f_beta_score(beta) for beta in (2, 16)]}


def traps(_demo):
    return {"versions": VERSIONS, "mmseg": mmseg(), "smp": imagewise(), "monai": f_beta(), "metrics_reloaded": reloaded(),
            "torchmetrics": correlation(), "mikan": f_beta_of_bytes()}
