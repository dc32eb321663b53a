"""Connections of the clinic to record systems: imported, listed, given their secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rehabctl.domain.connection import (
    Connection,
    FhirConnection,
    FolderConnection,
    MllpConnection,
    RedoxConnection,
)
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, suggestion
from rehabctl.reference.connection_file import read_connection_file
from rehabctl.reference.findings import Problem
from rehabctl.reference.integrations import load_integrations
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

C = TypeVar("C", FhirConnection, MllpConnection, RedoxConnection, FolderConnection)
_WORDS = {
    FhirConnection: "FHIR",
    MllpConnection: "MLLP",
    RedoxConnection: "Redox",
    FolderConnection: "folder",
}
TOKEN = "-token"  # noqa: S105 - ends the name under which a verification token is kept


def import_file(store: Store, path: Path, *, dry_run: bool = False) -> tuple[Connection, ...]:
    """Import a file of connections; with any problem nothing is written.

    Parameters
    ----------
    store
        The open store.
    path
        The TOML file.
    dry_run
        Only say what would be done.

    Raises
    ------
    NotFoundError
        The file does not exist.
    FindingsError
        It is not TOML, or says what cannot be.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise FindingsError(f"{path.name} is not TOML", "Correct it and import again") from None
    found, problems = read_connection_file(document)
    if problems:
        raise FindingsError(f"{path.name}: {_said(problems[0])}", "Correct it and import again")
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.MANAGE_STORE)
        for one in found:
            uow.connections.put(one)
            uow.audit.record("connection.import", "connection", None, {"name": one.name})
    return found


def _said(problem: Problem) -> str:
    where = ".".join(str(part) for part in problem.path)
    return f"{where}: {problem.message}" if where else problem.message


def connections(store: Store) -> tuple[Connection, ...]:
    """Return every connection, by name."""
    with store.transaction() as uow:
        return uow.connections.all()


def connection_named(uow: UnitOfWork, name: str, kind: type[C]) -> C:
    """Return a connection.

    Parameters
    ----------
    uow
        The transaction.
    name
        As `integration connections` shows it.
    kind
        Of which it has to be.

    Raises
    ------
    NotFoundError
        It was not imported, or is of another kind.
    """
    known = {one.name: one for one in uow.connections.all() if isinstance(one, kind)}
    if name not in known:
        near = suggestion(name, list(known))
        raise NotFoundError(
            f"no {_WORDS[kind]} connection is called {name!r}",
            near or "Import it: rehabctl integration connect",
        )
    return known[name]


def keep_secret(store: Store, name: str, secret: str, mrn: str | None = None) -> None:
    """Put the secret or private key of a connection or integration into the keyring.

    Parameters
    ----------
    store
        The open store.
    name
        Of the connection or integration.
    secret
        What is kept.
    mrn
        Whose sign-in it is, for integrations that ask each patient; kept under her identifier.

    Raises
    ------
    NotFoundError
        There is none of this name.
    NotPermittedError
        There is no keyring.
    """
    from rehabctl.store import credentials

    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE if mrn is None else Action.WRITE_CLINICAL)
        adapters = {one.name for one in load_integrations()}
        if name.removesuffix("-webhook") not in adapters:
            every = uow.connections.all()
            known = [one.name for one in every]
            known += [one.name + TOKEN for one in every if isinstance(one, RedoxConnection)]
            if name not in known:
                near = suggestion(name, known)
                raise NotFoundError(
                    f"no connection is called {name!r}",
                    near or "Import it: rehabctl integration connect",
                )
        patient = None if mrn is None else uow.patients.get(mrn).id
        uow.audit.record("connection.secret", "connection", patient, {"name": name})
    entry = name if patient is None else f"{name} {patient}"
    credentials.store(entry, store.database_id, secret)
