"""libraries.json: what other libraries say of a few masks, by running them. Metrics Reloaded is not on PyPI: a checkout
has to be on PYTHONPATH. Nothing here is computed by us but mmseg's IoU, which is written from its description."""

import tempfile
import warnings
from collections import namedtuple
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torchmetrics as tm
import torchmetrics.detection
import torchmetrics.segmentation
from medpy.metric import binary as medpy
from MetricsReloaded.metrics.calibration_measures import CalibrationMeasures
from MetricsReloaded.metrics.pairwise_measures import BinaryPairwiseMeasures, MultiClassPairwiseMeasures
from MetricsReloaded.metrics.prob_pairwise_measures import ProbabilityPairwiseMeasures
from monai.metrics import (DiceMetric, GeneralizedDiceScore, MeanIoU, compute_confusion_matrix_metric,
                           compute_panoptic_quality, get_confusion_matrix)
from PIL import Image

from common import IGNORE, VERSIONS

warnings.filterwarnings("ignore")


def number(x):
    """null where a library says NaN."""
    x = float(x)
    return None if np.isnan(x) else x


# ---------------------------------------------------------------- frames

def text(rows):
    return np.array([[int(c) for c in row] for row in rows.split()])


def frames(demo):
    """Two classes: name -> (labels, predictions)."""
    rng = np.random.default_rng(3)
    off, dot, corner = np.zeros((5, 9), int), np.zeros((5, 9), int), np.zeros((5, 9), int)
    dot[2, 4], corner[3:, 6:] = 1, 1
    road = text("000010000 000111000 001111100 011111110 111111111")
    found = text("000000000 000111000 000111110 001111111 111111100")
    binary = {"both_empty": (off, off), "empty_labels": (off, dot), "empty_predictions": (dot, off),
              "single_pixel": (dot, dot), "pixel_missed": (dot, corner), "touches_frame": (road, found),
              "all_road": (off + 1, off + 1), "all_road_missed": (off + 1, road),
              "noise": (rng.integers(0, 2, (7, 4)), rng.integers(0, 2, (7, 4)))}
    for frame in (0, 120, 190):
        binary[f"demo_{frame}"] = demo.reference[frame].astype(int), (demo.codes[frame] > demo.zero_point).astype(int)
    return binary


def class_frames():
    """Three classes, of which some are in neither, in labels only or in predictions only."""
    rng = np.random.default_rng(4)
    images = {}
    for name, labelled, predicted in (("all", 3, 3), ("absent", 2, 2), ("false_alarm", 2, 3), ("missed", 3, 2)):
        labels = np.repeat(np.repeat(rng.integers(0, labelled, (3, 4)), 2, 0), 3, 1)
        noise = rng.random(labels.shape) < 0.3
        images[name] = labels, np.where(noise | (labels >= predicted), rng.integers(0, predicted, labels.shape), labels)
    return images


def one_hot(ids, classes):
    return torch.nn.functional.one_hot(torch.as_tensor(ids), classes).movedim(-1, 0)[None].float()


# ---------------------------------------------------------------- of a class in an image

MONAI_NAMES = {"recall": "sensitivity", "specificity": "specificity", "precision": "precision",
               "negative_predictive_value": "negative predictive value", "false_negative_rate": "miss rate",
               "false_positive_rate": "fall out", "false_discovery_rate": "false discovery rate",
               "false_omission_rate": "false omission rate", "accuracy": "accuracy",
               "balanced_accuracy": "balanced accuracy", "dice": "f1 score", "iou": "threat score",
               "mcc": "matthews correlation coefficient", "informedness": "informedness", "markedness": "markedness"}
