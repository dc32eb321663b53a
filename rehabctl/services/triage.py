"""The worklist: refreshed with every event, swept when it ages, remade from the raw events."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.clinic.alert_history import advance
from rehabctl.clinic.alert_rules import exercise_days
from rehabctl.clinic.explanation import Explanation
from rehabctl.clinic.explanation import explain as explain_facts
from rehabctl.clinic.triage import PanelFacts, Refreshed, panel_row
from rehabctl.domain.episode import course_start
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.facts import AlertSeverity, AlertState, AlertStatus, PatientFacts
from rehabctl.domain.facts import Episode as Course
from rehabctl.domain.panel_row import LastLook, PanelQuery, PanelRow
from rehabctl.domain.patient import PatientRef, PatientStatus, Side
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.roster import RosterLine
from rehabctl.domain.triage import WorklistPage
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services.access import Action, may, require
from rehabctl.services.patient_facts import facts_of, plan_version

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_SWEEP_BATCH = 500
_REBUILD_BATCH = 200
RULES_FILE = "rules.toml"
HELD_BY_RED_FLAG = "red_flag"
"""Reason of a hold that a red flag began."""


def clinic_rules(settings: Settings) -> RuleTable:
    """Return the packaged rules with the clinic's own rows over them, if it has a file.

    Parameters
    ----------
    settings
        `rules.toml` in the home folder is the clinic's file.

    Raises
    ------
    UsageError
        The clinic's file is not TOML, or a row is wrong.
    RehabctlError
        It cannot be read.
    """
    path = settings.paths.home / RULES_FILE
    try:
        return load_rules(path.read_text("utf-8"), RULES_FILE)
    except FileNotFoundError:
        return load_rules()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"cannot read {RULES_FILE}", "Correct or remove the file") from None


def refresh(uow: UnitOfWork, patients: Sequence[PatientRef], rules: RuleTable) -> None:
    """Bring alerts and worklist rows of patients up to the moment of the transaction.

    Every service that records an event calls this in the event's own transaction. On a server a
    role that may not read what patients reported only marks the rows: the next page computes them.
    A patient whom an emergency access opened is somebody else's, and is left as she is.

    Parameters
    ----------
    uow
        The transaction.
    patients
        Whose.
    rules
        The dated rules.
    """
    if not uow.is_local and not may(uow.user.role, Action.READ_CLINICAL, is_local=False):
        uow.panel.ask_for_refresh([patient.id for patient in patients])
        return
    patients = [p for p in patients if uow.caseload_of in (None, p.therapist_id)]
    ids = [patient.id for patient in patients]
    version = rules.version
    known = _known(uow, ids, rules)
    alerts = uow.alerts.of_patients(ids)
    changed: dict[PatientRef, tuple[AlertState, ...]] = {}
    rows: list[PanelRow] = []
    for patient in patients:
        facts, plans, last = known[patient.id]
        stored = alerts.get(patient.id, ())
        if last is None:
            done = advance(facts, (), None, uow.now, rules)
        else:
            same_rules = last.rules_version == version
            change_at = last.next_change_at if same_rules else None
            done = advance(facts, stored, last.computed_at, uow.now, rules, change_at)
        if _tells_red_flag(stored, done.alerts) and _hold_programme(uow, patient):
            facts = facts_of(uow, [patient.id])[patient.id]
            plans = plan_version(facts)
            done = advance(facts, (), None, uow.now, rules)
        if done.alerts != stored:
            changed[patient] = done.alerts
        rows.append(_panel_row(patient, done.row, uow.now, version, plans))
    uow.alerts.replace(changed)
    uow.panel.save(rows)


def _known(
    uow: UnitOfWork, ids: Sequence[UUID], rules: RuleTable
) -> dict[UUID, tuple[PatientFacts, str, LastLook | None]]:
    """Return what the rules read of patients, the name of their plans, and when they were judged.

    Who is to be judged from the beginning has no last look: a clock that was put back must not
    undo what is known, and history is judged by the plans as they are now. Of the others only
    that is read of what was done in their sessions which rules may still ask for.
    """
    looks = uow.panel.last_looks(ids)
    looks = {i: last for i, last in looks.items() if last.computed_at <= uow.now}
    oldest = min((last.computed_at for last in looks.values()), default=uow.now)
    read_from = oldest - timedelta(days=exercise_days(rules) + 2)
    found: dict[UUID, tuple[PatientFacts, str, LastLook | None]] = {}
    for i, facts in facts_of(uow, list(looks), exercises_from=read_from).items():
        plans = plan_version(facts)
        if looks[i].plan_version in (None, plans):
            found[i] = facts, plans, looks[i]
    for i, facts in facts_of(uow, [i for i in ids if i not in found]).items():
        found[i] = facts, plan_version(facts), None
    return found


def _tells_red_flag(before: Sequence[AlertState], after: Sequence[AlertState]) -> bool:
    """Return whether a red flag is open that was not known before, or is told of anew."""
    known = {(a.code, a.key, a.opened_at): a.known_at for a in before}
    return any(
        alert.severity is AlertSeverity.RED_FLAG
        and alert.status is AlertStatus.OPEN
        and known.get((alert.code, alert.key, alert.opened_at)) != alert.known_at
        for alert in after
    )


def _hold_programme(uow: UnitOfWork, patient: PatientRef) -> bool:
    """Hold a running programme from today on, until a clinician resumes it."""
    running = uow.programmes.active(patient.id)
    if running is None or running.status is not ProgrammeStatus.ACTIVE:
        return False
    today = uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    uow.programmes.hold(running, max(today, running.started_on), HELD_BY_RED_FLAG)
    uow.audit.record("program.hold", "program", running.id, {"reason": HELD_BY_RED_FLAG})
    return True


def enter(
    uow: UnitOfWork,
    patients: Sequence[tuple[PatientRef, RosterLine]],
    today: date,
    rules: RuleTable,
) -> None:
    """Write the first worklist rows of patients who were added in this very transaction.

    Nothing has happened to them yet, so that patients with the same course of care have the same
    row: it is computed once, which makes an import many times as fast as `refresh`.

    Parameters
    ----------
    uow
        The transaction.
    patients
        Each with her line of the roster.
    today
        The clinic's local date.
    rules
        The dated rules.
    """
    if not uow.is_local:  # whoever imports may not rank: the rows are computed for the next page
        refresh(uow, [ref for ref, _ in patients], rules)
        return
    rows: list[tuple[PatientRef, str, str, str, PanelRow]] = []
    known: dict[object, PanelRow | None] = {}
    others: list[PatientRef] = []
    for ref, line in patients:
        kind = (line.says_care, line.surgery_date, line.side)
        if kind not in known:
            known[kind] = _first_row(uow, ref, line, today, rules)
        row = known[kind]
        if row is None:
            others.append(ref)
        else:
            rows.append((ref, line.mrn, line.family_name, line.given_name, row))
    uow.panel.add(rows)
    if others:
        refresh(uow, others, rules)


def _first_row(
    uow: UnitOfWork, ref: PatientRef, line: RosterLine, today: date, rules: RuleTable
) -> PanelRow | None:
    """Return the row of a patient without any event; None when she has an alert already."""
    course = None
    if line.says_care:
        side = line.side if line.side in (Side.LEFT, Side.RIGHT) else None
        course = Course(course_start(line.care, today), surgery_on=line.surgery_date, side=side)
    known = PatientFacts(
        patient_id="", time_zone=uow.clinic.time_zone, known_since=uow.now, episode=course
    )
    done = advance(known, (), None, uow.now, rules)
    return (
        None
        if done.alerts
        else _panel_row(ref, done.row, uow.now, rules.version, plan_version(known))
    )


def write_rows(uow: UnitOfWork, patients: Sequence[PatientRef], rules: RuleTable) -> None:
    """Write worklist rows from the alerts as they stand, without looking at the rules again.

    Parameters
    ----------
    uow
        The transaction.
    patients
        Whose.
    rules
        The dated rules.
    """
    known = facts_of(uow, [patient.id for patient in patients])
    rows: list[PanelRow] = []
    for patient in patients:
        facts = known[patient.id]
        states = tuple(a.state for a in uow.alerts.of_patient(patient.id, closed=True))
        row = panel_row(facts, states, uow.now, rules)
        rows.append(_panel_row(patient, row, uow.now, rules.version, plan_version(facts)))
    uow.panel.save(rows)


def _panel_row(
    patient: PatientRef, row: PanelFacts, now: datetime, rules: str, plans: str
) -> PanelRow:
    return PanelRow(
        patient=patient,
        tier=row.tier,
        rank_key=f"{row.rank_key:019d}",
        reasons=row.reasons,
        computed_at=now,
        rules_version=rules,
        plan_version=plans,
        last_session_at=row.last_session_at,
        adherence_percent_28d=row.adherence_percent_28d,
        pain_now=row.pain_now,
        pain_series=row.pain_series,
        pain_trend=row.pain_trend,
        rom_trend=row.rom_trend,
        open_alerts=row.open_alerts,
        next_due=row.next_due,
        next_change_at=row.next_change_at,
    )


def sweep(store: Store, rules: RuleTable) -> int:
    """Bring rows up to date that changed by the passing of time alone; return how many.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    """
    swept = 0
    while True:
        with _no_collection(), store.transaction() as uow:
            due = uow.panel.due_for_change(uow.now, _SWEEP_BATCH)
            if due:
                refresh(uow, due, rules)
        swept += len(due)
        if len(due) < _SWEEP_BATCH:
            return swept


@contextmanager
def _no_collection() -> Generator[None]:
    """Keep the collector from looking for cycles: facts have none, and it would cost a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def worklist(
    store: Store,
    rules: RuleTable,
    query: PanelQuery | None = None,
    *,
    limit: int,
    cursor: str | None = None,
) -> WorklistPage:
    """Return a page of the worklist as of now.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    query
        Which patients, in which order; default all in order of priority.
    limit
        Rows wanted.
    cursor
        `next_cursor` of the page before.
    """
    sweep(store, rules)
    query = query or PanelQuery()
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        rows, next_cursor = uow.panel.page(query, limit=limit, cursor=cursor)
        counts = uow.panel.counts(query)
        uow.audit.read("worklist.read", "panel_row", [row.patient_id for row in rows])
        return WorklistPage(rows, next_cursor, counts.total, counts.need_attention, uow.now)


