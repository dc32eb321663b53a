"""A small clinic for the commands of visits, at times that the tests name."""

from __future__ import annotations

import getpass
import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from rehabctl import cli

At = Callable[..., tuple[int, Any, str]]
"""Time of March 2026, then the words of a command -> exit code, JSON of its output, errors."""


@pytest.fixture
def at(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> At:
    """Run one command in this process at a time such as `02T08:00`."""
    monkeypatch.setenv("TZ", "UTC")

    def act(when: str, *argv: str) -> tuple[int, Any, str]:
        monkeypatch.setenv("REHABCTL_NOW", f"2026-03-{when}:00Z")
        capfd.readouterr()
        code = cli.run([*argv, "--format", "json"] if "--as" not in argv else list(argv))
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert "Quispe" not in err
        return code, (json.loads(out) if out.startswith("{") else out), err

    return act


@pytest.fixture
def me() -> str:
    """Who runs the commands."""
    return getpass.getuser()


@pytest.fixture(scope="session")
def home_of_visits(new_clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with seven patients, and a therapist whose licence ends with the month."""
    home = tmp_path_factory.mktemp("visits") / "home"
    shutil.copytree(new_clinic, home)
    roster = home.with_name("roster.csv")
    people = [f"{n},Zoraida,Quispe,1961-04-02,female,CO,Knee pain" for n in range(1, 8)]
    head = "mrn,given_name,family_name,birth_date,sex,state,diagnosis"
    roster.write_text("\n".join([head, *people]) + "\n")
    licence = (
        "licence", "add", getpass.getuser(), "--state", "CO", "--number", "PT-1",
        "--issued", "2024-01-01", "--expires", "2026-03-31", "--home",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched, redirect_stderr(io.StringIO()) as said:
        patched.setenv("REHABCTL_HOME", str(home))
        patched.setenv("REHABCTL_NOW", "2026-03-02T08:00:00Z")
        patched.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        assert cli.run(["import", "patients", str(roster)]) == 0
        assert cli.run([*licence]) == 0
    assert "Quispe" not in said.getvalue()
    return home


@pytest.fixture
def visits_clinic(at: At, home_of_visits: Path, isolated_home: Path) -> At:
    """Seven patients in courses of care, and a therapist whose licence ends with the month."""
    shutil.copytree(home_of_visits, isolated_home)
    return at


BOOK = ("schedule", "book", "1", "--type", "treatment-tele", "--start", "2026-03-03T15:00:00Z")


@pytest.fixture
def booked(visits_clinic: At) -> str:
    """A video visit of patient 1 on the third of March at 15:00."""
    code, out, _ = visits_clinic("02T08:01", *BOOK)
    assert code == 0
    return out["items"][0]["id"]


@pytest.fixture
def held(visits_clinic: At, booked: str) -> str:
    """The same visit, held with 23 minutes of one code."""
    for when, *argv in (
        ("03T15:00", "start", booked, "--channel", "video", "--state", "CO"),
        ("03T15:02", "block", booked, "97110"),
        ("03T15:25", "stop", booked),
    ):
        assert visits_clinic(when, "visit", *argv)[0] == 0
    return booked
