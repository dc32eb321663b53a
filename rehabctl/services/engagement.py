"""Contact between visits: what is queued, what is suggested, and how patients with it fare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic import engagement
from rehabctl.clinic.cohort import cohort_rows, hidden_cells, tally
from rehabctl.clinic.engagement import PRAISE, CheckIn, ContactKind, PlannedContact
from rehabctl.clinic.milestones import Streak, grave_today, reached, streak
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.cohort import CohortRow, CourseOutcome, Stratum
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.domain.message import Message, OutboxItem, OutboxState
from rehabctl.domain.patient import Patient, PatientStatus
from rehabctl.reference.education.items import EducationItem
from rehabctl.reference.rules import RuleTable
from rehabctl.services import messages
from rehabctl.services.access import Action, require
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

T = TypeVar("T")
_BATCH = 200
_CHECK_IN = "check_in"
_COMPARED_DAYS = 28


@dataclass(frozen=True, slots=True)
class ContactLine:
    """What a run did for one patient."""

    mrn: str
    kind: ContactKind
    key: str
    text: str
    not_before: datetime | None
    """None: what was queued earlier has been withdrawn."""
    source: str


@dataclass(frozen=True, slots=True)
class EngagementStatus:
    """Where a patient stands."""

    mrn: str
    streak: Streak
    usual_time: str | None
    """Clinic time; None with too few sessions, or at too many different times."""
    milestones: tuple[str, ...]
    education: EducationItem | None
    """Of this week."""
    check_in: CheckIn | None
    paused: bool
    """A high alert or a red flag is, or was, open today."""
    sent: tuple[OutboxItem, ...]
    """What was ever queued of reminders, praise and education, oldest first."""


@dataclass(frozen=True, slots=True)
class CheckInLine:
    """A patient to get in touch with."""

    mrn: str
    check_in: CheckIn
    sent: bool
    """A check-in about this run of missed sessions was sent before."""


def run(
    store: Store, rules: RuleTable, mrn: str | None = None, *, rehearsal: bool = False
) -> list[ContactLine]:
    """Queue what is due today and tomorrow, and withdraw what no longer fits; each once.

    Parameters
    ----------
    store
        The open store.
    rules
        Times, quiet hours and texts.
    mrn
        Only this patient; default all under care.
    rehearsal
        Do all of it and keep nothing.
    """

    def act(uow: UnitOfWork, ids: Sequence[UUID]) -> Iterator[ContactLine]:
        for patient, view in _views(uow, rules, ids):
            yield from _act(uow, rules, patient, view)

    return _each(store, mrn, Action.WRITE_CLINICAL, "engage.run", act, rehearsal=rehearsal)


def _each(
    store: Store,
    mrn: str | None,
    action: Action,
    audited: str,
    act: Callable[[UnitOfWork, Sequence[UUID]], Iterator[T]],
    *,
    rehearsal: bool = False,
) -> list[T]:
    """Return what `act` yields for one patient, or for all under care page by page."""
    found: list[T] = []
    cursor: str | None = None
    while True:
        with store.transaction(rehearsal=rehearsal) as uow:
            require(uow, action)
            if mrn is not None:
                ids = [uow.patients.get(mrn).id]
            else:
                page = uow.patients.page(limit=_BATCH, cursor=cursor, status=PatientStatus.ACTIVE)
                ids, cursor = [item.ref.id for item in page.items], page.next_cursor
            uow.audit.read(audited, "patient", ids)
            found += act(uow, ids)
        if cursor is None:
            return found


def _views(
    uow: UnitOfWork, rules: RuleTable, ids: Sequence[UUID]
) -> Iterator[tuple[Patient, PatientView]]:
    for patient_id, facts in facts_of(uow, ids).items():
        yield uow.patients.by_id(patient_id), PatientView.of(facts, uow.now, rules)


def _act(
    uow: UnitOfWork, rules: RuleTable, patient: Patient, view: PatientView
) -> Iterator[ContactLine]:
    zone = ZoneInfo(patient.demographics.time_zone or uow.clinic.time_zone)
    alerts = [alert.state for alert in uow.alerts.of_patient(patient.id)]
    before = uow.outbox.of_patient(patient.id)
    yield from _withdraw(uow, patient, view, before, grave=grave_today(view, alerts))
    planned = list(engagement.reminders(view, uow.now, zone))
    told = {
        str(item.payload.get("key"))
        for item in before
        if item.template in PRAISE and item.state is not OutboxState.CANCELLED
    }
    today = any(
        item.template in PRAISE
        and item.state is not OutboxState.CANCELLED
        and view.day_of(item.not_before) == view.today
        for item in before
    )
    if not today:
        language = patient.demographics.language or "en"
        found = engagement.praise(view, alerts, told, uow.now, zone, language)
        planned += [] if found is None else [found]
    for contact in planned:
        if _queue(uow, rules, patient, contact, before):
            yield ContactLine(
                patient.mrn, contact.kind, contact.key, contact.text, contact.not_before,
                contact.source,
            )  # fmt: skip


def _queue(
    uow: UnitOfWork,
    rules: RuleTable,
    patient: Patient,
    contact: PlannedContact,
    before: Sequence[OutboxItem],
) -> bool:
    """Queue once; what was withdrawn may be queued again under a number."""
    stem = f"{contact.kind.value}:{patient.id}:{contact.key}"
    mine = [i for i in before if i.template == contact.kind and i.payload.get("key") == contact.key]
    if any(item.state is not OutboxState.CANCELLED for item in mine):
        return False
    words = {"key": contact.key, "text": contact.text, "source": contact.source}
    messages.queue(
        uow, rules, patient, contact.kind.value, f"{stem}:{len(mine)}" if mine else stem,
        not_before=contact.not_before, words=words,
    )  # fmt: skip
    return True


def _withdraw(
    uow: UnitOfWork,
    patient: Patient,
    view: PatientView,
    before: Sequence[OutboxItem],
    *,
    grave: bool,
) -> Iterator[ContactLine]:
    """Cancel praise on a day on which something is wrong, and reminders of what is done."""
    over = view.held or view.ended
    for item in before:
        if item.state is not OutboxState.QUEUED or item.template not in tuple(ContactKind):
            continue
        kind, key = ContactKind(item.template), str(item.payload.get("key"))
        if kind is ContactKind.REMINDER:
            day = date.fromisoformat(key).toordinal()
            gone = over or day in view.done_days or (day not in view.due and day >= view.today)
        else:
            gone = over or grave
        if gone:
            uow.outbox.cancel_one(item.id)
            yield ContactLine(
                patient.mrn, kind, key, "withdrawn", None, str(item.payload.get("source"))
            )


def may_deliver(uow: UnitOfWork, rules: RuleTable, item: OutboxItem) -> bool:
    """Return whether an item may leave now: praise waits while something is wrong.

    Parameters
    ----------
    uow
        The transaction that delivers.
    rules
        The dated rules.
    item
        From the outbox.
    """
    if item.template not in PRAISE:
        return True
    facts = facts_of(uow, [item.patient.id])[item.patient.id]
    alerts = [alert.state for alert in uow.alerts.of_patient(item.patient.id)]
    return not grave_today(PatientView.of(facts, uow.now, rules), alerts)


def status(store: Store, rules: RuleTable, mrn: str) -> EngagementStatus:
    """Return where a patient stands: streak, usual time, milestones, this week's text.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        ((_, view),) = _views(uow, rules, [patient.id])
        uow.audit.record("engage.read", "patient", patient.id)
        minute = engagement.usual_minute(view)
        alerts = [alert.state for alert in uow.alerts.of_patient(patient.id)]
        kinds = tuple(ContactKind)
        return EngagementStatus(
            mrn=mrn,
            streak=streak(view),
            usual_time=None if minute is None else f"{minute // 60:02}:{minute % 60:02}",
            milestones=tuple(milestone.text for milestone in reached(view)),
            education=engagement.education_today(view, patient.demographics.language or "en"),
            check_in=engagement.check_in(view),
            paused=grave_today(view, alerts),
            sent=tuple(i for i in uow.outbox.of_patient(patient.id) if i.template in kinds),
        )


