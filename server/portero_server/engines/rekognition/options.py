"""Options for Rekognition calls, derived from the settings."""

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
    """The server settings that this engine reads."""

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
        """Largest number of concurrent calls."""
        ...

    @property
    def rekognition_connect_timeout(self) -> float:
        """Seconds to wait for a connection."""
        ...

    @property
    def rekognition_read_timeout(self) -> float:
        """Seconds to wait for a response."""
        ...

    @property
    def rekognition_similarity_floor(self) -> float:
        """Lowest similarity of candidates to request, 0..1."""
        ...

    @property
    def rekognition_max_matches(self) -> int:
        """Largest number of faces requested per search."""
        ...

    @property
    def rekognition_search_quality(self) -> QualityFilter:
        """Quality filter of searches."""
        ...

    @property
    def rekognition_enroll_quality(self) -> QualityFilter:
        """Quality filter of enrollments."""
        ...

    @property
    def rekognition_text_sheets(self) -> bool:
        """Whether images read together share calls."""
        ...


@dataclass(frozen=True, slots=True)
class RekognitionOptions:
    """Options for Rekognition calls.

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
        """Returns the options that the settings specify."""
        return cls(
            similarity_floor=settings.rekognition_similarity_floor,
            max_matches=settings.rekognition_max_matches,
            search_quality=settings.rekognition_search_quality,
            enroll_quality=settings.rekognition_enroll_quality,
            create_collection=settings.rekognition_create_collection,
            text_sheets=settings.rekognition_text_sheets,
        )
