"""`u` takes back what can be taken back, newest first; nothing else changes."""

from __future__ import annotations

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.alerts import AlertsScreen
from rehabctl.tui.screens.dialogs import AssignDialog
from rehabctl.tui.widgets.patient_table import PatientTable
from rehabctl.tui.widgets.section import Section
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (120, 30)


def table(app: PanelApp) -> PatientTable:
    return app.screen_stack[0].query_one(PatientTable)


def evidence(app: PanelApp) -> str:
    return app.screen.query_one(Section).render().plain


async def test_an_acknowledgement_is_taken_back(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"seen", "enter")
        assert clinic.rows["1001"].open_alerts == 0
        await press(pilot, "u")
        assert clinic.rows["1001"].open_alerts == 2
        assert clinic.calls.count("undo_alerts") == 1
        await press(pilot, "u")  # nothing is left
        assert clinic.calls.count("undo_alerts") == 1


async def test_a_snooze_of_marks_is_one_step(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "space", "space", "z", "enter")
        assert (clinic.rows["1001"].open_alerts, clinic.rows["1002"].open_alerts) == (0, 0)
        assert table(panel).marks == set()
        await press(pilot, "u")
        assert (clinic.rows["1001"].open_alerts, clinic.rows["1002"].open_alerts) == (2, 1)


async def test_marks_come_back_in_the_order_they_went(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "space", "asterisk")
        assert len(table(panel).marks) == 40
        await press(pilot, "u")
        assert table(panel).marks == {"1001"}
        await press(pilot, "u", "u")
        assert table(panel).marks == set()


async def test_an_undo_that_cannot_reach_the_store_can_be_tried_again(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "a", *"seen", "enter")
        clinic.offline = True
        await press(pilot, "u")
        assert clinic.rows["1001"].open_alerts == 0
        clinic.offline = False
        await press(pilot, "u")
        assert clinic.rows["1001"].open_alerts == 2


async def test_alerts_show_their_evidence_and_are_handled_one_by_one() -> None:
    clinic = ClinicData(40)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "w")
        assert isinstance(app.screen, AlertsScreen)
        shown = evidence(app)
        assert "Calf pain with swelling" in shown
        assert "pain: 9" in shown
        assert "at least: 8" in shown
        assert "sessions: -" in shown
        await press(pilot, "j")
        assert "Pain 9 of 10" in evidence(app)
        await press(pilot, "a", *"ok", "enter")
        assert [a.state for a in clinic.alerts["1001"]] == ["open", "acknowledged"]
        assert "mweber" in evidence(app)
        await press(pilot, "u")
        assert [a.state for a in clinic.alerts["1001"]] == ["open", "open"]
        await press(pilot, "escape")
        assert app.screen is app.screen_stack[0]


async def test_an_alert_is_given_to_a_colleague(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "w", "A")
        assert isinstance(panel.screen, AssignDialog)
        await press(pilot, "j", "down", "enter")
        assert clinic.assigned == {"1001-0": "mweber"}
        assert "Assigned to   mweber" in evidence(panel)
        await press(pilot, "u")
        assert clinic.assigned == {}
