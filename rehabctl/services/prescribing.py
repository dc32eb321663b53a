"""Prescribing: a protocol's phase becomes a patient's programme, pinned to its version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rehabctl.clinic.contraindications import Contraindication, contraindications
from rehabctl.domain.errors import FindingsError, UsageError, suggestion
from rehabctl.domain.exercise import Dose, Exercise
from rehabctl.domain.patient import Patient, Side
from rehabctl.domain.programme import Prescription, Programme
from rehabctl.domain.protocol import Phase, Protocol
from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.exercise_vocabulary import Effect, load_vocabulary
from rehabctl.reference.protocol_library import load_protocols
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
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

_OVERRIDE = re.compile(r"(?P<slug>[a-z0-9-]+)\.(?P<field>[a-z_]+)=(?P<value>-?[0-9]+(\.[0-9]+)?)")
_LIMITS: Mapping[str, tuple[float, float]] = {
    "sets": (1, 10),
    "reps": (1, 60),
    "hold_s": (0, 600),
    "rest_s": (0, 600),
    "per_week": (1, 21),
    "target_deg": (-30, 180),
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """What assigning a protocol did, or would do."""

    protocol: str
    version: int
    phase: str
    programme: Programme
    warnings: tuple[Contraindication, ...]
    unapproved: tuple[str, ...]
    """Exercises that no clinician has approved in this library: assigned with a mark."""
    left_out: tuple[str, ...]
    """Exercises that a clinician confirms first (their condition is in the template)."""


def parse_overrides(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read `slug.field=value` overrides.

    Parameters
    ----------
    texts
        One override each.

    Raises
    ------
    UsageError
        The form is wrong, the field unknown, or the value outside its limits.
    """
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        match = _OVERRIDE.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is not an override", "Write it like quad-set.reps=8")
        name, value = match["field"], float(match["value"])
        if name not in _LIMITS:
            hint = suggestion(name, list(_LIMITS))
            raise UsageError(
                f"{name!r} cannot be set", f"Known are {', '.join(_LIMITS)} ({hint})".rstrip("( )")
            )
        low, high = _LIMITS[name]
        if not low <= value <= high:
            raise UsageError(f"{text!r} is out of range", f"{name} takes {low:g} to {high:g}")
        found.setdefault(match["slug"], {})[name] = value
    return found


def assign(
    store: Store,
    rules: RuleTable,
    slug: str,
    mrn: str,
    start: date,
    *,
    phase: str | None = None,
    overrides: Mapping[str, Mapping[str, float]] | None = None,
    dry_run: bool = False,
) -> Assignment:
    """Assign a phase of a protocol to a patient; a running programme is ended the day before.

    Parameters
    ----------
    store
        The open store.
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
    FindingsError
        A restriction on record blocks an exercise.
    """
    protocol = load_protocols().get(slug)
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        chosen = _phase(uow, protocol, patient, start, phase)
        rows = protocol.exercises_of(chosen.key)
        wanted = [row for row in rows if not row.only_if]
        exercises = {row.slug: load_library().get(row.slug) for row in wanted}
        _check_overrides(overrides or {}, exercises)
        warnings = _contraindications(uow, patient, list(exercises.values()), start)
        programme = _programme(
            uow, patient, protocol, chosen, exercises,
            {row.slug: chosen.dose_of(exercises[row.slug], row.dose) for row in wanted},
            overrides or {}, start,
        )  # fmt: skip
        if not dry_run:
            _write(uow, programme, chosen, start)
            uow.audit.record(
                "program.assign", "program", programme.id, {"protocol": slug, "phase": chosen.key}
            )
            triage.refresh(uow, [patient.ref], rules)
        return Assignment(
            protocol=slug,
            version=protocol.version,
            phase=chosen.key,
            programme=programme,
            warnings=warnings,
            unapproved=tuple(e.slug for e in exercises.values() if not e.approved),
            left_out=tuple(row.slug for row in rows if row.only_if),
        )


