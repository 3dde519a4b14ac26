"""A camera's tasks: how they begin again, how they are stopped, and how they end."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from portero_bridge.camera import CameraRunner, run_camera
from portero_bridge.errors import SourceFault
from portero_bridge.events import BridgeEvent, SourceDown, SourceUp
from portero_bridge.metrics import BridgeMetrics
from portero_client.errors import PorteroError, Unavailable
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import Clock, SystemClock
from portero_client.streaming.uplink.session import Call, Session
from tests.support.bridge.pictures import picture
from tests.support.bridge.running import QUICK, camera_settings, running
from tests.support.bridge.server import BridgeServer
from tests.support.bridge.source import PushedSource
from tests.support.time.timeouts import PATIENCE


async def test_swallowed_cancellation_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When gRPC answers a cancellation with the failure of the call, the camera ends all the same."""
    waiting = asyncio.Event()

    async def swallow(self: Session, call: Call) -> PorteroError:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Unavailable("the connection was refused")
        raise AssertionError

    monkeypatch.setattr(Session, "run", swallow)
    call = asyncio.create_task(run_camera(camera_settings(), server="127.0.0.1:9", source=PushedSource()))
    await waiting.wait()
    call.cancel()
    ended, _ = await asyncio.wait([call], timeout=PATIENCE)
    assert ended
    assert call.cancelled()


async def test_call_can_be_canceled_at_any_moment() -> None:
    """A cancellation that meets a failing connection is not lost, however the two meet."""
    for steps in range(150):
        call = asyncio.create_task(
            run_camera(camera_settings(), server="127.0.0.1:9", source=PushedSource(), tuning=QUICK)
        )
        for _ in range(steps):
            await asyncio.sleep(0)
        call.cancel()
        ended, _ = await asyncio.wait([call], timeout=PATIENCE)
        assert ended
        assert call.cancelled()


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
        await server.until_durable("lobby", 2)
        assert source.opened == 2
        (down,) = camera.of(SourceDown)
        assert isinstance(down, SourceDown)
        assert down.reason == "unplugged"
        assert server.opens("lobby") == 1


async def _told(server: BridgeServer, source: PushedSource, failures: int, clock: Clock) -> list[BridgeEvent]:
    """Returns what is told of a source until it has failed so often."""
    told: list[BridgeEvent] = []
    stop = asyncio.Event()

    def note(event: BridgeEvent) -> None:
        if isinstance(event, (SourceUp, SourceDown)):
            told.append(event)
        if sum(isinstance(event, SourceDown) for event in told) == failures:
            stop.set()

    runner = CameraRunner(
        camera_settings(),
        QUICK.model_copy(update={"camera_retry_cap": 100.0}),
        ConnectionSettings(server.address),
        emit=note,
        meter=BridgeMetrics().camera("lobby"),
        stop=stop,
        source=source,
        draw=lambda: 1.0,
        clock=clock,
    )
    await runner.run()
    return told


async def test_source_that_gives_one_image_a_try_is_tried_ever_less_often(server: BridgeServer) -> None:
    """Delays grow though one picture came, and it is told as up once, not at every try."""
    source = PushedSource()
    source.fail("unplugged")
    for _ in range(3):
        source.push(1)
        source.fail("unplugged again")
    told = await _told(server, source, 4, SystemClock())
    assert [event.retry_in for event in told if isinstance(event, SourceDown)] == [0.001, 0.002, 0.004, 0.008]
    assert sum(isinstance(event, SourceUp) for event in told) == 1


async def test_source_that_refuses_the_password_is_tried_once_a_minute(server: BridgeServer) -> None:
    """Cameras lock accounts after a few wrong passwords, and somebody must change something anyway."""
    source = PushedSource()
    source.fail("refused", is_refusal=True)
    (down,) = await _told(server, source, 1, SystemClock())
    assert isinstance(down, SourceDown)
    assert down.retry_in == 60.0


async def test_finite_source_that_fails_is_told_to_the_caller(server: BridgeServer) -> None:
    """A recording that is wanted once is not begun again behind the caller's back."""
    source = PushedSource(is_finite=True)
    source.fail("no video")
    with pytest.raises(SourceFault, match="no video"):
        await run_camera(camera_settings(once=True), server=server.address, source=source)


async def test_two_recordings_of_one_camera_with_one_file_time_stay_apart(server: BridgeServer, tmp_path: Path) -> None:
    """The server is asked what the camera sent; beside a spool it is not, since a killed bridge sends it again."""
    # A spool keeps nothing that is older than a day.
    written = int(time.time()) - 3600
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        for number in range(3):
            (folder / f"{number}.jpg").write_bytes(picture(number))
            os.utime(folder / f"{number}.jpg", (written, written))
    for folder in folders:
        await run_camera(camera_settings(source=str(folder), once=True, rate=1), server=server.address, tuning=QUICK)
    first, second = ([taken for _, taken in record.frames.values()] for record in server.records.values())
    assert max(first) < min(second) <= max(first) + 0.01
    spooling = QUICK.model_copy(update={"spool_directory": tmp_path})
    await run_camera(camera_settings(source=str(folders[0]), once=True, rate=1), server=server.address, tuning=spooling)
    assert [taken for _, taken in server.record("lobby").frames.values()] == first


async def test_stop_finishes_in_good_order(server: BridgeServer) -> None:
    """A stopped camera sends what it has, Finish, and waits for the account."""
    source = PushedSource()
    async with running(server, source) as camera:
        source.push(3)
        await server.until_durable("lobby", 3)
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
        await source.taken()
        camera.stop.set()
        assert await camera.task is None
