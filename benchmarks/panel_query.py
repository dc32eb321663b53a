"""Pages of the worklist as patients grow: an encrypted file, and PostgreSQL with row security.

Run `python benchmarks/panel_query.py [--patients 1000 10000 100000]`; a million needs some minutes.
Rows are made set-wise in the engine. The acting therapist has a fifth of the patients; on
PostgreSQL she is a login of her own under forced row-level security. A page is what the panel asks
for: 50 rows by the repository, the first one and those at forty depths of her list. Each is asked
for seven times and the fastest counts, so that other work on the machine does not decide; the
percentile is over the depths.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from sqlalchemy import Engine, text

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from rehabctl.domain.clinic import Role, User  # noqa: E402
from rehabctl.domain.panel_row import PanelQuery  # noqa: E402
from rehabctl.services import database, users  # noqa: E402
from rehabctl.services.wiring import open_store  # noqa: E402
from rehabctl.store.engine import remote_engine  # noqa: E402
from rehabctl.store.repositories.rows import encode_cursor  # noqa: E402
from rehabctl.store.store import Store  # noqa: E402
from tests.contract.conftest import as_login, make_settings  # noqa: E402
from tests.contract.server import Server, find_binaries  # noqa: E402

PAGE = 50
PAGES = 40
ROUNDS = 7
LIMIT_MS = {"sqlcipher": 5.0, "postgres": 10.0}
DEEP_LIMIT = 3.0
"""How much more a page in the middle may cost than the first."""

NUMBERS = {
    "sqlcipher": "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g "
    "WHERE n < :count) ",
    "postgres": "WITH g AS (SELECT n FROM generate_series(1, CAST(:count AS bigint)) AS n) ",
}
NEW_ID = {"sqlcipher": "lower(hex(randomblob(16)))", "postgres": "gen_random_uuid()"}
PATIENTS = """INSERT INTO patient (id, clinic_id, therapist_id, mrn, given_name, family_name,
    birth_date, sex, state, status, created_at, updated_at)
    {numbers} SELECT {new_id}, :clinic, CASE n % 5 WHEN 0 THEN :mine ELSE :other END,
    'P' || n, 'Given', 'Family ' || (n * 7919 % 100003), '1970-01-01', 'female', 'OH', 'active',
    '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM g"""
ROWS = """INSERT INTO panel_row (patient_id, clinic_id, therapist_id, tier, rank_key, reasons,
    pain_series, open_alerts, sort_name, search_text, next_change_at, computed_at, rules_version)
    SELECT id, clinic_id, therapist_id, 'stable',
    substr('0000000000000000000' || (length(family_name) * 1000 + length(mrn) * 37), -19, 19),
    '[]', '[]', 0, lower(family_name), lower(mrn), '2030-01-01 00:00:00', '2026-01-01 00:00:00', 'r'
    FROM patient"""


def fill(engine: Engine, kind: str, count: int, clinic: UUID, mine: UUID, other: UUID) -> None:
    """Make patients and their rows in two statements."""
    plain = (lambda value: value.hex) if kind == "sqlcipher" else (lambda value: value)
    values = {"count": count, "clinic": plain(clinic), "mine": plain(mine), "other": plain(other)}
    rows = (
        ROWS
        if kind == "sqlcipher"
        else ROWS.replace("substr(", "right(").replace(", -19, 19", ", 19")
    )
    with engine.begin() as connection:
        if kind == "postgres":
            connection.exec_driver_sql("ALTER TABLE panel_row DISABLE TRIGGER ALL")
        made = PATIENTS.format(numbers=NUMBERS[kind], new_id=NEW_ID[kind])
        connection.execute(text(made), values)
        connection.execute(text(rows))
        if kind == "postgres":
            connection.exec_driver_sql("ALTER TABLE panel_row ENABLE TRIGGER ALL")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


@contextmanager
def local(home: Path, count: int) -> Iterator[tuple[Store, User]]:
    """Open a filled file."""
    with open_store(make_settings(home, home / "key")) as store:
        with store.transaction() as uow:
            other = User(uow.new_id(), uow.clinic.id, "other", "other", Role.THERAPIST)
            uow.clinics.add_user(other)
        fill(store.engine, "sqlcipher", count, store.clinic.id, store.user.id, other.id)
        yield store, store.user


@contextmanager
def remote(server: Server, home: Path, count: int) -> Iterator[tuple[Store, User]]:
    """Open a filled database as a therapist's login."""
    boss = make_settings(home, home / "key", server.address(server.create_database()))
    admin = f"ada{count}"
    clinic, _ = database.initialise(boss, admin)
    with open_store(as_login(boss, admin)) as store:
        mine = users.add(store, f"thea{count}", Role.THERAPIST).user
        other = users.add(store, f"theo{count}", Role.THERAPIST).user
    engine = remote_engine(boss.database_url or "")
    fill(engine, "postgres", count, clinic.id, mine.id, other.id)
    engine.dispose()
    with open_store(as_login(boss, mine.login)) as store:
        yield store, store.user


def measure(store: Store, user: User) -> tuple[list[float], list[float]]:
    """Return milliseconds of first pages and of pages at many depths, each the fastest of some."""
    query = PanelQuery(therapist_id=user.id)
    with store.transaction() as uow:
        total = uow.panel.counts(query).total
        who = user.id.hex if store.is_local else user.id
        found = uow.connection.execute(
            text(
                "SELECT rank_key, patient_id FROM panel_row WHERE therapist_id = :who "
                "ORDER BY rank_key, sort_name, patient_id"
            ),
            {"who": who},
        ).all()
        depths = [total * (n + 1) // (PAGES + 2) for n in range(PAGES)]
        cursors = [encode_cursor([d, found[d][0], str(found[d][1])]) for d in depths]

        def page(after: str | None) -> float:
            started = time.perf_counter()
            uow.panel.page(query, limit=PAGE, cursor=after)
            return 1000 * (time.perf_counter() - started)

        def fastest(afters: list[str | None]) -> list[float]:
            rounds = [[page(after) for after in afters] for _ in range(ROUNDS)]
            return [min(of_one) for of_one in zip(*rounds, strict=True)]

        return fastest([None] * PAGES), fastest([*cursors])


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(values, n=20)[18]


def report(kind: str, count: int, first: list[float], deep: list[float]) -> bool:
    """Print one line and return whether it is within the limits."""
    first_p95, deep_p95 = p95(first), p95(deep)
    ratio = median(deep) / median(first)
    fine = max(first_p95, deep_p95) < LIMIT_MS[kind] and ratio < DEEP_LIMIT
    print(
        f"{'ok  ' if fine else 'FAIL'} {kind:9} {count:>9,} patients: first page "
        f"{median(first):.2f} ms (p95 {first_p95:.2f}), deep page {median(deep):.2f} ms "
        f"(p95 {deep_p95:.2f}; limit {LIMIT_MS[kind]:g}), deep / first {ratio:.2f}",
        flush=True,
    )
    return fine


def main() -> int:
    """Measure every size on both engines and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    sizes = parser.parse_args().patients
    binaries = find_binaries()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for count in sizes:
            with local(Path(folder) / f"l{count}", count) as opened:
                fine &= report("sqlcipher", count, *measure(*opened))
        if binaries is None:
            print("FAIL postgres: no server is installed")
            return 1
        server = Server(binaries)
        server.start()
        try:
            for count in sizes:
                with remote(server, Path(folder) / f"r{count}", count) as opened:
                    fine &= report("postgres", count, *measure(*opened))
        finally:
            server.stop()
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
