"""Importing what patients did and told before: sessions at home and filled-in questionnaires.

Each row goes the way of `session log` or `prom record`, with their checks, and counts for the day
on which it happened; the worklist is refreshed once a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.patient import Side
from rehabctl.domain.roster import FieldProblem
from rehabctl.reference.instruments import load_instrument
from rehabctl.services import exercise_sessions, prom_records, triage
from rehabctl.services.access import Action
from rehabctl.services.import_run import ImportOptions, ImportReport, Report
from rehabctl.services.named_rows import NamedRows, ProblemError, Row
from rehabctl.services.prom_answers import parse_list
from rehabctl.services.roster_changes import Change

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientRef
    from rehabctl.reference.exercise_library import ExerciseLibrary
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

REQUIRED = ("external_id", "mrn", "kind", "at")
COLUMNS = (
    *REQUIRED, "time_zone", "ended_at", "exercises", "pain_before", "pain_during", "pain_after",
    "difficulty", "notes", "instrument", "variant", "answers", "side", "language",
)  # fmt: skip
SESSION, PROM = "session", "prom"
_RATINGS = ("pain_before", "pain_during", "pain_after", "difficulty")


@dataclass(frozen=True, slots=True)
class HistoryTables:
    """What history is judged by."""

    library: ExerciseLibrary
    rules: RuleTable


def import_history(
    store: Store,
    tables: HistoryTables,
    source: Path | BinaryIO,
    options: ImportOptions,
    *,
    report: Report,
    note: Callable[[str], None],
) -> ImportReport:
    """Import sessions and questionnaires.

    Parameters
    ----------
    store
        The open store.
    tables
        The exercises that sessions may name, and the dated rules.
    source
        A file, or a pipe.
    options
        How.
    report
        Called with the bytes done and the size.
    note
        Called with remarks for the user.

    Raises
    ------
    RehabctlError
        The file cannot be read, or its heading is no history's.
    """
    if isinstance(source, Path):
        run = _Run(store, source.name, options, tables=tables)
        return run.file(source, report=report, note=note)
    return _Run(store, "-", options, tables=tables).pipe(source, note=note)


@dataclass
class _Run(NamedRows):
    """One import of history."""

    kind = "history"
    entity = "patient"
    action = Action.WRITE_CLINICAL
    columns = COLUMNS
    required = REQUIRED
    time_column = "at"
    rule_column = ""
    tables: HistoryTables = field(kw_only=True)
    _touched: dict[PatientRef, None] = field(default_factory=dict["PatientRef", None])

    def check(self, row: Row) -> None:
        kind = row.texts["kind"]
        if kind not in (SESSION, PROM):
            raise ProblemError("kind", f"is not one of {SESSION}, {PROM}")
        needed = ("exercises",) if kind == SESSION else ("instrument", "answers")
        for name in needed:
            if name not in row.texts:
                raise ProblemError(name, "is missing")
        if row.texts.get("side", Side.LEFT) not in set(Side):
            raise ProblemError("side", "is not one of left, right, bilateral")

    def write(self, uow: UnitOfWork, lines: Sequence[Row]) -> Sequence[Change | FieldProblem]:
        self._touched.clear()
        outcomes = super().write(uow, lines)
        triage.refresh(uow, list(self._touched), self.tables.rules)
        return outcomes

    def write_row(self, uow: UnitOfWork, patient: PatientRef, row: Row) -> Change:
        write = self._session if row.texts["kind"] == SESSION else self._prom
        if not write(uow, patient, row):
            return Change.UNCHANGED
        self._touched[patient] = None
        return Change.CREATED

    def _session(self, uow: UnitOfWork, patient: PatientRef, row: Row) -> bool:
        upload: dict[str, Any] = {
            "id": row.texts["external_id"],
            "started_at": row.at.isoformat(),
            "notes": row.texts.get("notes"),
            "exercises": [_exercise(text) for text in row.texts["exercises"].split("|")],
            **{name: _number(row, name) for name in _RATINGS},
        }
        if "ended_at" in row.texts:
            upload["completed_at"] = self.moment(row.texts, "ended_at").isoformat()
        return exercise_sessions.log_in(
            uow, self.tables.library, self.tables.rules, patient, upload, "import"
        ).is_new

    def _prom(self, uow: UnitOfWork, patient: PatientRef, row: Row) -> bool:
        get = row.texts.get
        form = prom_records.Form(
            parse_list(row.texts["answers"].replace(";", ",")),
            "patient",
            variant=get("variant"),
            completed_at=row.at,
            side=Side(row.texts["side"]) if "side" in row.texts else None,
            language=get("language"),
            external_id=row.texts["external_id"],
        )
        done = prom_records.record_in(uow, load_instrument(row.texts["instrument"]), patient, form)
        if done.external_id is None:
            first = done.result.findings[0]
            raise FindingsError(f"answers: {first.message}", "Correct the row")
        return done.is_new


def _exercise(text: str) -> dict[str, Any]:
    """Return the exercise of `quad-set=10;10`: repetitions of each set, which may be left out."""
    slug, _, counts = text.partition("=")
    sets = [part.strip() for part in counts.split(";") if part.strip()]
    if not all(part.isascii() and part.isdecimal() and len(part) < 5 for part in sets):
        raise ProblemError("exercises", "is not like quad-set=10;10|heel-slide-supine=12")
    return {"exercise": slug.strip(), "done": True} | (
        {"reps": [int(part) for part in sets]} if sets else {}
    )


def _number(row: Row, name: str) -> float | None:
    text = row.texts.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise ProblemError(name, "is not a number") from None
