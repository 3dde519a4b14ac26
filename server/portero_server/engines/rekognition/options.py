"""How Rekognition is asked: the choices that settings make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from portero_server.domain.detection.detections import MatchPolicy

QualityFilter = Literal["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"]

POLICY = MatchPolicy(threshold=0.99, margin=0.02)
"""Amazon recommends 0.99 where accuracy matters and nobody reviews the match, and finds 0.80 acceptable for photo
albums ("The facts on facial recognition with artificial intelligence", aws.amazon.com/rekognition). Similarities of
the right person crowd together near 1, hence the small margin.
"""


class RekognitionSettings(Protocol):
    """What this engine reads of the server's settings."""

    @property
    def rekognition_region(self) -> str | None:
        """AWS region; None: that of the AWS profile or environment."""
        ...

    @property
    def rekognition_collection(self) -> str:
        """The collection that is the gallery."""
        ...

    @property
    def rekognition_create_collection(self) -> bool:
        """Whether a missing collection is created."""
        ...

    @property
    def rekognition_threads(self) -> int:
        """Calls at once."""
        ...

    @property
    def rekognition_connect_timeout(self) -> float:
        """Seconds."""
        ...

    @property
    def rekognition_read_timeout(self) -> float:
        """Seconds."""
        ...

    @property
    def rekognition_similarity_floor(self) -> float:
        """Candidates below are not asked for, 0..1."""
        ...

    @property
    def rekognition_max_matches(self) -> int:
        """Most faces asked for in a search."""
        ...

    @property
    def rekognition_search_quality(self) -> QualityFilter:
        """Faces below are not searched for."""
        ...

    @property
    def rekognition_enroll_quality(self) -> QualityFilter:
        """Faces below are not learned."""
        ...

    @property
    def rekognition_text_sheets(self) -> bool:
        """Whether images read together share calls."""
        ...


@dataclass(frozen=True, slots=True)
class RekognitionOptions:
    """How Rekognition is asked.

    Attributes:
        similarity_floor: Candidates below are not asked for; low enough to see the runner-up.
        max_matches: Most faces asked for in a search. More than one person has, or their own faces hide
            the runner-up.
        search_quality: Faces below are not searched for. NONE, Amazon's default: the pipeline has chosen the shot.
        enroll_quality: Faces below are not learned. AUTO, Amazon's default.
        create_collection: Whether a missing collection is created, rather than refused.
        text_sheets: Whether images read together share calls as a contact sheet.
    """

    similarity_floor: float = 0.3
    max_matches: int = 25
    search_quality: QualityFilter = "NONE"
    enroll_quality: QualityFilter = "AUTO"
    create_collection: bool = False
    text_sheets: bool = False

    @classmethod
    def of(cls, settings: RekognitionSettings) -> RekognitionOptions:
        """Takes what the settings say."""
        return cls(
            similarity_floor=settings.rekognition_similarity_floor,
            max_matches=settings.rekognition_max_matches,
            search_quality=settings.rekognition_search_quality,
            enroll_quality=settings.rekognition_enroll_quality,
            create_collection=settings.rekognition_create_collection,
            text_sheets=settings.rekognition_text_sheets,
        )
