"""Sessions and questionnaires of the past: by the checks of their own commands, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehabctl.reference.exercise_library import load_library
from rehabctl.reference.rules import load_rules
from rehabctl.services import triage
from rehabctl.services.history_import import HistoryTables, import_history
from rehabctl.services.import_run import ImportOptions, ImportReport
from rehabctl.store.store import Store
from tests.contract.records import given_patient

HEADING = "external_id,mrn,kind,at,ended_at,exercises,pain_after,instrument,answers,side"
GOOD = (
    "s1,1,session,2026-02-01T09:00:00-05:00,2026-02-01T09:20:00-05:00,quad-set=10;10|heel-slide-supine=12,3,,,",
    "s2,1,session,2026-02-02T09:00:00-05:00,2026-02-02T09:20:00-05:00,quad-set,4,,,",
    "p1,1,prom,2026-02-02T10:00:00-05:00,,,,nprs,4,",
    "p1,2,prom,2026-02-02T10:00:00-05:00,,,,quickdash,1;2;1;1;2;1;1;3;1;1;2,left",
)


@pytest.fixture
def clinic(store: Store) -> Store:
    given_patient(store, "1")
    given_patient(store, "2")
    return store


def run(store: Store, path: Path, *rows: str, **options: Any) -> ImportReport:
    path.write_text("\n".join([HEADING, *rows]) + "\n")
    tables = HistoryTables(load_library(), load_rules())
    chosen = ImportOptions(**options)
    return import_history(store, tables, path, chosen, report=lambda *_: None, note=lambda _: None)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def test_the_same_history_twice_is_kept_once(clinic: Store, auditor: Store, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    assert counts(run(clinic, path, *GOOD, dry_run=True)) == (4, 0, 0, 0)
    for expected in ((4, 0, 0, 0), (0, 0, 4, 0)):
        assert counts(run(clinic, path, *GOOD)) == expected
        with clinic.snapshot() as uow:
            first, second = (uow.patients.get(mrn).id for mrn in "12")
            sessions = uow.sessions.of_patient(first)
            assert [s.external_id for s in sessions] == ["s1", "s2"]
            assert sessions[0].entries[0].reps_per_set == (10, 10)
            assert len(sessions[0].entries) == 2
            (form,) = uow.prom.of_patient(second)
            assert (form.instrument, form.side) == ("quickdash", "left")
    assert triage.rebuild(clinic, load_rules(), check=True).different == 0
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok


def test_rows_that_the_rules_refuse_come_back_with_the_reason(
    clinic: Store, tmp_path: Path
) -> None:
    good = GOOD[0]
    report = run(
        clinic, tmp_path / "history.csv",
        good,
        good.replace("s1", "s3").replace("09:00:00", "09:10:00"),  # overlaps
        good.replace("quad-set", "juggling").replace("s1", "s4").replace("-01T", "-05T"),
        good.replace("s1", "s5").replace(",3,,,", ",30,,,").replace("-01T", "-06T"),
        good.replace("s1", "s6").replace("10;10", "ten").replace("-01T", "-07T"),
        good.replace("s1", "s7").replace("2026-02-01T09:00", "2999-02-01T09:00"),
        GOOD[2].replace("p1", "p7").replace(",4,", ",44,"),
        GOOD[2].replace("p1", "p8").replace("nprs", "unknown"),
        GOOD[2].replace("p1", "p9").replace("prom", "weight"),
        GOOD[2].replace("p1,1", "p9,77"),
        good,
    )  # fmt: skip
    assert (report.created, report.rejected) == (1, 10), report.rejects
    told = {r.line: f"{r.field} {r.message}" for r in report.rejects}
    for line, words in {
        3: "overlaps in time", 5: "not between 0 and 10", 6: "exercises is not like",
        7: "in the future", 10: "kind is not one of", 11: "no patient whom you see",
        12: "stands in line 2",
    }.items():  # fmt: skip
        assert words in told[line], told[line]
    with clinic.snapshot() as uow:
        assert len(uow.sessions.of_patient(uow.patients.get("1").id)) == 1
