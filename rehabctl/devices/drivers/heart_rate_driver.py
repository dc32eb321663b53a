"""Any sensor with the standard heart rate service: identity, charge and beats, no motion."""

from __future__ import annotations

from rehabctl.devices.driver import Advertisement, BatchSink, Link, cannot_identify
from rehabctl.devices.drivers import gatt_standard
from rehabctl.devices.model import Capabilities
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.sensor import BatteryState, SensorIdentity


class HeartRateDriver:
    """Standard GATT: battery, device information, heart rate."""

    name = "heart-rate"
    capabilities = Capabilities(
        device_time=False,
        magnetometer=False,
        onboard_log=False,
        rates_hz=(),
        verified_against="documentation only",
        serial=True,
        gyroscope_dps_max=0.0,
        accelerometer_g_max=0.0,
        battery_mid_stream=True,
    )

    def match(self, advertisement: Advertisement) -> bool:
        """Tell by the service."""
        return gatt_standard.sig_uuid(0x180D) in advertisement.services

    async def identity(self, link: Link) -> SensorIdentity:
        """Read the device information."""
        information = gatt_standard.DEVICE_INFORMATION
        words = [
            gatt_standard.decode_text(await link.read(information[key]))
            for key in ("serial", "model", "firmware")
        ]
        return SensorIdentity(*words)

    async def battery(self, link: Link) -> BatteryState | None:
        """Read the battery service."""
        return gatt_standard.decode_battery(await link.read(gatt_standard.BATTERY_LEVEL))

    async def identify(self, link: Link) -> None:
        """Raise: the service has no such command."""
        raise cannot_identify(self.name)

    async def configure(self, link: Link, rate_hz: int) -> int:
        """Raise: it measures no motion."""
        raise UnavailableError(
            "a heart rate sensor measures no motion", "Name a motion sensor (see scan)"
        )

    async def start(self, link: Link, sink: BatchSink) -> None:
        """Raise: it measures no motion."""
        await self.configure(link, 0)

    async def stop(self, link: Link) -> None:
        """Do nothing: nothing was started."""
