"""The verbs of `rehabctl claim` about what patients pay themselves."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from rehabctl.commands._options import (
    Format,
    FormatOption,
    JsonFlag,
    OutputOption,
    QuietFlag,
)
from rehabctl.commands._render import (
    Output,
    emit_bytes,
    emit_items,
    emit_object,
    note,
    to_json_value,
)
from rehabctl.domain.errors import UsageError


class SuperbillFormat(StrEnum):
    """How a superbill is written."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"


_COLUMNS = ("entered_on", "kind", "amount", "code", "units", "scale", "reference", "group")

Patient = Annotated[str, typer.Option("--patient", help="Medical record number.")]


def charge(
    visit: Annotated[str, typer.Option("--visit", help="Identifier of the visit.")],
    payer: Annotated[
        str, typer.Option("--payer", help="The clinic's self-pay row (filing code 09).")
    ] = "self-pay",
    scale: Annotated[str, typer.Option("--scale", help="Row of the sliding scale.")] = "full",
    diagnosis: Annotated[
        list[str] | None, typer.Option("--diagnosis", help="ICD-10-CM; that of the episode.")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Charge a completed visit to the patient, by the fees and the scale of its day, once."""
    from rehabctl.services import accounts
    from rehabctl.services.claim_drafts import Choices
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    choices = Choices(payer, tuple(diagnosis or ()))
    with open_store(load_settings()) as store:
        made = accounts.charge_visit(store, _identifier(visit, "--visit"), choices, scale)
    rows = [_row(one) for one in made]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


def pay(
    patient: Patient,
    amount: Annotated[str, typer.Option("--amount", help="Dollars, such as 20.00.")],
    kind: Annotated[str, typer.Option("--kind", help="payment, write_off or refund.")] = "payment",
    on: Annotated[str | None, typer.Option("--on", help="Its day; today without it.")] = None,
    method: Annotated[str, typer.Option("--method", help="Such as cash or card.")] = "",
    reference: Annotated[
        str, typer.Option("--reference", help="Number of the receipt: entered once.")
    ] = "",
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Enter what a patient paid, what is written off, or what is given back."""
    from datetime import date

    from rehabctl.domain.account import EntryKind
    from rehabctl.services import accounts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    kinds = ("payment", "write_off", "refund")
    if kind not in kinds:
        raise UsageError(f"unknown kind {kind!r}", f"Use one of {', '.join(kinds)}")
    try:
        value = Decimal(amount)
        day = None if on is None else date.fromisoformat(on)
    except (InvalidOperation, ValueError):
        raise UsageError("--amount or --on cannot be read", "Write 20.00 and 2026-03-02") from None
    with open_store(load_settings()) as store:
        made = accounts.enter(
            store, patient, EntryKind(kind), value, on=day, reference=reference, method=method
        )
    emit_items([_row(made)], _COLUMNS, Output.of(format_, json_, output, quiet))


def take_back(
    group: Annotated[str, typer.Argument(help="Group of the entries, as `account` shows it.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Take back a visit's charges or one payment; nothing is deleted."""
    from rehabctl.services import accounts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        made = accounts.take_back(store, _identifier(group, "the group"))
    rows = [_row(one) for one in made]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


def account(
    patient: Patient,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what a patient was charged and paid herself, and the balance."""
    from rehabctl.domain.payer import dollars
    from rehabctl.services import accounts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = accounts.show(store, patient)
    out = Output.of(format_, json_, output, quiet)
    rows = [_row(one) for one in found.entries]
    balance = str(dollars(found.balance_cents))
    if out.format is Format.JSON:
        emit_object({"items": rows, "next": None, "balance": balance}, out)
        return
    emit_items(rows, _COLUMNS, out)
    note(f"Balance {balance}", out)


def superbill(
    patient: Patient,
    first: Annotated[str, typer.Option("--from", help="First day of service.")],
    last: Annotated[str, typer.Option("--to", help="Last day of service.")],
    kind: Annotated[
        SuperbillFormat, typer.Option("--format", "-f", help="What is written.")
    ] = SuperbillFormat.TEXT,
    output: OutputOption = None,
) -> None:
    """Write the statement of paid services that a patient hands to her own insurer.

    It names the patient, and carries codes without descriptors.
    """
    from datetime import date

    from rehabctl.services import accounts
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise UsageError("--from or --to is not a date", "Write it like 2026-03-02") from None
    with open_store(load_settings()) as store:
        bill = accounts.superbill(store, patient, *days)
    out = Output.of(None, kind is SuperbillFormat.JSON, output, True)
    if kind is SuperbillFormat.JSON:
        emit_object(to_json_value(bill), out)
    else:
        emit_bytes(accounts.written(bill, kind.value), out)


def _row(entry: Any) -> dict[str, Any]:
    from rehabctl.domain.payer import dollars

    told = entry.document
    full = told.get("full_cents")
    return {
        "entered_on": entry.entered_on,
        "kind": entry.kind,
        "amount": str(dollars(entry.amount_cents)),
        "code": told.get("code"),
        "units": told.get("units"),
        "modifiers": told.get("modifiers", []),
        "full_fee": None if full is None else str(dollars(full)),
        "scale": told.get("scale"),
        "scale_percent": told.get("scale_percent"),
        "scale_source": told.get("scale_source"),
        "reference": told.get("reference"),
        "method": told.get("method"),
        "group": str(entry.group_id),
        "reverses": None if entry.reverses_id is None else str(entry.reverses_id),
    }


def _identifier(text: str, what: str) -> Any:
    from uuid import UUID

    try:
        return UUID(text)
    except ValueError:
        raise UsageError(f"{what} is no identifier", "Copy it whole") from None
