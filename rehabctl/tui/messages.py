"""Messages between workers, widgets and screens. Workers only post these; screens own the state."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.film import Picture
from rehabctl.domain.patient_detail import PatientDetail
from rehabctl.domain.prom import Instrument, PromResult
from rehabctl.domain.review import RepetitionLabel, ReviewData
from rehabctl.domain.triage import WorklistPage
from rehabctl.domain.week_plan import PhaseChoice, PlanLine, WeekPlan
from rehabctl.tui.worklist_pages import PageRequest, WorklistPages, WorklistQuery


@dataclass(frozen=True, slots=True)
class AlertChoice:
    """The alerts that an action is about."""

    ids: tuple[str, ...]
    lines: tuple[str, ...]
    """Each with its evidence, for the dialog."""
    who: str
    """For example `2 alerts of 1 patient`."""


@dataclass
class ListLoaded(Message):
    """The worklist was read anew."""

    query: WorklistQuery
    pages: WorklistPages
    place: int | None
    """Position of the patient that was under the cursor, if she was found."""
    follow: str | None
    """Her record number, if one was to be followed."""


@dataclass
class PageLoaded(Message):
    """One more page of the list came."""

    pages: WorklistPages
    """The list that asked for it; a newer list ignores it."""
    request: PageRequest
    page: WorklistPage


@dataclass
class PatientLoaded(Message):
    """A patient was read."""

    detail: PatientDetail


@dataclass
class AlertsGathered(Message):
    """The patients whose alerts an action is about were read."""

    details: tuple[PatientDetail, ...]
    action: str
    """acknowledge, snooze, assign or review."""


@dataclass
class ReviewLoaded(Message):
    """A recording was read."""

    review: ReviewData


@dataclass
class RepetitionLabelled(Message):
    """A label is stored."""

    assessment_id: str
    repetition: int
    label: RepetitionLabel


@dataclass
class FrameRead(Message):
    """A frame of the film came."""

    assessment_id: str
    frame_index: int
    picture: Picture


@dataclass
class FilmOpened(Message):
    """The film was opened outside."""


@dataclass
class ReviewDecided(Message):
    """A decision about a recording is stored."""

    assessment_id: str


@dataclass
class AlertsLoaded(Message):
    """The evidence of a patient's alerts was read."""

    mrn: str
    alerts: tuple[AlertEvidence, ...]


@dataclass
class ColleaguesLoaded(Message):
    """Those to whom alerts can be given were read."""

    logins: tuple[str, ...]
    chosen: AlertChoice


@dataclass
class Undone(Message):
    """An action was taken back."""

    text: str


@dataclass
class ExercisesFound(Message):
    """The library was searched."""

    text: str
    exercises: tuple[Exercise, ...]


@dataclass
class PlanLoaded(Message):
    """A plan was read, or made from a protocol."""

    plan: WeekPlan
    keep_draft: bool
    """A draft that was kept is shown in its place."""
    is_edit: bool = False
    """It is a change of the plan in view, not what is stored."""


@dataclass
class LineChecked(Message):
    """An exercise was checked against the patient's record."""

    line: PlanLine


@dataclass
class PhasesLoaded(Message):
    """The phases that can be assigned were read."""

    phases: tuple[PhaseChoice, ...]


@dataclass
class PlanSaved(Message):
    """A plan became the programme."""

    before: WeekPlan
    after: WeekPlan


@dataclass
class InstrumentsLoaded(Message):
    """The questionnaires were read."""

    instruments: tuple[Instrument, ...]


@dataclass
class FormScored(Message):
    """The answers typed so far were scored."""

    result: PromResult


@dataclass
class FormRecorded(Message):
    """A questionnaire is stored."""

    result: PromResult


@dataclass
class WorkFailed(Message):
    """The port refused or could not be reached."""

    what: str
    next_step: str
    is_offline: bool


@dataclass
class ActionDone(Message):
    """The work of a dialog succeeded."""


@dataclass
class CommandFinished(Message):
    """A command line ended."""

    output: str
    exit_code: int
