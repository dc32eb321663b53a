"""Fitting on a clinic's own records: rows from the store, refusals, the kept file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rehabctl.clinic.dropout_rows import index_rows
from rehabctl.clinic.dropout_simulation import SimulatedRows
from rehabctl.clinic.patient_view import PatientView
from rehabctl.domain.dropout import FEATURES, DropoutModel, FitKind, IndexRow, Term
from rehabctl.domain.errors import FindingsError, NotFoundError, NotPermittedError, RehabctlError
from rehabctl.domain.facts import Episode, Hold, PatientFacts, SessionFact
from rehabctl.reference.rules import load_rules
from rehabctl.services import adherence, dropout_models, synthetic
from rehabctl.services.settings import Settings
from rehabctl.store.store import Store
from tests.clinic.test_dropout_fit import cut

RULES = load_rules()
START = date(2026, 1, 1)


def quiet(*_: object) -> None:
    return


def facts(
    done: Sequence[int], *, due_every: int = 2, days: int = 60, **more: object
) -> PatientFacts:
    """A programme from January 1, due every other day; `done` are days of it."""
    sessions = tuple(
        SessionFact(f"s{day}", at, at, completed=True, pain_after=3.0)
        for day in done
        for at in [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)]
    )
    values: dict[str, object] = {
        "patient_id": "p", "time_zone": "UTC", "episode": Episode(START), "sessions": sessions,
        "due_on": tuple(START + timedelta(days=n) for n in range(0, days, due_every)),
    }  # fmt: skip
    return PatientFacts(**(values | more))  # type: ignore[arg-type]


def rows(made: PatientFacts, today: date = date(2026, 3, 20)) -> list[IndexRow]:
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    return list(index_rows(PatientView.of(made, now, RULES), RULES, {"sex": "female"}))


def days(made: list[IndexRow]) -> list[tuple[int, bool]]:
    return [((row.on - START).days + 1, row.event) for row in made]


def test_a_row_a_week_until_the_dropout_and_none_after_it() -> None:
    # sessions to day 20 of the programme, then none: the days after 20 are the dropout
    found = days(rows(facts(range(0, 20, 2))))
    assert found == [(7, False), (14, False), (21, True), (28, True)]


def test_a_row_knows_nothing_of_what_came_later() -> None:
    steady = facts(range(0, 60, 2))
    shorter = replace(steady, sessions=steady.sessions[:11])  # to day 20
    for later, earlier in zip(rows(steady)[:3], rows(shorter)[:3], strict=True):
        assert (later.on, later.features, later.points) == (
            earlier.on, earlier.features, earlier.points,
        )  # fmt: skip
    late = replace(
        steady,
        sessions=tuple(s._replace(recorded_at=s.at + timedelta(days=30)) for s in steady.sessions),
    )
    first = rows(late)[0]
    assert first.features[FEATURES.index("completion")] == 0.0, "not uploaded by then"
    assert first.event is False, "the outcome is what is known today"


def test_what_cannot_tell_is_left_out() -> None:
    assert rows(facts([0, 2], due_every=7)) == []  # too little was scheduled
    hold = Hold(START + timedelta(days=20), START + timedelta(days=22))
    assert days(rows(facts(range(0, 60, 2), holds=(hold,)))) == [
        (28, False), (35, False), (42, False), (49, False),
    ]  # fmt: skip
    ended = Episode(START, START + timedelta(days=30))
    assert days(rows(facts(range(0, 60, 2), episode=ended))) == [(7, False), (14, False)]
    assert rows(facts(range(0, 60, 2)), date(2026, 1, 20)) == []  # the days have not passed


def test_twelve_events_change_nothing(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = cut(SimulatedRows(300, seed=1).rows, 12)
    monkeypatch.setattr(dropout_models, "rows_of", lambda *_: few)
    with pytest.raises(FindingsError, match="there are 12"):
        dropout_models.fit(store, RULES, settings.paths, rehearsal=False, report=quiet)
    assert dropout_models.load(settings.paths) is None
    assert not (settings.paths.home / dropout_models.FILE).exists()


def test_a_store_without_dropouts_is_refused(store: Store, settings: Settings) -> None:
    synthetic.seed(store, RULES, patients=8, seed_number=3, days=60, report=quiet)
    with pytest.raises(FindingsError, match="needs 20 patients"):
        dropout_models.fit(store, RULES, settings.paths, rehearsal=False, report=quiet)
    assert len(dropout_models.rows_of(store, RULES, quiet)) > 10


def test_what_is_adopted_is_kept_as_numbers_for_its_owner_only(
    store: Store, settings: Settings, auditor: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SimulatedRows(1500, seed=9)
    monkeypatch.setattr(dropout_models, "rows_of", lambda *_: source.rows)
    settings.paths.home.mkdir(parents=True, exist_ok=True)
    path = settings.paths.home / dropout_models.FILE
    _, kept = dropout_models.fit(store, RULES, settings.paths, rehearsal=True, report=quiet)
    assert kept is None
    assert not path.exists()
    made, kept = dropout_models.fit(store, RULES, settings.paths, rehearsal=False, report=quiet)
    assert made.is_adopted, made.reasons
    assert kept is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert dropout_models.load(settings.paths) == kept
    content = json.loads(path.read_text())
    assert content["card"]["split"]["train_rows"] == made.split.train_rows
    assert "p17" not in path.read_text()
    with auditor.transaction() as uow:
        assert any(e.action == "adherence.fit" for e in uow.audit.entries(limit=9))
    dropout_models.remove(store, settings.paths)
    with pytest.raises(NotFoundError):
        dropout_models.remove(store, settings.paths)


def test_a_patient_is_told_by_the_kept_model(store: Store, settings: Settings) -> None:
    synthetic.seed(store, RULES, patients=3, seed_number=3, days=60, report=quiet)
    before = adherence.show(store, RULES, "SEED-0000001", settings.paths)
    assert before.dropout is None
    model = DropoutModel(FitKind.LOGISTIC, -1.0, (Term("miss_run", 0.0, 1.0, 0.5),), 14)
    settings.paths.home.mkdir(parents=True, exist_ok=True)
    content = {
        "schema": "rehabctl-dropout-model/1",
        "model": {
            "kind": "logistic", "intercept": -1.0, "horizon_days": model.horizon_days,
            "terms": [{"feature": "miss_run", "mean": 0.0, "deviation": 1.0, "coefficient": 0.5}],
        },
        "card": {},
    }  # fmt: skip
    path = settings.paths.home / dropout_models.FILE
    path.write_text(json.dumps(content))
    found = adherence.show(store, RULES, "SEED-0000001", settings.paths)
    assert found.dropout is not None
    missed = found.adherence.missed_in_a_row
    assert found.dropout.percent == pytest.approx(
        100 / (1 + 2.718281828 ** (1.0 - 0.5 * missed)), abs=0.06
    )
    assert found.engagement == before.engagement
    path.write_text("{}")
    with pytest.raises(RehabctlError, match="damaged"):
        adherence.show(store, RULES, "SEED-0000001", settings.paths)


def test_who_may_not_read_records_fits_nothing(
    store: Store, biller: Store, settings: Settings
) -> None:
    if biller.is_local:
        return
    with pytest.raises(NotPermittedError):
        dropout_models.fit(biller, RULES, settings.paths, rehearsal=True, report=quiet)
