"""Implements GalleryService: people and their faces, and searching for faces in photographs."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from collections.abc import Sequence

import structlog
from portero.v1 import gallery_service_pb2 as pb
from portero.v1 import gallery_service_pb2_grpc

from portero_server.clock import Clock
from portero_server.domain.detection.photo_advice import PhotoAdvice
from portero_server.domain.people.look_alikes import LookAlike
from portero_server.domain.people.people import FaceEnrollment
from portero_server.errors import EngineError, InvalidInput, StoreUnavailable
from portero_server.gallery.adoption import FaceAdoption
from portero_server.gallery.collection_repair import CollectionRepair
from portero_server.gallery.collection_switch import CollectionSwitch
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.people_merging import PeopleMerger
from portero_server.gallery.rebuild import MOST_PHOTOS, FaceRebuild
from portero_server.gallery.service import Gallery
from portero_server.gallery.transfer import GalleryTransfer
from portero_server.recognition.images import MAX_CANDIDATES, Images
from portero_server.rpc.convert import (
    comparison_to_proto,
    enrollment_to_proto,
    faces_to_proto,
    finding_to_proto,
    look_alike_to_proto,
    person_to_proto,
)
from portero_server.rpc.gallery_convert import (
    adopted_to_proto,
    advice_to_proto,
    merged_to_proto,
    pair_to_proto,
    photo_report_to_proto,
    rebuilt_to_proto,
    report_to_proto,
    sides_to_proto,
    unrecognized_to_proto,
)
from portero_server.rpc.paging import Listing, checked_page_size, cut
from portero_server.rpc.requests import Context, deadline_of, masked_fields
from portero_server.rpc.resource_names import parse_face, parse_person
from portero_server.rpc.transfer_convert import imported_to_proto, record_from_proto, record_to_proto
from portero_server.store.face_cursors import face_cursor

_log = structlog.get_logger(__name__)

_CHANGEABLE = frozenset({"display_name", "labels"})
_CANDIDATES = 5


class GalleryServicer(gallery_service_pb2_grpc.GalleryServiceServicer):
    """Manages people and their faces, and searches the gallery."""

    def __init__(
        self,
        gallery: Gallery,
        check: GalleryCheck,
        watch: CollectionWatch,
        repair: CollectionRepair,
        transfer: GalleryTransfer,
        adoption: FaceAdoption,
        rebuild: FaceRebuild,
        switch: CollectionSwitch,
        merger: PeopleMerger,
        images: Images,
        clock: Clock,
    ) -> None:
        self._gallery = gallery
        self._check = check
        self._watch = watch
        self._repair = repair
        self._transfer = transfer
        self._adoption = adoption
        self._rebuild = rebuild
        self._switch = switch
        self._merger = merger
        self._images = images
        self._clock = clock

    async def CreatePerson(self, request: pb.CreatePersonRequest, context: Context) -> pb.CreatePersonResponse:
        """Adds a person without faces to the gallery."""
        person = await self._gallery.create(
            request.person_id, request.person.display_name, request.person.labels, request.request_id
        )
        return pb.CreatePersonResponse(person=person_to_proto(person))

    async def GetPerson(self, request: pb.GetPersonRequest, context: Context) -> pb.GetPersonResponse:
        """Returns a person of the gallery."""
        person = await self._gallery.get(parse_person(request.name, "name"))
        return pb.GetPersonResponse(person=person_to_proto(person))

    async def ListPeople(self, request: pb.ListPeopleRequest, context: Context) -> pb.ListPeopleResponse:
        """Lists people in order of their resource names."""
        size = checked_page_size(request.page_size)
        listing = Listing("people", (request.display_name_contains,))
        cursor = listing.cursor(request.page_token, parts=1)
        after_id = cursor[0] if cursor else None
        page, last = cut(await self._gallery.list(size + 1, after_id, request.display_name_contains), size)
        return pb.ListPeopleResponse(
            people=[person_to_proto(person) for person in page],
            next_page_token=listing.token([last.person_id]) if last else "",
        )

    async def UpdatePerson(self, request: pb.UpdatePersonRequest, context: Context) -> pb.UpdatePersonResponse:
        """Changes the fields listed in the mask."""
        fields = masked_fields(request.update_mask, request.person, _CHANGEABLE)
        person = await self._gallery.update(
            parse_person(request.person.name, "person.name"),
            display_name=request.person.display_name if "display_name" in fields else None,
            labels=request.person.labels if "labels" in fields else None,
        )
        return pb.UpdatePersonResponse(person=person_to_proto(person))

    async def DeletePerson(self, request: pb.DeletePersonRequest, context: Context) -> pb.DeletePersonResponse:
        """Removes a person and all their faces."""
        await self._gallery.delete(parse_person(request.name, "name"))
        return pb.DeletePersonResponse()

    async def MergePeople(self, request: pb.MergePeopleRequest, context: Context) -> pb.MergePeopleResponse:
        """Makes two people one."""
        merged = await self._merger.merge(
            parse_person(request.name, "name"),
            parse_person(request.other, "other"),
            force=request.force,
            request_id=request.request_id,
        )
        return merged_to_proto(merged)

    async def EnrollFace(self, request: pb.EnrollFaceRequest, context: Context) -> pb.EnrollFaceResponse:
        """Enrolls a person's face from one photograph that shows exactly one face."""
        deadline = deadline_of(context, self._clock)
        advice: list[PhotoAdvice] = []
        person_id = parse_person(request.parent, "parent")
        face = await self._gallery.enroll(person_id, request.image, deadline, advice.append)
        found = await self._look_alikes(face, deadline)
        return pb.EnrollFaceResponse(
            face=enrollment_to_proto(face),
            look_alikes=[look_alike_to_proto(each) for each in found if each.same],
            confusable=[look_alike_to_proto(each) for each in found if not each.same],
            advice=[advice_to_proto(each) for each in advice],
        )

    async def CheckPhoto(self, request: pb.CheckPhotoRequest, context: Context) -> pb.CheckPhotoResponse:
        """Says what an enrollment would say of a photograph before the engine is asked."""
        return photo_report_to_proto(await self._gallery.check_photo(request.image))

    async def ListFaces(self, request: pb.ListFacesRequest, context: Context) -> pb.ListFacesResponse:
        """Lists the faces of a person, oldest first."""
        person_id = parse_person(request.parent, "parent")
        size = checked_page_size(request.page_size)
        listing = Listing("faces", (person_id,))
        cursor = listing.cursor(request.page_token, parts=1)
        page, last = cut(await self._gallery.list_faces(person_id, size + 1, cursor[0] if cursor else None), size)
        return pb.ListFacesResponse(
            faces=[enrollment_to_proto(face) for face in page],
            next_page_token=listing.token([face_cursor(last)]) if last else "",
        )

    async def ListGalleryFindings(
        self, request: pb.ListGalleryFindingsRequest, context: Context
    ) -> pb.ListGalleryFindingsResponse:
        """Lists what may be wrong with the gallery, by the people looked at."""
        size = checked_page_size(request.page_size)
        listing = Listing("findings", ())
        cursor = listing.cursor(request.page_token, parts=1)
        after_id = cursor[0] if cursor else None
        findings, last = await self._check.page(size, after_id, deadline_of(context, self._clock))
        return pb.ListGalleryFindingsResponse(
            findings=[finding_to_proto(finding) for finding in findings],
            next_page_token=listing.token([last]) if last else "",
        )

    async def ListConfusablePairs(
        self, request: pb.ListConfusablePairsRequest, context: Context
    ) -> pb.ListConfusablePairsResponse:
        """Lists the people who may be taken for each other."""
        size = checked_page_size(request.page_size)
        listing = Listing("confusable", ())
        cursor = listing.cursor(request.page_token, parts=2)
        pairs, last = await self._check.pairs(size, (cursor[0], cursor[1]) if cursor else None)
        return pb.ListConfusablePairsResponse(
            pairs=[pair_to_proto(pair) for pair in pairs],
            next_page_token=listing.token(last[:2]) if last else "",
        )

    async def CheckFaces(self, request: pb.CheckFacesRequest, context: Context) -> pb.CheckFacesResponse:
        """Compares the faces that the engine keeps with the stored ones."""
        known = await (self._watch.known() if request.last_known else self._watch.compare())
        return pb.CheckFacesResponse(report=report_to_proto(known))

    async def ListUnrecognizedPeople(
        self, request: pb.ListUnrecognizedPeopleRequest, context: Context
    ) -> pb.ListUnrecognizedPeopleResponse:
        """Lists the people whose faces the engine has lost, by the people looked at."""
        size = checked_page_size(request.page_size)
        listing = Listing("unrecognized", ())
        cursor = listing.cursor(request.page_token, parts=1)
        found, last = await self._repair.unrecognized(size, cursor[0] if cursor else None)
        return pb.ListUnrecognizedPeopleResponse(
            people=[unrecognized_to_proto(each) for each in found],
            next_page_token=listing.token([last]) if last else "",
        )

    async def RepairFaces(self, request: pb.RepairFacesRequest, context: Context) -> pb.RepairFacesResponse:
        """Creates a collection that does not exist, and removes foreign faces if asked to."""
        done = await self._repair.repair(remove_foreign=request.remove_foreign)
        return pb.RepairFacesResponse(
            report=report_to_proto(done.known), created=done.created, removed_faces=done.removed
        )

    async def RebuildFaces(self, request: pb.RebuildFacesRequest, context: Context) -> pb.RebuildFacesResponse:
        """Teaches the photos of the vault whose faces the engine does not have, by photo."""
        size = checked_page_size(request.page_size) if request.page_size else MOST_PHOTOS
        listing = Listing("rebuild", (str(request.standby),))
        cursor = listing.cursor(request.page_token, parts=1)
        done, last = await self._rebuild.page(
            size,
            cursor[0] if cursor else None,
            dry_run=request.dry_run,
            deadline=deadline_of(context, self._clock),
            standby=request.standby,
        )
        return pb.RebuildFacesResponse(
            photos=[rebuilt_to_proto(photo) for photo in done], next_page_token=listing.token([last]) if last else ""
        )

    async def PrepareCollection(
        self, request: pb.PrepareCollectionRequest, context: Context
    ) -> pb.PrepareCollectionResponse:
        """Has a second collection stand by beside the one in use."""
        report = await self._switch.prepare(request.collection, request.region)
        return pb.PrepareCollectionResponse(collections=sides_to_proto(report))

    async def GetCollections(self, request: pb.GetCollectionsRequest, context: Context) -> pb.GetCollectionsResponse:
        """Returns which collection is in use and which one stands by."""
        return pb.GetCollectionsResponse(collections=sides_to_proto(await self._switch.report()))

    async def SwitchCollection(
        self, request: pb.SwitchCollectionRequest, context: Context
    ) -> pb.SwitchCollectionResponse:
        """Puts the collection that stands by in use."""
        report = await self._switch.switch(allow_missing=request.allow_missing)
        return pb.SwitchCollectionResponse(collections=sides_to_proto(report))

    async def DropCollection(self, request: pb.DropCollectionRequest, context: Context) -> pb.DropCollectionResponse:
        """Removes the collection that stands by, with its faces."""
        return pb.DropCollectionResponse(gone=await self._switch.drop(request.collection))

    async def ExportPeople(self, request: pb.ExportPeopleRequest, context: Context) -> pb.ExportPeopleResponse:
        """Returns people with their faces, consents and blocks, by resource name."""
        size = checked_page_size(request.page_size)
        listing = Listing("export_people", ())
        cursor = listing.cursor(request.page_token, parts=1)
        page, last = await self._transfer.page(size, cursor[0] if cursor else None)
        model = self._transfer.model
        return pb.ExportPeopleResponse(
            people=[record_to_proto(record) for record in page],
            next_page_token=listing.token([last]) if last else "",
            engine=model.engine,
            model_version=model.version,
        )

    async def ImportPeople(self, request: pb.ImportPeopleRequest, context: Context) -> pb.ImportPeopleResponse:
        """Adds many people at once, with faces that are encodings."""
        now = self._clock.now()
        records = [record_from_proto(each, now, f"people[{index}]") for index, each in enumerate(request.people)]
        outcomes = await self._transfer.add(records, request.model_version)
        return pb.ImportPeopleResponse(people=[imported_to_proto(outcome) for outcome in outcomes])

    async def AdoptFaces(self, request: pb.AdoptFacesRequest, context: Context) -> pb.AdoptFacesResponse:
        """Makes faces that another program put into the collection those of people."""
        outcomes = await self._adoption.adopt(request.face_ids, unnamed=request.unnamed, dry_run=request.dry_run)
        return pb.AdoptFacesResponse(faces=[adopted_to_proto(outcome) for outcome in outcomes])

    async def DeleteFace(self, request: pb.DeleteFaceRequest, context: Context) -> pb.DeleteFaceResponse:
        """Removes one face of a person."""
        person_id, face_id = parse_face(request.name, "name")
        await self._gallery.delete_face(person_id, face_id)
        return pb.DeleteFaceResponse()

    async def SearchByImage(self, request: pb.SearchByImageRequest, context: Context) -> pb.SearchByImageResponse:
        """Finds the people in a photograph."""
        if request.max_candidates > MAX_CANDIDATES:
            raise InvalidInput("max_candidates", f"max_candidates must be 0 to {MAX_CANDIDATES}; 0 means {_CANDIDATES}")
        answer = await self._images.recognize(
            request.image,
            faces=True,
            texts=False,
            max_candidates=request.max_candidates or _CANDIDATES,
            deadline=deadline_of(context, self._clock),
        )
        return pb.SearchByImageResponse(faces=faces_to_proto(answer))

    async def CompareImages(self, request: pb.CompareImagesRequest, context: Context) -> pb.CompareImagesResponse:
        """Compares the largest face of one photograph with each face of another."""
        comparison = await self._images.compare(
            request.source_image, request.target_image, deadline_of(context, self._clock)
        )
        return comparison_to_proto(comparison)

    async def _look_alikes(self, face: FaceEnrollment, deadline: float | None) -> Sequence[LookAlike]:
        try:
            return await self._check.enrolled(face, deadline)
        except (EngineError, StoreUnavailable) as error:
            # The face is enrolled, which is what was asked for; the warning is a service on top.
            _log.warning("look_alikes_unknown", face=face.face_id, reason=error.reason)
            return ()
