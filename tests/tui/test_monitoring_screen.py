"""Remote monitoring by keys: what each month supports and lacks, and the records behind it."""

from __future__ import annotations

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.monitoring import MonitoringScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.detail import Detail
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (140, 50)


def rows(app: PanelApp) -> list[str]:
    assert isinstance(app.screen, MonitoringScreen)
    return [str(option.prompt) for option in app.screen.query_one(LineList).options]


def section(app: PanelApp, title: str) -> str:
    found = next(s for s in app.screen.query(Section) if s.help.title == title)
    return str(found.render())


async def test_each_patient_says_what_is_ready_or_lacking(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "8")
        amara, priya, joao = rows(panel)
        assert "14/16" in amara
        assert "98977: 2 more days with data" in amara
        assert "98985: 1 more day with data" in priya
        assert "supported: 98977 98975" in joao
        assert "98980" in section(panel, "Codes")
        assert "8 more minutes and live contact" in section(panel, "Codes")
        assert "98977      lacks 2 more days with data by 27 Mar" in section(panel, "Codes")
        assert section(panel, "Days").count("exercise session") == 14
        await press(pilot, "j", "j")
        assert "98981      open: 45 minutes" in section(panel, "Codes")
        assert "lacks" not in section(panel, "Codes")
        assert "supported: 16 days" in section(panel, "Codes")


async def test_months_change_and_the_command_is_copied(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "8", "y")
        assert panel.clipboard.startswith("rehabctl rtm evidence --patient 1001 --month 20")
        await press(pilot, "less_than_sign")
        assert "Nobody has data" in rows(panel)[0]
        await press(pilot, "greater_than_sign")
        assert len(rows(panel)) == 3


async def test_what_does_not_fit_is_read_by_keys(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "enter", "G")
        detail, lines = panel.screen.query_one(Detail), panel.screen.query_one(LineList)
        assert detail.scroll_y == detail.max_scroll_y > 0
        await press(pilot, "escape")
        assert panel.screen.focused is lines
        await press(pilot, "j", "escape")
        assert isinstance(panel.screen, WorklistScreen)


async def test_a_lost_connection_is_said_and_heals(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, "8")
        assert app.screen.query_one(OfflineBanner).display
        await press(pilot, "less_than_sign", "y", "f")
        clinic.offline = False
        await press(pilot, "R")
        assert not app.screen.query_one(OfflineBanner).display
        assert len(rows(app)) == 2
