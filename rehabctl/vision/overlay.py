"""Annotated videos: what to draw over each frame, and the child process that draws it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rehabctl.domain.errors import RehabctlError
from rehabctl.vision.protocol import read_message, unpack_error, write_message

Report = Callable[[float, float | None], None]

BONES: tuple[tuple[int, int], ...] = (
    (11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24), (23, 25),
    (25, 27), (24, 26), (26, 28), (27, 29), (29, 31), (28, 30), (30, 32), (27, 31), (28, 32),
)  # fmt: skip
"""Pairs of landmarks that are joined by a line."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A line of text shown for a while."""

    from_s: float
    to_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A reviewer's mark on a landmark, shown for a while."""

    from_s: float
    to_s: float
    landmark: int
    text: str


@dataclass(frozen=True, eq=False)
class OverlayPlan:
    """Everything that is drawn over one video.

    `vertex` is the (from, joint, to) landmark triple at which the driving angle's arc is drawn.
    """

    t_s: NDArray[np.float64]
    """(N,) times of the landmarks."""
    xy_px: NDArray[np.float32]
    """(N, 33, 2)."""
    angle_deg: NDArray[np.float64]
    """(N,) driving angle; NaN is not shown."""
    vertex: tuple[int, int, int] | None
    angle_name: str
    counter: Sequence[Caption] = ()
    captions: Sequence[Caption] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, eq=False)
class Panel:
    """One video of the output picture.

    `source_s` maps equally spaced output times to times of this video (phase alignment), which
    may go back; None plays it at its own speed. `source_fps` is how many of them make a second;
    None for one an output frame.
    """

    video: Path
    plan: OverlayPlan
    title: str = ""
    source_s: NDArray[np.float64] | None = None
    source_fps: float | None = None


def render(panels: Sequence[Panel], target: Path, *, report: Report | None = None) -> None:
    """Write an annotated MP4: one video, or two side by side, at the first one's frame rate.

    The file appears whole or not at all. It shows the patient: where it lies is the caller's
    decision.

    Parameters
    ----------
    panels
        One or two videos with what to draw over them.
    target
        The file to write; replaced when it exists.
    report
        Progress in seconds.

    Raises
    ------
    RehabctlError
        A video cannot be read, or the file cannot be written.
    """
    part = target.with_name(f".{target.name}.part.mp4")
    try:
        _run_child(panels, part, report)
        part.replace(target)
    except OSError as error:
        raise RehabctlError(
            f"cannot write {target.name}: {error.strerror}", "Choose another path"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _run_child(panels: Sequence[Panel], part: Path, report: Report | None) -> None:
    header, payload = _pack(panels, part)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "rehabctl.vision.overlay_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends the child
    ) as child:
        try:
            if child.stdin is None or child.stdout is None:
                raise _died()
            write_message(child.stdin, header, payload)
            while (message := read_message(child.stdout)) is not None:
                fields, _ = message
                if fields["kind"] == "error":
                    raise unpack_error(fields)
                if fields["kind"] == "done":
                    return
                if report is not None:
                    report(fields["done_s"], fields["total_s"])
            raise _died()
        except BrokenPipeError:
            raise _died() from None
        finally:
            child.kill()


def _died() -> RehabctlError:
    return RehabctlError("drawing the video failed", "Convert it to H.264 in MP4 and try again")


def _pack(panels: Sequence[Panel], part: Path) -> tuple[dict[str, Any], bytes]:
    arrays: dict[str, NDArray[Any]] = {}
    rows: list[dict[str, Any]] = []
    for i, panel in enumerate(panels):
        plan = panel.plan
        arrays |= {f"t{i}": plan.t_s, f"xy{i}": plan.xy_px, f"angle{i}": plan.angle_deg}
        if panel.source_s is not None:
            arrays[f"source{i}"] = panel.source_s
        rows.append(
            {
                "video": os.fspath(panel.video.absolute()),
                "title": panel.title,
                "source_fps": panel.source_fps,
                "vertex": plan.vertex,
                "angle_name": plan.angle_name,
                "counter": [asdict(c) for c in plan.counter],
                "captions": [asdict(c) for c in plan.captions],
                "marks": [asdict(m) for m in plan.marks],
            }
        )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    return {"panels": rows, "part": os.fspath(part.absolute())}, buffer.getvalue()


def unpack(header: dict[str, Any], payload: bytes) -> tuple[list[Panel], Path]:
    """Return what `render` packed (the child's side).

    Parameters
    ----------
    header, payload
        The message.
    """
    with np.load(io.BytesIO(payload), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    panels = [
        Panel(
            video=Path(row["video"]),
            title=row["title"],
            source_s=arrays.get(f"source{i}"),
            source_fps=row["source_fps"],
            plan=OverlayPlan(
                t_s=arrays[f"t{i}"],
                xy_px=arrays[f"xy{i}"],
                angle_deg=arrays[f"angle{i}"],
                vertex=tuple(row["vertex"]) if row["vertex"] else None,
                angle_name=row["angle_name"],
                counter=[Caption(**c) for c in row["counter"]],
                captions=[Caption(**c) for c in row["captions"]],
                marks=[Mark(**m) for m in row["marks"]],
            ),
        )
        for i, row in enumerate(header["panels"])
    ]
    return panels, Path(header["part"])
