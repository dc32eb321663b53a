"""Recovery curves and projections: robust, concave, never past what a joint can do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.recovery import (
    BandPosition,
    band,
    display_value,
    limb_symmetry_percent,
    position,
    project_ln,
    projection,
    theil_sen,
)
from rehabctl.reference.recovery_curves import load_recovery_curves, recovery_curve

FLEXION = recovery_curve("tkr-knee-flexion")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(12, 74), (16, 76), (20, 79), (24, 80)], 85.4),
        ([(12, 80), (16, 86), (20, 92), (24, 97)], 111.2),
        ([(12, 78), (17, 84), (21, 55), (24, 90)], 99.6),
    ],
)
def test_projection_vectors(points: list[tuple[float, float]], expected: float) -> None:
    projected = project_ln(points, 42)
    assert projected is not None
    assert round(projected, 1) == expected


@settings(deadline=None)
@given(
    st.floats(-20, 40), st.floats(-50, 150), st.lists(st.integers(10, 90), min_size=3, unique=True)
)
def test_a_curve_of_its_own_kind_is_found_again(
    slope: float, intercept: float, days: list[int]
) -> None:
    points = [(float(day), slope * math.log(day) + intercept) for day in days]
    projected = project_ln(points, 60)
    assert projected == pytest.approx(slope * math.log(60) + intercept, abs=1e-6)


def test_one_day_gives_no_line() -> None:
    assert theil_sen([(1, 2), (1, 3)]) is None
    assert project_ln([(12, 80), (12, 90)], 42) is None
    assert projection([(12, 80), (12, 90), (12, 85)], 42, FLEXION, seed=1) is None
    assert projection([(12, 80), (20, 90)], 42, FLEXION, seed=1) is None


recoveries = st.lists(
    st.tuples(st.integers(3, 80), st.integers(20, 145)), min_size=3, max_size=9
).filter(lambda made: len({day for day, _ in made}) > 1)


@settings(deadline=None)
@given(recoveries, st.integers(81, 400), st.integers(0, 5))
def test_a_projection_lies_in_its_interval_and_never_past_the_limit(
    points: list[tuple[int, int]], target: int, seed: int
) -> None:
    made = projection(
        [(float(d), float(v)) for d, v in points], target, FLEXION, seed=seed, resamples=60
    )
    assert made is not None
    assert made.low <= made.value <= made.high <= FLEXION.anatomical_limit
    again = projection(
        [(float(d), float(v)) for d, v in points], target, FLEXION, seed=seed, resamples=60
    )
    assert made == again


def test_more_noise_widens_the_interval() -> None:
    quiet = [(float(d), 60 + 12 * math.log(d)) for d in range(12, 36, 3)]
    noisy = [(d, v + 8 * (-1) ** n) for n, (d, v) in enumerate(quiet)]
    widths = []
    for points in (quiet, noisy):
        made = projection(points, 42, FLEXION, seed=3)
        assert made is not None
        widths.append(made.high - made.low)
    assert widths[0] < 0.2 < 5 < widths[1]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    import random

    generator = random.Random(5)
    hits = 0
    for seed in range(120):
        points = [
            (float(day), 60 + 12 * math.log(day) + generator.gauss(0, 3.3))
            for day in range(10, 36, 2)
        ]
        made = projection(points, 42, FLEXION, seed=seed, resamples=150)
        assert made is not None
        hits += made.low <= 60 + 12 * math.log(42) <= made.high
    assert 0.78 <= hits / 120 <= 1.0  # 90 % nominal; small samples make a bootstrap too narrow


def test_stopped_at_the_limit() -> None:
    made = projection([(10, 60), (14, 100), (18, 140)], 300, FLEXION, seed=1)
    assert made is not None
    assert (made.value, made.at_limit) == (150.0, True)


def test_display_curve_and_band() -> None:
    assert display_value(FLEXION, 7) == pytest.approx(80)
    assert display_value(FLEXION, 14) == pytest.approx(90, abs=0.1)
    assert display_value(FLEXION, 42) == pytest.approx(105.8, abs=0.1)
    assert display_value(FLEXION, 56) == pytest.approx(110, abs=0.1)
    assert display_value(FLEXION, 400) is None
    cohort = band(FLEXION, 14)
    assert cohort is not None
    assert cohort.low == pytest.approx(90, abs=0.1)  # Kornuijt and the line through it
    assert cohort.high == pytest.approx(100)  # the growth model
    assert len(cohort.sources) == 4
    assert band(FLEXION, 1) is None
    alone = band(FLEXION, 100)
    assert alone is not None
    assert alone.high - alone.low == 2 * FLEXION.default_spread


@pytest.mark.parametrize(("value", "expected"), [(85, "behind"), (95, "within"), (105, "ahead")])
def test_position(value: float, expected: str) -> None:
    assert position(FLEXION, 14, value) == expected


def test_less_is_better_for_a_lack_of_extension() -> None:
    curve = recovery_curve("tkr-knee-extension-deficit")
    assert position(curve, 20, 30.0) is BandPosition.BEHIND
    assert position(curve, 20, 0.0) is BandPosition.AHEAD


def test_every_curve_has_a_band_where_it_has_points() -> None:
    for curve in load_recovery_curves():
        for source in curve.sources:
            for day, value in source.points:
                cohort = band(curve, day)
                assert cohort is not None
                assert cohort.low <= value <= cohort.high


@pytest.mark.parametrize(
    ("involved", "other", "higher", "expected"), [(27, 31, True, 87.1), (8.2, 7.4, False, 90.2)]
)
def test_limb_symmetry(involved: float, other: float, higher: bool, expected: float) -> None:
    index = limb_symmetry_percent(involved, other, higher_is_better=higher)
    assert index is not None
    assert round(index, 1) == expected
    assert limb_symmetry_percent(0.0, 5.0, higher_is_better=True) is None
