"""Libraries and segmeter in turn; see `run`. A library that is not installed is left out, and named at the end."""

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

MISSING = {}


def library(name):
    """A module, or None with a word at the end."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        MISSING[name] = str(error)
        return None


class Arrays:
    """What `segmeter bench --save` writes."""

    def __init__(self, segmeter, folder):
        line = [segmeter, "bench", "--filter", "mcc", "--runs", "1", "--threads", "1", "--save", folder, "--json"]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
        load = lambda name: np.load(Path(folder) / f"{name}.npy")
        self.logits = load("binary-logits").reshape(1, 1, *load("binary-labels").shape)
        self.labels = load("binary-labels").astype(np.uint8)
        self.class_logits = load("classes-logits")[None]
        self.class_labels = load("classes-labels").astype(np.int64)[None]
        rng = np.random.default_rng(1)
        self.ids = rng.integers(0, 19, (2, 1024, 2048), dtype=np.uint8)
        # The masks of `segmeter bench`: a road, the same a little aside, and a noisy prediction of it.
        y, x = np.mgrid[0:1024, 0:2048].astype(np.float32)
        road, near = (y / 1024 * 0.4 * 2048 - abs(x - 1024 - aside) > 0 for aside in (0, 6))
        self.road, self.near, self.noisy = road, near, self.logits[0, 0] > 0


def gradients(torch, logits, loss):
    """A call of value and gradient."""

    def call():
        logits.grad = None
        loss(logits).backward()

    return call


def rows(arrays):
    """Rows of the table: name, the row of segmeter bench, its input, pixels, and the libraries' calls."""
    torch, monai, smp = library("torch"), library("monai.losses"), library("segmentation_models_pytorch")
    found = []
    if torch:
        f = torch.nn.functional
        z = torch.from_numpy(arrays.logits.copy()).requires_grad_()
        g = torch.from_numpy((arrays.labels == 1).astype(np.float32))[None, None]
        zc = torch.from_numpy(arrays.class_logits.copy()).requires_grad_()
        gc = torch.from_numpy(arrays.class_labels)
        calls = {
            "cross_entropy": {"torch": lambda z: f.binary_cross_entropy_with_logits(z, g)},
            "dice": {}, "tversky": {}, "focal": {}, "dice_cross_entropy": {},
        }
        classes = {"cross_entropy": {"torch": lambda z: f.cross_entropy(z, gc)}, "dice": {}, "lovasz_softmax": {}}
        if monai:
            calls["dice"]["MONAI"] = monai.DiceLoss(sigmoid=True)
            calls["tversky"]["MONAI"] = monai.TverskyLoss(sigmoid=True)
            calls["focal"]["MONAI"] = monai.FocalLoss()
            calls["dice_cross_entropy"]["MONAI"] = monai.DiceCELoss(sigmoid=True)
            calls = {name: {k: v if k == "torch" else (lambda z, v=v: v(z, g)) for k, v in c.items()} for name, c in calls.items()}
            dice = monai.DiceLoss(softmax=True, to_onehot_y=True)
            classes["dice"]["MONAI"] = lambda z: dice(z, gc[:, None])
        if smp:
            losses = smp.losses
            for name, loss in [("dice", losses.DiceLoss), ("tversky", losses.TverskyLoss), ("focal", losses.FocalLoss)]:
                loss = loss("binary")
                calls[name]["smp"] = lambda z, loss=loss: loss(z, g)
            for name, loss in [("dice", losses.DiceLoss), ("lovasz_softmax", losses.LovaszLoss)]:
                loss = loss("multiclass")
                classes[name]["smp"] = lambda z, loss=loss: loss(z, gc)
        for name, peers in calls.items():
            found.append((name, name, "binary", {k: gradients(torch, z, v) for k, v in peers.items()}, z.numel()))
        pixels = gc.numel()
        for name, peers in classes.items():
            timed = {k: gradients(torch, zc, v) for k, v in peers.items()}
            found.append((f"{name}, 19 classes", name, "19 classes", timed, pixels))
    return found + counts(torch, arrays) + masks(arrays)


def counts(torch, arrays):
    """Rows of what is counted: pixels of pairs of classes, and of scores."""
    sklearn, metrics = library("sklearn.metrics"), library("torchmetrics.functional.classification")
    guessed, ids = arrays.ids
    peers = {"NumPy": lambda: np.bincount(guessed.ravel().astype(np.int64) * 19 + ids.ravel(), minlength=361)}
    scores, truth = 1 / (1 + np.exp(-arrays.logits.ravel())), arrays.road.ravel().astype(np.int64)
    ranked = {}
    if sklearn:
        peers["scikit-learn"] = lambda: sklearn.confusion_matrix(ids.ravel(), guessed.ravel())
        both = sklearn.roc_auc_score, sklearn.average_precision_score
        ranked["scikit-learn"] = lambda: [score(truth, scores) for score in both]
    if torch and metrics:
        pair = [torch.from_numpy(x.astype(np.int64)) for x in (guessed, ids)]
        peers["torchmetrics"] = lambda: metrics.multiclass_confusion_matrix(*pair, num_classes=19)
        given = torch.from_numpy(scores), torch.from_numpy(truth)
        three = metrics.binary_auroc, metrics.binary_average_precision, metrics.binary_calibration_error
        ranked["torchmetrics"] = lambda: [metric(*given) for metric in three]
    scored = "8 bits: auroc, average precision, ece"
    return [
        ("confusion, 19 classes", "confusion, 19 classes, noise", "8 bits", peers, ids.size),
        ("auroc, ap, ece", scored, "8 bits", ranked, ids.size),
    ]


