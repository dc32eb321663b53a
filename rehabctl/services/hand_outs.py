"""Hand-outs of a programme: paper, calendar, and one page for the patient's own browser."""

from __future__ import annotations

from datetime import time
from itertools import zip_longest
from typing import TYPE_CHECKING

from rehabctl.analysis.joint_drawing import joint_drawing
from rehabctl.analysis.stick_figure import stick_figure
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.exercise import CountMode, Exercise
from rehabctl.domain.hand_out import HandOut, HandOutExercise, PatientTexts, StickFigure
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import Patient
from rehabctl.domain.programme import Prescription, ProgrammeStatus
from rehabctl.reference.patient_texts import (
    ENGLISH,
    exercise_in,
    languages,
    load_patient_texts,
)
from rehabctl.reference.pose_references import load_pose_reference
from rehabctl.services import programmes
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT, allowed_contact
from rehabctl.services.programmes import ProgrammeView

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


def hand_out(
    store: Store,
    mrn: str,
    kind: str,
    *,
    with_name: bool = False,
    to: str = PATIENT,
    language: str | None = None,
) -> HandOut:
    """Return the running programme as the patient takes it home, and record that it left.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    kind
        pdf, html or ics, for the audit log.
    with_name
        Whether the patient's name stands in it; without it nothing names her.
    to
        `patient`, or the identifier of a contact whom the patient allows hand-outs.
    language
        One of `languages()`; None takes the patient's own, or English where there are no words.

    Raises
    ------
    UsageError
        Nothing is written in the language.
    NotFoundError
        No programme is running, or the patient has no such contact.
    NotPermittedError
        The patient's consent for the contact does not cover it today.
    FindingsError
        The programme is held.
    """
    if language is not None and language not in languages():
        raise UsageError(
            f"hand-outs are not written in {language!r}", f"Choose one of: {', '.join(languages())}"
        )
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        view = programmes.view_of(uow, patient, programmes.running(uow, patient))
        if view.programme.status is ProgrammeStatus.HELD:
            raise FindingsError("the programme is held", "Resume it first: rehabctl program resume")
        if to != PATIENT:
            to = f"contact:{allowed_contact(uow, patient.ref, to, ContactScope.HAND_OUTS).id}"
        revision = view.programme.revision
        uow.audit.record(
            "program.hand_out",
            "program",
            view.programme.id,
            {"format": kind, "revision": revision, "named": with_name, "to": to},
        )
        return _hand_out(uow, patient, view, with_name=with_name, language=language)


def as_pdf(content: HandOut, *, compact: bool = False) -> bytes:
    """Return a hand-out for paper in large print.

    Parameters
    ----------
    content
        The programme.
    compact
        Several exercises on a page instead of one.
    """
    from rehabctl.integrations.hand_outs.pdf import write_pdf

    return write_pdf(content, compact=compact)


def as_calendar(content: HandOut, at: time, minutes: int, *, with_exercises: bool = False) -> bytes:
    """Return the days with a session as an iCalendar file.

    Parameters
    ----------
    content
        The programme.
    at
        When a session starts, in the patient's time zone.
    minutes
        How long it takes.
    with_exercises
        Whether the names of the exercises stand in it.
    """
    from rehabctl.integrations.hand_outs.calendar import write_calendar

    return write_calendar(content, at, minutes, with_exercises=with_exercises)


def as_page(content: HandOut) -> bytes:
    """Return one HTML file that leads through a session and saves it as `session log` reads it.

    Parameters
    ----------
    content
        The programme.
    """
    from rehabctl.integrations.hand_outs.page import write_page

    return write_page(content).encode()


def _hand_out(
    uow: UnitOfWork, patient: Patient, view: ProgrammeView, *, with_name: bool, language: str | None
) -> HandOut:
    who = patient.demographics
    texts = load_patient_texts(language or who.language)
    return HandOut(
        programme_id=view.programme.id,
        revision=view.programme.revision,
        title=texts.say("title"),
        clinic=uow.clinic.name,
        made_at=uow.now,
        made_by=uow.user.display_name,
        time_zone=who.time_zone or uow.clinic.time_zone,
        due_on=tuple(day for day in view.due_on if day >= view.today),
        exercises=tuple(
            _exercise(line, view.exercises[line.exercise_slug], texts) for line in view.lines
        ),
        texts=texts,
        patient=f"{who.given_name} {who.family_name}" if with_name else None,
        notes=view.programme.notes,
    )


def _exercise(line: Prescription, english: Exercise, texts: PatientTexts) -> HandOutExercise:
    translated = exercise_in(english, texts.language)
    exercise = translated or english
    by_time = exercise.measurement.count_mode in (CountMode.HOLD, CountMode.TIME)
    return HandOutExercise(
        slug=exercise.slug,
        name=exercise.name,
        approved=exercise.approved,
        sets=line.sets,
        reps=line.reps,
        hold_s=line.hold_s,
        rest_s=line.rest_s,
        weekdays=line.weekdays,
        per_week=line.per_week,
        side=None if line.side is None else line.side.value,
        by_time=by_time and line.hold_s > 0 and line.reps <= 1,
        steps=exercise.steps,
        cues=exercise.cues,
        common_errors=exercise.common_errors,
        precautions=exercise.precautions,
        equipment=tuple(
            texts.say("item_or", item=item, other=other) if other else item
            for item, other in zip_longest(
                exercise.equipment, exercise.substitutes[: len(exercise.equipment)]
            )
        ),
        note=line.notes,
        figure=figure_of(exercise),
        language=ENGLISH if translated is None else texts.language,
    )


def figure_of(exercise: Exercise) -> StickFigure | None:
    """Return the moving figure of an exercise: of its reference curves, else of its own data."""
    try:
        reference = load_pose_reference(exercise.slug)
    except NotFoundError:
        m = exercise.measurement
        return joint_drawing(
            exercise.position, m.motion, m.rest_deg, m.target_deg, m.reported_motions, m.view.value
        )
    return stick_figure(reference.view, {c.motion: c.mean_deg for c in reference.curves})
