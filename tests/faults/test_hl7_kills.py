"""Programs that exchange HL7 v2 are killed: nothing is lost, only the same message doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import load_rules
from rehabctl.services import hl7_queue, intake
from rehabctl.services.hl7_export import MessageKind
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from tests.contract.records import given_patient

pytestmark = pytest.mark.slow
START, LATER = "2026-03-02T15:00:00Z", "2026-03-02T15:06:00Z"


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def started(now: str, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rehabctl", *argv],
        env={**os.environ, "REHABCTL_NOW": now},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_sender_repeats_one_message_and_loses_none(
    monkeypatch: pytest.MonkeyPatch, processes: list[subprocess.Popen[str]]
) -> None:
    monkeypatch.setenv("REHABCTL_NOW", START)
    got: list[str] = []

    def answer(data: bytes) -> bytes:
        message = parse(data)
        got.append(message.control_id)
        if len(got) == 2:  # the message is here, and its sender dies before she knows
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait(30)
        return f"MSH|^~\\&|||||2026||ACK|1|P|2.5.1\rMSA|AA|{message.control_id}\r".encode()

    with mllp.listening("127.0.0.1", 0) as server, open_store(load_settings()) as store:
        to = f"127.0.0.1:{server.getsockname()[1]}"
        ref = given_patient(store)
        with store.transaction() as uow:
            for n in range(4):
                uow.notes.add(uow.new_id(), ref, uow.user.id, f"Note {n}")
        hl7_queue.enqueue(store, load_rules(), "1042", MessageKind.MDM, to)
        order = [one.control_id for one in hl7_queue.waiting(store)]
        receiver = threading.Thread(
            target=mllp.serve, args=(server, answer), kwargs={"max_messages": 5}
        )
        receiver.start()
        processes.append(started(START, "integration", "queue", "send"))
        processes[0].wait(60)
        again = started(LATER, "worker", "run", "--once")
        processes.append(again)
        _, told = again.communicate(timeout=60)
        receiver.join(30)
        assert again.returncode == 0, told
        assert "3 HL7 messages sent" in told
        assert hl7_queue.waiting(store) == []
    assert got == [order[0], order[1], order[1], order[2], order[3]]


def test_a_listener_that_is_killed_keeps_what_it_acknowledged(
    monkeypatch: pytest.MonkeyPatch, processes: list[subprocess.Popen[str]]
) -> None:
    monkeypatch.setenv("REHABCTL_NOW", START)
    listener = started(START, "import", "hl7", "--mllp", "127.0.0.1:0")
    processes.append(listener)
    assert listener.stderr is not None
    port = int(next(line for line in listener.stderr if "listening" in line).split()[-1])
    messages = [
        f"MSH|^~\\&|EHR|M|RC|X|20260302||ADT^A04|{n}|P|2.5.1\r"
        f"PID|1||{n}^^^H^MR||Diaz^Ana||19610402|F|||^^Boulder^CO\r".encode()
        for n in range(5)
    ]
    answers = mllp.send("127.0.0.1", port, messages, tls=None)
    listener.send_signal(signal.SIGKILL)
    listener.wait(30)
    assert [b"MSA|AA" in answer for answer in answers] == [True] * 5
    with open_store(load_settings()) as store:
        assert intake.list_patients(store, limit=1)[1] == 5
