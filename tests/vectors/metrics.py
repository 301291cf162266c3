"""metrics.json: confusion reports and threshold sketches, written out from their definitions and compared with
scikit-learn wherever it defines the same."""

import numpy as np
import sklearn.metrics as skm

from common import IGNORE, VERSIONS, probability, random_labels

# ---------------------------------------------------------------- metrics: confusion matrix

def ratio(numerator, denominator):
    """None (JSON null) where the metric is undefined: no constant stands in for 0/0."""
    return numerator / denominator if denominator else None


def mean_defined(values):
    defined = [v for v in values if v is not None]
    return ratio(sum(defined), len(defined))


def confusion_matrix(labels, predictions, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for label, prediction in zip(labels, predictions):
        if label != IGNORE:
            matrix[label][prediction] += 1
    return matrix


def class_report(matrix, c):
    n, tp = sum(map(sum, matrix)), matrix[c][c]
    fn, fp = sum(matrix[c]) - tp, sum(row[c] for row in matrix) - tp
    tn = n - tp - fn - fp
    return {
        "iou": ratio(tp, tp + fp + fn), "dice": ratio(2 * tp, 2 * tp + fp + fn),
        "precision": ratio(tp, tp + fp), "recall": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp), "negative_predictive_value": ratio(tn, tn + fn),
    }


def confusion_report(matrix):
    classes = range(len(matrix))
    n, hits = sum(map(sum, matrix)), sum(matrix[c][c] for c in classes)
    truth = [sum(row) for row in matrix]
    guess = [sum(row[c] for row in matrix) for c in classes]
    chance = sum(t * p for t, p in zip(truth, guess))
    per_class = [class_report(matrix, c) for c in classes]
    spread = (n * n - sum(p * p for p in guess)) * (n * n - sum(t * t for t in truth))
    return {
        "pixel_accuracy": ratio(hits, n),
        "mean_accuracy": mean_defined([k["recall"] for k in per_class]),
        "mean_iou": mean_defined([k["iou"] for k in per_class]),
        "frequency_weighted_iou": ratio(sum(t * k["iou"] for t, k in zip(truth, per_class) if t), n),
        "mcc": ratio(n * hits - chance, spread ** 0.5),
        "kappa": ratio(n * hits - chance, n * n - chance),
        "per_class": per_class,
    }


def same(ours, theirs):
    """scikit-learn writes NaN (asked to) where we write null."""
    return np.isnan(theirs) if ours is None else abs(ours - theirs) <= 1e-12


def check_confusion(labels, predictions, matrix, report):
    keep = labels != IGNORE
    y, p = labels[keep], predictions[keep]
    if not y.size:
        return  # scikit-learn refuses an empty sample
    ids = list(range(len(matrix)))
    nan = {"average": None, "labels": ids, "zero_division": np.nan}
    assert (skm.confusion_matrix(y, p, labels=ids) == matrix).all()
    assert same(report["pixel_accuracy"], skm.accuracy_score(y, p))
    columns = {"precision": skm.precision_score, "recall": skm.recall_score, "dice": skm.f1_score}
    for key, function in columns.items():
        assert all(same(k[key], v) for k, v in zip(report["per_class"], function(y, p, **nan))), key
    # jaccard_score cannot be asked for NaN, so an undefined IoU is compared as its 0.
    iou = skm.jaccard_score(y, p, average=None, labels=ids, zero_division=0)
    assert all(same(k["iou"] or 0, v) for k, v in zip(report["per_class"], iou))
    for c in ids:  # specificity and NPV are recall and precision of "not this class"
        found, nan = report["per_class"][c], {"zero_division": np.nan}
        assert same(found["specificity"], skm.recall_score(y != c, p != c, **nan))
        assert same(found["negative_predictive_value"], skm.precision_score(y != c, p != c, **nan))
    present = [k["recall"] for k in report["per_class"] if k["recall"] is not None]
    assert same(report["mean_accuracy"], sum(present) / len(present))
    if report["mcc"] is not None:  # scikit-learn returns 0 for 0/0
        assert same(report["mcc"], skm.matthews_corrcoef(y, p))
    if report["kappa"] is not None:
        assert same(report["kappa"], skm.cohen_kappa_score(y, p, labels=ids))


def confusion_case(name, classes, labels, predictions):
    matrix = confusion_matrix(labels, predictions, classes)
    report = confusion_report(matrix)
    check_confusion(labels, predictions, matrix, report)
    return {"name": name, "classes": classes, "ignore": IGNORE, "labels": labels.tolist(),
            "predictions": predictions.tolist(), "matrix": matrix, "report": report}


