"""One look at the cameras for all viewers of a key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from portero.v1 import camera_service_pb2 as pb2

from portero_client import ConnectionSettings, PorteroClient, Unauthenticated
from portero_console.live.camera_feed import CameraFeed, CameraReport
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.time.timeouts import PATIENCE

_INTERVAL = 0.01


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[PorteroClient]:
    """A client of a server with a camera."""
    server.cameras.cameras["cameras/door"] = pb2.Camera(name="cameras/door")
    async with PorteroClient(ConnectionSettings(server.address)) as opened:
        yield opened


async def _until(
    reports: AsyncIterator[CameraReport], rate: float | None = None, *, trouble: bool = False
) -> CameraReport:
    async with asyncio.timeout(PATIENCE):
        async for report in reports:
            status = report.cameras[0].status if report.cameras else None
            if bool(report.trouble) == trouble and (rate is None or (status and status.frame_rate == rate)):
                return report
    raise AssertionError


async def test_viewers_get_the_newest_report_and_the_server_one_look(server: FakeServer, client: PorteroClient) -> None:
    """A change reaches all viewers; as long as nothing changes they are told nothing."""
    feed = CameraFeed(client, _INTERVAL)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        viewers = [feed.reports() for _ in range(10)]
        server.cameras.statuses["cameras/door"] = pb2.CameraStatus(streaming=True, frame_rate=5.0)
        reports = await asyncio.gather(*(_until(viewer, 5.0) for viewer in viewers))
        assert len({id(report) for report in reports}) == 1
        server.cameras.statuses["cameras/door"] = pb2.CameraStatus(streaming=True, frame_rate=6.0)
        await asyncio.gather(*(_until(viewer, 6.0) for viewer in viewers))
        running.cancel()


async def test_a_server_that_is_away_is_told_with_what_was_known(server: FakeServer, client: PorteroClient) -> None:
    """The cameras stay as they were, with the trouble, until the server answers again."""
    feed = CameraFeed(client, _INTERVAL)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        viewer = feed.reports()
        await _until(viewer)
        server.refuse("GetCameraStatus", Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", reason="BUSY"), 3)
        report = await _until(viewer, trouble=True)
        assert [each.camera.name for each in report.cameras] == ["cameras/door"]
        assert (await _until(viewer)).trouble == ""
        running.cancel()


async def test_a_camera_that_was_removed_amid_a_look_is_no_trouble(server: FakeServer, client: PorteroClient) -> None:
    """It is listed without a status until the list is read again."""
    server.refuse("GetCameraStatus", Refusal(grpc.StatusCode.NOT_FOUND, "gone", reason="NOT_FOUND"))
    feed = CameraFeed(client, _INTERVAL)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        assert (await _until(feed.reports())).cameras[0].status is None
        running.cancel()


async def test_a_refusal_ends_it_for_every_viewer(server: FakeServer, client: PorteroClient) -> None:
    """A revoked key is no trouble that passes."""
    server.refuse("ListCameras", Refusal(grpc.StatusCode.UNAUTHENTICATED, "revoked", reason="REVOKED"))
    feed = CameraFeed(client, _INTERVAL)
    await feed.run()
    with pytest.raises(Unauthenticated):
        await anext(feed.reports())


class _Enough(Exception):
    """Ends a feed at the last pause that a test wants."""


async def _pauses(client: PorteroClient, number: int) -> list[float]:
    """Returns the first pauses of a feed, none of which is waited for."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == number:
            raise _Enough

    with pytest.raises(_Enough):
        await CameraFeed(client, 2.0, pause).run()
    return pauses


async def test_many_cameras_are_asked_for_slowly(server: FakeServer, client: PorteroClient) -> None:
    """At most 25 statuses a second are asked for, however many cameras there are."""
    for number in range(19):
        server.cameras.cameras[f"cameras/c{number}"] = pb2.Camera(name=f"cameras/c{number}")
    assert await _pauses(client, 3) == [pytest.approx(8 / 25), pytest.approx(8 / 25), 2.0]
    assert server.calls["GetCameraStatus"] == 20


async def test_a_server_that_is_asked_too_often_says_when_to_ask_again(
    server: FakeServer, client: PorteroClient
) -> None:
    """The next look comes after the wait that the server asks for, and goes on where the last one was refused."""
    refusal = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", reason="TOO_MANY_CALLS", retry_after=30.0)
    server.refuse("ListCameras", refusal, 10)
    assert await _pauses(client, 1) == [30.0]
