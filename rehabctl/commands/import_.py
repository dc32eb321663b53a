"""`rehabctl import`: data of other systems, checked row by row and written in batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _import_wearables
from rehabctl.commands._options import (
    DryRunFlag,
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._progress import progress
from rehabctl.commands._render import Output, emit_object, note, to_json_value
from rehabctl.commands.exercise import import_ as take_exercises
from rehabctl.domain.code_lists import CodeListKind
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import date

    from rehabctl.services.import_run import ImportReport

app = typer.Typer(help="Take over data of other systems.", no_args_is_help=True)

MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map",
        help='TOML or JSON: "their heading" = "our column", date_order, encoding, separator.',
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="Columns of a known system: see `integration profile`."),
]
RejectsOption = Annotated[
    Path | None, typer.Option("--rejects", help="Write refused rows with their reasons here.")
]
ResumeFlag = Annotated[
    bool, typer.Option("--resume", help="Go on after the last batch that was finished.")
]


@app.callback()
def import_() -> None:
    """Take over data of other systems."""


app.command(
    "exercises",
    epilog="Examples: rehabctl import exercises our-exercises/ --dry-run | "
    "rehabctl import exercises shoulder.toml --json",
)(take_exercises)


@app.command(
    epilog="Examples: rehabctl import patients roster.csv --dry-run | "
    "rehabctl import patients roster.csv --rejects refused.csv --format json"
)
def patients(
    file: Annotated[
        str, typer.Argument(help="CSV file with the roster's header; - is standard input.")
    ],
    map_: MapOption = None,
    profile: ProfileOption = None,
    dry_run: DryRunFlag = False,
    rejects: RejectsOption = None,
    resume: ResumeFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import a roster of patients; the same file twice changes nothing.

    Exit code 7 when rows were refused; the others are imported.
    """
    import sys

    from rehabctl.services import triage
    from rehabctl.services.import_map import reading_of
    from rehabctl.services.roster_import import ImportOptions, import_roster, import_stream
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    reading = reading_of("patients", map_, profile)
    options = ImportOptions(reading, dry_run, resume, rejects)
    settings = load_settings()
    rules = triage.clinic_rules(settings)

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store, progress("Importing patients", quiet=quiet) as report:
        if file == "-":
            result = import_stream(store, rules, sys.stdin.buffer, "-", options, note=say)
        else:
            result = import_roster(store, rules, Path(file), options, report=report, note=say)
    _emit_report(result, out, dry_run=dry_run)


