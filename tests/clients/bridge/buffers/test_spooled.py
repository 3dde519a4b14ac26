"""Frames that go through the disk, from the source to the server."""

import asyncio
from pathlib import Path

import pytest

from portero_bridge.events import (
    SpoolFailed,
    SpoolSetAside,
)
from portero_bridge.frames import DeliveryMode
from tests.fakes.bridge_running import QUICK, running
from tests.fakes.bridge_server import BridgeServer
from tests.fakes.bridge_source import PushedSource


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
