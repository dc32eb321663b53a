"""The access matrix against the server's catalog, and the services that stand on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from rehabctl.domain.clinic import Role, User
from rehabctl.domain.errors import ExitCode, NotFoundError, NotPermittedError, UsageError
from rehabctl.reference.rules import load_rules
from rehabctl.services import intake, patient_detail, triage, users
from rehabctl.services.access import Action, may
from rehabctl.services.roster_import import ImportOptions, import_roster
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from rehabctl.store import access
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.store.tables import METADATA
from tests.contract.clinics import Clinics
from tests.contract.conftest import ADMIN, COLLEAGUE, REGISTRAR, as_login
from tests.contract.records import given_patient

RULES = load_rules()


@pytest.fixture
def admin(store: Store, settings: Settings) -> Iterator[Store]:
    """The store as who manages users opens it."""
    with open_store(as_login(settings, ADMIN)) as opened:
        yield opened


OWNERS = ("rehabctl_ops", "rehabctl_roles", "rehabctl_retention")
"""Roles that own functions, and that nobody can log in as."""


def catalog(clinics: Clinics, sql: str) -> list[tuple[Any, ...]]:
    with clinics.connected("postgres") as connection:
        return connection.execute(sql.encode()).fetchall()


@pytest.mark.postgres
def test_the_matrix_is_what_the_server_grants(clinics: Clinics) -> None:
    rows = catalog(
        clinics,
        "SELECT c.relname, g.rolname, lower(a.privilege_type) FROM pg_class c, "
        "aclexplode(c.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee "
        "WHERE c.relnamespace = 'rehabctl'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') "
        "AND g.rolname IS DISTINCT FROM 'rehabctl_owner'",
    )
    granted = {row for row in rows if row[1] not in OWNERS}
    declared = {
        (table, access.group(role), verb)
        for table, entry in access.matrix().items()
        for role, verbs in entry.verbs.items()
        for verb in verbs
        if verb != "select" or role not in entry.hidden
    }
    assert granted == declared
    columns = catalog(
        clinics,
        "SELECT c.relname, g.rolname, t.attname, lower(a.privilege_type) FROM pg_attribute t "
        "JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a "
        "JOIN pg_roles g ON g.oid = a.grantee "
        "WHERE c.relnamespace = 'rehabctl'::regnamespace "
        "AND g.rolname NOT IN ('rehabctl_ops', 'rehabctl_roles', 'rehabctl_retention')",
    )
    assert set(columns) == {
        (table, access.group(role), column.name, "select")
        for table, entry in access.matrix().items()
        for role, hidden in entry.hidden.items()
        for column in METADATA.tables[table].columns
        if column.name not in hidden
    }
    by_function = {row[1] for row in rows if row[1] in OWNERS and row[0] not in access.matrix()}
    assert by_function == set()


@pytest.mark.postgres
def test_every_table_is_in_the_matrix_and_forces_row_level_security(clinics: Clinics) -> None:
    assert set(access.matrix()) == set(METADATA.tables) | {"alembic_version"}
    rows = catalog(
        clinics,
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, o.rolname, o.rolcanlogin "
        "FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner "
        "WHERE c.relnamespace = 'rehabctl'::regnamespace AND c.relkind = 'r'",
    )
    assert {name for name, *_ in rows} == set(access.matrix())
    assert {row[1:] for row in rows} == {(True, "rehabctl_owner", False)}


@pytest.mark.postgres
def test_no_policy_calls_a_function_for_every_row(clinics: Clinics) -> None:
    """Every look-up stands in a scalar subselect, which runs once a statement."""
    for table, condition in catalog(
        clinics,
        "SELECT tablename, coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies "
        "WHERE schemaname = 'rehabctl'",
    ):
        calls = condition.count("my_user(") + condition.count("my_clinic(")
        calls += condition.count("my_granted_patients(") + condition.count("my_due_patients(")
        assert condition.count("( SELECT ") == calls, table
        assert "current_setting" not in condition


@pytest.mark.postgres
def test_functions_are_closed_and_pin_their_search_path(clinics: Clinics) -> None:
    rows = catalog(
        clinics,
        "SELECT p.oid::regprocedure::text, p.prosecdef, coalesce(p.proconfig::text, ''), "
        "o.rolname, o.rolcanlogin, coalesce((SELECT array_agg(coalesce(g.rolname, 'PUBLIC')) "
        "FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
        "LEFT JOIN pg_roles g ON g.oid = a.grantee), '{}') "
        "FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner "
        "WHERE p.pronamespace = 'rehabctl'::regnamespace",
    )
    found: dict[str, set[str]] = {}
    for name, definer, config, owner, can_login, grantees in rows:
        found[name] = {str(g) for g in grantees} - {owner, *OWNERS}
        assert "PUBLIC" not in grantees, name
        if definer:
            assert "search_path=pg_catalog, rehabctl, pg_temp" in config, name
            assert not can_login, name
    declared = {
        name: {access.group(role) for role in roles} for name, roles in access.functions().items()
    }
    callable_by_people = {name: who - {"postgres"} for name, who in found.items()}
    assert {n: w for n, w in callable_by_people.items() if w} == declared


@pytest.mark.postgres
def test_nothing_is_granted_to_everyone(clinics: Clinics) -> None:
    database = "SELECT 1 FROM pg_database d, aclexplode(d.datacl) a WHERE a.grantee = 0 AND "
    assert catalog(clinics, database + "d.datname = current_database()") == []
    schema = "SELECT 1 FROM pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee = 0 AND "
    assert catalog(clinics, schema + "n.nspname = 'rehabctl'") == []
    may_create = schema + "n.nspname = 'public' AND a.privilege_type = 'CREATE'"
    assert catalog(clinics, may_create) == []
    views = "SELECT 1 FROM pg_views WHERE schemaname = 'rehabctl'"
    assert catalog(clinics, views) == []


@pytest.mark.postgres
def test_group_roles_log_nobody_in_and_bypass_nothing(clinics: Clinics) -> None:
    rows = catalog(
        clinics,
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles "
        "WHERE rolname LIKE 'rehabctl%' OR rolname LIKE 'a\\_%'",
    )
    for name, can_login, is_super, bypass, creates in rows:
        assert can_login is name.startswith("a_")
        assert not is_super
        assert bypass is (name in OWNERS)
        assert creates is (name == "rehabctl_roles")


NEEDS = {
    Action.READ_PATIENTS: ("patient", "select"),
    Action.WRITE_PATIENTS: ("patient", "update"),
    Action.READ_CLINICAL: ("exercise_session", "select"),
    Action.WRITE_CLINICAL: ("movement_assessment", "insert"),
    Action.READ_AUDIT: ("audit_entry", "select"),
}
FUNCTIONS = {
    Action.MANAGE_USERS: "user_disable(text)",
    Action.READ_AGGREGATES: "caseloads()",
    Action.BREAK_GLASS: "break_glass(text,text,integer)",
    Action.IMPORT_PATIENTS: "panel_rows_due(uuid[],text[],text[])",
}


@pytest.mark.parametrize("role", Role)
def test_services_and_server_agree(role: Role) -> None:
    """What a service lets a role do, the server does too; a patient's login has no commands yet."""
    for action, (table, verb) in NEEDS.items():
        granted = verb in access.matrix()[table].verbs.get(role, ())
        if (role, action) in (
            (Role.PATIENT, Action.READ_PATIENTS),
            (Role.PATIENT, Action.READ_CLINICAL),
            (Role.WORKER, Action.READ_PATIENTS),
        ):
            continue
        assert may(role, action, is_local=False) is granted, (role, action)
    for action, function in FUNCTIONS.items():
        assert may(role, action, is_local=False) is (role in access.functions()[function])