@app.command(
    epilog="Examples: rehabctl import schedule appointments.csv --dry-run | "
    "rehabctl import schedule appointments.csv --rejects refused.csv --format json"
)
def schedule(
    file: Annotated[
        str,
        typer.Argument(
            help="CSV file with external_id, mrn, start and type; - is standard input.",
        ),
    ],
    map_: MapOption = None,
    profile: ProfileOption = None,
    dry_run: DryRunFlag = False,
    rejects: RejectsOption = None,
    resume: ResumeFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import appointments; each is booked by the rules of `schedule book`, or refused with why.

    A row that came before moves or cancels its appointment, or changes nothing. Exit code 7 when
    rows were refused; the others are booked.
    """
    import sys

    from rehabctl.services.import_map import reading_of
    from rehabctl.services.import_run import ImportOptions
    from rehabctl.services.schedule_import import COLUMNS, import_schedule
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    reading = reading_of("schedule", map_, profile, COLUMNS)
    options = ImportOptions(reading, dry_run, resume, rejects)
    settings = load_settings()
    tables = clinic_booking_rules(settings)
    source = sys.stdin.buffer if file == "-" else Path(file)

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store, progress("Importing appointments", quiet=quiet) as report:
        result = import_schedule(store, tables, source, options, report=report, note=say)
    _emit_report(result, out, dry_run=dry_run)


@app.command(
    epilog="Examples: rehabctl import history sessions.csv --dry-run | "
    "rehabctl import history forms.csv --rejects refused.csv --format json"
)
def history(
    file: Annotated[
        str,
        typer.Argument(
            help="CSV file with external_id, mrn, kind (session, prom), at; - is standard input.",
        ),
    ],
    map_: MapOption = None,
    profile: ProfileOption = None,
    dry_run: DryRunFlag = False,
    rejects: RejectsOption = None,
    resume: ResumeFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import sessions at home and questionnaires of the past; the same file twice is nothing new.

    A session names its exercises as `quad-set=10;10|heel-slide-supine=12`, a questionnaire its
    answers as `1;2;-;3`. Exit code 7 when rows were refused; the others are kept.
    """
    import sys

    from rehabctl.services import triage
    from rehabctl.services.history_import import COLUMNS, HistoryTables, import_history
    from rehabctl.services.import_map import ImportMap, read_map
    from rehabctl.services.import_run import ImportOptions
    from rehabctl.services.library import open_library
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    reading = read_map(map_, COLUMNS) if map_ else ImportMap()
    options = ImportOptions(reading, dry_run, resume, rejects)
    settings = load_settings()
    tables = HistoryTables(open_library(settings), triage.clinic_rules(settings))
    source = sys.stdin.buffer if file == "-" else Path(file)

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store, progress("Importing history", quiet=quiet) as report:
        result = import_history(store, tables, source, options, report=report, note=say)
    _emit_report(result, out, dry_run=dry_run)


@app.command(
    epilog="Examples: rehabctl import hl7 adt.hl7 --dry-run | "
    "rehabctl import hl7 --mllp 127.0.0.1:2575 --rejects refused.hl7"
)
def hl7(
    source: Annotated[
        str | None,
        typer.Argument(help="File of HL7 v2 messages, a folder of them, or - for a pipe."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--mllp", help="Listen here for messages, HOST:PORT.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; needed off this machine's loopback.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
    messages: Annotated[
        int | None, typer.Option(min=1, help="Stop listening after so many messages.")
    ] = None,
    dry_run: DryRunFlag = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Write refused messages here, as received.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over patients (ADT), orders (ORM, OMG, REF) and appointments (SIU) of HL7 v2 messages.

    The same message twice changes nothing. Exit code 7 when messages were refused.
    """
    import sys

    from rehabctl.domain.errors import UsageError
    from rehabctl.services import hl7_import, hl7_listener, triage
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if (source is None) == (address is None) or (dry_run and address is not None):
        raise UsageError(
            "name one source, and no --dry-run for a network", "Give a file, -, or --mllp HOST:PORT"
        )
    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    rules, booking = triage.clinic_rules(settings), clinic_booking_rules(settings)

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store, progress("Importing messages", quiet=quiet) as report:
        if address is not None:
            where = hl7_listener.ListenOptions(
                address, tls_cert, tls_key, messages, rejects, booking
            )
            result = hl7_listener.listen(store, rules, where, note=say)
        elif source == "-":
            result = hl7_import.import_stream(
                store, rules, sys.stdin.buffer, dry_run=dry_run, rejects=rejects, booking=booking
            )
        else:
            result = hl7_import.import_files(
                store,
                rules,
                Path(str(source)),
                dry_run=dry_run,
                rejects=rejects,
                booking=booking,
                report=report,
            )
    _emit_report(result, out, dry_run=dry_run)


@app.command(
    epilog="Examples: rehabctl import redox --from redox --listen 127.0.0.1:8090 --refused refused "
    "| rehabctl import redox --from redox --listen 127.0.0.1:0 --refused refused --messages 1"
)
def redox(
    connection: Annotated[str, typer.Option("--from", help="Name of a Redox connection.")],
    listen: Annotated[str, typer.Option("--listen", help="HOST:PORT, behind your web server.")],
    refused: Annotated[
        Path, typer.Option("--refused", help="Folder for messages that are not taken over.")
    ],
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; needed off this machine's loopback.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM key of the certificate.")] = None,
    messages: Annotated[
        int | None, typer.Option(min=1, help="Stop listening after so many requests.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Be a destination of Redox: patients, orders, referrals and appointments are taken over.

    Other events are kept whole. Exit code 7 when messages were refused.
    """
    from rehabctl.services import triage
    from rehabctl.services.redox import Destination
    from rehabctl.services.redox_listener import Where, serve
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import redox_token

    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()

    def say(text: str) -> None:
        note(text, out)

    with open_store(settings) as store:
        at, token = redox_token(store, settings, connection)
        rules, booking = triage.clinic_rules(settings), clinic_booking_rules(settings)
        place = Destination(store, rules, at, token, refused, booking, note=say)
        serve(place, Where(listen, tls_cert, tls_key, messages), note=say)
        result = place.counted.report()
    _emit_report(result, out, dry_run=False)


@app.command(
    epilog="Examples: rehabctl import fhir bundle.json --dry-run | "
    "rehabctl import fhir --from ehr --patient 5001 --rejects refused.ndjson"
)
def fhir(
    path: Annotated[
        str | None,
        typer.Argument(
            help="FHIR R4 bundle, NDJSON file, a folder of them, or - for a pipe.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            help="System that wrote them; its ids are its own. [default: fhir, or the connection]",
        ),
    ] = None,
    connection: Annotated[
        str | None, typer.Option("--from", help="Name of a connection to a FHIR server.")
    ] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", help="Only this record number, with --from.")
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="By the server's bulk export, with --from.")
    ] = False,
    dry_run: DryRunFlag = False,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Write refused resources here, one a line.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over patients, pain ratings and days of activity of FHIR R4; keep all else as it is.

    The same resources twice change nothing. Exit code 7 when resources were refused.
    """
    import sys

    from rehabctl.domain.errors import UsageError
    from rehabctl.services import fhir_import, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import fhir_client

    if (path is None) == (connection is None):
        raise UsageError("name one source", "Give a file, -, or --from CONNECTION")
    if (connection is None and (patient is not None or bulk)) or (bulk and patient is not None):
        raise UsageError("these options do not go together", "Use --patient or --bulk with --from")
    out = Output.of(format_, json_, output, quiet)
    options = fhir_import.FhirOptions(source or connection or "fhir", dry_run, rejects)
    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store, progress("Importing resources", quiet=quiet) as report:
        if path is None:
            from rehabctl.services import fhir_network

            client = fhir_client(store, settings, connection or "")
            result = fhir_network.receive(store, rules, client, options, patient, bulk=bulk)
        elif path == "-":
            result = fhir_import.import_stream(store, rules, sys.stdin.buffer, options)
        else:
            result = fhir_import.import_files(store, rules, Path(path), options, report=report)
    _emit_report(result, out, dry_run=dry_run)


_import_wearables.register(app)


@app.command(
    epilog="Examples: rehabctl import codes ccipra-f1.zip ccipra-f2.zip --kind ncci "
    "--valid-from 2026-10-01 | rehabctl import codes icd10cm_order_2027.txt --kind icd10 "
    "--valid-from 2026-10-01 --dry-run"
)
def codes(
    files: Annotated[
        list[Path], typer.Argument(help="Text, CSV or zip files of one release.", metavar="FILE...")
    ],
    kind: Annotated[CodeListKind, typer.Option("--kind", help="Which official list it is.")],
    valid_from: Annotated[
        str, typer.Option("--valid-from", help="First day on which it holds, like 2026-10-01.")
    ],
    valid_to: Annotated[
        str | None,
        typer.Option("--valid-to", help="Last day; without it a quarter, or a year for icd10."),
    ] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import an official code list that drafts and checks of claims use; whole or not at all.

    The files come from CMS (ncci, mue, icd10) and X12 (carc, rarc, under your licence). From then
    on a service on a day that no list of the kind covers is an error.
    """
    from rehabctl.services.code_imports import import_codes
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import code_lists

    first, last = _day(valid_from), None if valid_to is None else _day(valid_to)
    lists = code_lists(load_settings())
    out = Output.of(format_, json_, output, quiet)
    with progress("Importing codes", quiet=quiet):
        held = import_codes(lists, files, kind, first, last, dry_run=dry_run)
    emit_object(to_json_value(held), out)
    if dry_run:
        note("dry run: nothing was kept", out)


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date", "Write it like 2026-10-01") from None


def _emit_report(result: ImportReport, out: Output, *, dry_run: bool) -> None:
    counts = ("read", "created", "updated", "unchanged", "rejected")
    data: dict[str, object] = {name: getattr(result, name) for name in counts}
    if out.format in (Format.JSON, Format.JSONL):
        data["rejects"] = result.rejects
    else:
        for refused in result.rejects:
            where = f"{refused.field} " if refused.field else ""
            note(f"{refused.file}:{refused.line}: {where}{refused.message}", out)
    emit_object(data, out)
    if dry_run:
        note("dry run: nothing was kept", out)
    if result.rejected:
        raise typer.Exit(ExitCode.PARTIAL)