MR_NAMES = {"dice": "dsc", "iou": "intersection_over_union", "recall": "sensitivity", "specificity": "specificity",
            "precision": "positive_predictive_value", "negative_predictive_value": "negative_predictive_value",
            "accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "informedness": "youden_index",
            "mcc": "matthews_correlation_coefficient", "f_beta": "fbeta", "net_benefit": "net_benefit_treated",
            "absolute_relative_volume_difference": "absolute_volume_difference_ratio",
            "false_positive_rate": "false_positive_rate", "kappa": "cohens_kappa",
            "centreline_dice": "centreline_dsc"}
MEDPY_NAMES = {"dice": "dc", "iou": "jc", "precision": "precision", "recall": "recall",
               "specificity": "specificity", "relative_volume_difference": "ravd"}


def metrics_reloaded(labels, predictions):
    options = {"beta": 2, "exchange_rate": 0.25}
    values = {}
    for ours, theirs in MR_NAMES.items():
        measure = BinaryPairwiseMeasures(predictions, labels, dict_args=options)
        try:
            values[ours] = number(getattr(measure, theirs)())
        except (ValueError, ZeroDivisionError, TypeError) as refusal:
            values[ours] = f"raises {type(refusal).__name__}"
    return values


def of_medpy(labels, predictions):
    values = {}
    for ours, theirs in MEDPY_NAMES.items():
        try:
            values[ours] = number(getattr(medpy, theirs)(predictions, labels))
        except (RuntimeError, ZeroDivisionError) as refusal:
            values[ours] = f"raises {type(refusal).__name__}"
    return values


def of_monai(labels, predictions):
    y, p = one_hot(labels, 2), one_hot(predictions, 2)
    matrix = get_confusion_matrix(p, y, include_background=False)
    values = {ours: number(compute_confusion_matrix_metric(theirs, matrix)) for ours, theirs in MONAI_NAMES.items()}
    for ours, metric in (("dice", DiceMetric), ("iou", MeanIoU)):
        for suffix, ignore in (("", True), ("_keep_empty", False)):
            m = metric(include_background=False, reduction="none", ignore_empty=ignore)
            values[f"{'mean_' + ours}{suffix}"] = number(m(p, y))
    return values


def image_cases(binary):
    return [{"frame": name, "labels": None if name.startswith("demo") else y.ravel().tolist(),
             "predictions": None if name.startswith("demo") else p.ravel().tolist(), "shape": list(y.shape),
             "monai": of_monai(y, p), "metrics_reloaded": metrics_reloaded(y, p), "medpy": of_medpy(y, p)}
            for name, (y, p) in binary.items()]


# ---------------------------------------------------------------- over classes and images

def averages(images, classes):
    values = {}
    for background in (True, False):
        tag = "" if background else "_foreground"
        runs = {
            f"monai_dice{tag}": DiceMetric(include_background=background, reduction="mean"),
            f"monai_dice_keep_empty{tag}":
                DiceMetric(include_background=background, reduction="mean", ignore_empty=False),
            f"monai_iou{tag}": MeanIoU(include_background=background, reduction="mean"),
        }
        tm_runs = {
            f"torchmetrics_mean_iou{tag}": tm.segmentation.MeanIoU(classes, include_background=background),
            f"torchmetrics_dice_samplewise{tag}": tm.segmentation.DiceScore(
                classes, include_background=background, average="macro", aggregation_level="samplewise"),
            f"torchmetrics_dice_global{tag}": tm.segmentation.DiceScore(
                classes, include_background=background, average="macro", aggregation_level="global"),
        }
        for y, p in images.values():
            y, p = one_hot(y, classes), one_hot(p, classes)
            [run(p, y) for run in runs.values()]
            [run.update(p.int(), y.int()) for run in tm_runs.values()]
        values |= {name: number(run.aggregate()) for name, run in runs.items()}
        values |= {name: number(run.compute()) for name, run in tm_runs.items()}
    pooled = [torch.as_tensor(np.concatenate([pair[k].ravel() for pair in images.values()])) for k in (1, 0)]
    jaccard = tm.JaccardIndex("multiclass", num_classes=classes)
    values["torchmetrics_jaccard"] = number(jaccard(*pooled))
    for weights in ("linear", "quadratic"):
        kappa = tm.CohenKappa("multiclass", num_classes=classes, weights=weights)
        values[f"torchmetrics_kappa_{weights}"] = number(kappa(*pooled))
    values["torchmetrics_mcc"] = number(tm.MatthewsCorrCoef("multiclass", num_classes=classes)(*pooled))
    # mmseg, from its description: areas added over the images, then the mean over the classes.
    p, y = (x.numpy() for x in pooled)
    areas = [(((y == c) & (p == c)).sum(), ((y == c) | (p == c)).sum()) for c in range(classes)]
    values["mmseg_mean_iou"] = number(np.nanmean([i / u if u else np.nan for i, u in areas]))
    measure = MultiClassPairwiseMeasures(p, y, list(range(classes)))
    values["metrics_reloaded_kappa"] = number(measure.weighted_cohens_kappa())
    values["metrics_reloaded_mcc"] = number(measure.matthews_correlation_coefficient())
    values["generalised_dice"] = [
        {weight: number(GeneralizedDiceScore(include_background=background, weight_type=theirs)(
            one_hot(p, classes), one_hot(y, classes)))
         for weight, theirs in (("square", "square"), ("simple", "simple"), ("linear", "uniform"))} | {"first": 0 if background else 1, "image": name}
        for name, (y, p) in images.items() for background in (True, False)]
    return values


