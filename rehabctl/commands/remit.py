"""`rehabctl remit`: what payers paid."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_items, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode
from rehabctl.domain.payer import dollars

if TYPE_CHECKING:
    from rehabctl.billing.remittance import CheckedPayment

app = typer.Typer(help="Read and post remittances (835).", no_args_is_help=True)


@app.callback()
def remit() -> None:
    """Read and post remittances (835)."""


@app.command(
    epilog="Examples: rehabctl remit parse payment.835 | rehabctl remit parse - --format json"
)
def parse(
    file: Annotated[Path, typer.Argument(help="An 835 file; - is standard input.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show the payments of an 835 file and whether every level adds up. Changes nothing.

    Exit code 3 when a level does not balance or the file is damaged; the result is still printed.
    """
    from rehabctl.services.x12_files import check_remittance

    checked = check_remittance(file)
    out = Output.of(format_, json_, output, quiet)
    payments = [_payment(p) for p in checked.payments]
    findings = [*checked.findings, *(f for p in checked.payments for f in p.findings)]
    if out.format in (Format.JSON, Format.JSONL):
        nothing: dict[str, Any] = {"payer": None, "payment_amount": None, "claims": []}
        first = payments[0] if payments else nothing
        whole = {**first, "balanced": checked.balanced, "findings": to_json_value(findings)}
        whole["next_command"] = _next(file, checked.balanced)
        if len(payments) > 1:  # one file may carry several payments; the first is the object itself
            whole["payments"] = payments
        emit_object(whole, out)
    else:
        rows = [{"payer": p["payer"], **claim} for p in payments for claim in p["claims"]]
        columns = ("payer", "claim_id", "status", "charged", "paid", "patient_responsibility")
        emit_items(rows, columns, out)
        for finding in findings:
            where = f" (segment {finding.position})" if finding.position else ""
            note(f"{finding.rule}{where}: {finding.message}. {finding.fix}.", out)
        if command := _next(file, checked.balanced):
            note(f"Next: {command}", out)
    if not checked.balanced:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl remit post payment.835 | rehabctl remit post payment.835 --json"
)
def post(
    file: Annotated[Path, typer.Argument(help="An 835 file.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Post a remittance once, only if every level balances and every claim in it is ours.

    Otherwise it is quarantined: kept, with exit code 3, and no money or state changes.
    """
    from rehabctl.services import claim_exchange
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        done = claim_exchange.post(store, claim_exchange.read_incoming(file))
    out = Output.of(format_, json_, output, quiet)
    rows = [
        {
            "claim": one.claim,
            "state": one.state,
            "paid": str(dollars(one.paid_cents)),
            "patient_responsibility": str(dollars(one.patient_cents)),
            "underpaid": str(dollars(one.underpaid_cents)),
            "adjustments": one.adjustments,
            "next_step": one.next_step,
            "next_command": one.next_command,
        }
        for one in done.posted
    ]
    columns = ("claim", "state", "paid", "patient_responsibility", "underpaid", "adjustments")
    emit_items(rows, columns, out)
    for one in done.posted:
        if one.next_step:
            note(f"Next for {one.claim}: {one.next_step}. {one.next_command}".rstrip(". "), out)
    if not done.is_new:
        note("This file was read before; nothing was changed", out)
    for finding in done.findings:
        note(f"{finding.rule}: {finding.message}. {finding.fix}.", out)
    for number in done.unknown:
        note(f"Not a claim of ours: {number}", out)
    if done.quarantined:
        note("Next: ask the payer about what was found; this file can be posted again later", out)
        raise typer.Exit(ExitCode.FINDINGS)


def _next(file: Path, balanced: bool) -> str:
    """Return the command that posts a file; empty where it cannot be posted."""
    return f"rehabctl remit post {quote(str(file))}" if balanced and str(file) != "-" else ""


def _payment(checked: CheckedPayment) -> dict[str, Any]:
    payment = checked.payment
    return {
        "payer": payment.payer,
        "trace_number": payment.trace_number,
        "payment_amount": to_json_value(payment.amount),
        "balanced": checked.balanced,
        "provider_adjustments": to_json_value(payment.provider_adjustments),
        "claims": [
            {k: v for k, v in to_json_value(claim).items() if k != "position"}
            for claim in payment.claims
        ],
    }
