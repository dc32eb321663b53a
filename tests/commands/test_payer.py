"""`rehabctl payer` as a script sees it."""

from __future__ import annotations

import json

from tests.conftest import InProcess

ACME = (
    "payer", "add", "acme", "--name", "Acme", "--id", "60054", "--filing-code", "CI",
    "--unit-rule", "ama", "--from", "2026-01-01", "--to", "2026-12-31",
    "--timely-filing-days", "180", "--source", "contract",
)  # fmt: skip


def test_a_payer_is_added_checked_and_shown(in_process: InProcess) -> None:
    more = ("--telehealth", "video=10:95", "--fee", "97110=60.00:41.50", "--in-person-first")
    rehearsed = in_process(*ACME, *more, "--dry-run")
    assert rehearsed.returncode == 0
    assert json.loads(in_process("payer", "list", "--json").stdout)["items"] == []
    done = in_process(*ACME, *more, "--port", "house", "--json")
    assert (done.returncode, json.loads(done.stdout)["fees"]) == (0, 1)
    shown = json.loads(in_process("payer", "show", "acme", "--json").stdout)
    assert shown["telehealth"] == {"video": {"place_of_service": "10", "modifier": "95"}}
    assert (shown["port"], shown["in_person_first"], shown["kx"]) == ("house", True, False)
    overlap = tuple("2026-06-01" if word == "2026-01-01" else word for word in ACME)
    assert in_process(*overlap).returncode == 3  # rules of the same days
    for wrong, code in (
        (("--fee", "97110"), 2), (("--fee", "97110=4.005"), 3), (("--fee", "97110=x"), 3),
        (("--telehealth", "pigeon=10"), 3), (("--from", "yesterday"), 2),
        (("--unit-rule", "guess"), 3), (("--to", "2025-01-01"), 3),
    ):  # fmt: skip
        refused = in_process(*ACME, *wrong)
        assert refused.returncode == code, (wrong, refused.stderr)
    assert len(json.loads(in_process("payer", "list", "--json").stdout)["items"]) == 1
