"""Backups come back, a drill says so, and a new key replaces the old one everywhere."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError, UsageError
from rehabctl.reference.rules import load_rules
from rehabctl.services import audit, database, intake, recovery
from rehabctl.services.settings import Settings, load_settings
from rehabctl.services.wiring import local_keys, open_store
from rehabctl.store import keys, rekey
from rehabctl.store.engine import connect_local

ANA = {"given_name": "Ana", "family_name": "Diaz", "birth_date": "1961-04-02", "sex": "F"}


@pytest.fixture
def settings(made_home: Path) -> Settings:
    """A store with a patient and two recordings."""
    found = load_settings()
    with open_store(found) as store:
        intake.create_patient(store, load_rules(), ANA | {"mrn": "1042", "state": "CO"})
        for content in (b"film" * 500_000, b"keypoints"):
            store.blobs.put(io.BytesIO(content), kind="video")
    return found


def key_of(settings: Settings) -> str:
    found = local_keys(settings)
    assert found is not None
    return found.key


def blobs(settings: Settings) -> list[bytes]:
    import hashlib

    contents = (b"film" * 500_000, b"keypoints")
    with open_store(settings) as store:
        return [store.blobs.read(hashlib.sha256(c).hexdigest()) for c in contents]


def test_a_backup_comes_back_in_a_new_place(settings: Settings, tmp_path: Path) -> None:
    made = database.backup(settings, tmp_path / "copy")
    place = replace(settings.paths, home=tmp_path / "elsewhere", key_dir=tmp_path / "keys")
    elsewhere = replace(settings, paths=place)
    with pytest.raises(NotPermittedError, match="no key was found"):
        recovery.restore(elsewhere, made.path)
    place.key_dir.mkdir(mode=0o700)
    (key_file,) = settings.paths.key_dir.glob("*.key")  # without the audit secret, which is sealed
    shutil.copy2(key_file, place.key_dir)
    (tmp_path / "elsewhere" / "blobs").mkdir(parents=True)  # an interrupted restore
    found = recovery.restore(elsewhere, made.path)
    assert (found.ok, found.audit_entries, found.blobs) == (True, made.audit_entries, 2)
    assert blobs(elsewhere) == blobs(settings)
    with open_store(elsewhere) as store:
        assert intake.show_patient(store, "1042").summary.demographics.family_name == "Diaz"
        assert audit.verify(store).ok
    with pytest.raises(UsageError, match="holds a database already"):
        recovery.restore(elsewhere, made.path)
    with pytest.raises(NotFoundError):
        recovery.restore(replace(settings, paths=replace(place, home=tmp_path / "x")), tmp_path)


def test_a_drill_finds_a_damaged_backup(settings: Settings, tmp_path: Path) -> None:
    fine = recovery.drill(settings)
    assert (fine.ok, fine.patients, fine.blobs, fine.findings) == (True, 1, 2, ())
    assert fine.backup_s is not None
    assert list(settings.paths.home.glob("drill-*")) == []
    copy = database.backup(settings, tmp_path / "copy").path
    assert recovery.drill(settings, copy).ok
    blob = max(copy.glob("blobs/??/*.blob"), key=lambda p: p.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[-50] ^= 1
    blob.write_bytes(data)
    assert recovery.drill(settings, copy).findings == (f"the blob {blob.name} is damaged",)
    damaged = bytearray((copy / "rehabctl.db").read_bytes())
    damaged[200_000] ^= 1
    (copy / "rehabctl.db").write_bytes(damaged)
    assert not recovery.drill(settings, copy).ok


def test_a_new_key_replaces_the_old_one_everywhere(settings: Settings) -> None:
    old = key_of(settings)
    done = recovery.rekey(settings)
    assert (done.key_source, done.blobs) == ("key_folder", 2)
    assert key_of(settings) != old
    with pytest.raises(NotPermittedError):
        connect_local(settings.paths.database, old)
    assert blobs(settings) == [b"film" * 500_000, b"keypoints"]
    assert database.verify(settings).ok
    assert sorted(p.name for p in settings.paths.home.iterdir()) == [
        "blobs", "key", "rehabctl.db", "rehabctl.db.json",
    ]  # fmt: skip
    assert {p.suffix for p in settings.paths.key_dir.iterdir()} == {".key", ".audit"}


def test_nobody_else_may_have_the_database_open(settings: Settings) -> None:
    before = key_of(settings)
    with open_store(settings), pytest.raises(RehabctlError, match=r"locked|has the database open"):
        recovery.rekey(settings)
    assert key_of(settings) == before
    assert database.verify(settings).ok
    recovery.rekey(settings)
    assert database.verify(settings).ok


@pytest.mark.parametrize("at", ["_wrap_blobs", "settle", "replace_key", "rmtree", "rename"])
def test_a_change_that_is_cut_off_is_finished_or_undone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if at == "replace_key":
            patched.setattr(keys, "replace_key", stop)
        elif at == "rename":
            patched.setattr(Path, "rename", stop)
        elif at == "rmtree":
            patched.setattr(rekey.shutil, "rmtree", stop)
        else:
            patched.setattr(rekey, at, stop)
        with pytest.raises(KeyboardInterrupt):
            recovery.rekey(settings)
    assert blobs(settings) == [b"film" * 500_000, b"keypoints"]
    assert database.verify(settings).ok
    recovery.rekey(settings)
    assert database.verify(settings).ok
    assert blobs(settings) == [b"film" * 500_000, b"keypoints"]


def test_a_key_command_is_not_changed_from_here(settings: Settings) -> None:
    (key_file,) = settings.paths.key_dir.glob("*.key")
    command = replace(settings, key_command=f"cat {key_file}")
    with pytest.raises(NotPermittedError, match="comes from a command"):
        recovery.rekey(command)
    named = replace(settings, key_file=key_file)
    assert recovery.rekey(named).key_source == "file"
    assert database.verify(named).ok
