"""What patients pay themselves: charges by dated fees and scale, payments, and the superbill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.domain.account import AccountEntry, EntryKind, Superbill, SuperbillLine
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.patient import Patient
from rehabctl.domain.payer import SELF_PAY, dollars
from rehabctl.services.access import Action, require
from rehabctl.services.billing_settings import clinic_of, scale_on
from rehabctl.services.claim_drafts import Choices, local_now, visit_draft
from rehabctl.services.claim_parties import diagnoses_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store

_SIGNS = {EntryKind.PAYMENT: -1, EntryKind.WRITE_OFF: -1, EntryKind.REFUND: 1}
FULL = "full"
"""The scale of who pays the whole fee; it needs no row."""


@dataclass(frozen=True, slots=True)
class Account:
    """A patient's entries and their sum."""

    entries: tuple[AccountEntry, ...]
    balance_cents: int
    """What the patient owes; below zero it is hers."""


def charge_visit(
    store: Store, visit_id: UUID, choices: Choices, scale: str = FULL
) -> tuple[AccountEntry, ...]:  # fmt: skip
    """Charge a completed visit to the patient: once, and never beside a claim.

    Parameters
    ----------
    store
        The open store.
    visit_id
        A completed visit.
    choices
        What the biller says; the payer must be one of self-pay (filing code 09).
    scale
        Row of the sliding scale on the day of the visit.

    Raises
    ------
    UsageError
        The payer is an insurer.
    FindingsError
        Something stands against the lines of the visit.
    ConflictError
        The visit, or a minute of it, is billed already.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        made = visit_draft(uow, visit_id, choices)
        if made.payer.filing_code != SELF_PAY:
            raise UsageError(
                f"payer {made.payer.key} is an insurer",
                f"Draft a claim, or use a payer of filing code {SELF_PAY}",
            )
        errors = [one for one in made.draft.findings if one.severity == "error"]
        if errors:
            raise FindingsError(f"{errors[0].rule}: {errors[0].message}", errors[0].fix)
        percent, source = 100, "full fee"
        if scale != FULL:
            row = scale_on(uow, scale, made.on)
            percent, source = row.percent, f"{row.name} {row.valid_from}: {row.source}"
        icd10 = list(choices.diagnoses) or diagnoses_of(uow, made.patient)
        group = uow.new_id()
        entries = [
            AccountEntry(
                uow.new_id(), made.patient.ref, EntryKind.CHARGE, made.on,
                _part(line.charge_cents, percent), f"charge:{group}:{number}", group,
                {
                    "visit": str(visit_id), "code": line.code, "units": line.units,
                    "modifiers": list(line.modifiers), "place_of_service": line.place_of_service,
                    "icd10": icd10, "full_cents": line.charge_cents, "scale": scale,
                    "scale_percent": percent, "scale_source": source,
                    "provider": f"{made.provider.given_name} {made.provider.family_name}",
                    "provider_npi": made.provider.npi, "facts": list(line.facts),
                },
            )
            for number, line in enumerate(made.draft.lines, start=1)
        ]  # fmt: skip
        uow.monitoring.hold(made.patient.ref, group, dict.fromkeys(made.slots))
        uow.accounts.add(entries)
        uow.audit.record("account.charge", "patient", made.patient.ref.id, {"lines": len(entries)})
        return tuple(entries)


def enter(
    store: Store, mrn: str, kind: EntryKind, amount: Decimal, *, on: date | None = None,
    reference: str = "", method: str = "",
) -> AccountEntry:  # fmt: skip
    """Enter a payment, a write-off or a refund.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    kind
        PAYMENT, WRITE_OFF or REFUND.
    amount
        More than nothing, in whole cents.
    on
        Its day; today without one.
    reference
        Number of the receipt: the same one is entered once.
    method
        Such as cash or card.

    Raises
    ------
    UsageError
        The amount cannot be.
    ConflictError
        The receipt was entered before.
    """
    cents = amount.scaleb(2) if amount.is_finite() else Decimal(0)
    if cents <= 0 or cents != int(cents) or cents >= 10**9:
        raise UsageError("the amount is none", "Give dollars and cents, such as 20.00")
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        patient = uow.patients.get(mrn)
        entry_id = uow.new_id()
        key = f"receipt:{reference}" if reference else f"entry:{entry_id}"
        entry = AccountEntry(
            entry_id, patient.ref, kind, on or local_now(uow).date(), _SIGNS[kind] * int(cents),
            key, uow.new_id(), {"reference": reference, "method": method},
        )  # fmt: skip
        uow.accounts.add([entry])
        uow.audit.record(f"account.{kind.value}", "patient", patient.ref.id)
        return entry


def take_back(store: Store, group_id: UUID) -> tuple[AccountEntry, ...]:
    """Take back what was entered together: a visit's charges, or one payment. Nothing is deleted.

    A visit that was charged may be billed again afterwards.

    Raises
    ------
    NotFoundError
        There is no such group.
    ConflictError
        It was taken back before.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        group = uow.accounts.of_group(group_id)
        if not group:
            raise NotFoundError("no entry has that group", "Look at: rehabctl claim account")
        today = local_now(uow).date()
        entries = [
            AccountEntry(
                uow.new_id(), one.patient, EntryKind.REVERSAL, today, -one.amount_cents,
                f"reversal:{one.id}", group_id, {}, one.id,
            )
            for one in group
            if one.kind is not EntryKind.REVERSAL
        ]  # fmt: skip
        uow.accounts.add(entries)
        uow.monitoring.release(group_id)
        uow.audit.record("account.take_back", "patient", group[0].patient.id)
        return tuple(entries)


