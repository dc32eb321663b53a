"""The schema's history on both engines: up, down, up again, and never a silent difference."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from rehabctl.domain.errors import RehabctlError
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store, upgrade_store
from rehabctl.store import migrate
from rehabctl.store.engine import SCHEMA, remote_engine
from rehabctl.store.store import Store
from rehabctl.store.tables import METADATA
from tests.contract.conftest import Template, as_login
from tests.contract.records import given_patient
from tests.contract.server import Server

MIGRATIONS = Path(migrate.__file__).parent / "migrations"


def table_names(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def definitions(create_table: str) -> list[str]:
    """Return the columns and constraints of a CREATE TABLE statement, sorted."""
    body = create_table[create_table.index("(") + 1 : create_table.rindex(")")]
    parts, depth = [""], 0
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return sorted(part.strip() for part in parts)


def catalog(connection: Connection) -> dict[str, list[str]]:
    """Return every constraint and index of every table, CHECKs too, as the engine states them."""
    found: dict[str, list[str]] = {}
    if connection.dialect.name == "sqlite":
        for name, kind, table, sql in connection.exec_driver_sql(
            "SELECT name, type, tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'index')"
        ):
            words = " ".join((sql or "").replace('"', "").split())
            found[f"{table}.{name}"] = definitions(words) if kind == "table" else [words]
        return {k: v for k, v in found.items() if not k.startswith(("alembic", "sqlite"))}
    for table, name, definition in connection.exec_driver_sql(
        "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
        "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = current_schema() UNION ALL "
        "SELECT tablename, indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes "
        "WHERE schemaname = current_schema() UNION ALL "
        "SELECT table_name, column_name, data_type || ' ' || is_nullable || ' ' "
        "|| coalesce(collation_name, '') FROM information_schema.columns "
        "WHERE table_schema = current_schema()"
    ):
        if not table.startswith("alembic"):
            found[f"{table}.{name}"] = [definition]
    return found


def test_the_known_revisions_are_those_of_the_files() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    newest_first = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(newest_first)) == migrate.REVISIONS
    assert script.get_heads() == [migrate.HEAD]


def test_autogenerate_finds_no_difference(store: Store, boss: Engine) -> None:
    with boss.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_migrated_schema_is_the_declared_one_to_the_last_check(
    store: Store, boss: Engine
) -> None:
    """Alembic compares no CHECK constraints; the engines' own catalogs do."""
    with boss.connect() as connection:
        migrated = catalog(connection)
    migrate.downgrade(boss, "base")
    with boss.begin() as connection:
        METADATA.create_all(connection)
    with boss.connect() as connection:
        declared = catalog(connection)
    assert migrated == declared
    assert any("IN" in line or "ANY" in line for part in migrated.values() for line in part)


def test_every_step_goes_down_and_up_again_with_data(
    store: Store, settings: Settings, boss: Engine
) -> None:
    given_patient(store)
    for revision in reversed(migrate.REVISIONS[:-1]):
        migrate.downgrade(boss, revision)
        assert migrate.schema_state(boss) == (migrate.SchemaState.OLDER, revision)
        if revision != migrate.REVISIONS[0]:
            with boss.connect() as connection:
                count = connection.execute(text("SELECT count(*) FROM patient")).scalar_one()
            assert count == 1
    migrate.downgrade(boss, "base")
    assert table_names(boss) <= {"alembic_version"}
    for revision in migrate.REVISIONS:
        migrate.upgrade(boss, revision)
    assert migrate.schema_state(boss)[0] is migrate.SchemaState.CURRENT
    with pytest.raises(DBAPIError), boss.begin() as connection:
        connection.execute(text("INSERT INTO audit_head VALUES (2, 0, '')"))
    if settings.database_url is None:
        with open_store(settings) as again:
            given_patient(again)


def test_an_older_schema_asks_for_an_upgrade_and_keeps_its_rows(
    store: Store, settings: Settings, boss: Engine
) -> None:
    admin = as_login(settings, "postgres")
    given_patient(store)
    migrate.downgrade(boss, "0005_measurement")
    with pytest.raises(RehabctlError, match=r"older rehabctl\..*db upgrade"), open_store(admin):
        pass
    upgrade_store(admin)
    with open_store(settings) as again, again.transaction() as uow:
        assert uow.patients.get("1042").mrn == "1042"


