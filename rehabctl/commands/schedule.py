"""`rehabctl schedule`: find a time, book it, move it, cancel it; hours, calendars, waitlist."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_bytes, emit_items, emit_object, note
from rehabctl.commands._schedule_times import day_later, day_start, first_moment, required_moment
from rehabctl.commands._schedule_views import (
    BOOKED_COLUMNS,
    DAY_COLUMNS,
    booked_object,
    day_object,
    span_object,
)
from rehabctl.commands._times import day
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.services.settings import Settings

app = typer.Typer(help="Find a time, book it, move it, cancel it.", no_args_is_help=True)

ProviderOption = Annotated[
    str | None, typer.Option("--provider", help="Login; default: you.", metavar="LOGIN")
]
TypeOption = Annotated[
    str, typer.Option("--type", help="Appointment type, such as treatment-tele.", metavar="TYPE")
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Day or ISO time with a zone; default: now.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=92, help="How many days.")]
OverrideOption = Annotated[
    str | None,
    typer.Option(
        "--override",
        help="Why you decide, under your name, what could not be verified.",
        metavar="REASON",
    ),
]
OutsideFlag = Annotated[
    bool, typer.Option("--outside-hours", help="Outside the provider's working hours too.")
]


def _tables() -> tuple[Settings, BookingRules]:
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    return settings, clinic_booking_rules(settings)


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

    settings, tables = _tables()
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
    type_: TypeOption = "treatment",
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
    """Book an appointment; exit 3 when it may not take place or somebody is not free."""
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
    settings, tables = _tables()
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
    """Move an appointment, a group with everybody; licences are checked for the new day."""
    from rehabctl.services import scheduling
    from rehabctl.services.wiring import open_store

    settings, tables = _tables()
    with open_store(settings) as store:
        moved = scheduling.move(
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
    from rehabctl.services import scheduling
    from rehabctl.services.wiring import open_store

    settings, tables = _tables()
    with open_store(settings) as store:
        done = scheduling.cancel(
            store, tables, visit_id, reason, whole_group=group, following=following
        )
    rows = [booked_object(visit) | {"late": late} for visit, late in done]
    columns = (*BOOKED_COLUMNS, "late")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


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

    settings, tables = _tables()
    with open_store(settings) as store:
        start = day_start(from_, store.clock(), store.clinic.time_zone)
        until = day_later(start, days, store.clinic.time_zone)
        lines = schedule_views.listed(store, tables, start, until, provider=provider)
        rows = [day_object(line, store.clinic.time_zone) for line in lines]
    emit_items(rows, DAY_COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl schedule hours jlee mon=09:00-12:00 mon=13:00-17:00 | "
    "rehabctl schedule hours jlee"
)
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


@app.command(
    epilog="Examples: rehabctl schedule away jlee --from 2026-03-09T00:00:00-06:00 "
    "--until 2026-03-14T00:00:00-06:00 --reason vacation | rehabctl schedule away jlee "
    "--from 2026-03-09T18:00:00Z --until 2026-03-09T19:00:00Z"
)
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


@app.command(
    epilog="Examples: rehabctl schedule waitlist | rehabctl schedule waitlist --add 1042 "
    "--type evaluation-tele --until 2026-03-20"
)
def waitlist(
    add: Annotated[str | None, typer.Option("--add", help="Record number to put on it.")] = None,
    remove: Annotated[str | None, typer.Option("--remove", help="Entry to take off it.")] = None,
    type_: TypeOption = "treatment",
    from_: Annotated[str | None, typer.Option("--from", help="Earliest day.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Latest day.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List who waits, those first who need it most; add or remove an entry."""
    from rehabctl.services import calendars
    from rehabctl.services.wiring import open_store

    if add is not None and remove is not None:
        raise UsageError("--add and --remove do not go together", "Run it twice")
    settings, tables = _tables()
    with open_store(settings) as store:
        if add is not None:
            calendars.add_wish(
                store,
                tables,
                add,
                type_,
                earliest_on=day(from_, "--from"),
                latest_on=day(until, "--until"),
            )
        if remove is not None:
            calendars.remove_wish(store, remove)
        found = calendars.waiting(store)
    rows = [
        {
            "id": entry.id,
            "mrn": mrn,
            "tier": tier,
            "type": entry.appointment_type,
            "added_at": entry.added_at,
            "earliest_on": entry.earliest_on,
            "latest_on": entry.latest_on,
        }
        for entry, mrn, tier in found
    ]
    columns = ("id", "mrn", "tier", "type", "added_at", "latest_on")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl schedule export --provider jlee --days 14 -o week.ics | "
    "rehabctl schedule export --with-mrn -o -"
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

    settings, tables = _tables()
    with open_store(settings) as store:
        start = day_start(from_, store.clock(), store.clinic.time_zone)
        until = day_later(start, days, store.clinic.time_zone)
        lines = schedule_views.listed(store, tables, start, until, provider=provider)
        content = calendars.export_calendar(store, lines, with_mrn=with_mrn)
    emit_bytes(content, Output.of(None, False, output))


@app.command(
    "import",
    epilog="Examples: rehabctl schedule import private.ics --provider jlee --dry-run | "
    "rehabctl schedule import - --provider jlee < private.ics",
)
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


@app.command(
    epilog="Examples: rehabctl schedule suitability 1042 --falls 0 --device video | "
    "rehabctl schedule suitability 1042 --falls 2 --caregiver --first-visit --json"
)
def suitability(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    falls: Annotated[int, typer.Option("--falls", min=0, help="In the last 12 months.")] = 0,
    device: Annotated[
        str, typer.Option("--device", help="video, phone or none: what the patient has.")
    ] = "video",
    caregiver: Annotated[
        bool, typer.Option("--caregiver", help="Somebody can be with the patient.")
    ] = False,
    first_visit: Annotated[
        bool, typer.Option("--first-visit", help="It is the first of the course of care.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Compare an intake with the clinic's rules: tele, hybrid or in person, and why."""
    from rehabctl.services import suitability as intake
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = intake.clinic_suitability(settings)
    with open_store(settings) as store:
        found = intake.of_patient(
            store,
            rules,
            mrn,
            falls_12_months=falls,
            device=device,
            has_caregiver=caregiver,
            is_first_visit=first_visit,
        )
    emit_object(
        {
            "suitability": found.suitability,
            "appointment_type": found.appointment_type,
            "reasons": found.reasons,
        },
        Output.of(format_, json_, output, quiet),
    )
