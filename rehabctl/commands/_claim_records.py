"""The verbs of `rehabctl claim` that make, send and follow stored claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import (
    Output,
    emit_bytes,
    emit_items,
    emit_object,
    note,
    to_json_value,
)
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rehabctl.domain.claim_record import ClaimRecord
    from rehabctl.services.claim_drafts import Choices as ClaimChoices
    from rehabctl.services.claims import ClaimDetail

_COLUMNS = ("claim", "state", "payer", "service_on", "total", "paid", "frequency", "reasons")

Number = Annotated[str, typer.Argument(help="Our number of the claim.", show_default=False)]
Diagnosis = Annotated[
    list[str] | None, typer.Option("--diagnosis", help="ICD-10-CM; repeat, the principal first.")
]
Referring = Annotated[
    str | None, typer.Option("--referring", help="NPI=Family, Given of the referring provider.")
]
Attest = Annotated[
    list[str] | None,
    typer.Option(
        "--attest",
        help="KX=NAME, separate=NAME or a condition of a code, such as patient-initiated=NAME: "
        "what that person states.",
    ),
]
Production = Annotated[
    bool, typer.Option("--production", help="Not a test: the receiver is to act on it.")
]


def draft(
    visit: Annotated[str | None, typer.Option("--visit", help="Identifier of the visit.")] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", help="Record number, for monitoring evidence.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Month of the frozen evidence, like 2026-03.")
    ] = None,
    secondary_of: Annotated[
        str | None,
        typer.Option(
            "--secondary-of", help="Our number of the claim on which the first payer has decided."
        ),
    ] = None,
    payer: Annotated[
        str | None, typer.Option("--payer", help="Without it, the payer of the patient's record.")
    ] = None,
    diagnosis: Diagnosis = None,
    referring: Referring = None,
    attest: Attest = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Make the claim of a visit, or of frozen monitoring evidence, with the reason of each line.

    With --secondary-of it is made for the patient's second payer, from what the first one decided.

    Exit code 3 when something stands against sending it: it is kept as a draft.
    """
    from uuid import UUID

    from rehabctl.services import claims, secondary_claims
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    choices = _choices(payer, diagnosis, referring, attest)
    if [visit, patient, secondary_of].count(None) != 2 or (patient is None) != (month is None):
        raise UsageError(
            "a claim needs its work",
            "Give --visit ID, --patient MRN and --month, or --secondary-of",
        )
    if secondary_of is not None and (diagnosis or referring or attest):
        raise UsageError(
            "a second payer is told what the first one was", "Correct that claim, or leave it out"
        )
    with open_store(load_settings()) as store:
        if secondary_of is not None:
            made = secondary_claims.draft_secondary(store, secondary_of, choices)
        elif visit is not None:
            try:
                visit_id = UUID(visit)
            except ValueError:
                raise UsageError("--visit is no identifier", "Copy it from the visit") from None
            made = claims.draft_visit(store, visit_id, choices)
        else:
            made = claims.draft_monitoring(store, patient or "", month or "", choices)
    _show_claim(made, Output.of(format_, json_, output, quiet))


