"""What the generators share: versions, the bundled frames, rounding, writing."""

import json
import math
import platform
from decimal import Decimal
from pathlib import Path

import mpmath
import numpy as np
import scipy
import skimage
import sklearn
import torch

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "data" / "demo"
IGNORE = 255
VERSIONS = {
    "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
    "scipy": scipy.__version__, "sklearn": sklearn.__version__, "skimage": skimage.__version__,
    "mpmath": mpmath.__version__,
}

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # one order of summation, so two runs agree to the last bit


def digits(x, n=10):
    """x with n significant digits: keeps the files small, and is far finer than the f32 under test."""
    return float(f"{float(x):.{n}g}")


def short(x):
    """The shortest of the decimals that read back as x: as repr writes it, or an integer with an exponent."""
    assert math.isfinite(x)
    sign, numerals, exponent = Decimal(repr(x)).normalize().as_tuple()
    mantissa = "-" * sign + "".join(map(str, numerals))
    plain = mantissa + "0" * exponent if 0 <= exponent < 4 else repr(x)
    return min(plain, f"{mantissa}e{exponent}", key=len)


def dump(x):
    """JSON with short numbers: 12e-5 instead of 0.00012. NaN and infinity are not JSON."""
    if isinstance(x, dict):
        return "{" + ",".join(f"{dump(k)}:{dump(v)}" for k, v in x.items()) + "}"
    if isinstance(x, (list, tuple)):
        return "[" + ",".join(map(dump, x)) + "]"
    if isinstance(x, float):
        return short(x)
    return json.dumps(x, allow_nan=False)


def shortest(x):
    """The f32 number x as the shortest decimal that reads back as x, also by way of f64."""
    text = float(str(np.float32(x)))
    assert np.float32(text) == np.float32(x) == x
    return text


def write(name, document):
    """One line per list entry or named member, so that a diff shows which case moved."""
    parts = []
    for key, value in document.items():
        if key == "versions":
            body = dump(value)
        elif isinstance(value, list):
            body = "[\n" + ",\n".join(map(dump, value)) + "\n]"
        else:
            body = "{\n" + ",\n".join(f"{dump(k)}:{dump(v)}" for k, v in value.items()) + "\n}"
        parts.append(f"{dump(key)}:{body}")
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    assert json.loads(text) == document
    (HERE / name).write_text(text)
    counts = ", ".join(f"{len(v)} {k}" for k, v in document.items() if k != "versions")
    print(f"{name}: {len(text) / 1000:.1f} kB, {counts}")


class Demo:
    """The road demo pack: see tests/data/demo/manifest.json for the layout."""

    def __init__(self):
        manifest = json.loads((DEMO / "manifest.json").read_text())
        self.scale = np.float32(manifest["road_i8"]["scale"])
        self.zero_point = manifest["road_i8"]["zero_point"]
        self.labelled = manifest["labelled_frames"]
        self.shape = manifest["height"], manifest["width"]
        self.codes = np.fromfile(DEMO / "road_i8.bin", np.int8).reshape(-1, *self.shape)
        self.reference = self.bits("reference_bits.bin")
        self.label, self.valid = self.bits("label_bits.bin"), self.bits("valid_bits.bin")

    def bits(self, name):
        rows = np.fromfile(DEMO / name, np.uint8).reshape(-1, self.shape[0], self.shape[1] // 8)
        return np.unpackbits(rows, axis=2, bitorder="little")

    def hand_label(self, frame):
        slot = self.labelled.index(frame)
        return np.where(self.valid[slot] == 1, self.label[slot], IGNORE)


def dequantise(codes, scale, zero_point):
    """(q - zero_point) * scale with one f32 rounding, as the device does it."""
    return (codes.astype(np.int32) - zero_point).astype(np.float32) * np.float32(scale)


def probability(codes, scale, zero_point):
    """sigmoid of the f32 logit, from there on in f64."""
    return 1 / (1 + np.exp(-dequantise(codes, scale, zero_point).astype(np.float64)))


def random_labels(rng, shape, ignored):
    return np.where(rng.random(shape) < ignored, IGNORE, rng.random(shape) < 0.4).astype(int)
