"""DecisionService: the queue of doubtful sightings, and reviews, over a real connection and a real database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import pytest
from portero.v1 import decision_service_pb2 as pb
from portero.v1 import sighting_service_pb2

from portero_server.domain.tracking.deciding import DecisionReason
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House
from tests.support.store.commits import at, commit_of, decided, decision, recognition

_CODE = grpc.StatusCode


@pytest.fixture(autouse=True)
async def seen(house: House) -> None:
    """At the door Ana, barely, a stranger who is almost Ben, and Eva for sure."""
    for person_id in ("ana", "ben", "eva"):
        await house.people.create(person_id, person_id.title(), {})
    almost = decision(("ben", 0.4375), reason=DecisionReason.BELOW_THRESHOLD)
    answers = [
        replace(recognition("r1", "t1", "ana"), decision=decision(("ana", 0.5625), ("ben", 0.25))),
        replace(recognition("r2", "t2"), captured_at=at(60), decision=almost),
        replace(recognition("r3", "t3", "eva"), captured_at=at(120), decision=decision(("eva", 0.875))),
    ]
    tracks = [decided("t1", "ana", 0, similarity=0.5625), decided("t2", None, 60), decided("t3", "eva", 120)]
    stream = await house.streams.open("door", "e1", "s1")
    await house.recording.commit([commit_of(stream, *tracks, recognitions=answers)])


async def _queue(house: House, **conditions: Any) -> pb.ListReviewQueueResponse:
    return await house.decisions.ListReviewQueue(pb.ListReviewQueueRequest(**conditions))


async def _sighting(house: House, track: int) -> str:
    """Returns the name of the sighting of the first or the second track."""
    found = (await house.sightings.ListSightings(sighting_service_pb2.ListSightingsRequest())).sightings
    return found[3 - track].name


async def _review(house: House, track: int, action: pb.ReviewAction.ValueType, person: str = "", note: str = "") -> Any:
    request = pb.ReviewSightingRequest(name=await _sighting(house, track), action=action, person=person, note=note)
    return await house.decisions.ReviewSighting(request)


async def test_doubtful_sightings_are_queued_with_what_was_seen(house: House) -> None:
    """Whoever is clear is not; what is asked for by reason is only that."""
    stranger, barely = (await _queue(house)).sightings
    assert (stranger.reason, barely.reason) == (pb.REVIEW_REASON_JUST_BELOW, pb.REVIEW_REASON_JUST_ABOVE)
    assert (stranger.sighting.person, barely.sighting.person) == ("", "people/ana")
    assert [each.id for each in stranger.decisions] == ["r2"]
    assert stranger.decisions[0].candidates[0].display_name == "Ben"
    (only,) = (await _queue(house, reasons=[pb.REVIEW_REASON_JUST_ABOVE])).sightings
    assert only == barely
    error = await refused(_queue(house, reasons=[pb.REVIEW_REASON_UNSPECIFIED]))
    assert (error.code, error.fields) == (_CODE.INVALID_ARGUMENT, ("reasons",))


async def test_the_queue_goes_on_over_pages_without_anything_doubtful(house: House) -> None:
    """A page looks at so many sightings, and its token leads on even if none of them is doubtful."""
    found, token = [], ""
    for _ in range(3):
        page = await _queue(house, page_size=1, page_token=token)
        found.append([each.decisions[0].id for each in page.sightings])
        token = page.next_page_token
    assert (found, token) == ([[], ["r2"], ["r1"]], "")


async def test_a_review_corrects_the_sighting_and_leaves_the_queue(house: House) -> None:
    """Who said it, why, and what was decided are kept; undone, everything is as before."""
    done = await _review(house, 2, pb.REVIEW_ACTION_THIS_IS, "people/ben", " I know him ")
    review = done.review
    assert (done.sighting.person, done.sighting.display_name, done.sighting.reviewed) == ("people/ben", "Ben", True)
    assert (review.action, review.person, review.decided_person) == (pb.REVIEW_ACTION_THIS_IS, "people/ben", "")
    assert (review.note, bool(review.reviewer), review.camera) == ("I know him", True, "cameras/door")
    assert not review.HasField("undo_time")
    assert [each.sighting.person for each in (await _queue(house)).sightings] == ["people/ana"]
    (listed,) = (await house.decisions.ListReviews(pb.ListReviewsRequest(camera="cameras/door"))).reviews
    assert listed == review
    undone = await house.decisions.UndoReview(pb.UndoReviewRequest(name=review.name))
    assert (undone.sighting.person, undone.sighting.reviewed) == ("", False)
    assert undone.review.HasField("undo_time")
    assert len((await _queue(house)).sightings) == 2
    assert (await house.decisions.ListReviews(pb.ListReviewsRequest(holding=True))).reviews == []


async def test_a_denied_name_demands_more_than_the_face_had(house: House) -> None:
    """Of whoever it was named as, and of whoever it was nearly named as; of nobody else."""
    named = (await _review(house, 1, pb.REVIEW_ACTION_NOT, "people/ana")).review
    assert (named.demanded_similarity, named.decided_person, named.decided_similarity) == (0.5625, "people/ana", 0.5625)
    assert named.demand_end_time.seconds - named.review_time.seconds == 30 * 86400
    nearly = await _review(house, 2, pb.REVIEW_ACTION_NOT, "people/ben")
    assert (nearly.review.demanded_similarity, nearly.sighting.reviewed) == (0.4375, False)
    error = await refused(_review(house, 3, pb.REVIEW_ACTION_NOT, "people/ana"))
    assert (error.code, error.reason, error.fields) == (_CODE.INVALID_ARGUMENT, "NOT_A_CANDIDATE", ("person",))


async def test_what_people_said_judges_thresholds(house: House) -> None:
    """A name is right, wrong or missed by it; a recommendation takes more than two."""
    await _review(house, 1, pb.REVIEW_ACTION_THIS_IS, "people/ben")
    await _review(house, 2, pb.REVIEW_ACTION_THIS_IS, "people/ben")
    await _review(house, 3, pb.REVIEW_ACTION_THIS_IS, "people/eva")
    request = pb.WhatIfThresholdsRequest(similarity_thresholds=[0.25, 0.5])
    answer = await house.decisions.WhatIfThresholds(request)
    found = [
        (each.total.reviewed_right, each.total.reviewed_wrong, each.total.reviewed_missed) for each in answer.results
    ]
    assert found == [(2, 1, 0), (1, 1, 1)]
    assert 0.0 < answer.results[0].wrong_share_low < 1 / 3 < answer.results[0].wrong_share_high < 1.0
    assert not answer.HasField("recommended_threshold")


@pytest.mark.parametrize(
    ("action", "person", "note", "field"),
    [
        (pb.REVIEW_ACTION_UNSPECIFIED, "people/ana", "", "action"),
        (pb.REVIEW_ACTION_THIS_IS, "", "", "person"),
        (pb.REVIEW_ACTION_NOT, "ana", "", "person"),
        (pb.REVIEW_ACTION_IGNORE, "people/ana", "", "person"),
        (pb.REVIEW_ACTION_IGNORE, "", "x" * 201, "note"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(
    house: House, action: pb.ReviewAction.ValueType, person: str, note: str, field: str
) -> None:
    """Nothing is stored of it."""
    error = await refused(_review(house, 1, action, person, note))
    assert (error.code, error.fields) == (_CODE.INVALID_ARGUMENT, (field,))
    assert (await house.decisions.ListReviews(pb.ListReviewsRequest())).reviews == []


async def test_what_was_reviewed_must_be_undone_first(house: House) -> None:
    """So that nothing that somebody said is lost without a word; a review that does not exist is not found."""
    await _review(house, 1, pb.REVIEW_ACTION_IGNORE)
    error = await refused(_review(house, 1, pb.REVIEW_ACTION_THIS_IS, "people/ana"))
    assert (error.code, error.reason) == (_CODE.FAILED_PRECONDITION, "ALREADY_REVIEWED")
    error = await refused(house.decisions.UndoReview(pb.UndoReviewRequest(name="reviews/other")))
    assert (error.code, error.resource) == (_CODE.NOT_FOUND, ("portero.v1.SightingReview", "reviews/other"))
