"""Invented patients: a line of the worklist, and everything that the patient screen shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

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
from rehabctl.domain.triage import Reason, Tier, WorklistRow
from tui.times import NOW

TIERS = (Tier.RED_FLAG, Tier.DECLINING, Tier.DUE, Tier.STABLE)
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


def make_row(index: int, count: int) -> WorklistRow:
    """Return the row at a position of the priority order."""
    random = Random(index)
    share = index / max(count, 1)
    tier = TIERS[0 if share < 0.05 else 1 if share < 0.2 else 2 if share < 0.3 else 3]
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


def alerts_of(row: WorklistRow) -> list[AlertSummary]:
    """Return the open alerts behind the reasons of a line."""
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
