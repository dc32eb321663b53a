"""The life of a claim on both engines: made once, sent once, answered, paid, denied, corrected."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from fixtures.claims import clearinghouse
from rehabctl.billing.claim_draft import Attestation
from rehabctl.domain.claim_record import ClaimState, FileState
from rehabctl.domain.clinic import Role
from rehabctl.domain.episode import Episode, Referral
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UsageError,
)
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.visit import Channel, ChannelSpan, TimedBlock, Visit, VisitKind, VisitStatus
from rehabctl.integrations.claim_folder import ClaimFolder
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    billing_settings,
    claim_exchange,
    claim_submission,
    claims,
    remote_monitoring,
    visits,
)
from rehabctl.services.claim_desk import ClaimDesk
from rehabctl.services.claim_drafts import Choices
from rehabctl.services.hl7_export import MessageKind, export_messages
from rehabctl.services.visit_fallback import fall_back
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import at
from tests.contract.records import add_patient
from tests.contract.test_monitoring import APRIL_10, attested, sixteen_days
from tests.services.test_hl7_exchange import judged

START = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
CODES = ("97110", "97112", "97140", "97150", "97530", "98975", "98977")


def billing_toml(login: str, **changes: str) -> str:
    amounts = "\n".join(f'{code} = "40.00"' for code in CODES)
    allowed = "\n".join(f'{code} = "30.00"' for code in CODES)
    text = textwrap.dedent(f"""\
        schema = "rehabctl-billing/1"
        [clinic]
        name = "Example PT Clinic"
        npi = "1245319599"
        tax_id = "123456789"
        taxonomy = "261QP2000X"
        line1 = "100 Clinic Way"
        city = "Austin"
        state = "TX"
        postal_code = "787011234"
        contact_name = "Billing"
        contact_phone = "5125550100"
        sender_id = "EXAMPLEPT"
        receiver_id = "CLEARINGHSE"
        receiver_name = "Example Clearinghouse"
        [[provider]]
        login = "{login}"
        npi = "1679576722"
        family_name = "Therapist"
        given_name = "Sam"
        taxonomy = "225100000X"
        discipline = "GP"
        [[payer]]
        key = "medicare"
        name = "Medicare Part B"
        identifier = "04412"
        filing_code = "MB"
        unit_rule = "cms"
        valid_from = 2026-01-01
        valid_to = 2026-12-31
        timely_filing_days = 365
        source = "made up"
        kx = true
        [payer.telehealth]
        video = {{ pos = "10", modifier = "95" }}
        [[fee]]
        payer = "medicare"
        valid_from = 2026-01-01
        [fee.charge]
        """)
    text += amounts + "\n[fee.allowed]\n" + allowed + "\n"
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def bills(store: Store, biller: Store, tmp_path: Path) -> Store:
    """The store of who makes claims, in April, with clinic, provider, payer and fees."""
    path = tmp_path / "billing.toml"
    path.write_text(billing_toml(store.user.login), encoding="utf-8")
    april = at(biller, APRIL_10)
    done = billing_settings.import_file(april, path)
    assert (done.problems, done.payers, done.fees) == ((), 1, 1)
    return april


def monitored(store: Store, ref: PatientRef) -> None:
    """Sixteen days of March whose evidence a therapist froze."""
    therapist = at(store, APRIL_10)
    sixteen_days(therapist, ref)
    attested(therapist)
    remote_monitoring.claim(therapist, "1042", "2026-03")


def insured(store: Store, mrn: str = "1042") -> PatientRef:
    with store.transaction() as uow:
        ref = add_patient(
            uow, mrn, time_zone="America/Denver", payer="medicare", member_id="1EG4TE5MK73",
            address1="12 Main St", city="Denver", postal_code="802021234",
        )  # fmt: skip
        episode = Episode(uow.new_id(), ref, date(2026, 2, 1), icd10="M25.561")
        uow.episodes.add([episode])
        uow.episodes.add_referral(
            Referral(
                uow.new_id(), ref, episode.id, "Referrer, Pat", date(2026, 1, 20), "1234567893"
            )
        )
    return ref


def visited(store: Store, ref: PatientRef, start: datetime = START, *codes: str) -> UUID:
    """A completed visit in person: 20 minutes of each code, one after the other."""
    codes = codes or ("97110", "97112")
    blocks = tuple(
        TimedBlock(code, start + timedelta(minutes=20 * n), start + timedelta(minutes=20 * (n + 1)))
        for n, code in enumerate(codes)
    )
    with store.transaction() as uow:
        visit = Visit(
            uow.new_id(), ref, VisitKind.TREATMENT, start, start + timedelta(hours=1), uow.user.id,
            VisitStatus.COMPLETED, started_at=start, ended_at=start + timedelta(minutes=45),
            live_contact=True, blocks=blocks, channels=(ChannelSpan(Channel.IN_PERSON, start),),
        )  # fmt: skip
        uow.visits.add(visit)
    return visit.id


def states(store: Store) -> dict[str, str]:
    return {one.claim.control_number: one.claim.state.value for one in claims.listed(store)}


def sent_file(folder: Path) -> clearinghouse.SentFile:
    newest = max(folder.glob("*.837"))
    return clearinghouse.received(newest.read_bytes())


def put(tmp_path: Path, data: bytes, name: str = "answer") -> claim_exchange.Incoming:
    path = tmp_path / name
    path.write_bytes(data)
    return claim_exchange.read_incoming(path)


def submitted(store: Store, tmp_path: Path) -> clearinghouse.SentFile:
    folder = tmp_path / "drop"
    folder.mkdir(exist_ok=True)
    list(claim_submission.submit(store, ClaimFolder(folder)))
    assert not list(folder.glob("*.part"))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    return sent_file(folder)


def test_a_month_from_work_to_money_with_a_denial_corrected(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    visit = visited(store, ref)
    monitored(store, ref)
    first = claims.draft_visit(bills, visit)
    second = claims.draft_monitoring(bills, "1042", "2026-03")
    assert [one["rule"] for one in first.document["findings"]] == []
    assert (first.state, second.state) == (ClaimState.READY, ClaimState.READY)
    assert (first.control_number, first.total_cents) == ("RC00000001", 12_000)
    sent = submitted(bills, tmp_path)
    assert (sent.usage, len(sent.claims)) == ("P", 2)
    assert sent.claims[0].lines == (
        ("HC:97110:GP", Decimal(80), "2"), ("HC:97112:GP", Decimal(40), "1"),
    )  # fmt: skip
    assert {line[0] for line in sent.claims[1].lines} == {"HC:98977:GP", "HC:98975:GP"}
    done = claim_exchange.acknowledge(bills, put(tmp_path, clearinghouse.acceptance_999(sent)))
    assert (done.is_new, done.unknown, set(states(bills).values())) == (True, (), {"submitted"})
    answers = clearinghouse.answers_277ca([(one, "A2:20:PR", "ICN1") for one in sent.claims])
    claim_exchange.acknowledge(bills, put(tmp_path, answers))
    assert set(states(bills).values()) == {"accepted"}
    paid, denied = Decimal("0.5"), Decimal(0)
    remittance = clearinghouse.payment_835(
        [(sent.claims[0], "ICN1", denied), (sent.claims[1], "ICN2", paid)], "TRACE1"
    )
    posted = claim_exchange.post(bills, put(tmp_path, remittance))
    assert [(one.state.value, one.paid_cents, one.underpaid_cents) for one in posted.posted] == [
        ("denied", 0, 0), ("posted", 4_000, 2_000),
    ]  # fmt: skip
    assert "CO-50 80.00" in posted.posted[0].adjustments
    desk = ClaimDesk(bills)
    first_line, second_line = desk.report()
    assert (first_line.number, first_line.waits, first_line.denial is not None) == (
        "RC00000001", True, True,
    )  # fmt: skip
    assert (second_line.number, second_line.paid_cents) == ("RC00000002", 4_000)
    assert [one.state.value for one in desk.history("RC00000001")][-1] == "denied"
    with pytest.raises(NotPermittedError):
        ClaimDesk(replace(bills, user=replace(bills.user, role=Role.REGISTRAR))).report()
    corrected = claims.correct(bills, "RC00000001", Choices(diagnoses=("M25.562",)))
    assert (corrected.state, corrected.replaces_id) == (ClaimState.READY, first.id)
    again = submitted(bills, tmp_path)
    (resent,) = again.claims
    assert (resent.number, resent.frequency, resent.original) == ("RC00000003", "7", "ICN1")
    assert int(again.control) == int(sent.control) + 1
    last = clearinghouse.payment_835([(resent, "ICN9", paid)], "TRACE2")
    claim_exchange.post(bills, put(tmp_path, last))
    assert states(bills) == {
        "RC00000001": "corrected", "RC00000002": "posted", "RC00000003": "posted",
    }  # fmt: skip
    history = claims.show(bills, "RC00000001").events
    assert [one.state.value for one in history] == [
        "ready", "submitted", "submitted", "accepted", "denied", "corrected",
    ]  # fmt: skip


def test_charges_of_claims_that_stand_leave_as_dft(store: Store, bills: Store) -> None:
    ref = insured(store)
    with pytest.raises(NotFoundError, match="no claim of 1042 stands"):
        export_messages(bills, load_rules(), "1042", MessageKind.DFT)
    first = claims.draft_visit(bills, visited(store, ref))
    (data,) = export_messages(bills, load_rules(), "1042", MessageKind.DFT, "PM")
    message = parse(data)
    assert (message.kind, message.header.text(5)) == ("DFT^P03", "PM")
    rows = [
        tuple(one.text(n) for n in (2, 4, 6, 10, 11, 19, 25, 26)) for one in message.named("FT1")
    ]
    assert rows == [
        ("RC00000001-1", "20260304", "CG", "2", "80.00", "M25.561", "97110", "GP"),
        ("RC00000001-2", "20260304", "CG", "1", "40.00", "M25.561", "97112", "GP"),
    ]
    assert next(message.named("FT1")).text(20) == "1679576722"
    judged(data)
    assert export_messages(bills, load_rules(), "1042", MessageKind.DFT, "PM") == [data]
    claims.correct(bills, first.control_number, Choices(diagnoses=("M25.562",)))
    (corrected,) = export_messages(bills, load_rules(), "1042", MessageKind.DFT, "PM")
    assert next(parse(corrected).named("FT1")).text(19) == "M25.562"


def test_nothing_is_billed_twice(store: Store, bills: Store, tmp_path: Path) -> None:
    ref = insured(store)
    visit = visited(store, ref)
    claims.draft_visit(bills, visit)
    with pytest.raises(ConflictError, match="billed already"):
        claims.draft_visit(bills, visit)
    # another patient in the same minutes of the same therapist
    elsewhere = visited(store, insured(store, "1043"), START + timedelta(minutes=39))
    with pytest.raises(ConflictError, match="billed already"):
        claims.draft_visit(bills, elsewhere)
    # the same code for the same patient on the same day, at another hour
    second = visited(store, ref, START + timedelta(hours=3))
    with pytest.raises(ConflictError, match="billed already"):
        claims.draft_visit(bills, second)
    assert states(bills) == {"RC00000001": "ready"}
    monitored(store, ref)
    claims.draft_monitoring(bills, "1042", "2026-03")
    with pytest.raises(ConflictError, match="billed already"):
        claims.draft_monitoring(bills, "1042", "2026-03")


def test_a_run_that_was_cut_sends_the_same_file_once(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    with pytest.raises(RehabctlError, match="drop folder"):
        list(claim_submission.submit(bills, ClaimFolder(tmp_path / "missing")))
    with bills.transaction() as uow:
        (file,) = uow.claims.files("out", FileState.PREPARED)
    assert states(bills) == {"RC00000001": "submitted"}
    folder = tmp_path / "drop"
    folder.mkdir()
    tomorrow = at(bills, APRIL_10 + timedelta(days=1))
    (sent,) = claim_submission.submit(tomorrow, ClaimFolder(folder))
    assert (sent.name, sent.claims) == (file.name, ("RC00000001",))
    written = bills.blobs.read(file.sha256)
    assert [path.read_bytes() for path in folder.iterdir()] == [written]
    assert list(claim_submission.submit(tomorrow, ClaimFolder(folder))) == []


def test_a_rejected_file_is_made_anew_as_an_original(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    with pytest.raises(UsageError, match="no payer took"):
        claims.correct(bills, "RC00000001", void=True)
    sent = submitted(bills, tmp_path)
    with pytest.raises(UsageError, match="submitted"):
        claims.correct(bills, "RC00000001")
    rejected = put(tmp_path, clearinghouse.acceptance_999(sent, "R"))
    done = claim_exchange.acknowledge(bills, rejected)
    assert [(one.claim, one.state.value) for one in done.moved] == [("RC00000001", "rejected")]
    again = claim_exchange.acknowledge(bills, rejected)
    assert (again.is_new, again.moved) == (False, ())
    made = claims.correct(bills, "RC00000001")
    assert (made.frequency.value, made.document["original_reference"]) == ("1", "")
    with pytest.raises(UsageError, match="corrected"):
        claims.correct(bills, "RC00000001")


def test_money_moves_once_and_only_when_it_balances(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    sent = submitted(bills, tmp_path)
    half = [(sent.claims[0], "ICN1", Decimal("0.5"))]
    off = clearinghouse.payment_835(half, "TRACE1", off_by=Decimal("0.01"))
    kept = claim_exchange.post(bills, put(tmp_path, off))
    assert (kept.quarantined, kept.posted, kept.findings[0].rule) == (True, (), "payment-balance")
    strange = [(replace(sent.claims[0], number="FOREIGN1"), "ICN1", Decimal("0.5"))]
    kept = claim_exchange.post(
        bills, put(tmp_path, clearinghouse.payment_835(strange, "TRACE2"), "strange")
    )
    assert (kept.quarantined, kept.unknown) == (True, ("FOREIGN1",))
    assert states(bills) == {"RC00000001": "submitted"}
    right = clearinghouse.payment_835(half, "TRACE3")
    assert claim_exchange.post(bills, put(tmp_path, right)).posted[0].paid_cents == 6_000
    assert not claim_exchange.post(bills, put(tmp_path, right)).is_new
    # the same payment in another envelope is the same payment
    other = right.replace(b"000000503", b"000000777")
    assert claim_exchange.post(bills, put(tmp_path, other)).posted == ()
    assert len(claims.show(bills, "RC00000001").postings) == 1


def test_a_void_takes_back_the_very_lines_and_sets_the_work_free(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    visit = visited(store, ref)
    first = claims.draft_visit(bills, visit)
    sent = submitted(bills, tmp_path)
    paid = clearinghouse.payment_835([(sent.claims[0], "ICN1", Decimal(1))], "TRACE1")
    claim_exchange.post(bills, put(tmp_path, paid))
    void = claims.correct(bills, first.control_number, void=True)
    assert void.document["lines"] == first.document["lines"]
    (taken,) = submitted(bills, tmp_path).claims
    assert (taken.frequency, taken.original) == ("8", "ICN1")
    assert claims.draft_visit(bills, visit).frequency.value == "1"


def test_what_stands_against_a_claim_keeps_it_a_draft(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    visit = visited(store, ref, START, "97140", "97530")
    held = claims.draft_visit(bills, visit)
    assert held.state is ClaimState.DRAFT
    assert "pair-attestation" in {one["rule"] for one in held.document["findings"]}
    (tmp_path / "drop").mkdir()
    assert list(claim_submission.submit(bills, ClaimFolder(tmp_path / "drop"))) == []
    stated = (Attestation("separate", "J. Lee, PT"),)
    made = claims.correct(bills, held.control_number, Choices(attestations=stated))
    assert made.state is ClaimState.READY
    assert made.document["lines"][1]["modifiers"] == ["GP", "59"]
    with store.transaction() as uow:
        planned = Visit(
            uow.new_id(), ref, VisitKind.TREATMENT, START, START + timedelta(hours=1), uow.user.id
        )
        uow.visits.add(planned)
    with pytest.raises(FindingsError, match="not completed"):
        claims.draft_visit(bills, planned.id)
    with pytest.raises(NotFoundError, match="payer 'x'"):
        claims.draft_visit(
            bills, visited(store, ref, START + timedelta(days=1)), Choices(payer="x")
        )
    with pytest.raises(FindingsError, match="no evidence"):
        claims.draft_monitoring(bills, "1042", "2026-03")


def test_a_billing_file_is_taken_whole_or_not_at_all(
    store: Store, biller: Store, tmp_path: Path
) -> None:
    path = tmp_path / "billing.toml"
    for changes in (
        {'"1245319599"': '"1245319598"'}, {'"cms"': '"guess"'}, {'"40.00"': '"40.005"'},
        {"kx = true": "kx = true\nmistake = 1"}, {'"GP"': '"PT"'},
    ):  # fmt: skip
        path.write_text(billing_toml(store.user.login, **changes), encoding="utf-8")
        assert billing_settings.import_file(biller, path).problems
    path.write_text("not = toml = at all", encoding="utf-8")
    with pytest.raises(FindingsError, match="not TOML"):
        billing_settings.import_file(biller, path)
    assert billing_settings.payers(biller) == ()
    path.write_text(billing_toml(store.user.login), encoding="utf-8")
    billing_settings.import_file(biller, path, dry_run=True)
    assert billing_settings.payers(biller) == ()
    for _ in range(2):
        billing_settings.import_file(biller, path)
    assert len(billing_settings.payers(biller)) == 1
    moved = billing_toml(
        store.user.login,
        **{"valid_from = 2026-01-01\nvalid_to": "valid_from = 2026-06-01\nvalid_to"},
    )
    path.write_text(moved, encoding="utf-8")
    with pytest.raises(FindingsError, match="rules of 2026-01-01"):
        billing_settings.import_file(biller, path)


def test_damaged_answers_change_nothing(store: Store, bills: Store, tmp_path: Path) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    sent = submitted(bills, tmp_path)
    whole = clearinghouse.acceptance_999(sent, "R")
    for data in (b"", b"\x00\xff", whole[: len(whole) // 2], b"hello"):
        with pytest.raises(FindingsError, match="damaged or holds no answer"):
            claim_exchange.acknowledge(bills, put(tmp_path, data))
        kept = claim_exchange.post(bills, put(tmp_path, data or b"x"))
        assert kept.posted == ()
    assert states(bills) == {"RC00000001": "submitted"}


def test_a_group_is_billed_for_each_of_its_patients(store: Store, bills: Store) -> None:
    """Minutes of a group are nobody's alone; one-to-one minutes are."""
    for mrn in ("1042", "1043"):
        ref = insured(store, mrn)
        end = START + timedelta(minutes=30)
        with store.transaction() as uow:
            visit = Visit(
                uow.new_id(), ref, VisitKind.GROUP, START, end, uow.user.id,
                VisitStatus.COMPLETED, started_at=START, ended_at=end,
                blocks=(TimedBlock("97150", START, end, one_to_one=False),),
                channels=(ChannelSpan(Channel.IN_PERSON, START),),
            )  # fmt: skip
            uow.visits.add(visit)
        made = claims.draft_visit(bills, visit.id)
        assert [(one["code"], one["units"]) for one in made.document["lines"]] == [("97150", 1)]


