"""One camera against a server: everything that a session can run into."""

import grpc
import pytest
from portero.v1 import detections_pb2, stream_pb2

from portero_bridge.camera import run_camera
from portero_bridge.events import BridgeEvent, SourceDown, SourceStuck
from portero_bridge.images.encoder import jpeg_size
from portero_client.errors import NotFound, PermissionDenied, Unavailable
from portero_client.streaming.events import (
    Acknowledged,
    CameraRegistered,
    Directed,
    EpochBegun,
    FrameRefused,
    StreamClosed,
    StreamFinished,
    StreamOpened,
    TextsRead,
    TrackState,
    TrackUpdated,
)
from portero_client.streaming.frames import DeliveryMode, GapReason
from tests.support.bridge.running import QUICK, camera_settings, running
from tests.support.bridge.server import BridgeServer
from tests.support.bridge.source import PushedSource


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
        await camera.until(StreamOpened)
        source.push(10)
        await server.until(lambda: len(server.record("lobby").gaps) == 8)
        server.behavior.frames_in_flight = 100
        await server.settle("lobby")
        await server.until_frames("lobby", 2)
        assert set(server.record("lobby").gaps.values()) == {GapReason.NO_CREDIT}
        assert sorted(server.record("lobby").frames) == [9, 10]
        assert camera.of(StreamClosed) == []


async def test_unknown_camera_is_registered() -> None:
    """CAMERA_NOT_FOUND is answered with CreateCamera when there is a picture to send, and the stream opens then."""
    server = BridgeServer(cameras=set())
    await server.start()
    source = PushedSource()
    async with running(server, source) as camera:
        source.fail("wrong address")
        await camera.until(StreamClosed)
        await camera.until(SourceDown)
        assert camera.of(CameraRegistered) == []
        source.push(1)
        await server.until_opened("lobby", 1)
    assert camera.of(CameraRegistered) == [CameraRegistered("lobby")]
    await server.stop()


async def test_refusal_is_raised_to_a_caller_with_patience() -> None:
    """Without leave to register, or without permission, the caller is told instead of waiting for ever."""
    server = BridgeServer(cameras=set())
    await server.start()
    tuning = QUICK.model_copy(update={"register_cameras": False})
    with pytest.raises(NotFound):
        await run_camera(camera_settings(), server=server.address, source=PushedSource(), tuning=tuning, patience=60)
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
        await server.until_frames("lobby", 5)
        server.record("lobby").durable = 2
        server.behavior.acks = True
        server.stream("lobby").cut()
        source.push(1)
        await server.until_frames("lobby", 6)
        resumed = server.stream("lobby").received
        assert [request.frame.sequence for request in resumed] == [3, 4, 5, 6]
    assert [event.durable_sequence for event in camera.of(StreamOpened) if isinstance(event, StreamOpened)] == [0, 2]


async def test_why_a_stream_ends_is_heard_while_frames_are_on_their_way(server: BridgeServer) -> None:
    """A server that ends a stream into which the bridge is writing is understood, each time."""
    server.behavior.acks, server.behavior.frames_in_flight = False, 100
    source = PushedSource()
    source.push(60, size=30_000)
    async with running(server, source, mode=DeliveryMode.LOSSLESS, window_frames=100) as camera:
        for session in range(1, 9):
            await server.until_opened("lobby", session)
            await server.until(lambda: server.stream("lobby").frames > 2)
            server.stream("lobby").cut()
            await camera.until(StreamClosed, session)
        server.behavior.acks = True
    reasons = {event.reason for event in camera.of(StreamClosed) if isinstance(event, StreamClosed)}
    assert reasons == {f"no Portero server answers at {server.address}: the connection was lost"}


async def test_killed_server_is_found_again(server: BridgeServer) -> None:
    """A server that goes away and comes back gets the rest of the frames by itself."""
    source = PushedSource()
    async with running(server, source, mode=DeliveryMode.LOSSLESS):
        source.push(5)
        await server.until_durable("lobby", 5)
        await server.stop()
        source.push(5)
        await server.start()
        await server.until_durable("lobby", 10)
    assert server.record("lobby").gaps == {}


async def test_drain_reconnects_without_a_gap(server: BridgeServer) -> None:
    """After Drain the old stream gets nothing more and the new one goes on where it was."""
    source = PushedSource()
    async with running(server, source) as camera:
        for session in (1, 2, 3):
            source.push(2)
            await server.until_durable("lobby", 2 * session)
            server.stream("lobby").drain()
            await server.until_opened("lobby", session + 1)
    assert server.record("lobby").gaps == {}
    assert {event.retry_in for event in camera.of(StreamClosed) if isinstance(event, StreamClosed)} == {0.0}


