"""Daily values of wearables, and heart-rate limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, and_, insert, select

from rehabctl.domain.patient import PatientRef
from rehabctl.domain.wearable import (
    DailyMeasure,
    DailyValue,
    HeartRateLimit,
    StoredDailyValue,
    WearableSource,
)
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import owned, owner, plain

_DAILY = table("daily_activity")
_LIMIT = table("heart_rate_limit")
_Named = tuple[DailyMeasure, date]


class WearableRepository:
    """What patients' own devices recorded."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def known(
        self, patient: PatientRef, source: WearableSource
    ) -> Mapping[_Named, StoredDailyValue]:
        """Return the newest value of each measure and day that a source told."""
        return {
            (stored.value.measure, stored.value.day): stored
            for stored in self._rows(patient.id, _DAILY.c.source == source.value)
        }

    def newest(
        self, patient: PatientRef, source: WearableSource, measure: DailyMeasure, day: date
    ) -> StoredDailyValue | None:
        """Return the newest value of one measure and day; None where none was told."""
        c = _DAILY.c
        told = and_(c.source == source.value, c.measure == measure.value, c.day == day)
        return next(reversed(self._rows(patient.id, told)), None)

    def add(
        self,
        patient: PatientRef,
        source: WearableSource,
        values: Sequence[DailyValue],
        origin_sha256: str,
    ) -> None:
        """Add values; each takes the place of an earlier one of its day."""
        rows = [
            owned(patient, new_id(), self._now)
            | plain(value, "minutes_by_bpm")
            | {
                "source": source.value,
                "recorded_at": self._now,
                "origin_sha256": origin_sha256,
                "minutes_by_bpm": None
                if value.minutes_by_bpm is None
                else {str(bpm): count for bpm, count in value.minutes_by_bpm.items()},
            }
            for value in values
        ]
        if rows:
            self._connection.execute(insert(_DAILY), rows)

    def of_patient(self, patient_id: UUID, first: date, last: date) -> tuple[StoredDailyValue, ...]:
        """Return the newest value of each source, measure and day, in the order of days.

        Parameters
        ----------
        patient_id
            Whose.
        first, last
            Days, both inclusive.
        """
        newest = {
            (stored.value.day, stored.source, stored.value.measure): stored
            for stored in self._rows(patient_id, _DAILY.c.day.between(first, last))
        }
        return tuple(newest[key] for key in sorted(newest))

    def _rows(self, patient_id: UUID, condition: Any) -> list[StoredDailyValue]:
        query = (
            select(_DAILY)
            .where(_DAILY.c.patient_id == patient_id, condition)
            .order_by(_DAILY.c.recorded_at, _DAILY.c.id)
        )
        return [_stored(row) for row in self._connection.execute(query).mappings()]

    def set_limit(self, limit: HeartRateLimit) -> None:
        """Keep limits; they take the place of earlier ones."""
        row = owned(limit.patient, limit.id, self._now) | plain(limit)
        self._connection.execute(insert(_LIMIT).values(row))

    def limit(self, patient_id: UUID) -> HeartRateLimit | None:
        """Return the limits that hold; None where none were set."""
        query = (
            select(_LIMIT)
            .where(_LIMIT.c.patient_id == patient_id)
            .order_by(_LIMIT.c.set_at.desc(), _LIMIT.c.id.desc())
            .limit(1)
        )
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return HeartRateLimit(
            row["id"],
            owner(row),
            row["upper_bpm"],
            row["target_low_bpm"],
            row["target_high_bpm"],
            row["beta_blocker"],
            row["set_by"],
            row["set_at"],
        )


def _stored(row: RowMapping) -> StoredDailyValue:
    minutes = row["minutes_by_bpm"]
    value = DailyValue(
        day=row["day"],
        measure=DailyMeasure(row["measure"]),
        value=row["value"],
        records=row["records"],
        hours=row["hours"],
        is_whole=row["is_whole"],
        method=row["method"],
        minutes_by_bpm=None if minutes is None else {int(k): v for k, v in minutes.items()},
    )
    return StoredDailyValue(
        row["id"],
        WearableSource(row["source"]),
        value,
        row["recorded_at"],
        row["origin_sha256"],
    )
