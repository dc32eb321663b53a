"""What a widget says about itself when F1 is pressed on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class HelpText:
    """A title and a few plain sentences."""

    title: str
    text: str


@runtime_checkable
class Helpable(Protocol):
    """A widget with help of its own."""

    @property
    def help(self) -> HelpText:
        """The text that F1 shows, above the widget's keys."""
        ...
