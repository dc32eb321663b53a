"""`rehabctl retention`: what has been kept long enough."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
    YesFlag,
)
from rehabctl.commands._progress import progress
from rehabctl.commands._render import Output, emit_items, emit_object, note

app = typer.Typer(help="Destroy what has been kept long enough.", no_args_is_help=True)

Mrn = Annotated[str, typer.Argument(help="Medical record number.")]


@app.command(
    epilog="Examples: rehabctl retention plan | rehabctl retention plan --limit 50 --format csv"
)
def plan(
    limit: LimitOption = 1000,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List films and records whose time has passed, and which of them a legal hold keeps."""
    from rehabctl.services import retention
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = retention.clinic_retention(settings)
    with open_store(settings) as store:
        rows = [asdict(item) for item in islice(retention.plan(store, rules), limit)]
    columns = ("tier", "mrn", "due_on", "reason", "byte_count", "held")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl retention run --dry-run | rehabctl retention run --yes --quiet"
)
def run(
    dry_run: DryRunFlag = False,
    yes: YesFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Destroy films and records whose time has passed; this cannot be undone.

    A run that was interrupted is finished by the next one.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import retention
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if not (dry_run or yes):
        raise UsageError("nothing is destroyed without --yes", "Look first: --dry-run")
    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    rules = retention.clinic_retention(settings)
    with open_store(settings) as store, progress("Destroying", quiet=quiet) as report:
        done = retention.run(store, rules, dry_run=dry_run, report=report)
    emit_object(asdict(done), out)
    if dry_run:
        note("dry run: nothing was destroyed", out)


@app.command(
    epilog='Examples: rehabctl retention hold 1042 --reason "case 7 of 2026" | '
    'rehabctl retention hold 1042 --reason "insurer audit" --quiet'
)
def hold(
    mrn: Mrn,
    reason: Annotated[str, typer.Option("--reason", help="Such as the number of the case.")],
    quiet: QuietFlag = False,
) -> None:
    """Keep everything about a patient until the hold is released."""
    from rehabctl.services import retention
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        placed = retention.hold(store, mrn, reason)
    note("the record is held" if placed else "the record was held already", Output.of(quiet=quiet))


@app.command(
    epilog="Examples: rehabctl retention release 1042 | rehabctl retention release 1042 --quiet"
)
def release(mrn: Mrn, quiet: QuietFlag = False) -> None:
    """End a legal hold; what is due is destroyed by the next run."""
    from rehabctl.services import retention
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        retention.release(store, mrn)
    note("the record is no longer held", Output.of(quiet=quiet))
