"""Questionnaires of patients: administered and stored, due, and how scores went."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import proms
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.worklist_tasks import closing_day, open_scores
from rehabctl.domain.errors import FindingsError, NotPermittedError, UsageError
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import PatientRef, PatientStatus, Side
from rehabctl.domain.prom import Direction, Instrument, PromResponse, PromResult, PromScore
from rehabctl.domain.prom_followup import (
    LicenceRecord,
    OccurrenceState,
    ScoreChange,
)
from rehabctl.reference.instruments import load_instrument
from rehabctl.reference.prom_followup import pathway_of
from rehabctl.reference.rules import RuleTable
from rehabctl.services import prom_followup, triage
from rehabctl.services.access import Action, require
from rehabctl.services.actors import acting
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.proms import rule_for

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MODES = ("interview", "paper", "patient_device", "test")
MAX_CLOCK_AHEAD = timedelta(minutes=10)
_SERIES = re.compile(r"[a-z0-9-]{1,40}")
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one form."""

    result: PromResult
    external_id: str | None
    """None: nothing was stored, because an answer does not fit the form."""
    is_new: bool
    changes: tuple[ScoreChange, ...] = ()
    """From the comparable form before, by scale."""


def record(
    store: Store,
    rules: RuleTable,
    slug: str,
    mrn: str,
    answers: proms.Answers,
    *,
    by: str,
    mode: str = "paper",
    variant: str | None = None,
    completed_at: datetime | None = None,
    side: Side | None = None,
    language: str | None = None,
    external_id: str | None = None,
    series: str | None = None,
) -> Recorded:
    """Score and store one form of a patient, with raw answers, form version and rule version.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    slug
        The instrument.
    mrn
        Record number.
    answers
        By item key or in the order of the form; None is missing.
    by
        Who gave the answers: `patient`, `me` or the identifier of a contact.
    mode
        How they were given.
    variant
        A scoring variant.
    completed_at
        When; default now. Its day decides the rule.
    side
        Of the body; scores of two sides never join.
    language
        Of the form.
    external_id
        A second form with this id is the same form.
    series
        For items that the patient chose (`psfs`): a new choice starts a new series.

    Raises
    ------
    UsageError
        A word is not known, or the time lies in the future.
    NotFoundError, NotPermittedError
        There is no such patient or contact, or no consent for the contact.
    """
    asked = load_instrument(slug)
    if mode not in MODES:
        raise UsageError(f"unknown mode {mode!r}", f"Use one of: {', '.join(MODES)}")
    if series is not None and not _SERIES.fullmatch(series):
        raise UsageError("--series is not a short word", "Use small letters, digits and hyphens")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn).ref
        form = Form(answers, by, mode, variant, completed_at, side, language, external_id, series)
        done = record_in(uow, asked, patient, form)
        if done.is_new:
            triage.refresh(uow, [patient], rules)
        return done


@dataclass(frozen=True, slots=True)
class Form:
    """One filled-in form; see `record`."""

    answers: proms.Answers
    by: str
    mode: str = "paper"
    variant: str | None = None
    completed_at: datetime | None = None
    side: Side | None = None
    language: str | None = None
    external_id: str | None = None
    series: str | None = None


def record_in(uow: UnitOfWork, asked: Instrument, patient: PatientRef, form: Form) -> Recorded:
    """Score and store one form within a transaction; the caller refreshes the worklist.

    Parameters
    ----------
    uow
        The transaction.
    asked
        The instrument.
    patient
        Whose.
    form
        What was filled in.
    """
    actor = acting(uow, patient, form.by, ContactScope.LOG_SESSIONS)
    moment = form.completed_at or uow.now
    if moment > uow.now + MAX_CLOCK_AHEAD:
        raise UsageError("the form lies in the future", "Check --at")
    day = moment.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    result = proms.score(asked, rule_for(asked, form.variant, day), form.answers)
    if result.findings:
        return Recorded(result, None, is_new=False)
    response = PromResponse(
        id=uow.new_id(),
        patient=patient,
        external_id=form.external_id or f"rehabctl:{uow.new_id()}",
        instrument=asked.slug,
        instrument_version=asked.version,
        mode=form.mode,
        entered_by=actor.text,
        completed_at=moment,
        answers=_by_item(asked, form.answers),
        result={f.name: getattr(result, f.name) for f in fields(result)}
        | {"scores": [_plain_score(s) for s in result.scores], "findings": []},
        side=form.side,
        language=form.language,
        scores=_scores(result, form.series),
    )
    changes = tuple(_changes(uow, response))
    is_new = uow.prom.add(response)
    uow.audit.record(
        "prom.record" if is_new else "prom.repeat",
        "prom_response",
        response.id,
        {"instrument": asked.slug},
    )
    return Recorded(result, response.external_id, is_new, changes)


