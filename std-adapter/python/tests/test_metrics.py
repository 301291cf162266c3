"""Overlap metrics are the command's, to the last bit, in any order and from any number of parts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run
from segmeter.metrics import Confusion


def masks(classes: int) -> tuple[Any, Any]:
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, (4, 21, 33)).repeat(3, 2).astype(np.uint8)
    predictions = np.where(random.random(labels.shape) < 0.7, labels, random.integers(0, classes, labels.shape))
    labels[:, :3, :4] = 255
    return predictions.astype(np.uint8), labels


@pytest.mark.parametrize("ignore", [255, 0])
@pytest.mark.parametrize("classes", [2, 3, 19, 32, 40])
def test_values_are_the_commands(run: Run, tmp_path: Path, classes: int, ignore: int) -> None:
    predictions, labels = masks(classes)
    if ignore == 0:
        labels[labels == 255] = 0
    if classes > 2:
        predictions[0, 5, :7] = classes + 1  # No class: wrong for its label.
    np.save(tmp_path / "predictions.npy", predictions)
    np.save(tmp_path / "labels.npy", labels)
    told = ["--classes", classes, "--ignore", ignore]
    expected = run("eval", tmp_path / "predictions.npy", tmp_path / "labels.npy", *told)
    confusion, parts = Confusion(classes, ignore), [Confusion(classes, ignore) for _ in range(3)]
    confusion.update(predictions, labels)
    for image, (one, other) in enumerate(zip(predictions, labels)):
        parts[image % 3].update(one, other.astype(np.int64))
    for part in parts[1:]:
        parts[0].merge(pickle.loads(pickle.dumps(part)))
    for found in (confusion.compute(), parts[0].compute()):
        seen = 0
        for name, value in expected["pooled"].items():
            if name in found:
                assert found[name] == value, name
                seen += 1
        assert seen >= 9
        for own, theirs in zip(found["classes"], expected["classes"], strict=True):
            names = set(own) & set(theirs)
            assert len(names) > 20
            # A class that is ignored is in no mean, and in the command's table not scored.
            assert theirs["id"] == ignore or all(own[name] == theirs[name] for name in names)
        assert found["counts"].tolist() == expected["confusion"]["counts"]
        assert found["ignored"] == expected["ignored"]


def test_reset_and_refusals() -> None:
    confusion = Confusion(3)
    predictions, labels = masks(3)
    confusion.update(predictions, labels)
    first = confusion.compute()
    confusion.reset()
    assert confusion.compute()["mean_iou"] is None and confusion.compute()["ignored"] == 0
    confusion.update(predictions, labels)
    assert confusion.compute()["mean_iou"] == first["mean_iou"]
    for classes in (3, 40):
        other = Confusion(classes)
        with pytest.raises(ValueError, match=rf"^labels: found id 50 at place 1, expected 0 to {classes - 1}"):
            other.update(np.zeros(3, np.uint8), np.array([0, 50, 255], np.uint8))
        assert other.compute()["pixel_accuracy"] is None
    with pytest.raises(TypeError, match="^predictions: found float32, expected class ids"):
        confusion.update(predictions.astype(np.float32), labels)
    with pytest.raises(ValueError, match=r"^labels: found axes \(3,\), expected \(4, 21, 99\)"):
        confusion.update(predictions, labels[0, 0, :3].copy())
    with pytest.raises(ValueError, match="^merge: the other has another number of classes"):
        confusion.merge(Confusion(4))
    with pytest.raises(ValueError, match="^classes: found 1, expected 2 to 255"):
        Confusion(1)
