"""Every loss as a module of PyTorch, made of the list: ``torch.Tversky(fn_weight=0.8)(logits, labels).backward()``.

Value and gradient are computed on the CPU by the compiled part, in one go where the batch is one image to the loss. Logits are
``(N,C,H,W)`` or ``(N,H,W)``, also in the memory format ``channels_last``; labels are class ids ``(N,H,W)`` or shares.
"""

from __future__ import annotations

import inspect
from typing import Any, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ._evaluate import Evaluation, loss
from ._lists import LOSSES, parameters, text
from ._segmeter import check

# What a module is told when it is made; pixel weights come with each batch.
OPTIONS = ("layout", "multilabel", "ignore", "class_weights", "reduction", "preset", "probabilities", "threads", "level")


class _Evaluate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, weights: Tensor | None, module: Loss) -> Tensor:
        found = module.evaluate(logits.detach(), labels, weights, gradient=ctx.needs_input_grad[0])
        if found.value is None:
            raise ValueError(f"{module.name}: undefined on this batch (no scored pixel, or 0/0): skip it")
        if found.gradient is not None:
            ctx.save_for_backward(torch.from_numpy(found.gradient))
            ctx.is_permuted = _is_channels_last(logits)
        return logits.new_tensor(found.value, dtype=torch.promote_types(logits.dtype, torch.float32))

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        if ctx.is_permuted:
            gradient = gradient.permute(0, 3, 1, 2)
        return gradient * slope.to(gradient.dtype), None, None, None


def _is_channels_last(logits: Tensor) -> bool:
    return (
        logits.dim() == 4
        and not logits.is_contiguous()
        and logits.is_contiguous(memory_format=torch.channels_last)
    )


class Loss(nn.Module):
    """A loss by its name; each of :data:`segmeter.LOSSES` is a class of its own as well."""

    name: str

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__()
        self.name = name
        self.options = {key: arguments.pop(key) for key in OPTIONS if key in arguments}
        self.settings = arguments
        check(name, self.settings, self.options.get("preset"))

    def forward(self, logits: Tensor, labels: Tensor, pixel_weights: Tensor | None = None) -> Tensor:
        """The loss of a batch, a scalar."""
        result: Tensor = _Evaluate.apply(logits, labels, pixel_weights, self)  # type: ignore[no-untyped-call]
        return result

    def evaluate(
        self, logits: Tensor, labels: Tensor, pixel_weights: Tensor | None = None, **asked: bool
    ) -> Evaluation:
        """What :func:`segmeter.loss` says of it: ``per_class=True`` for those of classes, ``gradient=True`` for slopes."""
        options = dict(self.options)
        tensors: list[Tensor | None] = [logits, labels, pixel_weights]
        if _is_channels_last(logits) and "layout" not in options:
            options["layout"] = "hwc"
            if labels.dim() == 4:
                tensors[1] = labels.permute(0, 2, 3, 1)
            tensors[0] = logits.permute(0, 2, 3, 1)
        found, marks, weights = (None if one is None else _plain(one) for one in tensors)
        return loss(
            self.name, found, marks, pixel_weights=weights, **options, **asked, **self.settings  # type: ignore[arg-type]
        )

    def extra_repr(self) -> str:
        return ", ".join(f"{key}={value!r}" for key, value in {**self.settings, **self.options}.items())


def _plain(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    # NumPy has no bfloat16; of other types and devices `loss` has something to say.
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).contiguous()


def _module(entry: dict[str, Any]) -> type[Loss]:
    def init(self: Loss, **arguments: Any) -> None:
        Loss.__init__(self, entry["name"], **arguments)

    common = [one for one in inspect.signature(loss).parameters.values() if one.name in OPTIONS]
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    init.__signature__ = inspect.Signature([this, *parameters(entry), *common])  # type: ignore[attr-defined]
    fields = {"__init__": init, "__doc__": text(entry), "__module__": __name__}
    return type(entry["type"], (Loss,), fields)


__all__ = ["Loss", *(entry["type"] for entry in LOSSES.values())]
globals().update({entry["type"]: _module(entry) for entry in LOSSES.values()})
