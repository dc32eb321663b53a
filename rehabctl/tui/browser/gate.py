"""Who may reach the panel in a browser: whoever opens the link that was printed, once.

The link carries a token that works one time; the browser that used it gets a session cookie.
Requests for another host (DNS rebinding) and websockets from another origin are refused.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

SESSION_COOKIE = "rehabctl_session"
_BYTES = 32


class Gate:
    """One token, then one session, both in memory only.

    Parameters
    ----------
    public_url
        Where browsers reach the panel; its host is the only one that is answered.
    """

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._host = parts.netloc.lower()
        self.origin = f"{parts.scheme}://{self._host}"
        self.is_https = parts.scheme == "https"
        self._token: str | None = secrets.token_urlsafe(_BYTES)
        self._session: str | None = None

    @property
    def link(self) -> str:
        """The address to open; it works once."""
        return f"{self.origin}/?token={self._token}"

    def is_own_host(self, host: str | None) -> bool:
        """Return whether a request names this panel as its host."""
        return host is not None and host.lower() == self._host

    def is_own_origin(self, origin: str | None) -> bool:
        """Return whether a websocket was opened by this panel's page."""
        return origin is not None and origin.lower() == self.origin

    def redeem(self, token: str) -> str | None:
        """Return a session for the token, the first time; None for a wrong or a used one."""
        if self._token is None or not _same(token, self._token):
            return None
        self._token, self._session = None, secrets.token_urlsafe(_BYTES)
        return self._session

    def knows(self, session: str | None) -> bool:
        """Return whether a request comes from the browser that used the link."""
        return session is not None and self._session is not None and _same(session, self._session)


def _same(given: str, right: str) -> bool:
    return secrets.compare_digest(given.encode(), right.encode())
