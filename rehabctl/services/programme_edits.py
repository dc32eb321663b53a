"""Changing a running programme: doses, days, notes, sides, exercises added and taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rehabctl.clinic.contraindications import Contraindication, blocked, contraindications
from rehabctl.clinic.protocol_plan import Override, PlannedExercise, check_dose, weekdays_of
from rehabctl.domain.errors import FindingsError, UsageError, suggestion
from rehabctl.domain.exercise import Dose, Exercise
from rehabctl.domain.patient import Patient, Side
from rehabctl.domain.programme import Prescription
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prescribing, programmes, triage
from rehabctl.services.access import Action, require
from rehabctl.services.library import open_library
from rehabctl.services.programmes import ProgrammeView

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Edit:
    """What a therapist changes; exercises are named by slug."""

    overrides: Mapping[str, Override] = field(default_factory=dict[str, Override])
    weekdays: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """ISO weekdays, from which the number of sessions a week follows."""
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    """An empty text takes the note away."""
    sides: Mapping[str, Side] = field(default_factory=dict[str, Side])
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    comment: str | None = None
    """Of the programme as a whole; an empty text takes it away."""

    @property
    def named(self) -> set[str]:
        """Exercises whose lines are changed."""
        return {*self.overrides, *self.weekdays, *self.notes, *self.sides}


@dataclass(frozen=True, slots=True)
class Edited:
    """The programme after a change, and what a clinician should know of what was added."""

    view: ProgrammeView
    warnings: tuple[Contraindication, ...]


def edit(
    store: Store,
    settings: Settings,
    rules: RuleTable,
    mrn: str,
    change: Edit,
    *,
    expect_revision: int | None = None,
    dry_run: bool = False,
) -> Edited:
    """Change the running programme from today on; what was done before keeps its own line.

    Parameters
    ----------
    store
        The open store.
    settings
        Name the clinic's own exercises.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    change
        What is changed.
    expect_revision
        The revision that the caller has seen.
    dry_run
        Show what would be stored and store nothing.

    Raises
    ------
    UsageError
        An exercise is not in the programme, stands in it already, or a number leaves its limits.
    FindingsError
        An added exercise may not be assigned to this patient, or the revision differs.
    """
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        programme = programmes.running(uow, patient, expect_revision)
        before = programmes.view_of(uow, patient, programme)
        _check_names(before, change)
        added, exercises, warnings = _added(uow, settings, patient, before, change)
        lines = _changed(uow, before, [*programme.prescriptions, *added], exercises, change)
        revised = replace(programme, prescriptions=tuple(lines))
        if change.comment is not None:
            revised = replace(revised, notes=change.comment or None)
        if revised == programme:
            raise UsageError("nothing was changed", "Name a change, such as --set SLUG.reps=8")
        revised = uow.programmes.revise(revised)
        if not any(line.ended_on is None for line in revised.prescriptions):
            raise UsageError("no exercise would be left", "Hold the programme instead")
        programmes.reschedule(uow, revised, before.today, before.due_on)
        uow.audit.record("program.edit", "program", revised.id, {"revision": revised.revision})
        triage.refresh(uow, [patient.ref], rules)
        return Edited(programmes.view_of(uow, patient, revised), warnings)


def _check_names(before: ProgrammeView, change: Edit) -> None:
    present = [line.exercise_slug for line in before.lines]
    for slug in sorted((change.named - set(change.add)) | set(change.remove)):
        if slug not in present:
            near = suggestion(slug, present)
            raise UsageError(
                f"the programme has no exercise {slug!r}" + (f" ({near})" if near else ""),
                "Look at it: rehabctl program show",
            )
    for slug in change.add:
        if slug in present:
            raise UsageError(f"{slug!r} is in the programme already", "Change it with --set")
    if both := set(change.remove) & (change.named | set(change.add)):
        raise UsageError(f"{min(both)!r} is removed and changed at once", "Do one of them")


def _added(
    uow: UnitOfWork,
    settings: Settings,
    patient: Patient,
    before: ProgrammeView,
    change: Edit,
) -> tuple[list[Prescription], Mapping[str, Exercise], tuple[Contraindication, ...]]:
    """Return new lines at the end of the programme, with the library's dose."""
    library, vocabulary = open_library(settings), load_vocabulary()
    episode = uow.episodes.active(patient.id)
    weeks = None if episode is None else episode.weeks_post_op(before.today)
    flags = prescribing.flags_of(uow, patient)
    position = max((p.position for p in before.programme.prescriptions), default=0)
    start = max(before.today, before.programme.started_on)
    lines: list[Prescription] = []
    exercises = dict(before.exercises)
    warnings: list[Contraindication] = []
    for number, slug in enumerate(dict.fromkeys(change.add), start=1):
        exercise = library.get(slug)
        hits = contraindications(exercise, flags, weeks, vocabulary.tags)
        if blocked(hits):
            raise FindingsError(
                f"{slug} is not assigned: {hits[0].text.rstrip('.')}", "Choose another one"
            )
        if settings.approved_only and not exercise.approved:
            raise FindingsError(
                f"{slug} is not approved, and this clinic assigns approved exercises only",
                "Choose another one, or change unapproved_exercises in config.toml",
            )
        warnings += hits
        exercises[slug] = exercise
        line = planned_as_is(exercise)
        side = None if episode is None else episode.side
        lines.append(prescribing.prescription(uow, line, exercise, position + number, side, start))
    return lines, exercises, tuple(warnings)


