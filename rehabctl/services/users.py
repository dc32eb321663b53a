"""Users, caseloads and emergency access."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.access import AccessGrant
from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.domain.errors import NotFoundError, UsageError, suggestion
from rehabctl.services.access import Action, may, require
from rehabctl.store.errors import file_error
from rehabctl.store.repositories.users import ServerUsers

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_SERVER_LOGIN = re.compile(r"(?!pg_|rehabctl)[a-z][a-z0-9_.-]{0,62}")
_PASSWORD_BYTES = 18
MAX_EMERGENCY_MINUTES = 240
_MIN_REASON_CHARS = 10
_MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True, repr=False)
class NewLogin:
    """A user who can enter now. Has no repr, so that no log can show the password."""

    user: User
    password: str | None
    """Shown once; None on a local file, where the operating system asks for one."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user with the size of her caseload."""

    user: User
    patients: int


def add(
    store: Store, login: str, role: Role, *, display_name: str | None = None, mrn: str | None = None
) -> NewLogin:
    """Let somebody in: a login role on a server, a user of the operating system on a local file.

    Parameters
    ----------
    store
        The open store.
    login
        Name of the login.
    role
        What she is in the clinic.
    display_name
        How she is called; default the login.
    mrn
        Of the patient herself, with the role patient only.

    Raises
    ------
    UsageError
        The login cannot be a login, or a patient's record number is missing or too much.
    ConflictError
        The login is in use.
    """
    if (role is Role.PATIENT) != (mrn is not None):
        raise UsageError("a patient's login, and only that, names her record", "Give --patient MRN")
    if not store.is_local:
        check_server_login(login)
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        user = User(uow.new_id(), uow.clinic.id, login, display_name or login, role)
        password = None if store.is_local else new_password()
        uow.users.add(user, password, mrn)
        return NewLogin(user, password)


def check_server_login(login: str) -> None:
    """Check that a name can be a login of a server.

    Raises
    ------
    UsageError
        It has other characters, or is kept for the server.
    """
    if not _SERVER_LOGIN.fullmatch(login):
        raise UsageError(
            "a login has lower-case letters, digits, dots, dashes and underscores, begins with a "
            "letter, and not with pg_ or rehabctl",
            "Choose another",
        )


def new_password() -> str:
    """Return a random password of 144 bits."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


@contextmanager
def password_file(path: Path | None) -> Generator[Callable[[NewLogin], None]]:
    """Keep a place for a password before it is made, and yield what writes it there.

    The file has the form that libpq reads (`passfile=` of the address) and is its owner's only. It
    is removed when no password came.

    Parameters
    ----------
    path
        A file that does not exist; None writes nothing.

    Raises
    ------
    UsageError
        The file exists.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path.name} exists", "Choose another --password-file") from None
    except OSError as error:
        raise file_error(error) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:

        def write(made: NewLogin) -> None:
            if made.password is not None:
                file.write(f"*:*:*:{made.user.login}:{made.password}\n")

        try:
            yield write
        finally:
            if file.tell() == 0:
                path.unlink()


def disable(store: Store, login: str) -> None:
    """Switch a user off; a server lets her see nothing from this moment on.

    Parameters
    ----------
    store
        The open store.
    login
        Of whom, but not of who asks.

    Raises
    ------
    UsageError
        It is the acting user herself.
    NotFoundError
        There is no such active user.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        if login == uow.user.login:
            raise UsageError("you cannot switch yourself off", "Ask another administrator")
        if not uow.users.disable(login):
            raise _no_user(uow, login)


def rotate(store: Store, login: str) -> NewLogin:
    """Give a login another random password.

    Parameters
    ----------
    store
        The open store, on a server.
    login
        Of whom.

    Raises
    ------
    UsageError
        The store is a local file.
    NotFoundError
        There is no such active user.
    """
    if store.is_local:
        raise UsageError(
            "users of a local file have no password",
            "Protect its key: rehabctl db passphrase",
        )
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        user, password = _user(uow, login), new_password()
        assert isinstance(uow.users, ServerUsers)  # noqa: S101 - the store is no local file
        if not uow.users.rotate(login, password):
            raise _no_user(uow, login)
        return NewLogin(user, password)


def listing(store: Store) -> tuple[Account, ...]:
    """Return the users of the clinic by login, with how many active patients each has.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        loads = uow.users.caseloads()
        found = uow.clinics.users(uow.clinic.id)
        uow.audit.record("user.list", "user_account", None, {"count": len(found)})
        return tuple(Account(user, loads.get(user.id, 0)) for user in found)


