"""Drafts of clinical notes: measured facts in a template; judgement is left to the clinician."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.units import count_units
from rehabctl.clinic.note_content import NoteFacts, fields_of
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.facts import PatientFacts, ScoreFact
from rehabctl.domain.note import ClinicalNote, NoteKind
from rehabctl.domain.patient import Patient
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.note_templates import NoteTemplate, fill, load_note_template
from rehabctl.reference.prom_followup import pathway_of
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prom_followup
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.notes import NoteView, view_of
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.plan_limits import authorisation_use, services_of
from rehabctl.services.plans_of_care import treatment_days
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

TEMPLATE_FOLDER = "note_templates"


def clinic_template(settings: Settings, kind: NoteKind) -> NoteTemplate:
    """Return the clinic's own template of a kind, if it has one, else the packaged one.

    Parameters
    ----------
    settings
        `note_templates/<kind>.md` in the home folder is the clinic's.
    kind
        Of the note.

    Raises
    ------
    UsageError
        The clinic's template names an unknown field, or lacks a needed section.
    """
    name = f"{TEMPLATE_FOLDER}/{kind.value}.md"
    path = settings.paths.home / TEMPLATE_FOLDER / f"{kind.value}.md"
    try:
        return load_note_template(kind, path.read_text("utf-8"), name)
    except FileNotFoundError:
        return load_note_template(kind)
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"cannot read {name}", "Correct or remove the file") from None


def draft_of_visit(
    store: Store, rules: RuleTable, template: NoteTemplate, visit_id: str
) -> NoteView:
    """Draft the note of a visit that was held; a draft that is there already is returned.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    template
        Checked before anything is read.
    visit_id
        Identifier.

    Raises
    ------
    UsageError
        The visit was not stopped.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        visit = uow.visits.get(identifier(visit_id, "a visit", "rehabctl visit list"))
        if visit.status is not VisitStatus.COMPLETED:
            raise UsageError(
                f"the visit is {visit.status.value.replace('_', ' ')}",
                "Stop it first: rehabctl visit stop ID",
            )
        known = [
            note
            for note in uow.documentation.notes(visit.patient.id)
            if note.visit_id == visit.id and note.kind is template.kind
        ]
        if known:
            return view_of(uow, known[-1])
        patient = uow.patients.by_id(visit.patient.id)
        episode = None if visit.episode_id is None else uow.episodes.get(visit.episode_id)
        return _draft(uow, rules, template, patient, episode, visit)


