"""Single frames of a film, decoded in a child process that stays as long as the film is looked at.

`python -m rehabctl.vision.stills` reads requests and answers with pictures; it has no network
and ends when its input ends.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.film import Picture
from rehabctl.vision.protocol import pack_error, read_message, unpack_error, write_message

if TYPE_CHECKING:
    from rehabctl.vision.video import VideoReader


class Stills:
    """The frames of one film. Not for several threads at a time.

    Parameters
    ----------
    film
        The file; it is opened at each request.
    """

    def __init__(self, film: Path) -> None:
        self._film = film.absolute()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "rehabctl.vision.stills"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def frame(self, t_s: float, width_px: int, height_px: int) -> Picture:
        """Return the frame that is shown at a time, as large as fits.

        Parameters
        ----------
        t_s
            Seconds from the start; after the end the last frame is shown.
        width_px, height_px
            Room for it.

        Raises
        ------
        RehabctlError
            The film cannot be decoded.
        """
        if self._child.stdin is None or self._child.stdout is None:
            raise _died()
        room = {"width_px": max(1, width_px), "height_px": max(1, height_px)}
        try:
            write_message(self._child.stdin, {"film": str(self._film), "t_s": t_s, **room})
            answer = read_message(self._child.stdout)
        except (BrokenPipeError, ValueError):
            raise _died() from None
        if answer is None:
            raise _died()
        fields, payload = answer
        if fields["kind"] == "error":
            raise unpack_error(fields)
        return Picture(fields["width_px"], fields["height_px"], payload)

    def close(self) -> None:
        """End the child."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()


def _died() -> RehabctlError:
    return RehabctlError("the film cannot be shown", "Convert it to H.264 in MP4 and try again")


def main(requests: IO[bytes]) -> None:
    """Answer every request (the child's side).

    Parameters
    ----------
    requests
        The pipe from the parent.
    """
    from rehabctl.vision.isolation import refuse_network, take_over_output

    output = take_over_output()
    refuse_network()
    import cv2

    from rehabctl.vision.video import VideoReader

    cv2.setNumThreads(1)
    while (message := read_message(requests)) is not None:
        asked, _ = message
        try:
            with closing(VideoReader(Path(asked["film"]))) as reader:
                picture = _frame(reader, asked["t_s"], asked["width_px"], asked["height_px"])
        except RehabctlError as error:
            write_message(output, {"kind": "error", **pack_error(error)})
        else:
            size = {"width_px": picture.width_px, "height_px": picture.height_px}
            write_message(output, {"kind": "picture", **size}, picture.rgb)


def _frame(reader: VideoReader, t_s: float, width_px: int, height_px: int) -> Picture:
    import cv2
    import numpy as np

    image = None
    for at_ms in reader.times_ms(t_s):
        if image is not None and at_ms > 1000 * t_s + 1e-3:
            break
        found = reader.image()
        image = image if found is None else found
    if image is None:
        raise RehabctlError("the film gave no frame", "Convert it to H.264 in MP4 and try again")
    height, width = image.shape[:2]
    scale = min(width_px / width, height_px / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return Picture(size[0], size[1], small.tobytes())


if __name__ == "__main__":
    main(sys.stdin.buffer)
