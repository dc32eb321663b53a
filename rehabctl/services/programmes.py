"""A patient's programme: look at it, hold it and let it go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.patient import Patient
from rehabctl.domain.programme import Prescription, Programme, ProgrammeStatus
from rehabctl.domain.protocol import Phase, Protocol
from rehabctl.reference.exercise_content import exercise_of_content
from rehabctl.reference.protocol_content import protocol_of_content
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prescribing, triage
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProgrammeView:
    """A programme with what it is pinned to."""

    mrn: str
    programme: Programme
    protocol: Protocol | None
    """As it was when it was assigned; a later version of the library changes nothing here."""
    exercises: Mapping[str, Exercise]
    """The pinned exercises of the running lines, by slug."""
    due_on: tuple[date, ...]
    """Every day with a session due."""
    today: date
    """The clinic's local date."""

    @property
    def lines(self) -> tuple[Prescription, ...]:
        """The prescriptions that are running."""
        return tuple(line for line in self.programme.prescriptions if line.ended_on is None)

    @property
    def phase(self) -> Phase | None:
        """The phase of the protocol that the programme is in."""
        if self.protocol is None or self.programme.phase is None:
            return None
        return self.protocol.phases[self.programme.phase - 1]


def of_patient(store: Store, mrn: str) -> tuple[ProgrammeView, ...]:
    """Return every programme of a patient, the newest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.programmes.of_patient(patient.id)
        uow.audit.record("program.list", "patient", patient.id, {"count": len(found)})
        return tuple(view_of(uow, patient, programme) for programme in reversed(found))


def show(store: Store, mrn: str) -> ProgrammeView:
    """Return the running or held programme of a patient.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        No programme is running.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        programme = running(uow, patient)
        uow.audit.record("program.read", "program", programme.id)
        return view_of(uow, patient, programme)


def running(uow: UnitOfWork, patient: Patient, expect_revision: int | None = None) -> Programme:
    """Return the running or held programme of a patient.

    Parameters
    ----------
    uow
        The transaction.
    patient
        Whose.
    expect_revision
        The revision that the caller has seen.

    Raises
    ------
    NotFoundError
        No programme is running.
    FindingsError
        Somebody has changed it since that revision.
    """
    found = uow.programmes.active(patient.id)
    if found is None:
        raise NotFoundError(
            "no programme is running for this patient", "Assign one: rehabctl protocol assign"
        )
    if expect_revision is not None and found.revision != expect_revision:
        raise FindingsError(
            f"the programme is at revision {found.revision}, not {expect_revision}",
            "Look at it again: rehabctl program show",
        )
    return found


def view_of(uow: UnitOfWork, patient: Patient, programme: Programme) -> ProgrammeView:
    """Return a programme with its pinned protocol and exercises.

    Parameters
    ----------
    uow
        The transaction.
    patient
        Whose.
    programme
        Which.
    """
    protocol = None
    if programme.protocol_id is not None:
        protocol = protocol_of_content(uow.library.protocol(programme.protocol_id).content)
    return ProgrammeView(
        mrn=patient.mrn,
        programme=programme,
        protocol=protocol,
        exercises={
            line.exercise_slug: exercise_of_content(uow.library.exercise(line.exercise_id).content)
            for line in programme.prescriptions
            if line.ended_on is None
        },
        due_on=uow.programmes.due_days(programme.id),
        today=clinic_day(uow),
    )


def clinic_day(uow: UnitOfWork) -> date:
    """Return the clinic's local date at the time of a transaction."""
    return uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()


def hold(
    store: Store, rules: RuleTable, mrn: str, reason: str, expect_revision: int | None = None
) -> ProgrammeView:
    """Stand a programme still from today on: no session is due until it is resumed.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    reason
        Kept with the programme.
    expect_revision
        The revision that the caller has seen.

    Raises
    ------
    FindingsError
        It is held already, or has another revision.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        programme = running(uow, patient, expect_revision)
        if programme.status is ProgrammeStatus.HELD:
            raise FindingsError("the programme is held already", "Resume it when it may go on")
        uow.programmes.hold(programme, clinic_day(uow), reason)
        uow.audit.record("program.hold", "program", programme.id)
        triage.refresh(uow, [patient.ref], rules)
        return view_of(uow, patient, uow.programmes.get(programme.id))


def resume(
    store: Store, rules: RuleTable, mrn: str, reason: str, expect_revision: int | None = None
) -> ProgrammeView:
    """Let a held programme go on from today.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    reason
        Kept with the hold that ends.
    expect_revision
        The revision that the caller has seen.

    Raises
    ------
    FindingsError
        It is not held, or has another revision.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        programme = running(uow, patient, expect_revision)
        if programme.status is not ProgrammeStatus.HELD:
            raise FindingsError("the programme is not held", "Look at it: rehabctl program show")
        uow.programmes.resume(programme, clinic_day(uow) - timedelta(days=1), reason)
        uow.audit.record("program.resume", "program", programme.id)
        triage.refresh(uow, [patient.ref], rules)
        return view_of(uow, patient, uow.programmes.get(programme.id))


def reschedule(uow: UnitOfWork, programme: Programme, today: date, due_on: Sequence[date]) -> None:
    """Write the days from today on, to the end of the last week that was planned.

    Parameters
    ----------
    uow
        The transaction.
    programme
        With its new lines.
    today
        First day that may change.
    due_on
        The days as they were planned.
    """
    start = programme.started_on
    weeks = (max(due_on, default=start) - start).days // 7 + 1
    first = max(today, start)
    days = prescribing.due_days(programme, first, start + timedelta(weeks=weeks))
    uow.programmes.set_schedule(programme, first, days)