def test_the_channel_that_a_broken_call_fell_back_to_is_what_is_billed(
    store: Store, biller: Store, tmp_path: Path
) -> None:
    by_sound = 'audio = { pos = "10", modifier = "93" }'
    video = 'video = { pos = "10", modifier = "95" }'
    path = tmp_path / "billing.toml"
    text = billing_toml(store.user.login, **{video: f"{video}\n{by_sound}"})
    path.write_text(text, encoding="utf-8")
    april = at(biller, APRIL_10)
    assert billing_settings.import_file(april, path).problems == ()
    ref = insured(store)
    with store.transaction() as uow:
        running = Visit(
            uow.new_id(), ref, VisitKind.TREATMENT, START, START + timedelta(hours=1), uow.user.id,
            VisitStatus.IN_PROGRESS, started_at=START,
            channels=(ChannelSpan(Channel.VIDEO, START),),
        )  # fmt: skip
        uow.visits.add(running)
    visit = str(running.id)

    def later(minutes: int) -> Store:
        return at(store, START + timedelta(minutes=minutes))

    visits.begin_block(later(0), visit, "97110", one_to_one=True)
    fall_back(later(10), load_rules(), visit)  # a smaller picture is still a picture
    fall_back(later(20), load_rules(), visit)
    visits.begin_block(later(20), visit, "97112", one_to_one=True)
    visits.stop(later(40), load_rules(), visit)
    lines = claims.draft_visit(april, running.id).document["lines"]
    assert [(one["code"], one["place_of_service"], one["modifiers"]) for one in lines] == [
        ("97110", "10", ["GP", "95"]), ("97112", "10", ["GP", "93"]),
    ]  # fmt: skip


