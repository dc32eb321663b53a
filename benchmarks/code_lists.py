"""Importing made-up code lists of official layout and size: memory and time, then one question.

Run `python benchmarks/code_lists.py [--share 1.0]`. Pairs come in four zip files, like those of a
quarter (1,500,000 rows), limits in one (15,000), ICD-10-CM as an order file (98,505 codes). Each
import runs in its own process; the peak of its memory is set against that of an import of a
hundredth of the rows.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

PAIRS, LIMITS, DIAGNOSES = 1_500_000, 15_000, 98_505
FILES = 4
GROWTH_LIMIT_MB = 40.0
"""Of a hundred times the rows: a list is written as it is read."""


def main() -> int:
    """Print time and memory of each list and return 1 when memory grows with the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        return one(asked.one[0], Path(asked.one[1]), [Path(file) for file in asked.one[2:]])
    fine = True
    for kind, rows in (("ncci", PAIRS), ("mue", LIMITS), ("icd10", DIAGNOSES)):
        told = [measured(kind, int(rows * asked.share * share)) for share in (0.01, 1.0)]
        growth = told[1][1] - told[0][1]
        flat = growth <= GROWTH_LIMIT_MB
        fine = fine and flat
        count, peak, seconds = told[1]
        print(
            f"{'ok  ' if flat else 'FAIL'} {kind}: {count:,.0f} codes in {seconds:.1f} s, peak "
            f"{peak:.0f} MB, {growth:.0f} MB more than for a hundredth (limit {GROWTH_LIMIT_MB:g})"
        )
    return 0 if fine else 1


def measured(kind: str, rows: int) -> tuple[float, float, float]:
    """Return codes, peak in MB and seconds of one import in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = list(map(str, written(kind, rows, folder)))
        command = [sys.executable, __file__, "--one", kind, name, *files]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    codes, peak, seconds = map(float, done.stdout.split())
    return codes, peak, seconds


def one(kind: str, folder: Path, files: list[Path]) -> int:
    """Import, ask once, and print codes, peak and seconds."""
    from datetime import date

    from rehabctl.domain.code_lists import CodeListKind
    from rehabctl.services.code_imports import import_codes
    from rehabctl.store.code_lists import CodeLists

    started = time.perf_counter()
    day = date(2026, 10, 1)
    held = import_codes(CodeLists(folder / "lists"), files, CodeListKind(kind), day)
    seconds = time.perf_counter() - started
    if kind == "ncci":
        asked = CodeLists(folder / "lists").pairs(frozenset({"00001", "00002", "97110"}), day)
        if [(edit.paid, edit.refused) for edit in asked or ()] != [("00001", "00002")]:
            raise SystemExit("the imported list does not answer")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(held.codes, peak_mb, seconds)
    return 0


def written(kind: str, rows: int, folder: Path) -> list[Path]:
    """Write the files of a list."""
    if kind == "icd10":
        path = folder / "icd10cm_order_2027.txt"
        path.write_text("".join(diagnoses(rows)), encoding="latin-1")
        return [path]
    head = {
        "ncci": "PTP Edits\r\nColumn 1\tColumn 2\t*\tEffective\tDeletion\tModifier\r\n",
        "mue": '"HCPCS/CPT Code",Practitioner Services MUE Values,MUE Adjudication Indicator\r\n',
    }[kind]
    lines = pairs(rows) if kind == "ncci" else limits(rows)
    count = FILES if kind == "ncci" else 1
    made: list[Path] = []
    for number in range(count):
        made.append(folder / f"{kind}-{number}.zip")
        with (
            zipfile.ZipFile(made[-1], "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(f"{kind}-{number}.txt", "w") as stream,
        ):
            stream.write(head.encode())
            for line in islice(lines, rows // count):
                stream.write(line.encode())
    return made


def pairs(rows: int) -> Iterator[str]:
    """Yield pairs of column 1 and column 2, sorted as the official files are."""
    width = 400
    for number in range(rows):
        first = number // width
        second = first + 1 + number % width
        yield f"{first + 1:05d}\t{second + 1:05d}\t\t20200101\t*\t{number % 2}\tMisuse of codes\r\n"


def limits(rows: int) -> Iterator[str]:
    """Yield most units by code."""
    for number in range(rows):
        yield f"{number + 1:05d},{number % 9 + 1},{number % 3 + 1} Date of Service Edit: Policy\r\n"


def diagnoses(rows: int) -> Iterator[str]:
    """Yield lines of an order file: number, code, whether it may be billed, short, long."""
    for number in range(rows):
        code = f"{chr(65 + number // 10_000 % 26)}{number // 1000 % 10}{number % 1000:03d}"
        code += f"{number // 260_000}"
        yield f"{number + 1:05d} {code:<7} {number % 2} {'A made-up short text':<60} A long text\n"


if __name__ == "__main__":
    raise SystemExit(main())
