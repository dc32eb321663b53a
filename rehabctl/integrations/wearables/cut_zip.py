"""The first fitting file of a zip archive whose end, and with it the directory, is missing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO

from rehabctl.domain.errors import RehabctlError

_LOCAL = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_STREAMED = 8
"""Flag: sizes follow the data instead of standing before it."""
_CHUNK = 1 << 16


class CutZip:
    """Reads one file out of an archive from its beginning, as far as it goes.

    Parameters
    ----------
    stream
        The archive, at its beginning.
    fits
        Which name is wanted; the first one counts.

    Raises
    ------
    RehabctlError
        None is found before the archive breaks off.
    """

    def __init__(self, stream: BinaryIO, fits: Callable[[str], bool]) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(-15)
        self._rest = b""
        while True:
            head = stream.read(_LOCAL.size)
            if len(head) < _LOCAL.size or not head.startswith(_SIGNATURE):
                raise RehabctlError(
                    "the archive is cut before its export", "Copy the whole file again"
                )
            _, _, flags, method, _, _, _, size, _, name_size, extra_size = _LOCAL.unpack(head)
            name = stream.read(name_size).decode("utf-8", "replace")
            stream.seek(extra_size, 1)
            if fits(name) and method == zlib.DEFLATED:
                return
            if flags & _STREAMED:
                self._skip_streamed()
            else:
                stream.seek(size, 1)

    def __enter__(self) -> CutZip:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the archive to who opened it."""

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; nothing at the end or where the archive breaks off."""
        made = self._inflate.decompress(self._rest, size)
        self._rest = self._inflate.unconsumed_tail
        while not made and not self._inflate.eof:
            data = self._stream.read(_CHUNK)
            if not data:
                return b""
            made = self._inflate.decompress(data, size)
            self._rest = self._inflate.unconsumed_tail
        return made

    def _skip_streamed(self) -> None:
        """Go past a file whose size is told after it."""
        while not self._inflate.eof and self.read(_CHUNK):
            pass
        stream = self._stream
        stream.seek(-len(self._inflate.unused_data), 1)
        self._inflate, self._rest = zlib.decompressobj(-15), b""
        after = stream.read(24)
        found = after.find(_SIGNATURE, 12)
        stream.seek(-(len(after) - found) if found >= 0 else 0, 1)
