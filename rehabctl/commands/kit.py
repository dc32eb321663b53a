"""`rehabctl kit`: cases of sensors, who has them, and what they need."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode, UsageError
from rehabctl.domain.kit import KitEventKind

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

app = typer.Typer(help="Prepare, assign and take back sensor kits.", no_args_is_help=True)

KitArgument = Annotated[str, typer.Argument(metavar="KIT", help="The name on its label.")]
CommentOption = Annotated[
    str, typer.Option("--comment", help="For the kit's log; never about a patient.")
]
_COLUMNS = (
    "kit", "status", "since", "patient", "due_back_on", "items", "battery_percent_min",
    "certificate_until", "needs",
)  # fmt: skip


@contextmanager
def _opened() -> Generator[tuple[Store, Settings]]:
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    with open_store(settings) as store:
        yield store, settings


@app.command(
    "list", epilog="Examples: rehabctl kit list | rehabctl kit list --status available --json"
)
def list_(
    status: Annotated[str | None, typer.Option(help="Only kits in this state.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List kits with their state, batteries and certificates."""
    rows = [row for row in _rows() if status is None or row["status"] == status]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


def _rows() -> list[dict[str, Any]]:
    from rehabctl.services.kits import report as inventory

    with _opened() as (store, settings):
        lines = inventory(store, settings)
    return [
        {**to_json_value(line), "needs": "; ".join(f.text for f in line.findings)} for line in lines
    ]


