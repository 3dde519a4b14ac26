"""Sends messages to a webhook as Standard Webhooks has it (https://www.standardwebhooks.com): signed JSON by POST."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from standardwebhooks import Webhook

from portero_server.clock import Clock
from portero_server.domain.events.delivery import DeliveryResult, result_of
from portero_server.domain.events.message import EventMessage
from portero_server.events.guard import AddressGuard, AddressRefused, GuardedResolver, Lookup, look_up

_MOST_READ = 4096
"""Bytes of an answer that are read, so that the connection can be used again; what it says is of no use to us."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages go.

    Attributes:
        url: Checked; its host may be a name or an address.
        secrets: Keys of the signatures, the newest first; a receiver that knows one of them accepts the message.
        guard: Which addresses may be reached.
        timeout: Seconds for one message, from resolving the name to the answer.
        tls: Which certificates are accepted; None: as the system does.
    """

    url: str
    secrets: Sequence[bytes]
    guard: AddressGuard
    timeout: float
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt.

    Attributes:
        status: The HTTP status; None: there was no answer.
        problem: What went wrong, in words without the URL, which may hold a secret; empty: nothing.
    """

    result: DeliveryResult
    status: int | None = None
    problem: str = ""


class WebhookSender:
    """Sends messages over connections that are kept open; an async context manager that closes them."""

    def __init__(self, endpoint: Endpoint, clock: Clock, *, agent: str, lookup: Lookup = look_up) -> None:
        """Creates a sender.

        Args:
            endpoint: Where messages go.
            clock: Dates the signatures.
            agent: What is sent as User-Agent.
            lookup: Resolves names.
        """
        self.endpoint = endpoint
        self._clock = clock
        self._agent = agent
        self._lookup = lookup
        self._signers = [Webhook(secret) for secret in endpoint.secrets]
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Prepares connections; nothing is sent."""
        resolver = GuardedResolver(self.endpoint.guard, self._lookup)
        # Resolved for each connection: an answer that was cached would outlive a change of the name.
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, ssl=self.endpoint.tls or True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self.endpoint.timeout),
            # A small answer may inflate to gigabytes, and none is needed.
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": self._agent},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, message: EventMessage) -> Sent:
        """Sends one message, once.

        Raises:
            RuntimeError: The sender is not entered.
        """
        if self._session is None:
            raise RuntimeError("the sender is not entered")
        body = json.dumps(message.content, ensure_ascii=False, separators=(",", ":"))
        now = self._clock.now()
        headers = {
            "content-type": "application/json",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(each.sign(message.message_id, now, body) for each in self._signers),
        }
        url = self.endpoint.url
        try:
            self.endpoint.guard.check_host(url)
            # Whoever answers with a redirect could send us to an address that was not checked.
            async with self._session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as response:
                status = response.status
                await response.content.read(_MOST_READ)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Sent(DeliveryResult.FAILED, problem=_words(error, self.endpoint.timeout))
        result = result_of(status)
        return Sent(result, status, "" if result is DeliveryResult.DELIVERED else f"it answered {status}")


def _words(error: BaseException, timeout: float) -> str:
    """Returns what happened, without host or path: a URL may hold a secret, and is nobody's to log."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiohttp.InvalidURL):
        return "its URL names no host that can be asked"
    if isinstance(error, TimeoutError):
        return f"it did not answer within {timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "its certificate is not accepted"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return "it cannot be reached"
    return "its answer is not HTTP"
