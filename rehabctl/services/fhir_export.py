"""Writing records as FHIR R4: one bundle, or one resource a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.counting import counted
from rehabctl.integrations.fhir.outbound import Resource, entry, resources
from rehabctl.services.access import Action, require
from rehabctl.services.consents import is_given, require_consent
from rehabctl.services.exchange_record import gather
from rehabctl.services.integrations import require_enabled

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientSummary
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store

NETWORK = "fhir-network"
"""What FHIR over the network is called in the list of integrations."""
_PAGE = 200


class FhirForm(StrEnum):
    """How resources are written."""

    BUNDLE = "bundle"
    """One Bundle of type collection."""
    NDJSON = "ndjson"
    """One resource a line."""


def export(
    store: Store,
    rules: RuleTable,
    mrn: str | None,
    form: FhirForm,
    *,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[str]:
    """Yield the text of an export, a patient at a time: memory does not grow with their number.

    Each patient is read in a transaction of her own, with its audit entry. Of all patients, those
    without an active consent to data sharing are left out.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number; None for every patient.
    form
        Bundle or lines.
    note
        Told how many were left out.

    Raises
    ------
    NotFoundError
        There is no such patient.
    NotPermittedError
        She has not consented to data sharing.
    """
    found = (one for _, made in told(store, rules, mrn, note=note) for one in made)
    if form is FhirForm.NDJSON:
        for resource in found:
            yield _json(resource) + "\n"
        return
    separator = '{"resourceType":"Bundle","type":"collection","entry":[\n'
    for resource in found:
        yield separator + _json(entry(resource))
        separator = ",\n"
    yield "\n]}\n" if separator == ",\n" else '{"resourceType":"Bundle","type":"collection"}\n'


def _json(resource: Resource) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def told(
    store: Store,
    rules: RuleTable,
    mrn: str | None,
    *,
    to: str | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[tuple[PatientSummary, list[Resource]]]:
    """Yield what may be told about each patient, she herself first.

    Parameters
    ----------
    store, rules, mrn, note
        As for `export`.
    to
        The connection over which it leaves; None is a file.

    Raises
    ------
    NotPermittedError
        The patient has not consented to data sharing, or the connection may not be used.
    """
    left_out = 0
    for one in [mrn] if mrn is not None else every_mrn(store):
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            if to is not None:
                require_enabled(uow, NETWORK)
            ref = uow.patients.get(one).ref
            if mrn is not None:
                require_consent(uow, ref, ConsentScope.DATA_SHARING)
            elif not is_given(uow, ref, ConsentScope.DATA_SHARING):
                left_out += 1
                continue
            record = gather(uow, rules, one)
            made = list(resources(record, uow.clinic.name, uow.now))
            detail = {"resources": len(made)} | ({} if to is None else {"to": to})
            uow.audit.record("export.fhir", "patient", ref.id, detail)
        yield record.patient, made
    if left_out:
        note(f"{counted(left_out, 'patient')} without a consent to data sharing left out")


def every_mrn(store: Store) -> Iterator[str]:
    """Yield the record number of every patient, page by page.

    Parameters
    ----------
    store
        The open store.
    """
    cursor = None
    while True:
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            page = uow.patients.page(limit=_PAGE, cursor=cursor)
            uow.audit.read("patient.list", "patient", [item.ref.id for item in page.items])
        yield from (item.demographics.mrn for item in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return
