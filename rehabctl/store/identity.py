"""Which store this is, and who acts in it: written once, read at every opening."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.store.audit_log import AuditLog, require_key, start_log
from rehabctl.store.engine import SNAPSHOT
from rehabctl.store.errors import translated
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.migrate import SchemaState, schema_state
from rehabctl.store.repositories.clinics import ClinicRepository

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

STORE_INFO = table("store_info")


def initialise(
    engine: Engine, database_id: UUID, audit_key: bytes | None, *, time_zone: str, now: datetime
) -> None:
    """Give a migrated, empty database its identity, a clinic and the head of its audit log.

    Nothing happens when it has one.

    Parameters
    ----------
    engine
        On the database.
    database_id
        Names its keys.
    audit_key
        HMAC key of a local file's audit chain; None where the server makes the chain.
    time_zone
        IANA name for the clinic.
    now
        The present.
    """
    from sqlalchemy import insert

    with translated(), engine.begin() as connection:
        if stored_database_id(connection) is not None:
            return
        check = start_log(connection, audit_key)
        connection.execute(
            insert(STORE_INFO).values(
                one=1, database_id=database_id, created_at=now, audit_key_check=check
            )
        )
        ClinicRepository(connection, now).add(Clinic(new_id(), "Clinic", time_zone))


def is_initialised(engine: Engine) -> bool:
    """Return whether `initialise` has been done; a database without a schema has not."""
    if schema_state(engine)[0] is SchemaState.EMPTY:
        return False
    with translated(), engine.connect().execution_options(**{SNAPSHOT: True}) as connection:
        return stored_database_id(connection) is not None


def stored_database_id(connection: Connection) -> UUID | None:
    """Return the identity written into the database; None before `initialise`."""
    from sqlalchemy import select

    return connection.execute(select(STORE_INFO.c.database_id)).scalar()


def require_database_id(connection: Connection) -> UUID:
    """Return the identity written into the database.

    Raises
    ------
    RehabctlError
        It has none yet.
    """
    database_id = stored_database_id(connection)
    if database_id is None:
        raise RehabctlError("the database is empty", "Run rehabctl db upgrade")
    return database_id


def enter(
    engine: Engine, database_id: UUID, audit_key: bytes, login: str, now: datetime
) -> tuple[Clinic, User]:
    """Check the keys against a local file and return the clinic and the acting user.

    The first login of a file becomes its therapist. Later ones are added by a user, or add
    themselves knowingly (`claim`): who holds the key could anyway.

    Parameters
    ----------
    engine
        On a database with the current schema.
    database_id, audit_key
        From the key sources.
    login
        Name of the operating system's user.
    now
        The present.

    Raises
    ------
    NotPermittedError
        The audit key belongs to another database, or the user is unknown or switched off.
    """
    with translated(), engine.connect().execution_options(**{SNAPSHOT: True}) as connection:
        _require_keys(connection, database_id, audit_key)
        clinics = ClinicRepository(connection, now)
        user = clinics.user_by_login(login)
        if user is not None:
            return clinics.get(user.clinic_id), _active(user)
        if clinics.user_count():
            raise _unknown(login)
    return claim(engine, database_id, audit_key, login, now, first=True)


def claim(
    engine: Engine,
    database_id: UUID,
    audit_key: bytes,
    login: str,
    now: datetime,
    *,
    first: bool = False,
) -> tuple[Clinic, User]:
    """Make the operating system's user a therapist of a local file; return clinic and user.

    Parameters
    ----------
    engine, database_id, audit_key, login, now
        As for `enter`.
    first
        Only if nobody is a user yet.
    """
    with translated(), engine.begin() as connection:
        _require_keys(connection, database_id, audit_key)
        clinics = ClinicRepository(connection, now)
        clinic = clinics.first()
        if clinic is None:
            raise RehabctlError("the database has no clinic", "Run rehabctl db upgrade")
        user = clinics.user_by_login(login)
        if first and user is None and clinics.user_count():  # another program was quicker
            raise _unknown(login)
        if user is None:
            user = User(new_id(), clinic.id, login, login, Role.THERAPIST)
            clinics.add_user(user)
        elif user.active and user.role is Role.THERAPIST:
            return clinic, user
        else:
            user = replace(user, role=Role.THERAPIST, active=True)
            clinics.update_user(user)
        action = "user.create" if first else "user.claim"
        AuditLog(connection, audit_key, user, now).record(action, "user_account", user.id)
        return clinic, user


def _unknown(login: str) -> NotPermittedError:
    return NotPermittedError(
        f"{login} is no user of this database",
        f"A user can run: rehabctl user add {login}. With the key in hand you can run: "
        "rehabctl user claim",
    )


def _require_keys(connection: Connection, database_id: UUID, audit_key: bytes) -> None:
    if require_database_id(connection) != database_id:
        raise NotPermittedError(
            "the key's file names another database", "Check the .json file beside the database"
        )
    require_key(connection, audit_key)


def enter_server(engine: Engine, now: datetime) -> tuple[UUID, Clinic, User]:
    """Return the identity of a shared database, the clinic and the user of the login.

    Parameters
    ----------
    engine
        On a server with the current schema.
    now
        The present.

    Raises
    ------
    NotPermittedError
        The login is no user of a clinic, or is switched off.
    """
    with translated(), engine.connect() as connection:
        database_id = require_database_id(connection)
        login = str(connection.exec_driver_sql("SELECT session_user").scalar_one())
        clinics = ClinicRepository(connection, now)
        user = clinics.user_by_login(login)
        if user is None or not user.active:
            raise NotPermittedError(
                f"the database role {login} is no user of the clinic",
                "Ask the administrator to add you",
            )
        return database_id, clinics.get(user.clinic_id), user


def _active(user: User) -> User:
    if not user.active:
        raise NotPermittedError(
            f"the user {user.login} is switched off", "Ask the administrator of your clinic"
        )
    return user
