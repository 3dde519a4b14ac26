"""The good clients, in a process of their own: cameras that stream and callers that ask, each at a steady pace.

    python -m tests.benchmarks.hostile.good ADDRESS KEY CAMERAS CALLERS SECONDS [CA]

Ends after SECONDS or with SIGTERM.

Prints JSON lines: one `[kind, due, seconds]` a frame or call, where `due` is the monotonic moment it was wanted (the
same clock in every process of a machine) and `seconds` how long it took to be acknowledged or answered; null: never.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from portero.v1 import camera_service_pb2, camera_service_pb2_grpc, recognition_service_pb2_grpc, stream_pb2

from tests.support.images.patch_photos import photo

FRAMES_A_SECOND = 5.0
CALLS_A_SECOND = 5.0
PATIENCE = 2.0
"""A call that is not answered by then has failed."""

_TURN = 0.02
_REOPEN = 0.5
_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 1000)]

Records = list[tuple[str, float, float | None]]


class Camera:
    """Streams at its pace, in live mode: frames without credit are not sent, and count as lost."""

    def __init__(self, number: int, channel: grpc.aio.Channel, metadata: Any, records: Records) -> None:
        self._name = f"cameras/good-{number}"
        self._channel = channel
        self._metadata = metadata
        self._records = records
        self._picture = photo((40, 10 * number % 256, 220), kind=".jpg")
        self._life = 0
        self._phase = number / 20 / FRAMES_A_SECOND

    async def run(self, until: float) -> None:
        """Streams until then; opens a stream anew when it is cut."""
        due = time.monotonic() + self._phase
        while time.monotonic() < until:
            self._life += 1
            try:
                due = await self._stream(due, until)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(_REOPEN)
            now = time.monotonic()
            while due < now:
                self._records.append(("frame", due, None))
                due += 1 / FRAMES_A_SECOND

    async def _stream(self, due: float, until: float) -> float:
        call = recognition_service_pb2_grpc.RecognitionServiceStub(self._channel).StreamFrames(metadata=self._metadata)
        opening = stream_pb2.OpenStream(
            camera=self._name, epoch=f"life-{self._life}", mode=stream_pb2.DELIVERY_MODE_LIVE
        )
        waiting: dict[int, float] = {}
        sequence = 0
        credit = 0

        async def listen() -> None:
            nonlocal credit
            while isinstance(answer := await call.read(), stream_pb2.StreamFramesResponse):
                kind = answer.WhichOneof("message")
                if kind == "opened":
                    credit = answer.opened.credit.frames
                elif kind == "ack":
                    credit = answer.ack.credit.frames
                    now = time.monotonic()
                    for done in [number for number in waiting if number <= answer.ack.durable_sequence]:
                        at = waiting.pop(done)
                        self._records.append(("frame", at, now - at))

        await call.write(stream_pb2.StreamFramesRequest(open=opening))
        listening = asyncio.create_task(listen())
        try:
            while (now := time.monotonic()) < until and not listening.done():
                if now < due:
                    await asyncio.sleep(min(due - now, _TURN))
                    continue
                if sequence >= credit:
                    if now - due < PATIENCE:
                        await asyncio.sleep(_TURN)
                        continue
                    self._records.append(("frame", due, None))
                else:
                    sequence += 1
                    waiting[sequence] = due
                    frame = stream_pb2.Frame(sequence=sequence, jpeg=self._picture)
                    frame.capture_time.GetCurrentTime()
                    await call.write(stream_pb2.StreamFramesRequest(frame=frame))
                due += 1 / FRAMES_A_SECOND
            if not listening.done():
                await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
            await asyncio.wait_for(listening, 5.0)
        except TimeoutError:
            call.cancel()
        finally:
            listening.cancel()
            self._records += [("frame", at, None) for at in waiting.values()]
        return due


async def _caller(channel: grpc.aio.Channel, metadata: Any, number: int, until: float, records: Records) -> None:
    stub = camera_service_pb2_grpc.CameraServiceStub(channel)
    request = camera_service_pb2.GetCameraRequest(name=f"cameras/good-{number}")
    due = time.monotonic() + number / 10 / CALLS_A_SECOND
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        began = time.monotonic()
        try:
            await stub.GetCamera(request, metadata=metadata, timeout=PATIENCE)
            records.append(("call", due, time.monotonic() - began))
        except grpc.aio.AioRpcError:
            records.append(("call", due, None))
        # What came due while this one waited is asked later, not at once: a caller has patience, not a queue.
        due = max(due + 1 / CALLS_A_SECOND, time.monotonic())


async def main() -> None:
    """Runs all of them and prints what they met."""
    address, key, cameras, callers, seconds = sys.argv[1:6]
    metadata = (("authorization", f"Bearer {key}"),)
    until = time.monotonic() + float(seconds)
    records: Records = []

    def channel() -> grpc.aio.Channel:
        if len(sys.argv) > 6:
            credentials = grpc.ssl_channel_credentials(Path(sys.argv[6]).read_bytes())
            return grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
        return grpc.aio.insecure_channel(address, options=_OPTIONS)

    work = [Camera(number, channel(), metadata, records).run(until) for number in range(int(cameras))]
    work += [_caller(channel(), metadata, number, until, records) for number in range(int(callers))]
    tasks = [asyncio.create_task(each) for each in work]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: [task.cancel() for task in tasks])
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    for record in records:
        sys.stdout.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
