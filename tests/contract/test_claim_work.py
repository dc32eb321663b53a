"""Denials as a worklist, and codes whose situation the store knows, on both engines."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from pypdf import PdfReader

from fixtures.claims import clearinghouse
from rehabctl.billing.claim_draft import Attestation
from rehabctl.domain.claim_record import ClaimState
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotPermittedError, UsageError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.visit import Channel, ChannelSpan, TimedBlock, Visit, VisitKind, VisitStatus
from rehabctl.integrations import monitoring_paper
from rehabctl.services import billing_settings, claim_exchange, claims, remote_monitoring
from rehabctl.services.claim_denials import denials
from rehabctl.services.claim_drafts import Choices
from rehabctl.services.monitoring_desk import MonitoringDesk
from rehabctl.services.monitoring_desk import monitored as monitored_patients
from rehabctl.store.store import Store
from tests.contract.conftest import at
from tests.contract.test_claims import (
    START,
    billing_toml,
    bills,
    insured,
    monitored,
    put,
    submitted,
    visited,
)
from tests.contract.test_monitoring import APRIL_10, attested, sixteen_days

__all__ = ["bills"]

STATED = tuple(Attestation(what, "J. Lee, PT") for what in ("patient-initiated", "established"))


def called(store: Store, ref: PatientRef, after: timedelta) -> UUID:
    start = START + after
    block = TimedBlock("98967", start, start + timedelta(minutes=15))
    with store.transaction() as uow:
        visit = Visit(
            uow.new_id(), ref, VisitKind.CHECK_IN, start, start + timedelta(hours=1), uow.user.id,
            VisitStatus.COMPLETED, started_at=start, ended_at=start + timedelta(minutes=15),
            live_contact=True, blocks=(block,), channels=(ChannelSpan(Channel.PHONE, start),),
        )  # fmt: skip
        uow.visits.add(visit)
    return visit.id


def test_a_call_after_a_visit_belongs_to_it(store: Store, bills: Store, tmp_path: Path) -> None:
    path = tmp_path / "fees.toml"
    path.write_text(billing_toml(store.user.login).replace("97112 =", "98967 ="))
    billing_settings.import_file(bills, path)
    ref = insured(store)
    visited(store, ref, START, "97110")
    near = claims.draft_visit(
        bills, called(store, ref, timedelta(days=2)), Choices(attestations=STATED)
    )
    assert "quiet-before" in {one["rule"] for one in near.document["findings"]}
    assert near.state is ClaimState.DRAFT
    far = claims.draft_visit(
        bills, called(store, ref, timedelta(days=12)), Choices(attestations=STATED)
    )
    assert ([one["rule"] for one in far.document["findings"]], far.state) == ([], ClaimState.READY)
    assert [line["place_of_service"] for line in far.document["lines"]] == ["11"]


def test_the_worklist_of_denials(store: Store, bills: Store, tmp_path: Path) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    claims.draft_visit(bills, visited(store, ref, START + timedelta(days=1)))
    assert denials(bills) == ()
    sent = submitted(bills, tmp_path)
    told = clearinghouse.payment_835(
        [(sent.claims[0], "ICN1", Decimal(0)), (sent.claims[1], "ICN2", Decimal("0.5"))], "TRACE1"
    )
    claim_exchange.post(bills, put(tmp_path, told))
    (one,) = denials(bills)
    assert (one.claim.control_number, one.claim.state) == ("RC00000001", ClaimState.DENIED)
    assert {why.step.key for why in one.reasons} == {"appeal"}
    assert one.due_on == one.decided_on + timedelta(days=120)
    claims.correct(bills, "RC00000001", Choices(diagnoses=("M25.562",)))
    assert denials(bills) == ()


def test_evidence_on_paper_names_every_record_and_is_the_same_each_time(
    store: Store, bills: Store
) -> None:
    monitored(store, insured(store))
    therapist = at(store, APRIL_10)
    found = remote_monitoring.evidence(therapist, "1042", "2026-03")
    text = monitoring_paper.write_markdown(found, "1042", "Example Clinic")
    assert text == monitoring_paper.write_markdown(found, "1042", "Example Clinic")
    body, _, last = text.rpartition("\nSHA-256 of the text above: ")
    assert hashlib.sha256(body.encode()).hexdigest() == last.strip()
    records = [record for day in found.days for record in day.records]
    assert len(records) == 16
    assert all(f"| {one.event_id} |" in text and one.sha256 in text for one in records)
    assert "| 98977 | 1 |" in text
    assert "Days with data, 2026-03-01 to 2026-03-30: 16" in text
    pdf = monitoring_paper.write_pdf(found, "1042", "Example Clinic")
    assert pdf == monitoring_paper.write_pdf(found, "1042", "Example Clinic")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    told = "".join("".join(pages).split())
    assert all(one.sha256 in told for one in records)
    assert last.strip() in told


def test_the_worklist_of_monitoring_names_what_is_lacking(store: Store) -> None:
    ref = insured(store)
    insured(store, "1043")
    therapist = at(store, APRIL_10)
    assert monitored_patients(therapist, "2026-03").patients == ()
    sixteen_days(therapist, ref)
    (one,) = monitored_patients(therapist, "2026-03").patients
    assert (one.mrn, one.supported, one.claimable) == ("1042", (), ())
    assert one.window is not None
    assert (one.window.days, one.window.wanted) == (16, 16)
    assert [(gap.code, gap.reachable) for gap in one.gaps] == [
        ("98977", True), ("98975", True), ("98979", False), ("98980", False),
    ]  # fmt: skip
    attested(therapist)
    (one,) = MonitoringDesk(therapist).month("2026-03").patients
    assert (one.claimable, one.waits) == (("98977", "98975"), True)
    remote_monitoring.claim(therapist, "1042", "2026-03")
    (one,) = MonitoringDesk(therapist).month("2026-03").patients
    assert (one.supported, one.waits) == ((), False)
    with pytest.raises(UsageError):
        monitored_patients(therapist, "March")
    with pytest.raises(NotPermittedError):
        monitored_patients(replace(therapist, user=replace(store.user, role=Role.AUDITOR)))
