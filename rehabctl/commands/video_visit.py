"""`rehabctl video-visit`: links into video rooms, and what to do when the call breaks."""

from __future__ import annotations

from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.domain.video import VideoRole

app = typer.Typer(help="Open video visits on a server of your own.", no_args_is_help=True)
webhook = typer.Typer(help="Check notices of video services.", no_args_is_help=True)
app.add_typer(webhook, name="webhook")


@app.command(
    epilog="Examples: rehabctl video-visit join ID --as patient | "
    "rehabctl video-visit join ID --as therapist --format json"
)
def join(
    visit_id: Annotated[str, typer.Argument(metavar="ID", help="From `rehabctl visit list`.")],
    role: Annotated[VideoRole, typer.Option("--as", help="Who enters.")] = VideoRole.THERAPIST,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the link that lets one person into the room, signed here and open for this visit only.

    The visits of one group share a room. The link names nobody; whoever has it may enter.
    """
    from rehabctl.reference.video import load_video_rules
    from rehabctl.services import video_visits
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import video_rooms

    settings = load_settings()
    rules = load_video_rules(settings.now().date())
    with open_store(settings) as store:
        rooms = video_rooms(store, settings)
        found = video_visits.join(store, rules, rooms, visit_id, role)
    row = {
        "room": found.room,
        "opens_at": found.from_at,
        "closes_at": found.until_at,
        "link": found.link,
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
