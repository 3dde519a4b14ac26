"""What engines answered, what decisions saw and what people said goes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.detections import Match
from portero_server.domain.people.merging import NamedTrack
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.reviews import Demand, ReviewAction
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.tracking.recommendation import Truth
from portero_server.store.decisions import DecisionFilter, DecisionStore
from portero_server.store.merging.history import named_tracks, named_tracks_near
from portero_server.store.open_tracks import read
from portero_server.store.schema import review_pictures, streams
from portero_server.store.sighting_reviews import NewReview, ReviewFilter, SightingReviewStore
from tests.support.server.picture_house import PictureHouse
from tests.support.store.commits import BOX, at, commit_of
from tests.support.store.enrolled_twice import EnrolledTwice


async def test_tracks_last_from_the_first_answer_to_the_last(house: EnrolledTwice) -> None:
    """Only answers that named the person count."""
    await house.sees("anna", 10, 20)
    await house.sees("ben", 30)

    (track,) = await house.database.read(lambda connection: named_tracks(connection, "anna"))
    assert (track.track_id, track.first, track.last) == ("door.anna.10", at(10), at(20))


async def test_of_who_stays_only_tracks_near_the_others_are_read(house: EnrolledTwice) -> None:
    """One that began hours before is whole; one of another week is not read."""
    hour, week = 3600, 7 * 86_400
    await house.sees("ana", -8 * hour, 8 * hour)
    await house.sees("ana", 2 * week)
    await house.sees("anna", 0, 10)

    async def near(connection: AsyncConnection) -> Sequence[NamedTrack]:
        return await named_tracks_near(connection, "ana", await named_tracks(connection, "anna"))

    (track,) = await house.database.read(near)
    assert (track.first, track.last) == (at(-8 * hour), at(8 * hour))


async def test_a_decision_between_the_two_is_not_replayed(house: EnrolledTwice) -> None:
    """One of the two candidates is gone from it; elsewhere she stands under the id that stays."""
    await house.sees("anna", 0, like=(("anna", 0.8), ("ana", 0.7)))
    await house.sees("anna", 1000, like=(("anna", 0.8), ("ben", 0.4)))
    await house.merges.merge("ana", "anna")
    first, second = await DecisionStore(house.database).list(DecisionFilter(), 10)
    assert [each.person_id for each in first.decision.ranking.candidates] == ["ana"]
    assert not first.whole
    assert [each.person_id for each in second.decision.ranking.candidates] == ["ana", "ben"]
    assert second.whole


async def test_a_picture_that_waits_for_a_review_shows_who_stays(house: EnrolledTwice) -> None:
    """It does not go with the id that it was taken for."""
    pictures = PictureHouse(house.database, house.clock)
    await pictures.seen("t1", ("anna", 0.4375), ("ben", 0.25))
    await pictures.keep("t1", 0.4375)
    await house.merges.merge("ana", "anna")

    async def shown(connection: AsyncConnection) -> list[str | None]:
        return list(await connection.scalars(select(review_pictures.c.person_id)))

    assert await house.database.read(shown) == ["ana"]


async def test_what_was_said_of_the_other_is_said_of_who_stays(house: EnrolledTwice) -> None:
    """A denied name demands no more of who stays, and undoing the review gives her the sighting back."""
    reviews = SightingReviewStore(house.database, house.clock)
    sighting_id = await house.sees("anna", 0)
    demand = Demand("scripted", 0.75, at(100_000))
    said = await reviews.add(sighting_id, NewReview(ReviewAction.NOT, "anna", "", "me", demand))
    merged = await house.merges.merge("ana", "anna")
    assert merged.counts.reviews == 1
    assert await reviews.demanded() == {}
    (review,) = await reviews.list(ReviewFilter(), 10)
    assert (review.person_id, review.before.person_id, review.before.display_name) == ("ana", "ana", "Ana")
    undone = await reviews.undo(said.review.review_id, "me")
    assert undone.sighting is not None
    assert (undone.sighting.person_id, undone.sighting.display_name) == ("ana", "Ana")


async def test_a_denial_ends_where_the_sighting_is_of_one_of_the_two(house: EnrolledTwice) -> None:
    """Of the two names one was wrong before they were one; a face that is somebody else's is still denied."""
    reviews = SightingReviewStore(house.database, house.clock)
    demand = Demand("scripted", 0.75, at(100_000))
    said = [("ana", "anna"), ("anna", "ana"), ("ana", "ana"), ("ben", "anna")]
    for number, (seen, denied) in enumerate(said):
        sighting_id = await house.sees(seen, 1000 * number)
        await reviews.add(sighting_id, NewReview(ReviewAction.NOT, denied, "", "me", demand))
    assert len(await reviews.demanded()) == 2
    await house.merges.merge("ana", "anna")
    found = await reviews.list(ReviewFilter(), 10)
    tracks = [f"door.{seen}.{1000 * number}" for number, (seen, _) in enumerate(said)]
    assert await reviews.truths(tracks) == {track: Truth("ana", denied=True) for track in tracks[2:]}
    assert sorted((each.undone_by or "", each.person_id) for each in found) == [
        ("", "ana"),
        ("", "ana"),
        ("merge", "ana"),
        ("merge", "ana"),
    ]
    assert await reviews.demanded() == {("scripted", "door", "ana"): 0.75}


async def test_an_interrupted_stream_goes_on_with_who_stays(house: EnrolledTwice) -> None:
    """The open track has her name; of two in one picture only one keeps it."""
    await house.sees("anna", 0)
    stream = house.rows["door"]
    tracks = [
        OpenTrack(f"t{number}", 3, at(1), 9, at(2), BOX, 4, True, 0, 1, 0.75, Match(person_id, 0.75, 0.25))
        for number, person_id in enumerate(("anna", "ben", "anna"))
    ]
    commit = commit_of(stream, sequence=9)
    await house.recording.commit([replace(commit, open_tracks=tuple(tracks), outcomes={FrameOutcome.WITH_FACES: 9})])
    await house.merges.merge("ana", "anna")

    async def stored(connection: AsyncConnection) -> str | None:
        return await connection.scalar(select(streams.c.open_tracks))

    followed = read(await house.database.read(stored))
    assert [each.match and each.match.person_id for each in followed] == ["ana", "ben", None]
