"""The import of a roster on both engines: set-wise statements, the same result."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rehabctl.domain.patient import PatientStatus
from rehabctl.reference.rules import load_rules
from rehabctl.services import intake, triage
from rehabctl.services.roster_import import ImportOptions, import_roster
from rehabctl.store.store import Store

HEADING = "mrn,given_name,family_name,birth_date,sex,state,diagnosis,surgery_date,side,precautions"


def run(opened: Store, path: Path, *lines: str) -> tuple[int, ...]:
    path.write_text("\n".join([HEADING, *lines]) + "\n")
    done = import_roster(
        opened, load_rules(), path, ImportOptions(), report=lambda *_: None, note=lambda _: None
    )
    return done.created, done.updated, done.unchanged, done.rejected


def test_new_changed_and_unchanged_lines(
    store: Store, registrar: Store, auditor: Store, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    first = "1,Ana,Dïaz \"q\",1961-04-02,F,CO,TKR,2026-01-10,left,no kneeling; {x}"  # fmt: skip
    others = [f"{n},G{n},F{n},1961-04-02,M,OH,,,," for n in range(2, 40)]
    assert run(registrar, path, first, *others) == (39, 0, 0, 0)
    assert run(registrar, path, first, *others) == (0, 0, 39, 0)
    changed = "1,Ana,Diaz,1961-04-02,F,CO,TKR,2026-01-11,left,"
    assert run(registrar, path, changed, "2,G2,F2,1961-04-02,M,OH,THR,,right,", *others[1:]) == (
        0, 2, 37, 0,
    )  # fmt: skip
    record = intake.show_patient(registrar, "1")
    assert record.summary.status is PatientStatus.ACTIVE
    assert record.summary.demographics.family_name == "Diaz"
    assert record.summary.care.surgery_date == date(2026, 1, 11)
    assert record.summary.care.precautions == ("no kneeling", "{x}")
    assert len(record.episodes) == 1
    assert intake.show_patient(registrar, "2").summary.care.diagnosis == "THR"
    assert triage.rebuild(store, load_rules(), check=True).different == 0
    with auditor.snapshot() as uow:
        assert uow.audit.verify().ok
