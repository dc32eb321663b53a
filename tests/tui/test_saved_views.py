"""Views are named, kept per user and never hold a patient."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from rehabctl.domain.errors import UsageError
from rehabctl.tui.app import PanelApp
from rehabctl.tui.saved_views import load_views, save_views
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.worklist_pages import WorklistQuery
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle

SIZE = (120, 30)


@pytest.fixture
def path(panel: PanelApp, tmp_path: Path) -> Path:
    panel.context.views_path = tmp_path / "panel-views.json"
    return panel.context.views_path


def query(app: PanelApp) -> WorklistQuery:
    screen = app.screen_stack[0]
    assert isinstance(screen, WorklistScreen)
    return screen.worklist_query


async def typed(pilot, text: str) -> None:  # type: ignore[no-untyped-def]
    await press(pilot, "slash", *text)
    await pilot.pause(0.2)
    await settle(pilot)
    await press(pilot, "enter")


async def test_a_view_is_saved_chosen_and_removed(panel: PanelApp, path: Path) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await typed(pilot, "missed")
        await press(pilot, "s", "down", "enter", "V", "enter", *"Late", "enter")
        kept = WorklistQuery("missed", "name", False)
        assert load_views(path) == {"Late": kept}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await press(pilot, "V", "home", "enter")
        assert query(panel) == WorklistQuery()
        await press(pilot, "V", "down", "enter")
        assert query(panel) == kept
        assert {row.mrn for row in panel.screen_stack[0].table.pages.loaded_rows()} == {  # type: ignore[attr-defined]
            "1003", "1004", "1005", "1006", "1007", "1008",
        }  # fmt: skip
        await press(pilot, "V", "end", "enter")
        assert load_views(path) == {}


@pytest.mark.parametrize(
    ("text", "name"), [("okafor", "mine"), ("1003", "mine"), ("pain", "for weber")]
)
async def test_a_view_that_names_a_patient_is_refused(
    panel: PanelApp, path: Path, text: str, name: str
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await typed(pilot, text)
        keys = ["space" if letter == " " else letter for letter in name]
        await press(pilot, "V", "enter", *keys, "enter")
        assert not path.exists()


def test_views_of_a_damaged_file_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    for content in ("{", "[]", '{"views": 3}', '{"views": {"a": {"filter": 1}}}'):
        path.write_text(content, "utf-8")
        with pytest.raises(UsageError, match=r"views\.json"):
            load_views(path)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    views = {"b": WorklistQuery("pain", "pain", True), "a": WorklistQuery("", "name", False)}
    save_views(path, views)
    assert load_views(path) == views
    assert list(json.loads(path.read_text("utf-8"))["views"]) == ["a", "b"]


async def test_a_damaged_file_does_not_stop_the_panel(tmp_path: Path) -> None:
    app = make_panel(ClinicData(10))
    app.context.views_path = tmp_path / "views.json"
    app.context.views_path.write_text("{", "utf-8")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "V", "j")
        assert app.screen is app.screen_stack[0]
