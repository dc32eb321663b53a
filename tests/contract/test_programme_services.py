"""A programme's life on both engines: assigned, edited, held, answered for, moved on, pinned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rehabctl.clinic.gate_evaluation import GateState
from rehabctl.clinic.phase_change import Change
from rehabctl.clinic.protocol_plan import parse_overrides
from rehabctl.domain.episode import Episode, FlagKind, PatientFlag
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.session import JournalEntry
from rehabctl.reference.rules import load_rules
from rehabctl.services import phase_progress, prescribing, programme_edits, programmes, triage
from rehabctl.services.programme_edits import Edit
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient, assessment

RULES = load_rules()
PROTOCOL = "total-knee-replacement"
TODAY = NOW.date()
MRN = "1042"


@pytest.fixture
def patient(store: Store) -> PatientRef:
    with at(store, NOW - timedelta(days=14)).transaction() as uow:
        ref = add_patient(uow, MRN)
        uow.episodes.add(
            [
                Episode(
                    uow.new_id(), ref, TODAY - timedelta(days=35), surgery="knee replacement",
                    condition="TKR", surgery_date=TODAY - timedelta(days=35), side=Side.LEFT,
                )
            ]
        )  # fmt: skip
    return ref


@pytest.fixture
def assigned(store: Store, settings: Settings, patient: PatientRef) -> PatientRef:
    then = at(store, NOW - timedelta(days=14))
    start = then.clock().date()
    prescribing.assign(then, settings, RULES, PROTOCOL, MRN, start, phase="motion")
    return patient


def edit(store: Store, settings: Settings, change: Edit, **more: int) -> programmes.ProgrammeView:
    return programme_edits.edit(store, settings, RULES, MRN, change, **more).view


def slugs(view: programmes.ProgrammeView) -> set[str]:
    return {line.exercise_slug for line in view.lines}


def test_programmes_never_overlap(store: Store, settings: Settings, assigned: PatientRef) -> None:
    with pytest.raises(FindingsError, match="running"):
        prescribing.assign(store, settings, RULES, PROTOCOL, MRN, TODAY)
    before = TODAY - timedelta(days=20)
    with pytest.raises(FindingsError, match="starts later"):
        prescribing.assign(store, settings, RULES, PROTOCOL, MRN, before, replace=True)
    prescribing.assign(store, settings, RULES, PROTOCOL, MRN, TODAY, replace=True)
    new, old = programmes.of_patient(store, MRN)
    assert (old.programme.ended_on, old.programme.status) == (
        TODAY - timedelta(days=1), ProgrammeStatus.STOPPED,
    )  # fmt: skip
    assert max(old.due_on) < TODAY <= min(new.due_on)


def test_an_edit_starts_a_new_line_and_keeps_what_was_done(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    before = programmes.show(store, MRN)
    change = Edit(
        overrides=parse_overrides(["mini-squat.reps=8", "mini-squat.target_deg=40"]),
        weekdays={"mini-squat": (2, 4)},
        notes={"mini-squat": "a chair behind you"},
        add=["bridge-double"],
        remove=["quad-set"],
        comment="gently",
    )
    after = edit(store, settings, change, expect_revision=1)
    [line] = [row for row in after.lines if row.exercise_slug == "mini-squat"]
    assert (line.reps, line.target_deg, line.weekdays, line.per_week) == (8, 40.0, (2, 4), 2)
    assert (line.notes, line.started_on) == ("a chair behind you", TODAY)
    assert slugs(after) == slugs(before) - {"quad-set"} | {"bridge-double"}
    old = [
        row for row in after.programme.prescriptions
        if row.exercise_slug in ("mini-squat", "quad-set") and row.ended_on is not None
    ]  # fmt: skip
    assert {(row.reps, row.ended_on) for row in old} == {(10, TODAY - timedelta(days=1))}
    assert (after.programme.revision, after.programme.notes) == (2, "gently")


def test_a_line_that_began_today_is_changed_in_place(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    edit(store, settings, Edit(add=["bridge-double"]))
    count = len(programmes.show(store, MRN).programme.prescriptions)
    view = edit(store, settings, Edit(overrides=parse_overrides(["bridge-double.sets=2"])))
    assert len(view.programme.prescriptions) == count


def test_days_follow_the_lines(store: Store, settings: Settings, assigned: PatientRef) -> None:
    before = programmes.show(store, MRN)
    weekdays = dict.fromkeys(slugs(before), (1, 5))
    after = edit(store, settings, Edit(weekdays=weekdays))
    past = [day for day in before.due_on if day < TODAY]
    assert [day for day in after.due_on if day < TODAY] == past
    assert {day.isoweekday() for day in after.due_on if day >= TODAY} == {1, 5}
    assert max(after.due_on) <= max(before.due_on)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (Edit(overrides=parse_overrides(["mini-squatt.reps=8"])), "did you mean 'mini-squat'"),
        (Edit(overrides=parse_overrides(["mini-squat.reps=900"])), "reps is 900"),
        (Edit(overrides=parse_overrides(["mini-squat.target_deg=900"])), "target_deg is 900"),
        (Edit(remove=["bridge-double"]), "no exercise 'bridge-double'"),
        (Edit(add=["mini-squat"]), "in the programme already"),
        (Edit(notes={"mini-squat": ""}), "nothing was changed"),
        (Edit(remove=["mini-squat"], notes={"mini-squat": "x"}), "removed and changed"),
    ],
)
def test_a_wrong_edit_changes_nothing(
    store: Store, settings: Settings, assigned: PatientRef, change: Edit, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        edit(store, settings, change)
    assert programmes.show(store, MRN).programme.revision == 1


def test_the_last_exercise_is_not_taken_away(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    with pytest.raises(UsageError, match="no exercise would be left"):
        edit(store, settings, Edit(remove=sorted(slugs(programmes.show(store, MRN)))))
    assert programmes.show(store, MRN).programme.revision == 1


def test_a_dry_run_shows_and_stores_nothing(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    change = Edit(add=["bridge-double"])
    done = programme_edits.edit(store, settings, RULES, MRN, change, dry_run=True)
    assert "bridge-double" in slugs(done.view)
    assert "bridge-double" not in slugs(programmes.show(store, MRN))


def test_somebody_elses_revision_is_refused(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    edit(store, settings, Edit(comment="first"))
    for refused in (
        lambda: edit(store, settings, Edit(comment="second"), expect_revision=1),
        lambda: programmes.hold(store, RULES, MRN, "fever", 1),
        lambda: phase_progress.accept(
            store, settings, RULES, MRN, reason="good", expect_revision=1
        ),
    ):
        with pytest.raises(FindingsError, match="revision 2, not 1"):
            refused()


def test_a_blocked_exercise_is_not_added(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    with store.transaction() as uow:
        uow.episodes.add_flag(
            PatientFlag(
                uow.new_id(), assigned, FlagKind.CONTRAINDICATION, "acute_dvt_suspected", uow.now
            )
        )
    with pytest.raises(FindingsError, match="bridge-double is not assigned"):
        edit(store, settings, Edit(add=["bridge-double"]))


def test_a_clinic_may_ask_for_approval(
    store: Store, settings: Settings, patient: PatientRef
) -> None:
    strict = replace(settings, approved_only=True)
    with pytest.raises(FindingsError, match="no exercise"):  # all packaged ones are drafts
        prescribing.assign(store, strict, RULES, PROTOCOL, MRN, TODAY)
    with store.transaction() as uow:
        assert uow.programmes.active(patient.id) is None
    prescribing.assign(store, settings, RULES, PROTOCOL, MRN, TODAY)
    with pytest.raises(FindingsError, match="not approved"):
        edit(store, strict, Edit(add=["bridge-double"]))


def test_hold_and_resume_keep_reasons_and_days(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    assert programmes.hold(store, RULES, MRN, "fever").programme.held_reason == "fever"
    with pytest.raises(FindingsError, match="held already"):
        programmes.hold(store, RULES, MRN, "again")
    later = at(store, NOW + timedelta(days=3))
    view = programmes.resume(later, RULES, MRN, "seen by her physician")
    assert (view.programme.status, view.programme.revision) == (ProgrammeStatus.ACTIVE, 3)
    with later.transaction() as uow:
        [hold] = uow.facts.of_patient(assigned.id).holds
    assert (hold.from_day, hold.to_day) == (TODAY, TODAY + timedelta(days=2))
    with pytest.raises(FindingsError, match="not held"):
        programmes.resume(later, RULES, MRN, "x")
    assert triage.rebuild(later, RULES, check=True).different == 0


def test_hold_and_resume_on_one_day(store: Store, assigned: PatientRef) -> None:
    programmes.hold(store, RULES, MRN, "fever")
    programmes.resume(store, RULES, MRN, "a mistake")
    with store.transaction() as uow:
        [hold] = uow.facts.of_patient(assigned.id).holds
    assert (hold.from_day, hold.to_day) == (TODAY, TODAY)


def answer_all(store: Store, settings: Settings) -> phase_progress.Progress:
    found = phase_progress.progress(store, settings, MRN)
    for text in () if found.result is None else found.result.questions:
        found = phase_progress.answer(store, settings, MRN, text, met=True, note="seen")
    return found


def test_a_gate_is_judged_on_values_with_their_sources(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    with store.transaction() as uow:
        uow.assessments.save(assessment(uow, assigned, NOW - timedelta(days=1)))
        entry = JournalEntry(uow.new_id(), assigned, "j", TODAY, NOW, "patient", pain=1.0)
        uow.sessions.add_journal(entry)
    found = phase_progress.progress(store, settings, MRN)
    assert (found.weeks, found.following and found.following.key) == (5.0, "strength")
    assert found.result is not None
    rows = {row.text: row for row in found.result.predicates}
    motion = rows["rom(knee,flexion,active)>=110"]
    assert (motion.state, motion.evidence, motion.threshold) == (
        GateState.NOT_MET, "96.1 degrees", ">=110",
    )  # fmt: skip
    assert motion.source == "2026-03-01, bodyweight-squat, left +- 6 degrees"
    assert rows["pain(mean,7)<=2"].state is GateState.MET
    assert rows["effusion<=trace"].state is GateState.ASK
    with pytest.raises(FindingsError, match="measured value decides"):
        phase_progress.answer(store, settings, MRN, motion.text, met=True, note=None)
    with pytest.raises(UsageError, match="no such condition"):
        phase_progress.answer(store, settings, MRN, "effusion<=none", met=True, note=None)


def test_answers_keep_who_and_when_and_the_newest_counts(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    text = "effusion<=trace"
    phase_progress.answer(store, settings, MRN, text, met=True, note=None)
    later = at(store, NOW + timedelta(days=1))
    found = phase_progress.answer(later, settings, MRN, "6", met=False, note="1+")
    assert found.state is GateState.NOT_MET
    kept = [(k.answer.met, k.answer.note, k.answer.answered_at, k.by) for k in found.answers]
    with store.transaction() as uow:
        login = uow.user.login
    assert kept == [(True, None, NOW, login), (False, "1+", NOW + timedelta(days=1), login)]


def test_a_phase_is_left_only_by_a_clinician(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    with pytest.raises(FindingsError, match="gate of this phase is not met"):
        phase_progress.accept(store, settings, RULES, MRN)
    assert answer_all(store, settings).state is GateState.MET
    assert programmes.show(store, MRN).programme.phase == 2  # nothing moves by itself
    phase_progress.accept(store, settings, RULES, MRN, dry_run=True)
    assert programmes.show(store, MRN).programme.phase == 2
    phase_progress.accept(store, settings, RULES, MRN, expect_revision=1)
    view = programmes.show(store, MRN)
    assert (view.phase and view.phase.key, view.programme.revision) == ("strength", 2)
    assert "wall-squat" in slugs(view)
    with store.transaction() as uow:
        last = uow.programmes.gate_answers(view.programme.id)[-1]
        assert (last.predicate, last.phase, last.answered_by) == ("advance", "motion", uow.user.id)
    assert triage.rebuild(store, RULES, check=True).different == 0


def test_the_next_phase_keeps_what_the_therapist_set(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    change = Edit(
        overrides=parse_overrides(["mini-squat.reps=8"]), add=["prone-lying"], remove=["quad-set"]
    )
    edit(store, settings, change)
    found = phase_progress.accept(store, settings, RULES, MRN, reason="clinical decision")
    by_slug = {row.slug: row for row in found.changes}
    assert by_slug["mini-squat"].change is Change.KEEP
    assert by_slug["prone-lying"].reason == "added by the therapist"
    assert by_slug["quad-set"].change is Change.LEFT_OUT
    assert by_slug["long-arc-quad"].change is Change.DOSE
    lines = {row.exercise_slug: row for row in programmes.show(store, MRN).lines}
    assert lines["mini-squat"].reps == 8
    assert lines["long-arc-quad"].per_week == 3
    assert "quad-set" not in lines


def test_a_held_programme_and_a_last_phase_do_not_move(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    programmes.hold(store, RULES, MRN, "fever")
    with pytest.raises(FindingsError, match="held"):
        phase_progress.accept(store, settings, RULES, MRN, reason="x")
    programmes.resume(store, RULES, MRN, "well")
    prescribing.assign(store, settings, RULES, PROTOCOL, MRN, TODAY, phase="return", replace=True)
    with pytest.raises(FindingsError, match="last phase"):
        phase_progress.accept(store, settings, RULES, MRN, reason="x")


def test_a_running_programme_never_changes_silently(
    store: Store, settings: Settings, assigned: PatientRef
) -> None:
    before = programmes.show(store, MRN)
    assert before.protocol is not None
    changed = settings.paths.home / "protocols" / "knee.toml"
    changed.parent.mkdir(parents=True)
    packaged = packaged_text().replace("rom(knee,flexion,active)>=110", "week>=1")
    changed.write_text(packaged.replace("version = 1", "version = 7", 1), "utf-8")
    found = phase_progress.progress(store, settings, MRN)
    assert (found.protocol, found.library_version) == (before.protocol, 7)
    assert "rom(knee,flexion,active)>=110" in found.phase.gate


def packaged_text() -> str:
    from importlib.resources import files

    folder = files("rehabctl.reference") / "protocols"
    return (folder / f"{PROTOCOL}.toml").read_text("utf-8")


def write_variant(path: Path, slug: str, version: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""schema = "rehabctl-protocol/1"
slug = "{slug}"
name = "Knee replacement, own variant"
version = {version}
as_of = 2026-01-01
variant_of = "{PROTOCOL}"
surgeon = "Dr Example"

[[phase]]
key = "motion"
gate = "week>=4"
""",
        "utf-8",
    )


