"""An in-memory GalleryService."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import detections_pb2
from portero.v1 import gallery_service_pb2 as pb2

from tests.support.client.gallery_collections import FakeCollections
from tests.support.client.gallery_merging import FakeMerging
from tests.support.client.photos import box_of, quality_message, shown_in, similarity
from tests.support.client.wire import Refusal, UnaryMethod, already_exists, invalid, not_found, page_of

_MOMENT = Timestamp(seconds=1_750_000_000)
_THRESHOLD = 0.6
_LEAST, _GOOD = 0.3, 0.5
MODEL, ENCODING_BYTES = "dlib-resnet-v1", 512
"""The face model that its server pretends to use, and the bytes of an encoding."""


@dataclass
class Known:
    """A person with the faces that were taught: resource name, whose face, and the enrollment."""

    person: pb2.Person
    faces: dict[str, tuple[str, pb2.FaceEnrollment]] = field(default_factory=dict)


class FakeGallery:
    """People and their faces; a face is the word that its photograph carries."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.findings: list[pb2.GalleryFinding] = []
        self.pairs: list[pb2.ConfusablePair] = []
        self.confusable: list[detections_pb2.Candidate] = []
        # Faces that are too like two people to be named.
        self.between: set[str] = set()
        # What the engine has lost, by name; whether its collection is gone; and how many faces are stored nowhere.
        self.lost: set[str] = set()
        self.collection_gone = False
        self.foreign = 0
        # Faces whose photos the vault keeps, by name, and of which of them the photos cannot be read; None: no vault.
        self.photos: list[str] | None = None
        self.unreadable: set[str] = set()
        self.collections = FakeCollections()
        # Whoever was imported, and what an export lists, by name; the encodings have two numbers.
        self.records: dict[str, pb2.PersonRecord] = {}
        self.model_version = MODEL
        self._answered: dict[str, tuple[pb2.CreatePersonRequest, pb2.Person]] = {}

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "CreatePerson": (pb2.CreatePersonRequest, self.create),
            "GetPerson": (pb2.GetPersonRequest, self.get),
            "ListPeople": (pb2.ListPeopleRequest, self.list_people),
            "UpdatePerson": (pb2.UpdatePersonRequest, self.update),
            "DeletePerson": (pb2.DeletePersonRequest, self.delete),
            "EnrollFace": (pb2.EnrollFaceRequest, self.enroll),
            "CheckPhoto": (pb2.CheckPhotoRequest, self.check_photo),
            "ListConfusablePairs": (pb2.ListConfusablePairsRequest, self.list_confusable),
            "ListGalleryFindings": (pb2.ListGalleryFindingsRequest, self.list_findings),
            "CheckFaces": (pb2.CheckFacesRequest, self.check_faces),
            "ListUnrecognizedPeople": (pb2.ListUnrecognizedPeopleRequest, self.list_unrecognized),
            "RepairFaces": (pb2.RepairFacesRequest, self.repair_faces),
            "RebuildFaces": (pb2.RebuildFacesRequest, self.rebuild_faces),
            **self.collections.methods(),
            **FakeMerging(self.known).methods(),
            "ListFaces": (pb2.ListFacesRequest, self.list_faces),
            "ExportPeople": (pb2.ExportPeopleRequest, self.export_people),
            "ImportPeople": (pb2.ImportPeopleRequest, self.import_people),
            "DeleteFace": (pb2.DeleteFaceRequest, self.delete_face),
            "SearchByImage": (pb2.SearchByImageRequest, self.search),
            "CompareImages": (pb2.CompareImagesRequest, self.compare),
        }

    async def create(self, request: pb2.CreatePersonRequest) -> pb2.CreatePersonResponse:
        """Adds a person; a repeated request gives the first answer, and another one of its id is refused."""
        if request.request_id in self._answered:
            first, person = self._answered[request.request_id]
            if first != request:
                raise invalid("request_id", "request_id was used before, for a request that asked for something else")
            # Who was deleted since does not come back.
            return pb2.CreatePersonResponse(person=self._of(person.name).person)
        if not 1 <= len(request.person.display_name) <= 200:
            raise invalid("person.display_name", "person.display_name must be 1 to 200 printable characters")
        name = f"people/{request.person_id or f'p{len(self.known) + 1}'}"
        if name in self.known:
            raise already_exists(name)
        person = pb2.Person(
            name=name,
            display_name=request.person.display_name,
            labels=request.person.labels,
            create_time=_MOMENT,
            update_time=_MOMENT,
        )
        self.known[name] = Known(person)
        if request.request_id:
            self._answered[request.request_id] = request, person
        return pb2.CreatePersonResponse(person=person)

    async def get(self, request: pb2.GetPersonRequest) -> pb2.GetPersonResponse:
        """Returns a person."""
        return pb2.GetPersonResponse(person=self._of(request.name).person)

    async def list_people(self, request: pb2.ListPeopleRequest) -> pb2.ListPeopleResponse:
        """Lists people by name."""
        wanted = request.display_name_contains.casefold()
        people = [self.known[name].person for name in sorted(self.known)]
        matching = [person for person in people if wanted in person.display_name.casefold()]
        page, token = page_of(matching, request.page_size, request.page_token)
        return pb2.ListPeopleResponse(people=page, next_page_token=token)

    async def update(self, request: pb2.UpdatePersonRequest) -> pb2.UpdatePersonResponse:
        """Changes the fields of the mask."""
        person = self._of(request.person.name).person
        for path in request.update_mask.paths or [given.name for given, _ in request.person.ListFields()]:
            if path == "display_name":
                person.display_name = request.person.display_name
            elif path == "labels":
                person.labels.clear()
                person.labels.update(request.person.labels)
            elif path != "name":
                raise invalid("update_mask", f"{path} cannot be changed")
        return pb2.UpdatePersonResponse(person=person)

    async def delete(self, request: pb2.DeletePersonRequest) -> pb2.DeletePersonResponse:
        """Removes a person."""
        self._of(request.name)
        del self.known[request.name]
        return pb2.DeletePersonResponse()

    async def enroll(self, request: pb2.EnrollFaceRequest) -> pb2.EnrollFaceResponse:
        """Teaches a face, once for each photograph."""
        known = self._of(request.parent)
        shown = shown_in(request.image)
        if not shown.faces:
            raise invalid("image", "no face was found in the image", "NO_FACE")
        if len(shown.faces) > 1:
            raise invalid("image", f"{len(shown.faces)} faces were found; one is wanted", "SEVERAL_FACES")
        if shown.quality < _LEAST:
            raise invalid("image", f"the face's quality is {shown.quality:.2f}; at least 0.30 is needed", "LOW_QUALITY")
        name = f"{request.parent}/faces/{hashlib.sha256(request.image).hexdigest()[:16]}"
        enrollment = pb2.FaceEnrollment(
            name=name,
            box=box_of(0),
            quality=quality_message(shown.quality),
            engine="fake",
            model_version="1",
            create_time=_MOMENT,
        )
        if self.collection_gone:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "there is no collection", reason="COLLECTION_MISSING")
        known.faces.setdefault(name, (shown.faces[0], enrollment))
        self.lost.discard(name)
        known.person.face_count = len(known.faces)
        likes = [
            candidate
            for candidate in self.faces_in(request.image, 20)[0].candidates
            if candidate.person != request.parent and candidate.similarity >= _THRESHOLD
        ]
        advice = [] if shown.quality >= _GOOD else [_poor(refused=False)]
        return pb2.EnrollFaceResponse(
            face=known.faces[name][1], look_alikes=likes, confusable=self.confusable, advice=advice
        )

    async def check_photo(self, request: pb2.CheckPhotoRequest) -> pb2.CheckPhotoResponse:
        """Says what an enrollment would say."""
        shown = shown_in(request.image)
        if len(shown.faces) != 1:
            flaw = pb2.PHOTO_FLAW_SEVERAL_FACES if shown.faces else pb2.PHOTO_FLAW_NO_FACE
            advice = pb2.PhotoAdvice(flaw=flaw, refused=True, text="show one face")
            return pb2.CheckPhotoResponse(reason="SEVERAL_FACES" if shown.faces else "NO_FACE", advice=[advice])
        refused = shown.quality < _LEAST
        return pb2.CheckPhotoResponse(
            reason="LOW_QUALITY" if refused else "",
            advice=[] if shown.quality >= _GOOD else [_poor(refused=refused)],
            box=box_of(0),
            quality=quality_message(shown.quality),
        )

    async def list_confusable(self, request: pb2.ListConfusablePairsRequest) -> pb2.ListConfusablePairsResponse:
        """Lists the pairs that a test put in."""
        page, token = page_of(self.pairs, request.page_size, request.page_token)
        return pb2.ListConfusablePairsResponse(pairs=page, next_page_token=token)

    async def list_findings(self, request: pb2.ListGalleryFindingsRequest) -> pb2.ListGalleryFindingsResponse:
        """Lists the findings that a test put in."""
        page, token = page_of(self.findings, request.page_size, request.page_token)
        return pb2.ListGalleryFindingsResponse(findings=page, next_page_token=token)

    def report(self) -> pb2.FacesReport:
        """Returns what a comparison finds."""
        stored = {name for known in self.known.values() for name in known.faces}
        missing = len(stored if self.collection_gone else stored & self.lost)
        state = pb2.COLLECTION_STATE_FOREIGN if self.foreign else pb2.COLLECTION_STATE_SOUND
        if missing:
            state = pb2.COLLECTION_STATE_INCOMPLETE if missing < len(stored) else pb2.COLLECTION_STATE_EMPTIED
        if self.collection_gone:
            state = pb2.COLLECTION_STATE_LOST
        return pb2.FacesReport(
            state=state,
            engine="fake",
            model_version=self.model_version,
            stored_faces=len(stored),
            kept_faces=0 if self.collection_gone else len(stored) - missing + self.foreign,
            missing_faces=missing,
            foreign_faces=self.foreign,
            compare_time=_MOMENT,
            advice=f"{missing} of {len(stored)} stored faces are not in the collection",
        )

    async def check_faces(self, request: pb2.CheckFacesRequest) -> pb2.CheckFacesResponse:
        """Compares what is stored with what is lost."""
        return pb2.CheckFacesResponse(report=self.report())

    async def list_unrecognized(self, request: pb2.ListUnrecognizedPeopleRequest) -> pb2.ListUnrecognizedPeopleResponse:
        """Lists whose faces are lost."""
        people = []
        for name in sorted(self.known):
            faces = self.known[name].faces
            missing = [face for face in faces if self.collection_gone or face in self.lost]
            if missing:
                people.append(
                    pb2.UnrecognizedPerson(
                        person=name,
                        display_name=self.known[name].person.display_name,
                        missing_faces=missing,
                        kept_face_count=len(faces) - len(missing),
                    )
                )
        page, token = page_of(people, request.page_size, request.page_token)
        return pb2.ListUnrecognizedPeopleResponse(people=page, next_page_token=token)

    async def repair_faces(self, request: pb2.RepairFacesRequest) -> pb2.RepairFacesResponse:
        """Creates the collection, and removes foreign faces if asked to."""
        created, removed = self.collection_gone, self.foreign if request.remove_foreign else 0
        if created:
            self.lost = {name for known in self.known.values() for name in known.faces}
        self.collection_gone, self.foreign = False, self.foreign - removed
        return pb2.RepairFacesResponse(report=self.report(), created=created, removed_faces=removed)

    async def rebuild_faces(self, request: pb2.RebuildFacesRequest) -> pb2.RebuildFacesResponse:
        """Teaches the faces of the vault's photos again, two photos a page."""
        if request.standby:
            return self.collections.rebuilt(self.photos or [])
        if self.photos is None:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "this server keeps no photos", reason="NO_PHOTO_VAULT")
        names, token = page_of(self.photos, 2, request.page_token)
        photos = []
        for name in names:
            photo = pb2.RebuiltPhoto(person=name.partition("/faces/")[0], photo_id=f"p{name[-8:]}")
            if name in self.unreadable:
                photo.outcome = pb2.REBUILD_OUTCOME_UNREADABLE
                photo.reason, photo.message = "PHOTO_DAMAGED", "the object was changed"
            elif name not in self.lost:
                photo.outcome, photo.face = pb2.REBUILD_OUTCOME_KNOWN, name
            elif request.dry_run:
                photo.outcome = pb2.REBUILD_OUTCOME_TEACHABLE
            else:
                self.lost.discard(name)
                photo.outcome, photo.face = pb2.REBUILD_OUTCOME_TAUGHT, name
            photos.append(photo)
        return pb2.RebuildFacesResponse(photos=photos, next_page_token=token)

    async def list_faces(self, request: pb2.ListFacesRequest) -> pb2.ListFacesResponse:
        """Lists a person's faces."""
        faces = [enrollment for _, enrollment in self._of(request.parent).faces.values()]
        page, token = page_of(faces, request.page_size, request.page_token)
        return pb2.ListFacesResponse(faces=page, next_page_token=token)

    async def export_people(self, request: pb2.ExportPeopleRequest) -> pb2.ExportPeopleResponse:
        """Lists whoever was imported."""
        records = [self.records[name] for name in sorted(self.records)]
        page, token = page_of(records, request.page_size, request.page_token)
        return pb2.ExportPeopleResponse(people=page, next_page_token=token, engine="fake", model_version=MODEL)

    async def import_people(self, request: pb2.ImportPeopleRequest) -> pb2.ImportPeopleResponse:
        """Adds people; each encoding is one face, and one of another length is refused with its person."""
        if request.model_version != self.model_version and any(record.faces for record in request.people):
            words = f"the encodings are of {request.model_version}, and this server uses {self.model_version}"
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, words, reason="OTHER_MODEL")
        return pb2.ImportPeopleResponse(people=list(map(self._imported, request.people)))

    def _imported(self, record: pb2.PersonRecord) -> pb2.ImportedPerson:
        name = record.person.name
        known = self.records.get(name)
        if known is not None and known.person.display_name != record.person.display_name:
            return pb2.ImportedPerson(person=name, reason="ALREADY_EXISTS", message=f"{name} is somebody else")
        if any(len(face.encoding) != ENCODING_BYTES for face in record.faces):
            return pb2.ImportedPerson(person=name, reason="ENCODING_OF_OTHER_MODEL", message=f"{name}: not of {MODEL}")
        stored = self.records.setdefault(name, pb2.PersonRecord(person=record.person, privacy=record.privacy))
        there = {face.encoding for face in stored.faces}
        new = [face for face in record.faces if face.encoding not in there]
        for face in new:
            stored.faces.append(face)
            stored.faces[-1].model_version, stored.faces[-1].engine = MODEL, "fake"
            stored.faces[-1].create_time.CopyFrom(_MOMENT)
        stored.person.create_time.CopyFrom(_MOMENT)
        stored.person.update_time.CopyFrom(_MOMENT)
        return pb2.ImportedPerson(
            person=name, created=known is None, added_faces=len(new), known_faces=len(record.faces) - len(new)
        )

    async def delete_face(self, request: pb2.DeleteFaceRequest) -> pb2.DeleteFaceResponse:
        """Removes a face."""
        known = self.known.get(request.name.partition("/faces/")[0])
        if known is None or request.name not in known.faces:
            raise not_found(request.name)
        del known.faces[request.name]
        known.person.face_count = len(known.faces)
        return pb2.DeleteFaceResponse()

    async def search(self, request: pb2.SearchByImageRequest) -> pb2.SearchByImageResponse:
        """Finds the people of a photograph."""
        if request.max_candidates > 20:
            raise invalid("max_candidates", "max_candidates must be 0..20")
        return pb2.SearchByImageResponse(faces=self.faces_in(request.image, request.max_candidates or 5))

    async def compare(self, request: pb2.CompareImagesRequest) -> pb2.CompareImagesResponse:
        """Compares the source's largest face with the target's."""
        source = shown_in(request.source_image, "source_image")
        target = shown_in(request.target_image, "target_image")
        for field_name, shown in (("source_image", source), ("target_image", target)):
            if not shown.faces:
                raise invalid(field_name, f"no face was found in {field_name}", "NO_FACE")
        comparisons = [
            pb2.FaceComparison(
                box=box_of(index),
                similarity=similarity(source.faces[0], face),
                same_person=similarity(source.faces[0], face) >= _THRESHOLD,
            )
            for index, face in enumerate(target.faces)
        ]
        comparisons.sort(key=lambda comparison: -comparison.similarity)
        return pb2.CompareImagesResponse(source_box=box_of(0), comparisons=comparisons)

    def faces_in(self, image: bytes, max_candidates: int) -> list[detections_pb2.Face]:
        """Returns the faces of an image with matches and candidates."""
        shown = shown_in(image)
        return [self._face(index, word, shown.quality, max_candidates) for index, word in enumerate(shown.faces)]

    def _face(self, index: int, word: str, quality: float, max_candidates: int) -> detections_pb2.Face:
        candidates = sorted(
            (
                detections_pb2.Candidate(
                    person=known.person.name,
                    display_name=known.person.display_name,
                    similarity=similarity(word, taught),
                    face=face,
                )
                for known in self.known.values()
                for face, (taught, _) in list(known.faces.items())[:1]
            ),
            key=lambda candidate: (-candidate.similarity, candidate.person),
        )
        face = detections_pb2.Face(
            box=box_of(index),
            confidence=0.99,
            quality=quality_message(quality),
            candidates=candidates[:max_candidates],
            between_look_alikes=word in self.between,
        )
        if word not in self.between and candidates and candidates[0].similarity >= _THRESHOLD:
            best = candidates[0]
            runner_up = candidates[1].similarity if len(candidates) > 1 else 0.0
            face.match.CopyFrom(
                detections_pb2.Match(
                    person=best.person,
                    display_name=best.display_name,
                    similarity=best.similarity,
                    margin=best.similarity - runner_up,
                )
            )
        return face

    def _of(self, name: str) -> Known:
        if name not in self.known:
            raise not_found(name)
        return self.known[name]


def _poor(*, refused: bool) -> pb2.PhotoAdvice:
    return pb2.PhotoAdvice(flaw=pb2.PHOTO_FLAW_BLURRED, refused=refused, text="the face is blurred; hold still")
