"""Dated retention periods: states, minors, a clinic's own rows, and days without a row."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.reference.retention import load_retention

ON = date(2026, 3, 2)
OWN = """
[[state]]
state = "CA"
years = 12
minor_until_age = 30
effective_from = 2026-01-01
source = "clinic policy 3"
grade = "clinic"
"""


def test_periods_by_state_and_age() -> None:
    rules = load_retention()
    last = date(2015, 6, 1)
    assert rules.period("CA", ON).keep_until(date(1961, 4, 2), last) == date(2022, 6, 1)
    assert rules.period("ZZ", ON).keep_until(date(1961, 4, 2), last) == date(2025, 6, 1)
    # seven years old at the last contact: until the 19th birthday, which is later
    assert rules.period("CA", ON).keep_until(date(2008, 2, 29), last) == date(2027, 3, 1)
    assert rules.raw_video(ON)[0] == timedelta(days=90)
    assert rules.audit_years(ON) == 6


def test_every_period_lies_between_seven_and_ten_years() -> None:
    for row in load_retention().periods:
        assert 7 <= row.years <= 10
        assert row.minor_until_age > 18
        assert row.source
        assert row.grade


def test_a_clinics_row_holds_from_its_date_on() -> None:
    rules = load_retention(OWN)
    assert rules.period("CA", ON).years == 12
    assert rules.period("CA", date(2025, 12, 31)).years == 7


def test_a_day_without_a_row_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="1999-01-01"):
        load_retention().period("CA", date(1999, 1, 1))
    with pytest.raises(NotFoundError):
        load_retention().raw_video(date(1999, 1, 1))


@pytest.mark.parametrize("text", ["=", "[[state]]\nstate = 'CA'", "[[tier]]\nname = 'raw_video'"])
def test_a_row_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"retention\.toml"):
        load_retention(text)
