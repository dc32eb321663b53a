"""MLLP: HL7 v2 messages over TCP, each in a frame and each answered before the next.

A frame is 0x0B, the message, 0x1C 0x0D. Frames arrive in any pieces; half a frame is dropped with
its connection, and its sender, who got no answer, sends it again.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from rehabctl.domain.connection import MllpConnection
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import NotPermittedError, UnavailableError, UsageError

START, END = b"\x0b", b"\x1c\r"
MAX_BYTES = 32 * 2**20
_BLOCK_BYTES = 1 << 16
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
Answer = Callable[[bytes], bytes]


class FrameError(ValueError):
    """A stream that holds no frames, or one that is too long."""


def address(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`.

    Parameters
    ----------
    text
        What was typed; an IPv6 address stands in brackets.

    Raises
    ------
    UsageError
        It is no address.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("the address is not HOST:PORT", "Write it like 127.0.0.1:2575")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, to which TLS adds nothing.

    Parameters
    ----------
    host
        Name or address.
    """
    return host in _LOOPBACK


def server_tls(host: str, certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return the TLS of a listener; None on this machine's own loopback.

    Parameters
    ----------
    host
        On which is listened.
    certificate, key
        PEM files.

    Raises
    ------
    NotPermittedError
        Other machines could send without TLS.
    UsageError
        The files cannot be used.
    """
    if certificate is None:
        if not is_loopback(host):
            raise NotPermittedError(
                "patient data may leave this machine's loopback over TLS only",
                "Give --tls-cert and --tls-key, or listen on 127.0.0.1",
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise UsageError(
            "the certificate or its key cannot be used", "Give two PEM files that belong together"
        ) from None
    return context


def frames(receive: Callable[[int], bytes], *, max_bytes: int = MAX_BYTES) -> Iterator[bytes]:
    """Yield the messages of a connection.

    Parameters
    ----------
    receive
        Returns some bytes, none at the end.
    max_bytes
        Longest message.

    Raises
    ------
    FrameError
        What came is no frame, or is too long: the connection cannot go on.
    """
    held = bytearray()
    while True:
        end = held.find(END)
        while end >= 0:
            frame = bytes(held[:end]).lstrip(b"\r\n")
            del held[: end + len(END)]
            if not frame.startswith(START):
                raise FrameError("no frame")
            yield frame[1:]
            end = held.find(END)
        if len(held) > max_bytes or bytes(held[:8]).lstrip(b"\r\n")[:1] not in (b"", START):
            raise FrameError("no frame, or one that is too long")
        block = receive(_BLOCK_BYTES)
        if not block:
            return
        held += block


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """Yield a socket that listens; port 0 takes a free one.

    Parameters
    ----------
    host, port
        Where.

    Raises
    ------
    UnavailableError
        The address is taken or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        server = socket.create_server((host, port), family=family, reuse_port=False)
    except OSError as error:
        raise UnavailableError(
            f"cannot listen on port {port}: {error.strerror}", "Choose another address"
        ) from None
    with server:
        yield server


def serve(
    server: socket.socket,
    answer: Answer,
    *,
    tls: ssl.SSLContext | None = None,
    timeout_s: float = 60.0,
    max_messages: int | None = None,
) -> int:
    """Answer messages, one connection after the other, so that they are taken over in their order.

    Parameters
    ----------
    server
        The listening socket.
    answer
        Returns the acknowledgement of a message; the message is safe when it returns.
    tls
        Of the connections; None is plain.
    timeout_s
        A silent connection is closed after this time, and the next is heard.
    max_messages
        Stop after so many; None goes on until interrupted.

    Returns
    -------
    int
        Messages answered.
    """
    count = 0
    while max_messages is None or count < max_messages:
        plain, _ = server.accept()
        with plain:
            plain.settimeout(timeout_s)
            try:
                with plain if tls is None else tls.wrap_socket(plain, server_side=True) as line:
                    for message in frames(line.recv):
                        answered = answer(message)
                        count += 1
                        line.sendall(START + answered + END)
                        if count == max_messages:
                            break
            except (OSError, FrameError):  # the sender went away, was silent, or speaks no MLLP
                continue
    return count


@contextmanager
def connected(host: str, port: int, *, tls: ssl.SSLContext | None) -> Generator[Answer]:
    """Yield what sends one message and returns its answer, over one connection.

    Parameters
    ----------
    host, port
        Of the receiver.
    tls
        Of the connection; None is for this machine's own loopback only.

    Raises
    ------
    NotPermittedError
        Another machine would be reached without TLS.
    UnavailableError
        The receiver is away or did not answer; whether it took a message is not known then.
    """
    if tls is None and not is_loopback(host):
        raise NotPermittedError(
            "patient data may leave this machine's loopback over TLS only", "Let TLS be used"
        )
    try:
        plain = socket.create_connection((host, port), timeout=30.0)
        with plain if tls is None else tls.wrap_socket(plain, server_hostname=host) as line:
            received = frames(line.recv)

            def ask(message: bytes) -> bytes:
                line.sendall(START + message + END)
                return next(received, b"")

            yield ask
    except (OSError, FrameError):
        raise UnavailableError("the receiver does not answer", "Send again later") from None


def send(host: str, port: int, messages: list[bytes], *, tls: ssl.SSLContext | None) -> list[bytes]:
    """Send messages one after the other and return their answers.

    Parameters
    ----------
    host, port, tls
        As for `connected`.
    messages
        What is sent.

    Raises
    ------
    NotPermittedError
        Another machine would be reached without TLS.
    UnavailableError
        The receiver is away or did not answer; what was answered before arrived.
    """
    answers: list[bytes] = []
    try:
        with connected(host, port, tls=tls) as ask:
            for message in messages:
                answer = ask(message)
                if not answer:
                    break
                answers.append(answer)
    except UnavailableError:
        pass
    if len(answers) < len(messages):
        raise UnavailableError(
            f"the receiver answered {len(answers)} of {counted(len(messages), 'message')}",
            "Send again: an answered message carries the same control id",
        )
    return answers


def client_tls(at: MllpConnection) -> ssl.SSLContext | None:
    """Return the TLS by which a receiver is reached; None on this machine's own loopback.

    Parameters
    ----------
    at
        The receiver. One on the loopback is reached by TLS where its connection names who vouches.

    Raises
    ------
    UsageError
        Its certificates cannot be used.
    """
    if is_loopback(address(at.address)[0]) and not at.ca_file:
        return None
    try:
        context = ssl.create_default_context(cafile=at.ca_file or None)
        if at.certificate:
            context.load_cert_chain(at.certificate, at.key)
    except (OSError, ssl.SSLError):
        raise UsageError(
            "the certificates of this connection cannot be used", "Correct the paths and import it"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
