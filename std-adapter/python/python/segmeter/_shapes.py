"""Contours and components of the classes of images."""

from __future__ import annotations

from typing import Any, Sequence

from . import _arrays
from ._segmeter import Shapes


class _Measured:
    _family: str

    def __init__(
        self,
        classes: int,
        *,
        metrics: Sequence[str] | None = None,
        ignore: int = 255,
        background: bool = False,
        tolerance: float = 2.0,
        spacing: tuple[float, float] = (1.0, 1.0),
        trimap_radius: float = 3.0,
        connectivity: int = 4,
    ) -> None:
        if not 0 <= ignore <= 255:
            raise ValueError(f"ignore: found {ignore}, expected 0 to 255")
        self.settings: dict[str, Any] = {
            "classes": classes,
            "metrics": None if metrics is None else list(metrics),
            "ignore": ignore,
            "background": background,
            "tolerance": tolerance,
            "spacing": spacing,
            "trimap_radius": trimap_radius,
            "connectivity": connectivity,
        }
        self._shapes = Shapes(self._family, **self.settings)

    def update(self, predictions: Any, labels: Any) -> None:
        """Adds an image ``(H,W)`` or a batch ``(N,H,W)`` of class ids."""
        found, marks = _arrays.masks(predictions, labels)
        if found.ndim not in (2, 3):
            raise ValueError(f"predictions: found axes {found.shape}, expected (H,W) or (N,H,W)")
        height, width = found.shape[-2:]
        for one, other in zip(found.reshape(-1, height * width), marks.reshape(-1, height * width)):
            self._shapes.push(one, other, height, width)

    def compute(self) -> dict[str, Any]:
        """Each metric: in every image the mean over its classes, then over the images; ``classes`` has the means of each.

        ``None`` where it is not defined; ``undefined`` says of how many pairs of image and class it is not.
        """
        classes, means, undefined, images = self._shapes.compute()
        return {**means, "classes": classes, "undefined": undefined, "images": images}

    def reset(self) -> None:
        """Forgets all images."""
        self._shapes.clear()

    def merge(self, other: Any) -> None:
        """Adds the images of another, of this or another process: to the same bits in any order."""
        self._shapes.merge(other._shapes)

    def state(self) -> dict[str, Any]:
        """Plain numbers, to be sent or stored; :meth:`load` is the reverse. Their size does not grow with the images."""
        images, of_class, of_all = self._shapes.state()
        return {"images": images, "of_class": of_class, "of_all": of_all}

    def load(self, state: dict[str, Any]) -> None:
        """Takes a state in place of its own."""
        self._shapes.set_state(state["images"], state["of_class"], state["of_all"])

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["settings"])  # type: ignore[misc]
        self.load(state["state"])


class Surface(_Measured):
    """Distances between the contours of masks: hausdorff, hd95, assd, masd, nsd, boundary_iou, boundary_f, trimap.

    The numbers of ``segmeter eval --json`` without a preset. ``metrics`` are names of some; ``tolerance`` is that of nsd and
    boundary_f, in the unit of ``spacing`` (a pixel's height and width); class 0 is measured with ``background``.

    >>> import numpy
    >>> surface = Surface(classes=2, metrics=["hausdorff"])
    >>> mask = numpy.zeros((8, 8), numpy.uint8)
    >>> mask[2:5, 2:5] = 1
    >>> surface.update(numpy.roll(mask, 2, axis=1), mask)
    >>> surface.compute()["hausdorff"]
    2.0
    """

    _family = "surface"


class Topology(_Measured):
    """Components, holes, Euler numbers and the Betti error of masks, and centre-line Dice (clDice).

    ``connectivity`` is that of components, 4 or 8; the other settings are those of :class:`Surface`.

    >>> import numpy
    >>> topology = Topology(classes=2)
    >>> topology.update(numpy.array([[1, 0, 1]], numpy.uint8), numpy.array([[1, 1, 1]], numpy.uint8))
    >>> topology.compute()["betti_error"]
    1.0
    """

    _family = "topology"
