"""What became of each planned visit, as its bridge heard it. All times are seconds from the beginning of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portero.v1 import stream_pb2

from portero_client import CameraPurpose
from tests.benchmarks.paid.pictures import PlannedVisit, frames_of

_DECIDED = (stream_pb2.TRACK_STATE_CONFIRMED, stream_pb2.TRACK_STATE_REVISED)


@dataclass(slots=True)
class Story:
    """A visit and what was said of it.

    Attributes:
        camera: Where.
        purpose: Whom the camera serves.
        visit: As planned.
        shown: When its first frame left.
        told: When its first decision came, be it that nobody is known.
        named: When the right name came.
        mistaken: Other names that came, and when.
    """

    camera: str
    purpose: CameraPurpose
    visit: PlannedVisit
    shown: float | None = None
    told: float | None = None
    named: float | None = None
    mistaken: list[tuple[str, float]] = field(default_factory=list)

    @property
    def seconds_to_tell(self) -> float:
        """From its first frame to the first decision; infinite without one."""
        return float("inf") if self.told is None or self.shown is None else self.told - self.shown

    @property
    def seconds_to_name(self) -> float:
        """From its first frame to the right name; infinite without one."""
        return float("inf") if self.named is None or self.shown is None else self.named - self.shown


@dataclass(slots=True)
class Listener:
    """Implements Audience for one camera.

    Attributes:
        began: Capture time of the first frame, UTC.
        elapsed: Gives the seconds since the beginning.
        rate: Frames a second.
        stories: Of the camera's visits.
        sent: Frames sent.
        settled: Frames the server accounted for at the end.
    """

    began: datetime
    elapsed: Callable[[], float]
    rate: float
    stories: Sequence[Story]
    sent: int = 0
    settled: int = 0
    _first: dict[int, Story] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._first = {frames_of(story.visit, self.rate)[0] + 1: story for story in self.stories}

    def sending(self, sequence: int, starved: float) -> None:
        """Notes when a visit is first shown."""
        self.sent = sequence
        if sequence in self._first:
            self._first[sequence].shown = self.elapsed()

    def heard(self, answer: stream_pb2.StreamFramesResponse) -> None:
        """Notes decisions, and the account at the end."""
        kind = answer.WhichOneof("message")
        if kind == "track_update" and answer.track_update.state in _DECIDED:
            self._decided(answer.track_update)
        elif kind == "finished":
            counts = {each.name: count for each, count in answer.finished.account.ListFields()}
            self.settled = sum(count for name, count in counts.items() if name != "recognitions")

    def _decided(self, update: stream_pb2.TrackUpdate) -> None:
        first_seen = (update.first_seen_time.ToDatetime(UTC) - self.began).total_seconds()
        for story in self.stories:
            first, end = frames_of(story.visit, self.rate)
            if first <= round(first_seen * self.rate) < end:
                _note(story, update.match.person.removeprefix("people/"), self.elapsed())


def _note(story: Story, name: str, now: float) -> None:
    story.told = now if story.told is None else story.told
    if name == story.visit.name:
        story.named = now if story.named is None else story.named
    elif name:
        story.mistaken.append((name, now))
