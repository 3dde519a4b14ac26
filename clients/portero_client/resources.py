"""The methods of PorteroClient, by kind of resource. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from portero_client import calls
from portero_client.cameras import Camera, CameraMode, CameraPurpose, CameraStatus, TimeSource
from portero_client.decisions import Decision, WhatIf
from portero_client.detections import Box, Comparison, Face, Recognition, Text
from portero_client.listing import Ask, Listing
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


class People:
    """People and their enrolled faces. A person is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(
        self,
        display_name: str,
        *,
        person_id: str = "",
        labels: Mapping[str, str] | None = None,
        request_id: str = "",
    ) -> Person:
        """Adds a person; the server generates an id if none is given.

        `request_id`, a UUID, makes the same call return the first answer for a day, also after this program was killed.

        Raises:
            AlreadyExists: The id is taken.
            NotFound: The person whom the first call of this request id added was deleted since.
        """
        return await self._ask(
            calls.people.create(display_name, person_id=person_id, labels=labels, request_id=request_id)
        )

    async def get(self, person: str) -> Person:
        """Returns a person. Raises NotFound."""
        return await self._ask(calls.people.get(person))

    def list(self, *, display_name_contains: str = "", page_size: int = 0, page_token: str = "") -> Listing[Person]:
        """Lists people by resource name; `page_size` 1..1000, 0 is the server's default."""
        pages = calls.people.list_pages(display_name_contains)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    async def update(self, person: Person, *fields: str) -> Person:
        """Changes the named fields (display_name, labels); if none is named, those that are set."""
        return await self._ask(calls.people.update(person, *fields))

    async def delete(self, person: str) -> None:
        """Removes a person and all their faces. Raises NotFound."""
        await self._ask(calls.people.delete(person))

    async def merge(self, person: str, other: str, *, force: bool = False, request_id: str = "") -> MergedPerson:
        """Makes two people one, who were enrolled twice: the other is gone afterwards, for good.

        `force` merges them although both were seen at one camera at the same time; `request_id` as in `create`.

        Raises:
            NotFound: One of them does not exist.
            FailedPrecondition: They may not be one; the reason says why, as SEEN_TOGETHER.
        """
        return await self._ask(calls.people.merge(person, other, force=force, request_id=request_id))

    async def enroll(self, person: str, image: bytes) -> EnrolledFace:
        """Enrolls a person's face from one JPEG or PNG that shows exactly one face.

        The same photograph again returns the existing face. `look_alikes` of the answer has the people whose faces are
        so like it that they may be the same person under another name, `confusable` those who are less like it and may
        be taken for the person, and `advice` what is poor about the photograph; nothing is refused for them.

        Raises:
            InvalidArgument: The photograph does not serve; reason NO_FACE, SEVERAL_FACES, LOW_QUALITY, OTHER_PERSON or
                TOO_MANY_FACES.
        """
        return await self._ask(calls.people.enroll(person, image))

    async def check_photo(self, image: bytes) -> PhotoCheck:
        """Returns what `enroll` would say of a JPEG or PNG before the engine is asked; nothing is stored or paid for.

        Raises:
            InvalidArgument: It is no image, or too large.
            FailedPrecondition: With reason NO_ENROLL_GUARD, the server leaves photographs to the engine.
        """
        return await self._ask(calls.people.check_photo(image))

    def faces(self, person: str, *, page_size: int = 0, page_token: str = "") -> Listing[FaceEnrollment]:
        """Lists the faces of a person, oldest first."""
        return Listing(self._ask, calls.people.face_pages(person), page_size=page_size, page_token=page_token)

    async def delete_face(self, face: str) -> None:
        """Removes one face, "people/{person}/faces/{face}". Raises NotFound."""
        await self._ask(calls.people.delete_face(face))

    def findings(self, *, page_size: int = 0, page_token: str = "") -> Listing[GalleryFinding]:
        """Lists people without a face of the model in use, and people with the same face, by resource name.

        `page_size`, 1..1000, is how many people are looked at in one call, at most 200. For operators and admins.
        """
        return Listing(self._ask, calls.people.finding_pages(), page_size=page_size, page_token=page_token)

    def confusable(self, *, page_size: int = 0, page_token: str = "") -> Listing[ConfusablePair]:
        """Lists people who may be taken for each other, by resource names. For operators and admins."""
        return Listing(self._ask, calls.people.confusable_pages(), page_size=page_size, page_token=page_token)

    async def check_faces(self, *, last_known: bool = False) -> FacesReport:
        """Compares the engine's collection with the stored faces; `last_known`: returns what was found last instead.

        For operators and admins.
        """
        return await self._ask(calls.people.check_faces(last_known=last_known))

    def unrecognized(self, *, page_size: int = 0, page_token: str = "") -> Listing[UnrecognizedPerson]:
        """Lists people whose stored faces the engine does not have, by resource name; enroll them again.

        `page_size`, 1..1000, is how many people are looked at in one call, at most 500. For operators and admins.
        """
        return Listing(self._ask, calls.people.unrecognized_pages(), page_size=page_size, page_token=page_token)

    async def repair_faces(self, *, remove_foreign: bool = False) -> FacesRepair:
        """Creates the engine's collection if it does not exist; teaches nobody.

        `remove_foreign` also removes faces in it under the service's names that are stored nowhere: not where servers
        with different databases share a collection. For operators and admins.
        """
        return await self._ask(calls.people.repair_faces(remove_foreign=remove_foreign))

    def rebuild_faces(
        self, *, dry_run: bool = False, standby: bool = False, page_size: int = 0, page_token: str = ""
    ) -> Listing[RebuiltPhoto]:
        """Teaches the photos of the server's vault whose faces the engine does not have, and lists what became of each.

        Each may be a paid call. What fails in the middle can be begun anew: nothing is taught twice. `dry_run` only
        reads and decrypts them; `standby` teaches the collection that stands by instead (see `collections`).
        `page_size`, 1..1000, is how many photos one call teaches, at most 20. For operators and admins.

        Raises:
            FailedPrecondition: With reason NO_PHOTO_VAULT, the server keeps no photos; NO_STANDBY, none stands by.
        """
        pages = calls.people.rebuild_pages(dry_run=dry_run, standby=standby)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    def export_all(self, *, page_size: int = 0, page_token: str = "") -> Listing[PersonRecord]:
        """Lists everybody with the encodings of their faces, consents and block, by resource name. For admins.

        This is biometric data of everybody: keep it as such. `page_size`, 1..1000, of which a page has at most 200.
        """
        return Listing(self._ask, calls.people.export_pages(), page_size=page_size, page_token=page_token)

    async def import_people(
        self, records: Sequence[PersonRecord], *, model_version: str = ""
    ) -> tuple[ImportedPerson, ...]:
        """Adds at most 500 people with at most 2,000 faces that are encodings; `transfer.batches` divides more.

        Returns what became of each, in order: one that is refused does not concern the others. May be repeated. For
        operators and admins.

        Args:
            records: Each person once.
            model_version: The face model that the encodings are of, as `FaceEncoding.model_version`.

        Raises:
            FailedPrecondition: With reason ENCODINGS_NOT_TAKEN or OTHER_MODEL, the engine cannot compare them.
        """
        return await self._ask(calls.people.import_people(records, model_version=model_version))


