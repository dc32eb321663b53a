"""The small parts of the extraction that need no network: signals, sampling, reading ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.vision.frame_signals import SignalMeter
from rehabctl.vision.read_ahead import read_ahead


def test_signals_of_known_images() -> None:
    meter = SignalMeter()
    grey = np.full((480, 640, 3), 100, np.uint8)
    assert meter.measure(grey) == (100.0, 0.0, 0.0)
    assert meter.measure(grey + 7) == (107.0, 0.0, 7.0)
    noise = np.random.default_rng(1).integers(0, 255, grey.shape, dtype=np.uint8)
    luma, sharpness, change = meter.measure(noise)
    assert 100 < luma < 155
    assert sharpness > 1000
    assert change > 30


def test_change_of_size_is_no_change_of_picture() -> None:
    meter = SignalMeter()
    meter.measure(np.zeros((100, 100, 3), np.uint8))
    assert meter.measure(np.full((50, 80, 3), 255, np.uint8))[2] == 0.0


def test_blurred_image_is_less_sharp() -> None:
    import cv2

    sharp = np.kron(np.indices((40, 60)).sum(axis=0) % 2, np.ones((16, 16)))[..., None]
    image = np.repeat(255 * sharp, 3, axis=2).astype(np.uint8)
    blurred = cv2.GaussianBlur(image, (0, 0), 6)
    assert SignalMeter().measure(image)[1] > 3 * SignalMeter().measure(blurred)[1]


@given(st.floats(0, 4000))
def test_people_are_looked_for_across_the_clip(promised_s: float) -> None:
    from rehabctl.vision.people import sample_times_s

    times = sample_times_s(promised_s)
    assert 1 <= len(times) <= 10
    assert times == sorted(times)
    if promised_s > 0:
        assert 0 <= times[0] <= times[-1] < promised_s
    if promised_s >= 5:
        assert len(times) == 10
        assert times[-1] - times[0] == pytest.approx(0.9 * promised_s)


def test_items_come_in_order_and_no_further_ahead_than_allowed() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for i in range(50):
            made.append(i)
            yield i

    for i in read_ahead(numbers(), depth=2):
        time.sleep(0.001)
        # in the queue, one in the feeder's hand, this one
        assert len(made) <= i + 1 + 2 + 1
    assert made == list(range(50))


def test_error_of_the_iterator_reaches_the_reader() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("decoder")

    items = read_ahead(broken(), depth=2)
    assert next(items) == 1
    with pytest.raises(RuntimeError, match="decoder"):
        next(items)


def test_closing_early_ends_the_thread() -> None:
    before = threading.active_count()
    items = read_ahead(iter(range(1000)), depth=2)
    assert next(items) == 0
    items.close()
    assert threading.active_count() == before
