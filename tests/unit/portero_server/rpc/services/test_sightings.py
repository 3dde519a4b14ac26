"""SightingService, over a real connection and a real database."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import sighting_service_pb2 as pb

from portero_server.domain.recording.sightings import TrackDecided, TrackLeft, TrackSeen
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House
from tests.support.store.commits import at, commit_of, decided, left

_CODE = grpc.StatusCode


async def _record(house: House, *parts: TrackDecided | TrackSeen | TrackLeft, camera_id: str = "door") -> int:
    """Commits what happened at a camera and tells the watch; gives the last position."""
    stream = await house.streams.open(camera_id, "e1", "session-1")
    result = await house.recording.commit([commit_of(stream, *parts)])
    assert result.last_position is not None
    house.watch.notify(result.last_position)
    return result.last_position


async def _ana(house: House) -> None:
    await house.people.create("ana", "Ana", {})


def _stamp(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at(seconds))
    return stamp


async def _listed(house: House, **conditions: Any) -> list[tuple[str, str, int]]:
    """Lists as (camera, person, seconds after eight)."""
    response = await house.sightings.ListSightings(pb.ListSightingsRequest(**conditions))
    return [(item.camera, item.person, item.first_seen_time.seconds - _stamp(0).seconds) for item in response.sightings]


async def _next(call: Any) -> pb.WatchSightingsResponse:
    response = await call.read()
    assert isinstance(response, pb.WatchSightingsResponse)
    return response


async def test_sighting_is_given_with_everything_stored(house: House) -> None:
    """A sighting tells camera, person, name, times, similarity, margin, tracks and place."""
    await _ana(house)
    await _record(house, decided("t1", "ana", 0, 5))
    (listed,) = (await house.sightings.ListSightings(pb.ListSightingsRequest())).sightings
    assert (listed.camera, listed.person, listed.display_name) == ("cameras/door", "people/ana", "Ana")
    assert (listed.first_seen_time, listed.last_seen_time) == (_stamp(0), _stamp(5))
    assert (listed.similarity, listed.margin, listed.track_count) == (0.75, 0.25, 1)
    assert listed.box.width == 0.5
    assert (await house.sightings.GetSighting(pb.GetSightingRequest(name=listed.name))).sighting == listed


async def test_stranger_has_no_person(house: House) -> None:
    """A stranger's sighting has neither person nor name nor similarity."""
    await _record(house, decided("t1", None, 0))
    (listed,) = (await house.sightings.ListSightings(pb.ListSightingsRequest())).sightings
    assert (listed.person, listed.display_name, listed.similarity) == ("", "", 0)


async def test_unknown_sighting_is_not_found(house: House) -> None:
    """A sighting that does not exist gives NOT_FOUND with the resource."""
    refusal = await refused(house.sightings.GetSighting(pb.GetSightingRequest(name="sightings/none")))
    assert (refusal.code, refusal.resource) == (_CODE.NOT_FOUND, ("portero.v1.Sighting", "sightings/none"))


async def test_conditions_add_up(house: House) -> None:
    """Camera, person, kind and time each narrow the list, and all together too."""
    await _ana(house)
    await _record(house, decided("d1", "ana", 0, 10), decided("d2", None, 100, 110))
    await _record(house, decided("h1", "ana", 200, 210), camera_id="hall")
    door_ana, door_stranger, hall_ana = (
        ("cameras/door", "people/ana", 0),
        ("cameras/door", "", 100),
        ("cameras/hall", "people/ana", 200),
    )
    assert await _listed(house) == [hall_ana, door_stranger, door_ana]
    assert await _listed(house, camera="cameras/door") == [door_stranger, door_ana]
    assert await _listed(house, person="people/ana") == [hall_ana, door_ana]
    assert await _listed(house, kind=pb.SIGHTING_KIND_NAMED) == [hall_ana, door_ana]
    assert await _listed(house, kind=pb.SIGHTING_KIND_UNKNOWN) == [door_stranger]
    assert await _listed(house, start_time=_stamp(105), end_time=_stamp(200)) == [door_stranger]
    assert await _listed(house, camera="cameras/door", person="people/ana", end_time=_stamp(1)) == [door_ana]


async def test_pages_show_each_sighting_once_whatever_comes_meanwhile(house: House) -> None:
    """A walk from the latest back meets each sighting once though later ones are written in between."""
    for number in range(5):
        await _record(house, decided(f"t{number}", None, number))
    seen: list[int] = []
    request = pb.ListSightingsRequest(page_size=2)
    for late in range(10, 13):
        page = await house.sightings.ListSightings(request)
        seen += [item.first_seen_time.seconds - _stamp(0).seconds for item in page.sightings]
        request.page_token = page.next_page_token
        await _record(house, decided(f"late{late}", None, late))
    assert seen == [4, 3, 2, 1, 0]
    assert not request.page_token


