"""The web adapters against local servers that behave as documented, and badly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehabctl.domain.claim_port import (
    Arrival,
    ClaimPort,
    Outbound,
    PortSettings,
    UncertainError,
)
from rehabctl.domain.errors import (
    ExitCode,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.integrations.clearinghouse import registry
from rehabctl.integrations.clearinghouse.registry import make_port

from .web_fakes import ClaimMdFake, OptumFake, StediFake, WebFake, serving

NOW = datetime(2026, 4, 10, 15, tzinfo=UTC)
FILE = Outbound("CLINIC_000000001_P.837", "key-of-file-1", b"ISA*00*837~", NOW)
ASKED = b"ISA*00*~GS*HS*A*B*~ST*270*0001*005010X279A1~"
STATUS = b"ISA*00*~GS*HR*A*B*~ST*276*0001*005010X212~"
FAKES: dict[str, Callable[[], WebFake]] = {
    "stedi": StediFake, "claimmd": ClaimMdFake, "optum": OptumFake,
}  # fmt: skip


@pytest.fixture(params=sorted(FAKES))
def fake(request: pytest.FixtureRequest) -> Iterator[WebFake]:
    with serving(FAKES[request.param]()) as one:
        yield one


class Waits:
    """What a client slept."""

    def __init__(self, port: ClaimPort) -> None:
        self.seconds: list[float] = []
        port.client.sleep = self.seconds.append  # type: ignore[attr-defined]


def started(fake: WebFake) -> ClaimPort:
    """A port that has its token, so that faults hit the request under test."""
    kind = next(name for name, made in FAKES.items() if made is type(fake))
    port = make_port(PortSettings("web", kind, fake.base, login="client"), "key-1", NOW)
    client: Any = port.client  # type: ignore[attr-defined]
    client.timeout_s, client.sleep, client.jitter = 0.3, lambda _: None, lambda: 0.5
    if isinstance(fake, OptumFake):
        client.headers()
    return port


def test_a_file_is_taken_once_as_it_is(fake: WebFake) -> None:
    port = started(fake)
    port.stage(FILE)
    assert port.release(FILE).remote_id
    assert fake.taken == [FILE.data.decode()]


def test_turned_away_for_its_rate_it_waits_as_long_as_it_is_told(fake: WebFake) -> None:
    port = started(fake)
    waits = Waits(port)
    fake.faults[:] = ["429:2", "429"]
    assert port.release(FILE).remote_id
    assert waits.seconds == [2.0, 1.0]  # the second doubles: 0.5 * 2 with a jitter of 1
    assert len(fake.taken) == 1
    fake.faults[:] = ["429:3600"]
    with pytest.raises(UnavailableError, match="wait 3600 seconds"):
        port.release(FILE)
    fake.faults[:] = ["429"] * 9
    with pytest.raises(UnavailableError, match="does not answer as it should"):
        port.release(FILE)
    assert len(fake.taken) == 1


@pytest.mark.parametrize("fault", ["500", "503", "cut", "slow"])
def test_without_an_answer_nothing_is_sent_twice(fake: WebFake, fault: str) -> None:
    port = started(fake)
    fake.faults[:] = [fault]
    if isinstance(fake, StediFake):  # its key makes a repetition harmless
        assert port.release(FILE).remote_id == "corr-1"
        assert len(fake.taken) == 1
        assert {one.headers["Idempotency-Key"] for one in fake.requests} == {FILE.key}
        return
    with pytest.raises(UncertainError):
        port.release(FILE)
    done = fault in ("cut", "slow")
    assert len(fake.taken) == int(done)
    hour_later = NOW + timedelta(hours=1)
    if isinstance(fake, ClaimMdFake):  # its list of uploads tells
        assert port.arrival(FILE, hour_later) is (Arrival.THERE if done else Arrival.NOT_THERE)
        if not done:
            assert port.arrival(FILE, NOW + timedelta(minutes=1)) is Arrival.UNKNOWN
    else:
        assert port.arrival(FILE, hour_later) is Arrival.UNKNOWN


def test_when_a_key_gets_no_answer_at_all_nobody_knows() -> None:
    with serving(StediFake(faults=["cut"] * 4)) as fake:
        port = started(fake)
        with pytest.raises(UncertainError):
            port.release(FILE)
        assert len(fake.taken) == 1
        assert port.arrival(FILE, NOW + timedelta(hours=2)) is Arrival.NOT_THERE
        assert port.release(FILE).remote_id == "corr-1"
        assert len(fake.taken) == 1
        assert port.arrival(FILE, NOW + timedelta(hours=24)) is Arrival.UNKNOWN
        with pytest.raises(RehabctlError, match="refused"):  # 422: the key of another body
            port.release(replace(FILE, data=b"ISA*other~"))
        fake.faults[:] = ["409:1", "409:1"]
        assert port.release(FILE).remote_id == "corr-1"


def test_wrong_credentials_end_at_once(fake: WebFake) -> None:
    kind = next(name for name, made in FAKES.items() if made is type(fake))
    port = make_port(PortSettings("web", kind, fake.base, login="client"), "wrong", NOW)
    with pytest.raises(NotPermittedError) as caught:
        port.release(FILE)
    assert caught.value.exit_code is ExitCode.NOT_PERMITTED
    assert "wrong" not in str(caught.value)
    assert fake.taken == []
    assert len(fake.requests) <= 2


def test_a_token_that_ran_out_is_renewed_once() -> None:
    with serving(OptumFake()) as fake:
        port = started(fake)
        fake.tokens.append("another")  # ours is no longer the newest
        assert port.release(FILE).remote_id == "corr-1"
        assert len(fake.taken) == 1
        assert [one.path for one in fake.requests].count("/apip/auth/v2/token") == 2


def test_a_service_that_is_away_is_told_from_one_that_may_have_acted(fake: WebFake) -> None:
    port = started(fake)
    port.client.base = port.client.base and "http://127.0.0.1:9"  # type: ignore[attr-defined]
    if isinstance(fake, StediFake):
        port.settings = replace(port.settings, address="http://127.0.0.1:9")  # type: ignore[attr-defined]
    with pytest.raises(UnavailableError, match="ConnectError") as caught:
        port.release(FILE)
    assert not isinstance(caught.value, UncertainError)


def test_stedi_acknowledges_at_once_and_its_inbox_is_read_page_by_page() -> None:
    with serving(StediFake(acknowledgement="ISA*277CA~", rejects=True)) as fake:
        port = started(fake)
        receipt = port.release(FILE)  # a claim that is refused is answered all the same
        assert [one.data for one in receipt.answers] == [b"ISA*277CA~"]
        fake.inbox = {f"e{n}": f"ISA*file{n}~IEA~" for n in range(5)}
        found = list(port.fetch({"e1"}))
        assert [(one.remote_id, one.data) for one in found] == [
            (f"e{n}", f"ISA*file{n}~IEA~".encode()) for n in (0, 2, 3, 4)
        ]
        fake.faults[:] = ["500", "slow", "cut"]  # reading may be repeated
        assert len(list(port.fetch(set()))) == 5
        with pytest.raises(RehabctlError, match="refused"):
            port.release(replace(FILE, key="other", data=b"no X12"))


def test_remittances_and_reports_are_fetched_once() -> None:
    with serving(ClaimMdFake(remittances={7: "ISA*seven~IEA~", 9: "ISA*nine~IEA~"})) as fake:
        found = list(started(fake).fetch({"era:7"}))
        assert [(one.remote_id, one.data) for one in found] == [("era:9", b"ISA*nine~IEA~")]
    with serving(OptumFake(reports={"X3 1.XX": "ISA*277~IEA~", "R5.YY": "ISA*835~IEA~"})) as fake:
        found = list(started(fake).fetch({"R5.YY"}))
        assert [(one.remote_id, one.data) for one in found] == [("X3 1.XX", b"ISA*277~IEA~")]


def test_questions_go_to_their_own_address(fake: WebFake) -> None:
    fake.eligibility = "ISA*271~IEA~"  # type: ignore[attr-defined]
    port = started(fake)
    assert port.ask(ASKED) == b"ISA*271~IEA~"
    asked = fake.requests[-1].path
    if isinstance(fake, ClaimMdFake):
        assert port.ask(STATUS) is None
    else:
        assert port.ask(STATUS) == b"ISA*271~IEA~"
        assert ("eligibility" in asked, "claimstatus" in fake.requests[-1].path) == (True, True)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b"{}"])
def test_an_answer_that_is_not_as_documented_is_no_crash(
    fake: WebFake, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = started(fake)
    monkeypatch.setattr(fake, "answer", lambda _: (200, {}, body))
    for work in (
        lambda: port.release(FILE), lambda: list(port.fetch(set())),
        lambda: port.arrival(FILE, NOW), lambda: port.ask(ASKED),
    ):  # fmt: skip
        with suppress(RehabctlError):  # and nothing else
            work()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown kind 'pigeon'"):
        make_port(PortSettings("web", "pigeon", ""), "x", NOW)


class _Entry:
    """An entry point of another package."""

    def __init__(self, loaded: object) -> None:
        self._loaded = loaded

    def load(self) -> object:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


def test_another_package_may_bring_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def points(**which: str) -> list[_Entry]:
        asked.append(which)
        return [_Entry(lambda at, secret: (at.name, secret))]

    monkeypatch.setattr(registry, "entry_points", points)
    made: Any = make_port(PortSettings("mine", "pigeon", ""), "s", NOW)
    assert made == ("mine", "s")
    assert asked == [{"group": "rehabctl.claim_ports", "name": "pigeon"}]
    broken = [_Entry(ImportError("patient data"))]
    monkeypatch.setattr(registry, "entry_points", lambda **_: broken)
    with pytest.raises(RehabctlError, match="cannot be loaded") as caught:
        make_port(PortSettings("mine", "pigeon", ""), "s", NOW)
    assert "patient data" not in str(caught.value)
