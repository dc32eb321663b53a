"""Counting in bare angle series: the number, the kind, the times; and what is no repetition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.assessment import RepetitionKind
from rehabctl.analysis.filtering import smooth
from rehabctl.analysis.movements import present, worth_counting
from rehabctl.analysis.repetitions import SeriesCount, count_series, kind_of
from rehabctl.reference.measurement import load_measurement_data
from tests.analysis.skeletons import there_and_back

LIMITS = load_measurement_data().repetitions
FULL, PARTIAL, CUT = RepetitionKind.FULL, RepetitionKind.PARTIAL, RepetitionKind.CUT


def count(t_s: np.ndarray, deg: np.ndarray, rest: float, target: float) -> SeriesCount:
    return count_series(t_s, deg, rest_deg=rest, target_deg=target, thresholds=LIMITS)


def squats(peaks: list[float], fs_hz: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    t_s = np.arange(0, 3.0 * len(peaks) + 1.0, 1 / fs_hz)
    moves = [(2.0 + 3.0 * i, peak) for i, peak in enumerate(peaks)]
    return t_s, there_and_back(t_s, moves, rest=5.0)


def test_full_and_partial_repetitions_with_their_times() -> None:
    t_s, deg = squats([92, 88, 45, 90, 40, 93, 85])
    found = count(t_s, deg, 10, 90)
    assert (found.full, found.partial) == (5, 2)
    assert [i.kind for i in found.items] == [FULL, FULL, PARTIAL, FULL, PARTIAL, FULL, FULL]
    for number, item in enumerate(found.items):
        assert item.peak_s == pytest.approx(2.0 + 3.0 * number, abs=0.05)
        assert item.start_s == pytest.approx(1.1 + 3.0 * number, abs=0.15)
        assert item.end_s == pytest.approx(2.9 + 3.0 * number, abs=0.15)
        assert item.outward_s == pytest.approx(item.return_s, abs=0.15)


@given(
    st.lists(st.floats(60.0, 130.0), min_size=1, max_size=8),
    st.sampled_from([8.0, 15.0, 24.19, 30.0, 60.0, 240.0]),
    st.floats(0.0, 1.0),
    st.integers(0, 1000),
)
@settings(max_examples=40)
def test_the_count_does_not_depend_on_rate_or_noise(
    peaks: list[float], fs_hz: float, noise_deg: float, seed: int
) -> None:
    t_s, deg = squats(peaks, fs_hz)
    noisy = deg + np.random.default_rng(seed).normal(scale=noise_deg, size=len(deg))
    found = count(t_s, noisy, 10, 90)
    assert found.full + found.partial == len(peaks)
    assert found.full == pytest.approx(
        sum(p >= 82 for p in peaks), abs=sum(78 < p < 86 for p in peaks)
    )


@given(st.integers(0, 10_000), st.floats(0.0, 1.5), st.floats(0.0, 10.0))
@settings(max_examples=40)
def test_standing_still_with_sway_and_noise_is_no_repetition(
    seed: int, noise_deg: float, sway_deg: float
) -> None:
    t_s = np.arange(0, 12, 1 / 30)
    rng = np.random.default_rng(seed)
    deg = 5.0 + sway_deg / 2 * np.sin(2 * np.pi * 0.3 * t_s) + rng.normal(size=len(t_s)) * noise_deg
    found = count(t_s, smooth(deg, 30.0, 6.0), 10, 90)
    assert (found.full, found.partial) == (0, 0)


def test_movement_towards_extension_has_minima_as_peaks() -> None:
    t_s = np.arange(0, 13, 1 / 30)
    deg = there_and_back(t_s, [(2.0, 4.0), (6.0, 30.0), (10.0, 3.0)], rest=92.0)
    found = count(t_s, deg, 85, 12)
    assert [i.kind for i in found.items] == [FULL, PARTIAL, FULL]
    assert found.items[0].peak_deg == pytest.approx(4.0, abs=0.1)
    assert found.items[0].rom_deg == pytest.approx(88.0, abs=3.0)


def test_a_recording_that_starts_or_ends_inside_a_repetition_has_cut_ones() -> None:
    t_s, deg = squats([90, 90, 90])
    inside = (t_s > 2.2) & (t_s < 7.8)
    found = count(t_s[inside], deg[inside], 10, 90)
    assert [i.kind for i in found.items] == [CUT, FULL, CUT]
    assert (found.full, found.partial) == (1, 0)


def test_a_repetition_that_ends_at_the_end_of_the_recording_counts() -> None:
    t_s, deg = squats([90, 90])
    upto = t_s < 5.0 + 0.75  # two thirds of the way back
    assert count(t_s[upto], deg[upto], 10, 90).full == 2


def test_holds_are_measured_and_tremor_does_not_end_them() -> None:
    t_s = np.arange(0, 12, 1 / 30)
    deg = np.interp(t_s, [0, 2, 3, 8, 9, 12], [5, 5, 90, 90, 5, 5])
    deg += 0.4 * np.sin(2 * np.pi * 3.0 * t_s) * ((t_s > 3) & (t_s < 8))
    item = count(t_s, deg, 10, 90).items[0]
    assert item.hold_s == pytest.approx(5.0, abs=0.3)
    assert item.peak_s == pytest.approx(5.5, abs=0.3)
    assert item.outward_s == pytest.approx(1.0, abs=0.3)


def test_a_quick_turn_is_no_hold() -> None:
    t_s, deg = squats([90])
    assert count(t_s, deg, 10, 90).items[0].hold_s < 0.15


def test_arms_that_are_never_fully_straight_between_repetitions() -> None:
    t_s = np.arange(0, 12, 1 / 30)
    deg = 90.0 - 35.0 * np.cos(2 * np.pi * t_s / 3.0)
    found = count(t_s, deg, 20, 120)
    assert found.full == 4


def test_a_patient_with_little_motion_still_gets_counted() -> None:
    t_s = np.arange(0, 13, 1 / 30)
    deg = there_and_back(t_s, [(2.0, 48.0), (6.0, 44.0), (10.0, 46.0)], rest=22.0)
    found = count(t_s, deg, 20, 120)
    assert (found.full, found.partial) == (0, 3)


def test_getting_into_position_is_not_a_partial_repetition() -> None:
    t_s = np.arange(0, 16, 1 / 30)
    deg = there_and_back(t_s, [(2.0, 32.0), (7.0, 95.0), (12.0, 96.0)], rest=5.0)
    assert count(t_s, deg, 10, 90).partial == 0
    assert count(t_s, deg, 10, 90).full == 2


def test_a_short_dip_in_the_middle_does_not_make_two_of_one() -> None:
    t_s = np.arange(0, 8, 1 / 30)
    deg = np.interp(t_s, [0, 2, 3, 3.3, 3.5, 4.5, 8], [5, 5, 90, 60, 88, 5, 5])
    found = count(t_s, deg, 10, 90)
    assert (found.full, found.partial, found.rejected_s) == (1, 0, ())
    assert found.items[0].peak_deg == pytest.approx(90.0, abs=1.0)


def test_too_quick_a_movement_is_rejected_with_its_time() -> None:
    t_s = np.arange(0, 10, 1 / 30)
    deg = there_and_back(t_s, [(2.0, 90.0)], rest=5.0)
    deg += there_and_back(t_s, [(6.0, 90.0)], rest=0.0, width_s=0.5)
    found = count(t_s, deg, 10, 90)
    assert found.full == 1
    assert found.rejected_s == pytest.approx((6.0,), abs=0.1)


def test_a_gap_inside_a_movement_rejects_it_and_never_joins() -> None:
    t_s, deg = squats([90, 90, 90])
    kept = (t_s < 4.8) | (t_s > 5.4)
    found = count(t_s[kept], deg[kept], 10, 90)
    assert found.full == 2
    assert len(found.rejected_s) >= 1
    missing = deg.copy()
    missing[~kept] = np.nan
    assert count(t_s, missing, 10, 90).full == 2


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_hardly_any_samples_are_no_repetition(n: int) -> None:
    assert count(np.arange(n) / 30, np.zeros(n), 10, 90).items == ()
    assert count(np.arange(n) / 30, np.full(n, np.nan), 10, 90).items == ()


def test_full_begins_at_nine_tenths_of_the_way() -> None:
    assert kind_of(82.0, 10, 90, 0.9) is FULL
    assert kind_of(81.9, 10, 90, 0.9) is PARTIAL
    assert kind_of(19.3, 85, 12, 0.9) is FULL
    assert kind_of(19.4, 85, 12, 0.9) is PARTIAL


def test_present_returns_runs_and_small_movements_are_judged_by_the_larger_ones() -> None:
    mask = np.array([0, 1, 1, 0, 1], dtype=bool)
    assert [(s.start, s.stop) for s in present(mask)] == [(1, 3), (4, 5)]
    assert worth_counting([1.0, 0.2, 0.4], LIMITS) == [True, False, True]
    assert worth_counting([0.25, 0.2], LIMITS) == [True, True]
    assert worth_counting([], LIMITS) == []
    assert worth_counting([-0.1, -0.2], LIMITS) == [True, True]
