"""The lists of losses and metrics, as the compiled part has them, and texts made of them."""

from __future__ import annotations

import inspect
from typing import Any, Iterator

from . import _segmeter
from ._evaluate import loss

LOSSES: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in _segmeter.losses()}
"""Every loss by its name: parameters with defaults and ranges, presets, definition, source."""
for _entry in LOSSES.values():
    # Two losses of one type have their own names.
    _types = [_other["type"] for _other in LOSSES.values()]
    if _types.count(_entry["type"]) > 1 and _entry["type"].lower() != _entry["name"].replace("_", ""):
        _entry["type"] = "".join(word.capitalize() for word in _entry["name"].split("_"))
METRICS: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in _segmeter.metrics()}
"""Every metric of counts and scores by its name."""

COMMON: list[inspect.Parameter] = [
    parameter
    for parameter in inspect.signature(loss).parameters.values()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
]
"""What every loss can be told."""


def parameters(entry: dict[str, Any]) -> Iterator[inspect.Parameter]:
    """The parameters of a loss, with their defaults; ``None`` where the frame or another parameter decides."""
    kinds = {bool: "bool", float: "float", str: "str", list: "Sequence[float]"}
    for one in entry["parameters"]:
        default = one["default"]
        kind = "Sequence[float] | float | None" if default is None else kinds[type(default)]
        yield inspect.Parameter(one["name"], inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def text(entry: dict[str, Any]) -> str:
    """What a loss is, takes and can be told."""
    lines = [entry["definition"] + ".", "", f"Takes {', '.join(entry['inputs'])} logits. Source: {entry['reference']}."]
    lines += [f"Walks the pixels: {entry['passes']}. Memory beside the frame: {entry['scratch']}."]
    if entry["parameters"]:
        lines += ["", "Parameters:"]
    for one in entry["parameters"]:
        default = "" if one["default"] is None else f" (default {one['default']})"
        lines.append(f"    {one['name']}: {one['meaning']}; {one['range']}{default}")
    if entry["presets"]:
        lines += ["", "Presets: " + ", ".join(preset["name"] for preset in entry["presets"])]
    return "\n".join(lines)
