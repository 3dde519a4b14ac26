"""Records calls in the audit trail: those of the table before they are done, refusals as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from portero_server.domain.audit.chain import Actor, AuditOutcome, Deed
from portero_server.errors import PorteroError
from portero_server.rpc.audit_table import AUDITED, NotRecorded, Recorded, resource_of, words_of
from portero_server.rpc.auth.caller import Caller, current_caller

_UNKNOWN = Recorded()


class Trail(Protocol):
    """Where deeds are told (`audit/trail.py`)."""

    async def record(self, *deeds: Deed) -> None:
        """Writes deeds, and returns when they are committed; raises when they cannot be."""
        ...

    def note(self, deed: Deed) -> None:
        """Takes a deed that is to be written soon; never waits and never fails."""
        ...


class CallAudit:
    """Keeps the trail of calls. Implements `rpc/auth/observer.AccessObserver` for those that were turned away."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    async def recorded(self, method: str, request: Any, serve: Callable[[], Awaitable[Any]]) -> Any:
        """Serves a unary call, its entry first.

        Args:
            method: "package.Service/Method".
            request: Its message.
            serve: Does it, and gives the response.

        Raises:
            Unavailable: The entry cannot be written; nothing was done.
        """
        row = AUDITED.get(method, _UNKNOWN)
        if isinstance(row, NotRecorded):
            return await serve()
        asked = Deed(
            _actor(current_caller()),
            _action(method),
            resource_of(row.resource, request),
            AuditOutcome.ASKED,
            words_of(row.details, request),
        )
        await self._trail.record(asked)
        try:
            response = await serve()
        except BaseException as error:
            # Noted, since what was not done must not wait for the trail as well.
            self._trail.note(replace(asked, outcome=AuditOutcome.FAILED, reason=_reason(error)))
            raise
        if row.made is not None:
            self._trail.note(replace(asked, outcome=AuditOutcome.DONE, resource=resource_of(row.made, response)))
        return response

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """Notes that a known caller was turned away."""
        self._trail.note(Deed(_actor(caller), _action(method), resource, AuditOutcome.DENIED, reason))

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """Notes that somebody showed no credential, or a worthless one."""
        actor = Actor("", peer, credential=credential_id)
        self._trail.note(Deed(actor, _action(method), outcome=AuditOutcome.NO_LOGIN, reason=reason))


def _actor(caller: Caller) -> Actor:
    identity = caller.identity
    return Actor(identity.subject, caller.peer, identity.method.value, identity.credential_id)


def _action(method: str) -> str:
    return method.removeprefix("portero.v1.")


def _reason(error: BaseException) -> str:
    if isinstance(error, PorteroError):
        return error.reason
    # It may have been done all the same: the caller hung up, or a part of the server gave up on the way.
    return "CANCELLED" if isinstance(error, asyncio.CancelledError) else "INTERNAL"
