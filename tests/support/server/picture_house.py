"""Pictures of sightings in a database, and doubtful sightings that may have one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRank, PictureRules
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.gallery.review_pictures import PictureReader
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.review_pictures import ReviewPictureStore, SealedPicture
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.sealing import PictureSeal
from portero_server.vision.face_picture import FacePicture, small_jpeg
from portero_server.vision.pixels import Pixels
from tests.support.store.commits import at, commit_of, decided, decision, recognition
from tests.support.store.visitors import GAP, face_at

KEY = b"k" * 32
SPAN = timedelta(hours=24)


def noise(side: int = 120) -> Pixels:
    """Returns a picture that takes some bytes: colored noise, `side` pixels square."""
    return np.random.default_rng(7).integers(0, 255, (side, side, 3), dtype=np.uint8)


def face_picture(
    similarity: float = 0.0, quality: float = 0.5, *, taken_at: datetime | None = None, side: int = 120
) -> FacePicture:
    """Returns a picture of a face of half its side, taken at eight."""
    return FacePicture(noise(side), side // 2, taken_at or at(0), PictureRank(similarity, quality))


@dataclass
class PictureHouse:
    """A database with pictures, under rules.

    Attributes:
        most: How many pictures are kept at most.
    """

    database: Database
    clock: Clock
    rules: PictureRules = field(default_factory=PictureRules)
    most: int = 100

    def __post_init__(self) -> None:
        self.metrics = Metrics(version="0", engine="scripted")
        self.seal = PictureSeal([KEY])
        self.store = ReviewPictureStore(self.database, self.clock, self.rules, span=SPAN, most=self.most)
        self.reader = PictureReader(self.store, self.seal, self.metrics.pictures, span=SPAN)

    def counted(self, outcome: PictureOutcome) -> int:
        """Returns how many pictures came to this."""
        labels = {"outcome": outcome.value}
        return int(self.metrics.registry.get_sample_value("portero_review_pictures_offered_total", labels) or 0)

    async def open_door(self, *people: str, site: str = "") -> None:
        """Creates people, and the camera "door" of a site."""
        for person_id in people:
            await PeopleStore(self.database, self.clock).create(person_id, person_id.title(), {})
        await CameraStore(self.database, self.clock).create("door", display_name="Door", site=site)

    async def seen(
        self,
        track_id: str,
        *candidates: tuple[str, float],
        person_id: str | None = None,
        seconds: float = 0,
        reason: DecisionReason = DecisionReason.BELOW_THRESHOLD,
    ) -> None:
        """Stores a track at the door with the decision about it, whose threshold is 0.5; of a stranger, or a person."""
        similarity = candidates[0][1] if candidates else 0.0
        answer = replace(
            recognition(f"r-{track_id}", track_id, person_id),
            captured_at=at(seconds),
            decision=decision(*candidates, reason=DecisionReason.NAMED if person_id else reason),
        )
        stream = await StreamStore(self.database, self.clock).open("door", "e1", "s1")
        track = decided(track_id, person_id, seconds, similarity=similarity)
        await Recording(self.database, self.clock).commit([commit_of(stream, track, recognitions=[answer])])

    async def seen_again(
        self, track_id: str, times: int, *candidates: tuple[str, float], person_id: str | None = None, seconds: float
    ) -> None:
        """Stores as many more decisions about a track, a second apart."""
        reason = DecisionReason.NAMED if person_id else DecisionReason.BELOW_THRESHOLD
        answers = [
            replace(
                recognition(f"r-{track_id}-{seconds + number}", track_id, person_id),
                captured_at=at(seconds + number),
                decision=decision(*candidates, reason=reason),
            )
            for number in range(times)
        ]
        stream = await StreamStore(self.database, self.clock).open("door", "e1", "s1")
        await Recording(self.database, self.clock).commit([commit_of(stream, recognitions=answers)])

    async def visited(self, track_id: str, visitor_id: str | None = None) -> str:
        """Makes a stored stranger's track a visitor's. Returns the visitor's id."""
        visitors = VisitorStore(self.database, self.clock, visit_gap=GAP)
        visit = await visitors.visit_of(track_id)
        assert visit is not None
        known = await visitors.known(visit, "m1")
        stored = await visitors.assign(visit, visitor_id, [face_at(0)], "m1", known.position)
        assert isinstance(stored, Assigned)
        return stored.visitor_id

    def sealed(self, track_id: str, similarity: float = 0.0, quality: float = 0.5) -> SealedPicture:
        """Returns a sealed picture of a track."""
        jpeg = small_jpeg(noise(), 64, 10_000)
        assert jpeg is not None
        return SealedPicture(track_id, PictureRank(similarity, quality), at(0), self.seal.seal(track_id, jpeg))

    async def keep(self, track_id: str, similarity: float = 0.0, quality: float = 0.5) -> PictureOutcome:
        """Stores a picture of a track, if it may be kept."""
        return await self.store.keep(self.sealed(track_id, similarity, quality))

    async def count(self) -> int:
        """Returns how many pictures are stored."""
        return (await self.store.held()).count
