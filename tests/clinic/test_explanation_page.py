"""The page of `triage explain`."""

from __future__ import annotations

from patient_facts import RULES, at, journal, on, patient

from rehabctl.clinic.explanation import explain
from rehabctl.clinic.triage import refresh
from rehabctl.commands._triage_views import page

FLAGGED = patient(journal=(journal(19, 2.0, "fall"),))


def test_the_page_tells_what_why_since_when_and_where_to_look() -> None:
    """A reason has its evidence under it, and nothing is wider than 80 columns."""
    refreshed = refresh(FLAGGED, (), at(20), RULES)
    told = page("7", explain(FLAGGED, refreshed.alerts, at(20), RULES)).splitlines()
    assert told[0] == f"7: red flag, on {on(20)}, 1 reason"
    assert told[2].startswith("Red-flag answer: a fall with new pain")
    facts = {line[2:11].strip(): line[11:] for line in told[3:10] if line[2:3].strip()}
    assert list(facts) == ["since", "read", "limits", "rule", "look at", "act on"]
    assert facts["limits"] == "within 14 days"  # without the words of the other answers
    assert facts["act on"] == "rehabctl alert list --patient 7"
    assert max(map(len, told)) <= 80
