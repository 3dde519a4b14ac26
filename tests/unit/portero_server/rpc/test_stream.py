"""StreamFrames over a real connection: the law of the messages, in-band answers, and how a stream ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, cast

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_server.clock import SystemClock
from portero_server.domain.cameras import TimeSource
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.streams.messages import Advice, Directive
from portero_server.engines.base import FaceCrop, Identification
from portero_server.recognition.images import Images
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from tests.support.server.open_access import unlimited
from tests.support.server.rpc_edge import Refusal, refusal_of
from tests.support.server.stream_harness import (
    EPOCH_START,
    UNKNOWN,
    StreamHarness,
    camera,
    face,
    jpeg,
    looked,
    named,
    stream_harness,
)

Serve = Callable[..., Awaitable[Any]]
Call = grpc.aio.StreamStreamCall[stream_pb2.StreamFramesRequest, stream_pb2.StreamFramesResponse]


class _House:
    """A served door, and what a bridge says to it."""

    def __init__(self, at: StreamHarness, edge: Any) -> None:
        self.at = at
        self.observer = edge.observer
        self._stub = recognition_service_pb2_grpc.RecognitionServiceStub(edge.channel)

    async def call(self, *requests: stream_pb2.StreamFramesRequest) -> Call:
        """Begins a call and says these."""
        call = self._stub.StreamFrames()
        for request in requests:
            await call.write(request)
        return cast("Call", call)

    async def ended(self, *requests: stream_pb2.StreamFramesRequest) -> Refusal:
        """Says these and gives the error the call ends with."""
        call = await self.call(*requests)
        await call.done_writing()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _read_out(call)
        return refusal_of(caught.value)

    async def finished(self, call: Call) -> list[stream_pb2.StreamFramesResponse]:
        """Finishes and gives everything that was answered."""
        await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
        return await _read_out(call)


async def _next(call: Call) -> stream_pb2.StreamFramesResponse:
    answer = await call.read()
    assert isinstance(answer, stream_pb2.StreamFramesResponse)
    return answer


async def _read_out(call: Call) -> list[stream_pb2.StreamFramesResponse]:
    answers: list[stream_pb2.StreamFramesResponse] = []
    while (answer := await call.read()) is not grpc.aio.EOF:
        answers.append(cast("stream_pb2.StreamFramesResponse", answer))
    assert await call.code() == grpc.StatusCode.OK
    return answers


@asynccontextmanager
async def _house(
    serve: Serve,
    script: dict[int, Any] | None = None,
    identify: Callable[[FaceCrop], Awaitable[Identification]] | None = None,
    *,
    heartbeat: float = 15.0,
    cameras: Sequence[Any] = (),
) -> AsyncIterator[_House]:
    clock = SystemClock()
    async with stream_harness(script, identify, clock=clock, cameras=cameras) as at:
        terms = StreamTerms(FrameLimits(), heartbeat, 2.0)
        servicer = RecognitionServicer(
            cast("Images", None),
            FrameStream(at.streams, terms, unlimited(clock), clock.now, at.metrics.steering.directive_sent),
            clock,
        )
        edge = await serve([servicer])
        yield _House(at, edge)


def _open(camera_name: str = "cameras/door", **fields: Any) -> stream_pb2.StreamFramesRequest:
    values: dict[str, Any] = {"epoch": "e1", "mode": stream_pb2.DELIVERY_MODE_LIVE, **fields}
    return stream_pb2.StreamFramesRequest(open=stream_pb2.OpenStream(camera=camera_name, **values))


def _frame(sequence: int, data: bytes | None = None) -> stream_pb2.StreamFramesRequest:
    frame = stream_pb2.Frame(sequence=sequence, jpeg=jpeg() if data is None else data)
    frame.capture_time.FromDatetime(EPOCH_START + timedelta(seconds=min(sequence, 10**6) / 5))
    return stream_pb2.StreamFramesRequest(frame=frame)


def _rejections(answers: list[stream_pb2.StreamFramesResponse]) -> list[stream_pb2.FrameRejected]:
    return [answer.frame_rejected for answer in answers if answer.WhichOneof("message") == "frame_rejected"]


def _kinds(answers: list[stream_pb2.StreamFramesResponse]) -> list[str]:
    return [str(answer.WhichOneof("message")) for answer in answers]


async def test_a_stream_from_open_to_finished(serve: Serve) -> None:
    """Opened comes first with limits and credit, Finished last with the account, and the call ends with OK."""
    async with _house(serve) as house:
        answers = await house.finished(await house.call(_open(), _frame(1), _frame(2)))
    opened, finished = answers[0].opened, answers[-1].finished
    assert opened.credit.frames == 32
    assert opened.limits.max_bytes == 5 * 1024 * 1024
    assert opened.heartbeat_interval.ToTimedelta() == timedelta(seconds=15)
    assert finished.durable_sequence == 2
    assert finished.account.unchanged == 2
    # The frames are not of today, which is told.
    assert set(_kinds(answers[1:-1])) <= {"ack", "directive"}


async def test_a_track_is_told_with_its_name_and_its_timing(serve: Serve) -> None:
    """The update of a decided track carries match, box, sighting and where the time went."""

    async def identify(crop: FaceCrop) -> Identification:
        return named("ana")

    async with _house(serve, {1: looked(face())}, identify) as house:
        answers = await house.finished(await house.call(_open(), _frame(1)))
    updates = [answer.track_update for answer in answers if answer.WhichOneof("message") == "track_update"]
    confirmed = next(update for update in updates if update.state == stream_pb2.TRACK_STATE_CONFIRMED)
    assert confirmed.match.person == "people/ana"
    assert confirmed.match.display_name == "Ana"
    assert re.fullmatch("sightings/[0-9a-f]{32}", confirmed.sighting)
    assert confirmed.box.left == pytest.approx(0.2)
    assert confirmed.HasField("timing")
    assert updates[-1].state == stream_pb2.TRACK_STATE_CLOSED
    assert not updates[-1].replaced


@pytest.mark.parametrize("first", [_frame(1), stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish())])
async def test_the_first_message_must_open(serve: Serve, first: stream_pb2.StreamFramesRequest) -> None:
    """Anything before OpenStream ends the stream with FAILED_PRECONDITION."""
    async with _house(serve) as house:
        refusal = await house.ended(first)
    assert refusal.code == grpc.StatusCode.FAILED_PRECONDITION
    assert refusal.reason == "FIRST_MESSAGE_NOT_OPEN"


async def test_a_call_that_says_nothing_is_told_what_was_missing(serve: Serve) -> None:
    """Hanging up without a message is a broken law too, not a fault."""
    async with _house(serve) as house:
        refusal = await house.ended()
    assert refusal.reason == "FIRST_MESSAGE_NOT_OPEN"


async def test_opening_twice_ends_the_stream(serve: Serve) -> None:
    """A second OpenStream is refused by name."""
    async with _house(serve) as house:
        refusal = await house.ended(_open(), _open())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SECOND_OPEN")


@pytest.mark.parametrize(
    ("opening", "code", "field"),
    [
        (_open(mode=stream_pb2.DELIVERY_MODE_UNSPECIFIED), grpc.StatusCode.INVALID_ARGUMENT, "open.mode"),
        (_open(epoch=""), grpc.StatusCode.INVALID_ARGUMENT, "open.epoch"),
        (_open(epoch="x" * 65), grpc.StatusCode.INVALID_ARGUMENT, "open.epoch"),
        (_open(agent="x" * 129), grpc.StatusCode.INVALID_ARGUMENT, "open.agent"),
        (_open(agent="bridge\nstream_closed"), grpc.StatusCode.INVALID_ARGUMENT, "open.agent"),
        (_open("door"), grpc.StatusCode.INVALID_ARGUMENT, "open.camera"),
    ],
)
async def test_a_malformed_opening_names_its_field(
    serve: Serve, opening: stream_pb2.StreamFramesRequest, code: grpc.StatusCode, field: str
) -> None:
    """Each field of OpenStream that is wrong is named."""
    async with _house(serve) as house:
        refusal = await house.ended(opening)
    assert refusal.code == code
    assert refusal.fields == (field,)


async def test_an_unknown_camera_is_named(serve: Serve) -> None:
    """A camera nobody registered is NOT_FOUND with the reason bridges act on."""
    async with _house(serve) as house:
        refusal = await house.ended(_open("cameras/nowhere"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CAMERA_NOT_FOUND")
    assert refusal.resource[1] == "cameras/nowhere"


async def test_a_message_with_nothing_in_it_ends_the_stream(serve: Serve) -> None:
    """A message that sets none of its fields is an error of the bridge."""
    async with _house(serve) as house:
        refusal = await house.ended(_open(), stream_pb2.StreamFramesRequest())
    assert refusal.reason == "EMPTY_MESSAGE"


@pytest.mark.parametrize(
    ("message", "sequence", "field"),
    [
        (_frame(2**63), 2**63, "frame.sequence"),
        (
            stream_pb2.StreamFramesRequest(gap=stream_pb2.Gap(first_sequence=1, last_sequence=2**64 - 1)),
            2**64 - 1,
            "gap.last_sequence",
        ),
        (
            stream_pb2.StreamFramesRequest(gap=stream_pb2.Gap(first_sequence=2**63, last_sequence=2**63)),
            2**63,
            "gap.last_sequence",
        ),
    ],
)
async def test_a_numbering_beyond_what_can_be_kept_is_refused_in_band(
    serve: Serve, message: stream_pb2.StreamFramesRequest, sequence: int, field: str
) -> None:
    """A sequence of 2**63 or more is rejected, naming the field; nothing is settled by it and the stream goes on."""
    async with _house(serve) as house:
        answers = await house.finished(await house.call(_open(), message, _frame(1)))
    (rejected,) = _rejections(answers)
    assert rejected.sequence == sequence
    assert rejected.reason == stream_pb2.FRAME_REJECTION_REASON_SEQUENCE_TOO_LARGE
    assert rejected.message == f"{field} must be at most {2**63 - 1}"
    assert answers[-1].finished.durable_sequence == 1
    assert answers[-1].finished.account.rejected == 0


@pytest.mark.parametrize("seconds", [-62_135_596_800, -1, 253_402_300_799, 253_402_300_800])
async def test_a_capture_time_out_of_bounds_is_answered_in_band(serve: Serve, seconds: int) -> None:
    """A frame of the year 1, 1969, 9999 or 10000 is rejected, naming the field, and the stream goes on to its end."""
    dated = stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1, jpeg=jpeg()))
    dated.frame.capture_time.seconds = seconds
    async with _house(serve, {1: looked(face()), 2: looked(face())}) as house:
        answers = await house.finished(await house.call(_open(), dated, _frame(2)))
    (rejected,) = _rejections(answers)
    assert (rejected.sequence, rejected.reason) == (1, stream_pb2.FRAME_REJECTION_REASON_BAD_CAPTURE_TIME)
    assert "frame.capture_time must" in rejected.message
    assert answers[-1].finished.durable_sequence == 2
    assert answers[-1].finished.account.rejected == 1


async def test_a_frame_that_the_store_refuses_is_answered_in_band(serve: Serve) -> None:
    """What was found in it cannot be stored: it is rejected, and the stream goes on to its end."""

    async def identify(crop: FaceCrop) -> Identification:
        return named("ana")

    async with _house(serve, {1: looked(face())}, identify) as house:
        house.at.store.unstorable = {1}
        answers = await house.finished(await house.call(_open(), _frame(1), _frame(2)))
    assert {rejected.sequence for rejected in _rejections(answers)} <= {1, 2}
    assert _rejections(answers)[0].reason == stream_pb2.FRAME_REJECTION_REASON_STORE_REFUSED
    account = answers[-1].finished.account
    assert answers[-1].finished.durable_sequence == 2
    assert account.rejected == len(_rejections(answers))
    assert account.rejected + account.unchanged + account.with_faces == 2


async def test_broken_frames_are_answered_in_band(serve: Serve) -> None:
    """Empty, foreign and truncated frames are rejected by name and the stream goes on to its end."""
    async with _house(serve) as house:
        call = await house.call(
            _open(), _frame(1, b""), _frame(2, b"no picture"), _frame(3, jpeg()[:-40]), _frame(3), _frame(4)
        )
        answers = await house.finished(call)
    reasons = [
        stream_pb2.FrameRejectionReason.Name(answer.frame_rejected.reason).removeprefix("FRAME_REJECTION_REASON_")
        for answer in answers
        if answer.WhichOneof("message") == "frame_rejected"
    ]
    assert reasons == ["EMPTY", "NOT_JPEG", "TRUNCATED", "SEQUENCE_BACKWARDS"]
    assert answers[-1].finished.account.rejected == 3
    assert answers[-1].finished.account.unchanged == 1


async def test_hanging_up_without_finish_finishes_what_was_sent(serve: Serve) -> None:
    """A bridge that only closes its side still gets its frames acknowledged and Finished."""
    async with _house(serve) as house:
        call = await house.call(_open(), _frame(1))
        await call.done_writing()
        answers = await _read_out(call)
    assert answers[-1].finished.durable_sequence == 1


async def test_a_later_session_ends_an_earlier_one_with_aborted(serve: Serve) -> None:
    """The superseded bridge gets ABORTED and the reason, the new one its stream."""
    async with _house(serve) as house:
        earlier = await house.call(_open())
        assert _kinds([await _next(earlier)]) == ["opened"]
        later = await house.call(_open())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _read_out(earlier)
        refusal = refusal_of(caught.value)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "SESSION_SUPERSEDED")
        assert _kinds(await house.finished(later))[-1] == "finished"


async def test_a_quiet_stream_hears_the_server(serve: Serve) -> None:
    """With nothing to say the server sends a sign of life each interval."""
    async with _house(serve, heartbeat=0.02) as house:
        call = await house.call(_open())
        kinds = _kinds([await _next(call) for _ in range(3)])
        await house.finished(call)
    assert kinds == ["opened", "heartbeat", "heartbeat"]


async def test_a_bridge_that_vanishes_frees_its_camera_and_disturbs_nobody(serve: Serve) -> None:
    """A canceled call closes its session; another camera's stream goes on to Finished."""
    hold = asyncio.Event()

    async def identify(crop: FaceCrop) -> Identification:
        await hold.wait()
        return UNKNOWN

    async with _house(serve, {1: looked(face())}, identify, cameras=[camera("door"), camera("gate")]) as house:
        gone = await house.call(_open(), _frame(1))
        stays = await house.call(_open("cameras/gate"))
        await _next(gone)
        await _next(stays)
        gone.cancel()
        await house.observer.ended(1)
        assert house.at.streams.status("door") is None
        hold.set()
        await stays.write(_frame(1))
        answers = await house.finished(stays)
    assert answers[-1].finished.durable_sequence == 1


