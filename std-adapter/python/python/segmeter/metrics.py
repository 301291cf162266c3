"""Metrics that add up over images, processes and machines, exactly: ``update``, ``compute``, ``reset``, ``merge``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._segmeter import Counts

__all__ = ["Confusion"]


class Confusion:
    """Overlap metrics of 2 to 255 classes, from pixels counted by label and prediction.

    Counts are whole numbers: images may come in any order, in any number of parts, and give the same bits as
    ``segmeter eval --json``. A prediction that is no class counts as wrong; if ``ignore`` is a class, it is in no mean.

    >>> import numpy
    >>> confusion = Confusion(classes=2)
    >>> confusion.update(numpy.array([1, 1, 0], numpy.uint8), numpy.array([1, 0, 0], numpy.uint8))
    >>> confusion.compute()["classes"][1]["iou"]
    0.5
    """

    def __init__(self, classes: int, ignore: int = 255) -> None:
        if not 0 <= ignore <= 255:
            raise ValueError(f"ignore: found {ignore}, expected 0 to 255")
        self.number_of_classes = classes
        self.ignore = ignore
        self._counts = Counts(classes, ignore)

    def update(self, predictions: Any, labels: Any) -> None:
        """Adds an image or a batch: class ids (integers, bool) of the same shape. uint8 is read where it lies."""
        found, marks = (self._ids(name, given) for name, given in (("predictions", predictions), ("labels", labels)))
        if found.shape != marks.shape:
            raise ValueError(f"labels: found axes {marks.shape}, expected {found.shape} as of the predictions")
        self._counts.push(found.reshape(-1), marks.reshape(-1))

    def _ids(self, name: str, given: Any) -> npt.NDArray[np.uint8]:
        found = _arrays.contiguous(name, _arrays.array(name, given))
        if found.dtype.kind not in "bui" or not found.dtype.isnative:
            raise TypeError(f"{name}: found {found.dtype}, expected class ids: of scores pass (scores > 0) or argmax")
        if found.dtype == np.dtype(np.bool_):
            return found.view(np.uint8)
        if found.dtype == np.dtype(np.uint8):
            return found
        wrong = (found < 0) | (found > 255)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"{name}: found id {int(found.reshape(-1)[place])} at place {place}, expected 0 to 255")
        return found.astype(np.uint8)

    def compute(self) -> dict[str, Any]:
        """``classes`` has every metric of each class, the other keys are of all; ``None`` where it is not defined."""
        counts, _, ignored = self._counts.state()
        matrix = counts.reshape(self.number_of_classes, self.number_of_classes)
        return {
            **self._counts.overall(),
            "classes": self._counts.classes(),
            "counts": matrix,
            "ignored": ignored,
        }

    def reset(self) -> None:
        """Forgets all images."""
        self._counts.clear()

    def merge(self, other: Confusion) -> None:
        """Adds the images of another, of this or another process."""
        self._counts.merge(other._counts)

    def state(self) -> dict[str, Any]:
        """Plain arrays, to be sent or stored; :meth:`load` is the reverse."""
        counts, foreign, ignored = self._counts.state()
        return {"counts": counts, "foreign": foreign, "ignored": ignored}

    def load(self, state: dict[str, Any]) -> None:
        """Takes a state in place of its own."""
        self._counts.set_state(state["counts"], state["foreign"], int(state["ignored"]))

    def __getstate__(self) -> dict[str, Any]:
        return {"classes": self.number_of_classes, "ignore": self.ignore, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["classes"], state["ignore"])  # type: ignore[misc]
        self.load(state["state"])
