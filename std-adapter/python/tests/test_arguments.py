"""What is read where it lies, what is converted, what is refused with which words."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import segmeter
from conftest import frames
from segmeter import _arrays, _segmeter

LOGITS, LABELS = frames("binary")


@pytest.mark.parametrize("kind", [np.float32, np.int8, np.uint8])
def test_nothing_is_copied(kind: Any) -> None:
    logits = LOGITS.astype(kind)
    converted: list[str] = []
    read = _arrays.scores("logits", logits, converted)
    assert _segmeter.place_of(read.reshape(-1)) == logits.ctypes.data and not converted
    assert _segmeter.place_of(LOGITS.copy().reshape(-1)) != LOGITS.ctypes.data


def test_a_conversion_is_said_and_is_the_only_difference() -> None:
    expected = segmeter.loss("dice", LOGITS, LABELS)
    assert expected.converted == ()
    wide = segmeter.loss("dice", LOGITS.astype(np.float64), LABELS.astype(np.int64))
    assert wide.value == expected.value
    assert wide.converted == ("logits: float64 to float32", "labels: int64 to uint8")
    half = LOGITS.astype(np.float16)
    assert segmeter.loss("dice", half, LABELS).value == segmeter.loss("dice", half.astype(np.float32), LABELS).value
    masked = segmeter.loss("dice", LOGITS, np.where(LABELS == 255, -100, LABELS.astype(np.int64)), ignore=-100)
    assert masked.value == expected.value and masked.ignored == expected.ignored
    flags = segmeter.loss("dice", LOGITS, LABELS == 1)
    assert flags.value == segmeter.loss("dice", LOGITS, (LABELS == 1).astype(np.uint8)).value and flags.converted == ()


class OnGpu:
    """As a tensor that is not in main memory."""

    device = "cuda:0"

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, 0)


NAN = np.where(LABELS == 1, np.float32(np.nan), LOGITS)
UNALIGNED = np.zeros(4 * LOGITS.size + 1, np.uint8)[1:].view(np.float32).reshape(LOGITS.shape)
SEVEN = np.where(np.arange(3)[:, None, None] == 1, 7, LABELS).astype(np.uint8)
FOUR, IDS = frames("multiclass")
HINGE = {"name": "lovasz_hinge", "logits": FOUR, "labels": IDS}
REFUSALS: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (ValueError, r"^logits: the array is not C-contiguous.*ascontiguousarray\(logits\)", {"logits": LOGITS[:, :, ::2]}),
    (ValueError, r"^labels: the array is not C-contiguous", {"labels": LABELS[:, ::-1]}),
    (TypeError, r"^logits: found int32, .*logits.astype\(numpy.float32\)", {"logits": LOGITS.astype(np.int32)}),
    (TypeError, r"^logits: found >f4, expected float32", {"logits": LOGITS.astype(">f4")}),
    (ValueError, r"^logits: the array is not C-contiguous .* and aligned", {"logits": UNALIGNED}),
    (TypeError, r"^labels: found a masked array", {"labels": np.ma.masked_equal(LABELS, 255)}),
    (TypeError, r"^logits: found list, .*numpy.asarray\(logits\)", {"logits": [[1.0]]}),
    (TypeError, r"^labels: found complex64", {"labels": LABELS.astype(np.complex64)}),
    (TypeError, r"^logits: .* on cuda:0, .*logits.cpu\(\)", {"logits": OnGpu()}),
    (ValueError, r"^labels: found axes \(3, 28, 16\), expected \(3, 28, 34\)", {"labels": LABELS[..., :16].copy()}),
    (ValueError, r"^logits: found axes \(34,\), expected", {"logits": LOGITS[0, 0]}),
    (ValueError, r"^labels: found a soft label .* place 0", {"labels": np.full(LABELS.shape, np.nan, np.float32)}),
    (ValueError, r"^labels: found a soft label", {"labels": np.full(LABELS.shape, 1.5, np.float32)}),
    (ValueError, r"^labels: found id 7 at pixel 0 of image 1, expected 0 to 1; .* ignore=7", {"labels": SEVEN}),
    (ValueError, r"^labels: found id -1 at place", {"labels": LABELS.astype(np.int64) - 1}),
    (ValueError, r"^logits: found NaN at place \d+, expected finite", {"logits": NAN}),
    (ValueError, r"^ignore: 1 is a class", {"ignore": 1}),
    (ValueError, r"^class_weights: found 3, expected 2", {"class_weights": [1, 2, 3]}),
    (ValueError, r"^class_weights: expected numbers", {"class_weights": [0, 0]}),
    (ValueError, r"^pixel_weights: that of pixel 0 of image 0", {"pixel_weights": np.full(LABELS.shape, -1, np.float32)}),
    (TypeError, r"^pixel_weights: found int64", {"pixel_weights": LABELS.astype(np.int64)}),
    (ValueError, r"^reduction: found `sum`", {"reduction": "sum"}),
    (ValueError, r"^preset: found `numpy` for dice, expected one of: ", {"preset": "numpy"}),
    (ValueError, r"^found parameter `gamma` for dice, expected one of: ", {"gamma": 2}),
    (ValueError, r"^found smooth=-1 for dice, expected ", {"smooth": -1}),
    (TypeError, r"^smooth: found object, expected a number", {"smooth": object()}),
    (ValueError, r"^threads: found 0", {"threads": 0}),
    (ValueError, r"^level: no level `mmx`", {"level": "mmx"}),
    (ValueError, r"^layout: found 'nchw'", {"layout": "nchw"}),
    (TypeError, r"^logits: found 8-bit codes, which need scale and zero_point", {"logits": LOGITS.astype(np.int8)}),
    (TypeError, r"^logits: found float32, expected int8 or uint8 for scale", {"scale": 0.1, "zero_point": 0}),
    (ValueError, r"^scale, zero_point: expected both", {"scale": 0.1}),
    (ValueError, r"^logits: found .* expected 0 to 1", {"probabilities": True}),
    (ValueError, r"^found loss `dicee`, expected one of ", {"name": "dicee"}),
    (ValueError, r"^logits: found multiclass logits, expected binary.* for lovasz_hinge", HINGE),
    (ValueError, r"^reduction: `batch` makes one image of all, but boundary", {"name": "boundary", "reduction": "batch"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "arguments"), REFUSALS, ids=[text[:40] for _, text, _ in REFUSALS])
def test_refusals(kind: type[Exception], text: str, arguments: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "dice", "logits": LOGITS, "labels": LABELS, **arguments}
    with pytest.raises(kind, match=text):
        segmeter.loss(given.pop("name"), given.pop("logits"), given.pop("labels"), **given)


def test_the_gil_is_released() -> None:
    logits = np.random.default_rng(0).normal(size=(2048, 2048)).astype(np.float32)
    labels = (logits > 0.5).astype(np.uint8)
    took: list[float] = []

    def work() -> None:
        start = time.perf_counter()
        segmeter.loss("lovasz_hinge", logits, labels, gradient=True, threads=1)
        took.append(time.perf_counter() - start)

    thread = threading.Thread(target=work)
    longest, last = 0.0, time.perf_counter()
    thread.start()
    while thread.is_alive():
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    # With the lock held this loop would stand still for nearly as long as the loss takes.
    assert longest < took[0] / 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_works_alone() -> None:
    logits = np.random.default_rng(0).normal(size=(512, 1024)).astype(np.float32)
    labels = (logits > 0.5).astype(np.uint8)
    expected = segmeter.loss("focal", logits, labels, threads=4).value  # Its threads stay, and are not in the child.
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        found = [segmeter.loss("focal", logits, labels, threads=threads).value for threads in (4, None)]
        os._exit(0 if found == [expected] * 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_functions_are_the_list() -> None:
    assert set(segmeter.losses.__all__) == set(segmeter.LOSSES)
    for name, entry in segmeter.LOSSES.items():
        function = getattr(segmeter.losses, name)
        assert entry["definition"] in function.__doc__
        assert all(parameter["meaning"] in function.__doc__ for parameter in entry["parameters"])
        inputs = entry["inputs"][0]
        logits, labels = frames(inputs)
        arguments = {"multilabel": inputs == "multilabel"}
        assert function(logits, labels, **arguments) == segmeter.loss(name, logits, labels, **arguments)


def test_no_parameter_hides_an_argument() -> None:
    from segmeter._lists import COMMON

    common = {parameter.name for parameter in COMMON} | {"name", "logits", "labels"}
    for entry in segmeter.LOSSES.values():
        assert not common & {parameter["name"] for parameter in entry["parameters"]}, entry["name"]
