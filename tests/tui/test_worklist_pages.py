from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.triage import WorklistPage
from rehabctl.tui.worklist_pages import (
    KEPT_ROWS,
    PAGE_ROWS,
    WorklistPages,
    WorklistQuery,
    load_pages,
    read_page,
)
from tui.clinic import ClinicData, EndlessData


def read(data: ClinicData, pages: WorklistPages, first: int, last: int) -> int:
    """Read until these rows are known; return how many pages it took."""
    count = 0
    while (request := pages.next_request(first, last)) is not None:
        assert pages.add(request, read_page(data, pages.query, request))
        count += 1
    return count


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 900), st.lists(st.integers(-5, 905), min_size=1, max_size=4), st.booleans())
def test_any_jumps_give_the_rows_of_the_whole_list(
    total: int, jumps: list[int], reverse: bool
) -> None:
    data = EndlessData(total)
    pages = WorklistPages(WorklistQuery(reverse=reverse))
    for place in jumps:
        read(data, pages, place, place + 10)
        for index in range(max(0, place), min(total, place + 11)):
            row = pages.row(index)
            assert row is not None
            assert row.rank == (total - index if reverse else index + 1)
    assert pages.total == total


def test_both_ends_of_a_million_rows_take_two_pages() -> None:
    data, pages = EndlessData(1_000_000), WorklistPages()
    assert read(data, pages, 0, 60) == 1
    assert read(data, pages, 999_940, 999_999) == 1
    assert read(data, pages, 999_700, 999_760) == 1


def test_memory_stays_bounded_on_the_way_to_the_middle() -> None:
    data, pages = EndlessData(60_000), WorklistPages()
    held = 0
    while (request := pages.next_request(30_000, 30_060)) is not None:
        assert pages.add(request, read_page(data, pages.query, request))
        pages.forget_far(30_000, 30_060)
        held = max(held, len(pages.loaded_mrns()))
    assert held <= KEPT_ROWS + PAGE_ROWS * 10
    assert pages.row(30_030) is not None


def test_a_sorted_and_filtered_list_pages_without_gap_or_double() -> None:
    data = ClinicData(700)
    for from_end in (False, True):
        pages = WorklistPages(WorklistQuery(text_filter="a", sort="name", reverse=from_end))
        read(data, pages, 0, 10_000)
        names = [pages.row(i).name.casefold() for i in range(pages.total)]  # type: ignore[union-attr]
        assert names == sorted(names, reverse=from_end)
        assert len(pages.loaded_mrns()) == pages.total > PAGE_ROWS


def test_a_page_of_a_changed_list_is_refused() -> None:
    data, pages = ClinicData(500), WorklistPages()
    read(data, pages, 0, 10)
    request = pages.next_request(250, 260)
    assert request is not None
    data.rows.popitem()
    assert not pages.add(request, read_page(data, pages.query, request))


def test_the_patient_under_the_cursor_is_found_where_she_went() -> None:
    data = ClinicData(500)
    assert load_pages(data, WorklistQuery(), 0, 40, ("1030", 29))[1] == 29
    moved = data.rows.pop("1030")
    data.rows = {"1030": moved, **data.rows}
    data.rerank()
    pages, place = load_pages(data, WorklistQuery(), 400, 440, ("1030", 410))
    assert place is not None
    assert pages.row(place) is data.rows["1030"]


class Restless(EndlessData):
    """A list that is longer at every read."""

    def worklist(self, cursor: str | None, limit: int, **how: object) -> WorklistPage:
        self.count += 1
        return super().worklist(cursor, limit, **how)  # type: ignore[arg-type]


def test_a_list_that_never_rests_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(UnavailableError, match="changes while it is read"):
        load_pages(Restless(1000), WorklistQuery(), 300, 340, None)
