"""The engine that runs on this machine: no account, no price, no network."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FoundFace, Text
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import (
    CallContext,
    CallGate,
    ComparedFace,
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
from portero_server.engines.local import encoder, text
from portero_server.engines.local.encode.choice import tried_encoder
from portero_server.engines.local.encode.encoder import FacePatch
from portero_server.engines.local.gallery import LocalGallery
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.local.photos import PhotoFaces
from portero_server.engines.local.workers import WorkerPool
from portero_server.errors import EngineError, EngineUnavailable, StartupProblem
from portero_server.vision.crops import crop_face

_T = TypeVar("_T")

_CANDIDATES = 5
# Batching saves a tenth at most, and all of a batch wait for its last face.
_MAX_BATCH = 4
_MOST_FACES = 100
_CHECK_TIMEOUT = 30.0


def create(options: LocalOptions, gate: CallGate) -> LocalEngine:
    """Creates the engine for the registry; it ignores the gate, since its calls are free."""
    return LocalEngine(options)


class LocalEngine:
    """Recognizes faces and reads text on this machine. Implements `engines.base.Engine`."""

    def __init__(self, options: LocalOptions) -> None:
        """Creates the engine. Its processes start with the first call, so `check` is a good first call.

        One more than encode faces, started when first needed, reads text.

        Raises:
            StartupProblem: A library or a model file is missing or wrong.
        """
        for library in ("rapidocr", "onnxruntime"):
            if importlib.util.find_spec(library) is None:
                raise StartupProblem(
                    f"{library}, which reads text, is missing; install it with: pip install 'portero[local]'"
                )
        self._encoder = tried_encoder(options.encoder)
        self._encoding = options.encoder
        self._photos = PhotoFaces(options.detector)
        self._encoders = WorkerPool(options.processes, partial(encoder.prepare, options.encoder), "encodes faces")
        self._readers = WorkerPool(1, text.prepare, "reads text")
        self._processes = options.processes
        self._gallery = LocalGallery(self._encoder.length, self._encoder.scale)
        # One thread, so that the gallery needs no locks and never changes under a search.
        self._gallery_thread = ThreadPoolExecutor(1, thread_name_prefix="gallery")
        self._photo_threads = ThreadPoolExecutor(2, thread_name_prefix="photo")

    @property
    def traits(self) -> EngineTraits:
        """The static properties of this engine."""
        return EngineTraits(
            name="local",
            model_version=self._encoder.version,
            max_batch=_MAX_BATCH * self._processes,
            owns_gallery=False,
            policy=self._encoder.policy,
            paid=False,
            encodes=True,
            distances=self._encoder.distances,
        )

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Returns the candidates for each crop; the crop itself says where the face is."""
        try:
            vectors = await self._encode([FacePatch(crop.pixels, crop.face) for crop in crops])
        except EngineError as error:
            return [error] * len(crops)
        found, people = await self._in_gallery(
            lambda: (self._gallery.search(vectors, _CANDIDATES), self._gallery.people)
        )
        return [
            Identification(candidates, embedding=vector, people=people)
            for candidates, vector in zip(found, vectors, strict=True)
        ]

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Returns every face of an image, up to 100."""
        return await self._detected(image)

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Returns every face of an image, up to 100, with its candidates."""
        faces, vectors = await self._encoded_faces(image)
        found = await self._in_gallery(lambda: self._gallery.search(vectors, max_candidates))
        # A face too small to be named has no candidates: distances close up below that size.
        return [
            SearchedFace(face, candidates if face.quality.size > 0.0 else ())
            for face, candidates in zip(faces, found, strict=True)
        ]

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Computes the embedding of the one face of a photograph; the caller stores it."""
        face = await self._in_photo_thread(lambda: self._photos.only(image))
        vectors = await self._encode([_patch(image, face.box)])
        embedding = vectors[0].astype("<f4").tobytes()
        return LearnedFace(face.box.clipped(), face.quality, self._encoder.version, embedding, external_id=None)

    async def similar(self, face: GalleryFace, max_candidates: int, context: CallContext) -> SimilarPeople:
        """Compares the stored embedding of a face with the gallery in memory."""
        found = await self._in_gallery(lambda: self._gallery.similar(face, max_candidates))
        policy = self._encoder.policy
        return SimilarPeople(found, policy.threshold, policy.alike)

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Adds stored faces to the gallery in memory."""
        added = tuple(faces)
        await self._in_gallery(lambda: self._gallery.add(added))

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces from the gallery in memory."""
        face_ids = [face.face_id for face in faces]
        await self._in_gallery(lambda: self._gallery.remove(face_ids))

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the whole gallery in memory."""
        loaded = tuple(faces)
        await self._in_gallery(lambda: self._gallery.replace(loaded))

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares the largest face of one image with all faces of another."""
        source_faces = await self._in_photo_thread(lambda: self._photos.all(source))
        if not source_faces:
            raise PhotoRefused("source_image", "there is no face in the source image", reason="NO_FACE")
        box = source_faces[0].box
        probe = (await self._encode([_patch(source, box)]))[0]
        faces, vectors = await self._encoded_faces(target)
        distances = np.linalg.norm(vectors - probe, axis=1).tolist()
        compared = [
            ComparedFace(face.box.clipped(), self._encoder.scale.similarity(distance))
            for face, distance in zip(faces, distances, strict=True)
        ]
        return Comparison(box.clipped(), tuple(sorted(compared, key=lambda face: -face.similarity)))

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads the lines, then the words, of an image, each in reading order."""
        return await self._readers.run(text.read, text.fitted(image))

    def faults(self, encodings: Sequence[bytes]) -> Sequence[str]:
        """See `EncodingTaker`; a vector of the right length is also compared with where those of faces are."""
        traits = self._encoder
        right = [len(encoding) == 4 * traits.length for encoding in encodings]
        vectors = np.frombuffer(b"".join(each for each, fits in zip(encodings, right, strict=True) if fits), "<f4")
        held = iter(traits.place.holds(vectors.reshape(-1, traits.length)).tolist())
        return [
            f"an encoding has {len(encoding) / 4:g} numbers, and those of {traits.version} have {traits.length}"
            if not fits
            else ""
            if next(held)
            else f"an encoding is not of {traits.version}: it is of another face model, or was changed; enroll a photo"
            for encoding, fits in zip(encodings, right, strict=True)
        ]

    async def check(self) -> None:
        """Checks that faces can be encoded and compared; starts the processes if necessary."""
        gray = np.full((100, 100, 3), 128, np.uint8)
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT):
                vectors = await self._encode([FacePatch(gray, Box(0.2, 0.2, 0.6, 0.6))])
                await self._in_gallery(lambda: self._gallery.search(vectors, 1))
        except TimeoutError:
            raise EngineUnavailable(
                f"the process that encodes faces did not answer within {_CHECK_TIMEOUT:.0f} s"
            ) from None

    async def aclose(self) -> None:
        """Ends its processes and threads."""
        await self._encoders.aclose()
        await self._readers.aclose()
        await asyncio.to_thread(self._gallery_thread.shutdown)
        await asyncio.to_thread(self._photo_threads.shutdown)

    async def _detected(self, image: Pixels) -> list[FoundFace]:
        return (await self._in_photo_thread(lambda: self._photos.all(image)))[:_MOST_FACES]

    async def _encoded_faces(self, image: Pixels) -> tuple[list[FoundFace], NDArray[np.float32]]:
        faces = await self._detected(image)
        return faces, await self._encode([_patch(image, face.box) for face in faces])

    async def _encode(self, patches: Sequence[FacePatch]) -> NDArray[np.float32]:
        """Distributes faces over the processes, in pieces small enough that other callers get their turn."""
        if not patches:
            return np.empty((0, self._encoder.length), np.float32)
        size = min(_MAX_BATCH, -(-len(patches) // self._processes))
        pieces = [patches[start : start + size] for start in range(0, len(patches), size)]
        encoded = await asyncio.gather(*(self._encoders.run(encoder.encode, piece, self._encoding) for piece in pieces))
        return np.concatenate(encoded)

    async def _in_gallery(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._gallery_thread, call)

    async def _in_photo_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._photo_threads, call)


def _patch(image: Pixels, face: Box) -> FacePatch:
    crop = crop_face(image, face)
    return FacePatch(crop.pixels, crop.face)
