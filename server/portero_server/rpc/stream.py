"""StreamFrames: the law of the messages, and the two directions of one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from portero.v1 import stream_pb2 as pb

from portero_server.access.limits import Limits, TooFast
from portero_server.domain.frames import FrameRefused, RejectionReason
from portero_server.errors import FailedPrecondition, InvalidInput, PorteroError
from portero_server.pipeline.outbox import Outbox
from portero_server.pipeline.session import Session
from portero_server.pipeline.streams import Streams
from portero_server.rpc.entrance.caller import current_caller
from portero_server.rpc.entrance.entrance import who_is
from portero_server.rpc.resource_names import parse_camera
from portero_server.rpc.stream_convert import StreamTerms, gap_reason, message_to_proto, time_of

Requests = AsyncIterator[pb.StreamFramesRequest]
Context = grpc.aio.ServicerContext[pb.StreamFramesRequest, pb.StreamFramesResponse]

_LAST_SEQUENCE = 2**63 - 1
"""What a database keeps in a signed column; a camera at 1,000 frames a second needs 292 million years for it."""


class FrameStream:
    """Serves StreamFrames calls; one call is one session."""

    def __init__(self, streams: Streams, terms: StreamTerms, limits: Limits, now: Callable[[], Any]) -> None:
        """Serves `streams` on these terms (limits and intervals told to bridges), within the limits of callers."""
        self._limits = limits
        self._streams = streams
        self._terms = terms
        self._now = now

    async def __call__(self, requests: Requests, context: Context) -> None:
        """Serves one call until the bridge finished, the stream was stopped or the bridge is gone.

        Raises:
            FailedPrecondition: The law of the first message was broken, or the camera is disabled.
            PermissionDenied: The camera is not the caller's, or no longer.
            PorteroError: Whatever ended the stream.
        """
        opening = await _opening(requests)
        camera_id = parse_camera(opening.camera, "open.camera")
        await current_caller().reach.require(camera_id)
        session = await self._streams.open(camera_id, opening.epoch)
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
            # One of the tasks ended the stream and the group cancelled the others; the caller gets the reason.
            raise errors.exceptions[0] from None

    async def _write(self, outbox: Outbox, context: Context) -> None:
        while True:
            try:
                async with asyncio.timeout(self._terms.heartbeat_interval):
                    messages = await outbox.take()
            except TimeoutError:
                await context.write(self._terms.heartbeat(self._now()))
                continue
            if not messages:
                return
            for message in messages:
                await context.write(message_to_proto(message, self._terms, self._now()))

    async def _read(self, requests: Requests, session: Session) -> None:
        caller = current_caller()
        who = who_is(caller)
        async for request in requests:
            match request.WhichOneof("message"):
                case "frame":
                    frame = request.frame
                    # The camera of a stream never changes, but whose it is may: cameras move between sites.
                    caller.reach.check(session.camera.camera_id)
                    _check_sequence(frame.sequence, "frame.sequence")
                    # protobuf copies the bytes each time they are asked for.
                    jpeg = frame.jpeg
                    too_fast = self._limits.frame(who, len(jpeg))
                    session.receive(frame.sequence, time_of(frame), jpeg, _refusal(too_fast))
                    if session.outbox.full:
                        await session.outbox.room()
                case "heartbeat":
                    session.heartbeat()
                case "gap":
                    gap = request.gap
                    _check_sequence(gap.last_sequence, "gap.last_sequence")
                    session.gap(gap.first_sequence, gap.last_sequence, gap_reason(gap.reason))
                case "finish":
                    session.finish()
                    return
                case "open":
                    raise FailedPrecondition("the stream is open already", reason="SECOND_OPEN")
                case _:
                    raise InvalidInput("message", "each message must set one of its fields", reason="EMPTY_MESSAGE")
        # A bridge that just hangs up its side, as after Drain, will send no more here: what it sent is worth finishing.
        session.hang_up()


async def _opening(requests: Requests) -> pb.OpenStream:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "open":
        raise FailedPrecondition("the first message must be an OpenStream", reason="FIRST_MESSAGE_NOT_OPEN")
    if first.open.mode == pb.DELIVERY_MODE_UNSPECIFIED:
        raise InvalidInput("open.mode", "open.mode must be LIVE or LOSSLESS")
    if len(first.open.agent) > 128:
        raise InvalidInput("open.agent", "open.agent must be at most 128 characters")
    return first.open


def _refusal(too_fast: TooFast | None) -> FrameRefused | None:
    if too_fast is None:
        return None
    message = f"more {too_fast.limit.value} a second than you may send; go on in {too_fast.wait:.1f} s"
    return FrameRefused(RejectionReason.RATE_LIMITED, message)


def _check_sequence(sequence: int, field: str) -> None:
    if sequence > _LAST_SEQUENCE:
        raise InvalidInput(field, f"{field} must be at most {_LAST_SEQUENCE}", reason="SEQUENCE_TOO_LARGE")
