"""Streams pictures of a program's own as one camera, from threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from portero_client.errors import FailedPrecondition
from portero_client.streaming.camera_stream import CameraStream
from portero_client.streaming.events import StreamAccount, StreamResult
from portero_client.streaming.frames import GapReason
from portero_client.streaming.loop_thread import LoopThread


class BlockingCameraStream(Iterator[StreamResult]):
    """An open stream of one camera: `with portero.stream("front-door") as camera`.

    It behaves like CameraStream of the asynchronous client. One thread may send while another iterates.

    Args:
        make: Makes the stream; called on the event loop's thread.
        loop: Runs it.
    """

    def __init__(self, make: Callable[[], CameraStream], loop: LoopThread) -> None:
        self._make = make
        self._loop = loop
        self._stream: CameraStream | None = None

    @property
    def dropped(self) -> Mapping[GapReason, int]:
        """Frames that will never be sent, by reason; the server was told of each."""
        return self._open_stream().dropped

    @property
    def unacked_frames(self) -> int:
        """Frames that were taken and are not durable at the server, in memory or in the spool."""
        return self._open_stream().unacked_frames

    @property
    def missed_results(self) -> int:
        """Results that were dropped because nobody read them in time."""
        return self._open_stream().missed_results

    def send(self, jpeg: bytes, captured_at: datetime | None = None) -> int | None:
        """Sends a picture, and returns the number of its frame; see CameraStream."""
        return self._loop.run(self._open_stream().send(jpeg, captured_at))

    def finish(self) -> StreamAccount | None:
        """Sends what is left, waits until everything is durable at the server, and ends the stream."""
        return self._loop.run(self._open_stream().finish())

    def close(self) -> None:
        """Hangs up at once. What is not durable is lost, unless it is in a spool."""
        if self._stream is not None:
            self._loop.run(self._stream.aclose())

    def __enter__(self) -> Self:
        self._stream = self._loop.run(self._enter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._open_stream().__aexit__(kind, error, trace))

    def __next__(self) -> StreamResult:
        result = self._loop.run(self._read(self._open_stream()))
        if result is None:
            raise StopIteration
        return result

    async def _enter(self) -> CameraStream:
        return await self._make().__aenter__()

    async def _read(self, stream: CameraStream) -> StreamResult | None:
        return await anext(stream, None)

    def _open_stream(self) -> CameraStream:
        if self._stream is None:
            raise FailedPrecondition("the stream is not open: enter it with `with`", reason="NOT_OPEN")
        return self._stream