def acting(store: Store) -> tuple[User, Clinic, tuple[str, ...]]:
    """Return who acts, in which clinic, and what she may do.

    Parameters
    ----------
    store
        The open store.
    """
    role = store.user.role
    allowed = (action for action in Action if may(role, action, is_local=store.is_local))
    return store.user, store.clinic, tuple(action.value for action in allowed)


def transfer_caseload(store: Store, giver: str, taker: str) -> int:
    """Give every patient of one therapist to another; return how many.

    Parameters
    ----------
    store
        The open store.
    giver
        Login of who had them; may be switched off.
    taker
        Login of who gets them.

    Raises
    ------
    NotFoundError
        One of them is no user of the clinic.
    UsageError
        The taker is no active therapist, or both are the same.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        old, new = _user(uow, giver), _user(uow, taker)
        if new.role is not Role.THERAPIST or not new.active or old.id == new.id:
            raise UsageError(
                f"{taker} is not another active therapist", "Look at: rehabctl user list"
            )
        return uow.users.transfer_caseload(old, new)


def break_glass(store: Store, mrn: str, reason: str, minutes: int) -> datetime:
    """Open the record of somebody else's patient for an emergency; return until when.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    reason
        Why; kept with the access, which an administrator reviews.
    minutes
        For how long, 1 to 240.

    Raises
    ------
    UsageError
        The reason is too short or too long, or the time is out of range.
    NotFoundError
        The clinic has no such patient.
    """
    if not _MIN_REASON_CHARS <= len(reason.strip()) <= _MAX_REASON_CHARS:
        raise UsageError(
            f"the reason needs {_MIN_REASON_CHARS} to {_MAX_REASON_CHARS} characters",
            "Say what happened",
        )
    if not 1 <= minutes <= MAX_EMERGENCY_MINUTES:
        raise UsageError(
            f"emergency access lasts 1 to {MAX_EMERGENCY_MINUTES} minutes", "Choose --minutes"
        )
    with store.transaction() as uow:
        require(uow, Action.BREAK_GLASS)
        until = uow.users.break_glass(mrn, reason.strip(), minutes)
    if until is None:  # after the end of the transaction: the attempt stays in the log
        raise NotFoundError(f"no patient has the record number {mrn}", "Check the number")
    return until


def emergency_accesses(store: Store) -> tuple[AccessGrant, ...]:
    """Return emergency accesses, newest first.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        found = uow.users.emergency_accesses()
        uow.audit.read("access.list", "access_grant", [grant.id for grant in found])
        return found


def waiting_for_review(store: Store) -> int:
    """Return how many emergency accesses nobody has looked at; 0 to who may not review them.

    Parameters
    ----------
    store
        The open store.
    """
    if not may(store.user.role, Action.MANAGE_USERS, is_local=store.is_local):
        return 0
    with store.snapshot() as uow:
        return sum(grant.reviewed_at is None for grant in uow.users.emergency_accesses())


def review_access(store: Store, grant_id: str) -> None:
    """Note that an emergency access was looked at.

    Parameters
    ----------
    store
        The open store.
    grant_id
        As the list shows it.

    Raises
    ------
    NotFoundError
        No such access waits for a review.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        try:
            reviewed = uow.users.review_access(UUID(grant_id))
        except ValueError:
            reviewed = False
        if not reviewed:
            raise NotFoundError("no such access waits", "Look at: rehabctl user accesses")


def _user(uow: UnitOfWork, login: str) -> User:
    user = uow.clinics.user_by_login(login, uow.clinic.id)
    if user is None:
        raise _no_user(uow, login)
    return user


def _no_user(uow: UnitOfWork, login: str) -> NotFoundError:
    known = [user.login for user in uow.clinics.users(uow.clinic.id) if user.active]
    hint = suggestion(login, known) or "Look at: rehabctl user list"
    return NotFoundError(f"no active user has the login {login}", hint)
