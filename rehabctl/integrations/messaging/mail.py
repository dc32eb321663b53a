"""E-mail by SMTP; the connection is encrypted and the server's certificate is checked, always."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, UnavailableError
from rehabctl.domain.message_port import (
    Fate,
    OutgoingText,
    RefusedMessageError,
    UnsupportedLookError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_TLS_FROM_THE_START = 465
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    sender: str
    login: str
    password: str
    port: int = 587
    """465 is encrypted from the start, every other by STARTTLS."""
    trust: ssl.SSLContext | None = None
    """Whose certificates are believed; None is the system's list."""
    timeout_s: float = _TIMEOUT_S


class SmtpMail:
    """Mail over one server. SMTP keeps no list: a message whose answer is lost is not repeated."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, text: OutgoingText) -> str:
        """Send one mail; see `MessagePort.send`."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._server.sender, text.address, text.subject
        mail["Message-ID"] = f"<{text.reference}@{self._server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text.body)
        connection = self._connected()
        try:
            _hand_over(connection, mail, self._server.sender, text.address)
        finally:
            connection.close()
        return ""

    def find(self, text: OutgoingText) -> str | None:
        """Raise: a mail server keeps no list."""
        raise UnsupportedLookError("a mail server keeps no list", "Ask the receiver")

    def fate(self, remote_id: str) -> Fate:
        """Return that it was delivered: what a mail server took is all that is known."""
        return Fate.DELIVERED

    def check(self) -> None:
        """Connect, encrypt and log in, and send nothing."""
        self._connected().close()

    def _connected(self) -> smtplib.SMTP:
        at = self._server
        trust = at.trust or ssl.create_default_context()
        made: smtplib.SMTP | None = None
        try:
            if at.port == _TLS_FROM_THE_START:
                made = smtplib.SMTP_SSL(at.host, at.port, timeout=at.timeout_s, context=trust)
            else:
                made = smtplib.SMTP(at.host, at.port, timeout=at.timeout_s)
                made.starttls(context=trust)
            if at.login:
                made.login(at.login, at.password)
        except smtplib.SMTPAuthenticationError:
            _close(made)
            raise NotPermittedError(
                "the mail server refused our password",
                "Store it again: rehabctl integration secret email-smtp",
            ) from None
        except smtplib.SMTPNotSupportedError:
            _close(made)
            raise NotPermittedError(
                "the mail server offers no encryption, or no login",
                "Nothing is sent without: use port 587 or 465 of another server",
            ) from None
        except ssl.SSLCertVerificationError:
            _close(made)
            raise NotPermittedError(
                "the certificate of the mail server does not fit its name or is not trusted",
                "Compare smtp_host with its certificate",
            ) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            _close(made)
            raise UnavailableError(
                f"the mail server cannot be reached ({type(error).__name__})", "Try again later"
            ) from None
        return made


def _hand_over(connection: smtplib.SMTP, mail: EmailMessage, sender: str, to: str) -> None:
    """Give one mail over; before its end was sent nothing was taken."""
    try:
        connection.ehlo_or_helo_if_needed()
        for code, _ in _envelope(connection, sender, to):
            if code >= 500:
                raise RefusedMessageError("bad-address")
            if code >= 400:
                raise UnavailableError(f"the mail server is busy ({code})", "Try again later")
    except (smtplib.SMTPException, OSError) as error:
        raise UnavailableError(
            f"the mail server went away ({type(error).__name__})", "Try again later"
        ) from None
    try:
        code, _ = connection.data(mail.as_bytes(policy=policy.SMTP))
    except smtplib.SMTPDataError as error:
        raise UnavailableError(
            f"the mail server takes no mail ({error.smtp_code})", "Try again later"
        ) from None
    except (smtplib.SMTPException, OSError):
        raise UncertainError(
            "the mail server did not say whether it took the mail", "Ask the receiver"
        ) from None
    if code >= 500:
        raise RefusedMessageError(f"refused-{code}")
    if code >= 400:
        raise UnavailableError(f"the mail server is busy ({code})", "Try again later")


def _envelope(connection: smtplib.SMTP, sender: str, to: str) -> Iterator[tuple[int, bytes]]:
    yield connection.mail(sender)
    yield connection.rcpt(to)


def _close(connection: smtplib.SMTP | None) -> None:
    if connection is not None:
        connection.close()
