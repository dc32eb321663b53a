"""The child process: real videos, bad input, crashes, interruption, silence, no network."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.errors import ExitCode, NotFoundError, RehabctlError, UnavailableError
from rehabctl.vision.models import PoseModel
from rehabctl.vision.options import ExtractOptions
from rehabctl.vision.worker import extract, extract_many, probe

from .clips import MakeVideo, clip

pytestmark = pytest.mark.slow

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children_of(pid: int) -> list[int]:
    """Running child processes, those that are being taken down left out."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == pid and state != "Z" and b"rehabctl.vision.child" in command:
            found.append(int(stat.parent.name))
    return found


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


# -- bad input -----------------------------------------------------------------------------------


def test_bad_files_fail_alone_and_each_says_why(
    model: PoseModel, tmp_path: Path, make_video: MakeVideo
) -> None:
    whole = clip("still_standing_0reps").read_bytes()
    contents = {
        "text.mp4": b"this is a text\n" * 50,
        "cut.mp4": whole[: len(whole) // 2],
        "empty.mp4": b"",
        "av1.mp4": clip("av1_undecodable").read_bytes(),
        "noise.mp4": os.urandom(5000),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.mp4").mkdir()
    good = make_video("good.mp4", count=5)
    bad = [tmp_path / name for name in (*contents, "folder.mp4", "missing.mp4")]
    results = {
        result.path.name: result for result in extract_many([*bad, good], model.path, jobs=2)
    }
    assert results.pop("good.mp4").series is not None
    errors = {name: result.error for name, result in results.items()}
    expected = {
        "text.mp4": "not a video",
        "cut.mp4": "cut off",
        "empty.mp4": "empty",
        "av1.mp4": "AV01",
        "noise.mp4": "not a video",
        "folder.mp4": "folder",
        "missing.mp4": "does not exist",
    }
    for name, text in expected.items():
        error = errors[name]
        assert error is not None
        assert text in error.what
        assert name in error.what
        assert str(tmp_path) not in str(error)
        assert error.exit_code == (ExitCode.NOT_FOUND if name == "missing.mp4" else ExitCode.FAILED)


def test_bare_stream_without_times_is_refused(model: PoseModel, tmp_path: Path) -> None:
    # one H.264 picture of the clip after the other, as a camera's bare stream has them
    path = tmp_path / "bare.h264"
    path.write_bytes(bare_stream(clip("still_standing_0reps").read_bytes()))
    with pytest.raises(RehabctlError, match="no time stamps"):
        extract(path, model.path)


def bare_stream(mp4: bytes) -> bytes:
    """Take the H.264 units out of the `mdat` box and its parameter sets out of `avcC`."""
    start = mp4.index(b"avcC") + 4
    count_at = start + 6
    length = int.from_bytes(mp4[count_at : count_at + 2], "big")
    sequence = mp4[count_at + 2 : count_at + 2 + length]
    at = count_at + 2 + length + 1
    length = int.from_bytes(mp4[at : at + 2], "big")
    picture = mp4[at + 2 : at + 2 + length]
    units = [sequence, picture]
    box = mp4.index(b"mdat")
    size = int.from_bytes(mp4[box - 4 : box], "big")
    at, end = box + 4, box - 4 + size
    while at < end:
        length = int.from_bytes(mp4[at : at + 4], "big")
        units.append(mp4[at + 4 : at + 4 + length])
        at += 4 + length
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def test_missing_model_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be read"):
        extract(clip("still_standing_0reps"), tmp_path / "no.task")


def test_broken_model_is_an_error_of_its_own(tmp_path: Path) -> None:
    broken = tmp_path / "broken.task"
    broken.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(RehabctlError, match="model cannot be loaded"):
        extract(clip("still_standing_0reps"), broken)


def test_missing_video_starts_no_child(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        extract(tmp_path / "no.mp4", tmp_path / "no.task")


def test_probe_names_the_versions() -> None:
    facts = probe()
    assert facts.mediapipe.startswith("0.10.")
    assert facts.opencv
    assert facts.network in ("namespace", "python")


# -- crashes and interruption --------------------------------------------------------------------


@linux
def test_crash_costs_only_the_file_that_crashes_twice(
    model: PoseModel, make_video: MakeVideo
) -> None:
    videos = [make_video(f"{name}.mp4", count=60) for name in ("first", "second", "third")]
    killed: list[int] = []

    def crash_the_first_two_children(_done: float, _total: float | None) -> None:
        for child in children_of(os.getpid()):
            if child not in killed and len(killed) < 2:
                killed.append(child)
                os.kill(child, signal.SIGSEGV)

    results = list(
        extract_many(
            videos,
            model.path,
            jobs=2,
            report=crash_the_first_two_children,
            options=ExtractOptions(sample_people=False),
        )
    )
    assert len(killed) == 2
    failed = [result for result in results if result.error is not None]
    assert [result.path.stem for result in failed] == ["first"]
    assert failed[0].error is not None
    assert "crash" in failed[0].error.what
    done = {result.path.stem: result.series for result in results if result.series is not None}
    assert set(done) == {"second", "third"}
    assert all(len(series.t_s) == 60 for series in done.values())


@linux
def test_error_in_the_reading_loop_ends_the_child(model: PoseModel) -> None:
    class StopError(Exception):
        pass

    def stop(_done: float, _total: float | None) -> None:
        raise StopError

    with pytest.raises(StopError):
        extract(clip("still_standing_0reps"), model.path, report=stop)
    assert wait_for(lambda: not children_of(os.getpid()))


RUN = """
import sys
from pathlib import Path
from rehabctl.vision.worker import extract
def say(done, total):
    print("working", flush=True)
extract(Path(sys.argv[1]), Path(sys.argv[2]), report=say)
print({"cv2", "mediapipe"} & set(sys.modules))
"""


@linux
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_child_never_outlives_its_parent(model: PoseModel, by: signal.Signals) -> None:
    argv = [sys.executable, "-c", RUN, str(clip("squat_side_95")), str(model.path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"working\n"
        (child,) = children_of(parent.pid)
        parent.send_signal(by)
        parent.communicate()
    # Python ends itself by the same signal after KeyboardInterrupt; the command line makes it 130
    assert parent.returncode == -by
    assert wait_for(lambda: not Path(f"/proc/{child}").exists())


# -- silence and no network ----------------------------------------------------------------------


def isolated_prefix() -> list[str]:
    """Run in an empty network namespace where the system permits it."""
    try:
        allowed = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return ["unshare", "-rn"] if allowed.returncode == 0 else []


def test_analysis_is_silent_and_needs_no_network(model: PoseModel) -> None:
    argv = [sys.executable, "-c", RUN, str(clip("still_standing_0reps")), str(model.path)]
    done = subprocess.run([*isolated_prefix(), *argv], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "set()"


PYTHON_SOCKETS = """
import _socket, socket
from rehabctl.vision.isolation import refuse_network
refuse_network()
attempts = (
    lambda: socket.socket(), lambda: _socket.socket(), lambda: socket.socketpair(),
    lambda: socket.create_connection(("127.0.0.1", 9)), lambda: socket.getaddrinfo("localhost", 1),
)
for attempt in attempts:
    try:
        attempt()
    except PermissionError as error:
        assert "no network" in str(error)
    else:
        raise SystemExit("a socket was made")
"""


def test_file_in_the_current_folder_stands_in_for_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cv2.py", "mediapipe.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    assert probe().mediapipe.startswith("0.10.")


def test_every_python_socket_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", PYTHON_SOCKETS], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


NATIVE_SOCKETS = """
import subprocess, sys
from rehabctl.vision.isolation import refuse_network
level = refuse_network()
code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"
connected = subprocess.run([sys.executable, "-c", code, sys.argv[1]], stderr=-3).returncode == 0
print(level, connected)
"""


def test_namespace_holds_for_native_code_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        argv = [sys.executable, "-c", NATIVE_SOCKETS, str(server.getsockname()[1])]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    level, connected = done.stdout.split()
    # a program started from there has no audit hook, as native code has none
    assert connected == ("False" if level == "namespace" else "True")


def test_unpinned_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    from rehabctl.reference.pose_models import load_pose_models
    from rehabctl.vision import child

    assert "0.10.35" not in load_pose_models().mediapipe_allowed
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "0.10.35")
    with pytest.raises(UnavailableError, match=r"mediapipe 0\.10\.35 reports usage"):
        child.load_libraries()


def test_rates_that_make_no_sense_are_usage_errors() -> None:
    for fps in (0.5, 241.0, float("nan")):
        with pytest.raises(RehabctlError, match="cannot be analysed"):
            replace(ExtractOptions(), fps=fps)
