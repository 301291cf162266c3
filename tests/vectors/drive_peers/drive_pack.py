"""The pack of made drives, drives.bin, as the drift tools of others are shown it."""

import zlib
from pathlib import Path

import numpy as np

ONSET, MEAN_OF, HARMFUL, HARMLESS = 100, 5, 0.1, 0.03
FRAMES, PIXELS, SAMPLED = 200, 160 * 120, 400


class Drives:
    """The pack: frames of all control drives, then of all changed streams, in one row of arrays."""

    def __init__(self, path):
        raw = zlib.decompress(Path(path).read_bytes(), -15)
        self.step = float(np.frombuffer(raw, "<f4", 1)[0])
        control, changed, at = [], [], 4
        while at < len(raw):
            end = at + 4 + int.from_bytes(raw[at:at + 4], "little")
            seed, kind = int.from_bytes(raw[at + 4:at + 8], "little"), raw[at + 8]
            frames, at = [], at + 11
            while at < end:
                outline, counts, at = np.frombuffer(raw, "<u4", 3, at), np.zeros((2, 256), np.uint16), at + 12
                for label in (0, 1):
                    codes, at = int.from_bytes(raw[at:at + 2], "little"), at + 2
                    counts[label, np.frombuffer(raw, "u1", codes, at)] = np.frombuffer(raw, "<u2", codes, at + codes)
                    at += 3 * codes
                frames.append((outline, counts))
            (changed if kind else control).append((seed, frames))
        self.seeds = [seed for seed, _ in control]
        self.of = np.array([self.seeds.index(seed) for seed, _ in changed])
        outlines, counts = map(np.array, zip(*(frame for _, frames in control + changed for frame in frames)))
        self.measure(outlines.astype(float), counts)
        self.control = np.arange(len(control) * FRAMES).reshape(-1, FRAMES)
        self.changed = self.control.size + np.arange(len(changed) * (FRAMES - ONSET)).reshape(len(changed), -1)
        self.judge()

    def measure(self, outlines, counts):
        logit = (np.arange(256) - 128) * self.step
        self.probability = p = 1 / (1 + np.exp(-logit))
        entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
        is_road = logit > 0
        hits, mask, road = counts[:, 1, is_road].sum(1), counts[:, :, is_road].sum((1, 2)), counts[:, 1].sum(1)
        self.iou = hits / np.maximum(mask.astype(float) + road - hits, 1)
        both = counts.sum(1, dtype=np.int64)
        area, boundary, _ = outlines.T
        assert (both.sum(1) == PIXELS).all() and (area == mask).all()
        confidence = both @ np.maximum(p, 1 - p) / PIXELS
        self.features = np.log(np.stack([1 - confidence, (boundary + 1) / (area + 1)], 1))
        self.entropy = both @ entropy / PIXELS
        # By code and then label, so that pixels evenly spaced have of both what the frame has.
        ends = counts.transpose(0, 2, 1).reshape(len(counts), -1).cumsum(1, dtype=np.int64)
        ranks = (np.arange(SAMPLED) * 2 + 1) * PIXELS // (2 * SAMPLED)
        places = np.stack([np.searchsorted(row, ranks, "right") for row in ends])
        self.codes, self.labels = (places // 2).astype(np.uint8), (places % 2).astype(np.int8)

    def judge(self):
        """Of every changed stream: where it is harm for good, or -1, and whether it is harmless."""
        window = np.lib.stride_tricks.sliding_window_view
        before = self.iou[self.control[self.of, :ONSET]].mean(1)
        lost = before[:, None] - window(self.iou[self.changed], MEAN_OF, axis=1).mean(2)
        is_harm = lost > HARMFUL
        first = np.where(is_harm.any(1), is_harm.argmax(1), -1)
        for stream, at in enumerate(first):
            if at >= 0 and is_harm[stream, at:].sum() * 2 <= lost.shape[1] - at:
                first[stream] = -1
        self.harm, self.is_harmless = first, (first < 0) & (lost.max(1) < HARMLESS)
