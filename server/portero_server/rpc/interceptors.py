"""Code around every RPC: admission, authentication, request id, errors turned into statuses, and metrics."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import partial
from typing import Any, Protocol, cast
from uuid import uuid4

import grpc
import structlog
from google.protobuf.message import DecodeError

from portero_server import errors
from portero_server.clock import Clock
from portero_server.domain.access.identities import AuthMethod
from portero_server.rpc.admission import CallAdmission, Place
from portero_server.rpc.auth.caller import calling, peer_address
from portero_server.rpc.auth.interceptor import AuthInterceptor, is_open, limit_subject
from portero_server.rpc.call_audit import CallAudit
from portero_server.rpc.patience import FirstMessage, Late, in_time
from portero_server.rpc.requests import CALL_NOTES, Context
from portero_server.rpc.status import code_of, interrupted, status_of, unknown_fault

_log = structlog.get_logger(__name__)

Check = Callable[[object], Awaitable[None]]
"""Checks a request before its handler runs; raises an error to refuse it."""

Recording = Callable[[object, Callable[[], Any]], Awaitable[Any]]
"""Serves a unary call, given its request and handler, and records it in the audit trail."""

Surround = Callable[[object], AbstractAsyncContextManager[None]]
"""Surrounds the answers to the one request of a server stream, which it records in the audit trail."""

_OUR_FAULTS = (errors.Unavailable, errors.EngineError)


class RpcObserver(Protocol):
    """Receives the results of calls, for metrics.

    `kind` is "unary", "server_stream", "client_stream" or "bidi_stream".
    """

    def rpc_known(self, service: str, method: str, kind: str) -> None:
        """The server offers this method."""
        ...

    def rpc_begun(self, service: str, method: str, kind: str) -> None:
        """A call of a known method started."""
        ...

    def rpc_ended(self, service: str, method: str, kind: str, code: str, seconds: float) -> None:
        """A call ended after `seconds` with this status code ("OK", "NOT_FOUND", …)."""
        ...

    def call_refused(self, reason: str) -> None:
        """Admission refused or ended a call for this reason, one of `telemetry.rpc_metrics.CALL_REFUSALS`."""
        ...


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Serves every call through the same wrapper, whatever its kind.

    Every handler is presented to gRPC as bidirectional streaming, which is the same on the wire. So unary calls too are
    admitted before their message is read, the message has a time limit, a malformed one gets a proper status, and a
    handler's generator is closed in the call's own task.
    """

    def __init__(
        self,
        admission: CallAdmission,
        auth: AuthInterceptor,
        observer: RpcObserver,
        clock: Clock,
        audit: CallAudit | None = None,
    ) -> None:
        self._auth = auth
        self._admission = admission
        self._observer = observer
        self._clock = clock
        self._audit = audit

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the method's handler; an unknown method is left to gRPC, which answers UNIMPLEMENTED."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method.lstrip("/")

        async def serve(requests: object, context: Context) -> None:
            await self._observed(method, handler, requests, context)

        # The stubs know only the synchronous form of this function.
        return grpc.stream_stream_rpc_method_handler(
            cast("Any", serve), handler.request_deserializer, handler.response_serializer
        )

    async def _observed(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any], requests: object, context: Context
    ) -> None:
        service, _, name = method.partition("/")
        kind = kind_of(requests=handler.request_streaming, responses=handler.response_streaming)
        outcome = _Outcome()
        started = self._clock.monotonic()
        self._observer.rpc_begun(service, name, kind)
        try:
            await self._guarded(method, handler, requests, context, outcome)
        finally:
            self._observer.rpc_ended(service, name, kind, outcome.code.name, self._clock.monotonic() - started)

    async def _guarded(
        self,
        method: str,
        handler: grpc.RpcMethodHandler[Any, Any],
        requests: object,
        context: Context,
        outcome: _Outcome,
    ) -> None:
        request_id = uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id, method=method)
        peer, task = context.peer(), asyncio.current_task()
        assert task is not None, "a call is served by a task"  # noqa: S101 - holds wherever `await` runs
        try:
            with self._admission.admit(method, peer, peer_address(peer), task.cancel) as place:
                serving = (
                    self._answered(handler, requests, context, place)
                    if is_open(method)
                    else self._entered(method, handler, requests, context, place)
                )
                # No client needs such a call for long, and only the client would end it.
                await (in_time(serving, self._admission.limits.long_life, self._too_long) if place.long else serving)
        except grpc.aio.AbortError:
            outcome.code = context.code()
            raise
        except asyncio.CancelledError as error:
            if _cancelled_by_client():
                over = context.time_remaining() == 0
                outcome.code = grpc.StatusCode.DEADLINE_EXCEEDED if over else grpc.StatusCode.CANCELLED
                raise
            # Server code canceled something this call awaited. If the cancellation were passed on, the client would get
            # no answer.
            _log.error("rpc_interrupted", stack=_stack(error))
            _let_go(error)
            await self._abort(context, interrupted(request_id), request_id, outcome)
        except Exception as error:
            if _lost_connection(error):
                outcome.code = grpc.StatusCode.CANCELLED
                raise
            told = _for_caller(error, request_id)
            _let_go(error)
            await self._abort(context, told, request_id, outcome)

    async def _entered(
        self, method: str, handler: grpc.RpcMethodHandler[Any, Any], requests: object, context: Context, place: Place
    ) -> None:
        auth = self._auth
        caller = await auth.authenticate(method, context)
        structlog.contextvars.bind_contextvars(caller=caller.identity.subject)
        if (notes := CALL_NOTES.get()) is not None:
            notes.identified("" if caller.identity.method is AuthMethod.NONE else caller.identity.subject)
        stream = bool(handler.request_streaming or handler.response_streaming)
        try:
            await auth.authorize(method, caller)
            with auth.counted(caller, stream=stream), calling(caller):
                # Streams have a limit of their own.
                place.owned(caller.identity.subject, counted=not stream and not limit_subject(caller).exempt)
                check = partial(auth.check, method, caller)
                if stream:
                    surround = None if self._audit is None else partial(self._audit.streaming, method)
                    async with auth.watched(caller):
                        await self._answered(handler, requests, context, place, check, surround=surround)
                else:
                    audit = None if self._audit is None else partial(self._audit.recorded, method)
                    await self._answered(handler, requests, context, place, check, audit)
        except errors.PermissionDenied as refusal:
            auth.denied(method, caller, refusal)
            raise

    async def _answered(
        self,
        handler: grpc.RpcMethodHandler[Any, Any],
        requests: Any,
        context: Context,
        place: Place,
        check: Check | None = None,
        audit: Recording | None = None,
        surround: Surround | None = None,
    ) -> None:
        limits = self._admission.limits
        silent = self._late("NO_MESSAGE_IN_TIME", f"no message came within {limits.first_message:g} s")
        if handler.request_streaming:
            request: Any = FirstMessage(requests, limits.first_message, silent, place.begin)
        else:
            request = await in_time(context.read(), limits.first_message, silent)
            if request is grpc.aio.EOF:
                raise errors.InvalidInput("request", "the call carries no message", reason="NO_MESSAGE")
            place.begin()
            if check is not None:
                await check(request)
        behavior = _behavior(handler)
        if audit is not None:
            # Only unary calls come with one.
            await self._write(await audit(request, partial(behavior, request, context)), context)
            return
        answer: Any = behavior(request, context)
        if not handler.response_streaming:
            await self._write(await answer, context)
        elif inspect.isawaitable(answer):
            await answer
        else:
            # Closing here, and not when the collector finds it, runs the generator's clean-up before the call ends.
            async with surround(request) if surround else nullcontext(), aclosing(answer) as responses:
                async for response in responses:
                    await context.write(response)

    async def _write(self, answer: object, context: Context) -> None:
        """Sends the response of a unary call within a time limit.

        A client that does not read must not hold the call's place.
        """
        seconds = self._admission.limits.answer
        late = self._late("ANSWER_NOT_TAKEN", f"the answer was not taken within {seconds:g} s")
        await in_time(context.write(answer), seconds, late)

    def _too_long(self) -> errors.PorteroError:
        self._admission.ended("CALL_TOO_LONG")
        return errors.LimitReached(
            "the call lasted long enough; begin another", retry_after=1.0, reason="CALL_TOO_LONG"
        )

    def _late(self, reason: str, message: str) -> Late:
        def late() -> errors.PorteroError:
            self._admission.ended(reason)
            return errors.TooSlow(message, reason=reason)

        return late

    async def _abort(self, context: Context, error: errors.PorteroError, request_id: str, outcome: _Outcome) -> None:
        outcome.code = code_of(error)
        if (notes := CALL_NOTES.get()) is not None:
            notes.reason = error.reason
        try:
            async with asyncio.timeout(self._admission.limits.answer):
                await context.abort_with_status(status_of(error, request_id))
        except TimeoutError:
            # The client does not read the answer; all that is left is to drop the call.
            raise asyncio.CancelledError from None


