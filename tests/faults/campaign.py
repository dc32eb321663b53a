"""Killing rehabctl at random moments of its writes, and what must hold whenever that happens."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rehabctl.reference.rules import load_rules
from rehabctl.services import audit, database, intake, recovery, triage
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store
from rehabctl.store import migrate
from rehabctl.store.engine import local_engine
from tests.faults import office

ROWS = 120
BATCH = 20
CHILD = """
import io, sys
from pathlib import Path
from rehabctl.reference.rules import load_rules
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
work, folder = sys.argv[1], Path(sys.argv[2])
settings = load_settings()
def done(text):
    sys.stdout.write(f"{text}\\n"); sys.stdout.flush()
done("started")
if work == "import":
    from rehabctl.services import roster_import
    roster_import._BATCH_ROWS = 20
    with open_store(settings) as store:
        roster_import.import_roster(
            store, load_rules(), folder / "r.csv", roster_import.ImportOptions(resume=True),
            report=lambda *_: done("batch"), note=lambda _: None)
elif work == "sessions":
    from rehabctl.services import exercise_sessions
    from rehabctl.services.library import open_library
    with open_store(settings) as store:
        library = open_library(settings)
        for n in range(40):
            day = f"2026-02-{1 + n % 20:02d}T{9 + n // 20:02d}"
            upload = {"id": f"s{n}", "started_at": f"{day}:00:00-05:00", "pain_after": 3,
                      "completed_at": f"{day}:20:00-05:00",
                      "exercises": [{"exercise": "quad-set", "done": True, "reps": [10]}]}
            exercise_sessions.log(
                store, library, load_rules(), "00000", upload, by="patient")
            done(f"s{n}")
elif work == "analysis":
    from dataclasses import replace
    from rehabctl.domain.review_item import ReviewItem
    from rehabctl.services import triage
    from tests.contract.records import assessment, keypoints, recording
    with open_store(settings) as store:
        for n in range(12):
            sha256 = store.blobs.put(io.BytesIO(bytes([n]) * 400_000), kind="keypoints")
            with store.transaction() as uow:
                patient = uow.patients.get("00000").ref
                film = uow.recordings.add(recording(uow, patient, f"{n:064d}"))
                points = replace(keypoints(uow, film), blob_sha256=sha256)
                uow.recordings.add_keypoints(points)
                made = assessment(uow, patient, uow.now, input_sha256=f"{n:064d}")
                key, _ = uow.assessments.save(made)
                uow.reviews.enqueue(ReviewItem(uow.new_id(), patient, key, 0.5, uow.now, ()))
                triage.refresh(uow, [patient], load_rules())
                uow.audit.record("assessment.create", "movement_assessment", key)
            done(sha256)
elif work == "posting":
    from rehabctl.services import claim_exchange
    with open_store(settings) as store:
        for path in sorted(settings.paths.home.glob("*.835")):
            claim_exchange.post(store, claim_exchange.read_incoming(path))
            done(path.stem)
elif work == "signing":
    from rehabctl.domain.note import NoteStatus
    from rehabctl.services import notes
    with open_store(settings) as store:
        for view in notes.of_patient(store, "1"):
            if view.note.status is NoteStatus.DRAFT:
                notes.sign(store, load_rules(), str(view.note.id), "PT")
                done(view.note.id)
elif work == "backup":
    from rehabctl.services import database
    done(database.backup(settings, folder / "copy").path)
elif work == "rekey":
    from rehabctl.services import recovery
    recovery.rekey(settings)
elif work == "migration":
    from rehabctl.services import database
    database.upgrade(settings)
done("finished")
"""


def paths_of(home: Path) -> Paths:
    """Return where a store keeps what, all of it in one folder."""
    return Paths(home, home / "cache", home / "key")


@dataclass
class Campaign:
    """One store that is killed again and again."""

    folder: Path
    chance: random.Random

    @property
    def settings(self) -> Settings:
        return Settings(
            paths=paths_of(self.folder / "home"), database_url=None, pose_model=None,
            key_file=None, key_command=None, fixed_now=None,
        )  # fmt: skip

    def prepare(self, template: Path) -> None:
        """Start from a store with one patient."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.copytree(template, self.folder / "home")
        lines = [f"{n:05d},G{n},F{n},1961-04-02,F,CO" for n in range(ROWS)]
        heading = "mrn,given_name,family_name,birth_date,sex,state"
        (self.folder / "r.csv").write_text("\n".join([heading, *lines]) + "\n")

    def killed(self, work: str, longest_s: float) -> tuple[list[str], bool]:
        """Run one kind of work and kill it at a random moment; return what was acknowledged."""
        process, first = self._started(work)
        time.sleep(self.chance.uniform(0, longest_s))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.communicate()[0].split("\n")]
        assert process.returncode in (0, -signal.SIGKILL), "it failed by itself"
        told = [line for line in lines if line and line != "started"]
        return told, "finished" in told

    def lasts_s(self, work: str) -> float:
        """Return how long the work takes here when nobody kills it."""
        process, _ = self._started(work)
        began = time.perf_counter()
        process.communicate()
        assert process.returncode == 0, "it failed by itself"
        return time.perf_counter() - began

    def _started(self, work: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, work, str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "REHABCTL_HOME": str(self.settings.paths.home)},
        )
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        return process, first  # "started": imports are not what is tested

    def assert_sound(self) -> None:
        """Check that the database opens, every page and blob is whole and the chain verifies."""
        found = database.verify(self.settings)
        assert found.ok, found.findings
        with open_store(self.settings) as store:
            assert audit.verify(store).ok

    def patients(self) -> int:
        """Return how many patients there are."""
        with open_store(self.settings) as store:
            return intake.list_patients(store, limit=1)[1]


