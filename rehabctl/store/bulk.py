"""Reading and writing very many rows at once, without a statement, row or dictionary for each.

On SQLite writing is the driver's `executemany`. On PostgreSQL it is one INSERT from arrays: as fast
as COPY, which the server refuses for tables with row-level security.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def read_columns(connection: Connection, query: Any) -> list[list[Any]]:
    """Return what a query finds column by column, in its order of rows.

    Making a row of every row costs more than the engine's search for it. Values that repeat
    (owners, days, times of an upload) are decoded once.

    Parameters
    ----------
    connection
        Of the transaction.
    query
        A SELECT.
    """
    result = connection.execute(query)
    cursor: Any = result.cursor
    found = cursor.fetchall()
    described = cursor.description
    result.close()
    if not found:
        return [[] for _ in described]
    columns: list[list[Any]] = []
    values: tuple[Any, ...]
    for column, (_, kind, *_), values in zip(
        query.selected_columns, described, zip(*found, strict=True), strict=True
    ):
        dialect = connection.dialect
        decode = column.type.dialect_impl(dialect).result_processor(dialect, kind)
        if decode is None:
            columns.append(list(values))
            continue
        try:
            decoded = {value: decode(value) for value in set(values)}
        except TypeError:  # lists, which PostgreSQL's driver reads itself
            columns.append([decode(value) for value in values])
        else:
            columns.append([decoded[value] for value in values])
    return columns


def insert_rows(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    key: str | None = None,
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
    key
        A unique column: of rows that hold it already every other of the names is written.

    Raises
    ------
    ConflictError
        A key exists (raised when the unit of work ends the statement).
    """
    if not rows:
        return
    columns = _encoded(connection, table, names, rows)
    listed = ", ".join(_quoted(name) for name in names)
    changes = ", ".join(f"{_quoted(n)} = excluded.{_quoted(n)}" for n in names if n != key)
    on_conflict = "" if key is None else f" ON CONFLICT ({_quoted(key)}) DO UPDATE SET {changes}"
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({listed}) VALUES ({places})" + on_conflict  # noqa: S608
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
        return
    arrays = _arrays(connection, table, names)
    statement = f"INSERT INTO {table.name} ({listed}) SELECT * FROM unnest({arrays})" + on_conflict  # noqa: S608
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
