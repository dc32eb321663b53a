"""HL7 v2 messages become patients and referrals; results and notes leave as messages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.domain.patient import Sex
from rehabctl.domain.session import ExerciseSession, SessionSource
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services import hl7_import, intake
from rehabctl.services.hl7_export import MessageKind, export_messages
from rehabctl.services.import_run import ImportReport
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PID = (
    "PID|1||A1^^^H^PI~1042^^^H^MR~9^^^US^SS||Diaz^Ana^M^^^^L||19610402|F|||"
    "5 Elm St^^Boulder^CO^80301^^H||^PRN^PH^^^303^5550100~^NET^Internet^ana@example.org"
)
REFERRAL = (
    "RF1|A||PHYSIO||||20260225|20260601\r"
    "PRD|RP|Stone^Ira|||||1234567893^^NPI\r" + PID + "\r"
    "DG1|1||M17.11^Osteoarthritis, right knee^I10\r"
    "PR1|1||27447^Knee replacement^C4||20260202\r"
    "AUT|||||||||12"
)


def message(kind: str, *segments: str, version: str = "2.5.1") -> bytes:
    header = f"MSH|^~\\&|EHR|MAIN|RC|X|20260302||{kind}|77|P|{version}"
    return "\r".join((header, *segments, "")).encode()


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rules() -> RuleTable:
    return load_rules()


def run(store: Store, rules: RuleTable, *messages: bytes, dry_run: bool = False) -> ImportReport:
    return hl7_import.import_stream(store, rules, io.BytesIO(b"".join(messages)), dry_run=dry_run)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


@pytest.mark.parametrize("event", ["A01", "A04", "A08", "A28", "A31"])
def test_a_patient_is_made_whatever_message_comes_first(
    store: Store, rules: RuleTable, event: str
) -> None:
    one = message(f"ADT^{event}", PID)
    assert counts(run(store, rules, one, one)) == (1, 0, 1, 0)
    who = intake.show_patient(store, "1042").summary.demographics
    assert (who.family_name, who.given_name, who.middle_name) == ("Diaz", "Ana", "M")
    assert (who.birth_date, who.sex, who.state, who.city) == (
        date(1961, 4, 2), Sex.FEMALE, "CO", "Boulder",
    )  # fmt: skip
    assert (who.phone, who.email) == ("303 5550100", "ana@example.org")


def test_an_update_keeps_what_it_does_not_say_and_deletes_what_it_nulls(
    store: Store, rules: RuleTable
) -> None:
    run(store, rules, message("ADT^A04", PID))
    short = 'PID|1||1042^^^H^MR||Diaz-Ruiz^Ana||||||^^Denver||""'
    assert counts(run(store, rules, message("ADT^A08", short))) == (0, 1, 0, 0)
    who = intake.show_patient(store, "1042").summary.demographics
    assert (who.family_name, who.city, who.state) == ("Diaz-Ruiz", "Denver", "CO")
    assert (who.phone, who.email, who.birth_date) == (None, "ana@example.org", date(1961, 4, 2))


def test_refusals_name_the_field_and_come_back_as_received(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    bad = [
        message("ADT^A40", PID, "MRG|7"),
        message("ADT^A04", PID.replace("19610402", "1961")),
        message("ADT^A04", PID, version="3.0"),
        message("ADT^A04"),
        message("ORM^O01", PID, "ORC|CA|1|||||||20260225|||1^Stone^Ira"),
        message("REF^I12", REFERRAL.replace("1234567893", "1234567890")),
    ]
    source = tmp_path / "in.hl7"
    source.write_bytes(b"".join((*bad, message("ADT^A04", PID))))
    refused = tmp_path / "refused.hl7"
    report = hl7_import.import_files(store, rules, source, rejects=refused)
    assert counts(report) == (1, 0, 0, 6)
    assert refused.read_bytes() == b"".join(bad)
    assert refused.stat().st_mode & 0o77 == 0
    fields = {(r.line, r.field) for r in report.rejects}
    assert {(1, "MSH-9"), (4, "birth_date"), (6, "MSH-12"), (8, "mrn"), (9, "ORC-1")} <= fields
    assert {r.field for r in report.rejects if r.line == 12} == {"referrer_npi"}
    assert not any("Diaz" in r.message or "1961" in r.message for r in report.rejects)


def test_a_referral_opens_a_course_of_care_once(store: Store, rules: RuleTable) -> None:
    one = message("REF^I12", *REFERRAL.split("\r"))
    assert counts(run(store, rules, one)) == (1, 0, 0, 0)
    assert counts(run(store, rules, one)) == (0, 0, 1, 0)
    with store.snapshot() as uow:
        patient = uow.patients.get("1042")
        (episode,) = uow.episodes.of_patient(patient.id)
        (referral,) = uow.episodes.referrals(patient.id)
    assert (episode.diagnosis, episode.icd10) == ("Osteoarthritis, right knee", "M17.11")
    assert episode.surgery_date == date(2026, 2, 2)
    assert (referral.referrer_name, referral.referrer_npi) == ("Ira Stone", "1234567893")
    assert (referral.ordered_on, referral.expires_on) == (date(2026, 2, 25), date(2026, 6, 1))
    assert referral.authorised_visits == 12


def test_a_later_order_changes_no_running_care(store: Store, rules: RuleTable) -> None:
    run(store, rules, message("REF^I12", *REFERRAL.split("\r")))
    order = message(
        "ORM^O01", PID, "ORC|NW|9|||||||20260301|||1^Reed^Kim", "DG1|1||M54.5^Low back pain^I10"
    )
    assert counts(run(store, rules, order)) == (0, 1, 0, 0)
    record = intake.show_patient(store, "1042")
    assert record.summary.care.diagnosis == "Osteoarthritis, right knee"
    with store.snapshot() as uow:
        names = [r.referrer_name for r in uow.episodes.referrals(record.summary.ref.id)]
    assert names == ["Ira Stone", "Kim Reed"]


def test_a_dry_run_keeps_nothing_and_the_role_counts(store: Store, rules: RuleTable) -> None:
    later = message("ADT^A08", "PID|1||1042^^^H^MR||Diaz-Ruiz^Ana")
    report = run(store, rules, message("ADT^A04", PID), later, dry_run=True)
    assert counts(report) == (1, 1, 0, 0)
    with pytest.raises(NotFoundError):
        intake.show_patient(store, "1042")
    billing = replace(store, user=replace(store.user, role=Role.BILLING))
    with pytest.raises(NotPermittedError):
        run(billing, rules, message("ADT^A04", PID))


def test_the_samples_are_taken_over_or_refused_by_name(
    store: Store, rules: RuleTable, sample_data: Path
) -> None:
    report = hl7_import.import_files(store, rules, sample_data / "hl7")
    # five whole admissions of one person; two have no name or address, the rest are other kinds
    assert (report.created, report.unchanged) == (1, 4)
    assert report.read == 21  # the folder holds a licence and a provenance file too
    assert report.rejected == 16


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.integers(0, len(PID)))
def test_no_message_breaks_the_import(store: Store, rules: RuleTable, text: str, at: int) -> None:
    run(
        store,
        rules,
        message("ADT^A08", PID[:at] + text + PID[at:]),
        message("REF^I12", REFERRAL + text),
    )


@pytest.fixture
def with_pain(store: Store, rules: RuleTable) -> Store:
    run(store, rules, message("REF^I12", *REFERRAL.split("\r")))
    with store.transaction() as uow:
        patient = uow.patients.get("1042")
        for day, pain in ((1, 6.0), (2, 4.0)):
            uow.sessions.add(
                ExerciseSession(
                    id=uow.new_id(), patient=patient.ref, source=SessionSource.PATIENT_DEVICE,
                    external_id=f"s{day}", entered_by="patient",
                    started_at=datetime(2026, 3, day, 9, tzinfo=UTC), pain_after=pain,
                )
            )  # fmt: skip
        uow.notes.add(uow.new_id(), patient.ref, uow.user.id, "Gait | even\nNo limp")
    return store


def test_results_leave_as_one_message_that_a_second_reader_accepts(
    with_pain: Store, rules: RuleTable
) -> None:
    (sent,) = export_messages(with_pain, rules, "1042", MessageKind.ORU)
    read = parse(sent)
    assert read.kind == "ORU^R01"
    values = [(o.text(3), o.text(3, 3), o.text(5), o.text(6)) for o in read.named("OBX")]
    assert values == [("72514-3", "LN", "6", "{score}"), ("72514-3", "LN", "4", "{score}")]
    assert export_messages(with_pain, rules, "1042", MessageKind.ORU) == [sent]
    judged(sent)


def test_notes_leave_as_documents(with_pain: Store, rules: RuleTable) -> None:
    (sent,) = export_messages(with_pain, rules, "1042", MessageKind.MDM)
    assert [o.text(5) for o in parse(sent).named("OBX")] == ["Gait | even", "No limp"]
    judged(sent)
    intake.create_patient(
        with_pain, rules,
        {"mrn": "2", "given_name": "B", "family_name": "C", "birth_date": "1970-01-01",
         "sex": "f", "state": "CO"},
    )  # fmt: skip
    with pytest.raises(NotFoundError, match="no values"):
        export_messages(with_pain, rules, "2", MessageKind.ORU)


def judged(sent: bytes) -> None:
    """Let an independent implementation of the standard read and validate a message."""
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message

    read = parse_message(sent.decode(), validation_level=VALIDATION_LEVEL.STRICT)
    assert read.validate()