def check_import(campaign: Campaign, told: list[str]) -> None:
    """No acknowledged batch is lost, and none is half."""
    count = campaign.patients()  # the template's patient is the roster's first
    acknowledged = told.count("batch") * BATCH
    assert count >= acknowledged or count == 1, (count, acknowledged)
    assert count == 1 or count % BATCH == 0, count


def check_sessions(campaign: Campaign, told: list[str]) -> None:
    """Every acknowledged session is there, with what was done in it."""
    with open_store(campaign.settings) as store, store.snapshot() as uow:
        stored = uow.sessions.of_patient(uow.patients.get("00000").id)
    assert {line for line in told if line.startswith("s")} <= {s.external_id for s in stored}
    assert all(len(s.entries) == 1 for s in stored)


def check_analysis(campaign: Campaign, told: list[str]) -> None:
    """Every assessment is whole, with its blob, and every acknowledged one is there."""
    acknowledged = [line for line in told if len(line) == 64]
    with open_store(campaign.settings) as store:
        with store.snapshot() as uow:
            stored = uow.assessments.of_patient(uow.patients.get("00000").id, 100)
        assert len(stored) >= len(acknowledged)
        assert all(len(found.motions) == 2 for found in stored)
        for sha256 in acknowledged:
            assert len(store.blobs.read(sha256)) == 400_000
        assert triage.rebuild(store, load_rules(), check=True).different == 0


def check_backup(campaign: Campaign, told: list[str]) -> None:
    """A backup is acknowledged only when it can be restored."""
    copy = campaign.folder / "copy"
    if told or ((copy / "rehabctl.db").exists() and (copy / "rehabctl.db.json").exists()):
        assert recovery.drill(campaign.settings, copy).ok
    shutil.rmtree(copy, ignore_errors=True)


def check_nothing_lost(campaign: Campaign, told: list[str]) -> None:
    """The patient of the template is still there."""
    del told
    assert campaign.patients() >= 1


def check_posting(campaign: Campaign, told: list[str]) -> None:
    """Money of a file is there once and whole, and of every acknowledged file."""
    with open_store(campaign.settings) as store:
        office.check_posting(store, campaign.settings.paths.home, told)


def check_signing(campaign: Campaign, told: list[str]) -> None:
    """Every acknowledged signature is there and valid."""
    with open_store(campaign.settings) as store:
        office.check_signing(store, campaign.settings.paths.home, told)


def downgraded(campaign: Campaign) -> None:
    """Bring the store to an older schema, so that there is something to migrate."""
    from rehabctl.services import wiring

    found = wiring.local_keys(campaign.settings)
    assert found is not None
    engine = local_engine(campaign.settings.paths.database, found.key)
    migrate.downgrade(engine, migrate.REVISIONS[-2])
    engine.dispose()


def check_migration(campaign: Campaign, told: list[str]) -> None:
    """The schema is the old one or the new one, and the upgrade can be run again."""
    state = database.status(campaign.settings).schema_state
    assert state in ("older", "current")
    assert state == "current" or "finished" not in told
    database.upgrade(campaign.settings)


WORK: dict[str, Callable[[Campaign, list[str]], None]] = {
    "import": check_import,
    "sessions": check_sessions,
    "analysis": check_analysis,
    "posting": check_posting,
    "signing": check_signing,
    "backup": check_backup,
    "rekey": check_nothing_lost,
    "migration": check_migration,
}
"""What is killed, and what must hold afterwards."""


NEEDS = {"posting": office.prepare_posting, "signing": office.prepare_signing}
"""What a store must hold before the work can begin."""


def run(campaign: Campaign, template: Path, work: str, kills: int) -> int:
    """Kill one kind of work; return how many of the kills came before its end."""
    check = WORK[work]
    if work in NEEDS:
        with open_store(replace(campaign.settings, paths=paths_of(template))) as store:
            NEEDS[work](store, template)
    campaign.prepare(template)
    if work == "migration":
        downgraded(campaign)
    longest_s = campaign.lasts_s(work)
    campaign.prepare(template)
    cut_off = 0
    for _ in range(kills):
        if work == "migration":
            downgraded(campaign)
        told, finished = campaign.killed(work, longest_s)
        cut_off += not finished
        check(campaign, told)
        campaign.assert_sound()
        if finished:
            campaign.prepare(template)
    return cut_off
