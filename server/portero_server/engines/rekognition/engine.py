"""Amazon Rekognition as an engine: what to ask it, and what its answers mean; `calls` makes the call.

Similarity is Rekognition's, divided by 100.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Collection as Ids
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FoundFace, Text
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.standby import FIRST, CollectionPlace
from portero_server.engines.base import (
    CallContext,
    CallGate,
    Comparison,
    EngineTraits,
    FaceCrop,
    GalleryFace,
    Identification,
    LearnedFace,
    PhotoRefused,
    Pixels,
    SearchedFace,
    SimilarPeople,
)
from portero_server.engines.kept_faces import CollectionCount, KeptFace, image_id
from portero_server.engines.rekognition import answers
from portero_server.engines.rekognition.adopted import FaceNames
from portero_server.engines.rekognition.calls import RekognitionCalls, create_client
from portero_server.engines.rekognition.errors import first_of, is_no_face, is_parameter_refused
from portero_server.engines.rekognition.images import crop_alone, encode, same_place
from portero_server.engines.rekognition.kept import Regions, kept_at
from portero_server.engines.rekognition.liveness import RekognitionLiveness
from portero_server.engines.rekognition.options import POLICY, RekognitionOptions
from portero_server.engines.rekognition.texts import read_texts
from portero_server.errors import EngineError

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient

_SEARCHES_AT_ONCE = 8
"""Crops of one image that are encoded and searched together; bounds the memory a crowd takes."""
_MOST_SIMILAR = 200
"""Faces asked for that are like an enrolled one; how many costs nothing."""
_MOST_USERS = 500
"""In Rekognition's answer to a search for users."""
_COMPLETING = CallContext(None, Lane.ATTENDANCE)


def create(options: RekognitionOptions, gate: CallGate) -> RekognitionEngine:
    """Creates the engine for the registry.

    Raises:
        StartupProblem: AWS region or credentials are missing.
    """

    def connect(region: str | None) -> RekognitionClient:
        return create_client(region, options.threads, options.connect_timeout, options.read_timeout)

    client, threads = connect(options.region), options.threads
    return RekognitionEngine(client, options.collection, gate, threads=threads, options=options, connect=connect)


