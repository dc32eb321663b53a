"""Which alert rules a patient's facts meet, and what becomes of the alerts that stand already.

An alert opens on a finding, stays through days on which its rule is not met or cannot be judged,
and closes by itself only after a run of days on which the rule was judged and not met: values that
hover about a limit do not make it flap, and silence does not clear it. What a person acknowledged
or snoozed comes back as soon as a new fact goes beyond what that person saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rehabctl.clinic.alert_rules import ALERT_RULES
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.verdict import AlertFinding, Verdict
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    AlertState,
    AlertStatus,
    PatientFacts,
)
from rehabctl.reference.rules import RuleTable

Judged = Callable[[str, str], bool]
"""Whether a rule (code, key) had enough facts to be judged."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every rule that could be judged, with what it found."""

    verdicts: tuple[Verdict, ...]
    """At most one for each code and key: the finding that goes furthest."""
    settled: frozenset[str]
    """Codes of which everything that is not met is settled, whether or not there are facts: rules
    that name all they meet, rules that are switched off, and after the end of care all."""

    @property
    def findings(self) -> list[AlertFinding]:
        """The rules that are met, most urgent first."""
        found = [v.finding for v in self.verdicts if v.finding is not None]
        return sorted(found, key=lambda f: (-f.severity.rank, f.code, f.key))

    def judged(self, code: str, key: str) -> bool:
        """Return whether a rule had enough facts to be judged."""
        if code in self.settled:
            return True
        return any(v.row.code == code and v.key == key for v in self.verdicts)


