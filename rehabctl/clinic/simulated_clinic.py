"""A simulated clinic that works by the rules, and whether the right patients stood on top in time.

Every morning a therapist opens the worklist, reads the first patients and acknowledges what stands
there. The truth of the synthetic patients then tells which setbacks were seen in time, and which
alerts no setback explains. A clinic that changes a limit can judge its own rules the same way.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rehabctl.clinic.alerts import ChangeKind, apply_action
from rehabctl.clinic.simulation import SetbackKind, SimulatedPatient
from rehabctl.clinic.triage import PanelFacts, refresh
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertSeverity,
    AlertState,
    AlertStatus,
)
from rehabctl.domain.triage import Tier
from rehabctl.reference.rules import RuleTable

_MONTH_DAYS = 30.0
_AFTERMATH_DAYS = 14
"""An alert so many days after a setback's end is still its trace: rules look back that far."""


@dataclass(frozen=True, slots=True)
class SetbackResult:
    """Whether one injected setback was seen."""

    patient_id: str
    kind: SetbackKind
    evident_at: datetime
    listed_at: datetime | None
    """First morning on which the patient stood among the first of the worklist for it."""
    days_from_onset: int | None

    @property
    def within_a_day(self) -> bool:
        """Whether the patient was listed within a day of the moment it could be seen."""
        return self.listed_at is not None and self.listed_at - self.evident_at <= timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClinicReport:
    """What a simulated clinic came to."""

    setbacks: tuple[SetbackResult, ...]
    not_evident: int
    """Setbacks of which nothing was ever recorded; not judged."""
    patient_months: float
    false_alerts: Mapping[str, int]
    """Medium and higher alerts that no setback explains, by code; re-openings count too."""
    false_notices: Mapping[str, int]
    """Alerts of severity info that no setback explains, by code."""
    mean_need_attention: float
    """Patients above the tier `due`, on an average morning."""

    @property
    def found_share(self) -> float:
        """Share of the judged setbacks that were listed within a day."""
        return sum(s.within_a_day for s in self.setbacks) / max(1, len(self.setbacks))

    @property
    def false_alerts_per_patient_month(self) -> float:
        """Medium and higher alerts without a setback, per patient and 30 days."""
        return sum(self.false_alerts.values()) / max(self.patient_months, 1e-9)


@dataclass
class _Desk:
    """What the clinic holds of one patient."""

    patient: SimulatedPatient
    recorded: Sequence[datetime]
    alerts: tuple[AlertState, ...] = ()
    row: PanelFacts | None = None
    looked_at: datetime | None = None
    """None: the row has to be made again."""

    def changed(self, morning: datetime) -> bool:
        """Return whether the row may differ from the one that was made last."""
        if self.row is None or self.looked_at is None:
            return True
        if bisect_right(self.recorded, self.looked_at) < bisect_right(self.recorded, morning):
            return True
        return self.row.next_change_at is not None and self.row.next_change_at <= morning


def run_clinic(
    patients: Sequence[SimulatedPatient],
    rules: RuleTable,
    *,
    start: date,
    days: int,
    first: int = 10,
    read_each_morning: int | None = None,
    opens_at: time = time(8),
) -> ClinicReport:
    """Let a clinic work through a span of days.

    Parameters
    ----------
    patients
        From `simulation.simulate`, over the same span.
    rules
        The rules to judge.
    start, days
        The span.
    first
        A setback is found when its patient stands among so many at the top of the worklist.
    read_each_morning
        So many patients from the top are read and acknowledged each morning; None: everybody in
        the tiers red flag and declining.
    opens_at
        Local time at which the worklist is read.
    """
    desks = [_Desk(patient, patient.facts.recorded_moments()) for patient in patients]
    listed: dict[str, datetime] = {}
    false_alerts, false_notices = Counter[str](), Counter[str]()
    attention = 0
    zone = ZoneInfo(patients[0].facts.time_zone)
    for n in range(days):
        morning = datetime.combine(start + timedelta(days=n), opens_at, zone).astimezone(UTC)
        for desk in desks:
            _count_false(desk, _look(desk, morning, rules), false_alerts, false_notices)
        shown = [desk for desk in desks if desk.row is not None and desk.row.tier in _URGENT]
        attention += len(shown)
        shown.sort(key=lambda d: (d.row.rank_key if d.row else 0, d.patient.facts.patient_id))
        for desk in shown[:first]:
            if _explains(desk.patient, _open(desk)):
                listed.setdefault(desk.patient.facts.patient_id, morning)
        for desk in shown[:read_each_morning]:
            desk.alerts = _acknowledged(desk.alerts, morning)
            desk.looked_at = None
    return _report(patients, listed, false_alerts, false_notices, start, days, attention)


