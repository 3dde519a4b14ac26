"""The outermost interceptor: closes connections that keep wasting short calls (reset, refused or unknown)."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, Protocol, cast

import grpc
import structlog

from portero_server.access.limits import network_of
from portero_server.clock import Clock
from portero_server.domain.access.wasted_calls import Waste, WastedCalls, WastePolicy, waste_of
from portero_server.rpc.auth.caller import peer_address
from portero_server.rpc.auth.interceptor import is_open
from portero_server.rpc.connections import Place, place_of, shut_down
from portero_server.rpc.requests import CALL_NOTES, CallNotes, Context

_log = structlog.get_logger(__name__)

_SHORT = 1.0
"""Longest duration of a wasted call, seconds. A longer call is not part of a flood; it may be a stream whose client
left."""

_PAUSES = 20
"""Searching for connections takes at most this fraction (one part in this number) of the time."""

_LINGER = 0.2
"""Seconds for which calls of a connection that was closed may still come out of gRPC. The client's port may then be the
next client's."""

Shut = Callable[[Collection[Place], Collection[int]], int]


class FloodObserver(Protocol):
    """Receives wasted calls and closed connections, for metrics."""

    def call_wasted(self, waste: Waste) -> None:
        """A short call ended without a result."""
        ...

    def connections_closed(self, count: int) -> None:
        """`count` connections were closed for wasting calls."""
        ...


class FloodGuard(grpc.aio.ServerInterceptor):
    """Counts wasted calls by connection and closes connections that waste too many.

    It must be the first interceptor, to see calls that the others refuse and calls of unknown methods.
    """

    def __init__(self, policy: WastePolicy, observer: FloodObserver, clock: Clock, shut: Shut = shut_down) -> None:
        self._wasted = WastedCalls(policy)
        self._most = policy.most
        self._observer = observer
        self._clock = clock
        self._shut = shut
        self._ports: frozenset[int] = frozenset()
        # Peers to be closed or just closed, and until when calls from them are ignored.
        self._closed: OrderedDict[str, float] = OrderedDict()
        # By peer, whose valid credential came over it; empty: authentication is off.
        self._identified: OrderedDict[str, str] = OrderedDict()
        self._to_close: dict[Place, str] = {}
        self._scheduled = False
        self._next_search = 0.0

    def listens_on(self, ports: Collection[int]) -> None:
        """Sets the server's own ports; only connections to these are closed."""
        self._ports = frozenset(ports)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the handler, which `CallInterceptor` made a stream in both directions."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method.lstrip("/")
        serve = _unimplemented if handler is None else cast("Serve | None", handler.stream_stream)
        if serve is None:
            # Of reflection, which is not served through CallInterceptor's frame.
            return handler

        async def guarded(requests: object, context: Context) -> None:
            await self._guarded(method, serve, requests, context)

        # The stubs know only the synchronous form of this function.
        return grpc.stream_stream_rpc_method_handler(
            cast("Any", guarded),
            None if handler is None else handler.request_deserializer,
            None if handler is None else handler.response_serializer,
        )

    async def _guarded(self, method: str, serve: Serve, requests: object, context: Context) -> None:
        peer, began = context.peer(), self._clock.monotonic()
        if self._is_closed(peer, began):
            # Nobody will read the answer, so any will do.
            await context.abort(grpc.StatusCode.UNAVAILABLE)
        open_method = is_open(method)
        waste = Waste.OPEN if open_method else None
        notes = CallNotes(partial(self._remember, peer))
        CALL_NOTES.set(notes)
        try:
            await serve(requests, context)
        except grpc.aio.AbortError:
            code: grpc.StatusCode = context.code()
            if code is grpc.StatusCode.UNAUTHENTICATED:
                # Its credential expired, or a proxy has strangers on it too: their calls are not the identity's.
                self._identified.pop(peer, None)
            identified = peer in self._identified
            waste = waste_of(code.name, notes.reason, open_method=open_method, identified=identified)
            raise
        except BaseException:
            # Everything else that leaves CallInterceptor is a client that went, or canceled.
            waste = Waste.CANCELED
            raise
        finally:
            now = self._clock.monotonic()
            if waste is not None and now - began < _SHORT:
                self._count(peer, waste, now)

    def _count(self, peer: str, waste: Waste, now: float) -> None:
        self._observer.call_wasted(waste)
        # Callers with a valid credential are counted by who they are, so that nobody at their address can have their
        # connections closed.
        network = network_of(peer_address(peer))
        holder = self._identified.get(peer) or network
        known = self._wasted.on_probation(holder, now)
        if self._is_closed(peer, now) or not self._wasted.count(peer, holder, now):
            return
        place = place_of(peer)
        if place is None:
            return
        if not known:
            # Rate-limited per holder, so that a flood does not fill the log as well.
            _log.warning("flood_of_calls", address=network, waste=waste.value)
        self._closed[peer] = math.inf
        if len(self._closed) > self._most:
            self._closed.popitem(last=False)
        self._to_close[place] = peer
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(max(0.0, self._next_search - now), self._close)

    def _is_closed(self, peer: str, now: float) -> bool:
        until = self._closed.get(peer)
        if until is None:
            return False
        if now < until:
            return True
        del self._closed[peer]
        return False

    def _remember(self, peer: str, subject: str) -> None:
        self._identified[peer] = subject
        self._identified.move_to_end(peer)
        if len(self._identified) > self._most:
            self._identified.popitem(last=False)

    def _close(self) -> None:
        self._scheduled = False
        closing, self._to_close = self._to_close, {}
        began = self._clock.monotonic()
        self._observer.connections_closed(self._shut(closing.keys(), self._ports))
        ended = self._clock.monotonic()
        self._closed.update((peer, ended + _LINGER) for peer in closing.values() if peer in self._closed)
        self._next_search = ended + _PAUSES * (ended - began)


Serve = Callable[[object, Context], Awaitable[None]]


async def _unimplemented(requests: object, context: Context) -> None:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
