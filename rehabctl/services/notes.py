"""Clinical notes: drafted from facts, finished by a clinician, signed once, added to later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.units import count_units
from rehabctl.clinic import note_check
from rehabctl.clinic.note_content import NoteFacts, fields_of
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.facts import PatientFacts, ScoreFact
from rehabctl.domain.licence import Profession
from rehabctl.domain.note import ClinicalNote, NoteKind, NoteStatus
from rehabctl.domain.patient import Patient
from rehabctl.domain.visit import Visit, VisitStatus
from rehabctl.reference.note_templates import NoteTemplate, fill, load_note_template
from rehabctl.reference.prom_followup import pathway_of
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prom_followup, triage
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.plan_limits import authorisation_use, services_of
from rehabctl.services.plans_of_care import treatment_days
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

TEMPLATE_FOLDER = "note_templates"
_THERAPIST_ONLY = (NoteKind.PROGRESS, NoteKind.DISCHARGE, NoteKind.AUTHORISATION)
"""What an assistant cannot write alone."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note with what was added to it, and whether its signature still fits."""

    note: ClinicalNote
    mrn: str
    addenda: tuple[ClinicalNote, ...]
    signature_valid: bool | None
    """None for a draft."""
    findings: tuple[note_check.NoteFinding, ...]
    """What keeps a draft from being signed."""

    @property
    def seconds_to_sign(self) -> int | None:
        """Time from the draft to the signature."""
        if self.note.signed_at is None:
            return None
        return int((self.note.signed_at - self.note.opened_at).total_seconds())


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


def edit(
    store: Store, note_id: str, text: str, *, section: str | None = None, whole: bool = False
) -> NoteView:
    """Write into a draft: one section, or the whole text.

    Parameters
    ----------
    store
        The open store.
    note_id
        Identifier.
    text
        The clinician's words.
    section
        Heading of the section.
    whole
        Replace everything.

    Raises
    ------
    FindingsError
        The note is signed.
    """
    if (section is None) == (not whole):
        raise UsageError("what to edit is not said", "Give --section, or --whole")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = _draft_of(uow, note_id)
        body = text if section is None else note_check.with_section(note.body, section, text)
        note = uow.documentation.revise_note(replace(note, body=body))
        uow.audit.record("note.edit", "clinical_note", note.id, {"section": section or "all"})
        return view_of(uow, note)


def _draft_of(uow: UnitOfWork, note_id: str) -> ClinicalNote:
    note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
    if note.status is NoteStatus.SIGNED:
        raise FindingsError(
            "the note is signed and stays as it is", "Add to it: rehabctl note addendum ID"
        )
    return note


def sign(store: Store, rules: RuleTable, note_id: str, credentials: str) -> NoteView:
    """Sign a draft: from then on it cannot be changed.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    note_id
        Identifier.
    credentials
        Of who signs, such as `PT, DPT`.

    Raises
    ------
    FindingsError
        It is signed already, or a content element is missing.
    NotPermittedError
        An assistant cannot sign a report alone.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = _draft_of(uow, note_id)
        if found := note_check.findings(note.kind, note.body):
            first = found[0]
            raise FindingsError(
                f"{first.code}: {first.section or 'note'}: {first.text}",
                f'Write it: rehabctl note edit ID --section "{first.section}" --text TEXT',
            )
        _require_therapist(uow, note.kind)
        note = _signed(uow, note, credentials)
        if note.kind is NoteKind.PROGRESS and note.episode_id is not None:
            episode = uow.episodes.get(note.episode_id)
            uow.episodes.update(replace(episode, progress_report_on=note.for_day))
            triage.refresh(uow, [note.patient], rules)
        return view_of(uow, note)


def _require_therapist(uow: UnitOfWork, kind: NoteKind) -> None:
    held = uow.licences.of([uow.user.id])[uow.user.id]
    if kind in _THERAPIST_ONLY and held and all(h.profession is Profession.PTA for h in held):
        raise NotPermittedError(
            "an assistant cannot sign this kind of note", "Let a physical therapist sign it"
        )


def _signed(uow: UnitOfWork, note: ClinicalNote, credentials: str) -> ClinicalNote:
    if not credentials.strip():
        raise UsageError("a signature needs credentials", 'Give --credentials "PT, DPT"')
    ready = replace(
        note,
        status=NoteStatus.SIGNED,
        signed_at=uow.now,
        signed_by=uow.user.id,
        signer_name=uow.user.display_name,
        credentials=credentials.strip(),
    )
    ready = replace(ready, content_sha256=hashlib.sha256(ready.signed_bytes()).hexdigest())
    stored = uow.documentation.revise_note(ready)
    uow.audit.record(
        "note.sign", "clinical_note", note.id, {"content_sha256": stored.content_sha256}
    )
    return stored


def add_addendum(store: Store, note_id: str, text: str, credentials: str) -> NoteView:
    """Add to a signed note, signed at once; the note itself stays as it is.

    Raises
    ------
    UsageError
        The note is a draft, or the text is empty.
    """
    if not text.strip():
        raise UsageError("the addendum is empty", "Give --text, or --file -")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
        if note.status is NoteStatus.DRAFT or note.kind is NoteKind.ADDENDUM:
            raise UsageError(
                "only a signed note takes an addendum", "Edit a draft: rehabctl note edit ID"
            )
        made = ClinicalNote(
            id=uow.new_id(),
            patient=note.patient,
            kind=NoteKind.ADDENDUM,
            body=text.strip(),
            opened_at=uow.now,
            author_id=uow.user.id,
            for_day=clinic_today(uow.clinic, uow.now),
            episode_id=note.episode_id,
            visit_id=note.visit_id,
            addendum_to=note.id,
        )
        uow.documentation.add_note(made)
        _signed(uow, made, credentials)
        return view_of(uow, note)


def show(store: Store, note_id: str) -> NoteView:
    """Return a note with its addenda; the signature is checked."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        note = uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
        uow.audit.record("note.read", "clinical_note", note.id)
        return view_of(uow, note)


def of_patient(store: Store, mrn: str) -> list[NoteView]:
    """Return the notes of a patient, oldest first."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.documentation.notes(patient.id)
        uow.audit.record("note.list", "patient", patient.id, {"count": len(found)})
        return [view_of(uow, note) for note in found]


def view_of(uow: UnitOfWork, note: ClinicalNote) -> NoteView:
    """Return a note with its addenda, and whether they are as they were signed.

    Parameters
    ----------
    uow
        The transaction.
    note
        Draft or signed.
    """
    added = uow.documentation.addenda(note.id)
    valid = None
    if note.status is NoteStatus.SIGNED:
        valid = all(_fits(one) for one in (note, *added))
    found = note_check.findings(note.kind, note.body) if valid is None else []
    return NoteView(note, uow.patients.by_id(note.patient.id).mrn, added, valid, tuple(found))


def _fits(note: ClinicalNote) -> bool:
    return hashlib.sha256(note.signed_bytes()).hexdigest() == note.content_sha256
