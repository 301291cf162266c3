"""The drift tools of others, as they are run on the drives."""

import copy
import logging
import os
import warnings
from functools import partial

# Neither is to report to its makers.
os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
warnings.simplefilter("ignore")
# nannyml says so of every call.
logging.disable(logging.WARNING)

import nannyml
import numpy as np
import pandas as pd
import torch
from alibi_detect.cd import KSDrift, MMDDriftOnline
from evidently.legacy.calculations.stattests import psi_stat_test, wasserstein_stat_test
from evidently.legacy.core import ColumnType
from frouros.detectors.concept_drift import CUSUM, CUSUMConfig
from frouros.detectors.data_drift import MMDStreaming
from frouros.utils.kernels import rbf_kernel
from nannyml.performance_estimation.confidence_based.metrics import estimate_f1
from river import drift

from drive_pack import SAMPLED

# Frames between false alarms that are asked for.
ASKED = 2000
FEATURES = ("ln(1 - mean confidence)", "ln(boundary per road)")
# Reference frames of a tool whose time grows with them, evenly spaced; neighbours are alike.
REFERENCE = 400
torch.set_num_threads(1)


class Standardised:
    """By the learning drives."""

    def __init__(self, values, learn):
        self.mean, self.deviation = values[learn].mean(0), values[learn].std(0)
        self.values = values

    def __getitem__(self, frames):
        return (self.values[frames] - self.mean) / self.deviation


def thinned(frames):
    return frames[np.linspace(0, len(frames) - 1, min(len(frames), REFERENCE)).round().astype(int)]


class Windows:
    """What compares a window of frames with the learning drives; seldom what takes long."""

    SIZE, every, past = 20, 10, 20

    def __init__(self, drives, learn):
        self.values = Standardised(drives.features, learn)
        self.prepare(self.values[thinned(learn)])

    def scores(self, frames):
        values, ends = self.values[frames], range(self.every, len(frames) + 1, self.every)
        return np.array([self.score(values[end - self.SIZE:end]) if end >= self.SIZE else np.nan for end in ends])


class Ks(Windows):
    """Its p is 0 where a window is wholly above or below what was learnt: 300 here, the highest threshold there is."""

    name = ("alibi-detect", "KSDrift")
    told = "p_val of the worst of 2 numbers, windows of 20 frames every 10th"
    default, default_name = -np.log10(0.05 / len(FEATURES)), "p_val 0.05"
    tuned_name = "-log10 of p"

    def prepare(self, reference):
        self.detector = KSDrift(reference, p_val=0.05)

    def score(self, window):
        return -np.log10(max(self.detector.predict(window)["data"]["p_val"].min(), 1e-300))


