"""The audit chain on both engines: append-only, in the access's own transaction, tamper-evident."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from rehabctl.domain.audit import AuditAnchor, AuditVerdict
from rehabctl.domain.errors import NotPermittedError
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store import audit_log
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient

TRIGGERS = {
    "sqlite": [
        "DROP TRIGGER audit_entry_next",
        "DROP TRIGGER audit_entry_no_update",
        "DROP TRIGGER audit_entry_no_delete",
        "DROP TRIGGER audit_head_forward",
    ],
    "postgresql": [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_head DISABLE TRIGGER ALL",
    ],
}
COPY = (
    "SELECT {sequence}, at, clinic_id, user_id, {actor}, action, entity, entity_id, detail, "
    "previous_mac, mac FROM audit_entry WHERE sequence = 5"
)


@dataclass(frozen=True)
class Log:
    """A store as who works in it, who may read its log, and who can do everything open it."""

    store: Store
    auditor: Store
    boss: Engine


@pytest.fixture
def log(store: Store, auditor: Store, boss: Engine) -> Log:
    return Log(store, auditor, boss)


def write(log: Log, count: int) -> None:
    for n in range(count):
        with at(log.store, NOW + timedelta(minutes=n)).transaction() as uow:
            uow.audit.record("patient.read", "patient", uow.new_id(), {"b": n, "a": "ü"})


def verdict(log: Log, anchor: AuditAnchor | None = None) -> AuditVerdict:
    with log.auditor.snapshot() as uow:
        return uow.audit.verify(anchor)


def head(log: Log) -> AuditAnchor:
    with log.auditor.snapshot() as uow:
        return uow.audit.anchor()


@pytest.fixture
def written(log: Log) -> Log:
    """A store whose chain holds exactly twenty entries (the first are the users' creation)."""
    write(log, 20 - head(log).sequence)
    return log


def test_an_honest_chain_verifies_with_and_without_an_anchor(written: Log) -> None:
    assert verdict(written) == AuditVerdict(True, 20, None, None)
    anchor = head(written)
    write(written, 3)
    assert verdict(written, anchor).ok
    assert verdict(written, head(written)).ok


def test_an_entry_is_written_with_the_access_or_not_at_all(store: Store, log: Log) -> None:
    before = head(log).sequence

    def fail() -> None:
        with store.transaction() as uow:
            add_patient(uow)
            uow.audit.record("patient.create", "patient")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert head(log).sequence == before
    with store.transaction(rehearsal=True) as uow:
        uow.audit.record("patient.create", "patient")
    assert head(log).sequence == before


def test_entries_name_who_what_and_when_and_hold_no_patient_data(
    store: Store, auditor: Store
) -> None:
    with store.transaction() as uow:
        ref = add_patient(uow)
        uow.audit.read("patient.list", "patient", [ref.id])
        uow.audit.record("patient.read", "patient", ref.id)
    with auditor.snapshot() as uow:
        read, page = uow.audit.entries(limit=2)
        assert uow.audit.entries(limit=9, entity_id=ref.id) == (read,)
        assert uow.audit.entries(limit=9, actor="nobody") == ()
        assert uow.audit.entries(limit=1, before=read.sequence) == (page,)
    assert (read.actor, read.action, read.entity_id) == (
        store.user.login, "patient.read", str(ref.id),
    )  # fmt: skip
    assert (read.at == NOW) is store.is_local  # a server goes by its own clock
    assert json.loads(page.detail) == {
        "count": 1,
        "ids_sha256": audit_log.ids_digest([ref.id]),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'x' WHERE sequence = 5",
        "DELETE FROM audit_entry WHERE sequence = 5",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry " + COPY.format(sequence=99, actor="'x'"),
        "INSERT INTO audit_entry " + COPY.format(sequence=5, actor="'x'"),
        "UPDATE audit_head SET sequence = 3",
        "DELETE FROM audit_head",
    ],
)
def test_the_engine_refuses_every_change(written: Log, statement: str) -> None:
    with pytest.raises(DBAPIError), written.boss.begin() as connection:
        connection.execute(text(statement))
    assert verdict(written).ok


BYPASSES = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit_entry " + COPY.format(sequence="sequence", actor="'x'"),
        "REPLACE INTO audit_head VALUES (1, 3, 'x')",
        "UPDATE OR REPLACE audit_entry SET sequence = 4 WHERE sequence = 5",
    ],
    "postgresql": ["TRUNCATE audit_entry", "TRUNCATE audit_head"],
}