def test_users_are_added_switched_off_and_taken_back(admin: Store, settings: Settings) -> None:
    made = users.add(admin, "jlee", Role.THERAPIST, display_name="Jo Lee")
    assert (made.password is None) is admin.is_local
    assert "password" not in repr(made)
    with pytest.raises(ConflictError):
        users.add(admin, "jlee", Role.BILLING)
    accounts = {a.user.login: a.user for a in users.listing(admin)}
    assert accounts["jlee"] == made.user
    users.disable(admin, "jlee")
    with pytest.raises(NotFoundError):
        users.disable(admin, "jlee")
    with pytest.raises(UsageError, match="yourself"):
        users.disable(admin, admin.user.login)
    with pytest.raises(NotFoundError, match="no active user"):
        users.disable(admin, "nobody")
    users.add(admin, "jlee", Role.BILLING)
    accounts = {a.user.login: a.user for a in users.listing(admin)}
    assert accounts["jlee"] == replace(made.user, role=Role.BILLING, display_name="jlee")
    if not admin.is_local:
        with open_store(as_login(settings, "jlee")) as store:
            assert store.user.role is Role.BILLING
        groups = (
            "SELECT array_agg(g.rolname::text) FROM pg_auth_members m "
            "JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member "
            "WHERE u.rolname = 'jlee'"
        )
        with admin.engine.connect() as connection:
            assert connection.execute(text(groups)).scalar() == ["rehabctl_billing"]
        users.disable(admin, "jlee")
        with pytest.raises(NotPermittedError), open_store(as_login(settings, "jlee")):
            pass


