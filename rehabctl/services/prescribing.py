"""Prescribing: a protocol's phase becomes a patient's programme, pinned to its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rehabctl.clinic.protocol_plan import Override, PlannedExercise, plan_phase
from rehabctl.domain.patient import Patient, Side
from rehabctl.domain.programme import Prescription, Programme
from rehabctl.domain.protocol import Phase, Protocol
from rehabctl.reference.exercise_content import exercise_content
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.library import open_library, open_protocols

if TYPE_CHECKING:
    from rehabctl.domain.exercise import Exercise
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

WEEKDAYS: Mapping[int, tuple[int, ...]] = {
    1: (1,),
    2: (1, 4),
    3: (1, 3, 5),
    4: (1, 2, 4, 5),
    5: (1, 2, 3, 4, 5),
    6: (1, 2, 3, 4, 5, 6),
    7: (1, 2, 3, 4, 5, 6, 7),
}
"""ISO weekdays of a number of sessions a week, spread evenly."""

SCHEDULE_WEEKS = 12
"""How far ahead days are scheduled when a phase names no end."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What assigning a protocol did, or would do."""

    protocol: str
    version: int
    phase: str
    planned: tuple[PlannedExercise, ...]
    """Those that are `selected` were prescribed; the others are blocked, or wait for a clinician
    to confirm their condition."""
    programme: Programme


def assign(
    store: Store,
    settings: Settings,
    rules: RuleTable,
    slug: str,
    mrn: str,
    start: date,
    *,
    phase: str | None = None,
    overrides: Mapping[str, Override] | None = None,
    dry_run: bool = False,
) -> Assignment:
    """Assign a phase of a protocol to a patient; a running programme ends the day before.

    Parameters
    ----------
    store
        The open store.
    settings
        Name the clinic's own exercises and protocols.
    rules
        The dated rules, for the worklist.
    slug
        Of the protocol.
    mrn
        Record number.
    start
        First day.
    phase
        Key of the phase; default is the one of the patient's week after surgery, else the first.
    overrides
        Doses and targets by exercise slug.
    dry_run
        Only say what would be done.

    Raises
    ------
    NotFoundError
        Protocol, phase or patient is not known.
    UsageError
        An override names no exercise of the phase or leaves the limits.
    """
    protocol, library = open_protocols(settings).get(slug), open_library(settings)
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        episode = uow.episodes.active(patient.id)
        weeks = None if episode is None else episode.weeks_post_op(start)
        flags = [flag.tag for flag in uow.episodes.flags(patient.id)]
        flags += () if episode is None else episode.precautions
        chosen = protocol.phase(phase) if phase else _phase_of_week(protocol, weeks)
        exercises = {row.slug: library.get(row.slug) for row in protocol.exercises_of(chosen.key)}
        planned = plan_phase(
            protocol,
            chosen.key,
            exercises,
            load_vocabulary(),
            flags=flags,
            weeks_post_op=weeks,
            overrides=overrides,
        )
        side = None if episode is None else episode.side
        programme = _programme(uow, patient, protocol, chosen, planned, exercises, side, start)
        if not dry_run:
            _write(uow, programme, chosen, start)
            uow.audit.record(
                "program.assign", "program", programme.id, {"protocol": slug, "phase": chosen.key}
            )
            triage.refresh(uow, [patient.ref], rules)
        return Assignment(slug, protocol.version, chosen.key, planned, programme)


def _phase_of_week(protocol: Protocol, weeks: int | None) -> Phase:
    """Return the last phase that has begun by a week after surgery, else the first."""
    begun = [p for p in protocol.phases if weeks is not None and weeks >= (p.from_week or 0)]
    return begun[-1] if begun else protocol.phases[0]


def _programme(
    uow: UnitOfWork,
    patient: Patient,
    protocol: Protocol,
    phase: Phase,
    planned: tuple[PlannedExercise, ...],
    exercises: Mapping[str, Exercise],
    side: Side | None,
    start: date,
) -> Programme:
    episode = uow.episodes.active(patient.id)
    pinned = uow.library.pin_protocol(
        protocol.slug, protocol.version, protocol.name, _protocol_content(protocol)
    )
    selected = [line for line in planned if line.selected]
    return Programme(
        id=uow.new_id(),
        patient=patient.ref,
        started_on=start,
        episode_id=None if episode is None else episode.id,
        protocol_id=pinned.id,
        phase=protocol.phases.index(phase) + 1,
        prescriptions=tuple(
            _prescription(uow, line, exercises[line.slug], position, side, start)
            for position, line in enumerate(selected, start=1)
        ),
    )


def _prescription(
    uow: UnitOfWork,
    line: PlannedExercise,
    exercise: Exercise,
    position: int,
    side: Side | None,
    start: date,
) -> Prescription:
    pinned = uow.library.pin_exercise(
        line.slug, line.exercise_version, line.name, exercise_content(exercise)
    )
    return Prescription(
        id=uow.new_id(),
        exercise_id=pinned.id,
        exercise_slug=line.slug,
        exercise_version=line.exercise_version,
        exercise_name=line.name,
        position=position,
        sets=line.dose.sets,
        reps=line.dose.reps,
        hold_s=line.dose.hold_s,
        rest_s=line.dose.rest_s,
        per_week=line.dose.per_week,
        weekdays=WEEKDAYS[min(line.dose.per_week, 7)],
        side=side,
        target_deg=line.target_deg,
        started_on=start,
        notes=line.note or None,
    )


def _protocol_content(protocol: Protocol) -> dict[str, Any]:
    """Return a protocol as JSON values, dates as text."""
    return json.loads(json.dumps(asdict(protocol), default=str))


def _write(uow: UnitOfWork, programme: Programme, phase: Phase, start: date) -> None:
    running = uow.programmes.active(programme.patient.id)
    if running is not None:
        uow.programmes.end(running, start - timedelta(days=1))
    uow.programmes.add(programme)
    uow.programmes.set_schedule(programme, start, due_days(programme, phase, start))


def due_days(programme: Programme, phase: Phase, start: date) -> list[date]:
    """Return the days of a programme on which a session is due.

    Parameters
    ----------
    programme
        A day on which any of its exercises is due is a day with a session.
    phase
        Its length, where it names an end.
    start
        First day.
    """
    weeks = SCHEDULE_WEEKS
    if phase.from_week is not None and phase.to_week is not None:
        weeks = max(1, round(phase.to_week - phase.from_week))
    weekdays = {day for line in programme.prescriptions for day in line.weekdays}
    days = (start + timedelta(days=n) for n in range(7 * weeks))
    return [day for day in days if day.isoweekday() in weekdays]


def running(store: Store, mrn: str) -> Programme | None:
    """Return the active or held programme of a patient.

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
        uow.audit.record("program.read", "patient", patient.id)
        return uow.programmes.active(patient.id)
