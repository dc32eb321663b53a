"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole, and safe from a loss of power, or not at all.

    Parameters
    ----------
    path
        Its name; its folder is made.
    data
        Its bytes.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    part.replace(path)
