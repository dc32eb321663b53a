"""A whole triage in a real terminal, and what the terminal is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from signal import SIGTERM

import pytest

from tui.terminal import Terminal, panel

QUIT = b"\x11"
ESCAPE = b"\x1b"
_ACTIONS = {"acknowledge", "snooze", "undo_alerts", "set_review"}


def step(terminal: Terminal, keys: bytes, *markers: str) -> None:
    """Type, then wait for each text in turn."""
    terminal.type(keys)
    for marker in markers:
        terminal.wait_for(marker)


def test_a_morning_of_triage_by_keys_only(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with panel("--report", str(report)) as terminal:
        terminal.wait_for("12 of 40 need you")
        step(terminal, b"a", "Acknowledge 2 alerts")
        step(terminal, b"called, seen today\r", "11 of 40 need you")
        step(terminal, b"z", "Snooze 1 alert")
        step(terminal, b"\r", "10 of 40 need you")
        step(terminal, b"u", "Taken back: Snooze 1 alert")
        step(terminal, b"\r", "Reasons")
        step(terminal, b"r", "frame 1 of 120")
        step(terminal, b"j", "1.00 s")
        step(terminal, b"a", "frame 1 of 120")
        step(terminal, ESCAPE, "Reasons")
        step(terminal, b"e", "Note on")
        step(terminal, b"better on stairs\x13", "Note saved")
        terminal.type(b"q")
        terminal.read(0.5)
        terminal.type(b"q")
        assert terminal.wait_for_end() == 0
    said = json.loads(report.read_text(encoding="utf-8"))
    assert said["notes"] == [["1004", "better on stairs"]]
    calls = said["calls"]
    assert [c for c in calls if c.split()[0] in _ACTIONS] == [
        "acknowledge", "snooze 2026-03-13T06:00:00+01:00", "undo_alerts",
        "set_review 1004/0 accepted",
    ]  # fmt: skip


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60)])
def test_a_cursor_move_sends_at_most_600_bytes(columns: int, rows: int) -> None:
    with panel("--rows", "10000", "--endless", columns=columns, rows=rows) as terminal:
        terminal.wait_for("Amara")
        terminal.read(1.0)
        sizes: list[int] = []
        for _ in range(5):
            terminal.type(b"j")
            sizes.append(len(terminal.read_some(10.0)) + len(terminal.read(0.2)))
        terminal.type(QUIT)
        assert terminal.wait_for_end() == 0
    assert all(0 < size <= 600 for size in sizes), sizes


def test_no_patient_in_the_window_title_and_no_stored_escape_reaches_the_terminal() -> None:
    with panel() as terminal:
        terminal.wait_for("Hostile")
        terminal.type(b"\r")
        terminal.wait_for("Reasons")
        terminal.process.terminate()  # it leaves as if it had been asked to
        assert terminal.wait_for_end() == 128 + SIGTERM
        seen = terminal.seen
    assert b"\x1b[?1049l" in seen, "the patient stays on the screen"
    assert not re.search(rb"\x1b\][012];", seen)
    assert b"\x1b[31mHostile" not in seen


def test_the_lock_covers_what_was_there() -> None:
    with panel("--secret", "open sesame") as terminal:
        terminal.wait_for("Amara")
        terminal.read(0.5)
        terminal.type(b"\x0c")
        terminal.wait_for("Locked")
        covered = terminal.read(0.5)
        assert b"Amara" not in covered
        terminal.type(b"wrong\r")
        assert b"Amara" not in terminal.wait_for("Wrong passphrase")
        terminal.type(b"open sesame\r")
        terminal.wait_for("Amara")
        terminal.type(QUIT)
        assert terminal.wait_for_end() == 0


def test_without_colour_the_words_are_still_there() -> None:
    with panel(NO_COLOR="1") as terminal:
        seen = terminal.wait_for("declining")
        terminal.type(QUIT)
        assert terminal.wait_for_end() == 0
        seen = terminal.seen
    colours = {tuple(c) for c in re.findall(rb"38;2;(\d+);(\d+);(\d+)", seen)}
    assert colours
    assert all(red == green == blue for red, green, blue in colours)  # grey only
    assert "▲ red flag".encode() in seen
