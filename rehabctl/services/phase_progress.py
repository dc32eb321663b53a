"""The next phase of a protocol: a suggestion with its evidence, for a clinician to accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic.gate_evaluation import Answer, GateResult, GateState, evaluate
from rehabctl.clinic.gate_facts import gate_facts
from rehabctl.clinic.gates import parse_gate
from rehabctl.clinic.phase_change import LineChange, Planned, phase_changes
from rehabctl.clinic.proms import norm_for
from rehabctl.clinic.protocol_plan import PlannedExercise, plan_phase
from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError, suggestion
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.patient import Patient
from rehabctl.domain.programme import GateAnswer, Prescription, ProgrammeStatus
from rehabctl.domain.protocol import Clock, Phase, Protocol
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.instruments import load_instrument
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prescribing, programmes, triage
from rehabctl.services.access import Action, require
from rehabctl.services.library import open_library, open_protocols
from rehabctl.services.programme_edits import ended, succeeded
from rehabctl.services.programmes import ProgrammeView

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

ADVANCE = "advance"
"""The condition under which the decision about a phase itself is kept."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a clinician answered, with her login."""

    answer: GateAnswer
    by: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a programme stands in its protocol, and what the next phase would change."""

    view: ProgrammeView
    protocol: Protocol
    phase: Phase
    following: Phase | None
    """The phase after it; None in the last one."""
    weeks: float | None
    """Weeks on the protocol's clock."""
    result: GateResult | None
    """The gate judged; None in a last phase without one."""
    changes: tuple[LineChange, ...]
    answers: tuple[KeptAnswer, ...]
    """Every answer to this phase's gate, oldest first."""
    library_version: int | None
    """Of the protocol in the library; a programme keeps the one it was assigned with."""

    @property
    def state(self) -> GateState:
        """met, not_met or ask; a phase without a gate asks the clinician."""
        return GateState.ASK if self.result is None else self.result.state


def progress(store: Store, settings: Settings, mrn: str) -> Progress:
    """Judge the gate of a patient's phase, and plan the next one. Nothing is changed.

    Parameters
    ----------
    store
        The open store.
    settings
        Name the clinic's own exercises and protocols.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        No programme is running.
    FindingsError
        The programme follows no protocol.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = _progress(uow, settings, patient)
        uow.audit.record("program.progress", "program", found.view.programme.id)
        return found


def answer(
    store: Store, settings: Settings, mrn: str, condition: str, *, met: bool, note: str | None
) -> Progress:
    """Keep a clinician's answer to a condition that no instrument decides.

    Parameters
    ----------
    store
        The open store.
    settings
        Name the clinic's own exercises and protocols.
    mrn
        Record number.
    condition
        Its text, or its number in the gate, from 1.
    met
        What the clinician says.
    note
        What she saw.

    Raises
    ------
    UsageError
        The gate has no such condition.
    FindingsError
        A measured value decides it; an answer never overrules one.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        found = _progress(uow, settings, patient)
        rows = () if found.result is None else found.result.predicates
        texts = [row.text for row in rows]
        if condition.isdecimal() and 1 <= int(condition) <= len(rows):
            condition = texts[int(condition) - 1]
        if condition not in texts:
            near = suggestion(condition, texts)
            raise UsageError(
                "the gate has no such condition" + (f" ({near})" if near else ""),
                "See them with their numbers: rehabctl program gate show",
            )
        row = rows[texts.index(condition)]
        if row.state is not GateState.ASK and row.source != "clinician":
            raise FindingsError(
                "a measured value decides this condition", "Measure again, if it is outdated"
            )
        _keep(uow, found, condition, met=met, note=note)
        uow.audit.record("program.gate_answer", "program", found.view.programme.id)
        return _progress(uow, settings, patient)


def accept(
    store: Store,
    settings: Settings,
    rules: RuleTable,
    mrn: str,
    *,
    reason: str | None = None,
    expect_revision: int | None = None,
    dry_run: bool = False,
) -> Progress:
    """Move a programme into the next phase, from today on.

    Parameters
    ----------
    store
        The open store.
    settings
        Name the clinic's own exercises and protocols.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    reason
        Why, where the gate is not met; kept with who decided and when.
    expect_revision
        The revision that the caller has seen.
    dry_run
        Show what would be stored and store nothing.

    Raises
    ------
    FindingsError
        It is the last phase, the programme is held, or the gate is not met and no reason is given.
    """
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        programmes.running(uow, patient, expect_revision)
        found = _progress(uow, settings, patient)
        if found.following is None:
            raise FindingsError("this is the last phase", "Edit the programme, or assign another")
        if found.view.programme.status is ProgrammeStatus.HELD:
            raise FindingsError("the programme is held", "Resume it first: rehabctl program resume")
        if found.state is not GateState.MET and not reason:
            raise FindingsError(
                "the gate of this phase is not met",
                "Answer its questions (rehabctl program gate show), or decide with --reason",
            )
        _keep(uow, found, ADVANCE, met=True, note=reason)
        _move(uow, settings, patient, found)
        uow.audit.record(
            "program.advance",
            "program",
            found.view.programme.id,
            {"phase": found.following.key, "gate": found.state.value},
        )
        triage.refresh(uow, [patient.ref], rules)
        return found