def _phase(
    uow: UnitOfWork, protocol: Protocol, patient: Patient, start: date, key: str | None
) -> Phase:
    if key is not None:
        return protocol.phase(key)
    episode = uow.episodes.active(patient.id)
    week = None if episode is None else episode.weeks_post_op(start)
    if week is not None:
        for phase in protocol.phases:
            if (phase.from_week or 0) <= week < (phase.to_week or float("inf")):
                return phase
    return protocol.phases[0]


def _check_overrides(
    overrides: Mapping[str, Mapping[str, float]], exercises: Mapping[str, Exercise]
) -> None:
    for slug in overrides:
        if slug not in exercises:
            hint = suggestion(slug, list(exercises))
            raise UsageError(
                f"{slug!r} is not an exercise of this phase", hint.capitalize() or "Check the slug"
            )


def _contraindications(
    uow: UnitOfWork, patient: Patient, exercises: Sequence[Exercise], start: date
) -> tuple[Contraindication, ...]:
    flags = [flag.tag for flag in uow.episodes.flags(patient.id)]
    episode = uow.episodes.active(patient.id)
    flags += () if episode is None else episode.precautions
    weeks = None if episode is None else episode.weeks_post_op(start)
    tags = load_vocabulary().tags
    hits = [hit for e in exercises for hit in contraindications(e, flags, weeks, tags)]
    blocks = [hit for hit in hits if hit.effect is Effect.BLOCK]
    if blocks:
        first = blocks[0]
        raise FindingsError(
            f"{first.slug} is blocked for this patient by {first.tag!r}",
            "Choose another phase, or clear the restriction first",
        )
    return tuple(hits)


def _programme(
    uow: UnitOfWork,
    patient: Patient,
    protocol: Protocol,
    phase: Phase,
    exercises: Mapping[str, Exercise],
    doses: Mapping[str, Dose],
    overrides: Mapping[str, Mapping[str, float]],
    start: date,
) -> Programme:
    episode = uow.episodes.active(patient.id)
    content = _json(protocol)
    pinned = uow.library.pin_protocol(protocol.slug, protocol.version, protocol.name, content)
    side = None if episode is None else episode.side
    lines = [
        _prescription(uow, exercise, doses[slug], overrides.get(slug, {}), position, side, start)
        for position, (slug, exercise) in enumerate(exercises.items(), start=1)
    ]
    return Programme(
        id=uow.new_id(),
        patient=patient.ref,
        started_on=start,
        episode_id=None if episode is None else episode.id,
        protocol_id=pinned.id,
        phase=protocol.phases.index(phase) + 1,
        prescriptions=tuple(lines),
    )


def _prescription(
    uow: UnitOfWork,
    exercise: Exercise,
    dose: Dose,
    override: Mapping[str, float],
    position: int,
    side: Side | None,
    start: date,
) -> Prescription:
    kinds = {f.name: f.type for f in fields(Dose)}
    changes = {
        name: int(value) if kinds[name] == "int" else value
        for name, value in override.items()
        if name in kinds
    }
    dose = replace(dose, **changes)
    pinned = uow.library.pin_exercise(
        exercise.slug, exercise.version, exercise.name, _json(exercise)
    )
    return Prescription(
        id=uow.new_id(),
        exercise_id=pinned.id,
        exercise_slug=exercise.slug,
        exercise_version=exercise.version,
        exercise_name=exercise.name,
        position=position,
        sets=dose.sets,
        reps=dose.reps,
        hold_s=dose.hold_s,
        rest_s=dose.rest_s,
        per_week=dose.per_week,
        weekdays=WEEKDAYS[min(dose.per_week, 7)],
        side=side,
        target_deg=override.get("target_deg"),
        started_on=start,
    )


def _json(record: Any) -> dict[str, Any]:
    """Return a dataclass as JSON values (dates as text, enums as their word)."""
    import json

    return json.loads(json.dumps(asdict(record), default=str))


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
        Its prescription with the most days a week decides.
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
