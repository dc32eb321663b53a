"""The generated reference is the program's own help, and names every command."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_reference_is_current() -> None:
    generated = runpy.run_path(str(DOCS / "generate_cli_reference.py"))["reference"]()
    assert (DOCS / "cli.md").read_text("utf-8") == generated, "run `make docs`"
