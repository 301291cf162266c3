"""What the runs come to, in 80 columns, and as curves."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import segmeter
from segmeter.metrics import Confusion, Surface

from .criteria import WHY, recipes
from .data import Roads


def iou(masks: Tensor, labels: Tensor) -> float:
    """Of the road, over all pictures; 0 where nothing is found."""
    confusion = Confusion(classes=2)
    confusion.update(masks.numpy(), labels.contiguous().numpy())
    return confusion.compute()["classes"][1]["iou"] or 0.0


def row(run: dict[str, Any], look: Roads) -> dict[str, Any]:
    """A run with what its masks are worth."""
    labels = look.labels.contiguous().numpy()
    bits = np.unpackbits(np.frombuffer(base64.b64decode(run["masks"]), np.uint8), count=labels.size)
    masks = bits.reshape(labels.shape)
    confusion, surface = Confusion(classes=2), Surface(classes=2, metrics=["boundary_iou"])
    confusion.update(masks, labels)
    surface.update(masks, labels)
    road = confusion.compute()["classes"][1]
    found = float(masks[labels != 255].mean())
    return {
        **run,
        "iou": road["iou"] or 0.0,
        "boundary_iou": surface.compute()["boundary_iou"] or 0.0,
        "recall": road["recall"] or 0.0,
        "is_full": found > 0.95,
        "is_empty": found < 0.05 * look.share,
    }


def remark(found: dict[str, Any], best: float) -> str:
    """What is wrong with a run, if something is."""
    if found["not_finite"]:
        return f"{found['not_finite']} not finite"
    if found["is_full"]:
        return "all is road"
    if found["is_empty"]:
        return "no road"
    return "badly" if found["iou"] < 0.85 * best else ""


def table(rows: list[dict[str, Any]]) -> str:
    """The runs, best first, and why the worst ones are."""
    rows = sorted((one for one in rows if is_ours(one)), key=lambda one: -one["iou"])
    if not rows:
        return ""
    lines = [f"{'loss':29}   IoU  boundary IoU  recall  loss ms  trained", "-" * 80]
    notes = []
    for one in rows:
        said = remark(one, rows[0]["iou"])
        figures = f"{one['iou']:.3f}  {one['boundary_iou']:12.3f}  {one['recall']:6.3f}  {one['milliseconds_of_loss']:7.1f}"
        lines.append(f"{one['key']:29} {figures}  {said}".rstrip())
        if said and one["key"] in WHY:
            notes += textwrap.wrap(f"{one['key']}: {WHY[one['key']]}", 80, subsequent_indent="  ")
    told = {f"recipe: {name}": recipe for name, recipe in recipes().items()}
    made = [f"{one['key']}: {told[one['key']].why}" for one in rows if one["key"] in told]
    return "\n".join([*lines, *(["", *made] if made else []), *(["", *notes] if notes else [])])


def is_ours(one: dict[str, Any]) -> bool:
    """Whether a run is not there to be compared with a library."""
    return one["key"] in segmeter.LOSSES or one["key"].startswith("recipe: ")


def comparison(rows: list[dict[str, Any]]) -> str:
    """Other libraries beside ours: the first values, which rounding has not driven apart, the IoU, and the time."""
    found = {one["key"]: one for one in rows}
    lines = [f"{'library':21} first values    IoU   ours  loss ms   ours  step ms   ours", "-" * 80]
    for key, theirs in found.items():
        ours = found.get(f"ours as {key}")
        if ours is None:
            continue
        first = zip(theirs["first_values"][:10], ours["first_values"][:10])
        apart = max((abs(a - b) / max(abs(a), 1e-9) for a, b in first), default=float("nan"))
        times = [
            f"{theirs[name] or 0:7.1f} {ours[name] or 0:6.1f}" for name in ("milliseconds_of_loss", "milliseconds_per_step")
        ]
        lines.append(f"{key:21} {apart:12.0e}  {theirs['iou']:.3f}  {ours['iou']:.3f}  {times[0]}  {times[1]}")
    return "\n".join(lines) if len(lines) > 2 else ""


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """The IoU over the steps, a panel for each family of losses, in a file of the kind that its name says."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    families: dict[str, list[dict[str, Any]]] = {}
    for one in rows:
        name = one["key"]
        family = segmeter.LOSSES[name]["family"] if name in segmeter.LOSSES else name.split(":")[0]
        if is_ours(one):
            families.setdefault(family, []).append(one)
    figure, panels = pyplot.subplots(len(families), figsize=(8, 3 * len(families)), squeeze=False, sharex=True)
    for (family, runs), panel in zip(families.items(), panels[:, 0]):
        for place, one in enumerate(runs):
            steps, values = zip(*one["curve"]) if one["curve"] else ((), ())
            panel.plot(steps, values, "-" if place < 10 else "--", label=one["key"].removeprefix("recipe: "))
        panel.set(ylim=(0, 1), ylabel="IoU", title=family)
        panel.legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    panels[-1, 0].set(xlabel="steps")
    figure.savefig(path, bbox_inches="tight")
