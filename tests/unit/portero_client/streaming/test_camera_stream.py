"""Streaming from the SDK: pictures of a program's own against a strict server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from portero.v1 import stream_pb2

from portero_client import (
    Aborted,
    Backoff,
    CameraRegistered,
    CameraStream,
    ConnectionSettings,
    DeliveryLimits,
    DeliveryMode,
    Directed,
    FailedPrecondition,
    FrameRefused,
    GapReason,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroClient,
    SpoolFault,
    StreamClosed,
    StreamEvent,
    StreamOpened,
    StreamResult,
    StreamTuning,
    TrackState,
    TrackUpdated,
)
from portero_client.streaming.camera_stream import MAX_RESULTS
from portero_client.streaming.notifier import Notifier
from tests.support.bridge.pictures import picture
from tests.support.bridge.server import BridgeServer
from tests.support.time.timeouts import PATIENCE

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
QUICK = StreamTuning(reconnect=Backoff(0.001, 0.01), stop_timeout=PATIENCE)


class Told:
    """The events of a stream."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []
        self._bell = Notifier()

    def __call__(self, event: StreamEvent) -> None:
        """Remembers an event."""
        self.events.append(event)
        self._bell.notify()

    async def until(self, kind: type[StreamEvent], times: int = 1) -> None:
        """Waits until there were so many events of a kind."""
        async with asyncio.timeout(PATIENCE):
            while sum(isinstance(event, kind) for event in self.events) < times:
                await self._bell.wait()


@asynccontextmanager
async def streaming(server: BridgeServer, **options: Any) -> AsyncIterator[CameraStream]:
    """Opens a stream of the camera "lobby"."""
    async with (
        PorteroClient(ConnectionSettings(server.address)) as portero,
        portero.stream("lobby", **{"tuning": QUICK, **options}) as camera,
    ):
        yield camera


def at(second: float) -> datetime:
    """Returns a capture time."""
    return START + timedelta(seconds=second)


async def results_of(camera: CameraStream) -> list[StreamResult]:
    """Returns what is said until the stream ends."""
    return [result async for result in camera]


def track(sequence: int) -> stream_pb2.StreamFramesResponse:
    """Returns what a server says of a face in a frame."""
    update = stream_pb2.TrackUpdate(track="t1", state=stream_pb2.TRACK_STATE_CONFIRMED, sequence=sequence)
    return stream_pb2.StreamFramesResponse(track_update=update)


async def test_pictures_go_out_and_results_come_back(server: BridgeServer) -> None:
    """Each picture is a frame with its capture time, results are iterated, and leaving finishes the stream."""
    async with asyncio.TaskGroup() as tasks:
        async with streaming(server) as camera:
            reading = tasks.create_task(results_of(camera))
            assert [await camera.send(picture(n), at(n)) for n in (1, 2, 3)] == [1, 2, 3]
            await server.until_frames("lobby", 3)
            server.stream("lobby").say(track(2))
        account = await camera.finish()
    assert account is not None
    assert account.empty == 3
    [result] = await reading
    assert isinstance(result, TrackUpdated)
    assert (result.camera, result.sequence, result.state) == ("lobby", 2, TrackState.CONFIRMED)
    assert {at for _, at in server.record("lobby").frames.values()} == {START.timestamp() + n for n in (1, 2, 3)}
    assert server.stream("lobby").agent.startswith("portero-client/")
    assert camera.dropped == {}
    assert camera.unacked_frames == 0


async def test_a_cut_is_hidden(server: BridgeServer) -> None:
    """Pictures that were sent and not acknowledged when the connection broke are sent again by themselves."""
    server.behavior.acks = False
    told = Told()
    async with streaming(server, mode=DeliveryMode.LOSSLESS, on_event=told) as camera:
        for n in range(1, 6):
            await camera.send(picture(n), at(n))
        await server.until_frames("lobby", 5)
        server.record("lobby").durable = 2
        server.behavior.acks = True
        server.stream("lobby").cut()
        await told.until(StreamOpened, 2)
        await camera.send(picture(6), at(6))
    assert [request.frame.sequence for request in server.stream("lobby").received if request.HasField("frame")] == [
        3,
        4,
        5,
        6,
    ]
    assert any(isinstance(event, StreamClosed) for event in told.events)


async def test_lossless_waits_for_room_and_loses_nothing(server: BridgeServer) -> None:
    """With a credit of one frame and a window of two, the sender is slowed down."""
    server.behavior.frames_in_flight = 1
    tuning = StreamTuning(limits=DeliveryLimits(window_frames=2), reconnect=QUICK.reconnect)
    async with streaming(server, mode=DeliveryMode.LOSSLESS, tuning=tuning) as camera:
        for n in range(1, 31):
            await camera.send(picture(n), at(n))
            assert camera.unacked_frames <= 2
    assert sorted(server.record("lobby").frames) == list(range(1, 31))


