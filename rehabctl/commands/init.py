"""`rehabctl init`: from nothing to a machine that can measure and keep."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object, note

app = typer.Typer(
    help="Set up this machine: database, key, clinic and pose model.", add_completion=False
)


@app.command(
    epilog="Examples: rehabctl init --clinic 'Hill Street' --time-zone America/Denver | "
    "rehabctl init --no-pose-model --format json"
)
def init(
    clinic: Annotated[str | None, typer.Option("--clinic", help="Name of the clinic.")] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            "--time-zone",
            help="IANA zone by which the clinic counts days. Default: this machine's.",
        ),
    ] = None,
    pose_model: Annotated[
        bool,
        typer.Option("--pose-model/--no-pose-model", help="Install the pose model for films."),
    ] = True,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Make the encrypted database and its key, name the clinic, and install the pose model.

    Running it again changes nothing. A shared PostgreSQL is set up by `rehabctl db init`.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import install_pose_model
    from rehabctl.services.set_up import set_up
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    made = set_up(settings, clinic, time_zone)
    emit_object(asdict(made), out)
    if pose_model:
        with progress("Installing the pose model", quiet=quiet) as report:
            install_pose_model("full", settings, source=None, report=report)
    note("next: rehabctl doctor, then rehabctl import patients FILE.csv --dry-run", out)
