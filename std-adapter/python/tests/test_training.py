"""The example that trains with every loss: a short run of two, which goes on where it was interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[1] / "examples" / "train_road.py"


def roads(path: Path) -> None:
    """Pictures as the generator writes them: a bright road that widens to the bottom."""
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[:120, :160]
    frames = []
    for _ in range(48):
        middle, width = random.uniform(60, 100), random.uniform(0.3, 0.7)
        road = (rows > 40) & (np.abs(columns - middle) < 2 + width * (rows - 40))
        picture = np.where(road, 150, 80)[..., None] + random.normal(0, 12, (120, 160, 3))
        frames.append(np.concatenate([picture.astype(np.uint8).ravel(), road.astype(np.uint8).ravel()]))
    np.stack(frames).tofile(path)


def test_two_losses_train(tmp_path: Path) -> None:
    roads(tmp_path / "frames.bin")
    line = [sys.executable, EXAMPLE, "--frames", tmp_path / "frames.bin", "--out", tmp_path / "out.json", "--steps", "30"]

    def run(losses: str, *more: str) -> str:
        done = subprocess.run([*line, "--losses", losses, *more], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert all(len(text) <= 80 for text in done.stdout.splitlines()[1:]), done.stdout
        return done.stdout

    run("cross_entropy")
    first = json.loads((tmp_path / "out.json").read_text())
    table = run("cross_entropy,exponential_logarithmic,torch BCEWithLogits,ours as torch BCEWithLogits")
    (runs,) = json.loads((tmp_path / "out.json").read_text()).values()
    (before,) = first.values()
    # What is done is not done again.
    assert runs["cross_entropy"] == before["cross_entropy"] and len(runs) == 4
    for name in ("cross_entropy", "exponential_logarithmic"):
        assert runs[name]["not_finite"] == 0 and runs[name]["curve"][-1][1] > 0.9, runs[name]["curve"]
        assert name in table
    theirs, ours = runs["torch BCEWithLogits"], runs["ours as torch BCEWithLogits"]
    assert np.allclose(theirs["first_values"], ours["first_values"], rtol=1e-3)
    assert run("cross_entropy", "--table").count("cross_entropy") == 1
    # A recipe has its words.
    assert "0.5 dice + 0.5 cldice" in run("recipe: cldice", "--rare")


def test_an_unknown_loss_is_refused(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, EXAMPLE, "--losses", "dize"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "found dize" in done.stderr
