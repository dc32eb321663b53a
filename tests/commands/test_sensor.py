"""`rehabctl sensor`: JSON of the contract, exit codes, one-line errors, a light start."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rehabctl.cli import RootGroup, run
from rehabctl.commands._lazy import LazyCommand
from rehabctl.devices.recording_file import read_recording, write_recording

SENSOR = LazyCommand(
    "rehabctl.commands.sensor:app", "Calibrate, check and record motion sensors.", "Measurement"
)


class Result:
    """What one command line wrote and returned."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Sensor = Callable[..., Result]


@pytest.fixture
def sensor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Sensor:
    """Run `rehabctl sensor …` in this process and an empty folder."""
    monkeypatch.setitem(RootGroup.registry, "sensor", SENSOR)
    monkeypatch.chdir(tmp_path)

    def call(*argv: str) -> Result:
        code = run(["sensor", *argv])
        return Result(code, *capsys.readouterr())

    return call


def calibrated(sensor: Sensor, what: str, procedure: str, *more: str) -> Result:
    sensor("simulate", what, "-o", f"{what}.npz", *more)
    return sensor(
        "calibrate", "--replay", f"{what}.npz", "--procedure", procedure, "--json",
        "--operator", "bench", "--temperature-c", "21.5", "--certificate", "c.json",
    )  # fmt: skip


def test_fuse_writes_the_arrays_of_the_contract(sensor: Sensor) -> None:
    sensor("simulate", "still", "--duration-s", "20", "-o", "still.npz")
    result = sensor("fuse", "still.npz", "--method", "live", "-o", "q.npz", "--json")
    assert result.code == 0
    assert result.json["heading"] == "magnetometer"
    with np.load("q.npz", allow_pickle=False) as data:
        assert data["quat_wxyz"].shape == (1201, 4)
        assert data["rest"].shape == (1201,)
        assert data["rest"].dtype == bool
        assert data["bias_rads"].shape == (3,)
    offline = sensor("fuse", "still.npz", "--no-magnetometer", "-o", "q.npz", "--json")
    assert offline.json["heading"] == "arbitrary"
    assert sensor("fuse", "still.npz", "--method", "best", "-o", "q.npz").code == 2


def test_check(sensor: Sensor) -> None:
    sensor("simulate", "still", "--duration-s", "20", "-o", "still.npz")
    good = sensor("check", "still.npz", "--format", "json")
    assert (good.code, good.json) == (0, {"schema_version": 1, "ok": True, "findings": []})
    with np.load("still.npz") as data:
        arrays = dict(data)
    kept = np.r_[0:500, 560:1201]
    np.savez("gap.npz", **{k: v if k == "meta" else v[kept] for k, v in arrays.items()})
    bad = sensor("check", "gap.npz", "--format", "json")
    assert (bad.code, bad.json["ok"]) == (3, False)
    [finding] = bad.json["findings"]
    assert set(finding) == {"code", "text", "at_s"}
    assert finding["code"] == "gap"
    assert "60 samples" in finding["text"]


def test_check_of_several_tells_swapped_sensors(sensor: Sensor) -> None:
    sensor("simulate", "knee", "-o", "lt.npz", "--distal", "ls.npz", "--count", "5")
    sensor("simulate", "still", "-o", "r.npz", "--side", "right", "--duration-s", "20")
    assert sensor("check", "ls.npz", "r.npz", "--moved", "left").code == 0
    swapped = sensor("check", "ls.npz", "r.npz", "--moved", "right", "--json")
    assert (swapped.code, [f["code"] for f in swapped.json["findings"]]) == (3, ["swapped"])
    sensor(
        "calibrate", "--replay", "lt.npz", "ls.npz", "--procedure", "functional",
        "--certificate", "f.json",
    )  # fmt: skip
    assert sensor("check", "lt.npz", "ls.npz", "--calibration", "f.json").code == 0
    turned = sensor("check", "ls.npz", "lt.npz", "--calibration", "f.json")
    assert (turned.code, "swapped" in turned.out) == (3, True)
    assert sensor("check", "lt.npz", "--calibration", "f.json").code == 2
    assert sensor("check", "lt.npz", "--moved", "left").code == 2