class Evidently(Windows):
    """A data set has drifted if half of its columns have."""

    default, default_name, tuned_name = 0.1, "stattest_threshold 0.1", "stattest_threshold"

    def prepare(self, reference):
        self.columns = [pd.Series(column) for column in reference.T]

    def score(self, window):
        distances = [self.test(column, pd.Series(values), ColumnType.Numerical, None).drift_score
                     for column, values in zip(self.columns, window.T)]
        return sorted(distances)[-len(FEATURES) // 2]


class Wasserstein(Evidently):
    name, test = ("evidently", "data drift, Wasserstein"), staticmethod(wasserstein_stat_test)
    told, every = "drift_share 0.5 of 2 numbers, windows of 20 frames every 5th", 5


class Psi(Evidently):
    name, test = ("evidently", "data drift, PSI"), staticmethod(psi_stat_test)
    told = "drift_share 0.5 of 2 numbers, windows of 20 frames every 10th"


class MmdOnline:
    """It is told how often it may alarm; every second frame, as it takes long."""

    name, told = ("alibi-detect", "MMDDriftOnline"), "window_size 10, every 2nd frame, 2 numbers, pytorch"
    every, past, SIZE = 2, 20, 10
    default_name = f"ert {ASKED // 2}, n_bootstraps 5000"
    tuned_name = "threshold"

    def __init__(self, drives, learn, ert=ASKED / 2, bootstraps=5000):
        self.values = Standardised(drives.features.astype(np.float32), learn)
        np.random.seed(1), torch.manual_seed(1)
        self.detector = MMDDriftOnline(self.values[thinned(learn)], ert=ert, window_size=self.SIZE, backend="pytorch",
                                       n_bootstraps=bootstraps, verbose=False, device="cpu")
        # It tells the thresholds of the steps that it has taken.
        self.scores(learn[:self.every * self.SIZE])
        self.default = float(self.detector.thresholds[-1])

    @classmethod
    def part(cls, drives, learn):
        """Of which only scores are wanted."""
        return cls(drives, learn, 10.0, 100)

    def scores(self, frames):
        self.detector.reset_state()
        found = np.array([self.detector.score(x) for x in self.values[frames[self.every - 1::self.every]]])
        # Its window is full of learning frames at first.
        found[:self.SIZE - 1] = np.nan
        return found


class MmdStreaming:
    name, told = ("frouros", "MMDStreaming"), "window_size 10, sigma the median distance, 2 numbers"
    every, past, SIZE = 1, 10, 10
    default, tuned_name = None, "threshold"

    def __init__(self, drives, learn):
        self.values = Standardised(drives.features, learn)
        reference = self.values[thinned(learn)]
        distances = np.linalg.norm(reference[:, None] - reference, axis=2)
        self.learnt = MMDStreaming(window_size=self.SIZE, kernel=partial(rbf_kernel, sigma=np.median(distances)))
        self.learnt.fit(X=reference)

    def scores(self, frames):
        detector = copy.deepcopy(self.learnt)
        found = [detector.update(value=x)[0] for x in self.values[frames[self.every - 1::self.every]]]
        return np.array([np.nan if x is None else x.distance for x in found])


class Cbpe:
    """Chunks of five frames; it alerts by itself 3 standard deviations below the reference's chunks.

    Other chunks than the reference's go straight to its calibrator and its estimate of F1: what it does with a data
    frame around these takes many times as long, and comes to the same for the chunks of the reference.
    """

    name, told = ("nannyml", "CBPE"), f"f1 as an IoU, chunks of 5 frames of {SAMPLED} pixels"
    every, past = 5, 5
    default_name, tuned_name = "thresholds of 3 sd", "threshold"

    def __init__(self, drives, learn, chunk=5):
        self.drives = drives
        estimator = nannyml.CBPE(y_pred_proba="p", y_pred="road", y_true="label", metrics=["f1"],
                                 problem_type="classification_binary", chunk_size=chunk * SAMPLED)
        codes = drives.codes[learn].ravel()
        estimator.fit(pd.DataFrame({"p": drives.probability[codes], "road": (codes > 128).astype(int),
                                    "label": drives.labels[learn].ravel()}))
        p = drives.probability
        self.calibrated = estimator.calibrator.calibrate(p) if estimator.needs_calibration else p
        reference = estimator.result.data["f1"]
        assert np.allclose(self.f1(learn, chunk), reference["value"].to_numpy(float))
        threshold = reference["lower_threshold"].iloc[0]
        self.default = -threshold / (2 - threshold)

    @classmethod
    def part(cls, drives, learn):
        """Of which only estimates are wanted: its own thresholds take long, and these come of fewer chunks sooner."""
        return cls(drives, learn, 50)

    def f1(self, frames, chunk):
        codes = self.drives.codes[frames].reshape(len(frames) // chunk, -1)
        return np.array([estimate_f1(row > 128, self.calibrated[row]) for row in codes])

    def iou(self, frames, chunk):
        f1 = self.f1(frames, chunk)
        return f1 / (2 - f1)

    def scores(self, frames):
        return -self.iou(frames, self.every)


class Change:
    """What watches one number; it has seen the learning drives before."""

    def __init__(self, drives, learn, **arguments):
        self.values = Standardised(drives.entropy, learn)
        self.learnt = self.make(**arguments)
        for x in self.values[learn].tolist():
            self.step(self.learnt, x)

    def alarms(self, frames):
        detector = copy.deepcopy(self.learnt)
        return np.array([self.step(detector, x) for x in self.values[frames].tolist()])

    @staticmethod
    def step(detector, x):
        """river's begin anew by themselves after an alarm."""
        detector.update(x)
        return detector.drift_detected


class Adwin(Change):
    name, make, default, fixed, argument = ("river", "ADWIN"), drift.ADWIN, {"delta": 0.002}, {}, "delta"
    # From the least sensitive on.
    grid = (1e-300, 1e-200, 1e-100, 1e-60, 1e-40, 1e-30, 1e-20, 1e-15, 1e-10, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 0.1)


class PageHinkley(Change):
    """Tuned, it has the slack of the textbook and looks for more entropy only."""

    name, make, argument = ("river", "PageHinkley"), drift.PageHinkley, "threshold"
    default, fixed = {"delta": 0.005, "threshold": 50.0, "mode": "both"}, {"delta": 0.5, "mode": "up"}
    grid = tuple(2 * 1.2 ** k for k in range(40, -1, -1))


class Cusum(Change):
    """It knows no other direction; tuned, it has the greatest slack that it takes."""

    name, argument, grid = ("frouros", "CUSUM"), "lambda_", PageHinkley.grid
    default, fixed = {"delta": 0.005, "lambda_": 50.0}, {"delta": 1.0}

    @staticmethod
    def make(**arguments):
        return CUSUM(config=CUSUMConfig(**arguments))

    @staticmethod
    def step(detector, x):
        """It wants its caller to reset it."""
        detector.update(value=x)
        found = detector.drift
        if found:
            detector.reset()
        return found


TOOLS = (Cbpe, Adwin, PageHinkley, Cusum, MmdStreaming, MmdOnline, Wasserstein, Ks, Psi)