def planned_as_is(exercise: Exercise) -> PlannedExercise:
    """Return an exercise as it is prescribed outside a protocol, with its own dose."""
    return PlannedExercise(
        slug=exercise.slug,
        name=exercise.name,
        exercise_version=exercise.version,
        dose=exercise.dose,
        target_deg=exercise.measurement.target_deg,
        note="",
        only_if="",
        block="",
        level="",
        approved=exercise.approved,
        contraindications=(),
        selected=True,
    )


def _changed(
    uow: UnitOfWork,
    before: ProgrammeView,
    lines: Iterable[Prescription],
    exercises: Mapping[str, Exercise],
    change: Edit,
) -> list[Prescription]:
    changed: list[Prescription] = []
    for line in lines:
        slug = line.exercise_slug
        if line.ended_on is not None or slug not in change.named | set(change.remove):
            changed.append(line)
        elif slug in change.remove:
            changed.append(ended(line, before.today))
        else:
            new = _changed_line(line, exercises[slug], change)
            changed += succeeded(uow, line, new, before.today)
    return changed


def _changed_line(line: Prescription, exercise: Exercise, change: Edit) -> Prescription:
    slug = line.exercise_slug
    override = change.overrides.get(slug, Override())
    days = change.weekdays.get(slug)
    if days is not None and override.dose.per_week not in (None, len(days)):
        raise UsageError(f"{slug}: per_week and --days disagree", "Give one of them")
    dose = override.dose.applied_to(dose_of(line))
    if days is not None:
        dose = replace(dose, per_week=len(days))
    elif dose.per_week != line.per_week:
        days = weekdays_of(dose.per_week)
    target = line.target_deg if override.target_deg is None else override.target_deg
    check_dose(exercise, dose, override.target_deg, load_vocabulary())
    return with_dose(
        replace(
            line,
            weekdays=line.weekdays if days is None else days,
            target_deg=target,
            side=change.sides.get(slug, line.side),
            notes=(change.notes.get(slug, line.notes or "") or None),
        ),
        dose,
    )


def dose_of(line: Prescription) -> Dose:
    """Return the dose of a prescription."""
    return Dose(line.sets, line.reps, line.hold_s, line.rest_s, line.per_week)


def with_dose(line: Prescription, dose: Dose) -> Prescription:
    """Return a prescription with another dose."""
    values: dict[str, Any] = {
        name: getattr(dose, name) for name in ("sets", "reps", "hold_s", "rest_s", "per_week")
    }
    return replace(line, **values)


def ended(line: Prescription, today: date) -> Prescription:
    """Return a prescription that ended yesterday, or today when it began today."""
    last = today - timedelta(days=1)
    return replace(line, ended_on=max(last, line.started_on or last))


def succeeded(
    uow: UnitOfWork, line: Prescription, new: Prescription, today: date
) -> tuple[Prescription, ...]:
    """Return a line and the one that follows it; a line that began today is changed in place."""
    if new == line:
        return (line,)
    if line.started_on is not None and line.started_on >= today:
        return (new,)
    return ended(line, today), replace(new, id=uow.new_id(), started_on=today)
