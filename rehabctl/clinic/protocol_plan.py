"""From a protocol's phase to prescriptions that a clinician can accept, change or refuse. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from rehabctl.clinic.contraindications import Contraindication, blocked, contraindications
from rehabctl.domain.errors import UsageError, suggestion
from rehabctl.domain.exercise import Dose, Exercise
from rehabctl.domain.protocol import DoseChange, PhaseExercise, Protocol
from rehabctl.reference.exercise_vocabulary import Vocabulary

_SETTING = re.compile(r"(?P<slug>[a-z0-9-]+)\.(?P<field>[a-z_]+)=(?P<value>-?\d+(?:\.\d+)?)")
_DOSE_FIELDS = tuple(item.name for item in fields(Dose))

_WEEKDAYS = (
    (1,),
    (1, 4),
    (1, 3, 5),
    (1, 2, 4, 5),
    (1, 2, 3, 4, 5),
    (1, 2, 3, 4, 5, 6),
    (1, 2, 3, 4, 5, 6, 7),
)


@dataclass(frozen=True, slots=True)
class Override:
    """What a therapist sets for one exercise of a protocol."""

    dose: DoseChange = field(default_factory=DoseChange)
    target_deg: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedExercise:
    """One exercise as it would be prescribed."""

    slug: str
    name: str
    exercise_version: int
    dose: Dose
    target_deg: float | None
    """Of the driving motion; None where no angle counts."""
    note: str
    only_if: str
    """A condition that a clinician confirms before the exercise is selected."""
    block: str
    level: str
    """The level to start with; empty without a scale."""
    approved: bool
    """An unapproved exercise is assigned with a visible mark."""
    contraindications: tuple[Contraindication, ...]
    selected: bool
    """Assigned unless the clinician takes it out: not blocked, without an open condition, and
    approved where the clinic asks for that."""


def plan_phase(
    protocol: Protocol,
    phase_key: str,
    exercises: Mapping[str, Exercise],
    vocabulary: Vocabulary,
    *,
    flags: Collection[str] = (),
    weeks_post_op: float | None = None,
    overrides: Mapping[str, Override] | None = None,
    approved_only: bool = False,
) -> tuple[PlannedExercise, ...]:
    """Expand a phase, with the exercises it continues, into prescriptions.

    Parameters
    ----------
    protocol
        The protocol.
    phase_key
        The phase to plan.
    exercises
        The library's exercises that the protocol names, by slug.
    vocabulary
        Contraindication tags and limits of doses.
    flags
        Active flags of the patient.
    weeks_post_op
        Weeks since surgery; restrictions that end with a week need it.
    overrides
        What the therapist sets, by slug.
    approved_only
        The clinic assigns approved exercises only.

    Raises
    ------
    NotFoundError
        The protocol has no such phase.
    UsageError
        An override names an exercise that the phase does not have, or leaves the limits.
    """
    phase = protocol.phase(phase_key)
    rows = protocol.exercises_of(phase_key)
    wanted = overrides or {}
    unknown = sorted(set(wanted) - {row.slug for row in rows})
    if unknown:
        near = suggestion(unknown[0], [row.slug for row in rows])
        raise UsageError(
            f"phase {phase_key!r} has no exercise {unknown[0]!r}" + (f" ({near})" if near else ""),
            f"Show it with `rehabctl protocol show {protocol.slug}`",
        )
    planned: list[PlannedExercise] = []
    for row in rows:
        exercise = exercises[row.slug]
        override = wanted.get(row.slug, Override())
        dose = override.dose.applied_to(phase.dose_of(exercise, row.dose))
        check_dose(exercise, dose, override.target_deg, vocabulary)
        hits = contraindications(exercise, flags, weeks_post_op, vocabulary.tags)
        line = _planned(row, exercise, dose, override, hits)
        refused = approved_only and not exercise.approved
        planned.append(replace(line, selected=False) if refused else line)
    return tuple(planned)


def weekdays_of(per_week: int) -> tuple[int, ...]:
    """Return ISO weekdays of a number of sessions a week, spread evenly; from 7 on every day.

    Parameters
    ----------
    per_week
        At least 1.
    """
    return _WEEKDAYS[min(per_week, 7) - 1]


def parse_overrides(settings: Iterable[str]) -> dict[str, Override]:
    """Read settings such as `heel-slide-supine.reps=8` or `mini-squat.target_deg=45`.

    Parameters
    ----------
    settings
        One `SLUG.FIELD=NUMBER` each; the last one of a field counts.

    Raises
    ------
    UsageError
        A setting is not of that form, or names an unknown field.
    """
    overrides: dict[str, Override] = {}
    for text in settings:
        match = _SETTING.fullmatch(text.strip())
        if match is None:
            raise UsageError(f"cannot read {text!r}", "Write it like heel-slide-supine.reps=8")
        slug, name, value = match["slug"], match["field"], float(match["value"])
        before = overrides.get(slug, Override())
        if name == "target_deg":
            overrides[slug] = replace(before, target_deg=value)
            continue
        if name not in _DOSE_FIELDS:
            known = ", ".join((*_DOSE_FIELDS, "target_deg"))
            raise UsageError(f"no field {name!r} in {text!r}", f"The fields are {known}")
        overrides[slug] = replace(before, dose=replace(before.dose, **_set(name, value, text)))
    return overrides


def _set(name: str, value: float, text: str) -> dict[str, float]:
    if name.endswith("_s"):
        return {name: value}
    if not value.is_integer():
        raise UsageError(
            f"{name} is a whole number, in {text!r}", "Write a number without decimals"
        )
    return {name: int(value)}


def check_dose(
    exercise: Exercise, dose: Dose, target_deg: float | None, vocabulary: Vocabulary
) -> None:
    """Check that a dose and a target keep the limits.

    Parameters
    ----------
    exercise
        What is prescribed.
    dose
        How much of it.
    target_deg
        A target of its own for this patient; None keeps the exercise's.
    vocabulary
        Limits of doses and ranges of motions.

    Raises
    ------
    UsageError
        A number lies outside.
    """
    limits = vocabulary.limits
    for name in _DOSE_FIELDS:
        long_hold = name == "hold_s" and exercise.type == "aerobic"
        lowest, highest = limits.hold_s_by_time if long_hold else getattr(limits, name)
        value = getattr(dose, name)
        if not lowest <= value <= highest:
            raise UsageError(
                f"{exercise.slug}: {name} is {value:g}",
                f"Choose a value from {lowest:g} to {highest:g}",
            )
    motion = exercise.measurement.motion
    if target_deg is None:
        return
    row = None if motion is None else vocabulary.motions.get(motion)
    if row is None:
        raise UsageError(f"{exercise.slug} has no target angle", "Leave out target_deg")
    lowest, highest = row.range_deg
    if not lowest <= target_deg <= highest:
        raise UsageError(
            f"{exercise.slug}: target_deg is {target_deg:g}",
            f"Choose a value from {lowest:g} to {highest:g}",
        )


def _planned(
    row: PhaseExercise,
    exercise: Exercise,
    dose: Dose,
    override: Override,
    hits: tuple[Contraindication, ...],
) -> PlannedExercise:
    target = exercise.measurement.target_deg
    return PlannedExercise(
        slug=exercise.slug,
        name=exercise.name,
        exercise_version=exercise.version,
        dose=dose,
        target_deg=target if override.target_deg is None else override.target_deg,
        note=row.note,
        only_if=row.only_if,
        block=row.block,
        level=row.levels[0] if row.levels else "",
        approved=exercise.approved,
        contraindications=hits,
        selected=not blocked(hits) and not row.only_if,
    )
