"""Reading of an Apple Health export beside bare loops over the same file, in one run.

Run `python benchmarks/wearables.py [--mb N]`. Every measurement is a process of its own, the best
of three by processor time: bare expat (which only counts records), bare iterparse with the root
cleared, and our reader with all that it does but the database (times, devices, days, copies,
overlaps). The last lines read a file of twice the size over the same days, and give the peak of
memory of both.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

EXPAT_LIMIT = 4.0
"""Times as long as the bare loop of expat."""
MEMORY_LIMIT_MIB = 64
GROWTH_LIMIT = 1.25
DAYS = 365
ROUNDS = 3
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n'
    "<!ELEMENT HealthData (ExportDate,Me,Record*)>\n]>\n<HealthData>\n"
    ' <ExportDate value="2026-01-02 09:00:00 +0000"/>\n <Me/>\n'
)
DEVICE = (
    "&lt;&lt;HKDevice: 0x3019a5c70&gt;, name:{0}, manufacturer:Apple Inc., model:{0}, "
    "hardware:{0}6,6, software:12.1&gt;"
)


def write_export(path: Path, megabytes: float) -> None:
    """Write a year of steps by phone and watch, and heart rates until the size is reached."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    target = int(megabytes * 1_000_000)
    beats_a_day = max(1, int((target / DAYS - 2 * 96 * 420) / 400))

    def record(kind: str, source: str, unit: str, start: datetime, seconds: int, n: int) -> str:
        begun, ended = (
            f"{t:%Y-%m-%d %H:%M:%S} +0000" for t in (start, start + timedelta(0, seconds))
        )
        return (
            f' <Record type="HKQuantityTypeIdentifier{kind}" sourceName="Ana {source}" '
            f'sourceVersion="12.1" device="{DEVICE.format(source)}" unit="{unit}" '
            f'creationDate="{ended}" startDate="{begun}" endDate="{ended}" value="{n}"/>\n'
        )

    with path.open("w") as file:
        file.write(HEAD)
        for day in range(DAYS):
            at = first + timedelta(days=day)
            for quarter in range(96):
                for late, source in ((0, "iPhone"), (40, "Watch")):
                    start = at + timedelta(minutes=15 * quarter, seconds=late)
                    file.write(record("StepCount", source, "count", start, 840, 60 + quarter))
        for day in range(DAYS):
            at, every = first + timedelta(days=day), 86_000 / beats_a_day
            for n in range(beats_a_day):
                start = at + timedelta(seconds=int(n * every))
                file.write(record("HeartRate", "Watch", "count/min", start, 0, 60 + n % 60))
        file.write("</HealthData>\n")


def expat_loop(path: Path) -> int:
    """Count the records."""
    from xml.parsers import expat

    count = 0

    def start(name: str, said: dict[str, str]) -> None:
        nonlocal count
        count += name == "Record"

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 18):
            parser.Parse(chunk, False)
    return count


def iterparse_loop(path: Path) -> int:
    """Count the records, and forget each."""
    from xml.etree import ElementTree as ET

    count = 0
    events = ET.iterparse(path, events=("start", "end"))  # noqa: S314 - our own file
    _, root = next(events)
    for event, element in events:
        if event == "end" and element.tag == "Record":
            count += 1
            root.clear()
    return count


def ours(path: Path) -> int:
    """Read the export and make its days."""
    from rehabctl.clinic.daily_totals import DayTotals
    from rehabctl.integrations.wearables import apple_health
    from rehabctl.integrations.wearables.reading import Reading

    totals = DayTotals(ZoneInfo("America/New_York"))
    reading = Reading(totals, lambda wearer: None, time.time())
    apple_health.read(path, reading)
    if len(reading.values()) < 2 * DAYS:
        raise SystemExit("days are missing")
    return reading.records


LOOPS = {"expat": expat_loop, "iterparse": iterparse_loop, "rehabctl": ours}


def child(kind: str, path: Path) -> None:
    """Print the processor seconds, the records and the peak memory of one reading."""
    started = time.process_time()
    records = LOOPS[kind](path)
    took = time.process_time() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(took, records, peak_mib)


def best(kind: str, path: Path, rounds: int) -> tuple[float, int, float]:
    """Return the shortest time of several processes, the records, and the highest peak."""
    runs: list[tuple[float, int, float]] = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, __file__, "--child", kind, str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        took, records, peak = done.stdout.split()
        runs.append((float(took), int(records), float(peak)))
    return min(run[0] for run in runs), runs[0][1], max(run[2] for run in runs)


def main() -> int:
    """Run and print; exit 1 when a limit is passed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mb", type=float, default=100, help="size of the smaller file")
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]))
        return 0
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        path, longer = Path(folder) / "export.xml", Path(folder) / "longer.xml"
        write_export(path, options.mb)
        megabytes = path.stat().st_size / 1e6
        took: dict[str, float] = {}
        peak = 0.0
        for kind in LOOPS:
            took[kind], records, peak = best(kind, path, options.rounds)
            speed = megabytes / took[kind]
            print(
                f"{kind:<10} {megabytes:.0f} MB, {records} records: {took[kind]:.2f} s, "
                f"{speed:.0f} MB/s, peak {peak:.0f} MiB"
            )
        for kind in ("expat", "iterparse"):
            print(f"rehabctl / {kind}: {took['rehabctl'] / took[kind]:.2f}")
        bad += took["rehabctl"] / took["expat"] > EXPAT_LIMIT
        write_export(longer, options.mb * 2)
        _, records, grown = best("rehabctl", longer, 1)
        print(
            f"memory: {peak:.0f} MiB, of twice the size over the same days {grown:.0f} MiB "
            f"({grown / peak:.2f}; limit {GROWTH_LIMIT}, and {MEMORY_LIMIT_MIB} MiB)"
        )
        bad += grown / peak > GROWTH_LIMIT or grown > MEMORY_LIMIT_MIB
    print("within the limits" if not bad else "a limit is passed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