@app.command(
    epilog="Examples: rehabctl kit report | rehabctl kit report --format csv --output kits.csv"
)
def report(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Print the inventory. Exit code 3 when a kit needs something before it goes out."""
    rows = _rows()
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))
    if any(row["needs"] for row in rows):
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(epilog="Examples: rehabctl kit show KIT7 | rehabctl kit show KIT7 --format json")
def show(
    kit: KitArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the contents of a kit and its log."""
    from rehabctl.services.kits import show as find

    out = Output.of(format_, json_, output, quiet)
    with _opened() as (store, settings):
        found = find(store, settings, kit)
    hidden = ("id", "kit_id", "clinic_id")
    items, events = (
        [{k: v for k, v in to_json_value(row).items() if k not in hidden} for row in rows]
        for rows in (found.items, found.events)
    )
    if out.format in (Format.JSON, Format.JSONL):
        emit_object({**to_json_value(found.line), "contents": items, "log": events}, out)
        return
    columns = ("serial", "model", "firmware", "segment", "is_sensor", "status", "battery_percent")
    emit_items(items, columns, out)
    for event in events:
        about = f" {event['serial']}" if event["serial"] else ""
        note(f"{event['at']} {event['kind']}{about} {event['comment']}".rstrip(), out)


@app.command(
    epilog="Examples: rehabctl kit add KIT7 D422CD001122 D422CD001123 --segment thigh | "
    "rehabctl kit add KIT7 strap-1 strap-2 --accessory"
)
def add(
    kit: KitArgument,
    serials: Annotated[
        list[str] | None, typer.Argument(metavar="SERIAL...", help="What goes into it.")
    ] = None,
    segment: Annotated[str, typer.Option(help="Body segment, such as thigh.")] = "",
    accessory: Annotated[bool, typer.Option(help="Straps, chargers and the like.")] = False,
    quiet: QuietFlag = False,
) -> None:
    """Make a kit, or put more into one."""
    from rehabctl.services import kits

    with _opened() as (store, _):
        kits.add(store, kit, serials or [], segment, accessory=accessory)
    _say(f"{kit}: {len(serials or [])} added", quiet)


@app.command(epilog="Examples: rehabctl kit remove KIT7 D422CD001122 | rehabctl kit remove K1 s-1")
def remove(
    kit: KitArgument,
    serial: Annotated[str, typer.Argument(help="What leaves it.")],
    quiet: QuietFlag = False,
) -> None:
    """Take an item out of a kit; its certificates stay."""
    from rehabctl.services import kits

    with _opened() as (store, _):
        kits.remove(store, kit, serial)
    _say(f"{kit}: {serial} removed", quiet)


@app.command(
    epilog="Examples: rehabctl kit assign KIT7 --patient 1042 --due 2026-12-01 | "
    "rehabctl kit assign KIT7 --patient 1042 --force"
)
def assign(
    kit: KitArgument,
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    due: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day it is wanted back.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Although it needs something.")] = False,
    quiet: QuietFlag = False,
) -> None:
    """Give an available kit to a patient. Exit code 3 when it is not ready."""
    from rehabctl.services import kits

    with _opened() as (store, settings):
        kits.assign(store, settings, kit, patient, None if due is None else due.date(), force=force)
    _say(f"{kit} is assigned", quiet)


def _move(kit: str, kind: KitEventKind, comment: str, quiet: bool) -> None:
    from rehabctl.services import kits

    with _opened() as (store, _):
        kits.move(store, kit, kind, comment)
    _say(f"{kit} is {kind.value}", quiet)


def _say(text: str, quiet: bool) -> None:
    note(text, Output(Format.PLAIN, quiet=quiet))


@app.command(
    epilog="Examples: rehabctl kit ship KIT7 | rehabctl kit ship KIT7 --comment 'parcel 123'"
)
def ship(kit: KitArgument, comment: CommentOption = "", quiet: QuietFlag = False) -> None:
    """Note that an assigned kit was sent."""
    _move(kit, KitEventKind.SHIPPED, comment, quiet)


@app.command(
    "return", epilog="Examples: rehabctl kit return KIT7 | rehabctl kit return KIT7 --comment damp"
)
def return_(kit: KitArgument, comment: CommentOption = "", quiet: QuietFlag = False) -> None:
    """Note that a kit came back; it is cleaned before it goes out again."""
    _move(kit, KitEventKind.RETURNED, comment, quiet)


@app.command(
    epilog="Examples: rehabctl kit sanitize KIT7 | "
    "rehabctl kit sanitize KIT7 --comment 'alcohol wipes, straps washed'"
)
def sanitize(kit: KitArgument, comment: CommentOption = "", quiet: QuietFlag = False) -> None:
    """Note that a returned kit was cleaned; it is available again."""
    _move(kit, KitEventKind.CLEANED, comment, quiet)


@app.command(
    epilog="Examples: rehabctl kit loss KIT7 | "
    "rehabctl kit loss --item D422CD001122 --what damaged --comment 'cracked case'"
)
def loss(
    kit: Annotated[str | None, typer.Argument(metavar="KIT", help="A whole kit.")] = None,
    item: Annotated[str | None, typer.Option(help="Serial number of one item.")] = None,
    what: Annotated[
        str, typer.Option(help="lost, found, retired (a kit); damaged, repaired (an item).")
    ] = "lost",
    comment: CommentOption = "",
    quiet: QuietFlag = False,
) -> None:
    """Note that a kit or an item was lost, damaged, found or repaired."""
    from rehabctl.services import kits

    whole, one = ("lost", "found", "retired"), ("lost", "found", "damaged", "repaired")
    if (kit is None) == (item is None):
        raise UsageError("name a kit or --item, one of the two", "See the examples in --help")
    if what not in (whole if item is None else one):
        known = ", ".join(whole if item is None else one)
        raise UsageError(f"{what!r} cannot be noted here", f"Use one of {known}")
    if item is None:
        _move(kit or "", KitEventKind(what), comment, quiet)
        return
    with _opened() as (store, _):
        kits.mark_item(store, item, KitEventKind(what), comment)
    _say(f"{item} is {what}", quiet)


@app.command(
    epilog="Examples: rehabctl kit check D4:22:CD:00:11:22 | rehabctl kit check 'Movella DOT'"
)
def check(
    sensor: Annotated[str, typer.Argument(metavar="SENSOR", help="Address or name.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Ask a sensor of a kit for firmware and charge, and keep them."""
    from rehabctl.services import kits
    from rehabctl.services.sensor_link import information

    with _opened() as (store, settings):
        found = information(settings, sensor)
        serial = found.serial or found.address
        kits.note_check(store, serial, found.model, found.firmware, found.battery_percent)
    emit_object(to_json_value(found), Output.of(format_, json_, output, quiet))