def test_a_rejected_replacement_or_void_keeps_the_number_that_it_named(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    sent = submitted(bills, tmp_path)
    denied = clearinghouse.payment_835([(sent.claims[0], "ICN1", Decimal(0))], "TRACE1")
    claim_exchange.post(bills, put(tmp_path, denied))
    claims.correct(bills, "RC00000001")
    rejected = clearinghouse.acceptance_999(submitted(bills, tmp_path), "R")
    claim_exchange.acknowledge(bills, put(tmp_path, rejected))
    claims.correct(bills, "RC00000002")
    again = submitted(bills, tmp_path)
    assert (again.claims[0].frequency, again.claims[0].original) == ("7", "ICN1")
    paid = clearinghouse.payment_835([(again.claims[0], "ICN7", Decimal(1))], "TRACE2")
    claim_exchange.post(bills, put(tmp_path, paid))
    claims.correct(bills, "RC00000003", void=True)
    refused = clearinghouse.acceptance_999(submitted(bills, tmp_path), "R")
    claim_exchange.acknowledge(bills, put(tmp_path, refused))
    claims.correct(bills, "RC00000004")
    (taken,) = submitted(bills, tmp_path).claims
    assert (taken.number, taken.frequency, taken.original) == ("RC00000005", "8", "ICN7")
