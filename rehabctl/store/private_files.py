"""Small files that only their owner can read, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from rehabctl.domain.errors import NotPermittedError

_MAX_BYTES = 4096


def read_private_text(path: Path) -> str:
    """Read a small file after checking its owner and mode on the open descriptor."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unfit(path, error.strerror or "it cannot be opened") from None
    try:
        _check_private(path, os.fstat(descriptor))
        return os.read(descriptor, _MAX_BYTES).decode("ascii", errors="replace")
    finally:
        os.close(descriptor)


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise unfit(path, "it is not a regular file")
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise unfit(path, "it belongs to another user")
        if status.st_mode & 0o077:
            raise unfit(path, "other users may read it", f"Run: chmod 600 {path}")


def unfit(path: Path, reason: str, fix: str = "Check REHABCTL_KEY_FILE") -> NotPermittedError:
    """Return the error about a key file that is not used."""
    return NotPermittedError(f"the key file {path.name} is refused: {reason}", fix)


def write_private_once(path: Path, text: str) -> None:
    """Create a file with mode 0600, whole or not at all. A file that exists is kept.

    Two programs may create the same store at once: both then read what the first one wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(part, path)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (systems that cannot open folders do it themselves)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_file(path: Path) -> None:
    """Create an empty file that only its owner can read, with its folder, unless it exists."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
