"""Invented patients with raw events only: alerts, reasons and ranks arise from the services.

The same seed gives the same patients, whatever was made before; identifiers are new each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic.simulation import simulate
from rehabctl.domain import facts
from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import UsageError
from rehabctl.domain.patient import Demographics, Patient, PatientRef, PatientStatus, Sex, Side
from rehabctl.domain.programme import Programme
from rehabctl.domain.session import ExerciseSession, JournalEntry, SessionEntry, SessionSource
from rehabctl.reference.demo import DemoNames, load_names
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today
from rehabctl.services.synthetic_outcomes import add_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_BATCH = 200
_STATES = ("OH", "CO", "TX", "CA", "NY")
_DIAGNOSES = {
    "TKR": "Z96.651 total knee replacement",
    "THR": "Z96.641 total hip replacement",
    "RCR": "M75.121 rotator cuff repair",
    "ACL": "S83.511A anterior cruciate ligament reconstruction",
}


@dataclass(frozen=True, slots=True)
class InventedPatient:
    """One patient to be added."""

    mrn: str
    number: int
    """Gives name, sex and birth date."""
    events: facts.PatientFacts
    state: str = "OH"


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What `db seed` did."""

    created: int
    present: int
    """Patients of an earlier run, left as they are."""


def seed(
    store: Store,
    rules: RuleTable,
    *,
    patients: int,
    seed_number: int,
    days: int,
    report: Callable[[float, float], None],
    outcomes: bool = False,
) -> SeedReport:
    """Fill a store that holds no real patient; a run that was interrupted goes on.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    patients
        How many.
    seed_number
        Same number, same patients.
    days
        Length of their history, up to yesterday.
    report
        Called with patients done and wanted.
    outcomes
        Whether they have questionnaires and measured motion too.

    Raises
    ------
    UsageError
        The store holds other patients.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        start = clinic_today(uow.clinic, uow.now) - timedelta(days=days)
        others = uow.patients.count() - uow.patients.count(mrn_from=_mrn(0), mrn_to=_mrn(10**7 - 1))
    if others:
        raise UsageError(
            "the store holds patients who were not invented", "Set REHABCTL_HOME to a new folder"
        )
    names, created = load_names(), 0
    for first in range(0, patients, _BATCH):
        numbers = range(first, min(first + _BATCH, patients))
        with store.transaction() as uow:
            present = uow.patients.find([_mrn(n) for n in numbers])
            wanted = [n for n in numbers if _mrn(n) not in present]
            if wanted:
                made = simulate(
                    len(numbers), seed=seed_number, start=start, days=days,
                    time_zone=uow.clinic.time_zone, first=first,
                )  # fmt: skip
                people = [
                    InventedPatient(_mrn(n), n, made[n - first].facts, _STATES[n % len(_STATES)])
                    for n in wanted
                ]
                add(uow, people, names, rules, outcomes=outcomes)
                created += len(people)
        report(numbers.stop, patients)
    return SeedReport(created, patients - created)


def _mrn(number: int) -> str:
    return f"SEED-{number:07d}"


def add(
    uow: UnitOfWork,
    people: Sequence[InventedPatient],
    names: DemoNames,
    rules: RuleTable,
    *,
    outcomes: bool = False,
) -> list[PatientRef]:
    """Add invented patients with their events, set-wise, and bring the worklist up to date.

    Parameters
    ----------
    uow
        The transaction.
    people
        Who.
    names
        Invented names.
    rules
        The dated rules.
    outcomes
        Whether they have questionnaires and measured motion too.
    """
    refs = [PatientRef(uow.new_id(), uow.clinic.id, uow.user.id) for _ in people]
    both = list(zip(refs, people, strict=True))
    now, history = uow.now, uow.histories
    history.add_patients(
        [
            Patient(ref, _demographics(uow, p, names), PatientStatus.ACTIVE, now, now)
            for ref, p in both
        ]
    )
    history.add_episodes(
        [_episode(uow, ref, p.events.episode) for ref, p in both if p.events.episode is not None]
    )
    history.add_consents(
        [
            Consent(uow.new_id(), ref, scope, now, uow.user.id)
            for ref in refs
            for scope in (ConsentScope.BODY_TRACKING, ConsentScope.VIDEO_RECORDING)
        ]
    )
    running = [  # who was never to do anything has no programme yet
        (Programme(id=uow.new_id(), patient=ref, started_on=min(p.events.due_on)), p.events)
        for ref, p in both
        if p.events.due_on
    ]
    history.add_programmes([(made, events.due_on) for made, events in running])
    history.add_sessions(
        [_session(uow, made, fact) for made, events in running for fact in events.sessions]
    )
    zone = ZoneInfo(uow.clinic.time_zone)
    history.add_journal(
        [
            JournalEntry(
                id=uow.new_id(),
                patient=ref,
                external_id=entry.id,
                day=entry.at.astimezone(zone).date(),
                recorded_at=entry.recorded_at,
                entered_by="patient",
                pain=entry.pain,
                red_flags=entry.red_flags,
            )
            for ref, p in both
            for entry in p.events.journal
        ]
    )
    if outcomes:
        add_outcomes(uow, [(ref, p.events) for ref, p in both])
    triage.refresh(uow, refs, rules)
    uow.audit.read("seed.patients", "patient", [ref.id for ref in refs])
    return refs


def _demographics(uow: UnitOfWork, person: InventedPatient, names: DemoNames) -> Demographics:
    number = person.number
    is_female = number % 2 == 0
    given = names.given_female if is_female else names.given_male
    return Demographics(
        mrn=person.mrn,
        given_name=given[number // 2 % len(given)],
        family_name=names.family[number % len(names.family)],
        birth_date=date(1942 + number * 7 % 45, 1 + number % 12, 1 + number % 28),
        sex=Sex.FEMALE if is_female else Sex.MALE,
        state=person.state,
        time_zone=uow.clinic.time_zone,
        language="en",
    )


def _episode(uow: UnitOfWork, ref: PatientRef, course: facts.Episode) -> Episode:
    return Episode(
        id=uow.new_id(),
        patient=ref,
        started_on=course.started_on,
        diagnosis=_DIAGNOSES.get(course.condition or "", "M54.50 low back pain"),
        condition=course.condition,
        surgery_date=course.surgery_on,
        side=None if course.side is None else Side(course.side),
    )


def _session(uow: UnitOfWork, programme: Programme, fact: facts.SessionFact) -> ExerciseSession:
    return ExerciseSession(
        id=uow.new_id(),
        patient=programme.patient,
        source=SessionSource.IMPORT,
        external_id=fact.id,
        entered_by="demo",
        started_at=fact.at,
        programme_id=programme.id,
        completed_at=fact.at + timedelta(minutes=20) if fact.completed else None,
        pain_before=fact.pain_before,
        pain_during=fact.pain_during,
        pain_after=fact.pain_after,
        difficulty=fact.difficulty,
        entries=tuple(
            SessionEntry(
                exercise=e.exercise,
                done=not e.skipped,
                reps_per_set=e.repetitions,
                pain_after=e.pain,
                form_score=e.form_score,
            )
            for e in fact.exercises
        ),
    )
