"""Which drivers there are: the built-in ones, and those of other packages (`rehabctl.sensors`)."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from rehabctl.devices.driver import Advertisement, Driver
from rehabctl.devices.drivers.heart_rate_driver import HeartRateDriver
from rehabctl.devices.drivers.metamotion_driver import MetamotionDriver
from rehabctl.devices.drivers.movella_dot_driver import MovellaDotDriver
from rehabctl.devices.drivers.thingy52_driver import Thingy52Driver
from rehabctl.devices.drivers.witmotion_driver import WitmotionDriver
from rehabctl.devices.drivers.ximu3_driver import Ximu3Driver

GROUP = "rehabctl.sensors"
_BUILT_IN: tuple[type[Driver], ...] = (
    MovellaDotDriver,
    WitmotionDriver,
    Thingy52Driver,
    MetamotionDriver,
    HeartRateDriver,
    Ximu3Driver,
)
_NEEDED = (
    "name", "capabilities", "match", "identity", "battery", "identify", "configure", "start",
    "stop",
)  # fmt: skip


def drivers() -> tuple[tuple[Driver, ...], tuple[str, ...]]:
    """Return all drivers, and the names of entry points that could not be used.

    An entry point names a class without parameters. A broken one never stops the others.
    """
    found: list[Driver] = [kind() for kind in _BUILT_IN]
    broken: list[str] = []
    for entry in entry_points(group=GROUP):
        try:
            driver: Any = entry.load()()
            usable = all(hasattr(driver, name) for name in _NEEDED)
        except Exception:  # noqa: BLE001 - foreign code may fail in any way
            usable = False
            driver = None
        if usable:
            found.append(driver)
        else:
            broken.append(entry.name)
    return tuple(found), tuple(broken)


def driver_for(advertisement: Advertisement, known: tuple[Driver, ...]) -> Driver | None:
    """Return the first driver that knows a sensor.

    Parameters
    ----------
    advertisement
        What the sensor says.
    known
        In order of preference.
    """
    return next((driver for driver in known if driver.match(advertisement)), None)
