"""Calls for people and their enrolled faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import gallery_service_pb2 as pb2

from portero_client import convert, gallery_convert, transfer_convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.calls.images import checked_image
from portero_client.names import PEOPLE, face_name
from portero_client.people import (
    ConfusablePair,
    EnrolledFace,
    FaceEnrollment,
    FacesRepair,
    FacesReport,
    GalleryFinding,
    MergedPerson,
    Person,
    PhotoCheck,
    UnrecognizedPerson,
)
from portero_client.rebuild import RebuiltPhoto
from portero_client.transfer import ImportedPerson, PersonRecord

_GALLERY = "/portero.v1.GalleryService/"
_COMPARING = 120.0
"""Seconds for comparing a large collection: it is listed twice where it differs, a thousand faces in 0.2 s."""

_MERGING = 60.0
"""Seconds: each photo of the vault is sealed anew, and all sightings of a person are moved."""


def create(
    display_name: str, *, person_id: str, labels: Mapping[str, str] | None, request_id: str = ""
) -> Call[Person]:
    """Adds a person; carries a request id, so that it may be repeated."""
    request = pb2.CreatePersonRequest(
        person=pb2.Person(display_name=display_name, labels=dict(labels or {})),
        person_id=PEOPLE.identifier(person_id) if person_id else "",
        request_id=request_id or str(uuid4()),
    )
    return unary(
        _GALLERY + "CreatePerson", request, pb2.CreatePersonResponse, lambda answer: convert.person_from(answer.person)
    )


def get(person: str) -> Call[Person]:
    """Returns a person by name."""
    return unary(
        _GALLERY + "GetPerson",
        pb2.GetPersonRequest(name=PEOPLE.name(person)),
        pb2.GetPersonResponse,
        lambda answer: convert.person_from(answer.person),
    )


def list_pages(display_name_contains: str) -> PageCall[Person]:
    """Lists people by name of the resource."""

    def page(page_size: int, page_token: str) -> Call[Page[Person]]:
        request = pb2.ListPeopleRequest(
            page_size=page_size, page_token=page_token, display_name_contains=display_name_contains
        )
        return unary(
            _GALLERY + "ListPeople",
            request,
            pb2.ListPeopleResponse,
            lambda answer: Page(tuple(convert.person_from(person) for person in answer.people), answer.next_page_token),
        )

    return page


def update(person: Person, *fields: str) -> Call[Person]:
    """Changes the named fields (display_name, labels); if none is named, those that are set."""
    return unary(
        _GALLERY + "UpdatePerson",
        pb2.UpdatePersonRequest(person=convert.person_to(person), update_mask=FieldMask(paths=fields)),
        pb2.UpdatePersonResponse,
        lambda answer: convert.person_from(answer.person),
    )


def delete(person: str) -> Call[None]:
    """Removes a person and all faces."""
    return unary(
        _GALLERY + "DeletePerson",
        pb2.DeletePersonRequest(name=PEOPLE.name(person)),
        pb2.DeletePersonResponse,
        lambda _: None,
    )


def merge(person: str, other: str, *, force: bool, request_id: str = "") -> Call[MergedPerson]:
    """Makes two people one; carries a request id, so that it may be repeated."""
    request = pb2.MergePeopleRequest(
        name=PEOPLE.name(person), other=PEOPLE.name(other), force=force, request_id=request_id or str(uuid4())
    )
    return unary(
        _GALLERY + "MergePeople", request, pb2.MergePeopleResponse, gallery_convert.merged_from, patience=_MERGING
    )


def enroll(person: str, image: bytes) -> Call[EnrolledFace]:
    """Enrolls a person's face from one photograph."""
    return unary(
        _GALLERY + "EnrollFace",
        pb2.EnrollFaceRequest(parent=PEOPLE.name(person), image=checked_image(image)),
        pb2.EnrollFaceResponse,
        gallery_convert.enrolled_from,
        carries_image=True,
    )


def check_photo(image: bytes) -> Call[PhotoCheck]:
    """Asks what an enrollment would say of a photograph."""
    return unary(
        _GALLERY + "CheckPhoto",
        pb2.CheckPhotoRequest(image=checked_image(image)),
        pb2.CheckPhotoResponse,
        gallery_convert.photo_check_from,
        carries_image=True,
    )


def confusable_pages() -> PageCall[ConfusablePair]:
    """Lists people who may be taken for each other."""

    def page(page_size: int, page_token: str) -> Call[Page[ConfusablePair]]:
        return unary(
            _GALLERY + "ListConfusablePairs",
            pb2.ListConfusablePairsRequest(page_size=page_size, page_token=page_token),
            pb2.ListConfusablePairsResponse,
            lambda answer: Page(tuple(map(gallery_convert.pair_from, answer.pairs)), answer.next_page_token),
        )

    return page


