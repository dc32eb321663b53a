"""`rehabctl schedule`: find a time, book it, move it, cancel it; hours, calendars, waitlist."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.commands._schedule_calendars import away, export, hours, import_
from rehabctl.commands._schedule_intake import suitability, waitlist
from rehabctl.commands._schedule_options import (
    DaysOption,
    FromOption,
    OutsideFlag,
    OverrideOption,
    ProviderOption,
    TypeOption,
    tables_in_force,
)
from rehabctl.commands._schedule_times import day_later, day_start, first_moment, required_moment
from rehabctl.commands._schedule_views import (
    BOOKED_COLUMNS,
    DAY_COLUMNS,
    booked_object,
    day_object,
    span_object,
)

app = typer.Typer(help="Find a time, book it, move it, cancel it.", no_args_is_help=True)


@app.command(
    epilog="Examples: rehabctl schedule availability --type treatment-tele | "
    "rehabctl schedule availability --provider jlee --type evaluation --from 2026-03-09 --days 5"
)
def availability(
    type_: TypeOption = "treatment",
    provider: ProviderOption = None,
    from_: FromOption = None,
    days: DaysOption = 7,
    minutes: Annotated[int | None, typer.Option("--minutes", help="Length.")] = None,
    limit: LimitOption = 30,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the free times of a provider for an appointment type."""
    from rehabctl.services import schedule_views
    from rehabctl.services.wiring import open_store

    settings, tables = tables_in_force()
    with open_store(settings) as store:
        start = first_moment(from_, store.clock(), store.clinic.time_zone)
        found = schedule_views.availability(
            store,
            tables,
            provider=provider,
            type_key=type_,
            from_at=start,
            until_at=start + timedelta(days=days),
            minutes=minutes,
            limit=limit,
        )
        rows = [span_object(span, store.clinic.time_zone) for span in found]
    columns = ("start_local", "end_local", "start_at")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl schedule book 1042 --type treatment-tele "
    "--start 2026-03-09T09:00:00-06:00 --state CO | rehabctl schedule book 1 2 3 4 --type group "
    "--start 2026-03-09T15:00:00Z --every-weeks 1 --count 6 --dry-run"
)
def book(
    mrns: Annotated[list[str], typer.Argument(help="Record numbers; several for a group.")],
    start: Annotated[str, typer.Option("--start", help="ISO time with a zone.")],
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="Appointment type; default: what the intake says, else treatment.",
            metavar="TYPE",
        ),
    ] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", help="Length.")] = None,
    provider: ProviderOption = None,
    supervisor: Annotated[
        str | None, typer.Option("--supervisor", help="Login of an assistant's supervisor.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Where the patient will be; default: the home state."),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="In which a series keeps its time; default: the clinic's."),
    ] = None,
    every_weeks: Annotated[int, typer.Option("--every-weeks", min=0, help="A series.")] = 0,
    count: Annotated[int, typer.Option("--count", min=1, help="How many of a series.")] = 1,
    waitlist: Annotated[
        str | None, typer.Option("--waitlist", help="The waitlist entry that this fulfils.")
    ] = None,
    override: OverrideOption = None,
    outside_hours: OutsideFlag = False,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Book an appointment; exit 3 when it may not take place or somebody is not free.

    Licensure, the plan of care and its authorisation, the intake and everybody's time are checked.
    """
    from rehabctl.services import scheduling
    from rehabctl.services.wiring import open_store

    booking = scheduling.Booking(
        mrns=tuple(mrns),
        type_key=type_,
        start_at=required_moment(start),
        minutes=minutes,
        provider=provider,
        supervisor=supervisor,
        state=state,
        zone=zone,
        every_weeks=every_weeks,
        count=count,
        override=override,
        outside_hours=outside_hours,
        waitlist_entry=waitlist,
    )
    settings, tables = tables_in_force()
    with open_store(settings) as store:
        made = scheduling.book(store, tables, booking, dry_run=dry_run)
    out = Output.of(format_, json_, output, quiet)
    emit_items([booked_object(visit) for visit in made], BOOKED_COLUMNS, out)
    if state is None:
        note("The patient is expected at home; where she is will be asked at check-in.", out)


@app.command(
    epilog="Examples: rehabctl schedule move ID --start 2026-03-10T09:00:00-06:00 | "
    "rehabctl schedule move ID --start 2026-03-10T15:00:00Z --json"
)
def move(
    visit_id: Annotated[str, typer.Argument(metavar="ID", help="From `schedule list`.")],
    start: Annotated[str, typer.Option("--start", help="ISO time with a zone.")],
    override: OverrideOption = None,
    outside_hours: OutsideFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Move an appointment, a group with everybody; all is checked again for the new time."""
    from rehabctl.services import rebooking
    from rehabctl.services.wiring import open_store

    settings, tables = tables_in_force()
    with open_store(settings) as store:
        moved = rebooking.move(
            store,
            tables,
            visit_id,
            required_moment(start),
            override=override,
            outside_hours=outside_hours,
        )
    out = Output.of(format_, json_, output, quiet)
    emit_items([booked_object(visit) for visit in moved], BOOKED_COLUMNS, out)


