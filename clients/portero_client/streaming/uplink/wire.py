"""Converts between the stream's values and `portero.v1`; the only module of `streaming` that knows protobuf fields."""

import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import stream_pb2

from portero_client.convert import box_from, match_from, text_from, time_from, time_to
from portero_client.streaming.clock import Clock
from portero_client.streaming.delivery.terms import Action, Credit, Sign, Terms
from portero_client.streaming.events import (
    Acknowledged,
    Directed,
    FrameRefused,
    StreamAccount,
    StreamEvent,
    StreamFinished,
    TextsRead,
    TrackState,
    TrackUpdated,
)
from portero_client.streaming.frames import DeliveryMode, Frame, Gap, GapReason, ImageLimits

# A server that names no interval is asked for signs of life this often, seconds.
_DEFAULT_HEARTBEAT = 10.0

_MODES: dict[DeliveryMode, stream_pb2.DeliveryMode.ValueType] = {
    DeliveryMode.LIVE: stream_pb2.DELIVERY_MODE_LIVE,
    DeliveryMode.LOSSLESS: stream_pb2.DELIVERY_MODE_LOSSLESS,
}
_GAP_REASONS: dict[GapReason, stream_pb2.GapReason.ValueType] = {
    GapReason.NO_CREDIT: stream_pb2.GAP_REASON_NO_CREDIT,
    GapReason.DISCONNECTED: stream_pb2.GAP_REASON_DISCONNECTED,
    GapReason.SPOOL_FULL: stream_pb2.GAP_REASON_SPOOL_FULL,
    GapReason.SPOOL_FAILED: stream_pb2.GAP_REASON_SPOOL_FAILED,
    GapReason.OVERSIZED: stream_pb2.GAP_REASON_OVERSIZED,
}
_TRACK_STATES: dict[int, TrackState] = {
    stream_pb2.TRACK_STATE_PROVISIONAL: TrackState.PROVISIONAL,
    stream_pb2.TRACK_STATE_CONFIRMED: TrackState.CONFIRMED,
    stream_pb2.TRACK_STATE_REVISED: TrackState.REVISED,
    stream_pb2.TRACK_STATE_CLOSED: TrackState.CLOSED,
    stream_pb2.TRACK_STATE_DOUBTED: TrackState.DOUBTED,
}
# Words that people and programs see; numbers younger than this client are in neither table.
_ADVICE: dict[int, str] = {
    number: name.removeprefix("ADVICE_").lower() for name, number in stream_pb2.Advice.items() if number
}
_UNKNOWN_REASONS: dict[int, str] = {
    number: name.removeprefix("UNKNOWN_REASON_").lower() for name, number in stream_pb2.UnknownReason.items() if number
}
_REJECTIONS: dict[int, str] = {
    number: name.removeprefix("FRAME_REJECTION_REASON_").lower()
    for name, number in stream_pb2.FrameRejectionReason.items()
}


def request_of(
    action: Action,
    *,
    camera: str,
    agent: str,
    epoch: str,
    mode: DeliveryMode,
    clock: Clock,
    answered: Timestamp | None = None,
) -> stream_pb2.StreamFramesRequest:
    """Returns the message for an action; `answered` is the send time of a Heartbeat that a Heartbeat answers."""
    if isinstance(action, Frame):
        return stream_pb2.StreamFramesRequest(
            frame=stream_pb2.Frame(
                sequence=action.sequence, capture_time=time_to(action.capture_time), jpeg=action.jpeg
            )
        )
    if isinstance(action, Gap):
        return stream_pb2.StreamFramesRequest(
            gap=stream_pb2.Gap(
                first_sequence=action.first_sequence,
                last_sequence=action.last_sequence,
                reason=_GAP_REASONS[action.reason],
            )
        )
    if action is Sign.FINISH:
        return stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish())
    if action is Sign.HEARTBEAT:
        sign = stream_pb2.Heartbeat(send_time=time_to(clock.now()), answered_time=answered)
        return stream_pb2.StreamFramesRequest(heartbeat=sign)
    return stream_pb2.StreamFramesRequest(
        open=stream_pb2.OpenStream(
            camera=f"cameras/{camera}",
            epoch=epoch,
            mode=_MODES[mode],
            send_time=time_to(clock.now()),
            agent=agent,
        )
    )


