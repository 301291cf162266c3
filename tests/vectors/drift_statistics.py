"""Part of drift.json: statistics of shape, time and place, and the two-sample distances, by NumPy, SciPy and
scikit-image."""

import numpy as np
import scipy.ndimage
import scipy.spatial.distance
import scipy.special
import scipy.stats
import skimage.measure

from common import IGNORE, probability

BANDS = 16


def bins_of(size, bins):
    """The bin of every row or column."""
    return np.arange(size) * bins // size


def geometry(mask):
    height, width = mask.shape
    padded = np.pad(mask.astype(int), 1)
    sides = sum(np.abs(np.diff(m, axis=axis)).sum() for m in [padded] for axis in (0, 1))
    inner = sum(np.abs(np.diff(mask.astype(int), axis=axis)).sum() for axis in (0, 1))
    labels, components = scipy.ndimage.label(mask)
    euler = skimage.measure.euler_number(mask, connectivity=1)
    row, column = scipy.ndimage.center_of_mass(mask) if mask.any() else (None, None)
    bands = bins_of(height, BANDS)
    columns = [np.argwhere(mask[bands == band])[:, 1] for band in range(BANDS)]
    first = [np.flatnonzero(mask[:, bins_of(width, BANDS) == b].any(axis=1)) for b in range(BANDS)]
    first = [int(rows[0]) if rows.size else None for rows in first]
    return {"road": int(mask.sum()), "boundary": int(inner), "frame_boundary": int(sides - inner),
            "components": components, "holes": components - int(euler), "euler": int(euler),
            "largest": int(np.bincount(labels.ravel())[1:].max(initial=0)),
            "compactness": float(sides ** 2 / mask.sum()) if mask.any() else None,
            "centroid": None if row is None else [float(row), float(column)],
            "width": [float(mask[bands == band].sum(axis=1).mean()) for band in range(BANDS)],
            "centre": [float(c.mean()) if c.size else None for c in columns], "first_rows": first}


def blocks(mask):
    rows, columns = bins_of(mask.shape[0], 30), bins_of(mask.shape[1], 40)
    return np.array([[mask[np.ix_(rows == r, columns == c)].sum() for c in range(40)] for r in range(30)])


def ratio(a, b):
    return float(a / b) if b else None


def temporal(masks):
    earlier, before, now = masks
    a, b = blocks(now), blocks(before)
    return {"both": int((now & before).sum()), "either": int((now | before).sum()),
            "iou": ratio((now & before).sum(), (now | before).sum()),
            "block_iou": ratio(np.minimum(a, b).sum(), np.maximum(a, b).sum()),
            "flicker": float(((now != before) & (before != earlier)).mean())}


def beside_boundary(mask, reach):
    edge = np.zeros_like(mask)
    for axis in (0, 1):
        differs = np.diff(mask.astype(int), axis=axis) != 0
        pad = [(0, 0), (0, 0)]
        for side in ((1, 0), (0, 1)):
            pad[axis] = side
            edge |= np.pad(differs, pad)
    return scipy.ndimage.binary_dilation(edge, np.ones((2 * reach + 1, 2 * reach + 1)))


def confidence(demo, codes, mask):
    p = probability(codes, demo.scale, demo.zero_point)
    margin = np.abs(2 * p - 1)
    z = (codes.astype(float) - demo.zero_point) * float(demo.scale)
    band = {reach: beside_boundary(mask, reach) for reach in (0, 1, 2, 7)}
    weights = np.arange(1, BANDS + 1)[bins_of(mask.shape[0], BANDS)][:, None] * np.ones_like(margin)
    return {"mean_max_softmax": float(np.maximum(p, 1 - p).mean()),
            "mean_energy": float(-np.logaddexp(0, z).mean()),
            "low": [[limit, float((margin < limit).mean())] for limit in (0.1, 0.5, 0.9)],
            "bands": [{"reach": reach, "pixels": int(b.sum()), "band": float(margin[b].mean()),
                       "interior": float(margin[~b].mean())} for reach, b in band.items()],
            "weighted_low": float(weights[margin < 0.5].sum() / weights.sum())}


def accuracy(demo, source, frames):
    """Average thresholded confidence: the score below which as many lie as are wrong, of the scores that codes have."""
    labels = demo.hand_label(source)
    valid = labels != IGNORE
    score = lambda frame: np.abs(demo.codes[frame].astype(int) - demo.zero_point)  # the margin rises with it
    wrong = int(((demo.codes[source] > demo.zero_point) != (labels == 1))[valid].sum())
    candidates = [(abs(int((score(source)[valid] < t).sum()) - wrong), t) for t in range(0, 144)]
    threshold = min(candidates)[1]
    return {"source": source, "wrong": wrong, "threshold": threshold,
            "estimated": [[frame, float((score(frame) >= threshold).mean())] for frame in frames]}


