"""Flexion and repetitions while they happen, against the truth of the simulation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.joint_live import (
    LiveCounter,
    LiveHinge,
    PairedStream,
    learned_axis,
    moved_s,
)
from rehabctl.analysis.sensor_simulation import knee_pair
from rehabctl.reference.sensor_limits import load_sensor_limits

LIMITS = load_sensor_limits()
JOINT, LIVE = LIMITS.of("joint"), LIMITS.of("live")


def counter(rest: float = 0.0, target: float = 90.0, min_rep_s: float = 0.8) -> LiveCounter:
    return LiveCounter(rest, target, 0.9, min_rep_s, LIVE)


def bends(peaks: list[float], low: float = 0.0, period_s: float = 2.0) -> list[tuple[float, float]]:
    times = np.arange(0.0, period_s * len(peaks), 0.02)
    shape = (1.0 - np.cos(2 * np.pi * times / period_s)) / 2.0
    tops = np.array(peaks)[np.minimum((times / period_s).astype(int), len(peaks) - 1)]
    return list(zip(times.tolist(), (low + (tops - low) * shape).tolist(), strict=True))


@pytest.mark.slow
def test_the_angle_follows_the_truth_and_looks_back_only() -> None:
    thigh, shank, truth = knee_pair(4, 90.0)
    stream, pairs = PairedStream(), []
    for i in range(len(thigh)):
        stream.proximal(float(thigh.t_s[i]), thigh.gyr_rads[i], thigh.acc_ms2[i])
        pairs += stream.distal(float(shank.t_s[i]), shank.gyr_rads[i], shank.acc_ms2[i])
    learning = pairs[: (10 * 60)]
    assert moved_s(learning, 1 / 60, JOINT) > 3.0
    assert learned_axis(pairs[:480], JOINT, 0.7) is None  # a wrong, upright axis fits better
    axis = learned_axis(learning, JOINT, 0.7)
    assert axis is not None
    hinge, counts = LiveHinge(1 / 60, JOINT, axis), counter()
    angles = []
    for pair in pairs:
        angles.append(hinge.add(pair))
        counts.add(pair[0], angles[-1])
    error = np.array(angles) - truth[len(truth) - len(angles) :]
    assert float(np.sqrt(np.mean(error**2))) < 2.0
    assert (counts.full, counts.partial) == (4, 0)
    # the same samples again give the same angles, whatever comes later
    again = LiveHinge(1 / 60, JOINT, axis)
    assert [again.add(pair) for pair in pairs[:300]] == angles[:300]


def test_full_and_partial_repetitions_are_told_apart_at_the_turning_point() -> None:
    counts, events = counter(), []
    for t_s, angle in bends([90, 60, 85, 40]):
        events += [e for e in [counts.add(t_s, angle)] if e is not None]
    assert [e.kind for e in events] == ["turn", "repetition"] * 4
    assert [e.full for e in events[::2]] == [True, False, True, False]
    assert (counts.full, counts.partial) == (2, 2)
    assert events[2].missing_deg == pytest.approx(30.0, abs=0.2)
    assert events[0].missing_deg == 0.0
    turn_s = [e.t_s for e in events[::2]]
    assert all(0.0 < t - (1.0 + 2.0 * i) < 0.5 for i, t in enumerate(turn_s))


def test_a_knee_that_straightens_counts_downwards() -> None:
    counts = counter(rest=90.0, target=0.0)
    events = [counts.add(t, 90.0 - a) for t, a in bends([90, 90, 50])]
    assert (counts.full, counts.partial) == (2, 1)
    missing = [e.missing_deg for e in events if e is not None and e.kind == "turn"]
    assert missing[-1] == pytest.approx(40.0, abs=0.2)


def test_twitches_and_a_partial_return_are_no_repetitions() -> None:
    counts = counter()
    for t_s, angle in bends([90, 90], period_s=0.3):
        counts.add(t_s, angle)
    assert counts.full + counts.partial == 0
    counts = counter()
    for t_s, angle in bends([90, 90, 90], low=30.0):
        counts.add(t_s, angle)
    assert counts.full == 3


@given(st.lists(st.floats(0.3, 1.7), min_size=20, max_size=200), st.floats(0.0, 0.9))
def test_pairs_come_once_in_order_and_between_both(steps: list[float], shift: float) -> None:
    """Whatever the two rates, each pair lies on the line between the distal samples around it."""
    stream, found = PairedStream(), []
    one, two = 0.0, shift
    arrivals = []
    for step in steps:
        one, two = one + step, two + 1.0
        arrivals += [(one, 0), (two, 1)]
    for t_s, which in sorted(arrivals):
        values = np.full(3, t_s)
        if which == 0:
            stream.proximal(t_s, values, values)
        else:
            found += stream.distal(t_s, values, values)
    times = [pair[0] for pair in found]
    assert all(b > a for a, b in pairwise(times))
    for pair in found:
        assert pair[3] == pytest.approx(pair[1], abs=1e-9)
