"""`rehabctl patient coverage`: the insurance policies of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, to_json_value
from rehabctl.commands._times import day
from rehabctl.commands._words import bytes_of, member
from rehabctl.domain.errors import UsageError
from rehabctl.domain.policy import Policy, Rank, Relationship, Subscriber

if TYPE_CHECKING:
    from datetime import date

app = typer.Typer(help="Insurance policies of a patient.", no_args_is_help=True)

Mrn = Annotated[str, typer.Argument(help="Medical record number.", show_default=False)]
_COLUMNS = ("rank", "payer", "member_id", "relationship", "valid_from", "valid_to")
_SUBSCRIBER = (
    "family_name", "given_name", "birth_date", "sex", "middle_name", "address1", "city", "state",
    "postal_code",
)  # fmt: skip
_NEEDED = _SUBSCRIBER[:4]
_SEX_CODES = {"female": "F", "male": "M"}


@app.command(
    epilog="Examples: rehabctl patient coverage add 1042 --rank primary --payer aetna "
    "--member-id W123456789 --relationship child --subscriber mother.json | "
    "rehabctl patient coverage add 1042 --rank secondary --payer medigap --member-id M77"
)
def add(
    mrn: Mrn,
    rank: Annotated[str, typer.Option("--rank", help="primary or secondary.")],
    payer: Annotated[str, typer.Option("--payer", help="The clinic's name of it: payer list.")],
    member_id: Annotated[str, typer.Option("--member-id", help="Number with the payer.")],
    relationship: Annotated[
        str,
        typer.Option(
            "--relationship",
            help="What the patient is to the holder: self, spouse, child, life-partner or other.",
        ),
    ] = "self",
    subscriber: Annotated[
        str | None,
        typer.Option(
            "--subscriber",
            help="The holder, where that is not the patient: a JSON object with family_name, "
            "given_name, birth_date, sex, and address1, city, state, postal_code if known; "
            "- is standard input.",
        ),
    ] = None,
    group_number: Annotated[str, typer.Option("--group-number", help="Of the employer.")] = "",
    insurance_type: Annotated[
        str,
        typer.Option(
            "--insurance-type",
            help="Why Medicare is not the first payer (SBR05), such as 12: working aged.",
        ),
    ] = "",
    from_: Annotated[str | None, typer.Option("--from", help="First day; default: today.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Record a policy: claims and questions about cover are made from it instead of the record.

    A primary policy takes the place of payer and member number of the patient's record on the days
    on which it holds.
    """
    from rehabctl.services import policies
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    said = policies.NewPolicy(
        member(Rank, rank, "--rank"),
        payer,
        member_id,
        member(Relationship, relationship, "--relationship"),
        None if subscriber is None else _subscriber(bytes_of(subscriber)),
        day(from_, "--from"),
        day(until, "--until"),
        group_number,
        insurance_type,
    )
    with open_store(load_settings()) as store:
        made = policies.add(store, mrn, said)
    emit_object(_row(made), Output.of(format_, json_, output, quiet))


@app.command(
    "list",
    epilog="Examples: rehabctl patient coverage list 1042 | "
    "rehabctl patient coverage list 1042 --json",
)
def list_(
    mrn: Mrn,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List the policies of a patient, ended ones too."""
    from rehabctl.services import policies
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = policies.of_patient(store, mrn)
    emit_items([_row(one) for one in found], _COLUMNS, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl patient coverage end 1042 secondary | "
    "rehabctl patient coverage end 1042 primary --on 2026-03-31"
)
def end(
    mrn: Mrn,
    rank: Annotated[str, typer.Argument(help="primary or secondary.", show_default=False)],
    on: Annotated[str | None, typer.Option("--on", help="Last day; default: yesterday.")] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """End the newest policy of a rank; claims for earlier days are still made from it."""
    from rehabctl.services import policies
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        ended = policies.end(store, mrn, member(Rank, rank, "RANK"), day(on, "--on"))
    emit_object(_row(ended), Output.of(format_, json_, output, quiet))


def _subscriber(data: bytes) -> Subscriber:
    import json

    try:
        told: Any = json.loads(data)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise UsageError("--subscriber is no JSON object", f"Write {', '.join(_NEEDED)}")
    fields: dict[str, Any] = told  # pyright: ignore[reportUnknownVariableType]
    unknown = sorted(set(fields) - set(_SUBSCRIBER))
    missing = [name for name in _NEEDED if not fields.get(name)]
    if unknown or missing or not all(isinstance(one, str) for one in fields.values()):
        raise UsageError(
            f"--subscriber lacks {', '.join(missing)}"
            if missing
            else "--subscriber has other keys",
            f"Write texts: {', '.join(_SUBSCRIBER)}",
        )
    born: date | None = day(fields["birth_date"], "birth_date")
    if born is None:
        raise UsageError("--subscriber lacks birth_date", "Write it like 1970-12-31")
    typed: dict[str, Any] = {"birth_date": born, "sex": _SEX_CODES.get(fields["sex"], "U")}
    return Subscriber(**(fields | typed))


def _row(policy: Policy) -> dict[str, Any]:
    shown: dict[str, Any] = to_json_value(policy)
    return {key: value for key, value in shown.items() if key != "patient"}
