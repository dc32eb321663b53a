"""Reading frames with their true presentation times, turned upright."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rehabctl.vision.container import check_file, not_a_video

FFMPEG_OPTIONS = (
    "protocol_whitelist;file|"
    "format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,h264,hevc,asf,flv,ogg"
)
"""Only plain video files: a play list inside a file could name other files or addresses."""

_PLAUSIBLE_FPS = (1.0, 1000.0)
_FALLBACK_FPS = 30.0
_SEEK_MARGINS_S = (1.0, 10.0, math.inf)


class VideoReader:
    """One open video.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    NotFoundError
        Nothing is there.
    RehabctlError
        It is no video that can be read.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._path = path.absolute()  # FFmpeg takes a relative name with a colon for an address
        self._capture = self._open()
        fps = self._get(cv2.CAP_PROP_FPS)
        plausible = _PLAUSIBLE_FPS[0] <= fps <= _PLAUSIBLE_FPS[1]
        self.nominal_fps = fps if plausible else _FALLBACK_FPS
        count = self._get(cv2.CAP_PROP_FRAME_COUNT)
        self.promised_frames = int(count) if plausible and count > 0 else 0
        """As the header says (frames hidden by an edit list included); 0 when unknown."""
        self.rotation_deg = int(self._get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        code = int(self._get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        self.codec = code.to_bytes(4, "little").decode("ascii", "replace").strip("\0 ")

    @property
    def promised_s(self) -> float:
        """The duration that the header promises; 0 when unknown."""
        return self.promised_frames / self.nominal_fps

    def _get(self, prop: int) -> float:
        value = float(self._capture.get(prop))
        return value if math.isfinite(value) else 0.0

    def _open(self) -> cv2.VideoCapture:
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = FFMPEG_OPTIONS
        # one decoder thread: the cores are shared out between files and the network
        parameters = [cv2.CAP_PROP_N_THREADS, 1]
        capture = cv2.VideoCapture(os.fspath(self._path), cv2.CAP_FFMPEG, parameters)
        if not capture.isOpened():
            raise not_a_video(self._path)
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # builds of OpenCV differ in the default
        return capture

    def times_ms(self, from_s: float = 0.0) -> Iterator[float]:
        """Step through the frames and yield the presentation time of each.

        Parameters
        ----------
        from_s
            Where to begin; up to the key frame before it may come too.
        """
        first_ms = self._go_to(from_s) if from_s > 0 else None
        if first_ms is not None:
            yield first_ms
        while self._capture.grab():
            yield self._capture.get(cv2.CAP_PROP_POS_MSEC)

    def _go_to(self, from_s: float) -> float | None:
        """Seek and return the time of the frame arrived at, which is not after `from_s`."""
        for margin_s in _SEEK_MARGINS_S:
            target_ms = 1000 * (from_s - margin_s)
            if target_ms <= 0:
                self._capture.release()
                self._capture = self._open()
            else:
                self._capture.set(cv2.CAP_PROP_POS_MSEC, target_ms)
            if not self._capture.grab():
                continue
            first_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            if first_ms <= 1000 * from_s or target_ms <= 0:
                return first_ms
        return None

    def image(self) -> NDArray[np.uint8] | None:
        """Return the frame that was stepped to, upright, as (height, width, 3) RGB bytes.

        Returns None where it cannot be decoded.
        """
        ok, frame = self._capture.retrieve()
        if not ok:
            return None
        rgb: NDArray[Any] = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB, dst=frame)
        return rgb.astype(np.uint8, copy=False)

    def close(self) -> None:
        """Release the decoder."""
        self._capture.release()
