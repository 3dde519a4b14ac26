"""The interface through which a follower reports decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from portero_server.domain.recording.sightings import Recognition, TrackDecided, TrackLeft
from portero_server.domain.streams.messages import Directive, TrackUpdate


class TrackLedger(Protocol):
    """Receives decisions; implemented by the session's ledger."""

    def track_decided(self, decided: TrackDecided, update: TrackUpdate) -> None:
        """Records that a track was decided, possibly not for the first time."""
        ...

    def track_seen(self, track_id: str, last_seen: datetime, sequence: int) -> None:
        """Records that a decided track was seen in frame `sequence`."""
        ...

    def track_left(self, left: TrackLeft | None, update: TrackUpdate) -> None:
        """Records the end of a track; `None` if it was never decided and leaves nothing behind."""
        ...

    def recognized(self, recognition: Recognition) -> None:
        """Records the result of an engine call, successful or not."""
        ...

    def emit(self, update: TrackUpdate | Directive) -> None:
        """Queues a message that is for the bridge only and is not stored."""
        ...

    def release(self, track_id: str) -> None:
        """Releases the frames that were held for this track."""
        ...
