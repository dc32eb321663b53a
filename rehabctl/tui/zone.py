"""The viewer's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def local_zone() -> tzinfo:
    """Return this machine's time zone as it is now."""
    return datetime.now(UTC).astimezone().tzinfo or UTC
