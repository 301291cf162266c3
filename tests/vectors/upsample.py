"""upsample.json: PyTorch's `interpolate` of dequantised codes and its `argmax`, in f32 as a network would be evaluated."""

from fractions import Fraction

import numpy as np
import torch

from common import VERSIONS

MODES = {"half_pixel": {"mode": "bilinear", "align_corners": False},
         "aligned_corners": {"mode": "bilinear", "align_corners": True},
         "nearest": {"mode": "nearest"}}


def places(name, length, factor):
    """Where the pixels of a side lie between scores, exactly: the first, the second, the part of the second."""
    size = length * factor
    for pixel in range(size):
        if name == "nearest":
            yield pixel // factor, pixel // factor, Fraction(0)
            continue
        if name == "half_pixel":
            place = Fraction(2 * pixel + 1 - factor, 2 * factor)
        else:
            place = Fraction(pixel * (length - 1), max(size - 1, 1))
        place = min(max(place, Fraction(0)), Fraction(length - 1))
        first = int(place)
        yield first, min(first + 1, length - 1), place - first


def ties(codes, name, factor):
    """The pixels where several classes are highest, exactly."""
    _, height, width = codes.shape
    exact = codes.astype(object)
    columns = np.stack([exact[:, :, a] * (1 - w) + exact[:, :, b] * w for a, b, w in places(name, width, factor)], 2)
    scores = np.stack([columns[:, a] * (1 - w) + columns[:, b] * w for a, b, w in places(name, height, factor)], 1)
    return ((scores == scores.max(0)).sum(0) > 1).astype(int)


def upsample(_demo):
    random = np.random.default_rng(5)
    cases = []
    for name, mode in MODES.items():
        for shape, factor, smooth in [((3, 5, 4), 8, False), ((19, 6, 7), 8, True), ((2, 1, 3), 3, False),
                                      ((32, 4, 4), 16, False), ((5, 9, 2), 5, True)]:
            codes = random.integers(-128, 128, shape)
            if smooth:
                codes = (codes + np.roll(codes, 1, 1) + np.roll(codes, 1, 2)) // 3
            scale, zero_point = 0.0625 * (1 + len(cases) % 3) + 0.001, -7
            logits = torch.tensor((codes - zero_point).astype(np.float32) * np.float32(scale))[None]
            ids = torch.nn.functional.interpolate(logits, scale_factor=factor, **mode)[0].argmax(0)
            cases.append({"interpolation": name, "shape": list(shape), "factor": factor, "codes": codes.ravel().tolist(),
                          "ids": "".join(chr(48 + c) for c in ids.ravel().tolist()),
                          "ties": "".join(map(str, ties(codes, name, factor).ravel()))})
    return {"versions": {"torch": VERSIONS["torch"]}, "cases": cases}
