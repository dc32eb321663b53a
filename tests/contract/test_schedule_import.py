"""Appointments of another system: booked by the rules of a booking, and once."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rehabctl.domain.errors import NotPermittedError, RehabctlError, UsageError
from rehabctl.domain.visit import VisitStatus
from rehabctl.services import named_rows
from rehabctl.services.import_map import read_map
from rehabctl.services.import_run import ImportOptions, ImportReport
from rehabctl.services.schedule_import import COLUMNS, import_schedule
from rehabctl.store.store import Store
from tests.contract.test_scheduling import MRNS, START, TABLES, book, clinic, visits

__all__ = ["clinic"]
HEADING = "external_id,mrn,start,type,provider,minutes,status,time_zone"


def row(key: str, mrn: str = "1", hours: float = 0, **changes: str) -> str:
    values = {
        "start": (START + timedelta(hours=hours)).isoformat(), "type": "treatment-tele",
        "provider": "jane", "minutes": "30", "status": "", "time_zone": "",
    } | changes  # fmt: skip
    return ",".join((key, mrn, *values.values()))


def run(store: Store, path: Path, *rows: str, **options: Any) -> ImportReport:
    path.write_text("\n".join([HEADING, *rows]) + "\n", "utf-8")
    chosen = ImportOptions(**options)
    return import_schedule(store, TABLES, path, chosen, report=lambda *_: None, note=lambda _: None)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "appointments.csv"


def test_the_same_file_twice_books_once(clinic: Store, auditor: Store, path: Path) -> None:
    rows = [row(f"a{n}", mrn, n) for n, mrn in enumerate(MRNS)]
    assert counts(run(clinic, path, *rows, dry_run=True)) == (8, 0, 0, 0)
    assert visits(clinic) == ()
    assert counts(run(clinic, path, *rows)) == (8, 0, 0, 0)
    assert counts(run(clinic, path, *rows)) == (0, 0, 8, 0)
    found = visits(clinic)
    assert [v.external_id for v in found] == [f"a{n}" for n in range(8)]
    assert found[0].planned_end_at - found[0].planned_start_at == timedelta(minutes=30)
    assert found[0].licence_checks[0]["verdict"] == "allowed"
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok


def test_what_may_not_be_booked_is_refused_with_the_reason(clinic: Store, path: Path) -> None:
    book(clinic, "8", start_at=START + timedelta(hours=5))
    report = run(
        clinic, path,
        row("ok", "1"),
        row("overlap", "2", 0.25),
        row("same patient", "1", 0.5, provider="nora"),
        row("unlicensed", "3", 1, provider="nora"),
        row("elsewhere", "8", 5),
        row("nobody", "3", 2, provider="ghost"),
        row("stranger", "99", 2),
        row("past", "3", -24 * 30),
        row("length", "3", 2, minutes="17"),
        row("type", "3", 2, type="massage"),
        row("ok", "1", 3),
        row("number", "3", 3, minutes="ten"),
        row("when", "3", start="soon"),
        row("gone", "3", start="2027-03-14T02:30", time_zone="America/Denver"),
        row("word", "3", 3, status="maybe"),
        row("", "3", 3),
        row("zone", "3", 3, time_zone="Mars/North"),
        row("text", "3", 3).replace("treatment-tele", "treatment-tele\x00"),
    )  # fmt: skip
    assert (report.created, report.rejected) == (1, 17)
    told = {r.line: (r.field, r.message) for r in report.rejects}
    assert told[3] == ("start", "OVERLAP: the provider has another appointment then")
    assert told[5][1].startswith("LIC_NONE")
    assert told[6][1].startswith("OVERLAP")
    assert told[7] == ("", "no user is called 'ghost'")
    assert told[8] == ("mrn", "is no patient whom you see")
    assert told[9] == ("start", "the start lies in the past")
    assert "17 min" in told[10][1]
    assert told[12] == ("external_id", "stands in line 2 already")
    assert [told[n][0] for n in (13, 14, 15, 16, 17, 18, 19)] == [
        "minutes", "start", "start", "status", "external_id", "time_zone", "type",
    ]  # fmt: skip
    assert len(visits(clinic)) == 2


def test_a_changed_row_moves_or_cancels_its_appointment(clinic: Store, path: Path) -> None:
    run(clinic, path, row("a"), row("b", "2", 2), row("c", "3", 4))
    later = run(
        clinic, path,
        row("a", hours=6), row("b", "2", 2, status="cancelled"), row("c", "3", 4, minutes="45"),
        row("d", "4", 9, status="cancelled"),
    )  # fmt: skip
    assert counts(later) == (0, 2, 1, 1)
    by_key = {v.external_id: v for v in visits(clinic)}
    assert by_key["a"].planned_start_at == START + timedelta(hours=6)
    assert by_key["b"].status is VisitStatus.CANCELLED
    assert later.rejects[0].message.startswith("has another type")
    again = run(clinic, path, row("b", "2", 2), row("b", "5", 2))
    assert counts(again) == (1, 0, 0, 1), "the identifier is one of the patient's"
    assert again.rejects[0].message == "was cancelled here"


def test_a_time_without_an_offset_is_the_clinics(clinic: Store, path: Path) -> None:
    run(clinic, path, row("a", start="2026-03-09T09:30"))
    (visit,) = visits(clinic)
    zone = ZoneInfo(clinic.clinic.time_zone)
    assert visit.planned_start_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") == "2026-03-09 09:30"


def test_refused_rows_come_back_in_a_file_and_can_be_mapped(
    clinic: Store, path: Path, tmp_path: Path
) -> None:
    rejects, map_file = tmp_path / "refused.csv", tmp_path / "map.toml"
    map_file.write_text('[columns]\n"Visit No" = "external_id"\n"Patient" = "mrn"\n')
    text = f"Visit No;Patient;start;type\nx;1;{START.isoformat()};treatment-tele\ny;99;;\n"
    options = ImportOptions(read_map(map_file, COLUMNS), rejects=rejects)
    licensed = replace(clinic, user=clinic.user)
    report = import_schedule(
        licensed, TABLES, io.BufferedReader(io.BytesIO(text.encode())), options,  # pyright: ignore[reportArgumentType]
        report=lambda *_: None, note=lambda _: None,
    )  # fmt: skip
    assert report.read == 2
    rows = list(csv.DictReader(rejects.read_text("utf-8").splitlines()))
    assert [r["line"] for r in rows][-1] == "3"
    with pytest.raises(UsageError):
        import_schedule(
            clinic, TABLES, io.BytesIO(b""), ImportOptions(resume=True),
            report=lambda *_: None, note=lambda _: None,
        )  # fmt: skip
    path.write_text("mrn,start\n")
    with pytest.raises(RehabctlError, match="no column external_id, type"):
        import_schedule(
            clinic, TABLES, path, ImportOptions(), report=lambda *_: None, note=lambda _: None
        )


def test_the_front_desk_imports_and_billing_does_not(
    clinic: Store, registrar: Store, biller: Store, path: Path
) -> None:
    assert counts(run(registrar, path, row("a"))) == (1, 0, 0, 0)
    assert counts(run(registrar, path, row("a", hours=3))) == (0, 1, 0, 0)
    if not biller.is_local:
        with pytest.raises(NotPermittedError):
            run(biller, path, row("b"))


def test_an_import_that_was_cut_goes_on(
    clinic: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_rows, "_BATCH_ROWS", 2)
    rows = [row(f"a{n}", mrn, n) for n, mrn in enumerate(MRNS)]
    path.write_text("\n".join([HEADING, *rows]) + "\n")
    batches = 0

    def cut(*_: object) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_schedule(clinic, TABLES, path, ImportOptions(), report=cut, note=lambda _: None)
    assert len(visits(clinic)) == 4
    assert counts(run(clinic, path, *rows, resume=True)) == (8, 0, 0, 0)
    assert len(visits(clinic)) == 8
