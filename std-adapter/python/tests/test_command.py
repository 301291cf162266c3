"""Values and gradients are the command's, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmeter
from conftest import Run, cases, frames


def check(
    run: Run, folder: Path, name: str, logits: Any, labels: Any, told: list[object], **arguments: Any
) -> segmeter.Evaluation:
    """Evaluates both ways."""
    np.save(folder / "logits.npy", logits)
    np.save(folder / "labels.npy", labels)
    files = ["--logits", folder / "logits.npy", "--labels", folder / "labels.npy", "--gradient", folder / "gradient.npy"]
    expected = run("loss", name, *files, *told)
    found = segmeter.loss(name, logits, labels, gradient=True, per_class=True, **arguments)
    for key in ("value", "per_class", "undefined", "pixels", "ignored", "inputs", "reduction"):
        assert getattr(found, key) == expected[key], key
    if found.value is not None:
        gradient = np.load(folder / "gradient.npy")
        assert found.gradient is not None and found.gradient.shape == logits.shape
        assert found.gradient.tobytes() == gradient.tobytes()
        assert (gradient != 0).any()
    for threads in (1, 3):
        again = segmeter.loss(name, logits, labels, gradient=True, threads=threads, **arguments)
        assert again.value == found.value and np.array_equal(again.gradient, found.gradient)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(("name", "inputs"), cases())
def test_every_loss(run: Run, tmp_path: Path, name: str, inputs: str) -> None:
    logits, labels = frames(inputs)
    told: list[object] = {"binary": [], "multiclass": ["--layout", "chw"], "multilabel": ["--multilabel"]}[inputs]
    found = check(run, tmp_path, name, logits, labels, told, multilabel=inputs == "multilabel")
    assert found.value is not None


@pytest.mark.parametrize("inputs", ["multiclass", "multilabel"])
@pytest.mark.parametrize("reduction", ["batch", "image"])
@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_layouts_and_reductions(run: Run, tmp_path: Path, inputs: str, reduction: str, layout: str) -> None:
    logits, labels = frames(inputs)
    if layout == "hwc":
        logits = np.ascontiguousarray(logits.transpose(0, 2, 3, 1))
        labels = np.ascontiguousarray(labels.transpose(0, 2, 3, 1)) if inputs == "multilabel" else labels
    told = ["--layout", layout, "--reduction", reduction, *(["--multilabel"] if inputs == "multilabel" else [])]
    for weights in (None, [0.5, 2.0, 0.0, 1.0]):
        more = [] if weights is None else ["--class-weights", ",".join(map(str, weights))]
        check(
            run, tmp_path, "dice", logits, labels, told + more, layout=layout, reduction=reduction,
            multilabel=inputs == "multilabel", class_weights=weights,
        )  # fmt: skip


@pytest.mark.parametrize("reduction", ["batch", "image"])
@pytest.mark.parametrize("inputs", ["binary", "multiclass"])
def test_soft_labels_and_pixel_weights(run: Run, tmp_path: Path, inputs: str, reduction: str) -> None:
    random = np.random.default_rng(3)
    logits, _ = frames(inputs)
    shares = random.random(logits.shape, np.float32)
    if inputs == "multiclass":
        shares = (shares / shares.sum(1, keepdims=True)).astype(np.float32)
    weights = random.random((3, 28, 34), np.float32) + np.float32(0.1)
    np.save(tmp_path / "weights.npy", weights)
    told = ["--reduction", reduction, "--pixel-weights", tmp_path / "weights.npy"]
    told += ["--layout", "chw"] if inputs == "multiclass" else []
    check(run, tmp_path, "cross_entropy", logits, shares, told, reduction=reduction, pixel_weights=weights)


@pytest.mark.parametrize("inputs", ["binary", "multiclass"])
@pytest.mark.parametrize("kind", ["int8", "uint8"])
@pytest.mark.parametrize("name", ["lovasz_hinge", "focal", "boundary", "dice"])
def test_codes(run: Run, tmp_path: Path, inputs: str, kind: str, name: str) -> None:
    if inputs not in segmeter.LOSSES[name]["inputs"]:
        pytest.skip(f"{name} is not {inputs}")
    logits, labels = frames(inputs)
    zero_point = 15 if kind == "int8" else 128
    info = np.iinfo(kind)
    codes = np.clip(np.round(logits / 0.1) + zero_point, info.min, info.max).astype(kind)
    told = ["--scale", 0.1, "--zero-point", zero_point, *(["--layout", "chw"] if inputs == "multiclass" else [])]
    check(run, tmp_path, name, codes, labels, told, scale=0.1, zero_point=zero_point)


def test_probabilities(run: Run, tmp_path: Path) -> None:
    logits, labels = frames("binary")
    shares = (1 / (1 + np.exp(-logits))).astype(np.float32)
    check(run, tmp_path, "dice", shares, labels, ["--probabilities"], probabilities=True)
    codes = np.round(shares * 255).astype(np.uint8)
    check(run, tmp_path, "dice", codes, labels, ["--probabilities"], probabilities=True)


@pytest.mark.parametrize("name", ["dice", "focal", "tversky", "cross_entropy"])
def test_presets(run: Run, tmp_path: Path, name: str) -> None:
    logits, labels = frames("binary")
    for preset in segmeter.LOSSES[name]["presets"]:
        check(run, tmp_path, name, logits, labels, ["--preset", preset["name"]], preset=preset["name"])


def test_settings_win_over_a_preset(run: Run, tmp_path: Path) -> None:
    logits, labels = frames("binary")
    told = ["--preset", "monai", "--set", "smooth=3"]
    check(run, tmp_path, "dice", logits, labels, told, preset="monai", smooth=3)


def test_an_undefined_loss_is_none(run: Run, tmp_path: Path) -> None:
    logits, labels = frames("binary")
    found = check(run, tmp_path, "dice", logits, np.full_like(labels, 255), [])
    assert found.value is None and found.undefined == 1
