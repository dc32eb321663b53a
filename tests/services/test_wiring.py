"""Opening the store: creation, keys, identity, and an existing database that is never remade."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import ExitCode, NotFoundError, NotPermittedError, RehabctlError
from rehabctl.services import database, wiring
from rehabctl.services.settings import Settings, load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store import keys, migrate
from rehabctl.store.engine import local_engine


@pytest.fixture
def settings(isolated_home: Path) -> Settings:
    return load_settings()


def make_store(settings: Settings) -> keys.StoreKeys:
    with open_store(settings):
        pass
    found = wiring.local_keys(settings)
    assert found is not None
    return found


def test_the_first_opening_creates_everything_private(
    settings: Settings, isolated_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.umask(0o022)
    with open_store(settings) as store:
        assert store.user.role is Role.THERAPIST
        assert store.is_local
        login = store.user.login
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("warning: the database key lies in") == 1
    for path in [isolated_home, *isolated_home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    key_files = {p.suffix for p in (isolated_home / "key").iterdir()}
    assert key_files == {".key", ".audit"}
    header = json.loads((isolated_home / "rehabctl.db.json").read_text())
    assert list(header) == ["database_id"]
    with open_store(settings) as store:
        assert store.user.login == login
    assert capsys.readouterr().err == ""


def test_the_key_lies_outside_the_databases_folder(settings: Settings, tmp_path: Path) -> None:
    elsewhere = replace(settings, paths=replace(settings.paths, key_dir=tmp_path / "config"))
    make_store(elsewhere)
    assert not list(settings.paths.home.rglob("*.key"))
    assert len(list((tmp_path / "config").glob("*.key"))) == 1


def test_a_given_key_file_is_used_and_none_is_made(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    given = replace(settings, key_file=path)
    assert make_store(given).source is keys.KeySource.FILE
    assert not list(settings.paths.key_dir.glob("*.key"))
    with pytest.raises(NotPermittedError, match="no key was found"), open_store(settings):
        pass
    path.write_text(secrets.token_hex(32))
    with pytest.raises(NotPermittedError, match="key does not fit") as caught, open_store(given):
        pass
    assert caught.value.exit_code is ExitCode.NOT_PERMITTED


@pytest.mark.parametrize("lost", ["*.key", "*.audit", "../rehabctl.db.json"])
def test_an_existing_database_is_never_remade_without_its_key(
    settings: Settings, lost: str
) -> None:
    make_store(settings)
    before = settings.paths.database.read_bytes()
    (path,) = settings.paths.key_dir.glob(lost)
    path.unlink()
    with pytest.raises(NotPermittedError), open_store(settings):
        pass
    assert settings.paths.database.read_bytes() == before
    assert not path.exists()


def test_a_header_of_another_database_is_told(settings: Settings, tmp_path: Path) -> None:
    found = make_store(settings)
    other = replace(settings, paths=replace(settings.paths, home=tmp_path / "other"))
    foreign = make_store(other)
    keys.header_path(settings.paths.database).write_text(
        json.dumps({"database_id": str(foreign.database_id)})
    )
    path = tmp_path / "k"
    path.write_text(found.key)
    path.chmod(0o600)
    confused = replace(settings, key_file=path)
    with pytest.raises(NotPermittedError, match="names another database"), open_store(confused):
        pass


@pytest.mark.parametrize(
    ("content", "exit_code", "words"),
    [
        (b"SQLite format 3\x00" + b"x" * 100, ExitCode.FAILED, "without encryption"),
        (b"\x01" * 8192, ExitCode.NOT_PERMITTED, "no database of rehabctl"),
        (b"hello", ExitCode.FAILED, "damaged"),
    ],
)
def test_a_foreign_file_in_the_databases_place_is_left_alone(
    settings: Settings, content: bytes, exit_code: ExitCode, words: str
) -> None:
    make_store(settings)
    settings.paths.database.write_bytes(content)
    with pytest.raises(RehabctlError, match=words) as caught, open_store(settings):
        pass
    assert caught.value.exit_code is exit_code
    assert settings.paths.database.read_bytes() == content


def test_an_interrupted_creation_goes_on(settings: Settings) -> None:
    """Killed after the header, after the keys, after an empty file, after the tables."""
    database_id = keys.write_header(settings.paths.database)
    made = keys.create_keys(wiring.key_options(settings), database_id)
    settings.paths.database.touch()
    assert make_store(settings).key == made.key
    settings.paths.database.unlink()
    engine = local_engine(settings.paths.database, made.key, create=True)
    migrate.upgrade(engine, migrate.REVISIONS[2])
    engine.dispose()
    with open_store(settings) as store:
        assert store.database_id == database_id


def test_a_user_who_was_switched_off_may_not_enter(settings: Settings) -> None:
    with open_store(settings) as store, store.engine.begin() as connection:
        connection.execute(text("UPDATE user_account SET active = 0"))
    with pytest.raises(NotPermittedError, match="switched off"), open_store(settings):
        pass


def test_a_second_login_of_the_machine_becomes_a_user_knowingly_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError):
        wiring.claim_local(settings)
    make_store(settings)
    monkeypatch.setattr(wiring, "_operating_system_login", lambda: "second")
    with pytest.raises(NotPermittedError, match="user claim") as caught, open_store(settings):
        pass
    assert "user add second" in str(caught.value)
    assert wiring.claim_local(settings).role is Role.THERAPIST
    wiring.claim_local(settings)  # again changes nothing
    with open_store(settings) as store, store.snapshot() as uow:
        assert store.user.login == "second"
        assert len(uow.clinics.users(store.clinic.id)) == 2
        (entry,) = uow.audit.entries(limit=1)
        assert (entry.action, entry.actor) == ("user.claim", "second")


def test_the_acting_user_is_not_taken_from_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    with open_store(settings) as store:
        assert store.user.login != "somebody-else"


def test_blobs_belong_to_the_store(settings: Settings) -> None:
    import io

    with open_store(settings) as store:
        digest = store.blobs.put(io.BytesIO(b"frames"), kind="keypoints")
    with open_store(settings) as store:
        assert store.blobs.read(digest) == b"frames"


def test_looking_at_the_status_creates_nothing(settings: Settings, isolated_home: Path) -> None:
    assert database.status(settings).exists is False
    assert not isolated_home.exists()
    made = make_store(settings)
    status = database.status(settings)
    assert (status.encrypted, status.schema, status.schema_state) == (
        True, migrate.HEAD, "current",
    )  # fmt: skip
    assert status.key_source == "key_folder"
    assert status.warning is not None
    assert made.key not in repr(status)


def test_a_backup_is_a_home_that_opens_with_the_key_alone(
    settings: Settings, tmp_path: Path
) -> None:
    import io

    made = make_store(settings)
    with open_store(settings) as store:
        digest = store.blobs.put(io.BytesIO(b"frames"), kind="keypoints")
    report = database.backup(settings, tmp_path / "copy")
    assert (report.blobs, report.patients) == (1, 0)
    assert not list((tmp_path / "copy").rglob("*.key"))
    copied = (tmp_path / "copy" / "rehabctl.db").read_bytes()
    assert copied[:16] != settings.paths.database.read_bytes()[:16]  # another salt
    path = tmp_path / "k"
    path.write_text(made.key)
    path.chmod(0o600)
    restored = replace(
        settings,
        paths=replace(settings.paths, home=tmp_path / "copy", key_dir=tmp_path / "copy" / "key"),
        key_file=path,
    )
    with open_store(restored) as store:
        assert store.blobs.read(digest) == b"frames"
        with store.snapshot() as uow:
            assert uow.audit.verify().ok
    assert database.verify(restored).ok
    with pytest.raises(RehabctlError, match="not an empty folder"):
        database.backup(settings, tmp_path / "copy")


def test_an_upgrade_copies_an_older_database_first(settings: Settings) -> None:
    found = make_store(settings)
    engine = local_engine(settings.paths.database, found.key)
    migrate.downgrade(engine, "0005_measurement")
    engine.dispose()
    assert database.status(settings).schema_state == "older"
    assert database.upgrade(settings).schema_state == "current"
    copy = settings.paths.home / "rehabctl.db.0005_measurement.bak"
    engine = local_engine(copy, found.key)
    assert migrate.schema_state(engine)[1] == "0005_measurement"
    engine.dispose()


def test_a_passphrase_takes_the_place_of_the_key_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_store(settings)
    with pytest.raises(RehabctlError, match="shorter than"):
        database.protect_with_passphrase(settings, "short")
    assert database.protect_with_passphrase(settings, "correct horse battery")
    with pytest.raises(NotPermittedError, match="no key was found"), open_store(settings):
        pass
    monkeypatch.setattr(
        wiring, "key_options",
        lambda s: keys.KeyOptions(s.paths.key_dir, ask_passphrase=lambda: "correct horse battery"),
    )  # fmt: skip
    with open_store(settings) as store:
        assert store.database_id == made.database_id
