"""`patient`, `import`, `audit` and `db` as another program sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rehabctl.domain.roster import COLUMNS
from tests.conftest import InProcess

ROSTER = (
    "mrn,given_name,family_name,birth_date,sex,state,diagnosis,surgery_date,side\n"
    "1042,Quirina,Zzyzx,1961-04-02,F,CO,TKR,2026-01-10,left\n"
    "1043,Bo,Lind,1970-01-01,M,UT,,,\n"
)
CANARY = ("Quirina", "Zzyzx", "1961-04-02")


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER)
    return path


def only_line(text: str) -> str:
    (line,) = [part for part in text.splitlines() if "warning: the database key" not in part]
    return line


def test_create_list_show_and_update(in_process: InProcess) -> None:
    patient = {
        "mrn": "1042",
        "given_name": "Quirina",
        "family_name": "Zzyzx",
        "birth_date": "1961-04-02",
        "sex": "F",
        "state": "CO",
        "precautions": ["no kneeling", "no twist"],
    }
    made = in_process("patient", "create", "--file", "-", "--json", stdin=json.dumps(patient))
    assert made.returncode == 0, made.stderr
    created = json.loads(made.stdout)
    assert created["schema_version"] == 1
    assert set(created) == {*COLUMNS, "id", "status", "active_episode", "schema_version"}
    assert (created["sex"], created["precautions"]) == ("female", ["no kneeling", "no twist"])

    second = in_process("patient", "create", "--file", "-", stdin=json.dumps(patient))
    assert (second.returncode, second.stdout) == (1, "")
    assert "1042 exists" in only_line(second.stderr)

    changed = in_process("patient", "update", "1042", "--state", "UT", "--json")
    assert json.loads(changed.stdout)["state"] == "UT"
    shown = json.loads(in_process("patient", "show", "1042", "--json").stdout)
    assert (shown["state"], shown["consents"], len(shown["episodes"])) == ("UT", [], 1)

    page = json.loads(in_process("patient", "list", "--json").stdout)
    assert page["next"] is None
    (item,) = page["items"]
    assert item == {k: v for k, v in created.items() if k != "schema_version"} | {"state": "UT"}
    plain = in_process("patient", "list")
    assert plain.stdout.split("\t")[:3] == ["1042", "Zzyzx", "Quirina"]

    unknown = in_process("patient", "show", "1024")
    assert (unknown.returncode, unknown.stdout) == (4, "")
    assert "1042" in only_line(unknown.stderr)
    nothing = in_process("patient", "update", "1042")
    assert nothing.returncode == 2
    wrong = in_process("patient", "update", "1042", "--birth-date", "01/02/1961")
    assert wrong.returncode == 2
    assert "1961" not in only_line(wrong.stderr)


def test_an_import_reports_as_the_contract_says(in_process: InProcess, roster: Path) -> None:
    first = in_process("import", "patients", str(roster), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {
        "schema_version": 1, "read": 2, "created": 2, "updated": 0, "unchanged": 0,
        "rejected": 0, "rejects": [],
    }  # fmt: skip
    roster.write_text(ROSTER + "1044,Eve,Lind,31.31.1970,X,UT,,,\n")
    refused = roster.with_name("refused.csv")
    second = in_process("import", "patients", str(roster), "--rejects", str(refused), "--json")
    assert second.returncode == 7
    report = json.loads(second.stdout)
    assert (report["unchanged"], report["rejected"]) == (2, 1)
    assert report["rejects"] == [
        {
            "file": "roster.csv",
            "line": 4,
            "field": "birth_date",
            "message": "is not a date like 1970-12-31",
        }
    ]
    assert "1044" in refused.read_text()
    piped = in_process("import", "patients", "-", "--dry-run", stdin=ROSTER)
    assert "unchanged\t2" in piped.stdout
    assert "nothing was kept" in piped.stderr
    assert in_process("import", "patients", "none.csv").returncode == 1
    roster.write_text("a,b\n1,2\n")
    wrong = in_process("import", "patients", str(roster))
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "has no column mrn" in only_line(wrong.stderr)


def test_the_log_tells_who_did_what_and_verifies(in_process: InProcess, roster: Path) -> None:
    in_process("import", "patients", str(roster))
    in_process("patient", "show", "1042")
    found = json.loads(in_process("audit", "list", "--json").stdout)
    assert [item["action"] for item in found["items"]] == [
        "patient.read", "import.batch", "user.create",
    ]  # fmt: skip
    about = json.loads(in_process("audit", "list", "--patient", "1042", "--json").stdout)
    assert [item["action"] for item in about["items"]] == ["patient.read"]
    anchor = roster.with_name("anchor.json")
    assert in_process("audit", "anchor", "--output", str(anchor)).returncode == 0
    verdict = in_process("audit", "verify", "--anchor", str(anchor), "--json")
    assert verdict.returncode == 0
    assert json.loads(verdict.stdout) == {
        "schema_version": 1, "ok": True, "entries": 6, "first_bad": None, "reason": None,
    }  # fmt: skip
    head = json.loads(anchor.read_text())
    anchor.write_text(json.dumps(head | {"sequence": head["sequence"] + 9}))
    rolled_back = in_process("audit", "verify", "--anchor", str(anchor), "--json")
    assert rolled_back.returncode == 3
    assert json.loads(rolled_back.stdout)["first_bad"] == 7
    anchor.write_text("{}")
    assert in_process("audit", "verify", "--anchor", str(anchor)).returncode == 1


def test_the_store_shows_checks_and_copies_itself(
    in_process: InProcess, roster: Path, isolated_home: Path
) -> None:
    before = json.loads(in_process("db", "status", "--json").stdout)
    assert (before["exists"], isolated_home.exists()) == (False, False)
    assert in_process("db", "verify").returncode == 4
    assert in_process("db", "upgrade").returncode == 0
    in_process("import", "patients", str(roster))
    verified = json.loads(in_process("db", "verify", "--json").stdout)
    assert (verified["ok"], verified["findings"]) == (True, [])
    copy = roster.with_name("copy")
    backup = in_process("db", "backup", str(copy), "--json")
    assert json.loads(backup.stdout)["patients"] == 2
    (key,) = (isolated_home / "key").glob("*.key")
    restored = in_process("patient", "list", REHABCTL_HOME=str(copy), REHABCTL_KEY_FILE=str(key))
    assert restored.stdout.startswith("1042\tZzyzx")
    data = bytearray((isolated_home / "rehabctl.db").read_bytes())
    data[len(data) // 2 + 100] ^= 1
    (isolated_home / "rehabctl.db").write_bytes(data)
    damaged = in_process("db", "verify", "--json")
    assert damaged.returncode == 3
    assert "HMAC verification failed" in json.loads(damaged.stdout)["findings"][0]


def test_keys_decide_who_opens_the_database(
    in_process: InProcess, roster: Path, isolated_home: Path
) -> None:
    in_process("import", "patients", str(roster))
    wrong = roster.with_name("wrong.key")
    wrong.write_text("ab" * 32)
    wrong.chmod(0o600)
    refused = in_process("patient", "list", REHABCTL_KEY_FILE=str(wrong))
    assert (refused.returncode, refused.stdout) == (5, "")
    assert "key does not fit" in only_line(refused.stderr)
    wrong.write_text("abcd")
    assert in_process("patient", "list", REHABCTL_KEY_FILE=str(wrong)).returncode == 5
    wrong.chmod(0o644)
    assert in_process("patient", "list", REHABCTL_KEY_FILE=str(wrong)).returncode == 5
    assert in_process("--key-command", "false", "patient", "list").returncode == 5
    (isolated_home / "config.toml").write_text('key_command = "false"\n')
    assert in_process("patient", "list").returncode == 5
    right = next((isolated_home / "key").glob("*.key")).read_text().split()[0]
    assert in_process("--key-command", f"echo {right}", "patient", "list").returncode == 0


def test_a_server_address_never_shows_its_password(in_process: InProcess) -> None:
    for address in ("postgresql://u:geheim@db.example.org/c", "nonsense:geheim"):
        refused = in_process("patient", "list", REHABCTL_DATABASE_URL=address)
        assert refused.returncode == 2
        assert "geheim" not in refused.stderr


def test_no_file_of_the_home_holds_a_name(
    in_process: InProcess, roster: Path, isolated_home: Path
) -> None:
    roster.write_text(ROSTER + "1042,Quirina,Zzyzx,1961-04-02,F,CO,,,\n")
    assert in_process("import", "patients", str(roster)).returncode == 7
    in_process("patient", "show", "1042")
    in_process("db", "backup", str(isolated_home / "copy"))
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store, store.transaction() as uow:
        uow.audit.record("patient.read", "patient", uow.patients.get("1042").id)
        files = [path for path in isolated_home.rglob("*") if path.is_file()]
        assert {"rehabctl.db", "rehabctl.db-wal"} <= {path.name for path in files}
        for path in files:
            content = path.read_bytes()
            for word in CANARY:
                for encoding in ("utf-8", "utf-16-le"):
                    assert word.encode(encoding) not in content, path


def test_a_listing_imports_nothing_heavy(roster: Path) -> None:
    code = (
        "import sys; from rehabctl.cli import run\n"
        "run(['import', 'patients', sys.argv[1], '--quiet'])\n"
        "for name in [n for n in sys.modules if n.startswith(('rehabctl', 'sqlalchemy'))]:\n"
        "    del sys.modules[name]\n"
    )
    subprocess.run([sys.executable, "-c", code, str(roster)], check=True, capture_output=True)
    code = (
        "import sys; from rehabctl.cli import run\n"
        "assert run(['patient', 'list']) == 0\n"
        "heavy = {'mediapipe', 'cv2', 'numpy', 'sqlmodel', 'sqlalchemy.orm', 'alembic', "
        "'textual', 'bleak', 'httpx', 'cryptography', 'psycopg'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 2


def test_a_page_goes_on_where_the_last_one_ended(in_process: InProcess, roster: Path) -> None:
    in_process("import", "patients", str(roster))
    first = in_process("patient", "list", "--limit", "1", "--json")
    assert "1 of 2 shown" in first.stderr
    cursor = json.loads(first.stdout)["next"]
    rest = json.loads(in_process("patient", "list", "--cursor", cursor, "--json").stdout)
    assert [item["mrn"] for item in rest["items"]] == ["1043"]
    assert in_process("patient", "list", "--cursor", "x!").returncode == 2
