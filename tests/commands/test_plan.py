"""`rehabctl plan`: content elements, certification, authorisations and their limits on bookings."""

from __future__ import annotations

from commands.conftest import BOOK, At

WRITE = (
    "plan", "write", "1", "--goal", "Climb stairs", "--type", "exercise", "--amount", "once a day",
    "--frequency", "2 a week", "--weeks", "2", "--credentials", "PT",
)  # fmt: skip
GIVEN = (
    "plan", "authorise", "1", "--number", "A-1", "--payer", "ACME", "--from", "2026-03-01",
    "--until", "2026-03-31",
)  # fmt: skip


def test_a_plan_from_writing_to_certification(visits_clinic: At) -> None:
    empty = [word if word != "2 a week" else " " for word in WRITE]
    code, out, err = visits_clinic("02T08:01", *empty)
    assert (code, out, "frequency" in err) == (3, "", True)
    assert visits_clinic("02T08:01", "plan", "show", "1")[1]["ends_on"] is None
    code, out, _ = visits_clinic("02T08:02", *WRITE)
    assert (code, out["ends_on"], out["certified"]) == (0, "2026-03-16", False)
    sent = ("plan", "transmit", "1", "--to", "Dr Rowe", "--proof", "fax-1")
    code, out, _ = visits_clinic("03T08:00", *sent)
    assert (code, out["transmitted_on"], out["certified"]) == (0, "2026-03-03", False)
    code, out, _ = visits_clinic("04T08:00", "plan", "certify", "1", "--by", "Dr Rowe")
    assert (code, out["certified"], out["certified_on"]) == (0, True, "2026-03-04")
    code, _, err = visits_clinic("04T08:01", *BOOK[:5], "--start", "2026-03-17T15:00:00Z")
    assert (code, "POC_ENDED" in err) == (3, True)
    re_evaluation = ("schedule", "book", "1", "--type", "re-evaluation")
    assert visits_clinic("04T08:02", *re_evaluation, "--start", "2026-03-17T15:00:00Z")[0] == 0


def test_an_authorisation_limits_bookings(visits_clinic: At) -> None:
    code, _, err = visits_clinic("02T08:01", *GIVEN)
    assert (code, "--visits or --units" in err) == (2, True)
    code, out, _ = visits_clinic("02T08:01", *GIVEN, "--visits", "1")
    assert (code, out["authorisations"][0]["visits_left"]) == (0, 1)
    assert visits_clinic("02T08:01", *GIVEN, "--visits", "1")[0] == 1  # on file already
    code, out, _ = visits_clinic("02T08:02", *BOOK)
    assert code == 0
    second = (*BOOK[:5], "--start", "2026-03-05T15:00:00Z")
    code, _, err = visits_clinic("02T08:03", *second)
    assert (code, "AUTH_USED_UP" in err) == (3, True)
    move = ("schedule", "move", out["items"][0]["id"], "--start", "2026-03-05T15:00:00Z")
    assert visits_clinic("02T08:04", *move)[0] == 0  # itself does not count
    assert visits_clinic("02T08:05", *BOOK, "--override", "payer said yes")[0] == 0


def test_unknown_patients_and_wrong_days(visits_clinic: At) -> None:
    assert visits_clinic("02T08:01", "plan", "show", "9")[0] == 4
    assert visits_clinic("02T08:01", "plan", "certify", "1", "--by", "Dr Rowe")[0] == 4
    assert visits_clinic("02T08:01", *WRITE)[0] == 0
    late = ("plan", "certify", "1", "--by", "Dr Rowe", "--on", "2026-03-09")
    code, _, err = visits_clinic("02T08:02", *late)
    assert (code, "--on" in err) == (2, True)
