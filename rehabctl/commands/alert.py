"""`rehabctl alert`: what the rules found, and what people did about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, note, to_json_value
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.services.alerts import ListedAlert

app = typer.Typer(help="List alerts, acknowledge, snooze and assign them.", no_args_is_help=True)

AlertIds = Annotated[list[str], typer.Argument(help="Identifiers from `rehabctl alert list`.")]


@app.command(
    "list",
    epilog="Examples: rehabctl alert list --patient 1042 | "
    "rehabctl alert list --patient 1042 --closed --format json",
)
def list_(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    closed: Annotated[bool, typer.Option("--closed", help="Also those that are closed.")] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the alerts of a patient with their evidence and the row of the rule."""
    from rehabctl.services import alerts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        found = alerts.of_patient(store, rules, patient, closed=closed)
    columns = ("id", "status", "severity", "code", "about", "text", "opened_at", "rule_version")
    out = Output.of(format_, json_, output, quiet)
    emit_items([_row(a) for a in found], columns, out, narrow=columns)


def _row(listed: ListedAlert) -> dict[str, Any]:
    state = listed.alert.state
    return {
        "id": listed.alert.id,
        "mrn": listed.mrn,
        "status": state.status,
        "severity": state.severity,
        "code": state.code,
        "about": state.key,
        "text": state.text,
        "opened_at": state.opened_at,
        "snoozed_until": state.snoozed_until,
        "assigned_to": state.assigned_to,
        "handled_by": state.handled_by,
        "rule_version": state.rule_version,
    }


@app.command(
    epilog="Examples: rehabctl alert acknowledge ID | "
    'rehabctl alert acknowledge ID ID --comment "called, resting two days"'
)
def acknowledge(
    ids: AlertIds,
    comment: Annotated[str, typer.Option("--comment", help="What was decided.")] = "",
    quiet: QuietFlag = False,
) -> None:
    """Mark alerts as seen; a new fact that goes further opens them again."""
    from rehabctl.services import alerts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        alerts.acknowledge(store, rules, ids, comment)
    if not quiet:
        note(f"{len(ids)} acknowledged")


@app.command(
    epilog="Examples: rehabctl alert snooze ID --until 2026-03-09T09:00:00Z | "
    "rehabctl alert snooze ID ID --until 2026-03-09T09:00:00-06:00"
)
def snooze(
    ids: AlertIds,
    until: Annotated[str, typer.Option("--until", help="ISO time with a zone.")],
    quiet: QuietFlag = False,
) -> None:
    """Hide alerts until a time; a new fact that goes further brings them back at once."""
    from datetime import datetime

    from rehabctl.services import alerts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"{until!r} is not a time with a zone", "Write it like 2026-03-09T09:00:00Z"
        )
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        alerts.snooze(store, rules, ids, moment)
    if not quiet:
        note(f"{len(ids)} snoozed until {to_json_value(moment)}")


@app.command(
    epilog="Examples: rehabctl alert assign ID --to mweber | "
    "rehabctl alert assign ID ID --to mweber --quiet"
)
def assign(
    ids: AlertIds,
    to: Annotated[str, typer.Option("--to", help="Login from `rehabctl alert colleagues`.")],
    quiet: QuietFlag = False,
) -> None:
    """Give alerts to a person."""
    from rehabctl.services import alerts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        alerts.assign(store, rules, ids, to)
    if not quiet:
        note(f"{len(ids)} assigned to {to}")


@app.command(
    epilog="Examples: rehabctl alert escalation | rehabctl alert escalation --patient 1042 --json"
)
def escalation(
    patient: PatientOption = None,
    act: Annotated[
        bool,
        typer.Option("--act", help="Queue the messages that are due; cancel those that are not."),
    ] = False,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List who is on the ladder of missed sessions, and who acts next; fit for cron with --act."""
    from rehabctl.services import escalation as service
    from rehabctl.services import triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        lines = service.ladder(store, rules, patient, act=act, rehearsal=dry_run)
    rows = [
        {
            "mrn": line.mrn,
            "level": line.step.level,
            "first_missed_due_at": line.first_missed_due_at,
            "act_at": line.step.act_at,
            "next_level_at": line.step.next_level_at,
            "queued": line.queued,
            "cancelled": line.cancelled,
            "rule_version": line.step.rule_version,
        }
        for line in lines
    ]
    columns = ("mrn", "level", "first_missed_due_at", "act_at", "next_level_at")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl alert call --patient 1042 --outcome reached | "
    "rehabctl alert call --patient 1042 --outcome concern --comment 'knee is hot'"
)
def call(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    outcome: Annotated[str, typer.Option("--outcome", help="reached, concern or unreached_twice.")],
    comment: Annotated[str | None, typer.Option("--comment", help="What was said.")] = None,
    quiet: QuietFlag = False,
) -> None:
    """Note what a call about missed sessions came to."""
    from rehabctl.commands._words import member
    from rehabctl.domain.escalation import CallOutcome
    from rehabctl.services import escalation as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = member(CallOutcome, outcome, "--outcome")
    with open_store(load_settings()) as store:
        service.record_call(store, patient, wanted, comment)
    if not quiet:
        note("noted")


@app.command(epilog="Examples: rehabctl alert colleagues | rehabctl alert colleagues --format json")
def colleagues(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List those to whom an alert can be given."""
    from rehabctl.services import alerts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = alerts.colleagues(store)
    rows = [{"login": login} for login in found]
    emit_items(rows, ("login",), Output.of(format_, json_, output, quiet))


@app.command(epilog="Examples: rehabctl alert undo ID | rehabctl alert undo ID ID --quiet")
def undo(ids: AlertIds, quiet: QuietFlag = False) -> None:
    """Take back your newest action on alerts; facts that came meanwhile count."""
    from rehabctl.services import alerts, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        alerts.undo(store, rules, ids)
    if not quiet:
        note(f"{len(ids)} taken back")
