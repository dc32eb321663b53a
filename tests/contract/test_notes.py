"""Notes, plans of care and authorisations on both engines."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import DBAPIError

from rehabctl.clinic.note_content import CLINICIAN
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.licence import LicenceKind, Profession
from rehabctl.domain.note import NoteKind
from rehabctl.domain.visit import TimedBlock, Visit, VisitKind, VisitStatus
from rehabctl.reference.note_templates import load_note_template
from rehabctl.reference.rules import load_rules
from rehabctl.services import licences, note_drafts, note_export, notes, plans_of_care, triage
from rehabctl.services.notes import NoteView
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import COLLEAGUE, NOW, at
from tests.contract.records import add_patient

RULES = load_rules()
DAILY = load_note_template(NoteKind.DAILY)
PLAN: dict[str, Any] = {
    "diagnosis": "knee",
    "long_term_goals": ("stairs",),
    "treatment_type": "exercise",
    "amount": "once a day",
    "frequency": "2 a week",
    "duration_weeks": 12,
    "starts_on": date(2026, 3, 2),
}


@pytest.fixture
def clinic(store: Store) -> Store:
    """One patient in a course of care."""
    with store.transaction() as uow:
        ref = add_patient(uow, "1")
        uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 2, 2), diagnosis="Knee")])
    return store


def held(store: Store, start: datetime, status: VisitStatus = VisitStatus.COMPLETED) -> Visit:
    with store.transaction() as uow:
        patient = uow.patients.get("1")
        episode = uow.episodes.active(patient.id)
        assert episode is not None
        end = start + timedelta(minutes=40)
        visit = Visit(
            id=uow.new_id(),
            patient=patient.ref,
            kind=VisitKind.TREATMENT,
            planned_start_at=start,
            planned_end_at=end,
            provider_id=uow.user.id,
            episode_id=episode.id,
            status=status,
            started_at=start,
            ended_at=end if status is VisitStatus.COMPLETED else None,
            blocks=(TimedBlock("97110", start, start + timedelta(minutes=30)),),
        )
        uow.visits.add(visit)
    return visit


def finished(store: Store, view: NoteView) -> NoteView:
    for finding in view.findings:
        view = notes.edit(store, str(view.note.id), "My words.", section=finding.section)
    return view


def test_from_visit_to_signed_note(clinic: Store) -> None:
    visit = held(clinic, NOW)
    view = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(visit.id))
    assert "97110 x 2" in view.note.body
    assert note_drafts.draft_of_visit(clinic, RULES, DAILY, str(visit.id)) == view
    with pytest.raises(FindingsError, match="NOT_WRITTEN: Assessment"):
        notes.sign(clinic, RULES, str(view.note.id), "PT")
    finished(clinic, view)
    with pytest.raises(UsageError, match="credentials"):
        notes.sign(clinic, RULES, str(view.note.id), " ")
    later = at(clinic, NOW + timedelta(seconds=95))
    signed = notes.sign(later, RULES, str(view.note.id), "PT, DPT")
    assert (signed.seconds_to_sign, signed.signature_valid) == (95, True)
    assert signed.note.credentials == "PT, DPT"


def test_a_signed_note_stays_and_takes_addenda(clinic: Store) -> None:
    view = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    with pytest.raises(UsageError, match="only a signed note"):
        notes.add_addendum(clinic, str(view.note.id), "x", "PT")
    finished(clinic, view)
    signed = notes.sign(clinic, RULES, str(view.note.id), "PT")
    for attempt in (
        lambda: notes.sign(clinic, RULES, str(view.note.id), "PT"),
        lambda: notes.edit(clinic, str(view.note.id), "other", whole=True),
        lambda: notes.edit(clinic, str(view.note.id), "other", section="Plan"),
    ):
        with pytest.raises(FindingsError, match="signed and stays"):
            attempt()
    with clinic.transaction() as uow, pytest.raises(ConflictError):
        uow.documentation.revise_note(replace(signed.note, body="other"))
    added = notes.add_addendum(clinic, str(view.note.id), "Left, not right.", "PT")
    assert added.note == signed.note
    assert [one.body for one in added.addenda] == ["Left, not right."]
    assert added.signature_valid


def rewrite(engine: Engine, column: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE clinical_note SET {column} = 'changed'"))  # noqa: S608


@pytest.mark.parametrize("column", ["body", "credentials", "signer_name", "content_sha256"])
def test_the_database_itself_refuses_to_change_what_was_signed(
    clinic: Store, boss: Engine, column: str
) -> None:
    view = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    rewrite(clinic.engine, "template")  # a draft can be changed
    finished(clinic, notes.show(clinic, str(view.note.id)))
    signed = notes.sign(clinic, RULES, str(view.note.id), "PT")
    for engine in (clinic.engine, boss):
        with pytest.raises(DBAPIError, match="a signed note stays as it is"):
            rewrite(engine, column)
        with pytest.raises(DBAPIError, match="a signed note"), engine.begin() as connection:
            connection.execute(text("UPDATE clinical_note SET status = 'draft'"))
    with pytest.raises(ConflictError), clinic.transaction() as uow:
        uow.connection.execute(text("UPDATE clinical_note SET body = body || ' '"))
    assert notes.show(clinic, str(view.note.id)) == signed


def test_a_signed_note_moves_with_its_patient_and_goes_with_her_record(
    clinic: Store, boss: Engine
) -> None:
    view = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    finished(clinic, view)
    notes.sign(clinic, RULES, str(view.note.id), "PT")
    with clinic.transaction() as uow:
        colleague = uow.clinics.user_by_login(COLLEAGUE, uow.clinic.id)
    assert colleague is not None
    with boss.begin() as connection:
        handle = table("patient")
        connection.execute(update(handle).values(therapist_id=colleague.id))
    with boss.connect() as connection:
        notes_of = table("clinical_note")
        assert connection.execute(select(notes_of.c.therapist_id)).scalars().all() == [colleague.id]
    with boss.begin() as connection:
        connection.execute(text("DELETE FROM clinical_note"))


@pytest.mark.parametrize("column", ["body", "credentials", "signer_name"])
def test_a_change_behind_the_programs_back_shows(clinic: Store, boss: Engine, column: str) -> None:
    view = finished(
        clinic, note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    )
    notes.sign(clinic, RULES, str(view.note.id), "PT")
    where = "" if clinic.is_local else " ON clinical_note"
    with boss.begin() as connection:  # who owns the database can take its guard away
        connection.execute(text(f"DROP TRIGGER clinical_note_signed_stays{where}"))
    rewrite(boss, column)
    assert notes.show(clinic, str(view.note.id)).signature_valid is False
    with pytest.raises(FindingsError, match="not the one that was signed"):
        note_export.export(clinic, str(view.note.id), "text")


def test_a_visit_without_a_stop_has_no_note(clinic: Store) -> None:
    visit = held(clinic, NOW, VisitStatus.IN_PROGRESS)
    with pytest.raises(UsageError, match="in progress"):
        note_drafts.draft_of_visit(clinic, RULES, DAILY, str(visit.id))
    for wrong in ("x", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFoundError):
            note_drafts.draft_of_visit(clinic, RULES, DAILY, wrong)
        with pytest.raises(NotFoundError):
            notes.show(clinic, wrong)
    assert notes.of_patient(clinic, "1") == []


def test_exports_say_the_same_and_drafts_are_marked(clinic: Store) -> None:
    view = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    note_id = str(view.note.id)
    for form in note_export.FORMS:
        assert "DRAFT" in readable(note_export.export(clinic, note_id, form))
    finished(clinic, view)
    notes.sign(clinic, RULES, note_id, "PT, DPT")
    notes.add_addendum(clinic, note_id, "<b>Left</b>, not right.", "PT")
    for form in note_export.FORMS:
        shown = " ".join(readable(note_export.export(clinic, note_id, form)).split())
        assert "DRAFT" not in shown
        assert "PT, DPT" in shown
        assert "My words." in shown
        assert "Left" in shown
    assert b"<b>" not in note_export.export(clinic, note_id, "html")
    assert note_export.export(clinic, note_id, "pdf") == note_export.export(clinic, note_id, "pdf")
    with pytest.raises(UsageError, match="--as"):
        note_export.export(clinic, note_id, "docx")


def readable(content: bytes) -> str:
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode()


def due_codes(store: Store) -> set[str]:
    with store.transaction() as uow:
        ref = uow.patients.get("1").ref
        triage.refresh(uow, [ref], RULES)
        return {reason.code for reason in uow.panel.stored([ref.id])[ref.id].reasons}


def test_ten_treatment_days_ask_for_a_report_and_the_report_answers(clinic: Store) -> None:
    plans_of_care.write(clinic, RULES, "1", PLAN, "PT")
    for n in range(9):
        held(clinic, NOW + timedelta(days=n))
    later = at(clinic, NOW + timedelta(days=9, hours=3))
    assert plans_of_care.show(later, "1").treatment_days_since_report == 9
    assert "PROGRESS_REPORT" not in {x.code for x in plans_of_care.show(later, "1").findings}
    held(clinic, NOW + timedelta(days=9))
    assert "PROGRESS_REPORT" in {x.code for x in plans_of_care.show(later, "1").findings}
    assert "PROGRESS_REPORT_DUE" in due_codes(later)
    view = note_drafts.draft_of_episode(later, RULES, load_note_template(NoteKind.PROGRESS), "1")
    finished(later, view)
    notes.sign(later, RULES, str(view.note.id), "PT")
    assert plans_of_care.show(later, "1").treatment_days_since_report == 0
    assert "PROGRESS_REPORT_DUE" not in due_codes(later)


def test_an_assistant_signs_no_report_alone(clinic: Store, admin: Store) -> None:
    licences.add(
        admin,
        clinic.user.login,
        {
            "profession": Profession.PTA,
            "kind": LicenceKind.LICENCE,
            "state": "CO",
            "number": "A-1",
            "issued_on": date(2024, 1, 1),
            "expires_on": date(2027, 1, 1),
        },
    )
    report = note_drafts.draft_of_episode(clinic, RULES, load_note_template(NoteKind.PROGRESS), "1")
    finished(clinic, report)
    with pytest.raises(NotPermittedError, match="assistant"):
        notes.sign(clinic, RULES, str(report.note.id), "PTA")
    daily = note_drafts.draft_of_visit(clinic, RULES, DAILY, str(held(clinic, NOW).id))
    finished(clinic, daily)
    assert notes.sign(clinic, RULES, str(daily.note.id), "PTA").signature_valid


def test_a_plan_of_care_from_writing_to_renewal(clinic: Store) -> None:
    with pytest.raises(FindingsError, match="frequency"):
        plans_of_care.write(clinic, RULES, "1", PLAN | {"frequency": " "}, "PT")
    assert plans_of_care.show(clinic, "1").plan is None
    view = plans_of_care.write(clinic, RULES, "1", PLAN, "PT")
    assert view.plan is not None
    assert (view.plan.ends_on, view.is_certified) == (date(2026, 5, 25), False)
    with pytest.raises(UsageError, match="future"):
        plans_of_care.transmit(clinic, "1", date(2026, 3, 3), "Dr Rowe", "fax 1")
    view = plans_of_care.transmit(clinic, "1", None, "Dr Rowe", "fax 1")
    assert not view.is_certified  # no order on file
    view = plans_of_care.certify(clinic, "1", None, "Dr Rowe")
    assert view.is_certified
    assert [x.code for x in view.findings] == ["POC_RENEWAL"]
    ending = at(clinic, datetime(2026, 5, 20, 18, tzinfo=UTC))
    assert "PLAN_OF_CARE_ENDING" in due_codes(ending)
    renewed = plans_of_care.write(ending, RULES, "1", PLAN | {"starts_on": date(2026, 5, 20)}, "PT")
    assert renewed.plan is not None
    assert not renewed.plan.is_initial
    assert "PLAN_OF_CARE_ENDING" not in due_codes(ending)
    with pytest.raises(UsageError, match="begins before"):
        plans_of_care.write(ending, RULES, "1", PLAN, "PT")


def test_an_authorisation_counts_down(clinic: Store) -> None:
    given: dict[str, Any] = {
        "number": "A-1", "payer": "ACME", "starts_on": date(2026, 3, 1),
        "expires_on": date(2026, 3, 31), "visits": 2, "units": 5,
    }  # fmt: skip
    with pytest.raises(UsageError, match="ends before"):
        plans_of_care.authorise(clinic, "1", given | {"expires_on": date(2026, 2, 1)})
    with pytest.raises(UsageError, match="limits"):
        plans_of_care.authorise(clinic, "1", given | {"visits": None, "units": None})
    plans_of_care.authorise(clinic, "1", given)
    with pytest.raises(RehabctlError, match="on file already"):
        plans_of_care.authorise(clinic, "1", given)
    held(clinic, NOW)
    [use] = plans_of_care.show(clinic, "1").authorisations
    assert (use.visits_left, use.units_left) == (1, 3)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.sampled_from(["edit", "section", "sign", "addendum"]), st.text(max_size=30)),
        max_size=12,
    )
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_tried_signed_text_never_changes(
    clinic: Store, attempts: list[tuple[str, str]]
) -> None:
    view = note_drafts.draft_of_visit(
        clinic, RULES, DAILY, str(held(clinic, NOW + timedelta(minutes=1)).id)
    )
    note_id = str(view.note.id)
    finished(clinic, view)
    signed = notes.sign(clinic, RULES, note_id, "PT").note
    for what, words in attempts:
        words = words.replace("\x00", "")  # PostgreSQL keeps no zero bytes
        try:
            if what == "edit":
                notes.edit(clinic, note_id, words, whole=True)
            elif what == "section":
                notes.edit(clinic, note_id, words, section="Plan")
            elif what == "sign":
                notes.sign(clinic, RULES, note_id, words)
            else:
                notes.add_addendum(clinic, note_id, words, "PT")
        except (FindingsError, UsageError):
            continue
    after = notes.show(clinic, note_id)
    assert after.note == signed
    assert after.signature_valid
    assert CLINICIAN not in after.note.body
