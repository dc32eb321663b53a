"""Patients enter, are looked up, and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.patient import PatientPage, PatientRef, PatientStatus, PatientSummary
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from datetime import date

    from rehabctl.domain.consent import Consent
    from rehabctl.domain.episode import Episode
    from rehabctl.domain.roster import FieldProblem, RosterLine
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """What `patient show` prints: one line of the list, the care and the consents."""

    summary: PatientSummary
    episodes: tuple[Episode, ...]
    consents: tuple[Consent, ...]
    """Those that are active."""
    weeks_post_op: int | None


def list_patients(
    store: Store,
    *,
    limit: int,
    cursor: str | None = None,
    status: PatientStatus | None = None,
    therapist: str | None = None,
) -> tuple[PatientPage, int]:
    """Return a page in the order of record numbers, and how many patients the list covers.

    Parameters
    ----------
    store
        The open store.
    limit
        Rows wanted.
    cursor
        Of the page before.
    status
        Only patients with this status.
    therapist
        Only the caseload of this login.

    Raises
    ------
    NotFoundError
        There is no such therapist.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        therapist_id = None
        if therapist is not None:
            user = uow.clinics.user_by_login(therapist, uow.clinic.id)
            if user is None:
                raise NotFoundError(f"no user is called {therapist}", "Look at: rehabctl user list")
            therapist_id = user.id
        page = uow.patients.page(
            limit=limit, cursor=cursor, status=status, therapist_id=therapist_id
        )
        total = uow.patients.count(status=status, therapist_id=therapist_id)
        uow.audit.read("patient.list", "patient", [item.ref.id for item in page.items])
        return page, total


def show_patient(store: Store, mrn: str) -> PatientRecord:
    """Return one patient.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        There is no such patient; similar record numbers are suggested.
    """
    from rehabctl.services.roster_changes import clinic_today

    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        summary = uow.patients.summary(mrn)
        episodes = uow.episodes.of_patient(summary.ref.id)
        active = next((e for e in episodes if e.id == summary.active_episode), None)
        uow.audit.record("patient.read", "patient", summary.ref.id)
        return PatientRecord(
            summary,
            episodes,
            uow.consents.active(summary.ref.id),
            None if active is None else active.weeks_post_op(clinic_today(uow.clinic, uow.now)),
        )


def create_patient(store: Store, rules: RuleTable, values: Mapping[str, str]) -> PatientSummary:
    """Add one patient.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for her line of the worklist.
    values
        Text by column of the roster.

    Raises
    ------
    UsageError
        A value is missing or wrong.
    RehabctlError
        The record number is taken.
    """
    from rehabctl.services.roster_changes import clinic_today, write_lines

    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        line = _checked(values, clinic_today(uow.clinic, uow.now))
        mrn = line.demographics.mrn
        if uow.patients.find([mrn]):
            raise RehabctlError(
                f"a patient with the record number {mrn} exists",
                f"Change her with: rehabctl patient update {mrn}",
            )
        (outcome,) = write_lines(uow, [line], rules)
        ref = _accepted(outcome.patient, outcome.problem)
        uow.audit.record("patient.create", "patient", ref.id)
        return uow.patients.summary(mrn)


def update_patient(
    store: Store,
    rules: RuleTable,
    mrn: str,
    changes: Mapping[str, str],
    status: PatientStatus | None = None,
) -> PatientSummary:
    """Change values of one patient.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for her line of the worklist.
    mrn
        Record number.
    changes
        Text by column of the roster; an empty text removes the value.
    status
        The new status; a discharged patient leaves the worklist.

    Raises
    ------
    UsageError
        A value is wrong.
    NotFoundError
        There is no such patient.
    """
    from rehabctl.services.roster_changes import clinic_today, write_lines

    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        present = uow.patients.summary(mrn)
        line = _checked(roster_texts(present) | dict(changes), clinic_today(uow.clinic, uow.now))
        (outcome,) = write_lines(uow, [line], rules, blanks_clear=True)
        ref = _accepted(outcome.patient, outcome.problem)
        if status is not None and status is not present.status:
            uow.patients.update(replace(uow.patients.by_id(ref.id), status=status))
        if (status or present.status) is PatientStatus.DISCHARGED:
            uow.panel.remove([ref.id])
        else:
            _refresh(uow, ref, rules)
        changed = sorted({*changes, *(["status"] if status else [])} - {"mrn"})
        uow.audit.record("patient.update", "patient", ref.id, {"fields": changed})
        return uow.patients.summary(mrn)


def _checked(values: Mapping[str, str], today: date) -> RosterLine:
    from rehabctl.domain.roster import RosterLine, parse_line

    line = parse_line(values, today)
    if isinstance(line, RosterLine):
        return line
    text = "; ".join(f"{problem.field} {problem.message}" for problem in line)
    raise UsageError(text, "Correct it and run the command again")


def _accepted(patient: PatientRef | None, problem: FieldProblem | None) -> PatientRef:
    if patient is None:
        text = "the line was refused" if problem is None else f"{problem.field} {problem.message}"
        raise UsageError(text, "Correct it and run the command again")
    return patient


def roster_texts(summary: PatientSummary) -> dict[str, str]:
    """Return a patient's present values as the text of a roster line."""
    from rehabctl.domain.roster import COLUMNS

    values = summary.as_contract()
    return {
        name: ";".join(summary.care.precautions) if name == "precautions" else str(values[name])
        for name in COLUMNS
        if values[name] is not None
    }


def _refresh(uow: UnitOfWork, patient: PatientRef, rules: RuleTable) -> None:
    from rehabctl.services import triage

    triage.refresh(uow, [patient], rules)