_URGENT = (Tier.RED_FLAG, Tier.DECLINING)


def _look(desk: _Desk, morning: datetime, rules: RuleTable) -> list[AlertState]:
    """Bring a patient's row up to date where something happened; return what opened."""
    facts = desk.patient.facts
    if facts.episode is not None and morning.date() < facts.episode.started_on:
        return []
    if not desk.changed(morning):
        return []
    refreshed = refresh(facts.known_at(morning), desk.alerts, morning, rules)
    desk.alerts, desk.row = refreshed.alerts, refreshed.row
    desk.looked_at = morning
    opened = (ChangeKind.OPENED, ChangeKind.REOPENED)
    return [change.alert for change in refreshed.changes if change.kind in opened]


def _count_false(
    desk: _Desk, opened: Sequence[AlertState], alerts: Counter[str], notices: Counter[str]
) -> None:
    for alert in opened:
        if not _explains(desk.patient, [alert]):
            (notices if alert.severity is AlertSeverity.INFO else alerts)[alert.code] += 1


_TRACES = {
    SetbackKind.PAIN_FLARE: ("PAIN_INCREASE", "PAIN_SEVERE", "PAIN_SESSION"),
    SetbackKind.MOTION_LOSS: ("ROM_DECLINE", "ROM_BELOW_CURVE", "TKR_FLEX_PROJECTION"),
    SetbackKind.STOPPED: ("MISSED", "NO_DATA"),
    SetbackKind.RED_FLAG: ("RED_FLAG",),
}


def _explains(patient: SimulatedPatient, alerts: Sequence[AlertState]) -> bool:
    """Return whether the patient's setback explains one of these alerts."""
    setback = patient.setback
    if setback is None:
        return False
    zone = ZoneInfo(patient.facts.time_zone)
    last = setback.until + timedelta(days=_AFTERMATH_DAYS)
    return any(
        alert.code in _TRACES[setback.kind]
        and setback.onset <= alert.known_at.astimezone(zone).date() <= last
        for alert in alerts
    )


def _open(desk: _Desk) -> list[AlertState]:
    return [alert for alert in desk.alerts if alert.status is AlertStatus.OPEN]


def _acknowledged(alerts: tuple[AlertState, ...], at: datetime) -> tuple[AlertState, ...]:
    for alert in alerts:
        if alert.status is AlertStatus.OPEN:
            kind = AlertActionKind.ACKNOWLEDGE
            action = AlertAction(at, kind, alert.code, alert.key, by="simulated therapist")
            alerts = apply_action(alerts, action)
    return alerts


def _report(
    patients: Sequence[SimulatedPatient],
    listed: Mapping[str, datetime],
    false_alerts: Counter[str],
    false_notices: Counter[str],
    start: date,
    days: int,
    attention: int,
) -> ClinicReport:
    last = start + timedelta(days=days - 1)
    end = datetime.combine(last, time(), UTC)
    results: list[SetbackResult] = []
    not_evident = 0
    months = 0.0
    for patient in patients:
        facts, setback = patient.facts, patient.setback
        begins = start if facts.episode is None else max(start, facts.episode.started_on)
        months += max(0, (last - begins).days + 1) / _MONTH_DAYS
        if setback is None:
            continue
        if setback.evident_at is None or setback.evident_at > end:
            not_evident += 1
            continue
        at = listed.get(facts.patient_id)
        lag = None if at is None else (at.date() - setback.onset).days
        results.append(SetbackResult(facts.patient_id, setback.kind, setback.evident_at, at, lag))
    return ClinicReport(
        setbacks=tuple(results),
        not_evident=not_evident,
        patient_months=months,
        false_alerts=dict(false_alerts),
        false_notices=dict(false_notices),
        mean_need_attention=attention / max(1, days),
    )