def test_a_password_file_is_kept_ready_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p"
    user = User(uuid4(), uuid4(), "jlee", "jlee", Role.THERAPIST)
    with users.password_file(path) as write:
        assert path.stat().st_mode & 0o777 == 0o600
        write(users.NewLogin(user, "secret"))
    assert path.read_text() == "*:*:*:jlee:secret\n"
    with pytest.raises(UsageError, match="exists"), users.password_file(path):
        pass
    assert path.read_text() == "*:*:*:jlee:secret\n"
    unused = tmp_path / "q"
    with pytest.raises(ConflictError), users.password_file(unused):
        raise ConflictError("x", "y")
    with users.password_file(unused) as write:
        write(users.NewLogin(user, None))
    assert not unused.exists()
    with users.password_file(None) as write:
        write(users.NewLogin(user, "secret"))


def test_passwords_are_rotated_on_a_server_and_kept_as_verifiers(
    admin: Store, request: pytest.FixtureRequest, settings: Settings
) -> None:
    if admin.is_local:
        with pytest.raises(UsageError, match="no password"):
            users.rotate(admin, COLLEAGUE)
        return
    stored = text("SELECT rolpassword FROM pg_authid WHERE rolname = :login")
    boss = request.getfixturevalue("boss")
    with boss.connect() as connection:
        before = connection.execute(stored, {"login": COLLEAGUE}).scalar_one()
    made = users.rotate(admin, COLLEAGUE)
    with boss.connect() as connection:
        after = connection.execute(stored, {"login": COLLEAGUE}).scalar_one()
    assert before != after
    assert after.startswith("SCRAM-SHA-256$")
    assert made.password is not None
    assert len(made.password) >= 24
    with pytest.raises(NotFoundError):
        users.rotate(admin, "nobody")
    with open_store(settings) as therapist, pytest.raises(NotPermittedError):
        users.rotate(therapist, COLLEAGUE)


def test_a_caseload_goes_to_a_colleague_whole(
    store: Store, admin: Store, settings: Settings
) -> None:
    for mrn in ("1", "2"):
        given_patient(store, mrn)
    assert {a.user.login: a.patients for a in users.listing(admin)}[store.user.login] == 2
    for wrong in (store.user.login, *([] if admin.is_local else [REGISTRAR])):
        with pytest.raises(UsageError, match="another active therapist"):
            users.transfer_caseload(admin, store.user.login, wrong)
    assert users.transfer_caseload(admin, store.user.login, COLLEAGUE) == 2
    with open_store(as_login(settings, COLLEAGUE)) as theirs, theirs.transaction() as uow:
        found = [uow.patients.get(mrn).ref.therapist_id for mrn in ("1", "2")]
    assert len(set(found)) == 1
    assert found[0] != store.user.id


