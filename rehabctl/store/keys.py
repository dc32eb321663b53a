"""Where the key of a store comes from, and where a new one goes.

Sources in order: key command, key file named by REHABCTL_KEY_FILE, keyring, key file made by
rehabctl, passphrase. A key is 256 random bits; a passphrase only wraps one. Which entry belongs to
a database is named by the database's UUID, which lies in a small plain file beside it.

The key of the audit chain comes from a second secret in a file of the key folder, so that the
database key alone cannot forge the log.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid4

from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.store import keyring_entries
from rehabctl.store.engine import check_raw_key
from rehabctl.store.errors import WRONG_KEY
from rehabctl.store.passphrase import WrappedKey
from rehabctl.store.private_files import (
    read_private_text,
    sync_folder,
    unfit,
    write_private_once,
)

_COMMAND_TIMEOUT_S = 60
_HEADER_SUFFIX = ".json"
_SEAL_LABEL = b"rehabctl sealed audit secret 1"


class KeySource(StrEnum):
    """Where a key was found."""

    COMMAND = "command"
    FILE = "file"
    """The file that REHABCTL_KEY_FILE names."""
    KEYRING = "keyring"
    KEY_FOLDER = "key_folder"
    """A file made by rehabctl because nothing else could hold the key."""
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a source


@dataclass(frozen=True)
class KeyOptions:
    """What the settings say about keys."""

    folder: Path
    """For keys that no keyring can hold; never the database's own folder."""
    command: str | None = None
    file: Path | None = None
    ask_passphrase: Callable[[], str] | None = None
    """Prompts on the terminal; None where there is none."""


@dataclass(frozen=True, repr=False)
class StoreKeys:
    """The secrets of one store. Has no repr, so that no log can show them."""

    database_id: UUID
    key: str
    """Raw key, 64 hexadecimal digits: opens the local database; blob keys are derived from it."""
    source: KeySource
    audit_secret: str

    def audit_key(self) -> bytes:
        """Return the HMAC key of the audit chain."""
        return _derive(self.audit_secret, b"rehabctl audit chain 1")

    def blob_key(self) -> bytes:
        """Return the key that wraps the keys of blobs."""
        return _blob_key(self.key)


def _derive(secret: str, purpose: bytes) -> bytes:
    """Derive one 32-byte key: HKDF-SHA-256 (RFC 5869) without salt, one block.

    Written out because every command needs it and the `cryptography` package, with which a test
    compares it, would cost as much as two starts of Python.
    """
    extracted = hmac.digest(bytes(32), bytes.fromhex(secret), "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")


def _blob_key(key: str) -> bytes:
    return _derive(key, b"rehabctl blobs 1")


def header_path(database: Path) -> Path:
    """Return the path of the plain file that holds a database's UUID."""
    return database.with_name(database.name + _HEADER_SUFFIX)


def read_header(database: Path) -> UUID | None:
    """Return the UUID of a database; None when its header file is missing.

    Raises
    ------
    RehabctlError
        The file does not hold one.
    """
    path = header_path(database)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return UUID(json.loads(text)["database_id"])
    except (ValueError, KeyError, TypeError):
        raise RehabctlError(
            f"{path.name} does not name the database's key", "Restore it from a backup"
        ) from None


def require_header(database: Path) -> UUID:
    """Return the UUID of a database that exists.

    Raises
    ------
    NotPermittedError
        The file that names its key is gone.
    """
    database_id = read_header(database)
    if database_id is None:
        raise NotPermittedError(
            f"{header_path(database).name}, which names the database's key, is missing",
            "Restore it from a backup",
        )
    return database_id


def new_database_id() -> UUID:
    """Return an identity for a new database; random, because it lies in the open."""
    return uuid4()


def write_header(database: Path, database_id: UUID | None = None) -> UUID:
    """Name a database and return its UUID; one that has a name keeps it.

    Parameters
    ----------
    database
        The file.
    database_id
        The name; None makes a new one.
    """
    header = {"database_id": str(database_id or new_database_id())}
    write_private_once(header_path(database), json.dumps(header) + "\n")
    return require_header(database)


