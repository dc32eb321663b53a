"""Text messages by Twilio's message resource (2010-04-01); written from its public pages.

It has no idempotency key, so nothing is sent again before its list was asked.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.domain.message_port import (
    Fate,
    IncomingText,
    OutgoingText,
    RefusedMessageError,
)
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx

_BASE = "https://api.twilio.com"
_MOST_PAGES = 50
_PAGE_SIZE = 200
# Twilio's error dictionary: what concerns the receiver, not our set-up.
_REFUSALS = {
    21211: "bad-address",
    21217: "bad-address",
    21610: "opted-out",
    21612: "not-reachable",
    21614: "bad-address",
    21408: "not-reachable",
}
_FATES = {
    "delivered": Fate.DELIVERED,
    "read": Fate.DELIVERED,
    "undelivered": Fate.FAILED,
    "failed": Fate.FAILED,
    "canceled": Fate.FAILED,
}


class TwilioMessages:
    """One account and the number, or messaging service, that it sends from.

    Parameters
    ----------
    account
        `AC...`.
    token
        Its secret.
    sender
        A number in E.164, or `MG...`.
    transport
        What carries the requests; None is the network.
    """

    def __init__(
        self, account: str, token: str, sender: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        basic = base64.b64encode(f"{account}:{token}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        self.client = WebClient("Twilio", _BASE, lambda: headers, transport=transport)
        self._path = f"/2010-04-01/Accounts/{account}/Messages"
        self._sender = sender

    def send(self, text: OutgoingText) -> str:
        """Send one message; see `MessagePort.send`."""
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {"To": text.address, sender: self._sender, "Body": text.body}
        answer = self.client.request("POST", f"{self._path}.json", Effect.ONCE, data=form)
        try:
            content = object_of("Twilio", answer)
            if answer.status_code < 300:
                return _text(content, "sid")
        except RehabctlError:  # somebody answered, and it may have been Twilio
            raise UncertainError(
                "Twilio did not say whether it took the message", "Run the command again"
            ) from None
        code = content.get("code")
        if code in _REFUSALS:
            raise RefusedMessageError(_REFUSALS[code])
        raise NotPermittedError(
            f"Twilio refused the message ({answer.status_code}, code {code})",
            "Compare sms_account and sms_from with its console",
        )

    def find(self, text: OutgoingText) -> str | None:
        """Return the identifier of a message with this reference, if one was taken."""
        for one in self._listed({"To": text.address}):
            if text.reference in _text(one, "body"):
                return _text(one, "sid")
        return None

    def fate(self, remote_id: str) -> Fate:
        """Return what became of a message."""
        answer = self.client.request("GET", f"{self._path}/{remote_id}.json", Effect.READ)
        if answer.status_code != 200:
            raise RehabctlError("Twilio does not know a message it took", "Look at its console")
        status = _text(object_of("Twilio", answer), "status")
        return _FATES.get(status, Fate.PENDING)

    def received(self) -> list[IncomingText]:
        """Return what receivers wrote, each once, oldest first."""
        found: dict[str, IncomingText] = {}
        wanted = {} if self._sender.startswith("MG") else {"To": self._sender}
        for one in self._listed(wanted):
            if one.get("direction") != "inbound":
                continue
            sid = _text(one, "sid")
            moment = _moment(_text(one, "date_sent"))
            found[sid] = IncomingText(sid, _text(one, "from"), _text(one, "body"), moment)
        return sorted(found.values(), key=lambda one: (one.sent_at, one.remote_id))

    def check(self) -> None:
        """Ask for the newest message, so that a wrong account or secret shows.

        Raises
        ------
        RehabctlError
            Twilio does not answer as it should.
        """
        next(self._listed({}, 1), None)

    def _listed(self, wanted: dict[str, str], size: int = _PAGE_SIZE) -> Iterator[dict[str, Any]]:
        """Yield messages, newest first; pages of another place are not followed."""
        address = f"{self._path}.json"
        content: dict[str, Any] = {"params": wanted | {"PageSize": str(size)}}
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self.client.request("GET", address, Effect.READ, **content)
            page = object_of("Twilio", answer)
            messages = page.get("messages")
            if answer.status_code != 200 or not isinstance(messages, list):
                raise RehabctlError("the list of Twilio is not as documented", "Report it to them")
            for one in cast("list[Any]", messages):
                if not isinstance(one, dict):
                    raise RehabctlError(
                        "the list of Twilio is not as documented", "Report it to them"
                    )
                yield cast("dict[str, Any]", one)
            following = page.get("next_page_uri")
            if following is None:
                return
            if (
                not isinstance(following, str)
                or not following.startswith(f"{self._path}.json?")
                or following in seen
            ):
                break
            seen.add(following)
            address, content = following, {}
        raise RehabctlError("the list of Twilio has no right end", "Report it to them")


def _text(one: dict[str, Any], name: str) -> str:
    value = one.get(name)
    if not isinstance(value, str):
        raise RehabctlError(f"a message of Twilio has no {name}", "Report it to them")
    return value


def _moment(text: str) -> datetime:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise RehabctlError("a message of Twilio has no time", "Report it to them") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
