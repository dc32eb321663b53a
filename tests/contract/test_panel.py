"""The worklist's rows on both engines: one total order, by page, from both ends."""

from __future__ import annotations

import base64
import json
import random
from datetime import timedelta
from typing import get_args

import pytest

from rehabctl.domain.errors import UsageError
from rehabctl.domain.panel_row import PanelCounts, PanelQuery, PanelRow, PanelSort
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.triage import Reason, Tier, WorklistRow
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, given_patient

NAMES = ("Ostrowski", "abel", "Zoë", "Abel", "Ångström", "O'Neil", "von Ruhl", "Öz")


def row_of(patient: PatientRef, number: int = 0, tier: Tier = Tier.STABLE) -> PanelRow:
    return PanelRow(
        patient=patient,
        tier=tier,
        rank_key=f"{number:05d}",
        reasons=(Reason("PAIN_SEVERE", f"pain {number} of 10", NOW),) if number % 2 else (),
        computed_at=NOW,
        rules_version="r1",
    )


def fill(uow: UnitOfWork, count: int) -> list[PatientRef]:
    """Add patients whose rows have many equal and missing values, in random order."""
    chance = random.Random(7)
    refs: list[PatientRef] = []
    for n in range(count):
        ref = add_patient(uow, f"{n:03d}", family_name=NAMES[n % len(NAMES)])
        refs.append(ref)
        row = PanelRow(
            patient=ref,
            tier=chance.choice(list(Tier)),
            rank_key=str(chance.randrange(4)),
            reasons=(),
            computed_at=NOW,
            rules_version="r1",
            last_session_at=chance.choice([None, NOW, NOW - timedelta(days=3)]),
            adherence_percent_28d=chance.choice([None, 0.0, 55.5, 100.0]),
            pain_now=chance.choice([None, 0.0, 3.5, 8.0]),
            next_due=chance.choice([None, NOW + timedelta(days=1)]),
        )
        uow.panel.save([row])
    return refs


def all_rows(uow: UnitOfWork, query: PanelQuery, limit: int) -> list[WorklistRow]:
    rows: list[WorklistRow] = []
    cursor = None
    while True:
        page, cursor = uow.panel.page(query, limit=limit, cursor=cursor)
        rows += page
        if cursor is None:
            return rows


@pytest.mark.parametrize("sort", get_args(PanelSort))
def test_pages_of_every_order_are_total_and_meet_from_both_ends(
    store: Store, sort: PanelSort
) -> None:
    with store.transaction() as uow:
        refs = fill(uow, 23)
        forward = all_rows(uow, PanelQuery(sort=sort), 5)
        backward = all_rows(uow, PanelQuery(sort=sort, from_end=True), 7)
    assert [r.rank for r in forward] == list(range(1, 24))
    assert forward == backward[::-1]
    assert {r.patient_id for r in forward} == {str(ref.id) for ref in refs}


def test_priority_then_name_by_its_letters_then_identifier(store: Store) -> None:
    with store.transaction() as uow:
        fill(uow, 23)
        rows = all_rows(uow, PanelQuery(), 50)
        stored = uow.panel.stored([p.ref.id for p in uow.patients.page(limit=50).items])
    keys = [
        (row.rank_key, name.casefold().encode(), patient_id.hex)
        for patient_id, row in stored.items()
        for name in [next(r.name for r in rows if r.patient_id == str(patient_id))]
    ]
    shown = [r.patient_id.replace("-", "") for r in rows]
    assert shown == [key[2] for key in sorted(keys)]


@pytest.mark.parametrize(
    ("sort", "value", "falling"),
    [
        ("last_session", "last_session_at", False),
        ("adherence", "adherence_percent_28d", False),
        ("pain", "pain_now", True),
        ("next_due", "next_due", False),
    ],
)
def test_what_is_not_known_comes_last(
    store: Store, sort: PanelSort, value: str, falling: bool
) -> None:
    with store.transaction() as uow:
        fill(uow, 23)
        values = [getattr(r, value) for r in all_rows(uow, PanelQuery(sort=sort), 50)]
    known = [v for v in values if v is not None]
    assert known == sorted(known, reverse=falling)
    assert values == known + [None] * (len(values) - len(known))
    assert None in values