class Images:
    """Analyzes a JPEG or PNG of at most 5 MiB; stores nothing."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def search(self, image: bytes, *, max_candidates: int = 0) -> tuple[Face, ...]:
        """Finds the people in a photograph: every face, largest first; `max_candidates` 1..20, 0 means 5."""
        return await self._ask(calls.images.search(image, max_candidates=max_candidates))

    async def compare(self, source: bytes, target: bytes) -> Comparison:
        """Compares the largest face of `source` with each face of `target`."""
        return await self._ask(calls.images.compare(source, target))

    async def recognize(
        self, image: bytes, *, faces: bool = True, texts: bool = False, max_candidates: int = 0
    ) -> Recognition:
        """Finds faces, text or both; up to `max_candidates` (0..20) for each face."""
        return await self._ask(calls.images.recognize(image, faces=faces, texts=texts, max_candidates=max_candidates))

    async def read_text(self, image: bytes) -> tuple[Text, ...]:
        """Reads the text of an image, in reading order."""
        return await self._ask(calls.images.read_text(image))


class Cameras:
    """Registered cameras. A camera is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(
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
        """Registers a new camera. Raises AlreadyExists."""
        return await self._ask(
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

    async def get(self, camera: str) -> Camera:
        """Returns a camera. Raises NotFound."""
        return await self._ask(calls.cameras.get(camera))

    def list(self, *, site: str = "", page_size: int = 0, page_token: str = "") -> Listing[Camera]:
        """Lists cameras by resource name; `page_size` 1..1000, 0 is the server's default."""
        return Listing(self._ask, calls.cameras.list_pages(site), page_size=page_size, page_token=page_token)

    async def update(self, camera: Camera, *fields: str) -> Camera:
        """Changes the named fields; if none is named, those that are set. Raises NotFound."""
        return await self._ask(calls.cameras.update(camera, *fields))

    async def delete(self, camera: str) -> None:
        """Removes a camera; its sightings are kept. Raises NotFound."""
        await self._ask(calls.cameras.delete(camera))

    async def status(self, camera: str) -> CameraStatus:
        """Returns the current status of a camera's stream. Raises NotFound."""
        return await self._ask(calls.cameras.status(camera))


class Decisions:
    """What decisions about faces saw, and what other thresholds would have decided. For operators and admins."""

    def __init__(self, ask: Ask) -> None:
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
    ) -> Listing[Decision]:
        """Lists what decisions saw, oldest first, of shots taken at `since` or later and before `until`."""
        pages = calls.decisions.list_pages(camera=camera, sighting=sighting, since=since, until=until)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    async def what_if(
        self,
        *thresholds: float,
        margin: float | None = None,
        camera: str = "",
        site: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> WhatIf:
        """Returns what other thresholds would have decided on the same shots; nothing is paid for.

        Args:
            thresholds: Similarity thresholds, above 0 and at most 1, at most 50; none: each decision keeps its own.
            margin: Margin over the next candidate, 0..1; None: each decision keeps its own.
            camera: Only at this camera.
            site: Only at the cameras that are at this site now.
            since: Only shots taken at this time or later.
            until: Only shots taken before this time.

        Raises:
            InvalidArgument: With reason TOO_MANY_DECISIONS, there are more than 200,000 decisions times thresholds.
        """
        return await self._ask(
            calls.decisions.what_if(thresholds, margin=margin, camera=camera, site=site, since=since, until=until)
        )


class Sightings:
    """Stored sightings: who was seen at which camera, and when."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, sighting: str) -> Sighting:
        """Returns a sighting. Raises NotFound."""
        return await self._ask(calls.sightings.get(sighting))

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
    ) -> Listing[Sighting]:
        """Lists sightings, latest first: not ended before `since`, started before `until`; all conditions must hold."""
        pages = calls.sightings.list_pages(camera=camera, person=person, since=since, until=until, kind=kind)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)
