"""Which sightings an export asks for, and in which steps they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero_server.domain.recording.sightings import Sighting
from portero_server.errors import InvalidInput

LONGEST_EXPORT = timedelta(days=366)
"""Longest period of one export."""
_STEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExportRange:
    """The conditions of an export; all must hold, and None means no condition.

    Attributes:
        start: Sightings that began at this time or later.
        end: Sightings that began before this time.
        site: At cameras that belong to this site now.
        camera_id: At this camera.
        person_id: Of this person.
    """

    start: datetime
    end: datetime
    site: str | None = None
    camera_id: str | None = None
    person_id: str | None = None

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise InvalidInput("end_time", "end_time must be after start_time")
        if self.end - self.start > LONGEST_EXPORT:
            raise InvalidInput(
                "end_time",
                f"end_time must be at most {LONGEST_EXPORT.days} days after start_time; export longer periods in parts",
                reason="EXPORT_TOO_LONG",
            )


@dataclass(frozen=True, slots=True)
class ExportCursor:
    """A place in an export: the last sighting that was handed out."""

    first_seen: datetime
    sighting_id: str


@dataclass(frozen=True, slots=True)
class ExportedSighting:
    """A sighting, and the site that its camera belongs to now; empty: to none, or the camera was deleted."""

    sighting: Sighting
    site: str

    @property
    def cursor(self) -> ExportCursor:
        """The place after this sighting."""
        return ExportCursor(self.sighting.first_seen, self.sighting.sighting_id)


def steps(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yields the period in pieces of at most a day, in order.

    One statement reads one piece. Where a site or a scope takes few of many sightings, the statement walks past all the
    others: of a day, and not of a year.
    """
    while start < end:
        until = min(start + _STEP, end)
        yield start, until
        start = until
