"""`rehabctl licence check|import|status|add`: reason codes, exit codes, files taken over once."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands.conftest import At

HEAD = "login,profession,kind,state,number,issued_on,expires_on,status,is_home\n"


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (("--state", "CO"), 0, None),
        (("--state", "co", "--on", "2026-03-31"), 0, None),
        (("--state", "CO", "--on", "2026-04-01"), 3, "LIC_EXPIRED"),
        (("--state", "UT"), 3, "LIC_NONE"),
        (("--state", "ABROAD"), 3, "LOCATION_ABROAD"),
        ((), 3, "LOCATION_UNKNOWN"),
    ],
)
def test_a_check_prints_its_reason_and_exits_by_it(
    visits_clinic: At, me: str, argv: tuple[str, ...], code: int, reason: str | None
) -> None:
    found, out, _ = visits_clinic("02T09:00", "licence", "check", me, *argv)
    assert found == code
    assert [r["code"] for r in out["reasons"]] == ([reason] if reason else [])
    assert out["verdict"] == ("allowed" if code == 0 else "blocked")


def test_a_file_is_taken_over_once_and_bad_rows_are_named(
    visits_clinic: At, me: str, tmp_path: Path
) -> None:
    file = tmp_path / "licences.csv"
    good = f"{me},pt,privilege,UT,C-9,2026-01-05,2027-10-31,active,no\n"
    file.write_text(HEAD + good + "nobody,pt,licence,UT,1,2026-01-05,2027-10-31,active,no\n"
                    f"{me},pt,licence,XX,1,2026-01-05,2027-10-31,active,no\n")  # fmt: skip
    for created, unchanged in ((1, 0), (0, 1)):
        code, out, _ = visits_clinic("02T09:00", "licence", "import", str(file))
        assert (code, out["read"], out["rejected"]) == (7, 3, 2)
        assert (out["created"], out["unchanged"]) == (created, unchanged)
        assert [r["line"] for r in out["rejects"]] == [3, 4]
    file.write_text("login,state\n")
    code, _, err = visits_clinic("02T09:00", "licence", "import", str(file))
    assert (code, "lacks the columns" in err) == (1, True)


def test_status_warns_of_an_old_membership_list(visits_clinic: At, me: str) -> None:
    code, out, err = visits_clinic("02T09:00", "licence", "status")
    assert code == 0
    assert [(line["login"], line["state"], line["days_left"]) for line in out["items"]] == [
        (me, "CO", 29)
    ]
    assert "looked at" in err or not err


def test_bad_input_keeps_nothing(visits_clinic: At, me: str) -> None:
    add = ("licence", "add", me, "--number", "2", "--issued", "2024-01-01")
    for more, code in (
        (("--state", "XX", "--expires", "2027-01-01"), 2),
        (("--state", "UT", "--expires", "2023-01-01"), 2),
        (("--state", "UT", "--expires", "soon"), 2),
        (("--state", "UT", "--expires", "2027-01-01", "--kind", "privilege", "--home"), 2),
    ):
        assert visits_clinic("02T09:00", *add, *more)[0] == code
    assert visits_clinic("02T09:00", "licence", "check", "nobody", "--state", "CO")[0] == 4
    assert len(visits_clinic("02T09:00", "licence", "status")[1]["items"]) == 1
