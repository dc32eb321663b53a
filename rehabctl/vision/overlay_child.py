"""The child process that draws annotated videos: `python -m rehabctl.vision.overlay_child`.

It reads one message with the panels, writes one MP4 and answers with progress, `done` or `error`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rehabctl.domain.errors import RehabctlError
from rehabctl.vision.isolation import refuse_network, take_over_output
from rehabctl.vision.overlay import BONES, Caption, OverlayPlan, Panel, unpack
from rehabctl.vision.protocol import pack_error, read_message, write_message
from rehabctl.vision.video import VideoReader

Image = NDArray[Any]

_LEFT, _RIGHT, _MIDDLE = (255, 160, 60), (60, 160, 255), (230, 230, 230)
_CAPTION, _MARK = (90, 220, 255), (80, 80, 255)
_REPORT_EVERY = 15


def main() -> None:
    """Draw one video."""
    output = take_over_output()
    refuse_network()
    cv2.setNumThreads(1)
    message = read_message(sys.stdin.buffer)
    if message is None:
        return

    def report(done_s: float, total_s: float) -> None:
        write_message(output, {"kind": "progress", "done_s": done_s, "total_s": total_s})

    try:
        draw(*unpack(*message), report)
        write_message(output, {"kind": "done"})
    except RehabctlError as error:
        write_message(output, {"kind": "error", **pack_error(error)})


def draw(panels: Sequence[Panel], part: Path, report: Any) -> None:
    """Write the annotated MP4.

    Parameters
    ----------
    panels
        One or two videos.
    part
        The file to write.
    report
        Called with the seconds done and their total.

    Raises
    ------
    RehabctlError
        A video cannot be read or the file cannot be written.
    """
    with closing(VideoReader(panels[0].video)) as reader:
        fps, total_s = reader.nominal_fps, reader.promised_s
    writer: cv2.VideoWriter | None = None
    try:
        for number, images in enumerate(_joined([_frames(panel, fps) for panel in panels])):
            picture = np.hstack(images) if len(images) > 1 else images[0]
            if writer is None:
                writer = _writer(part, fps, picture)
            writer.write(picture)
            if number % _REPORT_EVERY == 0:
                report(number / fps, total_s)
    finally:
        if writer is not None:
            writer.release()
    if writer is None:
        raise RehabctlError(f"{panels[0].video.name} gave no frame", "Try another file")


def _writer(part: Path, fps: float, picture: Image) -> cv2.VideoWriter:
    height, width = picture.shape[:2]
    # MPEG-4 part 2: the build of OpenCV on the package index carries no H.264 encoder
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(part), fourcc, fps, (width, height))
    if not writer.isOpened():
        raise RehabctlError("the annotated video cannot be written", "Choose another path")
    return writer


def _joined(streams: Sequence[Iterator[Image]]) -> Iterator[list[Image]]:
    """Yield one image a panel, all of the first one's height, until the first one ends."""
    last: list[Image | None] = [None] * len(streams)
    for first in streams[0]:
        images = [_even(first)]
        for i, stream in enumerate(streams[1:], start=1):
            image = next(stream, None)
            last[i] = image if image is not None else last[i]
            if (kept := last[i]) is not None:
                images.append(_even(_with_height(kept, images[0].shape[0])))
        yield images


def _frames(panel: Panel, fps: float) -> Iterator[Image]:
    """Yield drawn frames at a constant rate: the newest frame at each output time."""
    if panel.source_s is None:
        yield from _at_times(panel, (output / fps for output in count()), hold=False)
        return
    for run in _rising_runs(_source_times(panel.source_s, panel.source_fps or fps, fps)):
        yield from _at_times(panel, iter(run), hold=True)


def _source_times(source_s: NDArray[np.float64], source_fps: float, fps: float) -> list[float]:
    """Return the time of the film at each output frame; what is not finite is left out."""
    outputs = np.arange(math.ceil(len(source_s) * fps / source_fps))
    nearest = np.minimum(np.round(outputs * source_fps / fps).astype(int), len(source_s) - 1)
    return [float(t) for t in source_s[nearest] if math.isfinite(t)]


def _rising_runs(times_s: Sequence[float]) -> Iterator[list[float]]:
    """Split where time goes back: a film is read forwards, and again from its start."""
    run: list[float] = []
    for t_s in times_s:
        if run and t_s < run[-1]:
            yield run
            run = []
        run.append(t_s)
    if run:
        yield run


