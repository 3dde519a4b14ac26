"""Turns a caller's credentials into an identity; the one place that chooses between keys, tokens and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portero_server.access.key_text import PREFIX, key_id_of
from portero_server.clock import Clock
from portero_server.domain.access.identities import LOCAL_ADMIN, AuthMethod, Grant, Identity, Role, Scope
from portero_server.errors import Unauthenticated


class Certificate(Protocol):
    """A client certificate that the handshake verified; `rpc.peers.PeerCertificate` is one."""

    @property
    def bridge(self) -> str | None:
        """Name of the bridge in it ("portero://bridges/NAME"), or None."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hexadecimal."""
        ...

    @property
    def not_after(self) -> datetime:
        """When the certificate expires."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials that a caller presents.

    Attributes:
        bearer: The token in the metadata "authorization: Bearer …"; None when there is no such metadata, empty when it
            is of another form.
        certificate: Client certificate of the connection.
        address: Where they came from.
    """

    bearer: str | None = None
    certificate: Certificate | None = None
    address: str = ""


class BearerVerifier(Protocol):
    """Verifies tokens of an issuer."""

    async def identify(self, text: str, address: str) -> Identity:
        """Returns the identity that the token proves. Raises Unauthenticated."""
        ...


class KeyVerifier(Protocol):
    """Verifies API keys, and can recheck identities."""

    async def identify(self, text: str) -> Identity:
        """Returns the identity that the key proves. Raises Unauthenticated."""
        ...

    async def recheck(self, identity: Identity) -> Identity:
        """Returns the current identity. Raises Unauthenticated if the key is no longer valid."""
        ...


class Authenticator:
    """Identifies callers.

    A bearer token takes precedence over a certificate: a bridge may forward a person's request.
    """

    def __init__(
        self,
        keys: KeyVerifier,
        tokens: BearerVerifier | None,
        bridges: Mapping[str, Scope],
        clock: Clock,
        *,
        required: bool = True,
    ) -> None:
        """Creates an authenticator with its verifiers.

        Args:
            keys: Checks API keys.
            tokens: Checks tokens of the issuer; None when there is none.
            bridges: The cameras of each bridge that shows a certificate, by the name in it.
            clock: Decides what has expired.
            required: Whether a credential is required; if not, every caller is the local admin, whatever it presents.
        """
        self._keys = keys
        self._tokens = tokens
        self._bridges = bridges
        self._clock = clock
        self._required = required

    async def identify(self, shown: Credentials) -> Identity:
        """Returns the identity that the credentials prove.

        Raises:
            Unauthenticated: No credential was presented, or it is invalid.
            LimitReached: Too many tokens of its address wait to be verified.
            Unavailable: The credential cannot be checked now.
        """
        if not self._required:
            return LOCAL_ADMIN
        if shown.bearer is not None:
            return await self._bearer(shown.bearer, shown.address)
        if shown.certificate is not None:
            return self._bridge(shown.certificate)
        raise Unauthenticated(
            'show an API key or a token as metadata "authorization: Bearer …", or a client certificate',
            reason="CREDENTIALS_MISSING",
        )

    async def recheck(self, identity: Identity) -> None:
        """Raises an error unless a caller that was identified before is still valid.

        Raises:
            Unauthenticated: Its credential was revoked, or has expired.
            Unavailable: That cannot be checked now.
        """
        if identity.method is AuthMethod.KEY:
            await self._keys.recheck(identity)
        elif identity.expired(self._clock.now()):
            kind = "TOKEN" if identity.method is AuthMethod.TOKEN else "CERTIFICATE"
            raise Unauthenticated(f"the {kind.lower()} has expired", reason=f"{kind}_EXPIRED")

    async def _bearer(self, text: str, address: str) -> Identity:
        if text.startswith(f"{PREFIX}_"):
            return await self._keys.identify(text)
        if self._tokens is None or not text:
            raise Unauthenticated("the bearer is not an API key of this server's", reason="BEARER_UNKNOWN")
        return await self._tokens.identify(text, address)

    def _bridge(self, certificate: Certificate) -> Identity:
        name = certificate.bridge
        if name is None or name not in self._bridges:
            raise Unauthenticated("the certificate names no bridge that this server knows", reason="BRIDGE_UNKNOWN")
        identity = Identity(
            f"bridges/{name}",
            AuthMethod.CERTIFICATE,
            (Grant(Role.BRIDGE, self._bridges[name]),),
            certificate.not_after,
            certificate.fingerprint,
        )
        if identity.expired(self._clock.now()):
            # The handshake looked at the date once; the connection may be older than that.
            raise Unauthenticated("the certificate has expired", reason="CERTIFICATE_EXPIRED")
        return identity


def public_part(shown: Credentials) -> str:
    """Returns the part of refused credentials that may be logged: a key's id or a certificate's fingerprint."""
    if shown.bearer:
        return key_id_of(shown.bearer) or ""
    return "" if shown.certificate is None else shown.certificate.fingerprint
