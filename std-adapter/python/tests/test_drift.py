"""What is learnt and watched here is what the command learns and sees."""

from __future__ import annotations

import json
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run
from segmeter.drift import Monitor, Profile, learn


def drive(frames: int, seed: int = 0, fog: int | None = None) -> tuple[Any, Any]:
    """Codes of a road that sways, with its labels; from a frame on they fade."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:40, :56]
    codes, labels = [], []
    middle = 28.0
    for number in range(frames):
        middle = 28 + 0.9 * (middle - 28) + random.normal(0, 1)
        distance = 3 + 0.5 * rows - np.abs(columns - middle)
        fade = 1 if fog is None or number < fog else 0.25
        logits = fade * distance + random.normal(0, 0.7, distance.shape) - (0 if fade == 1 else 1.5)
        codes.append(np.clip(np.round(logits / 0.1), -128, 127).astype(np.int8))
        labels.append((distance > 0).astype(np.uint8))
    return np.stack(codes), np.stack(labels)


def lines(command: Path, *arguments: object) -> list[dict[str, Any]]:
    done = subprocess.run([command, *map(str, arguments), "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("labelled", ["none", "all", "some"])
@pytest.mark.parametrize("drives", [1, 3])
def test_profiles_and_verdicts_are_the_commands(
    run: Run, command: Path, tmp_path: Path, drives: int, labelled: str
) -> None:
    known = [drive(160, seed) for seed in range(drives)]
    line: list[object] = []
    told: list[Any] | None = None
    for place, (codes, labels) in enumerate(known):
        np.save(tmp_path / f"{place}.npy", codes)
        np.save(tmp_path / f"{place}_labels.npy", labels[::8] if labelled == "some" else labels)
    if labelled == "all":
        told = [labels for _, labels in known]
    if labelled == "some":
        told = [[one if at % 8 == 0 else None for at, one in enumerate(labels)] for _, labels in known]
        line += ["--label-frames", ",".join(map(str, range(0, 160, 8)))]
    if labelled != "none":
        line += [word for place in range(drives) for word in ("--labels", tmp_path / f"{place}_labels.npy")]
    names = [tmp_path / f"{place}.npy" for place in range(drives)]
    code = ["--scale", 0.1, "--zero-point", 0]
    run("profile", *names, *line, *code, "--slack", 0.4, "--fixed", "--out", tmp_path / "road.profile")
    recordings = [codes for codes, _ in known]
    given = {"labels": told if drives > 1 or told is None else told[0], "scale": 0.1, "zero_point": 0}
    profile = learn(recordings if drives > 1 else recordings[0], **given, slack=0.4, fixed=True)
    assert profile.record == (tmp_path / "road.profile").read_bytes()
    assert profile == Profile.read(tmp_path / "road.profile") and profile.facts["frames"] == 160 * drives

    codes, labels = drive(120, 9, fog=50)
    codes[20] = codes[19]
    np.save(tmp_path / "later.npy", codes)
    np.save(tmp_path / "later_labels.npy", labels)
    expected = lines(
        command, "watch", tmp_path / "later.npy", "--profile", tmp_path / "road.profile",
        "--labels", tmp_path / "later_labels.npy",
    )  # fmt: skip
    monitor = Monitor(profile)
    states = set()
    for number, (frame, marks) in enumerate(zip(codes, labels)):
        if number == 60:
            monitor = pickle.loads(pickle.dumps(monitor))
        found, theirs = monitor.watch(frame, marks), expected[number]
        states.add(found["state"])
        for name, value in found.items():
            if isinstance(value, dict):
                assert value == {key: theirs[name][key] for key in value}, (number, name)
            else:
                assert value == theirs[name], (number, name)
    assert "alarm" in states and "normal" in states


def test_refusals() -> None:
    codes, labels = drive(60)
    with pytest.raises(ValueError, match="need scale and zero_point"):
        learn(codes)
    with pytest.raises(TypeError, match="^drives: found float32, expected int8 or uint8"):
        learn(codes.astype(np.float32), scale=0.1, zero_point=0)
    with pytest.raises(ValueError, match="^labels: found those of 3 frames, expected 60"):
        learn(codes, labels=labels[:3], scale=0.1, zero_point=0)
    with pytest.raises(ValueError, match="^required: found 9, expected a number from 1 to 5"):
        learn(codes, scale=0.1, zero_point=0, required=9)
    with pytest.raises(ValueError, match="^profile: "):
        Profile(b"no profile")
    profile = learn(drive(300)[0], scale=0.1, zero_point=0)
    monitor = Monitor(profile)
    with pytest.raises(TypeError, match="^codes: found uint8, the profile was learnt from the other kind"):
        monitor.watch(codes[0].astype(np.uint8))
    assert monitor.watch(codes[0][:8])["invalid"] == "shape"
    with pytest.raises(ValueError, match="^snapshot: is of a monitor with another profile"):
        Monitor(learn(drive(300, 2)[0], scale=0.1, zero_point=0)).load(monitor.state())
    damaged = bytearray(profile.record)
    damaged[100] ^= 1
    with pytest.raises(ValueError, match="^profile: .*crc"):
        Profile(bytes(damaged))
