"""Documents of any size and shape are cut into resources, or named for what is wrong."""

from __future__ import annotations

import io
import json
import tracemalloc
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.integrations.fhir import pieces as cutting
from rehabctl.integrations.fhir.inbound import ResourceError, patient_values, read
from rehabctl.integrations.fhir.pieces import Piece, member, pieces, without_space

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["entry", "resource"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)
resources = st.dictionaries(st.text(max_size=8), json_values, max_size=4).map(
    lambda body: {"resourceType": "Basic", **body}
)


def cut(data: bytes, **options: Any) -> list[Any]:
    return [
        json.loads(p.data) if p.problem is None else p.problem
        for p in pieces(io.BytesIO(data), **options)
    ]


@given(
    st.lists(resources, max_size=5), st.sampled_from([None, 1]), st.integers(1, 60), st.booleans()
)
def test_entries_of_a_bundle_come_one_by_one(
    found: list[Any], indent: int | None, block: int, type_last: bool
) -> None:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "entry": [{"resource": r} for r in found]}
    if type_last:
        bundle = dict(reversed(bundle.items()))
    data = json.dumps(bundle, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "_BLOCK_BYTES", block)
        read_back = [json.loads(p.data) for p in pieces(io.BytesIO(data))]
    assert read_back == bundle["entry"]


@given(st.lists(resources, min_size=1, max_size=5))
def test_lines_and_documents_one_after_the_other(found: list[Any]) -> None:
    lines = "\n".join(json.dumps(r) for r in found).encode() + b"\n"
    assert cut(lines) == found
    assert cut(lines, is_lines=True) == found
    assert cut("".join(json.dumps(r, indent=2) for r in found).encode(), is_lines=False) == found


@given(resources)
def test_space_goes_and_members_are_found_without_changing_a_character(resource: Any) -> None:
    data = json.dumps({"fullUrl": "x", "resource": resource}, indent=3).encode()
    tight = without_space(data)
    assert tight == json.dumps(json.loads(data), separators=(",", ":")).encode()
    found = member(tight, "resource")
    assert found is not None
    assert json.loads(found) == resource


def test_digits_of_numbers_are_kept() -> None:
    received = read(Piece(1, b'{"resourceType": "Basic", "id": "1", "x": 72.50, "y": 1E+2}'))
    assert received is not None
    assert received.content == '{"resourceType":"Basic","id":"1","x":72.50,"y":1E+2}'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"not json", ["is no JSON"]),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"a":1', ["is cut off"]),
        (b'{"resourceType":"Bundle","entry":[{"a":"', ["is cut off"]),
        (
            b'{"resourceType":"List","entry":[{"a":1}]}',
            [{"resourceType": "List", "entry": [{"a": 1}]}],
        ),
        (b'{"entry":[{"a":"\\"}]"},{"b":2}],"resourceType":"Bundle"}', [{"a": '"}]'}, {"b": 2}]),
        (b'{"resourceType":"Bundle","entry":[]}', []),
    ],
)
def test_odd_documents(data: bytes, expected: list[Any]) -> None:
    assert cut(data, is_lines=False) == expected


def test_a_long_resource_is_passed_over_and_the_next_is_read() -> None:
    long = {"resourceType": "Binary", "data": "x" * 5_000_000}
    small = {"resourceType": "Basic"}
    bundle = json.dumps({"resourceType": "Bundle", "entry": [long, small]}).encode()
    assert cut(bundle, max_bytes=2_000_000)[1] == small
    assert "longer" in cut(bundle, max_bytes=2_000_000)[0]
    lines = f"{json.dumps(long)}\n{json.dumps(small)}\n".encode()
    assert "longer" in cut(lines, is_lines=True, max_bytes=2_000_000)[0]
    assert cut(lines, is_lines=True, max_bytes=2_000_000)[1] == small


class _Endless(io.RawIOBase):
    """A bundle of many entries that never lies in memory."""

    def __init__(self, entries: int) -> None:
        entry = b',{"a":"' + b"x" * 990 + b'"}'
        head = b'{"resourceType":"Bundle","entry":[{}'
        self._parts = iter(chain([head], repeat(entry, entries), [b"]}"]))
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._rest or next(self._parts, b"")
        given, self._rest = part[: len(buffer)], part[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def test_memory_does_not_grow_with_the_bundle() -> None:
    tracemalloc.start()
    count = sum(1 for _ in pieces(io.BufferedReader(_Endless(60_000))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60_001
    assert peak < 16 * 2**20  # of 60 MB


@given(st.binary(max_size=300))
def test_any_bytes_are_resources_or_refused(data: bytes) -> None:
    for one in (
        data,
        b'{"resourceType":"Bundle","entry":[' + data,
        b'{"resourceType":"Patient","id":"1",' + data,
    ):
        for piece in pieces(io.BytesIO(one)):
            try:
                received = read(piece)
            except ResourceError:
                continue
            if received is not None:
                patient_values(received.resource)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "id",
                "name",
                "identifier",
                "address",
                "telecom",
                "communication",
                "meta",
                "birthDate",
                "gender",
                "subject",
            ]
        ),
        json_values,
    )
)
def test_a_patient_of_any_shape_is_read(body: dict[str, Any]) -> None:
    data = json.dumps({"resourceType": "Patient", "id": "1", **body}).encode()
    try:
        received = read(Piece(1, data))
    except ResourceError:
        return
    assert received is not None
    values = patient_values(received.resource)
    assert all(isinstance(value, str) for value in values.values())


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "Encounter", "id": "1", "class": [{}]}, "R5"),
        ({"resourceType": "Observation", "id": "1", "context": {}}, "STU3"),
        ({"resourceType": "Condition", "id": "1", "patient": {}}, "DSTU2"),
        ({"resourceType": "Patient", "id": "1",
          "meta": {"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Patient"]}}, "5.0"),
    ],
)  # fmt: skip
def test_other_versions_are_refused_by_name(resource: Any, version: str) -> None:
    with pytest.raises(ResourceError, match=version):
        read(Piece(1, json.dumps(resource).encode()))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ResourceError, match="no JSON"):
        read(Piece(1, b'{"resourceType":"Basic","a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"))


def test_samples_are_cut_as_a_whole_parser_reads_them(sample_data: Path) -> None:
    for file in sorted((sample_data / "fhir").glob("*.json")):
        if file.name == "PROVENANCE.json":
            continue
        with file.open("rb") as stream:
            assert [json.loads(p.data) for p in pieces(stream)] == json.loads(file.read_bytes())[
                "entry"
            ]


@pytest.mark.nightly
def test_a_bundle_of_half_a_gigabyte_lies_in_no_memory() -> None:
    tracemalloc.start()
    count = sum(1 for _ in pieces(io.BufferedReader(_Endless(525_000))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 525_001
    assert peak < 16 * 2**20
