"""An engine that knows faces by color: deterministic and instant, for tests, benchmarks and chaos.

A face is a bright patch on a dark ground, its color is the person, and text is what a QR code says.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FaceQuality, FoundFace, MatchPolicy, Text, TextKind
from portero_server.domain.detection.geometry import WHOLE, Box
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
from portero_server.engines.local.gallery import LocalGallery
from portero_server.errors import EngineError
from portero_server.vision.jpeg import to_gray
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray

_MODEL_VERSION = "colors-v1"
_BRIGHT = 60
_LEAST_PATCH = 20
_CLEAR_PATCH = 40


class PatchDetector:
    """Finds bright patches on a dark ground; stands in for `vision.detect.face_detector.FaceDetector`."""

    def find(self, image: Pixels | Gray, *, thorough: bool, within: Box = WHOLE) -> list[FoundFace]:
        """Returns the patches of at least 20 x 20 pixels, largest first; a quick look sees those of 40."""
        gray = image if image.ndim == 2 else to_gray(image)
        height, width = gray.shape
        least = _LEAST_PATCH if thorough else _CLEAR_PATCH
        _, _, stats, _ = cv2.connectedComponentsWithStats(np.where(gray > _BRIGHT, 255, 0).astype(np.uint8))
        faces = []
        for left, top, across, down, _ in stats[1:].tolist():
            if across >= least and down >= least:
                box = Box.from_pixels(left, top, left + across, top + down, width=width, height=height)
                if box.iou(within) <= 0.0:
                    continue
                quality = FaceQuality(min(1.0, across / (2 * _CLEAR_PATCH)), 1.0, 1.0, 1.0)
                faces.append(FoundFace(box, 0.99, quality))
        return sorted(faces, key=lambda face: -face.box.area)


class ScriptedEngine:
    """An engine for tests that recognizes colors. Implements `engines.base.Engine`.

    It counts its calls and fails on command.

    Attributes:
        calls: How often each method was called.
        latency: Seconds that every answer takes.
    """

    def __init__(
        self, *, latency: float = 0.0, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep, max_batch: int = 8
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.latency = latency
        self._sleep = sleep
        self._max_batch = max_batch
        self._faults: deque[EngineError] = deque()
        self._broken: EngineError | None = None
        self._gallery = LocalGallery(3)
        self._detector = PatchDetector()

    def fail(self, error: EngineError | None, times: int | None = None) -> None:
        """Makes the next calls fail.

        Args:
            error: What they raise; None makes all well again.
            times: How many; of a batch, each crop counts. None: all, until told otherwise.
        """
        self._faults.clear()
        self._broken = None
        if error is not None and times is not None:
            self._faults.extend([error] * times)
        else:
            self._broken = error

    @property
    def traits(self) -> EngineTraits:
        """The static properties of this engine. Colors 50 levels apart are two people."""
        policy = MatchPolicy(threshold=0.85, margin=0.02, confusable_margin=0.04)
        return EngineTraits("scripted", _MODEL_VERSION, self._max_batch, owns_gallery=False, policy=policy, paid=False)

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Returns the candidates for each crop by the color of its face."""
        await self._answer_time("identify")
        return [self._next_fault() or self._identification(crop) for crop in crops]

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Returns every patch."""
        await self._called("detect")
        return self._faces(image)

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Returns every patch with its candidates."""
        await self._called("search")
        return [
            SearchedFace(face, self._gallery.search(_color(image, face.box)[np.newaxis], max_candidates)[0])
            for face in self._faces(image)
        ]

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Enrolls the color of the one patch of a photograph."""
        await self._called("learn")
        faces = self._faces(image)
        if not faces:
            raise PhotoRefused("image", "there is no face in the photograph", reason="NO_FACE")
        if len(faces) > 1:
            raise PhotoRefused("image", f"there are {len(faces)} faces in the photograph", reason="SEVERAL_FACES")
        face = faces[0]
        if face.quality.overall < 0.5:
            raise PhotoRefused("image", "the face is too small; come closer", reason="LOW_QUALITY")
        embedding = _color(image, face.box).astype("<f4").tobytes()
        return LearnedFace(face.box, face.quality, _MODEL_VERSION, embedding, external_id=None)

    async def similar(self, face: GalleryFace, max_candidates: int, context: CallContext) -> SimilarPeople:
        """Returns the people of much the same color."""
        await self._called("similar")
        policy = self.traits.policy
        return SimilarPeople(self._gallery.similar(face, max_candidates), policy.threshold, policy.alike)

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes stored faces searchable."""
        await self._called("add")
        self._gallery.add(faces)

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces from the gallery."""
        await self._called("remove")
        self._gallery.remove(face.face_id for face in faces)

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the whole gallery."""
        await self._called("load")
        self._gallery.replace(faces)

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares the largest patch of one image with all patches of another."""
        await self._called("compare")
        sources = self._faces(source)
        if not sources:
            raise PhotoRefused("source_image", "there is no face in the source image", reason="NO_FACE")
        probe = _color(source, sources[0].box)
        compared = [
            ComparedFace(face.box, max(0.0, 1.0 - float(np.linalg.norm(_color(target, face.box) - probe))))
            for face in self._faces(target)
        ]
        return Comparison(sources[0].box, tuple(sorted(compared, key=lambda face: -face.similarity)))

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads what a QR code says: each of its lines, then each word, all with the code's box."""
        await self._called("read_text")
        content, corners, _ = cv2.QRCodeDetector().detectAndDecode(image)
        if not content:
            return []
        height, width = image.shape[:2]
        (left, top), (right, bottom) = corners[0].min(axis=0), corners[0].max(axis=0)
        box = Box.from_pixels(
            float(left), float(top), float(right), float(bottom), width=width, height=height
        ).clipped()
        lines = [Text(line, TextKind.LINE, box, 0.99) for line in content.splitlines()]
        return lines + [Text(word, TextKind.WORD, box, 0.99) for word in content.split()]

    def faults(self, encodings: Sequence[bytes]) -> Sequence[str]:
        """Returns what is wrong with encodings: a color is three numbers 0..1."""
        return ["" if _is_color(encoding) else "an encoding is not a color" for encoding in encodings]

    async def check(self) -> None:
        """Raises the error set by `fail`, if there is one."""
        await self._called("check")

    async def aclose(self) -> None:
        """Does nothing, since the engine holds no resources."""

    def _faces(self, image: Pixels) -> list[FoundFace]:
        return self._detector.find(to_gray(image), thorough=True)

    def _identification(self, crop: FaceCrop) -> Identification:
        color = _color(crop.pixels, crop.face)
        return Identification(self._gallery.search(color[np.newaxis], 5)[0], embedding=color)

    async def _called(self, method: str) -> None:
        await self._answer_time(method)
        if fault := self._next_fault():
            raise fault

    async def _answer_time(self, method: str) -> None:
        self.calls[method] += 1
        await self._sleep(self.latency)

    def _next_fault(self) -> EngineError | None:
        return self._faults.popleft() if self._faults else self._broken


def create(options: object, gate: CallGate) -> ScriptedEngine:
    """Creates the engine for the registry; it has no options, and its calls are free."""
    return ScriptedEngine()


def _is_color(encoding: bytes) -> bool:
    color = np.frombuffer(encoding, "<f4") if len(encoding) == 12 else None
    return color is not None and bool(((color >= 0.0) & (color <= 1.0)).all())


def _color(image: Pixels, face: Box) -> NDArray[np.float32]:
    """Returns the mean color of the middle of a patch, three numbers 0..1; its edges have blurred with the ground."""
    height, width = image.shape[:2]
    left, top, right, bottom = face.padded(-0.25).to_pixels(width, height)
    middle = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    return np.asarray(middle.reshape(-1, 3).mean(axis=0) / 255.0, dtype=np.float32)
