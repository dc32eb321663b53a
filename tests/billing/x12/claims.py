"""Made-up claims that are right: one by hand, and as many random ones as a test asks for."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from rehabctl.domain.claim import (
    Address,
    Batch,
    BillingProvider,
    Claim,
    ClaimAdjustment,
    ClaimLine,
    Frequency,
    Insured,
    LineAdjudication,
    OtherPayer,
    Patient,
    Payer,
    PersonName,
    Provider,
    Responsibility,
    Sex,
)

MEDICARE = Payer("Medicare Part B", "04412", "MB")
COMMERCIAL = Payer("Example Health Plan", "EX001", "CI")
HOME = Address("12 Main St", "Austin", "TX", "787011234")
CLINIC = Provider(
    "1245319599",
    organization="Example PT Clinic",
    taxonomy="261QP2000X",
    address=Address("100 Clinic Way", "Austin", "TX", "787011234", line2="Suite 4"),
)
THERAPIST = Provider("1679576722", person=PersonName("Therapist", "Sam"), taxonomy="225100000X")
REFERRER = Provider("1234567893", person=PersonName("Referrer", "Pat", "Q"))
SUPERVISOR = Provider("1003000126", person=PersonName("Supervisor", "Kim"))
DAY = date(2026, 11, 2)
NPIS = ("1679576722", "1003000126", "1234567893")


def batch(**changes: object) -> Batch:
    made = Batch(
        sender_id="REHABCTL",
        receiver_id="CLEARINGHSE",
        submitter_name="Example PT Clinic",
        submitter_id="REHABCTL",
        contact_name="Billing",
        contact_phone="5125550100",
        receiver_name="Example Clearinghouse",
        billing=BillingProvider(CLINIC, "123456789"),
        control_number=101,
        created_at=datetime(2026, 11, 20, 10, 30, tzinfo=UTC),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def claim(**changes: object) -> Claim:
    made = Claim(
        control_number="RC00000001",
        payer=MEDICARE,
        insured=Insured(
            PersonName("Testpatient", "Ana"), "1EG4TE5MK73", date(1955, 2, 14), Sex.FEMALE, HOME
        ),
        diagnoses=("M25.561", "Z96.651"),
        lines=(
            ClaimLine("97110", Decimal("80"), Decimal(2), (1, 2), DAY, "1", ("GP", "95")),
            ClaimLine("97112", Decimal("41.25"), Decimal(1), (1,), DAY, "2", ("GP", "95")),
            ClaimLine("98985", Decimal("50"), Decimal(1), (1,), DAY, "3", ("GP",)),
        ),
        place_of_service="10",
        onset_on=date(2026, 10, 1),
        referring=REFERRER,
        rendering=THERAPIST,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def dependent(**changes: object) -> Claim:
    return claim(
        payer=COMMERCIAL,
        insured=Insured(PersonName("Testsub", "Lee"), "W123456789", group_number="G77"),
        patient=Patient("19", PersonName("Testchild", "Ada"), date(2012, 5, 6), Sex.FEMALE, HOME),
        **changes,
    )


def secondary(**changes: object) -> Claim:
    first = claim()
    paid = date(2026, 11, 10)
    lines = tuple(
        replace(
            line,
            adjudications=(
                LineAdjudication(
                    "04412",
                    line.charge - Decimal(15),
                    line.units,
                    paid,
                    (
                        ClaimAdjustment("CO", "45", Decimal(10)),
                        ClaimAdjustment("PR", "2", Decimal(5)),
                    ),
                ),
            ),
        )
        for line in first.lines
    )
    other = OtherPayer(
        MEDICARE,
        Responsibility.PRIMARY,
        "18",
        first.insured,
        paid=first.total - Decimal(45),
    )
    return claim(
        payer=COMMERCIAL,
        responsibility=Responsibility.SECONDARY,
        other_payers=(other,),
        lines=lines,
        **changes,
    )


def random_claims(count: int, seed: int) -> list[Claim]:
    """Return right claims of every shape: dependents, second payers, replacements, many lines."""
    rng = random.Random(seed)
    return [_random_claim(rng, number) for number in range(count)]


def _random_claim(rng: random.Random, number: int) -> Claim:
    place = rng.choice(("02", "10", "11"))
    shape = rng.choice((claim, claim, dependent, secondary))
    frequency = rng.choice((Frequency.ORIGINAL,) * 4 + (Frequency.REPLACEMENT, Frequency.VOID))
    diagnoses = tuple(rng.sample(DIAGNOSES, rng.randint(1, 12)))
    changes: dict[str, object] = {
        "control_number": f"RC{number:08d}",
        "diagnoses": diagnoses,
        "frequency": frequency,
        "original_reference": "" if frequency is Frequency.ORIGINAL else f"ICN{number:09d}",
        "prior_authorization": rng.choice(("", f"AUTH{number}")),
        "referral_number": rng.choice(("", "REF778")),
        "note": rng.choice(("", "Stairs at home; uses a cane")),
        "patient_paid": rng.choice((None, Decimal("20"))),
        "first_treatment_on": rng.choice((None, date(2026, 9, 1))),
        "last_seen_on": rng.choice((None, date(2026, 10, 20))),
        "supervising": rng.choice((None, SUPERVISOR)),
        "facility": rng.choice((None, _FACILITY)),
        "place_of_service": place,
    }
    if shape is not secondary:
        changes["lines"] = tuple(
            _random_line(rng, index, len(diagnoses), place)
            for index in range(rng.choice((1, 2, 4, 50)))
        )
    else:
        changes["diagnoses"] = ("M25.561", "Z96.651")
        changes["place_of_service"] = "10"
    made = shape(**changes)
    if rng.random() < 0.1:
        made = replace(
            made, related_causes=("AA",), accident_state="TX", accident_on=date(2026, 9, 12)
        )
    return made


def _random_line(rng: random.Random, index: int, diagnoses: int, place: str) -> ClaimLine:
    pointers = rng.sample(range(1, diagnoses + 1), min(diagnoses, rng.randint(1, 4)))
    code = rng.choice(("97110", "97112", "97150", "97161", "97535", "98977"))
    modifiers: tuple[str, ...] = ("GP", "CQ", "KX")[: rng.randint(1, 3)]
    if place != "11" and code != "98977":
        modifiers += ("95",)
    return ClaimLine(
        code=code,
        charge=Decimal(rng.randint(1, 50_000)) / 100,
        units=Decimal(1 if code in ("97150", "97161") else rng.randint(1, 8)),
        pointers=tuple(pointers),
        service_from=DAY - timedelta(days=index),
        reference=f"L{index + 1}",
        modifiers=modifiers,
        place_of_service="11" if code == "98977" and place != "11" else "",
    )


_FACILITY = Provider(
    "1003000126",
    organization="Example Gym",
    address=Address("5 Pool Rd", "Austin", "TX", "787011234"),
)
DIAGNOSES = (
    "M25.561", "M25.562", "Z96.651", "M54.50", "M17.11", "M17.12", "S83.511A", "M75.101",
    "M79.601", "R26.2", "R26.89", "M62.81", "Z47.1", "M23.91",
)  # fmt: skip