def test_a_surgeons_variant_is_assigned_with_its_own_gate(
    store: Store, settings: Settings, patient: PatientRef
) -> None:
    write_variant(settings.paths.home / "protocols" / "own.toml", "knee-own", 2)
    prescribing.assign(
        store, settings, RULES, "knee-own", MRN, TODAY - timedelta(days=14), phase="motion"
    )
    found = phase_progress.progress(store, settings, MRN)
    assert (found.protocol.surgeon, found.protocol.variant_of) == ("Dr Example", PROTOCOL)
    assert found.state is GateState.MET  # week 5


def test_a_surgeons_parameter_shifts_the_clock(
    store: Store, settings: Settings, patient: PatientRef
) -> None:
    slug = "rotator-cuff-repair"
    plain = prescribing.assign(store, settings, RULES, slug, MRN, TODAY, dry_run=True)
    later = prescribing.assign(
        store, settings, RULES, slug, MRN, TODAY, parameters={"shift_weeks": 4}
    )
    assert plain.phase != later.phase
    found = phase_progress.progress(store, settings, MRN)
    assert found.weeks == 1.0
    with pytest.raises(UsageError, match="shift_weeks is 40"):
        prescribing.assign(store, settings, RULES, slug, MRN, TODAY, parameters={"shift_weeks": 40})


def test_without_a_programme_there_is_a_next_step(
    store: Store, settings: Settings, patient: PatientRef
) -> None:
    with pytest.raises(NotFoundError, match="no programme is running"):
        programmes.show(store, MRN)
    assert programmes.of_patient(store, MRN) == ()
