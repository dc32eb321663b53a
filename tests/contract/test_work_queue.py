"""Workers on a shared store: one is killed, and every job is done exactly once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.services import consents, review, work_queue
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from tests.contract.conftest import AUDITOR, REGISTRAR, THERAPIST, Template, as_login, make_settings
from tests.contract.records import given_patient
from tests.contract.server import Server
from tests.services.pose_files import keypoint_file

ROWS, JOBS = 40, 6


@pytest.fixture
def remote(server: Server, remote_template: Template, tmp_path: Path) -> Settings:
    assert remote_template.database is not None
    name = server.create_database(remote_template.database)
    boss = make_settings(tmp_path / "home", remote_template.key_dir, server.address(name))
    found = as_login(replace(boss, database_url=server.address(name, THERAPIST)), REGISTRAR)
    with pytest.raises(UnavailableError, match="no work queue"):
        work_queue.queue_of(found).counts()
    work_queue.prepare(boss)
    work_queue.prepare(boss)
    return found


def roster(path: Path, first: int) -> Path:
    lines = [f"{n:05d},G{n},F{n},1961-04-02,F,CO" for n in range(first, first + ROWS)]
    path.write_text("\n".join(["mrn,given_name,family_name,birth_date,sex,state", *lines]) + "\n")
    return path


def worker(remote: Settings, *argv: str) -> subprocess.Popen[str]:
    assert remote.database_url is not None
    (key_file,) = remote.paths.key_dir.glob("*.key")
    remote.paths.home.mkdir(parents=True, exist_ok=True)
    target = remote.paths.home / "key"
    if not target.exists():
        target.symlink_to(remote.paths.key_dir)
    environment = {
        "REHABCTL_HOME": str(remote.paths.home),
        "REHABCTL_DATABASE_URL": remote.database_url,
        "REHABCTL_KEY_FILE": str(key_file),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "rehabctl", "worker", *argv],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.postgres
def test_a_killed_worker_means_a_retry_and_one_result(remote: Settings, tmp_path: Path) -> None:
    queue = work_queue.queue_of(remote, stalled_after_s=1.0)
    for n in range(JOBS):
        work_queue.submit_import(remote, queue, roster(tmp_path / f"{n}.csv", n * ROWS))
    assert [(c.kind, c.state, c.count) for c in queue.counts()] == [("import", "todo", JOBS)]
    first = worker(remote, "run", "--stalled-after", "1")
    deadline = time.monotonic() + 120
    while not any(c.state == "doing" for c in queue.counts()):
        assert time.monotonic() < deadline, first.poll()
        time.sleep(0.02)
    first.kill()
    first.communicate()
    found = {c.state: c for c in queue.counts()}
    assert found["doing"].count >= 1, "the trap: a killed worker leaves its job in `doing`"
    time.sleep(1.5)
    assert sum(c.stalled for c in queue.counts()) == found["doing"].count
    second = worker(remote, "run", "--once", "--stalled-after", "1", "--jobs", "2")
    _, stderr = second.communicate(timeout=300)
    assert second.returncode == 0, stderr
    assert [(c.kind, c.state, c.count) for c in queue.counts()] == [("import", "succeeded", JOBS)]
    with open_store(remote) as store, store.snapshot() as uow:
        assert uow.patients.count() == JOBS * ROWS
    with open_store(as_login(remote, AUDITOR)) as store, store.snapshot() as uow:
        assert uow.audit.verify().ok
    assert list(remote.paths.home.glob("blobs/??/*.blob")) == []
    assert list(remote.paths.home.glob("work-*")) == []
    shown = worker(remote, "status", "--format", "json")
    items = json.loads(shown.communicate()[0])["items"]
    assert items == [{"kind": "import", "state": "succeeded", "count": JOBS, "stalled": 0}]


@pytest.mark.postgres
def test_a_job_that_fails_is_tried_again_and_then_told(remote: Settings, tmp_path: Path) -> None:
    queue = work_queue.queue_of(remote, stalled_after_s=1.0)
    bad = tmp_path / "bad.csv"
    bad.write_text("no roster\n")
    work_queue.submit_import(remote, queue, bad)
    work_queue.run(remote, queue, once=True, concurrency=1)
    assert [(c.state, c.count) for c in queue.counts()] == [("failed", 1)]


def test_a_local_store_does_the_work_at_once(local_template: Template, tmp_path: Path) -> None:
    import shutil

    home = tmp_path / "store"
    shutil.copytree(local_template.home, home)
    settings = make_settings(home, home / "key")
    queue = work_queue.queue_of(settings)
    assert work_queue.submit_import(settings, queue, roster(tmp_path / "r.csv", 0)) == 1
    with open_store(settings) as store, store.snapshot() as uow:
        assert uow.patients.count() == ROWS
    assert list(home.glob("blobs/??/*.blob")) == []
    bad = tmp_path / "bad.csv"
    bad.write_text("no roster\n")
    with pytest.raises(RehabctlError, match="has no column mrn"):
        work_queue.submit_import(settings, queue, bad)
    work_queue.run(settings, queue, once=True, concurrency=1)
    assert queue.counts() == ()


def test_a_recording_is_analysed_and_put_up_for_review(settings: Settings, tmp_path: Path) -> None:
    if settings.database_url is not None:
        work_queue.prepare(as_login(settings, "postgres"))
    queue = work_queue.queue_of(settings)
    with open_store(settings) as store:
        given_patient(store)
        consents.grant(store, "1042", ConsentScope.BODY_TRACKING)
    film = keypoint_file(tmp_path, "squat_side_95")
    work_queue.submit_pose(settings, queue, film, "1042", "bodyweight-squat")
    work_queue.run(settings, queue, once=True, concurrency=1)
    assert [c.state for c in queue.counts()] in ([], ["succeeded"])  # a local queue keeps none
    with open_store(settings) as store:
        [(mrn, _, found)] = review.waiting(store, 10)
    assert (mrn, found.exercise, found.full_count) == ("1042", "bodyweight-squat", 3)
    assert list(settings.paths.home.glob("work-*")) == []


def test_a_recording_of_somebody_who_did_not_agree_is_not_analysed(
    settings: Settings, tmp_path: Path
) -> None:
    if settings.database_url is not None:
        work_queue.prepare(as_login(settings, "postgres"))
    queue = work_queue.queue_of(settings)
    with open_store(settings) as store:
        given_patient(store)
    film = keypoint_file(tmp_path, "squat_side_95")
    if settings.database_url is None:
        with pytest.raises(NotPermittedError, match="no active consent"):
            work_queue.submit_pose(settings, queue, film, "1042", "bodyweight-squat")
    else:
        work_queue.submit_pose(settings, queue, film, "1042", "bodyweight-squat")
        work_queue.run(settings, queue, once=True, concurrency=1)
        assert [(c.state, c.count) for c in queue.counts()] == [("failed", 1)]
    with open_store(settings) as store:
        assert review.waiting(store, 10) == []
