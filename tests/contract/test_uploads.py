"""Uploads of patients' devices on both engines: once, late, twice, wrong, and with red flags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rehabctl.domain.errors import FindingsError, NotFoundError, NotPermittedError
from rehabctl.domain.message import ContactScope
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    alerts,
    contacts,
    exercise_sessions,
    hand_outs,
    journal_entries,
    prescribing,
    programmes,
    triage,
)
from rehabctl.services.library import open_library
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient

RULES = load_rules()
MRN = "1042"


@pytest.fixture
def clinic(store: Store, settings: Settings) -> Store:
    start = at(store, NOW - timedelta(days=10))
    with start.transaction() as uow:
        add_patient(uow, MRN)
    protocol = "total-knee-replacement"
    prescribing.assign(start, settings, RULES, protocol, MRN, start.clock().date())
    return store


def upload(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "a",
        "started_at": (NOW - timedelta(hours=2)).isoformat(),
        "completed_at": (NOW - timedelta(hours=1)).isoformat(),
        "pain_before": 2,
        "pain_after": 3,
        "exercises": [
            {"exercise": "quad-set", "done": True, "reps": [10, 10, 8], "difficulty": 4},
            {"exercise": "ankle-pump", "skipped": True, "skip_reason": "No time"},
        ],
    }
    return made | changes


def log(store: Store, settings: Settings, **changes: Any) -> exercise_sessions.Logged:
    library = open_library(settings)
    return exercise_sessions.log(store, library, RULES, MRN, upload(**changes), by="patient")


def count(store: Store) -> int:
    return len(exercise_sessions.of_patient(store, MRN, 100))


def test_an_upload_is_kept_once_by_its_id(clinic: Store, settings: Settings) -> None:
    first, again = log(clinic, settings), log(clinic, settings)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.session_id == first.session_id
    mrn, session = exercise_sessions.show(clinic, str(first.session_id))
    assert (mrn, [entry.done for entry in session.entries]) == (MRN, [True, False])
    assert all(entry.prescription_id for entry in session.entries)
    assert triage.rebuild(clinic, RULES, check=True).different == 0


def test_an_id_is_never_used_for_two_sessions(clinic: Store, settings: Settings) -> None:
    log(clinic, settings)
    with pytest.raises(FindingsError, match="under this id"):
        log(clinic, settings, exercises=[{"exercise": "glute-set", "done": True}])
    assert count(clinic) == 1


def test_two_devices_that_upload_one_session_store_it_once(
    clinic: Store, settings: Settings
) -> None:
    first, second = log(clinic, settings), log(clinic, settings, id="b")
    assert (second.is_new, second.external_id) == (False, first.external_id)
    assert count(clinic) == 1


def test_a_repeated_upload_with_another_rating_is_refused_and_one_without_is_not(
    clinic: Store, settings: Settings
) -> None:
    log(clinic, settings)
    for changes in ({"pain_after": 8}, {"id": "b", "pain_after": 8}):
        with pytest.raises(FindingsError):
            log(clinic, settings, **changes)
    assert not log(clinic, settings, pain_before=None, pain_after=None).is_new
    [session] = exercise_sessions.of_patient(clinic, MRN, 100)
    assert session.pain_after == 3


def test_a_red_flag_that_comes_with_a_second_upload_is_not_lost(
    clinic: Store, settings: Settings
) -> None:
    log(clinic, settings)
    journal = {"recorded_at": (NOW - timedelta(hours=2)).isoformat(), "red_flags": ["fall"]}
    second = log(clinic, settings, id="b", journal=journal)
    assert (second.is_new, second.journal, second.held) == (False, True, True)
    again = log(clinic, settings, id="b", journal=journal)
    assert (again.journal, again.held) == (False, True)
    with pytest.raises(FindingsError, match="journal entry"):
        log(clinic, settings, journal=journal | {"red_flags": []})
    assert triage.rebuild(clinic, RULES, check=True).different == 0


@pytest.mark.parametrize("shift_min", [-59, -1, 1, 59])
def test_sessions_that_overlap_are_refused(
    clinic: Store, settings: Settings, shift_min: int
) -> None:
    log(clinic, settings)
    shift = timedelta(minutes=shift_min)
    times = {
        "started_at": (NOW - timedelta(hours=2) + shift).isoformat(),
        "completed_at": (NOW - timedelta(hours=1) + min(shift, timedelta())).isoformat(),
    }
    with pytest.raises(FindingsError, match="overlaps"):
        log(clinic, settings, id="b", **times)
    assert count(clinic) == 1


def test_sessions_one_after_the_other_are_both_kept(clinic: Store, settings: Settings) -> None:
    log(clinic, settings)
    times = {
        "started_at": (NOW - timedelta(hours=1)).isoformat(),
        "completed_at": NOW.isoformat(),
    }
    assert log(clinic, settings, id="b", **times).is_new
    newest, older = exercise_sessions.of_patient(clinic, MRN, 2)
    assert newest.started_at > older.started_at


def test_a_late_upload_counts_for_its_own_day(clinic: Store, settings: Settings) -> None:
    log(clinic, settings)
    late = {
        "started_at": (NOW - timedelta(days=3)).isoformat(),
        "completed_at": (NOW - timedelta(days=3, hours=-1)).isoformat(),
    }
    assert log(clinic, settings, id="late", **late).is_new
    with clinic.transaction() as uow:
        facts = uow.facts.of_patient(uow.patients.get(MRN).id)
    days = {(s.at.date(), s.recorded_at.date()) for s in facts.sessions}
    assert (NOW.date() - timedelta(days=3), NOW.date()) in days


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"started_at": (NOW + timedelta(hours=1)).isoformat()}, "started_at lies in the future"),
        ({"completed_at": (NOW + timedelta(hours=1)).isoformat()}, "completed_at lies in the fut"),
        ({"started_at": (NOW - timedelta(days=3)).isoformat()}, "more than a day"),
        ({"started_at": "2026-03-01T09:00:00"}, "a time with a zone"),
        ({"pain_after": 11}, "pain_after is not between 0 and 10"),
        ({"pain_after": float("nan")}, "pain_after is not a number"),
        ({"exercises": [{"exercise": "quad-set", "reps": [10] * 21}]}, "more than 20 sets"),
        ({"exercises": [{"exercise": "quad-set", "reps": [-1]}]}, "list of repetitions"),
        ({"exercises": [{"exercise": "quad-set", "done": True, "skipped": True}]}, "both"),
        ({"exercises": ["quad-set"]}, "list of objects"),
        ({"journal": "fine"}, "journal is not an object"),
        ({"journal": {"pain": 12}}, "journal.pain"),
        ({"journal": {"red_flags": ["calf_sweling"]}}, "did you mean 'calf_swelling'"),
    ],
)
def test_a_wrong_upload_stores_nothing(
    clinic: Store, settings: Settings, changes: dict[str, Any], what: str
) -> None:
    with pytest.raises(FindingsError, match=what):
        log(clinic, settings, **changes)
    assert count(clinic) == 0


def test_an_unknown_exercise_is_named_with_the_nearest(clinic: Store, settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'quad-set'"):
        log(clinic, settings, exercises=[{"exercise": "quadset", "done": True}])
    assert count(clinic) == 0


def test_not_done_is_not_done(clinic: Store, settings: Settings) -> None:
    rows = [{"exercise": "quad-set", "done": False}, {"exercise": "glute-set"}]
    session = exercise_sessions.show(clinic, str(log(clinic, settings, exercises=rows).session_id))
    assert [entry.done for entry in session[1].entries] == [False, True]


def journal(store: Store, **values: Any) -> journal_entries.JournalLogged:
    return journal_entries.log(store, RULES, MRN, values, by="patient")


def test_who_logs_is_the_patient_staff_or_a_contact_whom_she_allows(
    clinic: Store, settings: Settings
) -> None:
    def added(name: str, *scopes: ContactScope) -> str:
        return str(contacts.add(clinic, MRN, name=name, relationship="son", scopes=scopes).id)

    allowed, refused = added("Leo Sol", ContactScope.LOG_SESSIONS), added("Kai Sol")
    library = open_library(settings)
    for by, error in ((refused, NotPermittedError), ("son", NotFoundError)):
        with pytest.raises(error, match="contact"):
            exercise_sessions.log(clinic, library, RULES, MRN, upload(), by=by)
        with pytest.raises(error, match="contact"):
            journal_entries.log(clinic, RULES, MRN, {"id": "j", "pain": 3}, by=by)
    assert count(clinic) == 0
    done = exercise_sessions.log(clinic, library, RULES, MRN, upload(), by=allowed)
    _, stored = exercise_sessions.show(clinic, str(done.session_id))
    assert stored.entered_by == f"contact:{allowed}"
    later = upload(id="by-staff", started_at=(NOW - timedelta(days=2)).isoformat())
    later["completed_at"] = (NOW - timedelta(days=2, minutes=-20)).isoformat()
    done = exercise_sessions.log(clinic, library, RULES, MRN, later, by="me")
    with clinic.transaction() as uow:
        login = uow.user.login
    _, stored = exercise_sessions.show(clinic, str(done.session_id))
    assert stored.entered_by == f"user:{login}"


def test_a_hand_out_for_a_contact_needs_the_patients_consent(clinic: Store) -> None:
    def added(*scopes: ContactScope) -> str:
        return str(contacts.add(clinic, MRN, name="Leo", relationship="son", scopes=scopes).id)

    with pytest.raises(NotPermittedError, match="hand outs"):
        hand_outs.hand_out(clinic, MRN, "pdf", to=added(ContactScope.LOG_SESSIONS))
    allowed = added(ContactScope.HAND_OUTS)
    made = hand_outs.hand_out(clinic, MRN, "pdf", to=allowed)
    with clinic.transaction() as uow:
        assert made.made_by == uow.user.display_name


def test_a_red_flag_raises_the_alert_and_holds_the_programme(clinic: Store) -> None:
    assert not journal(clinic, pain=3, sleep_quality=7, symptoms="stiff").held
    assert programmes.show(clinic, MRN).programme.status is ProgrammeStatus.ACTIVE
    later = at(clinic, NOW + timedelta(minutes=5))
    assert journal(later, red_flags=["calf_swelling"]).held
    assert programmes.show(later, MRN).programme.held_reason == "red_flag"
    assert "RED_FLAG" in {row.alert.state.code for row in alerts.of_patient(later, RULES, MRN)}
    assert triage.worklist(later, RULES, limit=1).rows[0].tier == "red_flag"
    assert triage.rebuild(later, RULES, check=True).different == 0
    # a second answer finds the programme held, and changes nothing of it
    again = at(clinic, NOW + timedelta(minutes=9))
    assert journal(again, red_flags=["fall"]).held
    assert programmes.show(again, MRN).programme.held_reason == "red_flag"


def test_a_journal_entry_is_kept_once(clinic: Store) -> None:
    assert journal(clinic, id="x", pain=3).is_new
    assert not journal(clinic, id="x", pain=3).is_new
    with pytest.raises(FindingsError, match="under this id"):  # a red flag is never passed over
        journal(clinic, id="x", pain=9, red_flags=["fall"])
    assert programmes.show(clinic, MRN).programme.status is ProgrammeStatus.ACTIVE
    with pytest.raises(FindingsError, match="future"):
        journal(clinic, recorded_at=(NOW + timedelta(days=1)).isoformat())


def test_an_unknown_session_has_a_next_step(clinic: Store) -> None:
    for text in ("x", "01a201ff-724c-748e-b09a-577f6f69d0b6"):
        with pytest.raises(NotFoundError, match="session list"):
            exercise_sessions.show(clinic, text)
