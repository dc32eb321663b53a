"""A film comes whole, taken up where the line broke, or it does not come."""

from __future__ import annotations

import httpx
import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.video.download import open_download

FILM = bytes(range(256)) * 8


class Storage:
    """Gives a file in pieces of 700 bytes at most, whatever length it says."""

    def __init__(self, *, other_file: bool = False, length: bool = True) -> None:
        self.asked: list[str] = []
        self._other_file = other_file
        self._length = length

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("range", "bytes=0-")
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        film = FILM[:-1] if self._other_file and start else FILM
        headers = {"Content-Length": str(len(film) - start), "ETag": '"1"'}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(film) - 1}/{len(film)}"
        if not self._length:
            return httpx.Response(200, content=iter([film]))
        piece = film[start : start + 700]
        return httpx.Response(206 if start else 200, content=piece, headers=headers)


def read(storage: Storage, address: str = "https://storage.example/film") -> bytes:
    with open_download("It", lambda: address, httpx.MockTransport(storage), 5.0) as stream:
        return stream.read()


def test_a_line_that_breaks_is_taken_up_where_it_broke() -> None:
    storage = Storage()
    assert read(storage) == FILM
    assert storage.asked == ["bytes=0-", "bytes=700-", "bytes=1400-"]


def test_the_rest_of_another_file_is_refused() -> None:
    with pytest.raises(RehabctlError, match="did not come whole"):
        read(Storage(other_file=True))


def test_a_file_of_no_known_length_or_without_encryption_is_refused() -> None:
    with pytest.raises(RehabctlError, match="does not give"):
        read(Storage(length=False))
    storage = Storage()
    with pytest.raises(RehabctlError, match="without encryption"):
        read(storage, "http://storage.example/film")
    assert not storage.asked
