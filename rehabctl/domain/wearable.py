"""What a patient's own devices recorded, one value a day; and heart-rate limits that were set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from rehabctl.domain.patient import PatientRef


class DailyMeasure(StrEnum):
    """What is known of one day; the unit stands in the name, steps are counted."""

    STEPS = "steps"
    HEART_RATE = "heart_rate_bpm"
    """Mean of the minutes with a reading."""
    RESTING_HEART_RATE = "resting_heart_rate_bpm"
    SLEEP = "sleep_h"
    """Asleep, in the night that ended on this day."""
    WALKING_SPEED = "walking_speed_m_s"
    STEP_LENGTH = "walking_step_length_m"
    ASYMMETRY = "walking_asymmetry_percent"
    DOUBLE_SUPPORT = "double_support_percent"
    STEADINESS = "walking_steadiness_percent"
    SIX_MINUTE_WALK = "six_minute_walk_m"
    STAIR_SPEED = "stair_ascent_speed_m_s"


class WearableSource(StrEnum):
    """Where daily values come from; values of two sources never join."""

    APPLE_HEALTH = "apple-health"
    FITBIT = "fitbit"
    GOOGLE_HEALTH = "google-health"
    HEALTH_CONNECT = "health-connect"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class DailyValue:
    """One measure of one local day."""

    day: date
    """In the patient's time zone."""
    measure: DailyMeasure
    value: float
    records: int
    """Records of the source behind it, copies left out; of heart rate, minutes with a reading."""
    hours: int | None
    """Hours of the day with steps or heart rate from the same file; None: not told."""
    is_whole: bool
    """Whether the day had ended, and the file was whole."""
    method: str
    """How it was made, such as `watch over phone`."""
    minutes_by_bpm: Mapping[int, int] | None = None
    """Of heart rate: minutes of the day by their highest reading."""


@dataclass(frozen=True, slots=True)
class StoredDailyValue:
    """A daily value as the clinic has known it since some moment; a later one takes its place."""

    id: UUID
    source: WearableSource
    value: DailyValue
    recorded_at: datetime
    origin_sha256: str
    """Of the file, or of the name of the single record, that told it."""


@dataclass(frozen=True, slots=True)
class Wearer:
    """What a file says of the person it is about; None: it does not say."""

    birth_date: date | None = None
    given_name: str | None = None
    family_name: str | None = None


@dataclass(frozen=True, slots=True)
class HeartRateLimit:
    """Limits of a patient's heart rate as a clinician set them; the newest counts."""

    id: UUID
    patient: PatientRef
    upper_bpm: int | None
    """Not to be passed."""
    target_low_bpm: int | None
    target_high_bpm: int | None
    beta_blocker: bool
    """Whether the patient takes one: formulas by age do not hold then."""
    set_by: UUID
    set_at: datetime
