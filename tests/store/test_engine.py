"""Opening the encrypted file: each trap of SQLCipher once, and the server's address."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rehabctl.domain.errors import (
    ExitCode,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.store.engine import SNAPSHOT, connect_local, local_engine, remote_engine
from rehabctl.store.errors import translated

KEY = "0123456789abcdef" * 4
OTHER_KEY = "f" * 64
CANARY = "123-45-6789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.db"


def seed(path: Path, key: str = KEY) -> Any:
    connection = connect_local(path, key, create=True)
    connection.execute("CREATE TABLE t(x TEXT)")
    connection.executemany("INSERT INTO t VALUES (?)", [(CANARY + "y" * 300,)] * 200)
    return connection


def flush(connection: Any) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_the_driver_alone_would_have_written_plain_text(path: Path) -> None:
    import sqlcipher3.dbapi2 as sqlcipher

    connection = sqlcipher.connect(str(path))
    connection.execute("CREATE TABLE t(x)")
    connection.execute("INSERT INTO t VALUES (?)", (CANARY,))
    connection.commit()
    connection.close()
    assert CANARY.encode() in path.read_bytes()  # the trap itself
    before = path.read_bytes()
    with pytest.raises(RehabctlError, match="without encryption") as caught:
        connect_local(path, KEY)
    assert caught.value.exit_code is ExitCode.FAILED
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "bad",
    ["", "abcd", "ab" * 31, "AB" * 32, "ab" * 33, "zz" * 32, "ab" * 32 + "\n", "' OR 1 --"],
)
def test_only_a_raw_key_is_accepted_and_nothing_is_made(path: Path, bad: str) -> None:
    """SQLCipher would take each of these as a passphrase and derive another key from it."""
    with pytest.raises(NotPermittedError) as caught:
        connect_local(path, bad, create=True)
    assert caught.value.exit_code is ExitCode.NOT_PERMITTED
    assert not bad or bad not in str(caught.value)
    assert not path.exists()


def test_a_missing_file_is_never_made_by_opening_it(path: Path) -> None:
    with pytest.raises(RehabctlError):
        connect_local(path, KEY)
    assert not path.exists()


def test_no_file_holds_the_canary_even_with_an_open_log(path: Path) -> None:
    connection = seed(path)
    files = list(path.parent.iterdir())
    assert {f.name for f in files} == {"r.db", "r.db-wal", "r.db-shm"}
    assert not [f.name for f in files if CANARY.encode() in f.read_bytes()]
    connection.close()


def test_a_wrong_key_is_one_error_and_the_terminal_stays_clean(path: Path) -> None:
    seed(path).close()
    code = (
        "from pathlib import Path\n"
        "from rehabctl.store.engine import connect_local\n"
        "from rehabctl.domain.errors import NotPermittedError\n"
        f"try: connect_local(Path({str(path)!r}), '{OTHER_KEY}')\n"
        "except NotPermittedError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the key does not fit" in result.stdout
    assert result.stderr == ""


def test_garbage_of_whole_pages_cannot_be_told_from_a_wrong_key(path: Path) -> None:
    path.write_bytes(b"\x07" * 8192)
    with pytest.raises(NotPermittedError, match="no database of rehabctl"):
        connect_local(path, KEY)


def test_a_file_of_broken_pages_is_damaged(path: Path) -> None:
    path.write_bytes(b"\x07" * 5000)
    with pytest.raises(RehabctlError, match="damaged") as caught:
        connect_local(path, KEY)
    assert caught.value.exit_code is ExitCode.FAILED


def test_a_flipped_bit_is_found(path: Path) -> None:
    flush(seed(path))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    connection = connect_local(path, KEY)
    found = connection.execute("PRAGMA cipher_integrity_check").fetchone()[0]
    assert "HMAC verification failed" in found
    with pytest.raises(RehabctlError, match="damaged"), translated():
        connection.execute("SELECT sum(length(x)) FROM t").fetchone()
    connection.close()


def test_a_replayed_old_page_is_not_found_by_the_cipher(path: Path) -> None:
    """Why the head of the audit log is anchored outside the file."""
    connection = seed(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old = path.read_bytes()
    connection.execute("UPDATE t SET x = 'NEW' WHERE rowid <= 5")
    flush(connection)
    new = bytearray(path.read_bytes())
    new[4096:] = old[4096 : len(new)]
    path.write_bytes(new)
    connection = connect_local(path, KEY)
    assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []
    assert connection.execute("SELECT count(*) FROM t WHERE x = 'NEW'").fetchone()[0] == 0
    connection.close()


def test_every_connection_is_set_up_for_safety(path: Path) -> None:
    connection = seed(path)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "cache_size": -65536,
        "temp_store": 0,
    }
    found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    connection.close()
    assert found == wanted


def test_temporary_tables_never_reach_the_disk(path: Path) -> None:
    """The library is built to keep them in memory (SQLITE_TEMP_STORE=2)."""
    connection = seed(path)
    options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    assert "TEMP_STORE=2" in options


def test_the_engine_shows_the_key_nowhere(path: Path) -> None:
    engine = local_engine(path, KEY, create=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t(x)"))
    shown = repr(engine) + str(engine.url) + repr(engine.pool) + repr(engine.dialect)
    engine.dispose()
    assert KEY not in shown
    assert path.stat().st_mode & 0o077 == 0


def test_errors_show_no_statement_and_no_values(path: Path) -> None:
    engine = local_engine(path, KEY, create=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t(x UNIQUE)"))
        connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": CANARY})
    with pytest.raises(RehabctlError) as caught, translated(), engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": CANARY})
    engine.dispose()
    assert CANARY not in str(caught.value)
    assert "INSERT" not in str(caught.value)


def test_a_second_writer_waits_and_then_says_so(path: Path) -> None:
    first = seed(path)
    engine = local_engine(path, KEY, busy_timeout_s=0.3)
    first.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(RehabctlError, match="locked") as caught, translated(), engine.begin():
        pass
    assert time.monotonic() - start >= 0.25
    assert caught.value.exit_code is ExitCode.FAILED
    options = {SNAPSHOT: True}
    with engine.connect().execution_options(**options) as reader:  # readers never wait
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 200
    first.execute("COMMIT")
    first.close()
    engine.dispose()


def test_a_deferred_transaction_would_fail_at_once(path: Path) -> None:
    """Why every transaction begins with BEGIN IMMEDIATE."""
    first, second = seed(path), connect_local(path, KEY, busy_timeout_s=30)
    first.execute("BEGIN IMMEDIATE")
    first.execute("INSERT INTO t VALUES (1)")
    second.execute("BEGIN")
    second.execute("SELECT * FROM t LIMIT 1").fetchall()
    first.execute("COMMIT")
    start = time.monotonic()
    with pytest.raises(RehabctlError, match="locked"), translated():
        second.execute("INSERT INTO t VALUES (2)")
    assert time.monotonic() - start < 10  # the thirty seconds were ignored
    first.close()
    second.close()


def test_two_writers_that_read_first_both_finish(path: Path) -> None:
    engine = local_engine(path, KEY, create=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t(x)"))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(40):
                with engine.begin() as connection:
                    connection.execute(text("SELECT count(*) FROM t")).scalar_one()
                    connection.execute(text("INSERT INTO t VALUES (1)"))
        except BaseException as error:  # noqa: BLE001 - reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.begin() as connection:
        count = connection.execute(text("SELECT count(*) FROM t")).scalar_one()
    engine.dispose()
    assert (failures, count) == ([], 80)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:geheim@db.example.org/clinic",
        "postgresql://u:geheim@db.example.org/clinic?sslmode=require",
        "postgresql://u:geheim@db.example.org/clinic?sslmode=disable",
        "postgresql://u:geheim@/clinic",  # PGHOST could name a server
        "postgresql://u:geheim@/clinic?host=/run/x,db.example.org",
        "postgresql://u:geheim@/clinic?host=/run/x&hostaddr=10.0.0.1",
        "postgresql://u:geheim@/clinic?host=/run/x&service=far",
        "mysql://u:geheim@db.example.org/clinic",
        "sqlite:///geheim.db",
        "geheim",
    ],
)
def test_a_server_without_a_verified_certificate_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        remote_engine(address)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:geheim@db.example.org/clinic?sslmode=verify-full",
        "postgresql+psycopg://u:geheim@db.example.org/clinic?sslmode=verify-full",
        "postgresql://u:geheim@/clinic?host=/run/postgresql",
    ],
)
def test_a_verified_server_or_a_socket_is_accepted_without_showing_the_password(
    address: str,
) -> None:
    engine = remote_engine(address)
    assert "geheim" not in repr(engine)
    assert engine.url.drivername == "postgresql+psycopg"


def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    engine = remote_engine(f"postgresql:///x?host={tmp_path}&user=nobody")
    with pytest.raises(UnavailableError, match="cannot be reached"), translated(), engine.begin():
        pass