def test_a_newer_schema_is_left_alone(store: Store, settings: Settings, boss: Engine) -> None:
    with boss.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    with pytest.raises(RehabctlError, match="newer rehabctl"), open_store(settings):
        pass
    with pytest.raises(RehabctlError, match="newer rehabctl"):
        upgrade_store(as_login(settings, "postgres"))


def test_opening_a_current_store_runs_no_migration(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_patient(store)

    def refuse(*_: object) -> None:
        raise AssertionError("a migration was run")

    monkeypatch.setattr(migrate, "_run", refuse)
    upgrade_store(as_login(settings, "postgres"))
    with open_store(settings) as again, again.transaction() as uow:
        assert uow.patients.count() == 1


def test_a_failed_step_leaves_the_database_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, boss: Engine
) -> None:
    migrate.downgrade(boss, "0004_programmes")
    before = table_names(boss)
    real = Operations.create_index
    calls = 0

    def failing(self: Operations, *args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise OSError(28, "No space left on device")
        return real(self, *args, **kwargs)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Operations, "create_index", failing)
    with pytest.raises(RehabctlError, match="disk is full"):
        migrate.upgrade(boss)
    monkeypatch.undo()
    assert table_names(boss) == before
    assert migrate.schema_state(boss)[1] == "0004_programmes"
    migrate.upgrade(boss)


def test_rebuilding_a_parent_table_keeps_its_children(store: Store, boss: Engine) -> None:
    """SQLite changes a table by dropping it: with foreign keys on, its children would be lost."""
    ref = given_patient(store)
    with store.transaction() as uow:
        uow.notes.add(uow.new_id(), ref, uow.user.id, "kept")

    def rename(connection: Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("patient", recreate="auto") as batch:
            batch.alter_column("city", new_column_name="town")

    migrate.in_one_step(boss, rename)
    with boss.connect() as connection:
        notes = connection.execute(text("SELECT body FROM patient_note")).scalars().all()
        columns = {c["name"] for c in inspect(connection).get_columns("patient")}
    assert notes == ["kept"]
    assert "town" in columns


def test_every_row_about_a_patient_is_tied_to_her_clinic_and_therapist() -> None:
    """What row-level security stands on: no table has to change for it."""
    exempt = {
        "alembic_version", "store_info", "clinic", "user_account", "patient", "exercise",
        "protocol", "audit_entry", "audit_head", "import_checkpoint", "prom_licence",
        "kit", "kit_item", "kit_event", "device_attestation", "billing_setting", "claim_file",
        "provider_licence", "working_hours", "absence", "provider_slot",
        "directory_record", "agreement", "integration_switch", "connection",
    }  # fmt: skip
    for table in METADATA.sorted_tables:
        if table.name in exempt:
            assert "patient_id" not in table.c
            continue
        owner = {
            tuple(fk.column_keys): fk.onupdate
            for fk in table.foreign_key_constraints
            if fk.referred_table.name == "patient"
        }
        assert owner == {("patient_id", "clinic_id", "therapist_id"): "CASCADE"}, table.name
        for name in ("patient_id", "clinic_id", "therapist_id"):
            assert not table.c[name].nullable, table.name
        leading = {next(iter(index.columns)).name for index in table.indexes}
        leading |= {next(iter(c.columns)).name for c in table.constraints if list(c.columns)}
        assert "patient_id" in leading, table.name
        for fk in table.foreign_key_constraints:
            assert len(fk.column_keys) > 1, f"{table.name}: {fk.column_keys} is no composite key"


@pytest.mark.postgres
def test_tables_lie_in_a_schema_of_their_own(server: Server, remote_template: Template) -> None:
    assert remote_template.database is not None
    engine = remote_engine(server.address(remote_template.database))
    with engine.connect() as connection:
        schemas = connection.exec_driver_sql(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('patient', 'audit_head')"
        )
        assert schemas.scalars().all() == [SCHEMA]
    engine.dispose()
