"""`rehabctl db`: state, upgrade, verification and backup of the store."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag, YesFlag
from rehabctl.commands._render import Output, emit_object, note
from rehabctl.domain.errors import ExitCode, UsageError

app = typer.Typer(
    help="Look after the store: init, status, upgrade, verify, backup.", no_args_is_help=True
)


@app.command(epilog="Examples: rehabctl db status | rehabctl db status --format json")
def status(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show which store is used, where its key comes from and whether its schema is current."""
    from rehabctl.services import database
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    emit_object(asdict(database.status(load_settings())), out)


@app.command(
    epilog="Examples: rehabctl db init --url 'postgresql://postgres@db.example.org/rehab"
    "?sslmode=verify-full' --admin ada --password-file ada.pgpass | "
    "rehabctl db init --admin ada --clinic 'Hill Street' --format json"
)
def init(
    admin: Annotated[str, typer.Option("--admin", help="Login of the clinic's administrator.")],
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="Address of the PostgreSQL database, without a password, with a login that "
            "administers the server. Default: REHABCTL_DATABASE_URL.",
        ),
    ] = None,
    clinic: Annotated[
        str | None, typer.Option("--clinic", help="Name of the clinic; a new name makes another.")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="Write the administrator's password here."),
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Make schema, roles, clinic and first administrator of a shared PostgreSQL."""
    from dataclasses import replace

    from rehabctl.commands.user import emit_login
    from rehabctl.services import database, users
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    settings = load_settings()
    if url is not None:
        database.refuse_password(url)
        settings = replace(settings, database_url=url)
    with users.password_file(password_file) as write:
        _, made = database.initialise(settings, admin, clinic_name=clinic)
        write(made)
    emit_login(made, password_file, out)


@app.command(epilog="Examples: rehabctl db upgrade | rehabctl db upgrade --format json")
def upgrade(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Bring the store to this version's schema; an older local file is copied first."""
    from rehabctl.services import database
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    emit_object(asdict(database.upgrade(load_settings())), out)


@app.command(epilog="Examples: rehabctl db verify | rehabctl db verify --format json")
def verify(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Read every page, reference, audit entry and recording; exit code 3 on any finding."""
    from rehabctl.services import database
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    result = database.verify(load_settings())
    emit_object(asdict(result), out)
    if not result.ok:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl db backup /mnt/backup/monday | "
    "rehabctl db backup ~/copies/today --format json"
)
def backup(
    folder: Annotated[Path, typer.Argument(help="New folder for the copy.", show_default=False)],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Copy the local store, checked and encrypted, into a folder that can serve as a home.

    The key is not part of the copy: keep it elsewhere.
    """
    from rehabctl.services import database
    from rehabctl.services.settings import load_settings

    out = Output.of(format_, json_, output, quiet)
    emit_object(asdict(database.backup(load_settings(), folder)), out)
    note("the copy opens with the database's key only, which is not in it", out)


@app.command(epilog="Examples: rehabctl db passphrase | rehabctl db passphrase --quiet")
def passphrase(quiet: QuietFlag = False) -> None:
    """Protect the key with a passphrase instead of a key file."""
    from rehabctl.services import database
    from rehabctl.services.settings import load_settings

    out = Output.of(quiet=quiet)
    if not sys.stdin.isatty():
        raise UsageError("a new passphrase is typed at a terminal", "Run it there")
    chosen = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    removed = database.protect_with_passphrase(load_settings(), chosen)
    if removed:
        note("the key file was removed: only the passphrase opens the database now", out)
    else:
        note("the passphrase opens the database where no other key is found", out)


@app.command(
    epilog="Examples: rehabctl db restore /mnt/backup/monday | "
    "rehabctl db restore ~/copies/today --format json"
)
def restore(
    folder: Annotated[Path, typer.Argument(help="Made by db backup.", show_default=False)],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Bring a backup back into a home without a database, and read all of it."""
    from rehabctl.services import recovery
    from rehabctl.services.settings import load_settings

    result = recovery.restore(load_settings(), folder)
    emit_object(asdict(result), Output.of(format_, json_, output, quiet))
    if not result.ok:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl db drill | rehabctl db drill /mnt/backup/monday --format json"
)
def drill(
    folder: Annotated[
        Path | None, typer.Argument(help="A backup to try; default: a new one.", show_default=False)
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Prove that a backup restores, in a temporary home; exit code 3 when it does not."""
    from rehabctl.services import recovery
    from rehabctl.services.settings import load_settings

    result = recovery.drill(load_settings(), folder)
    emit_object(asdict(result), Output.of(format_, json_, output, quiet))
    if not result.ok:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(epilog="Examples: rehabctl db rekey --yes | rehabctl db rekey --yes --format json")
def rekey(
    yes: YesFlag = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Write database and recordings anew under a new key, while nobody else has them open.

    A run that was interrupted is finished by the next command, or by running it again. Earlier
    backups still need the old key.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.services import recovery
    from rehabctl.services.settings import load_settings

    if not yes:
        raise UsageError("the key is not changed without --yes", "Make a backup first")
    out = Output.of(format_, json_, output, quiet)
    emit_object(asdict(recovery.rekey(load_settings())), out)
    note("earlier backups open with the old key only: make a new one", out)


@app.command(
    epilog="Examples: rehabctl db seed --patients 200 | "
    "rehabctl db seed --patients 300 --days 84 --outcomes"
)
def seed(
    patients: Annotated[int, typer.Option("--patients", min=1, max=1_000_000, help="How many.")],
    seed_number: Annotated[
        int, typer.Option("--seed", help="The same number gives the same patients.")
    ] = 1,
    days: Annotated[
        int, typer.Option("--days", min=1, max=730, help="Length of their history.")
    ] = 56,
    outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Questionnaires and measured motion too.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Fill a store without real patients with invented ones, for load tests and demonstrations.

    Only events are written; alerts and ranks arise from the rules. Running it again goes on.
    """
    from rehabctl.commands._progress import progress
    from rehabctl.services import synthetic, triage
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    settings = load_settings()
    rules = triage.clinic_rules(settings)
    with open_store(settings) as store, progress("Making patients", quiet=quiet) as report:
        done = synthetic.seed(
            store,
            rules,
            patients=patients,
            seed_number=seed_number,
            days=days,
            report=report,
            outcomes=outcomes,
        )
    emit_object(asdict(done), Output.of(format_, json_, output, quiet))