def draft_of_episode(store: Store, rules: RuleTable, template: NoteTemplate, mrn: str) -> NoteView:
    """Draft a progress report, discharge summary or request for the active course of care.

    Raises
    ------
    NotFoundError
        No course of care is active.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        episode = uow.episodes.active(patient.id)
        if episode is None:
            raise NotFoundError(
                "the patient has no active course of care", "Open one: rehabctl episode open MRN"
            )
        return _draft(uow, rules, template, patient, episode, None)


def _draft(
    uow: UnitOfWork,
    rules: RuleTable,
    template: NoteTemplate,
    patient: Patient,
    episode: Episode | None,
    visit: Visit | None,
) -> NoteView:
    known = _facts(uow, rules, template.kind, patient, episode, visit)
    note = ClinicalNote(
        id=uow.new_id(),
        patient=patient.ref,
        kind=template.kind,
        body=fill(template, fields_of(known)),
        opened_at=uow.now,
        author_id=uow.user.id,
        for_day=known.day,
        episode_id=None if episode is None else episode.id,
        visit_id=None if visit is None else visit.id,
        template=template.version,
    )
    uow.documentation.add_note(note)
    uow.audit.record("note.draft", "clinical_note", note.id, {"kind": note.kind.value})
    return view_of(uow, note)


def _facts(
    uow: UnitOfWork,
    rules: RuleTable,
    kind: NoteKind,
    patient: Patient,
    episode: Episode | None,
    visit: Visit | None,
) -> NoteFacts:
    zone, today = ZoneInfo(uow.clinic.time_zone), clinic_today(uow.clinic, uow.now)
    day = today
    if visit is not None and visit.started_at is not None:
        day = visit.started_at.astimezone(zone).date()
    facts = facts_of(uow, [patient.id])[patient.id]
    since = _period_start(uow, kind, patient, episode, visit, zone, day)
    view = PatientView.of(facts, uow.now, rules)
    done, scheduled = view.completion_between(since.toordinal(), day.toordinal())
    services = [] if visit is None else services_of(visit)
    counted = count_units(services, rule="cms", on=day) if services else None
    plans = () if episode is None else uow.documentation.plans(episode.id)
    held = _held(uow, patient, episode)
    days = [] if episode is None else treatment_days(uow, episode)
    reported = None if episode is None else episode.progress_report_on
    programme = uow.programmes.active(patient.id)
    return NoteFacts(
        facts=facts,
        day=day,
        since=since,
        visit=visit,
        visits_held=len(held),
        treatment_days=len({d for d in days if reported is None or d > reported}),
        goals=[
            goal
            for goal in uow.episodes.goals(patient.id)
            if episode is not None and goal.episode_id == episode.id
        ],
        plan=plans[-1] if plans else None,
        authorisations=(() if episode is None else authorisation_use(uow, episode.id, patient.id)),
        diagnosis=_diagnosis(episode),
        home_exercises=(
            ()
            if programme is None
            else [
                f"{line.exercise_name}: {line.sets} x {line.reps}, {line.per_week} a week"
                for line in programme.prescriptions
                if line.ended_on is None
            ]
        ),
        done=done,
        scheduled=scheduled,
        prom_changes=_prom_changes(facts, kind, since, zone),
        units={} if counted is None else {line.code: line.units for line in counted.lines},
        minutes={service.code: service.minutes for service in services},
        timed_minutes=0 if counted is None else counted.total_timed_minutes,
    )


def _diagnosis(episode: Episode | None) -> str:
    if episode is None:
        return ""
    return " ".join(part for part in (episode.diagnosis, episode.icd10) if part)


def _held(uow: UnitOfWork, patient: Patient, episode: Episode | None) -> list[Visit]:
    return [
        visit
        for visit in uow.visits.of_patient(patient.id)
        if visit.status is VisitStatus.COMPLETED
        and (episode is None or visit.episode_id == episode.id)
    ]


def _period_start(
    uow: UnitOfWork,
    kind: NoteKind,
    patient: Patient,
    episode: Episode | None,
    visit: Visit | None,
    zone: ZoneInfo,
    day: date,
) -> date:
    """Return the first day that a note reports on."""
    begun = day if episode is None else episode.started_on
    if kind is NoteKind.PROGRESS and episode is not None:
        return episode.progress_report_on or begun
    if kind is not NoteKind.DAILY or visit is None:
        return begun
    before = [
        other.started_at.astimezone(zone).date()
        for other in _held(uow, patient, episode)
        if other.id != visit.id
        and other.started_at is not None
        and other.planned_start_at < visit.planned_start_at
    ]
    return max(before, default=begun)


def _prom_changes(
    facts: PatientFacts, kind: NoteKind, since: date, zone: ZoneInfo
) -> dict[tuple[str, str], str]:
    """Return the rated change of each scale: since the period began, at discharge since the first.

    Scores of two sides or two scoring rules are never compared.
    """
    episode = facts.episode
    pathway = None if episode is None else pathway_of(episode.pathway, episode.condition)
    condition = "any" if pathway is None else pathway.change_condition
    series: dict[tuple[str, str], list[ScoreFact]] = {}
    for score in sorted(facts.scores, key=lambda s: (s.at, s.id)):
        series.setdefault((score.instrument, score.scale), []).append(score)
    found: dict[tuple[str, str], str] = {}
    for key, scores in series.items():
        last = scores[-1]
        alike = [
            s for s in scores[:-1] if (s.side, s.rule_version) == (last.side, last.rule_version)
        ]
        if not alike:
            continue
        early = [s for s in alike if s.at.astimezone(zone).date() <= since]
        first = alike[0] if kind is NoteKind.DISCHARGE or not early else early[-1]
        on = last.at.astimezone(zone).date()
        try:
            change = prom_followup.rate_change(
                last.instrument, first.score, last.score,
                scale=last.scale, condition=condition, on=on,
            )  # fmt: skip
        except NotFoundError:  # no threshold is known for these patients
            change = prom_followup.rate_change(
                last.instrument, first.score, last.score, scale=last.scale, on=on
            )
        found[key] = f"{first.score:g} on {first.at.astimezone(zone).date()}: {change.text}"
    return found
