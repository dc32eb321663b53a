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
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.errors import NotFoundError, UnavailableError, UsageError
from rehabctl.domain.facts import AlertSeverity, AlertState, AlertStatus
from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.patient_detail import (
    AlertSummary,
    AppointmentSummary,
    AssessmentSummary,
    ConsentSummary,
    EpisodeSummary,
    MessageSummary,
    NoteSummary,
    PatientDetail,
    ProgramLine,
    ReferenceBand,
    SessionSummary,
    Trend,
    TrendPoint,
)
from rehabctl.domain.review import (
    ReviewData,
    ReviewDecision,
)
from rehabctl.domain.triage import Reason, Tier, WorklistPage, WorklistRow
from tui.claims import ClinicClaims
from tui.forms import ClinicForms
from tui.kits import ClinicKits
from tui.monitoring import ClinicMonitoring
from tui.outcomes import ClinicOutcomes
from tui.plans import ClinicPlans
from tui.recordings import make_review
from tui.reviews import ClinicReviews
from tui.times import NOW
from tui.visits import ClinicVisits

NAMES = (
    "Amara Okafor",
    "Jonas Weber",
    "李小龍",
    "Inés Castaño",
    "Tomasz Łukasik",
    "Aoife Ní Bhriain",
    "[bold]Max[/] Brack",
    "Zoë \x1b[31mHostile\x1b[0m",
    "Maximiliana Featherstonehaugh-Wójcik",
    "Yuki 山田",
    "Omar Haddad",
    "Priya Raman",
    "Lea Fischer",
    "Noah Berg",
    "Mia Costa",
    "Elif Demir",
    "Anna Nowak",
    "Luca Moretti",
    "Sara Lind",
    "Ben Adler",
)
_REASONS = {
    Tier.RED_FLAG: (
        ("red_flag_answer", "Calf pain with swelling reported on 11 Mar"),
        ("severe_pain", "Pain 9 of 10 after session (limit 8)"),
    ),
    Tier.DECLINING: (
        ("rom_decline", "Knee flexion 12 deg below the mean of the 3 results before (limit 10)"),
        ("pain_rise", "Pain up by 3 in 7 days (limit 2)"),
        ("missed_sessions", "4 of 5 planned sessions missed since 6 Mar (limit 3)"),
    ),
    Tier.DUE: (("reassessment_due", "Reassessment due 14 Mar"),),
    Tier.STABLE: (),
}
_TIERS = (Tier.RED_FLAG, Tier.DECLINING, Tier.DUE, Tier.STABLE)


def make_row(index: int, count: int) -> WorklistRow:
    """Return the row at a position of the priority order."""
    random = Random(index)
    share = index / max(count, 1)
    tier = _TIERS[0 if share < 0.05 else 1 if share < 0.2 else 2 if share < 0.3 else 3]
    texts = _REASONS[tier]
    picked = texts[index % len(texts) :] if texts else ()
    reasons = tuple(
        Reason(code, text, NOW - timedelta(days=1 + index % 5)) for code, text in picked
    )
    pain = tuple(float(min(10, max(0, random.gauss(7 - 5 * share, 1.5)))) for _ in range(12))
    never = index % 17 == 16
    name = NAMES[index % len(NAMES)]
    return WorklistRow(
        patient_id=f"id-{index}",
        mrn=str(1001 + index),
        name=name if index < len(NAMES) else f"{name} {index // len(NAMES)}",
        rank=index + 1,
        tier=tier,
        reasons=reasons,
        last_session_at=None if never else NOW - timedelta(hours=5 + 9 * (index % 40)),
        adherence_percent_28d=None if never else float(40 + (index * 37) % 61),
        pain_now=None if never else round(pain[-1]),
        pain_series=() if never else pain,
        pain_trend=None if never else ("rising", "steady", "falling")[index % 3],
        rom_trend=None if never else ("declining", "steady", "improving")[index % 3],
        open_alerts=len(reasons) if tier in (Tier.RED_FLAG, Tier.DECLINING) else 0,
        next_due=None if index % 11 == 10 else NOW + timedelta(days=index % 9 - 2),
    )


class ClinicData:
    """The port over a clinic in memory. Thread-safe, with every call noted in `calls`."""

    def __init__(self, count: int = 40, *, secret: str | None = None) -> None:
        self._lock = threading.Lock()
        self.rows = {row.mrn: row for row in (make_row(i, count) for i in range(count))}
        self.alerts = {mrn: _alerts(row) for mrn, row in self.rows.items()}
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
            self.rows.values(), key=lambda r: (_TIERS.index(r.tier), -r.open_alerts, r.mrn)
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


# -- made-up facts ---------------------------------------------------------------------------


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


def _alerts(row: WorklistRow) -> list[AlertSummary]:
    severity = "red_flag" if row.tier is Tier.RED_FLAG else "high"
    return [
        AlertSummary(f"{row.mrn}-{i}", severity, reason, "2026-01", "open")
        for i, reason in enumerate(row.reasons[: row.open_alerts])
    ]


def _worn(start: datetime) -> tuple[Trend, ...]:
    """Return what a watch recorded, with a week in which it was not worn and a decline."""
    days = [day for day in range(42) if not 14 <= day < 21]
    steps = [6200 + 700 * (day % 5) - (3300 if day > 37 else 0) for day in days]
    asleep = [7.2 - 0.4 * (day % 4) for day in days]
    return tuple(
        Trend(
            measure,
            None,
            unit,
            tuple(
                TrendPoint(start + timedelta(days=day), value, None, "apple-health")
                for day, value in zip(days, values, strict=True)
            ),
            None,
            True,
        )
        for measure, unit, values in (("sleep", "h", asleep), ("steps", "steps", steps))
    )


