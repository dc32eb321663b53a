"""Movella DOT: configuration, measurement, battery and messages, with recording on board.

Where the reference gives no bytes this device does the least that a client could use, and says so:
the file information message (61) holds index u8, start utc u32 and sample count u32; states
other than idle (6) are 0x20 measuring and 0x40 recording; a refused request is answered by 1.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field, replace

from bumble import gatt
from bumble.core import AdvertisingData

from .dot_payloads import EXPORT_FIELDS, PAYLOADS, Frame
from .faults import INERTIAL
from .motion import about, multiply
from .sensor import Properties, Sample, VirtualSensor, characteristic, refuse_length

COMPANY_ID = 0x0886
STREAM_RATES_HZ = (1, 4, 10, 12, 15, 20, 30, 60)
RECORDING_RATES_HZ = (*STREAM_RATES_HZ, 120)
IDLE, MEASURING, RECORDING = 0x06, 0x20, 0x40
DONE, REFUSED = 0x00, 0x01
SYNC_S = 12.0


def uuid(short: int) -> str:
    """Return a DOT UUID from its 16 bits."""
    return f"1517{short:04x}-4947-11e9-8646-d663bd873d93"


def message(mid: int, data: bytes) -> bytes:
    """Frame a message: MID, LEN, DATA and the byte that makes the sum zero."""
    frame = bytes([mid, len(data)]) + data
    return frame + bytes([-sum(frame) & 0xFF])


def opened(frame: bytes) -> tuple[int, bytes] | None:
    """Return MID and DATA, or None if length or sum is wrong."""
    if len(frame) < 4 or len(frame) != frame[1] + 3 or sum(frame) & 0xFF:
        return None
    return frame[0], frame[2:-1]


@dataclass
class Settings:
    """What the control characteristic 1002 holds."""

    rate_hz: int = 60
    profile: int = 0
    tag: bytes = b"Movella DOT"
    timeouts: bytes = bytes([10, 0, 30, 0])

    def packed(self) -> bytes:
        """Return the 32 bytes of 1002."""
        return struct.pack(
            "<3x4sB16sHB5x", self.timeouts, len(self.tag), self.tag, self.rate_hz, self.profile
        )


@dataclass
class Recording:
    """A file in the sensor's memory."""

    start_utc: int
    limit: int
    samples: list[Sample] = field(default_factory=list)


