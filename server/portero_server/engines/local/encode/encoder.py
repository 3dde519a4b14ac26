"""The seam between the local engine and the networks that encode faces: what an encoder is, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.policy import FaceDistances
from portero_server.vision.pixels import Pixels


@dataclass(frozen=True, slots=True)
class FacePatch:
    """A face with its surroundings: pixels height x width x 3 BGR, and the face's box in ratios of them."""

    pixels: Pixels
    face: Box


class SimilarityScale(Enum):
    """How the Euclidean distance of two vectors becomes their similarity, 0..1."""

    DISTANCE = "one minus the distance"
    COSINE = "the cosine of their angle; the vectors are of length one"

    def similarity(self, distance: float) -> float:
        """Returns the similarity at a distance; never more at a greater one."""
        similarity = 1.0 - distance if self is SimilarityScale.DISTANCE else 1.0 - distance * distance / 2.0
        return min(1.0, max(0.0, similarity))


@dataclass(frozen=True, slots=True)
class VectorPlace:
    """The part of space in which every vector of a face is.

    Attributes:
        shortest, longest: The lengths that vectors have.
        center: The mean of the vectors of many faces; empty: it is near zero, and says nothing.
        farthest: The distance that no vector has from the center.
    """

    shortest: float
    longest: float
    center: tuple[float, ...] = ()
    farthest: float = 0.0

    def holds(self, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Returns for each vector, faces x length, whether it is there."""
        # NaN or infinity in a vector makes both distances NaN or infinite, and no comparison with those holds.
        lengths = np.linalg.norm(vectors, axis=1)
        inside = (self.shortest <= lengths) & (lengths <= self.longest)
        if self.center:
            inside &= np.linalg.norm(vectors - np.asarray(self.center, np.float32), axis=1) <= self.farthest
        return np.asarray(inside, np.bool_)


@dataclass(frozen=True, slots=True)
class EncoderTraits:
    """What an encoder is, and what its vectors say.

    Attributes:
        name: As in the setting PORTERO_ENCODER.
        model: Library or file, and version; for people.
        version: Stored with each face; vectors of two versions are never compared. Another one whenever the same face
            would get another vector: by another model, another alignment, or other numbers shown to the network.
        length: Numbers of a vector.
        scale: How distances become similarities.
        policy: When a similarity names somebody, unless the settings say otherwise.
        distances: Which distances are those of one face, unless the settings say otherwise.
        place: Where all vectors of faces are; those elsewhere are of another model.
    """

    name: str
    model: str
    version: str
    length: int
    scale: SimilarityScale
    policy: MatchPolicy
    distances: FaceDistances
    place: VectorPlace


class FaceEncoder(Protocol):
    """Turns faces into vectors, on the processor of the caller. Thread-safe."""

    @property
    def traits(self) -> EncoderTraits:
        """What it is and what its vectors say."""
        ...

    def encode(self, patches: Sequence[FacePatch]) -> NDArray[np.float32]:
        """Encodes faces, each for itself: its vector does not depend on the others.

        Args:
            patches: At least one.

        Returns:
            Faces x length, in order.

        Raises:
            EngineError: The network's answer is not a vector.
        """
        ...
