"""Stubs are of these lists, types hold, and what the README shows runs."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

import segmeter

HERE = Path(__file__).parents[1]


def test_stubs_are_of_these_lists() -> None:
    pytest.importorskip("torch")
    subprocess.run([sys.executable, HERE / "stubs", "--check"], check=True)


def test_types(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    package = Path(segmeter.__file__).parent
    assert (package / "py.typed").is_file()
    uses = tmp_path / "uses.py"
    uses.write_text(
        "import numpy\nimport segmeter\nfrom segmeter import torch as losses\n"
        "value: float | None = segmeter.losses.tversky(numpy.zeros((2, 2)), numpy.zeros((2, 2)), fn_weight=0.8).value\n"
        "module: losses.Loss = losses.Tversky(fn_weight=0.8, ignore=7)\n"
    )
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import segmeter\nsegmeter.losses.tversky(1, 2, gamma=3)\nsegmeter.losses.nothing\n")
    strict = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run([*strict, "-p", "segmeter"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([*strict, str(uses)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([*strict, str(wrong)], capture_output=True, text=True)
    assert 'Unexpected keyword argument "gamma"' in done.stdout and 'has no attribute "nothing"' in done.stdout, done.stdout


def test_the_readme_runs() -> None:
    parts = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    assert len(parts) == 4
    names: dict[str, object] = {}
    for part in parts:
        if "import torch" in part:
            pytest.importorskip("torch")
        exec(compile(part, "README.md", "exec"), names)
    value = names["loss"]
    assert value.item() < 0.5  # type: ignore[attr-defined]


def test_the_examples_of_the_texts() -> None:
    from segmeter import _scores, _shapes, drift, metrics

    for module in (segmeter, metrics, _scores, _shapes, drift):
        failed, tried = doctest.testmod(module)
        assert failed == 0 and tried > 0
