"""`rehabctl panel` as it is shipped: the real command, the real store, a real terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from rehabctl.services.panel import open_panel_data
from rehabctl.services.settings import load_settings
from rehabctl.tui.data import PanelData
from rehabctl.tui.worklist_pages import WorklistQuery, load_pages
from tests.conftest import InProcess
from tui.terminal import Terminal

HEADER = "mrn,given_name,family_name,birth_date,sex,state"
ROSTER = "\n".join(
    [HEADER, *(f"{2001 + i},Given{i},Family{i},19{60 + i}-04-0{i + 1},female,CO" for i in range(6))]
)


@pytest.fixture
def imported(tmp_path: Path, made_home: Path, in_process: InProcess) -> Path:
    """A home whose store holds six patients."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER + "\n", encoding="utf-8")
    done = in_process("import", "patients", str(roster))
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_the_panel_opens_acts_and_closes_on_the_real_store(imported: Path) -> None:
    argv = [sys.executable, "-m", "rehabctl", "panel"]
    with Terminal(argv) as terminal:
        terminal.wait_for("Family0")
        terminal.type(b"\r")
        terminal.wait_for("Consents")
        terminal.type(b"e")
        terminal.wait_for("Note on 2001")
        terminal.type(b"seen today\x13")
        terminal.wait_for("Note saved")
        terminal.type(b"\x11")
        assert terminal.wait_for_end() == 0, terminal.seen[-1500:]


def test_the_panel_shows_what_triage_list_prints(imported: Path, rehabctl) -> None:  # type: ignore[no-untyped-def]
    printed = json.loads(rehabctl("triage", "list", "--format", "json").stdout)["items"]
    with open_panel_data(load_settings()) as data:
        port: PanelData = data
        pages, _ = load_pages(port, WorklistQuery(), 0, 50, None)
        back, _ = load_pages(port, WorklistQuery(reverse=True), 0, 50, None)
    shown = [row for i in range(pages.total) if (row := pages.row(i)) is not None]
    assert [(row.mrn, row.rank, row.tier.value) for row in shown] == [
        (item["mrn"], item["rank"], item["tier"]) for item in printed
    ]
    turned = [row.mrn for i in range(back.total) if (row := back.row(i)) is not None]
    assert turned == [row.mrn for row in reversed(shown)]


def test_a_wrong_keymap_is_one_line_and_exit_code_2(imported: Path) -> None:
    keymap = Path(os.environ["REHABCTL_HOME"]) / "keymap.toml"
    keymap.write_text('[keys]\n"table.down" = "zzz"\n', encoding="utf-8")
    with Terminal([sys.executable, "-m", "rehabctl", "panel"]) as terminal:
        assert terminal.wait_for_end() == 2
        assert b"no key is called 'zzz'" in terminal.seen
        assert b"Traceback" not in terminal.seen


@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_without_a_terminal_it_names_the_list(rehabctl, term: str) -> None:  # type: ignore[no-untyped-def]
    done = rehabctl("panel", TERM=term)
    assert done.returncode == 1
    assert done.stdout == ""
    assert (
        done.stderr == "rehabctl: error: the panel needs a terminal. Use: rehabctl triage list.\n"
    )


def test_output_sent_to_a_file_is_no_terminal(tmp_path: Path) -> None:
    """Textual draws on standard error: the screen must not end in a file."""
    log = tmp_path / "log"
    line = f"{sys.executable} -m rehabctl panel 2>{log}"
    with Terminal(["/bin/sh", "-c", line]) as terminal:
        assert terminal.wait_for_end() == 1
    assert "needs a terminal" in log.read_text(encoding="utf-8")


def test_nothing_heavy_is_imported_before_the_panel_opens() -> None:
    import subprocess

    code = (
        "import sys, rehabctl.tui.launch\n"
        "heavy = {'textual', 'rich', 'numpy', 'sqlmodel', 'mediapipe', 'cv2', 'httpx', 'bleak'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_worklist_opens_without_numpy_and_charts() -> None:
    import subprocess

    code = (
        "import sys, rehabctl.tui.app\n"
        "print(sorted({'numpy', 'textual_plot', 'rehabctl.tui.screens.patient',"
        " 'rehabctl.tui.screens.review'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
