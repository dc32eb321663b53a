"""A server over TLS with an authority of our own: verified in full, or refused in one line."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rehabctl import cli
from tests.contract.server import Server, start_server

pytestmark = pytest.mark.postgres

HBA = b"""local all all trust
hostssl all all 127.0.0.1/32 scram-sha-256
hostnossl all all all reject
"""
DAY = timedelta(days=1)


class Authority:
    """A certificate authority with one key, valid around the present of the operating system."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.now = datetime.now(UTC)
        authority = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = (
            self._builder(self._name, self._key.public_key(), self.now + 30 * DAY)
            .add_extension(authority, critical=True)
            .sign(self._key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 60 * DAY)
            .not_valid_after(until)
        )

    def issue(self, host: str, until: datetime) -> dict[str, bytes]:
        """Return the server's files for one host name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = (
            self._builder(subject, key.public_key(), until)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return {
            "server.crt": certificate.public_bytes(serialization.Encoding.PEM),
            "server.key": key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        }


@dataclass(frozen=True)
class Tls:
    """A running server, the authority that it trusts, and a database with an administrator."""

    server: Server
    authority: Authority
    port: int
    database: str
    folder: Path

    def present(self, files: dict[str, bytes]) -> None:
        """Have the server show another certificate."""
        self.server.configure(files)
        shown = files["server.crt"]
        deadline = time.monotonic() + 20
        while self._certificate() != shown:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _certificate(self) -> bytes:
        """Return what the server shows now: it takes up new files in its own time."""
        import ssl
        import struct

        context = ssl._create_unverified_context()  # noqa: S323 - looked at, not trusted
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            plain.sendall(struct.pack("!ii", 8, 80877103))
            assert plain.recv(1) == b"S"
            with context.wrap_socket(plain) as wrapped:
                found = wrapped.getpeercert(binary_form=True)
        assert found is not None
        return ssl.DER_cert_to_PEM_cert(found).encode()

    def address(self, options: str, login: str = "ada") -> str:
        return f"postgresql://{login}@localhost:{self.port}/{self.database}?{options}"

    @property
    def verified(self) -> str:
        passfile = self.folder / "ada.pgpass"
        return f"sslmode=verify-full&sslrootcert={self.folder / 'ca.pem'}&passfile={passfile}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    folder, authority, port = tmp_path_factory.mktemp("tls"), Authority("Test CA"), free_port()
    server = start_server(f"-c listen_addresses=127.0.0.1 -c port={port}")
    try:
        files = authority.issue("localhost", authority.now + 10 * DAY)
        settings = b"ssl = on\npassword_encryption = scram-sha-256\n"
        server.configure({**files, "pg_hba.conf": HBA, "postgresql.auto.conf": settings})
        (folder / "ca.pem").write_bytes(authority.certificate)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPORT", str(port))
            database = server.create_database()
        yield Tls(server, authority, port, database, folder)
    finally:
        server.stop()


@pytest.fixture
def run(
    tls: Tls, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command over the verified connection, with the administrator's password file."""

    def start(*argv: str, address: str | None = None) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("REHABCTL_DATABASE_URL", address or tls.address(tls.verified))
        capsys.readouterr()
        code = cli.run(list(argv))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(argv, code, said.out, said.err)

    passfile = tls.folder / "ada.pgpass"
    if not passfile.exists():
        socket_url = f"{tls.server.address(tls.database)}&port={tls.port}"
        made = start(
            *("db", "init", "--url", socket_url, "--admin", "ada", "--clinic", "Hill Street"),
            *("--password-file", str(passfile), "--format", "json"),
        )
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout)["password_file"] == str(passfile)
        assert 'password":' not in made.stdout
        assert passfile.stat().st_mode & 0o777 == 0o600

    return start


Run = Callable[..., subprocess.CompletedProcess[str]]


