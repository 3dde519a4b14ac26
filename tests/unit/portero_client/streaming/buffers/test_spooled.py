"""Frames that go through the disk, from the source to the server."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from portero_client.streaming.events import SpoolBack, SpoolFailed, SpoolSetAside, StreamOpened
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.spool.spool import Spool, SpoolLimits, SpoolPolicy
from tests.support.bridge.running import QUICK, running
from tests.support.bridge.server import BridgeServer
from tests.support.bridge.source import PushedSource

LIMITS = SpoolLimits(max_bytes=1_000_000, max_age=timedelta(hours=1), policy=SpoolPolicy.DROP_OLDEST)


async def test_spool_carries_frames_over_a_restart(server: BridgeServer, tmp_path: Path) -> None:
    """What one run could not deliver, the next one does, in the same epoch and without a second copy."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    server.behavior.acks = False
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(5)
        await server.until_frames("lobby", 5)
        camera.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await camera.task
        camera.task = asyncio.create_task(asyncio.sleep(0))
    server.behavior.acks = True
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS):
        await server.until_durable("lobby", 5)
        source.push(1)
        await server.until_durable("lobby", 6)
    assert len(server.records) == 1
    assert [request.frame.sequence for request in server.streams[1].received[:6]] == [1, 2, 3, 4, 5, 6]


async def test_damaged_spool_is_set_aside(server: BridgeServer, tmp_path: Path) -> None:
    """A camera whose spool cannot be read says so, keeps the file, and streams under a new epoch."""
    (tmp_path / "lobby.spool").write_bytes(b"not a database at all" * 100)
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(1)
        await server.until_durable("lobby", 1)
    (aside,) = camera.of(SpoolSetAside)
    assert isinstance(aside, SpoolSetAside)
    assert (tmp_path / aside.reason.rpartition("kept as ")[2]).read_bytes().startswith(b"not a database")


async def test_disk_that_refuses_from_the_start_stops_no_camera(server: BridgeServer, tmp_path: Path) -> None:
    """Where no spool can be opened, frames go through memory and the operator is told."""
    (tmp_path / "file").write_text("in the way")
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path / "file" / "spool"})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(1)
        await server.until_durable("lobby", 1)
    assert camera.of(SpoolFailed)


async def test_spool_begins_a_new_epoch_with_a_foreign_server(server: BridgeServer, tmp_path: Path) -> None:
    """Renumbering reaches the disk too: the frames in it follow under the new epoch."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS, window_frames=2):
        source.push(3)
        await server.until_durable("lobby", 3)
        server.behavior.acks = False
        source.push(6)
        await server.until_frames("lobby", 5)
        server.record("lobby").durable = 77
        server.behavior.acks = True
        server.stream("lobby").cut()
        await server.until(lambda: len(server.records) == 2 and server.record("lobby").durable == 6)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Returns a disk that has as much room as a test says."""
    room = {"free": 0}
    monkeypatch.setattr("portero_client.streaming.spool.reserve.free_bytes", lambda folder: room["free"])
    return room


@pytest.mark.parametrize("kept", [False, True])
async def test_a_full_disk_at_the_start_has_frames_sent_live(
    server: BridgeServer, tmp_path: Path, disk: dict[str, int], kept: bool
) -> None:
    """With an empty spool on a full disk every frame reaches the server, and the operator is told once."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path, "spool_retry": 0.01})
    if kept:
        # One that an earlier run left, with everything delivered.
        Spool(tmp_path / "lobby.spool", "earlier", LIMITS).close()
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(20)
        await server.until_durable("lobby", 20)
        assert len(camera.of(SpoolFailed)) == 1
        assert server.opens("lobby") == 1


async def test_spooling_goes_on_when_there_is_room_again(
    server: BridgeServer, tmp_path: Path, disk: dict[str, int]
) -> None:
    """What was sent live is finished first, then the spool takes over under its own epoch: nothing is missing."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path, "spool_retry": 0.01})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(5)
        await server.until_durable("lobby", 5)
        disk["free"] = 10**9
        await camera.until(SpoolBack)
        await camera.until(StreamOpened, 2)
        source.push(3)
        await server.until_durable("lobby", 3)
    sent = [[m.frame.sequence for m in stream.received if m.HasField("frame")] for stream in server.streams]
    assert sent == [[1, 2, 3, 4, 5], [1, 2, 3]]
    assert (tmp_path / "lobby.spool").exists()


async def test_a_disk_that_fills_up_meanwhile_has_frames_sent_live(
    server: BridgeServer, tmp_path: Path, disk: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spool that was read out and can write no more gives way; what it lost is a gap at the server."""
    disk["free"] = 10**9
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path, "spool_retry": 60})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(1)
        await server.until_durable("lobby", 1)
        disk["free"] = 0
        monkeypatch.setattr(Spool, "_disk_has_room", lambda spool, size: False)
        source.push(1)
        await camera.until(StreamOpened, 2)
        source.push(4)
        await server.until_durable("lobby", 4)
    sent = [[m.frame.sequence for m in stream.received if m.HasField("frame")] for stream in server.streams]
    gaps = [m.gap.last_sequence for m in server.streams[0].received if m.HasField("gap")]
    assert sent == [[1], [1, 2, 3, 4]]
    assert gaps == [2]
    assert len(camera.of(SpoolFailed)) == 2


async def test_a_spool_that_is_deleted_is_begun_anew(server: BridgeServer, tmp_path: Path) -> None:
    """Frames go on from the file that is open, the operator is told, and a new file takes over when all is sent."""
    tuning = QUICK.model_copy(update={"spool_directory": tmp_path})
    source = PushedSource()
    async with running(server, source, tuning, mode=DeliveryMode.LOSSLESS) as camera:
        source.push(2)
        await server.until_durable("lobby", 2)
        for file in tmp_path.glob("lobby.spool*"):  # noqa: ASYNC240 - while the bridge runs is what is tested
            file.unlink()
        source.push(1)
        await camera.until(StreamOpened, 2)
        source.push(4)
        await server.until_durable("lobby", 4)
    (told,) = camera.of(SpoolFailed)
    assert isinstance(told, SpoolFailed)
    assert "deleted or replaced" in told.reason
    sent = [[m.frame.sequence for m in stream.received if m.HasField("frame")] for stream in server.streams]
    assert sent == [[1, 2, 3], [1, 2, 3, 4]]
    assert (tmp_path / "lobby.spool").exists()
