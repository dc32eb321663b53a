"""What a patient's devices recorded, day by day beside pain; heart rates beside their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING

from rehabctl.clinic.heart_rate import AgeEstimate, age_estimate, minutes_between
from rehabctl.domain.errors import UsageError
from rehabctl.domain.facts import PatientFacts
from rehabctl.domain.patient_detail import Trend, TrendPoint
from rehabctl.domain.wearable import (
    DailyMeasure,
    DailyValue,
    HeartRateLimit,
    StoredDailyValue,
    WearableSource,
)
from rehabctl.reference.wearables import measure_rows
from rehabctl.services.access import Action, require
from rehabctl.services.wearables import zone_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rehabctl.domain.patient import Patient
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_TREND_DAYS = 91
_TRENDS = (
    DailyMeasure.SLEEP,
    DailyMeasure.STEPS,
    DailyMeasure.RESTING_HEART_RATE,
    DailyMeasure.WALKING_SPEED,
)
"""Shown on the patient's screen; sleep first, beside pain."""
_BPM = (30, 250)


@dataclass(frozen=True, slots=True)
class ActivityDay:
    """One day by one source."""

    day: date
    source: WearableSource
    values: Mapping[DailyMeasure, DailyValue]
    pain: float | None
    """Mean of the day's ratings, 0-10."""
    minutes_above_limit: int | None
    """Recorded minutes above the limit that was set; None without limit or heart rate."""
    minutes_in_target: int | None

    @property
    def highest_bpm(self) -> int | None:
        """The highest reading."""
        beats = self.values.get(DailyMeasure.HEART_RATE)
        return None if beats is None else max(beats.minutes_by_bpm or {}, default=None)

    @property
    def hours(self) -> int | None:
        """Hours with a record."""
        told = [value.hours for value in self.values.values() if value.hours is not None]
        return max(told, default=None)

    @property
    def is_whole(self) -> bool:
        """Whether every value is of a whole day."""
        return all(value.is_whole for value in self.values.values())


@dataclass(frozen=True, slots=True)
class HeartRates:
    """A patient's limits, and the minutes beside them."""

    limit: HeartRateLimit | None
    estimate: AgeEstimate
    first_day: date
    last_day: date
    minutes_recorded: int
    minutes_above_limit: int | None
    minutes_in_target: int | None
    minutes_by_zone: Mapping[str, int]


def activity_days(store: Store, mrn: str, days: int) -> tuple[ActivityDay, ...]:
    """Return a patient's last days, newest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    days
        How many, today included.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = _days(uow, patient, days)
        uow.audit.record("activity.read", "patient", patient.id, {"days": len(found)})
        return found


def heart_rates(store: Store, mrn: str, days: int) -> HeartRates:
    """Return a patient's limits with the minutes of the last days beside them.

    Parameters
    ----------
    store, mrn, days
        As for `activity_days`.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        uow.audit.record("heart_rate.read", "patient", patient.id)
        return _heart_rates(uow, patient, days)


def set_limit(
    store: Store,
    mrn: str,
    *,
    upper_bpm: int | None,
    target_bpm: tuple[int, int] | None,
    beta_blocker: bool,
) -> HeartRateLimit:
    """Set the limits of a patient's heart rate; they take the place of all earlier ones.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    upper_bpm
        Not to be passed.
    target_bpm
        Lowest and highest of the range to train in.
    beta_blocker
        Whether the patient takes one.

    Raises
    ------
    UsageError
        A limit lies outside of 30 to 250, or the range is none.
    """
    low, high = target_bpm or (None, None)
    for bpm in (upper_bpm, low, high):
        if bpm is not None and not _BPM[0] <= bpm <= _BPM[1]:
            raise UsageError(f"a heart rate of {bpm} is no limit", "Give one from 30 to 250")
    if low is not None and high is not None and low >= high:
        raise UsageError("the target ends before it begins", "Write it like 90-110")
    if upper_bpm is not None and high is not None and high > upper_bpm:
        raise UsageError("the target passes the upper limit", "Lower one or raise the other")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        made = HeartRateLimit(
            uow.new_id(), patient.ref, upper_bpm, low, high, beta_blocker, uow.user.id, uow.now
        )
        uow.wearables.set_limit(made)
        uow.audit.record("heart_rate.limit", "patient", patient.id)
        return made


