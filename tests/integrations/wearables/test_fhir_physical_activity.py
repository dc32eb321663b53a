"""Bundles of the Physical Activity guide that somebody else's generator makes, with every fault."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from rehabctl.domain.wearable import DailyMeasure
from rehabctl.integrations.fhir.inbound import ResourceError, read
from rehabctl.integrations.fhir.pieces import pieces
from rehabctl.integrations.wearables.fhir_physical_activity import daily_value, measures_by_code
from tests.integrations.fakes.fhir_physical_activity import FAULTS, FakePhysicalActivity

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
REFUSED = {
    "unit_missing", "unit_only_for_people", "value_is_text", "negative_value", "impossible_value",
    "effective_missing", "effective_is_a_month", "future_date",
}  # fmt: skip
NONE = {
    "value_absent", "entered_in_error", "preliminary", "unknown_code", "code_of_another_system",
    "another_resource",
}  # fmt: skip


def told(fake: FakePhysicalActivity) -> tuple[dict[date, list[float]], int]:
    """Return the steps of each day, and how many Observations were refused."""
    codes, found, refused = measures_by_code(), dict[date, list[float]](), 0
    for piece in pieces(io.BytesIO(fake.content())):
        try:
            received = read(piece)
            value = received and daily_value(received, codes, NOW, ZONE)
        except ResourceError:
            refused += 1
            continue
        if value is not None and value.measure is DailyMeasure.STEPS:
            assert (value.is_whole, value.hours) == (True, None)
            found.setdefault(value.day, []).append(value.value)
    return found, refused


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_fault(fault: str | None) -> None:
    fake = FakePhysicalActivity(fault=fault)
    found, refused = told(fake)
    steps = {day: [count] for day, count in fake.truth.steps.items()}
    if fault in REFUSED:
        assert found == {}
        assert refused >= len(steps)
    elif fault in NONE:
        assert found == {}
    elif fault == "cut":
        assert found.items() <= steps.items()
    elif fault == "unit_changes":
        assert (list(found), refused) == ([min(steps)], len(steps) - 1)
    elif fault == "everything_twice":
        assert found == {day: counts * 2 for day, counts in steps.items()}
    elif fault == "same_day_two_values":
        assert found == {day: [count, count - 900] for day, (count,) in steps.items()}
    else:
        assert found == steps
        assert refused == 0


def test_a_period_of_one_day_by_the_clock_there() -> None:
    fake = FakePhysicalActivity(days=1)
    bundle = fake.bundle()
    steps = next(
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"].get("code", {}).get("coding", [{}])[0].get("code") == "41950-7"
    )
    del steps["effectiveDateTime"]
    steps["effectivePeriod"] = {
        "start": "2026-03-02T00:00:00-06:00",
        "end": "2026-03-03T00:00:00-06:00",
    }
    fake.bundle = lambda: bundle
    found, _ = told(fake)
    assert list(found) == [date(2026, 3, 2)]