def test_an_emergency_opens_a_record_and_waits_for_a_review(
    store: Store, admin: Store, settings: Settings, auditor: Store
) -> None:
    given_patient(store, "1042")
    with store.transaction() as uow:
        triage.refresh(uow, [uow.patients.get("1042").ref], RULES)
    with open_store(as_login(settings, COLLEAGUE)) as theirs:
        if not store.is_local:
            with pytest.raises(NotFoundError):
                intake.show_patient(theirs, "1042")
        for reason, minutes in (("short", 60), ("x" * 501, 60), ("a good reason", 0)):
            with pytest.raises(UsageError):
                users.break_glass(theirs, "1042", reason, minutes)
        with pytest.raises(NotFoundError) as caught:
            users.break_glass(theirs, "9999", "patient found on the floor", 60)
        assert caught.value.exit_code is ExitCode.NOT_FOUND
        users.break_glass(theirs, "1042", "patient found on the floor", 60)
        assert patient_detail.load(theirs, RULES, "1042").row.mrn == "1042"
    assert users.waiting_for_review(admin) == 1
    (grant,) = users.emergency_accesses(admin)
    assert (grant.reason, grant.reviewed_by) == ("patient found on the floor", None)
    assert grant.until_at is not None
    assert grant.until_at - grant.granted_at == timedelta(minutes=60)
    users.review_access(admin, str(grant.id))
    with pytest.raises(NotFoundError):
        users.review_access(admin, str(grant.id))
    with pytest.raises(NotFoundError):
        users.review_access(admin, "not an id")
    assert users.emergency_accesses(admin)[0].reviewed_by == admin.user.login
    assert users.waiting_for_review(admin) == 0
    with auditor.transaction() as uow:
        actions = [entry.action for entry in uow.audit.entries(limit=20)]
    assert {"access.break_glass", "access.break_glass_refused", "access.review"} <= set(actions)


@pytest.mark.postgres
def test_a_patient_has_a_login_of_her_own(clinics: Clinics) -> None:
    with open_store(as_login(clinics.settings, "a_pat")) as store:
        with store.transaction() as uow:
            assert uow.patients.get("a_thea-0").mrn == "a_thea-0"
            assert uow.patients.find(["a_thea-1", "a_theo-0"]) == {}
        with pytest.raises(NotPermittedError):
            intake.list_patients(store, limit=9)
    with open_store(as_login(clinics.settings, "a_admin")) as store:
        for role, mrn in ((Role.PATIENT, None), (Role.BILLING, "a_thea-0")):
            with pytest.raises(UsageError):
                users.add(store, "a_pat2", role, mrn=mrn)


def test_a_registrar_imports_without_reading_and_the_therapist_ranks(
    store: Store, registrar: Store, tmp_path: Path, auditor: Store
) -> None:
    def quiet(*_: object) -> None:
        return

    path = tmp_path / "roster.csv"
    path.write_text(
        "mrn,given_name,family_name,birth_date,sex,state,therapist\n"
        f"1,Ada,Example,1961-05-17,female,OH,{store.user.login}\n"
        f"2,Bo,Example,1961-05-18,male,OH,{store.user.login}\n"
    )
    for expected in ((2, 0), (0, 2)):
        report = import_roster(registrar, RULES, path, ImportOptions(), report=quiet, note=quiet)
        assert (report.created, report.unchanged) == expected
    page = triage.worklist(store, RULES, limit=9)
    assert {row.mrn for row in page.rows} == {"1", "2"}
    assert triage.rebuild(store, RULES, check=True).different == 0
    if not registrar.is_local:
        with pytest.raises(NotPermittedError):
            triage.worklist(registrar, RULES, limit=9)
        with pytest.raises(NotPermittedError):
            import_roster(store, RULES, path, ImportOptions(), report=quiet, note=quiet)
