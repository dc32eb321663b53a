"""Which encoding a file has: UTF-8, UTF-16, or Windows-1252, as spreadsheets still write it.

Windows-1252 has no mark. A file is taken for it when it is not UTF-8 and holds no well-formed UTF-8
character beside ASCII: a damaged UTF-8 file is thus not misread, its bad rows are refused.
"""

from __future__ import annotations

import codecs
import hashlib
from typing import BinaryIO

UTF_8 = "utf-8-sig"
WINDOWS = "cp1252"
_BLOCK_BYTES = 1 << 20


def sniffed_encoding(start: bytes) -> str:
    """Return the encoding that the first bytes of a file tell.

    Parameters
    ----------
    start
        A few thousand bytes, or the whole of a small file.
    """
    return _marked(start) or _Sniffer().fed(start).encoding()


def digest_and_encoding(source: BinaryIO) -> tuple[str, str]:
    """Read a file to its end; return the SHA-256 of its bytes and its encoding.

    Parameters
    ----------
    source
        From its start; left at its end.
    """
    digest, sniffer, marked = hashlib.sha256(), _Sniffer(), None
    is_first = True
    while block := source.read(_BLOCK_BYTES):
        digest.update(block)
        if is_first:
            marked, is_first = _marked(block), False
        if marked is None:
            sniffer.fed(block)
    return digest.hexdigest(), marked or sniffer.encoding()


def _marked(start: bytes) -> str | None:
    """Return the encoding that a byte-order mark or the zeros of UTF-16 tell."""
    if start.startswith(codecs.BOM_UTF8):
        return UTF_8
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(start) >= 4 and start[1] == start[3] == 0:
        return "utf-16-le"
    if len(start) >= 4 and start[0] == start[2] == 0:
        return "utf-16-be"
    return None


class _Sniffer:
    """Counts what a stream holds beside ASCII: well-formed UTF-8 characters, and other bytes."""

    def __init__(self) -> None:
        self._left = b""
        self._has_characters = self._has_others = False

    def fed(self, block: bytes) -> _Sniffer:
        """Look at the next bytes."""
        data = self._left + block
        self._left = b""
        if data.isascii() or (self._has_characters and self._has_others):
            return self
        text, used = codecs.utf_8_decode(data, "surrogateescape", False)
        self._left = data[used:]
        beyond = {c for c in text if c > "\x7f"}
        self._has_others |= any("\udc80" <= c <= "\udcff" for c in beyond)
        self._has_characters |= any(not "\udc80" <= c <= "\udcff" for c in beyond)
        return self

    def encoding(self) -> str:
        """Return the encoding of what was fed."""
        return WINDOWS if self._has_others and not self._has_characters else UTF_8
