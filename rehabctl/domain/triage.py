"""What the worklist shows of one patient: the same row in `triage list`, the panel and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Tier(StrEnum):
    """Priority tiers, most urgent first."""

    RED_FLAG = "red_flag"
    DECLINING = "declining"
    DUE = "due"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a patient stands where she stands.

    `text` names facts with their numbers and limits and never a conclusion; `since` is the time of
    the fact that made the reason true.
    """

    code: str
    text: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One patient of the worklist. `None` means that nothing was recorded."""

    patient_id: str
    mrn: str
    name: str
    rank: int
    """1-based position in the total order."""
    tier: Tier
    reasons: tuple[Reason, ...]
    last_session_at: datetime | None
    adherence_percent_28d: float | None
    pain_now: float | None
    pain_series: tuple[float, ...]
    """Up to the last 14 pain ratings (0-10), oldest first: the sparkline."""
    pain_trend: str | None
    """`rising`, `steady` or `falling`; None with fewer than three ratings."""
    rom_trend: str | None
    """`improving`, `steady` or `declining`; None with fewer than two comparable results."""
    open_alerts: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """A page of the worklist in rank order."""

    rows: tuple[WorklistRow, ...]
    next_cursor: str | None
    """Pass to the next call; None on the last page."""
    total: int
    need_attention: int
    """Patients above the `stable` tier: "12 of 40 need you"."""
    as_of: datetime
