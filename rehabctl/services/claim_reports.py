"""Reports over the clinic's claims. Figures only; the KX ledger names patients by record number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rehabctl.billing import claim_reports
from rehabctl.billing.claim_reports import Ageing, FirstPass, KxLedger, UnitsPerVisit
from rehabctl.reference.payers.claim_rules import ageing_days, load_kx_threshold
from rehabctl.services.access import Action, require
from rehabctl.services.billing_settings import payers_of
from rehabctl.services.claim_drafts import local_now

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AgeingReport:
    """What payers owe on a day."""

    on: date
    limits_days: tuple[int, ...]
    rows: tuple[Ageing, ...]


def ageing(store: Store, on: date | None = None) -> AgeingReport:
    """Return what payers owe, by days since the service.

    Parameters
    ----------
    store
        The open store.
    on
        Day from which the days count; today without one. What was paid later is taken off too.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        day = on or local_now(uow).date()
        limits = ageing_days(day)
        claims = uow.claims.of_state()
        rows = claim_reports.age_claims(claims, uow.claims.all_postings(), day, limits)
        _note(uow, "ageing", len(claims))
        return AgeingReport(day, limits, rows)


def first_pass(store: Store) -> tuple[FirstPass, ...]:
    """Return how many claims were taken at their first submission, by month and payer."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claims = uow.claims.of_state()
        _note(uow, "first-pass", len(claims))
        return claim_reports.first_pass(claims, uow.claims.all_events())


def units(store: Store, first: date, last: date) -> tuple[UnitsPerVisit, ...]:
    """Return units per visit by provider, of days of service, both included."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        claims = uow.claims.of_state()
        _note(uow, "units", len(claims))
        return claim_reports.units_per_visit(claims, first, last)


def kx(store: Store, year: int, mrn: str | None = None) -> tuple[tuple[str, KxLedger], ...]:
    """Return who used how much of a year's therapy threshold, by record number.

    Parameters
    ----------
    store
        The open store.
    year
        Of the services.
    mrn
        Only this patient.

    Raises
    ------
    RehabctlError
        The year has no threshold.
    """
    load_kx_threshold(year)
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        payers = frozenset(one.key for one in payers_of(uow) if one.kx)
        if mrn is None:
            claims = uow.claims.of_state()
        else:
            claims = uow.claims.of_patient(uow.patients.get(mrn).id)
        rows = claim_reports.kx_ledger(claims, payers, year)
        names = {one.patient_id: uow.patients.by_id(one.patient_id).mrn for one in rows}
        uow.audit.read("report.kx", "patient", list(names))
        return tuple((names[one.patient_id], one) for one in rows)


def _note(uow: UnitOfWork, report: str, claims: int) -> None:
    uow.audit.record(f"report.{report}", "clinic", uow.clinic.id, {"claims": claims})
