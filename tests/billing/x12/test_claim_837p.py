"""The 837P writer, judged by two independent validators and by what a file must always be."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rehabctl.billing.x12.claim_837p import write_claims
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.billing.x12.segments import Segment, read_segments
from rehabctl.billing.x12.writer import SegmentWriter, Separators, money
from rehabctl.domain.claim import Address, BillingProvider, Claim, Insured, PersonName
from rehabctl.domain.errors import FindingsError

from .claims import CLINIC, batch, claim, dependent, random_claims


def written(*claims: Claim, writer: SegmentWriter | None = None, **changes: object) -> str:
    return "".join(write_claims(claims, batch(**changes), writer))


def parsed(text: str) -> list[Segment]:
    envelope = EnvelopeChecker()
    segments = list(envelope.watch(read_segments(io.BytesIO(text.encode("ascii")))))
    assert envelope.findings == []
    return segments


def pyx12_says(text: str, folder: Path) -> bool:
    import pyx12.params
    import pyx12.x12n_document

    path = folder / "claims.837"
    path.write_text(text, encoding="ascii")
    answer = io.StringIO()
    valid = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), str(path), answer, None, None, io.StringIO()
    )
    return bool(valid) and "IK5*A~" in answer.getvalue()


@pytest.mark.slow
def test_an_independent_validator_finds_nothing_in_random_claims(tmp_path: Path) -> None:
    assert pyx12_says(written(*random_claims(1000, seed=1)), tmp_path)


@pytest.mark.slow
def test_a_second_validator_reads_them_too() -> None:
    from x12sdk.io import X12ModelReader

    with X12ModelReader(written(*random_claims(1000, seed=1))) as reader:
        models = list(reader.models())
    assert sum(len(b.loop_2300) for m in models for b in claim_holders(m)) == 1000


def claim_holders(model: Any) -> Iterator[Any]:
    """Yield every subscriber or patient that a claim stands under."""
    for billing in model.loop_2000a:
        for subscriber in billing.loop_2000b:
            yield from subscriber.loop_2000c or [subscriber]


def test_the_judge_can_say_no(tmp_path: Path) -> None:
    assert not pyx12_says(written(claim()).replace("SV1*HC:97110", "SV1*XX:97110"), tmp_path)


def test_the_same_claims_give_the_same_bytes() -> None:
    claims = random_claims(50, seed=2)
    assert written(*claims) == written(*claims)


def test_isa_is_fixed_and_counts_fit() -> None:
    text = written(claim(), dependent())
    assert len(text.split("\n")[0]) == 106
    segments = parsed(text)
    levels = [s for s in segments if s.tag == "HL"]
    assert [s.elements[1:] for s in levels] == [
        ("1", "", "20", "1"),
        ("2", "1", "22", "0"),
        ("3", "1", "22", "1"),
        ("4", "3", "23", "0"),
    ]


def test_no_set_holds_more_claims_than_advised() -> None:
    one = claim()
    segments = parsed("".join(write_claims((one for _ in range(5001)), batch())))
    assert [s.get(2) for s in segments if s.tag == "ST"] == ["0001", "0002"]
    assert sum(s.tag == "CLM" for s in segments) == 5001


def test_accents_are_written_without_and_noted() -> None:
    writer = SegmentWriter()
    insured = replace(claim().insured, name=PersonName("Müller-Łoś", "Zoë"))
    text = written(claim(insured=insured), writer=writer)
    assert "NM1*IL*1*MULLER-LOS*ZOE*" in text
    assert writer.changed == [("RC00000001", "NM103"), ("RC00000001", "NM104")]


@pytest.mark.parametrize("name", ["李", "O~Neil", "A*B", "A:B", "two\nlines"])
def test_what_a_file_cannot_carry_is_refused_without_naming_anyone(name: str) -> None:
    insured = replace(claim().insured, name=PersonName(name, "Zoe"))
    with pytest.raises(FindingsError) as caught:
        written(claim(insured=insured))
    assert str(caught.value).startswith("claim RC00000001: NM103 holds a ")
    assert name not in str(caught.value)


def test_other_separators() -> None:
    writer = SegmentWriter(Separators("|", ">", "!", "'"), line_end="")
    segments = parsed(written(claim(), writer=writer))
    service = next(s for s in segments if s.tag == "SV1")
    assert service.components(1) == ["HC", "97110", "GP", "95"]


def test_the_total_is_the_sum_of_the_lines() -> None:
    for made in random_claims(50, seed=3):
        segments = parsed(written(made))
        total = next(s for s in segments if s.tag == "CLM").get(2)
        assert Decimal(total) == sum(Decimal(s.get(2)) for s in segments if s.tag == "SV1")


def test_money_has_no_parts_of_a_cent() -> None:
    assert [money(Decimal(text)) for text in ("80.00", "41.25", "0.10", "0", "100")] == [
        "80", "41.25", "0.1", "0", "100",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="parts of a cent"):
        money(Decimal("1.005"))


def test_payments_may_go_elsewhere(tmp_path: Path) -> None:
    billing = BillingProvider(
        CLINIC, "123456789", pay_to=Address("PO Box 9", "Austin", "TX", "787011234")
    )
    text = written(claim(), billing=billing)
    assert "NM1*87*2~\nN3*PO BOX 9~" in text
    assert pyx12_says(text, tmp_path)


def test_an_insured_without_birth_date_writes_no_demographics() -> None:
    insured = Insured(PersonName("Sub", "Lee"), "W1")
    text = written(replace(dependent(), insured=insured))
    assert text.count("DMG*") == 1
