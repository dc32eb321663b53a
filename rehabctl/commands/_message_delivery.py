"""How messages leave and answers come in, and who allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, LimitOption, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._words import text_of
from rehabctl.domain.message import DeliveryChannel

if TYPE_CHECKING:
    from rehabctl.domain.message import MessageChannel

PatientOption = Annotated[str, typer.Option("--patient", help="Medical record number.")]
ToOption = Annotated[str, typer.Option("--to", help="patient, or the identifier of a contact.")]
ItemArgument = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl message dead`.")]
_DELIVERED = ("id", "template", "channel", "state", "why")
_DEAD = ("id", "template", "why", "attempts", "due_at")
_CHANNELS = ("receiver", "channel", "rank", "opted_in_at", "opted_out_at", "opted_out_by")


def deliver(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    limit: LimitOption = 500,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Send what is due, by each receiver's channels, outside her quiet hours; run it from cron.

    Nothing is sent twice: what may have been sent is looked for first, and where nobody can look
    it is given up for a person to decide (`message dead`).
    """
    from dataclasses import asdict

    from rehabctl.services.delivery_run import deliver_due
    from rehabctl.services.settings import load_settings

    lines = [asdict(line) for line in deliver_due(load_settings(), limit=limit, dry_run=dry_run)]
    emit_items(lines, _DELIVERED, Output.of(format_, json_, output, quiet))


def fetch(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take answers to text messages into the inbox, each once; STOP ends the channel."""
    from dataclasses import asdict

    from rehabctl.services import message_replies
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import reply_source

    settings = load_settings()
    out = Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        message_replies.require_fetching(store)
        result = message_replies.take_over(store, reply_source(store, settings).received())
    emit_object(asdict(result), out)
    if result.not_ours:
        note("some answers fit no receiver, or several: look at the carrier's console", out)


def dead(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List what could not be delivered, newest first, and why."""
    from rehabctl.services import dead_letters
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = dead_letters.dead(store)
    rows: list[dict[str, Any]] = [
        {
            "id": item.id,
            "template": item.template,
            "why": item.last_error,
            "attempts": item.attempts,
            "due_at": item.not_before,
        }
        for item in found
    ]
    emit_items(rows, _DEAD, Output.of(format_, json_, output, quiet))


def retry(
    item_id: ItemArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Queue a dead delivery again; with `uncertain` ask the receiver first."""
    from rehabctl.services import dead_letters
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        item = dead_letters.retry(store, item_id)
    row = {"id": item.id, "state": item.state, "not_before": item.not_before}
    emit_object(row, Output.of(format_, json_, output, quiet))


def opt_in(
    channels: Annotated[
        list[DeliveryChannel],
        typer.Argument(metavar="CHANNEL...", help="sms, email, push; best first."),
    ],
    patient: PatientOption,
    to: ToOption = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note by which channels a receiver allows to be reached, in her order; others end."""
    from rehabctl.services import message_channels
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = message_channels.opt_in(store, patient, channels, to=to)
    _print(found, Output.of(format_, json_, output, quiet))


def opt_out(
    patient: PatientOption,
    channels: Annotated[
        list[DeliveryChannel] | None, typer.Argument(metavar="[CHANNEL...]", help="Default all.")
    ] = None,
    to: ToOption = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note that a receiver does not want to be reached by some channels, or by any."""
    from rehabctl.services import message_channels
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = message_channels.opt_out(store, patient, channels or (), to=to)
    _print(found, Output.of(format_, json_, output, quiet))


def channels(
    patient: PatientOption,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the channels of a patient and her contacts, ended ones too."""
    from rehabctl.services import message_channels
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = message_channels.of_patient(store, patient)
    _print(found, Output.of(format_, json_, output, quiet))


def push_subscribe(
    patient: PatientOption,
    file: Annotated[str, typer.Argument(help="JSON of the browser; - reads standard input.")] = "-",
    to: ToOption = "patient",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Keep the browser in which a receiver takes push messages; `opt-in push` allows them.

    The file is what `PushSubscription.toJSON()` gave on a page of the clinic, made with the key
    that `message push-key` prints. A newer one replaces it; one that is gone is forgotten.
    """
    from urllib.parse import urlsplit

    from rehabctl.services import push_subscriptions
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    document = text_of(None, file)
    with open_store(load_settings()) as store:
        made = push_subscriptions.subscribe(store, patient, document, to=to)
    row = {"receiver": made.receiver, "service": urlsplit(made.endpoint).hostname}
    emit_object(row, Output.of(format_, json_, output, quiet))


def push_key(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the clinic's public key for push messages: `applicationServerKey` of a page."""
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import push_key as key_of

    settings = load_settings()
    with open_store(settings) as store:
        public = key_of(store, settings).public
    emit_object({"application_server_key": public}, Output.of(format_, json_, output, quiet))


def _print(found: tuple[MessageChannel, ...], out: Output) -> None:
    rows = [{name: getattr(one, name) for name in _CHANNELS} for one in found]
    emit_items(rows, _CHANNELS, out)