def multiclass():
    rng = np.random.default_rng(11)
    logits = np.clip(rng.normal(0, 45, (64, 4)), -128, 127).round().astype(int)
    scale, zero, temperature = 0.0625, -3, 1.5
    top = np.sort(logits, axis=1)
    z = scale * (logits - zero)
    energy = -temperature * scipy.special.logsumexp(z / temperature, axis=1)
    return {"logits": logits.ravel().tolist(), "scale": scale, "zero_point": zero, "temperature": temperature,
            "classes": np.bincount(logits.argmax(axis=1), minlength=4).tolist(),
            "mean_margin": float((top[:, -1] - top[:, -2]).mean()), "mean_energy": float(energy.mean())}


def statistics(demo, frames):
    mask = lambda frame: demo.codes[frame] > demo.zero_point
    return [{"frame": frame, "geometry": geometry(mask(frame)),
             "temporal": temporal([mask(frame - 2), mask(frame - 1), mask(frame)]),
             "confidence": confidence(demo, demo.codes[frame], mask(frame))} for frame in frames]


# ---------------------------------------------------------------- two-sample distances

def distances(reference, current):
    b, a = np.array(reference, float), np.array(current, float)
    p, q = a / a.sum(), b / b.sum()
    smooth = lambda n: (n + 0.5) / (n.sum() + n.size / 2)
    ps, qs = smooth(a), smooth(b)
    there = b > 0
    values = np.arange(len(a))
    expected = b * a.sum() / b.sum()
    chi = None
    if not a[~there].any():
        chi = float(scipy.stats.chisquare(a[there], expected[there]).statistic) if there.sum() > 1 else 0.0
    js = scipy.spatial.distance.jensenshannon(p, q)
    samples = [np.repeat(values, np.array(n, int)) for n in (current, reference)]
    total = float(scipy.spatial.distance.cityblock(p, q) / 2)
    return {"population_stability_index": float(((ps - qs) * np.log(ps / qs)).sum()),
            "kullback_leibler": float(scipy.stats.entropy(ps, qs)),
            "reverse_kullback_leibler": float(scipy.stats.entropy(qs, ps)),
            "jensen_shannon_divergence": float(js ** 2), "jensen_shannon_distance": float(js),
            "hellinger": float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)), "chi_squared": chi,
            "total_variation": total, "l_infinity": float(scipy.spatial.distance.chebyshev(p, q)),
            "kolmogorov_smirnov": float(scipy.stats.ks_2samp(*samples).statistic),
            "wasserstein": float(scipy.stats.wasserstein_distance(values, values, a, b)),
            "histogram_intersection": float(1 - np.minimum(p, q).sum())}


def two_samples(demo):
    rng = np.random.default_rng(3)
    code = lambda frame: np.bincount(demo.codes[frame].ravel().astype(int) + 128, minlength=256).tolist()
    pairs = {"classes": ([300, 200, 0, 17], [250, 180, 0, 91]), "two": ([1, 0], [0, 5]), "one": ([4], [9]),
             "same": ([10, 20, 70], [1, 2, 7]), "out_of_range": ([0, 40, 60, 0], [3, 50, 45, 2]),
             "near": ([100000, 200000, 300000], [100001, 199999, 300000]),
             "sixteen": (rng.poisson(60, 16).tolist(), rng.poisson(np.linspace(30, 90, 16)).tolist()),
             "codes": (code(0), code(60)), "foggy_codes": (code(0), code(120))}
    return [{"name": name, "reference": r, "current": c, "distances": distances(r, c)}
            for name, (r, c) in pairs.items()]


def peers(demo):
    """What libraries make of the same counts, by their formulas: the zero rule, the base, the bins."""
    reference, current = np.array([0, 40, 60, 0.0]), np.array([3, 50, 45, 2.0])
    q, p = reference / reference.sum(), current / current.sum()
    rule = lambda least: float(sum((a - b) * np.log(a / b) for a, b in zip(np.maximum(p, least), np.maximum(q, least))))
    half = distances(reference, current)["population_stability_index"]
    codes = [demo.codes[frame].ravel().astype(float) for frame in (0, 60)]
    def rebinned(samples):
        edges = np.histogram_bin_edges(np.concatenate(samples), 10)
        shares = [np.histogram(s, edges)[0] / s.size for s in samples]
        return float(np.abs(shares[0] - shares[1]).sum() / 2)
    outlier = [codes[0], np.append(codes[1], 5000.0)]
    js = scipy.spatial.distance.jensenshannon
    return {"psi": {"tiny": rule(np.finfo(float).tiny), "1e-4": rule(1e-4), "half": half},
            "jensen_shannon": {"distance_e": float(js(p, q)), "distance_2": float(js(p, q, 2)),
                               "divergence_e": float(js(p, q) ** 2)},
            "total_variation_rebinned": {"frames": [0, 60], "as_is": rebinned(codes), "outlier": rebinned(outlier)}}


def all_of(demo, frames):
    return {"shapes": statistics(demo, frames), "accuracy": accuracy(demo, 120, frames), "multiclass": multiclass(),
            "two_samples": two_samples(demo), "peers": peers(demo)}
