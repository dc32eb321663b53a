"""`rehabctl triage`: who needs help first, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import (
    CursorOption,
    Format,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import (
    Output,
    emit_items,
    emit_object,
    emit_text,
    note,
    to_json_value,
)
from rehabctl.commands._triage_views import RULE_COLUMNS, page, rule_row
from rehabctl.domain.errors import ExitCode

if TYPE_CHECKING:
    from rehabctl.domain.triage import WorklistRow
    from rehabctl.services.settings import Settings

app = typer.Typer(help="List who needs help first, and why.", no_args_is_help=True)

_COLUMNS = (
    "rank", "mrn", "tier", "reasons", "last_session_at", "adherence_percent_28d", "pain_now",
    "pain_trend", "rom_trend", "open_alerts", "next_due",
)  # fmt: skip
_NARROW = ("rank", "mrn", "tier", "reasons", "open_alerts")


@app.command(
    "list",
    epilog="Examples: rehabctl triage list | rehabctl triage list --format json --limit 10",
)
def list_(
    limit: LimitOption = 30,
    cursor: CursorOption = None,
    text: Annotated[
        str | None, typer.Option("--filter", help="Part of a record number, name or reason.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List patients in order of need, each with its reasons."""
    from rehabctl.services.settings import load_settings

    print_worklist(
        load_settings(),
        limit=limit,
        cursor=cursor,
        text=text,
        format_=format_,
        json_=json_,
        output=output,
        quiet=quiet,
    )


def print_worklist(
    settings: Settings,
    *,
    limit: int,
    cursor: str | None = None,
    text: str | None = None,
    format_: Format | None,
    json_: bool,
    output: str | None,
    quiet: bool,
) -> None:
    """Write a page of the worklist (`triage list`, and `demo` without a panel).

    Parameters
    ----------
    settings
        What this command runs with.
    limit, cursor, text
        Which rows.
    format_, json_, output, quiet
        The shared output options.
    """
    from rehabctl.domain.panel_row import PanelQuery
    from rehabctl.services import triage
    from rehabctl.services.wiring import open_store

    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        query = PanelQuery(text_filter=text)
        page = triage.worklist(store, rules, query, limit=limit, cursor=cursor)
    out = Output.of(format_, json_, output, quiet)
    items = [item(row) for row in page.rows]
    emit_items(items, _COLUMNS, out, next_cursor=page.next_cursor, narrow=_NARROW)
    verb = "needs" if page.need_attention == 1 else "need"
    note(f"{page.need_attention} of {page.total} {verb} you; {len(page.rows)} shown", out)


def item(row: WorklistRow) -> dict[str, Any]:
    """Return a worklist row with the keys of the command contract.

    Parameters
    ----------
    row
        One patient.
    """
    hidden = ("patient_id", "pain_series")
    return {k: v for k, v in to_json_value(row).items() if k not in hidden}


@app.command(
    epilog="Examples: rehabctl triage explain 1042 | rehabctl triage explain 1042 --format json"
)
def explain(
    mrn: Annotated[str, typer.Argument(help="Medical record number.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show every rule, its row, its limits and what it read for one patient."""
    from rehabctl.services import triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        found = triage.explain(store, rules, mrn)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object({"mrn": mrn, **to_json_value(found)}, out)
        return
    if out.format is Format.CSV:
        emit_items([rule_row(rule) for rule in found.rules], RULE_COLUMNS, out)
    else:
        emit_text(page(mrn, found), out)


@app.command(
    epilog="Examples: rehabctl triage rebuild --check | rehabctl triage rebuild --format json"
)
def rebuild(
    check: Annotated[
        bool, typer.Option("--check", help="Compare only; exit code 3 when something differs.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Remake alerts and worklist rows from the raw events."""
    from rehabctl.services import triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        report = triage.rebuild(store, rules, check=check)
    emit_object(to_json_value(report), Output.of(format_, json_, output, quiet))
    if check and report.different:
        raise typer.Exit(ExitCode.FINDINGS)
