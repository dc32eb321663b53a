"""`rehabctl payer`: payers' dated rules and fees, and who the clinic is on a claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode, NotFoundError, suggestion

app = typer.Typer(help="Keep payers' dated rules and fees.", no_args_is_help=True)


@app.callback()
def payer() -> None:
    """Keep payers' dated rules and fees."""


@app.command(
    "import",
    epilog="Examples: rehabctl payer import billing.toml | "
    "rehabctl payer import billing.toml --dry-run",
)
def import_(
    file: Annotated[Path, typer.Argument(help="The clinic's billing file (TOML).")],
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import the clinic, its providers, payers' dated rules and dated fees; all of it or nothing.

    Exit code 3 with every problem when something is wrong. docs/billing.md shows a whole file.
    """
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        done = billing_settings.import_file(store, file, dry_run=dry_run)
    out = Output.of(format_, json_, output, quiet)
    counts = {
        name: getattr(done, name) for name in ("clinic", "providers", "payers", "fees", "ports")
    }
    emit_object({"imported": not done.problems and not dry_run, **counts}, out)
    for one in done.problems:
        note(f"{'.'.join(map(str, one.path))}: {one.message}", out)
    if done.problems:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("list", epilog="Examples: rehabctl payer list | rehabctl payer list --format json")
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List payers with each stretch of their rules."""
    columns = ("key", "name", "identifier", "filing_code", "unit_rule", "valid_from", "valid_to")
    emit_items(_payers(), columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl payer show medicare | rehabctl payer show medicare --format json"
)
def show(
    key: Annotated[str, typer.Argument(help="The clinic's name of the payer.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the newest rules of one payer."""
    rows = _payers()
    found = [row for row in rows if row["key"] == key]
    if not found:
        near = suggestion(key, [row["key"] for row in rows])
        raise NotFoundError(f"payer {key!r} is not known", near or "Look at: rehabctl payer list")
    emit_object(found[-1], Output.of(format_, json_, output, quiet))


def _payers() -> list[dict[str, Any]]:
    from rehabctl.services import billing_settings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        return [to_json_value(one) for one in billing_settings.payers(store)]
