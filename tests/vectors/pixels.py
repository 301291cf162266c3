"""What a loss sees of a fixture: the valid pixels, once as f64 tensors for PyTorch and once with 120 digits.

Both views have the same fields, so that each loss can be written twice, from the same names:

    p[c], q[c]   probability of class c and its complement      l[c]  -ln p[c]
    g[c]         target of class c (hard or soft)               w     pixel weights
    v[c]         class weights (1 without any)                  a[c]  w v[c] g[c], what a mean over pixels divides by

Binary input is two classes with the logits (0, z). Pixels that are ignored, and pixels of weight 0, are left
out before anything else happens.
"""

import numpy as np
import torch

import tape
from tape import Node, array, mpf

IGNORE = 255
LIMIT = 100.0  # of -ln p on probability input, as in PyTorch's binary_cross_entropy


class Frame:
    """A fixture as arrays: planar logits (C, n) and targets (K, n) of the valid pixels."""

    def __init__(self, data):
        self.height, self.width = data["height"], data["width"]
        size = self.height * self.width
        planes = data.get("classes", 1)
        self.binary, self.classes = planes == 1, max(planes, 2)
        self.probabilities = data.get("input", "logits") == "probabilities"
        self.logits = np.array(data["logits"], float).reshape(planes, size)
        weights = np.ones(size) if data["weights"] is None else np.array(data["weights"], float)
        labels = data["labels"]
        labels = np.zeros(size, int) if labels is None else np.array(labels)
        if data.get("targets") is None:
            self.targets = np.array([labels == c for c in range(self.classes)], float)
        else:
            t = np.array(data["targets"], float).reshape(planes, size)
            self.targets = np.array([1 - t[0], t[0]]) if self.binary else t
        valid = (labels != IGNORE) & (weights > 0)
        self.hard = np.isin(self.targets, (0, 1)).all()
        self.index = np.flatnonzero(valid)
        self.z, self.g, self.w = self.logits[:, valid], self.targets[:, valid], weights[valid]
        self.label = self.g.argmax(axis=0) if valid.any() else np.zeros(0, int)
        v = data.get("class_weights")
        self.v = np.ones(self.classes) if v is None else np.array(v, float)
        self.shape = self.height, self.width

    def plane(self, values, fill):
        """Values of the valid pixels laid out as the frame."""
        full = np.full(self.height * self.width, fill, dtype=np.asarray(values).dtype)
        full[self.index] = values
        return full.reshape(self.shape)

    @property
    def valid(self):
        return self.plane(np.ones(self.index.size, bool), False)

    @property
    def predicted(self):
        """Most probable class; a tie goes to the lowest."""
        z = self.z
        if self.binary:
            z = np.array([np.full(z.shape[1], 0.5 if self.probabilities else 0.0), z[0]])
        return z.argmax(axis=0)

    def mask(self, c):
        """Where the prediction says class c: p > 1/2."""
        if self.probabilities or self.binary:
            z = self.z[0 if self.binary else c]
            return z > (0.5 if self.probabilities else 0.0)
        z = self.z - self.z.max(axis=0)
        p = np.exp(z) / np.exp(z).sum(axis=0)
        assert np.abs(p - 0.5).min() > 1e-6  # f32 must not decide otherwise
        return p[c] > 0.5


class ClampedLog(torch.autograd.Function):
    """-ln p for given probabilities: at most 100, with the slope -1 / max(p, 1e-12) everywhere."""

    @staticmethod
    def forward(ctx, p):
        ctx.save_for_backward(p)
        return (-torch.log(p)).clamp(max=LIMIT)

    @staticmethod
    def backward(ctx, d):
        return -d / ctx.saved_tensors[0].clamp(min=1e-12)


clamped_log = tape.unary(
    lambda p: np.array([-tape.mpmath.log(k) if k > tape.mpmath.exp(-LIMIT) else mpf(LIMIT) for k in p], dtype=object),
    lambda p, y: np.array([-1 / max(k, mpf(1e-12)) for k in p], dtype=object))


class Tensors:
    """The f64 view. Every form here keeps its relative accuracy on saturated logits."""

    def __init__(self, frame):
        self.frame = frame
        self.leaf = torch.tensor(frame.z, requires_grad=True)
        self.g, self.w, self.v = map(torch.tensor, (frame.g, frame.w, frame.v))
        self.h = 1 - self.g
        self.a = self.w * self.v[:, None] * self.g
        z = self.leaf
        if frame.probabilities:
            self.p = torch.cat([1 - z, z]) if frame.binary else z
            self.q = 1 - self.p
            self.l = ClampedLog.apply(self.p)
        else:
            if frame.binary:
                z = torch.cat([torch.zeros_like(z), z])
            # sum of the others' e^(z_j - z_c): p = 1 / (1 + odds) without a cancelling maximum
            odds = torch.stack([sum(torch.exp(z[j] - z[c]) for j in range(len(z)) if j != c) for c in range(len(z))])
            self.p, self.q, self.l = 1 / (1 + odds), 1 / (1 + 1 / odds), torch.log1p(odds)

    def gradient(self, value):
        (slope,) = torch.autograd.grad(value, self.leaf, retain_graph=True, allow_unused=True)
        return np.zeros(self.frame.z.shape) if slope is None else slope.numpy()


class Digits:
    """The 120-digit view, in the textbook forms: nothing here is rearranged for f64."""

    def __init__(self, frame):
        self.frame = frame
        self.leaf = Node(array(frame.z))
        self.g, self.w, self.v = array(frame.g), array(frame.w), [mpf(k) for k in frame.v]
        self.h = mpf(1) - self.g
        self.a = [self.w * k * g for k, g in zip(self.v, self.g)]
        rows = [self.leaf[c] for c in range(len(frame.z))]
        if frame.probabilities:
            self.p = [1 - rows[0], rows[0]] if frame.binary else rows
            self.l = [clamped_log(p) for p in self.p]
        else:
            if frame.binary:
                rows = [rows[0] * 0, rows[0]]
            top = np.max([row.value for row in rows], axis=0)
            powers = [tape.exp(row - top) for row in rows]
            total = sum(powers[1:], powers[0])
            self.p = [k / total for k in powers]
            self.l = [tape.log(total / k) for k in powers]
        self.q = [1 - p for p in self.p]

    def gradient(self, value):
        return tape.gradient(value, self.leaf)
