"""Import of a roster beside csv.reader and a bare `executemany` into the same table, in one run.

Run `python benchmarks/import.py [--rows N]`. Every measurement is a process of its own on a fresh
encrypted store: bare (csv.reader, `executemany` of the driver into the patient table with its
constraints and indexes), core (the store's own insert of the same rows) and the whole command
(parse, validate, find duplicates, insert, worklist, audit). The last lines compare the peak memory
of a short and a long file. `--rows 5000000` shows that it stays flat; it takes some minutes.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

BATCH = 10_000
CORE_LIMIT = 0.5
WHOLE_LIMIT = 0.15
MEMORY_LIMIT = 1.25
LONGER = 3
"""Times as many rows in the file by which memory is judged; the page cache is full by then."""
ROUNDS = 3
HEADING = (
    "mrn,given_name,family_name,birth_date,sex,state,phone,email,address1,city,postal_code,payer,"
    "member_id,therapist,diagnosis,surgery_date,side"
)
GIVEN = ("Ana", "Ben", "Cleo", "Dirk", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jan", "Kira", "Liam")
FAMILY = ("Abel", "Brand", "Costa", "Diaz", "Ekman", "Falk", "Gomez", "Huber", "Ito", "Jensen")


def write_roster(path: Path, rows: int) -> None:
    """Write a roster as a registration system does; every second patient had surgery."""
    pick = random.Random(5)
    with path.open("w") as file:
        file.write(HEADING + "\n")
        for n in range(rows):
            operated = pick.random() < 0.5
            surgery = f"2025-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}"
            day = f"{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}"
            care = f"M17.11 knee,{surgery},{pick.choice(('left', 'right'))}" if operated else ",,"
            birth = f"{pick.randint(1930, 2005)}-{day}"
            file.write(
                f"{n + 100_000},{pick.choice(GIVEN)},{pick.choice(FAMILY)}{n % 977},{birth},"
                f"{pick.choice(('female', 'male'))},{pick.choice(('OH', 'CO', 'TX'))},"
                f"303 555 {n % 10_000:04d},p{n}@example.org,{n % 999} Main St,Denver,"
                f"{80_000 + n % 999},Acme,{n:09d},t{n % 20},{care}\n"
            )


def batches(path: Path) -> Iterator[list[list[str]]]:
    """Yield the rows of a CSV file by the batch."""
    with path.open(newline="") as file:
        reader = csv.reader(file)
        next(reader)
        batch: list[list[str]] = []
        for row in reader:
            batch.append(row)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


def measure(kind: str, path: Path) -> float:
    """Do the work once and return its seconds."""
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    with open_store(load_settings()) as store:
        if kind == "bare":
            return _bare(store, path)
        if kind == "core":
            return _core(store, path)
        from rehabctl.reference.rules import load_rules
        from rehabctl.services.roster_import import ImportOptions, import_roster

        rules = load_rules()
        started = time.perf_counter()
        done = import_roster(
            store, rules, path, ImportOptions(), report=lambda *_: None, note=lambda _: None
        )
        if not done.created == done.read > 0:
            raise SystemExit(f"not every row was taken over: {done}")
        return time.perf_counter() - started


COLUMNS = (
    "id", "clinic_id", "therapist_id", "mrn", "given_name", "family_name", "birth_date", "sex",
    "state", "phone", "email", "address1", "city", "postal_code", "payer", "member_id", "status",
    "created_at", "updated_at",
)  # fmt: skip


def _bare(store, path: Path) -> float:
    from uuid_utils import uuid7

    driver = store.engine.raw_connection().driver_connection
    places = ",".join("?" * len(COLUMNS))
    insert = f"INSERT INTO patient ({','.join(COLUMNS)}) VALUES ({places})"
    clinic, user, now = store.clinic.id.hex, store.user.id.hex, "2026-01-01 00:00:00.000000"
    started = time.perf_counter()
    for batch in batches(path):
        driver.execute("BEGIN IMMEDIATE")
        driver.executemany(
            insert,
            [(uuid7().hex, clinic, user, *row[:13], "active", now, now) for row in batch],
        )
        driver.execute("COMMIT")
    return time.perf_counter() - started


def _core(store, path: Path) -> float:
    from datetime import date

    from rehabctl.store.bulk import insert_rows
    from rehabctl.store.handles import table

    patient = table("patient")
    started = time.perf_counter()
    for batch in batches(path):
        with store.transaction() as uow:
            rows = [
                (uow.new_id(), uow.clinic.id, uow.user.id, *row[:3], date.fromisoformat(row[3]),
                 *row[4:13], "active", uow.now, uow.now)
                for row in batch
            ]  # fmt: skip
            insert_rows(uow.connection, patient, COLUMNS, rows)
    return time.perf_counter() - started


def in_process(kind: str, path: Path) -> tuple[float, float]:
    """Measure in a process of its own; return seconds and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "REHABCTL_HOME": home}
        # an installed program has its bytecode: it is made in the first round and used in the next
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(path.parent / "bytecode")
        command = [sys.executable, __file__, "--only", kind, str(path)]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
    seconds, memory_mib = result.stdout.split()
    return float(seconds), float(memory_mib)


def verdict(name: str, value: float, limit: float, *, at_least: bool) -> bool:
    """Print one ratio and whether it keeps its limit."""
    fine = value >= limit if at_least else value <= limit
    sign = ">=" if at_least else "<="
    print(f"{'ok  ' if fine else 'FAIL'} {name}: {value:.2f} (limit {sign} {limit:g})")
    return fine


def main() -> int:
    """Measure everything and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs=2, metavar=("KIND", "FILE"))
    options = parser.parse_args()
    if options.only:
        seconds = measure(options.only[0], Path(options.only[1]))
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path, longer = Path(folder, "roster.csv"), Path(folder, "longer.csv")
        write_roster(path, options.rows)
        write_roster(longer, options.rows * LONGER)
        found = {kind: [] for kind in ("bare", "core", "whole")}
        for _ in range(options.rounds):
            for kind, runs in found.items():
                runs.append(in_process(kind, path))
        _, long_mib = in_process("whole", longer)
    best = {kind: min(seconds for seconds, _ in runs) for kind, runs in found.items()}
    for kind, seconds in best.items():
        print(f"{kind}: {options.rows / seconds:,.0f} rows/s (best of {options.rounds})")
    short_mib = max(mib for _, mib in found["whole"])
    print(f"peak memory: {short_mib:.0f} MiB of {options.rows:,} rows, "
          f"{long_mib:.0f} MiB of {LONGER * options.rows:,}")  # fmt: skip
    results = [
        verdict("core insert against bare", best["bare"] / best["core"], CORE_LIMIT, at_least=True),
        verdict("whole import against bare", best["bare"] / best["whole"], WHOLE_LIMIT,
                at_least=True),
        verdict("memory, long against short", long_mib / short_mib, MEMORY_LIMIT, at_least=False),
    ]  # fmt: skip
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
