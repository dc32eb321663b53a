"""Speed and memory of the landmark extraction against the bare loop, interleaved in one run.

The bare loop is what anyone writes first: read a frame, turn it to RGB, ask the network, one after
the other, in one process. Both sides are timed from start to end, imports and model included.
The clip is a rendered one, shown repeatedly, enlarged to 1080x1920 (as phones record) and encoded
again as MPEG-4 by OpenCV. Prints one line a measure; exit 1 when a limit is missed.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

FRAMES = 900
SIZE = (1080, 1920)
ROUNDS = 3
ONE_FILE_LIMIT = 1.05
TWO_FILES_LIMIT = 1.5
MEMORY_LIMIT_MB = 350
ANALYSIS_LIMIT = 0.03
CLIP = Path(__file__).parent.parent / "fixtures" / "videos" / "squat_count5_partial2.mp4"


def make_clip(target: Path) -> None:
    """Write the benchmark's video."""
    import cv2

    width, height = SIZE
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, SIZE)
    capture, written = cv2.VideoCapture(str(CLIP)), 0
    while written < FRAMES:
        ok, frame = capture.read()
        if not ok:
            capture = cv2.VideoCapture(str(CLIP))
            continue
        scale = width / frame.shape[1]
        frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        bar = (height - frame.shape[0]) // 2
        border = cv2.BORDER_REPLICATE
        frame = cv2.copyMakeBorder(frame, bar, height - frame.shape[0] - bar, 0, 0, border)
        writer.write(frame)
        written += 1
    writer.release()


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
    if len(rows) < FRAMES * 0.9:
        sys.exit("the bare loop found nobody")


def peak_memory_mb(video: str, model: str) -> None:
    """Print the highest resident memory of the child (run in a process of its own)."""
    from rehabctl.vision.worker import extract

    extract(Path(video), Path(model))
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def run_self(mode: str, video: Path, model: Path) -> str:
    """Run one of the functions above in a process of its own."""
    argv = [sys.executable, __file__, mode, str(video), str(model)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return done.stdout.decode()


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def analysis_seconds(video: Path, model: Path) -> float:
    """Time the pure analysis of the clip's landmarks."""
    from rehabctl.analysis.assess import assess
    from rehabctl.reference.exercise_library import load_exercise
    from rehabctl.vision.worker import extract

    series = extract(video, model)
    exercise = load_exercise("bodyweight-squat")
    assess(series, exercise.measurement, exercise=exercise.slug)  # imports and caches
    return seconds(lambda: assess(series, exercise.measurement, exercise=exercise.slug))


def main() -> int:
    """Measure in rounds and compare the medians with the limits."""
    from rehabctl.vision.model_install import install_model
    from rehabctl.vision.models import ModelFolders
    from rehabctl.vision.worker import extract, extract_many

    with tempfile.TemporaryDirectory() as folder:
        cache = Path(platformdirs.user_cache_dir("rehabctl"))
        model = install_model("full", ModelFolders(Path(folder) / "models", cache)).path
        video = Path(folder) / "clip.mp4"
        make_clip(video)
        one_file: list[float] = []
        two_files: list[float] = []
        extract_s: list[float] = []
        for _ in range(ROUNDS):
            bare_s = seconds(lambda: run_self("bare", video, model))
            extract_s.append(seconds(lambda: extract(video, model)))
            pair_s = seconds(lambda: list(extract_many([video, video], model, jobs=2)))
            one_file.append(bare_s / extract_s[-1])
            two_files.append(2 * bare_s / pair_s)
            print(
                f"round: bare {bare_s:.1f} s, one file {extract_s[-1]:.1f} s, "
                f"two files {pair_s:.1f} s",
                flush=True,
            )
        memory_mb = float(run_self("memory", video, model))
        share = analysis_seconds(video, model) / statistics.median(extract_s)
    print(f"{FRAMES} frames of {SIZE[0]}x{SIZE[1]}, medians of {ROUNDS} rounds")
    rows = (
        ("one file, x bare loop", statistics.median(one_file), ONE_FILE_LIMIT, True),
        ("two files, x bare loop", statistics.median(two_files), TWO_FILES_LIMIT, True),
        ("peak memory of the child, MB", memory_mb, MEMORY_LIMIT_MB, False),
        ("analysis, share of the time", share, ANALYSIS_LIMIT, False),
    )
    failed = False
    for label, value, limit, at_least in rows:
        good = value >= limit if at_least else value <= limit
        failed |= not good
        sign = ">=" if at_least else "<="
        print(f"{label:30s} {value:8.3f}   limit {sign} {limit:g}   {'ok' if good else 'MISSED'}")
    return int(failed)


if __name__ == "__main__":
    modes = {"bare": bare_loop, "memory": peak_memory_mb}
    if len(sys.argv) > 1:
        modes[sys.argv[1]](*sys.argv[2:])
        sys.exit(0)
    sys.exit(main())
