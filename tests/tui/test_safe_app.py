"""What a failure prints and logs, in a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehabctl.tui.debug_variables import forget_debug_variables
from tui.terminal import panel


def crash(kind: str) -> tuple[bytes, int]:
    with panel("--crash", kind) as terminal:
        code = terminal.wait_for_end()
        return terminal.seen, code


def test_stock_textual_still_prints_local_variables() -> None:
    seen, _ = crash("stock")
    assert b"SECRETNAME" in seen  # when this fails, Textual has changed: look at SafeApp again


@pytest.mark.parametrize("kind", ["mount", "fatal-worker", "panic"])
def test_a_fatal_failure_is_one_line_with_a_log_id(kind: str, isolated_home: Path) -> None:
    seen, code = crash(kind)
    assert b"SECRETNAME" not in seen
    assert b"Traceback" not in seen
    assert b"rehabctl: error: internal error " in seen
    assert code == 1
    log = (isolated_home / "logs" / "rehabctl.log").read_text(encoding="utf-8")
    assert "SECRETNAME" not in log
    assert log.split()[1].encode() in seen


@pytest.mark.parametrize("kind", ["worker", "loop"])
def test_a_failure_beside_the_screen_is_logged_and_the_panel_goes_on(
    kind: str, isolated_home: Path
) -> None:
    seen, code = crash(kind)
    assert b"SECRETNAME" not in seen
    assert b"Traceback" not in seen
    assert code == 0
    log = (isolated_home / "logs" / "rehabctl.log").read_text(encoding="utf-8")
    assert "ValueError" in log
    assert "SECRETNAME" not in log


def test_textual_writes_no_log_of_screens_and_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "textual.log"
    monkeypatch.setenv("TEXTUAL_LOG", str(log))
    monkeypatch.setenv("TEXTUAL", "devtools,debug")
    with panel() as terminal:
        terminal.wait_for("Amara")
        terminal.type(b"\x11")
        assert terminal.wait_for_end() == 0
    assert not log.exists()


def test_debug_variables_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("TEXTUAL_SCREENSHOT", "3")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    forget_debug_variables()
    assert "TEXTUAL_SCREENSHOT" not in os.environ
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"
