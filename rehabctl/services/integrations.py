"""Which integrations a clinic uses, and the agreements without which none gets patient data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.agreement import Agreement, IntegrationSwitch
from rehabctl.domain.errors import (
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
    suggestion,
)
from rehabctl.reference.integrations import Integration, load_integrations
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class IntegrationState:
    """One integration as this clinic uses it."""

    integration: Integration
    enabled: bool
    """Those without a vendor need no switch."""
    agreement_until: date | None


def states(store: Store) -> list[IntegrationState]:
    """Return every integration with its switch and agreement.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        switches, agreements = uow.agreements.switches(), uow.agreements.all()
        return [
            IntegrationState(
                one,
                not one.vendor or (one.name in switches and switches[one.name].enabled),
                _until(one.vendor, agreements, _today(uow)),
            )
            for one in load_integrations()
        ]


def record_agreement(
    store: Store, vendor: str, signed_on: date, expires_on: date, document: Path
) -> Agreement:
    """Record that an agreement with a vendor was signed.

    Parameters
    ----------
    store
        The open store.
    vendor
        As `integration list` names it.
    signed_on, expires_on
        First and last day.
    document
        The signed file, of which only the hash is kept.

    Raises
    ------
    UsageError
        No integration has this vendor, or the days are in the wrong order.
    RehabctlError
        The file is empty or cannot be read.
    """
    vendors = sorted({one.vendor for one in load_integrations() if one.vendor})
    if vendor not in vendors:
        hint = suggestion(vendor, vendors) or f"Vendors are {', '.join(vendors)}"
        raise UsageError(f"no integration has the vendor {vendor!r}", hint)
    if expires_on < signed_on:
        raise UsageError("the agreement ends before it was signed", "Check the two days")
    digest = _digest(document)
    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        if signed_on > _today(uow):
            raise UsageError("the agreement is signed in the future", "Record it that day")
        made = Agreement(
            uow.new_id(), uow.clinic.id, vendor, signed_on, expires_on, digest, uow.user.id, uow.now
        )
        uow.agreements.add(made)
        detail = {"vendor": vendor, "expires_on": expires_on.isoformat(), "sha256": digest}
        uow.audit.record("agreement.record", "agreement", made.id, detail)
        return made


def agreements(store: Store) -> tuple[Agreement, ...]:
    """Return every agreement, the last to end first within a vendor.

    Parameters
    ----------
    store
        The open store.
    """
    with store.transaction() as uow:
        return uow.agreements.all()


def switch(store: Store, name: str, enabled: bool) -> IntegrationState:
    """Switch an integration on or off.

    Parameters
    ----------
    store
        The open store.
    name
        As `integration list` shows it.
    enabled
        Whether it may be used.

    Raises
    ------
    NotFoundError
        There is no such integration.
    NotPermittedError
        Its vendor would get patient data without an agreement that holds today.
    UsageError
        It has no vendor, and so no switch.
    """
    one = named(name)
    if not one.vendor:
        raise UsageError(f"{name} gives nothing to a vendor", "It needs no switch: just use it")
    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        if enabled:
            _require_agreement(uow, one)
        uow.agreements.set_switch(
            IntegrationSwitch(uow.clinic.id, name, enabled, uow.user.id, uow.now)
        )
        action = "integration.enable" if enabled else "integration.disable"
        uow.audit.record(action, "integration", None, {"name": name})
        until = _until(one.vendor, uow.agreements.all(), _today(uow))
        return IntegrationState(one, enabled, until)


def require_manager(store: Store, name: str) -> None:
    """Check that somebody may try an integration out, and write down that she does.

    Raises
    ------
    NotFoundError, NotPermittedError
        There is none of this name, or the user does not manage integrations.
    """
    named(name)
    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        uow.audit.record("integration.test", "integration", None, {"name": name})


def require_enabled(uow: UnitOfWork, name: str) -> None:
    """Check that an integration may be given patient data now.

    Parameters
    ----------
    uow
        The transaction.
    name
        As `integration list` shows it.

    Raises
    ------
    NotPermittedError
        It is not switched on, or the agreement with its vendor has ended.
    """
    one = named(name)
    if not one.vendor:
        return
    known = uow.agreements.switches().get(name)
    if known is None or not known.enabled:
        raise NotPermittedError(
            f"{name} is not enabled in this clinic", f"Run: rehabctl integration enable {name}"
        )
    _require_agreement(uow, one)


def named(name: str) -> Integration:
    """Return an integration by its name.

    Parameters
    ----------
    name
        As `integration list` shows it.

    Raises
    ------
    NotFoundError
        There is none.
    """
    known = {one.name: one for one in load_integrations()}
    if name not in known:
        hint = suggestion(name, list(known)) or "See: rehabctl integration list"
        raise NotFoundError(f"there is no integration {name!r}", hint)
    return known[name]


def _require_agreement(uow: UnitOfWork, one: Integration) -> None:
    if _until(one.vendor, uow.agreements.all(), _today(uow)) is None:
        raise NotPermittedError(
            f"no business associate agreement with {one.vendor} holds today",
            f"Record it: rehabctl integration agreement {one.vendor} --help",
        )


def _until(vendor: str, known: Sequence[Agreement], today: date) -> date | None:
    """Return the last day of an agreement that holds today."""
    return max(
        (
            a.expires_on
            for a in known
            if a.vendor == vendor and a.signed_on <= today <= a.expires_on
        ),
        default=None,
    )


def _today(uow: UnitOfWork) -> date:
    return clinic_today(uow.clinic, uow.now)


def _digest(document: Path) -> str:
    try:
        with document.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RehabctlError(
            f"cannot read {document.name}: {error.strerror}", "Check the path"
        ) from None
    if not data or len(data) > _MOST_BYTES:
        raise RehabctlError(f"{document.name} is empty or too large", "Give the signed document")
    return hashlib.sha256(data).hexdigest()
