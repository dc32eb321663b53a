"""`rehabctl integration`: what speaks to other systems."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rehabctl.commands._integration_folder import folder_app
from rehabctl.commands._integration_queue import queue_app
from rehabctl.commands._options import DryRunFlag, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note

app = typer.Typer(
    help="Show what speaks to other systems, and let it, under agreements.", no_args_is_help=True
)
app.add_typer(queue_app, name="queue")
app.add_typer(folder_app, name="folder")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As `integration list` shows.")]
_DAY = ["%Y-%m-%d"]
_CONNECTION = (
    "name", "address", "auth", "client_id", "token_url", "mrn_system", "scope", "destination",
)  # fmt: skip
"""What every connection is shown with; empty where its kind has no such thing."""


@app.command(
    "list", epilog="Examples: rehabctl integration list | rehabctl integration list --format json"
)
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the integrations, and against what each was tested: a peer, files or documentation."""
    from rehabctl.reference.integrations import load_integrations

    out = Output.of(format_, json_, output, quiet)
    columns = ("name", "state", "text", "command", "evidence")
    emit_items([asdict(one) for one in load_integrations()], columns, out)


@app.command(
    epilog="Examples: rehabctl integration status | rehabctl integration status --format json"
)
def status(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show which integrations this clinic may use, and until when agreements hold."""
    from rehabctl.services import integrations
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        rows = [_row(state) for state in integrations.states(store)]
    columns = ("name", "vendor", "enabled", "agreement_until")
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl integration agreement stedi --signed 2026-01-15 "
    "--expires 2028-01-14 --file baa-stedi.pdf | rehabctl integration agreement --format json"
)
def agreement(
    vendor: Annotated[
        str | None, typer.Argument(metavar="[VENDOR]", help="Without one, agreements are listed.")
    ] = None,
    signed: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="First day on which it holds.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(formats=_DAY, help="Last day.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="The signed document; only its hash is kept.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Record a business associate agreement with a vendor, or list those recorded."""
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import integrations
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        if vendor is None:
            known = integrations.agreements(store)
        elif signed is None or expires is None or file is None:
            raise UsageError("an agreement needs its days and document", "Give all three options")
        else:
            known = [
                integrations.record_agreement(store, vendor, signed.date(), expires.date(), file)
            ]
    columns = ("vendor", "signed_on", "expires_on", "file_sha256")
    emit_items([{name: getattr(one, name) for name in columns} for one in known], columns, out)


@app.command(
    epilog="Examples: rehabctl integration enable claims-stedi | "
    "rehabctl integration enable claims-stedi --format json"
)
def enable(
    name: NameArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Let an integration give patient data to its vendor, under an agreement that holds.

    Exit code 5 without one.
    """
    _switch(name, True, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl integration disable claims-stedi | "
    "rehabctl integration disable claims-stedi --format json"
)
def disable(
    name: NameArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Stop an integration from giving anything to its vendor."""
    _switch(name, False, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl integration connect connections.toml --dry-run | "
    "rehabctl integration connect connections.toml --format json"
)
def connect(
    file: Annotated[Path, typer.Argument(help="TOML file of connections.", show_default=False)],
    dry_run: DryRunFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Import connections to record systems; one of a known name is replaced."""
    from rehabctl.services import connections as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        found = service.import_file(store, file, dry_run=dry_run)
    emit_items([_shown(one) for one in found], _CONNECTION, out)
    if dry_run:
        note("dry run: nothing was kept", out)


@app.command(
    epilog="Examples: rehabctl integration connections | "
    "rehabctl integration connections --format json"
)
def connections(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the connections to record systems. Secrets are never shown."""
    from rehabctl.services import connections as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        rows = [_shown(one) for one in service.connections(store)]
    emit_items(rows, _CONNECTION, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl integration secret ehr --file private-key.pem | "
    "rehabctl integration secret sms-twilio < token.txt"
)
def secret(
    name: Annotated[
        str, typer.Argument(help="Of a connection or an integration.", show_default=False)
    ],
    file: Annotated[
        Path | None, typer.Option("--file", help="Read it from this file; default: asked for.")
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option("--patient", metavar="MRN", help="Whose sign-in it is (google-health)."),
    ] = None,
) -> None:
    """Put the secret or private key of a connection or integration into the keyring.

    Without a keyring, set `secret_command` in config.toml: it is given the name and prints it.
    """
    from rehabctl.commands._secrets import read_secret
    from rehabctl.services import connections as service
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    text = read_secret(name, file)
    with open_store(load_settings()) as store:
        service.keep_secret(store, name, text, patient)


@app.command(
    "test",
    epilog="Examples: rehabctl integration test sms-twilio | "
    "rehabctl integration test email-smtp --format json",
)
def ask(
    name: NameArgument,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Ask the other side whether it knows us. No patient data is sent."""
    from rehabctl.services import integrations
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store
    from rehabctl.services.wiring_peers import integration_check

    settings = load_settings()
    with open_store(settings) as store:
        integrations.require_manager(store, name)
        integration_check(store, settings, name)()
    emit_object({"name": name, "answers": True}, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl integration profile | "
    "rehabctl integration profile webpt -o webpt-map.toml"
)
def profile(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Of one; default: list them.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the profiles of other systems, or write one out to be changed."""
    from rehabctl.commands._render import emit_verbatim
    from rehabctl.reference.ehr_profiles import load_profile, load_profiles

    if name is not None:
        emit_verbatim([load_profile(name).text], output)
        return
    columns = ("name", "system", "grade", "effective_from", "source")
    rows = [{key: getattr(one, key) for key in columns} for one in load_profiles()]
    emit_items(rows, columns, Output.of(format_, json_, output, quiet))


def _switch(name: str, enabled: bool, out: Output) -> None:
    from rehabctl.services import integrations
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        emit_object(_row(integrations.switch(store, name, enabled)), out)


def _shown(connection: Any) -> dict[str, Any]:
    return dict.fromkeys(_CONNECTION, "") | asdict(connection)


def _row(state: Any) -> dict[str, Any]:
    return {
        "name": state.integration.name,
        "vendor": state.integration.vendor,
        "enabled": state.enabled,
        "agreement_until": state.agreement_until,
    }
