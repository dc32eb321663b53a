"""The clinic and its users."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.store.handles import table

CLINIC = table("clinic")
USER_ACCOUNT = table("user_account")
_USER = select(
    USER_ACCOUNT.c.id,
    USER_ACCOUNT.c.clinic_id,
    USER_ACCOUNT.c.login,
    USER_ACCOUNT.c.display_name,
    USER_ACCOUNT.c.role,
    USER_ACCOUNT.c.active,
)


class ClinicRepository:
    """Clinics and users."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def first(self) -> Clinic | None:
        """Return the oldest clinic; a local store has one."""
        c = CLINIC.c
        query = select(c.id, c.name, c.time_zone).order_by(c.created_at, c.id).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else Clinic(*row)

    def get(self, clinic_id: UUID) -> Clinic:
        """Return one clinic."""
        c = CLINIC.c
        query = select(c.id, c.name, c.time_zone).where(c.id == clinic_id)
        return Clinic(*self._connection.execute(query).one())

    def named(self, name: str) -> Clinic | None:
        """Return the clinic of this name."""
        c = CLINIC.c
        query = select(c.id, c.name, c.time_zone).where(c.name == name).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else Clinic(*row)

    def rename(self, clinic: Clinic) -> None:
        """Write the name and the time zone of a clinic."""
        self._connection.execute(
            update(CLINIC)
            .where(CLINIC.c.id == clinic.id)
            .values(name=clinic.name, time_zone=clinic.time_zone)
        )

    def add(self, clinic: Clinic) -> None:
        """Add a clinic."""
        self._connection.execute(
            insert(CLINIC).values(
                id=clinic.id,
                name=clinic.name,
                time_zone=clinic.time_zone,
                created_at=self._now,
            )
        )

    def add_user(self, user: User) -> None:
        """Add a user."""
        self._connection.execute(
            insert(USER_ACCOUNT).values(
                id=user.id,
                clinic_id=user.clinic_id,
                login=user.login,
                display_name=user.display_name,
                role=user.role.value,
                active=user.active,
                created_at=self._now,
            )
        )

    def update_user(self, user: User) -> None:
        """Write name, role and state of a user."""
        self._connection.execute(
            update(USER_ACCOUNT)
            .where(USER_ACCOUNT.c.id == user.id)
            .values(display_name=user.display_name, role=user.role.value, active=user.active)
        )

    def users(self, clinic_id: UUID) -> tuple[User, ...]:
        """Return the users of a clinic by login."""
        query = _USER.where(USER_ACCOUNT.c.clinic_id == clinic_id).order_by(USER_ACCOUNT.c.login)
        return tuple(_user(row) for row in self._connection.execute(query))

    def user_by_login(self, login: str, clinic_id: UUID | None = None) -> User | None:
        """Return the user with this login, of one clinic or of the oldest that has one."""
        query = _USER.where(USER_ACCOUNT.c.login == login)
        if clinic_id is not None:
            query = query.where(USER_ACCOUNT.c.clinic_id == clinic_id)
        query = query.order_by(USER_ACCOUNT.c.created_at, USER_ACCOUNT.c.id).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else _user(row)

    def user_count(self) -> int:
        """Return how many users the store knows."""
        return self._connection.execute(select(func.count()).select_from(USER_ACCOUNT)).scalar_one()


def _user(row: tuple[UUID, UUID, str, str, str, bool]) -> User:
    user_id, clinic_id, login, display_name, role, active = row
    return User(user_id, clinic_id, login, display_name, Role(role), active)
