"""Claims by keys: what each waits for, why it was denied, and what happened to it."""

from __future__ import annotations

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.claims import ClaimsScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.line_list import LineList
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Section
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (140, 40)


def claims_of(app: PanelApp) -> ClaimsScreen:
    assert isinstance(app.screen, ClaimsScreen)
    return app.screen


def rows(app: PanelApp) -> list[str]:
    return [str(option.prompt) for option in claims_of(app).query_one(LineList).options]


def section(app: PanelApp, title: str) -> str:
    found = next(s for s in claims_of(app).query(Section) if s.help.title == title)
    return str(found.render())


async def test_what_waits_says_its_next_step_and_day(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "7")
        first, second, third = rows(panel)
        assert "RC00000001 denied" in first
        assert "120.00" in first
        assert "plan of care has ended" in second
        assert third.endswith("nothing")
        assert "2 of 3 claims waiting for somebody" in str(
            claims_of(panel)._status.render_line(0).text
        )
        assert "CO-16" in section(panel, "Reasons")
        assert "N286" in section(panel, "Reasons")
        assert "denied (835) CO-16" in section(panel, "History")


async def test_only_what_waits_and_the_number_is_copied(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "7", "f", "j")
        assert len(rows(panel)) == 2
        assert "plan of care" in section(panel, "Findings")
        assert "named none" in section(panel, "Reasons")
        await press(pilot, "y")
        assert panel.clipboard == "RC00000002"
        await press(pilot, "f")
        assert len(rows(panel)) == 3


async def test_a_lost_connection_is_said_and_heals(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, "7")
        assert claims_of(app).query_one(OfflineBanner).display
        clinic.offline = False
        await press(pilot, "R")
        assert not claims_of(app).query_one(OfflineBanner).display
        assert len(rows(app)) == 3


async def test_without_claims_the_command_is_named(clinic: ClinicData) -> None:
    clinic.claims.lines.clear()
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "7")
        assert "rehabctl claim draft" in rows(app)[0]
        await press(pilot, "y", "f", "escape")
        assert isinstance(app.screen, WorklistScreen)
