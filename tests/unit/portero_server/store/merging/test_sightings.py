"""Sightings go over: watchers are told, and two at one camera within the visit gap are one."""

from __future__ import annotations

from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.store.cameras import CameraStore
from tests.support.store.commits import commit_of, decided, seen
from tests.support.store.enrolled_twice import GAP, EnrolledTwice


async def test_moved_sightings_are_told_as_revised(house: EnrolledTwice) -> None:
    """Each has the name of who stays; those of others, and hers from before, are not told again."""
    await house.sees("ana", 0)
    await house.sees("anna", 1000, 1010)
    await house.sees("ben", 2000)
    before = await house.sightings.last_position()
    merged = await house.merges.merge("ana", "anna")
    assert await house.seen() == [("ana", 0, 0), ("ana", 1000, 1010), ("ben", 2000, 2000)]
    (event,) = await house.sightings.events_after(before)
    assert (event.kind, event.sighting.display_name, event.position) == (
        SightingEventKind.REVISED,
        "Ana",
        merged.position,
    )
    assert (merged.counts.sightings, merged.counts.joined_sightings) == (1, 0)


async def test_one_visit_under_two_names_is_one(house: EnrolledTwice) -> None:
    """The one seen last stays, with the tracks of both; the other one is told to be gone."""
    first = await house.sees("ana", 0, 10)
    last = await house.sees("anna", 40, 50)
    before = await house.sightings.last_position()
    merged = await house.merges.merge("ana", "anna")
    assert await house.seen() == [("ana", 0, 50)]
    assert (await house.sightings.get(last)).track_count == 2
    assert (await house.sightings.get(first)).track_count == 0
    told = [(each.sighting.sighting_id, each.kind) for each in await house.sightings.events_after(before)]
    assert told == [(first, SightingEventKind.REVISED), (last, SightingEventKind.REVISED)]
    assert (merged.counts.sightings, merged.counts.joined_sightings) == (1, 1)


async def test_the_gap_is_that_of_the_camera(house: EnrolledTwice) -> None:
    """A camera with a shorter gap of its own keeps two visits; another camera's are another visit anyhow."""
    await CameraStore(house.database, house.clock).create("door", display_name="Door", visit_gap=GAP / 30)
    for camera in ("door", "hall"):
        await house.sees("ana", 0, 10, camera=camera)
        await house.sees("anna", 40, 50, camera=camera)
    await house.merges.merge("ana", "anna")
    assert await house.seen() == [("ana", 0, 10), ("ana", 0, 50), ("ana", 40, 50)]


async def test_a_visit_is_joined_however_long_it_is(house: EnrolledTwice) -> None:
    """One that began hours before is found by its end, and visits of other weeks are left as they are."""
    week, hour = 7 * 86_400, 3600
    for start in (0, 3 * week):
        await house.sees("ana", start - 8 * hour, start - 100)
        await house.sees("anna", start, start + 10)
    await house.sees("ana", week, week + 2 * hour)
    await house.sees("anna", 5 * week, 5 * week + 8 * hour)
    await house.sees("ana", 5 * week + hour, 5 * week + 2 * hour)
    merged = await house.merges.merge("ana", "anna", force=True)
    assert await house.seen() == [
        ("ana", -8 * hour, 10),
        ("ana", week, week + 2 * hour),
        ("ana", 3 * week - 8 * hour, 3 * week + 10),
        ("ana", 5 * week, 5 * week + 8 * hour),
    ]
    assert (merged.counts.sightings, merged.counts.joined_sightings) == (3, 3)


async def test_who_is_in_view_stays_hers_when_the_name_is_let_go(house: EnrolledTwice) -> None:
    """The stream says that it does not know the face any more; that makes no stranger of her, and the visit goes on."""
    sighting_id = await house.sees("anna", 0, 10, gone=False)
    await house.merges.merge("ana", "anna")
    track = "door.anna.0"
    let_go = commit_of(house.rows["door"], decided(track, None, 0, 12, revises=True), seen(track, 20))
    await house.recording.commit([let_go])
    assert await house.seen() == [("ana", 0, 20)]
    sighting = await house.sightings.get(sighting_id)
    assert (sighting.person_id, sighting.reviewed) == ("ana", True)