async def test_a_lossless_stream_of_a_camera_dated_by_arrival_is_refused(serve: Serve) -> None:
    """The refusal names the field; a live one is taken, and its frames need no capture time."""
    broken = replace(camera(), time_source=TimeSource.ARRIVAL)
    async with _house(serve, cameras=[broken]) as house:
        refusal = await house.ended(_open(mode=stream_pb2.DELIVERY_MODE_LOSSLESS))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TIME_SOURCE_NEEDS_LIVE")
        undated = stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1, jpeg=jpeg()))
        answers = await house.finished(await house.call(_open(), undated))
    assert answers[-1].finished.account.unchanged == 1


async def test_the_bridges_own_clock_is_measured(serve: Serve) -> None:
    """OpenStream and Heartbeat say what time the bridge has; its status says how far that is from the server's."""
    async with _house(serve) as house:
        opening = _open(mode=stream_pb2.DELIVERY_MODE_LOSSLESS)
        opening.open.send_time.FromDatetime(house.at.clock.now() - timedelta(hours=3))
        call = await house.call(opening)
        await _next(call)
        status = house.at.streams.status("door")
        assert status is not None
        assert status.clock_skew == pytest.approx(-3 * 3600, abs=30)
        beat = stream_pb2.Heartbeat()
        beat.send_time.FromDatetime(house.at.clock.now() + timedelta(hours=1))
        await call.write(stream_pb2.StreamFramesRequest(heartbeat=beat))
        # Answered in order: when the gap is durable, the heartbeat was heard.
        await call.write(stream_pb2.StreamFramesRequest(gap=stream_pb2.Gap(first_sequence=1, last_sequence=1)))
        while (await _next(call)).ack.durable_sequence < 1:
            pass
        status = house.at.streams.status("door")
        assert status is not None
        assert status.clock_skew == pytest.approx(3600, abs=30)
        await house.finished(call)


