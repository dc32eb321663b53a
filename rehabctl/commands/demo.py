"""`rehabctl demo`: a clinic to look at, with invented patients and a real analysis."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import note

app = typer.Typer(help="Build a demo clinic and open it.", add_completion=False)


@app.command(epilog="Examples: rehabctl demo | rehabctl demo --no-panel --format json")
def demo(
    panel: Annotated[
        bool, typer.Option("--panel/--no-panel", help="Open the panel, or print the list.")
    ] = True,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Build a demo clinic of invented patients, analyse a real film, and open the panel.

    Without a terminal, or with --no-panel, the triage list is printed. Running it again changes
    nothing.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.commands.triage import print_worklist
    from rehabctl.services import demo as demo_clinic
    from rehabctl.services.pose_analysis import install_pose_model
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    with progress("Making patients", quiet=quiet) as report:
        built = demo_clinic.build(settings, report)
    with progress("Installing the pose model", quiet=quiet) as report:
        install_pose_model("full", settings, source=None, report=report)
    with progress("Analysing a film", quiet=quiet) as report:
        analysed = demo_clinic.analyse_film(settings, report)
    if not quiet and (built or analysed):
        note(f"The demo clinic lies in {settings.paths.home}; everybody in it is invented.")
    if panel and sys.stdin.isatty() and sys.stdout.isatty():
        from rehabctl.cli import run

        raise typer.Exit(run(["panel"]))
    print_worklist(settings, limit=15, format_=format_, json_=json_, output=output, quiet=quiet)
