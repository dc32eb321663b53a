"""Licences of the clinic's providers: kept, taken over from a file, and checked for one visit."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.clinic import licensure
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.licence import (
    LicenceCheck,
    LicenceKind,
    LicenceReason,
    LicenceStatus,
    Profession,
    ProviderLicence,
)
from rehabctl.domain.roster import is_state
from rehabctl.reference.compact_states import CompactList, load_compact
from rehabctl.services.access import Action, may, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

COMPACT_FILE = "compact_states.toml"
COLUMNS = (
    "login", "profession", "kind", "state", "number", "issued_on", "expires_on", "status",
    "is_home", "checked_on", "source",
)  # fmt: skip
_REQUIRED = COLUMNS[:7]


def clinic_compact(settings: Settings) -> CompactList:
    """Return the membership list with the clinic's own rows over it, if it has a file.

    Parameters
    ----------
    settings
        `compact_states.toml` in the home folder is the clinic's file.

    Raises
    ------
    UsageError
        The clinic's file is wrong.
    """
    path = settings.paths.home / COMPACT_FILE
    try:
        return load_compact(path.read_text("utf-8"), COMPACT_FILE)
    except FileNotFoundError:
        return load_compact()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"cannot read {COMPACT_FILE}", "Correct or remove the file") from None


def refresh_compact(settings: Settings, text: str, name: str, *, dry_run: bool) -> CompactList:
    """Take a newer membership list over; a wrong one changes nothing.

    Parameters
    ----------
    settings
        Where the clinic's file lies.
    text
        The new file's text.
    name
        Its name, for messages.
    dry_run
        Check only.
    """
    found = load_compact(text, name)
    if not dry_run:
        home = settings.paths.home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = home / f"{COMPACT_FILE}.new"
        made.write_text(text, "utf-8")
        made.replace(home / COMPACT_FILE)
    return found


def add(store: Store, login: str, values: Mapping[str, Any]) -> ProviderLicence:
    """Keep a licence or privilege; one of the same kind for the same state is replaced.

    Parameters
    ----------
    store
        The open store.
    login
        The provider.
    values
        Fields of `ProviderLicence` by name.

    Raises
    ------
    NotFoundError
        No user has this login.
    UsageError
        A value is wrong.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_USERS)
        held = _checked(ProviderLicence(id=uow.new_id(), user_id=user_id(uow, login), **values))
        uow.licences.save(held)
        uow.audit.record("licence.save", "user_account", held.user_id, {"state": held.state})
        return held


def user_id(uow: UnitOfWork, login: str) -> UUID:
    """Return the identifier of a user of the clinic.

    Raises
    ------
    NotFoundError
        No user has this login.
    """
    user = uow.clinics.user_by_login(login, uow.clinic.id)
    if user is None:
        raise NotFoundError(f"no user is called {login!r}", "Check the login")
    return user.id


def _require_reader(uow: UnitOfWork) -> None:
    """Let those who book and those who keep the licences look at them."""
    if not may(uow.user.role, Action.MANAGE_USERS, is_local=uow.is_local):
        require(uow, Action.READ_SCHEDULE)


def _checked(held: ProviderLicence) -> ProviderLicence:
    if not is_state(held.state):
        raise UsageError("--state is not a two-letter state", "Write it like CO")
    if not held.number.strip():
        raise UsageError("a licence needs a number", "Give --number")
    if held.expires_on < held.issued_on:
        raise UsageError("the licence ends before it was issued", "Check both dates")
    if held.is_home and held.kind is LicenceKind.PRIVILEGE:
        raise UsageError("a privilege is no home licence", "Leave out --home")
    return replace(held, state=held.state.upper(), number=held.number.strip())


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """One line of `licence status`."""

    login: str
    held: ProviderLicence
    days_left: int


def status(
    store: Store, compact: CompactList
) -> tuple[list[LicenceLine], tuple[LicenceReason, ...]]:
    """Return every licence, the one that ends first at the top, and warnings about the list."""
    with store.transaction() as uow:
        _require_reader(uow)
        today = clinic_today(uow.clinic, uow.now)
        names = {user.id: user.login for user in uow.clinics.users(uow.clinic.id)}
        found = [
            LicenceLine(names[held.user_id], held, (held.expires_on - today).days)
            for held in uow.licences.all()
        ]
        uow.audit.read("licence.status", "user_account", [line.held.user_id for line in found])
        return found, licensure.list_age(compact, today)


