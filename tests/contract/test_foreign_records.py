"""Records of other systems on both engines."""

from __future__ import annotations

from dataclasses import replace

from rehabctl.store.repositories.foreign import ForeignRecord
from rehabctl.store.store import Store
from tests.contract.records import add_patient, given_patient


def test_a_record_is_kept_once_and_its_later_version_replaces_it(store: Store) -> None:
    ref, other = given_patient(store, "1"), given_patient(store, "2")
    first = ForeignRecord(ref, "Observation", "o1", '{"a":72.50}', "a" * 64)
    unowned = ForeignRecord(None, "Practitioner", "p1", "{}", "b" * 64)
    hers = replace(first, patient=other)
    with store.transaction() as uow:
        assert uow.foreign.known("ehr", [first, unowned]) == {}
        uow.foreign.put("ehr", [first, unowned])
    with store.transaction() as uow:
        found = uow.foreign.known("ehr", [first, unowned, hers])
        assert found == {first.key: "a" * 64, unowned.key: "b" * 64}
        assert uow.foreign.known("lab", [first]) == {}
        changed = replace(first, content="{}", content_sha256="c" * 64)
        uow.foreign.put("ehr", [changed, hers, replace(unowned, content_sha256="d" * 64)])
    with store.transaction() as uow:
        assert uow.foreign.of_patient(ref) == (changed,)
        assert uow.foreign.of_patient(other) == (hers,)
        assert uow.foreign.known("ehr", [unowned]) == {unowned.key: "d" * 64}


def test_a_patient_is_found_by_the_identifier_of_the_other_system(store: Store) -> None:
    with store.transaction() as uow:
        ref = add_patient(uow, "1")
        uow.foreign.put("ehr", [ForeignRecord(ref, "Patient", "x", "{}", "a" * 64)])
        assert uow.foreign.patients("ehr", "Patient", ["x", "y"]) == {"x": [ref]}
        assert uow.foreign.patients("lab", "Patient", ["x"]) == {}
