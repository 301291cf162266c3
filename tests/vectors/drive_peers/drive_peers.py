#!/usr/bin/env python3
"""../drive_peers.json: what the drift tools of others make of the drives of drives.bin, those tools being run.

    pip install nannyml statsmodels "alibi-detect[torch]" river frouros evidently
    OMP_NUM_THREADS=1 python3 drive_peers.py [drives.bin]

The protocol is that of examples/drift_table/drives.rs: six profiles of 1, 3 or 10 drives; false alarms on all other
control drives one after another; then every changed stream of a drive not learnt from, behind the first 100 frames of
its control drive and left out if in alarm then. A tool is in alarm while its last verdict says drift; river's and
frouros' detectors of a change begin anew after an alarm, which is one frame long.

Those that compare windows see FEATURES of every frame, those that watch one number its mean entropy, both standardised
by the learning drives. FEATURES, the slacks and MMD's window were chosen with hindsight, of a few that were tried on
two of the profiles: that favours these tools. CBPE sees 400 pixels of each frame, evenly spaced in the order of their
codes, and is the only one that learns from labels.

Each has a row as it comes (`default`), unless it comes without a threshold, and one `tuned`: the most sensitive
threshold that alarms at most once in 2,000 frames on the learning drives (never on fewer), each part of them watched by
what has learnt from the other parts: a fifth of ten drives, one of three, a quarter of one. For those with a score,
`hindsight` is what they would find with the threshold that alarms once in 2,000 frames on the very control drives that
are watched, which nobody can set.

`auroc` is how well the score tells frames with a real IoU below .8, every tenth frame, by the first verdict that has
seen the frame; `error` the mean absolute error of an estimated IoU, on the same frames. For these two CBPE estimates
single frames. `control_frames` are those not in alarm, `in_alarm` is the share of the others. Delays are in frames from
where the harm begins.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from drive_pack import ONSET, Drives
from drive_tools import ASKED, TOOLS, Cbpe, Change

COUNTS, PROFILES = (1, 3, 10), 6


def parts(own):
    """Learning frames without a part, and that part."""
    if len(own) == 1:
        pieces = np.split(own[0], 4)
    else:
        pieces = [np.concatenate(piece) for piece in np.array_split(own, min(len(own), 5))]
    for place in range(len(pieces)):
        yield np.concatenate(pieces[:place] + pieces[place + 1:]), pieces[place]


def entered(alarms):
    return int((alarms & ~np.r_[False, alarms[:-1]]).sum())


def most_sensitive(watched, frames):
    """The lowest threshold that alarms at most once in ASKED frames."""
    chosen = np.inf
    for threshold in sorted({x for scores in watched for x in scores[~np.isnan(scores)]}, reverse=True):
        if sum(entered(scores > threshold) for scores in watched) > frames // ASKED:
            break
        chosen = threshold
    return chosen


def auroc(scores, is_bad):
    """How often a bad frame has a higher score than a good one."""
    ranks, bad = rankdata(scores), is_bad.sum()
    return (ranks[is_bad].sum() - bad * (bad + 1) / 2) / (bad * (len(scores) - bad))


class Row:
    """What profiles of a tool with one setting do."""

    def __init__(self):
        self.shown = self.frames = self.alarms = self.harmful = self.harmless = self.harmless_alarms = 0
        self.delays, self.thresholds = [], []

    def add(self, drives, streams, every, watched, changed):
        """Verdicts of all other control drives, and of streams: of each the last before its onset, and those after."""
        is_alarm = np.r_[np.zeros(every - 1, bool), np.repeat(watched, every)][:len(watched) * every]
        self.shown += len(is_alarm)
        self.frames += int((~np.r_[False, is_alarm[:-1]]).sum())
        self.alarms += entered(is_alarm)
        for stream, verdicts in zip(streams, changed):
            if verdicts[0]:
                continue
            found, harm = np.flatnonzero(verdicts[1:]), drives.harm[stream]
            if harm >= 0:
                self.harmful += 1
                self.delays += [max(int(found[0] * every + every - 1 - harm), 0)] if len(found) else []
            elif drives.is_harmless[stream]:
                self.harmless += 1
                self.harmless_alarms += len(found) > 0

    def told(self):
        delays = sorted(self.delays)
        return {"control_frames": self.frames, "false_alarms": self.alarms,
                "per_10000": 1e4 * self.alarms / self.frames, "in_alarm": 1 - self.frames / self.shown,
                "harmful": self.harmful, "found": len(delays),
                "median_delay": delays[len(delays) // 2] if delays else None,
                "harmless": self.harmless, "harmless_alarms": self.harmless_alarms}


def split(drives, number, count):
    """Learning frames by drive, those of all others, and the streams of these."""
    drive = np.arange(len(drives.control))
    is_own = (drive - number * len(drive) // PROFILES) % len(drive) < count
    return drives.control[is_own], drives.control[~is_own], np.flatnonzero(~is_own[drives.of])


def with_past(drives, stream, past):
    return np.r_[drives.control[drives.of[stream], ONSET - past:ONSET], drives.changed[stream]]


def run_scored(drives, tool, count, profiles):
    rows = {"default": Row(), "tuned": Row(), "hindsight": Row()}
    found, real, estimated, frames_real = [], [], [], []
    for number in range(profiles):
        own, others, streams = split(drives, number, count)
        learnt, partly = tool(drives, np.concatenate(own)), getattr(tool, "part", tool)
        left = [partly(drives, learn).scores(watch) for learn, watch in parts(own)]
        watched = learnt.scores(others.ravel())
        # From the last verdict before the onset on.
        changed = np.stack([learnt.scores(with_past(drives, stream, tool.past)) for stream in streams])
        changed = changed[:, tool.past // tool.every - 1:]
        thresholds = {"default": learnt.default, "tuned": most_sensitive(left, own.size),
                      "hindsight": most_sensitive([watched], others.size)}
        for name, threshold in thresholds.items():
            if threshold is not None:
                rows[name].thresholds.append(threshold)
                rows[name].add(drives, streams, tool.every, watched > threshold, changed > threshold)
        tenth = np.r_[others[:, ::10].ravel(), drives.changed[streams, ::10].ravel()]
        if tool is Cbpe:
            estimated.append(learnt.iou(tenth, 1))
            frames_real.append(drives.iou[tenth])
            scores = -estimated[-1]
        else:
            scores = np.r_[watched.repeat(tool.every)[::10], changed[:, 1:].repeat(tool.every, 1)[:, ::10].ravel()]
        is_known = ~np.isnan(scores)
        found.append(scores[is_known])
        real.append(drives.iou[tenth][is_known])
        print(f"  {tool.name} {count} {number}", {k: v and round(float(v), 3) for k, v in thresholds.items()},
              file=sys.stderr, flush=True)
    common = {"auroc": auroc(np.concatenate(found), np.concatenate(real) < 0.8), "error": None}
    if estimated:
        common["error"] = float(np.abs(np.concatenate(estimated) - np.concatenate(frames_real)).mean())
    hindsight = rows.pop("hindsight").told()
    for name, row in rows.items():
        if row.thresholds:
            low, high = min(row.thresholds), max(row.thresholds)
            setting = tool.default_name if name == "default" else f"{tool.tuned_name} {low:.3g} to {high:.3g}"
            yield name, f"{setting}; {tool.told}", row.told() | common | (
                {"hindsight": hindsight} if name == "tuned" else {})


def run_change(drives, tool, count, profiles):
    rows, chosen = {"default": Row(), "tuned": Row()}, []
    for number in range(profiles):
        own, others, streams = split(drives, number, count)
        for value in tool.grid:
            arguments = tool.fixed | {tool.argument: value}
            alarms = sum(int(tool(drives, learn, **arguments).alarms(watch).sum()) for learn, watch in parts(own))
            if alarms > own.size // ASKED:
                break
            tuned = arguments
        chosen.append(tuned[tool.argument])
        for name, arguments in (("default", tool.default), ("tuned", tuned)):
            learnt = tool(drives, np.concatenate(own), **arguments)
            changed = [learnt.alarms(with_past(drives, stream, ONSET))[ONSET - 1:] for stream in streams]
            rows[name].add(drives, streams, 1, learnt.alarms(others.ravel()), changed)
        print(f"  {tool.name} {count} {number} {chosen[-1]:.3g}", file=sys.stderr, flush=True)
    tuned = tool.fixed | {tool.argument: f"{min(chosen):.3g} to {max(chosen):.3g}"}
    for name, arguments in (("default", tool.default), ("tuned", tuned)):
        said = ", ".join(f"{key} {value}" for key, value in arguments.items())
        yield name, f"{said}; mean entropy", rows[name].told() | {"auroc": None, "error": None}


def rounded(x):
    if isinstance(x, dict):
        return {key: rounded(value) for key, value in x.items()}
    return float(f"{x:.4g}") if isinstance(x, float) else x


def main():
    here = Path(__file__).resolve().parent.parent
    drives = Drives(sys.argv[1] if len(sys.argv) > 1 else here.parent / "data/drives.bin")
    print(f"{len(drives.control)} drives, IoU {drives.iou[drives.control].mean():.3f}; {len(drives.changed)} changed, "
          f"{(drives.harm >= 0).sum()} harmful, {drives.is_harmless.sum()} harmless", file=sys.stderr)
    rows = []
    for tool in TOOLS:
        run = run_change if issubclass(tool, Change) else run_scored
        for count in COUNTS:
            start = time.process_time()
            for name, arguments, told in run(drives, tool, count, PROFILES):
                rows.append({"library": tool.name[0], "detector": tool.name[1], "threshold": name,
                             "arguments": arguments, "learnt_on": count, "profiles": PROFILES} | rounded(told))
                print(f"{time.process_time() - start:.0f} s", rows[-1], file=sys.stderr, flush=True)
    rows.sort(key=lambda row: row["learnt_on"])
    packages = ("nannyml", "alibi-detect", "torch", "river", "frouros", "evidently", "numpy", "scipy", "scikit-learn")
    head = f'"versions": {json.dumps({name: version(name) for name in packages})},\n"asked": {ASKED}'
    lines = ",\n".join(json.dumps(row) for row in rows)
    (here / "drive_peers.json").write_text(f'{{{head},\n"rows": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
