"""Rows out of XML: streamed, and nothing that expands."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError
from rehabctl.integrations.xml_rows import XmlRows

PATHS = ("@id", "A", "B/C", "B/@d")


def rows(data: bytes) -> list[list[str]]:
    read = io.BufferedReader(XmlRows(io.BytesIO(data), "P", PATHS, "file"))
    return list(csv.reader(io.TextIOWrapper(read, "utf-8", newline="")))


def test_elements_and_attributes_become_cells() -> None:
    xml = '<x><P id="1"><A> a,&amp;"\n</A><B d="2"><C>é</C></B></P><Q><A>no</A></Q><P/></x>'
    assert rows(xml.encode()) == [
        list(PATHS), ["1", 'a,&"', "é", "2"], ["", "", "", ""],
    ]  # fmt: skip
    assert rows(
        '<?xml version="1.0" encoding="utf-16"?><n:P xmlns:n="u" id="7"/>'.encode("utf-16")
    )[1] == ["7", "", "", ""]


@pytest.mark.parametrize(
    "xml",
    [
        b"<x><P><A>cut",
        b"",
        b"no xml",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY a "aa">]><x><P><A>&a;</A></P></x>',
        b"<x><P><A>&undefined;</A></P></x>",
        b"<x>" * 100,
        b"<x><P><A>" + b"a" * 1_000_001 + b"</A></P></x>",
    ],
)
def test_what_is_no_whole_xml_or_expands_is_refused(xml: bytes) -> None:
    with pytest.raises(RehabctlError) as caught:
        rows(xml)
    assert "passwd" not in str(caught.value)


@given(st.binary(max_size=60) | st.text("<>P/A&;!\"'[ab]= ", max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_one_error(data: bytes) -> None:
    try:
        found = rows(data)
    except RehabctlError:
        return
    assert found[0] == list(PATHS)


class Endless(io.RawIOBase):
    """An XML file of many rows that no memory holds at once."""

    def __init__(self, count: int) -> None:
        self._parts: Iterator[bytes] = iter(
            [b"<x>", *([b'<P id="1"><A>text</A></P>' * 1000] * count), b"</x>"]
        )

    def read(self, size: int = -1) -> bytes:
        del size
        return next(self._parts, b"")


@pytest.mark.nightly
def test_memory_does_not_grow_with_the_file() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        read = io.BufferedReader(XmlRows(Endless(count), "P", PATHS, "file"))  # pyright: ignore[reportArgumentType]
        lines = sum(1 for _ in read)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert lines == 1000 * count + 1
        return most

    assert peak(500) < 2 * peak(20)
