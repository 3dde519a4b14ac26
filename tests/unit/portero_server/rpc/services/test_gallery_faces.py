"""The faces and photographs of GalleryService, over a real connection and a real database."""

from __future__ import annotations

import grpc
import pytest
from portero.v1 import gallery_service_pb2 as pb

from portero_server.engines.base import SimilarPeople
from portero_server.errors import EngineThrottled, EngineUnavailable
from tests.support.images.patch_photos import (
    ALIKE_ANA,
    ANA,
    BOB,
    COUSIN_OF_ANA,
    EVE,
    NEARLY_ANA,
    Color,
    noise_photo,
    photo,
)
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House

_CODE = grpc.StatusCode


async def _create(house: House, *people: str) -> None:
    for person_id in people:
        person = pb.Person(display_name=person_id.title())
        await house.gallery.CreatePerson(pb.CreatePersonRequest(person_id=person_id, person=person))


async def _enroll(house: House, image: bytes, person_id: str = "ana") -> pb.FaceEnrollment:
    request = pb.EnrollFaceRequest(parent=f"people/{person_id}", image=image)
    return (await house.gallery.EnrollFace(request)).face


async def test_enrolled_face_is_listed_counted_and_found(house: House) -> None:
    """After enrollment the face is in the list, in the count, and in the next search."""
    await _create(house, "ana")
    face = await _enroll(house, photo(ANA))
    assert face.name.startswith("people/ana/faces/")
    assert (face.engine, face.model_version) == ("scripted", "colors-v1")
    assert face.quality.overall == 1.0
    assert list((await house.gallery.ListFaces(pb.ListFacesRequest(parent="people/ana"))).faces) == [face]
    assert (await house.gallery.GetPerson(pb.GetPersonRequest(name="people/ana"))).person.face_count == 1
    (found,) = (await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA)))).faces
    assert (found.match.person, found.match.display_name) == ("people/ana", "Ana")
    assert found.candidates[0].face == face.name


async def test_same_photograph_is_one_face(house: House) -> None:
    """The same photograph of the same person is learned once; of another person it is another face."""
    await _create(house, "ana", "bob")
    first = await _enroll(house, photo(ANA))
    assert await _enroll(house, photo(ANA)) == first
    assert house.engine.calls["learn"] == 1
    assert (await _enroll(house, photo(ANA), "bob")).name != first.name


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "EMPTY"),
        (b"GIF89a" + bytes(100), "NOT_JPEG"),
        (photo(ANA, kind=".jpg")[:-200], "TRUNCATED"),
        (noise_photo(1400), "TOO_MANY_BYTES"),
        (photo(), "NO_FACE"),
        (photo(ANA, BOB, EVE), "SEVERAL_FACES"),
        (photo(ANA, side=15), "LOW_QUALITY"),
    ],
    ids=["empty", "gif", "truncated", "oversize", "no-face", "three-faces", "too-small"],
)
async def test_unusable_photograph_says_why(house: House, image: bytes, reason: str) -> None:
    """A photograph that cannot teach a face gives INVALID_ARGUMENT on the field with its reason, and no face."""
    await _create(house, "ana")
    refusal = await refused(_enroll(house, image))
    assert (refusal.code, refusal.fields, refusal.reason) == (_CODE.INVALID_ARGUMENT, ("image",), reason)
    assert not (await house.gallery.ListFaces(pb.ListFacesRequest(parent="people/ana"))).faces


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineThrottled("quota used up"), _CODE.RESOURCE_EXHAUSTED),
        (EngineUnavailable("no answer"), _CODE.UNAVAILABLE),
    ],
)
async def test_engine_that_cannot_answer_says_when_to_retry(
    house: House, error: EngineThrottled | EngineUnavailable, code: grpc.StatusCode
) -> None:
    """An engine's trouble is a status with RetryInfo, and the retry succeeds."""
    await _create(house, "ana")
    house.engine.fail(error)
    for call in (
        _enroll(house, photo(ANA)),
        house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA))),
        house.gallery.CompareImages(pb.CompareImagesRequest(source_image=photo(ANA), target_image=photo(ANA))),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason, refusal.retry_after) == (code, error.reason, 1.0)
    house.engine.fail(None)
    assert (await _enroll(house, photo(ANA))).name


