"""presets.json: which parameters of ours reproduce a library's loss, and where the library means something else.

The libraries are run (with f64 inputs where they take them); a formula stands for code that is not on PyPI,
written here in PyTorch from its description. Ours comes from the two views of the catalogue, so every row is a
third, foreign opinion. Where a library differs, the row holds our value and says what the library returns.
"""

from importlib.metadata import version

import numpy as np
import torch
from torch.nn.functional import one_hot

import presets_formulas
import presets_libraries
import presets_papers
from catalogue import Both, default
from common import VERSIONS, digits, shortest
from fixtures import fixture, planes, spec_plane, spec_planes
from presets_libraries import F32, LIBRARIES


def frames():
    (logits, labels), (values, ids) = spec_plane(), spec_planes()
    return {"spec": fixture(logits, labels), "spec_multi": planes(values, ids), "empty": fixture(logits, 0 * labels)}


def more_frames():
    """Soft labels, and a class without labels: the frames that losses.json has not, so presets.json holds them."""
    (logits, labels), (values, ids) = spec_plane(), spec_planes()
    return {"soft_plain": planes(logits[None], targets=(6 * labels[None] + 1 + labels[None, ::-1]) / 8),
            "class_absent": planes(values, ids % 2)}


def partners():
    """A second image for a batch."""
    (logits, labels), (values, ids) = spec_plane(), spec_planes()
    return {"spec": fixture(0.5 * logits[::-1] + 0.3, labels[::-1] & (np.arange(8) < 4)),
            "spec_multi": planes(0.7 * values[:, :, ::-1], np.maximum(ids, np.arange(8) < 3))}


class Inputs:
    """What the libraries take of images: z (N, C, H, W), labels, targets, sigmoid or softmax, one-hot."""

    def __init__(self, *images):
        count = images[0].get("classes", 1)

        def stacked(key, channels):
            size = images[0]["height"], images[0]["width"]
            return torch.tensor([image[key] for image in images]).reshape(len(images), channels, *size)

        self.z = stacked("logits", count).requires_grad_()
        self.p = torch.sigmoid(self.z) if count == 1 else self.z.softmax(1)
        if images[0].get("targets") is not None:
            self.g = stacked("targets", count)
            return
        self.y = stacked("labels", 1)
        self.g = self.y.double()
        self.hot = one_hot(self.y[:, 0], max(count, 2)).permute(0, 3, 1, 2).double()


def beside(one, other):
    """Two images as one."""
    wide = dict(one, width=one["width"] + other["width"])
    for key, count in (("logits", one.get("classes", 1)), ("labels", 1)):
        both = [np.array(k[key]).reshape(count, k["height"], k["width"]) for k in (one, other)]
        wide[key] = np.concatenate(both, axis=2).ravel().tolist()
    return wide


def reduction(reference, one, other):
    """How a library brings a batch to one number: as one image, by the mean of the images' losses, or neither
    (mixed). None where both give the same."""
    batch, wide = (float(reference(Inputs(*k))) for k in ((one, other), (beside(one, other),)))
    mean = (float(reference(Inputs(one))) + float(reference(Inputs(other)))) / 2
    found = [name for name, value in (("image", mean), ("batch", wide)) if abs(value - batch) <= F32 * abs(batch)]
    return {0: "mixed", 1: found and found[0], 2: None}[len(found)]


def rows():
    """preset, fixture, (loss, changed parameters), reference, and tolerance or, for what differs, what the
    reference is in terms of ours (None: nothing simple) and why."""
    for row in presets_libraries.rows():
        yield f"{LIBRARIES[row[0]]} {version(LIBRARIES[row[0]])}", row
    for row in (*presets_formulas.rows(), *presets_papers.rows()):
        yield f"formula: {row[0]}", row


def evaluate(library, row, fixtures):
    preset, name, (loss, changes), reference, *rest = row
    tolerance = rest[0] if len(rest) == 1 else 1e-9
    relation, why = rest if len(rest) == 2 else ((lambda v: v), None)
    changes = dict(changes)
    class_weights = changes.pop("class_weights", None)
    data = fixtures[name] if class_weights is None else {**fixtures[name], "class_weights": class_weights}
    both, given = Both(data), Inputs(fixtures[name])
    parameters = default(loss, both.frame, **changes)
    value, gradient = both.evaluate(loss, parameters)
    undefined, value = value is None, 0.0 if value is None else float(value)
    theirs = reference(given)
    found = float(theirs)
    if relation is not None:
        limit = max(tolerance, F32 if why else 0) * max(abs(value), abs(found))
        assert abs(found - relation(value)) <= limit, (preset, loss, changes, value, found)
    case = {"preset": preset, "library": library, "loss": loss, "parameters": parameters, "fixture": name,
            "value": value, "differs": why and f"{why}; it returns {digits(found, 9)}"}
    if class_weights is not None:
        case["class_weights"] = class_weights
    if name in partners() and preset != "paper":
        case["reduction"] = reduction(reference, fixtures[name], partners()[name])
        assert case["reduction"] != "mixed" or why, (preset, loss)
    if undefined:
        case["undefined"] = True
    if relation is not None and theirs.requires_grad and not undefined:
        (slope,) = torch.autograd.grad(theirs, given.z)
        gap = np.abs(slope.numpy().reshape(gradient.shape) - (relation(1) - relation(0)) * gradient).max()
        limit = 1e-6 if tolerance < F32 and why is None else 1e-5
        assert gap <= limit * np.abs(gradient).max(), (preset, loss, changes, gap)
        case["gradient"] = [digits(k, 7) + 0.0 for k in gradient.ravel()]
    return case


def presets(_demo):
    more = more_frames()
    fixtures = {**frames(), **more}
    libraries = {name: version(name) for name in LIBRARIES.values()}
    cases = [evaluate(library, row, fixtures) for library, row in rows()]
    for data in more.values():
        for key in ("logits", "targets"):
            data[key] = data[key] and [shortest(k) for k in data[key]]
    return {"versions": {**VERSIONS, **libraries}, "fixtures": more, "cases": cases}
