"""Binary scores at every threshold, and how far they can be believed."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _arrays
from ._segmeter import Scores as _Kept


class Scores:
    """Thresholds (AUROC, average precision, max F1 ...) and calibration (ECE, Brier, NLL ...) of one score per pixel.

    Exact, the numbers of ``segmeter eval --json``. 8-bit codes (``scale * (code - zero_point)``; uint8 ``probabilities``
    need neither) are counted, 4 KiB of state however many there are; of float32 and float64 every score is kept, so that
    state grows with the images. ``preset`` is None, "torchmetrics", "metrics_reloaded" or "kitti_road".

    >>> import numpy
    >>> scores = Scores()
    >>> scores.update(numpy.array([2.0, -1.0, 0.5], numpy.float32), numpy.array([1, 0, 0], numpy.uint8))
    >>> scores.compute()["threshold"]["auroc"]
    1.0
    """

    def __init__(
        self,
        *,
        probabilities: bool = False,
        scale: float | None = None,
        zero_point: int | None = None,
        ignore: int = 255,
        preset: str | None = None,
        bins: int | None = None,
    ) -> None:
        if not 0 <= ignore <= 255:
            raise ValueError(f"ignore: found {ignore}, expected 0 to 255")
        if (scale is None) != (zero_point is None):
            raise ValueError("scale, zero_point: expected both, or none of them")
        self.settings: dict[str, Any] = {
            "probabilities": probabilities,
            "scale": scale,
            "zero_point": zero_point,
            "ignore": ignore,
            "preset": preset,
            "bins": bins,
        }
        self._start("float32")

    def _start(self, kind: str) -> None:
        told = self.settings
        is_code = kind in ("int8", "uint8")
        affine = (float(told["scale"]), int(told["zero_point"])) if is_code and told["scale"] is not None else None
        self._kept = _Kept(kind, affine, told["probabilities"], told["ignore"], told["preset"], told["bins"])
        self._kind, self._is_empty = kind, True

    def update(self, scores: Any, labels: Any) -> None:
        """Adds an image or a batch: scores and labels (0, 1 or ``ignore``) of the same shape."""
        found = _arrays.contiguous("scores", _arrays.array("scores", scores))
        if found.dtype == np.dtype(np.float16):
            found = found.astype(np.float32)
        kind = found.dtype.name
        if kind not in ("float32", "float64", "int8", "uint8") or not found.dtype.isnative:
            raise TypeError(f"scores: found {found.dtype}, expected float32, float64 or float16, or int8 or uint8 codes")
        if kind in ("float32", "float64") and self.settings["scale"] is not None:
            raise TypeError(f"scores: found {kind}, expected int8 or uint8 for scale and zero_point: leave them out")
        marks = _arrays.mask("labels", labels)
        if found.shape != marks.shape:
            raise ValueError(f"labels: found axes {marks.shape}, expected {found.shape} as of the scores")
        if self._is_empty and kind != self._kind:
            self._start(kind)
        if kind != self._kind:
            raise TypeError(f"scores: found {kind}, expected {self._kind} as before")
        self._kept.push(found.reshape(-1), marks.reshape(-1))
        self._is_empty = False

    def compute(self) -> dict[str, Any]:
        """``threshold`` and ``calibration`` by name, ``None`` where not defined; ``bins``: pixels, confidence, accuracy."""
        threshold, calibration, bins = self._kept.compute()
        return {"threshold": threshold, "calibration": calibration, "bins": bins}

    def reset(self) -> None:
        """Forgets all images."""
        self._start(self._kind)

    def merge(self, other: Scores) -> None:
        """Adds the images of another, of this or another process: to the same bits in any order."""
        if other._is_empty:
            return
        if self._is_empty and other._kind != self._kind:
            self._start(other._kind)
        self._kept.merge(other._kept)
        self._is_empty = False

    def state(self) -> dict[str, Any]:
        """Plain arrays, to be sent or stored; :meth:`load` is the reverse."""
        background, foreground = self._kept.state()
        return {"kind": self._kind, "is_empty": self._is_empty, "background": background, "foreground": foreground}

    def load(self, state: dict[str, Any]) -> None:
        """Takes a state in place of its own."""
        self._start(state["kind"])
        self._kept.set_state(state["background"], state["foreground"])
        self._is_empty = state["is_empty"]

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["settings"])  # type: ignore[misc]
        self.load(state["state"])
