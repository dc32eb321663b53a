"""Who may do what. In a shared store the server decides; here the same rules give the message.

On a local file the key is the boundary and roles are advice: its therapist works alone and may do
everything, other roles are held to theirs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotPermittedError

if TYPE_CHECKING:
    from rehabctl.store.unit_of_work import UnitOfWork


class Action(StrEnum):
    """What a use case needs to be allowed."""

    READ_PATIENTS = "read_patients"
    """Demographics."""
    WRITE_PATIENTS = "write_patients"
    IMPORT_PATIENTS = "import_patients"
    READ_CLINICAL = "read_clinical"
    WRITE_CLINICAL = "write_clinical"
    READ_SCHEDULE = "read_schedule"
    """Appointments, hours, licences and the waitlist."""
    WRITE_SCHEDULE = "write_schedule"
    """Book, move and cancel."""
    READ_AGGREGATES = "read_aggregates"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_CLAIMS = "manage_claims"
    MANAGE_USERS = "manage_users"
    MANAGE_STORE = "manage_store"
    """Backup, verification, keys."""
    READ_AUDIT = "read_audit"
    BREAK_GLASS = "break_glass"
    """Emergency access to a patient of somebody else."""


_ALLOWED: dict[Role, frozenset[Action]] = {
    Role.THERAPIST: frozenset(
        {
            Action.READ_PATIENTS,
            Action.WRITE_PATIENTS,
            Action.READ_CLINICAL,
            Action.WRITE_CLINICAL,
            Action.READ_SCHEDULE,
            Action.WRITE_SCHEDULE,
            Action.MANAGE_DEVICES,
            Action.BREAK_GLASS,
        }
    ),
    Role.CLINIC_ADMIN: frozenset(
        {Action.READ_AGGREGATES, Action.MANAGE_USERS, Action.MANAGE_STORE}
    ),
    Role.REGISTRAR: frozenset(
        {
            Action.READ_PATIENTS,
            Action.WRITE_PATIENTS,
            Action.IMPORT_PATIENTS,
            Action.READ_SCHEDULE,
            Action.WRITE_SCHEDULE,
        }
    ),
    Role.BILLING: frozenset({Action.READ_PATIENTS, Action.MANAGE_CLAIMS}),
    Role.TECHNICIAN: frozenset({Action.MANAGE_DEVICES}),
    Role.PATIENT: frozenset(),
    Role.AUDITOR: frozenset({Action.READ_AUDIT}),
    Role.WORKER: frozenset({Action.READ_CLINICAL, Action.WRITE_CLINICAL}),
}


def may(role: Role, action: Action, *, is_local: bool) -> bool:
    """Return whether a role may do something.

    Parameters
    ----------
    role
        Of the acting user.
    action
        What she wants to do.
    is_local
        Whether the store is a file of this machine.
    """
    if is_local and role is Role.THERAPIST:
        return True
    return action in _ALLOWED[role]


def require(uow: UnitOfWork, action: Action) -> None:
    """Check that the acting user may do something.

    Parameters
    ----------
    uow
        The transaction, which knows who acts.
    action
        What is to be done.

    Raises
    ------
    NotPermittedError
        The role does not allow it.
    """
    if not may(uow.user.role, action, is_local=uow.is_local):
        raise NotPermittedError(
            f"the role {uow.user.role.value} may not {action.value.replace('_', ' ')}",
            "Ask the administrator of your clinic",
        )
