"""Engines for the two kinds of store: an encrypted local file, and PostgreSQL over TLS.

The only place that opens the database, sets its pragmas and hands the key to it. The key and the
server's address live in closures and engine arguments: never in a message, a log or a repr.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.domain.errors import NotPermittedError, RehabctlError, UsageError
from rehabctl.store.errors import DAMAGED, driver_error
from rehabctl.store.private_files import make_private_file

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

SNAPSHOT = "rehabctl_snapshot"
"""Execution option of a connection that only reads and need not wait for writers."""
SCHEMA = "rehabctl"
"""The PostgreSQL schema that holds every table."""

_RAW_KEY = re.compile(r"[0-9a-f]{64}")
_PLAIN_HEADER = b"SQLite format 3\x00"
_PAGE_BYTES = 4096
_CACHE_KIB = 65_536
_BUSY_TIMEOUT_S = 5.0


def check_raw_key(key: str) -> str:
    """Return the key when it is a raw 256-bit key.

    SQLCipher would take anything else as a passphrase, derive another key and open nothing.

    Raises
    ------
    NotPermittedError
        It is not 64 lower-case hexadecimal digits.
    """
    if not _RAW_KEY.fullmatch(key):
        raise NotPermittedError(
            "the database key is not 64 lower-case hexadecimal digits",
            "Check the key command or the key file",
        )
    return key


def connect_local(
    path: Path, key: str, *, create: bool = False, busy_timeout_s: float = _BUSY_TIMEOUT_S
) -> Any:
    """Open one connection to an encrypted file, in autocommit mode.

    Parameters
    ----------
    path
        The database file.
    key
        64 lower-case hexadecimal digits.
    create
        Whether a missing file is created; else it is an error.
    busy_timeout_s
        How long to wait for another writer.

    Raises
    ------
    NotPermittedError
        The key does not fit.
    RehabctlError
        The file is not encrypted, damaged, locked, or cannot be written.
    """
    import sqlcipher3.dbapi2 as sqlcipher  # type: ignore[import-untyped]

    check_raw_key(key)
    _refuse_plain_file(path)
    mode = "rwc" if create else "rw"
    driver: Any = sqlcipher
    try:
        connection = driver.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
    except driver.Error as error:
        raise driver_error(error) or error from None
    try:
        _unlock(connection, key)
    except driver.Error as error:
        connection.close()
        raise _opening_error(error, path) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _unlock(connection: Any, key: str) -> None:
    """Give the key and set what every connection needs. The order matters."""
    # The cipher writes its errors to stderr, where they would break a full-screen panel.
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute("PRAGMA cipher_log = off")
    connection.execute(f"PRAGMA key = \"x'{key}'\"")
    if not connection.execute("PRAGMA cipher_version").fetchone():
        raise RehabctlError(
            "this SQLite library cannot encrypt", "Install rehabctl again with its lock file"
        )
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, because an acknowledged write must survive the loss of power.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE deletes rows past the triggers of the audit log.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _refuse_plain_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_PLAIN_HEADER))
    except FileNotFoundError:
        return
    except OSError:
        return  # the driver names the reason
    if start == _PLAIN_HEADER:
        raise RehabctlError(
            f"{path.name} is a SQLite file without encryption, so it was not made by rehabctl",
            "Move it away or choose another REHABCTL_HOME",
        )


def _opening_error(error: Any, path: Path) -> Exception:
    """Tell a file that was never a database from a wrong key, as far as its size shows it."""
    if error.sqlite_errorname == "SQLITE_NOTADB" and path.stat().st_size % _PAGE_BYTES:
        return RehabctlError(
            f"{DAMAGED}: {path.name} does not consist of whole pages", "Restore a backup"
        )
    return driver_error(error) or error


def local_engine(
    path: Path, key: str, *, create: bool = False, busy_timeout_s: float = _BUSY_TIMEOUT_S
) -> Engine:
    """Return an engine on an encrypted file.

    Every transaction starts with BEGIN IMMEDIATE: one that begins by reading and then writes would
    fail at once when another writer is active, whatever the timeout. Connections with the
    execution option `SNAPSHOT` begin without the lock and may only read.

    Parameters
    ----------
    path, key, create, busy_timeout_s
        As for `connect_local`.
    """
    import sqlcipher3.dbapi2 as sqlcipher  # type: ignore[import-untyped]
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import QueuePool

    check_raw_key(key)
    if create:
        make_private_file(path)
    engine = create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=lambda: connect_local(path, key, busy_timeout_s=busy_timeout_s),
        poolclass=QueuePool,
        hide_parameters=True,
    )

    def begin(connection: Any) -> None:
        snapshot = connection.get_execution_options().get(SNAPSHOT, False)
        connection.exec_driver_sql("BEGIN" if snapshot else "BEGIN IMMEDIATE")

    event.listen(engine, "begin", begin)
    return engine


def remote_engine(address: str) -> Engine:
    """Return an engine on PostgreSQL.

    Parameters
    ----------
    address
        `postgresql://user@host/database?sslmode=verify-full&sslrootcert=FILE`, or a unix
        socket (`postgresql:///database?host=/run/postgresql`).

    Raises
    ------
    UsageError
        The address is no PostgreSQL address, or it does not ask for a verified certificate.
    """
    from sqlalchemy import create_engine

    url = checked_remote_url(address)
    # The driver's remarks about a broken connection would otherwise reach the terminal.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    try:
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={
                "options": f"-c search_path={SCHEMA} -c timezone=UTC",
                "connect_timeout": 10,
                "application_name": "rehabctl",
            },
        )
    except ModuleNotFoundError:
        raise RehabctlError(
            "the PostgreSQL driver is not installed", 'Install it: pip install "rehabctl[postgres]"'
        ) from None


def checked_remote_url(address: str) -> URL:
    """Return the parts of a server's address that asks for a verified connection.

    Raises
    ------
    UsageError
        It is no PostgreSQL address, or does not ask for a verified certificate.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    form = "Use a form like postgresql://user@host/database?sslmode=verify-full"
    try:
        url = make_url(address)
    except ArgumentError:
        raise UsageError("REHABCTL_DATABASE_URL is not a database address", form) from None
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UsageError("REHABCTL_DATABASE_URL is not a PostgreSQL address", form)
    if not _is_unix_socket(url.host, url.query) and url.query.get("sslmode") != "verify-full":
        raise UsageError(
            "REHABCTL_DATABASE_URL does not ask for a verified connection",
            "Add sslmode=verify-full and, where needed, sslrootcert=FILE",
        )
    return url.set(drivername="postgresql+psycopg")


def _is_unix_socket(host: str | None, query: Mapping[str, Any]) -> bool:
    """Return whether every host that libpq would try is a socket's folder.

    Nothing is left to PGHOST, a service file or `hostaddr`: they could name a server.
    """
    named = query.get("host", ())
    hosts = [host] if host else []
    hosts += [named] if isinstance(named, str) else list(named)
    if not hosts or "hostaddr" in query or "service" in query:
        return False
    return all(name.startswith("/") for entry in hosts for name in entry.split(","))
