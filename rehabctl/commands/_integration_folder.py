"""`rehabctl integration folder`: folders into which other systems put files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.errors import ExitCode

folder_app = typer.Typer(help="Folders into which other systems put files.", no_args_is_help=True)
_COLUMNS = (
    "folder", "file", "state", "read", "created", "updated", "unchanged", "rejected", "reason",
)  # fmt: skip


@folder_app.callback()
def folder() -> None:
    """Take over the files of drop folders."""


@folder_app.command(
    epilog="Examples: rehabctl integration folder scan | "
    "rehabctl integration folder scan roster --format json"
)
def scan(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of one folder; default: all.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over what lies in drop folders; each file goes to done/ or rejected/, acknowledged.

    Files that changed a moment ago are left alone. Exit code 7 when something was refused.
    """
    from rehabctl.services import triage
    from rehabctl.services.drop_folders import DONE, FolderRun
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    rules, booking = triage.clinic_rules(settings), clinic_booking_rules(settings)

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store:
        taken = list(FolderRun(store, rules, booking, say).scan(name))
    emit_items([asdict(one) for one in taken], _COLUMNS, out)
    if any(one.state != DONE or one.rejected for one in taken):
        raise typer.Exit(ExitCode.PARTIAL)