def _at_times(panel: Panel, times_s: Iterator[float], *, hold: bool) -> Iterator[Image]:
    """Yield the drawn frame at each of the rising times, until the film is over.

    Parameters
    ----------
    hold
        Whether the last frame stands for all times that are left, not for one.
    """
    with closing(VideoReader(panel.video)) as reader:
        image: Image | None = None
        shown_s, at_s = -math.inf, next(times_s, None)
        for t_ms in reader.times_ms():
            t_s = t_ms / 1000
            # every output time before this frame still shows the one before
            while image is not None and at_s is not None and at_s < t_s - 1e-6:
                yield _drawn(image, panel, shown_s)
                at_s = next(times_s, None)
            if at_s is None:
                return
            rgb = reader.image()
            if rgb is not None:
                image, shown_s = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)), t_s
        while image is not None and at_s is not None:
            yield _drawn(image, panel, shown_s)
            at_s = next(times_s, None) if hold else None


def _drawn(image: Image, panel: Panel, t_s: float) -> Image:
    """Return a copy of the frame with everything that belongs to its time."""
    plan = panel.plan
    picture = image.copy()
    scale = picture.shape[0] / 640
    frame = int(np.argmin(np.abs(plan.t_s - t_s))) if len(plan.t_s) else -1
    if frame >= 0:
        _skeleton(picture, plan.xy_px[frame], scale)
        if plan.vertex is not None and math.isfinite(plan.angle_deg[frame]):
            _arc(picture, plan, frame, scale)
    _text(picture, panel.title, (10, 24), scale, _MIDDLE)
    for row, caption in enumerate(_current(plan.counter, t_s)):
        _text(picture, caption.text, (10, 50 + 26 * row), scale, _MIDDLE)
    bottom = round(picture.shape[0] / scale) - 14
    for row, caption in enumerate(_current(plan.captions, t_s)):
        _text(picture, caption.text, (10, bottom - 26 * row), scale, _CAPTION)
    for mark in plan.marks:
        point = plan.xy_px[frame, mark.landmark] if frame >= 0 else np.array([np.nan])
        if mark.from_s <= t_s <= mark.to_s and np.isfinite(point).all():
            centre = (round(float(point[0])), round(float(point[1])))
            cv2.circle(picture, centre, round(14 * scale), _MARK, max(1, round(2 * scale)))
            at = (round(point[0] / scale) + 16, round(point[1] / scale))
            _text(picture, mark.text, at, scale, _MARK)
    return picture


def _current(captions: Sequence[Caption], t_s: float) -> list[Caption]:
    return [c for c in captions if c.from_s <= t_s <= c.to_s]


def _skeleton(picture: Image, points: NDArray[np.float32], scale: float) -> None:
    width = max(1, round(2 * scale))
    for a, b in BONES:
        if np.isfinite(points[[a, b]]).all():
            colour = _MIDDLE if a % 2 != b % 2 else (_LEFT if a % 2 else _RIGHT)
            start, end = (tuple(map(round, points[k].tolist())) for k in (a, b))
            cv2.line(picture, start, end, colour, width, cv2.LINE_AA)


def _arc(picture: Image, plan: OverlayPlan, frame: int, scale: float) -> None:
    if plan.vertex is None:
        return
    before, joint, after = (plan.xy_px[frame, k].astype(float) for k in plan.vertex)
    if not np.isfinite([before, joint, after]).all():
        return
    first, second = (math.degrees(math.atan2(*(end - joint)[::-1])) for end in (before, after))
    sweep = (second - first + 180) % 360 - 180
    centre = (round(joint[0]), round(joint[1]))
    radius = round(26 * scale)
    cv2.ellipse(
        picture, centre, (radius, radius), 0, first, first + sweep, _CAPTION,
        max(1, round(2 * scale)), cv2.LINE_AA,
    )  # fmt: skip
    text = f"{plan.angle_name} {plan.angle_deg[frame]:.0f} deg"
    _text(picture, text, (round(joint[0] / scale) + 32, round(joint[1] / scale)), scale, _CAPTION)


def _text(
    picture: Image, text: str, at: tuple[int, int], scale: float, colour: tuple[int, int, int]
) -> None:
    """Write text at a place given for a picture 640 pixels high, with a dark rim."""
    plain = text.encode("ascii", "replace").decode()
    place = (round(at[0] * scale), round(at[1] * scale))
    size = 0.55 * scale
    for tone, width in (((0, 0, 0), 4), (colour, 1)):
        thickness = max(1, round(width * scale))
        cv2.putText(
            picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, tone, thickness, cv2.LINE_AA
        )


def _even(image: Image) -> Image:
    """Cut to even sides: the encoder takes no others."""
    height, width = image.shape[:2]
    return image[: height - height % 2, : width - width % 2]


def _with_height(image: Image, height: int) -> Image:
    width = round(image.shape[1] * height / image.shape[0])
    return np.asarray(cv2.resize(image, (width - width % 2, height)))


if __name__ == "__main__":
    main()
