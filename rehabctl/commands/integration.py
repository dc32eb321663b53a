"""`rehabctl integration`: what speaks to other systems."""

from __future__ import annotations

from dataclasses import asdict

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items

app = typer.Typer(help="Show what speaks to other systems.", no_args_is_help=True)


@app.callback()
def integration() -> None:
    """Show what speaks to other systems."""


@app.command(
    "list", epilog="Examples: rehabctl integration list | rehabctl integration list --format json"
)
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the integrations, and against what each was tested: a peer, files or documentation."""
    from rehabctl.reference.integrations import load_integrations

    out = Output.of(format_, json_, output, quiet)
    columns = ("name", "state", "text", "command", "evidence")
    emit_items([asdict(one) for one in load_integrations()], columns, out)
