"""Driver errors become the error tree. No statement, parameter or driver text passes on."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rehabctl.domain.errors import BusyError, NotPermittedError, RehabctlError, UnavailableError

FULL = "the disk is full or cannot be written"
READ_ONLY = "the database cannot be written"
LOCKED = "the database is locked by another program"
DAMAGED = "the database is damaged"
WRONG_KEY = "the key does not fit the database, or the file is no database of rehabctl"

_NAMES = {
    "disk I/O error": "SQLITE_IOERR",
    "database or disk is full": "SQLITE_FULL",
    "database is locked": "SQLITE_BUSY",
    "database disk image is malformed": "SQLITE_CORRUPT",
    "attempt to write a readonly database": "SQLITE_READONLY",
}
"""The driver's backup raises errors without a name: these are its texts."""


_CERTIFICATE = {
    "does not match host name": "belongs to another host",
    "certificate verify failed": "has expired or was not issued by an authority that you trust",
    "root certificate file": "cannot be checked: the file of trusted authorities is missing",
    "server does not support SSL": "is missing: it offers no encrypted connection",
}
_REFUSED_LOGIN = (
    "password authentication failed",
    "not permitted to log in",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects",
    "no password supplied",
    '" does not exist',
)


class ConflictError(RehabctlError):
    """A record with the same key exists, or somebody else changed it first."""


@contextmanager
def translated() -> Generator[None]:
    """Turn errors of SQLAlchemy, the drivers and the file system into the error tree."""
    try:
        yield
    except RehabctlError:
        raise
    except OSError as error:
        raise file_error(error) from None
    except Exception as error:
        known = driver_error(error)
        if known is None:
            raise
        raise known from None


def driver_error(error: BaseException) -> RehabctlError | None:
    """Return the error to show for a database error; None when it is not a database error.

    Parameters
    ----------
    error
        As SQLAlchemy or the driver raised it.
    """
    original: Any = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", None)
    if name is not None:
        return _sqlcipher_error(name)
    if type(original).__module__.startswith("sqlcipher3"):
        return _sqlcipher_error(_NAMES.get(str(original), "SQLITE_ERROR"))
    if type(original).__module__.startswith("psycopg"):
        return _postgres_error(getattr(original, "sqlstate", None) or "", str(original))
    return None


def _sqlcipher_error(name: str) -> RehabctlError:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BusyError(LOCKED, "Wait until it is done, then run the same command again")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return RehabctlError(FULL, "Free some space, then run the same command again")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return RehabctlError(READ_ONLY, "Check the permissions of its folder")
    if name == "SQLITE_NOTADB":
        return NotPermittedError(WRONG_KEY, "Check where the key comes from: rehabctl doctor")
    if name.startswith("SQLITE_CORRUPT"):
        return RehabctlError(DAMAGED, "Run rehabctl db verify and restore a backup")
    if name.startswith("SQLITE_CONSTRAINT"):
        return _conflict()
    return RehabctlError(f"the database refused the work ({name})", "Run rehabctl doctor")


def _postgres_error(state: str, message: str) -> RehabctlError:
    """Map an SQLSTATE; an error without one is a lost or refused connection.

    The driver gives no SQLSTATE to a connection that was never made, so that its text decides.
    """
    if not state and (problem := _certificate_problem(message)):
        return UnavailableError(
            f"the database server's certificate {problem}",
            "Check sslrootcert and the host name, or ask the server's administrator",
        )
    if not state and any(words in message for words in _REFUSED_LOGIN):
        state = "28000"
    if state in ("", "57P01", "57P02", "57P03") or state.startswith("08"):
        what = "the database server cannot be reached"
        return UnavailableError(what, "Check the network and REHABCTL_DATABASE_URL, then try again")
    if state.startswith("28"):
        what = "the database server refused the login"
        return NotPermittedError(what, "Check the user and password of REHABCTL_DATABASE_URL")
    if state == "42501":
        what = "your role does not allow this"
        return NotPermittedError(what, "Ask the administrator of your clinic")
    if state in ("55P03", "40P01", "40001"):
        return BusyError(LOCKED, "Run the same command again")
    if state.startswith("53"):
        return RehabctlError(FULL, "Ask the administrator of the database server")
    if state.startswith("23") or state == "42710":
        return _conflict()
    return RehabctlError(f"the database server refused the work ({state})", "Run rehabctl doctor")


def _certificate_problem(message: str) -> str | None:
    return next((said for words, said in _CERTIFICATE.items() if words in message), None)


def _conflict() -> RehabctlError:
    return ConflictError(
        "the record conflicts with one that exists", "Look at the existing record, then try again"
    )


def file_error(error: OSError) -> RehabctlError:
    """Return the error to show when a file of the store could not be read or written.

    Parameters
    ----------
    error
        As the operating system raised it.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RehabctlError(FULL, "Free some space, then run the same command again")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return RehabctlError(
            "the folder of the store cannot be written", "Check its permissions and REHABCTL_HOME"
        )
    reason = error.strerror or type(error).__name__
    return RehabctlError(f"a file of the store cannot be used: {reason}", "Run rehabctl doctor")
