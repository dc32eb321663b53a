"""A questionnaire is typed, scored, corrected and stored; typed answers are never lost."""

from __future__ import annotations

from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.dialogs import ChoiceDialog
from rehabctl.tui.screens.questionnaire import QuestionnaireScreen
from rehabctl.tui.widgets.answer_table import AnswerTable
from rehabctl.tui.widgets.section import Section
from tui.clinic import ClinicData
from tui.conftest import press, settle

SIZE = (100, 30)
SEVEN = ("1",) * 7


def screen(app: PanelApp) -> QuestionnaireScreen:
    return next(s for s in app.screen_stack if isinstance(s, QuestionnaireScreen))


def scores(app: PanelApp) -> str:
    return screen(app).query_one(Section).render().plain


async def test_digits_fill_the_form_and_the_score_runs_along(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter")  # koos-jr: seven items from 0 to 4
        assert "no score" in scores(panel)
        await press(pilot, *SEVEN)
        result = clinic.forms.score("koos-jr", screen(panel).answers).scores[0]
        assert result.score is not None
        assert f"{result.score:g}" in scores(panel)
        await press(pilot, "ctrl+s")
        [(mrn, slug, answers)] = clinic.forms.stored
        assert (mrn, slug, set(answers.values())) == ("1001", "koos-jr", {1.0})
        assert panel.screen is panel.screen_stack[0]
        assert panel.context.drafts == {}


async def test_a_missing_item_follows_the_forms_own_rule(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter", "minus", *SEVEN[1:])
        assert list(screen(panel).answers.values()).count(None) == 1
        assert "1 missing" in scores(panel)


async def test_an_answer_outside_its_range_is_marked_and_not_stored(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter", "9")
        table = panel.screen.query_one(AnswerTable)
        assert table.place == 0  # it does not go on
        assert table.render_line(0).text.rstrip().endswith("9!")
        await press(pilot, "ctrl+s")
        assert clinic.forms.stored == []
        await press(pilot, "backspace", "3")
        assert table.place == 1
        assert screen(panel).answers == {table._items[0].key: 3.0}


async def test_leaving_asks_and_a_draft_is_there_again(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter", "2", "3", "escape")
        assert isinstance(panel.screen, ChoiceDialog)
        await press(pilot, "down", "enter")
        assert panel.screen is panel.screen_stack[0]
        await press(pilot, "t")
        assert list(screen(panel).answers.values()) == [2.0, 3.0]
        await press(pilot, "escape", "down", "down", "enter")
        assert panel.context.drafts == {}
        assert clinic.forms.stored == []


async def test_a_store_that_is_away_keeps_the_answers(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "t", "enter", *SEVEN)
        clinic.offline = True
        await press(pilot, "ctrl+s")
        assert len(screen(panel).answers) == 7
        clinic.offline = False
        await press(pilot, "ctrl+s")
        assert len(clinic.forms.stored) == 1
