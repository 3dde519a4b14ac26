"""Decides which sightings have snapshots, how long a link to one lasts, and which of two is better."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from portero_server.domain.recording.review_pictures import PictureFacts, PictureOutcome, PictureRank
from portero_server.domain.tracking.deciding import DecisionReason


class SnapshotKind(Enum):
    """What a snapshot shows."""

    FACE = "face"
    """Head and shoulders, from the best shot."""
    CONTEXT = "context"
    """The whole frame of that shot."""


class SnapshotSubjects(Enum):
    """Whose sightings have snapshots."""

    EVERYBODY = "everybody"
    PEOPLE = "people"
    """Those of people of the gallery."""
    STRANGERS = "strangers"
    """Those of nobody of the gallery."""


class SnapshotState(Enum):
    """How far a snapshot is."""

    PENDING = "pending"
    """Its object is being written, or could not be."""
    KEPT = "kept"
    """Its object is there."""
    DELETING = "deleting"
    """Its object is to be deleted; the row goes after it."""


@dataclass(frozen=True, slots=True)
class SnapshotRules:
    """Which sightings have snapshots.

    Attributes:
        sites: Whose cameras take them; None: those of all sites, and of none.
        forbidden_sites: Whose cameras take none in any case.
        subjects: Of whom.
        purpose: Purpose of the consent without which none is kept of a person; empty: none is asked for.
        consent_required: Whether none is kept of people without a valid consent, which no stranger has given.
    """

    sites: frozenset[str] | None = frozenset()
    forbidden_sites: frozenset[str] = frozenset()
    subjects: SnapshotSubjects = SnapshotSubjects.EVERYBODY
    purpose: str = ""
    consent_required: bool = False

    @property
    def spares_strangers(self) -> bool:
        """Whether no stranger may have one, for want of a consent."""
        return self.consent_required or bool(self.purpose)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that is kept, or about to be.

    Attributes:
        snapshot_id: Random; the name of its object.
        track_id: Whose.
        camera_id: Where.
        kind: What it shows.
        rank: How good it is.
        taken_at: When it was captured, UTC.
        size: Bytes of its file.
        created_at: From when on its retention counts, UTC; None: it is not stored yet.
    """

    snapshot_id: str
    track_id: str
    camera_id: str
    kind: SnapshotKind
    rank: PictureRank
    taken_at: datetime
    size: int
    created_at: datetime | None = None


def snapshot_refusal(
    facts: PictureFacts, rules: SnapshotRules, nameable: Collection[str], agreed: Collection[str]
) -> PictureOutcome | None:
    """Returns why no snapshot of a sighting may be kept; None: one may.

    Beyond what `snapshot_concealment` asks, it must be known whom the face was like: whoever is gone may be blocked.

    The arguments are those of `snapshot_concealment`.
    """
    concealed = snapshot_concealment(facts, rules, nameable, agreed)
    return PictureOutcome.WITHHELD if concealed is None and facts.unsure else concealed


def snapshot_concealment(
    facts: PictureFacts, rules: SnapshotRules, nameable: Collection[str], agreed: Collection[str]
) -> PictureOutcome | None:
    """Returns why a snapshot that is kept may not be shown; None: it may.

    Args:
        facts: What is stored of the sighting.
        rules: Which sightings have snapshots.
        nameable: Those of `facts.people` who may be named now.
        agreed: Those of `facts.people` who have a valid consent for `rules.purpose`.
    """
    if facts.site in rules.forbidden_sites or (rules.sites is not None and facts.site not in rules.sites):
        return PictureOutcome.FORBIDDEN
    person_id = facts.sighting.person_id
    unwanted = SnapshotSubjects.STRANGERS if person_id is not None else SnapshotSubjects.PEOPLE
    if rules.subjects is unwanted or (person_id is None and rules.spares_strangers):
        return PictureOutcome.FORBIDDEN
    # Somebody whom the face was nearly named as may be whom it shows, also where a later answer came to that.
    withheld = any(each.decision.reason is DecisionReason.WITHHELD for each in facts.seen)
    if withheld or facts.forgotten or facts.sighting.erased or not set(nameable).issuperset(facts.people):
        return PictureOutcome.WITHHELD
    if rules.purpose and person_id not in agreed:
        return PictureOutcome.FORBIDDEN
    return None


def link_seconds(asked: int, expires_at: datetime, now: datetime) -> int:
    """Returns for how many whole seconds a link works: no longer than the snapshot is kept; 0: there is none any more.

    Args:
        asked: For how long it should work.
        expires_at: Until when the snapshot is kept.
        now: The time.
    """
    return max(0, min(asked, (expires_at - now) // timedelta(seconds=1)))
