"""What a follower says, and to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from portero_server.domain.recording.sightings import Recognition, TrackDecided, TrackLeft
from portero_server.domain.streams.messages import Directive, TrackUpdate


class TrackLedger(Protocol):
    """Where decisions go: the session."""

    def track_decided(self, decided: TrackDecided, update: TrackUpdate) -> None:
        """A track was decided, or decided again."""
        ...

    def track_seen(self, track_id: str, last_seen: datetime, sequence: int) -> None:
        """A decided track is still there, in frame `sequence`."""
        ...

    def track_left(self, left: TrackLeft | None, update: TrackUpdate) -> None:
        """A track ended; None when it was never decided and leaves nothing behind."""
        ...

    def recognized(self, recognition: Recognition) -> None:
        """The engine answered, or did not."""
        ...

    def emit(self, update: TrackUpdate | Directive) -> None:
        """Something for the bridge only."""
        ...

    def release(self, track_id: str) -> None:
        """Frames held for this track wait no more."""
        ...
