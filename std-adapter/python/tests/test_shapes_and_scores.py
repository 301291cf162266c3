"""Contours, components and scores are the command's, to the last bit, in any order and from any number of parts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run, frames
from segmeter.metrics import Scores, Surface, Topology
from test_metrics import masks

FAMILIES = [pytest.param(Surface, "surface", id="surface"), pytest.param(Topology, "topology", id="topology")]


def in_parts(make: Any, images: Any) -> Any:
    """What three processes found, in another order."""
    parts = [make() for _ in range(3)]
    for number, (one, other) in enumerate(images):
        parts[number % 3].update(one, other)
    last = make()
    for part in reversed(parts):
        last.merge(pickle.loads(pickle.dumps(part)))
    return last


@pytest.mark.parametrize("told", [{}, {"background": True, "tolerance": 3.5, "connectivity": 8}, {"spacing": (0.5, 2.0)}])
@pytest.mark.parametrize("classes", [2, 3, 19])
@pytest.mark.parametrize(("kind", "family"), FAMILIES)
def test_shapes_are_the_commands(
    run: Run, tmp_path: Path, kind: Any, family: str, classes: int, told: dict[str, Any]
) -> None:
    predictions, labels = masks(classes)
    # An image without a class, and one where it is only predicted.
    labels[1][labels[1] == classes - 1] = 0
    predictions[2][predictions[2] == 1] = 0
    np.save(tmp_path / "predictions.npy", predictions)
    np.save(tmp_path / "labels.npy", labels)
    whole = kind(classes, **told)
    whole.update(predictions, labels)
    names = [name for name in whole.compute() if name not in ("classes", "undefined", "images")]
    assert len(names) >= 8
    # A metric of two masks has two numbers.
    asked = ",".join(name for name in names if not name.endswith("_of_labels"))
    line = ["--classes", classes, "--metrics", asked, "--tolerance", told.get("tolerance", 2)]
    line += ["--background"] if "background" in told else []
    line += ["--connectivity", told["connectivity"]] if "connectivity" in told else []
    line += ["--spacing", "0.5,2"] if "spacing" in told else []
    expected = run("eval", tmp_path / "predictions.npy", tmp_path / "labels.npy", *line)
    parts = in_parts(lambda: kind(classes, **told), zip(predictions, labels))
    for found in (whole.compute(), parts.compute()):
        assert {name: found[name] for name in names} == expected[family]
        assert found["images"] == 4
        for name in names:
            assert found["undefined"][name] == expected["undefined"].get(name, 0), name
        for own, theirs in zip(found["classes"], expected["classes"], strict=True):
            assert all(own[name] == theirs.get(family, {}).get(name) for name in names), own


@pytest.mark.parametrize("preset", [None, "torchmetrics", "metrics_reloaded", "kitti_road"])
@pytest.mark.parametrize("kind", ["float32", "float64", "int8", "uint8", "probabilities", "uint8 probabilities"])
def test_scores_are_the_commands(run: Run, tmp_path: Path, kind: str, preset: str | None) -> None:
    logits, labels = frames("binary")
    told: dict[str, Any] = {"preset": preset}
    line: list[Any] = ["--metrics", "all"] if preset is None else ["--preset", preset, "--metrics", "all"]
    given = logits
    if kind == "float64":
        given = logits.astype(np.float64) * (1 + 1e-9)
    if kind in ("int8", "uint8"):
        info, zero = np.iinfo(kind), 15 if kind == "int8" else 128
        given = np.clip(np.round(logits / 0.1) + zero, info.min, info.max).astype(kind)
        told |= {"scale": 0.1, "zero_point": zero}
        line += ["--scale", 0.1, "--zero-point", zero]
    if kind.endswith("probabilities"):
        given = (1 / (1 + np.exp(-logits))).astype(np.float32)
        given = np.round(given * 255).astype(np.uint8) if kind.startswith("uint8") else given
        told |= {"probabilities": True}
        line += ["--probabilities"]
    np.save(tmp_path / "scores.npy", given)
    np.save(tmp_path / "labels.npy", labels)
    if preset == "kitti_road" and given.dtype != np.uint8:
        pytest.skip("KITTI's rule is one of 8 bits")
    expected = run("eval", tmp_path / "scores.npy", tmp_path / "labels.npy", *line)
    whole = Scores(**told)
    whole.update(given, labels)
    parts = in_parts(lambda: Scores(**told), zip(given, labels.astype(np.int64)))
    for found in (whole.compute(), parts.compute()):
        for family in ("threshold", "calibration"):
            assert len(expected[family]) >= 7
            assert {name: found[family][name] for name in expected[family]} == expected[family]
        assert sum(pixels for pixels, _, _ in found["bins"]) == (labels != 255).sum()
    whole.reset()
    assert whole.compute()["threshold"]["auroc"] is None


def test_refusals() -> None:
    logits, labels = frames("binary")
    scores = Scores()
    with pytest.raises(ValueError, match="^labels: found id 7 at place 3, expected 0 to 1"):
        scores.update(logits, np.where(np.arange(logits.size).reshape(logits.shape) == 3, 7, labels))
    with pytest.raises(TypeError, match="^labels: found float32, expected class ids"):
        scores.update(logits, labels.astype(np.float32))
    with pytest.raises(ValueError, match="^scores: found NaN at place|^scores: found nan at place"):
        scores.update(np.full_like(logits, np.nan), labels)
    assert scores.compute()["calibration"]["brier"] is None
    with pytest.raises(ValueError, match=r"^scores: found .*, expected 0 to 1"):
        Scores(probabilities=True).update(logits, labels)
    with pytest.raises(ValueError, match="need scale and zero_point"):
        scores.update(logits.astype(np.int8), labels)
    scores.update(logits, labels)
    with pytest.raises(TypeError, match="^scores: found float64, expected float32 as before"):
        scores.update(logits.astype(np.float64), labels)
    with pytest.raises(ValueError, match="^preset: found `kitti`"):
        Scores(preset="kitti")
    with pytest.raises(ValueError, match="^merge: the other has scores"):
        other = Scores(ignore=7)
        other.update(logits, np.where(labels == 255, 7, labels))
        scores.merge(other)
    with pytest.raises(ValueError, match="^metrics: found `hd96`, expected some of hausdorff, hd95"):
        Surface(2, metrics=["hd96"])
    with pytest.raises(ValueError, match="^merge: the other has other metrics or settings"):
        Surface(2, tolerance=1).merge(Surface(2))
    with pytest.raises(ValueError, match="^labels: found id 5 at place 0, expected 0 to 1"):
        Topology(2).update(np.zeros((2, 2), np.uint8), np.full((2, 2), 5))
    with pytest.raises(ValueError, match=r"^spacing: "):
        Surface(2, spacing=(0.0, 1.0))
