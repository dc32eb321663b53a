"""The doctor says what is wrong, with a fix, and never shows patient data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehabctl.services import health
from rehabctl.services.health import Check, Status
from rehabctl.services.settings import load_settings

NAMES = {
    "python", "libraries", "home", "database", "keyring", "pose_model", "pose_libraries",
    "bluetooth", "clock", "terminal",
}  # fmt: skip


def checks(**environment: str) -> dict[str, Check]:
    return {c.name: c for c in health.run_checks(load_settings(environment))}


def test_every_check_answers_on_an_empty_home(tmp_path: Path) -> None:
    found = checks(REHABCTL_HOME=str(tmp_path / "home"))
    assert found.keys() >= NAMES
    assert not (tmp_path / "home").exists(), "looking must not make anything"
    assert all(c.fix for c in found.values() if c.status is not Status.OK)


def test_a_damaged_model_fails_with_the_command_that_mends_it(tmp_path: Path) -> None:
    from rehabctl.reference.pose_models import load_pose_models

    known = load_pose_models().named("full")[0]
    model = tmp_path / "models" / f"{known.sha256}.task"
    model.parent.mkdir()
    model.write_bytes(b"not the model")
    check = checks(REHABCTL_HOME=str(tmp_path))["pose_model"]
    assert check.status is Status.FAIL
    assert check.fix == "Run: rehabctl pose model install full"


def test_a_home_that_others_may_read_fails(tmp_path: Path) -> None:
    (tmp_path / "rehabctl.db").touch(mode=0o644)
    (tmp_path / "rehabctl.db").chmod(0o644)
    check = checks(REHABCTL_HOME=str(tmp_path))["home"]
    assert check.status is Status.FAIL
    assert "chmod" in (check.fix or "")


def test_a_fixed_clock_is_a_warning(tmp_path: Path) -> None:
    found = checks(REHABCTL_HOME=str(tmp_path), REHABCTL_NOW="2026-03-01T09:00:00Z")
    assert found["clock"].status is Status.WARN


def test_a_clock_behind_the_records_fails(tmp_path: Path, monkeypatch) -> None:
    import os

    database = tmp_path / "rehabctl.db"
    database.touch(mode=0o600)
    os.utime(database, (4_000_000_000, 4_000_000_000))
    assert checks(REHABCTL_HOME=str(tmp_path))["clock"].status is Status.FAIL


def test_a_check_that_breaks_is_a_finding_and_stops_nothing(monkeypatch, tmp_path: Path) -> None:
    def broken(_: object) -> list[Check]:
        raise ValueError("Jane Secretname")

    monkeypatch.setattr(health, "_checks", lambda: {"a": broken, "python": health._python})
    found = checks(REHABCTL_HOME=str(tmp_path))
    assert found["a"].status is Status.FAIL
    assert "Secretname" not in found["a"].detail
    assert found["python"].status is Status.OK


@pytest.mark.slow
def test_the_command_prints_the_contracts_json(rehabctl) -> None:
    rehabctl("triage", "list")
    result = rehabctl("doctor", "--format", "json")
    found = {c["name"]: c for c in json.loads(result.stdout)["checks"]}
    assert set(found["python"]) == {"name", "status", "detail", "fix"}
    assert found["database"]["status"] == "ok"
    assert found["database_key"]["status"] == "warn"
    assert result.returncode == int(any(c["status"] == "fail" for c in found.values()))


def test_refused_messages_are_told_until_somebody_looks(made_home: Path) -> None:
    from contextlib import nullcontext

    from rehabctl.reference.rules import load_rules
    from rehabctl.services import hl7_queue
    from rehabctl.services.hl7_export import MessageKind
    from rehabctl.services.hl7_queue import QueueSender
    from rehabctl.services.wiring import open_store
    from tests.contract.records import given_patient

    def refuse(data: bytes) -> bytes:
        number = data.split(b"\r")[0].split(b"|")[9].decode()
        return f"MSH|^~\\&|||||2026||ACK|1|P|2.5.1\rMSA|AE|{number}\r".encode()

    assert "hl7 queue" not in checks(REHABCTL_HOME=str(made_home))
    with open_store(load_settings()) as store:
        ref = given_patient(store)
        with store.transaction() as uow:
            uow.notes.add(uow.new_id(), ref, uow.user.id, "Note")
        hl7_queue.enqueue(store, load_rules(), "1042", MessageKind.MDM, "127.0.0.1:2575")
        (dead,) = QueueSender(store, lambda _: nullcontext(refuse)).send()
    check = checks(REHABCTL_HOME=str(made_home))["hl7 queue"]
    assert (check.status, check.detail[:1]) == (Status.WARN, "1")
    with open_store(load_settings()) as store:
        hl7_queue.drop(store, dead.id)
    assert "hl7 queue" not in checks(REHABCTL_HOME=str(made_home))
