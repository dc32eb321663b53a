"""Paper and calendar, read back with independent readers."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar
from pypdf import PdfReader

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.hand_out import HandOut
from rehabctl.integrations.hand_outs.calendar import write_calendar
from rehabctl.integrations.hand_outs.pdf import write_pdf
from rehabctl.integrations.hand_outs.wording import dose
from rehabctl.reference.rules import load_rules
from tests.integrations.hand_outs.samples import START, exercise, hand_out

DENVER = ZoneInfo("America/Denver")


def pages(data: bytes) -> list[str]:
    return [" ".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(data)).pages]


def smallest_type(data: bytes) -> float:
    sizes: set[float] = set()

    def see(text: str, _cm: object, matrix: list[float], _font: object, size: float) -> None:
        if text.strip():
            sizes.add(size * abs(matrix[3]))

    for page in PdfReader(io.BytesIO(data)).pages:
        page.extract_text(visitor_text=see)
    return min(sizes)


@pytest.mark.parametrize("compact", [False, True])
def test_paper_holds_every_step_in_large_print(compact: bool) -> None:
    content = hand_out()
    data = write_pdf(content, compact=compact)
    found = pages(data)
    whole = " ".join(found)
    for row in content.exercises:
        amount = dose(row, content.texts)
        for text in (row.name, amount, *row.steps, *row.equipment, row.note or ""):
            assert " ".join(text.split()) in whole
    for text in (content.texts.red_flag_advice, "Monday, Wednesday, Friday", "Ring me on Monday."):
        assert text in whole
    assert smallest_type(data) >= 14
    if not compact:  # a page of its own for each exercise
        starts = [n for n, text in enumerate(found) if "Not yet approved" in text]
        assert len(starts) == 2


def test_cues_stand_on_paper_of_one_exercise_a_page() -> None:
    whole = " ".join(pages(write_pdf(hand_out())))
    for text in (*exercise("bodyweight-squat").cues, *exercise("bodyweight-squat").common_errors):
        assert text in whole


def test_the_same_programme_is_the_same_file() -> None:
    assert write_pdf(hand_out()) == write_pdf(hand_out())
    assert write_pdf(hand_out()) != write_pdf(hand_out(notes="Other"))


def test_a_name_stands_only_where_it_was_asked_for() -> None:
    assert "Ana Díaz" in " ".join(pages(write_pdf(hand_out(patient="Ana Díaz"))))
    assert "Díaz" not in " ".join(pages(write_pdf(hand_out())))


def occurrences(data: bytes) -> list[datetime]:
    """Expand the event with dateutil, which knows nothing of the writer."""
    [event] = Calendar.from_ical(data).walk("VEVENT")
    start: datetime = event.decoded("dtstart")
    rule = rrulestr(event["rrule"].to_ical().decode(), dtstart=start)
    left_out = event.get("exdate")
    dates = {d.dt for d in left_out.dts} if left_out else set[datetime]()
    return [day for day in rule if day not in dates]


def calendar(content: HandOut, **more: bool) -> bytes:
    return write_calendar(content, time(8, 30), 20, **({"with_exercises": False} | more))


@pytest.mark.parametrize("missing", [(), (3,), (0, 5, 11)])
def test_the_calendar_names_exactly_the_days_of_the_programme(missing: tuple[int, ...]) -> None:
    content = hand_out()
    due = tuple(day for n, day in enumerate(content.due_on) if n not in missing)
    found = occurrences(calendar(replace(content, due_on=due)))
    assert [when.date() for when in found] == list(due)
    # the clocks change on 2026-03-08: a session stays at half past eight
    assert {when.astimezone(DENVER).time() for when in found} == {time(8, 30)}
    assert {when.utcoffset() for when in found} == {timedelta(hours=-7), timedelta(hours=-6)}


def test_the_calendar_follows_the_standard() -> None:
    data = calendar(hand_out())
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    parsed = Calendar.from_ical(data)
    assert (parsed["version"], parsed["method"]) == ("2.0", "PUBLISH")
    [zone] = parsed.walk("VTIMEZONE")
    [event] = parsed.walk("VEVENT")
    assert event["dtstart"].params["TZID"] == zone["tzid"] == "America/Denver"
    assert event["rrule"]["UNTIL"][0].utcoffset() == timedelta(0)  # UTC, as the standard asks
    assert event["sequence"] == 3
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=20)
    assert calendar(hand_out()) == data


def test_the_calendar_tells_nothing_about_the_patient() -> None:
    content = hand_out(patient="Ana Diaz", notes="after her fall")
    text = calendar(content).decode()
    assert not any(word in text for word in ("Diaz", "fall", "squat", "quad", "Clinic"))
    named = calendar(content, with_exercises=True).decode().replace("\r\n ", "")
    assert "Bodyweight squat: 2 sets of 2" in named
    assert "Diaz" not in named


def test_a_programme_without_days_ahead_has_no_calendar() -> None:
    with pytest.raises(FindingsError, match="no day"):
        calendar(hand_out(due_on=()))


def test_every_question_of_the_page_is_one_of_the_rule() -> None:
    known = load_rules().in_force(date(2026, 3, 2))["RED_FLAG"].options
    assert dict(hand_out().texts.red_flags).keys() == known.keys()


def test_the_figure_keeps_its_bones_and_moves() -> None:
    for slug in ("bodyweight-squat", "active-abduction-stand", "standing-knee-flexion"):
        figure = exercise(slug).figure
        assert figure is not None
        lengths = [
            [((f[a][0] - f[b][0]) ** 2 + (f[a][1] - f[b][1]) ** 2) ** 0.5 for a, b in figure.bones]
            for f in figure.frames
        ]
        for one, two in pairwise(lengths):
            assert one == pytest.approx(two, abs=0.02)
        assert figure.frames[0] != figure.frames[len(figure.frames) // 2]


def test_the_squat_figure_sits_back_over_its_foot() -> None:
    figure = exercise("bodyweight-squat").figure
    assert figure is not None
    deepest = min(figure.frames, key=lambda frame: frame[3][1])
    ankle, _, knee, hip, shoulder = deepest[:5]
    assert hip[0] < ankle[0] < knee[0]
    assert hip[1] < 0.75 * figure.frames[0][3][1]
    assert shoulder[1] > hip[1]
    assert START in hand_out().due_on