def test_a_row_is_written_again_and_again(store: Store) -> None:
    ref = given_patient(store)
    with store.transaction() as uow:
        uow.panel.save([row_of(ref, 1)])
        full = PanelRow(
            patient=ref,
            tier=Tier.RED_FLAG,
            rank_key="0",
            reasons=(Reason("RED_FLAG", "calf swelling", NOW), Reason("DUE", "report due", None)),
            computed_at=NOW,
            rules_version="r2",
            last_session_at=NOW,
            adherence_percent_28d=71.5,
            pain_now=4.0,
            pain_series=(3.0, 4.0),
            pain_trend="rising",
            rom_trend="declining",
            open_alerts=2,
            next_due=NOW,
            next_change_at=NOW + timedelta(days=1),
        )
        uow.panel.save([full])
        assert uow.panel.stored([ref.id]) == {ref.id: full}
        looks = uow.panel.last_looks([ref.id, uow.user.id])
        assert {i: (last.computed_at, last.plan_version) for i, last in looks.items()} == {
            ref.id: (NOW, None)
        }
        ((shown,), cursor) = uow.panel.page(PanelQuery(), limit=1)
    assert cursor is None
    assert (shown.name, shown.mrn, shown.rank) == ("Diaz, Ana", "1042", 1)
    assert (shown.reasons, shown.pain_series) == (full.reasons, full.pain_series)


def test_counts_filters_and_caseloads(store: Store) -> None:
    with store.transaction() as uow:
        ana, bo = add_patient(uow, "1042"), add_patient(uow, "77", family_name="Box_100%")
        uow.panel.save([row_of(ana, 1, Tier.DUE), row_of(bo, 2)])
        assert uow.panel.counts(PanelQuery()) == PanelCounts(2, 1)
        assert uow.panel.counts(PanelQuery(therapist_id=uow.new_id())) == PanelCounts(0, 0)
        found = {
            text: [r.mrn for r in uow.panel.page(PanelQuery(text_filter=text), limit=9)[0]]
            for text in ("DIAZ", "ana d", "pain 1", "77", "_100%", "%", "104", "x")
        }
        assert uow.panel.counts(PanelQuery(text_filter="diaz")) == PanelCounts(1, 1)
    assert found == {
        "DIAZ": ["1042"],
        "ana d": ["1042", "77"][:1],
        "pain 1": ["1042"],
        "77": ["77"],
        "_100%": ["77"],
        "%": ["77"],
        "104": ["1042"],
        "x": ["77"],
    }


def test_aged_rows_are_found_and_discharged_patients_leave(store: Store) -> None:
    with store.transaction() as uow:
        refs = [add_patient(uow, str(n)) for n in range(3)]
        moments = (NOW, NOW - timedelta(hours=1), NOW + timedelta(seconds=1))
        for ref, moment in zip(refs, moments, strict=True):
            uow.panel.save([PanelRow(ref, Tier.STABLE, "9", (), NOW, "r1", next_change_at=moment)])
        assert uow.panel.due_for_change(NOW, 9) == (refs[1], refs[0])
        assert uow.panel.due_for_change(NOW, 1) == (refs[1],)
        uow.panel.remove([refs[1].id])
        assert uow.panel.counts(PanelQuery()).total == 2
        found = uow.panel.get(refs[2].id)
        assert found is not None
        assert uow.panel.get(refs[1].id) is None


def test_a_cursor_of_another_order_is_refused(store: Store) -> None:
    with store.transaction() as uow:
        fill(uow, 5)
        _, cursor = uow.panel.page(PanelQuery(), limit=2)
        with pytest.raises(UsageError):
            uow.panel.page(PanelQuery(sort="pain"), limit=2, cursor=cursor)


@pytest.mark.parametrize("sort", ["priority", "name"])
def test_a_cursor_names_nobody(store: Store, sort: PanelSort) -> None:
    with store.transaction() as uow:
        fill(uow, 5)
        (_, shown), cursor = uow.panel.page(PanelQuery(sort=sort), limit=2)
        assert cursor is not None
        said = str(json.loads(base64.urlsafe_b64decode(cursor + "=="))).casefold()
        for word in shown.name.replace(",", " ").split():
            assert word.casefold() not in said


def test_a_page_costs_the_same_at_any_depth(store: Store) -> None:
    """The plan of a deep page uses the index and sorts nothing."""
    with store.transaction() as uow:
        fill(uow, 5)
        _, cursor = uow.panel.page(PanelQuery(therapist_id=uow.user.id), limit=2)
        statements: list[str] = []
        from sqlalchemy import event

        def note(_conn: object, _cur: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(store.engine, "before_cursor_execute", note)
        uow.panel.page(PanelQuery(therapist_id=uow.user.id), limit=2, cursor=cursor)
        event.remove(store.engine, "before_cursor_execute", note)
    if store.engine.dialect.name == "sqlite":
        with store.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            count = statements[-1].count("?")
            plan = driver.execute(f"EXPLAIN QUERY PLAN {statements[-1]}", ("0",) * count).fetchall()
        text = "\n".join(str(line[3]) for line in plan)
        assert "ix_panel_row_therapist_id_rank_key_sort_name_patient_id" in text
        assert "TEMP B-TREE" not in text
    else:
        assert "(panel_row.rank_key, panel_row.sort_name, panel_row.patient_id) >" in statements[-1]
