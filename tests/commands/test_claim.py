"""`rehabctl claim preflight` as a script sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.claims import clearinghouse
from rehabctl.domain.errors import FindingsError
from rehabctl.services.claim_exchange import read_incoming
from tests.conftest import InProcess

RIGHT = Path("fixtures/claims/month.837")
NOW = "2026-11-20T12:00:00Z"


def test_right_claims_pass(in_process: InProcess) -> None:
    done = in_process("claim", "preflight", str(RIGHT), "--json", REHABCTL_NOW=NOW)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "schema_version": 1,
        "ok": True,
        "claims": 3,
        "findings": [],
    }


def test_a_fault_is_named_with_its_claim(in_process: InProcess) -> None:
    text = RIGHT.read_text().replace("*171.25*", "*170*", 1)
    done = in_process("claim", "preflight", "-", "--json", stdin=text, REHABCTL_NOW=NOW)
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


def test_what_is_no_claim_file_is_a_finding(in_process: InProcess, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 100)
    done = in_process("claim", "preflight", str(path), REHABCTL_NOW=NOW)
    assert done.returncode == 3
    assert "not-x12" in done.stdout
    missing = in_process("claim", "preflight", str(tmp_path / "none.837"))
    assert missing.returncode == 4
    assert missing.stderr == "rehabctl: error: none.837 does not exist. Check the path.\n"


def test_what_is_too_large_is_refused_before_it_is_read(
    in_process: InProcess, tmp_path: Path
) -> None:
    path = tmp_path / "large.x12"
    with path.open("wb") as stream:  # sparse: a gigabyte that takes no room
        stream.truncate(1_000_000_000)
    for command in (("claim", "preflight"), ("remit", "parse")):
        done = in_process(*command, str(path), REHABCTL_NOW=NOW)
        assert done.returncode == 3
        assert done.stderr.startswith("rehabctl: error: large.x12 is larger than")
        assert len(done.stderr.splitlines()) == 1
    with pytest.raises(FindingsError, match="larger than 32 MB"):  # what is acknowledged or posted
        read_incoming(path)


def test_payments_name_the_command_that_posts_them(in_process: InProcess, tmp_path: Path) -> None:
    (sent,) = clearinghouse.received(RIGHT.read_bytes()).claims[:1]
    path = tmp_path / "pay ment.835"
    path.write_bytes(clearinghouse.decision_835(sent, "T1"))
    done = in_process("remit", "parse", str(path))
    assert done.returncode == 0
    assert done.stderr.endswith(f"Next: rehabctl remit post '{path}'\n")
    told = json.loads(in_process("remit", "parse", str(path), "--json").stdout)
    assert told["next_command"] == f"rehabctl remit post '{path}'"
