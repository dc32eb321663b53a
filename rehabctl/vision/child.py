"""The child process that decodes videos and runs the pose network.

`python -m rehabctl.vision.child` reads one JSON object a line: first what all jobs share, then one
job a line. It answers with the messages of `rehabctl.vision.protocol`. It ends when its input
ends, so it never outlives the process that started it. Native crashes, memory, log noise and the
wish for a network stay in here.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.vision.isolation import refuse_network, take_over_output
from rehabctl.vision.protocol import Chunk, pack_chunk, pack_error, pack_facts, write_message

if TYPE_CHECKING:
    from rehabctl.vision.landmarker import ModelFile

_REPORT_INTERVAL_S = 0.2


class Answers:
    """Writes messages, one at a time.

    Parameters
    ----------
    stream
        The pipe to the parent.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, kind: str, fields: dict[str, Any], payload: bytes = b"") -> None:
        """Write one message.

        Parameters
        ----------
        kind
            ready, progress, chunk, result, error or fatal.
        fields
            Its header.
        payload
            Array bytes of a chunk.
        """
        with self._lock:
            write_message(self._stream, {"kind": kind, **fields}, payload)


def load_libraries() -> dict[str, str]:
    """Import the native libraries and return their versions.

    Raises
    ------
    UnavailableError
        One is missing, cannot be loaded here, or reports usage to its maker.
    """
    import importlib.metadata

    from rehabctl.reference.pose_models import load_pose_models

    allowed = load_pose_models().mediapipe_allowed
    # the pose network needs no microphone, and looking for one starts a compiler
    sys.modules["sounddevice"] = None  # pyright: ignore[reportArgumentType]
    try:
        version = importlib.metadata.version("mediapipe")
        if version not in allowed:
            raise UnavailableError(
                f"mediapipe {version} reports usage to its maker or was not tested",
                "Install rehabctl again with its lock file",
            )
        import cv2
        import mediapipe as _  # noqa: F401
    except importlib.metadata.PackageNotFoundError:
        raise UnavailableError(
            "mediapipe is not installed",
            "It is published for x86-64 Linux and Windows and arm64 "
            "macOS; install rehabctl again there",
        ) from None
    except (ImportError, OSError):
        raise UnavailableError(
            "a system library that video analysis needs is missing",
            "On Debian or Ubuntu run `apt-get install libgles2 libegl1 libgl1 libglib2.0-0`",
        ) from None
    cv2.setNumThreads(1)
    return {"mediapipe": version, "opencv": cv2.__version__}


def extract(job: dict[str, Any], model: ModelFile, answers: Answers) -> None:
    """Do one job and send its result or its error.

    Parameters
    ----------
    job
        id, path, options and the number of threads.
    model
        The network.
    answers
        Where to send messages.
    """
    from rehabctl.vision.extraction import VideoExtraction
    from rehabctl.vision.options import ExtractOptions

    path, last_s = Path(job["path"]), 0.0

    def report(done_s: float, total_s: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= _REPORT_INTERVAL_S:
            last_s = now_s
            answers.send("progress", {"id": job["id"], "done_s": done_s, "total_s": total_s})

    def hand_on(chunk: Chunk) -> None:
        answers.send("chunk", {"id": job["id"]}, pack_chunk(chunk))

    try:
        work = VideoExtraction(
            path,
            model,
            ExtractOptions(**job["options"]),
            threads=job["threads"],
            on_chunk=hand_on,
            on_progress=report,
        )
        answers.send("result", {"id": job["id"], **pack_facts(work.run())})
    except RehabctlError as error:
        answers.send("error", {"id": job["id"], **pack_error(error)})
    except Exception as error:  # noqa: BLE001 - one file's failure is that file's result
        failed = RehabctlError(
            f"{path.name} could not be analysed ({type(error).__name__})",
            "Convert it to H.264 in MP4 and try again",
        )
        answers.send("error", {"id": job["id"], **pack_error(failed)})


def main() -> None:
    """Serve jobs until the input ends."""
    answers = Answers(take_over_output())
    network = refuse_network()
    try:
        versions = load_libraries()
        answers.send("ready", {**versions, "network": network})
        setup_line = sys.stdin.readline()
        if setup_line:
            serve(json.loads(setup_line), answers)
    except RehabctlError as error:
        answers.send("fatal", pack_error(error))
    # threads may be deep in native code: leave without waiting for them
    os._exit(0)


def serve(setup: dict[str, Any], answers: Answers) -> None:
    """Take jobs line by line, each in a thread, until the input ends.

    Parameters
    ----------
    setup
        The model's path and the number of jobs at the same time.
    answers
        Where to send messages.
    """
    from rehabctl.vision.landmarker import ModelFile

    model = ModelFile.read(Path(setup["model"]))
    pool = ThreadPoolExecutor(max_workers=setup["jobs"])
    for line in sys.stdin:
        pool.submit(extract, json.loads(line), model, answers)


if __name__ == "__main__":
    main()
