"""From one video to a series of landmarks: decoding, tracking and sampling side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import LANDMARK_COUNT, ModelInfo, Option, VideoInfo
from rehabctl.vision.container import cut_off, file_sha256, is_box_container, no_frames, no_times
from rehabctl.vision.frame_signals import SignalMeter, Signals
from rehabctl.vision.frame_times import FrameClock, describe_times
from rehabctl.vision.landmarker import Image, ModelFile, PersonTracker, as_image, unmirror
from rehabctl.vision.options import ExtractOptions
from rehabctl.vision.people import PeopleSampler, sample_times_s
from rehabctl.vision.protocol import FOUND_VALUES, Chunk, Facts
from rehabctl.vision.read_ahead import read_ahead
from rehabctl.vision.video import VideoReader

Progress = Callable[[float, float], None]
"""Called with the seconds done and the seconds that the header promises."""

SEGMENT_S = 60.0
"""Fixed, so that `fast` gives the same landmarks on every machine."""
WARM_UP_S = 1.0
_FRAMES_AHEAD = 2
_LEAST_SHARE_READ = 0.8
_CHUNK_FRAMES = 300

_NOT_FOUND = np.full((LANDMARK_COUNT, FOUND_VALUES), np.nan, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Frame:
    t_ms: float
    image: Image
    signals: Signals


@dataclass
class _Rows:
    """Frames that wait to be handed on."""

    t_ms: list[float] = field(default_factory=list[float])
    found: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])
    signals: list[Signals] = field(default_factory=list[Signals])

    def add(self, frame: _Frame, found: NDArray[np.float32] | None) -> None:
        self.t_ms.append(frame.t_ms)
        self.found.append(_NOT_FOUND if found is None else found)
        self.signals.append(frame.signals)

    def chunk(self) -> Chunk:
        return Chunk(
            t_ms=np.array(self.t_ms, dtype=np.float64),
            found=np.stack(self.found),
            signals=np.array(self.signals, dtype=np.float32),
        )


@dataclass
class _Segment:
    """A stretch of the video and how far it is done."""

    start_s: float
    stop_s: float
    clock: FrameClock
    sample_at_s: list[float]
    size: tuple[int, int] = (0, 0)
    frame_count: int = 0
    analysed: int = 0
    done_ms: float = 0.0

    def times_ms(self) -> list[float]:
        """Return the times of all its frames, without the warm-up."""
        return [t for t in self.clock.times_ms if t >= 1000 * self.start_s]


class VideoExtraction:
    """The work on one video.

    Parameters
    ----------
    path
        The video.
    model
        The network.
    options
        What the caller chose.
    threads
        How many segments may be worked on at the same time (with `fast`).
    on_chunk
        Takes the landmarks, some hundred frames at a time, so that a long video needs no more
        memory than a short one. Called from any of the threads.
    on_progress
        Called after each frame, from any of the threads.
    """

    def __init__(
        self,
        path: Path,
        model: ModelFile,
        options: ExtractOptions,
        *,
        threads: int,
        on_chunk: Callable[[Chunk], None],
        on_progress: Progress,
    ) -> None:
        self._path = path
        self._model = model
        self._options = options
        self._threads = threads
        self._on_chunk = on_chunk
        self._on_progress = on_progress
        self._people = PeopleSampler(model)
        with closing(VideoReader(path)) as reader:
            self._promised_s = reader.promised_s
            self._promised_frames = reader.promised_frames
            self._nominal_fps = reader.nominal_fps
            self._rotation_deg = reader.rotation_deg
            self._codec = reader.codec
        self._segments = self._plan()

    def run(self) -> Facts:
        """Work through the video; return what is known at its end.

        Raises
        ------
        RehabctlError
            The file gave no frame, has no time stamps or ends too early.
        """
        with ThreadPoolExecutor(1) as hashing, closing(self._people):
            digest = hashing.submit(file_sha256, self._path)
            if len(self._segments) == 1:
                self._work_on(self._segments[0])
            else:
                with ThreadPoolExecutor(self._threads) as pool:
                    list(pool.map(self._work_on, self._segments))
            return self._facts(digest.result())

    def _plan(self) -> list[_Segment]:
        count = max(1, int(self._promised_s // SEGMENT_S)) if self._options.fast else 1
        looks = sample_times_s(self._promised_s) if self._options.sample_people else []
        segments: list[_Segment] = []
        for i in range(count):
            start_s = SEGMENT_S * i if i else -math.inf
            stop_s = SEGMENT_S * (i + 1) if i < count - 1 else math.inf
            clock = FrameClock(self._options.analysis_fps, self._nominal_fps)
            mine = [t_s for t_s in looks if start_s <= t_s < stop_s]
            segments.append(_Segment(start_s, stop_s, clock, mine))
        return segments

    def _work_on(self, segment: _Segment) -> None:
        with (
            closing(VideoReader(self._path)) as reader,
            closing(PersonTracker(self._model)) as tracker,
            closing(read_ahead(self._frames(segment, reader), depth=_FRAMES_AHEAD)) as frames,
        ):
            rows, first_ms = _Rows(), None
            for frame in frames:
                found = tracker.find(frame.image, frame.t_ms)
                if frame.t_ms < 1000 * segment.start_s:
                    continue
                if found is not None and self._options.mirror:
                    found = unmirror(found)
                rows.add(frame, found)
                if len(rows.t_ms) == _CHUNK_FRAMES:
                    self._on_chunk(rows.chunk())
                    rows = _Rows()
                first_ms = frame.t_ms if first_ms is None else first_ms
                segment.analysed += 1
                segment.done_ms = frame.t_ms - first_ms
                done_ms = sum(other.done_ms for other in self._segments)
                self._on_progress(done_ms / 1000, self._promised_s)
            if rows.t_ms:
                self._on_chunk(rows.chunk())

    def _frames(self, segment: _Segment, reader: VideoReader) -> Iterator[_Frame]:
        """Decode a segment (the decoding thread's work)."""
        meter = SignalMeter()
        warm_up_s = segment.start_s - WARM_UP_S
        for pts_ms in reader.times_ms(max(0.0, warm_up_s)):
            if pts_ms < 1000 * warm_up_s:
                continue
            if pts_ms >= 1000 * segment.stop_s:
                return
            segment.frame_count += pts_ms >= 1000 * segment.start_s
            t_ms = segment.clock.pick(pts_ms)
            rgb = reader.image() if t_ms is not None else None
            if t_ms is None or rgb is None:
                continue
            segment.size = (rgb.shape[1], rgb.shape[0])
            signals = meter.measure(rgb)
            image = as_image(rgb)
            if segment.sample_at_s and t_ms >= 1000 * segment.sample_at_s[0]:
                segment.sample_at_s.pop(0)
                self._people.add(t_ms / 1000, image, segment.size)
            if self._options.mirror:
                image = as_image(cv2.flip(rgb, 1))
            yield _Frame(t_ms, image, signals)

    def _facts(self, sha256: str) -> Facts:
        segments = self._segments
        times_ms = [t for segment in segments for t in segment.times_ms()]
        frame_count = sum(segment.frame_count for segment in segments)
        if not any(segment.analysed for segment in segments):
            raise no_frames(self._path, self._codec)
        if frame_count > 1 and len(times_ms) == 1:
            raise no_times(self._path)
        timing = describe_times(times_ms, self._nominal_fps)
        if self._ended_early(frame_count, timing.duration_s):
            raise cut_off(self._path)
        width, height = segments[0].size
        return Facts(
            video=VideoInfo(
                sha256=sha256,
                width=width,
                height=height,
                rotation_deg=self._rotation_deg,
                duration_s=timing.duration_s,
                frame_count=frame_count,
                fps_mean=timing.fps_mean,
                variable_frame_rate=timing.variable_frame_rate,
            ),
            model=ModelInfo(
                name=self._model.name,
                sha256=self._model.sha256,
                mediapipe=mediapipe.__version__,
                opencv=cv2.__version__,
            ),
            people=self._people.samples(),
            options=self._provenance(),
        )

    def _ended_early(self, frame_count: int, duration_s: float) -> bool:
        """Tell whether much less came than the header promised.

        MP4 and MOV are left out: their boxes told already, and an edit list hides frames.
        """
        return (
            frame_count < _LEAST_SHARE_READ * self._promised_frames
            and duration_s < _LEAST_SHARE_READ * self._promised_s
            and not is_box_container(self._path)
        )

    def _provenance(self) -> dict[str, Option]:
        clocks = [segment.clock for segment in self._segments]
        options: dict[str, Option] = {
            "running_mode": "video",
            "analysis_fps": self._options.analysis_fps,
            "mirror": self._options.mirror,
            "fast": self._options.fast,
            "frames_without_own_time": sum(clock.without_own_time for clock in clocks),
            "clock_restarts": sum(clock.restarts for clock in clocks),
        }
        if self._options.fast:
            options |= {"segment_s": SEGMENT_S, "warm_up_s": WARM_UP_S}
        return options
