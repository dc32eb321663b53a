"""What a screen announces: how it is opened, its keys, and where they work at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class PanelKey:
    """One action that a key starts."""

    id: str
    keys: str
    action: str
    text: str
    shown: bool = False
    """In the key bar at the bottom."""
    priority: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that one key opens.

    The class takes the context, and the record number of the patient in focus if it is about one.
    """

    name: str
    id: str
    """Of the key, for the user's keymap: `care.alerts`, `places.kits`."""
    key: str
    text: str
    screen: str
    """Module and class, as `module:Class`: imported when it is opened."""
    of_patient: bool = False
    """Opened on the worklist and on a patient; else on the worklist and from other such places."""

    def as_key(self) -> PanelKey:
        """Return the key that opens it."""
        return PanelKey(self.id, self.key, f"open('{self.name}')", self.text)

    def load(self) -> Any:
        """Return the class of the screen."""
        return load(self.screen)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one part of the panel brings along."""

    places: tuple[Place, ...] = ()
    groups: Mapping[str, tuple[PanelKey, ...]] = field(
        default_factory=dict[str, tuple[PanelKey, ...]]
    )
    """Keys by group; a screen or widget takes its groups with `keymap.bindings`."""
    together: tuple[tuple[str, ...], ...] = ()
    """Groups whose keys work at the same time and so cannot share one."""
    sections: tuple[tuple[str, str], ...] = ()
    """Headings of `docs/panel-keys.md` and the `module:Class` whose keys stand below."""


def load(target: str) -> Any:
    """Return the class that `module:Class` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
