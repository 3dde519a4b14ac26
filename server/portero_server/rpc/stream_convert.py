"""Converts messages of the stream between domain objects and protobuf."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import stream_pb2 as pb

from portero_server.domain.streams import messages
from portero_server.domain.streams.frames import FrameLimits, FrameOutcome, GapReason
from portero_server.rpc.convert import box_to_proto, match_to_proto, text_to_proto
from portero_server.rpc.resource_names import visitor_name


@dataclass(frozen=True, slots=True)
class StreamTerms:
    """Limits and intervals (seconds) that bridges are told when a stream opens."""

    limits: FrameLimits
    heartbeat_interval: float
    decision_deadline: float


class AckForm:
    """A reusable Ack message: creating it anew with all its parts takes five times as long as refilling it."""

    def __init__(self) -> None:
        self._message = pb.StreamFramesResponse(ack=pb.Ack(credit=pb.Credit()))
        self._ack = self._message.ack
        self._credit = self._ack.credit

    def filled(self, ack: messages.Ack) -> pb.StreamFramesResponse:
        """Returns the message. The next call changes it, so it must be serialized before."""
        self._ack.durable_sequence = ack.durable_sequence
        self._credit.frames = ack.credit.frames
        self._credit.bytes = ack.credit.bytes
        return self._message


def message_to_proto(message: messages.Message, terms: StreamTerms, now: datetime) -> pb.StreamFramesResponse:
    """Converts a message of the stream to protobuf."""
    match message:
        case messages.Ack():
            return AckForm().filled(message)
        case messages.TrackUpdate():
            return pb.StreamFramesResponse(track_update=_track_update(message))
        case messages.TextRead():
            read = pb.TextRead(sequence=message.sequence, texts=[text_to_proto(text) for text in message.texts])
            return pb.StreamFramesResponse(text_read=read)
        case messages.Rejected():
            rejected = pb.FrameRejected(
                sequence=message.sequence,
                reason=pb.FrameRejectionReason.Value(f"FRAME_REJECTION_REASON_{message.reason.name}"),
                message=message.message,
            )
            return pb.StreamFramesResponse(frame_rejected=rejected)
        case messages.Directive():
            return pb.StreamFramesResponse(directive=_directive(message))
        case messages.Drain():
            return pb.StreamFramesResponse(drain=pb.Drain(deadline=_timestamp(message.deadline)))
        case messages.Heartbeat():
            return pb.StreamFramesResponse(heartbeat=pb.Heartbeat(send_time=_timestamp(now)))
        case messages.Finished():
            return pb.StreamFramesResponse(finished=_finished(message))
        case messages.Opened():
            return pb.StreamFramesResponse(opened=_opened(message, terms))


def time_of(frame: pb.Frame) -> datetime | None:
    """Returns the capture time of a frame; None if it is missing or outside the years 1 to 9999."""
    stamp = frame.capture_time
    seconds, nanos = stamp.seconds, stamp.nanos
    # A missing timestamp would read as the beginning of 1970.
    if not seconds and not nanos and not frame.HasField("capture_time"):
        return None
    return _moment(seconds, nanos)


def send_time_of(message: pb.OpenStream | pb.Heartbeat) -> datetime | None:
    """Returns the bridge's time when it sent a message; None if it is missing or invalid."""
    if not message.HasField("send_time"):
        return None
    return _moment(message.send_time.seconds, message.send_time.nanos)


def answered_time_of(message: pb.Heartbeat) -> datetime | None:
    """Returns the send time of the server's Heartbeat that this one answers; None if it answers none."""
    if not message.HasField("answered_time"):
        return None
    return _moment(message.answered_time.seconds, message.answered_time.nanos)


