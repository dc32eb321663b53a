"""`rehabctl program gate`: the conditions of a phase, and what clinicians answer to them."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import UsageError

app = typer.Typer(help="See and answer the conditions of a phase's gate.", no_args_is_help=True)

MrnArgument = Annotated[str, typer.Argument(metavar="MRN", help="Medical record number.")]


@app.command(
    epilog="Examples: rehabctl program gate show 1042 | "
    "rehabctl program gate show 1042 --format json"
)
def show(
    mrn: MrnArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show each condition of the phase's gate: its state, value, threshold and source."""
    from rehabctl.commands._program_views import CONDITION_COLUMNS, answers, conditions
    from rehabctl.services import phase_progress
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    with open_store(settings) as store:
        found = phase_progress.progress(store, settings, mrn)
    out = Output.of(format_, json_, output, quiet)
    rows = conditions(found)
    if out.format is Format.JSON:
        gate = {"phase": found.phase.key, "gate": found.phase.gate or None, "state": found.state}
        emit_object({**gate, "conditions": rows, "answers": answers(found)}, out)
    else:
        emit_items(rows, CONDITION_COLUMNS, out)
    note(f"Phase {found.phase.key}: {found.state}", out)


@app.command(
    epilog="Examples: rehabctl program gate answer 1042 2 --yes | "
    'rehabctl program gate answer 1042 "effusion<=trace" --no --note "1+ at the medial side"'
)
def answer(
    mrn: MrnArgument,
    condition: Annotated[
        str, typer.Argument(help="Its number or its text, from `rehabctl program gate show`.")
    ],
    met: Annotated[
        bool | None, typer.Option("--yes/--no", help="Whether the condition is met.")
    ] = None,
    comment: Annotated[str | None, typer.Option("--note", help="What was seen.")] = None,
    quiet: QuietFlag = False,
) -> None:
    """Answer a condition that no instrument decides; who answered and when is kept."""
    from rehabctl.services import phase_progress
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if met is None:
        raise UsageError("an answer is missing", "Add --yes or --no")
    settings = load_settings()
    with open_store(settings) as store:
        found = phase_progress.answer(store, settings, mrn, condition, met=met, note=comment)
    if not quiet:
        note(f"Kept. Phase {found.phase.key}: {found.state}")
