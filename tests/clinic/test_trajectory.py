"""A patient's course beside published curves: vectors, limits, methods that never join."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.recovery import BandPosition, project_ln
from rehabctl.clinic.trajectory import Trajectory, trajectories
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.facts import Episode, Extreme, Measurement, PatientFacts, ScoreFact
from tests.clinic.patient_facts import RULES, at, journal, on, patient, rom

SURGERY = 1
FLEXION = "tkr-knee-flexion"
_SHIFT = SURGERY  # day d after surgery is March 1 + d


def operated(measurements: tuple[Measurement, ...] = (), **more: object) -> PatientFacts:
    episode = Episode(on(SURGERY), None, "TKR", on(SURGERY), "left")
    values = {"episode": episode, "measurements": measurements} | more
    return patient(**values)


def flexion(facts: PatientFacts, day: int, target_day: int | None = None) -> Trajectory:
    view = PatientView.of(facts, at(day + _SHIFT), RULES)
    (found,) = trajectories(view, FLEXION, target_day)
    return found


def measured(*points: tuple[int, float], **more: object) -> tuple[Measurement, ...]:
    return rom([(day + _SHIFT, value) for day, value in points], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(12, 74), (16, 76), (20, 79), (24, 80)], 85.4),
        ([(12, 80), (16, 86), (20, 92), (24, 97)], 111.2),
        ([(12, 78), (17, 84), (21, 55), (24, 90)], 99.6),
    ],
)
def test_vectors_of_knee_replacement(points: list[tuple[int, float]], expected: float) -> None:
    found = flexion(operated(measured(*points)), 24)
    assert found.projection is not None
    assert (found.projection.day, found.projection.value) == (42, expected)
    assert found.projection.low <= expected <= found.projection.high
    assert found.projection_band is not None
    assert found.latest is not None
    assert found.latest.day == 24


values = st.lists(
    st.tuples(st.integers(10, 80), st.integers(20, 149)), min_size=3, max_size=9
).filter(lambda made: len({day for day, _ in made}) > 1)


@settings(deadline=None, max_examples=60)
@given(values)
def test_a_projection_never_passes_the_anatomical_limit(points: list[tuple[int, int]]) -> None:
    found = flexion(operated(measured(*[(d, float(v)) for d, v in points])), 81, 3000)
    made = found.projection
    assert made is not None
    assert made.low <= made.value <= made.high <= found.curve.anatomical_limit
    free = project_ln([(float(d), float(v)) for d, v in points], 3000)
    assert free is not None
    assert made.at_limit is (free > found.curve.anatomical_limit)


def test_a_lack_of_extension_never_falls_below_zero() -> None:
    facts = operated(measured((10, 12), (20, 6), (30, 2), extreme=Extreme.MIN))
    view = PatientView.of(facts, at(31 + _SHIFT), RULES)
    (found,) = trajectories(view, "tkr-knee-extension-deficit", 700)
    assert found.projection is not None
    assert (found.projection.value, found.projection.at_limit) == (0.0, True)


def test_values_of_two_methods_never_join() -> None:
    early = measured((10, 70), (14, 76), (18, 80), method="camera/1")
    late = measured((20, 95), (24, 97), method="goniometer")
    found = flexion(operated((*early, *late)), 24)
    assert [p.value for p in found.points] == [95, 97]
    assert found.other_methods == ("camera/1, left",)
    assert found.projection is None
    assert found.note == "a projection needs 3 values by one method since day 10; there are 2"


def test_only_the_operated_side_counts_and_sides_never_join() -> None:
    both = (*measured((12, 90), (20, 95)), *measured((12, 130), (20, 131), side="right"))
    assert [p.value for p in flexion(operated(both), 24).points] == [90, 95]
    episode = Episode(on(SURGERY), None, "TKR", on(SURGERY), None)
    unsided = flexion(operated(both, episode=episode), 24)
    assert len({p.value > 120 for p in unsided.points}) == 1


def test_each_point_stands_beside_the_cohorts_of_its_own_day() -> None:
    found = flexion(operated(measured((3, 60), (14, 85), (28, 102), (42, 130))), 43)
    assert [p.position for p in found.points] == [
        None, BandPosition.BEHIND, BandPosition.WITHIN, BandPosition.AHEAD,
    ]  # fmt: skip


def test_pain_and_scores_are_followed_too() -> None:
    facts = operated(journal=tuple(journal(day + _SHIFT, 6 - day / 10) for day in (10, 20, 30)))
    view = PatientView.of(facts, at(31 + _SHIFT), RULES)
    (pain,) = trajectories(view, "tkr-pain")
    assert [p.value for p in pain.points] == [5, 4, 3]
    assert pain.projection is not None
    assert pain.projection.value >= 0
    scores = tuple(
        ScoreFact(
            f"q{day}",
            at(day + _SHIFT),
            at(day + _SHIFT),
            "koos",
            "pain",
            value,
            higher_is_better=True,
        )
        for day, value in ((14, 50.0), (28, 58.0), (42, 66.0))
    )
    view = PatientView.of(operated(scores=scores), at(43 + _SHIFT), RULES)
    (koos,) = trajectories(view, "tkr-koos-pain")
    assert [p.value for p in koos.points] == [50, 58, 66]
    assert koos.points[-1].position is BandPosition.WITHIN


@pytest.mark.parametrize("condition", ["THR", "FS", "MENISCUS", "ANKLE", None])
def test_no_curve_is_invented(condition: str | None) -> None:
    facts = patient(episode=Episode(on(1), None, condition, on(1), "left"))
    with pytest.raises(NotFoundError, match="no published recovery curve") as caught:
        trajectories(PatientView.of(facts, at(20), RULES))
    assert caught.value.exit_code == 4


def test_what_cannot_be_shown_is_said() -> None:
    without = patient(episode=Episode(on(1), None, "TKR", None, "left"))
    with pytest.raises(FindingsError, match="no surgery date"):
        trajectories(PatientView.of(without, at(20), RULES))
    facts = operated(measured((12, 80), (20, 90)))
    view = PatientView.of(facts, at(24), RULES)
    with pytest.raises(NotFoundError, match="no curve of that name"):
        trajectories(view, "rcr-pain-gain")
    with pytest.raises(UsageError, match="after the newest"):
        trajectories(view, FLEXION, 20)
    empty = trajectories(PatientView.of(operated(), at(24), RULES))
    assert {found.note for found in empty} == {"nothing was measured"}
