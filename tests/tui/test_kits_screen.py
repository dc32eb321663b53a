"""Kits by keys: what each needs, what is in it, and what happened to it."""

from __future__ import annotations

from rehabctl.domain.kit import KitStatus
from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.kits import KitsScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (120, 40)


def kits_of(app: PanelApp) -> KitsScreen:
    assert isinstance(app.screen, KitsScreen)
    return app.screen


def rows(app: PanelApp) -> list[str]:
    found = kits_of(app).query_one(LineList)
    return [str(option.prompt) for option in found.options]


def section(app: PanelApp, title: str) -> str:
    found = next(s for s in kits_of(app).query(Section) if s.help.title == title)
    return str(found.render())


async def test_the_list_says_battery_certificate_and_need(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        first, second, third = rows(panel)
        assert "available" in first
        assert first.endswith("nothing")
        assert "1003" in second
        assert "2 Apr" in second
        assert "certificate ends on 2026-03-21" in second
        assert "12 %" in third
        assert "2 of 3 kits needing something" in str(kits_of(panel)._status.render_line(0).text)


async def test_the_kit_under_the_cursor_shows_contents_and_log(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5", "j")
        assert "static certificate" in section(panel, "Needs")
        assert "thigh, Movella DOT, firmware 3.1.0, 88 % 2d ago" in section(panel, "Contents")
        assert "damaged  accessory" in section(panel, "Contents")
        await press(pilot, "k")
        assert "it can go out" in section(panel, "Needs")


async def test_only_those_that_need_something(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5", "j", "f")
        assert len(rows(panel)) == 2
        current = kits_of(panel).current
        assert current is not None
        assert current.kit == "KIT2"
        await press(pilot, "f")
        assert len(rows(panel)) == 3


async def test_a_kit_that_came_back_is_cleaned_after_asking(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5", "j", "j", "c", "n")
        assert clinic.kits.lines["KIT3"].status is KitStatus.RETURNED
        await press(pilot, "c", "y")
        assert clinic.kits.lines["KIT3"].status is KitStatus.AVAILABLE
        assert kits_of(app).current is not None
        assert "cleaned" in section(app, "Log")
        await press(pilot, "c", "y")
        assert any("cannot be cleaned" in n.message for n in app._notifications)


async def test_a_lost_connection_is_said_and_heals(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, "5")
        assert kits_of(app).query_one(OfflineBanner).display
        clinic.offline = False
        await press(pilot, "R")
        assert not kits_of(app).query_one(OfflineBanner).display
        assert len(rows(app)) == 3


async def test_without_kits_the_command_is_named(clinic: ClinicData) -> None:
    clinic.kits.lines.clear()
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        assert "rehabctl kit add" in rows(app)[0]
        await press(pilot, "c", "b", "f", "escape")
        assert isinstance(app.screen, WorklistScreen)


async def test_a_page_key_between_new_lines_and_their_layout_does_nothing(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        found = kits_of(panel).query_one(LineList)
        found.clear_options()
        await pilot.pause()
        assert found.size.height == 0  # an empty list takes no room
        found.add_options(["one", "two"])
        found.highlighted = 1
        found.action_page_up()
        found.action_page_down()
        assert found.highlighted == 1
        await pilot.pause()
        found.action_page_up()
        assert found.highlighted == 0
