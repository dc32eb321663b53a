"""Looks at a video file without decoding it: is it there, whole, and what kind of thing is it."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from rehabctl.domain.errors import NotFoundError, RehabctlError

_ISO_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp"})
_BOX = struct.Struct(">I4s")
_LONG_SIZE = struct.Struct(">Q")
_CONVERT = "Convert it to H.264 in MP4 and try again"


def check_file(path: Path) -> None:
    """Raise the error that names what is wrong with the file, as far as its outside tells.

    Parameters
    ----------
    path
        The video.

    Raises
    ------
    NotFoundError
        Nothing is there.
    RehabctlError
        It is a folder, empty, cut off or may not be read.
    """
    try:
        if path.is_dir():
            raise RehabctlError(f"{path.name} is a folder", "Name the video in it")
        with path.open("rb"):
            size = path.stat().st_size
        if size == 0:
            raise RehabctlError(f"{path.name} is empty", "Copy the recording again")
        if is_cut_off(path):
            raise cut_off(path)
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError:
        raise RehabctlError(f"{path.name} cannot be read", "Check the file's permissions") from None


def is_box_container(path: Path) -> bool:
    """Tell whether the file begins as MP4, MOV and their relatives do.

    Parameters
    ----------
    path
        The video.
    """
    with path.open("rb") as file:
        head = file.read(_BOX.size)
    return len(head) == _BOX.size and _BOX.unpack(head)[1] in _ISO_FIRST_BOXES


def is_cut_off(path: Path) -> bool:
    """Tell whether an MP4 or MOV file ends before its own last part does.

    The container is a row of boxes that each name their length, so a file cut inside one shows;
    one cut between two of them lacks the index (``moov``) if writers put it last, as cameras do.
    Other containers are never reported.

    Parameters
    ----------
    path
        The video.
    """
    if not is_box_container(path):
        return False
    size = path.stat().st_size
    position = 0
    has_index = False
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            head = file.read(_BOX.size)
            if len(head) < _BOX.size:
                return True
            length, kind = _BOX.unpack(head)
            has_index = has_index or kind == b"moov"
            if length == 0:  # the last box, up to the end whatever that is
                return not has_index
            if length == 1:
                long_size = file.read(_LONG_SIZE.size)
                if len(long_size) < _LONG_SIZE.size:
                    return True
                (length,) = _LONG_SIZE.unpack(long_size)
            if length < _BOX.size:  # not a box: bytes behind the last one
                break
            position += length
    return position > size or not has_index


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, read piece by piece.

    Parameters
    ----------
    path
        Any file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cut_off(path: Path) -> RehabctlError:
    """Return the error of a file that ends too early."""
    return RehabctlError(f"{path.name} is cut off", "Copy the recording again")


def not_a_video(path: Path) -> RehabctlError:
    """Return the error of a file that no decoder opens."""
    return RehabctlError(f"{path.name} is not a video that can be read", _CONVERT)


def no_frames(path: Path, codec: str) -> RehabctlError:
    """Return the error of a file that opens but gives no frame."""
    return RehabctlError(
        f"no frame of {path.name} could be decoded (codec {codec or 'unknown'})", _CONVERT
    )


def no_times(path: Path) -> RehabctlError:
    """Return the error of a bare stream, in which no picture has a time."""
    return RehabctlError(f"{path.name} has no time stamps", _CONVERT)
