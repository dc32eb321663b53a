"""`rehabctl schedule`: exit codes and JSON of every verb, and bad input that changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands.conftest import BOOK, At

START = "2026-03-03T15:00:00Z"


def items(at: At) -> list[str]:
    code, out, _ = at("02T09:00", "schedule", "list", "--from", "2026-03-02", "--days", "92")
    assert code == 0
    return [line["id"] for line in out["items"]]


def test_a_booking_says_what_it_rests_on(visits_clinic: At) -> None:
    code, out, err = visits_clinic("02T08:01", *BOOK)
    assert (code, out["schema_version"], out["next"]) == (0, 1, None)
    [visit] = out["items"]
    assert (visit["type"], visit["status"], visit["expected_state"]) == (
        "treatment-tele", "planned", "CO",
    )  # fmt: skip
    assert (visit["start_at"], visit["end_at"]) == (START, "2026-03-03T15:30:00Z")
    [check] = visit["licence_checks"]
    assert (check["when"], check["verdict"], check["basis"]) == (
        "booking", "allowed", ["pt licence CO"],
    )  # fmt: skip
    assert "where she is will be asked at check-in" in err


BAD = [
    ((*BOOK[:5], "--start", START, "--zone", "Mars/Base"), 2, "no time zone 'Mars/Base'"),
    ((*BOOK[:5], "--start", "2026-03-03T15:00"), 2, "zone"),
    ((*BOOK, "--state", "XX"), 3, "LOCATION_UNKNOWN"),
    ((*BOOK, "--state", "ABROAD"), 3, "LOCATION_ABROAD"),
    ((*BOOK, "--state", "UT"), 3, "LIC_NONE"),
    ((*BOOK, "--state", "UT", "--override", "I know"), 3, "LIC_NONE"),
    ((*BOOK[:5], "--start", "2026-04-01T15:00:00Z"), 3, "LIC_EXPIRED"),
    ((*BOOK[:5], "--start", "2026-03-25T15:00:00Z", "--every-weeks", "1", "--count", "2"), 3,
     "LIC_EXPIRED"),
    (("schedule", "book", *"1234567", "--type", "group-tele", "--start", START), 3,
     "GROUP_TOO_LARGE"),
    (("schedule", "book", "1", "1", "--type", "group", "--start", START), 2, "twice"),
    (("schedule", "book", "9", "--start", START), 4, "patient"),
    ((*BOOK, "--provider", "nobody"), 4, "nobody"),
    ((*BOOK[:3], "--type", "tretment", "--start", START), 2, "treatment"),
    ((*BOOK, "--minutes", "33"), 2, "30, 45, 60"),
    ((*BOOK[:5], "--start", "2026-03-01T15:00:00Z"), 2, "past"),
    ((*BOOK, "--waitlist", "x"), 4, "waitlist"),
]  # fmt: skip


@pytest.mark.parametrize(("argv", "code", "said"), BAD)
def test_bad_input_is_one_line_and_books_nothing(
    visits_clinic: At, argv: tuple[str, ...], code: int, said: str
) -> None:
    found, out, err = visits_clinic("02T08:01", *argv)
    assert (found, out) == (code, "")
    assert err.startswith("rehabctl: error: ")
    assert said in err
    assert err.count("\n") == 1
    assert items(visits_clinic) == []


def test_a_booking_is_moved_cancelled_and_its_time_is_free_again(
    visits_clinic: At, booked: str
) -> None:
    taken = ("schedule", "book", "2", "--type", "treatment-tele", "--start", START)
    code, _, err = visits_clinic("02T08:02", *taken)
    assert (code, "OVERLAP" in err) == (3, True)
    later = ("schedule", "move", booked, "--start", "2026-03-04T15:00:00Z")
    code, out, _ = visits_clinic("02T08:03", *later)
    assert code == 0
    assert [c["when"] for c in out["items"][0]["licence_checks"]] == ["booking", "moving"]
    assert visits_clinic("02T08:04", *taken)[0] == 0
    past = ("schedule", "move", booked, "--start", "2026-04-02T15:00:00Z")
    code, _, err = visits_clinic("02T08:05", *past)
    assert (code, "LIC_EXPIRED" in err) == (3, True)
    code, out, _ = visits_clinic("04T09:00", "schedule", "cancel", booked, "--reason", "ill")
    assert (code, out["items"][0]["status"], out["items"][0]["late"]) == (0, "cancelled", True)
    for verb in (("cancel", booked, "--reason", "again"), later[1:]):
        code, _, err = visits_clinic("04T09:01", "schedule", *verb)
        assert (code, "cancelled" in err) == (2, True)


def test_the_type_follows_from_the_intake(visits_clinic: At) -> None:
    ask = ("schedule", "suitability", "1")
    assert visits_clinic("02T08:01", *ask)[0] == 4
    code, _, err = visits_clinic("02T08:01", *ask, "--falls", "2")
    assert (code, "--device" in err) == (2, True)
    code, out, _ = visits_clinic("02T08:01", *ask, "--falls", "2", "--device", "video")
    assert (code, out["first_visit"], out["first_appointment_type"]) == (
        0, "in_person", "evaluation",
    )  # fmt: skip
    assert [(r["code"], r["rule_version"], r["visits"]) for r in out["reasons"]] == [
        ("FALLS_ALONE", "FALLS_ALONE@2020-01-01", "all")
    ]
    assert out["assessed_at"] == "2026-03-02T08:01:00Z"
    assert visits_clinic("02T08:02", *ask)[1] == out
    code, _, err = visits_clinic("02T08:03", *BOOK)
    assert (code, "NOT_SUITABLE" in err, "FALL" in err) == (3, True, False)
    code, out, _ = visits_clinic("02T08:04", "schedule", "book", "1", "--start", START)
    assert (code, out["items"][0]["type"]) == (0, "evaluation")
    override = ("--start", "2026-03-05T15:00:00Z", "--override", "lives far away")
    assert visits_clinic("02T08:05", *BOOK[:5], *override)[0] == 0


def test_hours_availability_absence(visits_clinic: At, me: str) -> None:
    free = ("schedule", "availability", "--from", "2026-03-03", "--days", "1", "--limit", "2")
    code, _, err = visits_clinic("02T08:01", *free)
    assert (code, "schedule hours" in err) == (3, True)
    code, _, err = visits_clinic("02T08:01", "schedule", "hours", me, "tue=9-10")
    assert (code, "mon=09:00-17:00" in err) == (2, True)
    hours = ("schedule", "hours", me, "tue=09:00-11:00", "--zone", "UTC")
    code, _, err = visits_clinic("02T08:01", *hours[:-1], "Mars/Base")
    assert (code, "Mars/Base" in err) == (2, True)
    code, out, _ = visits_clinic("02T08:01", *hours)
    assert (code, out["items"][0]["weekday"]) == (0, 2)
    _, out, _ = visits_clinic("02T08:02", *free)
    assert [line["start_at"] for line in out["items"]] == [
        "2026-03-03T09:00:00Z", "2026-03-03T09:05:00Z",
    ]  # fmt: skip
    away = ("--from", "2026-03-03T09:00:00Z", "--until", "2026-03-03T10:00:00Z")
    assert visits_clinic("02T08:03", "schedule", "away", me, *away)[1]["appointments_booked"] == 0
    _, out, _ = visits_clinic("02T08:04", *free)
    assert out["items"][0]["start_at"] == "2026-03-03T10:00:00Z"
    code, _, err = visits_clinic("02T08:05", *BOOK[:5], "--start", "2026-03-03T09:30:00Z")
    assert (code, "ABSENT" in err) == (3, True)


def test_the_waitlist_and_calendar_files(visits_clinic: At, me: str, tmp_path: Path) -> None:
    code, out, _ = visits_clinic("02T08:01", "schedule", "waitlist", "--add", "1")
    assert code == 0
    [entry] = out["items"]
    assert (entry["mrn"], entry["type"]) == ("1", "treatment")
    assert visits_clinic("02T08:02", *BOOK, "--waitlist", entry["id"])[0] == 0
    assert visits_clinic("02T08:03", "schedule", "waitlist")[1]["items"] == []
    file = tmp_path / "week.ics"
    span = ("--from", "2026-03-02", "--days", "7")
    from rehabctl import cli

    assert cli.run(["schedule", "export", *span, "-o", str(file)]) == 0
    assert file.read_bytes().count(b"BEGIN:VEVENT") == 1
    assert b"Quispe" not in file.read_bytes()
    for created in (1, 0):
        code, out, _ = visits_clinic("02T08:05", "schedule", "import", str(file), "--provider", me)
        assert (code, out["created"]) == (0, created)
    file.write_bytes(b"BEGIN:VCARD")
    code, _, err = visits_clinic("02T08:06", "schedule", "import", str(file), "--provider", me)
    assert (code, "not an iCalendar" in err) == (1, True)
