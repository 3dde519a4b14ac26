"""DecisionService: the pictures of doubtful sightings, over a real connection and a real database."""

from __future__ import annotations

import grpc
import pytest
from portero.v1 import decision_service_pb2 as pb
from portero.v1 import sighting_service_pb2

from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.vision.jpeg import decode_color
from tests.support.server.picture_house import SPAN
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House

_CODE = grpc.StatusCode


@pytest.fixture(autouse=True)
async def seen(house: House) -> None:
    """At the door Ana, barely, and later a stranger."""
    await house.pictures.open_door("ana")
    await house.pictures.seen("t1", ("ana", 0.5625), person_id="ana")
    await house.pictures.seen("t2", seconds=300)
    assert await house.pictures.keep("t1", 0.5625) is PictureOutcome.KEPT


async def _names(house: House) -> list[str]:
    found = (await house.sightings.ListSightings(sighting_service_pb2.ListSightingsRequest())).sightings
    return [each.name for each in found]


async def test_a_picture_of_the_queue_can_be_fetched_and_decodes(house: House) -> None:
    """The queue says which sightings have one."""
    queue = (await house.decisions.ListReviewQueue(pb.ListReviewQueueRequest())).sightings
    assert [(each.sighting.person, each.has_picture) for each in queue] == [("", False), ("people/ana", True)]
    found = await house.decisions.GetReviewPicture(pb.GetReviewPictureRequest(name=queue[1].sighting.name))
    assert decode_color(found.picture).shape == (64, 64, 3)
    assert found.quality == 0.5
    kept = found.expire_time.ToDatetime() - SPAN
    assert kept == house.clock.now().replace(tzinfo=None)
    assert found.capture_time == queue[1].sighting.first_seen_time
    assert house.pictures.metrics.registry.get_sample_value("portero_review_pictures_shown_total") == 1


async def test_what_is_not_there_is_not_found(house: House) -> None:
    """A sighting without a picture, none at all, and a name that is none."""
    stranger, _ = await _names(house)
    error = await refused(house.decisions.GetReviewPicture(pb.GetReviewPictureRequest(name=stranger)))
    assert (error.code, error.reason) == (_CODE.NOT_FOUND, "NO_PICTURE")
    error = await refused(house.decisions.GetReviewPicture(pb.GetReviewPictureRequest(name="sightings/x")))
    assert (error.code, error.reason) == (_CODE.NOT_FOUND, "NOT_FOUND")
    error = await refused(house.decisions.GetReviewPicture(pb.GetReviewPictureRequest(name="ana")))
    assert (error.code, error.fields) == (_CODE.INVALID_ARGUMENT, ("name",))
