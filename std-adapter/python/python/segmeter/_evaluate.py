"""One loss on arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._segmeter import evaluate as _evaluate


# Threads of the compiled part do not come along when a process forks: a child works alone, to the same bits.
_most_threads: list[int] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _most_threads.append(1))


@dataclass(frozen=True)
class Evaluation:
    """The loss of a batch, and what was evaluated."""

    value: float | None
    """The loss; ``None`` if it is undefined: no scored pixel, or 0/0."""
    per_class: list[float | None] | None
    """The loss of each class alone, or of each channel; ``None`` unless asked for, or where a loss has no such parts."""
    gradient: npt.NDArray[np.float32] | None
    """The slope of the value by every logit (by every probability where those were given), in the shape of the logits."""
    undefined: int
    """Images, or channels of images, that gave no value."""
    pixels: int
    """Pixels that are scored."""
    ignored: int
    """Pixels that are not."""
    inputs: str
    """``binary``, ``multiclass`` or ``multilabel``."""
    reduction: str
    """``batch``: one loss over all pixels; ``image``: the mean of the losses of the images."""
    definition: str
    """What is computed."""
    converted: tuple[str, ...]
    """Arguments whose type was converted, which takes a copy; empty if everything was read where it is."""


def loss(
    name: str,
    logits: Any,
    labels: Any,
    *,
    layout: str | None = None,
    multilabel: bool = False,
    ignore: int = 255,
    pixel_weights: Any = None,
    class_weights: Sequence[float] | None = None,
    reduction: str | None = None,
    preset: str | None = None,
    probabilities: bool = False,
    scale: float | None = None,
    zero_point: int | None = None,
    gradient: bool = False,
    per_class: bool = False,
    threads: int | None = None,
    level: str | None = None,
    **settings: Any,
) -> Evaluation:
    """Evaluates a loss of :data:`segmeter.LOSSES` by its name; with ``gradient=True`` also its slope.

    ``logits`` are ``(H,W)`` (binary) or ``(C,H,W)`` or ``(H,W,C)`` (of 2 to 32 classes), with one more axis in front for a
    batch; ``layout`` (``"hw"``, ``"chw"``, ``"hwc"``) tells which where the axes of the labels do not. float32 is read where
    it lies, float64 and float16 are converted first; int8 and uint8 are codes: ``scale * (code - zero_point)``.
    ``labels`` are class ids (integers, bool) of the same pixels, or shares (float32, from 0 to 1) in the shape of the logits;
    ids of ``ignore`` are not scored. With ``multilabel`` every channel is a binary image with labels of its own.
    ``pixel_weights`` are float32 for each pixel, ``class_weights`` one number for each class (binary: background, foreground).
    ``reduction`` is ``"batch"`` or ``"image"``; unless told, as ``preset`` (a library whose settings are taken) has it, else
    ``"batch"``, ``"image"`` for losses that look at the place of pixels. ``threads`` (all cores unless
    told; one in a forked process) and ``level`` change no bit.

    Raises ``ValueError`` or ``TypeError`` with the name of the argument and what to do.
    """
    converted: list[str] = []
    found = _arrays.scores("logits", logits, converted)
    marks, byte = _arrays.truth("labels", labels, ignore, converted)
    if multilabel and (found.ndim < 3 or layout == "hw"):
        raise ValueError(f"logits: found axes {found.shape}, expected (C,H,W) or (H,W,C) for multilabel")
    # Three axes are channels then, not images.
    told = layout or ("chw" if multilabel and found.ndim == 3 else None)
    images, channels, height, width, interleaved, batched = _arrays.axes("logits", found.shape, marks.shape, told)
    pixels: tuple[int, ...] = (images, height, width) if batched else (height, width)
    is_soft = marks.dtype == np.dtype(np.float32)
    expected: list[tuple[int, ...]] = [found.shape] if multilabel or (is_soft and channels > 1) else [pixels, found.shape]
    if channels > 1 and not multilabel and not is_soft:
        expected = [pixels]
    why = "(of several classes floats are shares of each)" if is_soft else f"beside logits of axes {found.shape}"
    _arrays.check_shape("labels", marks.shape, expected, why)
    weights = None
    if pixel_weights is not None:
        weights = _arrays.array("pixel_weights", pixel_weights)
        if weights.dtype in (np.dtype(np.float64), np.dtype(np.float16)):
            converted.append(f"pixel_weights: {weights.dtype} to float32")
            weights = weights.astype(np.float32)
        if weights.dtype != np.dtype(np.float32):
            raise TypeError(
                f"pixel_weights: found {weights.dtype}, expected float32: pass pixel_weights.astype(numpy.float32)"
            )
        shapes: list[tuple[int, ...]] = [pixels] if channels > 1 else [pixels, found.shape]
        _arrays.check_shape("pixel_weights", weights.shape, shapes, "(one for each pixel)")
        weights = _arrays.flat("pixel_weights", weights)
    if probabilities and found.dtype == np.dtype(np.float32):
        wrong = (found < 0) | (found > 1)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            number = found.reshape(-1)[place]
            raise ValueError(f"logits: found {number} at place {place}, expected 0 to 1: of logits leave probabilities out")
    if (scale is None) != (zero_point is None):
        raise ValueError("scale, zero_point: expected both, or none of them")
    quantiser = None if scale is None or zero_point is None else (float(scale), int(zero_point))
    result = _evaluate(
        name,
        settings,
        found.reshape(-1),
        marks.reshape(-1),
        weights,
        None if class_weights is None else [float(weight) for weight in class_weights],
        (images, channels, height, width),
        interleaved,
        multilabel,
        byte,
        probabilities,
        quantiser,
        (preset, reduction, level),
        gradient,
        per_class,
        min([threads, *_most_threads]) if threads is not None else min(_most_threads, default=None),
    )
    slopes = result["gradient"]
    if slopes is not None:
        if not np.isfinite(slopes).all():
            raise ValueError("logits: the gradient is beyond what float32 holds: scale weights or parameters down")
        result["gradient"] = slopes.reshape(found.shape)
    return Evaluation(converted=tuple(converted), **result)

