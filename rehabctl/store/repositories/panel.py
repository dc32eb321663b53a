"""The maintained rows of the worklist, read page by page.

A page costs the same at any depth: it starts after the last row of the page before (keyset), with
one comparison of row values that both engines answer from an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Float,
    Integer,
    RowMapping,
    String,
    case,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
)

from rehabctl.domain.errors import UsageError
from rehabctl.domain.panel_row import LastLook, PanelCounts, PanelQuery, PanelRow, PanelSort
from rehabctl.domain.patient import PatientRef, PatientStatus
from rehabctl.domain.triage import Reason, Tier, WorklistRow
from rehabctl.store.bulk import insert_rows
from rehabctl.store.column_types import UtcDateTime
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import (
    build,
    chunked,
    decode_cursor,
    encode_cursor,
    owner,
    plain,
)

PANEL_ROW = table("panel_row")
PATIENT = table("patient")
_C = PANEL_ROW.c
_OWN = ("patient_id", "clinic_id", "therapist_id", "sort_name", "search_text")
_SHARED = tuple(column.name for column in _C if column.name not in _OWN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _SortKey:
    """What a list is ordered by before priority. `missing` marks rows without a value."""

    value: Any
    missing: Any
    kind: Any


def _nullable(column: Any, kind: Any, stand_in: Any, *, falling: bool = False) -> _SortKey:
    value = func.coalesce(-column if falling else column, literal(stand_in, kind))
    return _SortKey(value, case((column.is_(None), 1), else_=0), kind)


_SORTS: dict[PanelSort, _SortKey | None] = {
    "priority": None,
    "name": _SortKey(_C.sort_name, literal(0), String),
    "last_session": _nullable(_C.last_session_at, UtcDateTime, _EPOCH),
    "adherence": _nullable(_C.adherence_percent_28d, Float, 0.0),
    "pain": _nullable(_C.pain_now, Float, 0.0, falling=True),
    "next_due": _nullable(_C.next_due, UtcDateTime, _EPOCH),
}


class PanelRepository:
    """Worklist rows of one clinic.

    Parameters
    ----------
    connection
        Of the transaction.
    clinic_id
        Whose rows.
    caseload_of
        The therapist to whose patients lists are limited; None means no limit.
    """

    def __init__(
        self, connection: Connection, clinic_id: UUID, caseload_of: UUID | None = None
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._caseload_of = caseload_of

    def save(self, rows: Sequence[PanelRow]) -> None:
        """Write the rows of patients, new or changed; who was discharged has none."""
        names = self._names([row.patient.id for row in rows], under_care=True)
        values = [_values(row, *names[row.patient.id]) for row in rows if row.patient.id in names]
        columns = tuple(values[0]) if values else ()
        written = [tuple(value.values()) for value in values]
        insert_rows(self._connection, PANEL_ROW, columns, written, key="patient_id")

    def ask_for_refresh(self, patient_ids: Sequence[UUID]) -> None:
        """Have these rows computed before the next page, on a server, by somebody who may read.

        Whoever imports patients may not read what they reported, so that she cannot rank them.
        """
        named = self._names(patient_ids)
        names = [_sort_name(*name[1:]) for name in named.values()]
        texts = [_search_text(*name) for name in named.values()]
        self._connection.execute(
            text("SELECT panel_rows_due(:patients, :names, :texts)"),
            {"patients": list(named), "names": names, "texts": texts},
        )

    def add(self, rows: Sequence[tuple[PatientRef, str, str, str, PanelRow]]) -> None:
        """Write the first rows of new patients, set-wise.

        Parameters
        ----------
        rows
            Patient, record number, family name, given name, and a row that many patients may
            share: its own patient does not count.
        """
        shared: dict[int, tuple[Any, ...]] = {}
        values: list[tuple[Any, ...]] = []
        for ref, mrn, family_name, given_name, row in rows:
            if id(row) not in shared:
                found = _values(row, "", "", "")
                shared[id(row)] = tuple(found[name] for name in _SHARED)
            values.append(
                (
                    ref.id, ref.clinic_id, ref.therapist_id, _sort_name(family_name, given_name),
                    _search_text(mrn, family_name, given_name, *(r.text for r in row.reasons)),
                    *shared[id(row)],
                )
            )  # fmt: skip
        insert_rows(self._connection, PANEL_ROW, (*_OWN, *_SHARED), values)

    def remove(self, patient_ids: Sequence[UUID]) -> None:
        """Take patients off the worklist, such as those who were discharged."""
        for part in chunked(patient_ids):
            self._connection.execute(delete(PANEL_ROW).where(_C.patient_id.in_(part)))

    def _names(
        self, patient_ids: Sequence[UUID], *, under_care: bool = False
    ) -> dict[UUID, tuple[str, str, str]]:
        p = PATIENT.c
        names: dict[UUID, tuple[str, str, str]] = {}
        for part in chunked(patient_ids):
            query = select(p.id, p.mrn, p.family_name, p.given_name).where(p.id.in_(part))
            if under_care:
                query = query.where(p.status == PatientStatus.ACTIVE.value)
            for patient_id, *name in self._connection.execute(query):
                names[patient_id] = (name[0], name[1], name[2])
        return names

    def page(
        self, query: PanelQuery, *, limit: int, cursor: str | None = None
    ) -> tuple[tuple[WorklistRow, ...], str | None]:
        """Return a page and the cursor of the next one (None on the last).

        Parameters
        ----------
        query
            Which rows, in which order.
        limit
            Rows wanted.
        cursor
            Of the page before, with the same query; None starts.

        Notes
        -----
        `rank` is the 1-based position in the order asked for, whichever end is read from.
        """
        keys, kinds = _order(query.sort)
        statement = (
            select(PANEL_ROW, PATIENT.c.mrn, PATIENT.c.family_name, PATIENT.c.given_name)
            .join(PATIENT, PATIENT.c.id == _C.patient_id)
            .add_columns(*(key.label(f"key_{n}") for n, key in enumerate(keys)))
            .where(*self._conditions(query))
            .order_by(*(key.desc() if query.from_end else key.asc() for key in keys))
            .limit(limit + 1)
        )
        position = 0
        if cursor is not None:
            position, values = self._after(cursor, keys)
            bound = tuple_(*_bound(values, kinds))
            after = tuple_(*keys) < bound if query.from_end else tuple_(*keys) > bound
            statement = statement.where(after)
        found = list(self._connection.execute(statement).mappings())
        rows = found[:limit]
        first, step = position + 1, 1
        if query.from_end:
            first, step = self.counts(query).total - position, -1
        items = tuple(_worklist_row(row, first + n * step) for n, row in enumerate(rows))
        if len(found) <= limit:
            return items, None
        last = [
            _plain_key(rows[-1][f"key_{n}"])
            for n, key in enumerate(keys)
            if key is not _C.sort_name
        ]
        return items, encode_cursor([position + len(rows), *last])

    def _after(self, cursor: str, keys: Sequence[Any]) -> tuple[int, list[Any]]:
        """Return how many rows came before, and the value of every key in the last of them.

        Cursors stand in command lines, so the patient's name is looked up instead of carried.
        """
        carried = [key for key in keys if key is not _C.sort_name]
        position, *values = decode_cursor(cursor, len(carried) + 1)
        try:
            patient_id = UUID(values[-1])
            _, *name = self._names([patient_id])[patient_id]
        except (ValueError, TypeError, AttributeError, KeyError):
            raise _foreign_cursor() from None
        left = iter(values)
        return position, [_sort_name(*name) if k is _C.sort_name else next(left) for k in keys]

    def counts(self, query: PanelQuery) -> PanelCounts:
        """Return how many patients a query covers, and how many need attention."""
        statement = select(_C.tier, func.count()).where(*self._conditions(query)).group_by(_C.tier)
        by_tier = {row[0]: row[1] for row in self._connection.execute(statement)}
        total = sum(by_tier.values())
        return PanelCounts(total, total - by_tier.get(Tier.STABLE.value, 0))

    def get(self, patient_id: UUID) -> WorklistRow | None:
        """Return the row of one patient; its rank counts those of the clinic before it."""
        statement = (
            select(PANEL_ROW, PATIENT.c.mrn, PATIENT.c.family_name, PATIENT.c.given_name)
            .join(PATIENT, PATIENT.c.id == _C.patient_id)
            .where(_C.patient_id == patient_id)
        )
        row = self._connection.execute(statement).mappings().first()
        if row is None:
            return None
        other = PANEL_ROW.alias("other").c
        before = select(func.count()).where(
            other.clinic_id == self._clinic_id,
            tuple_(other.rank_key, other.sort_name, other.patient_id)
            < tuple_(literal(row["rank_key"]), literal(row["sort_name"]), literal(patient_id)),
        )
        return _worklist_row(row, self._connection.execute(before).scalar_one() + 1)

    def due_for_change(self, now: datetime, limit: int) -> tuple[PatientRef, ...]:
        """Return patients whose rows have aged: to be computed again although nothing was written.

        Parameters
        ----------
        now
            The present.
        limit
            How many at most, longest due first.
        """
        statement = (
            select(_C.patient_id, _C.clinic_id, _C.therapist_id)
            .where(self._mine(None), _C.next_change_at <= now)
            .order_by(_C.next_change_at, _C.patient_id)
            .limit(limit)
        )
        return tuple(PatientRef(*row) for row in self._connection.execute(statement))

    def stored(self, patient_ids: Sequence[UUID]) -> dict[UUID, PanelRow]:
        """Return the rows of these patients as they were written."""
        found = self._select(select(PANEL_ROW), patient_ids)
        return {row["patient_id"]: _panel_row(row) for row in found}

    def last_looks(self, patient_ids: Sequence[UUID]) -> dict[UUID, LastLook]:
        """Return when and by what the rows were computed; new patients have none."""
        columns = (_C[field.name] for field in fields(LastLook))
        query = select(_C.patient_id, *columns).where(_C.rules_version != "")
        return {row["patient_id"]: build(LastLook, row) for row in self._select(query, patient_ids)}

    def _select(self, query: Any, patient_ids: Sequence[UUID]) -> Iterator[RowMapping]:
        for part in chunked(patient_ids):
            yield from self._connection.execute(query.where(_C.patient_id.in_(part))).mappings()

    def _mine(self, therapist_id: UUID | None) -> Any:
        of = therapist_id or self._caseload_of
        return _C.clinic_id == self._clinic_id if of is None else _C.therapist_id == of

    def _conditions(self, query: PanelQuery) -> list[Any]:
        mine = self._mine(query.therapist_id)
        if not query.text_filter:
            return [mine]
        return [mine, _C.search_text.contains(query.text_filter.casefold(), autoescape=True)]


def _order(sort: PanelSort) -> tuple[list[Any], list[Any]]:
    """Return the expressions of a total order and the types of their values."""
    sort_key = _SORTS[sort]
    first = [] if sort_key is None else [sort_key.missing, sort_key.value]
    kinds = [] if sort_key is None else [Integer, sort_key.kind]
    return [*first, _C.rank_key, _C.sort_name, _C.patient_id], [*kinds, String, String, None]


def _bound(values: Sequence[Any], kinds: Sequence[Any]) -> list[Any]:
    """Return the values of a cursor as typed parameters."""
    try:
        return [
            literal(UUID(value))
            if kind is None
            else literal(datetime.fromisoformat(value) if kind is UtcDateTime else value, kind)
            for value, kind in zip(values, kinds, strict=True)
        ]
    except (ValueError, TypeError, AttributeError):
        raise _foreign_cursor() from None


def _foreign_cursor() -> UsageError:
    return UsageError("the cursor is not one of this list", "Use `next` of the page before")


def _sort_name(family_name: str, given_name: str) -> str:
    return f"{family_name}, {given_name}".casefold()


def _search_text(mrn: str, family_name: str, given_name: str, *reasons: str) -> str:
    name = f"{family_name}, {given_name}"
    return "\n".join([mrn, name, f"{given_name} {family_name}", *reasons]).casefold()


def _plain_key(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _values(row: PanelRow, mrn: str, family_name: str, given_name: str) -> dict[str, Any]:
    reasons = [
        {
            "code": reason.code,
            "text": reason.text,
            "since": None if reason.since is None else reason.since.isoformat(),
        }
        for reason in row.reasons
    ]
    return plain(row, "reasons") | {
        "patient_id": row.patient.id,
        "clinic_id": row.patient.clinic_id,
        "therapist_id": row.patient.therapist_id,
        "reasons": reasons,
        "sort_name": _sort_name(family_name, given_name),
        "search_text": _search_text(mrn, family_name, given_name, *(r.text for r in row.reasons)),
    }


def _reasons(row: RowMapping) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            r["code"],
            r["text"],
            None if r["since"] is None else datetime.fromisoformat(r["since"]),
        )
        for r in row["reasons"]
    )


def _panel_row(row: RowMapping) -> PanelRow:
    return build(
        PanelRow,
        row,
        patient=owner(row),
        tier=Tier(row["tier"]),
        reasons=_reasons(row),
        pain_series=tuple(row["pain_series"]),
    )


def _worklist_row(row: RowMapping, rank: int) -> WorklistRow:
    return build(
        WorklistRow,
        row,
        patient_id=str(row["patient_id"]),
        name=f"{row['family_name']}, {row['given_name']}",
        rank=rank,
        tier=Tier(row["tier"]),
        reasons=_reasons(row),
        pain_series=tuple(row["pain_series"]),
    )
