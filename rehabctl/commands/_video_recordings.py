"""`rehabctl video-visit recordings`: what was recorded in a visit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, note
from rehabctl.domain.errors import UsageError

_COLUMNS = ("id", "remote_id", "began_at", "duration_s", "state")


def recordings(
    visit_id: Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl visit list`.")],
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Store what is finished, encrypted, each once.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="Store this film of your own server.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List what was recorded in a visit, and store it for review with the patient's consent.

    A stored film waits in `review list`; it is destroyed when its time has passed, as any film.
    """
    from rehabctl.services import visit_recordings
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import video_port

    if fetch and file is not None:
        raise UsageError("a film is fetched or given, not both", "Leave --fetch or --file away")
    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    with open_store(settings) as store:
        port = video_port(store, settings)
        if file is not None:
            visit_recordings.take(store, port.service, visit_id, file)
        if fetch:
            lines = visit_recordings.fetch(store, port, visit_id)
        else:
            lines = visit_recordings.listed(store, port, visit_id)
    emit_items([asdict(line) for line in lines], _COLUMNS, out)
    if any(line.state == "in_progress" for line in lines):
        note("some are not finished yet: run the command again later", out)
