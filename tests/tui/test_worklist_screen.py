"""The worklist by keys: state first, pictures in test_snapshots."""

from __future__ import annotations

import asyncio

import pytest
from rich.cells import cell_len, set_cell_size
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.dialogs import AcknowledgeDialog, SnoozeDialog
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.column_header import ColumnHeader
from rehabctl.tui.widgets.filter_input import FilterInput
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.patient_table import PatientTable
from rehabctl.tui.widgets.status_line import StatusLine
from tui.clinic import ClinicData, EndlessData
from tui.conftest import make_panel, press, settle, shown
from tui.times import NOW

SIZE = (120, 30)


def table(app: PanelApp) -> PatientTable:
    return app.screen_stack[0].query_one(PatientTable)


def mrn(app: PanelApp) -> str | None:
    row = table(app).current
    return None if row is None else row.mrn


def text_of(app: PanelApp, widget: type[StatusLine]) -> str:
    return app.screen_stack[0].query_one(widget).render_line(0).text


def lines(app: PanelApp) -> list[str]:
    shown = table(app)
    return [shown.render_line(y).text for y in range(shown.size.height)]


async def type_filter(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash", *text)
    await asyncio.sleep(0.2)  # longer than the pause that ends a word
    await settle(pilot)


async def test_the_first_screen_ranks_counts_and_dates(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert text_of(panel, StatusLine).startswith(" 12 of 40 need you")
        assert text_of(panel, StatusLine).rstrip().endswith("as of 09:41")
        assert "red flag" in lines(panel)[0]
        assert "1001" in lines(panel)[0]
        assert lines(panel)[0].startswith(">")


@pytest.mark.parametrize("count", [0, 1, 10, 100_000])
async def test_the_cursor_stays_inside(count: int) -> None:
    app = make_panel(EndlessData(count))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for key in ("up", "down", "end", "down", "pagedown", "home", "pageup", "j", "k", "G", "g"):
            await press(pilot, key)
            assert 0 <= table(app).cursor <= max(0, count - 1)
            assert (mrn(app) is not None) == (count > 0)


async def test_the_end_of_a_million_rows_is_one_page_away() -> None:
    data = EndlessData(1_000_000)
    app = make_panel(data)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        before = len(data.calls)
        await press(pilot, "G")
        assert mrn(app) == "1001000"
        assert "1001000" in lines(app)[-1]
        assert len(data.calls) - before == 1


async def test_rows_on_the_way_come_when_they_are_scrolled_to() -> None:
    data = EndlessData(5_000)
    app = make_panel(data)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for _ in range(20):
            await pilot.press("pagedown")
        await settle(pilot)
        place = table(app).cursor
        assert place > 400
        assert mrn(app) == str(1001 + place)
        assert not [line for line in lines(app) if "…" in line[:6]]


async def test_filter_as_you_type_then_back_to_the_same_patient(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await type_filter(pilot, "haddad")
        assert all("Omar Haddad" in line for line in lines(panel)[:2])
        assert "“haddad”: 2" in text_of(panel, StatusLine)
        assert "12 of 40 need you" in text_of(panel, StatusLine)
        await press(pilot, "enter", "n")
        assert mrn(panel) == "1031"
        await press(pilot, "N")
        assert mrn(panel) == "1011"
        await press(pilot, "escape")
        assert mrn(panel) == "1011"
        assert table(panel).pages.total == 40
        assert not panel.screen.query_one(FilterInput).display


async def test_a_filter_that_keeps_nobody(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await type_filter(pilot, "zzz")
        assert table(panel).pages.total == 0
        await press(pilot, "enter", "enter", "a", "z", "e", "space", "y")
        assert isinstance(panel.screen, WorklistScreen)


async def test_the_filter_asks_once_for_a_word(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        before = len(clinic.calls)
        await type_filter(pilot, "abc")
        assert len(clinic.calls) - before <= 3


async def test_matches_need_a_filter(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        assert table(panel).cursor == 0
        assert any("No filter" in n.message for n in panel._notifications)


async def test_sort_and_reverse(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        assert isinstance(panel.screen.query_one(OptionList), OptionList)
        await press(pilot, "down", "enter")
        names = [table(panel).pages.row(i).name.casefold() for i in range(40)]  # type: ignore[union-attr]
        assert names == sorted(names)
        assert "by name" in text_of(panel, StatusLine)
        await press(pilot, "S")
        assert table(panel).pages.row(0).name.casefold() == names[-1]  # type: ignore[union-attr]
        assert "by name, reversed" in text_of(panel, StatusLine)


async def test_marks_by_space_range_and_all(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "space")
        assert table(panel).marks == {"1001"}
        assert "✓" in lines(panel)[0]
        await press(pilot, "down", "down", "v")
        assert table(panel).marks == {"1001", "1002", "1003", "1004"}
        assert "4 marked" in text_of(panel, StatusLine)
        await press(pilot, "asterisk")
        assert len(table(panel).marks) == 40
        await press(pilot, "asterisk")
        assert table(panel).marks == set()
        await press(pilot, "space", "escape")
        assert table(panel).marks == set()


async def test_marks_survive_a_filter_and_a_refresh(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "space")
        await type_filter(pilot, "haddad")
        await press(pilot, "enter", "space", "R")
        assert table(panel).marks == {"1001", "1011"}


async def test_acknowledge_needs_the_comment_then_moves_on(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        assert isinstance(app.screen, AcknowledgeDialog)
        await press(pilot, "enter")
        assert isinstance(app.screen, AcknowledgeDialog)  # the service refused: it stays open
        await pilot.press(*"called")
        await press(pilot, "enter")
        assert isinstance(app.screen, WorklistScreen)
        assert {alert.state for alert in clinic.alerts["1001"]} == {"acknowledged"}
        assert mrn(app) == "1002"  # on the patient who followed, wherever she now stands
        assert "11 of 40 need you" in text_of(app, StatusLine)


async def test_a_refused_action_keeps_what_was_typed(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a")
        clinic.refuse = "acknowledge"
        await pilot.press(*"seen")
        await press(pilot, "enter")
        assert app.screen.query_one(Input).value == "seen"
        error = app.screen.query_one(".dialog-error").render()
        assert "read-only" in str(error)
        clinic.refuse = None
        await press(pilot, "enter")
        assert isinstance(app.screen, WorklistScreen)


async def test_snooze_marked_patients_until_a_morning(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "space", "space", "z")
        assert isinstance(app.screen, SnoozeDialog)
        await press(pilot, "down", "enter")
        assert "snooze 2026-03-15T06:00:00+01:00" in clinic.calls
        states = {a.state for m in ("1001", "1002") for a in clinic.alerts[m]}
        assert states == {"snoozed"}
        assert table(app).marks == set()


async def test_no_open_alerts_is_said(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "G", "a")
        assert isinstance(app.screen, WorklistScreen)
        assert any("No open alerts" in n.message for n in app._notifications)


async def test_too_many_at_once_is_refused() -> None:
    data = ClinicData(120)
    app = make_panel(data)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "asterisk", "a")
        assert isinstance(app.screen, WorklistScreen)
        assert not [call for call in data.calls if call.startswith("patient")]


async def test_copy_puts_the_number_on_the_clipboard(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "j", "y")
        assert panel.clipboard == "1002"


async def test_refresh_keeps_the_cursor_on_its_patient(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, *"jjjjj")
        assert mrn(app) == "1006"
        line = table(app).cursor - table(app).scroll_offset.y
        for number in ("1001", "1002", "1003"):  # three above her leave
            clinic.rows.pop(number)
        clinic.rerank()
        await press(pilot, "R")
        assert mrn(app) == "1006"
        assert table(app).cursor == clinic.rows["1006"].rank - 1 < 5
        assert table(app).cursor - table(app).scroll_offset.y <= line


async def test_refresh_deep_in_the_list_keeps_the_line_on_the_screen() -> None:
    data = ClinicData(400)
    app = make_panel(data)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for _ in range(9):
            await press(pilot, "pagedown")
        await press(pilot, *"kkkk")
        here, line = mrn(app), table(app).cursor - table(app).scroll_offset.y
        for number in range(1001, 1011):
            data.rows.pop(str(number))
        data.rerank()
        await press(pilot, "R")
        assert mrn(app) == here
        assert table(app).cursor - table(app).scroll_offset.y == line


async def test_a_patient_who_left_is_named(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.rows.pop("1001")
        clinic.rerank()
        await press(pilot, "R")
        assert mrn(app) == "1002"
        assert any("1001 has left" in n.message for n in app._notifications)


async def test_live_refresh_reads_again_but_not_behind_another_screen(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        before = clinic.calls.count("worklist")
        app.screen_stack[0]._live_refresh()  # type: ignore[attr-defined]
        await settle(pilot)
        assert clinic.calls.count("worklist") == before + 1
        await press(pilot, "question_mark")
        app.screen_stack[0]._live_refresh()  # type: ignore[attr-defined]
        await settle(pilot)
        assert clinic.calls.count("worklist") == before + 1


async def test_offline_shows_keeps_the_rows_and_heals(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, "R")
        banner = app.screen.query_one(OfflineBanner)
        assert banner.is_offline
        assert "Offline since 09:41: the database is away" in str(banner.render())
        assert "1001" in lines(app)[0]
        assert "as of 09:41" in text_of(app, StatusLine)
        clinic.offline = False
        await press(pilot, "R")
        assert not banner.display


async def test_old_data_says_how_old_it_is(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.now = NOW.replace(hour=9)
        app.screen_stack[0]._tick()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "as of 09:41 (1h old)" in text_of(app, StatusLine)


async def test_an_unexpected_failure_is_a_line_with_an_id(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.refuse = "crash worklist"
        await press(pilot, "R")
        said = " ".join(n.message for n in app._notifications)
        assert "internal error" in said
        assert "SECRETNAME" not in said
        clinic.refuse = None
        await press(pilot, "R", "j")
        assert mrn(app) == "1002"


async def test_q_quits_at_the_root_and_closes_elsewhere(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert len(panel.screen_stack) == 2
        await press(pilot, "q")
        assert len(panel.screen_stack) == 1
        assert panel.is_running
        await press(pilot, "escape")
        assert panel.is_running
        await pilot.press("q")
    assert panel.return_code == 0


async def test_a_click_selects_and_a_double_click_opens(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.click(PatientTable, offset=(20, 4))
        assert mrn(panel) == "1005"
        await pilot.click(PatientTable, offset=(20, 4), times=2)
        await settle(pilot)
        assert len(panel.screen_stack) == 2


async def test_resize_keeps_the_cursor_in_view(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "G")
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        first, last = table(panel).view
        assert first <= table(panel).cursor <= last
        assert "1040" in lines(panel)[-1]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
async def test_the_last_column_is_whole_beside_the_scrollbar(width: int) -> None:
    clinic = ClinicData(100)  # more rows than lines: there is a scrollbar
    app = make_panel(clinic)
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        header = app.screen.query_one(ColumnHeader).render_line(0).text
        row = clinic.rows["1003"]
        text = lines(app)[2]
        assert cell_len(text) == width - 1
        end = header.index("Alerts") + len("Alerts")
        assert set_cell_size(text, end).endswith(str(row.open_alerts))
        if "Due" in header:
            assert text.rstrip().endswith("today")


async def test_an_empty_clinic_says_what_to_do(panel: PanelApp) -> None:
    app = make_panel(ClinicData(0))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "No patients yet" in lines(app)[0]
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await type_filter(pilot, "zzz")
        assert "Nobody matches" in lines(panel)[0]


async def test_what_a_role_may_not_read_is_said_to_stay_and_not_asked_for_again(
    clinic: ClinicData,
) -> None:
    clinic.refuse = "worklist"
    app = make_panel(clinic)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, WorklistScreen)
        screen._live_refresh()
        screen._tick()
        await settle(pilot)
        assert clinic.calls == ["worklist"]
        app.clear_notifications()
        await settle(pilot)
        assert "the database is read-only. Ask your administrator." in shown(app)
        assert "not read" in shown(app)
        assert "Nothing was read. R reads again" in shown(app)
        await press(pilot, "R", "R")
        assert len(app._notifications) == 1
        clinic.refuse = None
        await press(pilot, "R")
        assert "12 of 40 need you" in shown(app)
