"""A small U-Net: three resolutions, some 13 000 weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Logits `(N,C,H,W)` of pictures `(N,3,H,W)` whose sides are multiples of 4."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fine, self.middle, self.coarse = _block(3, 8), _block(8, 12), _block(12, 16)
        self.middle_up, self.fine_up = _block(16 + 12, 12), _block(12 + 8, 8)
        self.head = nn.Conv2d(8, channels, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        fine = self.fine(pictures - 0.5)
        middle = self.middle(functional.max_pool2d(fine, 2))
        coarse = self.coarse(functional.max_pool2d(middle, 2))
        up = self.middle_up(torch.cat([functional.interpolate(coarse, scale_factor=2), middle], 1))
        up = self.fine_up(torch.cat([functional.interpolate(up, scale_factor=2), fine], 1))
        logits: Tensor = self.head(up)
        return logits