async def test_live_never_waits_and_says_what_it_dropped(server: BridgeServer) -> None:
    """Without credit the oldest pictures become gaps, which the stream counts and the server is told."""
    server.behavior.frames_in_flight = 0
    server.behavior.acks = False
    told = Told()
    tuning = StreamTuning(limits=DeliveryLimits(backlog_frames=2), reconnect=QUICK.reconnect)
    async with streaming(server, tuning=tuning, on_event=told) as camera:
        await told.until(StreamOpened)
        for n in range(1, 11):
            await camera.send(picture(n), at(n))
        await server.until(lambda: len(server.record("lobby").gaps) == 8)
        assert camera.dropped == {GapReason.NO_CREDIT: 8}
        server.behavior.frames_in_flight = 100
        await server.settle("lobby")
    assert sorted(server.record("lobby").frames) == [9, 10]


async def test_a_spool_carries_pictures_over_a_restart(server: BridgeServer, tmp_path: Path) -> None:
    """What one run could not deliver, the next one with the same file does, in the same epoch and once."""
    server.behavior.acks = False
    options: dict[str, Any] = {"mode": DeliveryMode.LOSSLESS, "spool": tmp_path / "new" / "lobby.spool"}
    async with streaming(server, **options) as camera:
        for n in range(1, 4):
            await camera.send(picture(n), at(n))
        await server.until_frames("lobby", 3)
        await camera.aclose()
    server.behavior.acks = True
    async with streaming(server, **options) as camera:
        assert await camera.send(picture(4), at(4)) == 4
        await camera.finish()
    assert len(server.records) == 1
    assert sorted(server.record("lobby").frames) == [1, 2, 3, 4]


