"""Builds access control from the settings, and refuses settings that leave the server open by oversight."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.access.authenticator import Authenticator, Credentials
from portero_server.access.authorized_cameras import Sites
from portero_server.access.issuer_http import IssuerHttp
from portero_server.access.issuer_keys import FetchPolicy, IssuerKeys
from portero_server.access.key_service import ApiKeyService
from portero_server.access.keys import KeyRing
from portero_server.access.limits import Limits
from portero_server.access.token_checks import TokenChecks
from portero_server.access.tokens import TokenVerifier
from portero_server.clock import Clock
from portero_server.domain.access.turns import TurnPolicy
from portero_server.errors import PermissionDenied, StartupProblem
from portero_server.rpc.auth.caller import AccessObserver, Observers
from portero_server.rpc.auth.interceptor import AuthInterceptor, bearer_in, is_local_address
from portero_server.settings import Settings
from portero_server.settings.security import is_loopback
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from portero_server.store.keys import KeyStore
from portero_server.telemetry.access_metrics import AccessMetrics
from portero_server.telemetry.http import Permit


@dataclass(frozen=True, slots=True)
class AccessControl:
    """The parts that authenticate and limit callers.

    Attributes:
        auth: Asked for each call.
        ring: Checks keys; its `run` notes when they were used.
        key_service: Makes and revokes keys.
        limits: Counts callers' calls and frames.
    """

    auth: AuthInterceptor
    ring: KeyRing
    key_service: ApiKeyService
    limits: Limits

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.ring.run()]


def build(
    settings: Settings,
    database: Database,
    cameras: CameraStore,
    metrics: AccessMetrics,
    clock: Clock,
    observers: Sequence[AccessObserver] = (),
) -> AccessControl:
    """Builds access control from the settings.

    Args:
        settings: What they say.
        database: Where keys are kept.
        cameras: Where the cameras of sites are looked up.
        metrics: Counts refused callers.
        clock: Decides what has expired.
        observers: Further observers of refusals, such as the audit trail.
    """
    store = KeyStore(database)
    ring = KeyRing(store, clock)
    limits = Limits(settings.limit_policy, metrics, clock)
    authenticator = Authenticator(
        ring, _tokens(settings, metrics, clock), settings.bridge_scopes, clock, required=settings.auth == "required"
    )
    auth = AuthInterceptor(authenticator, Sites(cameras, clock), limits, Observers((metrics, *observers)))
    return AccessControl(auth, ring, ApiKeyService(store, clock), limits)


def _tokens(settings: Settings, metrics: AccessMetrics, clock: Clock) -> TokenVerifier | None:
    policy = settings.token_policy
    if policy is None:
        return None
    checks = TokenChecks(TurnPolicy(settings.limit_token_checks, settings.max_waiting_calls), metrics, clock)
    keys = IssuerKeys(IssuerHttp(policy.issuer), clock, FetchPolicy(interval=settings.oidc_keys_interval))
    return TokenVerifier(policy, keys, checks, clock)


def check_open(settings: Settings) -> None:
    """Refuses to start if the server would be open to everybody by oversight.

    Raises:
        StartupProblem: Other machines can reach the port, no credential is required, and no setting says that this is
            intended.
    """
    reached = [address for address in (settings.listen, settings.bridge_listen) if address and not is_loopback(address)]
    if settings.auth == "none" and reached and not settings.anyone_off_loopback:
        raise StartupProblem(
            f"other machines reach {reached[0]}, and everybody would be an admin: set PORTERO_AUTH=required (first "
            "key: `portero-server migrate`, then `portero-server keys create --role admin NAME`), or, in a closed "
            "network, PORTERO_ANYONE_OFF_LOOPBACK=true"
        )


def permit_metrics(auth: AuthInterceptor, settings: Settings) -> Permit:
    """Returns the check for scraping /metrics.

    From this machine anybody may scrape, as a collector beside the server does. From elsewhere, if PORTERO_AUTH is
    required, the caller needs the role metrics (or admin), presented as "Authorization: Bearer …".
    """

    async def permit(address: str, authorization: str | None) -> None:
        if settings.auth == "none" or is_local_address(address):
            return
        caller = await auth.identify("/metrics", address, Credentials(bearer_in(authorization), address=address))
        try:
            await auth.authorize("/metrics", caller)
        except PermissionDenied as refusal:
            auth.denied("/metrics", caller, refusal)
            raise

    return permit
