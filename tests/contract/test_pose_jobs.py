"""A film that a worker analyses, killed on the way: one result, and no plain copy on any disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehabctl.domain.consent import ConsentScope
from rehabctl.services import consents, database, work_queue
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from tests.contract.conftest import as_login
from tests.contract.records import given_patient
from tests.pose_model import without_pose_model

pytestmark = pytest.mark.slow
FILM = Path(__file__).resolve().parents[2] / "fixtures" / "videos" / "still_standing_0reps.mp4"
SUBMIT = ("submit", "pose", str(FILM), "--patient", "1042", "--exercise", "bodyweight-squat")
RUN = ("run", "--once", "--stalled-after", "1")


@pytest.fixture
def clinic(settings: Settings) -> Settings:
    """A patient who agreed to body tracking, and on a server a queue."""
    with open_store(settings) as store:
        given_patient(store)
        consents.grant(store, "1042", ConsentScope.BODY_TRACKING)
    if settings.database_url is not None:
        work_queue.prepare(as_login(settings, "postgres"))
        settings.paths.home.mkdir(parents=True, exist_ok=True)
    return settings


def worker(settings: Settings, scratch: Path, *argv: str) -> subprocess.Popen[str]:
    scratch.mkdir(exist_ok=True)
    (key_file,) = settings.paths.key_dir.glob("*.key")
    environment = {
        **os.environ,
        "REHABCTL_HOME": str(settings.paths.home),
        "REHABCTL_KEY_FILE": str(key_file),
        "TMPDIR": str(scratch),
    }
    if settings.database_url is not None:
        environment["REHABCTL_DATABASE_URL"] = settings.database_url
    return subprocess.Popen(
        [sys.executable, "-m", "rehabctl", "worker", *argv],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def done(process: subprocess.Popen[str]) -> None:
    _, stderr = process.communicate(timeout=300)
    if process.returncode == 6:
        without_pose_model(stderr)
    assert process.returncode == 0, stderr


def killed_at_work(settings: Settings, process: subprocess.Popen[str]) -> None:
    """Kill a worker once its film is readable to it."""
    deadline = time.monotonic() + 120
    while not list(settings.paths.home.glob("work-*/*.mp4")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()


def files_with(content: bytes, *folders: Path) -> list[Path]:
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return [path for path in files if content in path.read_bytes()]


def test_a_killed_analysis_is_done_once_and_leaves_no_film(
    clinic: Settings, tmp_path: Path
) -> None:
    middle = FILM.stat().st_size // 2
    canary = FILM.read_bytes()[middle : middle + 64]
    home, scratch = clinic.paths.home, tmp_path / "scratch"
    is_local = clinic.database_url is None
    if is_local:  # whoever submits does the work
        killed_at_work(clinic, worker(clinic, scratch, *SUBMIT))
    else:
        done(worker(clinic, scratch, *SUBMIT))
        killed_at_work(clinic, worker(clinic, scratch, "run", "--stalled-after", "1"))
        time.sleep(1.5)
    assert files_with(canary, FILM.parent) == [FILM]
    if sys.platform == "linux":
        assert files_with(canary, home, scratch) == []
    done(worker(clinic, scratch, *(SUBMIT if is_local else RUN)))
    with open_store(clinic) as store, store.snapshot() as uow:
        found = uow.assessments.of_patient(uow.patients.get("1042").id, 9)
    assert len(found) == 1
    assert found[0].exercise == "bodyweight-squat"
    assert list(home.glob("work-*")) == []
    assert files_with(canary, home, scratch) == []
    if is_local:
        assert database.verify(clinic).ok
    else:
        counts = work_queue.queue_of(clinic).counts()
        assert [(c.kind, c.state, c.count) for c in counts] == [("pose", "succeeded", 1)]
