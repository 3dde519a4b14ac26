"""One camera against a server: everything that a session can run into."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from portero.v1 import detections_pb2, stream_pb2

from portero_bridge.bell import Bell
from portero_bridge.camera import run_camera
from portero_bridge.errors import SourceFault
from portero_bridge.events import (
    Acknowledged,
    BridgeEvent,
    CameraRegistered,
    EpochBegun,
    FrameRefused,
    SourceDown,
    SpoolFailed,
    SpoolSetAside,
    StreamAccount,
    StreamClosed,
    StreamFinished,
    StreamOpened,
    TextsRead,
    TrackState,
    TrackUpdated,
)
from portero_bridge.frames import DeliveryMode, GapReason
from portero_bridge.settings import CameraSettings, Tuning
from portero_client.errors import NotFound, PermissionDenied, Unavailable
from tests.fakes.bridge_server import BridgeServer
from tests.fakes.bridge_source import PushedSource

QUICK = Tuning(
    server_retry_base=0.001, server_retry_cap=0.01, camera_retry_base=0.001, camera_retry_cap=0.001, stop_timeout=5
)


def camera_settings(**values: Any) -> CameraSettings:
    """Give settings for the camera of these tests."""
    return CameraSettings(**{"name": "lobby", "source": "0", "rate": None, **values})


class Running:
    """A camera that runs in the background of a test."""

    def __init__(self) -> None:
        self.events: list[BridgeEvent] = []
        self.stop = asyncio.Event()
        self._bell = Bell()
        self.task: asyncio.Task[StreamAccount | None]

    def take(self, event: BridgeEvent) -> None:
        """Remember an event."""
        self.events.append(event)
        self._bell.ring()

    async def until_opened(self) -> None:
        """Wait until the bridge knows that its stream is open."""
        async with asyncio.timeout(10):
            while not self.of(StreamOpened):
                await self._bell.wait()

    def of(self, *kinds: type[BridgeEvent]) -> list[BridgeEvent]:
        """Give the events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


@asynccontextmanager
async def running(
    server: BridgeServer, source: PushedSource, tuning: Tuning = QUICK, **values: Any
) -> AsyncIterator[Running]:
    """Run a camera until the end of the block, then stop it in good order."""
    camera = Running()
    camera.task = asyncio.create_task(
        run_camera(
            camera_settings(**values),
            server=server.address,
            on_event=camera.take,
            tuning=tuning,
            source=source,
            stop=camera.stop,
        )
    )
    try:
        yield camera
        camera.stop.set()
        await camera.task
    finally:
        camera.task.cancel()


async def test_finite_source_is_sent_to_its_end(server: BridgeServer) -> None:
    """Every frame goes out, Finish follows, and the server's account comes back."""
    source = PushedSource(is_finite=True, waits=True)
    source.push(50)
    source.end()
    events: list[BridgeEvent] = []
    account = await run_camera(
        camera_settings(once=True, mode=DeliveryMode.LOSSLESS),
        server=server.address,
        source=source,
        on_event=events.append,
    )
    assert account is not None
    assert account.empty == 50
    assert sorted(server.record("lobby").frames) == list(range(1, 51))
    assert isinstance(events[-1], StreamFinished)
    assert server.stream("lobby").mode == stream_pb2.DELIVERY_MODE_LOSSLESS


async def test_lossless_waits_for_slow_credit(server: BridgeServer) -> None:
    """With one frame in flight and a window of two, a fast source is slowed down and nothing is lost."""
    server.behavior.frames_in_flight = 1
    source = PushedSource(is_finite=True, waits=True)
    source.push(30)
    source.end()
    settings = camera_settings(once=True, mode=DeliveryMode.LOSSLESS, window_frames=2)
    await run_camera(settings, server=server.address, source=source)
    assert len(server.record("lobby").frames) == 30
    assert server.record("lobby").gaps == {}


async def test_live_drops_without_credit_and_reports_it(server: BridgeServer) -> None:
    """Frames beyond the backlog become gaps with the reason, and the newest arrive."""
    server.behavior.frames_in_flight = 0
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, backlog_frames=2) as camera:
        await camera.until_opened()
        source.push(10)
        await server.until(lambda: len(server.record("lobby").gaps) == 8)
        server.behavior.frames_in_flight = 100
        await server.settle("lobby")
        await server.until(lambda: len(server.record("lobby").frames) == 2)
        assert set(server.record("lobby").gaps.values()) == {GapReason.NO_CREDIT}
        assert sorted(server.record("lobby").frames) == [9, 10]
        assert camera.of(StreamClosed) == []


