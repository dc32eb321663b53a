"""A PostgreSQL server of the tests' own, on a unix socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_ICU = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")
"""Sorts text by language, as servers in the field do: an order that forgets its collation shows."""


def find_binaries() -> Path | None:
    """Return the folder of `initdb`, in the path or where Debian keeps it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _memory_folder() -> Path | None:
    """Return a folder in memory with room for a server: a database a test is much writing."""
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < 1 << 29:
        return None
    return folder


class Server:
    """Started once a test process. The server refuses to run as root, so root lends it a user."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="rcpg", dir=_memory_folder()))
        self._user = self._other_user()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._data = self.folder / "data"
        self.databases = 0
        self._strategy = ""

    @staticmethod
    def _other_user() -> str | None:
        if os.geteuid() != 0:
            return None
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        return next(name for name in ("postgres", "nobody") if name in names)

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [self._binaries / program, *arguments],
            user=self._user,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stdout.decode(errors='replace')}")

    def start(self, options: str = "-c listen_addresses=") -> None:
        base = ("-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        try:
            self._run("initdb", *base, *_ICU)
            self._strategy = "STRATEGY FILE_COPY"  # twice as fast for so many small files
        except RuntimeError:  # built without ICU, or older than 15
            shutil.rmtree(self._data, ignore_errors=True)
            self._run("initdb", *base)
        fast = f"-k {self.folder} -c fsync=off -c full_page_writes=off {options}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-o", fast, "-w", "start")

    def configure(self, files: dict[str, bytes]) -> None:
        """Put files into the server's folder, for its eyes only, and have it read them."""
        for name, content in files.items():
            path = self._data / name
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)
            if self._user is not None:
                shutil.chown(path, self._user)
        self._run("pg_ctl", "-D", str(self._data), "reload")

    def stop(self) -> None:
        try:
            self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str, user: str = "postgres") -> str:
        return f"postgresql:///{database}?host={self.folder}&user={user}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        dsn = f"host={self.folder} user=postgres dbname={database}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, template: str = "template1") -> str:
        self.databases += 1
        name = f"t{self.databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def start_server(options: str = "-c listen_addresses=") -> Server:
    """Start a server; without one installed the test is skipped, or fails where CI demands it."""
    binaries = find_binaries()
    if binaries is None:
        reason = "no PostgreSQL server is installed (Debian: postgresql)"
        if os.environ.get("REHABCTL_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    server = Server(binaries)
    server.start(options)
    return server
