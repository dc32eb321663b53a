"""Where keys come from, in order, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.store import keyring_entries, keys
from rehabctl.store.keys import KeyOptions, KeySource

KEYS = {name: f"{n}" * 64 for n, name in enumerate(("command", "file", "keyring", "folder"), 1)}


@pytest.fixture
def database_id() -> UUID:
    return uuid4()


@pytest.fixture
def options(tmp_path: Path) -> KeyOptions:
    return KeyOptions(folder=tmp_path / "key")


def key_file(path: Path, key: str = KEYS["file"]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(key + "\n")
    path.chmod(0o600)
    return path


def with_audit_secret(options: KeyOptions, database_id: UUID) -> None:
    key_file(options.folder / f"{database_id}.audit", "e" * 64)


def test_the_first_source_that_exists_is_used(
    options: KeyOptions, database_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {str(database_id): KEYS["keyring"]}
    monkeypatch.setattr(keyring_entries, "read", entries.get)
    with_audit_secret(options, database_id)
    key_file(options.folder / f"{database_id}.key", KEYS["folder"])
    everything = KeyOptions(
        folder=options.folder,
        command=f"printf {KEYS['command']}",
        file=key_file(tmp_path / "k"),
        ask_passphrase=lambda: pytest.fail("asked although a key was there"),
    )
    order = [
        (everything, KeySource.COMMAND),
        (KeyOptions(options.folder, None, everything.file), KeySource.FILE),
        (options, KeySource.KEYRING),
    ]
    for given, source in order:
        found = keys.find_keys(given, database_id)
        assert (found.key, found.source) == (KEYS[source.value], source)
    entries.clear()
    found = keys.find_keys(options, database_id)
    assert (found.key, found.source) == (KEYS["folder"], KeySource.KEY_FOLDER)


def test_a_passphrase_is_asked_last_and_unwraps(options: KeyOptions, database_id: UUID) -> None:
    made = keys.create_keys(options, database_id)
    assert keys.protect_with_passphrase(options, made, "correct horse battery")
    with pytest.raises(NotPermittedError, match="no key was found"):
        keys.find_keys(options, database_id)
    asked = KeyOptions(options.folder, ask_passphrase=lambda: "correct horse battery")
    found = keys.find_keys(asked, database_id)
    assert (found.key, found.source) == (made.key, KeySource.PASSPHRASE)
    wrong = KeyOptions(options.folder, ask_passphrase=lambda: "wrong")
    with pytest.raises(NotPermittedError, match="passphrase does not fit"):
        keys.find_keys(wrong, database_id)
    wrapped = options.folder / f"{database_id}.passphrase.json"
    assert made.key not in wrapped.read_text()
    assert wrapped.stat().st_mode & 0o077 == 0
    wrapped.write_text("{}")
    with pytest.raises(NotPermittedError, match="damaged"):
        keys.find_keys(asked, database_id)


def test_a_new_key_goes_to_the_keyring(
    options: KeyOptions, database_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, str] = {}

    def write(entry: str, secret: str) -> bool:
        kept[entry] = secret
        return True

    monkeypatch.setattr(keyring_entries, "read", kept.get)
    monkeypatch.setattr(keyring_entries, "write", write)
    made = keys.create_keys(options, database_id)
    assert made.source is KeySource.KEYRING
    assert kept == {str(database_id): made.key}
    assert [p.suffix for p in options.folder.iterdir()] == [".audit"]
    assert keys.key_file_warning(options, database_id, made.source) is None


def test_without_a_keyring_a_private_file_is_made_with_a_warning(
    options: KeyOptions, database_id: UUID
) -> None:
    made = keys.create_keys(options, database_id)
    assert made.source is KeySource.KEY_FOLDER
    assert options.folder.stat().st_mode & 0o077 == 0
    for path in options.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    warning = keys.key_file_warning(options, database_id, made.source)
    assert warning is not None
    assert str(options.folder) in warning
    assert made.key not in warning
    again = keys.create_keys(options, database_id)
    assert (again.key, again.audit_secret) == (made.key, made.audit_secret)
    found = keys.find_keys(options, database_id)
    assert (found.key, found.audit_secret) == (made.key, made.audit_secret)
    assert made.key != made.audit_secret


def test_two_programs_that_create_at_once_agree(tmp_path: Path) -> None:
    """Both read what the first one wrote, for the header as for the keys."""
    code = (
        "import sys; from pathlib import Path; from rehabctl.store import keys\n"
        f"root = Path({str(tmp_path)!r})\n"
        "i = keys.write_header(root / 'r.db')\n"
        "k = keys.create_keys(keys.KeyOptions(root / 'key'), i)\n"
        "print(i, k.key, k.audit_secret)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DBUS_SESSION_BUS_ADDRESS"}
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(4)
    ]
    said = {process.communicate()[0] for process in running}
    assert len(said) == 1
    assert said != {b""}
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path / "k")
    path.chmod(mode)
    with pytest.raises(NotPermittedError, match=r"other users may read it.*chmod 600"):
        keys.read_key_file(path)


def test_a_key_file_that_is_no_plain_file_is_refused(
    tmp_path: Path, options: KeyOptions, database_id: UUID
) -> None:
    link = tmp_path / "link"
    link.symlink_to(key_file(tmp_path / "k"))
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (link, tmp_path / "pipe", tmp_path):
        with pytest.raises(NotPermittedError, match="is refused"):
            keys.read_key_file(path)
    missing = KeyOptions(options.folder, file=tmp_path / "none")
    with pytest.raises(NotPermittedError, match="does not exist"):
        keys.find_keys(missing, database_id)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = key_file(tmp_path / "k")
    os.chown(path, 12345, 12345)
    with pytest.raises(NotPermittedError, match="another user"):
        keys.read_key_file(path)


@pytest.mark.parametrize("content", ["", "short", "G" * 64, "ab" * 32 + " x", "ab" * 40])
def test_a_key_file_without_a_raw_key_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(NotPermittedError, match="64 lower-case") as caught:
        keys.read_key_file(key_file(tmp_path / "k", content))
    assert not content or content not in str(caught.value)


@pytest.mark.parametrize(
    "command", ["false", "echo secret-but-wrong", "/no/such/program", "'unclosed", ""]
)
def test_a_key_command_that_gives_no_key_is_refused(command: str) -> None:
    with pytest.raises(NotPermittedError) as caught:
        keys.run_key_command(command)
    assert "secret-but-wrong" not in str(caught.value)


def test_a_key_command_is_no_shell(tmp_path: Path) -> None:
    with pytest.raises(NotPermittedError):
        keys.run_key_command(f"echo {'ab' * 32}; touch {tmp_path / 'made'}")
    assert not (tmp_path / "made").exists()


def test_a_header_names_the_database_and_nothing_else(tmp_path: Path) -> None:
    database = tmp_path / "r.db"
    assert keys.read_header(database) is None
    made = keys.write_header(database)
    assert keys.write_header(database) == made == keys.read_header(database)
    text = keys.header_path(database).read_text()
    assert text == f'{{"database_id": "{made}"}}\n'
    keys.header_path(database).write_text("{}")
    with pytest.raises(RehabctlError, match="does not name"):
        keys.read_header(database)
    keys.header_path(database).unlink()
    with pytest.raises(NotPermittedError, match="missing"):
        keys.require_header(database)


def test_derived_keys_are_those_of_the_standard(options: KeyOptions, database_id: UUID) -> None:
    made = keys.create_keys(options, database_id)

    def standard(secret: str, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, None, purpose).derive(bytes.fromhex(secret))

    assert made.audit_key() == standard(made.audit_secret, b"rehabctl audit chain 1")
    assert made.blob_key() == standard(made.key, b"rehabctl blobs 1")
    assert made.audit_key() != made.blob_key()


def test_keys_have_no_representation(options: KeyOptions, database_id: UUID) -> None:
    made = keys.create_keys(options, database_id)
    assert made.key not in repr(made)
    assert made.audit_secret not in repr(made)


def test_a_backup_brings_its_audit_secret_sealed(
    options: KeyOptions, database_id: UUID, tmp_path: Path
) -> None:
    made = keys.create_keys(options, database_id)
    copy = tmp_path / "copy" / "r.db"
    keys.seal_audit_secret(made, copy)
    (sealed,) = copy.parent.iterdir()
    assert made.audit_secret not in sealed.read_text()
    elsewhere = KeyOptions(tmp_path / "other", command=f"printf {made.key}")
    with pytest.raises(NotPermittedError, match="audit key of the database is missing"):
        keys.find_keys(elsewhere, database_id)
    assert keys.find_keys(elsewhere, database_id, copy).audit_secret == made.audit_secret
    wrong = KeyOptions(tmp_path / "third", command=f"printf {'a' * 64}")
    with pytest.raises(NotPermittedError, match="does not fit"):
        keys.find_keys(wrong, database_id, copy)