def find_keys(options: KeyOptions, database_id: UUID, database: Path | None = None) -> StoreKeys:
    """Return the keys of an existing store.

    Parameters
    ----------
    options
        What the settings say.
    database_id
        Names the entries.
    database
        The database file; a restored backup has its audit secret, sealed, beside it.

    Raises
    ------
    NotPermittedError
        No source holds the key, or the audit secret is gone.
    """
    found = _require_key(options, database_id)
    audit_file = _audit_file(options, database_id)
    audit_secret = _read_optional(audit_file)
    if audit_secret is None and database is not None:
        audit_secret = _unseal_audit_secret(found[0], database)
        if audit_secret is not None:
            write_private_once(audit_file, audit_secret + "\n")
    if audit_secret is None:
        raise NotPermittedError(
            "the audit key of the database is missing",
            f"Put {audit_file.name} back into the key folder",
        )
    return StoreKeys(database_id, *found, audit_secret)


def find_blob_key(options: KeyOptions, database_id: UUID) -> bytes:
    """Return the key that wraps the keys of a shared store's blobs.

    Raises
    ------
    NotPermittedError
        No source holds the key of the clinic.
    """
    return _blob_key(_require_key(options, database_id)[0])


def _require_key(options: KeyOptions, database_id: UUID) -> tuple[str, KeySource]:
    found = _find_key(options, database_id)
    if found is None:
        raise NotPermittedError(
            "no key was found for the database",
            "Set REHABCTL_KEY_FILE or key_command, or put the key back where it was",
        )
    return found


def create_keys(options: KeyOptions, database_id: UUID) -> StoreKeys:
    """Return the keys of a store that is being created, making those that do not exist yet.

    A new key goes to the keyring; where there is none, to a file in the key folder.
    """
    found = create_key(options, database_id)
    audit_file = _audit_file(options, database_id)
    write_private_once(audit_file, secrets.token_hex(32) + "\n")
    return StoreKeys(database_id, *found, read_key_file(audit_file))


def create_key(options: KeyOptions, database_id: UUID) -> tuple[str, KeySource]:
    """Return the key alone, making it where there is none: a server chains its audit log itself."""
    found = _find_key(options, database_id)
    if found is None:
        key = secrets.token_hex(32)
        if keyring_entries.write(str(database_id), key):
            found = key, KeySource.KEYRING
        else:
            key_file = _key_file(options, database_id)
            write_private_once(key_file, key + "\n")
            found = read_key_file(key_file), KeySource.KEY_FOLDER
    return found


