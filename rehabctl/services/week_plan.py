"""A patient's week of exercises: read, built from the library or a protocol, and saved.

The therapist edits a copy. Saving writes it in one transaction and refuses to overwrite what
somebody else changed since it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.contraindications import contraindications
from rehabctl.clinic.protocol_plan import PlannedExercise, check_dose, plan_phase, weekdays_of
from rehabctl.domain.errors import UsageError
from rehabctl.domain.exercise import Dose, Exercise
from rehabctl.domain.patient import Patient, Side
from rehabctl.domain.programme import Prescription, Programme
from rehabctl.domain.protocol import Phase, Protocol
from rehabctl.domain.week_plan import PhaseChoice, PlanLine, PlanWarning, WeekPlan
from rehabctl.reference.exercise_content import exercise_content
from rehabctl.reference.exercise_search import ExerciseQuery
from rehabctl.reference.exercise_vocabulary import Effect, load_vocabulary
from rehabctl.reference.protocol_content import protocol_content
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.prescribing import SCHEDULE_WEEKS, due_days, flags_of
from rehabctl.services.programme_edits import ended, succeeded, with_dose
from rehabctl.store.errors import ConflictError

if TYPE_CHECKING:
    from rehabctl.reference.exercise_library import ExerciseLibrary
    from rehabctl.reference.protocol_library import ProtocolLibrary
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class _Case:
    """What exercises are checked against."""

    flags: tuple[str, ...]
    weeks_post_op: int | None
    side: Side | None
    condition: str | None


@dataclass(frozen=True)
class WeekPlans:
    """Reads and writes week plans. Every method may be called from any thread."""

    store: Store
    library: ExerciseLibrary
    protocols: ProtocolLibrary
    rules: RuleTable

    def read(self, mrn: str) -> WeekPlan:
        """Return the running programme of a patient as a plan; without one it has no lines.

        Parameters
        ----------
        mrn
            Record number.
        """
        with self.store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            patient = uow.patients.get(mrn)
            uow.audit.record("program.read", "patient", patient.id)
            return self._read(uow, patient)

    def search(self, text: str, limit: int) -> list[Exercise]:
        """Return exercises of the library, best match first; no text lists them by slug.

        Parameters
        ----------
        text
            Words or beginnings of words.
        limit
            How many at most.
        """
        found = self.library.search(ExerciseQuery(text=text)) if text else self.library.all()
        return list(found[:limit])

    def line(self, mrn: str, slug: str) -> PlanLine:
        """Return a new line with the exercise's own dose, checked against the patient's record.

        Parameters
        ----------
        mrn
            Record number.
        slug
            Of the exercise.
        """
        with self.store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            patient = uow.patients.get(mrn)
            uow.audit.record("program.read", "patient", patient.id)
            case = _case(uow, patient)
        exercise = self.library.get(slug)
        return PlanLine(
            slug=slug,
            name=exercise.name,
            version=exercise.version,
            dose=exercise.dose,
            weekdays=weekdays_of(exercise.dose.per_week),
            target_deg=exercise.measurement.target_deg,
            side=case.side,
            approved=exercise.approved,
            warnings=_warnings(exercise, case),
        )

    def phases(self, mrn: str) -> list[PhaseChoice]:
        """Return every phase that can be assigned; those for the patient's condition first.

        Of these, the phase of her week comes first. Weeks say nothing of other conditions.

        Parameters
        ----------
        mrn
            Record number.
        """
        with self.store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            patient = uow.patients.get(mrn)
            uow.audit.record("program.read", "patient", patient.id)
            case = _case(uow, patient)
        condition, weeks = case.condition, case.weeks_post_op
        nearest = sorted(self.protocols.all(), key=lambda p: condition not in p.targets)
        choices = [
            PhaseChoice(
                p.slug,
                phase.key,
                f"{p.name}: {phase.name}",
                (condition is None or condition in p.targets) and _is_due(phase, weeks),
            )
            for p in nearest
            for phase in p.phases
        ]
        return sorted(choices, key=lambda choice: not choice.is_due)

    def with_phase(self, plan: WeekPlan, choice: PhaseChoice) -> WeekPlan:
        """Return a plan whose lines are those of a protocol's phase.

        Exercises that are blocked, or that wait for a clinician to confirm a condition, are in it
        with their warning, so that the therapist decides about each.

        Parameters
        ----------
        plan
            The plan whose lines are replaced.
        choice
            The phase.
        """
        protocol = self.protocols.get(choice.protocol)
        with self.store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            patient = uow.patients.get(plan.mrn)
            uow.audit.record("program.read", "patient", patient.id)
            case = _case(uow, patient)
        exercises = {
            row.slug: self.library.get(row.slug) for row in protocol.exercises_of(choice.phase)
        }
        planned = plan_phase(
            protocol,
            choice.phase,
            exercises,
            load_vocabulary(),
            flags=case.flags,
            weeks_post_op=case.weeks_post_op,
        )
        lines = tuple(_planned_line(row, case) for row in planned)
        return replace(plan, lines=lines, protocol=choice.protocol, phase=choice.phase)

    def save(self, plan: WeekPlan) -> WeekPlan:
        """Make a plan the patient's programme from today on, and return it as it stands then.

        Parameters
        ----------
        plan
            What the therapist built.

        Raises
        ------
        UsageError
            A line is blocked, a dose leaves its limits, or the plan is empty.
        ConflictError
            The programme was changed, ended or begun by somebody else since it was read.
        """
        with self.store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            patient = uow.patients.get(plan.mrn)
            running = uow.programmes.active(patient.id)
            if _identity(running) != (plan.programme_id, plan.revision):
                raise ConflictError(
                    "the programme was changed by somebody else", "Read it again, then repeat"
                )
            case, today = _case(uow, patient), _today(uow)
            self._check(plan, case)
            programme = self._written(uow, patient, running, plan, today)
            end = today + timedelta(weeks=SCHEDULE_WEEKS)
            uow.programmes.set_schedule(programme, today, due_days(programme, today, end))
            triage.refresh(uow, [patient.ref], self.rules)
            uow.audit.record("program.edit", "program", programme.id, {"lines": len(plan.lines)})
            return self._read(uow, patient)

    # -- inside a transaction ------------------------------------------------------------------

    def _read(self, uow: UnitOfWork, patient: Patient) -> WeekPlan:
        running, case = uow.programmes.active(patient.id), _case(uow, patient)
        programme_id, revision = _identity(running)
        standing = [] if running is None else _standing(running)
        return WeekPlan(
            mrn=patient.mrn,
            name=patient.demographics.display_name,
            lines=tuple(self._line_of(p, case) for p in standing),
            today=_today(uow),
            programme_id=programme_id,
            revision=revision,
            flags=case.flags,
        )

    def _line_of(self, row: Prescription, case: _Case) -> PlanLine:
        exercise = self.library.find(row.exercise_slug)
        return PlanLine(
            slug=row.exercise_slug,
            name=row.exercise_name,
            version=row.exercise_version,
            dose=Dose(row.sets, row.reps, row.hold_s, row.rest_s, row.per_week),
            weekdays=row.weekdays,
            target_deg=row.target_deg,
            side=row.side,
            approved=exercise is not None and exercise.approved,
            warnings=() if exercise is None else _warnings(exercise, case),
            prescription_id=row.id,
            notes=row.notes,
        )

    def _written(
        self,
        uow: UnitOfWork,
        patient: Patient,
        running: Programme | None,
        plan: WeekPlan,
        today: date,
    ) -> Programme:
        """Write a revision; another protocol, or no programme yet, begins a new one."""
        if running is not None and plan.protocol is None:
            return uow.programmes.revise(
                replace(running, prescriptions=tuple(self._revised(uow, running, plan, today)))
            )
        if running is not None:
            uow.programmes.end(running, today - timedelta(days=1))
        episode = uow.episodes.active(patient.id)
        protocol = None if plan.protocol is None else self.protocols.get(plan.protocol)
        programme = Programme(
            id=uow.new_id(),
            patient=patient.ref,
            started_on=today,
            episode_id=None if episode is None else episode.id,
            protocol_id=None if protocol is None else self._pinned(uow, protocol),
            phase=None if protocol is None else _phase_number(protocol, plan.phase),
            prescriptions=tuple(
                self._begun(uow, line, place, today)
                for place, line in enumerate(plan.lines, start=1)
            ),
        )
        uow.programmes.add(programme)
        return programme

    def _pinned(self, uow: UnitOfWork, protocol: Protocol) -> UUID:
        content = protocol_content(protocol)
        return uow.library.pin_protocol(protocol.slug, protocol.version, protocol.name, content).id

    def _revised(
        self, uow: UnitOfWork, running: Programme, plan: WeekPlan, today: date
    ) -> Iterator[Prescription]:
        """Yield the lines of the plan, and those that are not in it any more with their end."""
        known = {line.id: line for line in running.prescriptions}
        kept: set[UUID] = set()
        for place, line in enumerate(plan.lines, start=1):
            before = known.get(line.prescription_id) if line.prescription_id else None
            if before is not None:  # one that was taken out and put back goes on
                kept.add(before.id)
                moved = replace(before, position=place, ended_on=None)
                yield from succeeded(uow, moved, _with_line(moved, line), today)
            else:
                yield self._begun(uow, line, place, today)
        for line in _standing(running):
            if line.id not in kept:
                yield ended(line, today)

    def _begun(self, uow: UnitOfWork, line: PlanLine, position: int, today: date) -> Prescription:
        """Return a new line, pinned to the version that the library has now."""
        exercise = self.library.get(line.slug)
        pinned = uow.library.pin_exercise(
            line.slug, exercise.version, exercise.name, exercise_content(exercise)
        )
        return Prescription(
            id=uow.new_id(),
            exercise_id=pinned.id,
            exercise_slug=line.slug,
            exercise_version=exercise.version,
            exercise_name=exercise.name,
            position=position,
            sets=line.dose.sets,
            reps=line.dose.reps,
            hold_s=line.dose.hold_s,
            rest_s=line.dose.rest_s,
            per_week=line.dose.per_week,
            weekdays=line.weekdays,
            side=line.side,
            target_deg=line.target_deg,
            started_on=today,
            notes=line.notes,
        )

    def _check(self, plan: WeekPlan, case: _Case) -> None:
        if not plan.lines:
            raise UsageError("the plan has no exercise", "Add one, or hold the programme instead")
        vocabulary = load_vocabulary()
        for line in plan.lines:
            exercise = self.library.get(line.slug)
            target = None if line.target_deg == exercise.measurement.target_deg else line.target_deg
            check_dose(exercise, line.dose, target, vocabulary)
            if any(warning.blocks for warning in _warnings(exercise, case)):
                raise UsageError(
                    f"{line.slug} is blocked by what is on record", "Take it out of the plan"
                )


def _identity(running: Programme | None) -> tuple[UUID | None, int | None]:
    return (None, None) if running is None else (running.id, running.revision)


def _with_line(before: Prescription, line: PlanLine) -> Prescription:
    """Return a prescription as the plan has it; it stays pinned to its version of the exercise."""
    changed = replace(
        before,
        weekdays=line.weekdays,
        side=line.side,
        target_deg=line.target_deg,
        notes=line.notes,
    )
    return with_dose(changed, line.dose)


def _standing(programme: Programme) -> list[Prescription]:
    return [line for line in programme.prescriptions if line.ended_on is None]


def _today(uow: UnitOfWork) -> date:
    return uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()


def _case(uow: UnitOfWork, patient: Patient) -> _Case:
    episode = uow.episodes.active(patient.id)
    flags = tuple(flags_of(uow, patient))
    if episode is None:
        return _Case(flags, None, None, None)
    return _Case(flags, episode.weeks_post_op(_today(uow)), episode.side, episode.condition)


def _warnings(exercise: Exercise, case: _Case) -> tuple[PlanWarning, ...]:
    hits = contraindications(exercise, case.flags, case.weeks_post_op, load_vocabulary().tags)
    return tuple(PlanWarning(hit.effect is Effect.BLOCK, hit.text) for hit in hits)


def _planned_line(row: PlannedExercise, case: _Case) -> PlanLine:
    warnings = [PlanWarning(h.effect is Effect.BLOCK, h.text) for h in row.contraindications]
    if row.only_if:
        warnings.append(PlanWarning(False, f"Confirm before you keep it: {row.only_if}"))
    return PlanLine(
        slug=row.slug,
        name=row.name,
        version=row.exercise_version,
        dose=row.dose,
        weekdays=weekdays_of(row.dose.per_week),
        target_deg=row.target_deg,
        side=case.side,
        approved=row.approved,
        warnings=tuple(warnings),
        notes=row.note or None,
    )


def _is_due(phase: Phase, weeks: int | None) -> bool:
    if weeks is None or phase.from_week is None:
        return False
    return phase.from_week <= weeks and (phase.to_week is None or weeks < phase.to_week)


def _phase_number(protocol: Protocol, key: str | None) -> int | None:
    return next((n for n, phase in enumerate(protocol.phases, start=1) if phase.key == key), None)
