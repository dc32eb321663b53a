"""Start-up cost of the commands, as ratios of CPU time to `python -c pass`, interleaved in one run.

Prints one line a command: ratio, limit, and whether it holds. Exit 1 when a limit is passed.
Child CPU time (user + system) is used, since wall time on a shared machine says little.
"""

from __future__ import annotations

import csv
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 9
PASS = [sys.executable, "-c", "pass"]
LIMITS: dict[str, tuple[list[str], float]] = {
    "--version": (["--version"], 2),
    "--help": (["--help"], 15),
    "patient list of 1,000": (["patient", "list", "--limit", "1000", "--format", "plain"], 45),
}


def child_cpu_s(argv: list[str]) -> float:
    """Run a process and return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def roster(path: Path, count: int) -> None:
    """Write a synthetic roster."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("mrn", "given_name", "family_name", "birth_date", "sex", "state"))
        writer.writerows(
            (f"B{i:05d}", f"Given{i}", f"Family{i % 97}", "1960-01-01", "female", "OH")
            for i in range(count)
        )


def main() -> int:
    """Measure every command against `python -c pass`."""
    failed = False
    with tempfile.TemporaryDirectory() as home:
        os.environ["REHABCTL_HOME"] = home
        rehabctl = [sys.executable, "-m", "rehabctl"]
        listing = Path(home) / "roster.csv"
        roster(listing, 1000)
        child_cpu_s([*rehabctl, "import", "patients", str(listing)])
        costs: dict[str, list[float]] = {name: [] for name in LIMITS}
        for _ in range(ROUNDS):
            base = child_cpu_s(PASS)
            for name, (argv, _limit) in LIMITS.items():
                costs[name].append(child_cpu_s([*rehabctl, *argv]) / base)
    for name, (_argv, limit) in LIMITS.items():
        ratio = statistics.median(costs[name])
        failed |= ratio > limit
        verdict = "ok" if ratio <= limit else "TOO SLOW"
        print(f"{name:24s} {ratio:6.1f} x python -c pass   limit {limit:g}   {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
