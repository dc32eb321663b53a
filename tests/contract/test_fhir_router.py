"""The same client against an independent FHIR router, by the commands that a user runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rehabctl.integrations.fhir.outbound import resources
from tests.conftest import Rehabctl
from tests.integrations.fhir.test_outbound import NOW as CARE_NOW
from tests.integrations.fhir.test_outbound import care

FOLDER = Path(__file__).parents[1] / "integrations" / "fhir" / "router"
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


@pytest.fixture
def address() -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").exists():
        pytest.skip(f"node or the router is missing: npm ci --prefix {FOLDER.name}")
    with subprocess.Popen([node, "server.cjs"], cwd=FOLDER, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def test_a_record_goes_to_a_router_and_comes_back(
    rehabctl: Rehabctl, address: str, tmp_path: Path
) -> None:
    def run(*argv: str, stdin: str = "", home: str = "here", code: int = 0) -> str:
        where = {"REHABCTL_HOME": str(tmp_path / home), "REHABCTL_NOW": NOW}
        done = rehabctl(*argv, stdin=stdin, **where)
        assert done.returncode == code, done.stderr
        return done.stdout

    def counts(text: str) -> dict[str, str]:
        return dict(line.split() for line in text.splitlines())

    file, signed = tmp_path / "connections.toml", tmp_path / "baa.pdf"
    file.write_text(
        f'schema = "rehabctl-connections/1"\n[[fhir]]\nname = "router"\naddress = "{address}"\n'
        'mrn_system = "urn:ehr:mrn"\nauth = "none"\n'
    )
    signed.write_text("signed")
    for home in ("here", "there"):
        run("integration", "connect", str(file), home=home)
        run("integration", "agreement", "record-system", "--signed", "2026-01-01",
            "--expires", "2027-01-01", "--file", str(signed), home=home)  # fmt: skip
        run("integration", "enable", "fhir-network", home=home)
    run("import", "hl7", "-", stdin=REFERRAL)
    run(
        "protocol", "assign", "total-knee-replacement", "--patient", "7001", "--start", "2026-03-02"
    )
    session = {"id": "s1", "started_at": "2026-03-10T09:00:00-05:00", "pain_after": 6,
               "completed_at": "2026-03-10T09:20:00-05:00",
               "exercises": [{"exercise": "quad-set", "done": True, "reps": [10]}]}  # fmt: skip
    run("session", "log", "--patient", "7001", "--file", "-", stdin=json.dumps(session))
    run("export", "fhir", "--to", "router", "--patient", "7001", code=5)
    run("consent", "grant", "data_sharing", "--patient", "7001")

    sent = counts(run("export", "fhir", "--to", "router", "--patient", "7001"))
    assert int(sent["created"]) >= 6
    assert (sent["updated"], sent["refused"]) == ("0", "0")
    again = counts(run("export", "fhir", "--to", "router", "--patient", "7001"))
    assert again == {"created": "0", "updated": "0", "unchanged": sent["created"], "refused": "0"}

    condition = httpx.get(f"{address}/Condition").json()["entry"][0]["resource"]
    httpx.put(f"{address}/Condition/{condition['id']}", json=condition | {"code": {"text": "x"}})
    mended = counts(run("export", "fhir", "--to", "router", "--patient", "7001"))
    assert (mended["created"], mended["updated"], mended["refused"]) == ("0", "1", "0")
    condition = httpx.get(f"{address}/Condition/{condition['id']}").json()
    assert condition["code"]["text"] == "Osteoarthritis of the right knee"

    got = json.loads(
        run("import", "fhir", "--from", "router", "--patient", "7001", "--json", home="there")
    )
    assert (got["rejected"], got["created"]) == (0, int(sent["created"]) - 1)  # no Consent comes
    there = json.loads(run("patient", "show", "7001", "--json", home="there"))
    assert (there["family_name"], there["birth_date"]) == ("Example", "1970-01-01")


def test_every_kind_that_leaves_is_valid_for_the_router(address: str) -> None:
    """It checks each resource against the definitions of R4 before it keeps it."""
    for resource in resources(care(), "Clinic", CARE_NOW):
        where = f"{address}/{resource['resourceType']}"
        answer = httpx.post(where, json=resource)
        assert answer.status_code == 201, (resource["resourceType"], answer.text[:300])
    broken = {"resourceType": "Encounter", "status": "finished"}
    assert httpx.post(f"{address}/Encounter", json=broken).status_code == 400
