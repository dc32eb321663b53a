"""SFTP drop folder: written as `NAME.part`, then renamed; the server's host key is pinned.

A rename is one step on the server. So when a release was cut, a `.part` that is still there was not
released, and one that is gone was.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncGenerator, Coroutine, Iterator, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rehabctl.domain.claim_port import (
    Arrival,
    Inbound,
    Outbound,
    PortSettings,
    Receipt,
    UncertainError,
)
from rehabctl.domain.errors import (
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)

if TYPE_CHECKING:
    import asyncssh

_CONNECT_TIMEOUT_S = 20
_KEEP_ALIVE_S = 15
_WHOLE_TIMEOUT_S = 120
_MOST_BYTES = 256 * 1024 * 1024
_Result = TypeVar("_Result")
_UNFINISHED = (".part", ".tmp", ".filepart", ".partial")


@dataclass(frozen=True, slots=True)
class SftpPort:
    """One account on a clearinghouse's SFTP server."""

    settings: PortSettings
    secret: str = field(repr=False)
    """A password, or a private key in PEM."""
    claims_a_file: int = 0

    def stage(self, file: Outbound) -> None:
        """Write `NAME.part` whole.

        Raises
        ------
        UnavailableError
            The server is away.
        NotPermittedError
            It shows another key, or refuses us.
        RehabctlError
            The name exists with other content.
        """
        self._run(self._stage(file))

    async def _stage(self, file: Outbound) -> None:
        async with self._session() as sftp:
            target = self._target(file)
            if await sftp.exists(target):
                raise RehabctlError(
                    f"{file.name} lies on the server already", "Ask the clearinghouse what it is"
                )
            part = f"{target}.part"
            async with sftp.open(part, "wb") as stream:
                await stream.write(file.data)
            size = (await sftp.stat(part)).size
            if size != len(file.data):
                raise UnavailableError(
                    f"the server kept {size} of {len(file.data)} bytes", "Run the command again"
                )

    def release(self, file: Outbound) -> Receipt:
        """Rename the staged file to its name."""
        self._run(self._release(file))
        return Receipt()

    async def _release(self, file: Outbound) -> None:
        import asyncssh

        target = self._target(file)
        async with self._session() as sftp:
            try:
                await sftp.rename(f"{target}.part", target)
            except (*_lost(), OSError) as error:
                raise UncertainError(
                    f"the connection was cut while {file.name} was handed over "
                    f"({type(error).__name__})",
                    "Run the command again: it looks first what became of it",
                ) from None
            except asyncssh.SFTPError:
                raise RehabctlError(
                    f"the server refused to rename {file.name}.part", "Ask the clearinghouse"
                ) from None

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Look whether the staged file is still there."""
        return self._run(self._arrival(file))

    async def _arrival(self, file: Outbound) -> Arrival:
        target = self._target(file)
        async with self._session() as sftp:
            if await sftp.exists(f"{target}.part"):
                return Arrival.NOT_THERE
            if not await sftp.exists(target):
                return Arrival.THERE  # renamed, and taken from the folder since
            if (await sftp.stat(target)).size == len(file.data):
                return Arrival.THERE
        return Arrival.UNKNOWN

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Read the files of the receiving folder that are not known; none is changed there."""
        yield from self._run(self._fetch(known))

    async def _fetch(self, known: Set[str]) -> list[Inbound]:
        found: list[Inbound] = []
        async with self._session() as sftp:
            folder = self.settings.receive_folder
            entries = [entry async for entry in sftp.scandir(folder)]
            for entry in sorted(entries, key=lambda one: str(one.filename)):
                name, size = str(entry.filename), entry.attrs.size or 0
                remote_id = f"{name}:{size}"
                unfinished = name.startswith(".") or name.endswith(_UNFINISHED)
                is_file = entry.attrs.type == 1  # FILEXFER_TYPE_REGULAR
                if not is_file or unfinished or remote_id in known or size > _MOST_BYTES:
                    continue
                path = posixpath.join(folder, name)
                async with sftp.open(path, "rb") as stream:
                    data = bytes(cast("Any", await stream.read()))
                if (await sftp.stat(path)).size == size == len(data):  # else it is being written
                    found.append(Inbound(name, remote_id, data))
        return found

    def ask(self, question: bytes) -> bytes | None:
        """Return None: questions are files here, and answers come later."""
        return None

    def _target(self, file: Outbound) -> str:
        return posixpath.join(self.settings.send_folder, file.name)

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[asyncssh.SFTPClient]:
        import asyncssh

        at = self.settings
        host = at.address if at.number == 22 else f"[{at.address}]:{at.number}"
        try:
            asyncssh.import_public_key(at.host_key)
            pinned = asyncssh.import_known_hosts(f"{host} {at.host_key}\n")
        except (asyncssh.KeyImportError, ValueError):
            raise UsageError(
                f"the host key of {at.name} is no public key", "Import it like: ssh-ed25519 AAAA..."
            ) from None
        options: dict[str, Any] = {"password": self.secret, "client_keys": None}
        if self.secret.startswith("-----BEGIN"):
            try:
                key = asyncssh.import_private_key(self.secret)
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                raise NotPermittedError(
                    f"the secret of {at.name} is no private key without passphrase",
                    f"Store another: rehabctl claim secret {at.name}",
                ) from None
            options = {"client_keys": [key], "password": None}
        async with asyncssh.connect(
            at.address, at.number, username=at.login, known_hosts=pinned, config=None,
            agent_path=None, gss_host=None, connect_timeout=_CONNECT_TIMEOUT_S,
            login_timeout=_CONNECT_TIMEOUT_S, keepalive_interval=_KEEP_ALIVE_S, **options,
        ) as connection, connection.start_sftp_client() as sftp:  # fmt: skip
            yield sftp

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        try:
            import asyncssh
        except ModuleNotFoundError:
            work.close()
            raise UnavailableError(
                "SFTP needs asyncssh", "Install it: pip install 'rehabctl[sftp]'"
            ) from None
        name = self.settings.name

        async def bounded() -> _Result:
            async with asyncio.timeout(_WHOLE_TIMEOUT_S):
                return await work

        try:
            return asyncio.run(bounded())
        except asyncssh.HostKeyNotVerifiable:
            raise NotPermittedError(
                f"the server of {name} shows another host key than the one that was imported",
                "Send nothing; ask the clearinghouse for its key",
            ) from None
        except asyncssh.PermissionDenied:
            raise NotPermittedError(
                f"the server of {name} refused login or secret",
                f"Store the secret again: rehabctl claim secret {name}",
            ) from None
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise RehabctlError(
                f"a folder of {name} does not exist on the server",
                "Correct send_folder and receive_folder",
            ) from None
        except asyncssh.SFTPPermissionDenied:
            raise NotPermittedError(
                f"the server of {name} does not let us write or read there",
                "Ask the clearinghouse for the right folders",
            ) from None
        except asyncssh.SFTPError as error:
            if isinstance(error, _lost()):
                raise _away(name, error) from None
            raise RehabctlError(
                f"the server of {name} refused the file ({type(error).__name__})",
                "Ask the clearinghouse; nothing was sent",
            ) from None
        except (asyncssh.Error, OSError) as error:
            raise _away(name, error) from None


def _away(name: str, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"the server of {name} is away ({type(error).__name__})", "Run the command again"
    )


def _lost() -> tuple[type[Exception], ...]:
    import asyncssh

    return (
        asyncssh.ConnectionLost, asyncssh.DisconnectError, asyncssh.SFTPConnectionLost,
        asyncssh.SFTPNoConnection,
    )  # fmt: skip