def check_ins(store: Store, rules: RuleTable) -> list[CheckInLine]:
    """Return the patients to get in touch with, longest run of missed sessions first.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    """

    def act(uow: UnitOfWork, ids: Sequence[UUID]) -> Iterator[CheckInLine]:
        for patient, view in _views(uow, rules, ids):
            found = engagement.check_in(view)
            if found is not None:
                yield CheckInLine(patient.mrn, found, _sent(uow, patient, found))

    lines = _each(store, None, Action.READ_CLINICAL, "engage.check_ins", act)
    return sorted(lines, key=lambda line: (line.sent, -line.check_in.missed, line.mrn))


def send_check_in(
    store: Store,
    rules: RuleTable,
    mrn: str,
    text: str | None = None,
    *,
    channel: str = "portal",
    rehearsal: bool = False,
) -> tuple[Message, OutboxItem]:
    """Send a check-in that a person has read: the draft, or her own words; once a run.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    text
        Instead of the draft.
    channel
        How it is to be delivered.
    rehearsal
        Keep nothing.

    Raises
    ------
    FindingsError
        Too few sessions were missed, or a check-in about them was sent.
    UsageError
        The text is empty.
    """
    if text is not None and not text.strip():
        raise UsageError("the check-in says nothing", "Give --text, or leave it out for the draft")
    with store.transaction(rehearsal=rehearsal) as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        ((_, view),) = _views(uow, rules, [patient.id])
        found = engagement.check_in(view)
        if found is None:
            raise FindingsError(
                "there are not enough missed sessions in a row for a check-in",
                "Write a message instead: rehabctl message send",
            )
        if _sent(uow, patient, found):
            raise FindingsError(
                "a check-in about these missed sessions was sent", "Look at: rehabctl message list"
            )
        return messages.queue_message(
            uow, rules, patient, text or found.draft, subject="Check-in", channel=channel,
            words={_CHECK_IN: found.first_missed_on.isoformat()},
        )  # fmt: skip


