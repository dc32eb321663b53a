"""Reading one member of a downloaded package, without unpacking anything to disk."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from rehabctl.reference.pose_models import Member


def read_member(archive: Path, member: Member) -> bytes | None:
    """Return the bytes of a member if the archive holds it with the right sha256, else None.

    Parameters
    ----------
    archive
        A wheel (zip) or a gzipped tar file; anything else holds nothing.
    member
        No more than its size is read, so a hostile archive cannot fill the memory.
    """
    try:
        if zipfile.is_zipfile(archive):
            data = _from_zip(archive, member)
        elif tarfile.is_tarfile(archive):
            data = _from_tar(archive, member)
        else:
            return None
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError, zlib.error):
        return None
    return data if hashlib.sha256(data).hexdigest() == member.sha256 else None


def _from_zip(archive: Path, member: Member) -> bytes:
    with zipfile.ZipFile(archive) as file, file.open(member.path) as stream:
        return _read(stream, member)


def _from_tar(archive: Path, member: Member) -> bytes:
    with tarfile.open(archive) as file:
        for entry in file:
            if entry.name == member.path and entry.isfile():
                stream = file.extractfile(entry)
                return _read(stream, member) if stream else b""
    return b""


def _read(stream: IO[bytes], member: Member) -> bytes:
    return stream.read(member.size_bytes + 1)
