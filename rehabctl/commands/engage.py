"""`rehabctl engage`: contact between visits."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note

app = typer.Typer(
    help="Remind, praise and inform patients, and see who needs a word.", no_args_is_help=True
)
Mrn = Annotated[str, typer.Argument(metavar="MRN", help="Medical record number.")]


@app.callback()
def engage() -> None:
    """Remind, praise and inform patients, and see who needs a word."""


@app.command(
    epilog="Examples: rehabctl engage run --dry-run | rehabctl engage run --patient 1042 --json"
)
def run(
    patient: PatientOption = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Queue reminders, milestones and education that are due; run it daily, nothing doubles."""
    from rehabctl.services import engagement, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        lines = engagement.run(store, rules, patient, rehearsal=dry_run)
    out = Output.of(format_, json_, output, quiet)
    items = [
        {
            "mrn": line.mrn, "kind": line.kind, "key": line.key, "not_before": line.not_before,
            "text": line.text, "source": line.source,
        }
        for line in lines
    ]  # fmt: skip
    emit_items(items, ("mrn", "kind", "not_before", "text", "source"), out)
    queued = sum(line.not_before is not None for line in lines)
    done = "would be" if dry_run else "were"
    note(f"{queued} {done} queued, {len(lines) - queued} {done} withdrawn", out)


@app.command(epilog="Examples: rehabctl engage show 1042 | rehabctl engage show 1042 --json")
def show(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show a patient's streak, usual time, milestones and this week's text."""
    from rehabctl.services import engagement, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        found = engagement.status(store, rules, mrn)
    told: dict[str, Any] = {
        "mrn": found.mrn,
        "streak_days": found.streak.current,
        "longest_streak_days": found.streak.longest,
        "streak_frozen_on": found.streak.frozen_on,
        "usual_time": found.usual_time,
        "milestones": found.milestones,
        "education": None
        if found.education is None
        else {"key": found.education.key, "text": found.education.title},
        "missed_in_a_row": 0 if found.check_in is None else found.check_in.missed,
        "praise_paused": found.paused,
        "queued": sum(item.state == "queued" for item in found.sent),
        "sent": sum(item.state == "sent" for item in found.sent),
    }
    emit_object(told, Output.of(format_, json_, output, quiet))


@app.command(
    "check-ins",
    epilog="Examples: rehabctl engage check-ins | rehabctl engage check-ins --format json",
)
def check_ins(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List who missed sessions in a row, with a draft of a message."""
    from rehabctl.services import engagement, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        lines = engagement.check_ins(store, rules)
    items = [
        {
            "mrn": line.mrn, "missed": line.check_in.missed,
            "first_missed_on": line.check_in.first_missed_on, "sent": line.sent,
            "draft": line.check_in.draft, "rule_version": line.check_in.rule_version,
        }
        for line in lines
    ]  # fmt: skip
    out = Output.of(format_, json_, output, quiet)
    emit_items(items, ("mrn", "missed", "first_missed_on", "sent", "draft"), out)


@app.command(
    "check-in",
    epilog="Examples: rehabctl engage check-in 1042 --dry-run | "
    'rehabctl engage check-in 1042 --text "Shall we talk on Thursday?" --channel sms',
)
def check_in(
    mrn: Mrn,
    text: Annotated[
        str | None, typer.Option("--text", help="Your own words; default: the draft.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="portal, email or sms.")] = "portal",
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Send a check-in about missed sessions, once for each run of them."""
    from rehabctl.services import engagement, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        message, item = engagement.send_check_in(
            store, rules, mrn, text, channel=channel, rehearsal=dry_run
        )
    out = Output.of(format_, json_, output, quiet)
    told = {
        "mrn": mrn,
        "text": message.body,
        "channel": item.channel,
        "not_before": item.not_before,
    }
    emit_object(told, out)
    note("dry run: nothing was queued" if dry_run else "queued", out)


@app.command(epilog="Examples: rehabctl engage compare | rehabctl engage compare --format csv")
def compare(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Compare adherence of patients with and without contact in the last four weeks."""
    from rehabctl.domain.cohort import Measure
    from rehabctl.services import engagement, triage
    from rehabctl.services.cohorts import cell_of
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        rows, least = engagement.compare(store, rules)
    items: list[dict[str, Any]] = []
    for row in rows:
        cell = cell_of(row, Measure.ADHERENCE)
        items.append(
            {
                "group": row.group or "all", "patients": cell.n, "adherence_percent": cell.value,
                "low": cell.low, "high": cell.high, "hidden": cell.is_hidden,
            }
        )  # fmt: skip
    out = Output.of(format_, json_, output, quiet)
    emit_items(items, ("group", "patients", "adherence_percent", "low", "high", "hidden"), out)
    note(f"hidden: fewer than {least} patients, or they could be worked out", out)
    note("groups differ in more than contact: this is no effect of it", out)


@app.command(
    epilog="Examples: rehabctl engage education | "
    "rehabctl engage education --pathway knee-replacement --format json"
)
def education(
    pathway: Annotated[
        str | None, typer.Option("--pathway", help="Such as knee-replacement.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the texts for patients by pathway and week, with their sources."""
    from rehabctl.domain.errors import NotFoundError
    from rehabctl.reference.education.items import load_education

    items = [i for i in load_education() if pathway in (None, i.pathway)]
    if not items:
        known = ", ".join(sorted({i.pathway for i in load_education()}))
        raise NotFoundError("there are no texts for this pathway", f"Use one of: {known}")
    out = Output.of(format_, json_, output, quiet)
    columns = ("pathway", "week", "title", "text", "source", "version")
    names = (*columns, "slug", "language", "effective_from", "grade")
    emit_items([{name: getattr(i, name) for name in names} for i in items], columns, out)
