"""Light handles of the tables, for Core statements.

They name columns and types and nothing else: importing SQLModel, in which the tables are declared
(`rehabctl.store.tables`), would cost every command as much as forty starts of Python. The columns
are generated from that declaration, and a test compares them (docs/adr/0006).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
)

from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime
from rehabctl.store.handle_columns import COLUMNS

TYPES: dict[str, Any] = {
    "uuid": Uuid,
    "text": String,
    "ordered_text": ByteOrderedText,
    "time": UtcDateTime,
    "date": Date,
    "real": Float,
    "integer": Integer,
    "big_integer": BigInteger,
    "boolean": Boolean,
    "json": Document,
}
"""Column types by the word that `COLUMNS` uses."""


@cache
def table(name: str) -> Table:
    """Return the handle of a table.

    Parameters
    ----------
    name
        As in the database.
    """
    columns = [
        Column(column, TYPES[kind])
        for kind, names in COLUMNS[name].items()
        for column in names.split()
    ]
    return Table(name, MetaData(), *columns)
