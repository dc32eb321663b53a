"""`rehabctl visit`: plan, hold, time and end visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.commands._times import AtOption, moment
from rehabctl.commands._visit_sheet import rate, sheet, units
from rehabctl.commands._words import member
from rehabctl.domain.errors import UsageError
from rehabctl.domain.visit import Channel, VisitKind

if TYPE_CHECKING:
    from rehabctl.domain.visit import Visit

app = typer.Typer(help="Plan, hold, time and end visits.", no_args_is_help=True)
app.command(epilog="Examples: rehabctl visit sheet ID | rehabctl visit sheet ID --format json")(
    sheet
)
app.command(epilog="Examples: rehabctl visit units ID | rehabctl visit units ID --rule ama --json")(
    units
)
app.command(epilog="Examples: rehabctl visit rate ID 9 | rehabctl visit rate ID 4 --quiet")(rate)

VisitId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl visit list`.")]
ChannelOption = Annotated[
    str, typer.Option("--channel", help="video, audio, phone or in_person.", metavar="CHANNEL")
]
OverrideOption = Annotated[
    str | None,
    typer.Option(
        "--override",
        help="Why you decide, under your name, what could not be verified.",
        metavar="REASON",
    ),
]
_COLUMNS = ("id", "planned_start_at", "kind", "status", "started_at", "ended_at", "minutes")


@app.command(
    epilog="Examples: rehabctl visit add 1042 --start 2026-03-09T09:00:00-06:00 | "
    "rehabctl visit add 1042 --start 2026-03-09T15:00:00Z --minutes 60 --kind evaluation"
)
def add(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    start: Annotated[str, typer.Option("--start", help="ISO time with a zone.")],
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=480, help="Length.")] = 45,
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="evaluation, re_evaluation, treatment, check_in, group or rtm_review."
        ),
    ] = "treatment",
    provider: Annotated[str | None, typer.Option("--provider", help="Login; default: you.")] = None,
    supervisor: Annotated[str | None, typer.Option("--supervisor", help="Login.")] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Where the patient will be; default: the home state."),
    ] = None,
    override: OverrideOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Plan a visit of the active course of care; exit 3 when it may not take place."""
    from rehabctl.services import licences, visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    start_at = moment(start, "--start")
    if start_at is None:
        raise UsageError("--start is missing", "Write it like 2026-03-09T09:00:00Z")
    settings = load_settings()
    compact = licences.clinic_compact(settings)
    with open_store(settings) as store:
        visit = visits.add(
            store,
            compact,
            mrn,
            kind=member(VisitKind, kind, "--kind"),
            start_at=start_at,
            minutes=minutes,
            provider=provider,
            supervisor=supervisor,
            state=state,
            override=override,
        )
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl visit start ID --channel video --state CO | "
    "rehabctl visit start ID --channel in_person --with CONTACT"
)
def start(
    visit_id: VisitId,
    channel: ChannelOption = "video",
    state: Annotated[
        str | None,
        typer.Option("--state", help="Where the patient says that she is, two letters."),
    ] = None,
    contacts: Annotated[
        list[str] | None,
        typer.Option("--with", help="A contact who takes part; may be repeated."),
    ] = None,
    override: OverrideOption = None,
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Start a planned visit: ask the patient where she is; licensure is checked again."""
    from rehabctl.services import licences, visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    compact = licences.clinic_compact(settings)
    with open_store(settings) as store:
        visit = visits.start(
            store,
            compact,
            visit_id,
            channel=member(Channel, channel, "--channel"),
            patient_state=state,
            contacts=contacts or (),
            at=moment(at),
            override=override,
        )
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl visit channel ID phone | "
    "rehabctl visit channel ID video --at 2026-03-09T09:12:00-06:00"
)
def channel(
    visit_id: VisitId,
    to: Annotated[str, typer.Argument(metavar="CHANNEL", help="video, audio, phone, in_person.")],
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Go on with a running visit by another channel."""
    from rehabctl.services import visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = member(Channel, to, "CHANNEL")
    with open_store(load_settings()) as store:
        visit = visits.switch_channel(store, visit_id, wanted, moment(at))
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl visit block ID 97110 | rehabctl visit block ID 97150 --group"
)
def block(
    visit_id: VisitId,
    code: Annotated[str, typer.Argument(help="Procedure code, such as 97110.")],
    group: Annotated[bool, typer.Option("--group", help="Not one to one.")] = False,
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Time a procedure code from now on; the code before ends."""
    from rehabctl.services import visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        visit = visits.begin_block(store, visit_id, code, one_to_one=not group, at=moment(at))
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl visit stop ID | "
    "rehabctl visit stop ID --at 2026-03-09T09:44:00-06:00"
)
def stop(
    visit_id: VisitId,
    no_contact: Annotated[
        bool, typer.Option("--no-contact", help="You did not speak with the patient live.")
    ] = False,
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """End a visit, with the channel and the code that still run."""
    from rehabctl.services import triage, visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        visit = visits.stop(store, rules, visit_id, live_contact=not no_contact, at=moment(at))
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    epilog='Examples: rehabctl visit cancel ID --reason "patient ill" | '
    'rehabctl visit cancel ID --reason "did not come" --no-show'
)
def cancel(
    visit_id: VisitId,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    no_show: Annotated[bool, typer.Option("--no-show", help="The patient did not come.")] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Cancel a planned visit, or note that the patient did not come."""
    from rehabctl.services import visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        visit = visits.cancel(store, visit_id, reason, no_show=no_show)
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


@app.command(
    "list",
    epilog="Examples: rehabctl visit list --patient 1042 | "
    "rehabctl visit list --from 2026-03-09T00:00:00Z --until 2026-03-10T00:00:00Z --json",
)
def list_(
    patient: Annotated[str | None, typer.Option("--patient", help="Medical record number.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="ISO time with a zone.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="ISO time with a zone.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the visits of a patient, or of the clinic between two times."""
    from rehabctl.services import visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    first, last = moment(from_, "--from"), moment(until, "--until")
    if patient is None and (first is None or last is None):
        raise UsageError("which visits is not said", "Give --patient, or --from and --until")
    with open_store(load_settings()) as store:
        if patient is not None:
            found = visits.of_patient(store, patient)
        elif first is not None and last is not None:
            found = visits.between(store, first, last)
        else:
            found = ()
    emit_items([_object(v) for v in found], _COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl visit show ID | rehabctl visit show ID --json")
def show(
    visit_id: VisitId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a visit with its channels, timed codes and participants."""
    from rehabctl.services import visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        visit = visits.show(store, visit_id)
    emit_object(_object(visit), Output.of(format_, json_, output, quiet))


def _object(visit: Visit) -> dict[str, Any]:
    minutes: dict[str, int] = {}
    for timed in visit.blocks:
        minutes[timed.code] = minutes.get(timed.code, 0) + (timed.minutes() or 0)
    return {
        "id": visit.id,
        "kind": visit.kind,
        "status": visit.status,
        "planned_start_at": visit.planned_start_at,
        "planned_end_at": visit.planned_end_at,
        "started_at": visit.started_at,
        "ended_at": visit.ended_at,
        "episode_id": visit.episode_id,
        "provider_id": visit.provider_id,
        "supervisor_id": visit.supervisor_id,
        "patient_state": visit.patient_state,
        "expected_state": visit.expected_state,
        "licence_checks": visit.licence_checks,
        "satisfaction": visit.satisfaction,
        "live_contact": visit.live_contact,
        "cancel_reason": visit.cancel_reason,
        "minutes": minutes,
        "channels": visit.channels,
        "blocks": visit.blocks,
        "participants": visit.participants,
        "revision": visit.revision,
    }
