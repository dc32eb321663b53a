"""A file for one job that leaves nothing behind: on Linux it lies in memory, never on a disk.

Programs want a path with the right ending. It is a link to an open file without a name, which goes
with the process, however that ends. Systems without such files get a private folder of the home,
which the next start of any command clears after a killed process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_PREFIX = "work-"


@contextmanager
def scratch_file(home: Path, name: str, fill: Callable[[BinaryIO], int]) -> Generator[Path]:
    """Yield the path of a file that only this process, and children it hands the path to, can read.

    Parameters
    ----------
    home
        The home folder, for a folder of its own.
    name
        Of the file; nothing that names a person.
    fill
        Writes the content and returns when it was changed last (ns).
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=home))
    path = folder / name
    try:
        with _opened(path) as target:
            moment_ns = fill(target)
            target.flush()
            os.utime(target.fileno(), ns=(moment_ns, moment_ns))
            yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened(path: Path) -> BinaryIO:
    if not hasattr(os, "memfd_create"):
        return path.open("xb")
    descriptor = os.memfd_create("rehabctl")
    try:
        path.symlink_to(f"/proc/self/fd/{descriptor}")
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)
        raise


def sweep(home: Path) -> None:
    """Remove what killed processes left.

    Parameters
    ----------
    home
        The home folder; it need not exist.
    """
    for left in home.glob(f"{_PREFIX}*"):
        if not is_running(left.name.split("-")[1]):
            shutil.rmtree(left, ignore_errors=True)


def is_running(process_id: str) -> bool:
    """Return whether a process lives.

    Parameters
    ----------
    process_id
        Its number on this machine, as a folder's name has it.
    """
    try:
        os.kill(int(process_id), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True  # another user's
    return True
