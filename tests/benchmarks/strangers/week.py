"""A week of visits of strangers, through the real decision and the real store, in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.visitors import Stranger, StrangerFace, VisitorOutcome, VisitorPolicy
from portero_server.domain.recording.sightings import StreamCommit, TrackDecided
from portero_server.gallery.visitors import VisitorRules, Visitors
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.benchmarks.strangers.faces import Vector
from tests.support.time.virtual_time import ManualClock

CAMERAS = ("entrance", "hall", "exit")
_QUALITY = FaceQuality(1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody comes `after` seconds after the visit before, and is seen in some looks."""

    person: str
    after: float
    looks: Sequence[Vector]


@dataclass(slots=True)
class Result:
    """What became of the visits: the people of each visitor, and what was decided."""

    people: dict[str, Counter[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def mixed(self) -> int:
        """How many visitors are several people."""
        return sum(len(people) > 1 for people in self.people.values())

    @property
    def split(self) -> int:
        """How many people are several visitors."""
        visitors = Counter(person for people in self.people.values() for person in people)
        return sum(count > 1 for count in visitors.values())


async def played(database: Database, visits: Sequence[Visit], policy: VisitorPolicy) -> Result:
    """Plays visits into an empty database."""
    clock, metrics = ManualClock(), Metrics(version="0", engine="local")
    store = VisitorStore(database, clock, most_encodings=policy.most_encodings, visit_gap=policy.visit_gap)
    work = Visitors(
        store, VisitorRules("dlib", policy, most_visitors=5000), clock, metrics.visitors, lambda position: None
    )
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    session = uuid4().hex
    rows = [await streams.open(camera, "week", session) for camera in CAMERAS]
    result = Result()
    for number, visit in enumerate(visits):
        clock.advance(visit.after)
        row, track, now = rows[number % len(rows)], f"{session}.{number}", clock.now()
        decided = TrackDecided(track, None, now, now + timedelta(seconds=20), Box(0.4, 0.3, 0.1, 0.13), timedelta())
        await recording.commit([StreamCommit(row.stream_id, row.camera_id, session, number, decided=(decided,))])
        faces = tuple(StrangerFace(tuple(look.tolist()), _QUALITY.overall) for look in visit.looks)
        told = work.offer(Stranger(track, row.camera_id, faces))
        await work.round()
        if (visitor := told.result()) is not None:
            result.people.setdefault(visitor, Counter())[visit.person] += 1
    for outcome in VisitorOutcome:
        labels = {"outcome": outcome.value}
        count = metrics.registry.get_sample_value("portero_visitor_strangers_total", labels)
        result.outcomes[outcome.value] = int(count or 0)
    return result
