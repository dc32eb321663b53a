"""`rehabctl user`: who may enter, whose patients they see, emergency access."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note
from rehabctl.domain.clinic import Role

if TYPE_CHECKING:
    from rehabctl.services.users import NewLogin

app = typer.Typer(
    help="Let people in, switch them off, move caseloads, open a record in an emergency.",
    no_args_is_help=True,
)
caseload = typer.Typer(help="Whose patients are whose.", no_args_is_help=True)
app.add_typer(caseload, name="caseload")

Login = Annotated[str, typer.Argument(help="Login of the user.", show_default=False)]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="Write the new password here, for its owner only, as libpq reads it (passfile=).",
    ),
]


@app.command(
    epilog="Examples: rehabctl user add jlee --role therapist --name 'Jo Lee' "
    "--password-file jlee.pgpass | rehabctl user add a.diaz --role patient --patient 1042"
)
def add(
    login: Login,
    role: Annotated[Role, typer.Option("--role", help="What she is in the clinic.")],
    name: Annotated[str | None, typer.Option("--name", help="How she is called.")] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", help="Record number of a patient's own login.")
    ] = None,
    password_file: PasswordFile = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Let somebody in; on a server her login is made, with a password that is shown once."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with users.password_file(password_file) as write, open_store(load_settings()) as store:
        made = users.add(store, login, role, display_name=name, mrn=patient)
        write(made)
    emit_login(made, password_file, out)


def emit_login(made: NewLogin, password_file: Path | None, out: Output) -> None:
    """Show a new login with its password, once, or with the file that it was written to."""
    shown = {"login": made.user.login, "role": made.user.role.value}
    if made.password is not None:
        if password_file is None:
            shown["password"] = made.password
            note("the password is not shown again", out)
        else:
            shown["password_file"] = str(password_file)
    emit_object(shown, out)


@app.command(epilog="Examples: rehabctl user disable jlee | rehabctl user disable jlee --quiet")
def disable(login: Login, quiet: QuietFlag = False) -> None:
    """Switch a user off; her patients stay hers until `user caseload transfer`."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        users.disable(store, login)
    note(f"{login} is switched off", Output.of(quiet=quiet))


@app.command(
    epilog="Examples: rehabctl user rotate jlee --password-file jlee.pgpass | "
    "rehabctl user rotate jlee --format json"
)
def rotate(
    login: Login,
    password_file: PasswordFile = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Give a login of a server another password; the old one ends at once."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with users.password_file(password_file) as write, open_store(load_settings()) as store:
        made = users.rotate(store, login)
        write(made)
    emit_login(made, password_file, out)


@app.command("list", epilog="Examples: rehabctl user list | rehabctl user list --format json")
def list_(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List users with their role and how many active patients each has."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        accounts = users.listing(store)
        waiting = users.waiting_for_review(store)
    rows = [
        {
            "login": account.user.login,
            "name": account.user.display_name,
            "role": account.user.role.value,
            "active": account.user.active,
            "patients": account.patients,
        }
        for account in accounts
    ]
    emit_items(rows, ("login", "name", "role", "active", "patients"), out)
    if waiting:
        note(f"emergency accesses to review: {waiting}; see: rehabctl user accesses", out)


@app.command(epilog="Examples: rehabctl user show | rehabctl user show --format json")
def show(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show as whom you act, and what your role may do."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        user, clinic, allowed = users.acting(store)
        enforced = "the key of the file" if store.is_local else "the server"
    shown = {
        "login": user.login,
        "name": user.display_name,
        "role": user.role.value,
        "clinic": clinic.name,
        "may": list(allowed),
        "enforced_by": enforced,
    }
    emit_object(shown, out)


@app.command(epilog="Examples: rehabctl user claim | rehabctl user claim --quiet")
def claim(quiet: QuietFlag = False) -> None:
    """Become a therapist of a local database whose key you hold, such as on a new machine.

    The audit log keeps it. A server's users are added by its administrator.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import claim_local

    settings = load_settings()
    if settings.database_url is not None:
        raise UsageError(
            "a server's users are added by its administrator", "Ask for: rehabctl user add"
        )
    user = claim_local(settings)
    note(f"{user.login} is a therapist of this database", Output.of(quiet=quiet))


@app.command(
    "break-glass",
    epilog="Examples: rehabctl user break-glass 1042 --reason 'fell at home, therapist away' | "
    "rehabctl user break-glass 1042 --reason 'covering for a sick colleague' --minutes 30",
)
def break_glass(
    mrn: Annotated[str, typer.Argument(help="Record number.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; an administrator reads it.")],
    minutes: Annotated[int, typer.Option("--minutes", help="For how long, at most 240.")] = 60,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Open the record of another therapist's patient, to read, in an emergency.

    The access is in the audit log and waits on every administrator's list until one reviews it.
    """
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        until = users.break_glass(store, mrn, reason, minutes)
    emit_object({"mrn": mrn, "until": until}, out)
    note("this access was written down and will be reviewed", out)


@app.command(epilog="Examples: rehabctl user accesses | rehabctl user accesses --format json")
def accesses(
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List emergency accesses, newest first, with who reviewed them."""
    from dataclasses import asdict

    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        found = users.emergency_accesses(store)
    columns = ("id", "login", "patient_id", "reason", "granted_at", "until_at", "reviewed_by")
    emit_items([asdict(grant) for grant in found], columns, out)


@app.command(
    epilog="Examples: rehabctl user review 01890a5d-ac96-774b-bcce-b302099a8057 | "
    "rehabctl user review 01890a5d-ac96-774b-bcce-b302099a8057 --quiet"
)
def review(
    access: Annotated[str, typer.Argument(help="Its id in `user accesses`.", show_default=False)],
    quiet: QuietFlag = False,
) -> None:
    """Note that you looked at an emergency access."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        users.review_access(store, access)
    note("the access is reviewed", Output.of(quiet=quiet))


@caseload.command(
    epilog="Examples: rehabctl user caseload transfer jlee mkim | "
    "rehabctl user caseload transfer jlee mkim --format json"
)
def transfer(
    giver: Annotated[str, typer.Argument(metavar="FROM", help="Login of who had the patients.")],
    taker: Annotated[str, typer.Argument(metavar="TO", help="Login of who gets them.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Give every patient of one therapist, with all records, to another."""
    from rehabctl.services import users
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    out = Output.of(format_, json_, output, quiet)
    with open_store(load_settings()) as store:
        moved = users.transfer_caseload(store, giver, taker)
    emit_object({"from": giver, "to": taker, "patients": moved}, out)
