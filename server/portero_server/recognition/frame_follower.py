"""What a stream does with its frames: follows faces, or reads text. It returns what it found, and calls nobody back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.gate.cadence import When
from portero_server.domain.recording.sightings import StreamEvent, TrackDecided
from portero_server.domain.streams.frames import Frame
from portero_server.domain.tracking.track import Track
from portero_server.vision.analysis import FrameAnalysis


class Findings(NamedTuple):
    """What a frame, an answer or a moment led to.

    Attributes:
        events: What happened, in order.
        holders: Undecided tracks, or a reading, that hold the frame.
        work: Calls to make; each runs in a task of the stream, and what it returns is found in its turn.
    """

    events: Sequence[StreamEvent] = ()
    holders: Collection[str] = ()
    work: Sequence[Work] = ()


Work = Callable[[], Coroutine[Any, Any, Findings | None]]
"""Starts a call; its coroutine returns what it led to, or None."""

NOTHING_FOUND = Findings()


@dataclass(frozen=True, slots=True)
class Rules:
    """Decision settings of the server and the camera."""

    engine: str
    policy: MatchPolicy
    lane: Lane
    visit_gap: timedelta


class FrameFollower(ABC):
    """Handles the frames of one camera's stream. What follows no faces has nothing to say about them.

    Attributes:
        reads_text: Whether frames are decoded for text, and not searched for faces.
        rules: Decision settings; replaced when those of the camera change.
    """

    reads_text: bool
    rules: Rules

    @property
    @abstractmethod
    def when(self) -> When:
        """Returns which of the waiting frames to analyze."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether any decision is still open."""

    @abstractmethod
    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Processes the analysis of a frame."""

    @property
    def tracks(self) -> Sequence[Track]:
        """Tracks being followed, oldest first."""
        return ()

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names are held."""
        return set()

    @property
    def view(self) -> ViewState:
        """What the camera sees of what it should."""
        return ViewState.UNSPECIFIED

    def tick(self, now: float) -> Findings:
        """Handles patience, deadlines and silence at `now` (monotonic seconds)."""
        return NOTHING_FOUND

    def leave_all(self) -> Findings:
        """Ends all tracks because the stream ends."""
        return NOTHING_FOUND

    def miss_all(self) -> Findings:
        """Reports all decided tracks as left, since no frames arrive."""
        return NOTHING_FOUND

    def forget(self, people: Collection[str]) -> Findings:
        """Removes the names of people who may no longer be named; their tracks continue as strangers."""
        return NOTHING_FOUND

    def rename(self, late: TrackDecided) -> bool:
        """Names a track as an earlier session decided too late. Returns whether the track is followed."""
        return False

    def take_over(self, earlier: FrameFollower, durable: int) -> None:  # noqa: B027 - text needs nothing of it
        """Takes over the calls that the end of an earlier session, durable up to there, left without an answer."""
