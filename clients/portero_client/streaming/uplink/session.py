"""One open stream of one camera."""

import asyncio
from collections.abc import Callable

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import stream_pb2

from portero_client.errors import PorteroError, Unavailable
from portero_client.status import error_from
from portero_client.streaming.buffers.base import Buffer
from portero_client.streaming.context import StreamContext
from portero_client.streaming.delivery.terms import HangUp, Sign
from portero_client.streaming.events import Directed, FrameRefused, StreamAccount, StreamFinished, StreamOpened
from portero_client.streaming.frames import Frame
from portero_client.streaming.uplink.ending import Ending
from portero_client.streaming.uplink.wire import credit_from, event_from, request_of, terms_from

Call = grpc.aio.StreamStreamCall[stream_pb2.StreamFramesRequest, stream_pb2.StreamFramesResponse]
"""The stream as gRPC gives it."""

# Seconds between looks at the certificates' files.
_RENEWAL_INTERVAL = 5.0
# Seconds that the server has for its status after its last message.
_LAST_WORD = 1.0


class Session:
    """Transfers messages between a call and the delivery.

    Three tasks: the reader (`run` itself), the writer, and a watch that ends the call when a watchdog expires, because
    flow control may block the writer. A read never has a timeout: canceling it would cancel the call.

    Args:
        context: The camera's state; `Delivery.connecting` was called.
        buffer: Tells what is numbered.
        server: The server's address, for messages.
        renewed: Says whether certificates were renewed since the call's channel was opened; None: they never are.
    """

    def __init__(
        self, context: StreamContext, buffer: Buffer, server: str, renewed: Callable[[], bool] | None = None
    ) -> None:
        self._context = context
        self._delivery = context.delivery
        self._buffer = buffer
        self._server = server
        self._renewed = renewed
        # When the server sent the Heartbeat that is to be answered, by its clock.
        self._unanswered: Timestamp | None = None
        self.opened = False
        self.account: StreamAccount | None = None

    async def run(self, call: Call) -> HangUp | PorteroError:
        """Streams until the call ends.

        Returns:
            Why it ended; if the stream was finished (`account` is set), this means nothing.
        """
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(self._write(call)), tasks.create_task(self._watch(call))]
            if self._renewed is not None:
                others.append(tasks.create_task(self._follow_renewals(self._renewed, call)))
            try:
                return await self._read(call)
            finally:
                for task in others:
                    task.cancel()

    async def _read(self, call: Call) -> HangUp | PorteroError:
        ending = Ending(call)
        try:
            while isinstance(message := await call.read(), stream_pb2.StreamFramesResponse):
                self._take(message)
                self._context.changed()
                if self._delivery.is_done:
                    # Let the server say its OK, so that its log does not tell of a client that ran away.
                    async with asyncio.timeout(_LAST_WORD):
                        await call.code()
                    break
                if self._delivery.hang_up is not None:
                    break
        except grpc.aio.AioRpcError as error:
            told = ending.instead_of(error)
            if told is not None:
                return self._delivery.hang_up or error_from(told, self._server)
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            # The watch canceled the call, or somebody canceled this task.
            task = asyncio.current_task()
            if self._delivery.hang_up is None or (task is not None and task.cancelling()):
                raise
        return self._delivery.hang_up or Unavailable("the server ended the stream")

    async def _write(self, call: Call) -> None:
        context, delivery = self._context, self._delivery
        while True:
            now = context.clock.monotonic()
            action = delivery.next_action(now)
            if action is None:
                await context.bell.wait(delivery.wake_at(now) - now)
                continue
            request = request_of(
                action,
                camera=context.camera,
                agent=context.agent,
                epoch=delivery.epoch,
                mode=delivery.mode,
                clock=context.clock,
                answered=self._unanswered,
            )
            if action is Sign.HEARTBEAT:
                self._unanswered = None
            try:
                await call.write(request)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                # The call is over; the reader learns why.
                return
            if isinstance(action, Frame):
                context.meter.frame_sent(len(action.jpeg))
            # What was sent may have woken a watchdog, and the watch must look when it would bite.
            context.changed()

    async def _watch(self, call: Call) -> None:
        context, delivery = self._context, self._delivery
        while delivery.check(now := context.clock.monotonic()) is None:
            await context.bell.wait(delivery.wake_at(now) - now)
        call.cancel()

    async def _follow_renewals(self, renewed: Callable[[], bool], call: Call) -> None:
        """Ends the session when there are new certificates; what is not durable is sent again on the next stream."""
        while not renewed():
            await self._context.clock.sleep(_RENEWAL_INTERVAL)
        self._delivery.renewed()
        if self._delivery.hang_up is HangUp.RENEWED:
            call.cancel()

    def _take(self, message: stream_pb2.StreamFramesResponse) -> None:
        context, delivery = self._context, self._delivery
        now = context.clock.monotonic()
        delivery.heard(now)
        match message.WhichOneof("message"):
            case "opened":
                terms = terms_from(message.opened)
                delivery.opened(terms, self._buffer.numbered_through, now)
                if delivery.is_open:
                    self.opened = True
                    context.meter.stream_opened()
                    context.emit(
                        StreamOpened(
                            context.camera, terms.session, delivery.epoch, terms.durable_sequence, terms.limits
                        )
                    )
            case "ack":
                delivery.acked(message.ack.durable_sequence, credit_from(message.ack.credit), now)
            case "heartbeat":
                if message.heartbeat.HasField("send_time"):
                    self._unanswered = message.heartbeat.send_time
                    delivery.asked_for_sign()
            case "drain":
                delivery.drained()
            case "finished":
                delivery.finished(message.finished.durable_sequence, now)
        self._emit(message, now)

    def _emit(self, message: stream_pb2.StreamFramesResponse, now: float) -> None:
        """Passes an event to the camera's owner, and applies a pause; what images are wanted is its own to apply."""
        context = self._context
        event = event_from(context.camera, message)
        if isinstance(event, StreamFinished):
            if not self._delivery.is_done:
                return
            self.account = event.account
        elif isinstance(event, FrameRefused):
            context.meter.frame_rejected(event.reason)
        elif isinstance(event, Directed) and event.pause is not None:
            self._delivery.paused(event.pause, now)
        if event is not None:
            context.emit(event)
