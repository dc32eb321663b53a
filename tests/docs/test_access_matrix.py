"""The role matrix of the security page is the one that the server is given; its proofs exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "security.md"


def test_the_matrix_is_current() -> None:
    text = PAGE.read_text("utf-8")
    page = runpy.run_path(str(PROJECT / "docs" / "generate_access_matrix.py"))["page"]
    assert page(text) == text, "run `make docs`"
    assert page(text.replace("| patient |", "| nothing |")) == text


def test_every_proof_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", PAGE.read_text("utf-8")))
    assert len(named) >= 10
    assert {name for name in named if not (PROJECT / name).exists()} == set()
