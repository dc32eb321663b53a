"""What the charts of a patient are drawn from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.facts import JournalEntry, PatientFacts, SessionFact
from rehabctl.reference.rules import load_rules
from rehabctl.services.patient_detail import _pain_trend

NOW = datetime(2026, 3, 12, 8, 41, tzinfo=UTC)


def test_the_chart_of_pain_ends_where_the_worklist_says_that_pain_is() -> None:
    days = [NOW - timedelta(days=n) for n in (3, 2, 1)]
    facts = PatientFacts(
        patient_id="p",
        time_zone="UTC",
        sessions=(
            SessionFact("a", days[0], days[0], completed=True, pain_after=7.0),
            SessionFact("b", days[2], days[2], completed=True),
        ),
        journal=(JournalEntry("c", days[1], days[1], pain=1.0),),
    )
    (trend,) = _pain_trend(facts)
    told = PatientView.of(facts, NOW, load_rules()).ratings(7)
    assert [(p.at, p.value) for p in trend.points] == [(r.at, r.value) for r in told]
    assert [p.method for p in trend.points] == ["with a session", "daily journal"]
    assert _pain_trend(PatientFacts(patient_id="p", time_zone="UTC")) == []
