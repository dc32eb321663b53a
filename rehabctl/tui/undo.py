"""What can be taken back, newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 100


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One action and how it is taken back."""

    text: str
    """What was done, without patient data: it is shown in a notice."""
    perform: Callable[[], None]
    """Takes it back; blocks and raises `RehabctlError`, unless it is `in_panel`."""
    in_panel: bool = False
    """Nothing was stored: it is taken back on the thread that draws."""


class UndoStack:
    """The actions of this panel; those that cannot be taken back are never put on it."""

    def __init__(self) -> None:
        self._steps: list[UndoStep] = []

    def push(self, step: UndoStep) -> None:
        """Add what was just done."""
        self._steps = [*self._steps[1 - _KEPT :], step]

    def pop(self) -> UndoStep | None:
        """Take the newest step; None when there is none."""
        return self._steps.pop() if self._steps else None
