"""Patients enter, change and are imported, on the local store."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError, UsageError
from rehabctl.domain.panel_row import PanelQuery
from rehabctl.domain.patient import PatientStatus, PatientSummary
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services import access, audit, consents, import_run, intake, roster_import, triage
from rehabctl.services.access import Action
from rehabctl.services.import_map import read_map
from rehabctl.services.roster_import import (
    ImportOptions,
    ImportReport,
    import_roster,
    import_stream,
)
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANA = {
    "mrn": "1042",
    "given_name": "Ana",
    "family_name": "Diaz",
    "birth_date": "1961-04-02",
    "sex": "F",
    "state": "CO",
}
HEADING = (*ANA, "phone", "diagnosis", "surgery_date", "side", "precautions", "therapist")


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rules() -> RuleTable:
    return load_rules()


def actions(store: Store) -> list[str]:
    with store.snapshot() as uow:
        return [entry.action for entry in uow.audit.entries(limit=1000)][::-1]


def worklist(store: Store) -> list[str]:
    with store.snapshot() as uow:
        return [row.mrn for row in uow.panel.page(PanelQuery(), limit=100)[0]]


def with_role(store: Store, role: Role, **changes: Any) -> Store:
    return replace(store, user=replace(store.user, role=role), **changes)


def test_a_new_patient_is_on_the_worklist_and_in_the_log(store: Store, rules: RuleTable) -> None:
    summary = intake.create_patient(
        store, rules, ANA | {"diagnosis": "TKR", "surgery_date": "2026-02-02", "side": "l"}
    )
    assert summary.status is PatientStatus.ACTIVE
    assert summary.active_episode is not None
    assert worklist(store) == ["1042"]
    assert actions(store) == ["user.create", "patient.create"]
    record = intake.show_patient(store, "1042")
    assert (record.summary, record.weeks_post_op) == (summary, 4)
    (episode,) = record.episodes
    assert episode.started_on == date(2026, 2, 2)
    assert actions(store)[-1] == "patient.read"


def test_a_wrong_or_second_patient_changes_nothing(store: Store, rules: RuleTable) -> None:
    with pytest.raises(UsageError, match=r"birth_date is not a date.*sex is not one of"):
        intake.create_patient(store, rules, ANA | {"birth_date": "x", "sex": "?"})
    intake.create_patient(store, rules, ANA)
    with pytest.raises(RehabctlError, match="1042 exists"):
        intake.create_patient(store, rules, ANA | {"given_name": "Eve"})
    assert intake.show_patient(store, "1042").summary.demographics.given_name == "Ana"


def test_an_update_changes_what_is_said_and_clears_what_is_emptied(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA | {"phone": "303 555 0100", "diagnosis": "TKR"})
    changed = intake.update_patient(
        store, rules, "1042", {"phone": "", "city": "Boulder", "precautions": "no twist"}
    )
    assert (changed.demographics.phone, changed.demographics.city) == (None, "Boulder")
    assert (changed.care.diagnosis, changed.care.precautions) == ("TKR", ("no twist",))
    with pytest.raises(UsageError, match="family_name is missing"):
        intake.update_patient(store, rules, "1042", {"family_name": ""})
    with pytest.raises(NotFoundError, match="1042"):
        intake.update_patient(store, rules, "1043", {"city": "x"})
    (entry,) = (e for e in audit.entries(store, limit=9) if e.action == "patient.update")
    assert "city" in entry.detail
    assert "Boulder" not in entry.detail


def test_a_discharged_patient_leaves_the_worklist_and_may_come_back(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA)
    intake.update_patient(store, rules, "1042", {}, PatientStatus.DISCHARGED)
    assert worklist(store) == []
    intake.update_patient(store, rules, "1042", {"city": "Boulder"})
    assert worklist(store) == []
    intake.update_patient(store, rules, "1042", {}, PatientStatus.ACTIVE)
    assert worklist(store) == ["1042"]


def test_a_list_is_one_audit_entry_with_a_hash_of_what_was_shown(
    store: Store, rules: RuleTable
) -> None:
    for n in range(3):
        intake.create_patient(store, rules, ANA | {"mrn": str(n)})
    page, total = intake.list_patients(store, limit=2)
    assert ([i.demographics.mrn for i in page.items], total) == (["0", "1"], 3)
    (entry,) = audit.entries(store, limit=1)
    assert (entry.action, entry.entity_id) == ("patient.list", None)
    assert str(page.items[0].ref.id) not in entry.detail
    with pytest.raises(NotFoundError, match="nobody"):
        intake.list_patients(store, limit=2, therapist="nobody")


def test_the_contract_has_the_roster_columns_and_three_more(store: Store, rules: RuleTable) -> None:
    from rehabctl.domain.roster import COLUMNS

    summary: PatientSummary = intake.create_patient(store, rules, ANA)
    assert tuple(summary.as_contract()) == (*COLUMNS, "id", "status", "active_episode")


def test_roles_decide_in_a_shared_store_and_advise_in_a_local_one(
    store: Store, rules: RuleTable
) -> None:
    intake.create_patient(store, rules, ANA)
    shared = with_role(store, Role.THERAPIST, is_local=False)
    with pytest.raises(NotPermittedError, match="therapist may not read audit"):
        audit.entries(shared, limit=1)
    for role in (Role.TECHNICIAN, Role.CLINIC_ADMIN, Role.PATIENT, Role.AUDITOR):
        with pytest.raises(NotPermittedError, match=role.value):
            intake.show_patient(with_role(store, role), "1042")
    before = actions(store)
    with pytest.raises(NotPermittedError):
        intake.create_patient(with_role(store, Role.BILLING), rules, ANA | {"mrn": "7"})
    assert actions(store) == before
    assert access.may(Role.THERAPIST, Action.IMPORT_PATIENTS, is_local=True)
    assert not access.may(Role.THERAPIST, Action.IMPORT_PATIENTS, is_local=False)
    assert access.may(Role.REGISTRAR, Action.IMPORT_PATIENTS, is_local=False)
    assert not access.may(Role.REGISTRAR, Action.READ_CLINICAL, is_local=False)


def test_consents_are_noted_required_and_revoked(store: Store, rules: RuleTable) -> None:
    summary = intake.create_patient(store, rules, ANA)
    scope = ConsentScope.BODY_TRACKING
    with store.transaction() as uow, pytest.raises(NotPermittedError, match="body tracking"):
        consents.require_consent(uow, summary.ref, scope)
    given = consents.grant(store, "1042", scope)
    assert consents.grant(store, "1042", scope) == given
    with store.transaction() as uow:
        consents.require_consent(uow, summary.ref, scope)
    assert intake.show_patient(store, "1042").consents == (given,)
    consents.revoke(store, "1042", scope)
    with pytest.raises(NotFoundError, match="no consent"):
        consents.revoke(store, "1042", scope)
    (kept,) = consents.of_patient(store, "1042")
    assert kept.revoked_at == NOW
    assert intake.show_patient(store, "1042").consents == ()


def roster(*rows: dict[str, str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADING, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def row(n: int, **changes: str) -> dict[str, str]:
    return ANA | {"mrn": f"P{n:04d}", "given_name": f"G{n}"} | changes


def run(
    store: Store, rules: RuleTable, path: Path, options: ImportOptions | None = None
) -> ImportReport:
    return import_roster(
        store, rules, path, options or ImportOptions(), report=lambda *_: None, note=lambda _: None
    )


def rejected_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.read, report.created, report.updated, report.unchanged, report.rejected


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_import, "_BATCH_ROWS", 4)


@pytest.mark.usefixtures("small_batches")
def test_the_same_file_twice_changes_nothing(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(
        roster(
            *(row(n, diagnosis="TKR" if n % 2 else "", precautions="a;b") for n in range(10)),
        )
    )
    assert counts(run(store, rules, path, ImportOptions(dry_run=True))) == (10, 10, 0, 0, 0)
    assert intake.list_patients(store, limit=1)[1] == 0
    assert counts(run(store, rules, path)) == (10, 10, 0, 0, 0)
    assert len(worklist(store)) == 10
    assert counts(run(store, rules, path)) == (10, 0, 0, 10, 0)
    assert actions(store).count("import.batch") == 6


def test_a_changed_row_is_updated_and_blanks_erase_nothing(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(roster(row(1, phone="303 555 0100", diagnosis="TKR", side="left"), row(2)))
    run(store, rules, path)
    path.write_bytes(roster(row(1, surgery_date="2026-01-10"), row(2, given_name="Bea")))
    assert counts(run(store, rules, path)) == (2, 0, 2, 0, 0)
    first = intake.show_patient(store, "P0001").summary
    assert first.demographics.phone == "303 555 0100"
    assert (first.care.diagnosis, first.care.side) == ("TKR", "left")
    assert first.care.surgery_date == date(2026, 1, 10)
    assert len(intake.show_patient(store, "P0001").episodes) == 1


@pytest.mark.usefixtures("small_batches")
def test_bad_rows_come_back_with_line_field_and_reason(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path, refused = tmp_path / "r.csv", tmp_path / "refused.csv"
    rows = [row(n) for n in range(6)]
    rows[1] |= {"birth_date": "03/12/1961", "sex": "?"}
    rows[3] |= {"mrn": "P0000"}
    rows[5] |= {"given_name": "Jos\x00"}
    path.write_bytes(roster(*rows))
    report = run(store, rules, path, ImportOptions(rejects=refused))
    assert counts(report) == (6, 3, 0, 0, 3)
    assert [(r.file, r.line, r.field) for r in report.rejects] == [
        ("r.csv", 3, "birth_date"),
        ("r.csv", 3, "sex"),
        ("r.csv", 5, "mrn"),
        ("r.csv", 7, "given_name"),
    ]
    assert report.rejects[2].message == "stands in line 2 already"
    shown = str(report.rejects)
    assert "Diaz" not in shown
    assert "1961" not in shown.replace("1970", "")
    lines = rejected_rows(refused)
    assert [(r["line"], r["field"], r["mrn"]) for r in lines] == [
        ("3", "birth_date", "P0001"),
        ("3", "sex", "P0001"),
        ("5", "mrn", "P0000"),
        ("7", "given_name", "P0005"),
    ]
    assert refused.stat().st_mode & 0o077 == 0
    again = run(store, rules, path)
    assert counts(again) == (6, 0, 0, 3, 3)


def test_therapists_of_the_roster_become_users_of_a_local_store(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(roster(row(1, therapist="jlee"), row(2)))
    run(store, rules, path)
    page, _ = intake.list_patients(store, limit=9)
    assert [i.therapist for i in page.items] == ["jlee", store.user.login]
    path.write_bytes(roster(row(1, therapist="mkim"), row(2)))
    assert counts(run(store, rules, path)) == (2, 0, 1, 1, 0)
    assert intake.show_patient(store, "P0001").summary.therapist == "mkim"
    with pytest.raises(NotPermittedError, match="may not import patients"):
        run(with_role(store, Role.BILLING, is_local=False), rules, path)


@pytest.mark.usefixtures("small_batches")
def test_a_killed_import_goes_on_where_it_stopped(
    store: Store, rules: RuleTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, refused = tmp_path / "r.csv", tmp_path / "refused.csv"
    rows = [row(n) for n in range(10)]
    rows[2] |= {"sex": "?"}
    rows[9] |= {"mrn": "P0000"}
    path.write_bytes(roster(*rows))
    options = ImportOptions(rejects=refused)
    batches = 0

    def killed(*_: object) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_roster(store, rules, path, options, report=killed, note=lambda _: None)
    assert intake.list_patients(store, limit=1)[1] == 7
    written: list[str] = []
    real = roster_import.write_lines

    def watched(uow: Any, lines: Any, *args: Any) -> Any:
        written.extend(line.demographics.mrn for line in lines)
        return real(uow, lines, *args)

    monkeypatch.setattr(roster_import, "write_lines", watched)
    report = run(store, rules, path, replace(options, resume=True))
    assert written == ["P0008"]
    assert counts(report) == (10, 8, 0, 0, 2)
    assert [r["line"] for r in rejected_rows(refused)] == ["4", "11"]
    written.clear()
    assert counts(run(store, rules, path, replace(options, resume=True))) == (10, 0, 0, 8, 2)
    assert len(written) == 8, "a finished import starts anew"


@pytest.mark.usefixtures("small_batches")
def test_a_batch_is_whole_or_not_at_all(
    store: Store, rules: RuleTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(roster(*(row(n) for n in range(10))))
    calls = 0
    real = roster_import.write_lines

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        outcomes = real(*args, **kwargs)
        if calls == 2:
            raise OSError(28, "No space left on device")
        return outcomes

    monkeypatch.setattr(roster_import, "write_lines", failing)
    with pytest.raises(RehabctlError, match="disk is full"):
        run(store, rules, path)
    assert intake.list_patients(store, limit=1)[1] == 4
    assert audit.verify(store).ok


def test_a_pipe_is_imported_but_not_resumed(store: Store, rules: RuleTable) -> None:
    source = io.BufferedReader(io.BytesIO(roster(row(1))))  # pyright: ignore[reportArgumentType]
    report = import_stream(store, rules, source, "-", ImportOptions(), note=lambda _: None)
    assert counts(report) == (1, 1, 0, 0, 0)
    with pytest.raises(UsageError, match="cannot be resumed"):
        import_stream(store, rules, source, "-", ImportOptions(resume=True), note=lambda _: None)


def test_rejects_in_memory_are_limited(
    store: Store, rules: RuleTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "_LISTED_REJECTS", 5)
    path = tmp_path / "r.csv"
    path.write_bytes(roster(*(row(n, sex="?") for n in range(20))))
    report = run(store, rules, path)
    assert (report.rejected, len(report.rejects)) == (20, 5)


@pytest.mark.nightly
def test_a_million_bad_rows_are_counted_and_handed_back(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path, rejects = tmp_path / "r.csv", tmp_path / "refused.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("mrn,given_name,family_name,birth_date,sex,state\n")
        file.writelines(f"{n},A,B,1961-13-{n % 90},F,CO\n" for n in range(1_000_000))
        file.write("good,A,B,1961-04-02,F,CO\n")
    report = run(store, rules, path, ImportOptions(rejects=rejects))
    assert counts(report) == (1_000_001, 1, 0, 0, 1_000_000)
    assert len(report.rejects) == 1000
    with rejects.open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 1_000_001


def test_a_first_row_is_what_the_events_say(store: Store, rules: RuleTable, tmp_path: Path) -> None:
    """Rows of imported patients are computed once for many; a rebuild finds none different."""
    days = ["", "2025-11-03", "2026-02-27", "2026-05-01"]
    sides = ["", "left", "bilateral"]
    rows = [
        row(n, surgery_date=days[n % 4], side=sides[n % 3], diagnosis="TKR" if n % 5 else "")
        for n in range(60)
    ]
    path = tmp_path / "r.csv"
    path.write_bytes(roster(*rows))
    run(store, rules, path)
    report = triage.rebuild(store, rules, check=True)
    assert (report.patients, report.different) == (60, 0)
    path.write_bytes(roster(*(r | {"family_name": "Changed"} for r in rows)))
    assert counts(run(store, rules, path)) == (60, 0, 60, 0, 0)
    assert triage.rebuild(store, rules, check=True).different == 0
    with store.snapshot() as uow:
        assert len(uow.panel.page(PanelQuery(text_filter="changed"), limit=100)[0]) == 60


def test_dates_of_a_spreadsheet_and_what_the_map_says(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    forms = ("22373", "04/13/1961", "03/04/1961", "1961-04-02 00:00:00")
    path.write_bytes(roster(*(row(n, birth_date=text) for n, text in enumerate(forms))))
    report = run(store, rules, path)
    assert counts(report) == (4, 3, 0, 0, 1)
    assert report.rejects[0].message.startswith("may be day or month first")
    (tmp_path / "m.toml").write_text('date_order = "dmy"\n')
    reading = read_map(tmp_path / "m.toml")
    assert counts(run(store, rules, path, ImportOptions(reading)))[1:] == (1, 0, 2, 1)
    assert intake.show_patient(store, "P0002").summary.demographics.birth_date == date(1961, 4, 3)


def test_a_long_file_of_bad_rows_takes_no_memory(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path, refused = tmp_path / "r.csv", tmp_path / "refused.csv"
    with path.open("w") as file:
        file.write(",".join(HEADING) + "\n")
        for n in range(60_000):
            file.write(f"P{n},G,,not a date,?,CO\n")
    tracemalloc.start()
    report = run(store, rules, path, ImportOptions(rejects=refused))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts(report) == (60_000, 0, 0, 0, 60_000)
    assert len(report.rejects) == 1000
    assert peak < 60 * 2**20
    with refused.open() as file:
        assert sum(1 for _ in file) == 1 + 3 * 60_000


@pytest.mark.usefixtures("small_batches")
def test_a_key_that_comes_again_in_a_later_batch_is_told_with_its_first_line(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    rows = [row(n) for n in range(9)] + [row(1, given_name="Eve"), row(8)]
    path.write_bytes(roster(*rows))
    for options in (ImportOptions(dry_run=True), ImportOptions()):
        report = run(store, rules, path, options)
        assert counts(report) == (11, 9, 0, 0, 2)
        assert [(r.line, r.message) for r in report.rejects] == [
            (11, "stands in line 3 already"),
            (12, "stands in line 10 already"),
        ]
    assert intake.show_patient(store, "P0001").summary.demographics.given_name == "G1"
