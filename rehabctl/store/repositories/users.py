"""Who may enter, whose patients they see, and emergency access.

On a server every change is one of the server's functions: it checks who asks, and writes the audit
entry. On a local file the same is done here, for the key is the boundary there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from rehabctl.domain.access import AccessGrant, AccessKind
from rehabctl.domain.clinic import Clinic, User
from rehabctl.store.audit_log import AuditLog
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.clinics import ClinicRepository
from rehabctl.store.repositories.patients import PatientRepository
from rehabctl.store.repositories.rows import owned

PATIENT = table("patient")
ACCESS_GRANT = table("access_grant")
USER_ACCOUNT = table("user_account")


class UserRepository(Protocol):
    """What both kinds of store do about users."""

    def add(self, user: User, password: str | None, mrn: str | None) -> None:
        """Add a user, or take back one who was switched off.

        Raises
        ------
        ConflictError
            The login is in use.
        """
        ...

    def disable(self, login: str) -> bool:
        """Switch a user off; return whether there was one, other than who asks."""
        ...

    def caseloads(self) -> dict[UUID, int]:
        """Return how many active patients each therapist has."""
        ...

    def transfer_caseload(self, giver: User, taker: User) -> int:
        """Give every patient of one therapist to another; return how many."""
        ...

    def break_glass(self, mrn: str, reason: str, minutes: int) -> datetime | None:
        """Open a patient's record to the acting therapist; return until when.

        None when the clinic has no such patient; the attempt is in the audit log all the same.
        """
        ...

    def emergency_accesses(self) -> tuple[AccessGrant, ...]:
        """Return emergency accesses, newest first."""
        ...

    def review_access(self, grant_id: UUID) -> bool:
        """Note that an emergency access was looked at; return whether one waited for it."""
        ...


class ServerUsers:
    """Users of a shared PostgreSQL.

    Parameters
    ----------
    connection
        Of the transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User, password: str | None, mrn: str | None) -> None:
        """Make a login role and the account."""
        self._call(
            "user_add(:id, :login, :role, :name, :verifier, :mrn)",
            id=user.id,
            login=user.login,
            role=user.role.value,
            name=user.display_name,
            verifier=self._verifier(user.login, password or ""),
            mrn=mrn,
        )

    def add_first(self, clinic: Clinic, user: User, password: str) -> None:
        """Make the first administrator, as the administrator of the server."""
        self._call(
            "user_login(:id, :clinic, :login, :role, :name, :verifier)",
            id=user.id,
            clinic=clinic.id,
            login=user.login,
            role=user.role.value,
            name=user.display_name,
            verifier=self._verifier(user.login, password),
        )
        self._call(
            "audit_write(:clinic, NULL, 'user.create', 'user_account', :id, :detail)",
            clinic=clinic.id,
            id=str(user.id),
            detail=f'{{"role":"{user.role.value}"}}',
        )

    def disable(self, login: str) -> bool:
        """Take the login's right to enter; what it sees is empty at once."""
        return bool(self._call("user_disable(:login)", login=login))

    def rotate(self, login: str, password: str) -> bool:
        """Give a login another password; return whether there is such a user."""
        verifier = self._verifier(login, password)
        return bool(self._call("user_rotate(:login, :verifier)", login=login, verifier=verifier))

    def caseloads(self) -> dict[UUID, int]:
        """Return how many active patients each therapist has."""
        found = self._connection.execute(text("SELECT user_id, patients FROM caseloads()"))
        return {row[0]: row[1] for row in found}

    def transfer_caseload(self, giver: User, taker: User) -> int:
        """Give every patient of one therapist to another; return how many."""
        return self._call("caseload_transfer(:giver, :taker)", giver=giver.login, taker=taker.login)

    def break_glass(self, mrn: str, reason: str, minutes: int) -> datetime | None:
        """Open a patient's record to the acting therapist; return until when."""
        return self._call(
            "break_glass(:mrn, :reason, :minutes)", mrn=mrn, reason=reason, minutes=minutes
        )

    def grant_job(self, patient_id: UUID, worker_login: str, minutes: int) -> datetime:
        """Let a worker see one patient of the acting therapist, for one job."""
        return self._call(
            "job_grant(:patient, :worker, :minutes)",
            patient=patient_id,
            worker=worker_login,
            minutes=minutes,
        )

    def emergency_accesses(self) -> tuple[AccessGrant, ...]:
        """Return emergency accesses, newest first."""
        rows = self._connection.execute(text("SELECT * FROM access_list()"))
        return tuple(_grant(row) for row in rows)

    def review_access(self, grant_id: UUID) -> bool:
        """Note that an emergency access was looked at."""
        return bool(self._call("access_review(:id)", id=grant_id))

    def _call(self, function: str, **values: Any) -> Any:
        return self._connection.execute(text(f"SELECT {function}"), values).scalar()

    def _verifier(self, login: str, password: str) -> str:
        """Return what the server keeps: the password itself never reaches it, nor its logs."""
        driver: Any = self._connection.connection.driver_connection
        secret: bytes = driver.pgconn.encrypt_password(
            password.encode(), login.encode(), b"scram-sha-256"
        )
        return secret.decode("ascii")


