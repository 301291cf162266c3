"""surface.json: boundary and surface metrics as the libraries themselves give them.

Every number is the return value of a library that was run for it; nothing here computes a metric. Libraries that
are on PyPI are imported. The others are run from a checkout whose folder an environment variable names:

    SURFACE_DISTANCE   google-deepmind/surface-distance
    METRICS_RELOADED   Project-MONAI/MetricsReloaded
    BOUNDARY_IOU       bowenc0221/boundary-iou-api
    DAVIS              davisvideochallenge/davis2017-evaluation

`null` stands for NaN or an exception, "inf" for infinity.
"""

import contextlib
import importlib
import io
import os
import subprocess
import sys
import types
import warnings
from importlib.metadata import version

import medpy.metric.binary as medpy
import numpy as np
import scipy.ndimage
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from panoptica.metrics import (
    _compute_instance_average_symmetric_surface_distance as panoptica_assd,
    _compute_instance_hausdorff_distance as panoptica_hd,
    _compute_instance_hausdorff_distance95 as panoptica_hd95,
    _compute_instance_normalized_surface_dice as panoptica_nsd,
)
from torchmetrics.functional.segmentation import hausdorff_distance as torchmetrics_hd

from common import VERSIONS, digits

warnings.filterwarnings("ignore")


def checkout(variable, module, commits):
    """A module of a checkout; its commit goes into the file."""
    folder = os.environ[variable]
    commits[variable.lower()] = os.environ.get(f"{variable}_COMMIT") or subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    finally:
        sys.path.remove(folder)


