"""The sink of webhooks: messages signed, as Standard Webhooks has it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from portero_server.domain.events.subscriptions import MOST_CONCURRENT, checked_url, origin_of
from portero_server.events.relay_ports import Sender
from portero_server.events.sealed_endpoints import SealedEndpoints, SenderOf
from portero_server.events.sinks import CheckedDestination, Destination, one_url
from portero_server.store.subscriptions import SealedSubscription


class WebhookSink:
    """Checks URLs of webhooks, and sends to them."""

    concurrency = 8
    most_concurrent = MOST_CONCURRENT
    turns = None
    signs = True

    def __init__(self, endpoints: SealedEndpoints, sender_of: SenderOf) -> None:
        """Creates the sink.

        Args:
            endpoints: Knows where nothing may be sent, and opens what is sealed.
            sender_of: Makes what sends to an endpoint.
        """
        self._endpoints = endpoints
        self._sender_of = sender_of

    async def checked(self, asked: Destination) -> CheckedDestination:
        """Returns the URL, checked. Raises InvalidInput."""
        url = checked_url(one_url(asked.urls), plaintext=self._endpoints.plaintext_allowed)
        self._endpoints.check_host(url)
        return CheckedDestination(url, origin_of(url))

    def sender(self, sealed: SealedSubscription) -> AbstractAsyncContextManager[Sender]:
        """Returns what sends to a subscription. Raises FailedPrecondition."""
        return self._sender_of(self._endpoints.opened(sealed))