def _by_item(asked: Instrument, answers: proms.Answers) -> dict[str, Any]:
    if isinstance(answers, Mapping):
        pairs = list(answers.items())
    else:
        pairs = list(zip((item.key for item in asked.items), answers, strict=False))
    return {key: _number(value) for key, value in pairs}


def _number(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _plain_score(score: Any) -> dict[str, Any]:
    return {f.name: getattr(score, f.name) for f in fields(score)}


def _scores(result: PromResult, series: str | None) -> tuple[PromScore, ...]:
    version = result.rule_version if series is None else f"{result.rule_version}+{series}"
    return tuple(
        PromScore(
            scale=score.scale,
            rule_version=version,
            score=score.score,
            score_unrounded=score.score_unrounded,
            n_missing=score.n_missing,
            higher_is_better=score.direction is Direction.HIGHER_BETTER,
        )
        for score in result.scores
    )


def _changes(uow: UnitOfWork, response: PromResponse) -> Iterator[ScoreChange]:
    """Yield the change of each scale from the comparable form before."""
    condition = _condition(uow, response.patient.id)
    earlier = [
        r
        for r in uow.prom.of_patient(response.patient.id, response.instrument)
        if r.completed_at < response.completed_at and r.side == response.side
    ]
    for score in response.scores:
        before = [
            s
            for r in earlier
            for s in r.scores
            if (s.scale, s.rule_version) == (score.scale, score.rule_version)
            and s.score_unrounded is not None
        ]
        if before and score.score_unrounded is not None:
            yield _rated(response, before[-1], score, condition)


def _rated(
    response: PromResponse, before: PromScore, after: PromScore, condition: str
) -> ScoreChange:
    rows = [r for r in prom_followup.thresholds_of(response.instrument) if r.scale == after.scale]
    variant = cast("str", response.result["variant"])
    return prom_followup.rate_change(
        response.instrument,
        cast("float", before.score_unrounded),
        cast("float", after.score_unrounded),
        scale=after.scale,
        variant=variant,
        condition=condition if any(r.condition == condition for r in rows) else "any",
        on=response.completed_at.date(),
    )


def _condition(uow: UnitOfWork, patient_id: UUID) -> str:
    episode = uow.episodes.active(patient_id)
    pathway = None if episode is None else pathway_of(episode.pathway, episode.condition)
    return "any" if pathway is None else pathway.change_condition


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One score of one form, with its change from the first and the form before."""

    response: PromResponse
    score: PromScore
    from_first: ScoreChange | None
    from_last: ScoreChange | None


def history(store: Store, mrn: str, slug: str | None = None) -> list[HistoryLine]:
    """Return the scores of a patient, oldest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    slug
        Only of this instrument.
    """
    if slug is not None:
        load_instrument(slug)
    lines: list[HistoryLine] = []
    known: dict[tuple[str, Side | None, str, str], list[PromScore]] = {}
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        condition = _condition(uow, patient.id)
        for response in uow.prom.of_patient(patient.id, slug):
            for score in response.scores:
                key = (response.instrument, response.side, score.scale, score.rule_version)
                before = known.setdefault(key, [])
                first = last = None
                if score.score_unrounded is not None:
                    if before:
                        first = _rated(response, before[0], score, condition)
                        last = _rated(response, before[-1], score, condition)
                    before.append(score)
                lines.append(HistoryLine(response, score, first, last))
        uow.audit.record("prom.history", "patient", patient.id, {"count": len(lines)})
    return lines


@dataclass(frozen=True, slots=True)
class DueLine:
    """One questionnaire that is asked for."""

    mrn: str
    instrument: str
    due_on: date
    opens_on: date
    closes_on: date
    state: OccurrenceState


def due(
    store: Store, rules: RuleTable, mrn: str | None = None, *, upcoming: bool = False
) -> list[DueLine]:
    """Return the questionnaires that are open or overdue, of one patient or of all under care.

    Parameters
    ----------
    store
        The open store.
    rules
        Name the window where a plan has none.
    mrn
        Only of this patient.
    upcoming
        Whether those whose window has not opened are included.
    """
    lines: list[DueLine] = []
    cursor: str | None = None
    while True:
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            if mrn is not None:
                ids = {uow.patients.get(mrn).id: mrn}
            else:
                page = uow.patients.page(limit=_BATCH, cursor=cursor, status=PatientStatus.ACTIVE)
                ids = {item.ref.id: item.demographics.mrn for item in page.items}
                cursor = page.next_cursor
            uow.audit.read("prom.due", "patient", list(ids))
            for patient_id, facts in facts_of(uow, list(ids)).items():
                view = PatientView.of(facts, uow.now, rules)
                lines += _due_lines(view, ids[patient_id], upcoming)
        if cursor is None:
            return lines


def _due_lines(view: PatientView, mrn: str, upcoming: bool) -> Iterator[DueLine]:
    row = view.rules["PROM_OVERDUE"]
    for planned in () if view.ended else open_scores(view):
        opens = planned.opens_on or planned.due_on
        closes = closing_day(planned, row)
        if view.today < opens.toordinal():
            state = OccurrenceState.UPCOMING
        else:
            state = OccurrenceState.OPEN if view.today <= closes else OccurrenceState.OVERDUE
        if upcoming or state is not OccurrenceState.UPCOMING:
            yield DueLine(
                mrn, planned.instrument, planned.due_on, opens, date.fromordinal(closes), state
            )


def add_licence(store: Store, record: LicenceRecord) -> bool:
    """Note the clinic's licence of an instrument; return False when it is known already.

    Raises
    ------
    UsageError
        Holder or reference is missing, or the days are in the wrong order.
    """
    load_instrument(record.instrument)
    if not record.holder.strip() or not record.reference.strip():
        raise UsageError("a licence record needs a holder and a reference", "Give both")
    if record.expires_on is not None and record.expires_on < record.valid_from:
        raise UsageError("the licence ends before it begins", "Check --from and --until")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        record_id = uow.new_id()
        is_new = uow.prom.add_licence(record_id, record, uow.user.id)
        if is_new:
            uow.audit.record(
                "prom.licence", "prom_licence", record_id, {"instrument": record.instrument}
            )
        return is_new


def licences(store: Store, slug: str | None = None) -> tuple[LicenceRecord, ...]:
    """Return the clinic's licence records by instrument."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        return uow.prom.licences(slug)


def licensed_wording(
    store: Store, slug: str, document: object, on: date
) -> Mapping[str, Mapping[str, Any]]:
    """Return the clinic's own wording by item key, where a licence record allows its use.

    Parameters
    ----------
    store
        The open store.
    slug
        The instrument.
    document
        The parsed JSON of the file.
    on
        The clinic's date of use.

    Raises
    ------
    FindingsError
        The file is not the wording of this instrument; see `prom text validate`.
    NotPermittedError
        No licence record in force covers it.
    """
    asked, findings = prom_followup.check_wording(document)
    if asked.slug != slug or findings:
        what = findings[0].message if findings else f"the file is for {asked.slug}"
        raise FindingsError(what, "Check it with: rehabctl prom text validate FILE")
    table = cast("dict[str, Any]", document)
    records = [r for r in licences(store, slug) if r.reference == table.get("licence_reference")]
    if asked.licence.record_required and not records:
        raise NotPermittedError(
            f"no licence record of {slug} has the file's reference",
            f"Note it first: rehabctl prom licence add {slug}",
        )
    prom_followup.require_permission_to_send(slug, records, on)
    return cast("dict[str, dict[str, Any]]", table["items"])