def credit_from(message: stream_pb2.Credit) -> Credit:
    """Returns a grant of credit."""
    return Credit(message.frames, message.bytes)


def terms_from(message: stream_pb2.Opened) -> Terms:
    """Returns the terms in the server's Opened message."""
    interval = _seconds(message.heartbeat_interval)
    return Terms(
        session=message.session,
        durable_sequence=message.durable_sequence,
        credit=credit_from(message.credit),
        limits=_limits_from(message.limits),
        heartbeat_interval=interval if interval > 0 else _DEFAULT_HEARTBEAT,
    )


def _limits_from(message: stream_pb2.FrameLimits) -> ImageLimits:
    usual = ImageLimits()
    return ImageLimits(
        max_bytes=message.max_bytes or usual.max_bytes,
        max_side=message.max_side or usual.max_side,
        max_pixels=message.max_pixels or usual.max_pixels,
    )


def directive_from(camera: str, message: stream_pb2.Directive) -> Directed:
    """Returns the server's directive; an invalid value counts as unset."""
    rate = message.max_rate if message.HasField("max_rate") else None
    pause = _seconds(message.pause) if message.HasField("pause") else None
    return Directed(
        camera=camera,
        max_rate=rate if rate is not None and math.isfinite(rate) and rate > 0 else None,
        max_side=message.max_side or None,
        pause=max(0.0, pause) if pause is not None else None,
        advice=_ADVICE.get(message.advice),
    )


def event_from(camera: str, message: stream_pb2.StreamFramesResponse) -> StreamEvent | None:
    """Returns the event for a message, or None if it concerns only the stream itself."""
    match message.WhichOneof("message"):
        case "ack":
            return Acknowledged(camera, message.ack.durable_sequence)
        case "track_update":
            return _track_from(camera, message.track_update)
        case "text_read":
            read = message.text_read
            return TextsRead(camera, read.sequence, tuple(text_from(text) for text in read.texts))
        case "frame_rejected":
            refused = message.frame_rejected
            reason = _REJECTIONS.get(refused.reason, "unspecified")
            return FrameRefused(camera, refused.sequence, reason, refused.message)
        case "directive":
            return directive_from(camera, message.directive)
        case "finished":
            return StreamFinished(camera, message.finished.durable_sequence, _account_from(message.finished.account))
    return None


def _account_from(message: stream_pb2.StreamAccount) -> StreamAccount:
    return StreamAccount(
        replayed=message.replayed,
        rejected=message.rejected,
        missing=message.missing,
        duplicate=message.duplicate,
        unchanged=message.unchanged,
        skipped=message.skipped,
        empty=message.empty,
        with_faces=message.with_faces,
        recognitions=message.recognitions,
    )


def _track_from(camera: str, message: stream_pb2.TrackUpdate) -> TrackUpdated | None:
    state = _TRACK_STATES.get(message.state)
    if state is None:
        # A message that this client does not know yet.
        return None
    timed = message.HasField("timing") and message.timing.HasField("time_to_name")
    return TrackUpdated(
        camera=camera,
        track=message.track,
        state=state,
        sequence=message.sequence,
        box=box_from(message.box),
        match=match_from(message.match) if message.HasField("match") else None,
        sighting=message.sighting,
        first_seen=time_from(message.first_seen_time),
        last_seen=time_from(message.last_seen_time),
        time_to_name=_seconds(message.timing.time_to_name) if timed else None,
        replaced=message.replaced,
        provisional=match_from(message.provisional_match) if message.HasField("provisional_match") else None,
        unknown_reason=_UNKNOWN_REASONS.get(message.unknown_reason, ""),
        visitor=message.visitor,
    )


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9
