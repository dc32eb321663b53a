"""MbientLab MetaMotion R: accelerometer, gyro, fusion outputs, battery, logger.

The reference gives no bytes for the fusion's start or the content of module information; a fusion
output streams while it is subscribed. The logger follows the manufacturer's public library and was
written beside the driver that reads it, by the same author.
"""

from __future__ import annotations

import struct

from bumble import gatt
from bumble.core import UUID, AdvertisingData

from .faults import INERTIAL
from .motion import G_MS2, euler_deg, scaled, to_sensor
from .sensor import Properties, Sample, VirtualSensor, characteristic, counts

SERVICE = "326a9000-85cb-9195-d9dd-464cfbbae75a"
COMMAND, NOTIFY = SERVICE.replace("9000", "9001"), SERVICE.replace("9000", "9006")
ACC, LOGGER, BATTERY, GYRO, FUSION = 0x03, 0x0B, 0x11, 0x13, 0x19
TICK_US = 48e6 / 32768
ACC_PER_G = {0x03: 16384, 0x05: 8192, 0x08: 4096, 0x0C: 2048}
GYRO_PER_DPS = {0x00: 16.4, 0x01: 32.8, 0x02: 65.6, 0x03: 131.2, 0x04: 262.4}
RATE_HZ = {0x06: 25, 0x07: 50, 0x08: 100, 0x09: 200}
FUSION_HZ = 100


def data_frame(module: int, register: int, values: list[int]) -> bytes:
    """Encode a data frame of 16-bit counts."""
    return struct.pack(f"<BB{len(values)}h", module, register, *values)