def check(
    store: Store,
    compact: CompactList,
    login: str,
    state: str | None,
    on: date | None = None,
    supervisor: str | None = None,
) -> LicenceCheck:
    """Check one pairing without booking anything.

    Parameters
    ----------
    store
        The open store.
    compact
        The membership list.
    login
        The provider.
    state
        Where the patient is; None: not known.
    on
        Day; default today in the clinic's zone.
    supervisor
        Login of the supervising therapist of an assistant.
    """
    with store.transaction() as uow:
        _require_reader(uow)
        provider = user_id(uow, login)
        over = None if supervisor is None else user_id(uow, supervisor)
        day = on or clinic_today(uow.clinic, uow.now)
        found = pairing(uow, compact, provider, state, day, over)
        uow.audit.record("licence.check", "user_account", provider, {"verdict": found.verdict})
        return found


def pairing(
    uow: UnitOfWork,
    compact: CompactList,
    provider_id: UUID,
    state: str | None,
    day: date,
    supervisor_id: UUID | None = None,
) -> LicenceCheck:
    """Check one pairing inside a transaction."""
    ids = [provider_id] if supervisor_id is None else [provider_id, supervisor_id]
    held = uow.licences.of(ids)
    return licensure.check(
        None if state is None else state.upper(),
        day,
        held[provider_id],
        compact,
        supervisor=None if supervisor_id is None else held[supervisor_id],
    )


def import_file(store: Store, text: str, name: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Take licences over from a CSV file; the same file twice changes nothing.

    Parameters
    ----------
    store
        The open store.
    text
        CSV with a heading: login, profession, kind, state, number, issued_on, expires_on, and
        optional status, is_home, checked_on, source.
    name
        Of the file, for messages.
    dry_run
        Do everything and undo it.

    Returns
    -------
    dict
        The contract's report of an import.

    Raises
    ------
    RehabctlError
        A required column is missing.
    """
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines())
    missing = [column for column in _REQUIRED if column not in (reader.fieldnames or ())]
    if missing:
        raise RehabctlError(
            f"{name} lacks the columns {', '.join(missing)}",
            f"Its heading needs: {','.join(_REQUIRED)}",
        )
    counts: dict[str, int] = dict.fromkeys(
        ("read", "created", "updated", "unchanged", "rejected"), 0
    )
    rejects: list[dict[str, Any]] = []
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.MANAGE_USERS)
        known = {_key(held): held for held in uow.licences.all()}
        users = {user.login: user.id for user in uow.clinics.users(uow.clinic.id)}
        for row in reader:
            counts["read"] += 1
            try:
                held = _row(row, users, uow.new_id())
            except (UsageError, ValueError) as error:
                counts["rejected"] += 1
                what = error.what if isinstance(error, UsageError) else str(error)
                rejects.append(
                    {"file": name, "line": reader.line_num, "field": "", "message": what}
                )
                continue
            before = known.get(_key(held))
            same = before is not None and replace(held, id=before.id) == before
            counts["unchanged" if same else "created" if before is None else "updated"] += 1
            if not same:
                uow.licences.save(held)
                known[_key(held)] = held if before is None else replace(held, id=before.id)
        uow.audit.record("licence.import", "clinic", uow.clinic.id, counts)
    return {**counts, "rejects": rejects}


def _key(held: ProviderLicence) -> tuple[UUID, str, str, str]:
    return held.user_id, held.profession.value, held.kind.value, held.state


def _row(row: Mapping[str, str | None], users: Mapping[str, UUID], new_id: UUID) -> ProviderLicence:
    """Return a licence of one line; messages name the field, never the value."""
    cells = {key: (row.get(key) or "").strip() for key in COLUMNS}
    if cells["login"] not in users:
        raise ValueError("login: no user of the clinic has it")
    return _checked(
        ProviderLicence(
            id=new_id,
            user_id=users[cells["login"]],
            profession=_word(Profession, cells["profession"], "profession"),
            kind=_word(LicenceKind, cells["kind"], "kind"),
            state=cells["state"],
            number=cells["number"],
            issued_on=_day(cells["issued_on"], "issued_on"),
            expires_on=_day(cells["expires_on"], "expires_on"),
            status=_word(LicenceStatus, cells["status"] or "active", "status"),
            is_home=_word_of(cells["is_home"]),
            checked_on=_day(cells["checked_on"], "checked_on") if cells["checked_on"] else None,
            source=cells["source"],
        )
    )


def _word(kind: Any, text: str, field: str) -> Any:
    try:
        return kind(text.lower())
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ValueError(f"{field}: is not one of {known}") from None


def _word_of(text: str) -> bool:
    if text.lower() not in ("", "yes", "no", "true", "false"):
        raise ValueError("is_home: is not yes or no")
    return text.lower() in ("yes", "true")


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{field}: is not a date like 2026-12-31") from None
