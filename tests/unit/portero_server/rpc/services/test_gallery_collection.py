"""CheckFaces, ListUnrecognizedPeople and RepairFaces over gRPC."""

from __future__ import annotations

from datetime import UTC

import grpc
import pytest
from portero.v1 import gallery_service_pb2 as pb

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.shadow import ShadowOutcome, ShadowTally
from portero_server.domain.people.standby import (
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    Sides,
    StandbyCounts,
)
from portero_server.gallery.collection_switch import SidesReport
from portero_server.rpc.gallery_convert import sides_to_proto
from portero_server.store.consents import ConsentStore
from tests.support.images.patch_photos import ANA, photo
from tests.support.server.photo_vault import keeping
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import House
from tests.support.store.commits import BOX, at


async def _enroll(house: House) -> None:
    await house.gallery.CreatePerson(pb.CreatePersonRequest(person_id="ana", person=pb.Person(display_name="Ana")))
    await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))


async def test_a_gallery_of_the_servers_own_is_sound(house: House) -> None:
    """An engine that keeps no faces itself has all that are stored, now and when asked what was found last."""
    await _enroll(house)
    for last_known in (False, True):
        report = (await house.gallery.CheckFaces(pb.CheckFacesRequest(last_known=last_known))).report
        assert report.state == pb.COLLECTION_STATE_SOUND
        assert (report.engine, report.model_version) == ("scripted", "colors-v1")
        assert (report.stored_faces, report.kept_faces, report.missing_faces) == (1, 1, 0)
        assert report.HasField("compare_time")
        assert report.advice == "all 1 stored faces are there"
    repaired = await house.gallery.RepairFaces(pb.RepairFacesRequest(remove_foreign=True))
    assert (repaired.created, repaired.removed_faces) == (False, 0)


async def test_people_of_another_model_are_listed_by_page(house: House) -> None:
    """Whoever has no face of the model in use is named, and the list continues where a page ended."""
    await house.gallery.CreatePerson(pb.CreatePersonRequest(person_id="ana", person=pb.Person(display_name="Ana")))
    quality = FaceQuality(1, 1, 1, 1)
    await house.people.add_face(FaceEnrollment("f", "ana", BOX, quality, "scripted", "colors-v0", b"", None, at(0)))
    first = await house.gallery.ListUnrecognizedPeople(pb.ListUnrecognizedPeopleRequest(page_size=1))
    [person] = first.people
    assert (person.person, person.display_name, person.other_model) == ("people/ana", "Ana", True)
    assert (list(person.missing_faces), person.kept_face_count) == ([], 0)
    rest = await house.gallery.ListUnrecognizedPeople(
        pb.ListUnrecognizedPeopleRequest(page_size=1, page_token=first.next_page_token)
    )
    assert (list(rest.people), rest.next_page_token) == ([], "")
    report = (await house.gallery.CheckFaces(pb.CheckFacesRequest())).report
    assert (report.state, report.other_models_faces) == (pb.COLLECTION_STATE_OTHER_MODEL, 1)


async def test_faces_are_made_anew_from_the_vault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page each photo is told with its outcome; a dry run teaches nothing, and what is damaged says so."""
    await _enroll(house)
    await ConsentStore(house.people._database, house.clock).record(keeping("ana", house.clock))
    await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))
    answer = await house.gallery.RebuildFaces(pb.RebuildFacesRequest(page_size=1))
    [known] = answer.photos
    assert (known.person, known.outcome) == ("people/ana", pb.REBUILD_OUTCOME_KNOWN)
    rest = await house.gallery.RebuildFaces(pb.RebuildFacesRequest(page_size=1, page_token=answer.next_page_token))
    assert (list(rest.photos), rest.next_page_token) == ([], "")
    # As after a change of the encoder: the face is of a model that is not in use.
    monkeypatch.setattr("portero_server.engines.scripted._MODEL_VERSION", "colors-v2")
    [dry] = (await house.gallery.RebuildFaces(pb.RebuildFacesRequest(dry_run=True))).photos
    assert (dry.outcome, dry.face) == (pb.REBUILD_OUTCOME_TEACHABLE, "")
    house.vault.path(dry.photo_id).write_bytes(b"damaged")
    [unreadable] = (await house.gallery.RebuildFaces(pb.RebuildFacesRequest())).photos
    assert (unreadable.outcome, unreadable.reason) == (pb.REBUILD_OUTCOME_UNREADABLE, "PHOTO_DAMAGED")
    assert unreadable.message


async def test_a_gallery_of_the_servers_own_has_no_second_collection(house: House) -> None:
    """Each call says why, and what is done instead; so does a rebuild for a collection that stands by."""
    for asking in (
        house.gallery.GetCollections(pb.GetCollectionsRequest()),
        house.gallery.PrepareCollection(pb.PrepareCollectionRequest(collection="second")),
        house.gallery.SwitchCollection(pb.SwitchCollectionRequest(allow_missing=True)),
        house.gallery.DropCollection(pb.DropCollectionRequest(collection="second")),
        house.gallery.RebuildFaces(pb.RebuildFacesRequest(standby=True)),
        house.gallery.AdoptFaces(pb.AdoptFacesRequest(face_ids=["c0ffee00-0000-4000-8000-000000000001"])),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await asking
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert refusal_of(refused.value).reason == "NO_COLLECTION"


async def test_collections_are_told_with_their_roles_and_figures() -> None:
    """The one in use, the one that stands by, what that one lacks, and how searches of both agreed."""
    used = GalleryCollection(CollectionPlace(2, "blue", "eu-west-1"), CollectionRole.IN_USE, "7.0", at(0), at(60))
    kept = GalleryCollection(CollectionPlace(1, "green"), CollectionRole.KEPT, "6.0", at(0))
    tally = ShadowTally({ShadowOutcome.SAME: 5, ShadowOutcome.OTHER: 1})
    told = sides_to_proto(SidesReport(Sides(used, kept), StandbyCounts(9, 8, 2, 1), tally))
    assert (told.in_use.number, told.in_use.collection, told.in_use.region) == (2, "blue", "eu-west-1")
    assert (told.in_use.role, told.standby.role) == (pb.COLLECTION_ROLE_IN_USE, pb.COLLECTION_ROLE_KEPT)
    assert told.in_use.switch_time.ToDatetime(UTC) == at(60)
    assert not told.standby.HasField("switch_time")
    assert (told.standby_faces, told.standby_people, told.missing_faces, told.missing_people) == (9, 8, 2, 1)
    assert (told.shadow.same, told.shadow.other, told.shadow.advice) == (5, 1, tally.advice)
    alone = sides_to_proto(SidesReport(Sides(used), None, ShadowTally()))
    assert not alone.HasField("standby")
    assert not alone.HasField("shadow")
