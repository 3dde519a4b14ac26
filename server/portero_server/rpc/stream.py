"""Serves StreamFrames: the order of messages, and the two directions of one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import grpc
from portero.v1 import stream_pb2 as pb

from portero_server.access.limits import Limits, TooFast
from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.domain.streams.messages import Ack, Directive, Heartbeat
from portero_server.errors import FailedPrecondition, InvalidInput, PorteroError
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.auth.interceptor import limit_subject
from portero_server.rpc.resource_names import parse_camera
from portero_server.rpc.stream_convert import (
    AckForm,
    StreamTerms,
    answered_time_of,
    gap_reason,
    message_to_proto,
    send_time_of,
    time_of,
)
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.registry import Streams
from portero_server.streaming.session import Session
from portero_server.streaming.stream_clock import Opening

Requests = AsyncIterator[pb.StreamFramesRequest]
Context = grpc.aio.ServicerContext[pb.StreamFramesRequest, pb.StreamFramesResponse]


class FrameStream:
    """Serves StreamFrames calls; one call is one session."""

    def __init__(
        self,
        streams: Streams,
        terms: StreamTerms,
        limits: Limits,
        now: Callable[[], Any],
        sent: Callable[[Directive], None] = lambda directive: None,
    ) -> None:
        """Creates the service of streams.

        Args:
            streams: The open streams.
            terms: Limits and intervals that bridges are told.
            limits: What each caller may send.
            now: The time, UTC.
            sent: Called with each Directive that was sent.
        """
        self._sent = sent
        self._limits = limits
        self._streams = streams
        self._terms = terms
        self._now = now

    async def __call__(self, requests: Requests, context: Context) -> None:
        """Serves one call until the bridge has finished or disconnected, or the stream was stopped.

        Raises:
            FailedPrecondition: The first message is not Open, or the camera is disabled.
            PermissionDenied: The camera is not the caller's, or no longer.
            PorteroError: Whatever ended the stream.
        """
        opening = await _opening(requests)
        camera_id = parse_camera(opening.camera, "open.camera")
        await current_caller().authorized.require(camera_id)
        how = Opening(opening.mode == pb.DELIVERY_MODE_LOSSLESS, send_time_of(opening), opening.agent)
        session = await self._streams.open(camera_id, opening.epoch, how)
        ending = "cut"
        try:
            await context.write(message_to_proto(session.opened(), self._terms, self._now()))
            await self._converse(session, requests, context)
            ending = "finished"
        except PorteroError as error:
            ending = error.reason.lower()
            raise
        finally:
            self._streams.close(session, ending)

    async def _converse(self, session: Session, requests: Requests, context: Context) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(requests, session))
                group.create_task(self._write(session.outbox, context))
                await session.run()
                reader.cancel()
        except BaseExceptionGroup as errors:
            # One task ended the stream and the group canceled the others; the caller gets the original error.
            raise errors.exceptions[0] from None

    async def _write(self, outbox: Outbox, context: Context) -> None:
        form = AckForm()
        with _Heartbeats(outbox, self._terms.heartbeat_interval):
            while messages := await outbox.take():
                for message in messages:
                    if isinstance(message, Ack):
                        # gRPC serializes the message before `write` yields, so the object may be reused.
                        await context.write(form.filled(message))
                    else:
                        await context.write(message_to_proto(message, self._terms, self._now()))
                        if isinstance(message, Directive):
                            self._sent(message)

    async def _read(self, requests: Requests, session: Session) -> None:
        caller = current_caller()
        who = limit_subject(caller)
        camera_id, outbox = session.camera.camera_id, session.outbox
        async for request in requests:
            kind = request.WhichOneof("message")
            if kind == "frame":
                frame = request.frame
                # The camera of a stream never changes, but whose it is may: cameras move between sites.
                caller.authorized.check(camera_id)
                # protobuf copies the bytes each time they are asked for.
                jpeg = frame.jpeg
                too_fast = self._limits.frame(who, len(jpeg))
                session.receive(frame.sequence, time_of(frame), jpeg, None if too_fast is None else _refusal(too_fast))
                if outbox.full:
                    await outbox.room()
            elif kind == "heartbeat":
                session.heartbeat(send_time_of(request.heartbeat), answered_time_of(request.heartbeat))
            elif kind == "gap":
                gap = request.gap
                session.gap(gap.first_sequence, gap.last_sequence, gap_reason(gap.reason))
            elif kind == "finish":
                session.finish()
                return
            elif kind == "open":
                raise FailedPrecondition("the stream is open already", reason="SECOND_OPEN")
            else:
                raise InvalidInput("message", "each message must set one of its fields", reason="EMPTY_MESSAGE")
        # A bridge that just hangs up its side, as after Drain, will send no more here: what it sent is worth finishing.
        session.hang_up()


class _Heartbeats:
    """Queues a Heartbeat each `interval` seconds: a sign of life in silence, and a question whose answer is timed."""

    def __init__(self, outbox: Outbox, interval: float) -> None:
        self._outbox = outbox
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = self._loop.call_later(self._interval, self._beat)

    def _beat(self) -> None:
        self._outbox.put(Heartbeat())
        self._wait()


async def _opening(requests: Requests) -> pb.OpenStream:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "open":
        raise FailedPrecondition("the first message must be an OpenStream", reason="FIRST_MESSAGE_NOT_OPEN")
    if first.open.mode == pb.DELIVERY_MODE_UNSPECIFIED:
        raise InvalidInput("open.mode", "open.mode must be LIVE or LOSSLESS")
    if len(first.open.agent) > 128 or not first.open.agent.isprintable():
        raise InvalidInput("open.agent", "open.agent must be at most 128 printable characters")
    return first.open


def _refusal(too_fast: TooFast) -> FrameRefused:
    message = f"more {too_fast.limit.value} a second than you may send; go on in {too_fast.wait:.1f} s"
    return FrameRefused(RejectionReason.RATE_LIMITED, message)
