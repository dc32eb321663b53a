"""`rehabctl schedule hours|away|export|import`: when a provider works, and calendar files."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import DryRunFlag, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object
from rehabctl.commands._schedule_options import (
    DaysOption,
    tables_in_force,
)
from rehabctl.commands._schedule_times import day_later, day_start, required_moment
from rehabctl.commands._times import day


def hours(
    login: Annotated[str, typer.Argument(help="The provider.")],
    lines: Annotated[
        list[str] | None, typer.Argument(help="Each like mon=09:00-17:00; none: show them.")
    ] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="IANA name.")] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show or replace a provider's working hours."""
    from rehabctl.services import calendars
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        if lines:
            first = day(valid_from, "--from")
            found = calendars.set_hours(store, login, lines, zone=zone, valid_from=first)
        else:
            found = calendars.hours_of(store, login)
    rows = [
        {
            "weekday": line.weekday,
            "from_time": f"{line.from_time:%H:%M}",
            "until_time": f"{line.until_time:%H:%M}",
            "time_zone": line.time_zone,
            "valid_from": line.valid_from,
        }
        for line in found
    ]
    columns = ("weekday", "from_time", "until_time", "time_zone", "valid_from")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def away(
    login: Annotated[str, typer.Argument(help="The provider.")],
    from_: Annotated[str, typer.Option("--from", help="ISO time with a zone.")],
    until: Annotated[str, typer.Option("--until", help="ISO time with a zone.")],
    reason: Annotated[str, typer.Option("--reason", help="A word.")] = "",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note when a provider is away; what is booked then stays and is counted."""
    from rehabctl.services import calendars
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    first, last = required_moment(from_, "--from"), required_moment(until, "--until")
    with open_store(load_settings()) as store:
        absence, booked = calendars.add_absence(store, login, first, last, reason)
    out = Output.of(format_, json_, output, quiet)
    emit_object(
        {
            "id": absence.id,
            "from_at": absence.from_at,
            "until_at": absence.until_at,
            "appointments_booked": booked,
        },
        out,
    )


def export(
    provider: Annotated[
        str | None, typer.Option("--provider", help="Login; default: everybody.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First day; default: today.")] = None,
    days: DaysOption = 7,
    with_mrn: Annotated[
        bool, typer.Option("--with-mrn", help="Record numbers stand in the titles.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Write appointments as an iCalendar file, without names."""
    from rehabctl.services import calendars, schedule_views
    from rehabctl.services.wiring import open_store

    settings, tables = tables_in_force()
    with open_store(settings) as store:
        start = day_start(from_, store.clock(), store.clinic.time_zone)
        until = day_later(start, days, store.clinic.time_zone)
        lines = schedule_views.listed(store, tables, start, until, provider=provider)
        content = calendars.export_calendar(store, lines, with_mrn=with_mrn)
    emit_bytes(content, Output.of(None, False, output))


def import_(
    file: Annotated[str, typer.Argument(help="iCalendar file; - is stdin.")],
    provider: Annotated[str, typer.Option("--provider", help="Login.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Last day of recurring events.")
    ] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take a provider's busy times over from another calendar; twice adds nothing."""
    from rehabctl.commands._words import bytes_of
    from rehabctl.services import calendars
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    content, last = bytes_of(file), day(until, "--until")
    with open_store(load_settings()) as store:
        report = calendars.import_calendar(store, provider, content, last, dry_run=dry_run)
    emit_object(
        {"read": report.read, "created": report.created, "unchanged": report.unchanged},
        Output.of(format_, json_, output, quiet),
    )
