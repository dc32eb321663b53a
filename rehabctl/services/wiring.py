"""The one place that chooses the store, its keys and the acting user."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.clinic import Clinic, User
from rehabctl.domain.errors import NotFoundError
from rehabctl.services.scratch import sweep
from rehabctl.services.settings import Settings
from rehabctl.store import identity, keys, migrate
from rehabctl.store.engine import local_engine, remote_engine
from rehabctl.store.errors import translated
from rehabctl.store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from rehabctl.devices.voice import Voice
    from rehabctl.services.films import Films, Load
    from rehabctl.store.code_lists import CodeLists
    from rehabctl.store.files import BlobStore
    from rehabctl.store.rekey import StoreFiles

BUSY_TIMEOUT_S = 5.0


@contextmanager
def open_store(settings: Settings, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Generator[Store]:
    """Open the store that the settings name; a local one is created when there is none.

    Parameters
    ----------
    settings
        What this command runs with.
    busy_timeout_s
        How long to wait for another writer.

    Raises
    ------
    NotPermittedError
        The key is missing or does not fit, or the user may not enter.
    RehabctlError
        The database cannot be opened, or its schema is not this program's.
    """
    sweep(settings.paths.home)
    with translated():
        if settings.database_url is None:
            store = _open_local(settings, busy_timeout_s)
        else:
            store = _open_remote(settings, settings.database_url)
    try:
        yield store
    finally:
        store.engine.dispose()


def speech() -> Voice | None:
    """Return the voice of this machine; None where no speech program is installed."""
    from rehabctl.devices.voice import ProgramVoice, speech_program

    program = speech_program()
    return None if program is None else ProgramVoice(program)


@contextmanager
def open_films(settings: Settings, store: Store, load: Load) -> Generator[Films]:
    """Yield the kept films; their decrypted copies lie in memory where the platform has a place.

    Parameters
    ----------
    settings
        What this command runs with.
    store
        The open store.
    load
        Returns a recording as it is reviewed.
    """
    from rehabctl.integrations.desktop import Desktop
    from rehabctl.services.films import Films

    private = os.environ.get("XDG_RUNTIME_DIR")  # of this user alone, in memory
    folders = (*([Path(private)] if private else ()), settings.paths.home)
    with Films(store, folders, load, Desktop(os.environ)) as films:
        yield films


def code_lists(settings: Settings) -> CodeLists:
    """Return the official code lists that were imported on this machine."""
    from rehabctl.store.code_lists import CodeLists

    return CodeLists(settings.paths.code_lists)


def key_options(settings: Settings) -> keys.KeyOptions:
    """Return what the settings say about keys."""
    return keys.KeyOptions(
        folder=settings.paths.key_dir,
        command=settings.key_command,
        file=settings.key_file,
        ask_passphrase=_ask_passphrase if sys.stdin.isatty() else None,
    )


def _ask_passphrase() -> str:
    from getpass import getpass

    return getpass("Passphrase of the database: ")


def local_keys(settings: Settings) -> keys.StoreKeys | None:
    """Return the keys of the local database; None when there is no database.

    Raises
    ------
    NotPermittedError
        The key is missing, or the file that names it is.
    """
    database = settings.paths.database
    if not _is_created(database):
        return None
    database_id = keys.require_header(database)
    options = key_options(settings)
    found = keys.find_keys(options, database_id, database)
    if not keys.waiting_key_file(options, database_id).exists():
        return found
    from rehabctl.store.rekey import settle

    return settle(options, found, store_files(settings))


def store_files(settings: Settings) -> StoreFiles:
    """Return where the local store lies."""
    from rehabctl.store.rekey import StoreFiles

    return StoreFiles(settings.paths.database, settings.paths.blobs)


def _is_created(database: Path) -> bool:
    """Return whether the file holds a database; an interrupted creation leaves an empty one."""
    try:
        return database.stat().st_size > 0
    except FileNotFoundError:
        return False


def _open_local(settings: Settings, busy_timeout_s: float) -> Store:
    database = settings.paths.database
    found = local_keys(settings)
    if found is None:
        found = _create_local(settings)
    engine = local_engine(database, found.key, busy_timeout_s=busy_timeout_s)
    try:
        if not identity.is_initialised(engine):  # its creation was interrupted
            _prepare(settings, engine, found)
        migrate.require_current(engine)
        return _local_store(settings, engine, found)
    except BaseException:
        engine.dispose()
        raise


def _create_local(settings: Settings) -> keys.StoreKeys:
    """Make key, header and database, in this order: at any interruption the next run goes on."""
    database = settings.paths.database
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = key_options(settings)
    database_id = keys.write_header(database)
    made = keys.create_keys(options, database_id)
    warning = keys.key_file_warning(options, database_id, made.source)
    if warning is not None:
        sys.stderr.write(f"rehabctl: warning: {warning}.\n")
    engine = local_engine(database, made.key, create=True)
    try:
        _prepare(settings, engine, made)
    finally:
        engine.dispose()
    return made


def _prepare(settings: Settings, engine: Engine, found: keys.StoreKeys) -> None:
    """Bring a database to this program's schema and give it an identity, unless it has one."""
    migrate.upgrade(engine)
    identity.initialise(
        engine,
        found.database_id,
        found.audit_key(),
        time_zone=_time_zone(),
        now=settings.now(),
    )