async def test_faces_are_paged_oldest_first_whoever_comes_meanwhile(house: House) -> None:
    """A walk through a person's faces meets each once, also when one comes and one goes in between."""
    await _create(house, "ana")
    enrolled = []
    for side in (60, 61, 62, 63):
        house.clock.advance(1)
        enrolled.append(await _enroll(house, photo(ANA, side=side)))
    first = await house.gallery.ListFaces(pb.ListFacesRequest(parent="people/ana", page_size=2))
    assert list(first.faces) == enrolled[:2]
    house.clock.advance(1)
    late = await _enroll(house, photo(ANA, side=64))
    await house.gallery.DeleteFace(pb.DeleteFaceRequest(name=enrolled[1].name))
    second = await house.gallery.ListFaces(
        pb.ListFacesRequest(parent="people/ana", page_size=1000, page_token=first.next_page_token)
    )
    assert list(second.faces) == [*enrolled[2:], late]
    assert not second.next_page_token


async def test_page_token_of_another_person_isrefused(house: House) -> None:
    """A token holds to the person whose faces it walks."""
    await _create(house, "ana", "bob")
    for side in (60, 61):
        await _enroll(house, photo(ANA, side=side))
    page = await house.gallery.ListFaces(pb.ListFacesRequest(parent="people/ana", page_size=1))
    refusal = await refused(
        house.gallery.ListFaces(pb.ListFacesRequest(parent="people/bob", page_token=page.next_page_token))
    )
    assert (refusal.fields, refusal.reason) == (("page_token",), "PAGE_TOKEN_MISMATCH")


async def test_deleted_face_is_found_no_more(house: House) -> None:
    """After deletion the face neither matches nor exists; the person stays."""
    await _create(house, "ana")
    face = await _enroll(house, photo(ANA))
    await house.gallery.DeleteFace(pb.DeleteFaceRequest(name=face.name))
    (found,) = (await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA)))).faces
    assert not found.HasField("match")
    refusal = await refused(house.gallery.DeleteFace(pb.DeleteFaceRequest(name=face.name)))
    assert (refusal.code, refusal.resource) == (_CODE.NOT_FOUND, ("portero.v1.FaceEnrollment", face.name))
    assert (await house.gallery.GetPerson(pb.GetPersonRequest(name="people/ana"))).person.face_count == 0


async def test_search_names_the_known_and_leaves_strangers_unknown(house: House) -> None:
    """Every face is answered, largest first, with candidates whether or not one is a match."""
    await _create(house, "ana", "bob")
    await _enroll(house, photo(ANA))
    await _enroll(house, photo(BOB), "bob")
    found = await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(EVE, BOB, ANA), max_candidates=1))
    assert [face.match.person for face in found.faces] == ["", "people/bob", "people/ana"]
    assert [len(face.candidates) for face in found.faces] == [1, 1, 1]


async def test_margin_counts_the_runner_up_that_was_not_asked_for(house: House) -> None:
    """With one candidate wanted, the lead is still measured over the second."""
    await _create(house, "ana", "ann")
    await _enroll(house, photo(ANA))
    await _enroll(house, photo(ALIKE_ANA), "ann")
    request = pb.SearchByImageRequest(image=photo(ANA), max_candidates=1)
    (face,) = (await house.gallery.SearchByImage(request)).faces
    assert face.match.similarity == pytest.approx(1.0)
    assert face.match.margin == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize(("asked", "given"), [(0, 5), (2, 2), (20, 6)])
async def test_search_gives_as_many_candidates_as_asked(house: House, asked: int, given: int) -> None:
    """max_candidates bounds the candidates of each face; 0 means five."""
    people = [f"p{number}" for number in range(6)]
    await _create(house, *people)
    for number, person_id in enumerate(people):
        await _enroll(house, photo((200, 100 + 20 * number, 60)), person_id)
    request = pb.SearchByImageRequest(image=photo(ANA), max_candidates=asked)
    (face,) = (await house.gallery.SearchByImage(request)).faces
    assert len(face.candidates) == given


