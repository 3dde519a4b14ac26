"""Authenticates and authorizes calls, and rechecks the credentials of open streams."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from portero_server.access.authenticator import Authenticator, Credentials, public_part
from portero_server.access.authorized_cameras import AuthorizedCameras, Sites
from portero_server.access.limits import Limits, LimitSubject
from portero_server.domain.access.identities import NOTHING, AuthMethod
from portero_server.errors import PermissionDenied, Unauthenticated, Unavailable
from portero_server.rpc.auth.caller import AccessObserver, Caller
from portero_server.rpc.auth.peers import peer_of
from portero_server.rpc.auth.policy import ACCESS, OPEN
from portero_server.rpc.requests import Context

_RECHECK = 5.0
"""Seconds between two checks of an open stream's credential. A key's revocation is known at most five seconds
after it (`KeyPolicy.remembered`), so that a stream is cut within ten, and fifteen are promised."""

_BEARER = "bearer "
_MAX_BEARER = 16 * 1024


class AuthInterceptor:
    """Admits calls of authenticated and authorized callers; raises an error for all others."""

    def __init__(
        self,
        authenticator: Authenticator,
        sites: Sites,
        limits: Limits,
        observer: AccessObserver,
        recheck: float = _RECHECK,
    ) -> None:
        self._authenticator = authenticator
        self._sites = sites
        self._limits = limits
        self._observer = observer
        self._recheck = recheck

    async def authenticate(self, method: str, context: Context) -> Caller:
        """Returns the authenticated caller.

        Args:
            method: "package.Service/Method".
            context: Context of the call.

        Raises:
            Unauthenticated: No valid credential was presented.
            LimitReached: Too many connections, or too many tokens of its address wait to be verified.
            Unavailable: It cannot be checked now.
        """
        peer, connection = peer_of(context), context.peer()
        shown = Credentials(bearer_in(_authorization(context)), peer.certificate, peer.address)
        try:
            caller = await self.identify(method, peer.address, shown)
        except Unauthenticated:
            self._limits.stranger(connection, peer.address)
            raise
        who = limit_subject(caller)
        if not who.exempt:
            self._limits.connected(connection, who.subject)
        return caller

    async def identify(self, method: str, address: str, shown: Credentials) -> Caller:
        """Does what `authenticate` does, for a known connection and credentials.

        Every credential is verified, however many from the same address failed before, so that an attacker cannot lock
        out others. The store handles one query for keys at a time, and unknown tokens are verified in turns.
        """
        try:
            identity = await self._authenticator.identify(shown)
        except Unauthenticated as refusal:
            if shown.bearer is not None or shown.certificate is not None:
                wait = max(refusal.retry_after or 0.0, self._limits.login_failed(address))
                refusal.retry_after = wait or None
            self._observer.failed_login(address, method, refusal.reason, public_part(shown))
            raise
        row = ACCESS.get(method)
        scope = NOTHING if row is None else identity.scope_of(row.roles)
        return Caller(identity, address, AuthorizedCameras(scope, self._sites))

    async def authorize(self, method: str, caller: Caller) -> None:
        """Raises an error unless the caller's roles allow the method.

        Raises:
            PermissionDenied: None of the caller's roles may, or nobody may.
            StoreUnavailable: The cameras of its sites cannot be looked up.
        """
        row = ACCESS.get(method)
        if row is None or not caller.identity.roles & row.roles:
            raise PermissionDenied(f"none of your roles may call {method}", reason="ROLE_MISSING")
        await caller.authorized.refresh()

    async def check(self, method: str, caller: Caller, request: Any) -> None:
        """Raises an error unless a request concerns only cameras that the caller is authorized for.

        Raises:
            PermissionDenied: The caller is not authorized for a camera in it.
            InvalidInput: A camera name in it is malformed.
            StoreUnavailable: The authorization cannot be checked now.
        """
        row = ACCESS.get(method)
        if row is not None:
            await row.cameras.check(request, caller.authorized)

    def denied(self, method: str, caller: Caller, refusal: PermissionDenied) -> None:
        """Reports a refused call to the observer."""
        self._observer.denied(caller, method, refusal.reason, refusal.resource)

    @contextmanager
    def counted(self, caller: Caller, *, stream: bool) -> Iterator[None]:
        """Counts the call against the caller's limits while it is served. Raises LimitReached."""
        who = limit_subject(caller)
        if not stream:
            self._limits.request(who)
            yield
            return
        with self._limits.stream(who):
            yield

    @asynccontextmanager
    async def watched(self, caller: Caller) -> AsyncIterator[None]:
        """Rechecks the caller's credential while a stream is served, and cancels the stream once it is invalid.

        Raises:
            Unauthenticated: The credential was revoked or has expired; the stream was canceled for that.
        """
        if caller.identity.method is AuthMethod.NONE:
            yield
            return
        serving = asyncio.current_task()
        assert serving is not None, "a call is served by a task"  # noqa: S101 - holds wherever `async with` runs
        void: list[Exception] = []

        async def watch() -> None:
            while True:
                await asyncio.sleep(self._recheck)
                try:
                    await self._authenticator.recheck(caller.identity)
                    await caller.authorized.refresh()
                except Unavailable:
                    # Without the database the key cannot be checked; meanwhile the stream can neither commit nor report
                    # anything.
                    continue
                except Exception as error:  # noqa: BLE001 - a watch that fails must not leave a stream unwatched
                    void.append(error)
                    serving.cancel()
                    return

        watching = asyncio.create_task(watch())
        try:
            yield
        except BaseException:
            if void:
                serving.uncancel()
                raise void[0] from None
            raise
        finally:
            watching.cancel()


def limit_subject(caller: Caller) -> LimitSubject:
    """Returns the key that rate limits apply to. The local admin on loopback is exempt."""
    return LimitSubject(
        caller.identity.subject,
        caller.peer,
        caller.identity.method is AuthMethod.NONE and is_local_address(caller.peer),
    )


def is_open(method: str) -> bool:
    """Whether the method may be called without credentials."""
    return method in OPEN


def bearer_in(authorization: str | None) -> str | None:
    """Returns the token of "Bearer TOKEN"; None for a missing header, empty for any other form or more than 16 KiB."""
    if authorization is None:
        return None
    if authorization[: len(_BEARER)].lower() != _BEARER or len(authorization) > _MAX_BEARER:
        return ""
    return authorization[len(_BEARER) :].strip()


def is_local_address(address: str) -> bool:
    """Whether an address belongs to this machine."""
    if address == "local":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _authorization(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization":
            return value.decode("latin-1") if isinstance(value, bytes) else value
    return None
