"""Is the network still working out there, without labels? A profile is learnt from frames in control, a monitor watches with it.

The verdicts of ``segmeter profile`` and ``segmeter watch``, of the firmware and its bytes: what is learnt here watches there.
Frames are 8-bit outputs of one score per pixel, ``scale * (code - zero_point)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import numpy as np

from . import _arrays
from ._segmeter import Drive, Watch, learn_profile, profile_facts

__all__ = ["Monitor", "Profile", "learn"]


class Profile:
    """What a network gives where nothing is wrong: the bytes of ``segmeter profile --out``, checked."""

    def __init__(self, record: bytes, notes: Sequence[str] = ()) -> None:
        self.record = bytes(record)
        self.facts: dict[str, int] = profile_facts(self.record)
        """``fingerprint``, ``frames`` learnt from, ``height``, ``width``, ``model``, ``mounting``, frames of a ``block``."""
        self.notes = tuple(notes)
        """What a person should read; empty unless it was learnt here."""

    @classmethod
    def read(cls, path: str | Path) -> Profile:
        """From a file."""
        return cls(Path(path).read_bytes())

    def write(self, path: str | Path) -> None:
        """To a file, as the command and the firmware read it."""
        Path(path).write_bytes(self.record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.record == other.record

    def __hash__(self) -> int:
        return hash(self.record)

    def __repr__(self) -> str:
        facts = self.facts
        return f"<profile {facts['fingerprint']:08x} of {facts['frames']} frames of {facts['height']}x{facts['width']}>"


def _codes(name: str, given: Any) -> _arrays.Array:
    found = _arrays.contiguous(name, _arrays.array(name, given))
    if found.dtype not in (np.dtype(np.int8), np.dtype(np.uint8)):
        raise TypeError(f"{name}: found {found.dtype}, expected int8 or uint8 codes of the network")
    return found


def _labels(given: Any, shape: tuple[int, ...]) -> _arrays.Array | None:
    if given is None:
        return None
    found = _arrays.mask("labels", given)
    _arrays.check_shape("labels", found.shape, [shape], "as of the frame")
    return found.reshape(-1)


def learn(
    drives: Any,
    *,
    labels: Any = None,
    scale: float | None = None,
    zero_point: int | None = None,
    probabilities: bool = False,
    ignore: int = 255,
    false_alarm_interval: float = 100_000.0,
    fixed: bool = False,
    required: int = 1,
    block: int = 0,
    slack: float = 0.5,
    warm_up: int = 0,
    release_blocks: int = 2,
    invalid_frames: int = 10,
    frozen_frames: int = 5,
    model: int = 0,
    mounting: int = 0,
) -> Profile:
    """Learns from frames that are in control, in the order of their time.

    ``drives`` is one drive ``(N,H,W)`` or a list of several; ``labels`` of the same form, or a list with an array ``(H,W)`` or
    None for each frame (of several drives a list of lists). The other parameters are the options of ``segmeter profile`` of
    their names: ``block=0`` takes twice the decorrelation time, ``fixed`` says that what is watched is more of the same.
    """
    is_one = isinstance(drives, np.ndarray) or hasattr(drives, "__dlpack__")
    recordings = [drives] if is_one else list(drives)
    if labels is None:
        of_drives: list[Any] = [None] * len(recordings)
    else:
        of_drives = [labels] if is_one else list(labels)
    if len(of_drives) != len(recordings):
        raise ValueError(f"labels: found those of {len(of_drives)} drives, expected {len(recordings)}")
    if (scale is None) != (zero_point is None):
        raise ValueError("scale, zero_point: expected both, or none of them")
    affine = None if scale is None or zero_point is None else (float(scale), int(zero_point))
    measured = []
    kind = None
    for recording, marks in zip(recordings, of_drives):
        frames = _codes("drives", recording)
        if frames.ndim != 3:
            raise ValueError(f"drives: found axes {frames.shape}, expected (N,H,W)")
        if kind not in (None, frames.dtype):
            raise TypeError(f"drives: found {frames.dtype}, expected {kind} as the first")
        kind = frames.dtype
        if marks is not None and len(marks) != len(frames):
            raise ValueError(f"labels: found those of {len(marks)} frames, expected {len(frames)}")
        drive = Drive(bool(kind == np.dtype(np.int8)), affine, probabilities)
        for place, frame in enumerate(frames):
            drive.push(frame, None if marks is None else _labels(marks[place], frame.shape), ignore)
        measured.append(drive)
    told = {
        "false_alarm_interval": false_alarm_interval,
        "fixed": fixed,
        "required": required,
        "block": block,
        "slack": slack,
        "warm_up": warm_up,
        "release_blocks": release_blocks,
        "invalid_frames": invalid_frames,
        "frozen_frames": frozen_frames,
        "model": model,
        "mounting": mounting,
    }
    record, notes = learn_profile(measured, told)
    return Profile(record, notes)


class Monitor:
    """Watches frame after frame. It pickles; what it knows is 736 bytes, however many frames there were.

    >>> import numpy
    >>> frames = numpy.random.default_rng(0).integers(-90, 90, (300, 24, 32)).astype(numpy.int8)
    >>> profile = learn(frames, scale=0.1, zero_point=0)
    >>> Monitor(profile).watch(frames[0])["state"]
    'unknown'
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._watch = Watch(profile.record)

    def watch(self, codes: Any, labels: Any = None, ignore: int = 255) -> dict[str, Any]:
        """Shows the next frame ``(H,W)``: ``state``, ``reasons``, signals and estimates as a line of ``watch --json`` has them.

        With ``labels``, which the verdict does not look at, also the frame's ``iou``.
        """
        frame = _codes("codes", codes)
        if frame.ndim != 2:
            raise ValueError(f"codes: found axes {frame.shape}, expected (H,W)")
        if (frame.dtype == np.dtype(np.int8)) != self._watch.is_signed():
            raise TypeError(f"codes: found {frame.dtype}, the profile was learnt from the other kind of 8-bit codes")
        return self._watch.watch(frame, _labels(labels, frame.shape), ignore)

    def acknowledge(self) -> None:
        """Ends an alarm that was seen to."""
        self._watch.acknowledge()

    def state(self) -> bytes:
        """What it knows, as a record of the firmware's snapshots; :meth:`load` is the reverse."""
        return self._watch.snapshot()

    def load(self, state: bytes) -> None:
        """Takes a state in place of its own; one of another profile is refused."""
        self._watch.restore(state)

    def __getstate__(self) -> dict[str, Any]:
        return {"profile": self.profile.record, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(Profile(state["profile"]))  # type: ignore[misc]
        self.load(state["state"])
