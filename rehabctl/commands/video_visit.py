"""`rehabctl video-visit`: links into video rooms, and what to do when the call breaks."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands import _video_recordings
from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._times import AtOption, moment
from rehabctl.commands._words import member
from rehabctl.domain.video import VideoRole

app = typer.Typer(
    help="Hold visits by video: Daily, or LiveKit and Jitsi of your own.", no_args_is_help=True
)
webhook = typer.Typer(help="Check notices of video services.", no_args_is_help=True)
app.add_typer(webhook, name="webhook")
app.command(
    epilog="Examples: rehabctl video-visit recordings ID | "
    "rehabctl video-visit recordings ID --fetch --format json"
)(_video_recordings.recordings)

VisitId = Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl visit list`.")]


@app.command(
    epilog="Examples: rehabctl video-visit create ID | "
    "rehabctl video-visit create ID --record --format json"
)
def create(
    visit_id: VisitId,
    record: Annotated[
        bool, typer.Option("--record", help="Let the therapist record; needs the consent to it.")
    ] = False,
    waiting: Annotated[
        bool | None,
        typer.Option(
            "--waiting-room/--no-waiting-room",
            help="Whether patients wait to be let in; default: unless it is a group.",
        ),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Make the room of a visit, or show the one that it has; a group has one for all.

    `waiting_room` says whether the service keeps patients waiting: LiveKit has no such thing.
    """
    from rehabctl.reference.video import load_video_rules
    from rehabctl.services import video_visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import video_port

    settings = load_settings()
    rules = load_video_rules(settings.now().date())
    with open_store(settings) as store:
        port = video_port(store, settings)
        room = video_visits.create(store, rules, port, visit_id, recording=record, waiting=waiting)
    row = {
        "service": room.service,
        "room": room.room,
        "opens_at": room.opens_at,
        "closes_at": room.closes_at,
        "recording": room.recording,
        "waiting_room": room.waiting,
    }
    emit_object(row, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl video-visit join ID --as patient | "
    "rehabctl video-visit join ID --as therapist --format json"
)
def join(
    visit_id: VisitId,
    role: Annotated[VideoRole, typer.Option("--as", help="Who enters.")] = VideoRole.THERAPIST,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the link that lets one person into the room, open for this visit only.

    The visits of one group share a room, and each has a link. It names nobody; whoever has it may
    enter. At Daily make the room first.
    """
    from rehabctl.reference.video import load_video_rules
    from rehabctl.services import video_visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import video_port

    settings = load_settings()
    rules = load_video_rules(settings.now().date())
    with open_store(settings) as store:
        port = video_port(store, settings)
        found = video_visits.join(store, rules, port, visit_id, role)
    row = {
        "room": found.room,
        "opens_at": found.from_at,
        "closes_at": found.until_at,
        "link": found.link,
    }
    emit_object(row, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl video-visit end ID | rehabctl video-visit end ID --format json"
)
def end(
    visit_id: VisitId,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Close the room of a visit, for its whole group, and hand out no more links.

    The visit itself ends by `rehabctl visit stop`.
    """
    from rehabctl.services import video_visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import video_port

    settings = load_settings()
    out = Output.of(format_, json_, output, quiet)
    with open_store(settings) as store:
        closed = video_visits.end(store, video_port(store, settings), visit_id)
    emit_object({"rooms": closed.rooms, "at_once": closed.at_once}, out)
    if not closed.at_once:
        note("who is in the room stays until the link ends: close it in the call too", out)


@app.command(
    epilog="Examples: rehabctl video-visit fallback ID | "
    "rehabctl video-visit fallback ID --to phone --format json"
)
def fallback(
    visit_id: VisitId,
    to: Annotated[
        str | None,
        typer.Option("--to", help="picture, audio, phone or reschedule; default: the next."),
    ] = None,
    no_contact: Annotated[
        bool, typer.Option("--no-contact", help="With reschedule: you did not speak live.")
    ] = False,
    at: AtOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Go one step down when a call breaks; the visit notes its channel, which decides the claim.

    A smaller picture, sound alone, the telephone, another time: in this order.
    """
    from rehabctl.services import triage, visit_fallback
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    wanted = None if to is None else member(visit_fallback.Rung, to, "--to")
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store:
        found = visit_fallback.fall_back(
            store, rules, visit_id, wanted, at=moment(at), no_contact=no_contact
        )
    row = {
        "step": found.rung,
        "status": found.visit.status,
        "channels": found.visit.channels,
        "text": found.step.text,
        "next": found.step.command,
    }
    emit_object(row, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl video-visit guide | rehabctl video-visit guide --format json"
)
def guide(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what the camera has to see, and what is done when the call breaks."""
    from rehabctl.reference.fallback import load_fallback
    from rehabctl.reference.video import load_video_rules
    from rehabctl.services.settings import load_settings

    rules = load_video_rules(load_settings().now().date())
    rows = [{"about": "camera", "text": text, "command": ""} for text in rules.guide]
    rows += [
        {"about": step.channel, "text": step.text, "command": step.command}
        for step in load_fallback()
    ]
    emit_items(rows, ("about", "text", "command"), Output.of(format_, json_, output, quiet))


@webhook.command(
    epilog="Examples: rehabctl video-visit webhook verify livekit --signature TOKEN < body | "
    "rehabctl video-visit webhook verify daily --signature S --timestamp T < body"
)
def verify(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="livekit or daily.")],
    signature: Annotated[
        str, typer.Option(help="Header Authorization (LiveKit) or X-Webhook-Signature (Daily).")
    ],
    timestamp: Annotated[str, typer.Option(help="Daily's X-Webhook-Timestamp.")] = "",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check a notice on standard input: exit code 5 unless it is signed, whole and fresh."""
    import sys

    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import check_notice

    settings = load_settings()
    body = sys.stdin.buffer.read()
    with open_store(settings) as store:
        check_notice(store, settings, service, body, signature, timestamp)
    emit_object({"service": service, "genuine": True}, Output.of(format_, json_, output, quiet))
