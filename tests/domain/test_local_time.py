"""Times as people type them, on days when the clock is changed too."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import UsageError
from rehabctl.domain.local_time import local_moment

DENVER = ZoneInfo("America/Denver")
DAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "hour_utc"),
    [
        ("09:30", datetime(2026, 3, 10, 15, 30, tzinfo=UTC)),
        ("9:30", None),
        ("2026-03-12 09:30", datetime(2026, 3, 12, 15, 30, tzinfo=UTC)),
        ("2026-03-12T09:30Z", datetime(2026, 3, 12, 9, 30, tzinfo=UTC)),
        ("2026-11-01T01:30-07:00", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-12", None),
        ("tomorrow", None),
        ("", None),
        ("2026-03-08 02:30", None),  # put forward
        ("2026-11-01 01:30", None),  # comes twice
    ],
)
def test_a_typed_time(text: str, hour_utc: datetime | None) -> None:
    if hour_utc is None:
        with pytest.raises(UsageError):
            local_moment(text, DAY, DENVER)
    else:
        assert local_moment(text, DAY, DENVER) == hour_utc


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_what_is_taken_is_what_the_clock_shows(typed: datetime) -> None:
    typed = typed.replace(second=0, microsecond=0)
    try:
        found = local_moment(typed.isoformat(" ", "minutes"), DAY, DENVER)
    except UsageError:
        assert typed.hour in (1, 2)
        assert typed.month in (3, 11)
    else:
        assert found.replace(tzinfo=None) == typed
        assert found.astimezone(UTC).astimezone(DENVER) == found


@given(st.text(max_size=20))
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert local_moment(text, DAY, DENVER).tzinfo is not None
