"""Loader of appointment types and the booking policy (`scheduling/appointments.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from rehabctl.domain.errors import RehabctlError, UsageError, suggestion
from rehabctl.domain.schedule import AppointmentType, BookingPolicy
from rehabctl.domain.visit import Channel, VisitKind
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader

PACKAGED = "rehabctl"


@dataclass(frozen=True, slots=True)
class Appointments:
    """Everything that a booking reads."""

    types: Mapping[str, AppointmentType]
    policy: BookingPolicy
    effective_from: date
    origin: str

    @property
    def version(self) -> str:
        """Name of exactly this table."""
        owner = "" if self.origin == PACKAGED else f"+{self.origin}"
        return f"APPOINTMENTS@{self.effective_from.isoformat()}{owner}"

    def get(self, key: str, day: date) -> AppointmentType:
        """Return an appointment type as it holds on a day.

        Raises
        ------
        UsageError
            There is no such type.
        RehabctlError
            The table does not hold on that day yet.
        """
        if day < self.effective_from:
            raise RehabctlError(
                f"no appointment types hold on {day.isoformat()}", "Correct appointments.toml"
            )
        found = self.types.get(key)
        if found is None:
            near = suggestion(key, list(self.types)).replace("did", "Did", 1)
            known = f"Use one of: {', '.join(self.types)}"
            raise UsageError(f"no appointment type is called {key!r}", near or known)
        return found


def load_appointments(own: str | None = None, name: str = "appointments.toml") -> Appointments:
    """Return the packaged table, or a clinic's own in its place.

    Parameters
    ----------
    own
        Text of the clinic's file.
    name
        Its name, for messages.

    Raises
    ------
    UsageError
        The clinic's file is not TOML, or an entry is wrong.
    """
    origin = PACKAGED if own is None else name
    if own is None:
        own = (files("rehabctl.reference") / "scheduling" / "appointments.toml").read_text("utf-8")
    try:
        document = tomllib.loads(own)
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{name} is not TOML", "Correct the file") from None
    problems: list[Problem] = []
    reader = TableReader(document, (), problems)
    from_day = reader.day("effective_from", required=True)
    reader.text("source")
    reader.text("grade")
    policy = _policy(reader.table("policy"))
    types = [_type(table) for table in reader.tables("type")]
    reader.finish()
    if problems:
        where = ".".join(str(part) for part in problems[0].path)
        raise UsageError(f"{name}: {where}: {problems[0].message}", "Correct the file")
    return Appointments({t.key: t for t in types}, policy, from_day or date.max, origin)


def _policy(table: TableReader) -> BookingPolicy:
    policy = BookingPolicy(
        buffer_min=table.integer("buffer_min"),
        cancel_notice_h=table.integer("cancel_notice_h"),
        group_decided_h=table.integer("group_decided_h"),
        reminders_h=table.integers("reminders_h"),
        max_occurrences=table.integer("max_occurrences"),
        slot_step_min=table.integer("slot_step_min"),
    )
    if not 0 <= policy.buffer_min <= 120:
        table.problem("buffer_min", "range", "is not between 0 and 120")
    if not 1 <= policy.slot_step_min <= 120:
        table.problem("slot_step_min", "range", "is not between 1 and 120")
    table.finish()
    return policy


def _type(table: TableReader) -> AppointmentType:
    found = AppointmentType(
        key=table.text("key"),
        kind=table.choice("kind", VisitKind),
        channel=table.choice("channel", Channel),
        minutes=table.integers("minutes"),
        group_min=table.integer("group_min", 1),
        group_max=table.integer("group_max", 1),
    )
    if not found.minutes or not all(1 <= minutes <= 480 for minutes in found.minutes):
        table.problem("minutes", "range", "needs lengths between 1 and 480")
    if not 1 <= found.group_min <= found.group_max:
        table.problem("group_max", "range", "is smaller than group_min")
    if found.is_group != (found.kind is VisitKind.GROUP):
        table.problem("group_max", "range", "only the kind `group` takes several patients")
    table.finish()
    return found