def show(store: Store, mrn: str) -> Account:
    """Return a patient's account."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        patient = uow.patients.get(mrn)
        entries = uow.accounts.of_patient(patient.ref.id)
        uow.audit.record("account.read", "patient", patient.ref.id)
        return Account(entries, sum(one.amount_cents for one in entries))


def superbill(store: Store, mrn: str, first: date, last: date) -> Superbill:
    """Return the services that a patient was charged for in a span of days, both included.

    Charges that were taken back are left out. It carries codes and no descriptors.

    Raises
    ------
    FindingsError
        Nothing was charged in that time.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        patient = uow.patients.get(mrn)
        entries = uow.accounts.of_patient(patient.ref.id)
        standing = _standing(entries)
        within = [one for one in standing if first <= one.entered_on <= last]
        lines = tuple(_line(one) for one in within if one.kind is EntryKind.CHARGE)
        if not lines:
            raise FindingsError("nothing was charged in that time", "Charge a visit first")
        paid = sum(
            one.amount_cents for one in within if one.kind in (EntryKind.PAYMENT, EntryKind.REFUND)
        )
        who = patient.demographics
        uow.audit.record("account.superbill", "patient", patient.ref.id, {"lines": len(lines)})
        return Superbill(
            clinic=clinic_of(uow),
            patient=f"{who.given_name} {who.family_name}",
            birth_date=who.birth_date,
            address=_address(patient),
            member_id=who.member_id or "",
            first=first,
            last=last,
            lines=lines,
            charged=sum((one.charge for one in lines), Decimal(0)),
            paid=dollars(-paid),
            balance=dollars(sum(one.amount_cents for one in entries)),
            made_at=uow.now,
        )


def written(bill: Superbill, kind: str) -> bytes:
    """Return a superbill as a file.

    Parameters
    ----------
    bill
        What is stated.
    kind
        text, html or pdf.
    """
    from rehabctl.integrations import superbill as pages

    if kind == "pdf":
        return pages.as_pdf(bill)
    return (pages.as_html(bill) if kind == "html" else pages.as_text(bill)).encode()


def _standing(entries: Sequence[AccountEntry]) -> list[AccountEntry]:
    gone = {one.reverses_id for one in entries if one.reverses_id is not None}
    return [one for one in entries if one.reverses_id is None and one.id not in gone]


def _line(entry: AccountEntry) -> SuperbillLine:
    told: dict[str, Any] = entry.document
    return SuperbillLine(
        entry.entered_on, told["place_of_service"], tuple(told["icd10"]), told["code"],
        tuple(told["modifiers"]), told["units"], dollars(entry.amount_cents), told["provider"],
        told["provider_npi"],
    )  # fmt: skip


def _address(patient: Patient) -> str:
    who = patient.demographics
    parts = (who.address1, who.city, f"{who.state} {who.postal_code or ''}".strip())
    return ", ".join(part for part in parts if part)


def _part(cents: int, percent: int) -> int:
    """Return a share of an amount; half a cent is rounded up."""
    exact = Decimal(cents * percent) / 100
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
