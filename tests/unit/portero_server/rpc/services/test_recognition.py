"""RecognitionService's unary methods, and the way to its stream, over a real connection."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from portero.v1 import detections_pb2, stream_pb2
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import recognition_service_pb2 as pb

from portero_server.rpc.admission import CallLimits
from tests.support.images.patch_photos import ANA, EVE, card, noise_photo, photo
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House

_CODE = grpc.StatusCode
_FACES = pb.RECOGNITION_FEATURE_FACES
_TEXT = pb.RECOGNITION_FEATURE_TEXT


async def _enroll_ana(house: House) -> None:
    person = gallery_pb.Person(display_name="Ana")
    await house.gallery.CreatePerson(gallery_pb.CreatePersonRequest(person_id="ana", person=person))
    await house.gallery.EnrollFace(gallery_pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))


async def test_image_is_searched_for_faces_unless_told_otherwise(house: House) -> None:
    """Without features faces are looked for and nothing is read; without max_candidates none are given."""
    await _enroll_ana(house)
    response = await house.recognition.RecognizeImage(pb.RecognizeImageRequest(image=photo(EVE, ANA)))
    assert [face.match.display_name for face in response.faces] == ["", "Ana"]
    assert [list(face.candidates) for face in response.faces] == [[], []]
    assert not response.texts
    assert house.engine.calls["read_text"] == 0


async def test_image_is_searched_and_read_at_once(house: House) -> None:
    """Both features give faces and texts of the same image."""
    await _enroll_ana(house)
    request = pb.RecognizeImageRequest(image=card("HELLO"), features=[_TEXT, _FACES, _TEXT], max_candidates=3)
    response = await house.recognition.RecognizeImage(request)
    assert response.faces
    assert [text.content for text in response.texts] == ["HELLO", "HELLO"]
    assert house.engine.calls["search"] == 1


async def test_text_alone_looks_for_no_faces(house: House) -> None:
    """With the text feature only, the engine is not asked for faces."""
    request = pb.RecognizeImageRequest(image=card("HELLO"), features=[_TEXT])
    response = await house.recognition.RecognizeImage(request)
    assert not response.faces
    assert house.engine.calls["search"] == 0


async def test_text_is_read_in_lines_and_words(house: House) -> None:
    """ReadText gives lines and words with their place and confidence."""
    response = await house.recognition.ReadText(pb.ReadTextRequest(image=card("HELLO\nWORLD")))
    assert [(text.content, text.kind) for text in response.texts] == [
        ("HELLO", detections_pb2.TEXT_KIND_LINE),
        ("WORLD", detections_pb2.TEXT_KIND_LINE),
        ("HELLO", detections_pb2.TEXT_KIND_WORD),
        ("WORLD", detections_pb2.TEXT_KIND_WORD),
    ]
    assert response.texts[0].box.width == pytest.approx(0.6, abs=0.01)
    assert response.texts[0].confidence == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.RecognizeImageRequest(image=photo(ANA), features=[7]), "features"),  # type: ignore[list-item]  # unknown
        (pb.RecognizeImageRequest(image=photo(ANA), features=[pb.RECOGNITION_FEATURE_UNSPECIFIED]), "features"),
        (pb.RecognizeImageRequest(image=photo(ANA), max_candidates=21), "max_candidates"),
        (pb.RecognizeImageRequest(), "image"),
        (pb.RecognizeImageRequest(image=noise_photo(1400)), "image"),
    ],
    ids=["unknown-feature", "unsaid-feature", "candidates", "no-image", "oversize"],
)
async def test_bad_request_names_the_field(house: House, request_: pb.RecognizeImageRequest, field: str) -> None:
    """Unknown features, too many candidates and an unusable image are refused."""
    refusal = await refused(house.recognition.RecognizeImage(request_))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_unreadable_image_isrefused(house: House) -> None:
    """ReadText of something that is not an image names the field and the reason."""
    refusal = await refused(house.recognition.ReadText(pb.ReadTextRequest(image=b"no")))
    assert (refusal.fields, refusal.reason) == (("image",), "NOT_JPEG")


async def test_image_calls_over_the_limit_are_refused_while_others_go_on(house: House) -> None:
    """Past the limit an image call gets RESOURCE_EXHAUSTED with RetryInfo; the ones under way are answered."""
    limit = CallLimits().image_calls
    read = house.recognition.ReadText
    house.engine_door.open.clear()
    under_way = [asyncio.ensure_future(read(pb.ReadTextRequest(image=card("HI")))) for _ in range(limit)]
    for _ in range(limit + 1):  # the gallery was loaded before
        await house.engine_door.arrived.acquire()
    refusal = await refused(read(pb.ReadTextRequest(image=card("HI"))))
    assert (refusal.code, refusal.reason) == (_CODE.RESOURCE_EXHAUSTED, "TOO_MANY_IMAGE_CALLS")
    assert refusal.retry_after is not None
    await house.gallery.ListPeople(gallery_pb.ListPeopleRequest())
    house.engine_door.open.set()
    assert all(response.texts for response in await asyncio.gather(*under_way))


async def test_stream_is_served_by_whoever_was_given(house: House) -> None:
    """StreamFrames reaches the stream that the servicer was composed with."""
    call = house.recognition.StreamFrames()
    await call.write(stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=3)))
    response = await call.read()
    assert isinstance(response, stream_pb2.StreamFramesResponse)
    assert response.ack.durable_sequence == 3
    await call.done_writing()
    assert await call.code() is _CODE.OK
