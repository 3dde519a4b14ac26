"""Options of the Rekognition engine; the settings take their defaults from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portero_server.domain.detection.detections import MatchPolicy

QualityFilter = Literal["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"]

POLICY = MatchPolicy(threshold=0.99, margin=0.02, sure_by=0.002, confusable_margin=0.2)
"""Amazon recommends 0.99 where accuracy matters and nobody reviews the match, and finds 0.80 acceptable for photo
albums ("The facts on facial recognition with artificial intelligence", aws.amazon.com/rekognition). Similarities of
the right person crowd together near 1, hence the small margin. A second, paid call is made only for what is within
0.002 of the threshold. Between people who are easily taken for each other the best must lead by 0.2: near 1 the scale
is so steep that a lead of 0.04 is what one person's photographs of two days differ by.
"""


@dataclass(frozen=True, slots=True)
class RekognitionOptions:
    """Where the collection is, and how calls are made.

    Attributes:
        region: AWS region; None: that of the AWS profile or environment.
        collection: The collection that is the gallery.
        threads: Most calls at once; as many connections are kept.
        connect_timeout: Longest time to connect, seconds.
        read_timeout: Longest silence within a call, seconds.
        similarity_floor: Candidates below are not asked for; low enough to see the runner-up.
        max_matches: Most faces asked for in a search. More than one person has, or their own faces hide
            the runner-up.
        search_quality: Faces below are not searched for. NONE, Amazon's default: the pipeline has chosen the shot.
        enroll_quality: Faces below are not learned. AUTO, Amazon's default.
        create_collection: Whether a missing collection is created, rather than refused.
        text_sheets: Whether images read together share calls as a contact sheet.
        users: Whether all faces of a person are searched as one (a user of the collection), rather than each by
            itself. Each enrollment is then two paid calls.
    """

    region: str | None = None
    collection: str = "portero"
    threads: int = 32
    connect_timeout: float = 1.0
    read_timeout: float = 2.0
    similarity_floor: float = 0.3
    max_matches: int = 25
    search_quality: QualityFilter = "NONE"
    enroll_quality: QualityFilter = "AUTO"
    create_collection: bool = True
    text_sheets: bool = False
    users: bool = False