def number(work):
    """What a library returns, as JSON has it."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            value = float(work())
    except Exception:  # noqa: BLE001: whatever a library raises, it has no value
        return None
    return None if np.isnan(value) else "inf" if np.isinf(value) else digits(value, 14)


def drawn(*rows):
    return np.array([[c == "#" for c in row] for row in rows])


def rectangle(shape, rows, columns):
    mask = np.zeros(shape, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def pairs(demo):
    """Prediction and label by name."""
    rng = np.random.default_rng(20261123)
    none, dot = np.zeros((6, 9), bool), rectangle((6, 9), (2, 3), (3, 4))
    box = rectangle((6, 9), (1, 4), (2, 7))
    found = {
        "both_empty": (none, none),
        "prediction_empty": (none, box),
        "label_empty": (box, none),
        "dots": (dot, rectangle((6, 9), (5, 6), (8, 9))),
        "same_dot": (dot, dot),
        "dot_in_the_corner": (rectangle((6, 9), (0, 1), (0, 1)), box),
        "both_full": (~none, ~none),
        "full_prediction": (~none, box),
        "touching_the_frame": (rectangle((9, 14), (4, 9), (0, 9)), rectangle((9, 14), (3, 9), (2, 14))),
        "wide": (rectangle((6, 40), (2, 5), (3, 30)), rectangle((6, 40), (1, 4), (8, 39))),
        "tall": (rectangle((33, 5), (2, 25), (1, 4)), rectangle((33, 5), (9, 32), (0, 4))),
        "one_row": (rectangle((1, 20), (0, 1), (3, 9)), rectangle((1, 20), (0, 1), (5, 16))),
        "one_column": (rectangle((20, 1), (3, 9), (0, 1)), rectangle((20, 1), (5, 16), (0, 1))),
        "diagonals": (drawn("#....#", ".#..#.", "..##..", "..##..", ".#..#."),
                      drawn(".#....", "#.#...", ".#.#..", "..#.#.", "...#..")),
        "noise": (rng.random((12, 17)) < 0.5, rng.random((12, 17)) < 0.4),
        "holes": (rng.random((24, 31)) < 0.95, rng.random((24, 31)) < 0.97),
        "square": (rectangle((12, 12), (3, 9), (2, 8)), rectangle((12, 12), (4, 11), (4, 11))),
        "far_blob": (rectangle((48, 60), (20, 44), (10, 40)) | rectangle((48, 60), (2, 4), (52, 56)),
                     rectangle((48, 60), (22, 46), (12, 43))),
    }
    road = demo.codes > demo.zero_point
    for frame in (0, 108, 156, 187):
        # The road of the int8 network against that of the float network, and against the hand label.
        found[f"road_{frame}"] = (road[frame], demo.reference[frame] == 1)
        slot = demo.labelled.index(frame)
        found[f"hand_{frame}"] = (road[frame], demo.label[slot] == 1)
    return found


def packed(mask):
    """A row as hexadecimal bytes, lowest bit left."""
    return ["".join(f"{byte:02x}" for byte in np.packbits(row, bitorder="little")) for row in mask]


def monai(p, g, spacing):
    y_pred, y = (torch.tensor(m)[None, None].float() for m in (p, g))
    options = {"include_background": True, "spacing": list(spacing)}

    def hd(**more):
        return compute_hausdorff_distance(y_pred, y, **options, **more)

    def nsd(tolerance, **more):
        return compute_surface_dice(y_pred, y, [tolerance], **options, **more)

    values = {
        "hausdorff": number(hd), "hausdorff_to_label": number(lambda: hd(directed=True)),
        "percentile_0": number(lambda: hd(percentile=0)),
        "mean_to_label": number(lambda: compute_average_surface_distance(y_pred, y, **options)),
        "assd": number(lambda: compute_average_surface_distance(y_pred, y, symmetric=True, **options)),
    }
    for q in (50, 95, 99):
        values[f"percentile_{q}"] = number(lambda: hd(percentile=q))
    for t in TOLERANCES:
        values[f"nsd_{t}"] = number(lambda: nsd(t))
        values[f"subvoxel_nsd_{t}"] = number(lambda: nsd(t, use_subvoxels=True))
    return values


def medpy_values(p, g, spacing):
    def run(function, connectivity=1):
        return number(lambda: function(p, g, voxelspacing=spacing, connectivity=connectivity))

    values = {"hausdorff": run(medpy.hd), "percentile_95": run(medpy.hd95), "assd": run(medpy.assd),
              "mean_to_label": run(medpy.asd)}
    square = {"hausdorff": run(medpy.hd, 2), "percentile_95": run(medpy.hd95, 2), "assd": run(medpy.assd, 2)}
    return values | {f"square_{name}": value for name, value in square.items()}


def panoptica(p, g, spacing):
    def run(function, **more):
        return number(lambda: function(g, p, voxelspacing=spacing, **more))

    return {"hausdorff": run(panoptica_hd), "percentile_95": run(panoptica_hd95), "masd": run(panoptica_assd)} | {
        f"nsd_{t}": run(panoptica_nsd, threshold=t) for t in TOLERANCES}


TOLERANCES = (0.0, 0.5, 1.0, 2.0, 3.5)


def surface(demo):
    commits = {}
    # Names that SciPy has removed since; the same functions.
    scipy.ndimage.filters = types.SimpleNamespace(correlate=scipy.ndimage.correlate)
    scipy.ndimage.morphology = types.SimpleNamespace(distance_transform_edt=scipy.ndimage.distance_transform_edt)
    google = checkout("SURFACE_DISTANCE", "surface_distance.metrics", commits)
    reloaded = checkout("METRICS_RELOADED", "MetricsReloaded.metrics.pairwise_measures", commits)
    sys.modules["pycocotools"] = types.ModuleType("pycocotools")
    sys.modules["pycocotools.mask"] = sys.modules["pycocotools"].mask = types.ModuleType("pycocotools.mask")
    boundary = checkout("BOUNDARY_IOU", "boundary_iou.utils.boundary_utils", commits)
    sys.modules["davis2017"] = types.ModuleType("davis2017")
    sys.modules["davis2017"].__path__ = [os.path.join(os.environ["DAVIS"], "davis2017")]
    davis = checkout("DAVIS", "davis2017.metrics", commits)

    def google_values(p, g, spacing):
        def run(function, *more):
            return number(lambda: function(google.compute_surface_distances(g, p, spacing), *more))

        def one(function, which, *more):
            return number(lambda: function(google.compute_surface_distances(g, p, spacing), *more)[which])

        values = {"hausdorff": run(google.compute_robust_hausdorff, 100),
                  "mean_to_prediction": one(google.compute_average_surface_distance, 0),
                  "mean_to_label": one(google.compute_average_surface_distance, 1)}
        values |= {f"percentile_{q}": run(google.compute_robust_hausdorff, q) for q in (50, 95, 99)}
        for t in TOLERANCES:
            values[f"nsd_{t}"] = run(google.compute_surface_dice_at_tolerance, t)
            values[f"matched_to_prediction_{t}"] = one(google.compute_surface_overlap_at_tolerance, 0, t)
            values[f"matched_to_label_{t}"] = one(google.compute_surface_overlap_at_tolerance, 1, t)
        return values

    def reloaded_values(p, g, spacing):
        def measure(name, **arguments):
            pair = reloaded.BinaryPairwiseMeasures(
                p.astype(np.int64), g.astype(np.int64), pixdim=spacing, dict_args=arguments)
            return number(getattr(pair, name))

        values = {"hausdorff": measure("measured_hausdorff_distance", hd_perc=95),
                  "percentile_95": measure("measured_hausdorff_distance_perc", hd_perc=95),
                  "assd": measure("measured_average_distance", hd_perc=95),
                  "masd": measure("measured_masd", hd_perc=95), "contour_iou": measure("boundary_iou")}
        return values | {f"nsd_{t}": measure("normalised_surface_distance", nsd=t) for t in TOLERANCES}

    def boundary_values(p, g, _):
        def iou(ratio):
            b, c = (boundary.mask_to_boundary(m.astype(np.uint8), ratio) for m in (p, g))
            union = ((b + c) > 0).sum()
            return (b * c > 0).sum() / union if union else np.nan

        return {f"ratio_{ratio}": number(lambda: iou(ratio)) for ratio in (0.005, 0.02, 0.1)}

    def davis_values(p, g, _):
        def f(threshold):
            return number(lambda: davis.f_measure(p, g, bound_th=threshold))

        return {"f": f(0.008), "f_radius_1": f(1), "f_radius_3": f(3)}

    def torchmetrics(p, g, _):
        # Two classes, one-hot, and the background left out; it fails with doubles as the default.
        hot = [torch.tensor(np.stack([~m, m]))[None].long() for m in (p, g)]
        torch.set_default_dtype(torch.float32)
        value = number(lambda: torchmetrics_hd(*hot, num_classes=2, include_background=False,
                                               input_format="one-hot").squeeze())
        torch.set_default_dtype(torch.float64)
        return {"hausdorff": value}

    makers = {"monai": monai, "medpy": medpy_values, "panoptica": panoptica, "surface_distance": google_values,
              "metrics_reloaded": reloaded_values}
    unspaced = {"boundary_iou": boundary_values, "davis": davis_values, "torchmetrics": torchmetrics}
    masks, cases = pairs(demo), []
    for name, (p, g) in masks.items():
        for library, maker in (makers | unspaced).items():
            spacings = [(1.0, 1.0), (0.5, 0.25), (1.3, 0.7)][:1 if library in unspaced else 3 if len(p) < 100 else 2]
            for spacing in spacings:
                cases.append({"pair": name, "library": library, "spacing": list(spacing),
                              "values": maker(p, g, spacing)})
    libraries = {name: version(name) for name in ("monai", "medpy", "panoptica", "torchmetrics")}
    return {
        "versions": VERSIONS | libraries | commits,
        "pairs": {name: {"height": p.shape[0], "width": p.shape[1], "prediction": packed(p), "label": packed(g)}
                  for name, (p, g) in masks.items()},
        "cases": cases,
    }
