from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import grpc
import pytest
from portero.v1 import attendance_service_pb2 as attendance_pb2
from portero.v1 import sighting_service_pb2 as pb2

from portero_client import (
    AttendanceStatus,
    Backoff,
    BlockingPorteroClient,
    BlockingSightingWatch,
    ConnectionSettings,
    InvalidArgument,
    NotFound,
    PorteroError,
    SightingEventKind,
    SightingKind,
)
from tests.support.client.attendance import SESSION, stamp
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal, not_found

STARTED = pb2.SIGHTING_EVENT_KIND_STARTED
LEFT = pb2.SIGHTING_EVENT_KIND_LEFT


@pytest.fixture
def blocking(settings: ConnectionSettings) -> Iterator[BlockingPorteroClient]:
    """A blocking client of the fake server."""
    with BlockingPorteroClient(settings) as client:
        yield client


def positions(watch: BlockingSightingWatch, count: int) -> list[int]:
    """Returns the positions of the next events."""
    return [next(watch).position for _ in range(count)]


async def test_a_thread_follows_what_is_stored_and_what_comes(
    blocking: BlockingPorteroClient, server: FakeServer
) -> None:
    """From position 0 everything stored is returned, then what happens at this camera alone."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "desk", "bea")
    await server.sightings.tell(STARTED, "s1")
    with blocking.watch_sightings(after=0, camera="door") as watch:
        first = await asyncio.to_thread(next, watch)
        assert (first.kind, first.sighting.display_name) == (SightingEventKind.STARTED, "Ana")
        coming = asyncio.ensure_future(asyncio.to_thread(next, watch))
        await server.sightings.tell(STARTED, "s2")
        await server.sightings.tell(LEFT, "s1")
        assert (await coming).kind is SightingEventKind.LEFT
    with blocking.watch_sightings(after=0, person="bea", kind=SightingKind.NAMED) as watch:
        assert (await asyncio.to_thread(next, watch)).sighting.name == "sightings/s2"


@pytest.mark.parametrize("end", [Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed", bare=True), None])
async def test_a_cut_is_mended_without_a_hole_or_a_repetition(
    blocking: BlockingPorteroClient, server: FakeServer, end: Refusal | None
) -> None:
    """However a watch ends, the next one goes on after the last event returned."""
    server.sightings.store("s1", "door", "ana")
    await server.sightings.tell(STARTED, "s1")
    with blocking.watch_sightings(after=0) as watch:
        assert await asyncio.to_thread(positions, watch, 1) == [1]
        coming = asyncio.ensure_future(asyncio.to_thread(positions, watch, 1))
        await server.sightings.cut(end)
        await server.sightings.watched(2)
        await server.sightings.tell(LEFT, "s1")
        assert await coming == [2]
    assert server.sightings.watches == [0, 1]


async def test_close_ends_an_iteration_that_waits(blocking: BlockingPorteroClient, server: FakeServer) -> None:
    """A watch that another thread closes ends its loop instead of waiting for an event that never comes."""
    watch = blocking.watch_sightings(after=0)
    rest = asyncio.ensure_future(asyncio.to_thread(list, watch))
    await server.sightings.watched(1)
    watch.close()
    assert await rest == []
    assert list(watch) == []


async def test_what_will_not_heal_is_raised(blocking: BlockingPorteroClient, server: FakeServer) -> None:
    """A watch of what does not exist ends with its error instead of trying for ever."""
    server.refuse("WatchSightings", not_found("cameras/door"))
    with pytest.raises(NotFound):
        await asyncio.to_thread(next, blocking.watch_sightings(camera="door"))
    with pytest.raises(InvalidArgument):
        blocking.watch_sightings(camera="No Camera")


class _ScriptedCall:
    """A watch whose messages are written down: positions of events."""

    def __init__(self, script: Sequence[int]) -> None:
        self._script = list(script)

    def __next__(self) -> bytes:
        if not self._script:
            raise StopIteration
        position = self._script.pop(0)
        return pb2.WatchSightingsResponse(
            position=position, sighting=pb2.Sighting(name=f"sightings/{position}")
        ).SerializeToString()

    def cancel(self) -> bool:
        return True


def test_close_ends_a_pause_between_two_calls() -> None:
    """A watch that waits to ask again, for an hour, ends at once when it is closed."""
    calls = [[1], [2]]
    paused = threading.Event()

    def translate(_: grpc.RpcError) -> PorteroError:
        raise AssertionError("no call fails here")

    def draw() -> float:
        paused.set()
        return 1.0

    watch = BlockingSightingWatch(
        lambda _: _ScriptedCall(calls.pop(0)), translate, after=0, backoff=Backoff(3600, 3600), draw=draw
    )
    seen: list[int] = []
    reader = threading.Thread(target=lambda: seen.extend(event.position for event in watch))
    reader.start()
    assert paused.wait(10)
    watch.close()
    reader.join(10)
    assert not reader.is_alive()
    assert (seen, watch.position, calls) == ([1], 1, [[2]])


async def test_a_thread_follows_attendance(blocking: BlockingPorteroClient, server: FakeServer) -> None:
    """Changes of a person come with their positions, and a malformed name is refused before anything is sent."""
    server.attendance.hold_lesson()
    late = attendance_pb2.ATTENDANCE_STATUS_LATE
    for person in ("people/ana", "people/ben"):
        server.attendance.changes.append(
            attendance_pb2.AttendanceChange(session=SESSION, person=person, new_status=late, change_time=stamp(62))
        )
    before = len(server.attendance.changes) - 2
    with blocking.watch_attendance(after=before, person="ben") as watch:
        event = await asyncio.to_thread(next, watch)
    assert (event.position, event.change.person, event.change.new_status) == (
        before + 2,
        "people/ben",
        AttendanceStatus.LATE,
    )
    with pytest.raises(InvalidArgument, match="group"):
        blocking.watch_attendance(group="No group")