class LocalUsers:
    """Users of a local file: the operating system knows who they are.

    Parameters
    ----------
    connection
        Of the transaction.
    audit
        The log of the same transaction.
    user
        Who acts.
    now
        Time of the transaction.
    """

    def __init__(self, connection: Connection, audit: AuditLog, user: User, now: datetime) -> None:
        self._connection = connection
        self._audit = audit
        self._user = user
        self._now = now
        self._clinics = ClinicRepository(connection, now)
        self._patients = PatientRepository(connection, user.clinic_id, now)

    def add(self, user: User, password: str | None, mrn: str | None) -> None:
        """Add a user of the operating system."""
        del password  # the operating system asks for one
        patient = None if mrn is None else self._patients.get(mrn)
        known = self._clinics.user_by_login(user.login, user.clinic_id)
        if known is None:
            self._clinics.add_user(user)
        elif known.active:
            raise ConflictError(f"the login {user.login} is in use", "Look at: rehabctl user list")
        else:
            user = replace(user, id=known.id)
            self._clinics.update_user(user)
        if patient is not None:
            self._grant(patient.id, user.id, AccessKind.SELF, "own record", None)
        self._audit.record("user.create", "user_account", user.id, {"role": user.role.value})

    def disable(self, login: str) -> bool:
        """Switch a user off."""
        user = self._clinics.user_by_login(login, self._user.clinic_id)
        if user is None or not user.active or user.id == self._user.id:
            return False
        self._clinics.update_user(replace(user, active=False))
        self._audit.record("user.disable", "user_account", user.id)
        return True

    def caseloads(self) -> dict[UUID, int]:
        """Return how many active patients each therapist has."""
        p = PATIENT.c
        query = (
            select(p.therapist_id, func.count())
            .where(p.clinic_id == self._user.clinic_id, p.status == "active")
            .group_by(p.therapist_id)
        )
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def transfer_caseload(self, giver: User, taker: User) -> int:
        """Give every patient of one therapist to another; return how many."""
        moved = self._connection.execute(
            update(PATIENT)
            .where(PATIENT.c.therapist_id == giver.id)
            .values(therapist_id=taker.id, updated_at=self._now)
        ).rowcount
        detail = {"from": str(giver.id), "patients": moved}
        self._audit.record("caseload.transfer", "user_account", taker.id, detail)
        return moved

    def break_glass(self, mrn: str, reason: str, minutes: int) -> datetime | None:
        """Note an emergency access; the file opens everything to its key anyway."""
        patient = self._patients.find([mrn]).get(mrn)
        if patient is None:
            self._audit.record("access.break_glass_refused", "patient")
            return None
        until = self._now + timedelta(minutes=minutes)
        self._grant(patient.id, self._user.id, AccessKind.BREAK_GLASS, reason, until)
        self._audit.record("access.break_glass", "patient", patient.id, {"minutes": minutes})
        return until

    def emergency_accesses(self) -> tuple[AccessGrant, ...]:
        """Return emergency accesses, newest first."""
        g, person, reviewers = ACCESS_GRANT.c, USER_ACCOUNT.alias("p"), USER_ACCOUNT.alias("r")
        who, reviewer = person.c, reviewers.c
        query = (
            select(
                *(g.id, g.patient_id, g.kind, who.login, g.reason, g.created_at, g.until_at),
                *(g.reviewed_at, reviewer.login),
            )
            .join_from(ACCESS_GRANT, person, who.id == g.user_id)
            .outerjoin(reviewers, reviewer.id == g.reviewed_by)
            .where(g.clinic_id == self._user.clinic_id, g.kind == AccessKind.BREAK_GLASS.value)
            .order_by(g.created_at.desc(), g.id)
        )
        return tuple(_grant(row) for row in self._connection.execute(query))

    def review_access(self, grant_id: UUID) -> bool:
        """Note that an emergency access was looked at."""
        g = ACCESS_GRANT.c
        reviewed = self._connection.execute(
            update(ACCESS_GRANT)
            .where(g.id == grant_id, g.reviewed_at.is_(None), g.clinic_id == self._user.clinic_id)
            .values(reviewed_at=self._now, reviewed_by=self._user.id)
        ).rowcount
        if reviewed:
            self._audit.record("access.review", "access_grant", grant_id)
        return bool(reviewed)

    def _grant(
        self, patient_id: UUID, user_id: UUID, kind: AccessKind, reason: str, until: datetime | None
    ) -> None:
        ref = self._patients.by_id(patient_id).ref
        values = {"user_id": user_id, "kind": kind.value, "reason": reason, "until_at": until}
        self._connection.execute(
            insert(ACCESS_GRANT).values(owned(ref, new_id(), self._now) | values)
        )


def _grant(row: Any) -> AccessGrant:
    grant_id, patient_id, kind, *rest = row
    return AccessGrant(grant_id, patient_id, AccessKind(kind), *rest)
