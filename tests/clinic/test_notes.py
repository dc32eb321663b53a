"""Templates with checked fields, what a draft says, and what keeps it from being signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from rehabctl.clinic.note_check import findings, sections_of, with_section
from rehabctl.clinic.note_content import CLINICIAN, NoteFacts, fields_of
from rehabctl.clinic.wording import find
from rehabctl.domain import facts as f
from rehabctl.domain.episode import Goal, GoalTerm
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.note import NoteKind
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.visit import Channel, ChannelSpan, Visit, VisitKind, VisitStatus
from rehabctl.reference.note_templates import FIELDS, REQUIRED_SECTIONS, fill, load_note_template

KINDS = tuple(REQUIRED_SECTIONS)
NOW = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
UNIT = UUID(int=1)
REF = PatientRef(UNIT, UNIT, UNIT)


def measured(days_ago: int, value: float, method: str = "camera full v1") -> f.Measurement:
    at = NOW - timedelta(days=days_ago)
    return f.Measurement(
        str(days_ago), at, at, "heel-slide", "knee_flexion", "left", value, 5.5, method
    )


VISIT = Visit(
    id=UNIT,
    patient=REF,
    kind=VisitKind.TREATMENT,
    planned_start_at=NOW,
    planned_end_at=NOW + timedelta(minutes=45),
    provider_id=UNIT,
    status=VisitStatus.COMPLETED,
    started_at=NOW,
    ended_at=NOW + timedelta(minutes=44, seconds=50),
    patient_state="CO",
    channels=(
        ChannelSpan(Channel.VIDEO, NOW, NOW + timedelta(minutes=9)),
        ChannelSpan(Channel.PHONE, NOW + timedelta(minutes=9)),
    ),
)
KNOWN = NoteFacts(
    facts=f.PatientFacts(
        patient_id="1",
        time_zone="America/Denver",
        episode=f.Episode(date(2026, 1, 5), condition="TKR", surgery_on=date(2026, 1, 12),
                          side="left"),
        sessions=(
            f.SessionFact("s", NOW - timedelta(days=1), NOW, completed=True, pain_before=2,
                          pain_during=4, pain_after=3,
                          exercises=(f.ExerciseRecord("heel-slide", repetitions=(10, 8)),)),
        ),
        measurements=(measured(28, 80), measured(14, 91), measured(7, 99),
                      measured(2, 104), measured(3, 60, "sensor X")),
        scores=(f.ScoreFact("p", NOW, NOW, "nprs", "total", 3, higher_is_better=False),),
    ),
    day=date(2026, 3, 9),
    since=date(2026, 3, 2),
    visit=VISIT,
    visits_held=1,
    treatment_days=9,
    goals=(
        Goal(UNIT, REF, UNIT, "Bend the knee", GoalTerm.LONG, "knee_flexion", Side.LEFT, 80, 120,
             "deg"),
    ),
    plan=None,
    authorisations=(),
    diagnosis="Knee replacement M17.11",
    home_exercises=("Heel slide: 3 x 10, 5 a week",),
    done=5,
    scheduled=7,
    prom_changes={("nprs", "total"): "5 on 2026-03-02: detectable"},
    units={"97110": 2},
    minutes={"97110": 30},
    timed_minutes=30,
)  # fmt: skip


def draft(kind: NoteKind, known: NoteFacts = KNOWN) -> str:
    return fill(load_note_template(kind), fields_of(known))


def test_fields_and_their_text_are_the_same_list() -> None:
    assert set(fields_of(KNOWN)) == set(FIELDS)


def test_a_daily_note_repeats_what_was_measured() -> None:
    body = draft(NoteKind.DAILY)
    for text in (
        "Treatment 10:00 to 10:44, by video, then phone, patient in CO.",
        "before 2, during 4, after 3 of 10 in the session of 2026-03-08",
        "5 of 7 planned sessions done (71 %)",
        "nprs 3 on 2026-03-09 (5 on 2026-03-02: detectable)",
        "knee flexion left max 104 ± 6° on 2026-03-07 by camera full v1, first 80 ± 6°",
        "heel-slide 10/8",
        "97110 30 min",
        "Timed minutes 30, total treatment minutes 44",
        "97110 x 2",
    ):
        assert text in body, text
    assert body.count(CLINICIAN) == 2


def test_values_of_two_methods_are_never_compared() -> None:
    facts = replace(KNOWN.facts, measurements=(measured(28, 80), measured(2, 60, "sensor X")))
    assert "by sensor X" in draft(NoteKind.DAILY, replace(KNOWN, facts=facts))
    assert "first" not in draft(NoteKind.DAILY, replace(KNOWN, facts=facts))


def test_the_other_kinds_say_what_is_theirs() -> None:
    progress = draft(NoteKind.PROGRESS)
    assert "9 treatment days since the report before" in progress
    assert "Bend the knee: from 80 to 120 deg, now 104 on 2026-03-07" in progress
    discharge = draft(NoteKind.DISCHARGE)
    assert "1 visit were held" in discharge or "1 visit" in discharge
    assert "- Heel slide: 3 x 10, 5 a week" in discharge
    request = draft(NoteKind.AUTHORISATION)
    assert "on day 82 after surgery, from 4 values" in request
    assert "90 % interval" in request


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_of_an_empty_record_says_that_nothing_is_recorded(kind: NoteKind) -> None:
    empty = NoteFacts(
        facts=f.PatientFacts("1", "America/Denver"), day=date(2026, 3, 9), since=date(2026, 3, 9),
        visit=None, visits_held=0, treatment_days=0, goals=(), plan=None, authorisations=(),
        diagnosis=None, home_exercises=(), done=0, scheduled=0, prom_changes={}, units={},
        minutes={}, timed_minutes=0,
    )  # fmt: skip
    body = draft(kind, empty)
    assert "not recorded" in body
    assert CLINICIAN in body
    assert find(body) == []


@pytest.mark.parametrize("kind", KINDS)
def test_drafts_keep_to_the_wording(kind: NoteKind) -> None:
    assert find(draft(kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_draft_is_signed_only_after_the_clinician_wrote(kind: NoteKind) -> None:
    body = draft(kind)
    marked = [
        section.title
        for section in sections_of(body)
        if any(CLINICIAN in line for line in section.lines)
    ]
    assert [finding.section for finding in findings(kind, body)] == marked
    for title in marked:
        body = with_section(body, title, "My words.")
    assert findings(kind, body) == []
    assert body.count("My words.") == len(marked)


def test_content_elements_are_asked_for() -> None:
    body = with_section(draft(NoteKind.DAILY), "Assessment", "x")
    body = with_section(body, "Plan", "x")
    assert findings(NoteKind.DAILY, body) == []
    cut = body.replace("## Objective", "Objective")
    assert [(x.code, x.section) for x in findings(NoteKind.DAILY, cut)] == [
        ("SECTION_MISSING", "Objective")
    ]
    emptied = with_section(body, "Assessment", "  ")
    assert [x.code for x in findings(NoteKind.DAILY, emptied)] == ["SECTION_EMPTY"]
    with pytest.raises(NotFoundError, match="Assessment"):
        with_section(body, "Asessment", "x")


def test_a_template_with_an_unknown_field_is_refused_by_its_line() -> None:
    text = load_note_template(NoteKind.DAILY).text
    own = load_note_template(NoteKind.DAILY, text, "note_templates/daily.md")
    assert own.version.startswith("note_templates/daily.md:daily@")
    with pytest.raises(UsageError, match=r"daily\.md:6: unknown field \{payn\}.*'pain'"):
        load_note_template(NoteKind.DAILY, text.replace("{pain}", "{payn}"), "daily.md")
    with pytest.raises(UsageError, match="needs the section 'Assessment'"):
        load_note_template(NoteKind.DAILY, text.replace("## Assessment", "## Thoughts"), "d.md")
