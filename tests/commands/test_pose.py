"""`rehabctl pose` on keypoint files, through the real executable: JSON, exit codes, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.services.pose_files import keypoint_file

SQUAT = ("-e", "bodyweight-squat")
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def squat(tmp_path: Path) -> str:
    return str(keypoint_file(tmp_path, "squat_count5_partial2"))


def test_series_written_by_analyze_are_counted_alike(
    in_process, squat: str, tmp_path: Path
) -> None:
    angles = tmp_path / "angles.csv"
    page = tmp_path / "page.html"
    argv = ("--timeseries", str(angles), "--html", str(page), "--json")
    analysed = json.loads(in_process("pose", "analyze", squat, *SQUAT, *argv).stdout)
    assert (analysed["repetitions"]["full"], analysed["repetitions"]["partial"]) == (5, 2)
    assert page.stat().st_size > 5000
    counted = in_process(
        "pose", "repetitions", "-", "--column", "knee_flexion_right_deg", "--rest-deg", "5",
        "--peak-deg", "80", "--json", stdin=angles.read_text("utf-8"),
    )  # fmt: skip
    assert counted.returncode == 0, counted.stderr
    found = json.loads(counted.stdout)
    assert found["full"] == 5
    assert set(found["items"][0]) >= {"index", "kind", "start_s", "peak_s", "end_s", "peak_deg"}
    wrong = in_process("pose", "repetitions", str(angles), "--column", "knee", *SQUAT)
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_check_exits_by_its_findings(in_process, squat: str, tmp_path: Path) -> None:
    fit = in_process("pose", "check", squat, *SQUAT, "--json")
    assert (fit.returncode, json.loads(fit.stdout)["ok"]) == (0, True)
    front = str(keypoint_file(tmp_path, "squat_front_valgus_left"))
    unfit = in_process("pose", "check", front, *SQUAT, "--json")
    assert unfit.returncode == 3
    found = json.loads(unfit.stdout)
    assert found["ok"] is False
    assert [set(f) for f in found["findings"]] == [{"code", "text", "at_s"}]


def test_compare_and_reference(in_process, squat: str, tmp_path: Path) -> None:
    same = in_process("pose", "compare", squat, "-r", "bodyweight-squat", "--json")
    assert (same.returncode, json.loads(same.stdout)["compared"]) == (0, True)
    front = str(keypoint_file(tmp_path, "squat_front_valgus_left"))
    refused = in_process("pose", "compare", front, "-r", "bodyweight-squat", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["compared"]) == (3, False)
    own = tmp_path / "own.toml"
    built = in_process("pose", "reference", "build", squat, *SQUAT, "-o", str(own))
    assert built.returncode == 0, built.stderr
    assert in_process("pose", "reference", "validate", str(own)).returncode == 0
    own.write_text(own.read_text("utf-8").replace("bodyweight-squat", "no-such-squat"))
    broken = in_process("pose", "reference", "validate", str(own), "--json")
    assert (broken.returncode, json.loads(broken.stdout)["ok"]) == (3, False)
    (tmp_path / "empty").mkdir()
    assert in_process("pose", "reference", "validate", str(tmp_path / "empty")).returncode == 2


@pytest.mark.parametrize(
    ("form", "sign"),
    [("junit", "<failure"), ("github", "::error file="), ("sarif", '"ruleId": "exercise"')],
)
def test_findings_of_references_in_the_formats_of_ci(
    in_process, tmp_path: Path, form: str, sign: str
) -> None:
    packaged = PROJECT / "rehabctl" / "reference" / "pose_references"
    clean = in_process("pose", "reference", "validate", str(packaged), "--format", form)
    assert (clean.returncode, sign in clean.stdout) == (0, False)
    broken = tmp_path / "broken.toml"
    text = (packaged / "bodyweight-squat.toml").read_text("utf-8")
    broken.write_text(text.replace("bodyweight-squat", "no-such-squat"))
    found = in_process("pose", "reference", "validate", str(broken), "--format", form)
    assert (found.returncode, sign in found.stdout) == (3, True)


def test_batch_prints_lines_and_goes_on(in_process, squat: str, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_text("no keypoints")
    argv = ("pose", "batch", str(tmp_path / "*.npz"), *SQUAT, "--out", str(tmp_path / "out"))
    first, second = in_process(*argv), in_process(*argv)
    assert first.returncode == second.returncode == 7
    lines = [json.loads(line) for line in first.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["bad.npz", Path(squat).name]
    assert "error" in lines[0]
    assert "1 done before" in second.stderr
    assert second.stdout == first.stdout


def test_import_gives_the_same_object_as_analyze(in_process, squat: str, tmp_path: Path) -> None:
    exported, kept = tmp_path / "a.trc", tmp_path / "kept.npz"
    own = json.loads(
        in_process("pose", "analyze", squat, *SQUAT, "--trc", str(exported), "--json").stdout
    )
    result = in_process("pose", "import", str(exported), *SQUAT, "-o", str(kept), "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout).keys() == own.keys()
    again = in_process("pose", "analyze", str(kept), *SQUAT, "--json")
    assert again.returncode == 0
    assert in_process("pose", "import", str(tmp_path / "no.trc"), *SQUAT).returncode == 4


def test_several_inputs_share_no_output(in_process, squat: str, tmp_path: Path) -> None:
    result = in_process("pose", "analyze", squat, squat, *SQUAT, "--plot", str(tmp_path / "a.png"))
    assert (result.returncode, result.stdout) == (2, "")
    assert not (tmp_path / "a.png").exists()
