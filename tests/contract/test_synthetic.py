"""Invented patients: the same seed, the same events; conclusions arise from the rules."""

from __future__ import annotations

import pytest

from rehabctl.domain.errors import UsageError
from rehabctl.domain.panel_row import PanelQuery
from rehabctl.reference.rules import load_rules
from rehabctl.services import synthetic, triage
from rehabctl.store.store import Store
from tests.contract.records import given_patient


def seed(store: Store, patients: int, number: int = 3) -> synthetic.SeedReport:
    return synthetic.seed(
        store, load_rules(), patients=patients, seed_number=number, days=40, report=lambda *_: None
    )


def events(store: Store, mrn: str) -> list[object]:
    with store.snapshot() as uow:
        patient = uow.patients.get(mrn)
        sessions = uow.sessions.of_patient(patient.id)
        return [
            patient.demographics,
            *((s.external_id, s.started_at, s.pain_after, s.entries) for s in sessions),
            *((j.external_id, j.day, j.pain) for j in uow.sessions.journal(patient.id)),
        ]


def test_the_same_patients_whatever_was_made_before(
    store: Store, auditor: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "_BATCH", 4)
    assert seed(store, 3) == synthetic.SeedReport(3, 0)
    first = events(store, "SEED-0000002")
    assert len(first) > 5
    assert seed(store, 9) == synthetic.SeedReport(6, 3)
    assert seed(store, 9) == synthetic.SeedReport(0, 9)
    assert events(store, "SEED-0000002") == first
    assert events(store, "SEED-0000007") != first
    with store.snapshot() as uow:
        assert len(uow.panel.page(PanelQuery(), limit=20)[0]) == 9
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok
    found = triage.rebuild(store, load_rules(), check=True)
    assert (found.patients, found.different) == (9, 0)


def test_real_patients_are_never_mixed_with_invented_ones(store: Store) -> None:
    given_patient(store)
    with pytest.raises(UsageError, match="not invented"):
        seed(store, 2)


def test_forms_and_measured_motion_on_request(store: Store) -> None:
    synthetic.seed(
        store, load_rules(), patients=6, seed_number=3, days=70, report=lambda *_: None,
        outcomes=True,
    )  # fmt: skip
    with store.snapshot() as uow:
        ids = [uow.patients.get(f"SEED-{n:07d}").id for n in range(6)]
        facts = uow.facts.of_patients(ids)
    assert {s.instrument for f in facts.values() for s in f.scores} >= {"nprs", "koos-jr"}
    assert sum(len(f.measurements) for f in facts.values()) > 20
    assert triage.rebuild(store, load_rules(), check=True).different == 0
