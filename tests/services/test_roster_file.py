"""Reading roster files as other systems write them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services.import_map import ImportMap, read_map
from rehabctl.services.roster_file import FileRow, RosterFile

HEADING = "mrn,given_name,family_name,birth_date,sex,state"
ROW = "1042,Ana,Diaz,1961-04-02,F,CO"


def read(data: bytes, names: dict[str, str] | None = None) -> tuple[RosterFile, list[FileRow]]:
    file = RosterFile(io.BufferedReader(io.BytesIO(data)), "r.csv", ImportMap(names or {}))  # pyright: ignore[reportArgumentType]
    rows = list(file.rows())
    file.release()
    return file, rows


def values(file: RosterFile, row: FileRow) -> dict[str, str]:
    return {name: text for name, text in zip(file.columns, row.cells, strict=False) if name}


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADING}\n{ROW}\n".encode(),
        f"{HEADING}\r\n{ROW}\r\n".encode(),
        f"{HEADING}\n{ROW}".encode(),
        f"{HEADING}\n{ROW}\n".encode("utf-8-sig"),
        f"{HEADING}\n{ROW}\n".encode("utf-16"),
        f"{HEADING}\n{ROW}\n".encode("utf-16-le"),
        f"{HEADING}\n{ROW}\n".encode("utf-16-be"),
        f"{HEADING}\n{ROW}\n".replace(",", ";").encode(),
        f"{HEADING}\n{ROW}\n".replace(",", "\t").encode(),
        f"{HEADING}\n{ROW}\n".replace(",", "|").encode(),
        b'"MRN","Given Name","family-name"," Birth  Date","SEX","State"\n'
        b'"1042","Ana","Diaz","1961-04-02","F","CO"\n',
        f"\n{ROW}\n".replace("\n", f"{HEADING}\n", 1).encode() + b"\n\n , \n",
    ],
)
def test_encodings_separators_and_headings(data: bytes) -> None:
    file, (row,) = read(data)
    assert values(file, row)["mrn"] == "1042"
    assert values(file, row)["state"] == "CO"
    assert row.line == 2


def test_rows_carry_the_line_on_which_they_start() -> None:
    data = f'{HEADING},city\n1,A,B,C,F,"two\nlines"\n\n2,A,B,C,F,CO\n'.encode()
    _, rows = read(data)
    assert [(r.line, r.cells[0]) for r in rows] == [(2, "1"), (5, "2")]


def test_windows_1252_is_told_from_damaged_utf_8() -> None:
    _, (row,) = read(f"{HEADING}\n1042,Jos\xe9,Diaz,1961-04-02,F,CO\n".encode("cp1252"))
    assert row.cells[1] == "José"
    mixed = f"{HEADING}\n1042,José,Di\udce9z,1961-04-02,F,CO\n".encode(errors="surrogateescape")
    _, (row,) = read(mixed)
    assert row.cells[1:3] == ["José", "Di\udce9z"], "the check of the field refuses it"


def test_nul_bytes_stay_in_their_field() -> None:
    _, (row,) = read(f"{HEADING}\n1042,A\x00a,Diaz,1961-04-02,F,CO\n".encode())
    assert row.cells[1] == "A\x00a"


def test_a_huge_field_is_refused_and_the_next_row_is_read() -> None:
    for size in (200_000, 100_000_000):
        data = f"{HEADING}\n1042,{'x' * size},Diaz,1961-04-02,F,CO\n{ROW}\n".encode()
        _, (bad, good) = read(data)
        assert bad.problem is not None
        assert "too long" in bad.problem.message
        assert (bad.line, good.line, good.cells[0]) == (2, 3, "1042")


def test_an_open_quote_never_swallows_rows_silently() -> None:
    data = f'{HEADING}\n1,"Ana,Diaz,1961-04-02,F,CO\n{ROW}\n{ROW}\n'.encode()
    _, rows = read(data)
    assert all(row.problem or "\n" in row.cells[1] for row in rows)


def test_more_fields_than_headings_are_refused_fewer_are_not_said() -> None:
    _, (more, fewer) = read(f"{HEADING}\n{ROW},x\n1042,Ana\n".encode())
    assert more.problem is not None
    assert more.problem.message == "has 7 fields, the heading 6"
    assert fewer.cells == ["1042", "Ana"]


def test_unknown_columns_are_named_and_left_out() -> None:
    file, (row,) = read(f"{HEADING},Shoe Size,\n{ROW},44,\n".encode())
    assert file.ignored == ("Shoe Size",)
    assert "44" not in values(file, row).values()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has no column mrn"),
        (b"\x00\x01\x02", "has no column mrn"),
        (b"a,b\n1,2\n", "has no column mrn, given_name"),
        (f"{HEADING},MRN\n".encode(), "the column mrn twice"),
        (b"x" * 3_000_000, "has no column mrn"),
    ],
)
def test_a_heading_that_is_no_rosters(data: bytes, message: str) -> None:
    with pytest.raises(RehabctlError, match=message):
        read(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_one_error(data: bytes) -> None:
    for start in (b"", HEADING.encode() + b"\n", b"\xff\xfe"):
        try:
            _, rows = read(start + data)
        except RehabctlError:
            continue
        assert all(row.line >= 2 for row in rows)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.toml", '"Patient ID" = "mrn"\n"Vorname" = "given_name"\n'),
        ("m.toml", 'mrn = "Patient ID"\ngiven_name = "Vorname"\n'),
        ("m.json", '{"Patient ID": "mrn", "Vorname": "given_name"}'),
    ],
)
def test_a_mapping_is_read_either_way_round(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    names = dict(read_map(tmp_path / name).names)
    assert names == {"Patient ID": "mrn", "Vorname": "given_name"}
    data = f"{HEADING}\n{ROW}\n".replace("mrn", "Patient ID").replace("given_name", "Vorname")
    _, (row,) = read(data.encode(), names)
    assert row.cells[:2] == ["1042", "Ana"]


@pytest.mark.parametrize("text", ["=", '"a" = "b"', "[1]", 'mrn = "x"\nshoe = "y"'])
def test_a_mapping_without_our_columns_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(UsageError):
        read_map(tmp_path / "m.toml")
    with pytest.raises(UsageError):
        read_map(tmp_path / "none.toml")
