"""The port through which visits are listed, held and written up. Every method may block."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rehabctl.billing.units import UnitResult
    from rehabctl.domain.visit import Channel, Visit
    from rehabctl.services.notes import NoteView
    from rehabctl.services.schedule_views import ScheduleLine
    from rehabctl.services.visit_sheet import JoinSheet


class VisitData(Protocol):
    """What the screens about visits need of the services."""

    @property
    def zone(self) -> tzinfo:
        """The clinic's time zone, in which its schedule is read; does not block."""
        ...

    def listed(self, first: date, days: int, *, everybody: bool) -> Sequence[ScheduleLine]:
        """Return what is booked on some days, by start: one's own, or everybody's."""
        ...

    def book(self, mrn: str, start: datetime, type_key: str, override: str) -> None:
        """Book an appointment with oneself; without a type the one that follows from the intake."""
        ...

    def move(self, visit_id: str, start: datetime, override: str) -> None:
        """Move an appointment, a group with everybody; all is checked again for the new time."""
        ...

    def cancel(self, visit_id: str, reason: str) -> None:
        """Cancel a visit."""
        ...

    def sheet(self, visit_id: str) -> JoinSheet:
        """Return the join sheet: the visit, licensure as of now, what to do when a call breaks."""
        ...

    def units(self, visit: Visit, now: datetime) -> UnitResult:
        """Return the units of a visit in hand; a code that runs is counted up to now."""
        ...

    def start(self, visit_id: str, channel: Channel, state: str, override: str) -> None:
        """Start a visit; licensure and suitability are checked for where the patient is now."""
        ...

    def switch(self, visit_id: str, channel: Channel, picture: str | None = None) -> None:
        """Go on by another channel, or with another picture."""
        ...

    def begin_code(self, visit_id: str, code: str) -> None:
        """Time a procedure code from now on."""
        ...

    def stop(self, visit_id: str) -> None:
        """End a visit."""
        ...

    def rate(self, visit_id: str, answer: str) -> None:
        """Keep the patient's answer, 0 to 10."""
        ...

    def note(self, visit_id: str) -> NoteView:
        """Return the daily note of a visit that was held, drafted when there is none."""
        ...

    def write(self, note_id: str, section: str, text: str) -> None:
        """Put a clinician's words into a section of a draft."""
        ...

    def sign(self, note_id: str, credentials: str) -> None:
        """Sign a draft; it stays as it is from then on."""
        ...

    def add(self, note_id: str, text: str, credentials: str) -> None:
        """Add to a signed note."""
        ...
