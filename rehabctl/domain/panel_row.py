"""One patient's maintained line in the worklist: services compute it, the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.triage import Reason, Tier

PanelSort = Literal["priority", "name", "last_session", "adherence", "pain", "next_due"]
"""Orders of the worklist. Ties are settled by priority and name; what is not known is last.

Sessions: longest ago first; adherence: lowest first; pain: highest first; next due: soonest first.
"""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One patient's line. `None` means that nothing was recorded."""

    patient: PatientRef
    tier: Tier
    rank_key: str
    """Sorts by its bytes: a smaller key comes first. Ties are settled by name, then by id."""
    reasons: tuple[Reason, ...]
    computed_at: datetime
    rules_version: str
    last_session_at: datetime | None = None
    adherence_percent_28d: float | None = None
    pain_now: float | None = None
    pain_series: tuple[float, ...] = ()
    """Up to the last 14 ratings, oldest first."""
    pain_trend: str | None = None
    rom_trend: str | None = None
    open_alerts: int = 0
    next_due: datetime | None = None
    plan_version: str | None = None
    """Names the plans (episode, schedule, holds, goals) that the history was judged by."""
    next_change_at: datetime | None = None
    """When the row is to be computed again although nothing was written; None: never."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """When a stored row was computed, and by what."""

    computed_at: datetime
    plan_version: str | None
    rules_version: str
    next_change_at: datetime | None


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """Which rows of the worklist, in which order."""

    therapist_id: UUID | None = None
    """One caseload; None is the whole clinic."""
    text_filter: str | None = None
    """Part of the record number, the name or a reason, without regard to case."""
    sort: PanelSort = "priority"
    from_end: bool = False
    """Read the same order from its other end."""


@dataclass(frozen=True, slots=True)
class PanelCounts:
    """How many patients a query covers."""

    total: int
    need_attention: int
    """Above the `stable` tier."""
