"""Messages of the screens about visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rehabctl.billing.units import UnitResult
    from rehabctl.services.notes import NoteView
    from rehabctl.services.schedule_views import ScheduleLine
    from rehabctl.services.visit_sheet import JoinSheet


@dataclass
class ScheduleLoaded(Message):
    """Some days of the schedule were read."""

    first: date
    days: int
    everybody: bool
    lines: tuple[ScheduleLine, ...]


@dataclass
class SheetLoaded(Message):
    """A visit was read."""

    sheet: JoinSheet


@dataclass
class UnitsCounted(Message):
    """The units of a visit were counted."""

    revision: int
    """Of the visit that was counted."""
    units: UnitResult


@dataclass
class VisitChanged(Message):
    """What a key asked for was done with the visit."""

    text: str


@dataclass
class NoteLoaded(Message):
    """The note of a visit was read."""

    view: NoteView
