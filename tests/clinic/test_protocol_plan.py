"""Expanding a phase into prescriptions: doses, overrides, contraindications, conditions."""

from __future__ import annotations

import pytest

from rehabctl.clinic.protocol_plan import Override, PlannedExercise, parse_overrides, plan_phase
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.protocol import DoseChange
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.protocol_library import load_protocols


def plan(
    protocol: str, phase: str, *settings: str, flags: tuple[str, ...] = (), weeks: float = 3
) -> dict[str, PlannedExercise]:
    library = load_library()
    template = load_protocols().get(protocol)
    exercises = {row.slug: library.get(row.slug) for row in template.exercises_of(phase)}
    planned = plan_phase(
        template,
        phase,
        exercises,
        load_vocabulary(),
        flags=flags,
        weeks_post_op=weeks,
        overrides=parse_overrides(settings),
    )
    return {row.slug: row for row in planned}


def test_a_phase_becomes_prescriptions() -> None:
    rows = plan("total-knee-replacement", "protect")
    assert len(rows) == 10
    assert all(row.selected and not row.approved for row in rows.values())
    pump, walk, prop = (rows[s] for s in ("ankle-pump", "walk-program", "heel-prop-extension"))
    assert (pump.dose.reps, pump.dose.per_week) == (10, 14)
    assert (walk.dose.hold_s, walk.dose.reps) == (300, 1)
    assert (prop.dose.hold_s, prop.dose.reps) == (300, 1)
    assert walk.note == "With the walking aid, several short walks a day."
    assert rows["heel-slide-supine"].target_deg == 80
    assert walk.target_deg is None


def test_overrides_win() -> None:
    rows = plan(
        "total-knee-replacement",
        "motion",
        "mini-squat.reps=8",
        "mini-squat.target_deg=45",
        "mini-squat.rest_s=30.5",
    )
    squat = rows["mini-squat"]
    assert (squat.dose.reps, squat.dose.rest_s, squat.target_deg) == (8, 30.5, 45)
    assert rows["long-arc-quad"].dose.reps == 10


def test_a_block_and_an_open_condition_take_the_selection_away() -> None:
    rows = plan("rotator-cuff-repair", "assisted", flags=("rcr_no_active_motion_yet",))
    assert not rows["active-flexion-stand"].selected
    assert rows["active-flexion-stand"].contraindications[0].tag == "rcr_no_active_motion_yet"
    assert rows["pendulum-codman"].selected
    assert rows["supine-flexion-aarom"].only_if == "the surgeon allows it"
    assert not rows["supine-flexion-aarom"].selected


def test_a_warning_leaves_the_selection_to_the_clinician() -> None:
    rows = plan("total-hip-replacement", "walk", flags=("hip_posterior_precautions",))
    assert rows["mini-squat"].selected
    assert rows["mini-squat"].contraindications


def test_the_first_level_is_the_start() -> None:
    rows = plan("fall-prevention", "programme")
    assert (rows["stance-tandem"].level, rows["stance-tandem"].block) == ("A", "balance")
    assert rows["stair-climb"].level == ""


def test_every_phase_of_every_protocol_can_be_planned() -> None:
    for protocol in load_protocols().all():
        for phase in protocol.phases:
            assert plan(protocol.slug, phase.key)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mini-squat.reps", "cannot read 'mini-squat.reps'"),
        ("mini-squat.reps=ten", "cannot read"),
        ("mini-squat.reps=2.5", "reps is a whole number"),
        ("mini-squat.load=3", "no field 'load'"),
        ("mini-squat.reps=61", "mini-squat: reps is 61"),
        ("mini-squat.sets=0", "mini-squat: sets is 0"),
        ("mini-squat.target_deg=170", "mini-squat: target_deg is 170"),
        ("prone-hang.target_deg=10", "prone-hang has no target angle"),
        ("mini-sqat.reps=8", "has no exercise 'mini-sqat' (did you mean 'mini-squat'?)"),
    ],
)
def test_bad_settings_are_refused(setting: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan("total-knee-replacement", "motion", setting)
    assert message in caught.value.what


def test_settings_of_one_exercise_add_up() -> None:
    assert parse_overrides(["a-b.reps=8", "a-b.sets=2", "a-b.reps=9", "c.hold_s=5"]) == {
        "a-b": Override(DoseChange(sets=2, reps=9)),
        "c": Override(DoseChange(hold_s=5.0)),
    }


def test_an_unknown_phase_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="has no phase 'sport'"):
        plan("total-knee-replacement", "sport")
