"""Messages are read as their senders write them, and handed on byte for byte."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.integrations.hl7v2 import framing, inbound
from rehabctl.integrations.hl7v2.message import (
    MessageError,
    Separators,
    escape,
    join,
    parse,
    unescape,
)

HEADER = b"MSH|^~\\&|EHR|MAIN|RC|X|20260302||ADT^A04^ADT_A01|77|P|2.5.1"


def test_every_sample_is_read_and_comes_back_byte_for_byte(sample_data: Path) -> None:
    files = sorted((sample_data / "hl7").glob("*.hl7"))
    assert files
    for file in files:
        raw = file.read_bytes()
        framed = list(framing.messages(io.BytesIO(raw)))
        assert [one.problem for one in framed] == [None]
        message = parse(framed[0].data)
        assert message.data == raw
        lines = [line for line in raw.decode().replace("\n", "\r").split("\r") if line.strip()]
        assert join(message) == "".join(line + "\r" for line in lines)
        assert message.version in ("2.5.1", "2.6")
        assert message.first("PID") is not None


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r\n"])
def test_any_line_end_separates_segments(end: bytes) -> None:
    message = parse(HEADER + end + b"EVN|A04" + end + b"ZXY|own&part^2" + end)
    assert [segment.name for segment in message.segments] == ["MSH", "EVN", "ZXY"]
    assert message.segments[2].text(1, 1, 2) == "part"
    assert (message.kind, message.control_id, message.version) == ("ADT^A04", "77", "2.5.1")


def test_separators_are_those_of_the_message() -> None:
    message = parse(b"MSH#*!?%#EHR###20260302##ADT*A08#1#P#2.3\rPID###7*5*M11*A*MR!9***SS##A?F?B*C")
    assert message.marks == Separators("#", "*", "!", "?", "%")
    pid = message.first("PID")
    assert pid is not None
    assert (pid.text(3, 5), pid.text(3, repetition=2), pid.text(5)) == ("MR", "9", "A#B")


@pytest.mark.parametrize(
    ("marks", "subcomponent"),
    [(rb"^~\&", "&"), (rb"^~\\&", "&"), (rb"^~\&#", "&"), (rb"^~\ ".strip(), "&"), (b"^~", "&")],
)
def test_odd_declarations_of_separators(marks: bytes, subcomponent: str) -> None:
    message = parse(b"MSH|" + marks + b"|EHR")
    assert message.marks.subcomponent == subcomponent
    assert message.header.text(3) == "EHR"


def test_a_line_feed_inside_a_text_belongs_to_the_text() -> None:
    message = parse(HEADER + b"\rOBX|1|TX|n||first line\nsecond line|\rZZZ|1")
    assert message.segments[1].text(5) == "first line\nsecond line"


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("8859/1", "latin-1", "Muñoz"),
        ("UNICODE UTF-8", "utf-8", "Łukasz"),
        ("BIG-5", "big5", "許功蓋"),  # its second bytes are those of separators
        ("8859/2", "iso8859-2", "Łukasz"),
        ("", "utf-8", "Muñoz"),
        ("ASCII", "latin-1", "Muñoz"),  # not true, and read all the same
    ],
)
def test_character_sets(charset: str, codec: str, name: str) -> None:
    header = HEADER + b"||||||" + charset.encode()
    data = header + b"\r" + f"PID|||1||{name}^B".encode(codec) + b"\r"
    message = parse(data)
    pid = message.first("PID")
    assert pid is not None
    assert (pid.text(5), pid.text(5, 2)) == (name, "B")
    assert message.data == data


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\F\b", "a|b"), (r"\S\\T\\R\\E\ ", "^&~\\ "), (r"one\.br\two", "one\ntwo"),
        (r"\X4d\1", "M1"), (r"\XZZ\ ", "\\XZZ\\ "), (r"\H\bold\N\ ", "bold "),
        (r"\Zown\ ", "\\Zown\\ "), (r"C:\dir", r"C:\dir"),
    ],
)  # fmt: skip
def test_escapes(written: str, meant: str) -> None:
    assert unescape(written, Separators()) == meant


@given(st.text())
def test_what_is_escaped_holds_no_separator_and_comes_back(text: str) -> None:
    marks = Separators()
    written = escape(text, marks)
    assert not set(written) & {"|", "^", "&", "~", "\r", "\n"}
    assert unescape(written, marks) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused_by_name(data: bytes) -> None:
    for one in (data, b"MSH" + data, b"MSH|^~\\&|" + data, HEADER + b"\rPID|" + data):
        for framed in framing.messages(io.BytesIO(one)):
            if framed.problem is None:
                try:
                    message = parse(framed.data)
                except MessageError:
                    continue
                inbound.patient_values(message)
                inbound.referral(message)


@given(
    st.lists(st.sampled_from([HEADER, b"PID|||1", b"FTS|1", b"", b"x" * 70_000]), max_size=8),
    st.sampled_from([b"\r", b"\n", b"\r\n"]),
)
def test_framing_keeps_every_byte_of_messages(lines: list[bytes], end: bytes) -> None:
    data = end.join(lines)
    kept = b"".join(one.data for one in framing.messages(io.BytesIO(data)))
    assert kept.replace(end, b"") == b"".join(line for line in lines if line != b"FTS|1")


def test_batches_and_network_frames_hold_single_messages() -> None:
    one = HEADER + b"\rEVN|A04\r"
    data = (
        b"FHS|^~\\&\rBHS|^~\\&\r"
        + one
        + b"\x0b"
        + one
        + b"\x1c\r\x0b"
        + one
        + b"\x1c\rBTS|3\rFTS|1\r"
    )
    framed = list(framing.messages(io.BytesIO(data)))
    assert [(f.line, f.data, f.problem) for f in framed] == [
        (3, one, None),
        (5, one, None),
        (8, one, None),
    ]


def test_what_is_too_long_or_no_message_is_passed_over_and_named() -> None:
    data = b"hello\r" + HEADER + b"\rOBX|" + b"x" * 2000 + b"\r" + HEADER + b"\r"
    framed = list(framing.messages(io.BytesIO(data), max_bytes=1000))
    assert [(f.line, f.problem is None) for f in framed] == [(1, False), (2, False), (4, True)]
