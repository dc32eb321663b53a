"""A count stands with the right form of its noun."""

from __future__ import annotations

import re
from pathlib import Path

import rehabctl
from rehabctl.domain.counting import counted

BARE_COUNT = re.compile(r"\{len\([^{}]*\)\} (?:[a-z]+ )?(?!bytes)[a-z]+s\b")


def test_one_is_singular_and_everything_else_plural() -> None:
    """None is many; a noun may bring its own plural."""
    assert [counted(n, "alert") for n in (0, 1, 2)] == ["0 alerts", "1 alert", "2 alerts"]
    assert [counted(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


def test_no_screen_or_command_puts_a_bare_count_before_a_plural() -> None:
    """Whatever the shells count goes through `counted`."""
    package = Path(rehabctl.__file__).parent
    shells = [*package.glob("commands/*.py"), *package.rglob("tui/**/*.py")]
    bare = [
        f"{path.name}: {hit}"
        for path in shells
        for hit in BARE_COUNT.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(shells) > 100
    assert bare == []
