#!/usr/bin/env python3
"""Trains a small U-Net on roads with every loss, with its recipe where it is a part, and with other libraries' own.

    python train_road.py                          made drives (made with cargo the first time), all losses
    python train_road.py --rare                   1 % of the pixels are road
    python train_road.py --losses dice,focal      some; --steps, --seed; `--losses peers` the comparison with libraries
    python train_road.py --camvid FOLDER          CamVid as SegNet's tutorial has it (train, trainannot, test, testannot)
    python train_road.py --table                  only prints what is there

Every run starts with the same weights and takes the same pictures in the same order. What is done is in the file of `--out`,
run by run: an interrupt loses the run it hits, and the same command goes on. Needs torch; monai, segmentation-models-pytorch
and matplotlib are used if they are there.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import segmeter
from road import data, report
from road.criteria import chosen, peers, recipes
from road.network import UNet

BATCH = 8
LOOKS = 8


def predictions(network: UNet, pictures: Tensor) -> Tensor:
    """The masks of pictures, `(N,H,W)`."""
    network.eval()
    with torch.no_grad():
        logits = torch.cat([network(some) for some in pictures.split(32)])
    network.train()
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits[:, 1] > logits[:, 0]


def train(key: str, learn: data.Roads, look: data.Roads, steps: int, seed: int, name: str) -> dict[str, Any]:
    """One run: masks of the pictures that were not learnt from, the curve, and processor time."""
    criterion = chosen(key)
    torch.manual_seed(seed)
    network = UNet(getattr(criterion, "channels", 1)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, steps)
    of_order = torch.Generator().manual_seed(seed)
    values, seen, seconds, losses_seconds, broken = [], [], [], [], 0
    for step in range(steps):
        began = time.process_time()
        these = torch.randint(len(learn.pictures), (BATCH,), generator=of_order)
        pictures, labels = learn.pictures[these], learn.labels[these]
        flip = torch.rand(BATCH, generator=of_order) < 0.5
        pictures[flip], labels[flip] = pictures[flip].flip(-1), labels[flip].flip(-1)
        logits = network(pictures.contiguous(memory_format=torch.channels_last))
        # Value and gradient by the logits on their own, so that their time is known.
        ends = logits.detach().requires_grad_()
        before = time.process_time()
        value = criterion(ends if key not in peers() else ends.contiguous(), labels, step / steps)
        value.backward()
        losses_seconds.append(time.process_time() - before)
        if not (torch.isfinite(value) and torch.isfinite(ends.grad).all()):
            broken += 1
            continue
        optimiser.zero_grad()
        logits.backward(ends.grad)
        optimiser.step()
        schedule.step()
        values.append(value.item())
        seconds.append(time.process_time() - began)
        if (step + 1) % max(steps // LOOKS, 1) == 0:
            found = predictions(network, look.pictures[::4])
            seen.append([step + 1, report.iou(found, look.labels[::4])])
            print(f"\r{name} step {step + 1} of {steps}, IoU {seen[-1][1]:.3f} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    masks = predictions(network, look.pictures).numpy()
    return {
        "key": key,
        "first_values": values[:20],
        "last_value": float(np.mean(values[-10:])) if values else None,
        "curve": seen,
        "not_finite": broken,
        "milliseconds_per_step": 1e3 * float(np.median(seconds)) if seconds else None,
        "milliseconds_of_loss": 1e3 * float(np.median(losses_seconds)),
        "masks": base64.b64encode(np.packbits(masks)).decode(),
    }


def keys(asked: str) -> list[str]:
    """The runs that were asked for."""
    both = [key for peer in peers() for key in (f"ours as {peer}", peer)]
    groups = {"each": list(segmeter.LOSSES), "recipes": [f"recipe: {one}" for one in recipes()], "peers": both}
    groups["all"] = [*groups["each"], *groups["recipes"], *groups["peers"]]
    found: list[str] = []
    for word in asked.split(","):
        found += groups.get(word, [word])
    known = set(groups["all"])
    wrong = [word for word in found if word not in known]
    if wrong:
        sys.exit(f"--losses: found {wrong[0]}, expected all, each, recipes, peers, or of: {', '.join(sorted(known))}")
    return found


def made_drives(path: Path) -> Path:
    """Made once, with the project's generator."""
    if not path.is_file():
        root = Path(__file__).resolve().parents[3]
        line = "cargo run --release -p segmeter-tests --no-default-features --example drives -- frames"
        print(f"making drives, some minutes: {line}", file=sys.stderr)
        part = path.with_suffix(".part")
        subprocess.run([*line.split(), str(part.resolve()), "4000", "40", "20"], cwd=root, check=True)
        part.rename(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--losses", default="all")
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rare", action="store_true")
    parser.add_argument("--frames", type=Path, default=Path("train_road_frames.bin"))
    parser.add_argument("--camvid", type=Path)
    parser.add_argument("--out", type=Path, default=Path("train_road.json"))
    parser.add_argument("--plot", type=Path, help="a picture of the curves, if matplotlib is there")
    parser.add_argument("--table", action="store_true")
    told = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    learn, look = data.camvid(told.camvid, told.rare) if told.camvid else data.drives(made_drives(told.frames), 0.75, told.rare)
    # What was measured otherwise is not of this table.
    setting = f"{'camvid' if told.camvid else 'drives'}, rare {told.rare}, {told.steps} steps, seed {told.seed}"
    done: dict[str, Any] = json.loads(told.out.read_text()) if told.out.is_file() else {}
    runs = done.setdefault(setting, {})
    asked = keys(told.losses)
    for number, key in enumerate(asked, 1):
        if key not in runs and not told.table:
            runs[key] = train(key, learn, look, told.steps, told.seed, f"{number} of {len(asked)} {key}")
            part = told.out.with_suffix(".part")
            part.write_text(json.dumps(done))
            part.replace(told.out)
    print(f"{setting}: {len(learn.labels)} pictures to learn from, {len(look.labels)} to look at, {look.share:.1%} road")
    found = [report.row(runs[key], look) for key in asked if key in runs]
    print(report.table(found))
    print(report.comparison(found))
    if told.plot:
        report.plot(found, told.plot)


if __name__ == "__main__":
    main()
