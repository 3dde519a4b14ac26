"""The sink of webhooks: what it takes, and what it refuses."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import cast

import pytest

from portero_server.errors import InvalidInput
from portero_server.events.relay_ports import Sender
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.events.sinks import CheckedDestination, Destination
from portero_server.events.webhook import Endpoint
from portero_server.events.webhook_sink import WebhookSink
from portero_server.vault.sealing import SecretSeal
from tests.support.store.subscriptions import new_subscription


def _sink() -> WebhookSink:
    endpoints = SealedEndpoints(SecretSeal((b"k" * 32,)), EndpointRules((), 10.0))
    return WebhookSink(endpoints, lambda endpoint: cast("AbstractAsyncContextManager[Sender]", endpoint))


async def test_a_webhook_shows_its_origin_alone() -> None:
    """The whole URL is what is sealed."""
    url = "https://hooks.example:8443/T0K3N"
    assert await _sink().checked(Destination((url,))) == CheckedDestination(url, "https://hooks.example:8443")


@pytest.mark.parametrize(
    "urls", [(), ("https://a.example", "https://b.example"), ("https://10.0.0.1/",), ("http://a.example",)]
)
async def test_a_webhook_has_one_url_that_may_be_sent_to(urls: tuple[str, ...]) -> None:
    """Two, none, a private address and one without encryption are refused."""
    with pytest.raises(InvalidInput, match=r"subscription\.webhook\.url"):
        await _sink().checked(Destination(urls))


def test_what_was_sealed_is_sent_to() -> None:
    """With the secrets that sign now."""
    endpoints = SealedEndpoints(SecretSeal((b"k" * 32,)), EndpointRules((), 10.0))
    made: list[Endpoint] = []

    def sender_of(endpoint: Endpoint) -> AbstractAsyncContextManager[Sender]:
        made.append(endpoint)
        return cast("AbstractAsyncContextManager[Sender]", endpoint)

    sealed, digest = endpoints.sealed_url("s1", "https://hooks.example/T0K3N")
    secret, _ = endpoints.new_secret("s1")
    WebhookSink(endpoints, sender_of).sender(
        replace(new_subscription(), url=sealed, endpoint=digest, secrets=(secret,))
    )
    assert [(each.url, len(each.secrets)) for each in made] == [("https://hooks.example/T0K3N", 1)]