def masks(arrays):
    """Rows of where pixels are."""
    cv2, edt, morphology = library("cv2"), library("edt"), library("skimage.morphology")
    ndimage, cc3d, measure = library("scipy.ndimage"), library("cc3d"), library("skimage.measure")
    surface, panoptica = library("surface_distance"), library("panoptica")
    road, near, noisy = arrays.road, arrays.near, arrays.noisy
    bytes_of = {id(mask): mask.astype(np.uint8) for mask in (road, near, noisy)}
    outside = np.ascontiguousarray(~road)
    distance, skeleton, components, contours, lesions = {}, {}, {}, {}, {}
    if edt:
        distance["edt"] = lambda: edt.edtsq(outside, parallel=1)
    if ndimage:
        distance["SciPy"] = lambda: ndimage.distance_transform_edt(outside)
        components["SciPy"] = lambda: ndimage.label(noisy)
    if cv2:
        distance["OpenCV"] = lambda: cv2.distanceTransform(outside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        components["OpenCV"] = lambda: cv2.connectedComponents(bytes_of[id(noisy)], connectivity=4)
    if cc3d:
        components["cc3d"] = lambda: cc3d.connected_components(noisy, connectivity=4)
    if measure:
        components["scikit-image"] = lambda: measure.label(noisy, connectivity=1)
    if morphology:
        skeleton["scikit-image"] = lambda: morphology.skeletonize(noisy)
    if surface:

        def distances():
            found = surface.compute_surface_distances(road, near, (1, 1))
            for percent in (95, 100):
                surface.compute_robust_hausdorff(found, percent)
            surface.compute_average_surface_distance(found)
            surface.compute_surface_dice_at_tolerance(found, 3)

        contours["surface-distance"] = distances
    if panoptica:
        # It would stand in the middle of the table.
        importlib.import_module("panoptica.utils.citation_reminder").disable_citation_reminder()
        evaluator = panoptica.Panoptica_Evaluator(
            expected_input=panoptica.InputType.SEMANTIC,
            instance_approximator=panoptica.ConnectedComponentsInstanceApproximator(),
            instance_matcher=panoptica.NaiveThresholdMatching(),
            instance_metrics=[panoptica.Metric.DSC],
            global_metrics=[],
            verbose=False,
        )
        lesions["panoptica"] = lambda: evaluator.evaluate(bytes_of[id(near)], bytes_of[id(road)], verbose=False)
    rows = [
        ("exact distance transform", "exact distance transform", distance),
        ("skeleton, noisy", "skeleton, noisy", skeleton),
        ("components, noisy", "components, noisy", components),
        ("hd, assd, nsd on corners", "the same on corners", contours),
        ("lesions", "lesions", lesions),
    ]
    return [(title, name, "8 bits", peers, road.size) for title, name, peers in rows]


def ours(arguments, name, measured, threads):
    """What segmeter prints for a row of the same size, in nanoseconds per pixel."""
    line = [arguments.segmeter, "bench", "--filter", name, "--runs", "3", "--threads", str(threads), "--json"]
    found = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    of_row = [row for row in found if row["name"] == name and row["input"] == measured]
    return of_row[-1]["nanoseconds_per_pixel"]


def copy_bandwidth():
    """Nanoseconds to copy eight bytes, the least of several runs."""
    source = np.random.rand(1 << 21)
    target = np.empty_like(source)
    best = min(timed(lambda: np.copyto(target, source)) for _ in range(9))
    return best / source.size


def timed(call):
    """Nanoseconds of a call."""
    start = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - start


def processor():
    """The name of the processor, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--segmeter", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--all", action="store_true", help="all cores")
    arguments = parser.parse_args()
    threads = os.cpu_count() if arguments.all else 1
    if not arguments.all:
        os.sched_setaffinity(0, {0})
    torch = library("torch")
    if torch:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        arrays = Arrays(arguments.segmeter, folder)
    print(f"{processor()}, {threads} thread(s); copy of 8 bytes {copy_bandwidth():.2f} ns")
    print(f"{'ns per pixel, best (median)':<28} {'segmeter':>16} {'best library':>30} {'ratio':>6}")
    for title, name, measured, peers, pixels in rows(arrays):
        if arguments.only not in title or not peers:
            continue
        times = {peer: [] for peer in peers}
        own = []
        for _ in range(arguments.rounds):
            for peer, call in peers.items():
                times[peer].append(timed(call) / pixels)
            own.append(ours(arguments, name, measured, threads))
        best = min(times, key=lambda peer: min(times[peer]))
        least, mine = min(times[best]), min(own)
        library_text = f"{best} {least:.2f} ({statistics.median(times[best]):.2f})"
        mark = "" if least / mine >= 3 else "  below 3"
        text = f"{mine:.2f} ({statistics.median(own):.2f})"
        print(f"{title:<28} {text:>16} {library_text:>30} {least / mine:>6.1f}{mark}", flush=True)
    for name, error in MISSING.items():
        print(f"not installed: {name} ({error})")


if __name__ == "__main__":
    main()
