"""Recordings in the memory of a Movella DOT: frames of its message service (XD0506P, revision C).

Which numbers a frame holds was chosen by `SELECTED_FIELDS`. Whether a sensor can stream and record
at once is not in the specification; verified against documented bytes, not against a device.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, field
from math import isfinite, radians

from rehabctl.devices.model import SampleBatch, batch

RECORDING = 1
"""Kind of a message."""
START, STOP = 0x40, 0x41
REQUEST_INFORMATION, INFORMATION, INFORMATION_DONE, NO_FILE = 0x60, 0x61, 0x62, 0x63
REQUEST_FILE, FILE_DATA, FILE_DONE, SELECT, RETRANSMIT = 0x70, 0x71, 0x72, 0x74, 0x75
NO_LIMIT_S = 0xFFFF
MOST_FILES = 64
SELECTED_FIELDS = (0x00, 0x07, 0x08, 0x09)
"""Time stamp, acceleration, rate, field."""
_SAMPLE = struct.Struct("<I6f3h")
_PER_FIELD = 1 / 4096


def start_recording(utc_s: int, seconds: int = NO_LIMIT_S) -> bytes:
    """Return the data of the request that starts a recording.

    Parameters
    ----------
    utc_s
        Time, in seconds since 1970.
    seconds
        Length.
    """
    return struct.pack("<BIH", START, utc_s & 0xFFFFFFFF, seconds)


def retransmit_from(counter: int) -> bytes:
    """Return the data of the request that sends samples again.

    Parameters
    ----------
    counter
        Of the first.
    """
    return struct.pack("<BI", RETRANSMIT, counter)


def decode_acknowledgement(frame: bytes, request: int) -> int | None:
    """Return the result of a request (0 is success); None when the frame answers another.

    Parameters
    ----------
    frame
        As read from the acknowledge characteristic: kind, length, 01, result, request, checksum.
    request
        Which request.
    """
    if len(frame) < 3 or len(frame) <= 2 + frame[1] or sum(frame[: 3 + frame[1]]) & 0xFF:
        return None
    data = frame[2 : 2 + frame[1]]
    return data[1] if len(data) >= 3 and data[0] == 1 and data[2] == request else None


def decode_sample(data: bytes) -> tuple[int, SampleBatch] | None:
    """Return counter and sample of a data frame, in SI units.

    Parameters
    ----------
    data
        71, counter, and the selected fields.
    """
    if len(data) < 5 + _SAMPLE.size or data[0] != FILE_DATA:
        return None
    counter = int.from_bytes(data[1:5], "little")
    time_us, *values = _SAMPLE.unpack_from(data, 5)
    if not all(isfinite(value) for value in values):
        return None
    sample = batch(
        acc=[values[:3]],
        gyr=[[radians(value) for value in values[3:6]]],
        mag=[[value * _PER_FIELD for value in values[6:9]]],
        device_time_us=(time_us,),
    )
    return counter, sample


@dataclass
class Export:
    """Samples of one recording by counter, in any order and perhaps twice."""

    _samples: dict[int, SampleBatch] = field(default_factory=dict[int, SampleBatch])

    def add(self, data: bytes) -> None:
        """Take a frame; what is no sample is left out.

        Parameters
        ----------
        data
            Of the message.
        """
        decoded = decode_sample(data)
        if decoded is not None:
            self._samples[decoded[0]] = decoded[1]

    def first_missing(self) -> int | None:
        """Return the first counter between two others that did not come; None without one."""
        have = sorted(self._samples)
        return next((a + 1 for a, b in itertools.pairwise(have) if b != a + 1), None)

    def next(self) -> int:
        """Return the counter after the last that came."""
        return max(self._samples, default=-1) + 1

    def batches(self) -> tuple[SampleBatch, ...]:
        """Return the samples in order."""
        return tuple(self._samples[counter] for counter in sorted(self._samples))
