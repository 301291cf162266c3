"""Small pictures of roads with their masks: of the project's made drives, or of CamVid."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# What the generator of drives writes: red, green, blue of every pixel, then the mask.
DRIVE = (120, 160)
# Of a window with little road, and of the whole view at a third of its size; multiples of 4, as the network wants.
WINDOW = (48, 64)
THIRD = (40, 52)
ROAD_OF_CAMVID, VOID_OF_CAMVID = 3, 11
IGNORE = 255


class Roads(NamedTuple):
    """Pictures `(N,3,H,W)` from 0 to 1, and class ids `(N,H,W)`: 1 is road, 255 is not scored."""

    pictures: Tensor
    labels: Tensor

    @property
    def share(self) -> float:
        """Road among the scored pixels."""
        return float((self.labels == 1).sum() / (self.labels != IGNORE).sum())


def drives(path: Path, learn_share: float, is_rare: bool) -> tuple[Roads, Roads]:
    """Of `drives -- frames`: the first drives to learn from, the last ones to look at."""
    raw = np.fromfile(path, np.uint8).reshape(-1, DRIVE[0] * DRIVE[1] * 4)
    pictures = raw[:, : DRIVE[0] * DRIVE[1] * 3].reshape(-1, *DRIVE, 3)
    labels = raw[:, DRIVE[0] * DRIVE[1] * 3 :].reshape(-1, *DRIVE)
    cut = far_road if is_rare else whole_view
    all_of_them = cut(pictures, labels)
    learn = int(len(raw) * learn_share)
    return tuple(Roads(*(part[these] for part in all_of_them)) for these in (slice(learn), slice(learn, None)))  # type: ignore


def camvid(folder: Path, is_rare: bool) -> tuple[Roads, Roads]:
    """Of a folder with `train`, `trainannot`, `test`, `testannot` (480x360, ids of 11 classes and void)."""
    found = []
    for part in ("train", "test"):
        pictures, labels = [], []
        for name in sorted((folder / part).glob("*.png"))[:: 2 if part == "test" else 1]:
            picture, ids = _png(name), _png(folder / f"{part}annot" / name.name)
            pictures.append(_mean(picture, 3))
            labels.append(np.where(ids == VOID_OF_CAMVID, IGNORE, ids == ROAD_OF_CAMVID)[1::3, 1::3].astype(np.uint8))
        cut = far_road if is_rare else whole_view
        found.append(Roads(*cut(np.stack(pictures), np.stack(labels))))
    return found[0], found[1]


def _png(path: Path) -> np.ndarray:
    import matplotlib.image

    return np.round(matplotlib.image.imread(path) * 255).astype(np.uint8)


def _mean(picture: np.ndarray, side: int) -> np.ndarray:
    height, width, channels = picture.shape
    parts = picture.reshape(height // side, side, width // side, side, channels)
    return parts.mean((1, 3)).astype(np.uint8)


def _tensors(pictures: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    scaled = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / 255
    return torch.from_numpy(scaled), torch.from_numpy(np.ascontiguousarray(labels, np.uint8))


def whole_view(pictures: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    """The view without its outermost columns, at a third of the size."""
    side = 3 * THIRD[1]
    first = (DRIVE[1] - side) // 2
    small = np.stack([_mean(picture[:, first : first + side], 3) for picture in pictures])
    return _tensors(small, labels[:, 1::3, first + 1 : first + side : 3])


def far_road(pictures: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    """A window of the view in which about 1 % of the pixels are road: the road far ahead."""
    height, width = WINDOW
    cut_pictures, cut_labels = [], []
    for picture, ids in zip(pictures, labels):
        sums = np.pad((ids == 1).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        counts = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
        top, left = np.unravel_index(np.abs(counts / (height * width) - 0.01).argmin(), counts.shape)
        cut_pictures.append(picture[top : top + height, left : left + width])
        cut_labels.append(ids[top : top + height, left : left + width])
    return _tensors(np.stack(cut_pictures), np.stack(cut_labels))
