"""A function for each loss, made of the list: ``losses.tversky(logits, labels, fn_weight=0.8, gradient=True)``.

What every one takes beside its own parameters stands at :func:`segmeter.loss`.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable

from ._evaluate import Evaluation, loss
from ._lists import COMMON, LOSSES, parameters, text


def _function(entry: dict[str, Any]) -> Callable[..., Evaluation]:
    name = entry["name"]

    def function(logits: Any, labels: Any, **arguments: Any) -> Evaluation:
        return loss(name, logits, labels, **arguments)

    both = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="Any") for name in ("logits", "labels")
    ]
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*both, *parameters(entry), *COMMON], return_annotation="Evaluation"
    )
    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = text(entry)
    return function


__all__ = list(LOSSES)
globals().update({name: _function(entry) for name, entry in LOSSES.items()})