def _sent(uow: UnitOfWork, patient: Patient, found: CheckIn) -> bool:
    run_began = found.first_missed_on.isoformat()
    return any(
        item.payload.get(_CHECK_IN) == run_began and item.state is not OutboxState.CANCELLED
        for item in uow.outbox.of_patient(patient.id)
    )


def compare(store: Store, rules: RuleTable) -> tuple[tuple[CohortRow, ...], int]:
    """Return adherence of patients with and without contact in the last weeks, and the least group.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.

    Raises
    ------
    FindingsError
        There are too few patients to tell anything of.
    """

    def act(uow: UnitOfWork, ids: Sequence[UUID]) -> Iterator[CourseOutcome]:
        since = uow.now - timedelta(days=_COMPARED_DAYS)
        for patient, view in _views(uow, rules, ids):
            done, scheduled = view.completion(_COMPARED_DAYS)
            if scheduled:
                yield CourseOutcome(
                    group=_contact(uow, patient, since),
                    stratum=Stratum.NO_BASELINE,
                    improvement=None,
                    is_responder=None,
                    adherence=done / scheduled,
                    visits=0,
                    completed=None,
                    satisfaction=None,
                    goals_met=None,
                )

    outcomes = _each(store, None, Action.READ_CLINICAL, "engage.compare", act)
    with store.snapshot() as uow:
        today = clinic_today(uow.clinic, uow.now)
    least = rules.in_force(today)["COHORT"].days("smallest_cell")
    tallies = tally(outcomes)
    rows = cohort_rows(tallies, hidden_cells(tallies, least))
    if not outcomes or rows[0].cells[0].is_hidden:
        raise FindingsError(
            "there are too few patients with a schedule, of whom nothing is told",
            "Try again with more patients",
        )
    return tuple(row for row in rows if row.stratum is None), least


def _contact(uow: UnitOfWork, patient: Patient, since: datetime) -> str:
    kinds = tuple(ContactKind)
    sent = [
        item
        for item in uow.outbox.of_patient(patient.id)
        if item.template in kinds
        and item.state is not OutboxState.CANCELLED
        and since <= item.not_before <= uow.now
    ]
    return "with contact" if sent else "without contact"
