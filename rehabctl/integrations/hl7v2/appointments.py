"""What received appointment messages (SIU S12 to S15) say, in our words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rehabctl.domain.roster import FieldProblem
from rehabctl.integrations.hl7v2.message import Message, Segment

APPOINTMENT_EVENTS = ("SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15")
"""Booked, moved, changed, cancelled."""
_TIME = re.compile(r"(\d{12})(\d{2})?(?:\.\d{1,4})?([+-]\d{4})?")
_MINUTES = ("", "MIN", "M", "MINUTES")


@dataclass(frozen=True, slots=True)
class AppointmentMessage:
    """One appointment of the sender. Empty texts and None: not said."""

    event: str
    """`S12` to `S15`."""
    number: str
    """The filler's identifier, else the placer's: the same for all messages about it."""
    type_key: str
    start_at: datetime | None
    minutes: int | None
    provider: str
    reason: str


def appointment(message: Message, zone: ZoneInfo) -> AppointmentMessage | list[FieldProblem]:
    """Return the appointment of a message, or every reason why it cannot be read.

    Parameters
    ----------
    message
        Of kind `SIU`.
    zone
        Of times that name none: the clinic's.
    """
    sch = message.first("SCH")
    if sch is None:
        return [FieldProblem("SCH", "is missing")]
    ais, aip = message.first("AIS"), message.first("AIP")
    problems: list[FieldProblem] = []
    number = sch.text(2) or sch.text(1)
    if not number:
        problems.append(FieldProblem("SCH-2", "is missing"))
    starts = (_text(ais, 4), sch.text(11, 4), _text(aip, 6))
    start = _time(next((text for text in starts if text), ""), zone)
    if start is None and any(starts):
        problems.append(FieldProblem("AIS-4", "is no time of a day and minute"))
    minutes = _minutes(_text(ais, 7), _text(ais, 8)) or _minutes(sch.text(9), sch.text(10))
    if minutes is None and (_text(ais, 7) or sch.text(9)):
        problems.append(FieldProblem("SCH-9", "is no number of minutes"))
    if problems:
        return problems
    return AppointmentMessage(
        event=message.header.text(9, 2),
        number=number,
        type_key=sch.text(8),
        start_at=start,
        minutes=minutes,
        provider=_text(aip, 3),
        reason=sch.text(6, 2) or sch.text(6),
    )


def _text(segment: Segment | None, field: int) -> str:
    return "" if segment is None else segment.text(field)


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    minute, second, offset = found.groups()
    try:
        if offset:
            return datetime.strptime(f"{minute}{second or '00'}{offset}", "%Y%m%d%H%M%S%z")
        read = datetime.strptime(f"{minute}{second or '00'}", "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return read.replace(tzinfo=zone)


def _minutes(text: str, unit: str) -> int | None:
    whole = text.removesuffix(".0")
    if whole.isdecimal() and len(whole) <= 4 and unit.upper() in _MINUTES:
        return int(whole) or None
    return None
