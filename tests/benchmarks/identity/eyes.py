"""The real detector and encoder, whose answers are kept between runs: what is changed is mostly what follows them."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import EngineTraits, FaceCrop, GalleryFace, Identification
from portero_server.engines.local import encoder
from portero_server.engines.local.encode.resnet import TRAITS as RESNET_TRAITS
from portero_server.engines.local.encoder import FacePatch
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.local.gallery import LocalGallery
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.local.photos import PhotoFaces
from portero_server.vision import analyzer
from portero_server.vision.crops import crop_face
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.jpeg import decode_color
from portero_server.vision.pixels import Pixels
from tests.benchmarks.identity.people import Company

_T = TypeVar("_T")

_CANDIDATES = 5
_WAIT = 60.0
_NOT_ASKED = frozenset({"analysis.py", "analyzer.py", "background.py", "gate.py", "photo.py", "sheet.py", "zones.py"})
"""What of the vision decides which frames are searched, and not what is found in them."""


class Answers:
    """Answers of slow functions in a file, by what they were asked and by the code that answers. Thread-safe."""

    def __init__(self, file: Path) -> None:
        """Opens the file, or creates it; several processes may use it."""
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(file, _WAIT, isolation_level=None, check_same_thread=False)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute("CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, answer BLOB) WITHOUT ROWID")
        self._code = _digest()

    def get(self, asked: bytes, answer: Callable[[], _T]) -> _T:
        """Returns the answer to what was asked before, or makes it."""
        key = hashlib.blake2b(self._code + asked, digest_size=20).digest()
        with self._lock:
            row = self._rows.execute("SELECT answer FROM answers WHERE asked = ?", (key,)).fetchone()
        if row is not None:
            kept: _T = pickle.loads(row[0])
            return kept
        made = answer()
        with self._lock:
            self._rows.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (key, pickle.dumps(made)))
        return made


class KeptDetector:
    """The detector of the streams. Implements `vision.analyzer.Detector`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._detector = FaceDetector(choose_finder(DetectorOptions()).finder)

    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        """Returns the faces of a part of a frame."""
        asked = hashlib.blake2b(image.tobytes(), digest_size=20).digest()
        return self._answers.get(
            asked + repr((thorough, within)).encode(),
            lambda: self._detector.find(image, thorough=thorough, within=within),
        )


class KeptEngine:
    """The local engine's encoder and gallery, in this process.

    Attributes:
        calls: How often it was asked who somebody is.
    """

    def __init__(self, company: Company, answers: Answers, seconds: float) -> None:
        """Enrolls who is to be enrolled.

        Args:
            company: Who plays.
            answers: Keeps encodings.
            seconds: How long an answer takes, of virtual time.
        """
        self.calls = 0
        self._answers = answers
        self._seconds = seconds
        self._gallery = LocalGallery(RESNET_TRAITS.length)
        self._gallery.add(
            GalleryFace(f"{player.key}-{number}", player.key, self._learned(photo), None)
            for player in company.enrolled
            for number, photo in enumerate(player.photos)
        )

    async def identify(self, crop: FaceCrop) -> Identification:
        """Returns who a face may be, after a while."""
        self.calls += 1
        vector = self._vector(FacePatch(crop.pixels, crop.face))
        await asyncio.sleep(self._seconds)
        candidates = self._gallery.search(vector[None], _CANDIDATES)[0]
        return Identification(candidates, embedding=vector, people=self._gallery.people)

    def _vector(self, patch: FacePatch) -> NDArray[np.float32]:
        asked = hashlib.blake2b(patch.pixels.tobytes(), digest_size=20).digest()
        return self._answers.get(asked + repr(patch.face).encode(), lambda: encoder.encode([patch])[0])

    def _learned(self, photo: Path) -> bytes:
        return self._answers.get(b"photo" + photo.read_bytes(), lambda: _embedding(photo))


async def local_traits() -> EngineTraits:
    """Returns the local engine's traits."""
    engine = LocalEngine(LocalOptions())
    try:
        return engine.traits
    finally:
        await engine.aclose()


def _embedding(photo: Path) -> bytes:
    image = decode_color(photo.read_bytes())
    crop = crop_face(image, PhotoFaces(DetectorOptions()).only(image).box)
    embedding: bytes = encoder.encode([FacePatch(crop.pixels, crop.face)])[0].astype("<f4").tobytes()
    return embedding


def _digest() -> bytes:
    """Returns a digest of the code that finds and encodes faces."""
    vision = sorted(path for path in Path(analyzer.__file__).parent.rglob("*.py") if path.name not in _NOT_ASKED)
    sources = [*vision, Path(encoder.__file__), *sorted((Path(encoder.__file__).parent / "encode").rglob("*.py"))]
    return hashlib.blake2b(b"".join(source.read_bytes() for source in sources), digest_size=20).digest()
