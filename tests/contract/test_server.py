"""What only a server can do: refuse a role, and go away in the middle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.errors import ExitCode, NotPermittedError, RehabctlError, UnavailableError
from rehabctl.services import database
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store
from tests.contract.conftest import ADMIN, THERAPIST, Template, as_login, make_settings
from tests.contract.records import add_patient, given_patient
from tests.contract.server import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
def remote(server: Server, remote_template: Template, tmp_path: Path) -> Settings:
    assert remote_template.database is not None
    name = server.create_database(remote_template.database)
    return make_settings(tmp_path, remote_template.key_dir, server.address(name, THERAPIST))


def name_of(remote: Settings) -> str:
    assert remote.database_url is not None
    return remote.database_url.split("/")[3].split("?")[0]


def test_a_role_that_is_no_user_may_not_enter(server: Server, remote: Settings) -> None:
    with open_store(remote) as store:
        assert store.user.login == THERAPIST
        assert not store.is_local
    server.execute("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")
    stranger = as_login(remote, "stranger")
    with pytest.raises(NotPermittedError, match="role does not allow") as caught:
        database.status(stranger)
    assert caught.value.exit_code is ExitCode.NOT_PERMITTED
    server.execute("GRANT rehabctl_therapist TO stranger")  # a group, but no account here
    with pytest.raises(NotPermittedError, match="stranger is no user"), open_store(stranger):
        pass


def test_who_administers_the_server_is_no_user_of_the_clinic(remote: Settings) -> None:
    superuser = as_login(remote, "postgres")
    with pytest.raises(NotPermittedError, match="postgres is no user"), open_store(superuser):
        pass


def test_a_server_lost_in_the_middle_keeps_nothing_of_the_transaction(
    server: Server, remote: Settings
) -> None:
    end_all = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )

    def interrupted(store: Store) -> None:
        with store.transaction() as uow:
            add_patient(uow, "2")
            server.execute(end_all, name_of(remote))
            uow.audit.record("patient.create", "patient")

    with open_store(remote) as store:
        given_patient(store, "1")
        with pytest.raises(UnavailableError, match="cannot be reached"):
            interrupted(store)
        with store.transaction() as uow:  # a new connection is found
            assert uow.patients.count() == 1


def test_only_recordings_need_the_clinics_key(remote: Settings, tmp_path: Path) -> None:
    elsewhere = replace(remote, paths=replace(remote.paths, key_dir=tmp_path / "none"))
    with open_store(elsewhere) as store:
        given_patient(store)
        with pytest.raises(NotPermittedError, match="no key was found"):
            _ = store.blobs


def test_status_verification_and_backup_of_a_server(remote: Settings, tmp_path: Path) -> None:
    status = database.status(remote)
    assert (status.kind, status.schema_state, status.encrypted) == ("postgresql", "current", None)
    with pytest.raises(NotPermittedError, match="may not manage store"):
        database.verify(remote)
    assert database.verify(as_login(remote, ADMIN)).ok
    with pytest.raises(RehabctlError, match="not copied from here"):
        database.backup(remote, tmp_path / "copy")


def test_an_empty_database_asks_for_an_upgrade(server: Server, tmp_path: Path) -> None:
    address = server.address(server.create_database())
    empty = make_settings(tmp_path, tmp_path / "key", address)
    with pytest.raises(RehabctlError, match="db upgrade"), open_store(empty):
        pass
    assert database.upgrade(empty).schema_state == "current"
    with pytest.raises(NotPermittedError, match="no user of the clinic"), open_store(empty):
        pass
