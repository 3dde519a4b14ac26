"""Stored sightings: who was seen at which camera, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client.detections import Box


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person, or a stranger, seen at a camera during a period.

    Attributes:
        name: Resource name, "sightings/{sighting}".
        camera: Resource name, "cameras/{camera}".
        person: Resource name, "people/{person}"; empty for a stranger.
        display_name: The person's display name at the time of the answer; empty for a stranger.
        first_seen_time: Capture time of the first frame, UTC.
        last_seen_time: Capture time of the last frame so far, UTC.
        similarity: Best similarity of its tracks, 0..1; 0 for a stranger.
        margin: Lead over the runner-up at that similarity, 0..1.
        track_count: How many tracks belong to it. 0: they turned out to belong to other sightings; it is not listed.
        box: Where the face was in the frame that decided it.
        reviewed: Whether a person said whose it is.
        visitor: Of a stranger who is known again, "visitors/{visitor}"; empty: of nobody like that.
        visit: Which visit of the visitor it is: above 1, a stranger has come back; 0: of no visitor.
    """

    name: str
    camera: str
    person: str
    display_name: str
    first_seen_time: datetime
    last_seen_time: datetime
    similarity: float
    margin: float
    track_count: int
    box: Box
    reviewed: bool = False
    visitor: str = ""
    visit: int = 0

    @property
    def is_stranger(self) -> bool:
        """Whether the sighting matched nobody in the gallery."""
        return not self.person


class SightingKind(Enum):
    """Which sightings to list: of known people, of strangers, or all."""

    ALL = "all"
    NAMED = "named"
    UNKNOWN = "unknown"


class SightingEventKind(Enum):
    """What happened to a sighting; UNSPECIFIED is a kind that this client does not know.

    REVISED with a `track_count` of 0: it turned out to be part of another sighting. UNKNOWN_PERSON and VISITOR_RETURNED
    are alerts: subscriptions that ask for them are told, and watches are not.
    """

    UNSPECIFIED = "unspecified"
    STARTED = "started"
    RESUMED = "resumed"
    REVISED = "revised"
    LEFT = "left"
    UNKNOWN_PERSON = "unknown_person"
    VISITOR_RETURNED = "visitor_returned"


@dataclass(frozen=True, slots=True)
class SightingEvent:
    """Something that happened to a sighting.

    Attributes:
        position: Position to resume after; always increases.
        kind: What happened.
        sighting: The sighting as it is now.
        event_time: When it happened, by the server's clock, UTC.
    """

    position: int
    kind: SightingEventKind
    sighting: Sighting
    event_time: datetime
