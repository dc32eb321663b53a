"""The SFTP port against a real SFTP server: whole or not at all, and only to the pinned key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from fixtures.claims.sftp_server import LOGIN, PASSWORD, SftpServer, running
from rehabctl.domain.claim_port import Arrival, Outbound, PortSettings, UncertainError
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError, UsageError
from rehabctl.integrations.clearinghouse.sftp import SftpPort

NOW = datetime(2026, 4, 10, 15, tzinfo=UTC)
FILE = Outbound("CLINIC_000000001_P.837", "key-1", b"ISA*00*" * 20_000, NOW)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    with running(tmp_path / "server") as one:
        yield one


def port_of(server: SftpServer, secret: str = PASSWORD, **changes: object) -> SftpPort:
    at = PortSettings(
        "house", "sftp", "127.0.0.1", server.port, LOGIN, server.host_key, "/to", "/from"
    )
    return SftpPort(replace(at, **changes), secret)  # type: ignore[arg-type]


def sent(server: SftpServer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (server.folder / "to").iterdir()}


@pytest.mark.parametrize("by_key", [True, False])
def test_a_file_appears_whole_under_its_name(server: SftpServer, by_key: bool) -> None:
    port = port_of(server, server.private_key if by_key else PASSWORD)
    port.stage(FILE)
    assert sent(server) == {FILE.name + ".part": FILE.data}
    assert port.arrival(FILE, NOW) is Arrival.NOT_THERE
    port.release(FILE)
    assert sent(server) == {FILE.name: FILE.data}
    assert port.arrival(FILE, NOW) is Arrival.THERE
    with pytest.raises(RehabctlError, match="lies on the server already"):
        port.stage(FILE)
    (server.folder / "to" / FILE.name).unlink()  # the clearinghouse took it
    assert port.arrival(FILE, NOW) is Arrival.THERE
    (server.folder / "to" / FILE.name).write_bytes(b"something else")
    assert port.arrival(FILE, NOW) is Arrival.UNKNOWN


def test_a_cut_leaves_a_question_that_the_server_answers(server: SftpServer) -> None:
    port = port_of(server)
    server.fault = "cut-in-write"
    with pytest.raises(UnavailableError):
        port.stage(FILE)
    port.stage(FILE)  # writes the half one anew
    server.fault = "cut-before-rename"
    with pytest.raises(UncertainError, match="was handed over"):
        port.release(FILE)
    assert port.arrival(FILE, NOW) is Arrival.NOT_THERE
    port.stage(FILE)
    server.fault = "cut-after-rename"
    with pytest.raises(UncertainError):
        port.release(FILE)
    assert port.arrival(FILE, NOW) is Arrival.THERE
    assert sent(server) == {FILE.name: FILE.data}


def test_nothing_is_sent_to_another_server(server: SftpServer, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    strange = port_of(server, host_key=" ".join(other.split()[:2]))
    with pytest.raises(NotPermittedError, match="another host key"):
        strange.stage(FILE)
    with pytest.raises(UsageError, match="no public key"):
        port_of(server, host_key="ssh-ed25519 AAAA").stage(FILE)
    with pytest.raises(NotPermittedError, match="login or secret"):
        port_of(server, "wrong").stage(FILE)
    with pytest.raises(NotPermittedError, match="no private key"):
        port_of(server, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").stage(
            FILE
        )
    assert sent(server) == {}


def test_what_the_server_refuses_is_one_clear_line(server: SftpServer) -> None:
    with pytest.raises(RehabctlError, match="folder of house does not exist"):
        port_of(server, send_folder="/nowhere").stage(FILE)
    with pytest.raises(RehabctlError, match="folder of house does not exist"):
        list(port_of(server, receive_folder="/nowhere").fetch(set()))
    server.fault = "full"
    with pytest.raises(RehabctlError, match="refused the file"):
        port_of(server).stage(FILE)
    with pytest.raises(RehabctlError, match="refused to rename"):
        port_of(server).release(replace(FILE, name="never-staged.837"))
    with pytest.raises(UnavailableError, match="away"):
        port_of(server, number=1).stage(FILE)


def test_answers_are_fetched_once_and_left_as_they_are(server: SftpServer) -> None:
    folder = server.folder / "from"
    (folder / "b.835").write_bytes(b"two")
    (folder / "a.999").write_bytes(b"one")
    (folder / "c.835.part").write_bytes(b"half")
    (folder / ".hidden").write_bytes(b"no")
    (folder / "old").mkdir()
    found = list(port_of(server).fetch({"a.999:3"}))
    assert [(one.name, one.remote_id, one.data) for one in found] == [("b.835", "b.835:3", b"two")]
    (folder / "a.999").write_bytes(b"longer now")
    again = list(port_of(server).fetch({"a.999:3", "b.835:3"}))
    assert [one.remote_id for one in again] == ["a.999:10"]
    assert {path.name for path in folder.iterdir()} == {
        "a.999", "b.835", "c.835.part", ".hidden", "old",
    }  # fmt: skip
