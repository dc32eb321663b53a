"""The desktop's own program for a file, where there is a desktop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from rehabctl.domain.errors import UnavailableError

_NEXT = "Use: rehabctl review film ASSESSMENT --output film.mp4"


class Desktop:
    """Opens films.

    Parameters
    ----------
    environment
        Variables of this process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def require(self) -> None:
        """Check that a film would be seen.

        Raises
        ------
        UnavailableError
            Nobody would see it: over ssh, in a browser's panel, without a desktop.
        """
        self._required()

    def show(self, film: Path) -> None:
        """Open a film in the program that the desktop has for it, and return at once.

        Parameters
        ----------
        film
            The file.

        Raises
        ------
        UnavailableError
            As for `require`, or the program did not start.
        """
        opener = self._required()
        try:
            opened = subprocess.Popen(  # noqa: S603 - one program of the desktop, one file of ours
                [opener, str(film)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            raise UnavailableError("the desktop did not open the film", _NEXT) from None
        threading.Thread(target=opened.wait, daemon=True).start()  # leaves no zombie

    def _required(self) -> str:
        """Return the program that opens films."""
        env = self._environment
        if env.get("SSH_CONNECTION") or env.get("SSH_TTY"):
            raise UnavailableError("the film would open on the machine at the other end", _NEXT)
        if env.get("TEXTUAL_DRIVER"):
            raise UnavailableError("the film would open beside the server, not here", _NEXT)
        opener = self._opener()
        if opener is None:
            raise UnavailableError("there is no desktop to open the film on", _NEXT)
        return opener

    def _opener(self) -> str | None:
        if sys.platform == "darwin":
            return shutil.which("open")
        if sys.platform == "win32":
            return shutil.which("explorer")
        if self._environment.get("DISPLAY") or self._environment.get("WAYLAND_DISPLAY"):
            return shutil.which("xdg-open", path=self._environment.get("PATH", os.defpath))
        return None
