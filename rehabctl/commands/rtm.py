"""`rehabctl rtm`: what remote therapeutic monitoring supports, with proof."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import (
    Output,
    emit_bytes,
    emit_items,
    emit_object,
    note,
    to_json_value,
)
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UsageError

if TYPE_CHECKING:
    from rehabctl.billing.monitoring_evidence import MonthEvidence

app = typer.Typer(help="Prove and claim remote therapeutic monitoring.", no_args_is_help=True)

Mrn = Annotated[str, typer.Option("--patient", help="Medical record number.")]
Month = Annotated[str, typer.Option("--month", help="Like 2026-03.")]


@app.callback()
def rtm() -> None:
    """Prove and claim remote therapeutic monitoring."""


@app.command(
    epilog="Examples: rehabctl rtm evidence --patient 1042 --month 2026-03 | "
    "rehabctl rtm evidence --patient 1042 --month 2026-03 -o evidence.pdf"
)
def evidence(
    patient: Mrn,
    month: Month,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the days with data and minutes of a month, and which codes they support and why.

    With `-o` and a name that ends in .md or .pdf it writes a document that names every record with
    its hash; the same evidence gives the same bytes.
    """
    from rehabctl.services import remote_monitoring
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = remote_monitoring.evidence(store, patient, month)
        clinic = store.clinic.name
    paper = None if output is None or format_ is not None or json_ else Path(output)
    if paper is not None and paper.suffix in (".md", ".pdf"):
        _write_document(found, patient, clinic, paper)
        return
    out = Output.of(format_, json_, output, quiet)
    codes: list[dict[str, Any]] = to_json_value(found.supports)
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(
            {
                "patient": patient,
                "month": found.month,
                "time_zone": found.time_zone,
                "days": to_json_value(found.days),
                "day_count": len(found.days),
                "minutes": found.minutes,
                "contact": found.contact,
                "codes": codes,
                "notices": list(found.notices),
            },
            out,
        )
        return
    emit_items(codes, ("kind", "code", "units", "status", "service_on", "why"), out)
    for text in found.notices:
        note(f"{text}.", out)


def _write_document(found: MonthEvidence, mrn: str, clinic: str, output: Path) -> None:
    from rehabctl.integrations import monitoring_paper

    if output.suffix == ".pdf":
        data = monitoring_paper.write_pdf(found, mrn, clinic)
    else:
        data = monitoring_paper.write_markdown(found, mrn, clinic).encode()
    emit_bytes(data, Output(Format.PLAIN, str(output)), private=True)


