"""`rehabctl export`: data for others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import (
    DryRunFlag,
    FormatOption,
    JsonFlag,
    OutputOption,
    PatientOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_object, emit_verbatim, note
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode

app = typer.Typer(help="Write data for others.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write data for others."""


@app.command(
    epilog="Examples: rehabctl export deidentified research --dry-run | "
    "rehabctl export deidentified research-2026 --dates year --files ndjson"
)
def deidentified(
    folder: Annotated[Path, typer.Argument(help="New folder for the files.", show_default=False)],
    dates: Annotated[
        str, typer.Option("--dates", help="shift (per patient, intervals stay) or year.")
    ] = "shift",
    files: Annotated[str, typer.Option("--files", help="csv or ndjson.")] = "csv",
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write research data without identifiers and free text, with a manifest of what was done."""
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import deidentified_export
    from rehabctl.services.deidentified_export import Dates, FileFormat
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        how, form = Dates(dates), FileFormat(files)
    except ValueError:
        raise UsageError(
            "--dates or --files has an unknown value", "Use shift or year, csv or ndjson"
        ) from None
    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        done = deidentified_export.export(
            store, folder, dates=how, file_format=form, dry_run=dry_run
        )
    emit_object(asdict(done), out)
    if dry_run:
        note("dry run: nothing was written", out)


@app.command(
    epilog="Examples: rehabctl export hl7 --patient 5001 --kind oru -o results.hl7 | "
    "rehabctl export hl7 --patient 5001 --kind mdm --to engine --queue"
)
def hl7(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    kind: Annotated[
        str, typer.Option("--kind", help="oru (measured values), mdm (notes) or dft (charges).")
    ] = "oru",
    receiver: Annotated[
        str, typer.Option("--receiver", help="Name of the receiving application (MSH-5).")
    ] = "",
    address: Annotated[
        str | None,
        typer.Option("--mllp", help="Send over MLLP to HOST:PORT, by TLS off this machine."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Send over MLLP to this connection.")
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Keep it for `integration queue send` instead.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Write HL7 v2 messages about a patient, or send them.

    Off this machine they go to an enabled integration only (exit 5): hl7-mllp.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import hl7_queue, triage
    from rehabctl.services.hl7_export import MessageKind, export_messages, send_messages
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        wanted = MessageKind(kind)
    except ValueError:
        raise UsageError("--kind has an unknown value", "Use oru, mdm or dft") from None
    target = address or to
    if (address and to) or (queue and not target):
        raise UsageError("name one receiver", "Use --to NAME or --mllp HOST:PORT")
    settings = load_settings()
    with open_store(settings) as store:
        rules = triage.clinic_rules(settings)
        if target is None:
            messages = export_messages(store, rules, patient, wanted, receiver)
            emit_verbatim((message.decode() for message in messages), output)
        elif queue:
            done = hl7_queue.enqueue(store, rules, patient, wanted, target, receiver)
            emit_object(asdict(done), Output.of(None, False, output, False))
        else:
            at = hl7_queue.destination(store, target)
            messages = export_messages(store, rules, patient, wanted, receiver or at.receiver)
            send_messages(store, messages, at)
            note(f"{len(messages)} sent and acknowledged")


@app.command(
    epilog="Examples: rehabctl export fhir --patient 5001 -o 5001.json | "
    "rehabctl export fhir --patient 5001 --to ehr"
)
def fhir(
    patient: PatientOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every patient of the clinic.")] = False,
    form: Annotated[
        str, typer.Option("--form", help="bundle, or ndjson (one resource a line).")
    ] = "bundle",
    to: Annotated[
        str | None, typer.Option("--to", help="Send to this connection instead of writing.")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write records as FHIR R4: patients, conditions, programmes, measured values and more.

    Exit code 5 without the patient's consent to data sharing; 7 when a server refused resources.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import fhir_export, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import fhir_client

    if every == (patient is not None):
        raise UsageError("name one patient or all", "Use --patient MRN or --all")
    try:
        wanted = fhir_export.FhirForm(form)
    except ValueError:
        raise UsageError("--form has an unknown value", "Use bundle or ndjson") from None
    settings = load_settings()
    with open_store(settings) as store:
        rules = triage.clinic_rules(settings)
        if to is not None:
            from rehabctl.services import fhir_network

            client = fhir_client(store, settings, to)
            sent = fhir_network.send(store, rules, client, patient, note=note)
            emit_object(asdict(sent), Output.of(None, False, output, False))
            if sent.refused:
                raise typer.Exit(ExitCode.PARTIAL)
            return
        emit_verbatim(fhir_export.export(store, rules, patient, wanted, note=note), output)


_DAY = ["%Y-%m-%d"]


@app.command(
    epilog="Examples: rehabctl export access --patient 5001 --participant ACCES00001 "
    "--npi 1234567893 --author 'Reed, Kim' | rehabctl export access --all "
    "--participant ACCES00001 --npi 1234567893 --author 'Reed, Kim' -o reports.ndjson"
)
def access(
    participant: Annotated[
        str, typer.Option("--participant", help="The clinic's identifier in the model.")
    ],
    npi: Annotated[str, typer.Option("--npi", help="Of who reports.")],
    author: Annotated[str, typer.Option("--author", help="Who reports: 'Family, Given'.")],
    patient: PatientOption = None,
    every: Annotated[bool, typer.Option("--all", help="Everybody, one document a line.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="First day of the questionnaires.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="Last day.")] = None,
    output: OutputOption = None,
) -> None:
    """Write reports to the CMS ACCESS model, musculoskeletal track, as FHIR documents.

    The latest answers of each questionnaire that the model takes. What this program does not hold
    is said and never made up. Exit code 5 without the patient's consent to data sharing.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.integrations.fhir.access_report import Reporter
    from rehabctl.services import access_report
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if every == (patient is not None):
        raise UsageError("name one patient or all", "Use --patient MRN or --all")
    family, comma, given = (part.strip() for part in author.partition(","))
    if not (family and comma and given):
        raise UsageError("--author is not 'Family, Given'", "Write it like 'Reed, Kim'")
    window = access_report.Window(
        None if since is None else since.date(), None if until is None else until.date()
    )
    who = Reporter(participant, npi, family, given)
    with open_store(load_settings()) as store:
        emit_verbatim(access_report.reports(store, who, patient, window, note=note), output)


@app.command(
    epilog="Examples: rehabctl export redox --patient 5001 --to redox | "
    "rehabctl export redox --patient 5001 --to redox --again"
)
def redox(
    patient: Annotated[str, typer.Option("--patient", help="Medical record number.")],
    to: Annotated[str, typer.Option("--to", help="Name of a Redox connection.")],
    again: Annotated[
        bool, typer.Option("--again", help="Send even what may be there already.")
    ] = False,
) -> None:
    """Send every measured value of a patient through Redox; the same values are sent once.

    Exit code 6 when Redox is away, or did not say whether it took them: then a person has to look.
    """
    from rehabctl.services import triage
    from rehabctl.services.redox import send_results
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import redox_client

    settings = load_settings()
    with open_store(settings) as store:
        at, port = redox_client(store, settings, to)
        rules = triage.clinic_rules(settings)
        sent = send_results(store, rules, at, port, patient, again=again)
    note(f"{counted(sent, 'value')} sent" if sent else "nothing new since the last time")
