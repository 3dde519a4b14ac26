"""Strangers who are known again, where the server is set to do so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """A stranger who is known again; visits are counted over the sightings that the server keeps.

    Attributes:
        name: Resource name, "visitors/{visitor}".
        site: Site of the cameras, or empty.
        create_time: When the visitor was first compared, UTC.
        first_seen_time: When the first sighting began, UTC.
        last_seen_time: When the last sighting ended, UTC.
        visit_count: How many visits.
        cameras: Where, "cameras/{camera}".
        encoding_count: How many encodings of the face are kept.
        encode_time: When the newest one was made, UTC; None: there is none.
    """

    name: str
    site: str
    create_time: datetime
    first_seen_time: datetime
    last_seen_time: datetime
    visit_count: int
    cameras: tuple[str, ...]
    encoding_count: int
    encode_time: datetime | None


@dataclass(frozen=True, slots=True)
class ForgetReceipt:
    """What was erased of visitors.

    Attributes:
        visitors: Who was erased, "visitors/{visitor}".
        forget_time: When, UTC.
        encodings: Encodings removed.
        sightings: Sightings that are nobody's any more.
        overwrite_time: When the bytes were overwritten in the database's files, UTC; None: not yet, or a database
            server is used, which does so in its own time.
        verified: Whether every table was searched for them afterwards.
        remains: Tables and columns in which that search found one of them.
    """

    visitors: tuple[str, ...]
    forget_time: datetime
    encodings: int
    sightings: int
    overwrite_time: datetime | None
    verified: bool
    remains: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether a search found nothing."""
        return self.verified and not self.remains


@dataclass(frozen=True, slots=True)
class PromotedVisitor:
    """What became of a visitor who turned out to be a person.

    Attributes:
        sightings: How many sightings are the person's now.
        left: How many were left as they are, since they were reviewed before.
        receipt: What was erased of the visitor.
    """

    sightings: int
    left: int
    receipt: ForgetReceipt
