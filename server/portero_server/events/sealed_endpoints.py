"""The URLs and secrets of subscriptions: made, sealed for the database, and opened to send."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from secrets import token_bytes, token_hex

from portero_server.domain.events.addresses import Network
from portero_server.domain.events.subscriptions import is_encrypted
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.events.guard import AddressGuard, AddressRefused
from portero_server.events.relay_ports import Sender
from portero_server.events.webhook import Endpoint
from portero_server.store.subscriptions import SealedSecret, SealedSubscription
from portero_server.vault.sealing import SealBroken, SecretSeal

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_URL = "url"

SenderOf = Callable[[Endpoint], AbstractAsyncContextManager[Sender]]
"""Makes what sends to an endpoint."""


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """What the settings say of all webhooks.

    Attributes:
        networks: Private networks that may be reached, also by http.
        timeout: Seconds for one message.
        tls: Which certificates are accepted; None: as the system does.
    """

    networks: tuple[Network, ...]
    timeout: float
    tls: ssl.SSLContext | None = None


class SealedEndpoints:
    """Seals URLs and secrets with a key that is not in the database."""

    def __init__(self, seal: SecretSeal | None, rules: EndpointRules) -> None:
        """Creates it; without a seal nothing can be sealed or opened."""
        self._seal = seal
        self._rules = rules

    @property
    def plaintext_allowed(self) -> bool:
        """Whether a URL may be one of http."""
        return bool(self._rules.networks)

    def check_host(self, url: str) -> None:
        """Checks a URL's host if it is an address; a name is checked when it is resolved.

        Raises:
            InvalidInput: Nothing may be sent to it.
        """
        try:
            self._guard(url).check_host(url)
        except AddressRefused as refusal:
            field = "subscription.webhook.url"
            raise InvalidInput(field, f"{field}: {refusal}", reason="ADDRESS_REFUSED") from None

    def sealed_url(self, subscription_id: str, url: str) -> tuple[bytes, str]:
        """Returns a URL, or the lines of several, sealed, and its digest.

        Raises:
            FailedPrecondition: The settings name no key file.
        """
        sealed = self._required().seal(subscription_id, _URL, url.encode())
        return sealed, hashlib.sha256(url.encode()).hexdigest()[:32]

    def new_secret(self, subscription_id: str) -> tuple[SealedSecret, str]:
        """Returns a secret that was just made, sealed, and its text, which is stored nowhere.

        Raises:
            FailedPrecondition: The settings name no key file.
        """
        key, secret_id = token_bytes(_SECRET_BYTES), token_hex(16)
        sealed = self._required().seal(subscription_id, secret_id, key)
        return SealedSecret(secret_id, sealed), _PREFIX + base64.b64encode(key).decode()

    def opened(self, subscription: SealedSubscription) -> Endpoint:
        """Returns where a subscription sends, with the secrets that sign now.

        Raises:
            FailedPrecondition: The settings name no key file, or one without the key that sealed them.
        """
        url, keys = self.opened_text(subscription)
        return Endpoint(url, keys, self._guard(url), self._rules.timeout, self._rules.tls)

    def opened_text(self, subscription: SealedSubscription) -> tuple[str, list[bytes]]:
        """Returns what `sealed_url` sealed for a subscription, and the secrets that sign now.

        Raises:
            FailedPrecondition: As `opened`.
        """
        seal, subscription_id = self._required(), subscription.subscription.subscription_id
        try:
            url = seal.open(subscription_id, _URL, subscription.url).decode()
            keys = [seal.open(subscription_id, each.secret_id, each.sealed) for each in subscription.secrets]
        except SealBroken as broken:
            raise FailedPrecondition(
                f"the secrets of subscriptions/{subscription_id} cannot be opened: {broken.message}",
                reason=broken.reason,
            ) from None
        return url, keys

    def _guard(self, url: str) -> AddressGuard:
        return AddressGuard(self._rules.networks, public=is_encrypted(url))

    def _required(self) -> SecretSeal:
        if self._seal is None:
            raise FailedPrecondition(
                "this server keeps no secrets of subscriptions: set PORTERO_SUBSCRIPTION_KEY_FILE",
                reason="NO_SUBSCRIPTION_KEY",
            )
        return self._seal
