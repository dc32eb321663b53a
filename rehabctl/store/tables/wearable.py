"""What patients' own devices recorded, by day, and heart-rate limits that were set."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.wearable import DailyMeasure, WearableSource
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    between,
    one_of,
    patient_owned,
    same_clinic,
)


class DailyActivity(PatientOwned, table=True):
    """One measure of one day as one source told it at one moment.

    Rows are never changed: a later one of the same day takes the place of an earlier one, so that
    what was known at any moment can be judged again.
    """

    __table_args__ = patient_owned(
        UniqueConstraint(
            "patient_id",
            "source",
            "measure",
            "day",
            "recorded_at",
            "origin_sha256",
            name="uq_daily_activity_told_once",
        ),
        one_of("source", WearableSource),
        one_of("measure", DailyMeasure),
        between("hours", 0, 25),
        Index(None, "patient_id", "measure", "day"),
        identity=False,
    )

    source: str
    measure: str
    day: date
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    value: float
    records: int
    hours: int | None = None
    is_whole: bool
    method: str
    minutes_by_bpm: dict[str, Any] | None = Field(default=None, sa_type=Document)
    origin_sha256: str
    """Of the file, or of the name of the single record, that told it."""


class HeartRateLimit(PatientOwned, table=True):
    """Limits of a patient's heart rate; the newest counts."""

    __table_args__ = patient_owned(
        same_clinic("set_by", "user_account"),
        between("upper_bpm", 30, 250),
        between("target_low_bpm", 30, 250),
        between("target_high_bpm", 30, 250),
        CheckConstraint("target_high_bpm > target_low_bpm", name="order"),
        Index(None, "patient_id", "set_at"),
        identity=False,
    )

    upper_bpm: int | None = None
    target_low_bpm: int | None = None
    target_high_bpm: int | None = None
    beta_blocker: bool
    set_by: UUID
    set_at: datetime = Field(sa_type=UtcDateTime)
