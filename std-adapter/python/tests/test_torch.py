"""Modules of PyTorch: the gradient is that of the value, and a network learns."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import segmeter
from conftest import cases, frames

torch = pytest.importorskip("torch")


def module(name: str, **arguments: Any) -> Any:
    from segmeter import torch as losses

    return getattr(losses, segmeter.LOSSES[name]["type"])(**arguments)


def tensors(inputs: str) -> tuple[Any, Any]:
    logits, labels = frames(inputs)
    return torch.from_numpy(logits).requires_grad_(), torch.from_numpy(labels.astype(np.int64))


def test_importing_segmeter_needs_no_torch() -> None:
    line = "import sys; sys.modules['torch'] = None; import segmeter; assert segmeter.losses.dice"
    subprocess.run([sys.executable, "-c", line], check=True)


@pytest.mark.parametrize(("name", "inputs"), cases())
def test_every_loss_has_the_gradient_of_the_function(name: str, inputs: str) -> None:
    logits, labels = tensors(inputs)
    arguments = {"multilabel": inputs == "multilabel"}
    value = module(name, **arguments)(logits, labels)
    (3 * value).backward()
    expected = segmeter.loss(name, logits.detach().numpy(), labels.numpy(), gradient=True, **arguments)
    assert expected.value is not None and expected.gradient is not None
    assert value.item() == np.float32(expected.value)
    assert np.array_equal(logits.grad.numpy(), expected.gradient * np.float32(3))


# Their values jump (hardest pixels, cut distances), or their definition holds weights or distances of the prediction constant:
# that these gradients are right is for the tests of core; that they are core's, for the test above and `test_command.py`.
WITHOUT_SLOPE = {
    "active_boundary", "bootstrapped", "boundary_f1", "cbdice", "dice_hausdorff", "dice_topk", "hausdorff_convolution",
    "hausdorff_distance", "hausdorff_erosion", "log_hausdorff", "ohem", "recall_cross_entropy", "shape_aware",
    "topk",
}  # fmt: skip


@pytest.mark.parametrize(("name", "inputs"), [case for case in cases() if case.values[0] not in WITHOUT_SLOPE])
def test_the_gradient_is_the_slope_of_the_value(name: str, inputs: str) -> None:
    logits, labels = tensors(inputs)
    loss = module(name, multilabel=inputs == "multilabel")
    loss(logits, labels).backward()
    random = np.random.default_rng(1)
    slope = logits.grad.double()
    # Down the gradient, and across it: the change of the value is what the gradient says.
    for direction in (slope / slope.norm(), torch.from_numpy(random.normal(size=logits.shape)) / np.sqrt(logits.numel())):
        # Curves of noise are sharp: their slope is that of a shorter step.
        step = 2e-4 if name == "elastica" else 2e-2
        with torch.no_grad():
            ends = [loss.evaluate((logits.double() + sign * step * direction).float(), labels).value for sign in (1, -1)]
        found = (ends[0] - ends[1]) / (2 * step)
        expected = (slope * direction).sum().item()
        assert found == pytest.approx(expected, rel=2e-2, abs=2e-2 * slope.norm().item() + 2e-5), direction


def test_channels_last_is_read_where_it_lies() -> None:
    logits, labels = tensors("multiclass")
    loss = module("dice_cross_entropy")
    loss(logits, labels).backward()
    last = logits.detach().clone(memory_format=torch.channels_last).requires_grad_()
    value = loss(last, labels)
    value.backward()
    assert value.item() == pytest.approx(loss(logits, labels).item(), rel=1e-6)
    assert torch.allclose(last.grad, logits.grad, rtol=1e-5, atol=1e-9)


def test_types_and_weights() -> None:
    logits, labels = tensors("binary")
    loss = module("cross_entropy")
    weights = torch.rand(labels.shape) + 0.1
    expected = segmeter.loss("cross_entropy", logits.detach().numpy(), labels.numpy(), pixel_weights=weights.numpy())
    assert loss(logits, labels, weights).item() == np.float32(expected.value)  # type: ignore[arg-type]
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        other = logits.detach().to(kind).requires_grad_()
        loss(other, labels).backward()
        assert other.grad.dtype == kind and other.grad.abs().sum() > 0


def test_refusals() -> None:
    logits, labels = tensors("binary")
    with pytest.raises(ValueError, match="expected one of"):
        module("dice", gamma=2)
    with pytest.raises(ValueError, match="undefined on this batch.*skip it"):
        module("dice")(logits, torch.full_like(labels, 255))
    with pytest.raises(TypeError, match=r"logits: .*CPU tensor|logits: the tensor is on meta"):
        module("dice")(logits.to("meta"), labels)
    with pytest.raises(TypeError, match=r"pass logits.detach\(\)"):
        segmeter.loss("dice", logits, labels)
    value = module("dice")(logits, labels)
    (gradient,) = torch.autograd.grad(value, logits, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        gradient.sum().backward()


@pytest.mark.parametrize("name", ["cross_entropy", "dice_cross_entropy", "lovasz_softmax", "tversky"])
def test_a_network_learns(name: str) -> None:
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 2, 3, padding=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    images = torch.randn(4, 3, 24, 24)
    labels = (images[:, 0] > 0).long()
    criterion = module(name)
    values = []
    for _ in range(60):
        optimiser.zero_grad()
        value = criterion(network(images), labels)
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert values[-1] < values[0] / 2
    assert ((network(images).argmax(1) == labels).float().mean() > 0.95).item()