async def test_stale_server_is_left(server: BridgeServer) -> None:
    """A server that takes frames and never acknowledges is given up after the limit."""
    server.behavior.acks = False
    source = PushedSource()
    tuning = QUICK.model_copy(update={"stale_timeout": 0.1})
    async with running(server, source, tuning) as camera:
        source.push(1)
        await server.until_opened("lobby", 2)
        server.behavior.acks = True
        await server.settle("lobby")
    closed = camera.of(StreamClosed)[0]
    assert isinstance(closed, StreamClosed)
    assert closed.reason == "frames were sent, but nothing became durable"


async def test_silent_server_is_left(server: BridgeServer) -> None:
    """A server that says nothing for three heartbeat intervals is given up, though nothing is owed."""
    server.behavior.heartbeat_interval = 0.02
    async with running(server, PushedSource()) as camera:
        await server.until_opened("lobby", 2)
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
        await server.until_opened("lobby", 2)
        assert server.streams[0].received == []
        server.behavior.answers_open = True
        await server.until(lambda: bool(server.record("lobby").frames))


async def test_foreign_numbering_begins_a_new_epoch(server: BridgeServer) -> None:
    """A server that knows sequences this bridge never gave gets a new epoch, and every frame."""
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(3)
        await server.until_frames("lobby", 3)
        server.record("lobby").durable = 77
        server.behavior.acks = True
        server.stream("lobby").cut()
        await server.until(lambda: len(server.records) == 2 and server.record("lobby").durable == 3)
        assert camera.of(EpochBegun)


async def test_directives_are_obeyed(server: BridgeServer) -> None:
    """A lower rate, a smaller side and a pause hold from the next frame on."""
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        wish = stream_pb2.Directive(max_rate=0.5, max_side=80, advice=stream_pb2.ADVICE_TOO_DARK)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=wish))
        await camera.until(Directed)
        source.push(9)
        await server.until_durable("lobby", 5)
        pause = stream_pb2.Directive()
        pause.pause.FromSeconds(3600)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=pause))
        await camera.until(Directed, times=2)
        source.push(9)
        await source.taken()
    assert camera.of(Directed) == [
        Directed("lobby", max_rate=0.5, max_side=80, pause=None, advice="too_dark"),
        Directed("lobby", max_rate=None, max_side=None, pause=3600, advice=None),
    ]
    frames = [request.frame for request in server.stream("lobby").received if request.HasField("frame")]
    assert len(frames) == 5
    assert all(jpeg_size(frame.jpeg) == (80, 60) for frame in frames)


async def test_an_image_larger_than_the_server_takes_is_shrunk(server: BridgeServer) -> None:
    """The server's own limits on sides and pixels are kept without any setting."""
    server.behavior.max_side = 100
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        source.push(2)
        await server.until_durable("lobby", 2)
    frames = [request.frame for request in server.stream("lobby").received if request.HasField("frame")]
    assert [jpeg_size(frame.jpeg) for frame in frames] == [(100, 75)] * 2


async def test_a_camera_that_shows_the_same_picture_for_long_is_told(server: BridgeServer) -> None:
    """It is told once that it is stuck, and once that it shows others again; the pictures are sent all the same."""
    source = PushedSource()
    async with running(server, source, stuck_after=1e-9) as camera:
        await camera.until(StreamOpened)
        source.push()
        source.repeat(3)
        source.push()
        await server.until_durable("lobby", 5)
    assert camera.of(SourceStuck) == [SourceStuck("lobby", stuck=True), SourceStuck("lobby", stuck=False)]


async def test_directives_end_with_their_session(server: BridgeServer) -> None:
    """A server that took over from one that was overloaded gets the configured rate and size again."""
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        wish = stream_pb2.Directive(max_rate=0.001, max_side=80)
        wish.pause.FromSeconds(3600)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=wish))
        await camera.until(Directed)
        server.stream("lobby").drain()
        await camera.until(StreamOpened, times=2)
        source.push(3)
        await server.until_durable("lobby", 3)
    frames = [request.frame for request in server.stream("lobby").received if request.HasField("frame")]
    assert [jpeg_size(frame.jpeg) for frame in frames] == [(160, 120)] * 3


def _pause(seconds: int) -> stream_pb2.StreamFramesResponse:
    asked = stream_pb2.Directive()
    asked.pause.FromSeconds(seconds)
    return stream_pb2.StreamFramesResponse(directive=asked)


@pytest.mark.parametrize("mode", list(DeliveryMode))
async def test_a_paused_camera_promises_nothing(server: BridgeServer, mode: DeliveryMode) -> None:
    """Images of a live camera that come in a pause get no number: what comes after it follows without a gap."""
    source = PushedSource()
    async with running(server, source, mode=mode) as camera:
        await camera.until(StreamOpened)
        source.push(2)
        await server.until_durable("lobby", 2)
        server.stream("lobby").say(_pause(3600))
        await camera.until(Directed)
        source.push(5)
        await source.taken()
        server.stream("lobby").say(_pause(0))
        await camera.until(Directed, times=2)
        source.push(3)
        await server.until_durable("lobby", 5)
    assert sorted(server.record("lobby").frames) == [1, 2, 3, 4, 5]
    assert server.record("lobby").gaps == {}


