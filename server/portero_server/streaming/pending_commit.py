"""What one stream collects for its next commit, and the messages to send to its bridge afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import (
    FrameException,
    Recognition,
    StreamCommit,
    TextFinding,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.messages import TextRead, TrackUpdate
from portero_server.domain.streams.watermark import Advance, Fate
from portero_server.telemetry.marks import Mark


@dataclass(slots=True)
class PendingCommit:
    """Effects collected between two commits; `seen` keeps only the latest entry of each track."""

    durable_sequence: int
    outcomes: dict[FrameOutcome, int] = field(default_factory=dict)
    frames: int = 0
    decided: list[TrackDecided] = field(default_factory=list)
    seen: dict[str, TrackSeen] = field(default_factory=dict)
    left: list[TrackLeft] = field(default_factory=list)
    recognitions: list[Recognition] = field(default_factory=list)
    exceptions: list[FrameException] = field(default_factory=list)
    texts: list[TextFinding] = field(default_factory=list)
    updates: list[TrackUpdate | TextRead] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)

    def advance(self, advance: Advance) -> None:
        """Adds a watermark advance."""
        self.durable_sequence = advance.sequence
        for outcome, count in advance.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.frames += advance.frames
        self.fates += advance.fates

    @property
    def writes(self) -> bool:
        """Whether there is anything to write to the database."""
        return bool(
            self.outcomes
            or self.decided
            or self.seen
            or self.left
            or self.recognitions
            or self.exceptions
            or self.texts
        )

    def commit(self, stream_id: int, camera_id: str, session: str, open_tracks: tuple[OpenTrack, ...]) -> StreamCommit:
        """Returns the data for the recorder.

        It shares the outcome mapping with this object, so nothing may be added here afterwards.
        """
        return StreamCommit(
            stream_id=stream_id,
            camera_id=camera_id,
            session=session,
            durable_sequence=self.durable_sequence,
            outcomes=self.outcomes,
            decided=tuple(self.decided),
            seen=tuple(self.seen.values()),
            left=tuple(self.left),
            recognitions=tuple(self.recognitions),
            exceptions=tuple(self.exceptions),
            texts=tuple(self.texts),
            open_tracks=open_tracks,
            told=frozenset(
                [
                    update.named.match.person_id
                    for update in self.updates
                    if isinstance(update, TrackUpdate) and update.named is not None
                ]
            ),
            marks=tuple(self.marks),
        )
