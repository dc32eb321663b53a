"""One suite, two engines: every test of this folder runs on SQLCipher and on PostgreSQL.

On PostgreSQL it runs as a therapist's login under forced row-level security, not as a superuser.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from rehabctl.domain.clinic import Role, User
from rehabctl.domain.licence import LicenceKind, Profession
from rehabctl.services import database, licences, users
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store, upgrade_store
from rehabctl.store.engine import remote_engine
from rehabctl.store.store import Store
from tests.contract.server import Server, start_server

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
if TYPE_CHECKING:
    from tests.contract.clinics import Clinics

ADMIN, THERAPIST, COLLEAGUE, AUDITOR = "ada", "thea", "theo", "aude"
REGISTRAR, BILLER, WORKER = "rex", "bill", "wolf"
"""Logins that every remote store has."""
PROVIDERS = ("jane", "nora", "pta")
"""Those whom schedules are made for; a login belongs to the whole server, not to one database."""
ENGINES = ("sqlcipher", pytest.param("postgres", marks=pytest.mark.postgres))


def make_settings(home: Path, key_dir: Path, address: str | None = None) -> Settings:
    return Settings(
        paths=Paths(home=home, cache=home / "cache", key_dir=key_dir),
        database_url=address,
        pose_model=None,
        key_file=None,
        key_command=None,
        fixed_now=NOW,
    )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = start_server()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def clinics(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Clinics:
    """Two clinics with somebody of every role. Tests leave it as they found it."""
    from tests.contract.clinics import make_clinics

    made = make_clinics(server, tmp_path_factory.mktemp("clinics"))
    server.execute("ANALYZE", made.name)
    return made


@dataclass(frozen=True)
class Template:
    """A prepared store that tests copy, because a migration takes longer than a copy."""

    key_dir: Path
    home: Path
    database: str | None = None


@pytest.fixture(scope="session")
def local_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    home = tmp_path_factory.mktemp("local")
    upgrade_store(make_settings(home, home / "key"))
    return Template(home / "key", home)


@pytest.fixture(scope="session")
def remote_template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Template:
    home = tmp_path_factory.mktemp("remote")
    name = server.create_database()
    boss = make_settings(home, home / "key", server.address(name))
    database.initialise(boss, ADMIN)
    with open_store(as_login(boss, ADMIN)) as store:
        users.add(store, THERAPIST, Role.THERAPIST)
        users.add(store, COLLEAGUE, Role.THERAPIST)
        users.add(store, AUDITOR, Role.AUDITOR)
        users.add(store, REGISTRAR, Role.REGISTRAR)
        users.add(store, BILLER, Role.BILLING)
        users.add(store, WORKER, Role.WORKER)
        for login in PROVIDERS:
            users.add(store, login, Role.THERAPIST)
    return Template(home / "key", home, name)


def as_login(settings: Settings, login: str) -> Settings:
    """Return the settings of somebody else on a server; a local file is everybody's."""
    if settings.database_url is None:
        return settings
    address = settings.database_url.rpartition("&user=")[0] + f"&user={login}"
    return replace(settings, database_url=address)


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a migrated, empty store on each engine."""
    if request.param == "sqlcipher":
        template: Template = request.getfixturevalue("local_template")
        home = tmp_path / "store"
        shutil.copytree(template.home, home)
        settings = make_settings(home, home / "key")
        with open_store(settings) as opened, opened.transaction() as uow:
            colleague = User(uow.new_id(), uow.clinic.id, COLLEAGUE, COLLEAGUE, Role.THERAPIST)
            uow.clinics.add_user(colleague)
        yield settings
        return
    template = request.getfixturevalue("remote_template")
    running: Server = request.getfixturevalue("server")
    assert template.database is not None
    name = running.create_database(template.database)
    address = running.address(name, THERAPIST)
    yield make_settings(tmp_path / "store", template.key_dir, address)
    running.drop_database(name)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


@pytest.fixture
def boss(store: Store, settings: Settings) -> Iterator[Engine]:
    """Who can do everything: the holder of the key, or the server's superuser."""
    if settings.database_url is None:
        yield store.engine
        return
    address = as_login(settings, "postgres").database_url
    assert address is not None
    engine = remote_engine(address)
    yield engine
    engine.dispose()


@pytest.fixture
def auditor(store: Store, settings: Settings) -> Iterator[Store]:
    """The same store as who may read the audit log opens it."""
    if settings.database_url is None:
        yield store
        return
    with open_store(as_login(settings, AUDITOR)) as opened:
        yield opened


@pytest.fixture
def admin(store: Store, settings: Settings) -> Iterator[Store]:
    """The same store as who keeps users and licences opens it."""
    if settings.database_url is None:
        yield store
        return
    with open_store(as_login(settings, ADMIN)) as opened:
        yield opened


@pytest.fixture
def licensed(store: Store, admin: Store) -> None:
    """Let who acts treat patients in Colorado, whatever day it is."""
    licences.add(
        admin,
        store.user.login,
        {
            "profession": Profession.PT,
            "kind": LicenceKind.LICENCE,
            "state": "CO",
            "number": "PT-1",
            "issued_on": date(2000, 1, 1),
            "expires_on": date(2100, 1, 1),
        },
    )


@pytest.fixture
def registrar(store: Store, settings: Settings) -> Iterator[Store]:
    """The same store as who sees the demographics of the whole clinic opens it."""
    if settings.database_url is None:
        yield store
        return
    with open_store(as_login(settings, REGISTRAR)) as opened:
        yield opened


@pytest.fixture
def biller(store: Store, settings: Settings) -> Iterator[Store]:
    """The same store as who makes claims opens it: she reads no clinical records."""
    if settings.database_url is None:
        yield store
        return
    with open_store(as_login(settings, BILLER)) as opened:
        yield opened


@pytest.fixture
def worker(store: Store, settings: Settings) -> Iterator[Store]:
    """The same store as a worker opens it: on a server it sees whom its work is about."""
    if settings.database_url is None:
        yield store
        return
    with open_store(as_login(settings, WORKER)) as opened:
        yield opened


def at(store: Store, moment: datetime) -> Store:
    """Return the same store with another clock."""
    return replace(store, clock=lambda: moment)