class MetaMotion(VirtualSensor):
    """A board with a BMI160."""

    model = "metamotion"
    default_name = "MetaWear"
    address_prefix = "D0:4E:70:15:88"
    possible_faults = INERTIAL | {"wrong_firmware", "measurement_forgotten"}

    def services(self) -> list[gatt.Service]:
        """Return the board's service, battery and device information."""
        self._forget()
        self.out = characteristic(NOTIFY, Properties.NOTIFY)
        writes = Properties.WRITE | Properties.WRITE_WITHOUT_RESPONSE
        firmware = b"1.0.0" if "wrong_firmware" in self.faults else b"1.7.3"
        facts = {
            gatt.GATT_MANUFACTURER_NAME_STRING_CHARACTERISTIC: b"MbientLab Inc",
            gatt.GATT_MODEL_NUMBER_STRING_CHARACTERISTIC: b"5",
            gatt.GATT_SERIAL_NUMBER_STRING_CHARACTERISTIC: f"0588{self.number:02d}".encode(),
            gatt.GATT_FIRMWARE_REVISION_STRING_CHARACTERISTIC: firmware,
            gatt.GATT_HARDWARE_REVISION_STRING_CHARACTERISTIC: b"0.4",
        }
        self.battery = characteristic(
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC,
            Properties.READ | Properties.NOTIFY,
            read=lambda: bytes([self.battery_percent]),
        )
        return [
            gatt.Service(SERVICE, [characteristic(COMMAND, writes, write=self._command), self.out]),
            gatt.Service(gatt.GATT_BATTERY_SERVICE, [self.battery]),
            gatt.Service(
                gatt.GATT_DEVICE_INFORMATION_SERVICE,
                [characteristic(key, Properties.READ, value) for key, value in facts.items()],
            ),
        ]

    def advertising(self) -> list[tuple[int, bytes]]:
        """Name and service: 31 bytes to the last."""
        return [
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            (
                AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                UUID(SERVICE).to_bytes(),
            ),
        ]

    def battery_changed(self, percent: int) -> None:
        """Notify the level."""
        self.start_task(self.notify(self.battery, bytes([percent])))

    def _forget(self) -> None:
        self.config = {ACC: bytes([0x28, 0x05]), GYRO: bytes([0x28, 0x02])}
        self.on: set[tuple[int, int]] = set()
        self._packed: list[Sample] = []
        self._nominal_hz = 0.0
        self.loggers: dict[int, bytes] = {}
        self.entries: list[bytes] = []
        self.logging = False

    def link_ended(self) -> None:
        """Subscriptions inside the board outlive the link unless a fault says otherwise."""
        if "config_forgotten" in self.faults:
            self._forget()
        if "measurement_forgotten" in self.faults:
            self.on.clear()
        self._sample_as_needed()

    def _command(self, data: bytes) -> None:
        if len(data) < 2:
            return
        module, register, body = data[0], data[1], data[2:]
        if module == LOGGER:
            self._logger(register, body)
        elif register & 0x80:
            self._read(module, register)
        elif register == 0x03 and module in self.config and len(body) == 2:
            known = RATE_HZ.keys()
            ranges = ACC_PER_G if module == ACC else GYRO_PER_DPS
            right = body[0] & 0x0F in known and body[1] in ranges
            if right and "config_ignored" not in self.faults:
                self.config[module] = body
                self._sample_as_needed()
        elif body and body[0]:
            self.on.add((module, register))
            self._sample_as_needed()
        elif body:
            self.on.discard((module, register))
            self._sample_as_needed()

    def _read(self, module: int, register: int) -> None:
        if register == 0x80:
            answer = bytes([module, register, 0, 0])
        elif module == BATTERY:
            percent = self.battery_percent
            answer = struct.pack("<BBBH", module, register, percent, 3300 + 9 * percent)
        elif register == 0x83 and module in self.config:
            answer = bytes([module, register]) + self.config[module]
        else:
            return
        self.start_task(self.notify(self.out, answer))

    def _logger(self, register: int, body: bytes) -> None:
        answers: list[bytes] = []
        if register == 0x01:
            self.logging = body[:1] == b"\x01"
        elif register == 0x02:
            number = min(set(range(8)) - set(self.loggers))
            self.loggers[number] = body
            answers.append(bytes([number]))
        elif register == 0x09:
            self.entries = []
        elif register == 0x0A:
            self.loggers = {}
        elif register == 0x82:
            answers.append(self.loggers.get(body[0], b""))
        elif register == 0x85:
            answers.append(struct.pack("<I", len(self.entries)))
        elif register == 0x06:
            self.start_task(self._read_out(struct.unpack_from("<I", body)[0]))
        for answer in answers:
            self.start_task(self.notify(self.out, bytes([LOGGER, register]) + answer))

    async def _read_out(self, count: int) -> None:
        """Send two entries a frame, the end of each page, and that none is left."""
        sent, self.entries = self.entries[:count], self.entries[count:]
        for at in range(0, len(sent), 2):
            await self.notify(self.out, bytes([LOGGER, 0x07]) + b"".join(sent[at : at + 2]))
            if at % 100 == 98:
                await self.notify(self.out, bytes([LOGGER, 0x0D]))
        await self.notify(self.out, bytes([LOGGER, 0x08, 0, 0, 0, 0]))

    def _log(self, module: int, sample: Sample, values: bytes) -> None:
        tick = round(sample.device_us / TICK_US)
        for number, source in self.loggers.items():
            if self.logging and source[0] == module:
                size, offset = (source[3] >> 5) + 1, source[3] & 0x1F
                part = values[offset : offset + size].ljust(4, b"\0")
                self.entries.append(struct.pack("<BI", number | 1 << 5, tick) + part)

    def _running(self, module: int) -> bool:
        return {(module, 0x01), (module, 0x02)} <= self.on

    def _rate_hz(self) -> float:
        rates = [
            RATE_HZ[self.config[module][0] & 0x0F]
            for module in (ACC, GYRO)
            if self._running(module)
        ]
        if any(module == FUSION for module, _ in self.on):
            rates.append(FUSION_HZ)
        return max(rates, default=0)

    def _sample_as_needed(self) -> None:
        rate_hz = self._rate_hz()
        if rate_hz and (rate_hz != self._nominal_hz or not self.sampling):
            self.start_sampling(rate_hz)
        elif not rate_hz:
            self.stop_sampling()
        self._nominal_hz = rate_hz

    def _due(self, module: int, sample: Sample) -> bool:
        """Tell whether a module that runs slower than the fastest has a new value."""
        every = round(self._nominal_hz / RATE_HZ[self.config[module][0] & 0x0F])
        return sample.index % max(1, every) == 0

    async def emit(self, sample: Sample) -> None:
        """Send the outputs that are on."""
        packets: list[bytes] = []
        if self._running(ACC) and self._due(ACC, sample):
            self._log(ACC, sample, data_frame(ACC, 0x04, self._acc(sample))[2:])
            if (ACC, 0x04) in self.on:
                packets.append(data_frame(ACC, 0x04, self._acc(sample)))
            if (ACC, 0x1C) in self.on:
                self._packed.append(sample)
                if len(self._packed) == 3:
                    values = [count for each in self._packed for count in self._acc(each)]
                    packets.append(data_frame(ACC, 0x1C, values))
                    self._packed = []
        if self._running(GYRO) and (GYRO, 0x05) in self.on and self._due(GYRO, sample):
            per_dps = GYRO_PER_DPS[self.config[GYRO][1]]
            packets.append(data_frame(GYRO, 0x05, counts(sample.gyr_dps, per_dps)))
            self._log(GYRO, sample, packets[-1][2:])
        packets += [
            bytes([FUSION, register]) + self._fused(register, sample)
            for module, register in sorted(self.on)
            if module == FUSION and register in (0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A)
        ]
        for packet in packets:
            await self.notify(self.out, packet, [sample])

    def _acc(self, sample: Sample) -> list[int]:
        return counts(scaled(sample.acc_ms2, 1 / G_MS2), ACC_PER_G[self.config[ACC][1]])

    def _fused(self, register: int, sample: Sample) -> bytes:
        quat = sample.state.quat_wxyz
        up_g = to_sensor(quat, (0.0, 0.0, 1.0))
        acc_g = scaled(sample.acc_ms2, 1 / G_MS2)
        if register == 0x07:
            return struct.pack("<4f", *quat)
        if register == 0x08:
            roll, pitch, yaw = euler_deg(quat)
            heading = -yaw % 360
            return struct.pack("<4f", heading, pitch, roll, yaw)
        if register == 0x09:
            return struct.pack("<3f", *up_g)
        if register == 0x0A:
            return struct.pack("<3f", *(a - g for a, g in zip(acc_g, up_g, strict=True)))
        vector = {0x04: acc_g, 0x05: sample.gyr_dps, 0x06: sample.mag_ut}[register]
        return struct.pack("<3fB", *vector, 3)
