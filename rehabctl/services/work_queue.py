"""Work for later: on a shared store any host's worker does it, on a local one this process does.

A file travels as an encrypted blob of its own, removed when its job is done: a job that is tried
again and finds no blob was done before.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import struct
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from uuid import UUID

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services.access import Action, require
from rehabctl.services.scratch import scratch_file
from rehabctl.services.wiring import open_store

if TYPE_CHECKING:
    from collections.abc import Generator

    from rehabctl.services.settings import Settings
    from rehabctl.store.queue import JobCount
    from rehabctl.store.store import Store

Handler = Callable[[Mapping[str, str]], None]
POSE, IMPORT = "pose", "import"
_HEAD = struct.Struct(">24sQ")
"""Random bytes, and when the file was changed last (ns): its time of recording."""


class Queue(Protocol):
    """Takes jobs and does them."""

    def submit(self, kind: str, arguments: Mapping[str, str]) -> int:
        """Take a job and return its number."""
        ...

    def run(self, *, once: bool, concurrency: int) -> None:
        """Do jobs."""
        ...

    def counts(self) -> Sequence[JobCount]:
        """Return how many jobs are in which state."""
        ...


@dataclass(slots=True)
class LocalQueue:
    """Jobs of a local store: done at once by this process, a thread a job."""

    handlers: Mapping[str, Handler]
    submitted: int = 0

    def submit(self, kind: str, arguments: Mapping[str, str]) -> int:
        """Do a job and return its number; its error is raised here."""
        self.submitted += 1
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self.handlers[kind], arguments).result()
        return self.submitted

    def run(self, *, once: bool, concurrency: int) -> None:
        """Return: nothing waits."""
        del once, concurrency

    def counts(self) -> Sequence[JobCount]:
        """Return nothing: nothing waits."""
        return ()


def queue_of(settings: Settings, *, stalled_after_s: float = 60.0) -> Queue:
    """Return the queue of the store that the settings name.

    Parameters
    ----------
    settings
        What this command runs with.
    stalled_after_s
        How long a worker may be silent before its jobs are given to another.
    """
    handlers = handlers_of(settings)
    if settings.database_url is None:
        return LocalQueue(handlers)
    from rehabctl.store.queue import RemoteQueue

    return RemoteQueue(settings.database_url, handlers, stalled_after_s=stalled_after_s)


def prepare(settings: Settings) -> None:
    """Make the queue of a shared store and open it to the clinic's roles.

    Parameters
    ----------
    settings
        Name the server by an address of its administrator.

    Raises
    ------
    UsageError
        The store is a local file, which needs none.
    """
    if settings.database_url is None:
        raise UsageError("a local store needs no queue", "Work is done at once")
    from rehabctl.store.queue import RemoteQueue

    RemoteQueue(settings.database_url, {}).prepare()


def handlers_of(settings: Settings) -> dict[str, Handler]:
    """Return what is done, by kind of job. New kinds are added here.

    Parameters
    ----------
    settings
        What the worker runs with.
    """
    return {
        POSE: lambda arguments: _analyse(settings, arguments),
        IMPORT: lambda arguments: _import(settings, arguments),
    }


def submit_pose(settings: Settings, queue: Queue, file: Path, mrn: str, exercise: str) -> int:
    """Have a recording analysed and stored; return the job's number.

    Parameters
    ----------
    settings, queue
        Of the same store.
    file
        A film or a keypoint file.
    mrn
        Record number.
    exercise
        Slug of the library.
    """
    from rehabctl.services.pose_analysis import AnalysisRequest, prepare

    prepare(AnalysisRequest(exercise), settings)  # an unknown exercise is told now
    with open_store(settings) as store:
        with store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            patient_id = uow.patients.get(mrn).id
        sha256 = _put(store, POSE, file)
    return queue.submit(
        POSE,
        {
            "blob": sha256,
            "suffix": file.suffix.lower(),
            "patient": str(patient_id),
            "exercise": exercise,
        },
    )


def submit_import(settings: Settings, queue: Queue, file: Path) -> int:
    """Have a roster imported; return the job's number.

    Parameters
    ----------
    settings, queue
        Of the same store.
    file
        The roster.
    """
    with open_store(settings) as store:
        with store.transaction() as uow:
            require(uow, Action.IMPORT_PATIENTS)
        sha256 = _put(store, IMPORT, file)
    return queue.submit(IMPORT, {"blob": sha256, "suffix": ".csv"})


def _put(store: Store, kind: str, file: Path) -> str:
    """Store a job's file behind a head that makes it unlike any other, and note it."""
    try:
        with file.open("rb") as source:
            moment = os.fstat(source.fileno()).st_mtime_ns
            head = secrets.token_bytes(_HEAD.size - 8)
            sha256 = store.blobs.put(
                cast("BinaryIO", _Headed(_HEAD.pack(head, moment), source)), kind="job"
            )
    except OSError as error:
        raise RehabctlError(
            f"cannot read {file.name}: {error.strerror}", "Check the file"
        ) from None
    with store.transaction() as uow:
        uow.audit.record("job.submit", "job", None, {"kind": kind, "sha256": sha256})
    return sha256