async def test_page_token_holds_to_its_conditions(house: House) -> None:
    """A token of one filter is refused under another."""
    for number in range(3):
        await _record(house, decided(f"t{number}", None, number))
    request = pb.ListSightingsRequest(page_size=1, start_time=_stamp(0))
    request.page_token = (await house.sightings.ListSightings(request)).next_page_token
    request.start_time.CopyFrom(_stamp(1))
    refusal = await refused(house.sightings.ListSightings(request))
    assert (refusal.fields, refusal.reason) == (("page_token",), "PAGE_TOKEN_MISMATCH")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListSightingsRequest(page_size=1001), "page_size"),
        (pb.ListSightingsRequest(page_token="?"), "page_token"),
        (pb.ListSightingsRequest(camera="door"), "camera"),
        (pb.ListSightingsRequest(person="ana"), "person"),
        (pb.ListSightingsRequest(kind=7), "kind"),  # type: ignore[arg-type]  # a number from the future
        (pb.ListSightingsRequest(start_time=Timestamp(seconds=-62_135_596_800)), "start_time"),
        (pb.ListSightingsRequest(end_time=Timestamp(seconds=2**60)), "end_time"),
        (pb.ListSightingsRequest(start_time=_stamp(5), end_time=_stamp(5)), "end_time"),
    ],
)
async def test_bad_request_names_the_field(house: House, request_: pb.ListSightingsRequest, field: str) -> None:
    """Oversized pages, malformed tokens, names, kinds and times are refused."""
    refusal = await refused(house.sightings.ListSightings(request_))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_watcher_follows_from_now_on(house: House) -> None:
    """Without a position the present one comes first, then each event of a commit in order."""
    await _ana(house)
    before = await _record(house, decided("t1", "ana", 0, 5))
    call = house.sightings.WatchSightings(pb.WatchSightingsRequest())
    first = await _next(call)
    assert (first.position, first.HasField("sighting")) == (before, False)
    await _record(house, left("t1", 9), decided("t2", None, 10))
    events = [await _next(call), await _next(call)]
    assert {event.kind for event in events} == {pb.SIGHTING_EVENT_KIND_LEFT, pb.SIGHTING_EVENT_KIND_STARTED}
    assert [event.position for event in events] == [before + 1, before + 2]
    assert events[0].sighting.camera == "cameras/door"
    assert events[0].event_time.ToDatetime() == house.clock.now().replace(tzinfo=None)
    call.cancel()


async def test_watcher_resumes_where_it_was_cut(house: House) -> None:
    """After a cut the position brings exactly what followed, across several pages of the store."""
    for number in range(8):
        await _record(house, decided(f"t{number}", None, number))
    call = house.sightings.WatchSightings(pb.WatchSightingsRequest(after_position=0))
    seen = [(await _next(call)).position for _ in range(3)]
    call.cancel()
    again = house.sightings.WatchSightings(pb.WatchSightingsRequest(after_position=seen[-1]))
    seen += [(await _next(again)).position for _ in range(5)]
    again.cancel()
    assert seen == list(range(1, 9))


async def test_watcher_of_one_camera_hears_no_other(house: House) -> None:
    """Only events of the asked camera come."""
    await _record(house, decided("h1", None, 0), camera_id="hall")
    await _record(house, decided("d1", None, 1), camera_id="door")
    call = house.sightings.WatchSightings(pb.WatchSightingsRequest(after_position=0, camera="cameras/door"))
    assert (await _next(call)).sighting.camera == "cameras/door"
    call.cancel()


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ({"person": "people/ana"}, ["people/ana", "people/ana"]),
        ({"kind": pb.SIGHTING_KIND_NAMED}, ["people/ana", "people/ana"]),
        ({"kind": pb.SIGHTING_KIND_UNKNOWN}, ["", ""]),
    ],
)
async def test_watcher_of_a_person_or_a_kind_hears_no_other(
    house: House, asked: dict[str, Any], heard: list[str]
) -> None:
    """Only events of the asked person or kind come."""
    await _ana(house)
    for number, person in enumerate(("ana", None, "ana", None)):
        await _record(house, decided(f"t{number}", person, 600 * number))
    call = house.sightings.WatchSightings(pb.WatchSightingsRequest(after_position=0, **asked))
    events = [await _next(call) for _ in heard]
    assert [event.sighting.person for event in events] == heard
    call.cancel()


async def test_one_watcher_leaving_disturbs_no_other(house: House) -> None:
    """A canceled watcher gives its place back; the other hears the next event."""
    first, second = (house.sightings.WatchSightings(pb.WatchSightingsRequest()) for _ in range(2))
    await _next(first)
    await _next(second)
    first.cancel()
    await house.edge.observer.ended(1)
    assert house.watch.watchers == 1
    await _record(house, decided("t1", None, 0))
    assert (await _next(second)).kind == pb.SIGHTING_EVENT_KIND_STARTED
    second.cancel()


async def test_drain_ends_watchers_with_a_time_to_come_back(house: House) -> None:
    """When the server goes away a watcher gets UNAVAILABLE with RetryInfo."""
    call = house.sightings.WatchSightings(pb.WatchSightingsRequest())
    await _next(call)
    house.watch.drain()
    refusal = await refused(_next(call))
    assert (refusal.code, refusal.reason, refusal.retry_after) == (_CODE.UNAVAILABLE, "DRAINING", 1.0)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.WatchSightingsRequest(after_position=1), "after_position"),
        (pb.WatchSightingsRequest(after_position=2**64 - 1), "after_position"),
        (pb.WatchSightingsRequest(camera="door"), "camera"),
    ],
)
async def test_bad_watch_names_the_field(house: House, request_: pb.WatchSightingsRequest, field: str) -> None:
    """A position that was never given out and a malformed camera are refused."""
    refusal = await refused(_next(house.sightings.WatchSightings(request_)))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))
