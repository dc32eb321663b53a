"""A new key for a local store: database, recordings and the entry that holds the key.

The new key waits in a file of its own until everything is written under it. A program that is
killed on the way leaves a store that opens with the old key or with the waiting one; `settle`,
which every opening calls, finds out which and finishes the change.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.store import keys
from rehabctl.store.engine import connect_local
from rehabctl.store.errors import driver_error, translated
from rehabctl.store.files import BlobStore
from rehabctl.store.keys import KeyOptions, StoreKeys
from rehabctl.store.private_files import sync_folder, write_private_once


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """Where a local store lies."""

    database: Path
    blobs: Path


def rekey(options: KeyOptions, found: StoreKeys, files: StoreFiles) -> int:
    """Write a store anew under a new key, while nobody else has it open.

    Parameters
    ----------
    options
        What the settings say about keys.
    found
        The present keys.
    files
        Where the store lies.

    Returns
    -------
    int
        Recordings that were wrapped anew.

    Raises
    ------
    RehabctlError
        Another program has the database open, or the disk is full.
    NotPermittedError
        The key comes from where it cannot be changed.
    """
    keys.require_changeable(found)
    waiting = keys.waiting_key_file(options, found.database_id)
    with translated():
        write_private_once(waiting, secrets.token_hex(32) + "\n")
        following = replace(found, key=keys.read_key_file(waiting))
        connection = connect_local(files.database, found.key)
        try:
            _lock(connection)
            count = _wrap_blobs(found, following, files.blobs)
            _change(connection, following.key)
        finally:
            connection.close()
    settle(options, found, files)
    return count


def _lock(connection: Any) -> None:
    """Keep everybody else out: leaving the write-ahead log needs the database for oneself."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise RehabctlError(
            "another program has the database open", "Close it, then run the same command again"
        )
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")  # the lock stays, by the locking mode


def _change(connection: Any, key: str) -> None:
    try:
        connection.execute(f"PRAGMA rekey = \"x'{key}'\"")
    except Exception as error:
        if driver_error(error) is None:
            raise
        # the cipher tells no reason; SQLite undoes what it wrote
        raise RehabctlError(
            "the database could not be written anew, so that the old key holds",
            "Free some space, then run the same command again",
        ) from None


def _wrap_blobs(found: StoreKeys, following: StoreKeys, folder: Path) -> int:
    target = _next_folder(folder)
    shutil.rmtree(target, ignore_errors=True)
    if not folder.is_dir():
        return 0
    return BlobStore(folder, found.blob_key()).copy_wrapped(target, following.blob_key())


def settle(options: KeyOptions, found: StoreKeys, files: StoreFiles) -> StoreKeys:
    """Finish a change of the key that has reached the database; return the keys that fit.

    Parameters
    ----------
    options, files
        As for `rekey`.
    found
        The keys that the sources hold.
    """
    waiting = keys.waiting_key_file(options, found.database_id)
    if not waiting.exists():
        return found
    following = replace(found, key=keys.read_key_file(waiting))
    # the old key first: it alone can undo a change that was cut off
    if _fits(files.database, found.key) or not _fits(files.database, following.key):
        return found
    with translated():
        old, new = _old_folder(files.blobs), _next_folder(files.blobs)
        if new.exists():
            if files.blobs.exists():
                shutil.rmtree(old, ignore_errors=True)
                files.blobs.rename(old)
            new.rename(files.blobs)
            sync_folder(files.blobs.parent)
        shutil.rmtree(old, ignore_errors=True)
        keys.replace_key(options, found, following.key)
        waiting.unlink()
    return following


def _fits(database: Path, key: str) -> bool:
    try:
        connect_local(database, key).close()
    except NotPermittedError:
        return False
    return True


def _next_folder(blobs: Path) -> Path:
    return blobs.with_name(blobs.name + ".next")


def _old_folder(blobs: Path) -> Path:
    return blobs.with_name(blobs.name + ".old")
