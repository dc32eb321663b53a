"""What a terminal of 80 x 24 has to show whatever is open."""

from __future__ import annotations

import pytest

from rehabctl.tui.app import PanelApp
from tui.conftest import press, settle, shown


@pytest.mark.parametrize(
    "way",
    [
        ("s",),
        ("asterisk", "a"),
        ("asterisk", "z"),
        ("asterisk", "A"),
        ("p", "p"),
        ("p", "slash"),
        ("t",),
        ("2", "b", "enter"),
    ],
    ids=" ".join,
)
async def test_every_dialog_says_its_keys(way: tuple[str, ...], panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *way)
        assert panel.screen.is_modal
        assert "esc: cancel" in shown(panel)


async def test_the_bar_always_tells_the_key_that_tells_all_others(panel: PanelApp) -> None:
    async with panel.run_test(size=(40, 24)) as pilot:
        await settle(pilot)
        assert "⏎ Open" in shown(panel)
        assert "? Help" in shown(panel)
        await press(pilot, "2", "enter")
        assert "? Help" in shown(panel)


async def test_the_filter_line_shows_its_own_keys(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *("a", "slash", "b"))
        bar = shown(panel).splitlines()[-1]
        assert "a/b" in shown(panel)
        assert "⏎ To the list" in bar
        assert "Filter " not in bar
