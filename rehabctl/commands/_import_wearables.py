"""`rehabctl import apple-health|fitbit|health-connect|google-health`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._progress import progress
from rehabctl.commands._render import Output, emit_object, note
from rehabctl.domain.errors import ExitCode
from rehabctl.domain.wearable import WearableSource

if TYPE_CHECKING:
    from rehabctl.services.wearables import WearableReport

PatientOption = Annotated[
    str, typer.Option("--patient", metavar="MRN", help="Whose devices recorded it.")
]
_DAY = ["%Y-%m-%d"]
_COUNTS = ("read", "created", "updated", "unchanged", "rejected", "records")
_ABOUT = ("first_day", "last_day", "cut", "sha256")


def register(app: typer.Typer) -> None:
    """Add the commands to `rehabctl import`."""
    app.command(
        "apple-health",
        epilog="Examples: rehabctl import apple-health export.zip --patient 1042 --dry-run | "
        "rehabctl import apple-health export.xml --patient 1042 --format json",
    )(apple_health)
    app.command(
        "fitbit",
        epilog="Examples: rehabctl import fitbit Takeout/Fitbit --patient 1042 --dry-run | "
        "rehabctl import fitbit takeout.zip --patient 1042 --format json",
    )(fitbit)
    app.command(
        "health-connect",
        epilog="Examples: rehabctl import health-connect 'Health Connect.zip' --patient 1042 "
        "--dry-run | rehabctl import health-connect export.zip --patient 1042 --format json",
    )(health_connect)
    app.command(
        "google-health",
        epilog="Examples: rehabctl import google-health --patient 1042 | "
        "rehabctl import google-health --patient 1042 --from 2026-10-01 --to 2026-10-31 --dry-run",
    )(google_health)


def apple_health(
    file: Annotated[Path, typer.Argument(help="export.zip of the phone, or its export.xml.")],
    patient: PatientOption,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over steps, heart rate, sleep and walking of an Apple Health export, by day.

    Steps that phone and watch both counted count once. The same file twice changes nothing. Exit
    code 3 when it is about another person, 7 when records were refused or the file breaks off.
    """
    out = Output.of(format_, json_, output, quiet)
    _import(WearableSource.APPLE_HEALTH, file, patient, out, dry_run=dry_run)


def fitbit(
    file: Annotated[Path, typer.Argument(help="Folder or zip file of Google Takeout.")],
    patient: PatientOption,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over steps, heart rate and sleep of a Fitbit export out of Google Takeout, by day.

    The Fitbit Web API has ended: see docs/wearables.md. Exit codes as `import apple-health`.
    """
    from rehabctl.reference.wearables import ended_service
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    ended = ended_service("fitbit-web-api", load_settings().now().date())
    if ended is not None and not file.exists():
        note(ended, out)
    _import(WearableSource.FITBIT, file, patient, out, dry_run=dry_run)


def health_connect(
    file: Annotated[Path, typer.Argument(help="Export of Android Health Connect, zip or .db.")],
    patient: PatientOption,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over steps, heart rate and sleep of an Android Health Connect export, by day.

    Steps that several apps counted count once. Exit codes as `import apple-health`.
    """
    out = Output.of(format_, json_, output, quiet)
    _import(WearableSource.HEALTH_CONNECT, file, patient, out, dry_run=dry_run)


def google_health(
    patient: PatientOption,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First day. [default: 30 back]")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last day. [default: today]")
    ] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Fetch steps, heart rate and sleep of the Google Health API, by day.

    The integration has to be enabled under an agreement, and the patient's sign-in stored. Exit
    code 5 without either, 6 when the service is away, 7 when records were refused.
    """
    from datetime import timedelta

    from rehabctl.domain.errors import UsageError
    from rehabctl.services import triage, wearables
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import google_health as google

    settings = load_settings()
    until = last.date() if last else settings.now().date()
    since = first.date() if first else until - timedelta(days=30)
    if since > until:
        raise UsageError("the first day lies after the last", "Swap --from and --to")
    rules = triage.clinic_rules(settings)
    out = Output.of(format_, json_, output, quiet)
    with open_store(settings) as store, progress("Asking for days", quiet=quiet):
        api = google(store, settings, patient)
        report = wearables.import_wearable(
            store,
            rules,
            WearableSource.GOOGLE_HEALTH,
            lambda reading: api.read(reading, since, until),
            patient,
            dry_run=dry_run,
        )
    _emit(report, out, dry_run=dry_run)


def _import(source: WearableSource, file: Path, mrn: str, out: Output, *, dry_run: bool) -> None:
    from rehabctl.services import triage, wearables
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    read = wearables.file_reader(source, file)
    with open_store(settings) as store, progress("Reading days", quiet=out.quiet):
        report = wearables.import_wearable(store, rules, source, read, mrn, dry_run=dry_run)
    _emit(report, out, dry_run=dry_run)


def _emit(report: WearableReport, out: Output, *, dry_run: bool) -> None:
    data: dict[str, object] = {name: getattr(report, name) for name in _COUNTS}
    data["source"] = report.source
    data |= {name: getattr(report, name) for name in _ABOUT}
    if out.format in (Format.JSON, Format.JSONL):
        data["rejects"] = report.rejects
    else:
        for refused in report.rejects[:20]:
            where = f"{refused.field} " if refused.field else ""
            note(f"{refused.file}:{refused.line}: {where}{refused.message}", out)
    emit_object(data, out)
    if not report.names_wearer:
        note("the source does not say whom it is about: compare it with the patient", out)
    if dry_run:
        note("dry run: nothing was kept", out)
    if report.rejected:
        raise typer.Exit(ExitCode.PARTIAL)
