"""A small clinic in memory, with the panel's port over it. Deterministic; every name is made up.

`ClinicData` keeps alerts, notes and decisions and answers pages by keyset as a store does.
`EndlessData` answers rows by position, for lists too long to hold.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.errors import NotFoundError, UnavailableError, UsageError
from rehabctl.domain.facts import AlertSeverity, AlertState, AlertStatus
from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.patient_detail import (
    AlertSummary,
    PatientDetail,
)
from rehabctl.domain.review import (
    ReviewData,
    ReviewDecision,
)
from rehabctl.domain.triage import Tier, WorklistPage, WorklistRow
from tui.claims import ClinicClaims
from tui.forms import ClinicForms
from tui.kits import ClinicKits
from tui.monitoring import ClinicMonitoring
from tui.outcomes import ClinicOutcomes
from tui.patients import TIERS, alerts_of, make_detail, make_row
from tui.plans import ClinicPlans
from tui.recordings import make_review
from tui.reviews import ClinicReviews
from tui.times import NOW
from tui.visits import ClinicVisits


class ClinicData:
    """The port over a clinic in memory. Thread-safe, with every call noted in `calls`."""

    def __init__(self, count: int = 40, *, secret: str | None = None) -> None:
        self._lock = threading.Lock()
        self.rows = {row.mrn: row for row in (make_row(i, count) for i in range(count))}
        self.alerts = {mrn: alerts_of(row) for mrn, row in self.rows.items()}
        self.notes: list[tuple[str, str]] = []
        self.decisions: dict[str, tuple[ReviewDecision, str]] = {}
        self.calls: list[str] = []
        self.assigned: dict[str, str] = {}
        self._before: list[tuple[Any, Any, dict[str, str]]] = []
        self.offline = False
        self.refuse: str | None = None
        self.now = NOW
        self._secret = secret
        self.plans = ClinicPlans(self)
        self.forms = ClinicForms(self)
        self.reviews = ClinicReviews(self)
        self.kits = ClinicKits(self)
        self.claims = ClinicClaims(self)
        self.monitoring = ClinicMonitoring(self)
        self.visits = ClinicVisits(self)
        self.outcomes = ClinicOutcomes(self)

    # -- worklist --------------------------------------------------------------------------

    def worklist(
        self,
        cursor: str | None,
        limit: int,
        *,
        text_filter: str | None,
        sort: PanelSort,
        from_end: bool,
    ) -> WorklistPage:
        with self._called("worklist"):
            kept = [row for row in self.rows.values() if _matches(row, text_filter)]
            ordered = sorted(kept, key=lambda row: _key(row, sort), reverse=from_end)
            keys = [_key(row, sort) for row in ordered]
            start = 0
            if cursor is not None:
                after = tuple(json.loads(cursor))
                # bisect needs a rising list; from the end the keys fall
                start = (
                    len(keys)
                    - bisect_right([*reversed(keys)], after, hi=len(keys))
                    + sum(key == after for key in keys)
                    if from_end
                    else bisect_right(keys, after)
                )
            rows = tuple(ordered[start : start + limit])
            more = start + limit < len(ordered)
            return WorklistPage(
                rows=rows,
                next_cursor=json.dumps(_key(rows[-1], sort)) if more else None,
                total=len(ordered),
                need_attention=sum(row.tier is not Tier.STABLE for row in kept),
                as_of=self.now,
            )

    def rerank(self) -> None:
        """Give ranks anew by tier, as a service does after a change."""
        ordered = sorted(
            self.rows.values(), key=lambda r: (TIERS.index(r.tier), -r.open_alerts, r.mrn)
        )
        self.rows = {row.mrn: replace(row, rank=i) for i, row in enumerate(ordered, 1)}

    # -- one patient -----------------------------------------------------------------------

    def patient(self, mrn: str) -> PatientDetail:
        with self._called(f"patient {mrn}"):
            if mrn not in self.rows:
                raise NotFoundError(f"no patient {mrn}", "Check the number")
            return make_detail(self.rows[mrn], tuple(self.alerts[mrn]), self.now)

    def acknowledge(self, alert_ids: Sequence[str], comment: str) -> None:
        with self._called("acknowledge"):
            if not comment:
                raise UsageError("an acknowledgement needs a comment", "Write what you decided")
            self._settle(alert_ids, "acknowledged")

    def snooze(self, alert_ids: Sequence[str], until: datetime) -> None:
        with self._called(f"snooze {until.isoformat()}"):
            self._settle(alert_ids, "snoozed")

    def assign(self, alert_ids: Sequence[str], login: str) -> None:
        with self._called(f"assign {login}"):
            self._remember(alert_ids)
            self.assigned.update(dict.fromkeys(alert_ids, login))

    def colleagues(self) -> Sequence[str]:
        with self._called("colleagues"):
            return ("hberg", "mweber")

    def undo_alerts(self, alert_ids: Sequence[str]) -> None:
        with self._called("undo_alerts"):
            if not self._before:
                raise UsageError("nothing to take back", "Look at: rehabctl alert list")
            self.alerts, self.rows, self.assigned = self._before.pop()

    def evidence(self, mrn: str) -> tuple[AlertEvidence, ...]:
        with self._called(f"evidence {mrn}"):
            return tuple(self._evidence(alert) for alert in self.alerts[mrn])

    def _evidence(self, alert: AlertSummary) -> AlertEvidence:
        since = alert.reason.since or NOW
        handled = alert.state != "open"
        state = AlertState(
            code=alert.reason.code.upper(),
            key="",
            opened_at=since,
            status=AlertStatus(alert.state),
            severity=AlertSeverity(alert.severity),
            group="clinical",
            text=alert.reason.text,
            rule_version=alert.rule_version,
            level=9.0,
            known_at=since,
            close_after_days=7,
            reopens_on="worse",
            unreviewed_since=since,
            handled_at=NOW if handled else None,
            handled_by="mweber" if handled else None,
            assigned_to=self.assigned.get(alert.id),
        )
        return AlertEvidence(
            id=alert.id,
            state=state,
            verdict="met",
            inputs={"pain": 9.0, "day": "2026-03-11", "sessions": None},
            limits={"at_least": 8.0},
            source="Clinic consensus",
            grade="consensus",
        )

    def _remember(self, alert_ids: Sequence[str]) -> None:
        del alert_ids
        before = {mrn: list(alerts) for mrn, alerts in self.alerts.items()}
        self._before.append((before, dict(self.rows), dict(self.assigned)))

    def _settle(self, alert_ids: Sequence[str], state: str) -> None:
        self._remember(alert_ids)
        wanted = set(alert_ids)
        for mrn, alerts in self.alerts.items():
            self.alerts[mrn] = [
                replace(alert, state=state) if alert.id in wanted else alert for alert in alerts
            ]
            left = sum(alert.state == "open" for alert in self.alerts[mrn])
            row = self.rows[mrn]
            tier = Tier.STABLE if row.open_alerts and not left else row.tier
            self.rows[mrn] = replace(row, open_alerts=left, tier=tier)
        self.rerank()

    def add_note(self, mrn: str, text: str) -> None:
        with self._called(f"add_note {mrn}"):
            self.notes.append((mrn, text))

    # -- review ----------------------------------------------------------------------------

    def review(self, assessment_id: str) -> ReviewData:
        with self._called(f"review {assessment_id}"):
            mrn, _, number = assessment_id.partition("/")
            following = f"{mrn}/{int(number) + 1}" if int(number) < 2 else None
            made = make_review(assessment_id, self.rows[mrn], following)
            decision, comment = self.decisions.get(assessment_id, (None, None))
            return replace(
                made,
                decision=decision,
                comment=comment,
                labels=dict(self.reviews.labels.get(assessment_id, {})),
                remarks=tuple(self.reviews.remarks.get(assessment_id, ())),
                has_film=int(number) == 0,
            )

    def set_review(self, assessment_id: str, decision: ReviewDecision, comment: str) -> None:
        with self._called(f"set_review {assessment_id} {decision.value}"):
            self.decisions[assessment_id] = (decision, comment)

    # -- lock and faults -------------------------------------------------------------------

    @property
    def unlock_needs_secret(self) -> bool:
        return self._secret is not None

    def unlock(self, secret: str) -> bool:
        return secret == self._secret

    def _called(self, what: str) -> _Call:
        return _Call(self, what, self._lock)


class _Call:
    """One call at a time; faults are raised before anything changes."""

    def __init__(self, data: ClinicData, what: str, lock: threading.Lock) -> None:
        self._data, self._what, self._held = data, what, lock

    def __enter__(self) -> None:
        self._held.acquire()
        self._data.calls.append(self._what)
        error: Exception | None = None
        if self._data.offline:
            error = UnavailableError("the database is away", "It is tried again every 5 seconds")
        elif self._data.refuse == self._what.split()[0]:
            error = UsageError("the database is read-only", "Ask your administrator")
        elif self._data.refuse == f"crash {self._what.split()[0]}":
            error = ValueError("Jane SECRETNAME")
        if error is not None:
            self._held.release()
            raise error

    def __exit__(self, *_: object) -> None:
        self._held.release()


class EndlessData(ClinicData):
    """A list of any length whose rows are made when they are read."""

    def __init__(self, count: int) -> None:
        super().__init__(0)
        self.count = count

    def worklist(
        self,
        cursor: str | None,
        limit: int,
        *,
        text_filter: str | None,
        sort: PanelSort,
        from_end: bool,
    ) -> WorklistPage:
        with self._called("worklist"):
            start = int(cursor or 0)
            end = min(self.count, start + limit)
            places = range(start, end)
            rows = (make_row(self.count - 1 - i if from_end else i, self.count) for i in places)
            return WorklistPage(
                rows=tuple(rows),
                next_cursor=str(end) if end < self.count else None,
                total=self.count,
                need_attention=self.count * 3 // 10,
                as_of=self.now,
            )

    def patient(self, mrn: str) -> PatientDetail:
        with self._called(f"patient {mrn}"):
            return make_detail(make_row(int(mrn) - 1001, self.count), (), self.now)


def _matches(row: WorklistRow, text: str | None) -> bool:
    words = " ".join((row.mrn, row.name, *(reason.text for reason in row.reasons)))
    return text is None or text.casefold() in words.casefold()


def _key(row: WorklistRow, sort: PanelSort) -> tuple[float | str, float, str]:
    far = 1e12
    first: float | str
    match sort:
        case "priority":
            first = 0.0
        case "name":
            first = row.name.casefold()
        case "last_session":
            first = row.last_session_at.timestamp() if row.last_session_at else far
        case "adherence":
            first = far if row.adherence_percent_28d is None else row.adherence_percent_28d
        case "pain":
            first = far if row.pain_now is None else -row.pain_now
        case "next_due":
            first = row.next_due.timestamp() if row.next_due else far
    return first, float(row.rank), row.mrn
