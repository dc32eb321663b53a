"""The command palette: every action that a key would start here, by its words."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider


class PanelCommands(Provider):
    """Actions of the screen from which the palette was opened."""

    def _actions(self) -> list[tuple[str, str, Callable[[], Coroutine[Any, Any, bool]]]]:
        """Return text, key and the call of every distinct action, the screen's own first."""
        found: dict[str, tuple[str, str, Callable[[], Coroutine[Any, Any, bool]]]] = {}
        live = self.screen.active_bindings.values()
        # the focused widget's keys move a cursor: whoever searches for words wants the others
        for active in sorted(live, key=lambda a: a.node is not self.screen):
            binding = active.binding
            if binding.id and binding.description and binding.action not in found:
                call = partial(self.app.run_action, binding.action, active.node)
                key = self.app.get_key_display(binding)
                found[binding.action] = (binding.description, key, call)
        return list(found.values())

    async def discover(self) -> Hits:
        """Yield everything."""
        for text, key, call in self._actions():
            yield DiscoveryHit(text, call, help=f"key: {key}")

    async def search(self, query: str) -> Hits:
        """Yield what fits the typed words."""
        matcher = self.matcher(query)
        for text, key, call in self._actions():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), call, help=f"key: {key}")