async def test_the_way_to_the_bridge_is_measured(serve: Serve) -> None:
    """A bridge that answers a Heartbeat with its send time has its network delay told; an invented time counts not."""
    async with _house(serve, heartbeat=0.02) as house:
        call = await house.call(_open())
        await _next(call)
        asked = (await _next(call)).heartbeat
        for answered in (asked.send_time.ToDatetime(UTC) + timedelta(hours=1), asked.send_time.ToDatetime(UTC)):
            status = house.at.streams.status("door")
            assert status is not None
            assert status.network_delay is None
            beat = stream_pb2.Heartbeat()
            beat.send_time.FromDatetime(house.at.clock.now())
            beat.answered_time.FromDatetime(answered)
            await call.write(stream_pb2.StreamFramesRequest(heartbeat=beat))
        # Answered in order: when the gap is durable, the heartbeats were heard.
        await call.write(stream_pb2.StreamFramesRequest(gap=stream_pb2.Gap(first_sequence=1, last_sequence=1)))
        while (await _next(call)).ack.durable_sequence < 1:
            pass
        status = house.at.streams.status("door")
        assert status is not None
        assert status.network_delay is not None
        assert 0 < status.network_delay < 30
        assert house.at.metrics.registry.get_sample_value("portero_network_delay_seconds_count") == 1
        await house.finished(call)


async def test_directives_are_sent_and_counted(serve: Serve) -> None:
    """What a bridge is asked for arrives as it was meant, unset where nothing is asked, and is counted by kind."""
    async with _house(serve) as house:
        call = await house.call(_open())
        await _next(call)
        (session,) = house.at.streams._sessions.values()
        session.outbox.put(Directive(max_rate=2.5, pause=0.0))
        session.outbox.put(Directive(max_side=640))
        session.outbox.put(Directive(Advice.TOO_DARK))
        first, second, third = [(await _next(call)).directive for _ in range(3)]
        # A message is counted once it was written, and the bridge may have read it before.
        await house.finished(call)
        counted = {
            kind: house.at.metrics.registry.get_sample_value("portero_directives_total", {"kind": kind})
            for kind in ("max_rate", "max_side", "pause", "too_dark", "check_clock")
        }
    assert first == stream_pb2.Directive(max_rate=2.5, pause=Duration())
    assert second == stream_pb2.Directive(max_side=640)
    assert third == stream_pb2.Directive(advice=stream_pb2.ADVICE_TOO_DARK)
    assert counted == {"max_rate": 1, "max_side": 1, "pause": 1, "too_dark": 1, "check_clock": 0}
