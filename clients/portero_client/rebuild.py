"""What becomes of the vault's photos when faces are made anew."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RebuildOutcome(Enum):
    """What became of a photo of the vault."""

    UNSPECIFIED = "unspecified"
    """An outcome of a newer server."""
    TAUGHT = "taught"
    """The face model in use has learned it."""
    TEACHABLE = "teachable"
    """Of a dry run: it can be read, and would be taught."""
    KNOWN = "known"
    """The engine had its face already."""
    REFUSED = "refused"
    """It may not, or cannot, be taught."""
    MISSING = "missing"
    """The vault does not have it."""
    UNREADABLE = "unreadable"
    """It is damaged, was exchanged, or is encrypted with a key that the server does not have."""


@dataclass(frozen=True, slots=True)
class RebuiltPhoto:
    """A photo of the vault, and what became of it.

    Attributes:
        person: Resource name, "people/{person}".
        photo_id: The photo's id.
        outcome: What became of it.
        face: Resource name of the face that it taught; empty: none.
        reason: Why it was refused or not read, as of `enroll`, or NO_CONSENT, PHOTO_DELETED, PHOTO_MISSING,
            PHOTO_DAMAGED or PHOTO_OF_OTHER_KEY; else empty.
        message: The same in words for people.
    """

    person: str
    photo_id: str
    outcome: RebuildOutcome
    face: str
    reason: str
    message: str

    @property
    def recognized(self) -> bool:
        """Whether the engine has, or after a dry run would have, the photo's face."""
        return self.outcome in (RebuildOutcome.TAUGHT, RebuildOutcome.TEACHABLE, RebuildOutcome.KNOWN)
