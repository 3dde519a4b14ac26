"""Who a request comes from: a login, a key that it shows itself, or anybody, where the server lets anybody in."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import HTTPConnection

from portero_client import Caller, InvalidArgument, PorteroClient, Unauthenticated
from portero_console.clients import ClientPool
from portero_console.problems import Problem, login_needed
from portero_console.security.origins import SAFE_METHODS
from portero_console.security.sessions import ConsoleSession, Sessions
from portero_console.settings import ConsoleSettings

COOKIE = "portero_console"
SECURE_COOKIE = f"__Host-{COOKIE}"
CSRF_HEADER = "x-csrf-token"

_FORWARDED = ("forwarded", "x-forwarded-for")

LOCAL = "local"
"""The subject of everybody at a server that asks for no keys."""

_TRUSTED_FOR = 15.0
"""Seconds for which is remembered that the server asks for no keys."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who was let in.

    Attributes:
        client: Calls the server with the caller's own rights.
        key: The caller's key; None: nobody's.
        session: The caller's login; None: there is none.
    """

    client: PorteroClient
    key: str | None
    session: ConsoleSession | None

    @property
    def identity(self) -> str:
        """Who it is, for rates: one word a key, which is not written anywhere."""
        return self.key or ""


class Admission:
    """Decides who is let in; what they may do the server decides with every call."""

    def __init__(
        self, settings: ConsoleSettings, clients: ClientPool, sessions: Sessions, now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._sessions = sessions
        self._now = now
        # Until when it is known that the server asks for no keys.
        self._open_until = 0.0

    @asynccontextmanager
    async def admit(self, request: HTTPConnection, method: str) -> AsyncIterator[Admitted]:
        """Lets a request in. If the server no longer takes its key meanwhile, all logins of the key end.

        Raises:
            Problem: It shows no key and needs one, or a page of its login did not send it.
            PorteroError: The server does not answer.
        """
        session = self.session_of(request)
        key = _shown_key(request)
        if key is None and session is not None:
            _check_csrf(request, method, session)
            key = session.key
        elif key is not None:
            session = None
        async with self._admitted(request, key, session) as admitted:
            yield admitted

    @asynccontextmanager
    async def admit_key(self, request: HTTPConnection, key: str) -> AsyncIterator[Admitted]:
        """Admits a request by its key; cookies are ignored.

        Raises:
            Problem: The server asks for no keys, and nobody is let in by the settings.
            PorteroError: The server does not take the key, or does not answer.
        """
        async with self._admitted(request, key, None) as admitted:
            yield admitted

    def session_of(self, request: HTTPConnection) -> ConsoleSession | None:
        """Returns the login of a request, or None."""
        word = request.cookies.get(cookie_name(request))
        return None if word is None else self._sessions.find(word)

    async def log_in(self, key: str) -> tuple[ConsoleSession, Caller]:
        """Returns a new login of a key, and whose key it is.

        Raises:
            Unauthenticated: The server does not take the key.
            Problem: The server asks for no keys, and would take any.
            PorteroError: The server does not answer, or a key would reach it unprotected.
        """
        try:
            async with self._clients.lend(key) as client:
                caller = await client.keys.caller()
        except InvalidArgument as error:
            if error.reason != "MALFORMED_TOKEN":
                raise
            # What could not even be sent is a wrong key too.
            raise Unauthenticated(error.message, reason=error.reason) from None
        if caller.subject == LOCAL:
            raise _nobody_asks()
        return self._sessions.begin(key), caller

    def is_still_in(self, caller: Admitted) -> bool:
        """Returns whether the login of a caller, if it is one, still holds; to watch is to use it."""
        return caller.session is None or self._sessions.use(caller.session)

    def log_out(self, session: ConsoleSession) -> None:
        """Ends a login."""
        self._sessions.end(session)

    @asynccontextmanager
    async def _admitted(
        self, request: HTTPConnection, key: str | None, session: ConsoleSession | None
    ) -> AsyncIterator[Admitted]:
        try:
            async with self._clients.lend(key) as client:
                await self._check(client, key, is_open=self._is_open_to(request))
                yield Admitted(client, key, session)
        except Unauthenticated:
            if key is not None:
                self._sessions.end_all_of(key)
            raise

    def _is_open_to(self, request: HTTPConnection) -> bool:
        """Returns whether a server that asks for no keys is enough for a request.

        A proxy on this machine brings others in from loopback, and says so.
        """
        if self._settings.anyone_off_loopback:
            return True
        return self._settings.admits_anyone and not any(name in request.headers for name in _FORWARDED)

    async def _check(self, client: PorteroClient, key: str | None, *, is_open: bool) -> None:
        """Refuses callers without a key of their own, unless the server lets anybody in and the settings agree."""
        if is_open and key is not None:
            return
        local = self._open_until > self._now() or (await self._subject(client, key)) == LOCAL
        if not local and key is None:
            raise login_needed()
        if local and not is_open:
            raise _nobody_asks()
        if local:
            self._open_until = self._now() + _TRUSTED_FOR

    async def _subject(self, client: PorteroClient, key: str | None) -> str:
        try:
            return (await client.keys.caller()).subject
        except Unauthenticated:
            if key is None:
                raise login_needed() from None
            raise


def cookie_name(request: HTTPConnection) -> str:
    """Returns the name of the login's cookie; over TLS, one that only this very host can set."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def _shown_key(request: HTTPConnection) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _check_csrf(request: HTTPConnection, method: str, session: ConsoleSession) -> None:
    if method in SAFE_METHODS:
        return
    if not secrets.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), session.csrf.encode()):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "NO_CSRF_TOKEN",
            f"a change by a login needs the header {CSRF_HEADER} of the page; programs show their key instead "
            "(Authorization: Bearer)",
        )


def _nobody_asks() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "SERVER_WITHOUT_AUTH",
        "the server asks for no keys, so nobody is let in from other machines or through a proxy; set "
        "PORTERO_AUTH=required at the server, or PORTERO_CONSOLE_ANYONE_OFF_LOOPBACK=true here",
    )
