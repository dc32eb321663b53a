"""Policies, claims of dependents, and claims to a second payer, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.claims import clearinghouse
from rehabctl.billing.secondary import first_decision, standing
from rehabctl.domain.claim_record import ClaimRecord, ClaimState
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.policy import Rank, Relationship, Subscriber
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    billing_settings,
    claim_exchange,
    claim_reports,
    claims,
    payer_questions,
    policies,
)
from rehabctl.services.claim_drafts import Choices
from rehabctl.services.hl7_export import MessageKind, export_messages
from rehabctl.services.policies import NewPolicy
from rehabctl.services.secondary_claims import draft_secondary
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.billing.x12.test_claim_837p import claim_holders, pyx12_says
from tests.contract.test_claims import (
    START,
    billing_toml,
    bills,
    insured,
    put,
    states,
    submitted,
    visited,
)

__all__ = ["bills"]

PARENT = Subscriber("Testparent", "Rosa", date(1975, 5, 1), "F")
COVERED_FROM = date(2026, 1, 1)


@pytest.fixture
def two_payers(store: Store, bills: Store, tmp_path: Path) -> Store:
    """A clinic with a second payer, which has no fee schedule."""
    path = tmp_path / "second.toml"
    second = (
        billing_toml(store.user.login)
        .partition("[[payer]]")[2]
        .partition("[payer.telehealth]")[0]
        .replace('"medicare"', '"medigap"')
        .replace('"Medicare Part B"', '"Example Medigap"')
        .replace('"04412"', '"MG001"')
        .replace('"MB"', '"CI"')
        .replace("kx = true", "kx = false")
    )
    fees = '[[fee]]\npayer = "medigap"\nvalid_from = 2026-01-01\n[fee.charge]\n97110 = "40.00"\n'
    fees += '97112 = "40.00"\n'
    path.write_text(f'schema = "rehabctl-billing/1"\n[[payer]]{second}{fees}', encoding="utf-8")
    done = billing_settings.import_file(bills, path)
    assert (done.problems, done.payers) == ((), 1)
    return bills


def second_policy(**changes: object) -> NewPolicy:
    made = NewPolicy(Rank.SECONDARY, "medigap", "M77", valid_from=COVERED_FROM)
    return replace(made, **changes)  # type: ignore[arg-type]


def decided(store: Store, bills: Store, tmp_path: Path) -> clearinghouse.SentClaim:
    """A visit billed to the first payer, who decided on it."""
    claims.draft_visit(bills, visited(store, insured(store)))
    (sent,) = submitted(bills, tmp_path).claims
    claim_exchange.post(bills, put(tmp_path, clearinghouse.decision_835(sent, "T1")))
    return sent


def judged(store: Store, claim: ClaimRecord, folder: Path) -> str:
    """Return the file of a claim after both independent validators read it."""
    from x12sdk.io import X12ModelReader

    text = claim_exchange.build(store, [claim.control_number], is_test=True).decode("ascii")
    assert pyx12_says(text, folder)
    with X12ModelReader(text) as reader:
        assert sum(len(one.loop_2300) for m in reader.models() for one in claim_holders(m)) == 1
    return text.replace("\n", "")


def test_policies_are_recorded_once_and_ended(store: Store, bills: Store) -> None:
    insured(store)
    added = policies.add(bills, "1042", second_policy())
    first = NewPolicy(
        Rank.PRIMARY, "aetna", "W1", Relationship.CHILD, PARENT, date(2026, 2, 1), date(2026, 2, 28)
    )
    policies.add(store, "1042", first)
    found = policies.of_patient(store, "1042")
    assert [(one.rank, one.payer) for one in found] == [
        ("primary", "aetna"),
        ("secondary", "medigap"),
    ]
    assert (found[0].subscriber, found[1]) == (PARENT, added)
    for wrong in (
        second_policy(valid_from=date(2026, 6, 1)),
        replace(first, valid_from=date(2026, 2, 28), valid_to=None),
        replace(first, subscriber=None),
        second_policy(rank=Rank.PRIMARY, subscriber=PARENT),
        second_policy(member_id=" "),
        second_policy(valid_to=date(2025, 1, 1)),
    ):
        with pytest.raises(UsageError):
            policies.add(bills, "1042", wrong)
    assert policies.end(bills, "1042", Rank.SECONDARY, date(2026, 3, 31)).valid_to == date(
        2026, 3, 31
    )
    policies.add(bills, "1042", second_policy(valid_from=date(2026, 4, 1)))
    with pytest.raises(UsageError):
        policies.end(bills, "1042", Rank.SECONDARY, date(2026, 3, 1))
    with pytest.raises(NotFoundError):
        policies.end(bills, "1042", Rank.PRIMARY)


def test_only_some_roles_record_policies(store: Store, bills: Store) -> None:
    insured(store)
    auditor = replace(bills, user=replace(bills.user, role=Role.AUDITOR))
    with pytest.raises(NotPermittedError):
        policies.add(auditor, "1042", second_policy())


def test_a_dependent_is_billed_and_asked_about_under_the_holder(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    visit = visited(store, insured(store))
    policies.add(
        two_payers, "1042",
        second_policy(
            rank=Rank.PRIMARY, relationship=Relationship.CHILD, subscriber=PARENT, group_number="G7"
        ),
    )  # fmt: skip
    made = claims.draft_visit(two_payers, visit)
    assert ([one["rule"] for one in made.document["findings"]], made.state) == ([], "ready")
    assert made.payer == "medigap"
    text = judged(two_payers, made, tmp_path)
    assert "HL*2*1*22*1~SBR*P**G7******CI~NM1*IL*1*TESTPARENT*ROSA****MI*M77~" in text
    assert "HL*3*2*23*0~PAT*19~NM1*QC*1*" in text
    cover, asked = payer_questions.check_cover(
        two_payers, "1042", port=None, via=None, on=date(2026, 3, 4)
    )
    question = asked.data.decode("ascii").replace("\n", "")
    assert (cover.check.payer, cover.check.member_id) == ("medigap", "M77")
    assert "HL*3*2*22*1~NM1*IL*1*TESTPARENT*ROSA****MI*M77~" in question
    assert "HL*4*3*23*0~TRN*1*" in question
    assert "~INS*N*19~DTP*291*D8*20260304~" in question
    assert read_by_a_judge(question)
    submitted(two_payers, tmp_path)
    _, asked = payer_questions.ask_status(two_payers, made.control_number, port=None, via=None)
    question = asked.data.decode("ascii").replace("\n", "")
    assert "HL*4*3*22*1~NM1*IL*1*TESTPARENT*ROSA****MI*M77~HL*5*4*23~DMG*D8*" in question
    assert read_by_a_judge(question)


def read_by_a_judge(text: str) -> bool:
    from x12sdk.io import X12ModelReader

    with X12ModelReader(text) as reader:
        return len(list(reader.models())) == 1


def test_a_second_payer_is_told_what_the_first_decided_and_pays_once(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    sent = decided(store, two_payers, tmp_path)
    with pytest.raises(UsageError, match="no secondary payer"):
        draft_secondary(two_payers, sent.number)
    policies.add(two_payers, "1042", second_policy())
    made = draft_secondary(two_payers, sent.number)
    assert ([one["rule"] for one in made.document["findings"]], made.state) == ([], "ready")
    assert (made.total_cents, made.due_cents) == (12_000, 1_800)
    text = judged(two_payers, made, tmp_path)
    assert "SBR*S*18*******CI~NM1*IL*1*" in text
    assert "~SBR*P*18*******MB~AMT*D*72~OI***Y***Y~NM1*IL*1*" in text
    assert "NM1*PR*2*MEDICARE PART B*****PI*04412~LX*1~" in text
    assert (
        "REF*6R*1~SVD*04412*48*HC:97110:GP**2~CAS*CO*45*20~CAS*PR*2*12~DTP*573*D8*20260409~AMT*EAF*12~"
        in text
    )
    with pytest.raises(ConflictError):
        draft_secondary(two_payers, sent.number)
    with pytest.raises(UsageError, match="none to a first payer"):
        draft_secondary(two_payers, made.control_number)

    (second,) = submitted(two_payers, tmp_path).claims
    assert second.number == made.control_number
    (row,) = claim_reports.ageing(two_payers, date(2026, 5, 1)).rows
    assert (row.payer, row.claims, row.total_cents) == ("medigap", 1, 1_800)
    paid = clearinghouse.decision_835(
        second, "T2", status="2", left="0", before="0.8", payer=("MEDIGAP", "MG001")
    )
    done = claim_exchange.post(two_payers, put(tmp_path, paid))
    assert [(one.claim, one.state, one.paid_cents, one.underpaid_cents) for one in done.posted] == [
        (second.number, ClaimState.POSTED, 1_800, 0)
    ]
    assert not claim_exchange.post(two_payers, put(tmp_path, paid)).is_new
    assert states(two_payers) == {sent.number: "posted", second.number: "posted"}
    assert claim_reports.ageing(two_payers, date(2026, 5, 1)).rows == ()
    ((_, ledger),) = claim_reports.kx(two_payers, 2026)
    assert ledger.used_cents == 9_000
    (charged,) = export_messages(two_payers, load_rules(), "1042", MessageKind.DFT)
    assert sent.number.encode() in charged


def test_a_second_claim_waits_for_a_decision_that_leaves_something(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    policies.add(two_payers, "1042", second_policy())
    first = claims.draft_visit(two_payers, visited(store, ref))
    with pytest.raises(UsageError, match="has not decided"):
        draft_secondary(two_payers, first.control_number)
    (sent,) = submitted(two_payers, tmp_path).claims
    with pytest.raises(UsageError, match="has not decided"):
        draft_secondary(two_payers, first.control_number)
    paid_whole = clearinghouse.payment_835([(sent, "ICN1", Decimal("0.5"))], "T1")
    claim_exchange.post(two_payers, put(tmp_path, paid_whole))
    with pytest.raises(FindingsError, match="left nothing"):
        draft_secondary(two_payers, sent.number)


def test_a_claim_that_the_first_payer_sent_on_is_not_billed_again(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    policies.add(two_payers, "1042", second_policy())
    claims.draft_visit(two_payers, visited(store, ref))
    (sent,) = submitted(two_payers, tmp_path).claims
    claim_exchange.post(
        two_payers, put(tmp_path, clearinghouse.decision_835(sent, "T1", status="19"))
    )
    with pytest.raises(FindingsError, match="sent the claim on itself"):
        draft_secondary(two_payers, sent.number)
    other = clearinghouse.decision_835(
        sent, "T2", status="2", left="0", before="1", payer=("MEDIGAP", "MG001")
    )
    done = claim_exchange.post(two_payers, put(tmp_path, other))
    assert [(one.state, one.paid_cents) for one in done.posted] == [("posted", 0)]


def test_a_corrected_first_claim_takes_an_unsent_second_one_with_it(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    sent = decided(store, two_payers, tmp_path)
    policies.add(two_payers, "1042", second_policy())
    second = draft_secondary(two_payers, sent.number)
    replaced = claims.correct(two_payers, sent.number, Choices(diagnoses=("M25.562",)))
    assert states(two_payers)[second.control_number] == "corrected"
    with pytest.raises(UsageError, match=f"{replaced.control_number}: it is ready"):
        draft_secondary(two_payers, sent.number)
    (again,) = submitted(two_payers, tmp_path).claims
    claim_exchange.post(two_payers, put(tmp_path, clearinghouse.decision_835(again, "T3")))
    made = draft_secondary(two_payers, sent.number)
    assert made.source == f"secondary:{replaced.control_number}"
    (final,) = submitted(two_payers, tmp_path).claims
    nothing = clearinghouse.payment_835([(final, "ICN9", Decimal(0))], "T4")
    claim_exchange.post(two_payers, put(tmp_path, nothing))
    assert states(two_payers)[final.number] == "denied"
    corrected = claims.correct(two_payers, final.number)
    assert (corrected.frequency, corrected.due_cents) == ("7", 1_800)
    assert "CLM*" in judged(two_payers, corrected, tmp_path)


def test_a_payment_names_the_next_step(store: Store, two_payers: Store, tmp_path: Path) -> None:
    ref = insured(store)
    for day in range(3):
        claims.draft_visit(two_payers, visited(store, ref, START + timedelta(days=day)))
    first, second, third = submitted(two_payers, tmp_path).claims

    def next_of(data: bytes) -> tuple[str, str]:
        (one,) = claim_exchange.post(two_payers, put(tmp_path, data)).posted
        return one.next_step, one.next_command

    assert next_of(clearinghouse.decision_835(first, "T1")) == ("Bill the patient's share", "")
    policies.add(two_payers, "1042", second_policy())
    assert next_of(clearinghouse.decision_835(second, "T2")) == (
        "Bill the second payer for what the first one left",
        f"rehabctl claim draft --secondary-of {second.number}",
    )
    denied = clearinghouse.payment_835([(third, "ICN3", Decimal(0))], "T3")
    assert next_of(denied)[1] == f"rehabctl claim show {third.number}"


def test_lines_that_were_not_billed_are_refused(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    policies.add(two_payers, "1042", second_policy())
    claims.draft_visit(two_payers, visited(store, ref))
    (sent,) = submitted(two_payers, tmp_path).claims
    bundled = replace(sent, lines=(("HC:97140:GP", Decimal(120), "3"),))
    claim_exchange.post(two_payers, put(tmp_path, clearinghouse.decision_835(bundled, "T1")))
    with pytest.raises(FindingsError, match="other lines"):
        draft_secondary(two_payers, sent.number)


def test_a_decision_on_the_claim_as_a_whole(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    policies.add(two_payers, "1042", second_policy())
    claims.draft_visit(two_payers, visited(store, ref, START + timedelta(days=1)))
    (sent,) = submitted(two_payers, tmp_path).claims
    whole = clearinghouse.decision_835(sent, "T1").decode("ascii")
    head, _, lines = whole.partition("SVC*")
    tail = lines[lines.index("SE*") :]
    body = f"{head}CAS*CO*45*30~CAS*PR*2*18~MOA***MA01~"
    count = body[body.index("ST*") :].count("~") + 1
    told = f"{body}SE*{count}*{tail.split('*', 2)[2]}"
    done = claim_exchange.post(two_payers, put(tmp_path, told.encode("ascii")))
    assert (done.findings, len(done.posted)) == ((), 1)
    made = draft_secondary(two_payers, sent.number)
    assert [one["rule"] for one in made.document["findings"]] == []
    text = judged(two_payers, made, tmp_path)
    assert "CAS*CO*45*30~CAS*PR*2*18~AMT*D*72~AMT*EAF*18~OI***Y***Y~MOA***MA01~" in text
    assert "PI*04412~DTP*573*D8*20260409~LX*1~" in text


def test_an_old_posting_without_lines_is_named(
    store: Store, two_payers: Store, tmp_path: Path
) -> None:
    sent = decided(store, two_payers, tmp_path)
    with two_payers.transaction() as uow:
        (posting,) = uow.claims.postings(uow.claims.get(sent.number).id)
    with pytest.raises(RehabctlError, match="older rehabctl"):
        standing([replace(posting, decision=None)])
    part = {"group": "PR", "reason": "1", "amount": "0.005"}
    odd = {**(posting.decision or {}), "adjustments": [part]}
    with pytest.raises(RehabctlError, match="parts of a cent"):
        first_decision((), replace(posting, decision=odd), "04412")
    with pytest.raises(RehabctlError, match="took its decision back"):
        standing([posting, replace(posting, status="22")])
