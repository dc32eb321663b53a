"""The one way to web services: TLS, retries with jitter, and knowing what may be sent again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError

if TYPE_CHECKING:
    import httpx

_MOST_BYTES = 64 * 1024 * 1024
_ATTEMPTS = 4
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0


class Effect(StrEnum):
    """What a request does, and so whether it may be repeated when nobody answered it."""

    READ = "read"
    KEYED = "keyed"
    """Changes something once, however often it is sent with its idempotency key."""
    ONCE = "once"
    """Would do it again."""


@dataclass(slots=True)
class WebClient:
    """Requests to one service.

    A request that never arrived, or that was turned away for its rate (429), is repeated always;
    one without an answer only when its effect allows it. Bodies never reach a message.
    """

    name: str
    base: str
    headers: Callable[[], Mapping[str, str]]
    """What says who we are; asked before each attempt."""
    renew: Callable[[], bool] | None = None
    """Makes new credentials after a 401; None where there is no such thing."""
    transport: httpx.BaseTransport | None = None
    """What carries the requests; None is the network."""
    timeout_s: float = 25.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    _renewed: bool = field(default=False, init=False)

    def request(
        self, method: str, path: str, effect: Effect, *, follow: bool = False, **content: Any
    ) -> httpx.Response:
        """Send a request and return an answer that is no failure of the service.

        Parameters
        ----------
        method, path
            The path is added to the base, unless it is a whole address.
        effect
            What it does.
        follow
            Whether redirects are followed; credentials never go along to another host.
        **content
            As httpx takes it: `json`, `data`, `files`, `params`, `headers`.

        Raises
        ------
        NotPermittedError
            The credentials were refused.
        UnavailableError
            The service is away or too busy; nothing was done.
        UncertainError
            The request may have been carried out.
        """
        import httpx

        extra = dict(content.pop("headers", {}))
        address = path if "://" in path else f"{self.base}{path}"
        problem = ""
        maybe_done = False
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.sleep(self._wait(attempt, problem))
            headers = {**self.headers(), **extra}
            try:
                answer = self._once(method, address, headers, follow, content)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                problem = type(error).__name__
                continue
            except httpx.HTTPError as error:
                if effect is Effect.ONCE:
                    raise self._uncertain(type(error).__name__) from None
                problem, maybe_done = type(error).__name__, maybe_done or effect is Effect.KEYED
                continue
            status = answer.status_code
            if status == 401 and self.renew is not None and not self._renewed:
                self._renewed = self.renew()
                continue
            if status in (401, 403):
                raise NotPermittedError(
                    f"{self.name} refused our credentials ({status})",
                    "Store it again: rehabctl claim secret NAME or integration secret NAME",
                )
            if status == 429 or (status == 409 and "retry-after" in answer.headers):
                problem = f"{status}:{answer.headers.get('retry-after', '')}"
                maybe_done = maybe_done or status == 409  # the first request is still being done
                continue
            if status >= 500:
                if effect is Effect.ONCE:
                    raise self._uncertain(str(status))
                problem, maybe_done = str(status), maybe_done or effect is Effect.KEYED
                continue
            self._renewed = False
            return answer
        if maybe_done:
            raise self._uncertain(problem)
        raise UnavailableError(
            f"{self.name} does not answer as it should ({problem.rstrip(':')})", "Try again later"
        )

    def _once(
        self, method: str, address: str, headers: Mapping[str, str], follow: bool, content: Any
    ) -> httpx.Response:  # fmt: skip
        import httpx

        with (
            httpx.Client(
                transport=self.transport, timeout=self.timeout_s, follow_redirects=follow
            ) as client,
            client.stream(method, address, headers=headers, **content) as answer,
        ):
            chunks: list[bytes] = []
            size = 0
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > _MOST_BYTES:
                    raise RehabctlError(
                        f"the answer of {self.name} is larger than 64 MB", "Report it to them"
                    )
                chunks.append(chunk)
            whole = {"content-type": answer.headers.get("content-type", "")}
            for name in ("retry-after", "location"):
                if name in answer.headers:
                    whole[name] = answer.headers[name]
            return httpx.Response(answer.status_code, headers=whole, content=b"".join(chunks))

    def _wait(self, attempt: int, problem: str) -> float:
        """Return how long to wait: what the service asks for, else twice as long each time."""
        _, _, told = problem.partition(":")
        if told.isdecimal():
            if int(told) > _LONGEST_WAIT_S:
                raise UnavailableError(
                    f"{self.name} asks us to wait {told} seconds", "Run the command again then"
                )
            return float(told)
        return _FIRST_WAIT_S * 2 ** (attempt - 1) * (0.5 + self.jitter())

    def _uncertain(self, why: str) -> UncertainError:
        return UncertainError(
            f"{self.name} did not say whether it took the request ({why})", "Run the command again"
        )


def object_of(name: str, answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises
    ------
    RehabctlError
        It holds none.
    """
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RehabctlError(f"the answer of {name} is not as documented", "Report it to them")
    return value  # pyright: ignore[reportUnknownVariableType]