def _open_remote(settings: Settings, address: str) -> Store:
    engine = remote_engine(address)
    try:
        migrate.require_current(engine)
        database_id, clinic, user = identity.enter_server(engine, settings.now())
    except BaseException:
        engine.dispose()
        raise

    def make_blobs() -> BlobStore:
        from rehabctl.store.files import BlobStore

        key = keys.find_blob_key(key_options(settings), database_id)
        return BlobStore(settings.paths.blobs, key)

    return Store(
        database_id=database_id,
        engine=engine,
        audit_key=None,
        clinic=clinic,
        user=user,
        is_local=False,
        clock=settings.now,
        make_blobs=make_blobs,
    )


def upgrade_store(settings: Settings) -> None:
    """Bring the store to this program's schema; a remote one is given its identity and keys.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    with translated():
        if settings.database_url is not None:
            _upgrade_remote(settings, settings.database_url)
            return
        found = local_keys(settings)
        if found is None:
            _create_local(settings)
            return
        engine = local_engine(settings.paths.database, found.key)
        try:
            _prepare(settings, engine, found)
        finally:
            engine.dispose()


def _upgrade_remote(settings: Settings, address: str) -> None:
    engine = remote_engine(address)
    try:
        migrate.upgrade(engine)
        with engine.connect() as connection:
            database_id = identity.stored_database_id(connection)
        if database_id is None:
            database_id = keys.new_database_id()
            keys.create_key(key_options(settings), database_id)
            zone, now = _time_zone(), settings.now()
            identity.initialise(engine, database_id, None, time_zone=zone, now=now)
    finally:
        engine.dispose()


def clinic_named(settings: Settings, connection: Connection, name: str | None) -> Clinic:
    """Return the clinic of this name, the first without one; make it when there is none.

    The clinic that an empty database is given has no name of its own yet, and takes this one.
    """
    from rehabctl.store.ids import new_id
    from rehabctl.store.repositories.clinics import ClinicRepository

    clinics = ClinicRepository(connection, settings.now())
    first = clinics.first()
    known = first if name is None else clinics.named(name)
    if known is not None:
        return known
    if first is not None and not clinics.user_count():
        renamed = replace(first, name=name or first.name)
        clinics.rename(renamed)
        return renamed
    made = Clinic(new_id(), name or "Clinic", _time_zone())
    clinics.add(made)
    return made


def describe_clinic(settings: Settings, name: str | None, time_zone: str | None) -> None:
    """Give the clinic of a local database its name and time zone, before anybody works in it.

    Parameters
    ----------
    settings
        What this command runs with.
    name, time_zone
        Of the clinic; None leaves what it has.
    """
    from rehabctl.store.repositories.clinics import ClinicRepository

    found = local_keys(settings)
    assert found is not None  # noqa: S101 - the caller made it
    engine = local_engine(settings.paths.database, found.key)
    try:
        with translated(), engine.begin() as connection:
            clinics = ClinicRepository(connection, settings.now())
            first = clinics.first()
            assert first is not None  # noqa: S101 - a database is given one with its schema
            if not clinics.user_count():
                zone = time_zone or first.time_zone
                clinics.rename(replace(first, name=name or first.name, time_zone=zone))
    finally:
        engine.dispose()


def claim_local(settings: Settings) -> User:
    """Make the operating system's user a therapist of the local database, which exists.

    Parameters
    ----------
    settings
        What this command runs with.

    Raises
    ------
    NotFoundError
        There is no database.
    """
    with translated():
        found = local_keys(settings)
        if found is None:
            raise NotFoundError("there is no database", "Create one: rehabctl db upgrade")
        engine = local_engine(settings.paths.database, found.key)
        try:
            migrate.require_current(engine)
            login, now = _operating_system_login(), settings.now()
            return identity.claim(engine, found.database_id, found.audit_key(), login, now)[1]
        finally:
            engine.dispose()


def _local_store(settings: Settings, engine: Engine, found: keys.StoreKeys) -> Store:
    audit_key, login = found.audit_key(), _operating_system_login()
    clinic, user = identity.enter(engine, found.database_id, audit_key, login, settings.now())

    def make_blobs() -> BlobStore:
        from rehabctl.store.files import BlobStore

        return BlobStore(settings.paths.blobs, found.blob_key())

    return Store(
        database_id=found.database_id,
        engine=engine,
        audit_key=audit_key,
        clinic=clinic,
        user=user,
        is_local=True,
        clock=settings.now,
        make_blobs=make_blobs,
    )


def _operating_system_login() -> str:
    """Return the name of the user whose rights the process has, not what the environment says."""
    if os.name != "posix":
        from getpass import getuser

        return getuser()
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        return f"uid-{os.geteuid()}"


def _time_zone() -> str:
    """Return the machine's IANA zone, by which a new clinic counts days."""
    from zoneinfo import ZoneInfo

    linked = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", ""), linked):
        try:
            return ZoneInfo(name).key
        except (ValueError, KeyError, OSError):  # empty, not a zone, or no data about it
            continue
    return "UTC"
