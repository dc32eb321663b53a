"""Dates as other systems write them: the one that is meant, or a refusal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.date_forms import DateForms, DateOrder, ExcelEpoch

DAY = date(1961, 4, 13)


@pytest.mark.parametrize(
    "text",
    [
        "1961-04-13", "1961-4-13", "1961/04/13", "1961.04.13", "19610413", "13.04.1961",
        "13/04/1961", "04/13/1961", "4-13-1961", "13 Apr 1961", "13-APR-1961", "April 13, 1961",
        "Apr. 13 1961", "13 April 1961", "1961-04-13T00:00:00", "1961-04-13 00:00:00.000",
        "1961-04-13T00:00:00Z", "4/13/1961 12:00:00 AM", "22384", "22384.0",
    ],
)  # fmt: skip
def test_forms_of_one_day(text: str) -> None:
    assert DateForms().read(text) == DAY


def test_what_may_be_two_days_is_refused_unless_said() -> None:
    with pytest.raises(ValueError, match="day or month first"):
        DateForms().read("03/04/1961")
    assert DateForms(DateOrder.DAY_FIRST).read("03/04/1961") == date(1961, 4, 3)
    assert DateForms(DateOrder.MONTH_FIRST).read("03/04/1961") == date(1961, 3, 4)
    assert DateForms().read("04/04/1961") == date(1961, 4, 4)
    with pytest.raises(ValueError, match="not a date"):
        DateForms(DateOrder.MONTH_FIRST).read("13/04/1961")


def test_spreadsheets_count_days() -> None:
    assert DateForms().read("36526") == date(2000, 1, 1)  # Excel's own documentation
    assert DateForms(epoch=ExcelEpoch.MACINTOSH).read("35064") == date(2000, 1, 1)
    with pytest.raises(ValueError, match="not a date"):
        DateForms().read("1961")  # a year, not 1905


@pytest.mark.parametrize(
    "text",
    ["", "x", "61-04-13", "13/04/61", "1961-02-30", "1961-13-01", "32/01/1961", "1961-04-13T09:30",
     "13 Foo 1961", "1961-04/13", "19611301", "0000-01-01", "123456", "1961-04-13\n"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date like"):
        DateForms().read(text)


@given(st.dates(min_value=date(1930, 1, 1), max_value=date(2100, 1, 1)))
def test_every_day_is_read_back(day: date) -> None:
    for order, form in ((DateOrder.DAY_FIRST, "%d/%m/%Y"), (DateOrder.MONTH_FIRST, "%m/%d/%Y")):
        assert DateForms(order).read(day.strftime(form)) == day
    assert DateForms().read(day.strftime("%d-%b-%Y")) == day
    assert DateForms().read(str((day - date(1899, 12, 30)) // timedelta(days=1))) == day


@given(st.text(max_size=30))
def test_reading_never_crashes_and_never_repeats_the_text(text: str) -> None:
    try:
        DateForms().read(text)
    except ValueError as error:
        assert str(error).startswith(("is not a date like", "may be day or month first"))  # noqa: PT017
