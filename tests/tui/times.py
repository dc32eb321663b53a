"""When and where the made-up clinic is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NOW = datetime(2026, 3, 12, 8, 41, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Zurich")
"""So that 08:41 UTC shows as 09:41."""
