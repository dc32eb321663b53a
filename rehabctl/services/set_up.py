"""Setting up one machine: key, encrypted database and clinic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services import database, wiring
from rehabctl.services.settings import Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """What `init` made, or found made."""

    home: Path
    created: bool
    clinic: str
    time_zone: str
    login: str
    role: str
    key_source: str | None


def set_up(settings: Settings, clinic: str | None, time_zone: str | None) -> Installation:
    """Make the local database and name its clinic; one that exists is left as it is.

    Parameters
    ----------
    settings
        What this command runs with.
    clinic
        Its name.
    time_zone
        IANA name by which the clinic counts days; None takes the machine's.

    Raises
    ------
    UsageError
        The settings name a server, or there is no such time zone.
    RehabctlError
        A name or a zone is given, and the clinic has another already.
    """
    if settings.database_url is not None:
        raise UsageError(
            "the settings name a server's database", "Set it up with: rehabctl db init --help"
        )
    _check_zone(time_zone)
    created = wiring.local_keys(settings) is None
    if created:
        wiring.upgrade_store(settings)
    wiring.describe_clinic(settings, clinic, time_zone)
    with wiring.open_store(settings) as store:
        made = Installation(
            home=settings.paths.home,
            created=created,
            clinic=store.clinic.name,
            time_zone=store.clinic.time_zone,
            login=store.user.login,
            role=store.user.role.value,
            key_source=database.status(settings).key_source,
        )
    if (clinic or made.clinic, time_zone or made.time_zone) != (made.clinic, made.time_zone):
        raise RehabctlError(
            "this home holds a clinic with another name or time zone",
            "Leave out --clinic and --time-zone, or set REHABCTL_HOME to an empty folder",
        )
    return made


def _check_zone(time_zone: str | None) -> None:
    try:
        ZoneInfo(time_zone or "UTC")
    except (ValueError, OSError, KeyError):
        raise UsageError(
            f"{time_zone} is no time zone", "Use an IANA name like America/Denver"
        ) from None
