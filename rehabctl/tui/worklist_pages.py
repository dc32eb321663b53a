"""Rows of the worklist by position, read page by page from whichever end is nearer.

Pages come by keyset (a cursor, not an offset), so that a page costs the same at any depth. A jump
into the middle of a very long list walks there in large steps and forgets rows far from view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.triage import WorklistPage, WorklistRow
from rehabctl.tui.data import PanelData

PAGE_ROWS = 200
STEP_ROWS = 2_000
KEPT_ROWS = 6_000
_MAX_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What the list shows and in which order."""

    text_filter: str = ""
    sort: PanelSort = "priority"
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to read. `offset` counts rows from the end that it is read from."""

    offset: int
    limit: int
    cursor: str | None
    from_end: bool


@dataclass
class WorklistPages:
    """The rows known so far of one query."""

    query: WorklistQuery = field(default_factory=WorklistQuery)
    total: int = 0
    need_attention: int = 0
    as_of: datetime | None = None
    """Time of the oldest page held; None before the first page."""
    _rows: dict[int, WorklistRow] = field(default_factory=dict[int, WorklistRow])
    _cursors: dict[bool, dict[int, str | None]] = field(
        default_factory=lambda: {False: {0: None}, True: {0: None}}
    )
    """Per direction: rows from that end -> cursor of the page that starts there."""

    def row(self, index: int) -> WorklistRow | None:
        """Return the row at a position, or None while it is not loaded."""
        return self._rows.get(index)

    def index_of(self, mrn: str) -> int | None:
        """Return the position of a patient among the loaded rows."""
        return next((i for i, row in self._rows.items() if row.mrn == mrn), None)

    def loaded_mrns(self) -> set[str]:
        """Return the record numbers of the loaded rows."""
        return {row.mrn for row in self._rows.values()}

    def loaded_rows(self) -> list[WorklistRow]:
        """Return the loaded rows."""
        return list(self._rows.values())

    def next_request(self, first: int, last: int) -> PageRequest | None:
        """Return the next page to read so that rows `first` to `last` become known.

        Parameters
        ----------
        first, last
            Positions wanted, both inclusive; they may lie outside the list.
        """
        if self.as_of is None:
            return PageRequest(0, PAGE_ROWS, None, from_end=False)
        wanted = range(max(0, first), min(self.total - 1, last) + 1)
        missing = next((i for i in wanted if i not in self._rows), None)
        if missing is None:
            return None
        front, front_gap = self._nearest(missing, from_end=False)
        back, back_gap = self._nearest(self.total - 1 - missing, from_end=True)
        from_end = back_gap < front_gap
        offset, gap = (back, back_gap) if from_end else (front, front_gap)
        limit = PAGE_ROWS if gap < PAGE_ROWS else min(STEP_ROWS, gap)
        return PageRequest(offset, limit, self._cursors[from_end][offset], from_end)

    def _nearest(self, distance: int, *, from_end: bool) -> tuple[int, int]:
        offset = max(o for o in self._cursors[from_end] if o <= distance)
        return offset, distance - offset

    def add(self, request: PageRequest, page: WorklistPage) -> bool:
        """Take in a page; return False when the list has changed under the reader.

        Parameters
        ----------
        request
            What was asked for.
        page
            What came.
        """
        first_page = self.as_of is None
        if first_page:
            self.total = page.total
        end = request.offset + len(page.rows)
        short = page.next_cursor is None and end < self.total
        if page.total != self.total or short:
            return False
        self.need_attention = page.need_attention
        self.as_of = page.as_of if self.as_of is None else min(self.as_of, page.as_of)
        for i, row in enumerate(page.rows, request.offset):
            self._rows[self.total - 1 - i if request.from_end else i] = row
        if page.next_cursor is not None:
            self._cursors[request.from_end][end] = page.next_cursor
        return True

    def forget_far(self, first: int, last: int) -> None:
        """Drop rows far from these positions, so that memory stays bounded."""
        if len(self._rows) <= KEPT_ROWS:
            return
        margin = KEPT_ROWS // 4
        self._rows = {
            i: row for i, row in self._rows.items() if first - margin <= i <= last + margin
        }


def read_page(data: PanelData, query: WorklistQuery, request: PageRequest) -> WorklistPage:
    """Read one page through the port. Blocks: call it from a worker thread."""
    return data.worklist(
        request.cursor,
        request.limit,
        text_filter=query.text_filter or None,
        sort=query.sort,
        from_end=request.from_end != query.reverse,
    )


def load_pages(
    data: PanelData, query: WorklistQuery, first: int, last: int, follow: tuple[str, int] | None
) -> tuple[WorklistPages, int | None]:
    """Read a list anew around the rows in view. Blocks: call it from a worker thread.

    Parameters
    ----------
    data
        The port.
    query
        What to read.
    first, last
        Positions in view.
    follow
        The patient under the cursor, by record number, and her position. If she has moved, the
        rows around her new place are read too.

    Returns
    -------
    tuple
        The pages, and the patient's new position (None when she was not found among them).

    Raises
    ------
    UnavailableError
        The list changes faster than it can be read.
    """
    for _ in range(_MAX_RESTARTS):
        pages = WorklistPages(query)
        place: int | None = None
        low, high = first, last
        while (request := pages.next_request(low, high)) is not None:
            if not pages.add(request, read_page(data, query, request)):
                break
            if follow is not None and place is None:
                place = pages.index_of(follow[0])
                if place is not None:
                    low, high = first + place - follow[1], last + place - follow[1]
            pages.forget_far(low, high)
        else:
            return pages, place
    raise UnavailableError("the worklist changes while it is read", "Press R to try again")
