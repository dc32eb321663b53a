"""Speed and memory of the landmark extraction against the bare loop, compared in one run.

The bare loop is what anyone writes first: read a frame, turn it to RGB, ask the network, one after
the other, in one process. Both sides are timed from start to end, imports and model included, in
turns; the best round of each comparison counts, since anything else on the machine only slows one
side down. The film is a rendered one enlarged to 1080x1920, as phones record, and encoded again as
MPEG-4 by OpenCV. Memory is that of the child process that decodes and runs the network, by seconds
of film done (Linux only). Takes about five minutes on two cores; prints one line a measure; exit 1
when a limit is missed. `--long` measures the memory over 30 minutes of film at 30 frames a second
instead of 3 minutes at 15 (half an hour more, and 2 GB of disk).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE = (1080, 1920)
SPEED_FRAMES = 450
ROUNDS = 2
LOOPED_FRAMES = 60
ONE_FILE_LIMIT = 1.05
TWO_FILES_LIMIT = 1.5
MEMORY_LIMIT_MB = 350
GROWTH_LIMIT_MB = 10
ANALYSIS_LIMIT = 0.03
CLIP = Path(__file__).parent.parent / "fixtures" / "videos" / "squat_count5_partial2.mp4"


@dataclass(frozen=True, slots=True)
class Film:
    """What the memory is measured over."""

    minutes: int
    fps: float


SHORT, LONG = Film(3, 15.0), Film(30, 30.0)


def enlarged() -> Iterator[Any]:
    """Yield the clip's frames as a phone would have recorded them, again and again."""
    import cv2

    width, height = SIZE
    while True:
        capture = cv2.VideoCapture(str(CLIP))
        while (read := capture.read())[0]:
            scale = width / read[1].shape[1]
            frame = cv2.resize(read[1], None, fx=scale, fy=scale)
            bar = (height - frame.shape[0]) // 2
            rest = height - frame.shape[0] - bar
            yield cv2.copyMakeBorder(frame, bar, rest, 0, 0, cv2.BORDER_REPLICATE)


def write_film(target: Path, frames: Iterator[Any], count: int, fps: float) -> None:
    """Encode so many of the frames."""
    import cv2

    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), fps, SIZE)
    for _ in range(count):
        writer.write(next(frames))
    writer.release()


def to_and_fro() -> Iterator[Any]:
    """Yield a few frames forwards and backwards without end: cheap, and without a jump."""
    source = enlarged()
    few = [next(source) for _ in range(LOOPED_FRAMES)]
    while True:
        yield from few
        yield from reversed(few)


def bare_loop(video: str, model: str) -> None:
    """Do what anyone writes first (run in a process of its own)."""
    import cv2
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=model), running_mode=vision.RunningMode.VIDEO
    )
    rows: list[list[tuple[float, float, float]]] = []
    capture = cv2.VideoCapture(video)
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        while True:
            ok, frame = capture.read()
            if not ok:
                break
            rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
            t_ms = round(capture.get(cv2.CAP_PROP_POS_MSEC))
            result = landmarker.detect_for_video(image, t_ms)
            rows += [[(p.x, p.y, p.visibility) for p in body] for body in result.pose_landmarks]
    if len(rows) < SPEED_FRAMES * 0.9:
        sys.exit("the bare loop found nobody")