def test_a_recording_that_was_cut_is_named(sensor: Sensor) -> None:
    from rehabctl.analysis.imu_recording import RecordingMeta
    from rehabctl.devices.model import batch
    from rehabctl.devices.recorder import Recorder

    now_s = 0.0
    with Recorder(Path("r.imurec"), RecordingMeta("S", "DOT", "", 60.0), lambda: now_s) as recorder:
        for i in range(600):
            now_s = i / 60
            recorder.add(now_s, batch(gyr=[[0.0, 0.001 * (i % 2), 0.0]], acc=[[0.0, 0.0, 9.81]]))
    assert sensor("check", "r.imurec").code == 0
    whole = Path("r.imurec").read_bytes()
    for cut in (3, len(whole) // 2):  # the end mark alone, and half of it
        Path("r.imurec").write_bytes(whole[:-cut])
        found = sensor("check", "r.imurec", "--json")
        assert (found.code, [f["code"] for f in found.json["findings"]]) == (3, ["cut"])
    Path("r.imurec").write_bytes(whole[:10])
    assert sensor("check", "r.imurec").code == 1


def test_a_clock_jump_is_told_by_the_file(sensor: Sensor) -> None:
    from rehabctl.analysis.imu_recording import RecordingMeta
    from rehabctl.devices.model import batch
    from rehabctl.devices.recorder import Recorder
    from rehabctl.domain.sensor import GapRecord

    with Recorder(Path("r.imurec"), RecordingMeta("S", "DOT", "", 60.0), lambda: 0.0) as recorder:
        for i in range(600):
            recorder.add(i / 60, batch(gyr=[[0.0, 0.001 * (i % 2), 0.0]], acc=[[0.0, 0.0, 9.81]]))
        recorder.add_gap(GapRecord(2.0, 2.0, None, "clock jump", 0))
    found = sensor("check", "r.imurec", "--json")
    assert (found.code, [f["code"] for f in found.json["findings"]]) == (3, ["clock_jump"])
    assert found.json["findings"][0]["at_s"] == [2.0]


def test_left_and_right_are_not_taken_for_checked(sensor: Sensor) -> None:
    sensor("simulate", "still", "-o", "l.npz", "--duration-s", "5", "--side", "left")
    sensor("simulate", "still", "-o", "r.npz", "--duration-s", "5", "--side", "right")
    found = sensor("check", "l.npz", "r.npz")
    assert found.code == 0
    assert "left and right were not checked" in found.err
    assert "not checked" not in sensor("check", "l.npz").err


def test_joint(sensor: Sensor) -> None:
    sensor("simulate", "knee", "--count", "6", "-o", "thigh.npz", "--distal", "shank.npz")
    pair = ("thigh.npz", "shank.npz", "--joint", "knee")
    result = sensor("joint", *pair, "--format", "json", "--timeseries", "angle.csv")
    assert result.code == 0
    found = result.json
    assert {"axis", "flexion", "residual_deg", "repetitions", "rom_deg", "quality"} <= set(found)
    assert found["repetitions"]["full"] == 6
    assert found["rom_deg"] == pytest.approx(90.0, abs=4)
    assert found["quality"]["status"] == "good"
    assert found["motions"][0]["side"] == "left"
    lines = Path("angle.csv").read_text().splitlines()
    assert lines[0] == "t_s,knee_flexion_left_deg,residual_deg"
    assert len(lines) == len(found["flexion"]["t_s"]) + 1
    deep = sensor("joint", *pair, "--peak-deg", "130", "--json")
    assert (deep.json["repetitions"]["full"], deep.json["repetitions"]["partial"]) == (0, 6)


def test_joint_that_does_not_move_is_refused_with_its_json(sensor: Sensor) -> None:
    sensor("simulate", "still", "--duration-s", "20", "-o", "a.npz")
    result = sensor("joint", "a.npz", "a.npz", "--joint", "knee", "--json")
    assert result.code == 3
    assert result.json["quality"]["status"] == "refused"
    assert result.json["quality"]["reasons"][0]["code"] == "no_movement"


def test_ball_joint_has_a_second_opinion(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor("simulate", "shoulder", "--count", "8", "-o", "a.npz", "--distal", "b.npz")
    words = ("joint", "a.npz", "b.npz", "--joint", "shoulder")
    result = sensor(*words, "--json")
    assert (result.json["quality"]["status"], result.json["axis"]) == ("good", None)
    second = result.json["second_opinion"]
    assert second["rms_difference_deg"] < 2.0
    assert second["max_deg"] == pytest.approx(result.json["motions"][0]["max_deg"], abs=5.0)
    parameters = result.json["provenance"]["parameters"]
    assert parameters["second_opinion_rms_deg"] == second["rms_difference_deg"]
    assert "second opinion: from " in sensor(*words).err
    monkeypatch.setitem(sys.modules, "dfjimu", None)  # as if it were not installed
    alone = sensor(*words, "--json")
    assert alone.json["second_opinion"] is None
    assert alone.json["quality"]["status"] == "limited"
    assert alone.json["quality"]["reasons"][0]["code"] == "ball_joint_single_method"


@pytest.mark.parametrize(
    ("what", "procedure", "more"),
    [
        ("still", "static", ()),
        ("poses", "accelerometer", ("--count", "14")),
        ("tumble", "magnetometer", ()),
    ],
)
def test_calibrate_passes_and_signs(
    sensor: Sensor, what: str, procedure: str, more: tuple[str, ...]
) -> None:
    result = calibrated(sensor, what, procedure, *more)
    assert result.code == 0, result.out
    assert {"procedure", "passed", "limits", "results", "certificate"} <= set(result.json)
    assert (result.json["procedure"], result.json["passed"]) == (procedure, True)
    verified = sensor("certificate", "verify", "c.json", "--json")
    assert (verified.code, verified.json["ok"]) == (0, True)
    shown = sensor("certificate", "show", "c.json", "--json").json
    assert (shown["operator"], shown["temperature_c"]) == ("bench", 21.5)
    assert shown["serial"] == "SIM-0001"


def test_calibrate_fails_with_3_and_its_certificate_says_so(sensor: Sensor) -> None:
    result = calibrated(sensor, "poses", "accelerometer", "--count", "5")
    assert (result.code, result.json["passed"]) == (3, False)
    verified = sensor("certificate", "verify", "c.json", "--json")
    assert verified.code == 3
    assert "failed" in {f["code"] for f in verified.json["findings"]}


def test_functional_takes_two_recordings_after_replay(sensor: Sensor) -> None:
    sensor("simulate", "knee", "-o", "thigh.npz", "--distal", "shank.npz", "--count", "3")
    result = sensor(
        "calibrate", "--replay", "thigh.npz", "shank.npz", "--procedure", "functional", "--json"
    )
    assert result.code == 0, result.out
    assert "axis_distal" in result.json["results"]
    again = sensor("calibrate", "thigh.npz", "shank.npz", "--procedure", "functional", "--json")
    assert again.json["results"] == result.json["results"]


def test_recordings_of_different_times_give_no_axis(sensor: Sensor) -> None:
    sensor("simulate", "still", "-o", "a.npz", "--duration-s", "5")
    now = read_recording(Path("a.npz"))
    write_recording(Path("b.npz"), replace(now, t_s=now.t_s + 1000.0))
    words = ("--procedure", "functional", "--json")
    for named in (("--replay", "a.npz", "b.npz"), ("a.npz", "b.npz")):  # judged, and guided
        found = sensor("calibrate", *named, *words)
        assert (found.code, found.json["certificate"]) == (3, None)
        assert [f["code"] for f in found.json["findings"]] == ["no_overlap"]
    streamed = ("--exercise", "standing-knee-flexion", "--speed", "0")
    assert sensor("stream", "--replay", "a.npz", "--replay", "b.npz", *streamed).code == 3
    failed = ("--procedure", "functional", "--certificate", "failed.json")
    assert sensor("calibrate", "--replay", "a.npz", "a.npz", *failed).code == 3
    refused = sensor("check", "a.npz", "a.npz", "--calibration", "failed.json")
    assert refused.code == 3
    assert "did not pass" in refused.err


def test_a_changed_expired_or_foreign_certificate_is_found(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrated(sensor, "still", "static")

    def findings(*more: str) -> set[str]:
        result = sensor("certificate", "verify", "c.json", "--json", *more)
        assert result.code == (3 if result.json["findings"] else 0)
        return {f["code"] for f in result.json["findings"]}

    assert findings() == set()
    other = "A" * 43 + "="
    assert findings("--public-key", other) == {"untrusted_key"}
    monkeypatch.setenv("REHABCTL_NOW", "2199-01-01T00:00:00Z")
    assert findings() == {"expired"}
    monkeypatch.setenv("REHABCTL_NOW", "2001-01-01T00:00:00Z")
    assert findings() == {"not_yet_valid"}
    monkeypatch.delenv("REHABCTL_NOW")
    document = json.loads(Path("c.json").read_text())
    document["results"]["gravity_ms2"] = 9.80665
    Path("c.json").write_text(json.dumps(document))
    assert findings() == {"signature"}
    Path("c.json").write_text("{}")
    assert sensor("certificate", "verify", "c.json").code == 1


def test_the_signing_key_is_private(sensor: Sensor, isolated_home: Path) -> None:
    calibrated(sensor, "still", "static")
    [key] = isolated_home.rglob("sensor-signing-key")
    assert key.stat().st_mode & 0o077 == 0


def test_drift_and_sync(sensor: Sensor) -> None:
    sensor("simulate", "still", "--duration-s", "90", "-o", "still.npz")
    drift = sensor("drift", "still.npz", "--json")
    assert (drift.code, drift.json["passed"]) == (0, True)
    sensor("simulate", "tumble", "-o", "tumble.npz")
    assert sensor("drift", "tumble.npz", "--json").code == 3
    assert sensor("sync", "still.npz", "tumble.npz", "--json").code == 3


def test_replay_prints_samples_and_converts(sensor: Sensor) -> None:
    sensor("simulate", "still", "--duration-s", "2", "-o", "still.npz")
    result = sensor("replay", "still.npz", "--format", "jsonl")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert len(rows) == 121
    assert set(rows[0]) == {"t_s", "gyr_rads", "acc_ms2", "mag_ut"}
    assert sensor("replay", "still.npz", "--npz", "again.npz").code == 0
    assert Path("again.npz").read_bytes() == Path("still.npz").read_bytes()


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("check", "none.npz"), 4),
        (("check", "text.npz"), 1),
        (("certificate", "show", "none.json"), 4),
        (("calibrate", "--procedure", "static"), 2),
        (("calibrate", "--replay", "text.npz", "--procedure", "static"), 1),
        (("simulate", "dancing", "-o", "x.npz"), 2),
        (("simulate", "knee", "-o", "x.npz"), 2),
        (("scan", "--seconds", "0.5"), 6),
        (("record", "S1", "-o", "x.imurec", "--duration-s", "1"), 6),
        (("stream", "S1", "--record", "x.imurec"), 6),
        (("calibrate", "S1", "--procedure", "static"), 6),
    ],
)
def test_exit_codes_and_one_line(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], code: int
) -> None:
    # no bus to any Bluetooth service, whatever the machine has
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    Path("text.npz").write_text("no recording")
    result = sensor(*argv)
    assert result.code == code
    last = result.err.strip().splitlines()[-1]
    assert last.startswith("rehabctl: error: ")
    assert "Traceback" not in result.err


