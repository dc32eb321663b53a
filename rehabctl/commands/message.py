"""`rehabctl message`: conversations with patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands import _message_delivery
from rehabctl.commands._options import (
    CursorOption,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._words import text_of

if TYPE_CHECKING:
    from rehabctl.domain.message import Message

app = typer.Typer(help="Read and write messages of patients.", no_args_is_help=True)
app.command(
    epilog="Examples: rehabctl message deliver --dry-run | rehabctl message deliver --format json"
)(_message_delivery.deliver)
app.command(epilog="Examples: rehabctl message fetch | rehabctl message fetch --format json")(
    _message_delivery.fetch
)
app.command(epilog="Examples: rehabctl message dead | rehabctl message dead --format json")(
    _message_delivery.dead
)
app.command(epilog="Examples: rehabctl message retry ID | rehabctl message retry ID --json")(
    _message_delivery.retry
)
app.command(
    "opt-in",
    epilog="Examples: rehabctl message opt-in sms email --patient 1042 | "
    "rehabctl message opt-in email --patient 1042 --to CONTACT",
)(_message_delivery.opt_in)
app.command(
    "opt-out",
    epilog="Examples: rehabctl message opt-out --patient 1042 | "
    "rehabctl message opt-out sms --patient 1042",
)(_message_delivery.opt_out)
app.command(
    epilog="Examples: rehabctl message channels --patient 1042 | "
    "rehabctl message channels --patient 1042 --json"
)(_message_delivery.channels)
app.command(
    "push-subscribe",
    epilog="Examples: rehabctl message push-subscribe browser.json --patient 1042 | "
    "rehabctl message push-subscribe --patient 1042 --to CONTACT < browser.json",
)(_message_delivery.push_subscribe)
app.command(
    "push-key",
    epilog="Examples: rehabctl message push-key | rehabctl message push-key --format json",
)(_message_delivery.push_key)

ThreadId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl message list`.")]
Mrn = Annotated[str, typer.Option("--patient", help="Medical record number.")]
TextOption = Annotated[
    str | None, typer.Option("--text", help="What is said; others see it in the process list.")
]
FileOption = Annotated[
    str | None, typer.Option("--file", help="File with what is said; - is standard input.")
]
SubjectOption = Annotated[
    str | None, typer.Option("--subject", help="Of a new conversation; no patient data.")
]
ThreadOption = Annotated[str | None, typer.Option("--thread", help="Conversation to go on with.")]


@app.command(
    "list",
    epilog="Examples: rehabctl message list --unread | rehabctl message list --patient 1042 --json",
)
def list_(
    patient: Annotated[str | None, typer.Option("--patient", help="Medical record number.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only with unread messages.")] = False,
    limit: LimitOption = 30,
    cursor: CursorOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List conversations, the one with the newest message first."""
    from rehabctl.services import messages
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found, after = messages.inbox(
            store, limit=limit, cursor=cursor, mrn=patient, unread_only=unread
        )
    rows = [
        {
            "id": line.thread.id,
            "mrn": line.mrn,
            "unread": line.unread,
            "subject": line.thread.subject,
            "last_message_at": line.thread.last_message_at,
        }
        for line in found
    ]
    columns = ("id", "mrn", "unread", "subject", "last_message_at")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet), next_cursor=after)


@app.command(epilog="Examples: rehabctl message show ID | rehabctl message show ID --json")
def show(
    thread_id: ThreadId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one conversation, oldest message first; it stays unread."""
    _print(thread_id, Output.of(format_, json_, output, quiet), mark_read=False)


@app.command(epilog="Examples: rehabctl message read ID | rehabctl message read ID --json")
def read(
    thread_id: ThreadId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one conversation and note that it was read."""
    _print(thread_id, Output.of(format_, json_, output, quiet), mark_read=True)


@app.command(
    epilog="Examples: rehabctl message send --patient 1042 --file note.txt | "
    "rehabctl message send --patient 1042 --to CONTACT --file - < note.txt"
)
def send(
    patient: Mrn,
    text: TextOption = None,
    file: FileOption = None,
    subject: SubjectOption = None,
    thread: ThreadOption = None,
    to: Annotated[
        str, typer.Option("--to", help="patient, or the identifier of a contact.")
    ] = "patient",
    channel: Annotated[str, typer.Option("--channel", help="portal, email or sms.")] = "portal",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write to a patient; it waits in the outbox for the end of her quiet hours."""
    from rehabctl.services import messages, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    body = text_of(text, file)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    out = Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        message, item = messages.send(
            store, rules, patient, body,
            subject=subject, thread_id=thread, to=to, channel=channel,
        )  # fmt: skip
    emit_object(
        {
            "id": message.id,
            "thread": message.thread_id,
            "to": item.payload["to"],
            "channel": item.channel,
            "not_before": item.not_before,
            "state": item.state,
        },
        out,
    )
    note("queued; it leaves with: rehabctl message deliver", out)


@app.command(
    epilog="Examples: rehabctl message receive --patient 1042 --file call.txt | "
    "rehabctl message receive --patient 1042 --by CONTACT --file -"
)
def receive(
    patient: Mrn,
    text: TextOption = None,
    file: FileOption = None,
    by: Annotated[
        str, typer.Option("--by", help="patient, or the identifier of a contact.")
    ] = "patient",
    subject: SubjectOption = None,
    thread: ThreadOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Note what a patient, or a contact for her, wrote or said."""
    from rehabctl.services import messages
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    body = text_of(text, file)
    with open_store(load_settings()) as store:
        message = messages.receive(store, patient, body, by=by, subject=subject, thread_id=thread)
    emit_object(
        {"id": message.id, "thread": message.thread_id, "by": _author(message)},
        Output.of(format_, json_, output, quiet),
    )


def _print(thread_id: str, out: Output, *, mark_read: bool) -> None:
    from rehabctl.services import messages
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        _, found = messages.show(store, thread_id, mark_read=mark_read)
    rows: list[dict[str, Any]] = [
        {
            "id": message.id,
            "sent_at": message.sent_at,
            "direction": message.direction,
            "by": _author(message),
            "body": message.body,
            "read_at": message.read_at,
        }
        for message in found
    ]
    emit_items(rows, ("sent_at", "direction", "by", "body", "read_at"), out)


def _author(message: Message) -> str:
    if message.author_contact_id is not None:
        return f"contact:{message.author_contact_id}"
    return "patient" if message.author_user_id is None else f"user:{message.author_user_id}"
