"""`init` and `config` as another program sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rehabctl import cli

Run = Callable[..., tuple[int, str, str]]
HEAVY = ("mediapipe", "cv2", "numpy", "sqlmodel", "sqlalchemy", "textual", "bleak", "httpx")


@pytest.fixture
def config_file(isolated_home: Path) -> Path:
    isolated_home.mkdir(exist_ok=True)
    return isolated_home / "config.toml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process and return its exit code, output and errors."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = cli.run(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_init_makes_a_clinic_once(run: Run, isolated_home: Path) -> None:
    wanted = ("--clinic", "Hill Street", "--time-zone", "America/Denver", "--no-pose-model")
    code, first, _ = run("init", *wanted, "--json")
    assert code == 0
    made = json.loads(first)
    assert (made["clinic"], made["time_zone"], made["created"]) == (
        "Hill Street",
        "America/Denver",
        True,
    )
    assert (isolated_home / "rehabctl.db").read_bytes()[:6] != b"SQLite"

    code, again, _ = run("init", "--no-pose-model", "--json")
    assert code == 0
    assert json.loads(again) == made | {"created": False}


@pytest.mark.parametrize("other", [("--clinic", "Elsewhere"), ("--time-zone", "Europe/Berlin")])
def test_init_never_renames_a_clinic(run: Run, other: tuple[str, str]) -> None:
    assert run("init", "--clinic", "Hill Street", "--time-zone", "UTC", "--no-pose-model")[0] == 0
    code, out, err = run("init", *other, "--no-pose-model")
    assert (code, out) == (1, "")
    assert "another name or time zone" in err


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime"])
def test_init_refuses_what_is_no_zone_before_it_makes_anything(
    run: Run, isolated_home: Path, zone: str
) -> None:
    code, _, err = run("init", f"--time-zone={zone}", "--no-pose-model")
    assert code == 2
    assert "is no time zone" in err
    assert not (isolated_home / "rehabctl.db").exists()


def test_init_after_an_interruption_still_names_the_clinic(run: Run, isolated_home: Path) -> None:
    from rehabctl.services import wiring
    from rehabctl.services.settings import load_settings

    wiring.upgrade_store(load_settings())  # all that was done when the power went
    code, out, _ = run("init", "--clinic", "Hill Street", "--no-pose-model", "--json")
    assert code == 0
    assert json.loads(out)["clinic"] == "Hill Street"


def test_init_leaves_a_server_to_db_init(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHABCTL_DATABASE_URL", "postgresql://ada:pw@db.example.org/rehab")
    code, _, err = run("init", "--no-pose-model")
    assert code == 2
    assert "rehabctl db init" in err


def test_show_names_the_source_of_each_value(
    run: Run, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text('pose_model = "/opt/full.task"\nunapproved_exercises = "refuse"\n')
    monkeypatch.setenv("REHABCTL_POSE_MODEL", "/tmp/lite.task")
    monkeypatch.setenv("REHABCTL_DATABASE_URL", "postgresql://ada:s3cret@db.example.org/rehab")
    code, out, _ = run("config", "show", "--json")
    assert code == 0
    shown = {item["key"]: (item["value"], item["source"]) for item in json.loads(out)["items"]}
    assert shown["pose_model"] == ("/tmp/lite.task", "environment REHABCTL_POSE_MODEL")
    assert shown["unapproved_exercises"] == ("refuse", "config.toml")
    assert shown["key_command"] == (None, "default")
    assert shown["database_url"][0] == "postgresql://ada:***@db.example.org/rehab"
    assert "s3cret" not in out


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:a@b:c@db.example.org/rehab",
        "postgresql://db.example.org/rehab?user=ada&password=a@b:c",
        "host=db.example.org password=a@b:c",
    ],
)
def test_show_hides_passwords_however_they_are_written(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("REHABCTL_DATABASE_URL", address)
    _, out, _ = run("config", "show", "--format", "csv")
    assert "a@b:c" not in out
    assert "b:c" not in out


def test_validate_names_line_and_rule(run: Run, config_file: Path) -> None:
    config_file.write_text(
        '# ours\nkey_comand = "pass show rehabctl"\nunapproved_exercises = "never"\n'
        "pose_model = 3\n[extra]\na = 1\n"
    )
    code, out, _ = run("config", "validate", "--format", "json")
    assert code == 3
    found = [(f["line"], f["rule"]) for f in json.loads(out)["findings"]]
    assert found == [
        (2, "unknown-setting"),
        (3, "not-a-choice"),
        (4, "not-text"),
        (5, "unknown-setting"),
    ]
    assert "key_command" in out


def test_validate_accepts_a_right_file_and_refuses_none(run: Run, config_file: Path) -> None:
    assert run("config", "validate")[0] == 2
    config_file.write_text('unapproved_exercises = "assign"\n')
    assert run("config", "validate")[0] == 0
    config_file.write_bytes(b"\xff\xfe=")
    code, _, err = run("config", "validate")
    assert code == 2
    assert "is not TOML" in err


def test_doctor_warns_of_a_setting_that_does_nothing(run: Run, config_file: Path) -> None:
    config_file.write_text('databse_url = "x"\n')
    _, out, _ = run("doctor", "--json")
    check = next(c for c in json.loads(out)["checks"] if c["name"] == "configuration")
    assert (check["status"], "database_url" in check["detail"]) == ("warn", True)


def test_schema_lists_what_show_reads_from_the_file(run: Run) -> None:
    _, out, _ = run("config", "schema")
    properties = json.loads(out)["properties"]
    assert set(properties) == {
        "database_url",
        "key_command",
        "secret_command",
        "pose_model",
        "unapproved_exercises",
        "sms_account",
        "sms_from",
        "smtp_host",
        "smtp_port",
        "smtp_login",
        "smtp_from",
        "message_sender",
        "message_phone",
        "video_service",
        "video_page",
        "video_server",
        "video_key",
    }


def test_path_is_in_the_home(run: Run, isolated_home: Path) -> None:
    assert run("config", "path")[1].strip() == str(isolated_home / "config.toml")


def test_show_loads_nothing_heavy() -> None:
    code = (
        "import sys; from rehabctl.cli import run; run(['config', 'show', '--quiet']);"
        f"sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