async def test_a_spool_that_cannot_be_opened_is_told_at_once(server: BridgeServer, tmp_path: Path) -> None:
    """Where a spool was asked for, nobody goes on without it unnoticed: not on a refusing disk, not beside another."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolFault):
        async with streaming(server, mode=DeliveryMode.LOSSLESS, spool=tmp_path / "file" / "spool"):
            raise AssertionError
    options: dict[str, Any] = {"mode": DeliveryMode.LOSSLESS, "spool": tmp_path / "spool"}
    async with streaming(server, **options):
        with pytest.raises(SpoolFault, match="locked"):
            async with streaming(server, **options):
                raise AssertionError


async def test_a_refusal_is_raised_and_an_absent_server_is_waited_for() -> None:
    """The next call raises what waiting cannot change; an unknown camera is registered unless that is switched off."""
    server = BridgeServer(cameras=set())
    await server.start()
    told = Told()
    async with streaming(server, on_event=told) as camera:
        await camera.send(picture(1), at(1))
        await told.until(StreamOpened)
    assert CameraRegistered("lobby") in told.events
    server.cameras = set()
    with pytest.raises(NotFound):
        async with streaming(server, register=False) as camera:
            await results_of(camera)
    server.behavior.refusals.append((grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_CAMERA"))
    with pytest.raises(PermissionDenied):  # noqa: PT012 - whichever call is next
        async with streaming(server) as camera:
            while True:
                await camera.send(picture(1))
    server.behavior.refusals.append((grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_CAMERA"))
    with pytest.raises(PermissionDenied):
        # The block was done before the refusal came, and leaving tells.
        async with streaming(server, mode=DeliveryMode.LOSSLESS) as camera:
            await camera.send(picture(1))
    await server.stop()
    async with asyncio.timeout(PATIENCE):
        tuning = StreamTuning(reconnect=QUICK.reconnect, stop_timeout=0.01)
        async with streaming(server, on_event=told, tuning=tuning) as camera:
            await told.until(StreamClosed, 3)
            await camera.send(picture(1), at(1))


async def test_another_client_that_takes_the_camera_over_ends_the_stream(server: BridgeServer) -> None:
    """Two programs with one camera do not throw each other out in turn: the first one is told."""
    server.behavior.refusals.append((grpc.StatusCode.ABORTED, "SESSION_SUPERSEDED"))
    with pytest.raises(Aborted):
        async with streaming(server) as camera:
            await results_of(camera)


async def test_what_cannot_be_sent_is_refused_where_it_is_typed(server: BridgeServer) -> None:
    """A naive time, an empty or too large picture, a spool for LIVE and a malformed camera name are errors at once."""
    server.behavior.max_bytes = 1_000
    told = Told()
    async with streaming(server, on_event=told) as camera:
        await told.until(StreamOpened)
        with pytest.raises(InvalidArgument, match="time zone"):
            await camera.send(picture(1), datetime(2026, 3, 2))  # noqa: DTZ001 - it is the mistake
        with pytest.raises(InvalidArgument, match="1 to 1,000 bytes, not 1,001"):
            await camera.send(bytes(1_001))
        with pytest.raises(InvalidArgument, match="not 0"):
            await camera.send(b"")
        await camera.finish()
        with pytest.raises(FailedPrecondition, match="finished"):
            await camera.send(b"\xff", at(1))
    client = PorteroClient(server.address)
    with pytest.raises(InvalidArgument, match="LOSSLESS"):
        client.stream("lobby", spool=Path("lobby.spool"))
    with pytest.raises(InvalidArgument, match="camera's id"):
        client.stream("Lobby!")
    with pytest.raises(FailedPrecondition, match="async with"):
        await client.stream("lobby").send(b"\xff")


async def test_the_servers_wishes_are_followed(server: BridgeServer) -> None:
    """Pictures beyond the wanted rate, and those in a pause, are left out without a number and without a gap."""
    told = Told()
    async with streaming(server, on_event=told) as camera:
        await told.until(StreamOpened)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=stream_pb2.Directive(max_rate=1.0)))
        await told.until(Directed)
        numbers = [await camera.send(picture(n), at(n / 4)) for n in range(8)]
        assert numbers == [1, None, None, None, 2, None, None, None]
        server.stream("lobby").say(
            stream_pb2.StreamFramesResponse(directive=stream_pb2.Directive(pause=Duration(seconds=3_600)))
        )
        await told.until(Directed, 2)
        assert await camera.send(picture(9), at(9)) is None
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=stream_pb2.Directive(pause=Duration())))
        await told.until(Directed, 3)
        assert await camera.send(picture(10), at(10)) == 3
    assert server.record("lobby").gaps == {}


async def test_results_that_nobody_reads_are_bounded(server: BridgeServer) -> None:
    """The latest results are kept, and the others are counted: memory does not grow, and the stream does not stall."""
    told = Told()
    async with streaming(server, on_event=told) as camera:
        await told.until(StreamOpened)
        for sequence in range(1, MAX_RESULTS + 6):
            refused = stream_pb2.FrameRejected(sequence=sequence)
            server.stream("lobby").say(stream_pb2.StreamFramesResponse(frame_rejected=refused))
        await told.until(FrameRefused, MAX_RESULTS + 5)
        assert camera.missed_results == 5
    sequences = [result.sequence for result in await results_of(camera) if isinstance(result, FrameRefused)]
    assert sequences == list(range(6, MAX_RESULTS + 6))


async def test_a_send_that_is_canceled_sends_nothing_twice(server: BridgeServer) -> None:
    """A sender that gives up while it waits for room leaves the stream usable, and what it gave up is not sent."""
    server.behavior.frames_in_flight = 0
    tuning = StreamTuning(limits=DeliveryLimits(window_frames=1), reconnect=QUICK.reconnect)
    told = Told()
    async with streaming(server, mode=DeliveryMode.LOSSLESS, tuning=tuning, on_event=told) as camera:
        await told.until(StreamOpened)
        await camera.send(picture(1), at(1))
        waiting = asyncio.create_task(camera.send(picture(2), at(2)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        server.behavior.frames_in_flight = 10
        await server.settle("lobby")
        await camera.send(picture(3), at(3))
    assert {at for _, at in server.record("lobby").frames.values()} >= {at(1).timestamp(), at(3).timestamp()}
    assert len(server.record("lobby").frames) <= 3


async def test_hanging_up_ends_the_iteration(server: BridgeServer) -> None:
    """After `aclose` nobody waits for results any more, and a sender is told."""
    async with streaming(server) as camera:
        reading = asyncio.create_task(results_of(camera))
        await asyncio.sleep(0)
        await camera.aclose()
        assert await reading == []
        with pytest.raises(FailedPrecondition):
            await camera.send(picture(1), at(1))


async def test_a_pause_holds_a_lossless_sender_and_no_longer_than_the_stream(server: BridgeServer) -> None:
    """LOSSLESS waits for the end of a pause; a stream that ends meanwhile lets its sender go."""
    told = Told()
    async with streaming(server, mode=DeliveryMode.LOSSLESS, on_event=told) as camera:
        await told.until(StreamOpened)
        pause = stream_pb2.Directive(pause=Duration(seconds=3_600))
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=pause))
        await told.until(Directed)
        sending = asyncio.create_task(camera.send(picture(1), at(1)))
        await asyncio.sleep(0)
        lifted = stream_pb2.Directive(pause=Duration())
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=lifted))
        assert await sending == 1
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=pause))
        await told.until(Directed, 3)
        sending = asyncio.create_task(camera.send(picture(2), at(2)))
        await asyncio.sleep(0)
        await camera.aclose()
        with pytest.raises(FailedPrecondition):
            await sending


async def test_leaving_waits_for_an_absent_server_only_with_something_to_lose() -> None:
    """LOSSLESS in memory holds its caller until a server takes what was sent; with nothing sent it lets go at once."""
    server = BridgeServer()
    await server.start()
    await server.stop()
    async with asyncio.timeout(PATIENCE):
        async with streaming(server, mode=DeliveryMode.LOSSLESS):
            pass

    async def send_one() -> None:
        async with streaming(server, mode=DeliveryMode.LOSSLESS) as camera:
            await camera.send(picture(1), at(1))

    leaving = asyncio.create_task(send_one())
    done, _ = await asyncio.wait([leaving], timeout=0.05)
    assert not done
    await server.start()
    async with asyncio.timeout(PATIENCE):
        await leaving
    assert list(server.record("lobby").frames) == [1]
    await server.stop()