async def test_unknown_camera_is_registered() -> None:
    """CAMERA_NOT_FOUND is answered with CreateCamera, and the stream opens then."""
    server = BridgeServer(cameras=set())
    await server.start()
    source = PushedSource()
    async with running(server, source) as camera:
        await server.until(lambda: server.opens("lobby") == 1)
    assert camera.of(CameraRegistered) == [CameraRegistered("lobby")]
    await server.stop()


async def test_refusal_is_raised_to_a_caller_with_patience() -> None:
    """Without leave to register, or without permission, the caller is told instead of waiting for ever."""
    server = BridgeServer(cameras=set())
    await server.start()
    tuning = QUICK.model_copy(update={"register_cameras": False})
    with pytest.raises(NotFound):
        await run_camera(
            camera_settings(), server=server.address, source=PushedSource(), tuning=tuning, patience=60
        )
    server.behavior.refusals.append((grpc.StatusCode.PERMISSION_DENIED, "NOT_YOUR_CAMERA"))
    with pytest.raises(PermissionDenied):
        await run_camera(camera_settings(), server=server.address, source=PushedSource(), patience=60)
    await server.stop()
    with pytest.raises(Unavailable, match="no Portero server answers"):
        await run_camera(camera_settings(), server=server.address, source=PushedSource(), tuning=QUICK, patience=0.01)


async def test_cut_stream_resumes_without_a_loss(server: BridgeServer) -> None:
    """Frames sent and not acknowledged when the connection breaks are sent again, and none twice over."""
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(5)
        await server.until(lambda: len(server.record("lobby").frames) == 5)
        server.record("lobby").durable = 2
        server.behavior.acks = True
        server.stream("lobby").cut()
        source.push(1)
        await server.until(lambda: len(server.record("lobby").frames) == 6)
        resumed = server.stream("lobby").received
        assert [request.frame.sequence for request in resumed] == [3, 4, 5, 6]
    assert [event.durable_sequence for event in camera.of(StreamOpened) if isinstance(event, StreamOpened)] == [0, 2]


async def test_killed_server_is_found_again(server: BridgeServer) -> None:
    """A server that goes away and comes back gets the rest of the frames by itself."""
    source = PushedSource()
    async with running(server, source, mode=DeliveryMode.LOSSLESS):
        source.push(5)
        await server.until(lambda: server.record("lobby").durable == 5)
        await server.stop()
        source.push(5)
        await server.start()
        await server.until(lambda: server.record("lobby").durable == 10)
    assert server.record("lobby").gaps == {}


async def test_drain_reconnects_without_a_gap(server: BridgeServer) -> None:
    """After Drain the old stream gets nothing more and the new one goes on where it was."""
    source = PushedSource()
    async with running(server, source) as camera:
        for session in (1, 2, 3):
            source.push(2)
            await server.until(lambda session=session: server.record("lobby").durable == 2 * session)
            server.stream("lobby").drain()
            await server.until(lambda session=session: server.opens("lobby") == session + 1)
    assert server.record("lobby").gaps == {}
    assert {event.retry_in for event in camera.of(StreamClosed) if isinstance(event, StreamClosed)} == {0.0}


async def test_stale_server_is_left(server: BridgeServer) -> None:
    """A server that takes frames and never acknowledges is given up after the limit."""
    server.behavior.acks = False
    source = PushedSource()
    tuning = QUICK.model_copy(update={"stale_timeout": 0.1})
    async with running(server, source, tuning) as camera:
        source.push(1)
        await server.until(lambda: server.opens("lobby") == 2)
        server.behavior.acks = True
        await server.settle("lobby")
    closed = camera.of(StreamClosed)[0]
    assert isinstance(closed, StreamClosed)
    assert closed.reason == "frames were sent, but nothing became durable"


async def test_silent_server_is_left(server: BridgeServer) -> None:
    """A server that says nothing for three heartbeat intervals is given up, though nothing is owed."""
    server.behavior.heartbeat_interval = 0.02
    async with running(server, PushedSource()) as camera:
        await server.until(lambda: server.opens("lobby") == 2)
    closed = camera.of(StreamClosed)[0]
    assert isinstance(closed, StreamClosed)
    assert closed.reason == "the server fell silent"
    heartbeats = [request.WhichOneof("message") for request in server.streams[0].received]
    assert heartbeats
    assert set(heartbeats) == {"heartbeat"}


