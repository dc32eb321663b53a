"""A pseudo-terminal with a child process in it (Linux, macOS): type, read, measure."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

DRIVER = Path(__file__).with_name("drive_panel.py")


class Terminal:
    """Runs a program in a pseudo-terminal of a fixed size.

    Parameters
    ----------
    argv
        The program.
    columns, rows
        Size of the terminal.
    environment
        Added to the process's own.
    """

    def __init__(
        self, argv: Sequence[str], *, columns: int = 120, rows: int = 40, **environment: str
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        for name in ("CI", "COLUMNS", "LINES"):  # the size is the terminal's own
            env.pop(name, None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            list(argv), stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def read(self, quiet_s: float, limit_s: float = 20.0) -> bytes:
        """Return what comes until nothing came for `quiet_s`."""
        return self._read(None, quiet_s, limit_s)

    def read_some(self, limit_s: float) -> bytes:
        """Return the first bytes that come."""
        if not select.select([self._master], [], [], limit_s)[0]:
            return b""
        chunk = os.read(self._master, 65_536)
        self.seen += chunk
        return chunk

    def wait_for(self, marker: str, limit_s: float = 30.0) -> bytes:
        """Return what comes up to a text; fail when it does not come."""
        out = self._read(marker.encode(), limit_s, limit_s)
        assert marker.encode() in out, f"{marker!r} did not appear in {out[-2000:]!r}"
        return out

    def wait_for_end(self, limit_s: float = 30.0) -> int:
        """Return the exit code; reads meanwhile so that the child is not blocked."""
        self._read(b"\0never\0", 0.5, limit_s)
        return self.process.wait(timeout=limit_s)

    def _read(self, marker: bytes | None, quiet_s: float, limit_s: float) -> bytes:
        out, end = b"", time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._master], [], [], min(left, quiet_s))[0]:
                if marker is None or self.process.poll() is not None:
                    break
                continue
            try:
                chunk = os.read(self._master, 65_536)
            except OSError:  # the child closed its side
                break
            if not chunk:
                break
            out += chunk
            self.seen += chunk
            if marker is not None and marker in out:
                break
        return out


def panel(*options: str, columns: int = 120, rows: int = 40, **environment: str) -> Terminal:
    """Start the real panel over the clinic in memory."""
    argv = [sys.executable, str(DRIVER), *options]
    return Terminal(argv, columns=columns, rows=rows, **environment)
