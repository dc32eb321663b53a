"""What must survive: killed programs, a full disk, a home that cannot be written, two writers."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.reference.rules import load_rules
from rehabctl.services import audit, database, intake
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store

BATCH = 20
IMPORTER = """
import sys
from pathlib import Path
from rehabctl.reference.rules import load_rules
from rehabctl.services import roster_import
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
roster_import._BATCH_ROWS = {batch}
done = 0
def committed(*_):
    global done
    done += 1
    sys.stdout.write(f"{{done}}\\n"); sys.stdout.flush()
options = roster_import.ImportOptions(resume=True)
with open_store(load_settings()) as store:
    roster_import.import_roster(store, load_rules(), Path({path!r}), options,
                                report=committed, note=lambda _: None)
print("finished", flush=True)
"""


def write_roster(path: Path, rows: int) -> None:
    lines = [f"{n:05d},G{n},F{n},1961-04-02,F,CO" for n in range(rows)]
    path.write_text("mrn,given_name,family_name,birth_date,sex,state\n" + "\n".join(lines) + "\n")


def importer(path: Path) -> list[str]:
    return [sys.executable, "-c", IMPORTER.format(batch=BATCH, path=str(path))]


def patients() -> int:
    with open_store(load_settings()) as store:
        return intake.list_patients(store, limit=1)[1]


def assert_sound() -> None:
    found = database.verify(load_settings())
    assert found.ok, found.findings


def test_killed_imports_lose_nothing_acknowledged_and_finish(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    rows = 600
    write_roster(path, rows)
    with open_store(load_settings()):
        pass
    chance = random.Random(11)
    acknowledged = kills = 0
    while True:
        process = subprocess.Popen(importer(path), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        batches, finished = 0, False
        stop_after = chance.randint(1, 4)
        for line in process.stdout:
            finished = line == "finished\n"
            batches += not finished
            if batches >= stop_after:
                break
        if not finished and kills < 6:
            process.send_signal(signal.SIGKILL)
            kills += 1
        rest = process.communicate()[0]
        finished = finished or "finished" in rest
        acknowledged += (batches + rest.count("\n") - rest.count("finished")) * BATCH
        count = patients()
        assert count >= min(acknowledged, rows)
        assert count % BATCH == 0
        if finished:
            break
    assert kills == 6
    assert patients() == rows
    assert_sound()


def test_a_full_disk_stops_an_import_between_two_batches(
    tmp_path: Path, isolated_home: Path
) -> None:
    path = tmp_path / "r.csv"
    write_roster(path, 600)
    with open_store(load_settings()):
        pass
    limit = 250_000  # the log beside the database reaches it; the database itself passed it
    assert (isolated_home / "rehabctl.db").stat().st_size > limit

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "rehabctl", "import", "patients", str(path)]
    result = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == (
        "rehabctl: error: the disk is full or cannot be written. "
        "Free some space, then run the same command again."
    )
    assert 0 <= patients() < 600
    assert_sound()
    again = subprocess.run(command, capture_output=True, text=True)
    assert (again.returncode, patients()) == (0, 600)


def test_a_full_disk_leaves_no_half_blob_and_no_half_copy(
    tmp_path: Path, isolated_home: Path
) -> None:
    with open_store(load_settings()):
        pass
    code = (
        "import io, resource, sys\n"
        "from pathlib import Path\n"
        "from rehabctl.domain.errors import RehabctlError\n"
        "from rehabctl.services import database\n"
        "from rehabctl.services.settings import load_settings\n"
        "from rehabctl.services.wiring import open_store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "with open_store(load_settings()) as store:\n"
        "    try: store.blobs.put(io.BytesIO(bytes(3_000_000)), kind='video')\n"
        "    except RehabctlError as error: print(error.what)\n"
        "try: database.backup(load_settings(), Path(sys.argv[1]))\n"
        "except RehabctlError as error: print(error.what)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "copy")], capture_output=True, text=True
    )
    assert result.stdout.splitlines() == ["the disk is full or cannot be written"] * 2
    left = [p for p in isolated_home.rglob("*") if p.suffix in (".part", ".blob")]
    assert left == []
    assert [p for p in (tmp_path / "copy").rglob("*") if p.is_file()] == []
    assert_sound()


def _without_override() -> None:
    """Take from root the right to write where the mode forbids it, as for any other user."""
    if os.geteuid() == 0:
        drop = 24  # PR_CAPBSET_DROP
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


@pytest.fixture
def read_only(isolated_home: Path) -> Iterator[Callable[[], None]]:
    def lock() -> None:
        for path in (isolated_home, *isolated_home.glob("rehabctl.db*")):
            path.chmod(0o500 if path.is_dir() else 0o400)

    yield lock
    isolated_home.chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities of Linux")
def test_a_home_that_cannot_be_written_is_one_line(
    isolated_home: Path, read_only: Callable[[], None]
) -> None:
    with open_store(load_settings()):
        pass
    read_only()
    command = [sys.executable, "-m", "rehabctl", "patient", "list"]
    listing = subprocess.run(command, preexec_fn=_without_override, capture_output=True, text=True)
    assert (listing.returncode, listing.stdout) == (1, "")
    (line,) = listing.stderr.splitlines()
    assert line.startswith("rehabctl: error: the database cannot be written")
    isolated_home.chmod(0o700)
    (isolated_home / "rehabctl.db").unlink()
    isolated_home.chmod(0o500)
    created = subprocess.run(command, preexec_fn=_without_override, capture_output=True, text=True)
    assert created.returncode == 1
    assert "cannot be written" in created.stderr.splitlines()[-1]


def test_a_busy_database_is_waited_for_and_then_told() -> None:
    with open_store(load_settings()) as first, first.transaction() as uow:
        uow.audit.record("patient.list", "patient")
        with (
            pytest.raises(RehabctlError, match="locked by another program"),
            open_store(load_settings(), busy_timeout_s=0.2) as second,
        ):
            intake.list_patients(second, limit=1)


def test_two_importers_at_once_agree(tmp_path: Path) -> None:
    """Overlapping rosters in two processes: every patient once, one chain."""
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        write_roster(path, 120)
    with open_store(load_settings()):
        pass
    running = [subprocess.Popen(importer(path), stdout=subprocess.PIPE) for path in paths]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0]
    assert patients() == 120
    assert_sound()


def test_writers_and_readers_in_one_process(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    rules = load_rules()
    person = {"given_name": "A", "family_name": "B", "birth_date": "1961-04-02"}
    with open_store(load_settings()) as store:

        def work(writer: int) -> None:
            try:
                for n in range(5):
                    values = person | {"mrn": f"{writer}-{n}", "sex": "F", "state": "CO"}
                    intake.create_patient(store, rules, values)
                    intake.list_patients(store, limit=5)
            except BaseException as error:  # noqa: BLE001 - reported by the main thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert intake.list_patients(store, limit=1)[1] == 20
        assert audit.verify(store).ok


def test_a_clock_that_goes_back_breaks_nothing() -> None:
    settings = load_settings()
    rules = load_rules()
    person = {"given_name": "A", "family_name": "B", "birth_date": "1961-04-02", "sex": "F"}
    for n, month in enumerate((10, 3)):
        moment = settings.now().replace(year=2026, month=month, day=2)
        with open_store(replace(settings, fixed_now=moment)) as store:
            intake.create_patient(store, rules, person | {"mrn": str(n), "state": "CO"})
            assert audit.verify(store).ok
    assert patients() == 2


def test_a_torn_copy_without_its_log_still_opens(isolated_home: Path, tmp_path: Path) -> None:
    """The main file alone is an older, but whole, state."""
    with open_store(load_settings()) as store:
        with store.transaction() as uow:
            uow.audit.record("patient.list", "patient")
        anchor = audit.anchor(store)
        torn = (isolated_home / "rehabctl.db").read_bytes()
    for path in isolated_home.glob("rehabctl.db-*"):
        path.unlink()
    (isolated_home / "rehabctl.db").write_bytes(torn)
    with open_store(load_settings()) as store:
        assert audit.verify(store).ok
        assert not audit.verify(store, anchor).ok
