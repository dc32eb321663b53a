"""The course of a patient and the cohort: every key, refusal and loss of the store."""

from __future__ import annotations

from rehabctl.domain.cohort import GroupBy
from rehabctl.tui import outcome_text
from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.cohort import CohortScreen
from rehabctl.tui.screens.course import CourseScreen
from rehabctl.tui.screens.patient import PatientScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from tui.clinic import ClinicData
from tui.conftest import press, settle, shown

SIZE = (80, 24)


async def test_a_course_beside_the_cohorts(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "o")
        screen = panel.screen
        assert isinstance(screen, CourseScreen)
        assert screen.report is not None
        text = shown(panel)
        assert "97 deg on day 28" in text
        assert "▼ behind the cohorts: 100-104" in text
        assert "drawn on   1" in text
        assert "░" in text
        assert "◇" in text
        await press(pilot, "G", "g", "escape")
        assert isinstance(panel.screen, PatientScreen)


def test_a_number_has_the_decimals_that_its_unit_can_bear() -> None:
    assert outcome_text.short(93.3825, "deg") == "93.4"
    assert outcome_text.short(4.0, "of 10") == "4"
    assert outcome_text.short(1.234, "m/s") == "1.23"


async def test_a_condition_without_a_curve_says_so(clinic: ClinicData, panel: PanelApp) -> None:
    clinic.outcomes.condition = "THR"
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "o")
        assert "there is no published recovery curve" in shown(panel)
        clinic.outcomes.condition = "TKR"
        await press(pilot, "R")
        assert "97 deg on day 28" in shown(panel)


async def test_a_cohort_by_year_group_and_questionnaire(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "6")
        screen = panel.screen
        assert isinstance(screen, CohortScreen)
        text = shown(panel)
        assert "2026, nprs, by condition" in text
        assert "hidden: fewer than 11 patients" in text
        (small,) = [line for line in text.splitlines() if line.startswith("│FS") or " FS " in line]
        assert "hidden" in small
        await press(pilot, "b")
        assert screen.request.by is GroupBy.AGE
        await press(pilot, "i")
        assert screen.request.instrument == "koos-jr"
        await press(pilot, "h")
        assert "of whom nothing is told" in shown(panel)
        assert screen.report is None
        await press(pilot, "l")
        assert screen.report is not None
        await press(pilot, "1")
        assert isinstance(panel.screen, WorklistScreen)


async def test_the_store_may_be_away(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, "6")
        assert isinstance(panel.screen, CohortScreen)
        assert panel.screen.report is None
        clinic.offline = False
        await press(pilot, "R")
        assert panel.screen.report is not None