@pytest.mark.slow
def test_cues_are_rung_or_spoken(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sensor("simulate", "knee", "--count", "4", "-o", "thigh.npz", "--distal", "shank.npz")
    words = (
        "stream", "--replay", "thigh.npz", "--replay", "shank.npz", "--speed", "0",
        "-e", "standing-knee-flexion",
    )  # fmt: skip
    silent = sensor(*words, "--target-deg", "90")
    assert "\a" not in silent.err
    rung = sensor(*words, "--target-deg", "90", "--cue", "bell")
    assert (rung.out, rung.err.count("\a")) == (silent.out, silent.out.count("full"))
    assert sensor(*words, "--target-deg", "120", "--cue", "bell").err.count("\a") == 0

    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    without = sensor(*words, "--target-deg", "120", "--cue", "speech")
    assert "no speech program is installed" in without.err
    assert (without.code, without.err.count("no speech")) == (0, 1)
    (programs / "espeak-ng").write_text(f"#!/bin/sh\n/bin/cat >> {tmp_path}/said\n")
    (programs / "espeak-ng").chmod(0o755)
    spoken = sensor(*words, "--target-deg", "120", "--cue", "speech")
    assert (spoken.code, spoken.out) == (0, without.out)
    assert "speech" not in spoken.err
    # at once, most of it is stale before it can be said; the last cue always is
    said = (tmp_path / "said").read_text()
    assert said.endswith(spoken.out.strip().splitlines()[-1])
    assert sensor("stream", "--replay", "thigh.npz", "--cue", "bell").code == 2


def test_help_is_light() -> None:
    script = (
        "import sys; from rehabctl.cli import RootGroup, run\n"
        "from rehabctl.commands._lazy import LazyCommand\n"
        "RootGroup.registry['sensor'] = LazyCommand('rehabctl.commands.sensor:app', 'x', 'y')\n"
        "run(['sensor', '--help'])\n"
        "heavy = {'numpy', 'scipy', 'vqf', 'bleak', 'cryptography', 'rehabctl.services.sensors'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "calibrate" in result.stdout


def test_convert(sensor: Sensor) -> None:
    names = "SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z\n"
    rows = "".join(f"{i * 16667},0,0,9.8,0,0,0\n" for i in range(100))
    Path("dot.csv").write_text(names + rows)
    result = sensor("convert", "dot.csv", "-o", "dot.npz", "--serial", "S1", "--json")
    assert (result.code, result.json["samples"]) == (0, 100)
    assert sensor("replay", "dot.npz", "--format", "csv").out.count("\n") == 101
    Path("dot.csv").write_text(names + rows + "broken\n")
    partial = sensor("convert", "dot.csv", "-o", "dot.npz", "--json")
    assert (partial.code, partial.json["rejected_lines"]) == (7, [102])
    assert sensor("convert", "dot.csv", "-o", "x.npz", "--layout", "apple").code == 4
