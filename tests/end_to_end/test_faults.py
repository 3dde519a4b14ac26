"""Each fault fires the alerts of its own family, and no others, as a real Prometheus sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from portero_cli.demo.portraits import COLLINS
from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import PorteroError
from tests.support.bridge.mjpeg_camera import MjpegCamera
from tests.support.bridge.pictures import picture
from tests.support.processes.bridge_process import running_bridge
from tests.support.processes.prometheus_process import Prometheus, running_prometheus
from tests.support.processes.server_process import ended_server, running_server
from tests.support.processes.simulator_process import PATIENT, SimulatorProcess, running_simulator
from tests.support.store.mariadb import MariaDB

pytestmark = pytest.mark.slow

_SEARCHES = 0.1
_SETTINGS = {
    "engine": "rekognition",
    "rekognition_create_collection": "true",
    "gallery_refresh": "0.5",
    **PATIENT,
}


async def _until(prometheus: Prometheus, family: str | None) -> None:
    """Waits until alerts of this family fire (None: none at all), and fails when any other does."""
    expected = {family} if family else set()

    async def missing() -> set[str]:
        firing = await prometheus.firing(family)
        families = set(firing.values())
        if family is not None:
            assert families <= expected, firing
        return families ^ expected

    await prometheus.until(missing)


@asynccontextmanager
async def _simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatorProcess]:
    """Runs a simulator that the servers started from now on talk to."""
    async with running_simulator() as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        yield simulator


@asynccontextmanager
async def _searching(address: str, photo: bytes) -> AsyncIterator[None]:
    """Has somebody search faces all the time, whatever comes of it."""

    async def search() -> None:
        async with PorteroClient(ConnectionSettings(address)) as client:
            while True:
                with suppress(PorteroError):
                    await client.images.search(photo)
                await asyncio.sleep(_SEARCHES)

    searching = asyncio.create_task(search())
    try:
        yield
    finally:
        searching.cancel()


@asynccontextmanager
async def _camera(show: Callable[[int], bytes], rate: float) -> AsyncIterator[MjpegCamera]:
    """Runs a camera that shows pictures at a rate to whoever is connected."""
    camera = MjpegCamera(show)
    await camera.start()

    async def play() -> None:
        while True:
            await camera.show()
            await asyncio.sleep(1 / rate)

    playing = asyncio.create_task(play())
    try:
        yield camera
    finally:
        playing.cancel()
        await camera.kill()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A portrait's file."""
    return COLLINS.write(tmp_path_factory.mktemp("photo")).read_bytes()


@pytest.fixture
def database() -> Iterator[MariaDB]:
    """A database of the test's own, to be stopped."""
    server = MariaDB()
    server.start()
    yield server
    server.stop()


async def test_a_camera_a_recognizer_and_a_database_that_fail(
    tmp_path: Path, photo: bytes, database: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera switched off, a recognizer that throttles and a stopped database are each told as what they are."""
    url = database.create_schema("portero")
    assert (await ended_server("migrate", tmp_path, database_url=url))[0] == 0
    async with (
        _simulator(monkeypatch) as simulator,
        running_server(tmp_path, database_url=url, **_SETTINGS) as server,
        _camera(picture, 5) as door,
        running_bridge(tmp_path, server.address, [{"name": "door", "source": door.url}]) as bridge,
        _searching(server.address, photo),
        running_prometheus(tmp_path, {"portero-server": server.admin, "portero-bridge": bridge.metrics}) as prometheus,
    ):
        await asyncio.sleep(3)
        await _until(prometheus, None)

        await door.kill()
        await _until(prometheus, "camera")
        await door.start()
        await _until(prometheus, None)

        await simulator.disturb(throttle={"rate": 1.0})
        await _until(prometheus, "recognizer")
        await simulator.reset()
        await _until(prometheus, None)

        await asyncio.to_thread(database.kill)
        await _until(prometheus, "database")
        await asyncio.to_thread(database.start)
        await _until(prometheus, None)


async def test_a_budget_that_is_nearly_spent(tmp_path: Path, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching until the day's two cents are gone tells of money, and of nothing else."""
    async with (
        _simulator(monkeypatch),
        running_server(tmp_path, budget_daily="0.02", **_SETTINGS) as server,
        running_prometheus(tmp_path, {"portero-server": server.admin}) as prometheus,
    ):
        await _until(prometheus, None)
        async with _searching(server.address, photo):
            await _until(prometheus, "money")
            await asyncio.sleep(3)
            await _until(prometheus, "money")


async def test_a_server_whose_places_are_taken(tmp_path: Path) -> None:
    """Cameras that take the last places for streams tell of load, and of nothing else.

    What else is load, a queue that waits or an event loop that lags, depends on the machine that runs the test: it is
    shown where time is computed (tests/unit/portero_infra/test_alerts.py).
    """
    names = ("door", "desk")
    async with (
        running_server(tmp_path, max_streams=str(len(names)), gallery_refresh="0.5") as server,
        _camera(picture, 5) as door,
        running_bridge(tmp_path, server.address, [{"name": name, "source": door.url} for name in names]) as bridge,
        running_prometheus(tmp_path, {"portero-server": server.admin, "portero-bridge": bridge.metrics}) as prometheus,
    ):
        await _until(prometheus, "load")
