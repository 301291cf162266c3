"""Trains the network of the drives, and writes it in 8 bits.

    cargo run --release -p segmeter-tests --no-default-features --example drives -- frames frames.bin 1000 48 10
    python3 tests/drives/train.py frames.bin tests/drives/networks.bin

Needs numpy and torch; nothing else does. After the network the file has it as it was earlier in its training: wrong ones, each
worse than the one before.
"""

import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HEIGHT, WIDTH = 120, 160
# Input channels, output channels, side, stride, dilation.
LAYERS = [
    (3, 16, 3, 2, 1),
    (16, 32, 3, 2, 1),
    (32, 48, 3, 1, 1),
    (48, 64, 3, 2, 1),
    (64, 64, 3, 1, 2),
    (64, 32, 1, 1, 1),
    (80, 32, 3, 1, 1),
    (32, 16, 1, 1, 1),
    (32, 12, 3, 1, 1),
    (12, 1, 1, 1, 1),
]
# Steps of training after which a network is kept.
EARLY = [40, 80, 160]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(i, o, k, s, d * (k // 2), d, bias=False) for i, o, k, s, d in LAYERS
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(layer[1]) for layer in LAYERS[:-1])
        self.bias = nn.Parameter(torch.zeros(1))

    def steps(self, x, layer):
        """Every layer's input in turn; the last is the logits."""
        up = lambda x: functional.interpolate(x, scale_factor=2, mode="nearest")
        one = layer(0, x)
        two = layer(1, one)
        three = layer(2, two)
        four = layer(4, layer(3, three))
        five = layer(6, torch.cat([up(layer(5, four)), three], 1))
        six = layer(8, torch.cat([up(layer(7, five)), one], 1))
        return layer(9, six)

    def forward(self, x):
        def layer(number, x):
            x = self.layers[number](x)
            return torch.relu(self.norms[number](x)) if number < 9 else x + self.bias

        return functional.interpolate(self.steps(x, layer), scale_factor=2, mode="bilinear", align_corners=False)


def read(path):
    raw = np.fromfile(path, np.uint8).reshape(-1, HEIGHT * WIDTH * 4)
    pictures = raw[:, : HEIGHT * WIDTH * 3].reshape(-1, HEIGHT, WIDTH, 3).transpose(0, 3, 1, 2)
    return torch.from_numpy(pictures.copy()), torch.from_numpy(raw[:, HEIGHT * WIDTH * 3 :].reshape(-1, HEIGHT, WIDTH).copy())


def iou(network, pictures, masks):
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(batch.float() / 255) > 0 for batch in pictures.split(32)])[:, 0]
    both, either = (found & (masks > 0)).sum((1, 2)), (found | (masks > 0)).sum((1, 2))
    return both / either


def folded(network, number):
    """Weights and bias with the normalisation in them."""
    weight = network.layers[number].weight.detach()
    if number == 9:
        return weight, network.bias.detach()
    norm = network.norms[number]
    scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    return weight * scale[:, None, None, None], norm.bias.detach() - norm.running_mean * scale


def quantised(network, pictures):
    """8-bit weights of every channel, and the steps of what goes into each layer."""
    network.eval()
    largest = [0.0] * len(LAYERS)

    def layer(number, x):
        weight, bias = folded(network, number)
        _, _, k, s, d = LAYERS[number]
        x = functional.conv2d(x, weight, bias, s, d * (k // 2), d)
        x = torch.relu(x) if number < 9 else x
        largest[number] = max(largest[number], float(torch.quantile(x.abs().flatten()[::17], 0.9995)))
        return x

    with torch.no_grad():
        for batch in pictures.split(16):
            network.steps(batch.float() / 255, layer)
    # What is put together has one step.
    largest[5] = largest[2] = max(largest[5], largest[2])
    largest[7] = largest[0] = max(largest[7], largest[0])
    before = [None, 0, 1, 2, 3, 4, 2, 6, 0, 8]
    steps = [value / 255 for value in largest]
    steps[9] = largest[9] / 127
    layers = []
    for number in range(len(LAYERS)):
        weight, bias = folded(network, number)
        into = 1 / 255 if number == 0 else steps[before[number]]
        scale = weight.abs().amax((1, 2, 3)).clamp_min(1e-8) / 127
        codes = torch.round(weight / scale[:, None, None, None]).to(torch.int8)
        biases = torch.round(bias / (scale * into)).to(torch.int32)
        layers.append((codes.numpy(), biases.numpy(), (scale * into / steps[number]).float().numpy()))
    return layers, steps[9]


def packed(network, pictures):
    layers, step = quantised(network, pictures)
    print(sum(codes.size for codes, _, _ in layers), "weights, step of the logits", step, flush=True)
    parts = [codes.tobytes() + biases.astype("<i4").tobytes() + factors.astype("<f4").tobytes() for codes, biases, factors in layers]
    return struct.pack("<f", step) + b"".join(parts)


def main():
    torch.manual_seed(1)
    pictures, masks = read(sys.argv[1])
    # The last drives are for looking, not for learning.
    learn = len(pictures) * 5 // 6
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-4)
    epochs, batch = int(sys.argv[3]) if len(sys.argv) > 3 else 6, 16
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, epochs * (learn // batch) + 1)
    step, early = 0, []
    for epoch in range(epochs):
        network.train()
        for chosen in torch.randperm(learn)[: learn // batch * batch].split(batch):
            x, y = pictures[chosen].float() / 255, masks[chosen].float()
            x = (x * (1 + 0.15 * torch.randn(len(x), 1, 1, 1)) + 0.04 * torch.randn(len(x), 3, 1, 1)).clamp(0, 1)
            flip = torch.rand(len(x)) < 0.5
            x[flip], y[flip] = x[flip].flip(-1), y[flip].flip(-1)
            loss = functional.binary_cross_entropy_with_logits(network(x)[:, 0], y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            step += 1
            if step in EARLY:
                early.insert(0, packed(network, pictures[:learn:4]))
                network.train()
        print(f"epoch {epoch}: loss {loss.item():.4f}, IoU of other drives {iou(network, pictures[learn:], masks[learn:]).mean():.4f}", flush=True)
    with open(sys.argv[2], "wb") as file:
        file.write(packed(network, pictures[:learn:4]) + b"".join(early))


main()
