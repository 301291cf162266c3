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


def gradients(torch, logits, loss):
    """A call of value and gradient."""

    def call():
        logits.grad = None
        loss(logits).backward()

    return call


def rows(arrays):
    """Rows of the table: name, the row of segmeter bench, its input, pixels, and the libraries' calls."""
    torch, monai, smp = library("torch"), library("monai.losses"), library("segmentation_models_pytorch")
    cv2, edt, skimage = library("cv2"), library("edt"), library("skimage.morphology")
    ndimage, sklearn = library("scipy.ndimage"), library("sklearn.metrics")
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
    guessed, ids = arrays.ids
    pixels = ids.size
    peers = {"NumPy": lambda: np.bincount(guessed.ravel().astype(np.int64) * 19 + ids.ravel(), minlength=361)}
    if sklearn:
        peers["scikit-learn"] = lambda: sklearn.confusion_matrix(ids.ravel(), guessed.ravel())
    found.append(("confusion, 19 classes", "confusion, 19 classes, noise", "8 bits", peers, pixels))
    mask = np.ascontiguousarray(arrays.labels != 1)
    peers = {}
    if edt:
        peers["edt"] = lambda: edt.edtsq(mask, parallel=1)
    if ndimage:
        peers["SciPy"] = lambda: ndimage.distance_transform_edt(mask)
    if cv2:
        peers["OpenCV"] = lambda: cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    found.append(("exact distance transform", "exact distance transform", "8 bits", peers, pixels))
    if skimage:
        noisy = arrays.logits[0, 0] > 0
        peers = {"scikit-image": lambda: skimage.skeletonize(noisy)}
        found.append(("skeleton, noisy", "skeleton, noisy", "8 bits", peers, pixels))
    return found


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
