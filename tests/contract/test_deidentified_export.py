"""No identifier leaves: every text column of the schema is filled with a word that must not."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, inspect

from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.errors import UsageError
from rehabctl.domain.session import ExerciseSession, SessionSource
from rehabctl.services.deidentified_export import Dates, ExportReport, FileFormat, export
from rehabctl.store.files import BlobStore
from rehabctl.store.handle_columns import COLUMNS
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.contract.records import assessment, given_patient

CANARY = "Zzyzx-Canary"
FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)


def run(store: Store, folder: Path, **changes: Any) -> ExportReport:
    options: dict[str, Any] = {
        "dates": Dates.SHIFT, "file_format": FileFormat.CSV, "dry_run": False,
    }  # fmt: skip
    return export(store, folder, **options | changes)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / f"{name}.csv").read_text().splitlines()))


def log(store: Store, patient: Any, started_at: datetime, number: int) -> None:
    with store.transaction() as uow:
        uow.sessions.add(
            ExerciseSession(
                uow.new_id(), patient, SessionSource.CLINIC, f"e{number}", "patient", started_at
            )
        )


def test_no_canary_of_any_text_column_leaves(store: Store, tmp_path: Path) -> None:
    """Rows are planted below all checks, so that even what should be a code holds a name."""
    if store.engine.dialect.name != "sqlite":
        pytest.skip("constraints cannot be lifted on the server without its owner's superuser")
    patient = given_patient(
        store, f"{CANARY}-1", given_name=CANARY, family_name=CANARY, middle_name=CANARY,
        phone=CANARY, email=CANARY, address1=CANARY, city=CANARY, postal_code="03601",
        payer=CANARY, member_id=CANARY, language=CANARY,
    )  # fmt: skip
    planted = 0
    with store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("PRAGMA ignore_check_constraints = ON")
        connection.begin()
        for name in inspect(connection).get_table_names():
            kinds = COLUMNS.get(name, {})
            if "patient_id" not in kinds.get("uuid", "").split():
                continue
            values: dict[str, Any] = {}
            for kind, names in kinds.items():
                for column in names.split():
                    values[column] = {
                        "uuid": UUID(int=planted + len(values) + 1), "text": CANARY,
                        "ordered_text": CANARY, "time": NOW, "date": NOW.date(), "real": 1.0,
                        "integer": 1, "big_integer": 1, "boolean": True, "json": [CANARY],
                    }[kind]  # fmt: skip
            values |= {"patient_id": patient.id, "clinic_id": patient.clinic_id}
            values["therapist_id"] = patient.therapist_id
            connection.execute(insert(table(name)), values)
            planted += 100
        connection.commit()
        connection.invalidate()
    assert planted > 2000
    for form in FileFormat:
        report = run(store, tmp_path / form.value, file_format=form)
        assert report.patients == 1
        assert all(report.rows.values()), report.rows
        written = b"".join(p.read_bytes() for p in (tmp_path / form.value).iterdir())
        assert b"zzyzx" not in written.lower()
        assert patient.id.hex.encode() not in written.replace(b"-", b"")
        # a year stands alone, unlike the digits of a pseudonym
        assert not re.search(rb"(?<![0-9a-f])1961(?![0-9a-f])", written)


def test_ages_places_and_dates(store: Store, tmp_path: Path) -> None:
    people = {
        "1": {"birth_date": date(1930, 1, 1), "postal_code": "80202"},
        "2": {"birth_date": date(1961, 3, 3), "postal_code": "03601-1234"},
        "3": {"birth_date": date(1961, 3, 2), "postal_code": "K1A 0B1"},
    }
    for number, (mrn, values) in enumerate(people.items()):
        patient = given_patient(store, mrn, **values)
        for days in (0, 7, 30):
            log(
                store,
                patient,
                datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(days=days),
                number + days,
            )
        with store.transaction() as uow:
            uow.assessments.save(assessment(uow, patient, NOW, input_sha256=f"{number:064d}"))
    report = run(store, tmp_path / "a")
    assert (report.patients, report.rows["exercise_session"]) == (3, 9)
    found = rows(tmp_path / "a", "patient")
    assert sorted((r["age_years"], r["zip3"]) for r in found) == [
        ("64", "000"), ("65", ""), ("90", "802"),
    ]  # fmt: skip
    days: dict[str, list[date]] = {}
    for row in rows(tmp_path / "a", "exercise_session"):
        days.setdefault(row["patient"], []).append(date.fromisoformat(row["started_at"]))
    assert set(days) == {r["patient"] for r in found}
    for shifted in days.values():
        shifted.sort()
        assert [(d - shifted[0]).days for d in shifted] == [0, 7, 30]
        assert 1 <= (date(2026, 1, 5) - shifted[0]).days <= 364
    assert len({tuple(d) for d in days.values()}) == 3, "each patient has a shift of her own"
    assert rows(tmp_path / "a", "motion_result")[0]["motion"] == "knee_flexion"
    run(store, tmp_path / "b", dates=Dates.YEAR)
    assert {r["started_at"] for r in rows(tmp_path / "b", "exercise_session")} == {"2026"}
    assert [r["patient"] for r in rows(tmp_path / "b", "patient")] == [r["patient"] for r in found]
    other = replace(store, make_blobs=lambda: BlobStore(tmp_path / "blobs", b"x" * 32))
    run(other, tmp_path / "c")
    assert not {r["patient"] for r in rows(tmp_path / "c", "patient")} & set(days)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert manifest["tables"]["patient"]["rows"] == 3
    assert len(manifest["identifiers"]) == 18
    assert "shifted" in manifest["method"]


def test_who_took_back_the_consent_to_share_is_left_out(store: Store, tmp_path: Path) -> None:
    given_patient(store, "1")
    patient = given_patient(store, "2")
    scope = ConsentScope.DATA_SHARING
    with store.transaction() as uow:
        uow.consents.add(Consent(uow.new_id(), patient, scope, NOW, uow.user.id))
        uow.consents.revoke(patient.id, scope)
    assert run(store, tmp_path / "x", dry_run=True).patients == 1
    assert not (tmp_path / "x").exists()
    (tmp_path / "y").mkdir()
    with pytest.raises(UsageError, match="exists"):
        run(store, tmp_path / "y")