class RekognitionEngine:
    """Recognizes faces with Amazon Rekognition; its collection is the gallery."""

    def __init__(
        self,
        client: RekognitionClient,
        collection_id: str,
        gate: CallGate,
        *,
        threads: int,
        options: RekognitionOptions | None = None,
        connect: Callable[[str], RekognitionClient] | None = None,
    ) -> None:
        """Creates the engine; it makes no call yet.

        Args:
            client: As `calls.create_client` makes it.
            collection_id: The collection that is the gallery.
            gate: Through which every call goes that costs money or quota.
            threads: Most calls at once.
            options: How to ask; None: as by default.
            connect: Makes the client of another region, for a collection there; None: every region has `client`.
        """
        self._client = client
        self._regions = Regions(client, connect)
        self._options = options or RekognitionOptions()
        self._caller = RekognitionCalls(gate, threads)
        self._names = FaceNames()
        # Each method takes it once, so that what began with one collection ends with it.
        self._kept = kept_at(CollectionPlace(FIRST, collection_id), client, self._caller)
        self._face_liveness = RekognitionLiveness(client, self._caller)
        self._traits = EngineTraits(
            name="rekognition",
            model_version="",
            # There is no call for several images, and none should wait for another's.
            max_batch=1,
            owns_gallery=True,
            policy=POLICY,
            paid=True,
        )

    @property
    def traits(self) -> EngineTraits:
        """The static properties of this engine; the model version is known after the first `check`."""
        return self._traits

    async def check(self) -> None:
        """Checks that the credentials and the collection work, and reads the collection's face model version.

        Raises:
            EngineError: They do not; the message says what to do.
        """
        kept = self._kept
        version = await kept.collection.ensure(create=self._options.create_collection)
        self._traits = replace(self._traits, model_version=kept.place.marked(version))

    @property
    def place(self) -> CollectionPlace:
        """The collection that is the gallery."""
        return self._kept.place

    def use(self, place: CollectionPlace, version: str) -> None:
        """See `MovableKeeper.use`; only what the collection is asked goes to another region.

        Raises:
            StartupProblem: The AWS configuration is broken.
        """
        self._kept = kept_at(place, self._regions.client(place.region), self._caller)
        self._traits = replace(self._traits, model_version=place.marked(version))

    async def create(self) -> str:
        """See `MovableKeeper.create`."""
        return await self._kept.collection.ensure(create=True)

    async def clear(self, adopted: Ids[str] = ()) -> bool:
        """See `MovableKeeper.clear`."""
        return await self._kept.collection.clear(adopted)

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Returns the candidates for each crop, with one search of faces or of users each; see `Engine.identify`."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._identify(crop)) for crop in crops]
        return [task.result() for task in tasks]

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Finds every face with one DetectFaces call; see `Engine.detect`."""
        data = await asyncio.to_thread(encode, image)
        ask = partial(self._client.detect_faces, Image={"Bytes": data})
        read = partial(answers.detected, height=image.shape[0])
        return await self._caller.call("DetectFaces", context, ask, read)

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Finds every face with one DetectFaces call, then its candidates with one search per face.

        See `Engine.search`.
        """
        faces = await self.detect(image, context)
        places = asyncio.Semaphore(_SEARCHES_AT_ONCE)

        async def search_one(face: FoundFace) -> SearchedFace:
            others = [other.box for other in faces if other is not face]
            async with places:
                crop = await asyncio.to_thread(crop_alone, image, face.box, others)
                found = await self._search_crop(crop.pixels, crop.face, context)
            return SearchedFace(face, found.candidates[:max_candidates] if found else ())

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(search_one(face)) for face in faces]
        except* EngineError as failures:
            raise first_of(failures) from None
        return [task.result() for task in tasks]

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Adds the one face of a photograph to the collection; the same photograph again returns the same face.

        From then on the face is searchable. If the caller then fails to store it, a comparison finds it.

        Raises:
            PhotoRefused: No face, several faces, or too poor a picture; where all faces of a person are searched as
                one, also a face that is unlike the others. Nothing stays in the collection.
        """
        kept = self._kept
        data = await asyncio.to_thread(encode, image)
        ask = partial(
            kept.client.index_faces,
            CollectionId=kept.collection_id,
            Image={"Bytes": data},
            ExternalImageId=image_id(person_id, face_id),
            # The largest face is kept; others are told as unindexed, which is how we know of them.
            MaxFaces=1,
            QualityFilter=self._options.enroll_quality,
        )
        read = partial(answers.indexed, height=image.shape[0])
        answer = await self._caller.call("IndexFaces", context, ask, read)
        try:
            face = answers.only_face(answer)
            if self._options.users:
                await kept.users.join(person_id, face.external_id, context)
        except PhotoRefused:
            await kept.collection.delete([indexed.external_id for indexed in answer.faces])
            raise
        version = kept.place.marked(face.model_version)
        return LearnedFace(face.box, face.quality, version, embedding=None, external_id=face.external_id)

    async def similar(self, face: GalleryFace, max_candidates: int, context: CallContext) -> SimilarPeople:
        """Asks with one SearchFaces call, which no photograph is sent for; see `Engine.similar`."""
        if face.external_id is None:
            return SimilarPeople((), POLICY.threshold, POLICY.alike)
        kept = self._kept
        ask = partial(
            kept.client.search_faces,
            CollectionId=kept.collection_id,
            FaceId=face.external_id,
            # The person's own photographs come first, and there may be many.
            MaxFaces=_MOST_SIMILAR,
            FaceMatchThreshold=POLICY.alike * 100,
        )
        # Refused: the face has been deleted meanwhile.
        read = partial(answers.similar, naming=self._names.of)
        found = await self._caller.call_unless("SearchFaces", context, ask, read, is_parameter_refused)
        return SimilarPeople((found or ())[:max_candidates], POLICY.threshold, POLICY.alike)

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Takes in whose adopted faces are; every face is in the collection already."""
        self._names.add(faces)

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Deletes faces from the collection; unknown ones are ignored."""
        gone = tuple(faces)
        self._names.remove(gone)
        await self._kept.collection.delete([face.external_id for face in gone if face.external_id is not None])

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Deletes faces from the collection that are stored nowhere."""
        await self._kept.collection.delete([face.external_id for face in faces])

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Takes in whose adopted faces are; the collection is the gallery."""
        self._names.load(faces)

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns every face of the collection."""
        return await self._kept.collection.list_faces()

    async def count(self) -> CollectionCount | None:
        """Returns what the collection's description tells, and takes over its face model; None: it does not exist."""
        kept = self._kept
        count = await kept.collection.count()
        if count is not None and kept is self._kept:
            self._traits = replace(self._traits, model_version=kept.place.marked(count.model_version))
        return count

    async def listed(self) -> Sequence[KeptFace] | None:
        """Returns every face of the collection; None: it does not exist."""
        return await self._kept.collection.listed()

    async def held(self, external_ids: Ids[str]) -> frozenset[str]:
        """Returns the ids of those of these faces that the collection holds."""
        return frozenset(face.external_id for face in await self.find(external_ids))

    async def find(self, external_ids: Ids[str]) -> Sequence[KeptFace]:
        """Returns those of these faces that the collection holds."""
        return await self._kept.collection.find(external_ids)

    async def restore(self) -> bool:
        """Creates the collection if it does not exist, as far as the options allow. Returns whether it did.

        Raises:
            CollectionMissing: It is, and is not to be created.
        """
        if await self.count() is not None:
            return False
        await self.check()
        return True

    async def complete(self) -> int:
        """Makes faces that no user has part of their persons. Returns how many there were.

        Raises:
            EngineError: Rekognition could not be asked.
        """
        if not self._options.users:
            return 0
        kept = self._kept
        return await kept.users.join_all(await kept.collection.listed() or (), self._names.of, _COMPLETING)

    def tell_loss(self, tell: Callable[[], None]) -> None:
        """Calls `tell` from now on whenever a search or an enrollment finds no collection."""
        self._caller.tell_loss(tell)

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares with one CompareFaces call; see `Engine.compare`.

        Raises:
            PhotoRefused: The source has no face.
        """
        images = await asyncio.gather(asyncio.to_thread(encode, source), asyncio.to_thread(encode, target))
        ask = partial(
            self._client.compare_faces,
            SourceImage={"Bytes": images[0]},
            TargetImage={"Bytes": images[1]},
            SimilarityThreshold=0,
        )
        comparison = await self._caller.call_unless(
            "CompareFaces", context, ask, answers.compared, is_parameter_refused
        )
        if comparison is not None:
            return comparison
        # Rekognition does not say which of the two shows no face; only here is that worth another call.
        faces = await self.detect(source, context)
        if not faces:
            raise PhotoRefused("source_image", "there is no face in the source image", reason="NO_FACE")
        return Comparison(faces[0].box, ())

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads text with one DetectText call: all lines, then up to 100 words."""
        data = await asyncio.to_thread(encode, image)
        ask = partial(self._client.detect_text, Image={"Bytes": data})
        return await self._caller.call("DetectText", context, ask, answers.texts)

    async def read_texts(
        self, images: Sequence[Pixels], contexts: Sequence[CallContext]
    ) -> Sequence[Sequence[Text] | EngineError]:
        """Reads several images, each failing alone; with `text_sheets`, small ones share calls.

        Args:
            images: What to read.
            contexts: The purpose of each call, one per image.
        """
        return await read_texts(self.read_text, images, contexts, shared=self._options.text_sheets)

    @property
    def face_liveness(self) -> RekognitionLiveness:
        """Begins liveness sessions and tells how they went; for sites that have them on."""
        return self._face_liveness

    async def aclose(self) -> None:
        """Closes threads and connections."""
        self._caller.close()
        self._regions.close()

    async def _identify(self, crop: FaceCrop) -> Identification | EngineError:
        try:
            found = await self._search_crop(crop.pixels, crop.face, crop.context)
        except EngineError as error:
            return error
        return Identification(found.candidates) if found else Identification((), face_found=False)

    async def _search_crop(self, crop: Pixels, expected: Box, context: CallContext) -> answers.Searched | None:
        """Returns the candidates for the expected face of a crop; None if Rekognition finds no face there."""
        data = await asyncio.to_thread(encode, crop)
        found = await (self._search_users(data, context) if self._options.users else self._search_faces(data, context))
        # It searches the largest face of what it gets: a neighbor's name must not pass for this face's.
        return found if found is not None and same_place(found.box, expected) else None

    async def _search_faces(self, data: bytes, context: CallContext) -> answers.Searched | None:
        kept = self._kept
        ask = partial(
            kept.client.search_faces_by_image,
            CollectionId=kept.collection_id,
            Image={"Bytes": data},
            MaxFaces=self._options.max_matches,
            FaceMatchThreshold=self._options.similarity_floor * 100,
            QualityFilter=self._options.search_quality,
        )
        read = partial(answers.searched, naming=self._names.of)
        return await self._caller.call_unless("SearchFacesByImage", context, ask, read, is_no_face)

    async def _search_users(self, data: bytes, context: CallContext) -> answers.Searched | None:
        kept = self._kept
        ask = partial(
            kept.client.search_users_by_image,
            CollectionId=kept.collection_id,
            Image={"Bytes": data},
            MaxUsers=min(self._options.max_matches, _MOST_USERS),
            UserMatchThreshold=self._options.similarity_floor * 100,
            QualityFilter=self._options.search_quality,
        )
        return await self._caller.call_unless("SearchUsersByImage", context, ask, answers.searched_users, is_no_face)
