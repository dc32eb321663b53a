"""Research data without identifiers: columns that are allowed by name, and nothing else.

Codes and date shifts come from a secret of the store, so that two exports fit together and nobody
else can undo them. Ages above 89 become 90, and postal codes their first three digits.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.reference.deidentification import Deidentification, load_deidentification
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.repositories.research import ResearchPatient
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_PAGE = 500
_OLDEST_AGE = 89
_MAX_SHIFT_DAYS = 364
_STATE = re.compile(r"[A-Z]{2}")
_PATIENT_COLUMNS = ("patient", "sex", "age_years", "state", "zip3", "status")
_METHODS = {
    "year": "Safe Harbor, 45 CFR 164.514(b)(2): identifiers removed, dates as years",
    "shift": "identifiers of 164.514(b)(2) removed, dates shifted per patient: by the letter of "
    "the rule shifted dates are no years, so that an expert has to determine the risk",
}


class Dates(StrEnum):
    """How dates are written."""

    SHIFT = "shift"
    """Each patient's by the same secret number of days: intervals stay."""
    YEAR = "year"


class FileFormat(StrEnum):
    """How tables are written."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was, or would be, written."""

    folder: str
    method: str
    patients: int
    rows: Mapping[str, int]


class _Writer(Protocol):
    def __call__(self, row: Sequence[Any]) -> None: ...


def export(
    store: Store, folder: Path, *, dates: Dates, file_format: FileFormat, dry_run: bool
) -> ExportReport:
    """Write the research data of a clinic into a new folder; it appears whole or not at all.

    Parameters
    ----------
    store
        The open store.
    folder
        Must not exist.
    dates
        How dates are written.
    file_format
        How tables are written.
    dry_run
        Count only.

    Raises
    ------
    UsageError
        The folder exists.
    """
    if folder.exists():
        raise UsageError(f"{folder.name} exists", "Name a new folder")
    part = folder.with_name(f".{folder.name}.part")
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        today = clinic_today(uow.clinic, uow.now)
    run = _Export(store, load_deidentification(today), dates, today)
    try:
        shutil.rmtree(part, ignore_errors=True)
        if not dry_run:
            part.mkdir(parents=True, mode=0o700)
        with ExitStack() as files:
            counts = run.write(
                {
                    name: _discard if dry_run else _writer(files, part, name, columns, file_format)
                    for name, columns in run.columns().items()
                }
            )
        if not dry_run:
            _write_manifest(part, run, counts)
            part.rename(folder)
    except OSError as error:
        raise RehabctlError(
            f"cannot write {folder.name}: {error.strerror}", "Choose another folder"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ExportReport(folder.name, _METHODS[dates], counts["patient"], counts)


@dataclass
class _Export:
    store: Store
    rules: Deidentification
    dates: Dates
    today: date

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of every file."""
        tables = {name: ("patient", *columns) for name, columns in self.rules.tables.items()}
        return {"patient": _PATIENT_COLUMNS} | tables

    def write(self, writers: Mapping[str, _Writer]) -> dict[str, int]:
        """Write every patient's rows, a page of patients a transaction; return the counts."""
        counts = dict.fromkeys(writers, 0)
        after: UUID | None = None
        while True:
            with self.store.transaction() as uow:
                require(uow, Action.READ_CLINICAL)
                scope = ConsentScope.DATA_SHARING.value
                page = uow.research.patients(scope, after=after, limit=_PAGE)
                for name, row in self._page(uow, page):
                    writers[name](row)
                    counts[name] += 1
                uow.audit.read("export.deidentified", "patient", [p.id for p in page])
            if len(page) < _PAGE:
                return counts
            after = page[-1].id

    def _page(
        self, uow: UnitOfWork, page: Sequence[ResearchPatient]
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        ids = [patient.id for patient in page]
        zone = ZoneInfo(uow.clinic.time_zone)
        shifts = {i: self._shift(i) for i in ids}
        codes = {i: self._code(i) for i in ids}
        for patient in page:
            yield "patient", self._patient(patient, codes[patient.id])
        for name, columns in self.rules.tables.items():
            for patient_id, *values in uow.research.rows(name, tuple(columns), ids):
                shift = shifts[patient_id]
                cells = [
                    self._cell(kind, value, shift, zone)
                    for kind, value in zip(columns.values(), values, strict=True)
                ]
                yield name, (codes[patient_id], *cells)

    def _patient(self, patient: ResearchPatient, code: str) -> Sequence[Any]:
        born, today = patient.birth_date, self.today
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        digits = (patient.postal_code or "")[:3]
        zip3 = digits if len(digits) == 3 and digits.isascii() and digits.isdigit() else None
        return (
            code,
            patient.sex,
            min(age, _OLDEST_AGE + 1),
            patient.state if _STATE.fullmatch(patient.state) else None,
            "000" if zip3 in self.rules.small_areas else zip3,
            patient.status,
        )

    def _cell(
        self, kind: str | frozenset[str], value: Any, shift: timedelta, zone: ZoneInfo
    ) -> Any:
        if value is None:
            return False if kind == "is_set" else None
        if isinstance(kind, frozenset):
            return value if value in kind else None
        match kind:
            case "code":
                return self._code(value)
            case "number":
                return value if isinstance(value, int | float) else None
            case "flag" | "is_set":
                return bool(value)
            case "day":
                return self._day(value, shift, zone)
            case _:
                raise ValueError(f"unknown kind of column: {kind}")

    def _day(self, value: Any, shift: timedelta, zone: ZoneInfo) -> str:
        day: date = value.astimezone(zone).date() if isinstance(value, datetime) else value
        return str(day.year) if self.dates is Dates.YEAR else (day - shift).isoformat()

    def _code(self, record_id: UUID) -> str:
        return self._secret(b"code", record_id).hex()[:24]

    def _shift(self, patient_id: UUID) -> timedelta:
        number = int.from_bytes(self._secret(b"shift", patient_id)[:8], "big")
        return timedelta(days=1 + number % _MAX_SHIFT_DAYS)

    def _secret(self, purpose: bytes, record_id: UUID) -> bytes:
        key = hmac.digest(self.store.blobs.file_key("deidentification"), purpose, "sha256")
        return hmac.digest(key, record_id.bytes, "sha256")


def _discard(row: Sequence[Any]) -> None:
    del row


def _writer(
    files: ExitStack, folder: Path, name: str, columns: Sequence[str], file_format: FileFormat
) -> _Writer:
    descriptor = os.open(
        folder / f"{name}.{file_format.value}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
    )
    file = files.enter_context(os.fdopen(descriptor, "w", encoding="utf-8", newline=""))
    if file_format is FileFormat.CSV:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        return writer.writerow
    return lambda row: print(json.dumps(dict(zip(columns, row, strict=True))), file=file)


def _write_manifest(folder: Path, run: _Export, counts: Mapping[str, int]) -> None:
    def digest(path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    manifest = {
        "schema_version": 1,
        "method": _METHODS[run.dates],
        "dates": run.dates.value,
        "identifiers": run.rules.identifiers,
        "small_areas": run.rules.version,
        "ages_above": _OLDEST_AGE,
        "left_out": "patients who revoked the consent data_sharing; every column not named here",
        "tables": {
            path.stem: {
                "file": path.name,
                "rows": counts[path.stem],
                "columns": run.columns()[path.stem],
                "sha256": digest(path),
            }
            for path in sorted(folder.iterdir())
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
