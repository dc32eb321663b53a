"""The keys that matter here, on the last line: from the live bindings, at most as many as fit."""

from __future__ import annotations

from typing import ClassVar, cast

from rich.cells import cell_len
from rich.segment import Segment
from textual.screen import Screen
from textual.signal import Signal
from textual.strip import Strip
from textual.widget import Widget

from rehabctl.tui.cells import clean
from rehabctl.tui.safe_app import app_of

_MOST = 6


class KeyBar(Widget):
    """Shows the bindings marked as shown; it follows the focus and the user's keymap."""

    COMPONENT_CLASSES: ClassVar = {"key-bar--key"}

    def on_mount(self) -> None:
        """Redraw when the active bindings change."""
        screen = cast("Screen[None]", self.screen)
        signal = cast("Signal[object]", screen.bindings_updated_signal)  # pyright: ignore
        signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _: object) -> None:
        if self.is_attached:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return as many key and word pairs as fit."""
        width = self.size.width
        pairs = self._shown()
        while len(pairs) > 1 and sum(map(_cells, pairs)) > width:
            del pairs[-2]  # the last is the key that tells all others
        key_style = self.get_component_rich_style("key-bar--key")
        segments: list[Segment] = []
        used = 0
        for key, text in pairs:
            segments += [Segment(f" {key} ", key_style), Segment(f"{text}  ", self.rich_style)]
            used += _cells((key, text))
        segments.append(Segment(" " * max(0, width - used), self.rich_style))
        return Strip(segments, max(width, used)).crop(0, width)

    def _shown(self) -> list[tuple[str, str]]:
        shown: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in shown:
                key = app_of(self).get_key_display(binding)
                shown[binding.action] = (clean(key), binding.description)
        return list(shown.values())[:_MOST]


def _cells(pair: tuple[str, str]) -> int:
    return cell_len(pair[0]) + cell_len(pair[1]) + 4