@app.command(
    "list",
    epilog="Examples: rehabctl rtm list | rehabctl rtm list --month 2026-03 --format json",
)
def list_(
    month: Annotated[
        str | None, typer.Option("--month", help="Like 2026-03; default: this month.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List who is monitored in a month: days of the window, minutes, what is supported or not."""
    from rehabctl.services.monitoring_desk import monitored
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = monitored(store, month)
    rows: list[dict[str, Any]] = [
        {
            "patient": one.mrn,
            "window_from": None if one.window is None else one.window.first,
            "window_to": None if one.window is None else one.window.last,
            "days": 0 if one.window is None else one.window.days,
            "minutes": one.evidence.minutes,
            "contact": one.evidence.contact,
            "supported": one.supported,
            "claimable": one.claimable,
            "lacking": [
                {
                    "code": gap.code,
                    "missing": gap.missing,
                    "until": gap.until,
                    "reachable": gap.reachable,
                }
                for gap in one.gaps
            ],
        }
        for one in found.patients
    ]
    out = Output.of(format_, json_, output, quiet)
    if out.format not in (Format.JSON, Format.JSONL):
        for row in rows:
            row["lacking"] = [f"{gap['code']}: {gap['missing']}" for gap in row["lacking"]]
    columns = (
        "patient", "window_from", "window_to", "days", "minutes", "contact", "supported", "lacking",
    )  # fmt: skip
    emit_items([to_json_value(row) for row in rows], columns, out)
    if found.more:
        more = counted(found.more, "more patient")
        note(f"{more} not read: rehabctl rtm evidence --patient MRN", out)


@app.command(
    epilog="Examples: rehabctl rtm log --patient 1042 --minutes 12 --contact | "
    "rehabctl rtm log --patient 1042 --minutes 20 --at 2026-03-05T14:00:00Z"
)
def log(
    patient: Mrn,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="Whole minutes.")],
    contact: Annotated[
        bool, typer.Option("--contact", help="You spoke live with the patient or caregiver.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="When it began; without it, it ended now.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Log your time with a patient's monitoring data. A minute is counted once."""
    from datetime import timedelta

    from rehabctl.services import remote_monitoring
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    began = settings.now() - timedelta(minutes=minutes) if at is None else _moment(at)
    with open_store(settings) as store:
        entry = remote_monitoring.log(
            store, patient, minutes=minutes, live_contact=contact, at=began
        )
    out = Output.of(format_, json_, output, quiet)
    shown = {"id": entry.id, "started_at": entry.started_at, "minutes": entry.minutes}
    emit_object({**shown, "live_contact": entry.live_contact}, out)


@app.command(
    epilog="Examples: rehabctl rtm attest --device 'Knee app' --device-version 3.1 --basis "
    "'Class II, cleared' --by 'J. Lee, PT' | rehabctl rtm attest --device Spiro --device-version 2 "
    "--system respiratory --basis 'Class II' --by 'J. Lee' --from 2026-01-01"
)
def attest(
    device: Annotated[str, typer.Option("--device", help="Name of the device or app.")],
    device_version: Annotated[str, typer.Option("--device-version", help="Its version.")],
    basis: Annotated[str, typer.Option("--basis", help="Regulatory basis, in your words.")],
    by: Annotated[str, typer.Option("--by", help="Name of the person who states it.")],
    system: Annotated[
        str, typer.Option(help="musculoskeletal, respiratory or cognitive_behavioural.")
    ] = "musculoskeletal",
    from_: Annotated[
        str | None, typer.Option("--from", help="First day on which it holds; default today.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Record that a named person states the regulatory basis of a monitoring device.

    rehabctl states nothing of the kind itself; without this, supply codes stay blocked.
    """
    from rehabctl.services import remote_monitoring
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    first = settings.now().astimezone().date() if from_ is None else _day(from_)
    with open_store(settings) as store:
        made = remote_monitoring.attest(
            store, device=device, device_version=device_version, system=system, basis=basis,
            attested_by=by, valid_from=first,
        )  # fmt: skip
    out = Output.of(format_, json_, output, quiet)
    emit_object({"id": made.id, "device": made.device, "valid_from": made.valid_from}, out)


@app.command(
    epilog="Examples: rehabctl rtm claim --patient 1042 --month 2026-03 | "
    "rehabctl rtm claim --patient 1042 --month 2026-03 --format json"
)
def claim(
    patient: Mrn,
    month: Month,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Freeze the evidence of what a month supports; each window, month and set-up once.

    Exit code 3 when nothing is supported that is not claimed already.
    """
    from rehabctl.services import remote_monitoring
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        done = remote_monitoring.claim(store, patient, month)
    out = Output.of(format_, json_, output, quiet)
    rows = [
        {
            "id": one.id,
            "kind": one.kind,
            "period": one.period,
            "service_on": one.service_on,
            "lines": [{"code": code, "units": units} for code, units in one.lines],
            "evidence_sha256": one.evidence_sha256,
            "codes": [code for code, _ in one.lines],
        }
        for one in done.frozen
    ]
    emit_items(rows, ("kind", "period", "service_on", "codes", "evidence_sha256"), out)
    for one in done.left:
        note(f"Not claimed: {one.kind.value} {one.period}: {one.status}", out)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"{text!r} is not a time with a zone", "Write it like 2026-03-05T14:00:00Z"
        )
    return moment


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-03-02") from None
