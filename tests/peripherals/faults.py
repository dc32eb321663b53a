"""What goes wrong, by name. Whoever writes the client is told the names and nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping

# name -> value where none is given
FAULTS: dict[str, float] = {
    # link
    "link_drops": 6.0,
    "slow_connection": 100.0,
    "refused_connections": 2,
    "out_of_range": 2.0,
    "silent_notifications": 1.0,
    "small_mtu": 23,
    # packets
    "garbage_packets": 0.05,
    "duplicated_packets": 0.05,
    "truncated_packets": 0.05,
    "merged_packets": 3,
    "split_packets": 0.2,
    # signal and time
    "stuck_accelerometer": 1.0,
    "saturated_gyro": 100.0,
    "not_a_number": 0.02,
    "wrong_rate": 0.9,
    "clock_jump": 5.0,
    "clock_backwards": 1.0,
    "clock_drift": 400.0,
    "counter_wrap": 1.0,
    # device
    "low_battery": 12,
    "config_ignored": 1,
    "config_forgotten": 1,
    "measurement_forgotten": 1,
    "wrong_firmware": 1,
    "name_collision": 1,
    # recording on board
    "export_holes": 0.05,
    "export_bad_checksum": 0.02,
    "recording_refused": 1,
    "flash_full": 1.0,
    "sync_fails": 7,
    "stream_at_120_hz": 1,
    # heart rate
    "contact_lost": 1.0,
    "wide_heart_rate": 1,
    "many_intervals": 3,
}

LINK = frozenset(
    {
        "link_drops",
        "slow_connection",
        "refused_connections",
        "out_of_range",
        "silent_notifications",
        "small_mtu",
        "low_battery",
        "garbage_packets",
        "duplicated_packets",
        "truncated_packets",
    }
)
INERTIAL = LINK | {
    "stuck_accelerometer",
    "saturated_gyro",
    "wrong_rate",
    "clock_drift",
    "config_ignored",
    "config_forgotten",
}


class Faults:
    """The faults of one sensor, drawn from its own seed."""

    def __init__(self, named: Mapping[str, float | None], rng: random.Random) -> None:
        unknown = set(named) - set(FAULTS)
        if unknown:
            raise ValueError(f"no fault is called {', '.join(sorted(unknown))}")
        self._values = {
            name: FAULTS[name] if value is None else value for name, value in named.items()
        }
        self.rng = rng

    @property
    def names(self) -> frozenset[str]:
        """Which faults are on."""
        return frozenset(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def value(self, name: str, otherwise: float) -> float:
        """Return the fault's value, or what holds without it."""
        return self._values.get(name, otherwise)

    def strikes(self, name: str) -> bool:
        """Draw whether a fault whose value is a probability happens now."""
        return name in self._values and self.rng.random() < self._values[name]
