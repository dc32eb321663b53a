"""What may be sent to a patient: rights, records, dates."""

from __future__ import annotations

from datetime import date

import pytest

from rehabctl.clinic.proms_licence import may_send
from rehabctl.domain.errors import NotPermittedError
from rehabctl.domain.prom_followup import LicenceRecord
from rehabctl.reference.instruments import load_instrument, load_instruments
from rehabctl.services.prom_followup import require_permission_to_send

TODAY = date(2026, 5, 4)


def record(
    instrument: str = "odi",
    holder: str = "Riverside Clinic",
    reference: str = "L-17",
    valid_from: date = date(2026, 1, 1),
    expires_on: date | None = date(2026, 12, 31),
) -> LicenceRecord:
    return LicenceRecord(instrument, holder, reference, valid_from, expires_on)


@pytest.mark.parametrize("slug", ["nprs", "vas", "psfs", "pgic"])
def test_public_instruments_need_no_record(slug: str) -> None:
    decision = may_send(load_instrument(slug), [], TODAY)
    assert (decision.allowed, decision.code) == (True, "free")


@pytest.mark.parametrize("slug", ["tug", "berg", "6mwt", "chair-stand-30s"])
def test_tests_done_with_a_clinician_are_not_sent(slug: str) -> None:
    decision = may_send(load_instrument(slug), [record(slug)], TODAY)
    assert (decision.allowed, decision.code) == (False, "not_sent")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "no_record"),
        ([record("ndi")], "no_record"),
        ([record(expires_on=date(2026, 5, 3))], "not_in_force"),
        ([record(valid_from=date(2026, 5, 5))], "not_in_force"),
        ([record(holder=" ")], "incomplete"),
        ([record(reference="")], "incomplete"),
        ([record()], "licensed"),
        ([record(expires_on=TODAY, valid_from=TODAY)], "licensed"),
        ([record(expires_on=None)], "licensed"),
        ([record(expires_on=date(2026, 2, 1)), record(reference="L-18")], "licensed"),
    ],
)
def test_a_licensed_instrument_needs_a_complete_record_in_force(
    records: list[LicenceRecord], code: str
) -> None:
    decision = may_send(load_instrument("odi"), records, TODAY)
    assert (decision.code, decision.allowed) == (code, code == "licensed")


def test_of_several_records_the_one_that_lasts_longest_is_named() -> None:
    decision = may_send(
        load_instrument("odi"), [record(), record(reference="L-2", expires_on=None)], TODAY
    )
    assert decision.record
    assert decision.record.reference == "L-2"


def test_every_instrument_without_shipped_text_is_gated() -> None:
    for instrument in load_instruments():
        assert may_send(instrument, [], TODAY).allowed == (
            instrument.licence.ships_text and instrument.kind.value == "patient_reported"
        )


def test_the_service_refuses_with_exit_code_5() -> None:
    assert require_permission_to_send("odi", [record()], TODAY).allowed
    with pytest.raises(NotPermittedError, match="odi needs a licence record"):
        require_permission_to_send("odi", [], TODAY)