def average_cases(binary):
    small = {name: pair for name, pair in binary.items() if not name.startswith("demo")}
    cases = []
    for name, classes, images in (("binary", 2, small), ("classes", 3, class_frames())):
        cases.append({"name": name, "classes": classes,
                      "images": [{"name": n, "labels": y.ravel().tolist(), "predictions": p.ravel().tolist()}
                                 for n, (y, p) in images.items()], "values": averages(images, classes)})
    return cases


# ---------------------------------------------------------------- thresholds and calibration

def probability_cases():
    """8-bit probability maps with many certain pixels, as a road benchmark has them."""
    rng = np.random.default_rng(8)
    cases = []
    for name, size in (("certain", 400), ("few", 25), ("no_road", 60), ("only_road", 60)):
        labels = (rng.random(size) < 0.4).astype(int)
        if name.endswith("road"):
            labels[:] = name == "only_road"
        codes = np.clip(rng.normal(128 + 100 * (2 * labels - 1), 120), 0, 255).astype(np.uint8)
        p = codes / 255
        both = 0 < labels.sum() < size
        values = {}
        pt, yt = torch.as_tensor(p), torch.as_tensor(labels)
        for bins in (10, 15):
            for norm in ("l1", "l2", "max"):
                values[f"torchmetrics_{norm}_{bins}"] = number(
                    tm.classification.BinaryCalibrationError(n_bins=bins, norm=norm)(pt, yt))
        measure = CalibrationMeasures(np.stack([1 - p, p], 1), labels, dict_args={"bins_ece": 10, "bins_mce": 10})
        values["metrics_reloaded_ece_10"] = number(measure.expectation_calibration_error())
        values["metrics_reloaded_mce_10"] = number(measure.maximum_calibration_error())
        values["metrics_reloaded_brier"] = number(measure.brier_score())
        if both:
            options = {"value_specificity": 0.8, "value_sensitivity": 0.8}
            prob = ProbabilityPairwiseMeasures(p, labels, dict_args=options)
            values["metrics_reloaded_ap"] = number(prob.average_precision())
            values["metrics_reloaded_auroc"] = number(prob.auroc())
            values["metrics_reloaded_sensitivity_at_specificity"] = number(prob.sensitivity_at_specificity())
            values["metrics_reloaded_specificity_at_sensitivity"] = number(prob.specificity_at_sensitivity())
            values["metrics_reloaded_precision_at_recall"] = number(prob.ppv_at_sensitivity())
            at = tm.classification.BinarySensitivityAtSpecificity(0.8)
            values["torchmetrics_sensitivity_at_specificity"] = number(at(pt, yt)[0])
            values["torchmetrics_precision_at_recall"] = number(
                tm.classification.BinaryPrecisionAtFixedRecall(0.8)(pt, yt)[0])
        if labels.any():
            values["kitti_road"] = kitti_road(codes, labels)
            values |= precisions(codes, labels)
        cases.append({"name": name, "codes": codes.tolist(), "labels": labels.tolist(), "values": values})
    return cases


