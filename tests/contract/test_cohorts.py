"""Cohort reports on both engines, and on a server for who may not read records."""

from __future__ import annotations

import random
import runpy
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from rehabctl.domain.cohort import GroupBy, Measure, Stratum
from rehabctl.domain.episode import Episode, EpisodeStatus, Goal, GoalStatus, GoalTerm
from rehabctl.domain.errors import FindingsError, NotPermittedError, UsageError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.programme import Programme
from rehabctl.domain.prom import PromResponse, PromScore
from rehabctl.domain.session import ExerciseSession, SessionSource
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
from rehabctl.reference.instruments import load_instruments
from rehabctl.reference.rules import load_rules
from rehabctl.services import cohorts
from rehabctl.services.cohorts import CohortReport, CohortRequest
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store import migrate
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import BILLER, COLLEAGUE, as_login
from tests.contract.records import add_patient

RULES = load_rules()
START = date(2025, 2, 3)  # everything is over before any present day
MIGRATION = Path(migrate.__file__).parent / "migrations" / "versions" / "0040_cohort_outcomes.py"


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def score(
    uow: UnitOfWork, ref: PatientRef, name: str, instrument: str, on: date, value: float,
    *, higher: bool = False, rule: str = "1",
) -> None:  # fmt: skip
    uow.prom.add(
        PromResponse(
            id=uow.new_id(), patient=ref, external_id=f"{ref.id}-{name}", instrument=instrument,
            instrument_version="1", mode="paper", entered_by="patient", completed_at=noon(on),
            answers={}, result={},
            scores=(PromScore("total", rule, value, value, 0, higher),),
        )
    )  # fmt: skip


def add_course(uow: UnitOfWork, number: int, condition: str, rng: random.Random) -> None:
    """Add one finished course of care with everything that a report reads."""
    ref = add_patient(
        uow, f"c{uow.user.login}{number}", payer=rng.choice(("ACME", "Beta")),
        birth_date=date(1930 + number % 60, 5, 5),
    )  # fmt: skip
    ended = START + timedelta(days=84) if number % 4 else None
    episode = Episode(
        uow.new_id(), ref, START, condition=condition or None, ended_on=ended,
        status=EpisodeStatus.CLOSED if ended else EpisodeStatus.ACTIVE,
    )  # fmt: skip
    uow.episodes.add([episode])
    if number % 5:
        score(uow, ref, "a", "nprs", START - timedelta(days=5), float(rng.randint(3, 10)))
        if number % 7:
            score(uow, ref, "b", "nprs", START + timedelta(days=60), float(rng.randint(0, 6)))
        score(uow, ref, "late", "nprs", START + timedelta(days=200), 10.0)
        score(uow, ref, "other", "nprs", START + timedelta(days=70), 10.0, rule="2")
    programme = Programme(id=uow.new_id(), patient=ref, started_on=START)
    uow.programmes.add(programme)
    due = [START + timedelta(days=3 * n) for n in range(10)]
    uow.programmes.set_schedule(programme, START, due)
    for day in due[: rng.randint(0, 10)]:
        uow.sessions.add(
            ExerciseSession(
                uow.new_id(), ref, SessionSource.IMPORT, f"s{day}", "test", noon(day),
                completed_at=noon(day) + timedelta(minutes=20),
            )
        )  # fmt: skip
    for n in range(number % 3):
        at = noon(START + timedelta(days=7 * n))
        uow.visits.add(
            Visit(
                uow.new_id(), ref, VisitKind.TREATMENT, at, at + timedelta(minutes=30),
                uow.user.id, VisitStatus.COMPLETED, episode_id=episode.id, started_at=at,
                ended_at=at + timedelta(minutes=30), satisfaction=rng.choice((None, 6, 9)),
            )
        )  # fmt: skip
    if number % 2:
        status = GoalStatus.MET if number % 3 else GoalStatus.OPEN
        uow.episodes.add_goal(
            Goal(uow.new_id(), ref, episode.id, "x", GoalTerm.SHORT, status=status)
        )


@pytest.fixture
def year(store: Store) -> None:
    """84 finished courses of care of this therapist."""
    rng = random.Random(4)
    with store.transaction() as uow:
        for number in range(84):
            condition = (
                "TKR" if number < 40 else "RCR" if number < 62 else "" if number < 79 else "FS"
            )
            add_course(uow, number, condition, rng)


def of(report: CohortReport, group: str | None, measure: Measure) -> tuple[int | None, object]:
    (row,) = [r for r in report.rows if r.group == group and r.stratum is None]
    cell = cohorts.cell_of(row, measure)
    return cell.n, cell.value


def test_a_report_by_condition(store: Store, year: None) -> None:
    report = cohorts.report(store, RULES, CohortRequest(year=2025))
    assert of(report, None, Measure.PATIENTS) == (84, 84.0)
    assert of(report, "TKR", Measure.PATIENTS) == (40, 40.0)
    # five shoulders are too few, and take the next larger group with them
    assert of(report, "FS", Measure.PATIENTS) == (None, None)
    assert of(report, "other", Measure.PATIENTS) == (None, None)
    assert of(report, "RCR", Measure.PATIENTS)[0] == 22
    change_n, change = of(report, None, Measure.CHANGE)
    assert change_n == sum(1 for n in range(84) if n % 5 and (n % 7 or not n % 4))
    assert isinstance(change, float)
    assert change > 1  # the late score, and those by another rule, would turn it round
    assert of(report, None, Measure.VISITS)[1] == 1.0
    assert report.missing is not None
    assert len(report.missing) == 84 - (change_n or 0)
    assert report.missing[0].text.startswith("no baseline of nprs total from 90 days before")
    assert {r.stratum for r in report.rows if r.group == "FS"} == {None}


