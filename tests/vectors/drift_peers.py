#!/usr/bin/env python3
"""drift_peers.json: how soon the detectors of other libraries alarm, rightly and wrongly, those libraries being run.

    pip install river frouros
    python3 drift_peers.py

Streams are first-order autoregressive with variance 1. Each detector first sees 2,000 frames of a stream, then
watches: the run length in control is the frames watched for every alarm, after which it starts anew, as river's do by
themselves and frouros leaves to its caller. The delay is that of the first alarm after the mean has shifted, behind
2,000 frames without a shift; what takes longer than 20,000 frames is missed. `standard_error` of the run length is over streams.
Detectors have the arguments they come with, or a slack of 1/2 and the threshold that makes textbook charts of
independent frames alarm every 10,000.
"""

import json
import sys
import time
from pathlib import Path

import frouros
import numpy as np
import river
from frouros.detectors import concept_drift as concept
from river import drift
from scipy.signal import lfilter

REFERENCE, LIMIT = 2000, 20000
CORRELATIONS, SHIFTS = (0.0, 0.3, 0.6, 0.9), (0.5, 1.0, 2.0, 3.0)


def stream(random, rho, frames):
    noise = random.standard_normal(frames) * np.sqrt(1 - rho * rho)
    noise[0] = random.standard_normal()
    return lfilter([1.0], [1.0, -rho], noise)


class River:
    """It forgets by itself after an alarm."""

    def __init__(self, make):
        self.detector = make()

    def update(self, x):
        self.detector.update(x)
        return self.detector.drift_detected


class Frouros:
    """It wants its caller to reset it, and its ADWIN no sum below zero: the mean is 10 here."""

    def __init__(self, make):
        self.detector = make()

    def update(self, x):
        self.detector.update(value=x + 10.0)
        found = self.detector.drift
        if found:
            self.detector.reset()
        return found


def frouros_detector(name, **arguments):
    config = getattr(concept, name + "Config")(**arguments)
    return lambda: getattr(concept, name)(config=config)


# Library, detector, its arguments, how it is made, frames watched in control, streams for the delays.
DETECTORS = [
    ("river", "ADWIN", "defaults", River, drift.ADWIN, 1_000_000, 100),
    ("river", "PageHinkley", "defaults", River, drift.PageHinkley, 1_000_000, 100),
    ("river", "PageHinkley", "delta 0.5, threshold 8.04, alpha 1", River,
     lambda: drift.PageHinkley(delta=0.5, threshold=8.04, alpha=1.0), 1_000_000, 100),
    ("river", "KSWIN", "defaults", River, lambda: drift.KSWIN(seed=1), 20_000, 20),
    ("frouros", "ADWIN", "defaults", Frouros, frouros_detector("ADWIN"), 100_000, 20),
    ("frouros", "CUSUM", "defaults", Frouros, frouros_detector("CUSUM"), 400_000, 100),
    ("frouros", "CUSUM", "delta 0.5, lambda 7.35", Frouros, frouros_detector("CUSUM", delta=0.5, lambda_=7.35),
     400_000, 100),
    ("frouros", "PageHinkley", "defaults", Frouros, frouros_detector("PageHinkley"), 400_000, 100),
    ("frouros", "GeometricMovingAverage", "defaults", Frouros, frouros_detector("GeometricMovingAverage"),
     400_000, 100),
]


def in_control(wrap, make, rho, frames):
    counts, each = [], 10_000
    for number in range(max(1, frames // each)):
        random = np.random.default_rng([1, number])
        detector = wrap(make)
        values = stream(random, rho, REFERENCE + each).tolist()
        for x in values[:REFERENCE]:
            detector.update(x)
        counts.append(sum(map(detector.update, values[REFERENCE:])))
    alarms, watched = sum(counts), each * len(counts)
    found = {"frames": watched, "alarms": alarms}
    if alarms:
        found["run_length"] = watched / alarms
        found["standard_error"] = found["run_length"] * np.std(counts) / np.mean(counts) / np.sqrt(len(counts))
    return found


def delay(wrap, make, rho, shift, streams):
    delays = []
    for number in range(streams):
        random = np.random.default_rng([2, number])
        detector = wrap(make)
        values = stream(random, rho, REFERENCE + LIMIT)
        values[REFERENCE:] += shift
        values = values.tolist()
        for x in values[:REFERENCE]:
            detector.update(x)
        first = next((frame for frame, x in enumerate(values[REFERENCE:], 1) if detector.update(x)), None)
        delays.append(first)
    found = [d for d in delays if d is not None]
    return {"shift": shift, "missed": len(delays) - len(found), "streams": streams,
            "mean": float(np.mean(found)) if found else None}


def rounded(x):
    return float(f"{x:.4g}") if isinstance(x, float) else x


def main():
    rows = []
    for library, name, arguments, wrap, make, frames, streams in DETECTORS:
        for rho in CORRELATIONS:
            start = time.time()
            row = {"library": library, "detector": name, "arguments": arguments, "correlation": rho}
            row |= {key: rounded(value) for key, value in in_control(wrap, make, rho, frames).items()}
            delays = [delay(wrap, make, rho, shift, streams) for shift in SHIFTS]
            row["delays"] = [{key: rounded(value) for key, value in d.items()} for d in delays]
            rows.append(row)
            print(f"{time.time() - start:.0f} s", row, file=sys.stderr, flush=True)
    versions = {"river": river.__version__, "frouros": frouros.__version__, "numpy": np.__version__}
    lines = ",\n".join(json.dumps(row) for row in rows)
    Path(__file__).with_name("drift_peers.json").write_text(
        f'{{"versions": {json.dumps(versions)},\n"reference_frames": {REFERENCE}, "limit": {LIMIT},\n"rows": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
