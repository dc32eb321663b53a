"""A phase-based protocol: which exercises when, and what has to be true before the next phase.

A protocol is a template. A clinician approves it, changes what she wants and assigns it; the
assigned programme keeps the version it was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from rehabctl.domain.errors import NotFoundError, UsageError, suggestion
from rehabctl.domain.exercise import CountMode, Dose, Exercise


class Clock(StrEnum):
    """From when the weeks of a protocol count."""

    SURGERY = "surgery"
    START = "start"
    """From the start of the programme, or of the complaint where that is known."""


@dataclass(frozen=True, slots=True)
class DoseChange:
    """The fields of a dose that a template or a therapist sets; None leaves what was there."""

    sets: int | None = None
    reps: int | None = None
    hold_s: float | None = None
    rest_s: float | None = None
    per_week: int | None = None

    def applied_to(self, dose: Dose) -> Dose:
        """Return a dose with the set fields replaced.

        Parameters
        ----------
        dose
            The dose to start from.
        """
        return Dose(
            sets=dose.sets if self.sets is None else self.sets,
            reps=dose.reps if self.reps is None else self.reps,
            hold_s=dose.hold_s if self.hold_s is None else self.hold_s,
            rest_s=dose.rest_s if self.rest_s is None else self.rest_s,
            per_week=dose.per_week if self.per_week is None else self.per_week,
        )


@dataclass(frozen=True, slots=True)
class PhaseExercise:
    """One exercise of a phase."""

    slug: str
    dose: DoseChange = DoseChange()
    note: str = ""
    """For the therapist and the hand-out, such as "bend the hip to a right angle at most"."""
    only_if: str = ""
    """A condition that a clinician confirms; until then the exercise is not selected."""
    block: str = ""
    """Part of a session, such as warm-up or balance; names a level scale."""
    levels: tuple[str, ...] = ()
    """Keys of the levels that exist for it, easiest first."""


@dataclass(frozen=True, slots=True)
class TypeDose:
    """A dose for all exercises of one type in a phase."""

    type: str
    """An exercise type, or `all`."""
    dose: DoseChange


@dataclass(frozen=True, slots=True)
class RangeCap:
    """A limit of motion set by the surgeon. A measured value above it is a warning."""

    motion: str
    mode: str
    """active or passive."""
    max_deg: float


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase."""

    key: str
    name: str
    exercises: tuple[PhaseExercise, ...]
    from_week: float | None = None
    to_week: float | None = None
    continues: bool = False
    """The exercises are added to those of the phase before."""
    goals: tuple[str, ...] = ()
    gate: str = ""
    """What has to be true to leave it, in the gate grammar; empty in the last phase."""
    precautions: tuple[str, ...] = ()
    doses: tuple[TypeDose, ...] = ()
    range_caps: tuple[RangeCap, ...] = ()
    grade: str = ""
    """Of this phase's numbers, where it differs from the protocol's."""

    def dose_of(self, exercise: Exercise, own: DoseChange) -> Dose:
        """Return the dose of an exercise in this phase.

        The exercise's own dose is changed by the phase's dose for all, then for its type, then by
        the row of the exercise. Sets and repetitions of a phase are meant for exercises that are
        counted in repetitions and leave holds and walks alone.

        Parameters
        ----------
        exercise
            The exercise of the library.
        own
            The change that its row in this phase asks for.
        """
        dose = exercise.dose
        counted = exercise.measurement.count_mode is CountMode.REPETITIONS
        for wanted in ("all", exercise.type):
            for row in self.doses:
                if row.type == wanted:
                    change = row.dose if counted else DoseChange(per_week=row.dose.per_week)
                    dose = change.applied_to(dose)
        return own.applied_to(dose)


@dataclass(frozen=True, slots=True)
class LevelScale:
    """What the level letters mean in one block: they differ between blocks."""

    block: str
    levels: tuple[tuple[str, str], ...]
    """(key, text), easiest first."""


@dataclass(frozen=True, slots=True)
class ProtocolParameter:
    """A number that the surgeon or the clinic sets for a patient."""

    key: str
    text: str
    unit: str
    default: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol with its phases in order."""

    slug: str
    name: str
    version: int
    as_of: date
    clock: Clock
    targets: tuple[str, ...]
    """Condition keys."""
    sources: tuple[str, ...]
    grade: str
    phases: tuple[Phase, ...]
    parameters: tuple[ProtocolParameter, ...] = ()
    level_scales: tuple[LevelScale, ...] = ()
    stop_rules: tuple[str, ...] = ()
    requires_clinician_approval: bool = True
    overridable: bool = True
    variant_of: str = ""
    """Slug of the packaged template that a clinic changes for a surgeon or itself."""
    surgeon: str = ""
    """Whose variant it is."""

    @property
    def shift_weeks(self) -> float:
        """By how much every phase comes later: the parameter of that name, else 0."""
        return next((p.default for p in self.parameters if p.key == "shift_weeks"), 0.0)

    def with_parameters(self, values: Mapping[str, float]) -> Protocol:
        """Return the protocol with numbers of the surgeon in place of its defaults.

        Parameters
        ----------
        values
            Numbers by the key of a parameter.

        Raises
        ------
        UsageError
            There is no such parameter, or the number leaves its range.
        """
        known = {p.key: p for p in self.parameters}
        for key, value in values.items():
            row = known.get(key)
            if row is None:
                near = suggestion(key, list(known))
                raise UsageError(
                    f"protocol {self.slug!r} has no parameter {key!r}"
                    + (f" ({near})" if near else ""),
                    f"Show it with `rehabctl protocol show {self.slug} --format json`",
                )
            if not row.minimum <= value <= row.maximum:
                raise UsageError(
                    f"{key} is {value:g}", f"Choose a value from {row.minimum:g} to {row.maximum:g}"
                )
            known[key] = replace(row, default=value)
        return replace(self, parameters=tuple(known.values()))

    def phase(self, key: str) -> Phase:
        """Return one phase.

        Parameters
        ----------
        key
            The phase's key.

        Raises
        ------
        NotFoundError
            The protocol has no such phase.
        """
        for phase in self.phases:
            if phase.key == key:
                return phase
        near = suggestion(key, [phase.key for phase in self.phases])
        raise NotFoundError(
            f"protocol {self.slug!r} has no phase {key!r}" + (f" ({near})" if near else ""),
            f"Show it with `rehabctl protocol show {self.slug}`",
        )

    def exercises_of(self, key: str) -> tuple[PhaseExercise, ...]:
        """Return the exercises of a phase with those it continues, in the order they were added.

        Parameters
        ----------
        key
            The phase's key.
        """
        wanted = self.phase(key)
        rows: dict[str, PhaseExercise] = {}
        for phase in self.phases:
            if not phase.continues:
                rows = {}
            rows |= {row.slug: row for row in phase.exercises}
            if phase is wanted:
                break
        return tuple(rows.values())

    def next_phase(self, key: str) -> Phase | None:
        """Return the phase after one, or None after the last.

        Parameters
        ----------
        key
            The phase's key.
        """
        following = self.phases.index(self.phase(key)) + 1
        return self.phases[following] if following < len(self.phases) else None
