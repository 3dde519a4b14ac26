"""Keeps one camera's stream to the server open: session after session, with the necessary repairs between."""

import asyncio

import grpc
from portero.v1 import camera_service_pb2, camera_service_pb2_grpc, recognition_service_pb2_grpc

from portero_client.errors import AlreadyExists, InvalidArgument, PorteroError
from portero_client.settings import ConnectionSettings
from portero_client.status import error_from
from portero_client.streaming.buffers.base import Buffer
from portero_client.streaming.context import StreamContext
from portero_client.streaming.delivery.terms import HangUp
from portero_client.streaming.events import CameraRegistered, EpochBegun, StreamAccount, StreamClosed
from portero_client.streaming.uplink.channel import Channels
from portero_client.streaming.uplink.reconnect import Plan, Reconnect, Remedy, SessionEnd
from portero_client.streaming.uplink.session import Session


class Uplink:
    """Opens session after session until the stream is finished.

    Args:
        context: The camera's state.
        buffer: Tells what is numbered, and renumbers it.
        connection: Where the server is.
        reconnect: Decides what follows the end of a session.
    """

    def __init__(
        self, context: StreamContext, buffer: Buffer, connection: ConnectionSettings, reconnect: Reconnect
    ) -> None:
        self._context = context
        self._buffer = buffer
        self._connection = connection
        self._reconnect = reconnect
        self._channels = Channels(connection)

    async def run(self) -> StreamAccount:
        """Streams until everything is durable after `Delivery.finish`.

        Returns:
            What became of the frames of the last session.

        Raises:
            PorteroError: The server says no, or is not there, and patience is at its end.
        """
        outcome = await self._session()
        while not isinstance(outcome, StreamAccount):
            _heed_cancellation()
            outcome = await self._recover(outcome) or await self._session()
        return outcome

    async def _recover(self, end: SessionEnd) -> SessionEnd | None:
        """Carries out the remedy and waits. Returns the error if it failed, or None."""
        context = self._context
        plan = self._reconnect.after(end, context.clock.monotonic())
        reason = end.cause.value if isinstance(end.cause, HangUp) else end.cause.message
        context.emit(StreamClosed(context.camera, reason, plan.delay, context.delivery.durable_sequence))
        await context.clock.sleep(plan.delay)
        failure = await self._remedy(plan)
        return SessionEnd(failure, opened=False, progressed=False, lived=0.0) if failure else None

    async def _remedy(self, plan: Plan) -> PorteroError | None:
        context = self._context
        if plan.remedy is Remedy.RENUMBER:
            await self._buffer.renumber()
            context.emit(EpochBegun(context.camera, context.delivery.epoch))
        elif plan.remedy is Remedy.REGISTER:
            await self._first_picture()
            failure = await self._register()
            if failure is not None:
                return failure
            context.emit(CameraRegistered(context.camera))
        return None

    async def _first_picture(self) -> None:
        """Waits for something to send: an address that is mistyped must not leave a camera at the server."""
        while not (self._buffer.numbered_through or self._context.delivery.is_finishing):
            await self._context.bell.wait()

    async def _register(self) -> PorteroError | None:
        try:
            async with self._channels.open() as channel:
                return await register_camera(channel, self._context.camera, self._connection)
        except InvalidArgument as error:
            return error

    async def _session(self) -> StreamAccount | SessionEnd:
        context, delivery = self._context, self._context.delivery
        began, durable_before = context.clock.monotonic(), delivery.durable_sequence
        renewed = self._channels.renewed if self._channels.may_be_renewed else None
        session = Session(context, self._buffer, self._connection.server, renewed)
        delivery.connecting(began)
        cause: HangUp | PorteroError
        try:
            async with self._channels.open() as channel:
                stub = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
                call = stub.StreamFrames(metadata=self._connection.metadata())
                try:
                    cause = await session.run(call)
                finally:
                    call.cancel()
        except InvalidArgument as error:
            # Certificates or a token that cannot be used now; the frames wait until they can.
            cause = error
        finally:
            delivery.disconnected()
            context.meter.stream_closed(wanted=delivery.is_done)
            context.changed()
        if session.account is not None and delivery.is_done:
            return session.account
        return SessionEnd(
            cause,
            opened=session.opened,
            progressed=delivery.durable_sequence > durable_before,
            lived=context.clock.monotonic() - began,
        )


def _heed_cancellation() -> None:
    """Raises the cancellation that gRPC swallowed.

    A read waits for the task that makes the call; if it is canceled there, it cancels that task, which ends as if
    nothing had been requested. If the call fails at that moment, only the failure is visible.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def register_camera(
    channel: grpc.aio.Channel, camera: str, connection: ConnectionSettings
) -> PorteroError | None:
    """Creates a camera with the server's defaults. Returns the error, or None."""
    request = camera_service_pb2.CreateCameraRequest(
        camera_id=camera, camera=camera_service_pb2.Camera(display_name=camera)
    )
    try:
        await camera_service_pb2_grpc.CameraServiceStub(channel).CreateCamera(
            request, timeout=connection.timeout, metadata=connection.metadata()
        )
    except grpc.aio.AioRpcError as error:
        failure = error_from(error, connection.server)
        return None if isinstance(failure, AlreadyExists) else failure
    return None