def kitti_road(codes, labels):
    """From the description of the development kit: comparisons of f32 probabilities with f64 thresholds."""
    p = np.clip(codes.astype("f4") / np.float32(255), 0, 1)
    thresholds = np.arange(0, 256) / 255
    tp = np.array([((p >= t) & (labels == 1)).sum() for t in thresholds], float)
    fp = np.array([((p >= t) & (labels == 0)).sum() for t in thresholds], float)
    positive, negative = (labels == 1).sum(), (labels == 0).sum()
    precision, recall = tp / (tp + fp + 1e-10), tp / positive
    keep = (recall > 0) | (precision > 0)
    best = [max(precision[keep & (recall >= r / 10)], default=0) for r in range(11)]
    f = 2 * precision * recall / (precision + recall + 1e-10)
    k = int(np.argmax(f))
    found = {"max_f": f[k], "average_precision": np.mean(best), "precision": precision[k], "recall": recall[k],
             "false_positive_rate": fp[k] / negative if negative else np.nan,
             "false_negative_rate": 1 - recall[k], "quality": tp[k] / (positive + fp[k])}
    return {"threshold": k} | {name: number(x) for name, x in found.items()}


def precisions(codes, labels):
    """Interpolated average precisions by their definitions, over every distinct threshold."""
    points = []
    for t in np.unique(codes):
        called = codes >= t
        points.append(((called & (labels == 1)).sum() / (labels == 1).sum(), (called & (labels == 1)).sum() / called.sum()))
    points.sort()
    best = lambda r: max((p for x, p in points if x >= r - 1e-12), default=0)
    steps = sorted({0.0} | {r for r, _ in points})
    return {"average_precision_interpolated": float(sum((b - a) * best(b) for a, b in zip(steps, steps[1:]))),
            "average_precision_eleven_point": float(np.mean([best(r / 10) for r in range(11)]))}


# ---------------------------------------------------------------- segments

def segment_maps(rng, shape, void):
    maps = np.zeros((*shape, 2), int)
    for _ in range(7):
        y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        h, w = rng.integers(1, shape[0] + 1), rng.integers(1, shape[1] + 1)
        category = rng.integers(0, 3)
        maps[y:y + h, x:x + w] = category, rng.integers(1, 4) if category else 0
    if void:
        maps[:2, :5] = 9, 0
    return maps


def panoptic_cases():
    rng = np.random.default_rng(12)
    cases = []
    for shape in ((8, 13), (13, 6), (1, 9), (12, 12)):
        labels, noise = segment_maps(rng, shape, True), segment_maps(rng, shape, False)
        predictions = np.where(rng.random(shape)[..., None] < 0.8, labels, noise)
        options = {"things": {1, 2}, "stuffs": {0}, "allow_unknown_preds_category": True}
        run = tm.detection.PanopticQuality(**options, return_sq_and_rq=True, return_per_class=True)
        p, y = (torch.as_tensor(m)[None] for m in (predictions, labels))
        values = run(p, y).reshape(3, 3).tolist()
        pq = tm.detection.PanopticQuality(**options)
        categories = sorted(run.cat_id_to_continuous_id, key=run.cat_id_to_continuous_id.get)
        found = dict(zip(categories, values))
        instances = [torch.as_tensor(np.unique(np.where(m[..., 0] == 1, m[..., 1], 0), return_inverse=True)[1]
                                     .reshape(shape)) for m in (predictions, labels)]
        tp, fp, fn, iou = compute_panoptic_quality(*instances, output_confusion_matrix=True).tolist()
        cases.append({"shape": list(shape), "labels": labels.reshape(-1, 2).tolist(),
                      "predictions": predictions.reshape(-1, 2).tolist(), "torchmetrics": [found[c] for c in (0, 1, 2)],
                      "torchmetrics_mean": number(pq(p, y)),
                      "monai": {"tp": int(tp), "fp": int(fp), "fn": int(fn), "iou": iou}})
    return cases


