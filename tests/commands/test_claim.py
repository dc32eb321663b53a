"""`rehabctl claim preflight` as a script sees it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Rehabctl

RIGHT = Path("fixtures/claims/month.837")
NOW = "2026-11-20T12:00:00Z"


def test_right_claims_pass(rehabctl: Rehabctl) -> None:
    done = rehabctl("claim", "preflight", str(RIGHT), "--json", REHABCTL_NOW=NOW)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "schema_version": 1,
        "ok": True,
        "claims": 3,
        "findings": [],
    }


def test_a_fault_is_named_with_its_claim(rehabctl: Rehabctl) -> None:
    text = RIGHT.read_text().replace("*171.25*", "*170*", 1)
    done = rehabctl("claim", "preflight", "-", "--json", stdin=text, REHABCTL_NOW=NOW)
    assert done.returncode == 3
    report = json.loads(done.stdout)
    assert not report["ok"]
    assert report["findings"] == [
        {
            "rule": "claim-total",
            "severity": "error",
            "claim": "RC00000001",
            "segment": "CLM",
            "position": 21,
            "message": "CLM02 differs from the sum of the lines by -1.25",
            "fix": "Write the sum of the lines",
        }
    ]


def test_what_is_no_claim_file_is_a_finding(rehabctl: Rehabctl, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 100)
    done = rehabctl("claim", "preflight", str(path), REHABCTL_NOW=NOW)
    assert done.returncode == 3
    assert "not-x12" in done.stdout
    missing = rehabctl("claim", "preflight", str(tmp_path / "none.837"))
    assert missing.returncode == 4
    assert missing.stderr == "rehabctl: error: none.837 does not exist. Check the path.\n"
