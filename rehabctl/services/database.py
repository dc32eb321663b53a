"""The state of the store itself: status, upgrade, verification and backup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.services import users, wiring
from rehabctl.services.access import Action, require
from rehabctl.services.settings import Settings
from rehabctl.store import keys, migrate
from rehabctl.store.engine import connect_local, local_engine, remote_engine
from rehabctl.store.errors import translated
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.users import ServerUsers

_MIN_PASSPHRASE_CHARS = 12


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What `db status` and the doctor show."""

    kind: str
    """local or postgresql."""
    exists: bool
    encrypted: bool | None
    """Of a local file; the server's storage is the server's affair."""
    key_source: str | None
    schema: str | None
    """Revision; None of an empty database."""
    schema_state: str | None
    """current, older, newer or empty."""
    warning: str | None
    """About a key that lies in a plain file."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `db verify` found."""

    ok: bool
    findings: tuple[str, ...]
    audit_entries: int
    blobs: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What `db backup` wrote."""

    path: Path
    patients: int
    audit_entries: int
    blobs: int


def status(settings: Settings) -> StoreStatus:
    """Return the state of the store without creating or changing anything.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    if settings.database_url is not None:
        engine = remote_engine(settings.database_url)
        try:
            state, revision = migrate.schema_state(engine)
        finally:
            engine.dispose()
        return StoreStatus("postgresql", True, None, None, revision, state.value, None)
    found = wiring.local_keys(settings)
    if found is None:
        return StoreStatus("local", False, None, None, None, None, None)
    engine = local_engine(settings.paths.database, found.key)
    try:
        state, revision = migrate.schema_state(engine)
    finally:
        engine.dispose()
    options = wiring.key_options(settings)
    warning = keys.key_file_warning(options, found.database_id, found.source)
    return StoreStatus("local", True, True, found.source.value, revision, state.value, warning)


