"""The panel in a real pseudo-terminal: start, keys, bytes and memory, each against its limit.

usage: python benchmarks/panel.py

Start is a ratio to `python -c pass` measured in the same minutes, so that a busy machine does not
decide. The data is the clinic of `tests/tui` (in memory), so that this measures the panel and not
a store.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from tui.terminal import Terminal, panel  # noqa: E402

ROUNDS = 7
KEYS = 60
FIRST_ROW = "Amara"
QUIT = b"\x11"

START_LIMIT = 65.0
KEY_LIMIT_MS = 30.0
BYTES_LIMIT = 600
MEMORY_LIMIT_MIB = 120.0
SAME_LIMIT = 1.25
"""A million rows may take this much of the time of ten thousand: noise, not growth."""


def seconds_of_pass() -> float:
    """Return the seconds of an interpreter that does nothing."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


def open_panel(rows: int, home: str, *options: str) -> Terminal:
    """Start the panel over a list of this length."""
    return panel("--rows", str(rows), "--endless", *options, REHABCTL_HOME=home)


def seconds_to_rows(rows: int, home: str) -> float:
    """Return the seconds from process start to the first row on the terminal."""
    with open_panel(rows, home) as terminal:
        terminal.wait_for(FIRST_ROW)
        seconds = time.perf_counter() - terminal.started
        terminal.type(QUIT)
        terminal.wait_for_end()
    return seconds


def keys_and_bytes(rows: int, home: str) -> tuple[list[float], list[int], float]:
    """Return milliseconds to the first byte and bytes of each cursor move, and peak MiB."""
    report = Path(home) / "report.json"
    delays: list[float] = []
    sizes: list[int] = []
    with open_panel(rows, home, "--report", str(report)) as terminal:
        terminal.wait_for(FIRST_ROW)
        terminal.read(1.0)
        for i in range(KEYS):
            started = time.perf_counter()
            terminal.type(b"k" if i % 20 >= 10 else b"j")
            first = terminal.read_some(2.0)
            delays.append((time.perf_counter() - started) * 1000)
            sizes.append(len(first) + len(terminal.read(0.05)))
        terminal.type(b"G")
        terminal.read(1.0)
        terminal.type(b"\r")  # a patient: numpy and the charts
        terminal.wait_for("Reasons")
        terminal.type(QUIT)
        terminal.wait_for_end()
    return delays, sizes, json.loads(report.read_text(encoding="utf-8"))["peak_mib"]


def verdict(name: str, value: float, limit: float, unit: str) -> bool:
    """Print one result and return whether it is within its limit."""
    fine = value <= limit
    print(f"{'ok  ' if fine else 'FAIL'} {name}: {value:.1f}{unit} (limit {limit:g}{unit})")
    return fine


def main() -> int:
    """Measure everything and return 1 when a limit is broken."""
    with tempfile.TemporaryDirectory() as home:
        seconds_to_rows(10_000, home)  # compiled files and the disk's cache
        bare: list[float] = []
        few: list[float] = []
        many: list[float] = []
        for _ in range(ROUNDS):  # interleaved: all see the same machine
            bare.append(seconds_of_pass())
            few.append(seconds_to_rows(10_000, home))
            many.append(seconds_to_rows(1_000_000, home))
        delays, sizes, peak_mib = keys_and_bytes(100_000, home)
    print(
        f"pass {median(bare) * 1000:.0f} ms, first rows of 10,000 {median(few) * 1000:.0f} ms, "
        f"of 1,000,000 {median(many) * 1000:.0f} ms (median of {ROUNDS})"
    )
    results = [
        verdict("start to first rows, 10,000", median(few) / median(bare), START_LIMIT, "x pass"),
        verdict("1,000,000 against 10,000 rows", median(many) / median(few), SAME_LIMIT, "x"),
        verdict("key to screen, p95", quantiles(delays, n=20)[18], KEY_LIMIT_MS, " ms"),
        verdict("bytes of a cursor move, largest", max(sizes), BYTES_LIMIT, ""),
        verdict("memory with 100,000 rows and a patient", peak_mib, MEMORY_LIMIT_MIB, " MiB"),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
