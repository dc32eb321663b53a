"""`rehabctl doctor`: what works on this machine, and how to fix what does not."""

from __future__ import annotations

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.domain.errors import ExitCode

app = typer.Typer(help="Check this installation and say how to fix it.", add_completion=False)


@app.command(
    epilog="Examples: rehabctl doctor | rehabctl doctor --format json",
)
def doctor(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check Python, libraries, database, keys, model, Bluetooth and terminal.

    Exit code 1 when any check fails; warnings leave it 0.
    """
    from rehabctl.commands._options import Format
    from rehabctl.services import health
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    checks = [check.as_dict() for check in health.run_checks(load_settings())]
    if out.format is Format.JSON:
        emit_object({"checks": checks}, out)
    else:
        emit_items(checks, ("status", "name", "detail", "fix"), out)
    if any(check["status"] == "fail" for check in checks):
        raise typer.Exit(ExitCode.FAILED)