def run_bare(video: Path, model: Path) -> None:
    """Run the bare loop in a process of its own."""
    argv = [sys.executable, __file__, "bare", str(video), str(model)]
    subprocess.run(argv, stderr=subprocess.DEVNULL, check=True)


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare_speed(video: Path, model: Path) -> tuple[float, float]:
    """Return how many times as fast as the bare loop one file and two files are."""
    from rehabctl.vision.worker import extract, extract_many

    one_file: list[float] = []
    two_files: list[float] = []
    for _ in range(ROUNDS):
        bare_s = seconds(lambda: run_bare(video, model))
        one_s = seconds(lambda: extract(video, model))
        pair_s = seconds(lambda: list(extract_many([video, video], model, jobs=2)))
        one_file.append(bare_s / one_s)
        two_files.append(2 * bare_s / pair_s)
        told = f"bare {bare_s:.1f} s, one file {one_s:.1f} s, two files {pair_s:.1f} s"
        print(f"round: {told}", file=sys.stderr, flush=True)
    return max(one_file), max(two_files)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def children() -> list[int]:
    """Return the processes that this one started (Linux)."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def measure_memory(video: str, model: str) -> None:
    """Print the child's memory by film time, and the analysis's time (in a process of its own)."""
    from rehabctl.analysis.assess import assess
    from rehabctl.reference.exercise_library import load_exercise
    from rehabctl.vision.worker import extract

    samples: list[tuple[float, float]] = []

    def look(done_s: float, total_s: float | None) -> None:
        del total_s
        samples.extend((done_s, resident_mb(pid)) for pid in children())

    start = time.perf_counter()
    series = extract(Path(video), Path(model), report=look)
    extract_s = time.perf_counter() - start
    exercise = load_exercise("bodyweight-squat")
    assess(series, exercise.measurement, exercise=exercise.slug)  # imports and caches
    assess_s = seconds(lambda: assess(series, exercise.measurement, exercise=exercise.slug))
    print(json.dumps({"samples": samples, "share": assess_s / (extract_s + assess_s)}))


def memory_and_share(video: Path, model: Path) -> tuple[float, float, float]:
    """Return peak and growth from second to last quarter in MB, and the analysis's share."""
    argv = [sys.executable, __file__, "memory", str(video), str(model)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    samples = found["samples"]
    end_s = samples[-1][0]
    quarters = [
        statistics.median(mb for t, mb in samples if i <= 4 * t / end_s <= i + 1) for i in (1, 3)
    ]
    return max(mb for _, mb in samples), quarters[1] - quarters[0], found["share"]


def report(rows: list[tuple[str, float, float, bool]]) -> int:
    """Print what was measured beside its limit; return the exit code."""
    failed = False
    for label, value, limit, at_least in rows:
        good = value >= limit if at_least else value <= limit
        failed |= not good
        sign, word = (">=" if at_least else "<="), ("ok" if good else "MISSED")
        print(f"{label:44s} {value:8.3f}   limit {sign} {limit:g}   {word}", flush=True)
    return int(failed)


def main(film: Film) -> int:
    """Measure and compare with the limits."""
    import platformdirs

    from rehabctl.vision.model_install import install_model
    from rehabctl.vision.models import ModelFolders

    with tempfile.TemporaryDirectory() as folder:
        cache = Path(platformdirs.user_cache_dir("rehabctl"))
        model = install_model("full", ModelFolders(Path(folder) / "models", cache)).path
        video = Path(folder) / "clip.mp4"
        write_film(video, enlarged(), SPEED_FRAMES, 30.0)
        one_file, two_files = compare_speed(video, model)
        frames = round(60 * film.minutes * film.fps)
        write_film(video, to_and_fro(), frames, film.fps)
        peak_mb, growth_mb, share = memory_and_share(video, model)
    print(f"full model, {SIZE[0]}x{SIZE[1]}; speed: {SPEED_FRAMES} frames, best of {ROUNDS} rounds")
    print(f"memory and analysis: {film.minutes} min of film at {film.fps:g} frames a second")
    return report(
        [
            ("one file, times the bare loop", one_file, ONE_FILE_LIMIT, True),
            ("two files on two cores, times the bare loop", two_files, TWO_FILES_LIMIT, True),
            ("analysis after the landmarks, share of time", share, ANALYSIS_LIMIT, False),
            ("peak memory of the worker, MB", peak_mb, MEMORY_LIMIT_MB, False),
            ("growth, second to last quarter, MB", growth_mb, GROWTH_LIMIT_MB, False),
        ]
    )


if __name__ == "__main__":
    modes = {"bare": bare_loop, "memory": measure_memory}
    if len(sys.argv) == 4:
        modes[sys.argv[1]](sys.argv[2], sys.argv[3])
        sys.exit(0)
    sys.exit(main(LONG if "--long" in sys.argv[1:] else SHORT))
