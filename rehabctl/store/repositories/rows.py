"""Small helpers that several repositories share: ownership columns, upserts, cursors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Table

from rehabctl.domain.errors import UsageError
from rehabctl.domain.patient import PatientRef

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
E = TypeVar("E", bound=StrEnum)
_CHUNK = 500
"""Values in one IN list; both engines allow many more."""


def owned(patient: PatientRef, row_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the columns that every row about a patient starts with."""
    return {
        "id": row_id,
        "patient_id": patient.id,
        "clinic_id": patient.clinic_id,
        "therapist_id": patient.therapist_id,
        "created_at": now,
    }


def owner(row: RowMapping) -> PatientRef:
    """Return the patient that a row is about."""
    return PatientRef(row["patient_id"], row["clinic_id"], row["therapist_id"])


def plain(record: Any, *leave_out: str) -> dict[str, Any]:
    """Return the fields of a dataclass as column values: words of enums, tuples as lists.

    Parameters
    ----------
    record
        A domain dataclass whose fields are named like the columns.
    leave_out
        Fields that are no columns; `id` and `patient` never are (see `owned`).
    """
    skipped = {"id", "patient", *leave_out}
    return {
        f.name: _column_value(getattr(record, f.name))
        for f in fields(record)
        if f.name not in skipped
    }


def _column_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


def build(kind: type[T], row: RowMapping, /, **given: Any) -> T:
    """Return a dataclass of a row: fields not given come from the columns of the same name."""
    values: dict[str, Any] = {f.name: row[f.name] for f in fields(kind) if f.name not in given}
    return kind(**values, **given)


def word(kind: type[E], value: str | None) -> E | None:
    """Return the member of an enum that may be missing."""
    return None if value is None else kind(value)


def chunked(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the values in pieces that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Iterable[str],
    update: Iterable[str],
) -> None:
    """Insert rows; of those whose keys exist, update the given columns."""
    if not rows:
        return
    statement: Any = _insert_of(connection)(table)
    changed = {name: statement.excluded[name] for name in update}
    statement = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    values: Any = rows[0] if len(rows) == 1 else list(rows)
    connection.execute(statement, values)


def insert_once(
    connection: Connection, table: Table, row: Mapping[str, Any], keys: Iterable[str]
) -> bool:
    """Insert a row unless its keys exist; return whether it was inserted."""
    statement: Any = _insert_of(connection)(table)
    statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    inserted = connection.execute(statement.values(row).returning(table.c.id))
    return inserted.first() is not None


def _insert_of(connection: Connection) -> Any:
    """Return the engine's own insert, the only one that knows about conflicts."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert


def encode_cursor(values: Sequence[str | float | int | None]) -> str:
    """Return the opaque text by which the next page is asked for."""
    text = json.dumps(list(values), separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Read a cursor back.

    Raises
    ------
    UsageError
        It was not made by `encode_cursor` for this list.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = json.loads(text)
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(cast("list[Any]", values)) != length:
        raise UsageError("the cursor is not one of this list", "Use `next` of the page before")
    return cast("list[Any]", values)
