"""Listing sightings: conditions, order and pages."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portero_server.domain.recording.sightings import Sighting
from portero_server.errors import NotFound
from portero_server.store.commit.recording import Recording
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingKind, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import at, commit_of, decided

_HOUR = 3600
_VISITS = [
    # camera, person, first and last seen in hours after eight
    ("door", "ana", 0.0, 0.1),
    ("door", None, 0.0, 0.0),
    ("door", None, 0.0, 9.0),
    ("desk", "ana", 0.5, 1.4),
    ("desk", "ben", 1.0, 2.5),
    ("door", "ben", 1.5, 1.6),
    ("desk", None, 2.0, 2.0),
    ("door", "ana", 3.0, 3.2),
    ("door", None, 3.0, 5.0),
]


@pytest.fixture
async def stored(recording: Recording, streams: StreamStore, people: PeopleStore, sightings: SightingStore) -> None:
    """The visits above."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {})
    owned = {camera: await streams.open(camera, "e1", camera) for camera in ("door", "desk")}
    await recording.commit(
        [
            commit_of(owned[camera], decided(f"t{number}", person, first * _HOUR, last * _HOUR))
            for number, (camera, person, first, last) in enumerate(_VISITS)
        ]
    )


def expected(which: SightingFilter, all_of_them: list[Sighting]) -> list[Sighting]:
    """Applies a filter the plain way."""
    named = {SightingKind.ALL: (True, False), SightingKind.NAMED: (True,), SightingKind.UNKNOWN: (False,)}[which.kind]
    found = [
        sighting
        for sighting in all_of_them
        if which.camera_id in (None, sighting.camera_id)
        and which.person_id in (None, sighting.person_id)
        and (which.start is None or sighting.last_seen >= which.start)
        and (which.end is None or sighting.first_seen < which.end)
        and (sighting.person_id is not None) in named
    ]
    return sorted(found, key=lambda sighting: (sighting.first_seen, sighting.sighting_id), reverse=True)


_times: st.SearchStrategy[datetime | None] = st.none() | st.integers(-2, 12).map(lambda half: at(half * _HOUR / 2))
_filters = st.builds(
    SightingFilter,
    camera_id=st.sampled_from([None, "door", "desk", "nowhere"]),
    person_id=st.sampled_from([None, "ana", "ben"]),
    start=_times,
    end=_times,
    kind=st.sampled_from(SightingKind),
)


async def pages(sightings: SightingStore, which: SightingFilter, size: int) -> list[Sighting]:
    """Turns every page."""
    found: list[Sighting] = []
    after = None
    while page := await sightings.list(which, size, after):
        assert len(page) <= size
        found += page
        after = SightingCursor(page[-1].first_seen, page[-1].sighting_id)
    return found


@pytest.mark.usefixtures("stored")
async def test_every_filter_in_pages_of_every_size(sightings: SightingStore) -> None:
    """Whatever the conditions and the page size, the pages together are the sightings that fit, latest first."""
    all_of_them = [*await sightings.list(SightingFilter(), 100)]
    assert len(all_of_them) == len(_VISITS)
    asked: list[tuple[SightingFilter, int]] = []

    # Conditions are drawn first and asked afterward: the database belongs to this test's event loop.
    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(_filters, st.integers(1, 4))
    def draw(which: SightingFilter, size: int) -> None:
        asked.append((which, size))

    draw()
    for which, size in asked:
        assert await pages(sightings, which, size) == expected(which, all_of_them), which


@pytest.mark.usefixtures("stored")
async def test_long_sightings_are_found_by_their_end(sightings: SightingStore) -> None:
    """A sighting that began hours before the asked time and is not over is listed, after the later ones."""
    found = await sightings.list(SightingFilter(start=at(4 * _HOUR)), 10)
    assert [(sighting.first_seen, sighting.last_seen) for sighting in found] == [
        (at(3 * _HOUR), at(5 * _HOUR)),
        (at(0), at(9 * _HOUR)),
    ]


async def test_an_unknown_sighting_is_not_found(sightings: SightingStore) -> None:
    """Asking for a sighting that does not exist says so by name."""
    with pytest.raises(NotFound, match="sightings/nothing"):
        await sightings.get("nothing")


@pytest.mark.usefixtures("stored")
async def test_only_cameras_within_are_shown(sightings: SightingStore) -> None:
    """Lists and events of a scope hold those of its cameras, also where one camera is asked for, and else nothing."""
    desk = frozenset({"desk", "elsewhere"})
    assert {one.camera_id for one in await sightings.list(SightingFilter(within=desk), 99)} == {"desk"}
    assert {one.camera_id for one in await sightings.list(SightingFilter(within=desk, start=at(0)), 99)} == {"desk"}
    assert await sightings.list(SightingFilter(camera_id="door", within=desk), 99) == []
    assert await sightings.list(SightingFilter(within=frozenset()), 99) == []
    assert [event.sighting.camera_id for event in await sightings.events_after(0, within=desk)] == ["desk"] * 3
    assert await sightings.events_after(0, "door", within=desk) == []
    assert await sightings.events_after(0, within=frozenset()) == []


@pytest.mark.usefixtures("stored")
async def test_events_of_one_camera(sightings: SightingStore) -> None:
    """Events after a position, at one camera, in order and no more than asked for."""
    assert [event.sighting.camera_id for event in await sightings.events_after(0, "desk")] == ["desk"] * 3
    assert [event.position for event in await sightings.events_after(4, limit=2)] == [5, 6]
    assert await sightings.events_after(len(_VISITS)) == []
    assert await sightings.last_position() == len(_VISITS)


@pytest.mark.usefixtures("stored")
async def test_the_position_before_a_time_is_found(sightings: SightingStore) -> None:
    """What happened from then on lies after it; after the last event it is the last position."""
    events = await sightings.events_after(0)
    times = sorted({event.happened_at for event in events})
    for moment in times:
        position = await sightings.position_before(moment)
        assert min(event.position for event in events if event.happened_at >= moment) == position + 1
    last = await sightings.last_position()
    assert await sightings.position_before(times[-1] + timedelta(seconds=1)) == last