def explain(store: Store, rules: RuleTable, mrn: str) -> Explanation:
    """Return every input, rule row and limit behind one patient's row.

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
        refresh(uow, [patient.ref], rules)
        facts = facts_of(uow, [patient.id])[patient.id]
        states = tuple(a.state for a in uow.alerts.of_patient(patient.id, closed=True))
        uow.audit.record("worklist.explain", "patient", patient.id)
        return explain_facts(facts, states, uow.now, rules)


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What remaking every row from the raw events found."""

    patients: int
    different: int
    """Rows or alerts that were not what the events say."""


def rebuild(store: Store, rules: RuleTable, *, check: bool) -> RebuildReport:
    """Remake alerts and rows of all patients under care from their raw events.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    check
        Compare only; change nothing. Otherwise what differs is written.
    """
    patients = different = 0
    for batch in _patients(store):
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            uow.audit.read("worklist.rebuild", "patient", [p.id for p in batch])
            different += _rebuild_batch(uow, batch, rules, check)
        patients += len(batch)
    return RebuildReport(patients, different)


def _patients(store: Store) -> Iterator[list[PatientRef]]:
    cursor: str | None = None
    while True:
        with store.transaction() as uow:
            page = uow.patients.page(
                limit=_REBUILD_BATCH, cursor=cursor, status=PatientStatus.ACTIVE
            )
        if page.items:
            yield [item.ref for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return


def _rebuild_batch(
    uow: UnitOfWork, patients: Sequence[PatientRef], rules: RuleTable, check: bool
) -> int:
    ids = [p.id for p in patients]
    facts, stored_rows = facts_of(uow, ids), uow.panel.stored(ids)
    version = rules.version
    changed: list[PanelRow] = []
    alerts: dict[PatientRef, tuple[AlertState, ...]] = {}
    different = 0
    for patient in patients:
        row = stored_rows.get(patient.id)
        # compare as of when the row was made, write as of now
        as_of = row.computed_at if row is not None and check else uow.now
        done: Refreshed = advance(facts[patient.id], (), None, as_of, rules)
        stored = tuple(a.state for a in uow.alerts.of_patient(patient.id, closed=True))
        plans = plan_version(facts[patient.id])
        made = _panel_row(patient, done.row, as_of, version, plans)
        same_row = row is not None and replace(row, computed_at=as_of, plan_version=plans) == made
        if same_row and _same_alerts(stored, done.alerts):
            continue
        different += 1
        if not check:
            alerts[patient] = done.alerts
            changed.append(made)
    uow.alerts.replace(alerts)
    uow.panel.save(changed)
    return different


def _same_alerts(stored: Sequence[AlertState], made: Sequence[AlertState]) -> bool:
    def by_identity(alert: AlertState) -> tuple[str, str, datetime]:
        return alert.code, alert.key, alert.opened_at

    return sorted(stored, key=by_identity) == sorted(made, key=by_identity)
