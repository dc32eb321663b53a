"""Sensors in a process of their own, for the real executable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def air(*argv: str) -> Iterator[dict[str, Any]]:
    """Run `python -m tests.peripherals ARGV` and yield where its controller and sensors are."""
    command = [sys.executable, "-m", "tests.peripherals", *argv, "--hci-tcp", "127.0.0.1:0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT
    ) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said.startswith("ready "):
                raise RuntimeError(f"the sensors did not start: {said!r}")
            yield json.loads(said.removeprefix("ready "))
        finally:
            process.terminate()
