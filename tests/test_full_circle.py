"""A referral comes in, the patient exercises, results leave: the same values come back in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehabctl.integrations.hl7v2.message import parse
from tests.conftest import Rehabctl

pytestmark = pytest.mark.slow
NOW = "2026-03-20T15:00:00Z"
REFERRAL = "\r".join((
    "MSH|^~\\&|EHR|MAIN|RC|X|20260302||REF^I12|1|P|2.5.1",
    "RF1|A||PT||||20260225|20260601",
    "PRD|RP|Stone^Ira|||||1234567893^^NPI",
    "PID|1||7001^^^H^MR||Example^Dora||19700101|F|||1 Elm St^^Dayton^OH^45402",
    "DG1|1||M17.11^Osteoarthritis of the right knee^I10",
    "",
))  # fmt: skip
PAINS = {"2026-03-10T09:00:00-05:00": 6.0, "2026-03-12T09:00:00-05:00": 3.0}


def test_referral_in_sessions_results_out_and_back_in(rehabctl: Rehabctl, tmp_path: Path) -> None:
    def run(*argv: str, stdin: str = "", home: str = "here", code: int = 0) -> str:
        where = {"REHABCTL_HOME": str(tmp_path / home), "REHABCTL_NOW": NOW}
        done = rehabctl(*argv, stdin=stdin, **where)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    source = tmp_path / "referral.hl7"
    source.write_bytes(REFERRAL.encode())
    run("import", "hl7", str(source))
    run(
        "protocol", "assign", "total-knee-replacement", "--patient", "7001", "--start", "2026-03-02"
    )
    for number, (at, pain) in enumerate(PAINS.items()):
        session = {"id": f"s{number}", "started_at": at, "completed_at": at, "pain_after": pain,
                   "exercises": [{"exercise": "quad-set", "done": True, "reps": [10]}]}  # fmt: skip
        run("session", "log", "--patient", "7001", "--file", "-", stdin=json.dumps(session))

    results = tmp_path / "results.hl7"
    run("export", "hl7", "--patient", "7001", "-o", str(results))
    sent = parse(results.read_bytes())
    told = [float(o.text(5)) for o in sent.named("OBX") if o.text(3) == "72514-3"]
    assert told == list(PAINS.values())

    record = tmp_path / "record.json"
    run("export", "fhir", "--patient", "7001", code=5)
    run("consent", "grant", "data_sharing", "--patient", "7001")
    run("export", "fhir", "--patient", "7001", "-o", str(record))
    kinds = {e["resource"]["resourceType"] for e in json.loads(record.read_text())["entry"]}
    assert {"Patient", "Condition", "ServiceRequest", "CarePlan", "Observation"} <= kinds

    report = json.loads(run("import", "fhir", str(record), "--json", home="there"))
    assert (report["read"], report["rejected"]) == (report["created"], 0)
    here = json.loads(run("patient", "show", "7001", "--json"))
    there = json.loads(run("patient", "show", "7001", "--json", home="there"))
    for name in ("mrn", "given_name", "family_name", "birth_date", "sex", "state", "postal_code"):
        assert there[name] == here[name], name
    run("consent", "grant", "data_sharing", "--patient", "7001", home="there")
    run("export", "fhir", "--patient", "7001", "-o", str(tmp_path / "back.json"), home="there")
    back = json.loads((tmp_path / "back.json").read_text())
    ratings = {
        e["resource"]["effectiveDateTime"]: e["resource"]["valueQuantity"]["value"]
        for e in back["entry"]
        if e["resource"]["id"].startswith("pain-")
    }
    assert list(ratings.values()) == list(PAINS.values())
    run("import", "hl7", str(source))
    assert json.loads(run("audit", "verify", "--json"))["ok"]