def trends(uow: UnitOfWork, patient: Patient) -> list[Trend]:
    """Return what the patient's screen shows of the last weeks, by the source with most days.

    Parameters
    ----------
    uow
        The transaction.
    patient
        Whose.
    """
    zone = zone_of(patient.demographics.time_zone, uow.clinic.time_zone)
    last = uow.now.astimezone(zone).date()
    stored = uow.wearables.of_patient(patient.id, last - timedelta(days=_TREND_DAYS), last)
    rows = measure_rows()
    made: list[Trend] = []
    for measure in _TRENDS:
        points = [
            TrendPoint(_noon(each.value.day, zone), each.value.value, None, each.source.value)
            for each in _of_one_source(stored, measure)
        ]
        if points:
            row = rows[measure]
            made.append(
                Trend(
                    measure=row.text.lower(),
                    side=None,
                    unit=row.unit,
                    points=tuple(points),
                    target=None,
                    higher_is_better=row.higher_is_better,
                )
            )
    return made


def _of_one_source(
    stored: Sequence[StoredDailyValue], measure: DailyMeasure
) -> list[StoredDailyValue]:
    by_source: dict[WearableSource, list[StoredDailyValue]] = {}
    for each in stored:
        if each.value.measure is measure and each.value.is_whole:
            by_source.setdefault(each.source, []).append(each)
    return max(by_source.values(), key=len) if by_source else []


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone)


def _days(uow: UnitOfWork, patient: Patient, days: int) -> tuple[ActivityDay, ...]:
    zone = zone_of(patient.demographics.time_zone, uow.clinic.time_zone)
    last = uow.now.astimezone(zone).date()
    limit = uow.wearables.limit(patient.id)
    pain = _pain(uow.facts.of_patient(patient.id), zone)
    grouped: dict[tuple[date, WearableSource], dict[DailyMeasure, DailyValue]] = {}
    for each in uow.wearables.of_patient(patient.id, last - timedelta(days=days - 1), last):
        grouped.setdefault((each.value.day, each.source), {})[each.value.measure] = each.value
    return tuple(
        _day(day, source, values, pain.get(day), limit)
        for (day, source), values in reversed(grouped.items())
    )


def _pain(facts: PatientFacts, zone: ZoneInfo) -> dict[date, float]:
    rated: dict[date, list[float]] = {}
    for event in (*facts.sessions, *facts.journal):
        if event.pain is not None:
            rated.setdefault(event.at.astimezone(zone).date(), []).append(event.pain)
    return {day: round(fmean(ratings), 1) for day, ratings in rated.items()}


def _day(
    day: date,
    source: WearableSource,
    values: Mapping[DailyMeasure, DailyValue],
    pain: float | None,
    limit: HeartRateLimit | None,
) -> ActivityDay:
    beats = values.get(DailyMeasure.HEART_RATE)
    minutes = None if beats is None else beats.minutes_by_bpm
    above, target = _beside(minutes, limit)
    return ActivityDay(day, source, values, pain, above, target)


def _beside(
    minutes: Mapping[int, int] | None, limit: HeartRateLimit | None
) -> tuple[int | None, int | None]:
    """Return the minutes above the upper limit and within the target."""
    if minutes is None or limit is None:
        return None, None
    above = target = None
    if limit.upper_bpm is not None:
        above = minutes_between(minutes, limit.upper_bpm + 1)
    if limit.target_low_bpm is not None and limit.target_high_bpm is not None:
        target = minutes_between(minutes, limit.target_low_bpm, limit.target_high_bpm + 1)
    return above, target


def _heart_rates(uow: UnitOfWork, patient: Patient, days: int) -> HeartRates:
    zone = zone_of(patient.demographics.time_zone, uow.clinic.time_zone)
    last = uow.now.astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    limit = uow.wearables.limit(patient.id)
    estimate = age_estimate(
        patient.demographics.birth_date,
        last,
        beta_blocker=None if limit is None else limit.beta_blocker,
    )
    total: dict[int, int] = {}
    stored = uow.wearables.of_patient(patient.id, first, last)
    for each in _of_one_source_by_day(stored):
        for bpm, count in (each.value.minutes_by_bpm or {}).items():
            total[bpm] = total.get(bpm, 0) + count
    above, target = _beside(total, limit)
    return HeartRates(
        limit=limit,
        estimate=estimate,
        first_day=first,
        last_day=last,
        minutes_recorded=sum(total.values()),
        minutes_above_limit=above,
        minutes_in_target=target,
        minutes_by_zone={
            zone.name: minutes_between(total, zone.from_bpm, zone.below_bpm)
            for zone in estimate.zones
        },
    )


def _of_one_source_by_day(stored: Sequence[StoredDailyValue]) -> list[StoredDailyValue]:
    """Return the heart rate of each day by the source with most records of it."""
    best: dict[date, StoredDailyValue] = {}
    for each in stored:
        known = best.get(each.value.day)
        if each.value.measure is DailyMeasure.HEART_RATE and (
            known is None or each.value.records > known.value.records
        ):
            best[each.value.day] = each
    return list(best.values())
