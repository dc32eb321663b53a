"""What every screen is given: the port, the clock, and the drafts that must not be lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from rehabctl.domain.week_plan import WeekPlan
from rehabctl.tui.columns import Viewer
from rehabctl.tui.data import PanelData
from rehabctl.tui.undo import UndoStack


@dataclass
class PanelContext:
    """The panel's surroundings."""

    data: PanelData
    now: Callable[[], datetime]
    """Aware UTC."""
    zone: tzinfo
    """The viewer's time zone."""
    executable: tuple[str, ...]
    """What the command line `:` starts, before its arguments."""
    refresh_s: float = 60.0
    lock_after_s: float | None = 600.0
    """Idle time after which the screen locks; None turns it off."""
    drafts: dict[str, str] = field(default_factory=dict[str, str])
    """Text that was typed and not saved yet, by what it is about. In memory only."""
    plans: dict[str, WeekPlan] = field(default_factory=dict[str, WeekPlan])
    """Plans that were changed and not saved yet, by record number. In memory only."""
    forms: dict[str, tuple[str, dict[str, float | None]]] = field(
        default_factory=dict[str, tuple[str, dict[str, "float | None"]]]
    )
    """Questionnaires that are not saved yet, by record number: instrument and answers."""
    credentials: str = ""
    """With which the newest note was signed. In memory only."""
    views_path: Path | None = None
    """Where saved views are kept; None keeps none."""
    undo: UndoStack = field(default_factory=UndoStack)

    def viewer(self) -> Viewer:
        """Return the moment and zone for relative times."""
        return Viewer(self.now(), self.zone)
