"""Left and right: exchanged labels are put right, drifting ones do not multiply repetitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rehabctl.analysis.assessment import QualityStatus, RepetitionKind
from rehabctl.analysis.landmarks import LEG_LANDMARKS
from rehabctl.analysis.measure import measure
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.side import furthest, moving_side, takes_turns, unswap
from rehabctl.reference.measurement import load_measurement_data
from tests.analysis.rendered_clips import Clip, clip, spec
from tests.analysis.skeletons import series_of, side_view, there_and_back

GATES = load_measurement_data().gates
T_S = np.arange(0, 12, 1 / 30)
MOVES = there_and_back(T_S, [(2.0, 80.0), (6.0, 78.0), (10.0, 82.0)], rest=4.0)


def exchanged(xy: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Let the points of each leg travel to the other leg by a weight from 0 to 1."""
    out = xy.copy()
    w = weight[:, None]
    for a, b in LEG_LANDMARKS:
        out[:, a] = xy[:, a] * (1 - w) + xy[:, b] * w
        out[:, b] = xy[:, b] * (1 - w) + xy[:, a] * w
    return out


def weights(n: int, spans: list[tuple[int, int]], fade: int) -> np.ndarray:
    weight = np.zeros(n)
    for start, stop in spans:
        weight[start:stop] = 1.0
    return np.convolve(weight, np.ones(fade) / fade, "same") if fade else weight


def test_a_sudden_exchange_is_put_right() -> None:
    xy = side_view(len(T_S), knee=MOVES, far={"knee": 0.0})
    spans = [(50, 70), (170, 190)]
    found = unswap(exchanged(xy, weights(len(xy), spans, 0)), GATES)
    np.testing.assert_allclose(found.xy_px, xy)
    assert np.flatnonzero(found.legs).tolist() == [*range(50, 70), *range(170, 190)]
    assert not found.arms.any()
    assert found.share(leg=True) == pytest.approx(40 / len(xy))


def test_legs_that_pass_each_other_are_not_exchanged() -> None:
    swing = 25.0 * np.sin(2 * np.pi * 0.9 * T_S)
    xy = side_view(len(T_S), hip=swing, far={"hip": -swing})
    assert not unswap(xy, GATES).legs.any()


def test_nobody_and_hardly_anybody_are_left_alone() -> None:
    for xy in (np.full((5, 33, 2), np.nan), side_view(2)):
        np.testing.assert_array_equal(unswap(xy, GATES).xy_px, xy)


SPANS = [[(45, 70), (130, 150)], [(50, 140)], [(40, 75), (120, 160), (210, 250)]]


@pytest.mark.parametrize("spans", SPANS)
@pytest.mark.parametrize("fade", [0, 3, 6, 10, 16])
@pytest.mark.parametrize("name", ["heelcurl_side_110", "heelcurl_side_limited70"])
def test_near_points_that_follow_the_far_leg_do_not_change_the_count(
    name: str, fade: int, spans: list[tuple[int, int]]
) -> None:
    """The trap of pure side views: a naive counter sees five repetitions of three."""
    plain = clip(name)
    weight = weights(len(plain.series.t_s), spans, fade)
    xy = exchanged(plain.series.xy_px.astype(float), weight).astype(np.float32)
    found = Clip(replace(plain.series, xy_px=xy), plain.truth).measure()
    assert len(found.repetitions) == 3
    assert {r.side for r in found.repetitions} == {"right"}
    assert found.quality.status is QualityStatus.LIMITED
    before = peaks(plain.measure())
    for old, new in zip(before, found.repetitions, strict=True):
        assert new.interval_deg is not None
        assert new.interval_deg[0] <= old <= new.interval_deg[1]


def peaks(measured: MeasuredMovement) -> list[float]:
    return [r.peak_deg for r in measured.repetitions if r.peak_deg is not None]


def test_which_leg_takes_turns_and_which_moves() -> None:
    half = np.where(T_S < 6, MOVES, 4.0)
    rest = np.where(T_S < 6, 4.0, MOVES)
    assert takes_turns(half, rest, 1, 0.35)
    assert not takes_turns(MOVES, np.full_like(MOVES, 5.0), 1, 0.35)
    assert not takes_turns(MOVES, 0.9 * MOVES, 1, 0.35)
    assert not takes_turns(np.full_like(MOVES, np.nan), MOVES, 1, 0.35)
    assert moving_side(MOVES, np.zeros_like(MOVES), "right") == "left"
    assert moving_side(np.zeros_like(MOVES), MOVES, "left") == "right"
    assert moving_side(MOVES, 0.95 * MOVES, "right") == "right"


def test_the_notch_between_two_legs_is_bridged() -> None:
    weight = weights(len(T_S), [(180, 230)], 9)
    left, right = MOVES * (1 - weight), MOVES * weight
    together = furthest(left, right, 1, window=12)
    assert np.abs(together - MOVES).max() < 4.5
    assert np.maximum(left, right)[176:184].min() < 0.6 * MOVES[176:184].min()


def test_an_alternating_exercise_counts_each_leg() -> None:
    left = there_and_back(T_S, [(2.0, 70.0), (6.0, 70.0)], rest=0.0)
    right = there_and_back(T_S, [(4.0, 72.0), (8.0, 70.0)], rest=0.0)
    series = series_of(side_view(len(T_S), hip=right, far={"hip": left}))

    found = measure(
        series, spec("sagittal", "hip_flexion", 15, 70, "alternating"), exercise="march"
    )
    assert [r.side for r in found.repetitions] == ["left", "right", "left", "right"]
    assert all(r.kind is RepetitionKind.FULL for r in found.repetitions)
    assert [r.index for r in found.repetitions] == [1, 2, 3, 4]


def test_a_lunge_that_bends_both_knees_counts_once() -> None:

    back = there_and_back(T_S, [(2.1, 70.0), (6.1, 70.0), (10.1, 70.0)], rest=4.0)
    series = series_of(side_view(len(T_S), knee=MOVES, far={"knee": back}))
    found = measure(
        series, spec("sagittal", "knee_flexion", 15, 75, "alternating"), exercise="lunge"
    )
    assert [r.side for r in found.repetitions] == ["right", "right", "right"]
