"""A film from the storage of a video service: whole, or not at all."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.errors import RehabctlError, UnavailableError

if TYPE_CHECKING:
    import httpx

_CHUNK = 1 << 20
_RESUMES = 3
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def open_download(
    name: str,
    address: Callable[[], str],
    transport: httpx.BaseTransport | None,
    timeout_s: float,
) -> BinaryIO:
    """Return a stream of a file that ends only where the file ends.

    A connection that breaks is taken up where it broke, if the storage gives the rest of the same
    file; anything else is an error while reading. No key is shown to the storage, and nothing is
    read without encryption.

    Parameters
    ----------
    name
        Of the service.
    address
        Asks for the file's address; asked again where one has expired.
    transport
        What carries the requests; None is the network.
    timeout_s
        Longest silence.
    """
    pieces = _pieces(name, address, transport, timeout_s)
    return io.BufferedReader(_Pieces(pieces), _CHUNK)


def _pieces(
    name: str,
    address: Callable[[], str],
    transport: httpx.BaseTransport | None,
    timeout_s: float,
) -> Iterator[bytes]:
    import httpx

    done, total, mark = 0, -1, ""
    with httpx.Client(transport=transport, timeout=timeout_s, follow_redirects=False) as client:
        for _ in range(_RESUMES + 1):
            target = address()
            if not target.startswith("https://"):
                raise RehabctlError(f"{name} gives films without encryption", "Report it to them")
            # the length is that of the file itself, and a rest belongs to the file that was begun
            headers = {"Accept-Encoding": "identity"}
            if done:
                headers |= {"Range": f"bytes={done}-"} | ({"If-Range": mark} if mark else {})
            try:
                with client.stream("GET", target, headers=headers) as answer:
                    if answer.status_code in (401, 403):
                        continue  # the address has expired
                    whole = _size(name, answer, done)
                    if total not in (-1, whole):
                        raise _cut(name)
                    total = whole
                    mark = answer.headers.get("etag", "")
                    for piece in answer.iter_bytes(_CHUNK):
                        done += len(piece)
                        if done > total:
                            raise _cut(name)
                        yield piece
            except httpx.HTTPError:
                continue
            if done == total:
                return
    if total < 0:
        raise UnavailableError(f"{name} does not give the film", "Try again later")
    raise _cut(name)


def _size(name: str, answer: httpx.Response, done: int) -> int:
    """Return the size of the whole file, if the answer is the part that was asked for."""
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    length = answer.headers.get("content-length", "")
    if answer.status_code == 206 and found is not None and int(found[1]) == done:
        return int(found[3])
    if answer.status_code == 200 and not done and length.isdecimal() and int(length):
        return int(length)
    if answer.status_code == 200 and done:
        raise _cut(name)
    raise RehabctlError(
        f"{name} does not give the film ({answer.status_code})", "Look at its dashboard"
    )


def _cut(name: str) -> RehabctlError:
    return RehabctlError(f"the film of {name} did not come whole", "Run the command again")


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Fill the buffer as far as the current piece goes."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
