"""`rehabctl integration queue`: HL7 v2 messages that wait for their receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.domain.hl7_queue import QueuedMessage

queue_app = typer.Typer(help="HL7 v2 messages that wait for their receiver.", no_args_is_help=True)
_COLUMNS = (
    "id", "destination", "kind", "control_id", "state", "attempts", "answer", "queued_at",
    "not_before",
)  # fmt: skip
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `integration queue list` shows.")]


@queue_app.command(
    "list",
    epilog="Examples: rehabctl integration queue list | "
    "rehabctl integration queue list --all --format json",
)
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also what is done or dropped.")] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List what waits or was refused, in the order in which it leaves. Contents are never shown."""
    from rehabctl.services import hl7_queue
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        rows = [_row(one) for one in hl7_queue.waiting(store, every=every)]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


@queue_app.command(
    epilog="Examples: rehabctl integration queue send | "
    "rehabctl integration queue send --format json"
)
def send(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Send what is due, each message once, in order to each destination.

    Exit code 7 when something was refused or found nobody; it is listed with the reason.
    """
    from rehabctl.domain.hl7_queue import QueueState
    from rehabctl.services.hl7_queue import QueueSender
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import mllp_line

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        done = list(QueueSender(store, mllp_line).send())
    emit_items([_row(one) for one in done], _COLUMNS, out)
    if any(one.state is not QueueState.DONE for one in done):
        raise typer.Exit(ExitCode.PARTIAL)


@queue_app.command(
    epilog="Examples: rehabctl integration queue retry 0199c3... | "
    "rehabctl integration queue retry 0199c3... --replay"
)
def retry(
    message: IdArgument,
    replay: Annotated[
        bool, typer.Option("--replay", help="Also one that was acknowledged.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Have a message sent again at the next run, with the same control id."""
    from rehabctl.services import hl7_queue
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        found = hl7_queue.retry(store, _id(message), replay=replay)
    emit_object(_row(found), out)
    note("it leaves with the next: rehabctl integration queue send", out)


@queue_app.command(
    epilog="Examples: rehabctl integration queue drop 0199c3... | "
    "rehabctl integration queue drop 0199c3... --format json"
)
def drop(
    message: IdArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Give a message up. It stays in the list of all, and `retry` takes it back."""
    from rehabctl.services import hl7_queue
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = hl7_queue.drop(store, _id(message))
    emit_object(_row(found), Output.of(format_, json_, output, quiet))


def _id(text: str) -> UUID:
    from uuid import UUID

    try:
        return UUID(text)
    except ValueError:
        raise UsageError("that is no identifier", "See: rehabctl integration queue list") from None


def _row(one: QueuedMessage) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _COLUMNS}
