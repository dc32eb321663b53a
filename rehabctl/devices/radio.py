"""Which Bluetooth a command talks to: the platform's, or a controller in another process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from rehabctl.domain.errors import UsageError

_TCP = "tcp:"


@dataclass(frozen=True)
class Radio:
    """The classes by which bleak scans and connects; None stands for the platform's own."""

    scanner: type[Any] | None = None
    client: type[Any] | None = None
    connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Adapters open one connection at a time; several sensors take turns."""


@asynccontextmanager
async def open_radio(address: str | None) -> AsyncGenerator[Radio]:
    """Yield the radio that an address names, for the life of one event loop.

    Parameters
    ----------
    address
        None for the platform's Bluetooth; `tcp:HOST:PORT` for a controller behind HCI over TCP,
        which tests and development use.

    Raises
    ------
    UsageError
        Another form of address.
    UnavailableError
        Nothing answers there.
    """
    if address is None:
        yield Radio()
        return
    if not address.startswith(_TCP) or address.count(":") != 2:
        raise UsageError(
            f"REHABCTL_BLUETOOTH cannot be {address!r}", "Unset it, or use tcp:HOST:PORT"
        )
    from rehabctl.devices.bumble_backend import open_controller

    async with open_controller(address.removeprefix(_TCP)) as (scanner, client):
        yield Radio(scanner, client)
