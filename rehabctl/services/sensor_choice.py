"""Which sensor is meant: by address or name, on the radio or by an address of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rehabctl.devices.driver import Advertisement, Driver
from rehabctl.devices.radio import Radio
from rehabctl.devices.registry import driver_for, drivers
from rehabctl.devices.transport import scan
from rehabctl.devices.ximu3_link import Ximu3Device, is_address
from rehabctl.domain.errors import NotFoundError, UnavailableError
from rehabctl.domain.errors import suggestion as suggest

SCAN_S = 5.0


@dataclass(frozen=True)
class Chosen:
    """A sensor that was heard, with its driver and the handle to connect it by."""

    heard: Advertisement
    driver: Driver
    device: Any


async def choose(
    wanted: Sequence[str], radio: Radio, ended: Callable[[], bool] = lambda: False
) -> list[Chosen]:
    """Return the sensors of these addresses or names, in this order.

    Parameters
    ----------
    wanted
        As typed.
    radio
        Where to listen.
    ended
        True ends the listening early.

    Raises
    ------
    NotFoundError
        One was not heard, or several have its name.
    UnavailableError
        No driver knows one, or there is no adapter.
    """
    known, _ = drivers()
    on_air = [text for text in wanted if not is_address(text)]
    addresses = {text.lower() for text in on_air}

    def enough(heard: list[Advertisement]) -> bool:
        # only addresses are unique: a name may be heard a second time
        return ended() or addresses <= {said.address.lower() for said in heard}

    heard = await scan(SCAN_S, radio, enough) if on_air else []
    found: list[Chosen] = []
    for text in wanted:
        said, device = _wired(text) if is_address(text) else _named(text, heard)
        driver = driver_for(said, known)
        if driver is None:
            raise UnavailableError("no driver knows this sensor", "List the known ones with scan")
        found.append(Chosen(said, driver, device))
    return found


def _wired(text: str) -> tuple[Advertisement, Any]:
    """Return a sensor that is named by how it is reached."""
    device = Ximu3Device(text)
    device.configuration()  # a wrong address is told before anything begins
    return device.advertisement, device


def _named(wanted: str, heard: list[tuple[Advertisement, Any]]) -> tuple[Advertisement, Any]:
    """Return the one sensor of that address or name; two of one name are told apart by address."""
    text = wanted.lower()
    by_address = [pair for pair in heard if pair[0].address.lower() == text]
    by_name = [pair for pair in heard if pair[0].name.lower() == text]
    if by_address:
        return by_address[0]
    if len(by_name) > 1:
        raise NotFoundError(
            f"{len(by_name)} sensors are named {wanted!r}", "Name one by its address (see scan)"
        )
    if not by_name:
        known = dict.fromkeys([p[0].name for p in heard] + [p[0].address for p in heard])
        near = suggest(wanted, list(known))
        raise NotFoundError(
            f"no sensor {wanted!r} was heard",
            f"Switch it on and bring it nearer{'; ' * bool(near)}{near}",
        )
    return by_name[0]
