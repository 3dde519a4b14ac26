"""What a frame says of its capture time, read as protobuf defines it."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from portero.v1 import stream_pb2 as pb

from portero_server.rpc.stream_convert import time_of


@settings(deadline=None)
@given(seconds=st.integers(-(2**63), 2**63 - 1) | st.integers(-62135596801, 253402300800), nanos=st.integers(-1, 10**9))
@example(seconds=-62135596800, nanos=0)
@example(seconds=253402300799, nanos=999_999_999)
@example(seconds=0, nanos=1999)
def test_a_capture_time_is_what_protobuf_makes_of_it(seconds: int, nanos: int) -> None:
    """Whatever a bridge sends, it is the library's own reading to the microsecond, or None where that raises."""
    stamp = Timestamp(seconds=seconds, nanos=nanos)
    expected: datetime | None
    try:
        expected = stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        expected = None
    assert time_of(pb.Frame(capture_time=stamp)) == expected


def test_a_frame_without_a_capture_time_has_none() -> None:
    """A time that was not set is not the beginning of 1970."""
    assert time_of(pb.Frame(sequence=1)) is None
