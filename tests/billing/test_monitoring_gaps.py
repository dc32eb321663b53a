"""What a month lacks for each code, worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest
from tui.monitoring import facts_of

from rehabctl.billing.monitoring_evidence import MonthFacts, month_evidence
from rehabctl.billing.monitoring_gaps import month_gaps, month_window


def told(facts: MonthFacts) -> list[tuple[str, str, date, bool]]:
    return [
        (one.code, one.missing, one.until, one.reachable)
        for one in month_gaps(month_evidence(facts), facts)
    ]


END = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("minutes", "lacking"),
    [
        (0, [("98979", "10 more minutes and live contact"),
             ("98980", "20 more minutes and live contact")]),
        (12, [("98979", "live contact in the month"),
              ("98980", "8 more minutes and live contact")]),
        (21, [("98981", "19 more minutes")]),
        (40, []),
    ],
)  # fmt: skip
def test_minutes_and_contact(minutes: int, lacking: list[tuple[str, str]]) -> None:
    found = told(facts_of("2026-03", 0, minutes))
    assert found == [(code, words, END, True) for code, words in lacking]


def test_days_of_the_window_and_whether_there_is_time() -> None:
    facts = facts_of("2026-03", 1, 40)  # one day of data, yesterday: the window began then
    window = month_window(month_evidence(facts), facts)
    assert window is not None
    assert (window.first, window.days, window.wanted) == (date(2026, 3, 11), 1, 16)
    last = date(2026, 4, 9)
    assert told(facts) == [
        ("98985", "1 more day with data", last, True),
        ("98977", "15 more days with data", last, True),
        ("98975", "1 more day with data", last, True),
    ]
    late = facts_of("2026-03", 1, 40, today=date(2026, 3, 28))
    assert ("98977", "15 more days with data", last, False) in told(late)
    over = facts_of("2026-03", 1, 40, episode_until=date(2026, 3, 12))
    assert ("98985", "1 more day with data", date(2026, 3, 12), True) in told(over)


def test_a_device_without_a_statement() -> None:
    blocked = told(facts_of("2026-03", 16, 40, attestations=()))
    assert [(code, words) for code, words, *_ in blocked] == [
        ("98977", "a named person's statement on the device: rtm attest"),
        ("98975", "a named person's statement on the device: rtm attest"),
    ]
