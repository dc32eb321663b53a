"""Observations of HL7's Physical Activity guide about one day: steps, heart rate at rest, sleep.

What a guide's other Observations say (minutes a week, a single activity) is no daily value; it is
kept as it was received.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from rehabctl.domain.exchange import LOINC
from rehabctl.domain.wearable import DailyMeasure, DailyValue
from rehabctl.integrations.fhir.inbound import Received, ResourceError
from rehabctl.reference.measure_codes import loinc_codes
from rehabctl.reference.wearables import measure_rows

_NAMES = {
    "steps": DailyMeasure.STEPS,
    "resting_heart_rate": DailyMeasure.RESTING_HEART_RATE,
    "sleep": DailyMeasure.SLEEP,
}
_UNITS: Mapping[DailyMeasure, Mapping[str, float]] = {
    DailyMeasure.STEPS: {"/d": 1, "{steps}/d": 1, "{steps}": 1, "1/d": 1, "/(24.h)": 1},
    DailyMeasure.RESTING_HEART_RATE: {"/min": 1, "{beats}/min": 1},
    DailyMeasure.SLEEP: {"h": 1, "min": 1 / 60},
}
_TOLD = ("final", "amended", "corrected")


def measures_by_code() -> dict[str, DailyMeasure]:
    """Return the LOINC codes that are read, with what they mean."""
    return {code: measure for name, measure in _NAMES.items() for code in loinc_codes(name)}


def daily_value(
    received: Received, codes: Mapping[str, DailyMeasure], now: datetime, zone: ZoneInfo
) -> DailyValue | None:
    """Return the daily value of an Observation; None where it tells none.

    Parameters
    ----------
    received
        Any Observation.
    codes
        From `measures_by_code`.
    now
        Aware time; a day that has not ended is not whole.
    zone
        In which times of day are days.

    Raises
    ------
    ResourceError
        It is one, with a value, unit or day that cannot be.
    """
    said = received.resource
    measure = _measure(said, codes)
    if measure is None or said.get("status") not in _TOLD or "valueQuantity" not in said:
        return None
    day = _day(said, zone)
    if day is None:
        return None
    today = now.astimezone(zone).date()
    if day > today + timedelta(days=1):
        raise ResourceError("Observation.effective", "lies in the future")
    quantity = _object(said["valueQuantity"])
    factor = _UNITS[measure].get(str(quantity.get("code") or ""))
    if factor is None:
        raise ResourceError("Observation.valueQuantity.code", "is no unit of this measure")
    number, row = quantity.get("value"), measure_rows()[measure]
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise ResourceError("Observation.valueQuantity.value", "is no number")
    value = round(float(number) * factor, 4)
    if not row.low <= value <= row.high:
        raise ResourceError("Observation.valueQuantity.value", "lies outside of what can be")
    return DailyValue(day, measure, value, 1, None, day < today, "as another system told")


def _measure(said: Mapping[str, Any], codes: Mapping[str, DailyMeasure]) -> DailyMeasure | None:
    coded = _object(said.get("code")).get("coding")
    for coding in cast("list[Any]", coded) if isinstance(coded, list) else []:
        found = codes.get(str(_object(coding).get("code")))
        if found is not None and _object(coding).get("system") == LOINC:
            return found
    return None


def _day(said: Mapping[str, Any], zone: ZoneInfo) -> date | None:
    """Return the day that an Observation is about; None where it is about a longer time."""
    period = _object(said.get("effectivePeriod"))
    start = period.get("start", said.get("effectiveDateTime"))
    first = _date(start, zone)
    if not period:
        return first
    last = _date(period.get("end"), zone, before=True)
    return first if last <= first else None


def _date(text: Any, zone: ZoneInfo, *, before: bool = False) -> date:
    """Return the local day of a FHIR date or time; of an end, that of the moment before."""
    try:
        if len(str(text)) == len("2026-03-01"):
            return date.fromisoformat(str(text))
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ResourceError("Observation.effective", "is no day, nor a time with a zone")
    if before:
        moment -= timedelta(seconds=1)
    return moment.astimezone(zone).date()


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