# ---------------------------------------------------------------- Cityscapes

def cityscapes():
    import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as tool
    from cityscapesscripts.helpers.labels import category2labels, id2label, trainId2label
    args = tool.args
    args.evalInstLevelScore, args.evalPixelAccuracy, args.quiet, args.JSONOutput = True, True, True, False
    args.evalLabels = [i for i in id2label if i >= 0]
    rng = np.random.default_rng(2)
    shape = (24, 40)
    images = []
    matrix, stats, per_image = tool.generateMatrix(args), tool.generateInstanceStats(args), {}
    with tempfile.TemporaryDirectory() as folder:
        for n in range(3):
            train = np.repeat(np.repeat(rng.integers(0, 19, (4, 5)), 6, 0), 8, 1)
            labels = np.vectorize(lambda t: trainId2label[t].id)(train)
            labels[rng.random(shape) < 0.1] = 4  # "static", which is not evaluated
            instances = labels.copy()
            things = np.isin(train, range(11, 19)) & (labels != 4)
            instances[things] = labels[things] * 1000 + rng.integers(0, 3, things.sum())
            guess = np.where(rng.random(shape) < 0.35, rng.permutation(train.ravel()).reshape(shape), train)
            predictions = np.vectorize(lambda t: trainId2label[t].id)(guess)
            predictions[rng.random(shape) < 0.05] = 0  # "unlabeled", predicted
            names = [str(Path(folder) / f"{n}_{kind}.png") for kind in ("pred", "gtFine_labelIds", "gtFine_instanceIds")]
            Image.fromarray(predictions.astype(np.uint8)).save(names[0])
            Image.fromarray(labels.astype(np.uint8)).save(names[1])
            Image.fromarray(instances.astype(np.uint16)).save(names[2])
            tool.evaluatePair(names[0], names[1], matrix, stats, per_image, args)
            to_train = np.vectorize(lambda i: id2label[i].trainId)
            images.append({"labels": to_train(labels).ravel().tolist(), "predictions": to_train(predictions).ravel().tolist(),
                           "instances": np.where(instances > 1000, instances % 1000 + 1, 0).ravel().tolist()})
        not_ignored = [v["nbNotIgnoredPixels"] for v in per_image.values()]
    ids = [trainId2label[t].id for t in range(19)]
    categories = [c for c in category2labels if c != "void"]
    return {"shape": list(shape), "images": images,
            "categories": [categories.index(id2label[i].category) for i in ids],
            "average_sizes": [args.avgClassSize.get(id2label[i].name, 0.0) for i in ids],
            "class_iou": [number(tool.getIouScoreForLabel(i, matrix, args)) for i in ids],
            "instance_iou": [number(tool.getInstanceIouScoreForLabel(i, matrix, stats, args)) for i in ids],
            "category_iou": [number(tool.getIouScoreForCategory(c, matrix, args)) for c in categories],
            "nb_not_ignored": not_ignored}


def libraries(demo):
    names = ("monai", "torchmetrics", "medpy", "cityscapesscripts")
    binary = frames(demo)
    return {"versions": VERSIONS | {name: version(name) for name in names},
            "images": image_cases(binary), "averages": average_cases(binary), "probabilities": probability_cases(),
            "panoptic": panoptic_cases(), "cityscapes": [cityscapes()]}
