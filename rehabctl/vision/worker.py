"""Starts the child process, hands it videos and turns its answers into series.

This side imports neither OpenCV nor MediaPipe. One child serves all files of a call. When native
code crashes, the files that were being worked on are tried again one by one, each in a new child;
the others go on as if nothing had happened.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.vision.options import ExtractOptions, ExtractResult
from rehabctl.vision.protocol import (
    Chunk,
    Header,
    assemble,
    read_message,
    unpack_chunk,
    unpack_error,
    unpack_facts,
)

__all__ = ["ExtractOptions", "ExtractResult", "LibraryFacts", "extract", "extract_many", "probe"]

_INTERRUPTIBLE_S = 1.0
"""Waiting in pieces lets Ctrl-C through on every system."""

Report = Callable[[float, float | None], None]
"""Called with the seconds of video done and their total (None while unknown)."""


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """What the child found on this machine."""

    mediapipe: str
    opencv: str
    network: str
    """`namespace`: native code is cut off the network too; `python`: Python code only."""


def extract(
    video: Path,
    model: Path,
    *,
    options: ExtractOptions | None = None,
    report: Report | None = None,
) -> KeypointSeries:
    """Return the landmarks of one video.

    Parameters
    ----------
    video
        The file.
    model
        A `.task` bundle; `rehabctl.vision.models.find_model` finds and checks it.
    options
        How to analyse.
    report
        Progress; an exception that it raises ends the work.

    Raises
    ------
    NotFoundError
        The video does not exist.
    RehabctlError
        It cannot be read, gave no frame, or crashed the decoder twice.
    UnavailableError
        The model or a native library is missing.
    """
    for result in extract_many([video], model, jobs=1, options=options, report=report):
        if result.error is not None:
            raise result.error
        if result.series is not None:
            return result.series
    raise RehabctlError(f"{video.name} gave no answer", "Try again")


def extract_many(
    videos: Sequence[Path],
    model: Path,
    *,
    jobs: int,
    options: ExtractOptions | None = None,
    report: Report | None = None,
) -> Iterator[ExtractResult]:
    """Yield one result a video, in the order in which they are done.

    Closing the iterator early (or an exception in the loop that reads it) ends the child.

    Parameters
    ----------
    videos
        The files; a file that fails gives a result with its error and stops nothing.
    model
        A `.task` bundle.
    jobs
        Files worked on at the same time.
    options
        How to analyse.
    report
        Progress over all files.

    Raises
    ------
    UnavailableError
        The model or a native library is missing: no file can be done.
    """
    return _Batch(model, jobs, options or ExtractOptions(), report).run(videos)


def probe() -> LibraryFacts:
    """Load the native libraries in a child and return what was found.

    Raises
    ------
    UnavailableError
        A library is missing or must not be used.
    """
    with _Child() as child:
        facts, _ = child.answer()
        return LibraryFacts(facts["mediapipe"], facts["opencv"], facts["network"])


class _ChildDiedError(Exception):
    """The child ended without being asked to."""


class _Child:
    """The process, its two pipes, and a thread that empties the second one.

    The thread keeps the child working while the caller is busy with a result.
    """

    def __init__(self, videos: Sequence[Path] = ()) -> None:
        self._process = subprocess.Popen(
            # -P: a file in the current folder must not stand in for a library
            [sys.executable, "-P", "-m", "rehabctl.vision.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},  # glibc: 15 MB less for a file
            pass_fds=_open_files(videos),
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the child
        )
        self._answers: queue.SimpleQueue[tuple[Header, bytes] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()

    def __enter__(self) -> _Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()  # it holds nothing but memory
        self._reader.join()
        with contextlib.suppress(OSError), self._process:  # a line may wait that nobody reads
            pass

    def send(self, fields: dict[str, Any]) -> None:
        """Write one line.

        Raises
        ------
        _ChildDiedError
            Nobody reads it any more.
        """
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - for the type checker: it was asked for
        try:
            pipe.write(json.dumps(fields).encode() + b"\n")
            pipe.flush()
        except OSError:
            raise _ChildDiedError from None

    def answer(self) -> tuple[Header, bytes]:
        """Wait for the next message.

        Raises
        ------
        UnavailableError
            The child cannot work here at all.
        _ChildDiedError
            It ended.
        """
        while True:
            try:
                message = self._answers.get(timeout=_INTERRUPTIBLE_S)
            except queue.Empty:
                continue
            break
        if message is None:
            raise _ChildDiedError
        header, payload = message
        if header["kind"] == "fatal":
            raise unpack_error(header)
        return header, payload

    def _read_on(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker: it was asked for
        while (message := read_message(pipe)) is not None:
            self._answers.put(message)
        self._answers.put(None)


class _Batch:
    """One call of `extract_many`."""

    def __init__(
        self, model: Path, jobs: int, options: ExtractOptions, report: Report | None
    ) -> None:
        self._model = model.absolute()
        self._jobs = max(1, jobs)
        self._options = options
        self._report = report
        self._progress: dict[int, tuple[float, float]] = {}
        self._chunks: dict[int, list[Chunk]] = {}
        self._count = 0

    def run(self, videos: Sequence[Path]) -> Generator[ExtractResult]:
        waiting: deque[tuple[int, Path]] = deque()
        self._count = len(videos)
        for index, path in enumerate(videos):
            if path.exists():
                waiting.append((index, path))
            else:
                error = NotFoundError(f"{path.name} does not exist", "Check the path")
                yield ExtractResult(path, error=error)
        while waiting:
            suspects = yield from self._side_by_side(waiting)
            for suspect in suspects:
                alone = deque([suspect])
                guilty = yield from self._side_by_side(alone)
                for _, path in guilty:
                    yield ExtractResult(path, error=_crashed(path))

    def _side_by_side(
        self, waiting: deque[tuple[int, Path]]
    ) -> Generator[ExtractResult, None, list[tuple[int, Path]]]:
        """Work off the queue in one child; return what it was working on when it died."""
        working: dict[int, Path] = {}
        try:
            with _Child([path for _, path in waiting]) as child:
                child.answer()
                child.send({"model": os.fspath(self._model), "jobs": self._jobs})
                while waiting or working:
                    while waiting and len(working) < self._jobs:
                        index, path = waiting.popleft()
                        working[index] = path
                        self._chunks[index] = []
                        child.send(self._job(index, path))
                    result = self._result(*child.answer(), working)
                    if result is not None:
                        yield result
        except _ChildDiedError:
            if not working:  # it died before it took a file: trying again would not help
                raise RehabctlError(
                    "the pose process ended on its own", "Run `rehabctl doctor`"
                ) from None
        return list(working.items())

    def _job(self, index: int, path: Path) -> dict[str, Any]:
        return {
            "id": index,
            "path": os.fspath(path.absolute()),
            "options": asdict(self._options),
            "threads": max(1, (os.cpu_count() or 1) // min(self._jobs, self._count)),
        }

    def _result(
        self, header: Header, payload: bytes, working: dict[int, Path]
    ) -> ExtractResult | None:
        index = header["id"]
        if header["kind"] == "progress":
            self._tell(index, header["done_s"], header["total_s"])
            return None
        if header["kind"] == "chunk":
            self._chunks[index].append(unpack_chunk(payload))
            return None
        path, chunks = working.pop(index), self._chunks.pop(index)
        if header["kind"] == "error":
            return ExtractResult(path, error=unpack_error(header))
        series = assemble(chunks, unpack_facts(header))
        self._tell(index, series.video.duration_s, series.video.duration_s)
        return ExtractResult(path, series=series)

    def _tell(self, index: int, done_s: float, total_s: float) -> None:
        if self._report is None:
            return
        self._progress[index] = (done_s, max(done_s, total_s))
        done = sum(d for d, _ in self._progress.values())
        known = sum(t for _, t in self._progress.values())
        # files not opened yet are taken to be as long as the others are on average
        self._report(done, known * self._count / len(self._progress) if known else None)


def _open_files(videos: Sequence[Path]) -> list[int]:
    """Return the descriptors of files without a name, which a path in `/proc/self` stands for."""
    targets = [os.readlink(path) for path in videos if path.is_symlink()]
    return [int(Path(t).name) for t in targets if t.startswith("/proc/self/fd/")]


def _crashed(path: Path) -> RehabctlError:
    return RehabctlError(
        f"{path.name} made the video decoder crash", "Convert it to H.264 in MP4 and try again"
    )
