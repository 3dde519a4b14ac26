"""A bridge that costs next to nothing: what it sends is serialized beforehand, and only credit is read of the answers.

A measurement of a server must not be one of its client, when both share a processor.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import cache

import grpc
from portero.v1 import stream_pb2

from tests.chaos.alone import opening
from tests.support.model.script import CYCLE, START, STEP, jpeg

RawCall = grpc.aio.StreamStreamCall[bytes, bytes]

_METHOD = "/portero.v1.RecognitionService/StreamFrames"
_TURN = 0.01
"""Seconds between two looks at what the camera gave: a timer for every frame would cost more than the frame."""
_FIRST_SECOND = int(START.timestamp())
_STEP_NANOS = round(STEP.total_seconds() * 1e9)


@dataclass(slots=True)
class LiveBridge:
    """Sends at its camera's pace whatever the server says, as far as credit goes; the rest it tells as gaps.

    Attributes:
        offered: Frames that its camera gave.
        sent: Frames that found credit.
        dropped: Frames that found none.
        gaps: Messages that told of them.
        acks: Acks that came.
        account: What Finished said became of them, by outcome.
    """

    camera: int
    offered: int = 0
    sent: int = 0
    dropped: int = 0
    gaps: int = 0
    acks: int = 0
    account: dict[str, int] = field(default_factory=dict)
    _credit: int = 0
    _told: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, address: str, epoch: str, rate: float, until: float) -> None:
        """Streams until the moment `until` (monotonic), then finishes; rate 0: as fast as credit allows."""
        async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call: RawCall = channel.stream_stream(_METHOD)()
            await call.write(opening(self.camera, epoch).SerializeToString())
            listening = asyncio.create_task(self._listen(call))
            await self._news.wait()
            began = time.monotonic()
            while (now := time.monotonic()) < until:
                if rate:
                    for _ in range(int((now - began) * rate) - self.offered):
                        await self._offer(call)
                    await asyncio.sleep(_TURN)
                elif self.sent < self._credit:
                    await self._offer(call)
                else:
                    self._news.clear()
                    await self._news.wait()
            await self._tell_gap(call, self.offered)
            await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()).SerializeToString())
            await listening

    async def _offer(self, call: RawCall) -> None:
        self.offered += 1
        if self.sent >= self._credit:
            self.dropped += 1
            return
        await self._tell_gap(call, self.offered - 1)
        self.sent += 1
        self._told = self.offered
        await call.write(raw_frame(self.camera, self.offered))

    async def _tell_gap(self, call: RawCall, last: int) -> None:
        """Sends what was dropped since the last frame, in one range as the bridge does."""
        if last > self._told:
            gap = stream_pb2.Gap(
                first_sequence=self._told + 1, last_sequence=last, reason=stream_pb2.GAP_REASON_NO_CREDIT
            )
            self.gaps += 1
            await call.write(stream_pb2.StreamFramesRequest(gap=gap).SerializeToString())

    async def _listen(self, call: RawCall) -> None:
        while isinstance(raw := await call.read(), bytes):
            answer = stream_pb2.StreamFramesResponse.FromString(raw)
            match answer.WhichOneof("message"):
                case "opened":
                    self._credit = answer.opened.credit.frames
                case "ack":
                    self.acks += 1
                    self._credit = answer.ack.credit.frames
                case "finished":
                    self.account = {
                        descriptor.name: count
                        for descriptor, count in answer.finished.account.ListFields()
                        if descriptor.name != "recognitions"
                    }
                case _:
                    continue
            self._news.set()


def raw_frame(camera: int, sequence: int) -> bytes:
    """Returns a serialized frame: the script's image of the index before, captured when the script says.

    Parts of one message that follow each other are one message to protobuf; only the small part is made each time.
    """
    part = stream_pb2.StreamFramesRequest()
    part.frame.sequence = sequence
    seconds, part.frame.capture_time.nanos = divmod((sequence - 1) * _STEP_NANOS, 1_000_000_000)
    part.frame.capture_time.seconds = _FIRST_SECOND + seconds
    return _raw_image(camera, (sequence - 1) % CYCLE) + part.SerializeToString()


@cache
def _raw_image(camera: int, index: int) -> bytes:
    return stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(jpeg=jpeg(camera, index))).SerializeToString()
