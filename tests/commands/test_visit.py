"""`rehabctl visit`: from check-in to close, with exit codes and JSON."""

from __future__ import annotations

import pytest
from commands.conftest import At


def start(at: At, visit: str, *more: str) -> tuple[int, object, str]:
    return at("03T15:00", "visit", "start", visit, "--channel", "video", *more)


def test_the_place_is_asked_and_licensure_checked_again(
    visits_clinic: At, booked: str, me: str
) -> None:
    for state, code, said in (("", 2, "state"), ("XX", 2, "two-letter"), ("UT", 3, "LIC_NONE")):
        found, out, err = start(visits_clinic, booked, *(("--state", state) if state else ()))
        assert (found, out) == (code, "")
        assert said in err
    lapsed = (
        "licence", "add", me, "--state", "CO", "--number", "PT-1", "--issued", "2024-01-01",
        "--expires", "2026-03-02", "--home",
    )  # fmt: skip
    assert visits_clinic("03T09:00", *lapsed)[0] == 0
    code, _, err = start(visits_clinic, booked, "--state", "CO")
    assert (code, "LIC_EXPIRED" in err, "Do not begin" in err) == (3, True, True)
    _, out, _ = visits_clinic("03T15:01", "visit", "show", booked)
    assert (out["status"], out["started_at"], len(out["licence_checks"])) == ("planned", None, 1)


def test_a_visit_from_check_in_to_close(visits_clinic: At, held: str) -> None:
    _, out, _ = visits_clinic("03T15:26", "visit", "show", held)
    assert (out["status"], out["patient_state"], out["minutes"]) == (
        "completed", "CO", {"97110": 23},
    )  # fmt: skip
    assert [c["when"] for c in out["licence_checks"]] == ["booking", "check_in"]
    _, units, _ = visits_clinic("03T15:26", "visit", "units", held)
    assert (units["total_timed_minutes"], units["total_timed_units"]) == (23, 2)
    code, _, err = visits_clinic("03T15:27", "visit", "rate", held, "11")
    assert (code, "between 0 and 10" in err) == (2, True)
    assert visits_clinic("03T15:27", "visit", "rate", held, "9")[1]["satisfaction"] == 9
    for verb in (("start", held, "--state", "CO"), ("stop", held), ("block", held, "97110")):
        code, _, err = visits_clinic("03T15:28", "visit", *verb)
        assert (code, "completed" in err) == (2, True)


def test_units_run_along_and_channels_are_kept(visits_clinic: At, booked: str) -> None:
    assert start(visits_clinic, booked, "--state", "CO")[0] == 0
    assert visits_clinic("03T15:00", "visit", "block", booked, "97110")[0] == 0
    for when, units in (("03T15:07", 0), ("03T15:08", 1), ("03T15:22", 1), ("03T15:23", 2)):
        _, out, _ = visits_clinic(when, "visit", "units", booked)
        assert out["total_timed_units"] == units
    _, out, _ = visits_clinic("03T15:24", "visit", "channel", booked, "phone")
    assert [c["channel"] for c in out["channels"]] == ["video", "phone"]
    code, _, err = visits_clinic("03T15:24", "visit", "channel", booked, "fax")
    assert (code, "in_person" in err) == (2, True)
    code, _, err = visits_clinic("03T15:24", "visit", "block", booked, "9711")
    assert (code, "97110" in err) == (2, True)
    code, _, err = visits_clinic(
        "03T15:25", "visit", "stop", booked, "--at", "2026-03-03T15:10:00Z"
    )
    assert (code, "--at" in err) == (2, True)
    assert visits_clinic("03T15:25", "visit", "show", booked)[1]["status"] == "in_progress"


def test_the_join_sheet_has_the_ladder(visits_clinic: At, booked: str) -> None:
    code, out, _ = visits_clinic("03T14:55", "visit", "sheet", booked)
    assert code == 0
    assert [k for k in out if k.startswith("step_")] == [
        "step_1_video", "step_2_video", "step_3_audio", "step_4_phone", "step_5_rescheduled",
    ]  # fmt: skip
    assert booked in out["step_4_phone"]
    assert out["licence"] == "allowed"


@pytest.mark.parametrize("verb", ["show", "sheet", "units", "stop", "start"])
def test_an_unknown_visit_is_not_found(visits_clinic: At, verb: str) -> None:
    for wrong in ("x", "00000000-0000-0000-0000-000000000000"):
        assert visits_clinic("02T09:00", "visit", verb, wrong)[0] == 4
