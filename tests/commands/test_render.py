"""One list, five formats: the cells agree, and a file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from rehabctl import cli
from rehabctl.commands._options import Format
from rehabctl.commands._render import Output, cell, emit_items, emit_object, to_json_value
from rehabctl.domain.errors import RehabctlError

ITEMS = [
    {"mrn": "1042", "tier": "due", "pain_now": 3.0, "reasons": [{"code": "a", "text": "x, y"}]},
    {"mrn": "7", "tier": "stable", "pain_now": None, "reasons": []},
]
COLUMNS = ("mrn", "tier", "pain_now", "reasons")


def written(format_: Format, capsys: pytest.CaptureFixture[str]) -> str:
    emit_items(ITEMS, COLUMNS, Output(format_))
    return capsys.readouterr().out


def test_csv_and_plain_agree_cell_for_cell(capsys) -> None:
    rows = list(csv.reader(io.StringIO(written(Format.CSV, capsys))))
    plain = [line.split("\t") for line in written(Format.PLAIN, capsys).splitlines()]
    assert rows[0] == list(COLUMNS)
    assert rows[1:] == plain == [["1042", "due", "3", "x, y"], ["7", "stable", "", ""]]


def test_json_is_the_contracts_list(capsys) -> None:
    page = json.loads(written(Format.JSON, capsys))
    assert page == {"schema_version": 1, "items": ITEMS, "next": None}


def test_jsonl_is_one_item_a_line(capsys) -> None:
    assert [json.loads(line) for line in written(Format.JSONL, capsys).splitlines()] == ITEMS


def test_table_shows_every_cell(capsys) -> None:
    shown = written(Format.TABLE, capsys)
    assert all(text in shown for text in ("1042", "stable", "x, y"))


def test_a_table_that_would_break_identifiers_is_written_row_by_row(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, moment = "01a20391-6540-75bc-bf2d-deeec6e6c00e", "2026-03-02T14:00:00Z"
    items = [{"id": name, "started_at": moment, "ended_at": moment, "note": "[b]", "empty": None}]
    columns = ("id", "started_at", "ended_at", "note", "empty")
    for width, in_blocks, hidden in (("50", True, ""), ("80", False, "empty"), ("140", False, "")):
        monkeypatch.setenv("COLUMNS", width)
        emit_items(items, columns, Output(Format.TABLE), title="Sessions")
        shown, told = capsys.readouterr()
        assert name in shown
        assert "2026-03-02" in shown
        assert "[b]" in shown
        assert ("1 of 1 ---" in shown) is in_blocks
        assert told == (f"Not shown at this width: {hidden}\n" if hidden else "")


def test_a_table_whose_words_fit_stays_a_table(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    items = [{"mrn": "1042", "last_session_at": "2026-03-02T14:00:00Z", "text": "x " * 40}]
    emit_items(items, ("mrn", "last_session_at", "text"), Output(Format.TABLE))
    assert "1 of 1" not in capsys.readouterr().out


def test_markup_in_data_is_shown_as_it_is(capsys) -> None:
    emit_items([{"mrn": "[red]x[/red]"}], ("mrn",), Output(Format.TABLE))
    assert "[red]x[/red]" in capsys.readouterr().out


def test_tabs_and_line_breaks_cannot_break_plain_rows(capsys) -> None:
    emit_items([{"mrn": "a\tb\nc"}], ("mrn",), Output(Format.PLAIN))
    assert capsys.readouterr().out == "a b c\n"


def test_object_gets_its_schema_version(capsys) -> None:
    emit_object({"ok": True}, Output(Format.JSON))
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "ok": True}


def test_file_and_standard_output_have_the_same_bytes(tmp_path: Path, capsys) -> None:
    target = tmp_path / "rows.csv"
    emit_items(ITEMS, COLUMNS, Output(Format.CSV, str(target)))
    assert target.read_bytes().decode() == written(Format.CSV, capsys)


def test_an_unwritable_path_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RehabctlError):
        emit_items(ITEMS, COLUMNS, Output(Format.CSV, str(tmp_path / "no" / "rows.csv")))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_writing_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("old")
    with pytest.raises(TypeError):
        emit_items([{"mrn": object()}], ("mrn",), Output(Format.CSV, str(target)))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@dataclass(frozen=True)
class Sample:
    at: datetime
    paid: Decimal
    angle_deg: float


def test_values_become_plain_json() -> None:
    eastern = timezone(timedelta(hours=-5))
    sample = Sample(datetime(2026, 3, 1, 9, tzinfo=eastern), Decimal("12.50"), float("nan"))
    assert to_json_value(sample) == {
        "at": "2026-03-01T14:00:00Z",
        "paid": "12.50",
        "angle_deg": None,
    }
    assert to_json_value(date(2026, 3, 1)) == "2026-03-01"
    assert to_json_value(datetime(2026, 3, 1, tzinfo=UTC)).endswith("Z")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "yes"), (0.1 + 0.2, "0.3"), (3.0, "3"), ([1, 2], "1; 2")]
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_narrow_terminal_gets_the_columns_that_matter_most(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"mrn": "1001", "at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC), "why": "pain is up again"}
    for width, wanted in [("60", "| 2026-03-01 09:30Z |"), ("24", "| 2026-03-01    |")]:
        monkeypatch.setenv("COLUMNS", width)
        emit_items([row], ("mrn", "why", "at"), Output(Format.TABLE), narrow=("mrn", "at"))
        shown = capsys.readouterr().out.replace("│", "|")
        assert wanted in shown
        assert ("again" in shown) is (width == "60")


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    """As for `-o /dev/null` and `-o >(wc -l)`: what is no file stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        emit_items(ITEMS, COLUMNS, Output(Format.CSV, str(pipe)))
        assert os.read(reader, 1000).startswith(b"mrn,tier")
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_folder_is_no_output() -> None:
    with pytest.raises(RehabctlError, match=r"cannot write \.: Is a directory"):
        emit_items(ITEMS, COLUMNS, Output(Format.CSV, "."))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["config", "schema"]])
def test_a_full_disk_under_standard_output_is_one_line(
    arguments: list[str], capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115
    monkeypatch.setattr("sys.stdout", full)
    assert cli.run(arguments) == 1
    assert capsys.readouterr().err.startswith("rehabctl: error: the disk is full.")
    with suppress(OSError):
        full.close()


def test_an_object_on_a_terminal_has_two_columns_and_no_json(
    capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    goals = [{"text_of_goal": "stairs [b]", "due": None}, {"text_of_goal": "squat", "due": "May"}]
    found = {"mrn": "7", "phone": None, "started_at": "2026-03-02T14:00:00Z", "goals": goals}
    emit_object(found, Output(Format.TABLE))
    shown = capsys.readouterr().out
    assert [line.rstrip() for line in shown.splitlines()] == [
        "mrn         7",
        "started at  2026-03-02 14:00Z",
        "goals       text of goal stairs [b]",
        "            text of goal squat, due May",
    ]