async def test_search_for_too_many_candidates_isrefused(house: House) -> None:
    """More than 20 candidates are not given."""
    request = pb.SearchByImageRequest(image=photo(ANA), max_candidates=21)
    refusal = await refused(house.gallery.SearchByImage(request))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, ("max_candidates",))


async def test_comparison_ranks_the_faces_of_the_target(house: House) -> None:
    """The source's largest face is compared with every face of the target, most alike first."""
    response = await house.gallery.CompareImages(
        pb.CompareImagesRequest(source_image=photo(ANA, EVE), target_image=photo(BOB, NEARLY_ANA))
    )
    assert [comparison.same_person for comparison in response.comparisons] == [True, False]
    assert response.comparisons[0].similarity > response.comparisons[1].similarity
    assert response.source_box.left == pytest.approx(40 / 360)


@pytest.mark.parametrize(
    ("source", "target", "field", "reason"),
    [
        (photo(), photo(ANA), "source_image", "NO_FACE"),
        (b"no", photo(ANA), "source_image", "NOT_JPEG"),
        (photo(ANA), b"no", "target_image", "NOT_JPEG"),
        (photo(ANA), noise_photo(1400), "target_image", "TOO_MANY_BYTES"),
    ],
    ids=["faceless-source", "bad-source", "bad-target", "oversize-target"],
)
async def test_unusable_image_of_a_comparison_is_named(
    house: House, source: bytes, target: bytes, field: str, reason: str
) -> None:
    """Which of the two images cannot be used is said."""
    refusal = await refused(
        house.gallery.CompareImages(pb.CompareImagesRequest(source_image=source, target_image=target))
    )
    assert (refusal.code, refusal.fields, refusal.reason) == (_CODE.INVALID_ARGUMENT, (field,), reason)


async def test_target_without_a_face_has_no_comparisons(house: House) -> None:
    """Nobody on the target is an answer, not an error."""
    response = await house.gallery.CompareImages(pb.CompareImagesRequest(source_image=photo(ANA), target_image=photo()))
    assert not response.comparisons


async def test_the_same_face_under_two_names_is_told(house: House) -> None:
    """Enrolling somebody who looks like somebody else tells whom, by name, and enrolls the face all the same."""
    await _create(house, "ana", "anna", "bob")
    await _enroll(house, photo(ANA))
    answer = await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/anna", image=photo(NEARLY_ANA)))
    assert answer.face.name.startswith("people/anna/faces/")
    [like] = answer.look_alikes
    assert (like.person, like.display_name) == ("people/ana", "Ana")
    assert like.similarity >= house.engine.traits.policy.threshold
    alone = await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/bob", image=photo(BOB)))
    assert not alone.look_alikes


