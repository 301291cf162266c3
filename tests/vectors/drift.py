"""drift.json: label-free statistics and histogram distances in plain Python, detectors in exact fractions."""

from fractions import Fraction

import numpy as np
import scipy.stats

import drift_statistics
from common import VERSIONS, digits, probability

# ---------------------------------------------------------------- drift: statistics and distances

def frame_statistics(demo, frame):
    codes = demo.codes[frame].ravel()
    p = probability(codes, demo.scale, demo.zero_point)
    margin = np.abs(2 * p - 1)
    assert np.abs(margin - 0.5).min() > 1e-4  # no pixel sits on the low-confidence limit
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    return {"frame": frame, "road_fraction": float((codes > demo.zero_point).mean()),
            "mean_entropy": float(entropy.mean()), "mean_margin": float(margin.mean()),
            "low_confidence_fraction": float((margin < 0.5).mean())}


def histogram(codes):
    return np.bincount(codes.ravel().astype(int) + 128, minlength=256).tolist()


def quantile_edges(reference, bins=16):
    """Upper edges: the smallest code that holds at least j/16 of the reference, equal ones once."""
    total, edges = sum(reference), []
    cumulative = np.cumsum(reference)
    for j in range(1, bins):
        need = -(-j * total // bins)
        code = int(np.argmax(cumulative >= need)) - 128
        if code not in edges:
            edges.append(code)
    return edges


def binned(counts, edges):
    """A code belongs to the bin numbered by the edges strictly below it."""
    bins = [0] * (len(edges) + 1)
    for index, count in enumerate(counts):
        bins[sum(edge < index - 128 for edge in edges)] += count
    return bins


def psi(current, reference, edges):
    a, b = np.array(binned(current, edges), float), np.array(binned(reference, edges), float)
    p, q = (a + 0.5) / (a.sum() + a.size / 2), (b + 0.5) / (b.sum() + b.size / 2)
    return float(((p - q) * np.log(p / q)).sum())


def wasserstein(current, reference, scale):
    """In logit units. The sum of |A_k N_b - B_k N_a| is an integer, so it is summed as one."""
    na, nb = sum(current), sum(reference)
    gap = sum(abs(int(a) * nb - int(b) * na) for a, b in zip(np.cumsum(current), np.cumsum(reference)))
    ours = float(scale) * gap / (na * nb)
    codes = np.arange(256)
    assert abs(ours - float(scale) * scipy.stats.wasserstein_distance(codes, codes, current, reference)) < 1e-9
    return ours


def distances(demo, frames):
    reference = histogram(demo.codes[:60])
    edges = quantile_edges(reference)
    rows = []
    for frame in frames:
        current = histogram(demo.codes[frame])
        rows.append({"frame": frame, "psi": psi(current, reference, edges),
                     "wasserstein_1": wasserstein(current, reference, demo.scale)})
    return {"reference_frames": [0, 59], "scale": float(demo.scale), "zero_point": demo.zero_point,
            "edges": edges, "reference_bins": binned(reference, edges), "reference": reference, "frames": rows}


# ---------------------------------------------------------------- drift: detectors

def cusum(z, slack, threshold):
    up = down = Fraction(0)
    for x in z:
        # Capped, so that the way back down after a long shift is bounded.
        up = min(2 * threshold, max(Fraction(0), up + x - slack))
        down = min(2 * threshold, max(Fraction(0), down - x - slack))
        yield up, down


def page_hinkley(z, tolerance):
    total = sum_up = sum_down = low = high = Fraction(0)
    for n, x in enumerate(z, 1):
        total += x
        mean = total / n  # includes x
        sum_up, sum_down = sum_up + x - mean - tolerance, sum_down + x - mean + tolerance
        low, high = min(low, sum_up), max(high, sum_down)
        yield sum_up - low, high - sum_down


def trace(steps, threshold, **parameters):
    steps = list(steps)
    peak = [max(step) for step in steps]
    # Fixed point rounds, so no step up to the alarm may lie so close that rounding could move it.
    alarm = next((i for i, k in enumerate(peak) if k > threshold), None)
    assert min(abs(k - threshold) for k in peak[:None if alarm is None else alarm + 1]) > Fraction(1, 100)
    up, down = ([digits(step[side]) for step in steps] for side in (0, 1))
    return {**parameters, "threshold": threshold, "up": up, "down": down, "alarm": alarm}


def detector_case(name, z):
    z = [Fraction(round(x * 65536), 65536) for x in z]  # what Q16.16 holds exactly
    slack, tolerance = Fraction(1, 2), Fraction(1, 4)
    return {"name": name, "z": [float(x) for x in z],
            "cusum": trace(cusum(z, slack, 5), 5, slack=float(slack)),
            "page_hinkley": trace(page_hinkley(z, tolerance), 10, tolerance=float(tolerance))}


def detectors():
    rng, n = np.random.default_rng(5), 200
    late = np.arange(n) >= n // 2
    ramp = np.clip((np.arange(n) - 60) / 100, 0, None)
    shapes = {"up": 1.5 * late, "down": -2.0 * late, "none": 0.0 * late, "ramp": ramp}
    return [detector_case(name, shape + rng.normal(0, 0.8, n)) for name, shape in shapes.items()]


def drift(demo):
    return {"versions": VERSIONS,
            "statistics": [frame_statistics(demo, i) for i in (0, 60, 120, 150, 190, 210)],
            "distances": distances(demo, (60, 80, 99, 105, 110, 120, 150, 170, 190, 210)),
            "detectors": detectors(), **drift_statistics.all_of(demo, (5, 60, 120, 150, 190, 210))}
