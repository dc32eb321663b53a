from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rehabctl.tui import cells
from tui.patients import make_row
from tui.times import NOW, ZONE


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_a_cell_has_exactly_its_width_in_any_script(text: str, width: int, right: bool) -> None:
    assert cell_len(cells.fit(text, width, right=right)) == width


def test_wide_characters_take_two_cells() -> None:
    assert cells.fit("李小龍", 8) == "李小龍  "
    assert cells.fit("李小龍", 5) == "李小…"
    assert cells.fit("李小龍", 4) == "李 …"


@given(st.text())
def test_no_control_character_passes(text: str) -> None:
    assert cells.clean(text).isprintable()


def test_an_escape_sequence_in_a_name_is_shown_and_not_obeyed() -> None:
    assert cells.clean("Zoë\x1b[31m") == "Zoë·[31m"


def test_tabs_become_columns_by_cell_width() -> None:
    text = "mrn\tname\tdue\n1\t李小龍\ttoday\nnote\n"
    assert cells.align_tabs(text) == "mrn  name    due\n1    李小龍  today\nnote"


def test_sparkline_uses_the_scale_of_pain_not_of_the_series() -> None:
    assert cells.sparkline((0, 10), 7) == "▁█"
    assert cells.sparkline((2, 2, 2), 7) == "▂▂▂"
    assert cells.sparkline(tuple(range(11)), 3) == "▇▇█"
    assert cells.sparkline((-5, 40), 2) == "▁█"


def test_pain_shows_the_number_beside_the_bars() -> None:
    row = make_row(0, 40)
    assert cells.pain(row, 7).endswith(f"{row.pain_now:2.0f}")
    assert cells.pain(make_row(16, 40), 7).strip() == cells.NONE


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(minutes=-5), "0m"),
        (timedelta(minutes=59), "59m"),
        (timedelta(hours=23), "23h"),
        (timedelta(days=20), "20d"),
        (timedelta(days=21), "3w"),
    ],
)
def test_ago(age: timedelta, text: str) -> None:
    assert cells.ago(NOW - age, NOW) == text


def test_due_counts_calendar_days_of_the_viewer() -> None:
    late_evening = datetime(2026, 3, 12, 22, 30, tzinfo=UTC)  # 23:30 in Zurich
    an_hour_on = late_evening + timedelta(hours=1)
    assert cells.due(an_hour_on, late_evening, ZoneInfo("UTC")) == "today"
    assert cells.due(an_hour_on, late_evening, ZONE) == "in 1d"
    assert cells.due(late_evening - timedelta(days=3), late_evening, ZONE) == "3d late"
    assert cells.due(None, NOW, ZONE) == cells.NONE


def test_a_day_names_its_year_only_when_it_is_another() -> None:
    assert cells.day(NOW, NOW, ZONE) == "12 Mar"
    assert cells.day(date(1968, 5, 4), NOW, ZONE) == "4 May 1968"


def test_a_symbol_never_comes_without_its_word() -> None:
    for row in (make_row(i, 40) for i in range(40)):
        assert cells.TIER_WORD[row.tier] in cells.tier(row.tier)
        if row.rom_trend:
            assert row.rom_trend in cells.trend(row.rom_trend)