async def test_an_engine_that_cannot_compare_refuses_no_enrollment(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The face is enrolled although nobody can say whom it is like."""
    await _create(house, "ana")

    async def away(*arguments: object) -> SimilarPeople:
        raise EngineUnavailable("away")

    monkeypatch.setattr(house.engine, "similar", away)
    answer = await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))
    assert answer.face.name
    assert not answer.look_alikes


async def test_findings_come_in_pages_of_people(house: House) -> None:
    """Each page is of so many people looked at; a pair is told once, and the last page has no token."""
    await _create(house, "ana", "anna", "bob")
    for person_id, color in (("ana", ANA), ("anna", ANA), ("bob", BOB)):
        await _enroll(house, photo(color), person_id)
    findings: list[pb.GalleryFinding] = []
    request = pb.ListGalleryFindingsRequest(page_size=1)
    for _ in range(4):
        page = await house.gallery.ListGalleryFindings(request)
        findings += page.findings
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    [found] = findings
    assert (found.person, found.display_name, found.kind) == (
        "people/ana",
        "Ana",
        pb.GALLERY_FINDING_KIND_LOOK_ALIKE,
    )
    assert found.look_alike.person == "people/anna"
    assert not request.page_token
    refusal = await refused(house.gallery.ListGalleryFindings(pb.ListGalleryFindingsRequest(page_size=1001)))
    assert refusal.fields == ("page_size",)


async def test_people_who_may_be_confused_are_told_listed_and_named_only_with_a_clear_lead(house: House) -> None:
    """Whoever is alike is told at the enrollment and listed; a face between the two is nobody's."""
    between, clear = (56, 80, 220), (44, 80, 220)

    async def named(color: Color) -> str:
        (found,) = (await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(color)))).faces
        assert found.candidates[0].display_name == "Ana"
        assert found.between_look_alikes is not found.HasField("match")
        return found.match.display_name

    await _create(house, "ana", "cousin")
    await _enroll(house, photo(ANA))
    cousin = pb.EnrollFaceRequest(parent="people/cousin", image=photo(COUSIN_OF_ANA))
    answer = await house.gallery.EnrollFace(cousin)
    assert not answer.look_alikes
    [like] = answer.confusable
    assert (like.person, like.display_name) == ("people/ana", "Ana")
    assert [await named(color) for color in (between, clear)] == ["", "Ana"]

    [pair] = (await house.gallery.ListConfusablePairs(pb.ListConfusablePairsRequest())).pairs
    assert (pair.first_person, pair.second_person) == ("people/ana", "people/cousin")
    assert (pair.first_display_name, pair.second_display_name) == ("Ana", "Cousin")
    assert pair.similarity == pytest.approx(like.similarity)
    assert pair.find_time.ToDatetime(house.clock.now().tzinfo) == house.clock.now()
    refusal = await refused(house.gallery.ListConfusablePairs(pb.ListConfusablePairsRequest(page_size=1001)))
    assert refusal.fields == ("page_size",)

    await house.gallery.DeleteFace(pb.DeleteFaceRequest(name=answer.face.name))
    assert not (await house.gallery.ListConfusablePairs(pb.ListConfusablePairsRequest())).pairs


async def test_pairs_are_listed_in_pages(house: House) -> None:
    """A walk through the pairs meets each once, and the last page has no token."""
    people = ("ana", "anna", "hannah")
    await _create(house, *people)
    for person_id in people:
        await _enroll(house, photo(ANA), person_id)
    walked: list[tuple[str, str]] = []
    request = pb.ListConfusablePairsRequest(page_size=2)
    while True:
        page = await house.gallery.ListConfusablePairs(request)
        walked += [(pair.first_person, pair.second_person) for pair in page.pairs]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert walked == [
        ("people/ana", "people/anna"),
        ("people/ana", "people/hannah"),
        ("people/anna", "people/hannah"),
    ]


async def test_a_photograph_can_be_tried_before_it_is_enrolled(house: House) -> None:
    """What an enrollment would say is said of it, nothing is stored, and the engine is not asked."""
    bad = await house.gallery.CheckPhoto(pb.CheckPhotoRequest(image=photo(ANA, BOB)))
    assert (bad.reason, bad.HasField("box"), bad.HasField("quality")) == ("SEVERAL_FACES", False, False)
    assert [(each.flaw, each.refused) for each in bad.advice] == [(pb.PHOTO_FLAW_SEVERAL_FACES, True)]
    poor = await house.gallery.CheckPhoto(pb.CheckPhotoRequest(image=photo(ANA, side=35)))
    assert (poor.reason, poor.box.width > 0.0, poor.quality.size < 0.8) == ("", True, True)
    assert [(each.flaw, each.refused, bool(each.text)) for each in poor.advice] == [
        (pb.PHOTO_FLAW_TOO_SMALL, False, True)
    ]
    assert not (await house.gallery.CheckPhoto(pb.CheckPhotoRequest(image=photo(ANA)))).advice
    assert (await refused(house.gallery.CheckPhoto(pb.CheckPhotoRequest(image=b"GIF89a")))).fields == ("image",)
    assert house.engine.calls["learn"] == house.engine.calls["search"] == 0

    await _create(house, "ana")
    request = pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA, side=35))
    assert (await house.gallery.EnrollFace(request)).advice == poor.advice
    assert not (await house.gallery.EnrollFace(request)).advice
    assert house.engine.calls["learn"] == 1
