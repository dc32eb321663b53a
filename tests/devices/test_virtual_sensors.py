"""The real executable against virtual sensors of another process, over HCI and TCP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehabctl.devices.recorder import read_chunk_file
from tests.peripherals.process import air

pytestmark = pytest.mark.slow
Run = Callable[..., subprocess.CompletedProcess[str]]


def run(where: dict[str, Any], *argv: str, code: int | None = 0) -> Any:
    """Run one command line and return its JSON."""
    environment = {**os.environ, "REHABCTL_BLUETOOTH": f"tcp:{where['hci_tcp']}"}
    done = subprocess.run(
        [sys.executable, "-m", "rehabctl", *argv],
        capture_output=True, text=True, check=False, env=environment, timeout=120,
    )  # fmt: skip
    assert code is None or done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else done.stderr


def record(
    where: dict[str, Any],
    sensor: str,
    path: Path,
    *more: str,
    seconds: float = 6,
    code: int | None = 0,
) -> Any:
    words = ("sensor", "record", sensor, "-o", str(path), "--duration-s", str(seconds), "-q")
    return run(where, *words, "--json", *more, code=code)


def test_every_kind_is_found_and_told(tmp_path: Path) -> None:
    kinds = ("movella_dot", "witmotion", "thingy52", "metamotion", "heart_rate")
    with air(*kinds) as where:
        found = run(where, "sensor", "scan", "--seconds", "1", "--json")["items"]
    drivers = {"movella-dot", "witmotion", "thingy52", "metamotion", "heart-rate"}
    assert {one["driver"] for one in found} == drivers


@pytest.mark.parametrize("kind", ["movella_dot", "witmotion", "thingy52", "metamotion"])
def test_every_kind_is_recorded(kind: str, tmp_path: Path) -> None:
    with air(kind) as where:
        [sensor] = where["sensors"]
        told = run(where, "sensor", "info", sensor["name"], "--json")
        found = record(where, sensor["address"], tmp_path / "r.imurec", code=None)
    # a loaded machine may be too slow for the virtual sensor, which is a finding and no failure
    assert {one["code"] for one in found["findings"]} <= {"rate"}
    assert told["address"] == sensor["address"]
    assert found["samples"] > 50
    assert (found["drops"], found["gaps"]) == (0, [])
    recording = read_chunk_file(tmp_path / "r.imurec").recording
    assert len(recording) == found["samples"]


def test_drops_are_in_the_ledger_and_the_memory_fills_them(tmp_path: Path) -> None:
    with air("movella_dot", "--fault", "link_drops") as where:
        [sensor] = where["sensors"]
        # a drop just before the end is told as a lost link, and is in the ledger all the same
        found = record(where, sensor["name"], tmp_path / "a.imurec", seconds=10, code=None)
        onboard = ("--onboard",)
        filled = record(
            where, sensor["name"], tmp_path / "b.imurec", *onboard, seconds=10, code=None
        )
    for each in (found, filled):
        assert {one["code"] for one in each["findings"]} <= {"lost"}
    file = read_chunk_file(tmp_path / "a.imurec")
    assert found["drops"] >= 1
    assert found["duplicates"] == 0
    missing = sum(gap.missing or 0 for gap in file.gaps)
    span = file.device_t_s[-1] - file.device_t_s[0]
    rounded = max(1, len(file.gaps))  # what is missing is a whole number in each gap
    assert len(file.recording) + missing == pytest.approx(span * 60 + 1, abs=rounded)
    assert {gap.reason for gap in file.gaps} == {"link lost"}
    assert filled["filled"] > 0
    assert filled["gaps"] == []
    whole = read_chunk_file(tmp_path / "b.imurec")
    assert max(whole.device_t_s[1:] - whole.device_t_s[:-1]) < 1.5 / 60


@pytest.mark.parametrize(
    ("fault", "code", "finding"),
    [
        ("wrong_rate", 3, "rate"),
        ("clock_jump", 3, "clock_jump"),
        ("low_battery=15", None, "battery_low"),  # it may be empty before the end, which is 6
        ("garbage_packets", 3, "damaged"),
        ("wrong_firmware", 3, "firmware"),
    ],
)
def test_a_fault_has_a_name(fault: str, code: int | None, finding: str, tmp_path: Path) -> None:
    with air("movella_dot", "--fault", fault) as where:
        [sensor] = where["sensors"]
        found = record(where, sensor["name"], tmp_path / "r.imurec", seconds=7, code=code)
    assert finding in {one["code"] for one in found["findings"]}


def test_a_gyroscope_at_its_end_is_found_in_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.imurec"
    with air("movella_dot", "--motion", "tumble", "--fault", "saturated_gyro=250") as where:
        record(where, where["sensors"][0]["address"], path, seconds=8, code=None)
        found = run(where, "sensor", "check", str(path), "--json", code=3)
    assert "clipping" in {one["code"] for one in found["findings"]}


@pytest.mark.parametrize(
    ("motion", "procedure", "seconds", "finding"),
    [("tumble", "static", "4", "moved"), ("still", "accelerometer", "5", "poses_missing")],
)
def test_what_was_done_wrong_at_the_bench_is_named(
    motion: str, procedure: str, seconds: str, finding: str
) -> None:
    with air("movella_dot", "--motion", motion) as where:
        found = run(
            where, "sensor", "calibrate", where["sensors"][0]["address"], "--procedure", procedure,
            "--duration-s", seconds, "-q", "--json", code=3,
        )  # fmt: skip
    assert [one["code"] for one in found["findings"]] == [finding]
    assert found["passed"] is False


def test_duplicates_are_written_once(tmp_path: Path) -> None:
    with air("movella_dot", "--fault", "duplicated_packets") as where:
        [sensor] = where["sensors"]
        found = record(where, sensor["name"], tmp_path / "r.imurec")
    assert found["duplicates"] > 0
    assert len(read_chunk_file(tmp_path / "r.imurec").recording) == found["samples"]


def test_two_of_one_name_are_told_apart_by_address(tmp_path: Path) -> None:
    with air("movella_dot", "movella_dot") as where:
        first = where["sensors"][0]
        said = record(where, first["name"], tmp_path / "r.imurec", code=4)
        assert "2 sensors" in said
        assert "Name one by its address" in said
        names = [f"{one['address']}=s{i}" for i, one in enumerate(where["sensors"])]
        found = run(
            where, "sensor", "record", *names, "-o", str(tmp_path / "both"), "--duration-s", "4",
            "-q", "--json",
        )  # fmt: skip
    assert [Path(one["path"]).name for one in found["items"]] == ["s0.imurec", "s1.imurec"]
    for name in ("s0", "s1"):
        t_s = read_chunk_file(tmp_path / "both" / f"{name}.imurec").recording.t_s
        assert 0.0 < t_s[0] < 4.0  # both count from the same moment of this computer


def test_a_patient_is_recorded_encrypted_and_with_certificates_only(tmp_path: Path) -> None:
    from rehabctl.domain.errors import NotPermittedError

    plain = {"hci_tcp": "127.0.0.1:9"}
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "mrn,given_name,family_name,birth_date,sex,state\n1042,Ana,Diaz,1961-04-02,female,CO\n"
    )
    run(plain, "import", "patients", str(roster), "--json")
    words = ("--patient", "1042", "--exercise", "standing-knee-flexion")
    with air("movella_dot") as where:
        [sensor] = where["sensors"]
        path = tmp_path / "p.imurec"
        assert "consent" in record(where, sensor["name"], path, *words, seconds=3, code=5)
        run(where, "consent", "grant", "body_tracking", "--patient", "1042")
        said = record(where, sensor["name"], path, *words, seconds=3, code=3)
        assert "certificate" in said
        assert not path.exists()
        bad = record(where, sensor["name"], path, *words, "--override", "Ana", code=2)
        assert "no reason of the list" in bad
        found = record(where, sensor["name"], path, *words, "--override", "home-visit", seconds=3)
    assert found["samples"] > 60
    with pytest.raises(NotPermittedError):
        read_chunk_file(path)
    checked = run(plain, "sensor", "check", str(path), "--patient", "1042", "--json", code=3)
    assert [one["code"] for one in checked["findings"]] == ["mounting"]  # it moves from the start
    entries = run(plain, "audit", "list", "--json")["items"]
    [made] = [one for one in entries if one["action"] == "recording.create"]
    assert "home-visit" in json.dumps(made)
