"""Claim lines of a visit: units, modifiers and places, and what only a person may state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.claim_draft import Attestation, Draft, ServiceFacts, VisitFacts
from rehabctl.billing.claim_lines import draft_lines, monitoring_line
from rehabctl.billing.kx import AllowedAmount, kx_balance
from rehabctl.billing.units import Service, count_units
from rehabctl.billing.visit_services import services_of_blocks
from rehabctl.domain.code_lists import CodeTables
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.payer import FeeSchedule, ModifierPlace, PayerRules, TelehealthRule
from rehabctl.domain.visit import Channel, ChannelSpan, TimedBlock, VisitKind

DAY = date(2026, 3, 4)
START = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
CODES = ("97110", "97112", "97116", "97140", "97530", "97161", "97150", "97535")
FEES = FeeSchedule(
    "medicare", date(2026, 1, 1), dict.fromkeys(CODES, 4000), dict.fromkeys(CODES, 3000)
)
MEDICARE = PayerRules(
    key="medicare",
    name="Medicare Part B",
    identifier="04412",
    filing_code="MB",
    unit_rule="cms",
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    timely_filing_days=365,
    source="test",
    telehealth={
        Channel.VIDEO: TelehealthRule("10", "95"),
        Channel.AUDIO: TelehealthRule("10", "93"),
    },
)


def service(code: str, therapist: int, assistant: int = 0, **changes: Any) -> ServiceFacts:
    made = ServiceFacts(code, therapist, assistant, Channel.IN_PERSON)
    return replace(made, **changes)


def draft(
    *services: ServiceFacts,
    payer: PayerRules = MEDICARE,
    tables: CodeTables | None = None,
    **changes: Any,
) -> Draft:
    facts = VisitFacts(DAY, VisitKind.TREATMENT, services, "GP", earlier_in_person=True)
    return draft_lines(replace(facts, **changes), payer, FEES, tables)


def shown(made: Draft) -> list[tuple[str, int, tuple[str, ...], str]]:
    return [(one.code, one.units, one.modifiers, one.place_of_service) for one in made.lines]


def rules(made: Draft) -> set[str]:
    return {one.rule for one in made.findings if one.severity == "error"}


def test_units_follow_the_payers_rule_and_ties_are_shown() -> None:
    both = (service("97112", 20), service("97110", 20))
    made = draft(*both)
    assert shown(made) == [("97112", 2, ("GP",), "11"), ("97110", 1, ("GP",), "11")]
    assert made.ties[0].between == ("97112", "97110")
    assert [one.charge_cents for one in made.lines] == [8000, 4000]
    other = draft(*both, payer=replace(MEDICARE, unit_rule="ama"))
    assert [one.units for one in other.lines] == [1, 1]
    assert "ama-per-code/2026-11" in other.lines[0].rules


def test_a_mixed_code_becomes_two_lines() -> None:
    made = draft(service("97110", 13, 23), service("97140", 30))
    assert shown(made) == [
        ("97110", 1, ("GP",), "11"),
        ("97110", 1, ("GP", "CQ"), "11"),
        ("97140", 2, ("GP",), "11"),
    ]
    (untimed,) = draft(service("97161", 45, 6), kind=VisitKind.EVALUATION).lines
    assert untimed.modifiers == ("GP", "CQ")
    ungated = draft(service("97110", 0, 30), payer=replace(MEDICARE, assistants=False))
    assert shown(ungated) == [("97110", 2, ("GP",), "11")]


@pytest.mark.parametrize(
    ("channel", "place", "modifier"), [(Channel.VIDEO, "10", "95"), (Channel.AUDIO, "10", "93")]
)
def test_the_channel_decides_place_and_modifier(
    channel: Channel, place: str, modifier: str
) -> None:
    assert shown(draft(service("97110", 20, channel=channel))) == [
        ("97110", 1, ("GP", modifier), place)
    ]


def test_what_a_channel_does_not_allow_is_said() -> None:
    assert rules(draft(service("97140", 20, channel=Channel.VIDEO))) == {"hands-on"}
    assert rules(draft(service("97110", 20, channel=Channel.PHONE))) == {"channel"}
    strict = replace(MEDICARE, in_person_first=True)
    video = service("97110", 20, channel=Channel.VIDEO)
    assert rules(draft(video, payer=strict, earlier_in_person=False)) == {"in-person-first"}
    assert draft(video, payer=strict).ok
    assert rules(draft(service("97161", 40))) == {"visit-code"}


def test_the_order_of_modifiers_is_the_payers() -> None:
    order = (ModifierPlace.TELEHEALTH, *(p for p in ModifierPlace if p != "telehealth"))
    payer = replace(MEDICARE, modifier_order=order)
    (line,) = draft(service("97110", 0, 20, channel=Channel.VIDEO), payer=payer).lines
    assert line.modifiers == ("95", "GP", "CQ")


def spans(*minutes: tuple[int, int]) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((START + timedelta(minutes=a), START + timedelta(minutes=b)) for a, b in minutes)


def test_separateness_needs_proof_and_a_person() -> None:
    apart = (
        service("97140", 15, spans=spans((0, 15))),
        service("97530", 15, spans=spans((15, 30))),
    )
    assert rules(draft(*apart)) == {"pair-attestation"}
    stated = draft(*apart, attestations=(Attestation("separate", "J. Lee, PT"),))
    assert stated.ok
    assert stated.lines[1].modifiers == ("GP", "59")
    assert "J. Lee, PT" in stated.lines[1].facts[-1]
    for unproven in ((apart[0], service("97530", 15)), (apart[0], replace(apart[0], code="97530"))):
        made = draft(*unproven, attestations=(Attestation("separate", "J. Lee, PT"),))
        assert rules(made) == {"pair-unproven"}
        assert all("59" not in line.modifiers for line in made.lines)
    assert rules(draft(*apart, attestations=(Attestation("separate", " "),))) == {
        "pair-attestation"
    }


def test_kx_is_set_above_the_threshold_only_and_only_by_a_person() -> None:
    payer = replace(MEDICARE, kx=True)
    used = (
        AllowedAmount(date(2026, 1, 5), "GN", 244_000),
        AllowedAmount(date(2026, 1, 5), "GO", 999_999),  # a bucket of its own
        AllowedAmount(date(2025, 12, 30), "GP", 999_999),  # another year
    )
    at_limit = draft(service("97110", 15), payer=payer, earlier_allowed=used)
    assert at_limit.ok
    assert at_limit.lines[0].modifiers == ("GP",)
    two = (service("97110", 15), service("97112", 15))
    above = draft(*two, payer=payer, earlier_allowed=used)
    assert rules(above) == {"kx-attestation"}
    stated = draft(
        *two, payer=payer, earlier_allowed=used, attestations=(Attestation("KX", "J. Lee, PT"),)
    )
    assert [one.modifiers for one in stated.lines] == [("GP",), ("GP", "KX")]
    with pytest.raises(RehabctlError, match="no KX threshold for 2027"):
        kx_balance((), year=2027, discipline="GP")
    assert kx_balance(used, year=2026, discipline="GP").used_cents == 244_000


def test_without_a_fee_nothing_is_ready() -> None:
    made = draft_lines(
        VisitFacts(DAY, VisitKind.TREATMENT, (service("97110", 15),), "GP", True), MEDICARE, None
    )
    assert not made.ok
    assert rules(made) == {"fee-missing"}


def test_a_monitoring_line_is_no_telehealth() -> None:
    line, found = monitoring_line("97110", 1, MEDICARE, FEES, "GP", "16 days")
    assert (line.modifiers, line.place_of_service, found) == (("GP",), "11", ())


def block(code: str, first: float, last: float | None, **changes: Any) -> TimedBlock:
    end = None if last is None else START + timedelta(minutes=last)
    return TimedBlock(code, START + timedelta(minutes=first), end, **changes)


def test_blocks_become_services_with_channel_and_hands() -> None:
    channels = (
        ChannelSpan(Channel.VIDEO, START, START + timedelta(minutes=10)),
        ChannelSpan(Channel.PHONE, START + timedelta(minutes=10)),
    )
    made, found = services_of_blocks(
        [block("97112", 20, 30.9), block("97110", 0, 9), block("97110", 9, 15)],
        channels,
        spans((5, 20)),
    )
    assert [(s.code, s.therapist_minutes, s.assistant_minutes, s.channel) for s in made] == [
        ("97110", 5, 10, Channel.VIDEO), ("97112", 10, 0, Channel.PHONE),
    ]  # fmt: skip
    assert found == ()
    _, found = services_of_blocks(
        [block("97110", 0, 9), block("97112", 8, 20), block("97116", 20, None),
         block("97530", 30, 40, one_to_one=False)],
        (),
    )  # fmt: skip
    assert {one.rule for one in found} == {"blocks-overlap", "block-open", "not-one-to-one"}


@given(
    minutes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=3),
    rule=st.sampled_from(["cms", "ama"]),
)
def test_lines_carry_exactly_the_units_of_the_rule(
    minutes: list[tuple[int, int]], rule: str
) -> None:
    codes = ("97110", "97112", "97535")
    services = [service(c, *m) for c, m in zip(codes, minutes, strict=False)]
    made = draft(*services, payer=replace(MEDICARE, unit_rule=rule))
    counted = count_units([Service(s.code, s.minutes) for s in services], rule=rule, on=DAY)
    for line in counted.lines:
        mine = [one for one in made.lines if one.code == line.code]
        assert sum(one.units for one in mine) == line.units
        assert len({one.modifiers for one in mine}) == len(mine) <= 2
    assert sum(one.charge_cents for one in made.lines) == 4000 * counted.total_timed_units
