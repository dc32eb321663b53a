"""A week is built, saved, taken back, and never overwrites somebody else's change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rehabctl.domain.episode import Episode, FlagKind, PatientFlag
from rehabctl.domain.errors import UsageError
from rehabctl.reference.exercise_vocabulary import Effect, load_vocabulary
from rehabctl.reference.rules import load_rules
from rehabctl.services import prescribing
from rehabctl.services.library import open_library, open_protocols
from rehabctl.services.settings import Settings
from rehabctl.services.week_plan import WeekPlans
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient

RULES = load_rules()
PROTOCOL = "total-knee-replacement"


def plans_of(store: Store, settings: Settings) -> WeekPlans:
    return WeekPlans(store, open_library(settings), open_protocols(settings), RULES)


@pytest.fixture
def plans(store: Store, settings: Settings) -> WeekPlans:
    given_patient(store)
    return plans_of(store, settings)


def test_a_week_built_from_the_library_becomes_the_programme(
    plans: WeekPlans, store: Store
) -> None:
    empty = plans.read("1042")
    assert (empty.lines, empty.programme_id) == ((), None)
    squat = plans.line("1042", "mini-squat").with_day(7)
    saved = plans.save(replace(empty, lines=(squat, plans.line("1042", "heel-slide-supine"))))
    assert [line.slug for line in saved.lines] == ["mini-squat", "heel-slide-supine"]
    assert 7 in saved.lines[0].weekdays
    assert saved.lines[0].dose.per_week == len(saved.lines[0].weekdays)
    with store.transaction() as uow:
        programme = uow.programmes.active(uow.patients.get("1042").id)
        assert programme is not None
        due = uow.programmes.due_days(programme.id)
    assert saved.revision == programme.revision
    assert {day.isoweekday() for day in due} == {d for li in saved.lines for d in li.weekdays}
    assert plans.read("1042") == saved


def test_a_phase_becomes_the_plan_and_is_pinned(plans: WeekPlans, store: Store) -> None:
    choice = next(c for c in plans.phases("1042") if c.protocol == PROTOCOL)
    plan = plans.with_phase(plans.read("1042"), choice)
    kept = tuple(li for li in plan.lines if not li.is_blocked)
    saved = plans.save(replace(plan, lines=kept))
    with store.transaction() as uow:
        programme = uow.programmes.active(uow.patients.get("1042").id)
        assert programme is not None
        assert programme.protocol_id is not None
        assert uow.library.protocol(programme.protocol_id).slug == PROTOCOL
    assert len(saved.lines) == len(kept)
    assert saved.protocol is None  # the next change revises this programme
    with store.transaction() as uow:
        ref, surgery = uow.patients.get("1042").ref, NOW.date() - timedelta(weeks=4)
        course = Episode(uow.new_id(), ref, surgery, condition="TKR", surgery_date=surgery)
        uow.episodes.add([course])
    first, second = plans.phases("1042")[:2]  # for her condition, that of her week before others
    assert (first.protocol, first.phase, first.is_due) == (PROTOCOL, "motion", True)
    assert (second.protocol, second.is_due) == (PROTOCOL, False)
    assert sum(choice.is_due for choice in plans.phases("1042")) == 1


def test_two_therapists_who_edit_at_once_get_a_conflict(
    plans: WeekPlans, store: Store, settings: Settings
) -> None:
    prescribing.assign(store, settings, RULES, PROTOCOL, "1042", NOW.date())
    mine, theirs = plans.read("1042"), plans.read("1042")
    plans.save(replace(theirs, lines=theirs.lines[:2]))
    with pytest.raises(ConflictError, match="somebody else"):
        plans.save(replace(mine, lines=mine.lines[1:]))
    assert [li.slug for li in plans.read("1042").lines] == [li.slug for li in theirs.lines[:2]]


def test_a_removed_line_ends_and_comes_back_as_the_same_prescription(
    plans: WeekPlans, store: Store, settings: Settings
) -> None:
    prescribing.assign(store, settings, RULES, PROTOCOL, "1042", NOW.date())
    later = plans_of(at(store, NOW + timedelta(days=3)), settings)
    before = later.read("1042")
    shorter = later.save(replace(before, lines=before.lines[1:]))
    assert len(shorter.lines) == len(before.lines) - 1
    restored = later.save(replace(before, revision=shorter.revision))
    assert restored.lines == before.lines


def test_what_is_on_record_blocks_an_exercise_and_says_so(plans: WeekPlans, store: Store) -> None:
    tags = load_vocabulary().tags
    exercise, row = next(
        (exercise, tags[tag])
        for exercise in plans.library.all()
        for tag in exercise.contraindication_tags
        if tag in tags and tags[tag].effect is Effect.BLOCK and tags[tag].until_week is None
    )
    plan, before = plans.read("1042"), plans.line("1042", exercise.slug)
    assert not before.is_blocked
    with store.transaction() as uow:
        ref = uow.patients.get("1042").ref
        flag = PatientFlag(uow.new_id(), ref, FlagKind.CONTRAINDICATION, row.flag, uow.now)
        uow.episodes.add_flag(flag)
    line = plans.line("1042", exercise.slug)
    assert line.is_blocked
    assert row.text in [warning.text for warning in line.warnings]
    with pytest.raises(UsageError, match="blocked by what is on record"):
        plans.save(replace(plan, lines=(before,)))
    assert plans.read("1042").lines == ()


def test_a_dose_outside_its_limits_and_an_empty_plan_are_refused(plans: WeekPlans) -> None:
    plan = plans.read("1042")
    line = plans.line("1042", "mini-squat")
    with pytest.raises(UsageError, match="no exercise"):
        plans.save(plan)
    with pytest.raises(UsageError, match="sets is 99"):
        plans.save(replace(plan, lines=(replace(line, dose=replace(line.dose, sets=99)),)))
    assert plans.read("1042").lines == ()


def test_the_search_finds_by_words(plans: WeekPlans) -> None:
    found = plans.search("mini squat", 5)
    assert found[0].slug == "mini-squat"
    assert len(plans.search("", 7)) == 7