def refused(result: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert words in result.stderr
    assert result.stderr.startswith("rehabctl: error: ")
    assert result.stderr.count("\n") == 1


def test_a_verified_connection_carries_a_day_of_an_administrator(tls: Tls, run: Run) -> None:
    shown = json.loads(run("user", "show", "--json").stdout)
    assert (shown["login"], shown["role"]) == ("ada", "clinic_admin")
    assert shown["clinic"] == "Hill Street"
    assert shown["enforced_by"] == "the server"
    added = run("user", "add", "thea", "--role", "therapist", "--json")
    password = json.loads(added.stdout)["password"]
    passfile = tls.folder / "thea.pgpass"
    passfile.write_text(f"*:*:*:thea:{password}\n")
    passfile.chmod(0o600)
    hers = tls.address(tls.verified.replace("ada.pgpass", "thea.pgpass"), "thea")
    patient = (
        *("patient", "create", "--mrn", "1042", "--given-name", "Ana", "--family-name", "Diaz"),
        *("--birth-date", "1961-04-02", "--sex", "female", "--state", "CO"),
    )
    assert run(*patient, address=hers).returncode == 0
    refused(run("patient", "list"), 5, "the role clinic_admin may not read patients")
    tls_used = (
        "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        "WHERE usename = 'thea'"
    )
    import psycopg

    with psycopg.connect(hers) as connection:
        assert connection.execute(tls_used).fetchone() == (True, "TLSv1.3")
    listed = json.loads(run("user", "list", "--json").stdout)["items"]
    assert {item["login"]: item["patients"] for item in listed} == {"ada": 0, "thea": 1}


@pytest.mark.parametrize("mode", ["", "sslmode=require", "sslmode=verify-ca", "sslmode=disable"])
def test_less_than_full_verification_is_refused_before_any_connection(
    tls: Tls, run: Run, mode: str
) -> None:
    refused(run("db", "status", address=tls.address(mode)), 2, "a verified connection")


def test_a_password_on_the_command_line_is_refused(tls: Tls, run: Run) -> None:
    url = tls.address(tls.verified).replace("ada@", "ada:secret@")
    result = run("db", "init", "--url", url, "--admin", "eve")
    refused(result, 2, "holds a password")
    assert "secret" not in result.stderr


def test_another_authority_is_refused(tls: Tls, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("Other CA").certificate)
    address = tls.address(f"sslmode=verify-full&sslrootcert={other}")
    refused(run("db", "status", address=address), 6, "was not issued by an authority")
    missing = tls.address(f"sslmode=verify-full&sslrootcert={tmp_path / 'none.pem'}")
    refused(run("db", "status", address=missing), 6, "file of trusted authorities is missing")


def test_an_expired_certificate_and_another_host_are_refused(tls: Tls, run: Run) -> None:
    authority = tls.authority
    good = authority.issue("localhost", authority.now + 10 * DAY)
    try:
        tls.present(authority.issue("localhost", authority.now - DAY))
        refused(run("db", "status"), 6, "has expired or was not")
        tls.present(authority.issue("db.example.org", authority.now + 10 * DAY))
        refused(run("db", "status"), 6, "belongs to another host")
    finally:
        tls.present(good)
    assert run("db", "status").returncode == 0


def test_a_wrong_password_and_an_unknown_login_are_refused(
    tls: Tls, run: Run, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.pgpass"
    wrong.write_text("*:*:*:*:not-the-password\n")
    wrong.chmod(0o600)
    options = f"sslmode=verify-full&sslrootcert={tls.folder / 'ca.pem'}&passfile={wrong}"
    for login in ("ada", "nobody"):
        result = run("db", "status", address=tls.address(options, login))
        refused(result, 5, "refused the login")
        assert "not-the-password" not in result.stderr


def test_a_connection_without_tls_is_rejected_by_the_server(tls: Tls) -> None:
    import psycopg

    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(tls.address("sslmode=disable"))