def upgrade(settings: Settings) -> StoreStatus:
    """Bring the store to this program's schema; an older local file is copied first.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    before = status(settings)
    if before.kind == "local" and before.schema_state == migrate.SchemaState.OLDER.value:
        from rehabctl.store.backup import copy_database

        found = wiring.local_keys(settings)
        assert found is not None  # noqa: S101 - its schema was read
        database = settings.paths.database
        engine = local_engine(database, found.key)
        try:
            copy = database.with_name(f"{database.name}.{before.schema}.bak")
            copy_database(engine, copy, found.key)
        finally:
            engine.dispose()
    wiring.upgrade_store(settings)
    return status(settings)


def refuse_password(address: str) -> None:
    """Check that an address from the command line shows no password to the machine's users.

    Raises
    ------
    UsageError
        It does.
    """
    if re.search(r"//[^/@]*:[^/@]*@|[?&]password=", address):
        raise UsageError(
            "the address holds a password, which everyone on this machine can see",
            "Put it into PGPASSWORD, a passfile or REHABCTL_DATABASE_URL",
        )


def initialise(
    settings: Settings, admin: str, *, clinic_name: str | None = None
) -> tuple[Clinic, users.NewLogin]:
    """Make schema, roles, clinic and first administrator of a shared PostgreSQL.

    Parameters
    ----------
    settings
        Name the address, whose login administers the server (creates roles).
    admin
        Login of the clinic's administrator, to be made.
    clinic_name
        Of the clinic; a name that is not known yet makes a further one.

    Raises
    ------
    UsageError
        There is no address, it shows a password, or the login cannot be one.
    ConflictError
        The login is in use.
    """
    if settings.database_url is None:
        raise UsageError("no address of a server is given", "Give --url")
    users.check_server_login(admin)
    wiring.upgrade_store(settings)
    engine = remote_engine(settings.database_url)
    try:
        with translated(), engine.begin() as connection:
            clinic = wiring.clinic_named(settings, connection, clinic_name)
            user = User(new_id(), clinic.id, admin, admin, Role.CLINIC_ADMIN)
            password = users.new_password()
            ServerUsers(connection).add_first(clinic, user, password)
            return clinic, users.NewLogin(user, password)
    finally:
        engine.dispose()


def verify(settings: Settings) -> Verification:
    """Read everything: pages, structure, references, the audit chain and every blob.

    Parameters
    ----------
    settings
        What this command runs with.

    Raises
    ------
    NotFoundError
        There is no database.
    """
    findings: list[str] = []
    if settings.database_url is None:
        found = wiring.local_keys(settings)
        if found is None:
            raise NotFoundError("there is no database", "Create one: rehabctl db upgrade")
        findings += _file_findings(settings.paths.database, found.key)
    entries = blobs = 0
    try:
        with wiring.open_store(settings) as store:
            with store.snapshot() as uow:
                require(uow, Action.MANAGE_STORE)
                verdict = uow.audit.verify()
            if not verdict.ok:
                findings.append(f"audit log, entry {verdict.first_bad}: {verdict.reason}")
            blobs, damaged = store.blobs.verify()
            findings += [f"the blob {name} is damaged" for name in damaged]
            entries = verdict.entries
    except RehabctlError as error:
        if not findings:
            raise
        findings.append(error.what)  # a consequence of what was found in the file
    return Verification(not findings, tuple(findings), entries, blobs)


def _file_findings(database: Path, key: str) -> list[str]:
    from rehabctl.store.backup import file_findings

    with translated():
        connection = connect_local(database, key)
        try:
            return file_findings(connection)
        finally:
            connection.close()


def backup(settings: Settings, target: Path) -> BackupReport:
    """Copy the local store into a new folder laid out like a home, without any key.

    Parameters
    ----------
    settings
        What this command runs with.
    target
        A folder that does not exist, or is empty.

    Raises
    ------
    UsageError
        The folder holds something, or the store is a server.
    NotFoundError
        There is no database.
    """
    if settings.database_url is not None:
        raise UsageError("a server's database is not copied from here", "Use pg_dump on the server")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target.name} exists and is not an empty folder", "Choose another one")
    found = wiring.local_keys(settings)
    if found is None:
        raise NotFoundError("there is no database", "Create one: rehabctl db upgrade")
    with wiring.open_store(settings) as store:
        from rehabctl.store.backup import copy_blobs, copy_database

        with store.transaction() as uow:
            require(uow, Action.MANAGE_STORE)
            uow.audit.record("db.backup", "store", store.database_id)
        with translated():
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy = target / settings.paths.database.name
        report = copy_database(store.engine, copy, found.key)
        # Blobs come after the database: every blob that its rows name was there before them.
        blobs = copy_blobs(settings.paths.blobs, target / settings.paths.blobs.name)
        with translated():
            keys.seal_audit_secret(found, copy)
            keys.write_header(copy, found.database_id)
        return BackupReport(target, report.patients, report.audit_entries, blobs)


def protect_with_passphrase(settings: Settings, passphrase: str) -> bool:
    """Wrap the key of the local database with a passphrase.

    Parameters
    ----------
    settings
        What this command runs with.
    passphrase
        At least twelve characters.

    Returns
    -------
    bool
        Whether a key file was removed.

    Raises
    ------
    UsageError
        The passphrase is too short.
    NotFoundError
        There is no database.
    """
    if len(passphrase) < _MIN_PASSPHRASE_CHARS:
        raise UsageError(
            f"the passphrase is shorter than {_MIN_PASSPHRASE_CHARS} characters", "Choose another"
        )
    found = wiring.local_keys(settings)
    if found is None:
        raise NotFoundError("there is no database", "Create one: rehabctl db upgrade")
    with wiring.open_store(settings) as store, store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        uow.audit.record("db.passphrase", "store", store.database_id)
    with translated():
        return keys.protect_with_passphrase(wiring.key_options(settings), found, passphrase)
