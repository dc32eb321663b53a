"""What the panel shows of the schedule and does with visits: the services of the commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.billing.units import UnitResult, count_units
from rehabctl.domain.errors import UsageError
from rehabctl.domain.note import NoteKind
from rehabctl.domain.visit import Channel, Visit
from rehabctl.reference.rules import RuleTable
from rehabctl.services import (
    note_drafts,
    notes,
    rebooking,
    schedule_views,
    scheduling,
    visit_sheet,
    visits,
)
from rehabctl.services.licences import clinic_compact
from rehabctl.services.notes import NoteView
from rehabctl.services.plan_limits import services_of
from rehabctl.services.schedule_views import ScheduleLine
from rehabctl.services.scheduling import Booking, clinic_booking_rules
from rehabctl.services.visit_sheet import JoinSheet

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

_UNIT_RULE = "cms"


@dataclass(frozen=True)
class VisitDesk:
    """Implements the panel's port of visits. Every method may be called from any thread."""

    store: Store
    settings: Settings
    rules: RuleTable

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.store.clinic.time_zone)

    def listed(self, first: date, days: int, *, everybody: bool) -> Sequence[ScheduleLine]:
        """Return what is booked on some days, by start."""
        start, end = (
            datetime.combine(day, time(), self.zone).astimezone(UTC)
            for day in (first, first + timedelta(days=days))
        )
        provider = None if everybody else self.store.user.login
        tables = clinic_booking_rules(self.settings)
        return schedule_views.listed(self.store, tables, start, end, provider=provider)

    def book(self, mrn: str, start: datetime, type_key: str, override: str) -> None:
        """Book an appointment with the acting user."""
        wanted = Booking((mrn,), type_key or None, start, override=override or None)
        scheduling.book(self.store, clinic_booking_rules(self.settings), wanted)

    def move(self, visit_id: str, start: datetime, override: str) -> None:
        """Move an appointment, a group with everybody."""
        tables = clinic_booking_rules(self.settings)
        rebooking.move(self.store, tables, visit_id, start, override=override or None)

    def cancel(self, visit_id: str, reason: str) -> None:
        """Cancel a visit."""
        tables = clinic_booking_rules(self.settings)
        rebooking.cancel(self.store, tables, visit_id, reason)

    def sheet(self, visit_id: str) -> JoinSheet:
        """Return the join sheet of a visit."""
        return visit_sheet.join_sheet(self.store, clinic_compact(self.settings), visit_id)

    def units(self, visit: Visit, now: datetime) -> UnitResult:
        """Return the units of a visit in hand; nothing is read from the store."""
        day = (visit.started_at or now).astimezone(self.zone).date()
        return count_units(services_of(visit, now), rule=_UNIT_RULE, on=day)

    def start(self, visit_id: str, channel: Channel, state: str, override: str) -> None:
        """Start a visit."""
        visits.start(
            self.store,
            clinic_compact(self.settings),
            visit_id,
            channel=channel,
            patient_state=state.strip() or None,
            override=override.strip() or None,
        )

    def switch(self, visit_id: str, channel: Channel, picture: str | None = None) -> None:
        """Go on by another channel, or with another picture."""
        visits.switch_channel(self.store, visit_id, channel, picture=picture)

    def begin_code(self, visit_id: str, code: str) -> None:
        """Time a procedure code from now on."""
        visits.begin_block(self.store, visit_id, code.strip().upper(), one_to_one=True)

    def stop(self, visit_id: str) -> None:
        """End a visit."""
        visits.stop(self.store, self.rules, visit_id)

    def rate(self, visit_id: str, answer: str) -> None:
        """Keep the patient's answer.

        Raises
        ------
        UsageError
            It is no whole number from 0 to 10.
        """
        if not answer.strip().isdecimal():
            raise UsageError("the answer is not a number from 0 to 10", "Ask again")
        visit_sheet.rate(self.store, visit_id, int(answer))

    def note(self, visit_id: str) -> NoteView:
        """Return the daily note of a visit, drafted when there is none."""
        template = note_drafts.clinic_template(self.settings, NoteKind.DAILY)
        return note_drafts.draft_of_visit(self.store, self.rules, template, visit_id)

    def write(self, note_id: str, section: str, text: str) -> None:
        """Put a clinician's words into a section of a draft."""
        notes.edit(self.store, note_id, text, section=section)

    def sign(self, note_id: str, credentials: str) -> None:
        """Sign a draft."""
        notes.sign(self.store, self.rules, note_id, credentials)

    def add(self, note_id: str, text: str, credentials: str) -> None:
        """Add to a signed note."""
        notes.add_addendum(self.store, note_id, text, credentials)
