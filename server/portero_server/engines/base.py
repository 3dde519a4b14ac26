"""The engine protocol, and the data that crosses it.

An engine author implements only the vendor's calls: batching, deadlines, quotas, retries and decisions are done
elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, FaceQuality, FoundFace, MatchPolicy, Text
from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.photo_advice import PhotoReport

# Part of the protocol below, so that an engine author finds it here.
from portero_server.domain.people.people import GalleryFace as GalleryFace
from portero_server.domain.tracking.policy import DLIB_DISTANCES, FaceDistances
from portero_server.errors import EngineError, InvalidInput

Pixels = NDArray[np.uint8]
"""An image in memory: height x width x 3, BGR, uint8."""


@dataclass(frozen=True, slots=True)
class EngineTraits:
    """Static properties of an engine.

    Attributes:
        name: As in the setting ("local", "rekognition").
        model_version: Face model; stored with each face.
        max_batch: Most crops in one call of `identify`.
        owns_gallery: True when the engine keeps the faces itself and `load` is not needed.
        policy: Default limits of a match, on this engine's similarity scale.
        paid: Whether calls cost money.
        encodes: Whether every answer holds the face's embedding, so that faces can be compared with each other.
        distances: Where `encodes` holds: which distances of embeddings are those of one face.
    """

    name: str
    model_version: str
    max_batch: int
    owns_gallery: bool
    policy: MatchPolicy
    paid: bool
    encodes: bool = False
    distances: FaceDistances = DLIB_DISTANCES


@dataclass(frozen=True, slots=True)
class CallContext:
    """The purpose of a call, so that a scheduler can order, limit and bill it.

    Attributes:
        camera_id: The camera, or None for a unary RPC.
        lane: Its place in the queue when the quota is short.
        deadline: Monotonic seconds after which the answer is of no use, or None.
        keeps_late: Whether an answer is of use after the deadline too, so that a call under way then, which is billed
            in any case, is waited for; none is made whose answer would not be expected in time.
    """

    camera_id: str | None
    lane: Lane
    deadline: float | None = None
    keeps_late: bool = False


_T = TypeVar("_T")


class CallGate(Protocol):
    """Stands between an engine and paid calls: quotas, lanes, deadlines, budgets and billing."""

    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        """Makes one call, once the limits allow it.

        Args:
            operation: As the vendor calls it ("SearchFacesByImage"); each has its own quota and price.
            context: The purpose of the call.
            call: Makes the call once; raises EngineThrottled and EngineUnavailable for the gate to learn from.

        Raises:
            Expired: The answer would come after the deadline.
            EngineThrottled, EngineUnavailable: The engine, or the gate on its behalf, refuses for now.
            EngineError: Whatever the call itself raised.
        """
        ...


class OpenGate:
    """Makes every call at once, for engines whose calls are free."""

    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        """Makes the call at once."""
        return await call()


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """One face to identify: a padded head-and-shoulders region, never a tight one.

    Attributes:
        pixels: The region, height x width x 3, BGR.
        face: Where the face is in the region, ratios.
        quality: Quality of the shot.
        context: The purpose of the call.
    """

    pixels: Pixels
    face: Box
    quality: FaceQuality
    context: CallContext


@dataclass(frozen=True, slots=True)
class Identification:
    """Candidates for a crop, best first, at most one entry per person.

    `embedding` is the engine's description of the face (float32 vector) for engines that provide one, so that a track
    can be compared with a recent one; else None. `face_found` is False if the engine found no face at all, which is an
    answer and not a fault. `people` is how many people the face was compared with; 0: the engine does not tell.
    `confusable` are the people among the candidates who are known to be easily taken for the best one, or for whom that
    is not known now; engines leave it empty. `demanded` is what the best one's similarity must exceed at the
    camera; engines leave it 0.
    """

    candidates: tuple[Candidate, ...]
    face_found: bool = True
    embedding: NDArray[np.float32] | None = None
    people: int = 0
    confusable: frozenset[str] = frozenset()
    demanded: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchedFace:
    """A face of an image and its candidates, best first."""

    face: FoundFace
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class SimilarPeople:
    """Whose enrolled faces are like an enrolled face.

    Attributes:
        candidates: Best first, each person once; the face's own person may be among them.
        threshold: Lowest similarity of two faces of one person, on the scale of these candidates.
        alike: Lowest similarity of two people who may be taken for each other.
    """

    candidates: tuple[Candidate, ...]
    threshold: float
    alike: float


@dataclass(frozen=True, slots=True)
class LearnedFace:
    """The result of an enrollment: the face's box and quality, and how the engine stores it."""

    box: Box
    quality: FaceQuality
    model_version: str
    embedding: bytes | None
    external_id: str | None


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face of the target image and its similarity to the source's largest face, 0..1."""

    box: Box
    similarity: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The box of the source's largest face, and the target's faces, most similar first."""

    source_box: Box
    faces: tuple[ComparedFace, ...]


class PhotoRefused(InvalidInput):
    """A photograph cannot be used.

    Reasons: NO_FACE, SEVERAL_FACES, LOW_QUALITY, OTHER_PERSON, TOO_MANY_FACES; the message says how to do better.
    """


def usable_face(report: PhotoReport) -> FoundFace:
    """Returns the one face of a photograph that can be used for an enrollment.

    Raises:
        PhotoRefused: It cannot be used.
    """
    if report.face is None or report.reason:
        raise PhotoRefused("image", report.message, reason=report.reason)
    return report.face


class Engine(Protocol):
    """Turns images into faces, matches and text.

    Images arrive decoded (BGR) except where the original file matters. Every method may raise EngineError. Canceling
    one call never disturbs another.
    """

    @property
    def traits(self) -> EngineTraits:
        """The static properties of this engine."""
        ...

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Returns the candidates for each crop: one answer per crop, in order, each failing alone.

        Args:
            crops: 1 to `traits.max_batch`.
        """
        ...

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Returns every face of an image, largest face first; nobody is identified."""
        ...

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Returns every face of an image with its candidates, largest face first."""
        ...

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Enrolls the one face of a photograph.

        The face may not be searchable yet: the caller stores it, then calls `add`.

        Raises:
            PhotoRefused: No face, several faces, or too poor a picture.
        """
        ...

    async def similar(self, face: GalleryFace, max_candidates: int, context: CallContext) -> SimilarPeople:
        """Returns the people whose searchable faces are most like an enrolled one."""
        ...

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes stored faces searchable (adding one again changes nothing)."""
        ...

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces; unknown ones are ignored."""
        ...

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the whole gallery with the stored one."""
        ...

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares the largest face of one image with all faces of another.

        Raises:
            PhotoRefused: The source has no face.
        """
        ...

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads the lines and words of an image, in reading order."""
        ...

    async def check(self) -> None:
        """Checks that the engine works now.

        Raises:
            EngineError: It cannot; the message says why and what to do.
        """
        ...

    async def aclose(self) -> None:
        """Closes processes, threads and connections."""
        ...
