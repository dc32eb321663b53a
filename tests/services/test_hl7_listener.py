"""Messages over the network: framed, taken over, acknowledged; whatever a sender does."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.connection import MllpConnection
from rehabctl.domain.errors import (
    NotPermittedError,
    PartialError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.hl7v2.message import parse
from rehabctl.reference.rules import RuleTable, load_rules
from rehabctl.services import hl7_listener, intake
from rehabctl.services.hl7_export import send_messages
from rehabctl.services.hl7_listener import Listener, ListenOptions, listen
from rehabctl.services.import_run import ImportReport
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def adt(mrn: str, control_id: str = "77") -> bytes:
    return (
        f"MSH|^~\\&|EHR|MAIN|RC|X|20260302||ADT^A04|{control_id}|P|2.5.1\r"
        f"PID|1||{mrn}^^^H^MR||Diaz^Ana||19610402|F|||^^Boulder^CO\r"
    ).encode()


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def rules() -> RuleTable:
    return load_rules()


class Running:
    """A listener in a thread of its own."""

    def __init__(
        self, store: Store, rules: RuleTable, count: int, rejects: Path | None = None
    ) -> None:
        self._ready = threading.Event()
        self.report: ImportReport | None = None
        options = ListenOptions("127.0.0.1:0", max_messages=count, rejects=rejects)

        def note(text: str) -> None:
            self.port = int(text.rpartition(" ")[2])
            self._ready.set()

        def work() -> None:
            self.report = listen(store, rules, options, note=note)

        self._thread = threading.Thread(target=work)
        self._thread.start()
        assert self._ready.wait(30)

    def finished(self) -> ImportReport:
        self._thread.join(30)
        assert self.report is not None
        return self.report


def test_messages_are_safe_when_they_are_acknowledged(
    store: Store, rules: RuleTable, tmp_path: Path
) -> None:
    refused = tmp_path / "refused.hl7"
    running = Running(store, rules, 4, refused)
    with socket.create_connection(("127.0.0.1", running.port)) as half:
        half.sendall(mllp.START + adt("9")[:40])  # and goes away in the middle of a frame
    with socket.create_connection(("127.0.0.1", running.port)) as other:
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
    bad = adt("2").replace(b"19610402", b"1961")
    answers = mllp.send(
        "127.0.0.1", running.port, [adt("1", "a"), adt("1", "b"), bad, b"x"], tls=None
    )
    report = running.finished()
    read = [parse(answer) for answer in answers]
    assert [(m.kind, m.header.text(5)) for m in read[:3]] == [("ACK^A04", "EHR")] * 3
    msa = [next(m.named("MSA")) for m in read]
    assert [(s.text(1), s.text(2)) for s in msa] == [
        ("AA", "a"),
        ("AA", "b"),
        ("AE", "77"),
        ("AR", ""),
    ]
    assert "birth_date" in msa[2].text(3)
    assert "Diaz" not in answers[2].decode()
    assert (report.created, report.unchanged, report.rejected) == (1, 1, 2)
    assert refused.read_bytes() == bad + b"x"
    assert intake.show_patient(store, "1").summary.demographics.family_name == "Diaz"


def test_a_store_that_cannot_take_a_message_is_no_acknowledgement(
    store: Store, rules: RuleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_args: object, **_options: object) -> None:
        raise RehabctlError("the database is locked", "Try again")

    monkeypatch.setattr(hl7_listener, "import_message", locked)
    answer = parse(Listener(store, rules).answer(adt("1")))
    assert next(answer.named("MSA")).text(1) == "AE"


def test_sending_tells_what_was_refused_and_who_is_away(store: Store, rules: RuleTable) -> None:
    running = Running(store, rules, 2)
    at = MllpConnection("", f"127.0.0.1:{running.port}")
    with pytest.raises(PartialError, match="1 of 2"):
        send_messages(store, [adt("1"), adt("2").replace(b"ADT^A04", b"ADT^A99")], at)
    running.finished()
    with pytest.raises(UnavailableError, match="0 of 1"):
        send_messages(store, [adt("1")], at)
    with pytest.raises(NotPermittedError, match="not enabled"):
        send_messages(store, [adt("1")], MllpConnection("", "ehr.example.org:2575"))


def test_nothing_leaves_or_enters_another_machine_without_tls(tmp_path: Path) -> None:
    with pytest.raises(NotPermittedError, match="TLS"):
        mllp.server_tls("192.0.2.1", None, None)
    with pytest.raises(NotPermittedError, match="TLS"):
        mllp.send("ehr.example.org", 2575, [adt("1")], tls=None)
    wrong = tmp_path / "cert.pem"
    wrong.write_text("no certificate")
    with pytest.raises(UsageError, match="certificate"):
        mllp.server_tls("192.0.2.1", wrong, None)
    for text in ("2575", "host:", ":1", "host:99999", "host:x"):
        with pytest.raises(UsageError):
            mllp.address(text)
    assert mllp.address("[::1]:2575") == ("::1", 2575)


def test_both_ends_speak_tls(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = mllp.server_tls("192.0.2.1", pem, secret)
    with mllp.listening("127.0.0.1", 0) as server:
        port = server.getsockname()[1]
        work = threading.Thread(
            target=mllp.serve, args=(server, bytes.upper), kwargs={"tls": tls, "max_messages": 1}
        )
        work.start()
        with pytest.raises(UnavailableError):  # a receiver whose certificate nobody vouches for
            mllp.send("localhost", port, [b"a"], tls=ssl.create_default_context())
        trusting = ssl.create_default_context(cafile=str(pem))
        assert mllp.send("localhost", port, [b"abc"], tls=trusting) == [b"ABC"]
        work.join(30)


@given(
    st.lists(
        st.binary(max_size=30).filter(lambda m: mllp.END not in m and not m.endswith(b"\x1c")),
        max_size=5,
    ),
    st.integers(1, 7),
)
def test_frames_arrive_in_any_pieces(messages: list[bytes], size: int) -> None:
    data = b"".join(mllp.START + message + mllp.END for message in messages)
    parts = iter([data[at : at + size] for at in range(0, len(data), size)])
    assert list(mllp.frames(lambda _: next(parts, b""))) == messages


@given(st.binary(max_size=60))
def test_any_bytes_are_frames_or_the_end_of_the_connection(data: bytes) -> None:
    parts = iter([data])
    try:
        for frame in mllp.frames(lambda _: next(parts, b""), max_bytes=20):
            assert mllp.END not in frame
    except mllp.FrameError:
        assert not data.startswith(mllp.START) or len(data) > 20 or mllp.END in data


@pytest.mark.parametrize(
    ("sent", "answer"),
    [(b"", b""), (mllp.START + b"MSH|half an answer", b""), (b"HTTP/1.1 400\r\n\r\n", None)],
)
def test_half_an_answer_is_none(sent: bytes, answer: bytes | None) -> None:
    def other_side(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            line.recv(65536)
            line.sendall(sent)

    with mllp.listening("127.0.0.1", 0) as server:
        work = threading.Thread(target=other_side, args=(server,))
        work.start()
        try:
            with mllp.connected("127.0.0.1", server.getsockname()[1], tls=None) as ask:
                assert ask(adt("1")) == answer
        except UnavailableError:
            assert answer is None
        work.join(30)
