"""Durations and conditions of remote, caregiver and evaluation codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.billing.claim_draft import Attestation, Draft, ServiceFacts, VisitFacts
from rehabctl.billing.claim_lines import draft_lines
from rehabctl.billing.situations import Situation, supported_evaluations
from rehabctl.billing.units import Service, count_units
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.domain.payer import FeeSchedule, PayerRules
from rehabctl.domain.visit import Channel, VisitKind

DAY = date(2026, 3, 16)
START = datetime(2026, 3, 16, 16, 0, tzinfo=UTC)
LATER = START + timedelta(days=3)
PHONE = ("98966", "98967", "98968")
ONLINE = ("98970", "98971", "98972")
CODES = (*PHONE, *ONLINE, "G2250", "G2251", "97550", "97551", "97552", "97161", "97162", "97164")
FEES = FeeSchedule("plan", date(2026, 1, 1), dict.fromkeys(CODES, 2000), dict.fromkeys(CODES, 1500))
PLAN = PayerRules(
    key="plan", name="Plan", identifier="1", filing_code="CI", unit_rule="ama",
    valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31), timely_filing_days=90, source="test",
    telehealth={},
)  # fmt: skip
STATED = tuple(
    Attestation(what, "J. Lee, PT")
    for what in ("patient-initiated", "established", "caregiver-consent", "changed")
)


def draft(
    code: str,
    minutes: int,
    *,
    kind: VisitKind = VisitKind.CHECK_IN,
    situation: Situation | None = None,
    stated: Sequence[Attestation] = STATED,
) -> Draft:
    service = ServiceFacts(
        code, minutes, 0, Channel.PHONE, ((START, START + timedelta(minutes=minutes)),)
    )
    facts = VisitFacts(
        DAY, kind, (service,), "GP", earlier_in_person=True, attestations=tuple(stated),
        situation=situation or Situation(LATER),
    )  # fmt: skip
    return draft_lines(facts, PLAN, FEES)


def errors(made: Draft) -> list[str]:
    return [one.rule for one in made.findings if one.severity == "error"]


@pytest.mark.parametrize(
    ("codes", "last"), [(PHONE, (10, 20, 30)), (ONLINE, (10, 20, 24 * 60))], ids=["phone", "online"]
)
@given(minutes=st.integers(0, 24 * 60))
def test_exactly_the_code_of_the_duration_has_a_unit(
    codes: tuple[str, ...], last: tuple[int, ...], minutes: int
) -> None:
    first = (5, 11, 21)
    expected = [int(a <= minutes <= b) for a, b in zip(first, last, strict=True)]
    lines = [count_units([Service(c, minutes)], rule="cms", on=DAY).lines[0] for c in codes]
    assert [line.units for line in lines] == expected
    for line in lines:
        if not line.units and any(expected):
            assert line.remark.endswith(codes[expected.index(1)])
        elif not line.units:
            assert line.remark == f"no code of its family is for {counted(minutes, 'minute')}"


@pytest.mark.parametrize(
    ("minutes", "units"),
    [
        (0, [0]),
        (15, [0]),
        (16, [1]),
        (30, [1]),
        (37, [1]),
        (38, [1, 1]),
        (52, [1, 1]),
        (53, [1, 2]),
    ],
)
@pytest.mark.parametrize("rule", ["cms", "ama"])
def test_caregiver_training_climbs_its_own_ladder(
    minutes: int, units: list[int], rule: str
) -> None:
    counted = count_units([Service("97550", minutes), Service("97110", 7)], rule=rule, on=DAY)
    ladder = [line for line in counted.lines if line.code != "97110"]
    assert [line.units for line in ladder] == units
    assert sum(line.minutes for line in ladder) == minutes
    assert counted.total_timed_minutes == 7, "its minutes stay out of the day's total"
    split = [Service("97550", min(minutes, 30)), Service("97551", max(0, minutes - 30))]
    assert list(count_units(split, rule=rule, on=DAY).lines) == ladder


def test_a_call_is_billed_without_telehealth_and_with_what_was_stated() -> None:
    made = draft("98967", 15)
    assert errors(made) == []
    (line,) = made.lines
    assert (line.code, line.units, line.modifiers, line.place_of_service) == (
        "98967", 1, ("GP",), "11",
    )  # fmt: skip
    assert "patient-initiated stated by J. Lee, PT" in line.facts


@pytest.mark.parametrize("code", ["98967", "G2250"])
@pytest.mark.parametrize(
    ("offset", "rules"),
    [
        (timedelta(days=-7, minutes=-1), []),
        (timedelta(days=-7), ["quiet-before"]),
        (timedelta(hours=-1), ["quiet-before"]),
        (timedelta(hours=1), ["quiet-after"]),
        (timedelta(hours=24, minutes=15), ["quiet-after"]),
        (timedelta(hours=24, minutes=16), []),
    ],
)
def test_quiet_days_before_and_hours_after(code: str, offset: timedelta, rules: list[str]) -> None:
    assert errors(draft(code, 15, situation=Situation(LATER, visits=(START + offset,)))) == rules


def test_a_call_waits_until_its_hours_are_over() -> None:
    end = START + timedelta(minutes=15)
    assert errors(draft("98967", 15, situation=Situation(end + timedelta(hours=23)))) == [
        "quiet-open"
    ]
    assert errors(draft("98967", 15, situation=Situation(end + timedelta(hours=24)))) == []


def test_nothing_is_stated_for_people() -> None:
    made = draft("98967", 15, stated=())
    assert errors(made) == ["unstated", "unstated"]
    assert "--attest patient-initiated=NAME" in made.findings[0].fix
    elsewhere = Attestation("patient-initiated", "J. Lee", code="98966")
    assert errors(draft("98967", 15, stated=[elsewhere, STATED[1]])) == ["unstated"]


@pytest.mark.parametrize(
    ("days", "rules"), [(6, ["once-in-days"]), (-6, ["once-in-days"]), (7, [])]
)
def test_one_online_code_in_seven_days(days: int, rules: list[str]) -> None:
    billed = (("98970", DAY + timedelta(days=days)), ("98966", DAY))
    assert errors(draft("98971", 15, situation=Situation(LATER, billed=billed))) == rules


def test_codes_of_one_family_exclude_each_other() -> None:
    one = ServiceFacts("98970", 6, 0, Channel.VIDEO)
    other = ServiceFacts("98971", 12, 0, Channel.VIDEO)
    facts = VisitFacts(
        DAY, VisitKind.CHECK_IN, (one, other), "GP", earlier_in_person=True, attestations=STATED,
        situation=Situation(LATER),
    )  # fmt: skip
    assert errors(draft_lines(facts, PLAN, FEES)) == ["one-of-family"]


def test_caregiver_training_is_without_the_patient() -> None:
    made = draft("97550", 45, kind=VisitKind.TREATMENT)
    assert [(line.code, line.units) for line in made.lines] == [("97550", 1), ("97551", 1)]
    assert errors(made) == []
    there = Situation(LATER, patient_spans=((START, START + timedelta(minutes=1)),))
    assert errors(draft("97550", 45, kind=VisitKind.TREATMENT, situation=there)) == [
        "patient-present"
    ]
    unasked = draft("97550", 45, kind=VisitKind.TREATMENT, stated=())
    assert errors(unasked) == ["unstated"]


def test_an_episode_has_one_evaluation_and_a_later_one_needs_a_stated_change() -> None:
    again = Situation(LATER, episode_codes=frozenset({"97161"}))
    first = draft("97162", 30, kind=VisitKind.EVALUATION, situation=again)
    assert "evaluation-twice" in errors(first)
    later = draft("97164", 20, kind=VisitKind.RE_EVALUATION, situation=again, stated=())
    assert "unstated" in errors(later)
    assert "unstated" not in errors(
        draft("97164", 20, kind=VisitKind.RE_EVALUATION, situation=again)
    )


def test_conditional_codes_belong_to_kinds_of_visits_by_date() -> None:
    assert "visit-code" in errors(draft("98967", 15, kind=VisitKind.TREATMENT))
    with pytest.raises(UsageError, match="97550"):
        count_units([Service("97550", 30)], rule="cms", on=date(2023, 12, 31))
    with pytest.raises(RehabctlError, match="2028"):
        count_units([Service("97550", 30)], rule="cms", on=date(2028, 1, 1))


@pytest.mark.parametrize(
    ("factors", "elements", "presentation", "codes"),
    [
        (0, 0, "stable", []),
        (0, 1, "stable", ["97161"]),
        (5, 9, "stable", ["97161"]),
        (1, 3, "evolving", ["97161", "97162"]),
        (1, 2, "evolving", ["97161"]),
        (3, 4, "unstable", ["97161", "97162", "97163"]),
        (2, 4, "unstable", ["97161", "97162"]),
    ],
)
def test_evaluations_need_every_component(
    factors: int, elements: int, presentation: str, codes: list[str]
) -> None:
    found = supported_evaluations(
        factors=factors, elements=elements, presentation=presentation, on=DAY
    )
    assert [one.code for one in found] == codes


def test_the_command_shows_supported_evaluations(rehabctl) -> None:
    asked = ("claim", "evaluation", "--date", "2026-03-16", "--factors", "1", "--elements", "3")
    assert "97162" in rehabctl(*asked, "--presentation", "evolving").stdout
    assert rehabctl(*asked, "--presentation", "odd").returncode == 2
    none = rehabctl(*asked[:-1], "0", "--presentation", "stable")
    assert (none.returncode, none.stdout) == (3, "")


def test_units_says_which_code_the_minutes_belong_to(rehabctl) -> None:
    shown = rehabctl("claim", "units", "--date", "2026-03-16", "--service", "98967=8", "--json")
    assert '"98967: the code for 8 minutes is 98966"' in shown.stdout
