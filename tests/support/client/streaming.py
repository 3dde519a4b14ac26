"""Shows pictures to a server as one camera's stream, at the camera's rate and within its credit.

Not through the SDK's stream: without credit that one drops the oldest picture, as a live camera must, and keeps to
itself for how long it had none. Here every picture of a ground truth is shown, and how long it waited is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

import grpc
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_bridge.images.sampler import Sampler


class Audience(Protocol):
    """Is told what a stream sends and hears."""

    def sending(self, sequence: int, starved: float) -> None:
        """A frame is sent now, after so many seconds without credit."""
        ...

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """The server said something."""
        ...


async def show(
    channel: grpc.aio.Channel,
    camera: str,
    pictures: Iterable[bytes],
    rate: float,
    began: datetime,
    audience: Audience,
    *,
    obeys: bool = False,
) -> None:
    """Streams pictures and ends when the server has decided all of them.

    Args:
        channel: To the server.
        camera: Its id.
        pictures: JPEG files.
        rate: Frames a second.
        began: Capture time of the first one, UTC; the others follow at the rate, however late they are sent.
        audience: Is told.
        obeys: Whether pictures are left out at the server's request, as a bridge does it: before they are numbered.

    Raises:
        grpc.aio.AioRpcError: The stream was refused or cut.
    """
    call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
    opening = stream_pb2.OpenStream(camera=f"cameras/{camera}", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
    await call.write(stream_pb2.StreamFramesRequest(open=opening))
    credit = asyncio.Condition()
    granted = 0
    sampler = Sampler(None)

    async def listen() -> None:
        nonlocal granted
        while (answer := await call.read()) is not grpc.aio.EOF:
            assert isinstance(answer, stream_pb2.StreamFramesResponse)
            kind = answer.WhichOneof("message")
            if kind in ("opened", "ack"):
                async with credit:
                    granted = (answer.opened if kind == "opened" else answer.ack).credit.frames
                    credit.notify_all()
            if obeys and kind == "directive" and answer.directive.HasField("max_rate"):
                sampler.ask(answer.directive.max_rate)
            audience.heard(answer)

    async def push() -> None:
        start = time.monotonic()
        sequence = 0
        for index, jpeg in enumerate(pictures):
            await asyncio.sleep(max(0.0, start + index / rate - time.monotonic()))
            if not sampler.keep(index / rate):
                continue
            waited = time.monotonic()
            async with credit:
                await credit.wait_for(lambda: granted > sequence)  # noqa: B023 - asked before the next round
            sequence += 1
            audience.sending(sequence, time.monotonic() - waited)
            frame = stream_pb2.Frame(sequence=sequence, jpeg=jpeg)
            frame.capture_time.FromDatetime(began + timedelta(seconds=index / rate))
            await call.write(stream_pb2.StreamFramesRequest(frame=frame))
        await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))

    # A stream that is refused ends the benchmark, not just its listener.
    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        group.create_task(push())
