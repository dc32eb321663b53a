"""Inserting and updating many rows at once, without a statement or a dictionary a row.

On SQLite it is the driver's `executemany`. On PostgreSQL it is one INSERT from arrays: as fast as
COPY, which the server refuses for tables with row-level security.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows.

    Parameters
    ----------
    connection
        Of the transaction.
    table
        A light handle.
    names
        Columns, in the order of the values.
    rows
        Values as the column types take them.

    Raises
    ------
    ConflictError
        A key exists (raised when the unit of work ends the statement).
    """
    if not rows:
        return
    columns = _encoded(connection, table, names, rows)
    listed = ", ".join(_quoted(name) for name in names)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({listed}) VALUES ({places})"  # noqa: S608
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
        return
    arrays = _arrays(connection, table, names)
    statement = f"INSERT INTO {table.name} ({listed}) SELECT * FROM unnest({arrays})"  # noqa: S608
    connection.exec_driver_sql(statement, tuple(columns))


def update_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Write columns of rows that are found by their `id`, which is the first of the names.

    Parameters
    ----------
    connection, table, names, rows
        As for `insert_rows`.
    """
    if not rows:
        return
    columns = _encoded(connection, table, names, rows)
    if connection.dialect.name == "sqlite":
        changes = ", ".join(f"{_quoted(name)} = ?" for name in names[1:])
        statement = f"UPDATE {table.name} SET {changes} WHERE id = ?"  # noqa: S608
        connection.exec_driver_sql(statement, list(zip(*columns[1:], columns[0], strict=True)))
        return
    listed = ", ".join(_quoted(name) for name in names)
    changes = ", ".join(f"{_quoted(name)} = new.{_quoted(name)}" for name in names[1:])
    arrays = _arrays(connection, table, names)
    statement = (
        f"UPDATE {table.name} AS old SET {changes} "  # noqa: S608
        f"FROM unnest({arrays}) AS new ({listed}) WHERE old.id = new.id"
    )
    connection.exec_driver_sql(statement, tuple(columns))


def _encoded(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """Return the values column by column, as the driver takes them.

    The same object is encoded once, however many rows hold it: the clinic, the time, a document.
    """
    columns: list[list[Any]] = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        encode = (
            table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        )
        if encode is None:
            columns.append(list(values))
            continue
        keys = [id(value) for value in values]
        encoded = {
            key: encode(value) for key, value in dict(zip(keys, values, strict=True)).items()
        }
        columns.append([encoded[key] for key in keys])
    return columns


def _arrays(connection: Connection, table: Table, names: Sequence[str]) -> str:
    kinds = (
        str(table.c[name].type.dialect_impl(connection.dialect).compile(connection.dialect))
        for name in names
    )
    return ", ".join(f"%s::{kind.partition(' COLLATE')[0]}[]" for kind in kinds)


def _quoted(name: str) -> str:
    return f'"{name}"'
