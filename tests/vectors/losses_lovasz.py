"""Lovász extension of the Jaccard loss: errors sorted descending, ties in pixel order.

Weights: a pixel counts w times. Only hard labels: with a soft one the extension is not defined.
"""

import numpy as np
import torch

import tape
from losses_distribution import fsum, total
from tape import mpf


def classes_of(frame, classes):
    if classes == "all":
        return list(range(frame.classes))
    return [c for c in range(frame.classes) if frame.g[c].any()]


def check_order(errors):
    """f32 must sort them alike: two errors are equal or apart by some steps of f32."""
    errors = np.sort(np.asarray(errors, float))
    gaps = np.diff(errors) / errors[1:]
    assert ((gaps < 1e-14) | (gaps > 3e-7)).all(), gaps[(gaps >= 1e-14) & (gaps <= 3e-7)]


# ---------------------------------------------------------------- PyTorch: cumulative sums

def t_extension(errors, ranking, g, w):
    """`ranking` is what is sorted, ascending, in place of the errors: it does not saturate."""
    order = torch.argsort(ranking.detach(), stable=True)
    g, w = g[order], w[order]
    here, rest = (w * g).cumsum(0), (w * (1 - g)).cumsum(0)
    union = here[-1] + rest
    jaccard = torch.where(union > 0, 1 - (here[-1] - here) / union.clamp(min=1e-300), 0)
    return (errors[order] * torch.diff(jaccard, prepend=torch.zeros(1))).sum()


def t_hinge(x):
    margin = (2 * x.g[1] - 1) * x.leaf[0]
    return t_extension(torch.relu(1 - margin), margin, x.g[1], x.w)


def t_plane(x, c):
    error = torch.where(x.g[c] == 1, x.q[c], x.p[c])
    check_order(error.detach())
    # Binary logits rank themselves: p of -z and 1 - p of z are equal, but their roundings need not be.
    direct = x.frame.binary and not x.frame.probabilities
    return t_extension(error, (2 * x.g[c] - 1) * x.leaf[0] if direct else -error, x.g[c], x.w)


def t_sigmoid(x, classes):
    if classes == "present" and not x.frame.g[1].any():
        return None
    return t_plane(x, 1)


def t_softmax(x, classes):
    chosen = classes_of(x.frame, classes)
    return sum(x.v[c] * t_plane(x, c) for c in chosen) / sum(x.v[c] for c in chosen) if chosen else None


TORCH = {"lovasz_hinge": t_hinge, "lovasz_sigmoid": t_sigmoid, "lovasz_softmax": t_softmax}


# ---------------------------------------------------------------- 120 digits: pixel by pixel

def d_extension(errors, g, w, positive_only=False):
    # 90 decimals: numbers that are equal but for their 120th digit have to tie.
    order = sorted(range(len(g)), key=lambda i: (-tape.mpmath.nint(errors.value[i] * mpf(10) ** 90), i))
    inside = fsum(w * g)
    seen_in = seen_out = before = mpf(0)
    steps = np.full(len(g), mpf(0), dtype=object)
    for i in order:
        if g[i] == 1:
            seen_in += w[i]
        else:
            seen_out += w[i]
        union = inside + seen_out
        jaccard = 1 - (inside - seen_in) / union if union > 0 else mpf(0)
        if errors.value[i] > 0 or not positive_only:
            steps[i] = jaccard - before
        before = jaccard
    return (errors * steps).sum()


def d_hinge(x):
    sign = 2 * x.g[1] - 1
    return d_extension(1 - x.leaf[0] * sign, x.g[1], x.w, positive_only=True)


def d_plane(x, c):
    return d_extension(tape.where(np.array([k == 1 for k in x.g[c]], bool), 1 - x.p[c], x.p[c]), x.g[c], x.w)


def d_sigmoid(x, classes):
    if classes == "present" and not x.frame.g[1].any():
        return None
    return d_plane(x, 1)


def d_softmax(x, classes):
    chosen = classes_of(x.frame, classes)
    return total(d_plane(x, c) * x.v[c] for c in chosen) / sum(x.v[c] for c in chosen) if chosen else None


DIGITS = {"lovasz_hinge": d_hinge, "lovasz_sigmoid": d_sigmoid, "lovasz_softmax": d_softmax}
