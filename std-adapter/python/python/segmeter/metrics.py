"""Metrics that add up over images, processes and machines, exactly: ``update``, ``compute``, ``reset``, ``merge``."""

from __future__ import annotations

from typing import Any

from . import _arrays
from ._scores import Scores
from ._segmeter import Counts
from ._shapes import Surface, Topology

__all__ = ["Confusion", "Scores", "Surface", "Topology"]


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
        found, marks = _arrays.masks(predictions, labels)
        self._counts.push(found.reshape(-1), marks.reshape(-1))

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