def test_filters_groups_and_periods(store: Store, year: None) -> None:
    by_sex = cohorts.report(store, RULES, CohortRequest(year=2025, by=GroupBy.SEX))
    assert of(by_sex, "female", Measure.PATIENTS)[0] == 84
    acme = cohorts.report(store, RULES, CohortRequest(year=2025, payer="ACME"))
    assert 20 < (of(acme, None, Measure.PATIENTS)[0] or 0) < 64
    one = cohorts.report(
        store, RULES, CohortRequest(first=START, last=START, condition="TKR", by=GroupBy.AGE)
    )
    assert of(one, None, Measure.PATIENTS)[0] == 40
    for request in (
        CohortRequest(year=2024),
        CohortRequest(year=2025, condition="FS"),
        CohortRequest(year=2025, smallest_cell=85),
    ):
        with pytest.raises(FindingsError, match="of whom nothing is told"):
            cohorts.report(store, RULES, request)
    for request in (
        CohortRequest(year=2025, smallest_cell=3),
        CohortRequest(year=2025, first=START),
        CohortRequest(first=START, last=START - timedelta(days=1)),
        CohortRequest(instrument="koos"),
    ):
        with pytest.raises(UsageError):
            cohorts.report(store, RULES, request)


def test_a_therapist_sees_her_own_caseload(store: Store, year: None, settings: Settings) -> None:
    with open_store(as_login(settings, COLLEAGUE)) as theirs:
        if store.is_local:
            return  # the key is everybody's there
        with pytest.raises(FindingsError):
            cohorts.report(theirs, RULES, CohortRequest(year=2025))
        with theirs.transaction() as uow:
            for number in range(12):
                add_course(uow, number, "TKR", random.Random(1))
        report = cohorts.report(theirs, RULES, CohortRequest(year=2025))
        assert of(report, None, Measure.PATIENTS)[0] == 12
    mine = cohorts.report(store, RULES, CohortRequest(year=2025))
    assert of(mine, None, Measure.PATIENTS)[0] == 84


def test_the_server_tells_an_administrator_the_same_sums(
    store: Store, year: None, admin: Store
) -> None:
    if store.is_local:
        return
    for instrument in ("nprs", "lefs", "pgic"):
        request = CohortRequest(year=2025, instrument=instrument)
        mine = cohorts.report(store, RULES, request)
        theirs = cohorts.report(admin, RULES, request)
        assert theirs.missing is None
        assert theirs.rows == mine.rows
    assert any(r.stratum is Stratum.NO_BASELINE for r in theirs.rows)
    raised = replace(request, smallest_cell=20)
    assert cohorts.report(admin, RULES, raised).rows == cohorts.report(store, RULES, raised).rows


def test_an_administrator_gets_whole_years_and_no_small_cell(
    store: Store, year: None, admin: Store, settings: Settings
) -> None:
    if store.is_local:
        return
    for request in (
        CohortRequest(year=2025, payer="ACME"),
        CohortRequest(year=2025, condition="TKR"),
        CohortRequest(first=START),
        CohortRequest(year=2025, by=GroupBy.AGE),
    ):
        with pytest.raises(NotPermittedError, match="whole years"):
            cohorts.report(admin, RULES, request)
    with pytest.raises(FindingsError):
        cohorts.report(admin, RULES, CohortRequest(year=2024))
    # the server itself, asked for cells of one: nothing below eleven, however it is asked
    ask = text(
        "SELECT grp, n, hits, total FROM "
        "cohort_outcomes(2025, 'nprs', 'total', '{\"\": 2}', 1) WHERE measure <> 'x'"
    )
    with admin.engine.connect() as connection:
        rows = connection.execute(ask).all()
    assert rows
    assert all(n is None or n == 0 or n >= 11 for _, n, _, _ in rows)
    assert all((n is None) == (total is None) for _, n, _, total in rows)
    assert all(n is None for group, n, _, _ in rows if group == "FS")
    with open_store(as_login(settings, BILLER)) as biller:
        with pytest.raises(NotPermittedError):
            cohorts.report(biller, RULES, CohortRequest(year=2025))
        with biller.engine.connect() as connection, pytest.raises(Exception, match="permission"):
            connection.execute(ask)


def test_the_servers_scales_are_those_of_the_instruments() -> None:
    ranges = {(i, s): (low, high) for i, s, low, high in runpy.run_path(str(MIGRATION))["RANGES"]}
    for instrument in load_instruments():
        for rule in instrument.rules:
            for scale in rule.scales:
                expected = ranges.get((instrument.slug, scale.key), (0, 100))
                assert (float(scale.minimum), float(scale.maximum)) == expected


def test_a_report_is_kept_in_the_log_without_who_was_in_it(
    store: Store, year: None, auditor: Store
) -> None:
    cohorts.report(store, RULES, CohortRequest(year=2025))
    with auditor.transaction() as uow:
        entry = next(e for e in uow.audit.entries(limit=5) if e.action == "report.cohort")
    assert entry.entity_id is None
    assert UUID(str(store.user.id))