def test_the_engines_own_ways_round_are_closed(written: Log) -> None:
    for statement in BYPASSES[written.boss.dialect.name]:
        with pytest.raises(DBAPIError), written.boss.begin() as connection:
            connection.execute(text(statement))
    assert verdict(written).ok


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        (["UPDATE audit_entry SET actor = 'x' WHERE sequence = 5"], 5),
        (["UPDATE audit_entry SET detail = '{}' WHERE sequence = 20"], 20),
        (["UPDATE audit_entry SET mac = 'ü' WHERE sequence = 20"], 20),
        (["UPDATE audit_entry SET at = '2026-03-02 15:00:00.000001' WHERE sequence = 3"], 3),
        (["DELETE FROM audit_entry WHERE sequence = 7"], 7),
        (["DELETE FROM audit_entry WHERE sequence = 1"], 1),
        (["UPDATE audit_entry SET previous_mac = '00' WHERE sequence = 2"], 2),
        (
            [
                "UPDATE audit_entry SET sequence = 99 WHERE sequence = 4",
                "UPDATE audit_entry SET sequence = 4 WHERE sequence = 5",
                "UPDATE audit_entry SET sequence = 5 WHERE sequence = 99",
            ],
            4,
        ),
        (["INSERT INTO audit_entry " + COPY.format(sequence=21, actor="actor")], 21),
        (["DELETE FROM audit_entry WHERE sequence > 15"], 16),
        (["DELETE FROM audit_entry"], 1),
    ],
)
def test_who_drops_the_triggers_is_still_found_out(
    written: Log, tampering: list[str], first_bad: int
) -> None:
    with written.boss.begin() as connection:
        for statement in [*TRIGGERS[written.boss.dialect.name], *tampering]:
            connection.execute(text(statement))
    found = verdict(written)
    assert (found.ok, found.first_bad) == (False, first_bad)
    assert found.reason


def test_a_cut_end_with_a_forged_head_shows_only_against_the_anchor(written: Log) -> None:
    anchor = head(written)
    with written.boss.begin() as connection:
        for statement in TRIGGERS[written.boss.dialect.name]:
            connection.execute(text(statement))
        connection.execute(text("DELETE FROM audit_entry WHERE sequence > 15"))
        mac = connection.execute(
            text("SELECT mac FROM audit_entry WHERE sequence = 15")
        ).scalar_one()
        connection.execute(text("UPDATE audit_head SET sequence = 15, mac = :mac"), {"mac": mac})
    assert verdict(written).ok
    found = verdict(written, anchor)
    assert (found.ok, found.first_bad) == (False, 16)
    write(written, 10)
    assert verdict(written).ok
    assert verdict(written, anchor).first_bad == 20


def test_an_anchor_of_another_database_is_told(written: Log) -> None:
    foreign = replace(head(written), database_id=written.store.user.id)
    assert verdict(written, foreign).reason == "the anchor belongs to another database"


def test_another_audit_key_is_noticed_before_it_writes(written: Log, settings: Settings) -> None:
    files = list(settings.paths.key_dir.glob(f"{written.store.database_id}.audit"))
    if not written.store.is_local:
        assert files == []  # the server chains its log: there is no secret to lose
        return
    right = files[0].read_text()
    files[0].write_text("ab" * 32)
    try:
        with pytest.raises(NotPermittedError, match="audit key"), open_store(settings):
            pass
    finally:
        files[0].write_text(right)
    assert verdict(written).ok


def test_writers_at_once_make_one_chain(log: Log) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            write(log, 25)
        except BaseException as error:  # noqa: BLE001 - reported by the main thread
            failures.append(error)

    before = head(log).sequence
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert verdict(log) == AuditVerdict(True, before + 75, None, None)


DETAIL = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    max_size=4,
)


@hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(details=st.lists(DETAIL, max_size=5), names=st.text(min_size=1, max_size=12))
def test_no_honest_entry_is_ever_called_bad(
    log: Log, details: list[dict[str, Any]], names: str
) -> None:
    def storable(value: str) -> str:
        return value.encode(errors="replace").decode().replace("\x00", "?")

    clean: Callable[[Any], Any] = lambda v: storable(v) if isinstance(v, str) else v  # noqa: E731
    with log.store.transaction() as uow:
        for detail in details:
            safe = {storable(k): clean(v) for k, v in detail.items()}
            uow.audit.record(storable(names), "x", storable(names), safe)
    assert verdict(log).ok