def confusion_cases():
    rng = np.random.default_rng(7)

    def truth(size, classes):
        return np.where(rng.random(size) < 0.1, IGNORE, rng.integers(0, classes, size))

    def guess(labels, classes):  # half of the pixels copied, the rest at random
        copied = (rng.random(labels.size) < 0.5) & (labels != IGNORE)
        return np.where(copied, labels, rng.integers(0, classes, labels.size))

    cases = []
    for classes, size in ((2, 150), (3, 211), (11, 600)):
        labels = truth(size, classes)
        cases.append(confusion_case(f"random_{classes}", classes, labels, guess(labels, classes)))
    labels = truth(120, 3)  # class 3 is in neither
    cases.append(confusion_case("absent_class", 4, labels, guess(labels, 3)))
    labels = truth(120, 3)  # class 3 is only predicted: an IoU of 0, but no recall
    cases.append(confusion_case("absent_from_labels", 4, labels, guess(labels, 4)))
    off, some = np.zeros(60, int), rng.integers(0, 2, 60)
    cases.append(confusion_case("empty_labels", 2, off, some))
    cases.append(confusion_case("empty_predictions", 2, some, off))
    cases.append(confusion_case("both_empty", 2, off, off))
    cases.append(confusion_case("all_ignored", 2, off + IGNORE, some))
    labels = truth(90, 3)
    cases.append(confusion_case("perfect", 3, labels, np.where(labels == IGNORE, 0, labels)))
    cases.append(confusion_case("all_wrong", 2, some, 1 - some))
    return cases


# ---------------------------------------------------------------- metrics: threshold sketch

def expected_calibration_error(confidence, hit, bins=15):
    """Sum over the bins of |hits - confidence| / n; the last bin is closed."""
    # A confidence on an inner bin edge would make the test depend on rounding.
    edges = np.arange(1, bins)
    assert np.abs(bins * confidence[:, None] - edges).min() > 1e-5
    index = np.minimum(bins - 1, np.floor(bins * confidence).astype(int))
    gap = np.bincount(index, hit, bins) - np.bincount(index, confidence, bins)
    return float(np.abs(gap).sum() / confidence.size)


def rank_auroc(codes, labels):
    """Share of (road, rest) pairs in the right order, ties half: by counting, not by a curve."""
    road, rest = (np.bincount(codes[labels == k].astype(int) + 128, minlength=256) for k in (1, 0))
    twice = sum(int(rest[k]) * (2 * int(road[k + 1:].sum()) + int(road[k])) for k in range(256))
    return twice / (2 * int(road.sum()) * int(rest.sum()))


def sketch_report(codes, labels, scale, zero_point):
    keep = labels != IGNORE
    codes, labels = codes[keep], labels[keep]
    names = "auroc", "average_precision", "ece_top_label", "ece_positive", "brier"
    report = dict.fromkeys(names)
    if not codes.size:
        return report
    p = probability(codes, scale, zero_point)
    if 0 < labels.sum() < labels.size:
        report["auroc"] = float(skm.roc_auc_score(labels, codes))
        assert abs(report["auroc"] - rank_auroc(codes, labels)) < 1e-12
    if labels.any():  # without background every precision is 1; without foreground there is no recall
        report["average_precision"] = float(skm.average_precision_score(labels, codes))
    report["ece_top_label"] = expected_calibration_error(np.maximum(p, 1 - p), (codes > zero_point) == labels)
    report["ece_positive"] = expected_calibration_error(p, labels)
    report["brier"] = float(((p - labels) ** 2).mean())
    return report


def sketch_case(name, codes, labels, scale, zero_point, source=None):
    report = sketch_report(codes.ravel(), labels.ravel().astype(int), scale, zero_point)
    inline = source is None  # a whole frame is read from the demo pack instead
    return {"name": name, "source": source,
            "codes": codes.ravel().tolist() if inline else None,
            "labels": labels.ravel().astype(int).tolist() if inline else None,
            "ignore": IGNORE, "scale": float(np.float32(scale)), "zero_point": zero_point, **report}


def sketch_cases(demo):
    rng = np.random.default_rng(11)
    cases = [sketch_case(f"frame_{i}", demo.codes[i], demo.reference[i], demo.scale, demo.zero_point,
                         {"frame": i, "label": "reference"}) for i in (0, 120, 150, 190)]
    labels = random_labels(rng, 200, 0.1)
    codes = np.clip(rng.normal(20 + 40 * (labels == 1), 45), -128, 127).astype(np.int8)
    few = rng.choice(np.array([-60, -5, 3, 4, 50], np.int8), 150)  # every score many times
    cases.append(sketch_case("random", codes, labels, 0.0517, 31))
    cases.append(sketch_case("random_negative_zero_point", rng.integers(-128, 128, 180).astype(np.int8),
                             random_labels(rng, 180, 0.1), 0.11, -19))
    cases.append(sketch_case("ties", few, random_labels(rng, 150, 0.1), 0.04, 3))
    cases.append(sketch_case("one_value", np.full(40, 9, np.int8), random_labels(rng, 40, 0), 0.1, 2))
    apart, two = np.array([-100, -90, -80, 70, 80, 90], np.int8), np.array([0, 0, 0, 1, 1, 1])
    cases.append(sketch_case("separable", apart, two, 0.1, 0))
    cases.append(sketch_case("reversed", apart, 1 - two, 0.1, 0))
    cases.append(sketch_case("only_road", codes[:60], np.ones(60, int), 0.0517, 31))
    cases.append(sketch_case("no_road", codes[:60], np.zeros(60, int), 0.0517, 31))
    cases.append(sketch_case("all_ignored", codes[:30], np.full(30, IGNORE), 0.0517, 31))
    return cases


def metrics(demo):
    return {"versions": VERSIONS, "confusion": confusion_cases(), "sketch": sketch_cases(demo)}