class MovellaDot(VirtualSensor):
    """A DOT version 2 with firmware 3.0.0."""

    model = "movella_dot"
    default_name = "Movella DOT"
    address_prefix = "D4:22:CD:00:A1"
    possible_faults = INERTIAL | {
        "not_a_number",
        "clock_jump",
        "clock_backwards",
        "counter_wrap",
        "measurement_forgotten",
        "wrong_firmware",
        "export_holes",
        "export_bad_checksum",
        "recording_refused",
        "flash_full",
        "sync_fails",
        "stream_at_120_hz",
    }

    def unit_name(self, number: int) -> str:
        """Every DOT has the same name; that of old firmware is the old one."""
        return "Xsens DOT" if "wrong_firmware" in self.faults else self.default_name

    def services(self) -> list[gatt.Service]:
        """Return configuration, measurement, battery and message services."""
        self.settings = Settings()
        self.mode = 0
        self.measuring = False
        self.yaw_zero_deg = 0.0
        self.recordings: list[Recording] = []
        self.recording: Recording | None = None
        self._fields: list[int] = []
        self._file = 0
        self._export: asyncio.Future[None] | None = None
        self.synced = False
        self._ack = b""
        read, write, notify = Properties.READ, Properties.WRITE, Properties.NOTIFY
        read_write = read | write
        self.report = characteristic(uuid(0x1004), notify)
        self.payloads = {
            0x2002: characteristic(uuid(0x2002), notify),
            0x2003: characteristic(uuid(0x2003), notify),
            0x2004: characteristic(uuid(0x2004), notify),
        }
        self.battery = characteristic(uuid(0x3001), read | notify, read=self._battery)
        self.messages = characteristic(uuid(0x7003), notify)
        return [
            gatt.Service(
                uuid(0x1000),
                [
                    characteristic(uuid(0x1001), read, read=self.info),
                    characteristic(
                        uuid(0x1002),
                        read_write,
                        read=lambda: self.settings.packed(),
                        write=self._configure,
                    ),
                    self.report,
                ],
            ),
            gatt.Service(
                uuid(0x2000),
                [
                    characteristic(
                        uuid(0x2001),
                        read_write,
                        read=lambda: bytes([1, self.measuring, self.mode]),
                        write=self._control,
                    ),
                    *self.payloads.values(),
                    characteristic(uuid(0x2006), write, write=self._reset_heading),
                ],
            ),
            gatt.Service(uuid(0x3000), [self.battery]),
            gatt.Service(
                uuid(0x7000),
                [
                    characteristic(uuid(0x7001), write, write=self._on_message),
                    characteristic(uuid(0x7002), read, read=lambda: self._ack),
                    self.messages,
                ],
            ),
        ]

    def advertising(self) -> list[tuple[int, bytes]]:
        """Name and company."""
        return [
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, struct.pack("<H", COMPANY_ID)),
        ]

    # --- configuration

    def info(self) -> bytes:
        """Return the 34 bytes of 1001."""
        mac = bytes.fromhex(self.address.replace(":", ""))
        firmware = (1, 0, 0) if "wrong_firmware" in self.faults else (3, 0, 0)
        made = (2023, 7, 4, 12, 30, 0)
        serial = int.from_bytes(mac, "big")
        return struct.pack("<6s3BH5BIQ6s", mac[::-1], *firmware, *made, 7, serial, b"XS-T02")

    def _battery(self) -> bytes:
        return bytes([self.battery_percent, 0])

    def battery_changed(self, percent: int) -> None:
        """Notify the level."""
        self.start_task(self.notify(self.battery, self._battery()))

    def _configure(self, data: bytes) -> None:
        refuse_length(data, 32)
        visit = data[0]
        if visit & 0x01 and data[1] == 1:
            self.events.append("identify")
        if visit & 0x02 and data[2] & 1:
            self.start_task(self._switch_off())
        if "config_ignored" in self.faults:
            return
        if visit & 0x04:
            self.settings = replace(self.settings, timeouts=data[3:7])
        if visit & 0x08 and data[7] <= 16:
            self.settings = replace(self.settings, tag=data[8 : 8 + data[7]])
        rate_hz = struct.unpack_from("<H", data, 24)[0]
        if visit & 0x10 and rate_hz in RECORDING_RATES_HZ and not self.sampling:
            self.settings = replace(self.settings, rate_hz=rate_hz)
        if visit & 0x20 and data[26] in (0, 1):
            self.settings = replace(self.settings, profile=data[26])

    async def _switch_off(self) -> None:
        await self._report(1)
        self.events.append("switched off")
        await self.power_off()

    async def press_button(self, clicks: int = 1) -> None:
        """Click the button once, twice or three times."""
        stamp = struct.pack("<BI", 4, self.clock.us(self.now()) // 1000 & 0xFFFFFFFF)
        await self._report(4 + clicks, stamp)

    async def _report(self, kind: int, data: bytes = b"") -> None:
        await self.notify(self.report, bytes([kind, *data]).ljust(36, b"\0"))

    # --- measurement

    def _control(self, data: bytes) -> None:
        refuse_length(data, 3)
        kind, action, mode = data
        if kind != 1 or mode not in PAYLOADS:
            return
        if action == 0:
            self.measuring = False
            self._sample_as_needed()
        elif action == 1 and not self.measuring:
            # notifications of the right characteristic come first, or nothing starts
            may_stream = self.settings.rate_hz <= 60 or "stream_at_120_hz" in self.faults
            if may_stream and self.subscribed(self.payloads[PAYLOADS[mode].characteristic]):
                self.mode, self.measuring = mode, True
                self._sample_as_needed()

    def _sample_as_needed(self) -> None:
        needed = self.measuring or self.recording is not None
        if needed and not self.sampling:
            self.start_sampling(self.settings.rate_hz)
        elif self.sampling and not needed:
            self.stop_sampling()

    def link_ended(self) -> None:
        """Measurement and recording go on without a link, unless a fault says otherwise."""
        if self._export:
            self._export.cancel()
        if "measurement_forgotten" in self.faults:
            self.measuring = False
            self._sample_as_needed()
        if "config_forgotten" in self.faults and not self.sampling:
            self.settings = Settings()

    def _reset_heading(self, data: bytes) -> None:
        refuse_length(data, 2)
        order = struct.unpack("<H", data)[0]
        if order == 1 and self.log:
            self.yaw_zero_deg = Frame.of(self.log[-1]).euler_deg[2]
        elif order in (7, 8):
            self.yaw_zero_deg = 0.0

    async def emit(self, sample: Sample) -> None:
        """Store the sample if recording, and send it if measuring."""
        if self.recording is not None:
            self.recording.samples.append(sample)
            if len(self.recording.samples) >= self.recording.limit:
                self.recordings.append(self.recording)
                self.recording = None
                self._sample_as_needed()
        if not self.measuring:
            return
        payload = PAYLOADS[self.mode]
        value = payload.pack(self.frame(sample))
        if self.faults.strikes("not_a_number"):
            value = value[:4] + struct.pack("<f", float("nan")) + value[8:]
        width = {0x2002: 63, 0x2003: 40, 0x2004: 20}[payload.characteristic]
        await self.notify(
            self.payloads[payload.characteristic], value.ljust(width, b"\0"), [sample]
        )

    def frame(self, sample: Sample) -> Frame:
        """Return what the sensor's own fusion makes of a sample."""
        frame = Frame.of(
            sample,
            self.log[sample.index - 1] if sample.index else None,
            1 / self.rate_hz,
            self.faults.value("saturated_gyro", self.gyr_range_dps),
        )
        if self.yaw_zero_deg:
            turned = multiply(about((0.0, 0.0, 1.0), -self.yaw_zero_deg), frame.quat_wxyz)
            frame = replace(frame, quat_wxyz=turned)
        return frame

    # --- messages

    def _on_message(self, raw: bytes) -> None:
        parts = opened(raw)
        if parts is None or not parts[1]:
            self._answer(1, bytes([0x76]))
            return
        mid, data = parts
        {1: self._on_recording, 2: self._on_sync, 3: self._on_config}.get(mid, self._invalid)(data)

    def _answer(self, mid: int, data: bytes) -> None:
        self._ack = message(mid, data)
        self.start_task(self.notify(self.messages, self._ack))

    def _acknowledge(self, code: int, *echo: int) -> None:
        self._answer(1, bytes([0x01, code, *echo]))

    def _invalid(self, data: bytes) -> None:
        self._answer(1, bytes([0x76, data[0]]))

    def _on_recording(self, data: bytes) -> None:
        request, body = data[0], data[1:]
        sizes = {0x02: 0, 0x30: 4, 0x40: 6, 0x41: 0, 0x60: 1, 0x70: 1, 0x73: 0, 0x75: 4}
        if request != 0x74 and sizes.get(request, -1) != len(body):
            self._invalid(data)
        elif request == 0x02:
            state = RECORDING if self.recording else MEASURING if self.measuring else IDLE
            self._acknowledge(state, request)
        elif request == 0x30:
            self.recordings.clear()
            self._acknowledge(DONE, request)
        elif request == 0x40:
            self._start_recording(*struct.unpack("<IH", body))
        elif request == 0x41:
            self._acknowledge(DONE if self.recording else REFUSED, request)
            if self.recording:
                self.recordings.append(self.recording)
            self.recording = None
            self._sample_as_needed()
        elif request == 0x60:
            self._tell_file(body[0])
        elif request == 0x70:
            self._start_export(body[0], 0)
        elif request == 0x73:
            if self._export:
                self._export.cancel()
            self._acknowledge(DONE, request)
        elif request == 0x74:
            known = all(code in EXPORT_FIELDS for code in body) and len(body) > 0
            if known:
                self._fields = list(body)
            self._acknowledge(DONE if known else REFUSED, request)
        elif request == 0x75:
            self._start_export(self._file, struct.unpack("<I", body)[0])

    def _start_recording(self, utc: int, seconds: int) -> None:
        if self.recording or "recording_refused" in self.faults:
            self._acknowledge(REFUSED, 0x40)
            return
        capacity_s = self.faults.value("flash_full", 362 * 60)
        wanted_s = capacity_s if seconds == 0xFFFF else min(seconds, capacity_s)
        self.recording = Recording(utc, int(wanted_s * self.settings.rate_hz))
        self._acknowledge(DONE, 0x40)
        self._sample_as_needed()

    def _tell_file(self, index: int) -> None:
        if not 1 <= index <= len(self.recordings):
            self._answer(1, bytes([0x63, index]))
            return
        file = self.recordings[index - 1]
        self._answer(
            1, bytes([0x61]) + struct.pack("<BII", index, file.start_utc, len(file.samples))
        )

    def _start_export(self, index: int, counter: int) -> None:
        if self.recording or not self._fields or not 1 <= index <= len(self.recordings):
            self._acknowledge(REFUSED, 0x70, index)
            return
        again = index == self._file and counter > 0
        self._file = index
        if self._export:
            self._export.cancel()
        if counter == 0:
            self._acknowledge(DONE, 0x70, index)
        self._export = asyncio.ensure_future(self._send_file(index, counter, again))
        self.start_task(self._export)

    async def _send_file(self, index: int, counter: int, again: bool) -> None:
        samples = self.recordings[index - 1].samples
        await asyncio.sleep(0.01)
        for number in range(counter, len(samples)):
            if number % 16 == 15:
                await asyncio.sleep(0.004)
            if not again and self.faults.strikes("export_holes"):
                continue
            frame = self.frame(samples[number])
            fields = b"".join(EXPORT_FIELDS[code](frame) for code in self._fields)
            packet = message(1, b"\x71" + struct.pack("<I", number) + fields)
            if not again and self.faults.strikes("export_bad_checksum"):
                packet = packet[:-1] + bytes([packet[-1] ^ 0x55])
            await self.notify(self.messages, packet)
        await self.notify(self.messages, message(1, bytes([0x72, index])))

    # --- synchronisation and reset

    def _on_sync(self, data: bytes) -> None:
        if data[0] == 0x08:
            self._answer(2, bytes([0x51, 0x04 if self.synced else 0x09]))
        elif data[0] == 0x01 and len(data) == 7:
            self.start_task(self._synchronise(":".join(f"{b:02X}" for b in reversed(data[1:]))))
        elif data[0] == 0x02:
            self.synced = False
            self._answer(2, bytes([0x50, 0x00]))
        else:
            self._invalid(data)

    async def _synchronise(self, root: str) -> None:
        await asyncio.sleep(SYNC_S)
        leader = next((s for s in self.neighbours if s.address == root), None)
        failure = self.faults.value("sync_fails", 0)
        if leader is None or failure:
            self._ack = message(2, bytes([0x03, int(failure) or 0x09]))
        else:
            self.clock, self.synced = leader.clock, True
            self._ack = message(2, bytes([0x03, 0x00]))
        self.events.append("synchronisation ended")

    def _on_config(self, data: bytes) -> None:
        if data[0] != 0x04:
            self._invalid(data)
            return
        self.settings, self.synced = Settings(), False
        self._answer(3, bytes(8))
