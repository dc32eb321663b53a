"""Mail against aiosmtpd over real TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, UnavailableError
from rehabctl.domain.message_port import (
    Fate,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)
from rehabctl.integrations.messaging.mail import MailServer, SmtpMail

TEXT = OutgoingText("ada@example.org", "Un récord", "Clinic: a note — call. Ref abc", "Ref-abc")


@dataclass
class Mailbox:
    """What the server took; `data` and `rcpt` are what it answers."""

    mails: list[tuple[list[str], bytes]] = field(default_factory=list[tuple[list[str], bytes]])
    data: str = "250 taken"
    rcpt: str = "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        assert session.ssl is not None
        if self.data.startswith("2"):
            self.mails.append((envelope.rcpt_tos, envelope.content))
        if self.data == "250 cut":
            server.transport.close()
        return self.data


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def mailbox(certificate: Path) -> Iterator[tuple[Mailbox, int]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    box = Mailbox()
    port = free_port()
    server = Controller(box, "127.0.0.1", port, tls_context=context, require_starttls=True)
    server.start()
    yield box, port
    server.stop()


def client(port: int, certificate: Path | None) -> SmtpMail:
    trust = ssl.create_default_context(cafile=certificate) if certificate else None
    return SmtpMail(MailServer("127.0.0.1", "clinic@example.org", "", "", port, trust, 5.0))


def test_a_mail_arrives_whole_and_encrypted(
    mailbox: tuple[Mailbox, int], certificate: Path
) -> None:
    box, port = mailbox
    assert client(port, certificate).send(TEXT) == ""
    [(receivers, data)] = box.mails
    mail: Any = message_from_bytes(data, policy=policy.default)
    assert receivers == ["ada@example.org"]
    assert mail["Subject"] == TEXT.subject
    assert mail.get_content().strip() == TEXT.body
    assert mail["Auto-Submitted"] == "auto-generated"
    client(port, certificate).check()
    assert len(box.mails) == 1


def test_a_foreign_certificate_gets_nothing(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    with pytest.raises(NotPermittedError, match="certificate"):
        client(port, None).send(TEXT)
    assert not box.mails


def test_a_server_without_encryption_gets_nothing() -> None:
    box = Mailbox()
    port = free_port()
    server = Controller(box, "127.0.0.1", port)
    server.start()
    try:
        with pytest.raises(NotPermittedError, match="no encryption"):
            client(port, None).send(TEXT)
    finally:
        server.stop()
    assert not box.mails


@pytest.mark.parametrize(
    ("rcpt", "data", "error", "taken"),
    [
        ("550 no such person", "250 taken", RefusedMessageError, 0),
        ("451 greylisted", "250 taken", UnavailableError, 0),
        ("250 OK", "554 not wanted", RefusedMessageError, 0),
        ("250 OK", "452 disk full", UnavailableError, 0),
        ("250 OK", "250 cut", UncertainError, 1),
    ],
)
def test_each_answer_is_told_apart(
    mailbox: tuple[Mailbox, int],
    certificate: Path,
    rcpt: str,
    data: str,
    error: type[Exception],
    taken: int,
) -> None:
    box, port = mailbox
    box.rcpt, box.data = rcpt, data
    with pytest.raises(error) as raised:
        client(port, certificate).send(TEXT)
    assert type(raised.value) is error
    assert len(box.mails) == taken


def test_nobody_there_and_nothing_to_look_in() -> None:
    port = client(9, None)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        port.send(TEXT)
    with pytest.raises(UnsupportedLookError):
        port.find(TEXT)
    assert port.fate("") is Fate.DELIVERED
