"""Segmentation losses with their gradients, and metrics: the same bits as the command ``segmeter``, server and firmware.

>>> import numpy, segmeter
>>> logits = numpy.array([[2.0, -1.0, -3.0]], numpy.float32)
>>> labels = numpy.array([[1, 0, 1]], numpy.uint8)
>>> segmeter.loss("tversky", logits, labels, fn_weight=0.8).value
0.32728439569473267

``segmeter.losses`` has a function for each loss, ``segmeter.torch`` a module, ``segmeter.metrics`` what adds up over images,
``segmeter.drift`` the monitor that needs no labels.
"""

from __future__ import annotations

from . import drift, losses, metrics
from ._evaluate import Evaluation, loss
from ._lists import LOSSES, METRICS

__all__ = ["LOSSES", "METRICS", "Evaluation", "drift", "loss", "losses", "metrics"]
