"""Prescribing: a protocol's phase becomes a patient's programme, pinned to its version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rehabctl.clinic.protocol_plan import Override, PlannedExercise, plan_phase, weekdays_of
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.patient import Patient, Side
from rehabctl.domain.programme import Prescription, Programme
from rehabctl.domain.protocol import Clock, Phase, Protocol
from rehabctl.reference.exercise_content import exercise_content
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.protocol_content import protocol_content
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.library import open_library, open_protocols

if TYPE_CHECKING:
    from rehabctl.domain.exercise import Exercise
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

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
    parameters: Mapping[str, float] | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> Assignment:
    """Assign a phase of a protocol to a patient.

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
    parameters
        Numbers of the surgeon for this patient, pinned with the protocol.
    replace
        End a running programme on the day before; without it two programmes never overlap.
    dry_run
        Only say what would be done.

    Raises
    ------
    NotFoundError
        Protocol, phase or patient is not known.
    UsageError
        An override names no exercise of the phase or leaves the limits.
    FindingsError
        A programme is running, or nothing of the phase can be assigned.
    """
    library = open_library(settings)
    protocol = open_protocols(settings).get(slug).with_parameters(parameters or {})
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        running = uow.programmes.active(patient.id)
        if running is not None:
            _check_overlap(running, start, replace=replace)
        episode = uow.episodes.active(patient.id)
        weeks = None if episode is None else episode.weeks_post_op(start)
        chosen = protocol.phase(phase) if phase else _phase_of_week(protocol, weeks)
        exercises = {row.slug: library.get(row.slug) for row in protocol.exercises_of(chosen.key)}
        planned = plan_phase(
            protocol,
            chosen.key,
            exercises,
            load_vocabulary(),
            flags=flags_of(uow, patient),
            weeks_post_op=weeks,
            overrides=overrides,
            approved_only=settings.approved_only,
        )
        if not any(line.selected for line in planned):
            raise FindingsError(
                f"no exercise of phase {chosen.key!r} can be assigned to this patient",
                "See why: repeat it with --format json, or choose another --phase",
            )
        side = None if episode is None else episode.side
        programme = _programme(uow, patient, protocol, chosen, planned, exercises, side, start)
        if not dry_run:
            if running is not None:
                uow.programmes.end(running, start - timedelta(days=1))
            uow.programmes.add(programme)
            days = due_days(programme, start, start + timedelta(weeks=phase_weeks(chosen)))
            uow.programmes.set_schedule(programme, start, days)
            uow.audit.record(
                "program.assign", "program", programme.id, {"protocol": slug, "phase": chosen.key}
            )
            triage.refresh(uow, [patient.ref], rules)
        return Assignment(slug, protocol.version, chosen.key, planned, programme)


def _check_overlap(running: Programme, start: date, *, replace: bool) -> None:
    if not replace:
        raise FindingsError(
            f"a programme is running since {running.started_on.isoformat()}",
            "End it with --replace, or change it with `rehabctl program edit` or `progress`",
        )
    if start < running.started_on:
        raise FindingsError(
            f"the running programme starts later, on {running.started_on.isoformat()}",
            "Choose a --start from that day on",
        )


def flags_of(uow: UnitOfWork, patient: Patient) -> list[str]:
    """Return the active flags and precautions of a patient, in the words of the tag table.

    Parameters
    ----------
    uow
        The transaction.
    patient
        Whose.
    """
    episode = uow.episodes.active(patient.id)
    flags = [flag.tag for flag in uow.episodes.flags(patient.id)]
    return [*flags, *(() if episode is None else episode.precautions)]


def _phase_of_week(protocol: Protocol, weeks: int | None) -> Phase:
    """Return the last phase that has begun by a week after surgery, else the first."""
    if weeks is None or protocol.clock is not Clock.SURGERY:
        return protocol.phases[0]
    on_clock = weeks - protocol.shift_weeks
    begun = [phase for phase in protocol.phases if on_clock >= (phase.from_week or 0)]
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
        protocol.slug, protocol.version, protocol.name, protocol_content(protocol)
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
            prescription(uow, line, exercises[line.slug], position, side, start)
            for position, line in enumerate(selected, start=1)
        ),
    )


def prescription(
    uow: UnitOfWork,
    line: PlannedExercise,
    exercise: Exercise,
    position: int,
    side: Side | None,
    start: date,
) -> Prescription:
    """Return a line of a programme; its exercise is pinned as it is now.

    Parameters
    ----------
    uow
        The transaction.
    line
        What was planned.
    exercise
        The exercise of the library.
    position
        Order in the programme, from 1.
    side
        The treated side.
    start
        First day of the line.
    """
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
        weekdays=weekdays_of(line.dose.per_week),
        side=side,
        target_deg=line.target_deg,
        started_on=start,
        notes=line.note or None,
    )


def phase_weeks(phase: Phase) -> int:
    """Return for how many weeks the days of a phase are scheduled.

    Parameters
    ----------
    phase
        Its length, where it names an end.
    """
    if phase.from_week is None or phase.to_week is None:
        return SCHEDULE_WEEKS
    return max(1, round(phase.to_week - phase.from_week))


def due_days(programme: Programme, start: date, end: date) -> list[date]:
    """Return the days of a programme on which a session is due.

    Parameters
    ----------
    programme
        A day on which any of its running exercises is due is a day with a session.
    start
        First day.
    end
        The first day that is not looked at.
    """
    weekdays = {
        day for line in programme.prescriptions if line.ended_on is None for day in line.weekdays
    }
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return [day for day in days if day.isoweekday() in weekdays]