def seal_audit_secret(keys: StoreKeys, database: Path) -> None:
    """Put the audit secret beside a backup, encrypted with the database key.

    A backup must be usable with one key. Only anchors kept elsewhere show a chain that was forged
    by somebody who has both.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(12)
    cipher = AESGCM(_derive(keys.key, _SEAL_LABEL))
    sealed = cipher.encrypt(nonce, bytes.fromhex(keys.audit_secret), _SEAL_LABEL)
    write_private_once(_sealed_file(database), (nonce + sealed).hex() + "\n")


def _unseal_audit_secret(key: str, database: Path) -> str | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        data = bytes.fromhex(read_private_text(_sealed_file(database)))
        cipher = AESGCM(_derive(key, _SEAL_LABEL))
        return cipher.decrypt(data[:12], data[12:], _SEAL_LABEL).hex()
    except FileNotFoundError:
        return None
    except (InvalidTag, ValueError):
        raise NotPermittedError(WRONG_KEY, "Check where the key comes from") from None


def _sealed_file(database: Path) -> Path:
    return database.with_name(database.name + ".audit")


def _find_key(options: KeyOptions, database_id: UUID) -> tuple[str, KeySource] | None:
    if options.command is not None:
        return run_key_command(options.command), KeySource.COMMAND
    if options.file is not None:
        if (key := _read_optional(options.file)) is None:
            raise unfit(options.file, "it does not exist")
        return key, KeySource.FILE
    if (key := keyring_entries.read(str(database_id))) is not None:
        return check_raw_key(key), KeySource.KEYRING
    if (key := _read_optional(_key_file(options, database_id))) is not None:
        return key, KeySource.KEY_FOLDER
    wrapped = _wrapped_file(options, database_id)
    if options.ask_passphrase is not None and wrapped.exists():
        entry = WrappedKey.from_json(read_private_text(wrapped))
        return check_raw_key(entry.unwrap(options.ask_passphrase())), KeySource.PASSPHRASE
    return None


def _key_file(options: KeyOptions, database_id: UUID) -> Path:
    return options.folder / f"{database_id}.key"


def _audit_file(options: KeyOptions, database_id: UUID) -> Path:
    return options.folder / f"{database_id}.audit"


def _wrapped_file(options: KeyOptions, database_id: UUID) -> Path:
    return options.folder / f"{database_id}.passphrase.json"


def protect_with_passphrase(options: KeyOptions, keys: StoreKeys, passphrase: str) -> bool:
    """Wrap the key with a passphrase and remove the key file of the key folder, if there is one.

    Returns
    -------
    bool
        Whether a key file was removed.
    """
    entry = WrappedKey.wrap(keys.key, passphrase)
    assert entry.unwrap(passphrase) == keys.key  # noqa: S101 - before the only other copy goes
    path = _wrapped_file(options, keys.database_id)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    write_private_once(part, entry.to_json())
    part.replace(path)
    key_file = _key_file(options, keys.database_id)
    existed = key_file.exists()
    key_file.unlink(missing_ok=True)
    return existed


def waiting_key_file(options: KeyOptions, database_id: UUID) -> Path:
    """Return the file in which a new key waits until everything is written under it."""
    return options.folder / f"{database_id}.next"


def require_changeable(keys: StoreKeys) -> None:
    """Check that the key comes from where it can be changed.

    Raises
    ------
    NotPermittedError
        From a command, or from a passphrase.
    """
    if keys.source in (KeySource.COMMAND, KeySource.PASSPHRASE):
        raise NotPermittedError(
            f"the key comes from a {keys.source.value}, which cannot be changed from here",
            "Put the key into a key file, change it, and protect it again",
        )


def replace_key(options: KeyOptions, keys: StoreKeys, key: str) -> None:
    """Put a new key where the present one is, whole or not at all.

    Parameters
    ----------
    options
        What the settings say.
    keys
        The present keys.
    key
        The new one.
    """
    if keys.source is KeySource.KEYRING:
        if not keyring_entries.write(str(keys.database_id), key):
            raise NotPermittedError("the keyring does not take the key", "Unlock it and try again")
        return
    named = keys.source is KeySource.FILE and options.file is not None
    path = options.file if named else _key_file(options, keys.database_id)
    assert path is not None  # noqa: S101 - checked by `named`
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    write_private_once(part, key + "\n")
    part.replace(path)
    sync_folder(path.parent)


def run_key_command(command: str) -> str:
    """Run a command without a shell and return the key that it prints.

    Raises
    ------
    NotPermittedError
        It fails, or prints something else.
    """
    import shlex
    import subprocess

    try:
        result = subprocess.run(  # noqa: S603 - the user's own command
            shlex.split(command), capture_output=True, timeout=_COMMAND_TIMEOUT_S, check=True
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        raise NotPermittedError(
            f"the key command failed ({type(error).__name__})",
            "Run it yourself: it has to print 64 hexadecimal digits",
        ) from None
    return check_raw_key(result.stdout.decode("ascii", errors="replace").strip())


def _read_optional(path: Path) -> str | None:
    try:
        return read_key_file(path)
    except FileNotFoundError:
        return None


def read_key_file(path: Path) -> str:
    """Read a key from a file that nobody else can read.

    Raises
    ------
    NotPermittedError
        It is no regular file of this user, others may read it, or it holds no key.
    FileNotFoundError
        It does not exist.
    """
    return check_raw_key(read_private_text(path).strip())


def key_file_warning(options: KeyOptions, database_id: UUID, source: KeySource) -> str | None:
    """Return the warning about a key that lies in a plain file; None when it does not."""
    if source is not KeySource.KEY_FOLDER:
        return None
    return (
        f"the database key lies in {_key_file(options, database_id)}: whoever can read this file "
        "can read all records. Keep it out of backups, or move it to a keyring or key command"
    )