def make_detail(
    row: WorklistRow, alerts: tuple[AlertSummary, ...], as_of: datetime
) -> PatientDetail:
    """Return a patient with two instruments in one trend, and one trend without results."""
    start = NOW - timedelta(days=42)
    camera, other = "pose_landmarker_full 0.10.31", "goniometer"
    flexion = tuple(
        TrendPoint(
            start + timedelta(days=6 * i),
            78 + 4 * i - 0.3 * i * i,
            5.5 if i < 5 else 4.0,
            camera if i < 5 else other,
        )
        for i in range(8)
    )
    pain = tuple(
        TrendPoint(start + timedelta(days=3 * i), value, None, "nprs")
        for i, value in enumerate(row.pain_series)
    )
    adherence = tuple(
        TrendPoint(start + timedelta(days=7 * i), 60.0 + (i * 17) % 40, None, "sessions")
        for i in range(6)
    )
    return PatientDetail(
        row=row,
        birth_date=date(1968, 5, 4),
        sex="female",
        state="CO",
        phone="+1 303 555 0142",
        email="patient@example.org",
        language="en",
        time_zone="America/Denver",
        episode=EpisodeSummary(
            "Total knee replacement (Z96.651)",
            "left",
            date(2026, 1, 26),
            6,
            ("no kneeling", "knee flexion not above 120 deg"),
        ),
        trends=(
            Trend("knee_flexion", "left", "deg", flexion, 120.0, True, band=_BAND),
            Trend("pain", None, "of 10", pain, 3.0, False),
            *(_worn(start) if row.rank == 2 else ()),
            Trend("adherence", None, "%", adherence, 80.0, True),
            Trend("knee_extension", "left", "deg", (), None, True),
            Trend(
                "koos-jr",
                "left",
                "points",
                tuple(
                    TrendPoint(start + timedelta(days=20 * i), value, None, "koos-jr-2016")
                    for i, value in enumerate((47.5, 54.8, 63.8))
                ),
                None,
                True,
                "clinically important improvement",
                61.5,
            ),
        ),
        assessments=tuple(_assessment(row, i) for i in range(3)),
        sessions=tuple(_session(i) for i in range(6)),
        alerts=alerts,
        program=(
            ProgramLine("bodyweight-squat", "Bodyweight squat", 3, 10, 0.0, 5, 90.0, True),
            ProgramLine("sit-to-stand", "Sit to stand", 2, 12, 0.0, 5, None, True),
            ProgramLine(
                "standing-hip-abduction", "Standing hip abduction", 2, 10, 2.0, 3, 30.0, False
            ),
        ),
        appointments=(
            AppointmentSummary(
                NOW + timedelta(days=1, hours=6), "treatment-tele", "planned", "hberg"
            ),
            AppointmentSummary(NOW - timedelta(days=6), "evaluation", "completed", "hberg"),
        ),
        messages=(
            MessageSummary(
                NOW - timedelta(hours=3), "patient", "The knee is [warm] today.\nIs that ok?", True
            ),
            MessageSummary(NOW - timedelta(days=2), "hberg", "Keep the ice on.", False),
        ),
        notes=(
            NoteSummary(NOW - timedelta(days=1), "hberg", "note", None, "Better on stairs."),
            NoteSummary(NOW - timedelta(days=6), "hberg", "daily", "signed", "## Plan\nGo on."),
            NoteSummary(NOW - timedelta(days=7), "hberg", "progress", "draft", "Ten visits."),
        ),
        consents=(
            ConsentSummary("video_recording", NOW - timedelta(days=45), None),
            ConsentSummary("body_tracking", NOW - timedelta(days=45), NOW + timedelta(days=320)),
        ),
        as_of=as_of,
    )


_BAND = ReferenceBand(
    tuple((NOW - timedelta(days=42 - 6 * i), 80.0 + 4 * i, 90.0 + 3 * i) for i in range(7)),
    "Kornuijt 2019; growth model of 2018",
)


def _assessment(row: WorklistRow, i: int) -> AssessmentSummary:
    refused = i == 2
    return AssessmentSummary(
        id=f"{row.mrn}/{i}",
        at=NOW - timedelta(days=1 + 6 * i),
        exercise="bodyweight-squat" if i != 1 else "standing-knee-flexion",
        status="refused" if refused else "good" if i == 0 else "limited",
        confidence=0.91 - 0.2 * i,
        full=0 if refused else 5 - i,
        partial=0 if refused else 1 + i,
        side="left",
        best_peak_deg=None if refused else 96.1 - 3 * i,
        interval_deg=None if refused else (90.6 - 3 * i, 101.6 - 3 * i),
        compensations=("trunk_lateral_lean",) if i == 0 else (),
        feedback=("Bend a little deeper if it stays comfortable.",) if i == 0 else (),
        reasons=("The legs leave the picture.",) if refused else (),
    )


def _session(i: int) -> SessionSummary:
    return SessionSummary(
        at=NOW - timedelta(days=2 * i, hours=3),
        completed=3 - i % 2,
        planned=3,
        pain_before=None if i == 3 else 4.0 + i % 3,
        pain_after=None if i == 3 else 5.0 + i % 4,
        difficulty=None if i == 3 else 2 + i % 3,
        notes="Felt [stiff] on the stairs" if i == 0 else None,
    )