async def test_mute_server_is_left_before_opened(server: BridgeServer) -> None:
    """A server that takes the call and never answers Open is given up, and no frame was sent to it."""
    server.behavior.answers_open = False
    source = PushedSource()
    source.push(1)
    tuning = QUICK.model_copy(update={"open_timeout": 0.05})
    async with running(server, source, tuning):
        await server.until(lambda: server.opens("lobby") == 2)
        assert server.streams[0].received == []
        server.behavior.answers_open = True
        await server.until(lambda: bool(server.record("lobby").frames))


async def test_foreign_numbering_begins_a_new_epoch(server: BridgeServer) -> None:
    """A server that knows sequences this bridge never gave gets a new epoch, and every frame."""
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(3)
        await server.until(lambda: len(server.record("lobby").frames) == 3)
        server.record("lobby").durable = 77
        server.behavior.acks = True
        server.stream("lobby").cut()
        await server.until(lambda: len(server.records) == 2 and server.record("lobby").durable == 3)
        assert camera.of(EpochBegun)


async def test_directives_are_obeyed(server: BridgeServer) -> None:
    """A lower rate, a smaller side and a pause hold from the next frame on."""
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until_opened()
        wish = stream_pb2.Directive(max_rate=0.5, max_side=80, advice=stream_pb2.ADVICE_TOO_DARK)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=wish))
        source.push(1)
        await server.until(lambda: len(server.record("lobby").frames) == 1)
        source.push(8)
        await server.until(lambda: server.record("lobby").durable >= 4)
        pause = stream_pb2.Directive()
        pause.pause.FromSeconds(3600)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=pause))
    assert [event.advice for event in camera.events if hasattr(event, "advice")] == ["too_dark", None]
    last = server.stream("lobby").received[-2].frame
    assert last.sequence <= 5
    assert len(last.jpeg) < 1_500


async def test_oversized_frame_is_shrunk(server: BridgeServer) -> None:
    """What the server would not take as it is, is encoded again until it does."""
    server.behavior.max_bytes = 10_000
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until_opened()
        source.push(1, size=20_000)
        await server.until(lambda: len(server.record("lobby").frames) == 1)
    assert server.record("lobby").gaps == {}


async def test_events_reach_the_callback(server: BridgeServer) -> None:
    """Tracks, texts and refusals come as plain values, in order."""
    source = PushedSource()
    async with running(server, source) as camera:
        source.push(1)
        await server.until(lambda: server.record("lobby").durable == 1)
        track = stream_pb2.TrackUpdate(
            track="t1",
            state=stream_pb2.TRACK_STATE_CONFIRMED,
            sequence=1,
            box=detections_pb2.Box(left=0.1, top=0.2, width=0.3, height=0.4),
            match=detections_pb2.Match(person="people/ana", display_name="Ana", similarity=0.9, margin=0.2),
            sighting="sightings/s1",
        )
        track.timing.time_to_name.FromMilliseconds(250)
        text = stream_pb2.TextRead(sequence=1, texts=[detections_pb2.Text(content="EXIT")])
        refused = stream_pb2.FrameRejected(
            sequence=1, reason=stream_pb2.FRAME_REJECTION_REASON_NOT_JPEG, message="not a JPEG"
        )
        stream = server.stream("lobby")
        stream.say(stream_pb2.StreamFramesResponse(track_update=track))
        stream.say(stream_pb2.StreamFramesResponse(text_read=text))
        stream.say(stream_pb2.StreamFramesResponse(frame_rejected=refused))
    news = camera.of(TrackUpdated, TextsRead, FrameRefused)
    assert isinstance(news[0], TrackUpdated)
    assert news[0].match is not None
    assert (news[0].match.display_name, news[0].state, news[0].time_to_name) == ("Ana", TrackState.CONFIRMED, 0.25)
    assert isinstance(news[1], TextsRead)
    assert [read.content for read in news[1].texts] == ["EXIT"]
    assert news[2] == FrameRefused("lobby", 1, "not_jpeg", "not a JPEG")
    assert Acknowledged("lobby", 1) in camera.events


