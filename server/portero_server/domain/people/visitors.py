"""Strangers who are known again: what is kept of one, and when two visits are one visitor's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from portero_server.domain.detection.detections import FaceQuality

MEASURED_SAME = 0.52
"""Largest distance of two looks at one face, of the encoder (dlib's) that `VisitorPolicy` was measured with."""


@dataclass(frozen=True, slots=True)
class VisitorPolicy:
    """When a stranger is taken for one who came before; distances are Euclidean, between encodings of dlib.

    Of pairs of other people 1 % are within 0.65, 0.2 % within 0.60, and the nearest were at 0.52. Among sixty visitors
    somebody else is often nearer than 0.60: what tells apart two faces of one visit does not tell apart everybody who
    ever came. With a limit of 0.50 and a lead of 0.05, one week of six (`python -m tests.benchmarks.strangers`) had a
    visitor who was two people; with those below none had, and one visit of ten got no visitor. Portraits of one person
    of different days are 0.35 to 0.52 apart.

    Attributes:
        same: A stranger at most this far from a visitor may be that visitor.
        apart: A stranger farther than this from every visitor is a new one. In between nobody can tell, and the visit
            gets no visitor.
        lead: The nearest visitor must be nearer than the next by this much.
        forgotten: A photo at most this far from a visitor has the visitor forgotten. As far as any two faces of one
            person were apart: to keep somebody who asked to be forgotten is worse than to forget somebody else too.
        most_encodings: Encodings kept of a visitor, the newest: several, since the mean of many looks drifts.
        least_side: Pixels; of a face less wide or high no encoding is trusted.
        least_frontality, least_quality: Of a face turned farther away, or with a poorer overall quality, neither.
        visit_gap: A sighting that begins later than this after the one before is another visit.
    """

    same: float = 0.46
    apart: float = 0.55
    lead: float = 0.08
    forgotten: float = 0.60
    most_encodings: int = 5
    least_side: int = 44
    least_frontality: float = 0.5
    least_quality: float = 0.2
    visit_gap: timedelta = timedelta(minutes=5)

    def trusts(self, width: float, height: float, quality: FaceQuality) -> bool:
        """Returns whether the encoding of a face may tell a visitor, given its sides in pixels."""
        return (
            min(width, height) >= self.least_side
            and quality.frontality >= self.least_frontality
            and quality.overall >= self.least_quality
        )


def policy_for(same: float, visit_gap: timedelta) -> VisitorPolicy:
    """Returns the policy of an encoder: its limits are to those measured as its `FaceDistances.same` is to dlib's."""
    scale, measured = same / MEASURED_SAME, VisitorPolicy()
    return VisitorPolicy(
        same=measured.same * scale,
        apart=measured.apart * scale,
        lead=measured.lead * scale,
        forgotten=measured.forgotten * scale,
        visit_gap=visit_gap,
    )


@dataclass(frozen=True, slots=True)
class StrangerFace:
    """An encoding of a face, and the quality of the shot, 0..1."""

    encoding: tuple[float, ...]
    quality: float


@dataclass(frozen=True, slots=True)
class Stranger:
    """A track that is nobody's, with its trusted faces: at least one."""

    track_id: str
    camera_id: str
    faces: tuple[StrangerFace, ...]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A stranger who is known again, by the sightings that are kept.

    Attributes:
        site: Of the cameras; a visitor is known again at this site only.
        visits: How many visits those sightings are.
        cameras: Where they were, in order of their ids.
        encodings: How many encodings are kept.
        newest_encoding_at: When the newest of them was made, from which on its retention counts; None: none is left.
    """

    visitor_id: str
    site: str
    created_at: datetime
    first_seen: datetime
    last_seen: datetime
    visits: int
    cameras: tuple[str, ...]
    encodings: int
    newest_encoding_at: datetime | None = None


class VisitorOutcome(Enum):
    """What became of a stranger's visit."""

    NEW = "new"
    """Nobody like that came before."""
    KNOWN = "known"
    """It is a visitor who came before."""
    UNSURE = "unsure"
    """One visitor is neither near nor far enough, or two are too much alike."""
    NAMED = "named"
    """The sighting was a person's before the visitor was decided."""
    UNSTORED = "unstored"
    """No sighting was stored of it in time."""
    FULL = "full"
    """A site knows as many visitors as it may."""
    DROPPED = "dropped"
    """Too many strangers waited to be compared."""


@dataclass(frozen=True, slots=True)
class VisitorDecision:
    """Whose visit it is: `visitor_id` is set for KNOWN."""

    outcome: VisitorOutcome
    visitor_id: str | None = None


def decide_visitor(
    distances: Mapping[str, float], policy: VisitorPolicy, beside: Collection[str] = ()
) -> VisitorDecision:
    """Returns whose visit it is.

    Args:
        distances: How far the stranger is from each visitor, by id.
        policy: The limits.
        beside: Visitors seen at the same camera at the same time, none of whom it can be.
    """
    ranked = sorted((distance, each) for each, distance in distances.items() if each not in beside)
    if not ranked or ranked[0][0] > policy.apart:
        return VisitorDecision(VisitorOutcome.NEW)
    (nearest, visitor_id), *others = ranked
    if nearest > policy.same or (others and others[0][0] - nearest < policy.lead):
        return VisitorDecision(VisitorOutcome.UNSURE)
    return VisitorDecision(VisitorOutcome.KNOWN, visitor_id)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The receipt of forgetting visitors.

    Attributes:
        visitor_ids: Who was forgotten, in order; an id is random and comes never again.
        counts: Number of removed rows by table.
        forgotten_at: When.
        overwritten_at: When the bytes were overwritten in the files of SQLite; None: not yet, or a database server's
            own matter.
    """

    visitor_ids: tuple[str, ...]
    counts: Mapping[str, int]
    forgotten_at: datetime
    overwritten_at: datetime | None
