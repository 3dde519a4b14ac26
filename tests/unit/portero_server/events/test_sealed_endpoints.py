"""URLs and secrets of subscriptions, sealed and opened."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import replace

import pytest

from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.vault.sealing import SecretSeal
from tests.support.store.subscriptions import new_subscription

KEY, OTHER = b"\x01" * 32, b"\x02" * 32
HERE = EndpointRules((ipaddress.ip_network("127.0.0.0/8"),), timeout=10.0)


def _endpoints(*keys: bytes, rules: EndpointRules = HERE) -> SealedEndpoints:
    return SealedEndpoints(SecretSeal(keys or (KEY,)), rules)


def test_what_was_sealed_is_opened_to_send() -> None:
    """Each secret is of 32 random bytes, written as Standard Webhooks has them."""
    endpoints = _endpoints()
    url, digest = endpoints.sealed_url("s1", "https://hooks.example/T0K3N")
    (first, text), (second, other) = endpoints.new_secret("s1"), endpoints.new_secret("s1")
    stored = replace(new_subscription("s1"), url=url, endpoint=digest, secrets=(first, second))
    opened = endpoints.opened(stored)
    keys = [base64.b64decode(each.removeprefix("whsec_")) for each in (text, other)]
    assert (opened.url, list(opened.secrets)) == ("https://hooks.example/T0K3N", keys)
    assert {len(key) for key in keys} == {32}
    assert text != other
    assert b"T0K3N" not in url
    assert all(key not in first.sealed + second.sealed for key in keys)


def test_a_key_that_was_replaced_still_opens_and_one_that_is_missing_does_not() -> None:
    """The file of keys is changed as that of the photo vault: the new one first, the old one kept."""
    url, digest = _endpoints(OTHER).sealed_url("s1", "https://hooks.example/")
    secret, _ = _endpoints(OTHER).new_secret("s1")
    stored = replace(new_subscription("s1"), url=url, endpoint=digest, secrets=(secret,))
    assert _endpoints(KEY, OTHER).opened(stored).url == "https://hooks.example/"
    with pytest.raises(FailedPrecondition, match="subscriptions/s1 cannot be opened") as caught:
        _endpoints(KEY).opened(stored)
    assert caught.value.reason == "SECRET_OF_OTHER_KEY"


def test_a_secret_in_another_ones_row_does_not_open() -> None:
    """Whoever can write to the database cannot have messages signed with a secret that they know."""
    endpoints = _endpoints()
    url, digest = endpoints.sealed_url("s1", "https://hooks.example/")
    secret, _ = endpoints.new_secret("s2")
    exchanged = replace(new_subscription("s1"), url=url, endpoint=digest, secrets=(secret,))
    with pytest.raises(FailedPrecondition) as caught:
        endpoints.opened(exchanged)
    assert caught.value.reason == "SECRET_DAMAGED"


def test_without_a_seal_nothing_is_made() -> None:
    """The message names the setting."""
    endpoints = SealedEndpoints(None, HERE)
    for make in (lambda: endpoints.sealed_url("s1", "https://h/"), lambda: endpoints.new_secret("s1")):
        with pytest.raises(FailedPrecondition, match="PORTERO_SUBSCRIPTION_KEY_FILE"):
            make()


def test_http_is_for_networks_of_the_site_alone() -> None:
    """A public address is not sent to without TLS."""
    endpoints = _endpoints()
    endpoints.check_host("http://127.0.0.1:8123/hook")
    endpoints.check_host("https://hooks.example/")
    with pytest.raises(InvalidInput, match="http is sent to no other"):
        endpoints.check_host("http://93.184.216.34/")
    assert (endpoints.plaintext_allowed, _endpoints(rules=EndpointRules((), timeout=10.0)).plaintext_allowed) == (
        True,
        False,
    )