def finding_pages() -> PageCall[GalleryFinding]:
    """Lists what may be wrong with the gallery; a page is of so many people looked at."""

    def page(page_size: int, page_token: str) -> Call[Page[GalleryFinding]]:
        return unary(
            _GALLERY + "ListGalleryFindings",
            pb2.ListGalleryFindingsRequest(page_size=page_size, page_token=page_token),
            pb2.ListGalleryFindingsResponse,
            lambda answer: Page(tuple(map(gallery_convert.finding_from, answer.findings)), answer.next_page_token),
            # Every face of the page's people is compared with the whole gallery.
            carries_image=True,
        )

    return page


def check_faces(*, last_known: bool) -> Call[FacesReport]:
    """Compares the engine's collection with the stored faces, or asks what was found last."""
    return unary(
        _GALLERY + "CheckFaces",
        pb2.CheckFacesRequest(last_known=last_known),
        pb2.CheckFacesResponse,
        lambda answer: gallery_convert.report_from(answer.report),
        patience=0 if last_known else _COMPARING,
    )


def unrecognized_pages() -> PageCall[UnrecognizedPerson]:
    """Lists people who must be enrolled again; a page is of so many people looked at."""

    def page(page_size: int, page_token: str) -> Call[Page[UnrecognizedPerson]]:
        return unary(
            _GALLERY + "ListUnrecognizedPeople",
            pb2.ListUnrecognizedPeopleRequest(page_size=page_size, page_token=page_token),
            pb2.ListUnrecognizedPeopleResponse,
            lambda answer: Page(tuple(map(gallery_convert.unrecognized_from, answer.people)), answer.next_page_token),
        )

    return page


def repair_faces(*, remove_foreign: bool) -> Call[FacesRepair]:
    """Creates a collection that does not exist, and removes foreign faces if asked to."""
    return unary(
        _GALLERY + "RepairFaces",
        pb2.RepairFacesRequest(remove_foreign=remove_foreign),
        pb2.RepairFacesResponse,
        gallery_convert.repair_from,
        patience=2 * _COMPARING,
    )


def rebuild_pages(*, dry_run: bool, standby: bool = False) -> PageCall[RebuiltPhoto]:
    """Teaches the vault's photos; a page is of so many photos looked at."""

    def page(page_size: int, page_token: str) -> Call[Page[RebuiltPhoto]]:
        return unary(
            _GALLERY + "RebuildFaces",
            pb2.RebuildFacesRequest(page_size=page_size, page_token=page_token, dry_run=dry_run, standby=standby),
            pb2.RebuildFacesResponse,
            lambda answer: Page(tuple(map(gallery_convert.rebuilt_from, answer.photos)), answer.next_page_token),
            patience=_COMPARING,
        )

    return page


def export_pages() -> PageCall[PersonRecord]:
    """Lists people with faces, consents and block."""

    def page(page_size: int, page_token: str) -> Call[Page[PersonRecord]]:
        return unary(
            _GALLERY + "ExportPeople",
            pb2.ExportPeopleRequest(page_size=page_size, page_token=page_token),
            pb2.ExportPeopleResponse,
            lambda answer: Page(tuple(map(transfer_convert.record_from, answer.people)), answer.next_page_token),
            carries_image=True,
        )

    return page


def import_people(records: Sequence[PersonRecord], *, model_version: str) -> Call[tuple[ImportedPerson, ...]]:
    """Adds many people with faces that are encodings; may be repeated."""
    return unary(
        _GALLERY + "ImportPeople",
        pb2.ImportPeopleRequest(model_version=model_version, people=map(transfer_convert.record_to, records)),
        pb2.ImportPeopleResponse,
        lambda answer: tuple(map(transfer_convert.imported_from, answer.people)),
        carries_image=True,
    )


def face_pages(person: str) -> PageCall[FaceEnrollment]:
    """Lists the faces of a person, oldest first."""
    parent = PEOPLE.name(person)

    def page(page_size: int, page_token: str) -> Call[Page[FaceEnrollment]]:
        return unary(
            _GALLERY + "ListFaces",
            pb2.ListFacesRequest(parent=parent, page_size=page_size, page_token=page_token),
            pb2.ListFacesResponse,
            lambda answer: Page(tuple(convert.enrollment_from(face) for face in answer.faces), answer.next_page_token),
        )

    return page


def delete_face(face: str) -> Call[None]:
    """Removes one face of a person."""
    return unary(
        _GALLERY + "DeleteFace",
        pb2.DeleteFaceRequest(name=face_name(face)),
        pb2.DeleteFaceResponse,
        lambda _: None,
    )