def _progress(uow: UnitOfWork, settings: Settings, patient: Patient) -> Progress:
    view = programmes.view_of(uow, patient, programmes.running(uow, patient))
    protocol, phase = view.protocol, view.phase
    if protocol is None or phase is None:
        raise FindingsError("the programme follows no protocol", "Change it: rehabctl program edit")
    following = protocol.next_phase(phase.key)
    weeks = _weeks(uow, patient, view, protocol)
    kept = _kept(uow, view, phase)
    result = None
    if phase.gate:
        facts = gate_facts(
            uow.facts.of_patient(patient.id),
            view.today,
            weeks=weeks,
            since=view.programme.started_on,
            norms=_norms(patient, view.today),
            answers=_answers(uow, kept),
        )
        result = evaluate(parse_gate(phase.gate), facts)
    changes: tuple[LineChange, ...] = ()
    if following is not None:
        changes = phase_changes(view.lines, *_plans(uow, settings, patient, view, following))
    latest = open_protocols(settings).protocols.get(protocol.slug)
    return Progress(
        view=view,
        protocol=protocol,
        phase=phase,
        following=following,
        weeks=weeks,
        result=result,
        changes=changes,
        answers=kept,
        library_version=None if latest is None else latest.version,
    )


def _weeks(
    uow: UnitOfWork, patient: Patient, view: ProgrammeView, protocol: Protocol
) -> float | None:
    start: date | None = view.programme.started_on
    if protocol.clock is Clock.SURGERY:
        episode = uow.episodes.active(patient.id)
        start = None if episode is None else episode.surgery_date
    if start is None:
        return None
    return (view.today - start).days / 7 - protocol.shift_weeks


def _norms(patient: Patient, today: date) -> Mapping[str, float]:
    born = patient.demographics.birth_date
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    norm = norm_for(load_instrument("chair-stand-30s"), age, patient.demographics.sex.value)
    return {} if norm is None else {"30CST": norm.below}


def _kept(uow: UnitOfWork, view: ProgrammeView, phase: Phase) -> tuple[KeptAnswer, ...]:
    rows = [a for a in uow.programmes.gate_answers(view.programme.id) if a.phase == phase.key]
    logins = {u.id: u.login for u in uow.clinics.users(uow.clinic.id)} if rows else {}
    return tuple(KeptAnswer(row, logins.get(row.answered_by, "a former user")) for row in rows)


def _answers(uow: UnitOfWork, kept: tuple[KeptAnswer, ...]) -> dict[str, Answer]:
    zone = ZoneInfo(uow.clinic.time_zone)
    return {
        row.answer.predicate: Answer(
            row.answer.met, row.by, row.answer.answered_at.astimezone(zone).date()
        )
        for row in kept
    }


def _keep(uow: UnitOfWork, found: Progress, condition: str, *, met: bool, note: str | None) -> None:
    uow.programmes.add_gate_answer(
        found.view.programme,
        GateAnswer(found.phase.key, condition, met, uow.user.id, uow.now, note or None),
    )


def _plans(
    uow: UnitOfWork, settings: Settings, patient: Patient, view: ProgrammeView, following: Phase
) -> tuple[Planned, Planned]:
    """Return what this phase and the next one prescribe to this patient, by slug."""
    protocol, phase = view.protocol, view.phase
    if protocol is None or phase is None:
        raise RehabctlError("the programme follows no protocol", "Edit the programme")
    library = open_library(settings)
    slugs = {row.slug for key in (phase.key, following.key) for row in protocol.exercises_of(key)}
    exercises: dict[str, Exercise] = {
        slug: view.exercises.get(slug) or library.get(slug) for slug in sorted(slugs)
    }
    episode = uow.episodes.active(patient.id)
    flags = prescribing.flags_of(uow, patient)

    def planned(key: str, *, approved_only: bool) -> dict[str, PlannedExercise]:
        lines = plan_phase(
            protocol,
            key,
            exercises,
            load_vocabulary(),
            flags=flags,
            weeks_post_op=None if episode is None else episode.weeks_post_op(view.today),
            approved_only=approved_only,
        )
        return {line.slug: line for line in lines}

    now = planned(phase.key, approved_only=False)
    return now, planned(following.key, approved_only=settings.approved_only)


def _move(uow: UnitOfWork, settings: Settings, patient: Patient, found: Progress) -> None:
    view, following = found.view, found.following
    if following is None:
        return
    library, episode = open_library(settings), uow.episodes.active(patient.id)
    by_slug = {change.slug: change for change in found.changes}
    lines: list[Prescription] = []
    for line in view.programme.prescriptions:
        change = by_slug.get(line.exercise_slug)
        if line.ended_on is not None or change is None:
            lines.append(line)
        elif change.ends:
            lines.append(ended(line, view.today))
        else:
            lines += succeeded(uow, line, change.applied_to(line), view.today)
    position = max((line.position for line in lines), default=0)
    for change in found.changes:
        if change.added is not None:
            position += 1
            exercise = library.get(change.slug)
            side = None if episode is None else episode.side
            lines.append(
                prescribing.prescription(uow, change.added, exercise, position, side, view.today)
            )
    programme = replace(
        view.programme,
        phase=found.protocol.phases.index(following) + 1,
        prescriptions=tuple(lines),
    )
    revised = uow.programmes.revise(programme)
    first = max(view.today, revised.started_on)
    end = first + timedelta(weeks=prescribing.phase_weeks(following))
    uow.programmes.set_schedule(revised, first, prescribing.due_days(revised, first, end))
