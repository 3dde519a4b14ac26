"""The methods of BlockingPorteroClient, by kind of resource. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from portero_client import calls
from portero_client.audit import AuditAnchor, AuditEntry, AuditReport
from portero_client.cameras import Camera, CameraMode, CameraPurpose, CameraStatus, TimeSource
from portero_client.decisions import Decision, WhatIf
from portero_client.detections import Box, Comparison, Face, Recognition, Text
from portero_client.keys import ApiKey, Caller, NewKey, Role
from portero_client.listing import BlockingAsk, BlockingListing
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
from portero_client.sightings import Sighting, SightingKind
from portero_client.transfer import ImportedPerson, PersonRecord


class BlockingPeople:
    """People and their faces; see People of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def create(
        self,
        display_name: str,
        *,
        person_id: str = "",
        labels: Mapping[str, str] | None = None,
        request_id: str = "",
    ) -> Person:
        """Adds a person. Raises AlreadyExists if the id is taken."""
        return self._ask(calls.people.create(display_name, person_id=person_id, labels=labels, request_id=request_id))

    def get(self, person: str) -> Person:
        """Returns a person. Raises NotFound."""
        return self._ask(calls.people.get(person))

    def list(
        self, *, display_name_contains: str = "", page_size: int = 0, page_token: str = ""
    ) -> BlockingListing[Person]:
        """Lists people by resource name."""
        return BlockingListing(
            self._ask, calls.people.list_pages(display_name_contains), page_size=page_size, page_token=page_token
        )

    def update(self, person: Person, *fields: str) -> Person:
        """Changes the named fields."""
        return self._ask(calls.people.update(person, *fields))

    def delete(self, person: str) -> None:
        """Removes a person and all their faces."""
        self._ask(calls.people.delete(person))

    def merge(self, person: str, other: str, *, force: bool = False, request_id: str = "") -> MergedPerson:
        """Makes two people one: the other is gone afterwards, for good. Raises NotFound, FailedPrecondition."""
        return self._ask(calls.people.merge(person, other, force=force, request_id=request_id))

    def enroll(self, person: str, image: bytes) -> EnrolledFace:
        """Enrolls a person's face from one photograph."""
        return self._ask(calls.people.enroll(person, image))

    def check_photo(self, image: bytes) -> PhotoCheck:
        """Returns what `enroll` would say of a photograph before the engine is asked; nothing is stored or paid for."""
        return self._ask(calls.people.check_photo(image))

    def faces(self, person: str, *, page_size: int = 0, page_token: str = "") -> BlockingListing[FaceEnrollment]:
        """Lists the faces of a person, oldest first."""
        return BlockingListing(self._ask, calls.people.face_pages(person), page_size=page_size, page_token=page_token)

    def delete_face(self, face: str) -> None:
        """Removes one face of a person."""
        self._ask(calls.people.delete_face(face))

    def findings(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[GalleryFinding]:
        """Lists people without a face of the model in use, and people with the same face."""
        return BlockingListing(self._ask, calls.people.finding_pages(), page_size=page_size, page_token=page_token)

    def confusable(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[ConfusablePair]:
        """Lists people who may be taken for each other, by resource names. For operators and admins."""
        return BlockingListing(self._ask, calls.people.confusable_pages(), page_size=page_size, page_token=page_token)

    def check_faces(self, *, last_known: bool = False) -> FacesReport:
        """Compares the engine's collection with the stored faces; `last_known`: returns what was found last instead.

        For operators and admins.
        """
        return self._ask(calls.people.check_faces(last_known=last_known))

    def unrecognized(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[UnrecognizedPerson]:
        """Lists people whose stored faces the engine does not have, by resource name; enroll them again.

        `page_size`, 1..1000, is how many people are looked at in one call, at most 500. For operators and admins.
        """
        return BlockingListing(self._ask, calls.people.unrecognized_pages(), page_size=page_size, page_token=page_token)

    def repair_faces(self, *, remove_foreign: bool = False) -> FacesRepair:
        """Creates the engine's collection if it does not exist; teaches nobody.

        `remove_foreign` also removes faces in it under the service's names that are stored nowhere: not where servers
        with different databases share a collection. For operators and admins.
        """
        return self._ask(calls.people.repair_faces(remove_foreign=remove_foreign))

    def rebuild_faces(
        self, *, dry_run: bool = False, standby: bool = False, page_size: int = 0, page_token: str = ""
    ) -> BlockingListing[RebuiltPhoto]:
        """Teaches the photos of the server's vault whose faces the engine does not have, and lists what became of each.

        Begun anew, it teaches nothing twice; `dry_run` only reads and decrypts them. For operators and admins.
        """
        pages = calls.people.rebuild_pages(dry_run=dry_run, standby=standby)
        return BlockingListing(self._ask, pages, page_size=page_size, page_token=page_token)

    def export_all(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[PersonRecord]:
        """Lists everybody with the encodings of their faces, consents and block. For admins."""
        return BlockingListing(self._ask, calls.people.export_pages(), page_size=page_size, page_token=page_token)

    def import_people(self, records: Sequence[PersonRecord], *, model_version: str = "") -> tuple[ImportedPerson, ...]:
        """Adds at most 500 people with faces that are encodings. For operators and admins."""
        return self._ask(calls.people.import_people(records, model_version=model_version))


class BlockingImages:
    """Questions about single images; see Images of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def search(self, image: bytes, *, max_candidates: int = 0) -> tuple[Face, ...]:
        """Finds the people in a photograph."""
        return self._ask(calls.images.search(image, max_candidates=max_candidates))

    def compare(self, source: bytes, target: bytes) -> Comparison:
        """Compares the largest face of `source` with each face of `target`."""
        return self._ask(calls.images.compare(source, target))

    def recognize(
        self, image: bytes, *, faces: bool = True, texts: bool = False, max_candidates: int = 0
    ) -> Recognition:
        """Finds faces, text or both."""
        return self._ask(calls.images.recognize(image, faces=faces, texts=texts, max_candidates=max_candidates))

    def read_text(self, image: bytes) -> tuple[Text, ...]:
        """Reads the text of an image."""
        return self._ask(calls.images.read_text(image))


class BlockingCameras:
    """Registered cameras; see Cameras of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def create(
        self,
        camera_id: str,
        *,
        display_name: str = "",
        site: str = "",
        mode: CameraMode = CameraMode.FACES,
        purpose: CameraPurpose = CameraPurpose.VISITOR,
        disabled: bool = False,
        visit_gap: timedelta | None = None,
        similarity_threshold: float | None = None,
        time_source: TimeSource = TimeSource.CAPTURE,
        privacy_zones: Sequence[Box] = (),
    ) -> Camera:
        """Registers a new camera."""
        return self._ask(
            calls.cameras.create(
                camera_id,
                display_name=display_name,
                site=site,
                mode=mode,
                purpose=purpose,
                disabled=disabled,
                visit_gap=visit_gap,
                similarity_threshold=similarity_threshold,
                time_source=time_source,
                privacy_zones=privacy_zones,
            )
        )

    def get(self, camera: str) -> Camera:
        """Returns a camera. Raises NotFound."""
        return self._ask(calls.cameras.get(camera))

    def list(self, *, site: str = "", page_size: int = 0, page_token: str = "") -> BlockingListing[Camera]:
        """Lists cameras by resource name."""
        return BlockingListing(self._ask, calls.cameras.list_pages(site), page_size=page_size, page_token=page_token)

    def update(self, camera: Camera, *fields: str) -> Camera:
        """Changes the named fields."""
        return self._ask(calls.cameras.update(camera, *fields))

    def delete(self, camera: str) -> None:
        """Removes a camera; its sightings are kept."""
        self._ask(calls.cameras.delete(camera))

    def status(self, camera: str) -> CameraStatus:
        """Returns the current status of a camera's stream."""
        return self._ask(calls.cameras.status(camera))


class BlockingDecisions:
    """What decisions about faces saw; see Decisions of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def list(
        self,
        *,
        camera: str = "",
        sighting: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
    ) -> BlockingListing[Decision]:
        """Lists what decisions saw, oldest first, of shots taken at `since` or later and before `until`."""
        pages = calls.decisions.list_pages(camera=camera, sighting=sighting, since=since, until=until)
        return BlockingListing(self._ask, pages, page_size=page_size, page_token=page_token)

    def what_if(
        self,
        *thresholds: float,
        margin: float | None = None,
        camera: str = "",
        site: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> WhatIf:
        """Returns what other thresholds would have decided on the same shots."""
        return self._ask(
            calls.decisions.what_if(thresholds, margin=margin, camera=camera, site=site, since=since, until=until)
        )


class BlockingSightings:
    """Stored sightings; see Sightings of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def get(self, sighting: str) -> Sighting:
        """Returns a sighting. Raises NotFound."""
        return self._ask(calls.sightings.get(sighting))

    def list(
        self,
        *,
        camera: str = "",
        person: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        kind: SightingKind = SightingKind.ALL,
        page_size: int = 0,
        page_token: str = "",
    ) -> BlockingListing[Sighting]:
        """Lists sightings, latest first."""
        pages = calls.sightings.list_pages(camera=camera, person=person, since=since, until=until, kind=kind)
        return BlockingListing(self._ask, pages, page_size=page_size, page_token=page_token)


class BlockingAudit:
    """The audit trail; see Audit of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def list(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[AuditEntry]:
        """Lists entries, newest first."""
        return BlockingListing(self._ask, calls.audit.entry_pages(), page_size=page_size, page_token=page_token)

    def verify(self, *anchors: AuditAnchor) -> AuditReport:
        """Verifies the whole chain, also against anchors kept elsewhere. May take minutes."""
        return self._ask(calls.audit.verify(anchors))


class BlockingKeys:
    """API keys; see Keys of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def create(
        self,
        display_name: str,
        *,
        roles: Collection[Role],
        cameras: Collection[str] = (),
        sites: Collection[str] = (),
        groups: Collection[str] = (),
        people: Collection[str] = (),
        expire_time: datetime | None = None,
    ) -> NewKey:
        """Creates an API key and returns it with its text."""
        return self._ask(
            calls.keys.create(
                display_name,
                roles=roles,
                cameras=cameras,
                sites=sites,
                groups=groups,
                people=people,
                expire_time=expire_time,
            )
        )

    def list(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[ApiKey]:
        """Lists keys by resource name."""
        return BlockingListing(self._ask, calls.keys.list_pages(), page_size=page_size, page_token=page_token)

    def caller(self) -> Caller:
        """Returns who this client is to the server."""
        return self._ask(calls.keys.caller())

    def revoke(self, key: str) -> ApiKey:
        """Revokes an API key on every server."""
        return self._ask(calls.keys.revoke(key))
