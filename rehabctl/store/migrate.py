"""Bring a database to this program's schema. Alembic is imported only when there is work to do."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError
from rehabctl.store.constraint_names import CONSTRAINT_NAMES
from rehabctl.store.engine import SCHEMA, SNAPSHOT
from rehabctl.store.errors import translated

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

REVISIONS = (
    "0001_clinic",
    "0002_patients",
    "0003_visits",
    "0004_programmes",
    "0005_measurement",
    "0006_worklist",
    "0007_outcomes",
    "0008_repetition_labels",
    "0009_access",
    "0010_legal_hold",
    "0011_gate_answers",
    "0012_kits",
    "0013_alert_undo",
    "0014_monitoring_claims",
    "0015_claims",
    "0016_bookings",
    "0017_foreign_records",
    "0033_claim_ports",
    "0046_agreements",
    "0028_suitability",
    "0029_signed_notes",
    "0030_front_desk",
    "0020_retention",
    "0021_imported_visits",
    "0040_cohort_outcomes",
    "0034_coverage",
    "0035_accounts",
    "0070_connections",
    "0060_message_channels",
    "0080_policies",
    "0085_hl7_queue",
    "0090_wearables",
    "0095_video_visits",
    "0096_web_push",
)
"""Every revision of the history, oldest first; a test compares it with the files."""
HEAD = REVISIONS[-1]
_LOCK_NUMBER = 7_305_223
"""Two programs that upgrade the same PostgreSQL at once take turns by this advisory lock."""


class SchemaState(StrEnum):
    """How the schema of a database compares with this program's."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def schema_state(engine: Engine) -> tuple[SchemaState, str | None]:
    """Return the state of the schema and its revision.

    Parameters
    ----------
    engine
        Of either kind.
    """
    with translated(), engine.connect().execution_options(**{SNAPSHOT: True}) as connection:
        revision = _revision(connection)
    if revision is None:
        return SchemaState.EMPTY, None
    if revision == HEAD:
        return SchemaState.CURRENT, revision
    return (SchemaState.OLDER if revision in REVISIONS else SchemaState.NEWER), revision


def _revision(connection: Connection) -> str | None:
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(f"SELECT to_regclass('{SCHEMA}.alembic_version')")
    else:
        found = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        )
    if found.scalar() is None:
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def require_current(engine: Engine) -> None:
    """Check that the schema is this program's.

    Raises
    ------
    RehabctlError
        It is empty, older or newer.
    """
    state, _ = schema_state(engine)
    if state is SchemaState.NEWER:
        raise RehabctlError(
            "the database was made by a newer rehabctl", "Install the newest rehabctl"
        )
    if state is not SchemaState.CURRENT:
        what = "is empty" if state is SchemaState.EMPTY else "has the schema of an older rehabctl"
        raise RehabctlError(f"the database {what}", "Run rehabctl db upgrade")


def upgrade(engine: Engine, revision: str = HEAD) -> None:
    """Upgrade to a revision, all steps in one transaction; nothing happens when it is there.

    Parameters
    ----------
    engine
        Of either kind.
    revision
        One of `REVISIONS`.

    Raises
    ------
    RehabctlError
        The database is newer than this program, or a step failed and was rolled back.
    """
    state, current = schema_state(engine)
    if state is SchemaState.NEWER:
        require_current(engine)
    if current != revision:
        _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Go back to a revision, or to `base`: tables made later are dropped with their rows.

    Parameters
    ----------
    engine
        Of either kind.
    revision
        One of `REVISIONS`, or `base`.
    """
    _run(engine, "downgrade", revision)


def _run(engine: Engine, direction: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import MetaData

    config = Config()
    # only drawing up a new revision needs the tables: they take longer to load than all steps run
    config.attributes["metadata"] = MetaData(naming_convention=CONSTRAINT_NAMES)
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    run = command.upgrade if direction == "upgrade" else command.downgrade

    def change(connection: Connection) -> None:
        config.attributes["connection"] = connection
        run(config, revision)
        if direction == "upgrade" and connection.dialect.name == "postgresql":
            _enforce_access(connection, revision)

    in_one_step(engine, change)


def _enforce_access(connection: Connection, revision: str) -> None:
    first = next(n for n, name in enumerate(REVISIONS) if name.endswith("_access"))
    if REVISIONS.index(revision) >= first:
        from rehabctl.store import access

        access.apply(connection)


def in_one_step(engine: Engine, change: Callable[[Connection], None]) -> None:
    """Change the schema in one transaction, alone, with every reference intact at its end.

    Parameters
    ----------
    engine
        Of either kind.
    change
        Does the work on the connection that it is given.

    Raises
    ------
    RehabctlError
        It failed and was rolled back.
    """
    with translated(), engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
                connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                change(connection)
            return
        # A table that is rebuilt is dropped first: its children must not go with it. The pragma
        # works outside a transaction only, hence on the driver's own connection.
        _driver_pragma(connection, "foreign_keys = OFF")
        try:
            with connection.begin():
                change(connection)
                _check_references(connection)
        finally:
            _driver_pragma(connection, "foreign_keys = ON")


def _driver_pragma(connection: Connection, pragma: str) -> None:
    driver_connection = connection.connection.dbapi_connection
    assert driver_connection is not None  # noqa: S101 - an open connection has one
    driver_connection.cursor().execute(f"PRAGMA {pragma}")


def _check_references(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RehabctlError(
            "the upgrade would break references between records and was rolled back",
            "Report this with your version",
        )
