"""Messages of a stream put together by hand, so that a load costs a copy and no serialization."""

from __future__ import annotations

import time

from portero.v1 import stream_pb2 as pb

_FRAME_FIELD = b"\x12"
_SEQUENCE_FIELD = b"\x08"
_TIME_FIELD = b"\x12"
_SECONDS_FIELD = b"\x08"
_NANOS_FIELD = b"\x10"


class FrameWriter:
    """Writes StreamFramesRequest messages that differ only in their sequence.

    The picture is serialized once; the fields of a protobuf message may stand in any order.
    """

    def __init__(self, jpegs: list[bytes], rate: float) -> None:
        """Captures, as it says, `rate` frames a second from now on."""
        self._rests = [pb.Frame(jpeg=jpeg).SerializeToString() for jpeg in jpegs]
        self._began = time.time()
        self._rate = rate
        self._first: int | None = None

    def message(self, sequence: int) -> bytes:
        """Returns the message of a frame, the pictures taking turns."""
        rest = self._rests[sequence % len(self._rests)]
        self._first = sequence if self._first is None else self._first
        seconds, fraction = divmod(self._began + (sequence - self._first) / self._rate, 1.0)
        captured = b"".join((_SECONDS_FIELD, _varint(int(seconds)), _NANOS_FIELD, _varint(int(fraction * 1e9))))
        head = b"".join((_SEQUENCE_FIELD, _varint(sequence), _TIME_FIELD, _varint(len(captured)), captured))
        return b"".join((_FRAME_FIELD, _varint(len(head) + len(rest)), head, rest))


def opening(camera: str) -> bytes:
    """Returns the first message of a stream."""
    opened = pb.OpenStream(camera=f"cameras/{camera}", epoch="e1", mode=pb.DELIVERY_MODE_LOSSLESS)
    return pb.StreamFramesRequest(open=opened).SerializeToString()


def finish() -> bytes:
    """Returns the last message of a stream."""
    return pb.StreamFramesRequest(finish=pb.Finish()).SerializeToString()


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