async def test_a_recording_waits_through_a_pause(server: BridgeServer) -> None:
    """A source that can wait loses nothing to a pause: every image is sent when it is over."""
    source = PushedSource(is_finite=True, waits=True)
    async with running(server, source, mode=DeliveryMode.LOSSLESS) as camera:
        await camera.until(StreamOpened)
        server.stream("lobby").say(_pause(3600))
        await camera.until(Directed)
        source.push(20)
        server.stream("lobby").say(_pause(0))
        await server.until_durable("lobby", 20)
    assert len(server.record("lobby").frames) == 20


async def test_a_lifted_rate_and_size_are_the_configured_ones(server: BridgeServer) -> None:
    """A request above what is configured lifts an earlier one."""
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        for wish in (
            stream_pb2.Directive(max_rate=0.001, max_side=80),
            stream_pb2.Directive(max_rate=1000.0, max_side=4096),
        ):
            server.stream("lobby").say(stream_pb2.StreamFramesResponse(directive=wish))
        await camera.until(Directed, times=2)
        source.push(4)
        await server.until_durable("lobby", 4)
    frames = [request.frame for request in server.stream("lobby").received if request.HasField("frame")]
    assert [jpeg_size(frame.jpeg) for frame in frames] == [(160, 120)] * 4


async def test_the_servers_heartbeat_is_answered(server: BridgeServer) -> None:
    """The answer repeats when the server sent it, once, so that the server can tell how far the bridge is."""
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        asked = stream_pb2.Heartbeat()
        asked.send_time.FromSeconds(1_750_000_000)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(heartbeat=asked))
        await server.until(lambda: any(each.HasField("heartbeat") for each in server.stream("lobby").received))
        source.push(1)
        await server.until_durable("lobby", 1)
    beats = [request.heartbeat for request in server.stream("lobby").received if request.HasField("heartbeat")]
    assert beats[0].answered_time == asked.send_time
    assert beats[0].HasField("send_time")
    assert not any(beat.HasField("answered_time") for beat in beats[1:])


async def test_oversized_frame_is_shrunk(server: BridgeServer) -> None:
    """What the server would not take as it is, is encoded again until it does."""
    server.behavior.max_bytes = 10_000
    source = PushedSource()
    async with running(server, source) as camera:
        await camera.until(StreamOpened)
        source.push(1, size=20_000)
        await server.until_frames("lobby", 1)
    assert server.record("lobby").gaps == {}


async def test_events_reach_the_callback(server: BridgeServer) -> None:
    """Tracks, texts and refusals come as plain values, in order."""
    source = PushedSource()
    async with running(server, source) as camera:
        source.push(1)
        await server.until_durable("lobby", 1)
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
        track.state = stream_pb2.TRACK_STATE_DOUBTED
        stream.say(stream_pb2.StreamFramesResponse(track_update=track))
        track.ClearField("match")
        track.state, track.unknown_reason = stream_pb2.TRACK_STATE_CONFIRMED, stream_pb2.UNKNOWN_REASON_UNCONFIRMED
        track.provisional_match.display_name = "Ben"
        stream.say(stream_pb2.StreamFramesResponse(track_update=track))
        track.state, track.replaced = stream_pb2.TRACK_STATE_CLOSED, True
        stream.say(stream_pb2.StreamFramesResponse(track_update=track))
    news = camera.of(TrackUpdated, TextsRead, FrameRefused)
    assert isinstance(news[0], TrackUpdated)
    assert news[0].match is not None
    assert (news[0].match.display_name, news[0].state, news[0].time_to_name) == ("Ana", TrackState.CONFIRMED, 0.25)
    assert isinstance(news[1], TextsRead)
    assert [read.content for read in news[1].texts] == ["EXIT"]
    assert news[2] == FrameRefused("lobby", 1, "not_jpeg", "not a JPEG")
    doubted, unconfirmed, closed = news[3:]
    assert isinstance(doubted, TrackUpdated)
    assert (doubted.provisional, doubted.unknown_reason) == (None, "")
    assert isinstance(unconfirmed, TrackUpdated)
    assert unconfirmed.provisional is not None
    assert (unconfirmed.match, unconfirmed.provisional.display_name) == (None, "Ben")
    assert unconfirmed.unknown_reason == "unconfirmed"
    assert isinstance(closed, TrackUpdated)
    assert (doubted.state, doubted.replaced) == (TrackState.DOUBTED, False)
    assert (closed.state, closed.replaced) == (TrackState.CLOSED, True)
    assert Acknowledged("lobby", 1) in camera.events
