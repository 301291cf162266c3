"""detectors.json: when each detector warns and alarms, in plain Python floats and integers, and what the libraries say.

Streams are made of integers only, so that a test makes them again instead of reading them. Every formula is written
from its publication; no value may lie so close to a limit that fixed point could be on its other side.
"""

import math
import warnings
from fractions import Fraction
from importlib.metadata import version

import numpy as np
import scipy.stats

ONE = 1 << 16

# ---------------------------------------------------------------- streams


class Random:
    """Knuth's 64-bit linear congruence, the upper 16 bits."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return self.state >> 48


def stream(kind, seed, segments):
    """In steps of 2^-16. `normal`: sums of twelve, mean and deviation; `errors`: a rate."""
    random, out = Random(seed), []
    for length, mean, deviation in segments:
        for _ in range(length):
            if kind == "normal":
                z = sum(random.next() for _ in range(12)) - 6 * ONE
                out.append(mean + ((z * deviation) >> 16))
            else:
                out.append(ONE if random.next() < mean else 0)
    return out


Q = lambda x: round(x * ONE)  # noqa: E731

STREAMS = {
    "up": ("normal", 1, [(200, 0, ONE), (100, Q(1.5), ONE)]),
    "down": ("normal", 2, [(250, 0, ONE), (100, Q(-1), ONE)]),
    "ramp": ("normal", 3, [(100, 0, ONE)] + [(4, Q(k / 12), ONE) for k in range(40)]),
    "none": ("normal", 4, [(400, 0, ONE)]),
    "wild": ("normal", 5, [(60, 0, 0), (100, Q(0.25), Q(0.1)), (60, Q(-8), Q(4)), (80, 0, ONE)]),
    "unit_up": ("normal", 6, [(700, Q(0.3), Q(0.1)), (500, Q(0.45), Q(0.1))]),
    "unit_small": ("normal", 7, [(2000, Q(0.5), Q(0.02)), (1500, Q(0.52), Q(0.02))]),
    "unit_both": ("normal", 8, [(500, Q(0.5), Q(0.1)), (400, Q(0.2), Q(0.1)), (400, Q(0.9), Q(0.2))]),
    "unit_none": ("normal", 9, [(1500, Q(0.4), Q(0.15))]),
    "errors_up": ("errors", 10, [(600, Q(0.1), 0), (300, Q(0.3), 0)]),
    "errors_late": ("errors", 11, [(1000, 0, 0), (300, Q(0.02), 0), (200, Q(0.2), 0)]),
    "errors_many": ("errors", 12, [(500, Q(0.4), 0), (300, Q(0.2), 0), (400, Q(0.6), 0)]),
    "errors_early": ("errors", 14, [(36, 0, 0), (15, Q(0.8), 0), (50, Q(0.1), 0), (30, ONE, 0)]),
    "errors_sudden": ("errors", 15, [(100, Q(0.5), 0), (150, Q(0.35), 0), (150, Q(0.15), 0), (14, ONE, 0), (9, 0, 0),
                                     (60, Q(0.6), 0)]),
    "errors_eight": ("errors", 16, [(24, 0, 0), (8, ONE, 0)]),
    "errors_none": ("errors", 13, [(1200, Q(0.15), 0)]),
}
STANDARD, UNIT, ERRORS = (tuple(name for name in STREAMS if name in group) for group in (
    ("up", "down", "ramp", "none", "wild"),
    ("unit_up", "unit_small", "unit_both", "unit_none"),
    ("errors_up", "errors_late", "errors_many", "errors_early", "errors_sudden", "errors_none")))

# ---------------------------------------------------------------- levels


class Margin:
    """Levels by comparing, and how near the nearest comparison was."""

    def __init__(self):
        self.nearest = math.inf

    def above(self, x, limit, scale=None):
        """`scale`: what the rounding is relative to; 0 where it is exact, or where both ways come to the same."""
        if scale != 0:
            scale = max(abs(x), abs(limit), 1e-3) if scale is None else scale
            self.nearest = min(self.nearest, abs(x - limit) / scale)
        return x > limit

    def level(self, x, warning, drift, scale=None):
        if self.above(x, drift, scale):
            return 2
        return int(self.above(x, warning, scale))


def charts(x, limit):
    return (limit / 2, limit)


def shewhart(x, m, limit):
    for z in x:
        yield m.level(abs(z), limit / 2, limit, 0)


def ewma_chart(x, m, weight, limit):
    average = 0.0
    for t, z in enumerate(x, 1):
        average = weight * z + (1 - weight) * average
        bound = limit * math.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * t)))
        yield m.level(abs(average), bound / 2, bound, 1 if z or average else 0)


def geometric_moving_average(x, m, memory, threshold):
    average = total = 0.0
    for t, z in enumerate(x, 1):
        total += z
        average = memory * average + (1 - memory) * (z - total / t)
        yield m.level(abs(average), threshold / 2, threshold, 1)


def adwin(x, m, confidence, skip_last=False):
    """The window as a list of rows of buckets, the oldest first, and the loop over all cuts."""
    rows, sums = [[]], lambda buckets: tuple(map(sum, zip(*buckets)))
    for t, value in enumerate(x, 1):
        rows[0].append((1, value, value * value))
        r = 0
        while r < len(rows) and len(rows[r]) > 5:
            if r + 1 == len(rows):
                rows.append([])
            rows[r + 1].append(sums(rows[r][:2]))
            del rows[r][:2]
            r += 1
        drift = False
        while t % 32 == 0 and adwin_cut(rows, m, confidence, skip_last):
            rows[-1].pop(0)
            if not rows[-1]:
                rows.pop()
            drift = True
        yield 2 * drift


def adwin_cut(rows, m, confidence, skip_last):
    n, total, squares = (sum(parts) for parts in zip(*(bucket for row in rows for bucket in row)))
    if n <= 10:
        return False
    variance = squares / n - (total / n) ** 2
    log = math.log(2 * math.log(n) / confidence)
    n0, total0 = 0, 0
    for row in reversed(rows):
        for bucket in row[:-1] if skip_last else row:
            n0, total0 = n0 + bucket[0], total0 + bucket[1]
            n1 = n - n0
            if n0 > 6 and n1 > 6:
                inverse = 1 / (n0 - 4) + 1 / (n1 - 4)
                bound = math.sqrt(2 * inverse * variance * log) + 2 / 3 * inverse * log
                if m.above(abs(total0 / n0 - (total - total0) / n1), bound, 1):
                    return True
    return False


def ddm(x, m, warm_up, errors, warning, drift):
    count, least = 0, None
    for n, value in enumerate(x, 1):
        count += value
        p = count / n
        s = math.sqrt(p * (1 - p) / n)
        if n < warm_up or count < errors:
            yield 0
            continue
        if least is None or p + s <= sum(least):
            least = p, s
        if least == (p, s):
            yield 0
            continue
        yield m.level(p + s, least[0] + warning * least[1], least[0] + drift * least[1], None)


def eddm(x, m, warning, drift):
    distances, last, most, level = [], 0, 0.0, 0
    for n, value in enumerate(x, 1):
        if value:
            distances.append(n - last)
            last = n
            score = np.mean(distances) + 2 * np.std(distances)
            if n > 30:
                most = max(most, score)
            if len(distances) > 30:
                level = 2 if not m.above(score / most, drift, 1) else int(not m.above(score / most, warning, 1))
        yield level


def stepd(x, m, warning, drift):
    for n in range(1, len(x) + 1):
        if n < 60:
            yield 0
            continue
        new, old = sum(x[n - 30:n]), sum(x[:n - 30])
        inverse, p = 1 / (n - 30) + 1 / 30, (new + old) / n
        excess = new / 30 - old / (n - 30) - inverse / 2
        yield 0 if excess <= 0 else m.level(excess / math.sqrt(p * (1 - p) * inverse), warning, drift, 1)


def hddm_a(x, m, warning, drift):
    total, least = 0.0, None
    for n, value in enumerate(x, 1):
        total += value
        bound = lambda n: math.sqrt(math.log(1 / drift) / (2 * n))  # noqa: E731
        if least is None or not m.above(total / n + bound(n), least[1] / least[0] + bound(least[0]), 0):
            least = n, total
            yield 0
            continue
        increase = total / n - least[1] / least[0]
        part = (n - least[0]) / (2 * n * least[0])
        yield m.level(increase, *(math.sqrt(part * math.log(2 / alpha)) for alpha in (warning, drift)), 1)


class Average:
    def __init__(self, weight):
        self.weight, self.value = weight, None

    def add(self, x):
        if self.value is None:
            self.value, self.squares = x, 1.0
        else:
            self.value += self.weight * (x - self.value)
            self.squares = self.weight ** 2 + (1 - self.weight) ** 2 * self.squares


def hddm_w(x, m, weight, warning, drift):
    everything, kept, after = Average(weight), None, Average(weight)
    bound = lambda squares, alpha: math.sqrt(squares * math.log(1 / alpha) / 2)  # noqa: E731
    for value in x:
        everything.add(value)
        cut = everything.value + bound(everything.squares, drift)
        if kept is None or not m.above(cut, kept[2], 0):
            kept, after = (everything.value, everything.squares, cut), Average(weight)
            yield 0
            continue
        after.add(value)
        yield m.level(after.value - kept[0],
                      *(bound(kept[1] + after.squares, alpha) for alpha in (warning, drift)), 1)


def kswin(x, m, limit):
    for n in range(1, len(x) + 1):
        if n < 100:
            yield 0
            continue
        distance = scipy.stats.ks_2samp(x[n - 100:n - 30], x[n - 30:n], method="asymp").statistic
        yield 2 * (round(distance * 2100) >= limit)


def trend(x, m, limit, slope):
    for n in range(1, len(x) + 1):
        if n < 16:
            yield 0
            continue
        last = x[n - 16:n]
        rises = sum(int(np.sign(last[j] - last[i])) for j in range(16) for i in range(j))
        groups = np.unique(last, return_counts=True)[1]
        variance = (16 * 15 * 37 - sum(int(k) * (int(k) - 1) * (2 * int(k) + 5) for k in groups)) / 18
        score = max(abs(rises) - 1, 0) / math.sqrt(variance) if variance else 0
        if not m.above(score, limit, 1):
            yield 0
            continue
        yield 1 + m.above(abs(scipy.stats.theilslopes(last).slope), slope, 1)


def bocpd(x, m, hazard, prior, lengths=128, runs=None):
    """With all run lengths apart where `lengths` is infinite."""
    probability, mean, before = np.array([1.0]), np.array([0.0]), 0
    for z in x:
        precision = prior ** -2 + np.arange(len(probability))
        variance = 1 + 1 / precision
        joint = probability * np.exp(-(z - mean) ** 2 / (2 * variance)) / np.sqrt(variance)
        joint = np.append(hazard * joint.sum(), (1 - hazard) * joint)
        mean = np.append(0.0, mean + (z - mean) / (precision + 1))
        if len(joint) > lengths:
            share = joint[-1] / max(joint[-2] + joint[-1], 1e-300)
            mean[-2] += (mean[-1] - mean[-2]) * share
            joint[-2] += joint[-1]
            joint, mean = joint[:-1], mean[:-1]
        probability = joint / joint.sum()
        run = int(probability.argmax())
        two = np.partition(probability, -2)[-2:]
        m.nearest = min(m.nearest, float(two[1] - two[0]))
        if runs is not None:
            runs.append(run)
        yield 2 * (run < min(before + 1, lengths - 1))
        before = run


# ---------------------------------------------------------------- the libraries


def first(levels, level=2):
    return next((i for i, k in enumerate(levels) if k >= level), None)


def library(make, drifted):
    """The first alarm of a detector of a library, and none of what comes after it starts again."""
    def run(x):
        detector = make()
        for i, value in enumerate(x):
            detector.update(value)
            if drifted(detector):
                return i
        return None
    return run


def river(make):
    return library(make, lambda d: d.drift_detected)


def frouros(make):
    return library(make, lambda d: d.drift)


def libraries(name, p):
    """Those that have the detector."""
    import river.drift as r
    from frouros.detectors import concept_drift as f
    adwin_r = lambda: r.ADWIN(delta=p["confidence"], grace_period=10)  # noqa: E731
    adwin_f = lambda: f.ADWIN(f.ADWINConfig(delta=p["confidence"]))  # noqa: E731
    table = {
        "adwin": {"river": lambda: adwin_r(), "frouros": lambda: adwin_f()},
        "ddm": {"river": lambda: r.binary.DDM(warm_start=p["warm_up"] - 1),
                "frouros": lambda: f.DDM(f.DDMConfig(min_num_instances=p["warm_up"]))},
        "eddm": {"river": lambda: r.binary.EDDM(warm_start=30, alpha=p["warning"], beta=p["drift"]),
                 "frouros": lambda: f.EDDM(f.EDDMConfig(alpha=p["warning"], beta=p["drift"], level=2.0,
                                                        min_num_misclassified_instances=31))},
        "stepd": {"frouros": lambda: f.STEPD(f.STEPDConfig(alpha_d=float(scipy.stats.norm.sf(p["drift"]))))},
        "hddm_a": {"river": lambda: r.binary.HDDM_A(drift_confidence=p["drift"], warning_confidence=p["warning"]),
                   "frouros": lambda: f.HDDMA(f.HDDMAConfig(alpha_d=p["drift"], alpha_w=p["warning"],
                                                            min_num_instances=1))},
        "hddm_w": {"river": lambda: r.binary.HDDM_W(drift_confidence=p["drift"], warning_confidence=p["warning"],
                                                    lambda_val=p["weight"]),
                   "frouros": lambda: f.HDDMW(f.HDDMWConfig(alpha_d=p["drift"], alpha_w=p["warning"],
                                                            lambda_=p["weight"], min_num_instances=1))},
        "geometric_moving_average": {"frouros": lambda: f.GeometricMovingAverage(
            f.GeometricMovingAverageConfig(alpha=p["memory"], lambda_=p["threshold"], min_num_instances=1))},
        "bocpd": {"frouros": lambda: f.BOCD(f.BOCDConfig(
            model=bocd_model(p["prior"]), hazard=p["hazard"], min_num_instances=1))},
    }
    kinds = {"river": river, "frouros": frouros}
    return {lib: kinds[lib](make) for lib, make in table.get(name, {}).items()}


def bocd_model(prior):
    from frouros.detectors.concept_drift.streaming.change_detection.bocd import GaussianUnknownMean
    return GaussianUnknownMean(prior_mean=0, prior_var=prior ** 2, data_var=1)


# ---------------------------------------------------------------- cases

CASES = [
    (shewhart, STANDARD, {"limit": 3.0}),
    (ewma_chart, STANDARD, {"weight": Q(0.2) / ONE, "limit": Q(2.962) / ONE}),
    (ewma_chart, ("up", "wild"), {"weight": 1 / 32, "limit": 2.5}),
    (geometric_moving_average, STANDARD, {"memory": 0.875, "threshold": 0.625}),
    (geometric_moving_average, ("up", "down"), {"memory": Q(0.99) / ONE, "threshold": Q(0.3) / ONE}),
    (adwin, UNIT + ERRORS, {"confidence": Q(0.002) / ONE}),
    (adwin, ("unit_none", "errors_none"), {"confidence": Q(0.3) / ONE}),
    (adwin, ("errors_eight",), {"confidence": Q(0.9) / ONE}),
    (ddm, ERRORS, {"warm_up": 30, "errors": 0, "warning": 2.0, "drift": 3.0}),
    (ddm, ERRORS, {"warm_up": 30, "errors": 1, "warning": 2.0, "drift": 3.0}),
    (eddm, ERRORS, {"warning": Q(0.95) / ONE, "drift": Q(0.9) / ONE}),
    (stepd, ERRORS, {"warning": Q(1.644854) / ONE, "drift": Q(2.747781) / ONE}),
    (hddm_a, UNIT + ERRORS, {"warning": Q(0.005) / ONE, "drift": Q(0.001) / ONE}),
    (hddm_w, UNIT + ERRORS, {"weight": Q(0.05) / ONE, "warning": Q(0.005) / ONE, "drift": Q(0.001) / ONE}),
    (kswin, STANDARD + ("unit_up",), {"limit": 771}),
    (trend, STANDARD, {"limit": Q(2.576) / ONE, "slope": 0.125}),
    (trend, ("ramp", "wild"), {"limit": Q(1.96) / ONE, "slope": 0.0625}),
    (bocpd, STANDARD, {"hazard": 0.01, "prior": 3.0}),
    (bocpd, ("up", "down"), {"hazard": 0.004, "prior": 1.0}),
]
# Detectors that see values of [0, 1] stop them there.
BOUNDED = {adwin, hddm_a, hddm_w}


def case(detector, name, parameters):
    x = [v / ONE for v in stream(*STREAMS[name])]
    if detector in BOUNDED:
        x = [min(max(v, 0.0), 1.0) for v in x]
    margin = Margin()
    levels = list(detector(x, margin, **parameters))
    assert margin.nearest > (1e-4 if detector is bocpd else 2e-5 if detector in (ewma_chart,) else 1e-7), \
        (detector.__name__, name, margin.nearest)
    changes, before = [], 0
    for step, level in enumerate(levels):
        if level != before:
            changes.append([step, int(level)])
        before = level
    found = {"detector": detector.__name__, "stream": name, "parameters": parameters, "changes": changes}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["libraries"] = {lib: run(x) for lib, run in libraries(detector.__name__, parameters).items()}
    print(detector.__name__, name, "first", first(levels), found["libraries"], f"{margin.nearest:.1e}")
    return found


def paths_outside(distance):
    """How probable it is that two samples of 70 and 30 of one distribution are this far apart, in 2100ths: counted."""
    inside = [[0] * 31 for _ in range(71)]
    for i in range(71):
        for j in range(31):
            if abs(30 * i - 70 * j) < distance:
                inside[i][j] = 1 if i == j == 0 else (i and inside[i - 1][j]) + (j and inside[i][j - 1])
    return 1 - Fraction(inside[70][30], math.comb(100, 30))


def kswin_limits():
    """The smallest distance whose probability is at most the confidence."""
    theirs = scipy.stats.ks_2samp(range(70), range(25, 55), method="exact")
    ours = float(paths_outside(round(2100 * theirs.statistic)))
    assert abs(ours - theirs.pvalue) < 1e-9 * ours
    probabilities = [paths_outside(distance) for distance in range(2101)]
    rows = []
    for raw in (1, 7, 66, 328, 655, 3277, 32768):
        # A binary search needs no more than this: it never rises.
        limit = next(d for d, p in enumerate(probabilities) if p <= Fraction(raw, ONE))
        rows.append({"confidence": raw, "limit": limit})
    return rows


def adwin_delays():
    """Values from a step of one deviation to the alarm: with all buckets looked at, and without the last of every row."""
    rows = []
    for seed in range(100, 160):
        x = [v / ONE for v in stream("normal", seed, [(2000, Q(0.5), Q(0.02)), (3000, Q(0.52), Q(0.02))])]
        margin, row = Margin(), {"seed": seed}
        for name, skip_last in (("all", False), ("short", True)):
            alarms = (i for i, k in enumerate(adwin(x, margin, Q(0.002) / ONE, skip_last)) if k and i >= 2000)
            row[name] = next(alarms) - 1999
        if margin.nearest > 1e-7:
            rows.append(row)
    assert len(rows) > 40
    print("ADWIN delays:", *(np.mean([row[name] for row in rows]) for name in ("all", "short")))
    return rows


def detectors(demo=None):
    names = {name: {"kind": kind, "seed": seed, "segments": [list(s) for s in segments]}
             for name, (kind, seed, segments) in STREAMS.items()}
    cases = [case(detector, name, parameters) for detector, streams, parameters in CASES for name in streams]
    return {"versions": {name: version(name) for name in ("river", "frouros", "numpy", "scipy")},
            "streams": names, "kswin_limits": kswin_limits(), "adwin_delays": adwin_delays(), "cases": cases}
