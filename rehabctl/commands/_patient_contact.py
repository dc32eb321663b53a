"""`rehabctl patient contact`: caregivers and proxies, with what the patient allows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object
from rehabctl.commands._times import day
from rehabctl.commands._words import member
from rehabctl.domain.message import ContactScope

if TYPE_CHECKING:
    from rehabctl.domain.message import Contact

app = typer.Typer(help="Caregivers and proxies of a patient.", no_args_is_help=True)

Mrn = Annotated[str, typer.Argument(help="Medical record number.", show_default=False)]
_COLUMNS = ("id", "name", "relationship", "is_proxy", "scopes", "valid_from", "valid_until")


@app.command(
    epilog="Examples: rehabctl patient contact add 1042 --name 'Luis Diaz' --relationship son "
    "--scope messages | rehabctl patient contact add 1042 --name 'Eva Diaz' "
    "--relationship mother --proxy --scope clinical --scope log_sessions"
)
def add(
    mrn: Mrn,
    name: Annotated[str, typer.Option("--name", help="Full name.")],
    relationship: Annotated[str, typer.Option("--relationship", help="Such as son.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="schedule, hand_outs, messages, clinical or log_sessions; may be repeated.",
        ),
    ] = None,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="May consent and act for the patient.")
    ] = False,
    phone: Annotated[str | None, typer.Option("--phone", help="Telephone number.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="E-mail address.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="First day of the consent; default: today.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day of the consent.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Add a contact with what the patient allows her to receive or do."""
    from rehabctl.services import contacts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        contact = contacts.add(
            store,
            mrn,
            name=name,
            relationship=relationship,
            scopes=[member(ContactScope, scope, "--scope") for scope in scopes or ()],
            is_proxy=proxy,
            phone=phone,
            email=email,
            valid_from=day(from_, "--from"),
            valid_until=day(until, "--until"),
        )
    emit_object(_object(contact), Output.of(format_, json_, output, quiet))


@app.command(
    "list",
    epilog="Examples: rehabctl patient contact list 1042 | "
    "rehabctl patient contact list 1042 --json",
)
def list_(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the contacts of a patient, ended ones too."""
    from rehabctl.services import contacts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = contacts.of_patient(store, mrn)
    emit_items([_object(c) for c in found], _COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl patient contact end 1042 ID | "
    "rehabctl patient contact end 1042 ID --on 2026-03-31"
)
def end(
    mrn: Mrn,
    contact_id: Annotated[str, typer.Argument(metavar="ID", help="From `contact list`.")],
    on: Annotated[
        str | None, typer.Option("--on", help="Last day; default: nothing from now on.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """End what a patient allows a contact."""
    from rehabctl.services import contacts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        contact = contacts.end(store, mrn, contact_id, day(on, "--on"))
    emit_object(_object(contact), Output.of(format_, json_, output, quiet))


def _object(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "relationship": contact.relationship,
        "is_proxy": contact.is_proxy,
        "scopes": contact.scopes,
        "valid_from": contact.valid_from,
        "valid_until": contact.valid_until,
        "phone": contact.phone,
        "email": contact.email,
    }