@app.command(
    epilog='Examples: rehabctl schedule cancel ID --reason "patient ill" | '
    'rehabctl schedule cancel ID --reason "moved away" --following'
)
def cancel(
    visit_id: Annotated[str, typer.Argument(metavar="ID", help="From `schedule list`.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    group: Annotated[bool, typer.Option("--group", help="Everybody of the group.")] = False,
    following: Annotated[
        bool, typer.Option("--following", help="The later visits of the series too.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Cancel a visit, its group, or the rest of its series."""
    from rehabctl.services import rebooking
    from rehabctl.services.wiring import open_store

    settings, tables = tables_in_force()
    with open_store(settings) as store:
        done = rebooking.cancel(
            store, tables, visit_id, reason, whole_group=group, following=following
        )
    rows = [booked_object(visit) | {"late": late} for visit, late in done]
    out = Output.of(format_, json_, output, quiet)
    emit_items(rows, (*BOOKED_COLUMNS, "late"), out, narrow=("id", "start_local", "status", "late"))


@app.command(
    "list",
    epilog="Examples: rehabctl schedule list | "
    "rehabctl schedule list --provider jlee --from 2026-03-09 --days 7 --json",
)
def list_(
    provider: Annotated[
        str | None, typer.Option("--provider", help="Login; default: everybody.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First day; default: today.")] = None,
    days: DaysOption = 1,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List what is booked on a day or in a week."""
    from rehabctl.services import schedule_views
    from rehabctl.services.wiring import open_store

    settings, tables = tables_in_force()
    with open_store(settings) as store:
        start = day_start(from_, store.clock(), store.clinic.time_zone)
        until = day_later(start, days, store.clinic.time_zone)
        lines = schedule_views.listed(store, tables, start, until, provider=provider)
        rows = [day_object(line, store.clinic.time_zone) for line in lines]
    out = Output.of(format_, json_, output, quiet)
    emit_items(rows, DAY_COLUMNS, out, narrow=("id", "start_local", "mrn", "status"))


app.command(
    epilog="Examples: rehabctl schedule hours jlee mon=09:00-12:00 mon=13:00-17:00 | "
    "rehabctl schedule hours jlee"
)(hours)
app.command(
    epilog="Examples: rehabctl schedule away jlee --from 2026-03-09T00:00:00-06:00 "
    "--until 2026-03-14T00:00:00-06:00 --reason vacation | rehabctl schedule away jlee "
    "--from 2026-03-09T18:00:00Z --until 2026-03-09T19:00:00Z"
)(away)
app.command(
    epilog="Examples: rehabctl schedule export --provider jlee --days 14 -o week.ics | "
    "rehabctl schedule export --with-mrn -o -"
)(export)
app.command(
    "import",
    epilog="Examples: rehabctl schedule import private.ics --provider jlee --dry-run | "
    "rehabctl schedule import - --provider jlee < private.ics",
)(import_)
app.command(
    epilog="Examples: rehabctl schedule waitlist | rehabctl schedule waitlist --add 1042 "
    "--type evaluation-tele --until 2026-03-20"
)(waitlist)
app.command(
    epilog="Examples: rehabctl schedule suitability 1042 --falls 0 --device video | "
    "rehabctl schedule suitability 1042 --json"
)(suitability)
