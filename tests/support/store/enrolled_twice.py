"""A person who was enrolled twice, as "ana" and as "anna", beside Ben; times are seconds after eight."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.privacy import Consent
from portero_server.domain.recording.sightings import StreamRow
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.merging.people import PeopleMergeStore
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, decision, left, recognition
from tests.support.time.virtual_time import ManualClock

GAP = timedelta(minutes=5)
_QUALITY = FaceQuality(1.0, 1.0, 1.0, 1.0)


@dataclass
class EnrolledTwice:
    """Stores of a database, and what happens to the three."""

    database: Database
    clock: ManualClock = field(default_factory=ManualClock)
    rows: dict[str, StreamRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Builds the stores."""
        database, clock = self.database, self.clock
        self.people = PeopleStore(database, clock)
        self.consents = ConsentStore(database, clock)
        self.sightings = SightingStore(database)
        self.streams = StreamStore(database, clock)
        self.recording = Recording(database, clock)
        self.merges = PeopleMergeStore(database, clock, visit_gap=GAP)

    async def enroll(self, *people: str) -> None:
        """Stores people with a face each, by default all three."""
        for number, person_id in enumerate(people or ("ana", "anna", "ben")):
            await self.people.create(person_id, person_id.title(), {})
            await self.people.add_face(face_of(person_id, number))

    async def sees(
        self,
        person_id: str,
        first: float,
        last: float | None = None,
        *,
        camera: str = "door",
        like: tuple[tuple[str, float], ...] = (),
        gone: bool = True,
    ) -> str:
        """Stores that a camera followed a person, recognized at both ends, and returns the sighting's id.

        Args:
            person_id: Who.
            first: From when on.
            last: Until when; None: it was a moment.
            camera: Where.
            like: Candidates of the decision that named the person, and how similar they were.
            gone: Whether the person has left.
        """
        if camera not in self.rows:
            self.rows[camera] = await self.streams.open(camera, "e1", camera)
        last = first if last is None else last
        track = f"{camera}.{person_id}.{first}"
        answers = [
            replace(
                recognition(f"{track}.{end}", track, person_id),
                captured_at=at(end),
                decision=decision(*like) if like and end == first else None,
            )
            for end in sorted({first, last})
        ]
        ends = [left(track, last)] if gone else []
        commit = commit_of(self.rows[camera], decided(track, person_id, first, last), *ends, recognitions=answers)
        result = await self.recording.commit([commit])
        return result.sighting_of[track]

    async def seen(self) -> list[tuple[str | None, float, float]]:
        """Returns whose each sighting is and how long it lasts, oldest first."""
        found = await self.sightings.list(SightingFilter(), 100)
        eight = at(0)
        return [
            (each.person_id, (each.first_seen - eight).total_seconds(), (each.last_seen - eight).total_seconds())
            for each in reversed(found)
        ]


def face_of(person_id: str, number: int = 0, *, name: str = "", external_id: str | None = None) -> FaceEnrollment:
    """Returns a face of a person; its encoding is an axis of this number."""
    vector = np.zeros(3, "<f4")
    vector[number % 3] = 1.0
    face_id = name or f"f-{person_id}"
    return FaceEnrollment(
        face_id, person_id, BOX, _QUALITY, "scripted", "colors-v1", vector.tobytes(), external_id, at(number)
    )


def consent_of(person_id: str, consent_id: str, given: float, **changes: object) -> Consent:
    """Returns a consent of a person that was given so many seconds after eight."""
    told = Consent(consent_id, person_id, "attendance", "2026-01", "desk", "", at(given), at(given))
    return replace(told, **changes)  # type: ignore[arg-type]  # fields of Consent
