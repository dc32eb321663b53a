"""Driver and file errors become the error tree with the contract's exit codes."""

from __future__ import annotations

import errno

import pytest

from rehabctl.domain.errors import BusyError, ExitCode, RehabctlError
from rehabctl.store.errors import ConflictError, driver_error, file_error, translated


class SqliteLike(Exception):
    """Stands for the driver's error, whose one relevant fact is its name."""

    def __init__(self, name: str) -> None:
        super().__init__("driver text with patient data")
        self.sqlite_errorname = name


@pytest.mark.parametrize(
    ("name", "exit_code", "words"),
    [
        ("SQLITE_BUSY", 1, "locked"),
        ("SQLITE_BUSY_SNAPSHOT", 1, "locked"),
        ("SQLITE_FULL", 1, "disk is full"),
        ("SQLITE_IOERR_WRITE", 1, "disk is full or cannot"),
        ("SQLITE_READONLY_DIRECTORY", 1, "cannot be written"),
        ("SQLITE_CANTOPEN", 1, "cannot be written"),
        ("SQLITE_NOTADB", 5, "key does not fit"),
        ("SQLITE_CORRUPT", 1, "damaged"),
        ("SQLITE_CONSTRAINT_UNIQUE", 1, "conflicts"),
        ("SQLITE_MISUSE", 1, "SQLITE_MISUSE"),
    ],
)
def test_file_database_errors(name: str, exit_code: int, words: str) -> None:
    error = driver_error(SqliteLike(name))
    assert error is not None
    assert error.exit_code == ExitCode(exit_code)
    assert words in str(error)
    assert "driver text" not in str(error)


def test_a_backup_that_fails_has_no_name_but_a_text() -> None:
    import sqlcipher3.dbapi2 as sqlcipher

    for text, words in (("disk I/O error", "disk is full"), ("database is locked", "locked")):
        error = driver_error(sqlcipher.OperationalError(text))
        assert error is not None
        assert words in str(error)
        assert isinstance(error, BusyError) == (words == "locked")
    assert driver_error(sqlcipher.OperationalError("secret text")) is not None
    assert "secret" not in str(driver_error(sqlcipher.OperationalError("secret text")))


def postgres_like(state: str | None) -> Exception:
    kind = type("Error", (Exception,), {"__module__": "psycopg.errors", "sqlstate": state})
    return kind("driver text with patient data")


@pytest.mark.parametrize(
    ("state", "exit_code", "words"),
    [
        (None, 6, "cannot be reached"),
        ("08006", 6, "cannot be reached"),
        ("57P01", 6, "cannot be reached"),
        ("28P01", 5, "refused the login"),
        ("42501", 5, "role does not allow"),
        ("40P01", 1, "locked"),
        ("53100", 1, "disk is full"),
        ("23505", 1, "conflicts"),
        ("XX000", 1, "XX000"),
    ],
)
def test_server_errors(state: str | None, exit_code: int, words: str) -> None:
    error = driver_error(postgres_like(state))
    assert error is not None
    assert error.exit_code == ExitCode(exit_code)
    assert words in str(error)
    assert "driver text" not in str(error)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EFBIG, "disk is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "cannot be written"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_file_errors(number: int, words: str) -> None:
    import os

    assert words in str(file_error(OSError(number, os.strerror(number))))


def test_only_known_errors_are_translated() -> None:
    assert driver_error(ValueError("x")) is None
    with pytest.raises(ValueError, match="x"), translated():
        raise ValueError("x")
    with pytest.raises(ConflictError), translated():
        raise ConflictError("a", "b")
    with pytest.raises(RehabctlError, match="disk is full"), translated():
        raise OSError(errno.ENOSPC, "No space left on device")