async def test_callback_that_fails_ends_the_stream(server: BridgeServer) -> None:
    """What the caller's function raises comes out of the call, as it is."""

    def fail(event: BridgeEvent) -> None:
        raise KeyError(type(event).__name__)

    with pytest.raises(KeyError):
        await run_camera(camera_settings(), server=server.address, source=PushedSource(), on_event=fail)


async def test_source_is_opened_again_after_a_fault(server: BridgeServer) -> None:
    """A camera that fails is tried again, and its stream to the server stays open."""
    source = PushedSource()
    async with running(server, source) as camera:
        source.push(1)
        source.fail("unplugged")
        source.push(1)
        await server.until(lambda: server.record("lobby").durable == 2)
        assert source.opened == 2
        (down,) = camera.of(SourceDown)
        assert isinstance(down, SourceDown)
        assert down.reason == "unplugged"
        assert server.opens("lobby") == 1


async def test_finite_source_that_fails_is_told_to_the_caller(server: BridgeServer) -> None:
    """A recording that is wanted once is not begun again behind the caller's back."""
    source = PushedSource(is_finite=True)
    source.fail("no video")
    with pytest.raises(SourceFault, match="no video"):
        await run_camera(camera_settings(once=True), server=server.address, source=source)


async def test_stop_finishes_in_good_order(server: BridgeServer) -> None:
    """A stopped camera sends what it has, Finish, and waits for the account."""
    source = PushedSource()
    async with running(server, source) as camera:
        source.push(3)
        await server.until(lambda: server.record("lobby").durable == 3)
        camera.stop.set()
        account = await camera.task
    assert account is not None
    assert account.empty == 3
    assert server.stream("lobby").finishing


async def test_stop_does_not_wait_for_a_server_that_is_away() -> None:
    """With nothing owed a stop is at once, and with frames it is bounded."""
    server = BridgeServer()
    await server.start()
    await server.stop()
    source = PushedSource()
    async with running(server, source) as camera:
        camera.stop.set()
        assert await camera.task is None
    source = PushedSource()
    tuning = QUICK.model_copy(update={"stop_timeout": 0.05})
    async with running(server, source, tuning) as camera:
        source.push(1)
        while source.opened == 0 or not source._queue.empty():
            await asyncio.sleep(0)
        camera.stop.set()
        assert await camera.task is None


async def test_spool_carries_frames_over_a_restart(server: BridgeServer, tmp_path: Path) -> None:
    """What one run could not deliver, the next one does, in the same epoch and without a second copy."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(5)
        await server.until(lambda: len(server.record("lobby").frames) == 5)
        camera.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await camera.task
        camera.task = asyncio.create_task(_nothing())
    server.behavior.acks = True
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS):
        await server.until(lambda: server.record("lobby").durable == 5)
        source.push(1)
        await server.until(lambda: server.record("lobby").durable == 6)
    assert len(server.records) == 1
    assert [request.frame.sequence for request in server.streams[1].received[:6]] == [1, 2, 3, 4, 5, 6]


async def test_damaged_spool_is_set_aside(server: BridgeServer, tmp_path: Path) -> None:
    """A camera whose spool cannot be read says so, keeps the file, and streams under a new epoch."""
    (tmp_path / "lobby.spool").write_bytes(b"not a database at all" * 100)
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(1)
        await server.until(lambda: server.record("lobby").durable == 1)
    (aside,) = camera.of(SpoolSetAside)
    assert isinstance(aside, SpoolSetAside)
    (kept,) = tmp_path.glob("lobby.spool.damaged-*")
    assert kept.name in aside.reason


async def test_disk_that_refuses_from_the_start_stops_no_camera(server: BridgeServer, tmp_path: Path) -> None:
    """Where no spool can be opened, frames go through memory and the operator is told."""
    (tmp_path / "file").write_text("in the way")
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path / "file" / "spool"})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(1)
        await server.until(lambda: server.record("lobby").durable == 1)
    assert camera.of(SpoolFailed)


async def test_spool_begins_a_new_epoch_with_a_foreign_server(server: BridgeServer, tmp_path: Path) -> None:
    """Renumbering reaches the disk too: the frames in it follow under the new epoch."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS, window_frames=2):
        source.push(6)
        await server.until(lambda: len(server.record("lobby").frames) == 2)
        server.record("lobby").durable = 77
        server.behavior.acks = True
        server.stream("lobby").cut()
        await server.until(lambda: len(server.records) == 2 and server.record("lobby").durable == 6)


async def _nothing() -> None:
    return None