def correct(
    number: Number,
    void: Annotated[bool, typer.Option("--void", help="Take it back instead.")] = False,
    diagnosis: Diagnosis = None,
    referring: Referring = None,
    attest: Attest = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Make the claim that replaces a denied, rejected or wrong one; the old one is closed.

    Exit code 3 when something stands against sending it: it is kept as a draft.
    """
    from rehabctl.services import claims
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    choices = _choices(None, diagnosis, referring, attest)
    with open_store(load_settings()) as store:
        made = claims.correct(store, number, choices, void=void)
    _show_claim(made, Output.of(format_, json_, output, quiet))


def list_(
    state: Annotated[
        str | None, typer.Option("--state", help="Only these, such as ready, denied or draft.")
    ] = None,
    denied: Annotated[
        bool, typer.Option("--denied", help="Claims that a payer turned down, wholly or in part.")
    ] = False,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """List claims with where they stand; `--denied` is the worklist of denials.

    It names for each claim the next step and the day by which it is due, the most urgent first.
    """
    from rehabctl.domain.claim_record import ClaimState
    from rehabctl.services import claims
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    if denied:
        if state is not None:
            raise UsageError("--denied has its own states", "Leave --state out")
        _show_denials(Output.of(format_, json_, output, quiet))
        return
    if state is not None and state not in set(ClaimState):
        raise UsageError(f"unknown state {state!r}", f"Use one of {', '.join(ClaimState)}")
    with open_store(load_settings()) as store:
        found = claims.listed(store, None if state is None else ClaimState(state))
    rows = [_row(one) for one in found]
    emit_items(rows, _COLUMNS, Output.of(format_, json_, output, quiet))


def _show_denials(out: Output) -> None:
    """Print the worklist of denials; words of reasons come from the clinic's imported lists."""
    from rehabctl.domain.code_lists import CodeListKind
    from rehabctl.services.claim_denials import denials
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import code_lists, open_store

    settings = load_settings()
    tables = code_lists(settings)
    with open_store(settings) as store:
        found = denials(store)
    rows: list[dict[str, Any]] = []
    for one in found:
        reasons = [
            {
                "group": why.group,
                "reason": why.code,
                "amount": why.amount,
                "meaning": tables.meaning(CodeListKind.CARC, why.code, one.decided_on),
                "action": why.step.key,
                "next_step": why.step.words,
                "due_on": why.due_on,
            }
            for why in one.reasons
        ]
        remarks = [
            {"code": code, "meaning": tables.meaning(CodeListKind.RARC, code, one.decided_on)}
            for code in one.remarks
        ]
        first = one.reasons[0] if one.reasons else None
        number = one.claim.control_number
        command = first.step.command_for(number) if first else f"rehabctl claim show {number}"
        rows.append(
            {
                "claim": one.claim.control_number,
                "state": one.claim.state,
                "payer": one.claim.payer,
                "service_on": one.claim.service_on,
                "total": _money(one.claim.total_cents),
                "decided_on": one.decided_on,
                "due_on": one.due_on,
                "action": first.step.key if first else "look",
                "next_step": first.step.words if first else "Ask the payer for its reason",
                "next_command": command,
                "codes": [f"{why.group}-{why.code}" for why in one.reasons] + list(one.remarks),
                "reasons": reasons,
                "remarks": remarks,
            }
        )
    if out.format in (Format.JSON, Format.JSONL):
        emit_items([to_json_value(row) for row in rows], (), out)
        return
    columns = ("due_on", "claim", "payer", "total", "codes", "action", "next_step")
    emit_items(rows, columns, out)
    for row in rows:
        note(f"Next for {row['claim']}: {row['next_command']}", out)


def show(
    number: Number,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show one claim: lines with facts and rules, findings, history and postings."""
    from rehabctl.services import claims
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        found = claims.show(store, number)
    out = Output.of(format_, json_, output, quiet)
    if out.format in (Format.JSON, Format.JSONL):
        row = _row(found)
        document = found.claim.document
        shown = {key: document[key] for key in ("lines", "findings", "ties", "icd10")}
        postings = [
            {
                "trace_number": one.trace_number,
                "status": one.status,
                "charged": _money(one.charged_cents),
                "paid": _money(one.paid_cents),
                "patient_responsibility": _money(one.patient_cents),
                "adjustments": list(one.adjustments),
            }
            for one in found.postings
        ]
        history = to_json_value(found.events)
        emit_object({**row, **shown, "history": history, "postings": postings}, out)
        return
    _show_lines(found.claim, out)
    for event in found.events:
        note(f"{event.at:%Y-%m-%d} {event.state.value}: {event.cause} {' '.join(event.codes)}", out)


def build(
    numbers: Annotated[list[str], typer.Argument(help="Our numbers of the claims.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The 837P file to write.")],
    production: Production = False,
) -> None:
    """Write claims as an 837P file to look at or to check. Sends and changes nothing."""
    from rehabctl.services import claim_exchange
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        data = claim_exchange.build(store, numbers, is_test=not production)
    emit_bytes(data, Output.of(path=str(output)))


def ack(
    file: Annotated[Path, typer.Argument(help="A TA1, 999 or 277CA file.")],
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Read an answer of the clearinghouse or payer once, and move the claims that it speaks of.

    Exit code 3 when a claim was rejected.
    """
    from rehabctl.domain.claim_record import ClaimState
    from rehabctl.services import claim_exchange
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        done = claim_exchange.acknowledge(store, claim_exchange.read_incoming(file))
    out = Output.of(format_, json_, output, quiet)
    if not done.is_new:
        note("This file was read before; nothing was changed", out)
    rows = [to_json_value(one) for one in done.moved]
    emit_items(rows, ("claim", "state", "kind", "codes", "label"), out)
    for reference in done.unknown:
        note(f"Not ours: {reference}", out)
    if any(one.state is ClaimState.REJECTED for one in done.moved):
        raise typer.Exit(ExitCode.FINDINGS)


def _choices(
    payer: str | None, diagnosis: list[str] | None, referring: str | None, attest: list[str] | None
) -> ClaimChoices:
    from rehabctl.billing.claim_draft import Attestation
    from rehabctl.reference.payers.remote_services import statements
    from rehabctl.services.claim_drafts import Choices
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import code_lists

    known = ("KX", "separate", *sorted(statements()))
    attestations: list[Attestation] = []
    for text in attest or ():
        what, _, by = text.partition("=")
        if what not in known or not by.strip():
            raise UsageError(f"{text!r} attests nothing", f"Write WHAT=NAME: {', '.join(known)}")
        attestations.append(Attestation(what, by.strip()))
    named: tuple[str, str] | None = None
    if referring is not None:
        npi, _, name = referring.partition("=")
        if not npi.strip() or not name.strip():
            raise UsageError("--referring names nobody", "Write it like 1234567893=Referrer, Pat")
        named = (npi.strip(), name.strip())
    tables = code_lists(load_settings())
    return Choices(payer or "", tuple(diagnosis or ()), named, tuple(attestations), tables)


def _show_claim(claim: ClaimRecord, out: Output) -> None:
    from rehabctl.domain.claim_record import ClaimState

    document = claim.document
    if out.format in (Format.JSON, Format.JSONL):
        emit_object(
            {
                "claim": claim.control_number,
                "state": claim.state,
                "total": _money(claim.total_cents),
                **{key: document[key] for key in ("lines", "findings", "ties")},
            },
            out,
        )
    else:
        note(f"{claim.control_number}: {claim.state.value}, {_money(claim.total_cents)}", out)
        _show_lines(claim, out)
    if claim.state is ClaimState.DRAFT:
        raise typer.Exit(ExitCode.FINDINGS)


def _show_lines(claim: ClaimRecord, out: Output) -> None:
    rows: list[dict[str, Any]] = [
        {**line, "charge": _money(line["charge_cents"])} for line in claim.document["lines"]
    ]
    columns = ("code", "units", "modifiers", "place_of_service", "charge", "service_on", "facts")
    emit_items(rows, columns, out)
    for one in claim.document["findings"]:
        note(f"{one['severity']} {one['rule']}: {one['message']}. {one['fix']}.", out)
    for tie in claim.document["ties"]:
        units = counted(tie["units_to_place"], "unit")
        note(f"Your choice: {units}: {' or '.join(tie['between'])}", out)


def _row(found: ClaimDetail) -> dict[str, Any]:
    from rehabctl.domain.claim_record import SECONDARY

    claim = found.claim
    last = found.postings[-1] if found.postings else None
    return {
        "claim": claim.control_number,
        "state": claim.state,
        "payer": claim.payer,
        "service_on": claim.service_on,
        "total": _money(claim.total_cents),
        "due": _money(claim.due_cents),
        "secondary_of": claim.source.removeprefix(SECONDARY) if claim.is_secondary else None,
        "paid": _money(sum(one.paid_cents for one in found.postings)),
        "frequency": claim.frequency,
        "payer_reference": claim.payer_reference,
        "reasons": [] if last is None else list(last.adjustments),
    }


def _money(cents: int) -> str:
    from rehabctl.domain.payer import dollars

    return str(dollars(cents))