def _moment(seconds: int, nanos: int) -> datetime | None:
    # As Timestamp.ToDatetime does it, which takes four times as long.
    if _FIRST_SECOND <= seconds <= _LAST_SECOND and 0 <= nanos < 1_000_000_000:
        return _UNIX_EPOCH + timedelta(0, seconds, nanos // 1000)
    return None


def gap_reason(reason: pb.GapReason.ValueType) -> GapReason:
    """Returns the reason of a gap; a reason that this server does not know is UNEXPLAINED."""
    return _GAP_REASONS.get(reason, GapReason.UNEXPLAINED)


_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a Timestamp may hold, as its definition says: the first and the last second of the years 1 to 9999.
_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799

_GAP_REASONS = {pb.GapReason.Value(f"GAP_REASON_{reason.name}"): reason for reason in GapReason}


def _opened(message: messages.Opened, terms: StreamTerms) -> pb.Opened:
    limits = terms.limits
    return pb.Opened(
        session=message.session,
        durable_sequence=message.durable_sequence,
        credit=pb.Credit(frames=message.credit.frames, bytes=message.credit.bytes),
        limits=pb.FrameLimits(
            max_bytes=limits.max_bytes,
            min_side=limits.min_side,
            max_side=limits.max_side,
            max_pixels=limits.max_pixels,
        ),
        heartbeat_interval=_duration(terms.heartbeat_interval),
        decision_deadline=_duration(terms.decision_deadline),
    )


def _track_update(news: messages.TrackUpdate) -> pb.TrackUpdate:
    update = pb.TrackUpdate(
        track=news.track_id,
        state=pb.TrackState.Value(f"TRACK_STATE_{news.state.name}"),
        sequence=news.sequence,
        box=box_to_proto(news.box),
        sighting=f"sightings/{news.sighting_id}" if news.sighting_id else "",
        first_seen_time=_timestamp(news.first_seen),
        last_seen_time=_timestamp(news.last_seen),
        replaced=news.replaced,
        visitor="" if news.visitor_id is None else visitor_name(news.visitor_id),
        unknown_reason=(
            pb.UNKNOWN_REASON_UNSPECIFIED
            if news.reason is None
            else pb.UnknownReason.Value(f"UNKNOWN_REASON_{news.reason.name}")
        ),
    )
    if news.named is not None:
        update.match.CopyFrom(match_to_proto(news.named.match, news.named.display_name))
    if news.provisional is not None:
        update.provisional_match.CopyFrom(match_to_proto(news.provisional.match, news.provisional.display_name))
    if (timing := news.timing) is not None:
        update.timing.capture_to_receive.CopyFrom(_duration(timing.capture_to_receive))
        update.timing.queue.CopyFrom(_duration(timing.queue))
        update.timing.detect.CopyFrom(_duration(timing.detect))
        update.timing.recognize.CopyFrom(_duration(timing.recognize))
        update.timing.time_to_name.CopyFrom(_duration(timing.time_to_name))
    return update


def _directive(message: messages.Directive) -> pb.Directive:
    return pb.Directive(
        max_rate=message.max_rate,
        max_side=message.max_side,
        pause=None if message.pause is None else _duration(message.pause),
        advice=pb.ADVICE_UNSPECIFIED if message.advice is None else pb.Advice.Value(f"ADVICE_{message.advice.name}"),
    )


def _finished(message: messages.Finished) -> pb.Finished:
    count = Counter(message.outcomes)
    account = pb.StreamAccount(
        replayed=count[FrameOutcome.REPLAYED],
        rejected=count[FrameOutcome.REJECTED],
        missing=count[FrameOutcome.MISSING],
        duplicate=count[FrameOutcome.DUPLICATE],
        unchanged=count[FrameOutcome.UNCHANGED],
        skipped=count[FrameOutcome.SKIPPED],
        empty=count[FrameOutcome.EMPTY],
        with_faces=count[FrameOutcome.WITH_FACES],
        recognitions=message.recognitions,
    )
    return pb.Finished(durable_sequence=message.durable_sequence, account=account)


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration
