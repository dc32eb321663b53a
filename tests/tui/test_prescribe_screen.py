"""A week is built, warned about, saved, taken back; nothing is lost or overwritten unseen."""

from __future__ import annotations

from dataclasses import replace

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.dialogs import ChoiceDialog, ConfirmDialog
from rehabctl.tui.screens.prescribe import PrescribeScreen
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.status_line import StatusLine
from rehabctl.tui.widgets.week_table import WeekTable
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (120, 30)


def screen(app: PanelApp) -> PrescribeScreen:
    found = next(s for s in app.screen_stack if isinstance(s, PrescribeScreen))
    assert isinstance(found, PrescribeScreen)
    return found


def slugs(app: PanelApp) -> list[str]:
    plan = screen(app).plan
    return [] if plan is None else [line.slug for line in plan.lines]


def status(app: PanelApp) -> str:
    return screen(app).query_one(StatusLine).render_line(0).text


def about(app: PanelApp) -> str:
    return screen(app).query_one(Section).render().plain


async def test_doses_days_and_a_typed_number_are_saved(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "plus", "l", "minus", "l", "enter", *"4", "enter")
        line = screen(panel).plan.lines[0]  # type: ignore[union-attr]
        assert (line.dose.sets, line.dose.reps, line.dose.hold_s) == (4, 9, 4)
        await press(pilot, "l", "l", "l", "space")  # Monday
        line = screen(panel).plan.lines[0]  # type: ignore[union-attr]
        assert (line.weekdays, line.dose.per_week) == ((2, 3, 4, 5), 4)
        assert "changed, not saved" in status(panel)
        await press(pilot, "ctrl+s")
        assert clinic.plans.saved["1001"].lines[0] == line
        assert "changed" not in status(panel)
        await press(pilot, "escape")
        assert panel.screen is panel.screen_stack[0]


async def test_an_exercise_is_found_by_words_and_shows_what_speaks_against_it(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "slash", *"lunge")
        await pilot.pause(0.2)
        await settle(pilot)
        await press(pilot, "enter")
        assert slugs(panel)[-1] == "half-kneeling-lunge"
        assert "blocked  Kneeling is not allowed" in about(panel)
        await press(pilot, "ctrl+s")  # refused: it is blocked
        assert clinic.plans.saved == {}
        await press(pilot, "D", "ctrl+s")
        assert clinic.plans.saved == {}  # nothing has changed any more
        await press(pilot, "slash", "enter")  # the squat is there already
        assert len(slugs(panel)) == 3


async def test_a_phase_replaces_the_week_and_undo_brings_it_back(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        before = slugs(panel)
        await press(pilot, "p", "enter")
        assert slugs(panel) == ["half-kneeling-lunge", "step-up"]
        assert "total knee replacement, strength" in status(panel)
        await press(pilot, "u")
        assert slugs(panel) == before
        assert not screen(panel).is_changed


async def test_a_saved_change_is_taken_back_from_the_worklist_too(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "D", "ctrl+s", "escape")
        assert len(clinic.plans.saved["1001"].lines) == 2
        await press(pilot, "u")
        assert len(clinic.plans.saved["1001"].lines) == 3


async def test_leaving_a_changed_plan_asks_and_saves(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "D", "escape")
        assert isinstance(panel.screen, ChoiceDialog)
        await press(pilot, "enter")
        assert len(clinic.plans.saved["1001"].lines) == 2
        assert panel.screen is panel.screen_stack[0]


async def test_a_kept_draft_is_there_again_and_quitting_asks(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "D", "q", "down", "enter")
        assert panel.screen is panel.screen_stack[0]
        await press(pilot, "q")
        assert isinstance(panel.screen, ConfirmDialog)
        await press(pilot, "n", "p")
        assert len(slugs(panel)) == 2
        assert screen(panel).is_changed
        await press(pilot, "escape", "down", "down", "enter")  # discard
        assert panel.context.drafts == {}
        assert clinic.plans.saved == {}


async def test_somebody_elses_change_is_a_conflict_and_nothing_is_lost(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "plus")
        theirs = clinic.plans.read("1001")
        clinic.plans.save(replace(theirs, lines=theirs.lines[:2]))
        await press(pilot, "ctrl+s")
        assert len(clinic.plans.saved["1001"].lines) == 2
        assert screen(panel).is_changed
        await press(pilot, "R")
        assert len(slugs(panel)) == 2  # theirs
        await press(pilot, "u", "ctrl+s")  # mine, now knowingly
        saved = clinic.plans.saved["1001"]
        assert len(saved.lines) == 3
        assert saved.lines[0].dose.sets == 4


async def test_a_save_without_the_store_keeps_the_plan() -> None:
    clinic = ClinicData(10)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "p", "plus")
        clinic.offline = True
        await press(pilot, "ctrl+s")
        assert screen(app).is_changed
        clinic.offline = False
        await press(pilot, "ctrl+s")
        assert clinic.plans.saved["1001"].lines[0].dose.sets == 4


async def test_the_table_fits_at_80_columns(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        table = panel.screen.query_one(WeekTable)
        lines = [table.render_line(y).text for y in range(4)]
        assert "Su" in lines[0]
        assert lines[3].rstrip().endswith("draft")
        assert {len(line) for line in lines} == {len(lines[0])}
