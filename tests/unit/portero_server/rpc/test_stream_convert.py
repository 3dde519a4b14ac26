"""Capture times as protobuf defines them, and what a bridge is told of a track."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from portero.v1 import stream_pb2 as pb

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.streams.messages import NamedMatch, TrackUpdate
from portero_server.domain.tracking.reasons import UnknownReason
from portero_server.domain.tracking.track import TrackState
from portero_server.rpc.stream_convert import StreamTerms, message_to_proto, time_of

_NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_SEEN = TrackUpdate("t1", TrackState.CONFIRMED, 1, Box(0.1, 0.1, 0.2, 0.2), None, _NOW, _NOW)
_TERMS = StreamTerms(FrameLimits(), 15.0, 2.0)


def _told(update: TrackUpdate) -> pb.TrackUpdate:
    return message_to_proto(update, _TERMS, _NOW).track_update


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


@given(st.sampled_from(UnknownReason))
def test_every_reason_has_a_word_in_the_contract(reason: UnknownReason) -> None:
    """Why nobody is named is told by name; without a reason nothing is."""
    told = _told(replace(_SEEN, reason=reason))
    assert pb.UnknownReason.Name(told.unknown_reason) == f"UNKNOWN_REASON_{reason.name}"
    assert _told(_SEEN).unknown_reason == pb.UNKNOWN_REASON_UNSPECIFIED


def test_a_provisional_name_is_never_a_match() -> None:
    """Whoever reads only `match` takes nobody for somebody who merely resembles them."""
    told = _told(replace(_SEEN, provisional=NamedMatch(Match("ana", 0.46, 0.3), "Ana")))
    assert not told.HasField("match")
    assert (told.provisional_match.person, told.provisional_match.display_name) == ("people/ana", "Ana")