class ChangeKind(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    REOPENED = "reopened"
    """A new fact went beyond what was acknowledged or snoozed."""
    AWOKE = "awoke"
    """Its snooze ended."""
    CLOSED = "closed"
    """Its rule was not met for long enough."""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """One change of one alert."""

    kind: ChangeKind
    alert: AlertState


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The alerts after a look at the facts, and what changed."""

    alerts: tuple[AlertState, ...]
    changes: tuple[AlertChange, ...]


def assess(view: PatientView) -> Evaluation:
    """Judge every enabled rule on a patient's view."""
    verdicts: dict[tuple[str, str], Verdict] = {}
    settled: set[str] = set()
    for rule in ALERT_RULES:
        row = view.rules[rule.code]
        if view.ended or rule.exhaustive or not row.enabled:
            settled.add(rule.code)
        if not row.enabled:
            continue
        for verdict in rule.judge(view, row):
            name = (rule.code, verdict.key)
            standing = verdicts.get(name)
            if standing is None or _level(verdict) > _level(standing):
                verdicts[name] = verdict
    return Evaluation(tuple(verdicts.values()), frozenset(settled))


def _level(verdict: Verdict) -> float:
    return float("-inf") if verdict.finding is None else verdict.finding.level


def evaluate(facts: PatientFacts, as_of: datetime, rules: RuleTable) -> list[AlertFinding]:
    """Return the rules that a patient's facts meet, most urgent first.

    Parameters
    ----------
    facts
        What is known of the patient at `as_of`.
    as_of
        The moment to look from.
    rules
        The dated rules; the day of `as_of` at the clinic decides which rows hold.

    Raises
    ------
    RehabctlError
        A rule has no row for that day.
    """
    return assess(PatientView.of(facts, as_of, rules)).findings


def next_verdict_day(view: PatientView) -> int | None:
    """Return the next local day on which some verdict may change without a new event."""
    days = view.plan_moments()
    for rule in ALERT_RULES:
        row = view.rules[rule.code]
        if row.enabled and (day := rule.moments(view, row)) is not None:
            days.append(day)
    return min(days, default=None)


def reconcile(
    existing: Sequence[AlertState],
    findings: Iterable[AlertFinding],
    as_of: datetime,
    judged: Judged = lambda code, key: True,
) -> Reconciled:
    """Bring stored alerts up to date with the findings of a moment.

    Parameters
    ----------
    existing
        The patient's alerts, closed ones too (the newest of each code and key is enough).
    findings
        The rules that are met at `as_of`.
    as_of
        The moment of the findings.
    judged
        Which rules had enough facts; the default takes every other rule as judged and not met.

    Returns
    -------
    Reconciled
        Alerts in the order of code, key and opening.
    """
    met = {(finding.code, finding.key): finding for finding in findings}
    newest: dict[tuple[str, str], AlertState] = {}
    for alert in sorted(existing, key=lambda a: a.opened_at):
        newest[alert.code, alert.key] = alert
    alerts = {(a.code, a.key, a.opened_at): a for a in existing}
    changes: list[AlertChange] = []
    for name in sorted(met.keys() | newest.keys()):
        finding, alert = met.get(name), newest.get(name)
        if finding is not None and (alert is None or alert.status is AlertStatus.CLOSED):
            after, kind = _opened(finding, alert), ChangeKind.OPENED
        elif alert is not None and alert.status is not AlertStatus.CLOSED:
            after, kind = (
                _still_met(alert, finding, as_of)
                if finding is not None
                else _not_met(alert, as_of, judged(*name))
            )
        else:
            continue
        alerts[after.code, after.key, after.opened_at] = after
        if kind is not None:
            changes.append(AlertChange(kind, after))
    ordered = tuple(alerts[identity] for identity in sorted(alerts))
    return Reconciled(ordered, tuple(changes))


def _opened(finding: AlertFinding, before: AlertState | None) -> AlertState:
    since = finding.since
    if before is not None and since <= before.opened_at:
        # the same first fact, told of by a newer one: an alert is named by its opening
        since = max(finding.known_at, before.opened_at + timedelta(microseconds=1))
    return AlertState(
        code=finding.code,
        key=finding.key,
        opened_at=since,
        status=AlertStatus.OPEN,
        severity=finding.severity,
        group=finding.group,
        text=finding.text,
        rule_version=finding.rule_version,
        level=finding.level,
        known_at=finding.known_at,
        close_after_days=finding.close_after_days,
        reopens_on=finding.reopens_on,
        unreviewed_since=since,
    )


def _is_news(finding: AlertFinding, alert: AlertState) -> bool:
    """Return whether a finding goes beyond what a person has seen of an alert."""
    if alert.handled_at is None:
        return True
    if alert.handled_severity is None or finding.severity.rank > alert.handled_severity.rank:
        return True
    if finding.known_at <= alert.handled_at:
        return False
    if finding.reopens_on == "new" or alert.handled_level is None:
        return True
    return finding.level > alert.handled_level


def _still_met(
    alert: AlertState, finding: AlertFinding, as_of: datetime
) -> tuple[AlertState, ChangeKind | None]:
    after = replace(
        alert,
        severity=finding.severity,
        text=finding.text,
        rule_version=finding.rule_version,
        level=finding.level,
        known_at=finding.known_at,
        close_after_days=finding.close_after_days,
        reopens_on=finding.reopens_on,
        unmet_since=None,
    )
    if alert.status is not AlertStatus.OPEN and _is_news(finding, alert):
        after = replace(
            after,
            status=AlertStatus.OPEN,
            snoozed_until=None,
            unreviewed_since=finding.known_at,
        )
        return after, ChangeKind.REOPENED
    return _woken(after, as_of)


def _woken(alert: AlertState, as_of: datetime) -> tuple[AlertState, ChangeKind | None]:
    until = alert.snoozed_until
    if alert.status is AlertStatus.SNOOZED and until is not None and until <= as_of:
        return replace(alert, status=AlertStatus.OPEN, snoozed_until=None), ChangeKind.AWOKE
    return alert, None


def _not_met(
    alert: AlertState, as_of: datetime, judged: bool
) -> tuple[AlertState, ChangeKind | None]:
    if judged and alert.unmet_since is None:
        alert = replace(alert, unmet_since=as_of)
    closes_at = closing_moment(alert)
    if closes_at is not None and closes_at <= as_of:
        closed = replace(alert, status=AlertStatus.CLOSED, closed_at=closes_at, snoozed_until=None)
        return closed, ChangeKind.CLOSED
    return _woken(alert, as_of)


def closing_moment(alert: AlertState) -> datetime | None:
    """Return when an alert closes by itself if nothing happens; None while its rule is met."""
    if alert.status is AlertStatus.CLOSED or alert.unmet_since is None:
        return None
    if alert.close_after_days is None:
        return None
    return alert.unmet_since + timedelta(days=alert.close_after_days)


def next_alert_moment(alerts: Iterable[AlertState], as_of: datetime) -> datetime | None:
    """Return when the next snooze ends or the next alert closes by itself."""
    moments = [closing_moment(alert) for alert in alerts]
    moments += [a.snoozed_until for a in alerts if a.status is AlertStatus.SNOOZED]
    return min((m for m in moments if m is not None and m > as_of), default=None)


def standing_actions(actions: Sequence[AlertAction]) -> list[AlertAction]:
    """Return the actions that nobody took back, oldest first.

    Parameters
    ----------
    actions
        What people did, oldest first. An undo takes back the newest action on the alerts of its
        code and key that still stands, so that two of them take back two.
    """
    standing: list[AlertAction] = []
    for action in actions:
        if action.kind is not AlertActionKind.UNDO:
            standing.append(action)
            continue
        for place in range(len(standing) - 1, -1, -1):
            if (standing[place].code, standing[place].key) == (action.code, action.key):
                del standing[place]
                break
    return standing


def apply_action(alerts: Sequence[AlertState], action: AlertAction) -> tuple[AlertState, ...]:
    """Return the alerts after a person acted on those of one code and key.

    Closed alerts stay as they are. What the person saw is kept (`handled_*`), so that a fact that
    goes further opens the alert again.
    """

    def act(alert: AlertState) -> AlertState:
        match action.kind:
            case AlertActionKind.UNDO:  # what still stands is applied instead of it
                return alert
            case AlertActionKind.ASSIGN:
                return replace(alert, assigned_to=action.assignee)
            case AlertActionKind.ACKNOWLEDGE:
                alert = replace(alert, status=AlertStatus.ACKNOWLEDGED, snoozed_until=None)
            case AlertActionKind.SNOOZE:
                alert = replace(alert, status=AlertStatus.SNOOZED, snoozed_until=action.until)
        seen = alert.handled_severity
        return replace(
            alert,
            handled_at=action.at,
            handled_level=max(alert.level, alert.handled_level or alert.level),
            handled_severity=max(alert.severity, seen or alert.severity, key=lambda s: s.rank),
            handled_by=action.by,
        )

    return tuple(
        act(alert)
        if (alert.code, alert.key) == (action.code, action.key)
        and alert.status is not AlertStatus.CLOSED
        else alert
        for alert in alerts
    )
