"""Column types that mean the same on SQLite and on PostgreSQL. Imports SQLAlchemy's core only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine, UserDefinedType


class _Reader(Protocol):
    def __call__(self, value: Any) -> Any: ...


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, always UTC.

    SQLite has no zones: there the value is stored without one and read back as UTC. A plain
    `DateTime(timezone=True)` would keep the local wall time and lose the zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; give SQLite the UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must have a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC time."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> _Reader | None:
        """Read SQLite's text in one step: lists read hundreds of thousands of times."""
        if dialect.name == "sqlite":
            return _utc_of_text
        return super().result_processor(dialect, coltype)


def _utc_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


class IdentifierText(UserDefinedType[str]):
    """A column of identifiers read as 32 hexadecimal digits.

    For reads of very many rows: making a `UUID` costs more than all else in a row.
    """

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> _Reader | None:
        """Leave SQLite's text as it is."""
        del coltype
        return None if dialect.name == "sqlite" else _hex


def _hex(value: UUID) -> str:
    return value.hex


class ShortList(UserDefinedType[tuple[Any, ...]]):
    """A JSON column of short lists that repeat, read as tuples."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> _Reader:
        """Read each distinct text once."""
        del coltype
        return _short_list if dialect.name == "sqlite" else _tuple


def _tuple(value: list[Any]) -> tuple[Any, ...]:
    return tuple(value)


@lru_cache(maxsize=4096)
def _short_list(value: str) -> tuple[Any, ...]:
    return tuple(json.loads(value))


class ByteOrderedText(TypeDecorator[str]):
    """Text that sorts by its UTF-8 bytes on every engine: human keys, rank keys, sort keys.

    PostgreSQL would otherwise sort by the language of the server, and two stores would show two
    orders.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Name the byte order where the engine has another default."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(String(collation="C"))
        return dialect.type_descriptor(String())


class Document(TypeDecorator[Any]):
    """JSON: text on SQLite, JSONB on PostgreSQL (which drops the order of keys)."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the indexable form on PostgreSQL."""
        if dialect.name == "postgresql":
            # Here, because a local store need not pay for the import.
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(cast("TypeEngine[Any]", JSONB(none_as_null=True)))
        return dialect.type_descriptor(JSON(none_as_null=True))
