"""The command, whose numbers are the oracle, and frames for it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

import segmeter

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def command() -> Path:
    """The command: `SEGMETER`, or where cargo puts it."""
    root = Path(__file__).parents[3]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    found = Path(os.environ.get("SEGMETER", target / "release" / "segmeter"))
    assert found.is_file(), f"{found}: build it with cargo build --release -p segmeter, or say SEGMETER=..."
    return found


@pytest.fixture
def run(command: Path) -> Run:
    """Runs the command with --json."""

    def run(*arguments: object) -> dict[str, Any]:
        line = [str(command), *map(str, arguments), "--json"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run


def frames(inputs: str, images: int = 3, classes: int = 4) -> tuple[Any, Any]:
    """Logits (N,C,H,W), or (N,H,W) if binary, and ids with blobs of classes and some pixels that are not scored."""
    random = np.random.default_rng(7)
    channels = 1 if inputs == "binary" else classes
    coarse = random.normal(0, 2, (images, channels, 4, 5))
    blobs = coarse.repeat(7, 2).repeat(7, 3)[..., :-1]  # 28 x 34
    logits = (blobs + random.normal(0, 0.5, blobs.shape)).astype(np.float32)
    other = np.roll(blobs, 2, 3) + random.normal(0, 0.2, blobs.shape)
    labels = (other.argmax(1) if inputs == "multiclass" else other > 0).astype(np.uint8)
    labels[..., :2, 3] = 255
    if inputs == "binary":
        return logits[:, 0].copy(), labels[:, 0].copy()
    return logits, labels


def cases() -> list[Any]:
    """Every loss with everything that it takes."""
    pairs = [(entry["name"], inputs) for entry in segmeter.LOSSES.values() for inputs in entry["inputs"]]
    return [pytest.param(name, inputs, id=f"{name}-{inputs}") for name, inputs in pairs]
