"""Fitting dropout on the clinic's own history: `adherence fit`. Nothing leaves the machine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rehabctl.clinic.dropout_rows import index_rows
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.dropout import DropoutModel, FitKind, FitReport, IndexRow, Term
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.patient import Demographics
from rehabctl.reference.rules import RuleTable
from rehabctl.services.access import Action, require
from rehabctl.services.patient_facts import facts_of
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.services.settings import Paths
    from rehabctl.store.store import Store

FILE = "dropout_model.json"
_SCHEMA = "rehabctl-dropout-model/1"
_BATCH = 200
_AGES = ((50, "under 50"), (65, "50-64"), (80, "65-79"))


@dataclass(frozen=True, slots=True)
class StoredModel:
    """An adopted model with its card."""

    model: DropoutModel
    card: Mapping[str, Any]
    sha256: str
    """Of the file's content."""


def fit(
    store: Store, rules: RuleTable, paths: Paths, *, rehearsal: bool, report: Callable[..., None]
) -> tuple[FitReport, StoredModel | None]:
    """Fit to the patients that the acting user may read, judge, and keep what is better.

    Parameters
    ----------
    store
        The open store.
    rules
        Counts of events, and the points score to beat.
    paths
        The model is kept in the home folder.
    rehearsal
        Keep nothing.
    report
        Called with patients done and wanted.

    Returns
    -------
    tuple
        The card, and the kept model; None where nothing was kept.

    Raises
    ------
    FindingsError
        Too few patients dropped out; nothing is changed.
    UnavailableError
        scikit-learn is not installed.
    """
    rows = rows_of(store, rules, report)
    from rehabctl.clinic import dropout_fit

    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        today = clinic_today(uow.clinic, uow.now)
        made = dropout_fit.fit(rows, rules.in_force(today), uow.now)
        kept = None if rehearsal or not made.is_adopted else _write(paths.home / FILE, made)
        detail = {"events": made.events, "adopted": made.is_adopted, "kept": kept is not None}
        uow.audit.record("adherence.fit", "dropout_model", detail=detail)
    return made, kept


def self_check(
    rules: RuleTable, patients: int, seed: int, fitted_at: datetime
) -> tuple[FitReport, float]:
    """Fit to simulated patients whose truth is known; no record is read and nothing is kept.

    Parameters
    ----------
    rules
        Counts of events, and the points score to beat.
    patients, seed
        Same seed, same patients.
    fitted_at
        For the card.

    Returns
    -------
    tuple
        The card, and the area under the curve of the truth on the hold-out: the best possible.
    """
    from rehabctl.clinic import dropout_fit
    from rehabctl.clinic.dropout_simulation import SimulatedRows

    source = SimulatedRows(patients, seed)
    made = dropout_fit.fit(source.rows, rules.in_force(fitted_at.date()), fitted_at)
    return made, source.true_auc([row.on >= made.split.cutoff for row in source.rows])


def rows_of(store: Store, rules: RuleTable, report: Callable[..., None]) -> list[IndexRow]:
    """Return the rows of every patient whom the acting user may read, by record number.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    report
        Called with patients done and wanted.
    """
    rows: list[IndexRow] = []
    cursor: str | None = None
    read = 0
    while True:
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            page = uow.patients.page(limit=_BATCH, cursor=cursor)
            who = {item.ref.id: item.demographics for item in page.items}
            uow.audit.read("adherence.fit", "patient", list(who))
            for patient_id, facts in facts_of(uow, list(who)).items():
                view = PatientView.of(facts, uow.now, rules)
                today = date.fromordinal(view.today)
                rows += index_rows(view, rules, _subgroups(who[patient_id], today))
            wanted = uow.patients.count()
        read += len(who)
        report(read, max(wanted, read))
        cursor = page.next_cursor
        if cursor is None:
            return rows


def _subgroups(who: Demographics, today: date) -> dict[str, str]:
    born = who.birth_date
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return {
        "age": next((name for below, name in _AGES if age < below), "80 and over"),
        "sex": who.sex.value,
        "language": who.language or "not known",
    }


def card_of(made: FitReport) -> dict[str, Any]:
    """Return the model card as plain values."""
    card = asdict(made)
    card.pop("model")
    return cast("dict[str, Any]", json.loads(json.dumps(card, default=str)))


def _write(path: Path, made: FitReport) -> StoredModel:
    card = card_of(made)
    content = {"schema": _SCHEMA, "model": asdict(made.model), "card": card}
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        raise RehabctlError(
            f"the model cannot be kept: {error.strerror}", "Check REHABCTL_HOME and its rights"
        ) from None
    return StoredModel(made.model, card, _digest(text))


def load(paths: Paths) -> StoredModel | None:
    """Return the adopted model; None where there is none.

    Raises
    ------
    RehabctlError
        The file is not one of this program.
    """
    try:
        text = (paths.home / FILE).read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RehabctlError(
            f"the model cannot be read: {error.strerror}", "Check REHABCTL_HOME and its rights"
        ) from None
    try:
        content = json.loads(text)
        found = content["model"]
        model = DropoutModel(
            kind=FitKind(found["kind"]),
            intercept=float(found["intercept"]),
            terms=tuple(Term(**term) for term in found["terms"]),
            horizon_days=int(found["horizon_days"]),
        )
        if content["schema"] != _SCHEMA:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise RehabctlError(
            "the dropout model is damaged or of another version",
            "Fit it again, or remove it: rehabctl adherence model --remove",
        ) from None
    return StoredModel(model, content["card"], _digest(text))


def remove(store: Store, paths: Paths) -> None:
    """Remove the adopted model: the points score alone is shown again.

    Raises
    ------
    NotFoundError
        There is none.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        try:
            (paths.home / FILE).unlink()
        except FileNotFoundError:
            raise NotFoundError("no model was adopted", "Fit one: rehabctl adherence fit") from None
        uow.audit.record("adherence.model_remove", "dropout_model")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
