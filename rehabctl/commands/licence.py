"""`rehabctl licence`: who may treat a patient in which state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import DryRunFlag, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.commands._times import day
from rehabctl.commands._words import member, text_of
from rehabctl.domain.errors import UsageError
from rehabctl.domain.licence import LicenceKind, LicenceStatus, Profession, Verdict

if TYPE_CHECKING:
    from rehabctl.domain.licence import LicenceCheck, ProviderLicence

app = typer.Typer(help="Keep licences and check who may treat where.", no_args_is_help=True)

_COLUMNS = ("login", "profession", "kind", "state", "status", "expires_on", "days_left", "is_home")
_FINDINGS = 3
_PARTIAL = 7


@app.command(
    epilog="Examples: rehabctl licence add jlee --state CO --number PT-1 --issued 2024-01-01 "
    "--expires 2027-10-31 --home | rehabctl licence add jlee --kind privilege --state UT "
    "--number C-9 --issued 2026-01-05 --expires 2027-10-31"
)
def add(
    login: Annotated[str, typer.Argument(help="The provider.")],
    state: Annotated[str, typer.Option("--state", help="Two letters.")],
    number: Annotated[str, typer.Option("--number", help="As the issuer writes it.")],
    issued: Annotated[str, typer.Option("--issued", help="First day.")],
    expires: Annotated[str, typer.Option("--expires", help="Last day.")],
    kind: Annotated[str, typer.Option("--kind", help="licence or privilege.")] = "licence",
    profession: Annotated[str, typer.Option("--profession", help="pt or pta.")] = "pt",
    status: Annotated[
        str, typer.Option("--status", help="active, inactive or disciplined.")
    ] = "active",
    home: Annotated[bool, typer.Option("--home", help="Of the provider's home state.")] = False,
    checked: Annotated[
        str | None, typer.Option("--checked", help="Day of the look-up at the issuer.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Where it was looked up.")] = "",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Keep a licence or compact privilege; the one for the same state is replaced."""
    from rehabctl.services import licences
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    values = {
        "profession": member(Profession, profession, "--profession"),
        "kind": member(LicenceKind, kind, "--kind"),
        "status": member(LicenceStatus, status, "--status"),
        "state": state,
        "number": number,
        "issued_on": day(issued, "--issued"),
        "expires_on": day(expires, "--expires"),
        "checked_on": day(checked, "--checked"),
        "is_home": home,
        "source": source,
    }
    with open_store(load_settings()) as store:
        held = licences.add(store, login, values)
    emit_object(_object(login, held), Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl licence check jlee --state UT | "
    "rehabctl licence check ppark --state CO --supervisor jlee --on 2026-03-09 --json"
)
def check(
    login: Annotated[str, typer.Argument(help="The provider.")],
    state: Annotated[
        str | None, typer.Option("--state", help="Where the patient is; ABROAD outside the US.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="Day; default: today.")] = None,
    supervisor: Annotated[
        str | None, typer.Option("--supervisor", help="Login of an assistant's supervisor.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check whether a provider may treat a patient in a state; exit 3 when not."""
    from rehabctl.services import licences
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    compact = licences.clinic_compact(settings)
    with open_store(settings) as store:
        found = licences.check(store, compact, login, state, day(on, "--on"), supervisor)
    emit_object(check_object(found), Output.of(format_, json_, output, quiet))
    if found.verdict is not Verdict.ALLOWED:
        raise typer.Exit(_FINDINGS)


@app.command(
    "import",
    epilog="Examples: rehabctl licence import licences.csv --dry-run | "
    "rehabctl licence import --compact members.toml",
)
def import_(
    file: Annotated[str | None, typer.Argument(help="CSV of licences; - is stdin.")] = None,
    compact: Annotated[
        str | None, typer.Option("--compact", help="A newer list of the compact's states (TOML).")
    ] = None,
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take over licences, or a newer list of the compact's states."""
    from rehabctl.services import licences
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings, out = load_settings(), Output.of(format_, json_, output, quiet)
    if (file is None) == (compact is None):
        raise UsageError("what to import is not said", "Give a CSV file, or --compact FILE")
    if compact is not None:
        found = licences.refresh_compact(settings, text_of(None, compact), compact, dry_run=dry_run)
        emit_object({"rows": len(found.rows), "checked_on": found.checked_on}, out)
        return
    text = text_of(None, file)
    with open_store(settings) as store:
        report = licences.import_file(store, text, str(file), dry_run=dry_run)
    emit_object(report, out)
    if report["rejected"]:
        raise typer.Exit(_PARTIAL)


@app.command(epilog="Examples: rehabctl licence status | rehabctl licence status --format json")
def status(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List licences and privileges, the one that ends first at the top."""
    from rehabctl.services import licences
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    compact = licences.clinic_compact(settings)
    with open_store(settings) as store:
        lines, warnings = licences.status(store, compact)
    out = Output.of(format_, json_, output, quiet)
    emit_items(
        [_object(line.login, line.held) | {"days_left": line.days_left} for line in lines],
        _COLUMNS,
        out,
    )
    note(f"The list of the compact's states was looked at on {compact.checked_on}.", out)
    for warning in warnings:
        note(f"rehabctl: warning: {warning.text}. Run: rehabctl licence import --compact FILE", out)


def check_object(found: LicenceCheck) -> dict[str, Any]:
    """Return the JSON of a check."""
    return {
        "verdict": found.verdict,
        "reasons": found.reasons,
        "basis": found.basis,
        "warnings": found.warnings,
    }


def _object(login: str, held: ProviderLicence) -> dict[str, Any]:
    return {
        "login": login,
        "profession": held.profession,
        "kind": held.kind,
        "state": held.state,
        "number": held.number,
        "status": held.status,
        "issued_on": held.issued_on,
        "expires_on": held.expires_on,
        "is_home": held.is_home,
        "checked_on": held.checked_on,
        "source": held.source,
    }
