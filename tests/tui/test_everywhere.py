"""What works on every screen: help, palette, command line, lock, and the order of messages."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.message import Message
from textual.widgets import Input, OptionList

from rehabctl.tui.app import PanelApp
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import default_keys
from rehabctl.tui.messages import ListLoaded, PageLoaded, PatientLoaded
from rehabctl.tui.palette import PanelCommands
from rehabctl.tui.screens.command_output import CommandOutput
from rehabctl.tui.screens.help import HelpScreen, groups_of, help_of_focused
from rehabctl.tui.screens.lock import LockScreen
from rehabctl.tui.screens.patient import PatientScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.patient_table import PatientTable
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle
from tui.times import NOW, ZONE

# -- help --------------------------------------------------------------------------------------


async def test_help_lists_every_live_key_by_widget(panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        groups = groups_of(panel.screen)
        assert [group.title for group in groups] == ["Worklist", "This screen", "Everywhere"]
        told = {text for group in groups for _, text in group.keys}
        bound = {a.binding.description for a in panel.screen.active_bindings.values()}
        assert {text for text in bound if text} <= told
        assert ("/", "Filter") in groups[1].keys
        await press(pilot, "question_mark")
        assert isinstance(panel.screen, HelpScreen)
        await press(pilot, "j", "pagedown", "G", "escape")
        assert isinstance(panel.screen, WorklistScreen)


async def test_f1_tells_about_the_focused_part(panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        page = help_of_focused(panel.screen)
        assert page._title == "Worklist"
        assert "order of priority" in (page._text or "")
        await press(pilot, "slash", "f1")
        assert panel.screen._title == "Filter"  # type: ignore[attr-defined]
        await press(pilot, "escape", "escape", "enter", "3", "f1")
        assert panel.screen._title == "Assessments"  # type: ignore[attr-defined]


async def test_every_screen_answers_f1_and_help_with_some_keys(panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        for way in ((), ("enter",), ("enter", "r")):
            await press(pilot, *way)
            assert sum(len(group.keys) for group in groups_of(panel.screen)) > 10
            await press(pilot, "f1")
            assert isinstance(panel.screen, HelpScreen)
            await press(pilot, "escape", *["escape"] * len(way))
            assert isinstance(panel.screen, WorklistScreen)


def test_every_binding_of_the_table_has_words() -> None:
    assert all(key and "." in name for name, key in default_keys().items())


# -- palette -----------------------------------------------------------------------------------


async def test_the_palette_runs_what_the_key_would(panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+p")
        assert isinstance(panel.screen, CommandPalette)
        await pilot.press(*"last patient")
        async with asyncio.timeout(20):  # the palette searches in a task of its own
            while panel.screen.query_one(OptionList).highlighted is None:
                await asyncio.sleep(0.02)
        await press(pilot, "enter")
        await settle(pilot)
        assert isinstance(panel.screen, WorklistScreen)
        assert panel.screen.query_one(PatientTable).cursor == 39


async def test_the_palette_begins_with_what_the_screen_does(panel: PanelApp) -> None:
    async with panel.run_test() as pilot:
        await settle(pilot)
        texts = [str(hit.display) async for hit in PanelCommands(panel.screen).discover()]  # type: ignore[union-attr]
        assert texts[0] == "Filter"
        assert texts.index("Acknowledge") < texts.index("Down")


async def test_the_palette_never_offers_to_write_the_screen_to_a_file(panel: PanelApp) -> None:
    async with panel.run_test() as pilot:
        await settle(pilot)
        titles = [command.title for command in panel.get_system_commands(panel.screen)]
        assert titles == ["Theme", "Quit"]


# -- command line --------------------------------------------------------------------------------


async def output_of(panel: PanelApp, line: str) -> tuple[str, str]:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("colon")
        panel.screen.query_one(Input).value = line
        await press(pilot, "enter")
        assert isinstance(panel.screen, CommandOutput)
        text = str(panel.screen.query_one("#output-text").render())
        end = str(panel.screen.query_one("#output-end").render())
        await press(pilot, "escape")
        assert isinstance(panel.screen, WorklistScreen)
        return text, end


async def test_a_command_runs_in_its_own_process_and_its_output_is_shown(panel: PanelApp) -> None:
    text, end = await output_of(panel, "rehabctl --version")
    assert text.startswith("rehabctl ")
    assert "done" in end


async def test_a_failing_command_shows_its_message_and_code(panel: PanelApp) -> None:
    text, end = await output_of(panel, "nonsense")
    assert "No such command" in text
    assert "exit code 2" in end


async def test_an_open_quotation_mark_is_said(panel: PanelApp) -> None:
    text, end = await output_of(panel, "patient show 'x")
    assert "not closed" in text
    assert "exit code 2" in end


def with_executable(*executable: str) -> PanelApp:
    context = PanelContext(
        ClinicData(5), lambda: NOW, ZONE, executable, refresh_s=3600, lock_after_s=None
    )
    return PanelApp(context)


async def test_output_cannot_steer_the_terminal_or_the_markup() -> None:
    code = r"print('\x1b[31m[bold]x[/]\tend', '\u674e')"
    text, _ = await output_of(with_executable(sys.executable, "-c", code), "x")
    assert text == "·[31m[bold]x[/]  end 李"


async def test_no_shell_reads_the_line() -> None:
    app = with_executable(sys.executable, "-c", "import sys; print(sys.argv[1:])")
    text, _ = await output_of(app, "a; b | c $HOME `id`")
    assert text == "['a;', 'b', '|', 'c', '$HOME', '`id`']"


async def test_a_missing_program_is_said_and_the_panel_goes_on() -> None:
    app = with_executable("/nonexistent/rehabctl")
    text, end = await output_of(app, "x")
    assert "could not be started" in text
    assert "exit code 1" in end


async def test_closing_stops_a_command_that_still_runs() -> None:
    app = with_executable(sys.executable, "-c", "import time; time.sleep(600)")
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("colon", "x", "enter")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, CommandOutput)
        async with asyncio.timeout(20):
            while (process := screen._process) is None:
                await asyncio.sleep(0.02)
        await pilot.press("escape")
        async with asyncio.timeout(10):
            assert await process.wait() != 0


async def test_an_empty_line_and_escape_run_nothing(panel: PanelApp) -> None:
    async with panel.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "colon", "enter", "colon", "x", "escape")
        assert isinstance(panel.screen, WorklistScreen)


# -- lock ----------------------------------------------------------------------------------------


async def test_the_lock_comes_after_the_idle_time_and_not_before(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.context.lock_after_s = 3600.0
        app.lock_when_idle()
        assert isinstance(app.screen, WorklistScreen)
        app.context.lock_after_s = 0.0
        app.lock_when_idle()
        await settle(pilot)
        app.lock_when_idle()  # once is enough
        await settle(pilot)
        assert [type(s) for s in app.screen_stack] == [WorklistScreen, LockScreen]


async def test_keys_do_nothing_behind_the_lock(clinic: ClinicData) -> None:
    clinic = ClinicData(40, secret="right")
    app = make_panel(clinic)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+l")
        before = list(clinic.calls)
        await press(pilot, "escape", "tab", "ctrl+p", "f1", "colon", "q", "a", "enter")
        assert isinstance(app.screen, LockScreen)
        assert clinic.calls == before
        app.screen.query_one(Input).value = "right"
        app.screen.query_one(Input).focus()
        await press(pilot, "enter")
        assert isinstance(app.screen, WorklistScreen)


async def test_nothing_of_the_panel_is_on_the_locked_screen(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "y", "enter", "ctrl+l")
        text = "\n".join(s.text for s in app.screen._compositor.render_strips())
        assert "Amara" not in text
        assert "1001" not in text
        await press(pilot, "enter")
        assert isinstance(app.screen, PatientScreen)


async def test_no_notice_appears_over_the_lock(panel: PanelApp) -> None:
    async with panel.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "y")
        assert panel._notifications
        await press(pilot, "ctrl+l")
        assert not panel._notifications
        panel.notify("1001 has left this part of the list.")
        assert not panel._notifications


async def test_late_work_does_not_open_the_lock(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "e", "x")
        editor = app.screen
        app.action_lock()
        await settle(pilot)
        editor.dismiss(True)  # as a slow save would, when it ends
        await settle(pilot)
        assert isinstance(app.screen, LockScreen)
        await press(pilot, "enter")
        assert isinstance(app.screen, WorklistScreen)  # and then it closes itself


async def test_a_key_that_cannot_be_checked_keeps_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic = ClinicData(3, secret="right")

    def broken(_: str) -> bool:
        raise ValueError("Jane SECRETNAME")

    monkeypatch.setattr(clinic, "unlock", broken)
    app = make_panel(clinic)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+l", "x", "enter")
        assert isinstance(app.screen, LockScreen)
        assert "internal error" in str(app.screen.query_one(".dialog-error").render())


# -- messages ------------------------------------------------------------------------------------


def names_of(messages: list[Message], *kinds: type[Message]) -> list[str]:
    """Return the kinds in order; the hook sees a message once per node it passes."""
    names: list[str] = []
    last: Message | None = None
    for message in messages:
        if isinstance(message, kinds) and message is not last:
            names.append(type(message).__name__)
            last = message
    return names


async def test_a_list_comes_before_its_pages_and_a_patient_after_it_was_opened() -> None:
    data = ClinicData(900)
    app = make_panel(data)
    seen: list[Any] = []
    async with app.run_test(size=(120, 40), message_hook=seen.append) as pilot:
        await settle(pilot)
        assert names_of(seen, ListLoaded, PageLoaded) == ["ListLoaded"]
        for _ in range(6):
            await press(pilot, "pagedown")
        await press(pilot, "enter", "escape")
    assert names_of(seen, ListLoaded, PageLoaded, PatientTable.Opened, PatientLoaded) == [
        "ListLoaded", "PageLoaded", "Opened", "PatientLoaded", "ListLoaded",
    ]  # fmt: skip


async def test_an_answer_to_an_old_question_is_dropped(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test() as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, WorklistScreen)
        shown = screen.table.pages
        from rehabctl.tui.worklist_pages import WorklistPages, WorklistQuery

        late = WorklistPages(WorklistQuery(text_filter="old"))
        screen.post_message(ListLoaded(late.query, late, None, None))
        await settle(pilot)
        assert screen.table.pages is shown
