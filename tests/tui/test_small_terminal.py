"""What a terminal of 80 x 24 has to show whatever is open."""

from __future__ import annotations

import pytest

from rehabctl.tui.app import PanelApp
from rehabctl.tui.widgets.column_header import ColumnHeader
from rehabctl.tui.widgets.patient_table import PatientTable
from tui.conftest import press, settle, shown


async def test_every_dialog_says_its_keys(panel: PanelApp) -> None:
    ways = ("s", "* a", "z", "A", "p p", "p slash", "t", "2 b enter")
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for way in ways:
            await press(pilot, *way.replace("*", "asterisk").split())
            assert panel.screen.is_modal, way
            assert "esc: cancel" in shown(panel), way
            while len(panel.screen_stack) > 1:
                await press(pilot, "escape")


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


async def test_rows_behind_a_dialog_follow_a_new_size(
    panel: PanelApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientTable, "on_resize", lambda _: None)  # a terminal may never send it
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        await pilot.resize_terminal(120, 30)
        await settle(pilot)
        table, titles = (panel.screen_stack[0].query_one(n) for n in (PatientTable, ColumnHeader))
        due = titles.render_line(0).text.index("Due")
        assert table.render_line(0).text[due - 1 : due + 8].split() == ["2d", "late"]


async def test_what_is_typed_is_seen_in_a_terminal_of_any_size(panel: PanelApp) -> None:
    async with panel.run_test(size=(40, 12)) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"called")
        assert "called" in shown(panel)


async def test_evidence_that_does_not_fit_is_read_before_it_is_answered(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "asterisk", "a", "x")
        assert "pgdn: read on" in shown(panel)
        lines = panel.screen.query_one(".dialog-lines")
        await press(pilot, *["pagedown"] * 9, "y")
        assert lines.scroll_y == lines.max_scroll_y > 0
        assert "xy" in shown(panel)  # the field kept the focus
        await press(pilot, "escape", "e", "pagedown")  # a note has none: its field pages
        assert not panel.screen.query(".dialog-lines")
