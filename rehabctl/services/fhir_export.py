"""Writing records as FHIR R4: one bundle, or one resource a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from rehabctl.integrations.fhir.outbound import Resource, entry, resources
from rehabctl.services.access import Action, require
from rehabctl.services.exchange_record import gather

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store

_PAGE = 200


class FhirForm(StrEnum):
    """How resources are written."""

    BUNDLE = "bundle"
    """One Bundle of type collection."""
    NDJSON = "ndjson"
    """One resource a line."""


def export(store: Store, rules: RuleTable, mrn: str | None, form: FhirForm) -> Iterator[str]:
    """Yield the text of an export, a patient at a time: memory does not grow with their number.

    Each patient is read in a transaction of her own, with its audit entry.

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

    Raises
    ------
    NotFoundError
        There is no such patient.
    """
    found = _resources(store, rules, mrn)
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


def _resources(store: Store, rules: RuleTable, mrn: str | None) -> Iterator[Resource]:
    for one in [mrn] if mrn is not None else _every_mrn(store):
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            record = gather(uow, rules, one)
            made = list(resources(record, uow.clinic.name, uow.now))
            detail = {"resources": len(made)}
            uow.audit.record("export.fhir", "patient", record.patient.ref.id, detail)
        yield from made


def _every_mrn(store: Store) -> Iterator[str]:
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
