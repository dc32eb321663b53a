"""`rehabctl audit`: who read and wrote what, and whether the log is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import (
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.domain.errors import ExitCode

app = typer.Typer(help="Read and check the audit log.", no_args_is_help=True)

_COLUMNS = ("sequence", "at", "actor", "action", "entity", "entity_id", "detail")


@app.command(
    "list",
    epilog="Examples: rehabctl audit list --patient 1042 | "
    "rehabctl audit list --limit 100 --format csv",
)
def list_(
    patient: Annotated[
        str | None, typer.Option("--patient", help="Only entries about this patient herself.")
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Only by this login.")] = None,
    before: Annotated[
        int | None, typer.Option("--before", help="Only entries before this number.", min=1)
    ] = None,
    limit: LimitOption = 30,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List entries, newest first; reading the log is an entry too."""
    import json
    from dataclasses import asdict

    from rehabctl.services import audit
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        found = audit.entries(store, limit=limit, before=before, mrn=patient, actor=actor)
    items = [asdict(entry) | {"detail": json.loads(entry.detail)} for entry in found]
    following = str(found[-1].sequence) if len(found) == limit else None
    emit_items(items, _COLUMNS, out, next_cursor=following)


@app.command(
    epilog="Examples: rehabctl audit verify --format json | "
    "rehabctl audit verify --anchor anchor.json"
)
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", help="A head noted earlier: shows a cut-off end or a roll-back."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Walk the whole chain; exit code 3 when an entry does not fit."""
    from dataclasses import asdict

    from rehabctl.services import audit
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    noted = None if anchor is None else audit.read_anchor(anchor)
    with open_store(load_settings()) as store:
        verdict = audit.verify(store, noted)
    emit_object(asdict(verdict), out)
    if not verdict.ok:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl audit anchor --output /mnt/elsewhere/anchor.json | "
    "rehabctl audit anchor --format json"
)
def anchor(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write the head of the chain, to be kept outside the database.

    Written as JSON wherever `--output` names a file.
    """
    from dataclasses import asdict

    from rehabctl.commands._options import Format
    from rehabctl.services import audit
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if format_ is None and output not in (None, "-"):
        format_ = Format.JSON
    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        head = audit.anchor(store)
    emit_object(asdict(head), out)
