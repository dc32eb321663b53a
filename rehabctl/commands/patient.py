"""`rehabctl patient`: create, list, show and update patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands import _patient_activity, _patient_contact, _patient_coverage
from rehabctl.commands._options import (
    CursorOption,
    FormatOption,
    JsonFlag,
    LimitOption,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import Output, emit_items, emit_object, note

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientStatus
    from rehabctl.services.intake import PatientRecord

app = typer.Typer(help="Create, list, show and update patients.", no_args_is_help=True)
app.add_typer(_patient_contact.app, name="contact")
app.add_typer(_patient_coverage.app, name="coverage")
_patient_activity.register(app)

_COLUMNS = (
    "mrn", "family_name", "given_name", "birth_date", "sex", "state", "status", "therapist",
    "diagnosis", "surgery_date", "side",
)  # fmt: skip

Mrn = Annotated[str, typer.Argument(help="Medical record number.", show_default=False)]
GivenName = Annotated[str | None, typer.Option("--given-name", help="Given name.")]
MiddleName = Annotated[str | None, typer.Option("--middle-name", help="Middle name.")]
FamilyName = Annotated[str | None, typer.Option("--family-name", help="Family name.")]
BirthDate = Annotated[str | None, typer.Option("--birth-date", help="Like 1970-12-31.")]
SexOption = Annotated[
    str | None, typer.Option("--sex", help="female, male, other or unknown.", metavar="SEX")
]
State = Annotated[str | None, typer.Option("--state", help="Home state, two letters.")]
Phone = Annotated[str | None, typer.Option("--phone", help="Telephone number.")]
Email = Annotated[str | None, typer.Option("--email", help="E-mail address.")]
Address1 = Annotated[str | None, typer.Option("--address1", help="Street and number.")]
City = Annotated[str | None, typer.Option("--city", help="City.")]
PostalCode = Annotated[str | None, typer.Option("--postal-code", help="Postal code.")]
TimeZone = Annotated[str | None, typer.Option("--time-zone", help="Like America/Denver.")]
Language = Annotated[str | None, typer.Option("--language", help="Like es or en-US.")]
Payer = Annotated[str | None, typer.Option("--payer", help="Name of the payer.")]
MemberId = Annotated[str | None, typer.Option("--member-id", help="Number with the payer.")]
Therapist = Annotated[str | None, typer.Option("--therapist", help="Login of the therapist.")]
Diagnosis = Annotated[str | None, typer.Option("--diagnosis", help="Of the course of care.")]
SurgeryDate = Annotated[str | None, typer.Option("--surgery-date", help="Like 2026-01-31.")]
SideOption = Annotated[
    str | None, typer.Option("--side", help="left, right or bilateral.", metavar="SIDE")
]
Precautions = Annotated[str | None, typer.Option("--precautions", help="Separated by semicolons.")]
FromFile = Annotated[
    str | None,
    typer.Option(
        "--file",
        help="JSON object with the roster's column names; - is standard input. "
        "Keeps names out of the list of processes.",
    ),
]


@app.command(
    epilog="Examples: rehabctl patient create --mrn 1042 --file patient.json | "
    "rehabctl patient create --mrn 1042 --given-name Ana --family-name Diaz "
    "--birth-date 1961-04-02 --sex female --state CO"
)
def create(
    mrn: Annotated[
        str | None, typer.Option("--mrn", help="Medical record number, unique in the clinic.")
    ] = None,
    given_name: GivenName = None,
    family_name: FamilyName = None,
    birth_date: BirthDate = None,
    sex: SexOption = None,
    state: State = None,
    middle_name: MiddleName = None,
    phone: Phone = None,
    email: Email = None,
    address1: Address1 = None,
    city: City = None,
    postal_code: PostalCode = None,
    time_zone: TimeZone = None,
    language: Language = None,
    payer: Payer = None,
    member_id: MemberId = None,
    therapist: Therapist = None,
    diagnosis: Diagnosis = None,
    surgery_date: SurgeryDate = None,
    side: SideOption = None,
    precautions: Precautions = None,
    file: FromFile = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add one patient, with a course of care where a diagnosis or surgery is given."""
    given = dict(locals())
    from rehabctl.services import intake, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    values = _values(given, file)
    settings = load_settings()
    with open_store(settings) as store:
        summary = intake.create_patient(store, triage.clinic_rules(settings), values)
    emit_object(summary.as_contract(), out)


