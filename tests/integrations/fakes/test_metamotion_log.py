"""The fake log speaks as the recorded downloads and commands of the vendor's own tests do."""

import struct

from tests.integrations.fakes.metamotion_log import SCALE, FakeMetaMotionLog, Fault

RECORDED = bytes.fromhex("0b07a0e6420000f5003d01a1e6420000dd0f0000")
"""The first notification which the vendor recorded: 8 g, loggers 0 and 1, reset 5."""


def _entries(notification: bytes) -> list[tuple[int, int, int, bytes]]:
    assert notification[:2] == b"\x0b\x07"
    assert len(notification) in (11, 20)
    found: list[tuple[int, int, int, bytes]] = []
    for start in range(2, len(notification), 9):
        head, tick = struct.unpack_from("<BI", notification, start)
        found.append((head & 0x1F, head >> 5, tick, notification[start + 5 : start + 9]))
    return found


def _download(fake: FakeMetaMotionLog) -> list[bytes]:
    for command in ("0b0801", "0b0d01", "0b0701"):
        assert fake.write(bytes.fromhex(command)) == []
    (length,) = fake.write(b"\x0b\x85")
    got = fake.write(b"\x0b\x06" + length[2:] + struct.pack("<I", 20))
    more = got
    while more and more[-1] == b"\x0b\x0d":
        more = fake.write(b"\x0b\x0e")
        got = got + more
    return got


def _samples(got: list[bytes]) -> list[tuple[int, tuple[float, ...]]]:
    flat = [one for told in got if told[:2] == b"\x0b\x07" for one in _entries(told)]
    halves = [[one for one in flat if one[0] == logger] for logger in (0, 1)]
    return [
        (low[2], tuple(raw / SCALE for raw in struct.unpack("<hhh", low[3] + high[3][:2])))
        for low, high in zip(*halves, strict=True)
    ]


def test_a_recorded_notification_reads_as_the_fakes_do() -> None:
    (first, second) = _entries(RECORDED)
    assert (first[:3], second[:3]) == ((0, 5, 0x42E6), (1, 5, 0x42E6))
    assert [round(one, 4) for one in _samples([RECORDED])[0][1]] == [0.0598, 0.0774, 0.9915]


def test_a_download_brings_each_sample_over_the_ends_of_pages() -> None:
    fake = FakeMetaMotionLog()
    got = _download(fake)
    assert _samples(got) == [(one.tick, one.g) for one in fake.samples]
    assert len([one for one in got if one == b"\x0b\x0d"]) == 7
    assert got[-1] == b"\x0b\x08\x00\x00\x00\x00"
    assert {len(one) for one in got if one[1] == 7} == {11, 20}
    assert fake.write(b"\x0b\x85") == [b"\x0b\x85\x00\x00\x00\x00"]


def test_commands_of_the_vendor_are_answered() -> None:
    fake = FakeMetaMotionLog()
    fake.write(b"\x0b\x0a")
    made = [fake.write(bytes.fromhex(one)) for one in ("0b020304ff60", "0b020304ff24")]
    assert made == [[b"\x0b\x02\x00"], [b"\x0b\x02\x01"]]
    assert fake.write(b"\x0b\x82\x01") == [bytes.fromhex("0b820304ff24")]
    assert fake.write(b"\x0b\x82\x05") == [b"\x0b\x82"]
    assert fake.write(b"\x0b\x80") == [bytes.fromhex("0b80000208802b0000")]
    (time,) = fake.write(b"\x0b\x84")
    assert struct.unpack("<BBIB", time) == (0x0B, 0x84, fake.tick_now, 5)
    fake.write(bytes.fromhex("0b09ffffffff"))
    assert fake.write(b"\x0b\x85") == [b"\x0b\x85\x00\x00\x00\x00"]


def test_what_was_not_confirmed_comes_again() -> None:
    fake = FakeMetaMotionLog(fault=Fault.SILENT_HALF_WAY_ONCE)
    first, second = _download(fake), _download(fake)
    assert first[-1] != b"\x0b\x08\x00\x00\x00\x00" == second[-1]
    ticks = {one[2] for told in first + second if told[1] == 7 for one in _entries(told)}
    assert {one.tick for one in fake.samples} <= ticks


def test_each_fault_shows() -> None:
    def all_of(fault: str | None) -> list[bytes]:
        fake = FakeMetaMotionLog(fault=fault)
        asked = [told for one in range(8) for told in fake.write(bytes((0x0B, 0x82, one)))]
        more = fake.write(bytes.fromhex("0b020304ff60")) + fake.write(b"\x0b\x84")
        return [*asked, *more, *fake.write(b"\x0b\x85"), *_download(fake)]

    good = all_of(None)
    assert all_of(None) == good
    assert [fault for fault in Fault if all_of(fault) == good] == []
