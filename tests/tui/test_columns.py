from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rehabctl.tui.columns import MARK_CELLS, Viewer, header, layout, row_parts
from tui.patients import make_row
from tui.times import NOW, ZONE

VIEWER = Viewer(NOW, ZONE)


@given(st.integers(78, 260), st.integers(0, 39))
def test_titles_and_rows_line_up_and_fit(width: int, index: int) -> None:
    columns = layout(width)
    tier, rest = row_parts(make_row(index, 40), columns, VIEWER)
    assert MARK_CELLS + cell_len(tier + rest) == cell_len(header(columns)) <= width


def titles(width: int) -> list[str]:
    return [column.title for column in layout(width)]


def test_what_gives_way_in_a_narrow_terminal() -> None:
    everything = ["Priority", "MRN", "Name", "Reason", "Last", "Adh.", "Pain", "ROM", "Alerts"]
    assert titles(119) == [*everything, "Due"]
    assert titles(79) == ["Priority", "MRN", "Name", "Reason", "Adh.", "Pain", "Alerts"]


def test_the_reason_says_how_many_more_there_are() -> None:
    row = make_row(3, 40)
    assert len(row.reasons) == 3
    narrow = "".join(row_parts(row, layout(79), VIEWER))
    assert "+2" in narrow
    wide = "".join(row_parts(row, layout(240), VIEWER))
    assert row.reasons[0].text in wide


@pytest.mark.parametrize("width", [0, 1, 10, 40])
def test_a_tiny_terminal_does_not_fail(width: int) -> None:
    assert layout(width)