@app.command(
    "list",
    epilog="Examples: rehabctl patient list --limit 100 | "
    "rehabctl patient list --status active --format json",
)
def list_(
    status: Annotated[
        str | None, typer.Option("--status", help="active or discharged.", metavar="STATUS")
    ] = None,
    therapist: Annotated[
        str | None, typer.Option("--therapist", help="Only the caseload of this login.")
    ] = None,
    limit: LimitOption = 30,
    cursor: CursorOption = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List patients in the order of their record numbers."""
    from rehabctl.services import intake
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    wanted = _status(status)
    with open_store(load_settings()) as store:
        page, total = intake.list_patients(
            store, limit=limit, cursor=cursor, status=wanted, therapist=therapist
        )
    items = [item.as_contract() for item in page.items]
    emit_items(items, _COLUMNS, out, next_cursor=page.next_cursor)
    if page.next_cursor is not None:
        note(f"{len(items)} of {total} shown; more with --limit or --cursor", out)


@app.command(
    epilog="Examples: rehabctl patient show 1042 | rehabctl patient show 1042 --format json"
)
def show(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one patient with her courses of care and consents."""
    from rehabctl.services import intake
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        record = intake.show_patient(store, mrn)
    emit_object(_record(record), out)


@app.command(
    epilog="Examples: rehabctl patient update 1042 --state UT | "
    "rehabctl patient update 1042 --status discharged"
)
def update(
    mrn: Mrn,
    given_name: GivenName = None,
    family_name: FamilyName = None,
    birth_date: BirthDate = None,
    sex: SexOption = None,
    state: State = None,
    middle_name: MiddleName = None,
    phone: Phone = None,
    email: Email = None,
    address1: Address1 = None,
    city: City = None,
    postal_code: PostalCode = None,
    time_zone: TimeZone = None,
    language: Language = None,
    payer: Payer = None,
    member_id: MemberId = None,
    therapist: Therapist = None,
    diagnosis: Diagnosis = None,
    surgery_date: SurgeryDate = None,
    side: SideOption = None,
    precautions: Precautions = None,
    status: Annotated[
        str | None, typer.Option("--status", help="active or discharged.", metavar="STATUS")
    ] = None,
    file: FromFile = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Change values of one patient; an empty value removes an optional one."""
    given = dict(locals())
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import intake, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    changes = _values(given, file)
    changes["mrn"] = mrn
    wanted = _status(status)
    if len(changes) == 1 and wanted is None:
        raise UsageError("nothing to change was given", "Try: rehabctl patient update --help")
    settings = load_settings()
    with open_store(settings) as store:
        summary = intake.update_patient(store, triage.clinic_rules(settings), mrn, changes, wanted)
    emit_object(summary.as_contract(), out)


def _values(given: dict[str, object], file: str | None) -> dict[str, str]:
    """Return the roster values of a command line: those of the file, then those of the options."""
    from rehabctl.domain.roster import COLUMNS

    values = {} if file is None else _read_object(file)
    options = {name: given[name] for name in COLUMNS if given.get(name) is not None}
    return values | {name: str(value) for name, value in options.items()}


def _read_object(file: str) -> dict[str, str]:
    import json
    import sys

    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.roster import COLUMNS

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        loaded = json.loads(text)
    except (OSError, ValueError):
        raise UsageError(f"cannot read {file} as JSON", "Give one JSON object") from None
    if not isinstance(loaded, dict):
        raise UsageError(f"{file} is not one JSON object", "Give one JSON object")
    pairs: dict[str, object] = dict(loaded)  # pyright: ignore[reportUnknownArgumentType]
    if unknown := sorted(set(pairs) - set(COLUMNS)):
        raise UsageError(
            f"unknown key {unknown[0]!r}", f"Use the roster's names: {', '.join(COLUMNS)}"
        )
    return {
        key: ";".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]
        for key, value in pairs.items()
        if value is not None
    }


def _status(text: str | None) -> PatientStatus | None:
    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.patient import PatientStatus

    if text is None:
        return None
    try:
        return PatientStatus(text)
    except ValueError:
        raise UsageError(f"unknown status {text!r}", "Use active or discharged") from None


def _record(record: PatientRecord) -> dict[str, object]:
    return record.summary.as_contract() | {
        "weeks_post_op": record.weeks_post_op,
        "consents": [consent.scope for consent in record.consents],
        "episodes": [
            {
                "id": episode.id,
                "status": episode.status,
                "diagnosis": episode.diagnosis,
                "started_on": episode.started_on,
                "ended_on": episode.ended_on,
                "surgery": episode.surgery,
                "surgery_date": episode.surgery_date,
                "side": episode.side,
                "surgeon": episode.surgeon,
                "precautions": episode.precautions,
            }
            for episode in record.episodes
        ],
    }
