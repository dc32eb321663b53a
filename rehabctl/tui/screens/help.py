"""Help from the live bindings: it cannot disagree with what the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from rehabctl.tui.cells import fit
from rehabctl.tui.help_text import Helpable
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.own_dismiss import OwnDismiss
from rehabctl.tui.widgets.reader import Reader

_KEY_CELLS = 26


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """The keys of one widget or screen."""

    title: str
    keys: tuple[tuple[str, str], ...]
    """Keys as shown, and what they do."""


def groups_of(screen: Screen[Any]) -> list[KeyGroup]:
    """Return the active keys of a screen, the focused widget's first."""
    by_node: dict[DOMNode, dict[str, tuple[list[str], str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.system:
            continue
        actions = by_node.setdefault(active.node, {})
        keys, _ = actions.setdefault(binding.action, ([], binding.description))
        keys.append(app_of(screen).get_key_display(binding))
    return [
        KeyGroup(title_of(node), tuple((" ".join(keys), text) for keys, text in actions.values()))
        for node, actions in by_node.items()
    ]


def title_of(node: DOMNode) -> str:
    """Return what a group of keys is called."""
    if isinstance(node, Helpable):
        return node.help.title
    if isinstance(node, Screen):
        return "This screen"
    return "Everywhere" if node.parent is None else type(node).__name__


def help_of_focused(screen: Screen[Any]) -> HelpScreen:
    """Return the help of the nearest widget around the focus that has one."""
    node: DOMNode | None = screen.focused
    groups = groups_of(screen)
    while node is not None and not isinstance(node, Helpable):
        node = node.parent
    if node is None:
        return HelpScreen("Keys", None, groups)
    own = [group for group in groups if group.title == node.help.title]
    return HelpScreen(node.help.title, node.help.text, own)


class HelpScreen(OwnDismiss, ModalScreen[None]):
    """A page of keys.

    Parameters
    ----------
    title
        Heading.
    text
        Explanation above the keys.
    groups
        The keys.
    """

    BINDINGS: ClassVar = [
        Binding("escape,q,question_mark,f1", "close", "Close", id="help.close"),
    ]

    def __init__(self, title: str, text: str | None, groups: Sequence[KeyGroup]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._groups = tuple(groups)

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Vertical(classes="dialog tall"):
            yield Static(Content(self._title), classes="dialog-title")
            with Reader():
                if self._text:
                    yield Static(Content(self._text), classes="help-text")
                for group in self._groups:
                    yield Static(self._page(group), classes="help-group")
            yield Static(Content("j k: scroll   esc: close"), classes="dialog-hint")

    def _page(self, group: KeyGroup) -> Content:
        lines = [Content.styled(group.title, "bold $primary")]
        lines += [
            Content.assemble((fit(keys, _KEY_CELLS), "$accent"), " ", text)
            for keys, text in group.keys
        ]
        return Content("\n").join(lines)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss(None)