class _Headed(io.RawIOBase):
    """A file with some bytes before it."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self._head, self._source = head, source

    def read(self, size: int = -1) -> bytes:
        """Read the head, then the file."""
        head, self._head = self._head, b""
        return head or self._source.read(size)


def _analyse(settings: Settings, arguments: Mapping[str, str]) -> None:
    from rehabctl.services.pose_analysis import AnalysisRequest, analyse_and_store, prepare

    with _blob(settings, arguments) as file:
        if file is None:
            return
        with open_store(settings) as store, store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            mrn = uow.patients.by_id(UUID(arguments["patient"])).mrn
        analyser = prepare(AnalysisRequest(arguments["exercise"]), settings)
        [outcome] = analyse_and_store(analyser, [file], mrn, _no_report)
        if outcome.error is not None:
            raise outcome.error


def _import(settings: Settings, arguments: Mapping[str, str]) -> None:
    from rehabctl.services import triage
    from rehabctl.services.roster_import import ImportOptions, import_roster

    with _blob(settings, arguments) as file:
        if file is None:
            return
        with open_store(settings) as store:
            import_roster(
                store, triage.clinic_rules(settings), file, ImportOptions(resume=True),
                report=_no_report, note=_no_note,
            )  # fmt: skip


@contextmanager
def _blob(settings: Settings, arguments: Mapping[str, str]) -> Generator[Path | None]:
    """Yield a job's file, in memory where the system can; the blob goes when the job is done."""
    sha256 = arguments["blob"]
    with open_store(settings) as store:
        if not store.blobs.exists(sha256):
            yield None
            return

        def fill(target: BinaryIO) -> int:
            with store.blobs.open(sha256) as source:
                _, moment_ns = _HEAD.unpack(source.read(_HEAD.size))
                shutil.copyfileobj(source, target)
            return moment_ns

        name = f"{sha256[:12]}{arguments['suffix']}"
        with scratch_file(settings.paths.home, name, fill) as file:
            yield file
        store.blobs.delete(sha256)


def run(settings: Settings, queue: Queue, *, once: bool, concurrency: int) -> None:
    """Do jobs until interrupted, or until none is left.

    Parameters
    ----------
    settings, queue
        Of the same store.
    once
        Stop when no job is left.
    concurrency
        Jobs at the same time.
    """
    if concurrency < 1:
        raise UsageError("a worker does at least one job at a time", "Use --jobs 1")
    try:
        settings.paths.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RehabctlError(f"cannot use the home: {error.strerror}", "Check its rights") from None
    queue.run(once=once, concurrency=concurrency)


def _no_report(*_: Any) -> None:
    pass


def _no_note(_: str) -> None:
    pass
