"""The menu of saved views: choose one, save the one in view, remove one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.saved_views import load_views, refusal, save_views
from rehabctl.tui.worklist_pages import WorklistQuery

if TYPE_CHECKING:
    from rehabctl.tui.screens.worklist import WorklistScreen

_ALL, _SAVE, _REMOVE = "all", "save", "remove"
_VIEW = "view:"


def open_menu(screen: WorklistScreen) -> None:
    """Ask which view to show or what to do with the one in view.

    Parameters
    ----------
    screen
        The worklist.
    """
    from rehabctl.tui.screens.dialogs import ChoiceDialog

    path = screen.context.views_path
    if path is None:
        screen.notify("Views are not kept here.", markup=False)
        return
    try:
        views = load_views(path)
    except RehabctlError as error:
        screen.notify(str(error), severity="error", markup=False)
        return
    now = screen.worklist_query
    here = next((name for name, view in views.items() if view == now), None)
    choices = [(_ALL, "all, by priority"), *((_VIEW + name, name) for name in views)]
    if here is not None:
        choices.append((_REMOVE, f"remove “{here}”"))
    elif now != WorklistQuery():
        choices.append((_SAVE, "save what is in view…"))
    current = _ALL if now == WorklistQuery() else _SAVE if here is None else _VIEW + here

    def chosen(choice: str | None) -> None:
        if choice == _ALL:
            screen.show_view(WorklistQuery())
        elif choice == _SAVE:
            _ask_name(screen, views)
        elif choice == _REMOVE and here is not None:
            _write(screen, {name: view for name, view in views.items() if name != here})
        elif choice is not None:
            screen.show_view(views[choice.removeprefix(_VIEW)])

    app_of(screen).push_screen(ChoiceDialog("Views", choices, current), chosen)


def _ask_name(screen: WorklistScreen, views: dict[str, WorklistQuery]) -> None:
    from rehabctl.tui.screens.name_dialog import NameDialog

    def named(name: str | None) -> None:
        if name is None:
            return
        view, rows = screen.worklist_query, screen.table.pages.loaded_rows()
        if why := refusal(name, view, rows):
            screen.notify(why, severity="warning", markup=False)
        else:
            _write(screen, views | {name: view})

    app_of(screen).push_screen(NameDialog("Save this view", "a name for filter and order"), named)


def _write(screen: WorklistScreen, views: dict[str, WorklistQuery]) -> None:
    path = screen.context.views_path
    if path is None:
        return
    try:
        save_views(path, views)
    except RehabctlError as error:
        screen.notify(str(error), severity="error", markup=False)
