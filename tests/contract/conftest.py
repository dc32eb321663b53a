"""One suite, two engines: every test of this folder runs on SQLCipher and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store, upgrade_store
from rehabctl.store.store import Store
from tests.contract.server import Server, start_server

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
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
    upgrade_store(make_settings(home, home / "key", server.address(name)))
    return Template(home / "key", home, name)


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a migrated, empty store on each engine."""
    if request.param == "sqlcipher":
        template: Template = request.getfixturevalue("local_template")
        home = tmp_path / "store"
        shutil.copytree(template.home, home)
        yield make_settings(home, home / "key")
        return
    template = request.getfixturevalue("remote_template")
    running: Server = request.getfixturevalue("server")
    assert template.database is not None
    name = running.create_database(template.database)
    yield make_settings(tmp_path / "store", template.key_dir, running.address(name))
    running.drop_database(name)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def at(store: Store, moment: datetime) -> Store:
    """Return the same store with another clock."""
    return replace(store, clock=lambda: moment)
