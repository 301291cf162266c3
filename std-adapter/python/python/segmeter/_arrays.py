"""What callers pass, as flat arrays of the types that the compiled part takes. Nothing is copied that need not be."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAX_CLASSES = 32


class Axes(NamedTuple):
    """The axes of scores, whether the channels of a pixel are side by side, and whether images have an axis."""

    images: int
    channels: int
    height: int
    width: int
    interleaved: bool
    batched: bool


def array(name: str, given: Any) -> Array:
    """An argument as a NumPy array that shares its memory."""
    if isinstance(given, np.ma.MaskedArray):
        way = "give pixels that are not scored the id `ignore`"
        raise TypeError(f"{name}: found a masked array, whose mask nothing here reads: {way}")
    if isinstance(given, np.ndarray):
        return given
    device = getattr(given, "__dlpack_device__", None)
    if device is None:
        kind = type(given).__name__
        raise TypeError(f"{name}: found {kind}, expected a NumPy array or a CPU tensor: pass numpy.asarray({name})")
    try:
        kind, _ = device()
    except Exception as error:  # A tensor without memory has no device that DLPack knows.
        raise TypeError(f"{name}: {error}: pass a CPU tensor") from error
    if kind != 1:
        where = getattr(given, "device", f"DLPack device {int(kind)}")
        raise TypeError(f"{name}: the tensor is on {where}, expected one in main memory: pass {name}.cpu()")
    if getattr(given, "requires_grad", False):
        raise TypeError(f"{name}: the tensor requires a gradient: pass {name}.detach(), or use segmeter.torch")
    if str(getattr(given, "dtype", "")) == "torch.bfloat16":
        raise TypeError(f"{name}: found bfloat16, which NumPy has not: pass {name}.float()")
    if hasattr(given, "is_contiguous") and not given.is_contiguous():
        raise ValueError(f"{name}: the tensor is not contiguous: pass {name}.contiguous()")
    if hasattr(given, "numpy"):
        return np.asarray(given.numpy())
    return np.from_dlpack(given)


def contiguous(name: str, given: Array) -> Array:
    """Refuses what is not in row order without gaps, or not where numbers of its type may be."""
    if not given.flags.c_contiguous or not given.flags.aligned:
        raise ValueError(
            f"{name}: the array is not C-contiguous (transposed, or a part of another) and aligned: "
            f"pass numpy.ascontiguousarray({name})"
        )
    return given


def flat(name: str, given: Array) -> Array:
    """One axis, the same memory."""
    return contiguous(name, given).reshape(-1)


def scores(name: str, given: Any, converted: list[str]) -> Array:
    """Logits: float32, int8 or uint8 as they are; float16 and float64 are converted, which is said."""
    found = contiguous(name, array(name, given))
    if found.dtype in (np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.uint8)):
        return found
    if found.dtype in (np.dtype(np.float64), np.dtype(np.float16)):
        converted.append(f"{name}: {found.dtype} to float32")
        with np.errstate(over="ignore"):  # What is beyond float32 is refused where the loss is not finite.
            return found.astype(np.float32)
    raise TypeError(
        f"{name}: found {found.dtype}, expected float32, float64 or float16, or int8 or uint8 codes: "
        f"pass {name}.astype(numpy.float32)"
    )


def ids(name: str, given: Array, ignore: int, converted: list[str]) -> tuple[Array, int]:
    """Class ids as uint8, with the id of pixels that are not scored: bool and uint8 as they are."""
    if given.dtype == np.dtype(np.bool_):
        given = given.view(np.uint8)
    if given.dtype == np.dtype(np.uint8):
        if not 0 <= ignore <= 255:
            raise ValueError(f"ignore: found {ignore}, expected 0 to 255 for {name} of uint8")
        return given, ignore
    converted.append(f"{name}: {given.dtype} to uint8")
    byte = ignore if 0 <= ignore <= 255 else 255
    left_out = given == ignore
    wrong = ((given < 0) | (given > 255) | (given == byte)) & ~left_out
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        found = int(given.reshape(-1)[place])
        raise ValueError(
            f"{name}: found id {found} at place {place}, expected 0 to 254; "
            f"of pixels that are not scored say ignore={found}"
        )
    return np.where(left_out, byte, given).astype(np.uint8), byte


def truth(name: str, given: Any, ignore: int, converted: list[str]) -> tuple[Array, int]:
    """Labels: integers are class ids, floats are soft labels."""
    found = contiguous(name, array(name, given))
    if found.dtype == np.dtype(np.float32):
        return found, ignore if 0 <= ignore <= 255 else 255
    if found.dtype in (np.dtype(np.float64), np.dtype(np.float16)):
        converted.append(f"{name}: {found.dtype} to float32")
        return found.astype(np.float32), ignore if 0 <= ignore <= 255 else 255
    if found.dtype.kind in "bui" and found.dtype.isnative:
        return ids(name, found, ignore, converted)
    raise TypeError(
        f"{name}: found {found.dtype}, expected integers (class ids) or float32 (soft labels): "
        f"pass {name}.astype(numpy.uint8)"
    )


def axes(name: str, shape: tuple[int, ...], labels: tuple[int, ...], layout: str | None) -> Axes:
    """What the axes of scores are: as told, or by the axes of the labels, which have none for classes."""
    if layout not in (None, "hw", "chw", "hwc"):
        raise ValueError(f'layout: found {layout!r}, expected "hw", "chw" or "hwc"')
    names = {"hw": ("H,W", 2), "chw": ("C,H,W", 3), "hwc": ("H,W,C", 3)}
    told = layout or _guess(shape, labels)
    text, count = names[told]
    if len(shape) not in (count, count + 1):
        raise ValueError(
            f"{name}: found axes {shape}, expected ({text}) or (N,{text})"
            + ("" if layout else ': say layout="hw", "chw" or "hwc"')
        )
    batched = len(shape) > count
    images = shape[0] if batched else 1
    sides = shape[-count:]
    if told == "hw":
        return Axes(images, 1, sides[0], sides[1], False, batched)
    if told == "chw":
        return Axes(images, sides[0], sides[1], sides[2], False, batched)
    return Axes(images, sides[2], sides[0], sides[1], True, batched)


def _guess(shape: tuple[int, ...], labels: tuple[int, ...]) -> str:
    """Four axes have classes, three do if the labels are of one image less; classes come first unless only the last can be."""
    if len(shape) == 2 or (len(shape) == 3 and len(labels) == 3):
        return "hw"
    if len(labels) == len(shape) - 1:
        first = shape[:-3] + shape[-2:] == labels
        last = shape[:-1] == labels
        if first != last:
            return "chw" if first else "hwc"
    is_last = len(shape) > 2 and shape[-3] > MAX_CLASSES >= shape[-1]
    return "hwc" if is_last else "chw"


def check_shape(name: str, found: tuple[int, ...], expected: list[tuple[int, ...]], why: str) -> None:
    """Refuses an array whose axes are not one of some."""
    if found not in expected:
        texts = " or ".join(str(one) for one in dict.fromkeys(expected))
        raise ValueError(f"{name}: found axes {found}, expected {texts} {why}")


def masks(predictions: Any, labels: Any) -> tuple[Array, Array]:
    """Class ids (integers, bool) of the same shape, as uint8."""
    found, marks = (mask(name, given) for name, given in (("predictions", predictions), ("labels", labels)))
    if found.shape != marks.shape:
        raise ValueError(f"labels: found axes {marks.shape}, expected {found.shape} as of the predictions")
    return found, marks


def mask(name: str, given: Any) -> Array:
    """Class ids (integers, bool) as uint8."""
    found = contiguous(name, array(name, given))
    if found.dtype.kind not in "bui" or not found.dtype.isnative:
        raise TypeError(f"{name}: found {found.dtype}, expected class ids: of scores pass (scores > 0) or argmax")
    if found.dtype == np.dtype(np.bool_):
        return found.view(np.uint8)
    if found.dtype == np.dtype(np.uint8):
        return found
    wrong = (found < 0) | (found > 255)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"{name}: found id {int(found.reshape(-1)[place])} at place {place}, expected 0 to 255")
    return found.astype(np.uint8)