class _Outcome:
    """The status code a call ended with."""

    __slots__ = ("code",)

    def __init__(self) -> None:
        self.code = grpc.StatusCode.OK


def _let_go(error: BaseException | None) -> None:
    """Clears the frames of a traceback, which hold decoded images: gRPC keeps the error until the collector runs."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _for_caller(error: Exception, request_id: str) -> errors.PorteroError:
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, DecodeError):
        return errors.InvalidInput("request", "the message is not one of this method's", reason="MALFORMED_MESSAGE")
    if not isinstance(error, errors.PorteroError):
        # Neither log nor client gets the exception's text: it may quote names, or a statement's parameters.
        _log.error("rpc_failed", error=type(error).__qualname__, stack=_stack(error))
        return unknown_fault(request_id)
    if isinstance(error, _OUR_FAULTS):
        _log.warning("rpc_refused", reason=error.reason)
    return error


def _behavior(handler: grpc.RpcMethodHandler[Any, Any]) -> Callable[[object, Context], object]:
    behavior = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    return cast("Callable[[object, Context], object]", behavior)


def kind_of(*, requests: bool, responses: bool) -> str:
    """Returns the kind of a method as reported to the observer, given which of its sides are streams."""
    if requests:
        return "bidi_stream" if responses else "client_stream"
    return "server_stream" if responses else "unary"


def _cancelled_by_client() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _lost_connection(error: Exception) -> bool:
    return isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError)


def _stack(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
