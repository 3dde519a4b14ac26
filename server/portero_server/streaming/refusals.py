"""Refused frames of one stream: invalid, out of sequence, or impossible to store."""

from __future__ import annotations

from datetime import datetime

from portero_server.domain.cameras import TimeSource
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import StreamCommit
from portero_server.domain.streams.frames import LAST_SEQUENCE, FrameRefused, RejectionReason
from portero_server.domain.streams.messages import Rejected
from portero_server.domain.streams.stream_core import FrameVerdict, StreamCore
from portero_server.streaming.ledger import StreamLedger
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.session_parts import SessionParts

_UNSTORABLE = "what was found in this frame cannot be stored: the database refuses it; the stream goes on without it"


class Refusals:
    """Answers refused frames, counts them, and settles frames whose findings cannot be stored."""

    def __init__(
        self, stream_id: int, parts: SessionParts, outbox: Outbox, core: StreamCore, ledger: StreamLedger
    ) -> None:
        self.count = 0
        self._stream_id = stream_id
        self._parts = parts
        self._outbox = outbox
        self._core = core
        self._ledger = ledger
        self._search: Quarantine | None = None
        self._suspects = parts.suspects.refused(stream_id)

    def checked(
        self, sequence: int, captured_at: datetime | None, source: TimeSource, now: datetime
    ) -> datetime | None:
        """Returns the capture time to use for a frame received at wall time `now`.

        The frame's own time may be missing or impossible if the camera's frames are dated by arrival.

        Raises:
            FrameRefused: The time cannot be stored, or the frame has ended sessions before.
        """
        if sequence in self._suspects:
            raise FrameRefused(RejectionReason.STORE_REFUSED, _UNSTORABLE)
        return captured_at if source is TimeSource.ARRIVAL else self._parts.capture_times.checked(captured_at, now)

    def emit(self, sequence: int, reason: RejectionReason, message: str) -> None:
        """Answers a frame that was refused."""
        self.count += 1
        self._parts.metrics.streams.frame_rejected(reason)
        self._outbox.put(Rejected(sequence, reason, message))

    def out_of_turn(self, sequence: int, verdict: FrameVerdict) -> None:
        """Answers a frame that was refused because of its sequence number; no state changes."""
        if verdict is FrameVerdict.BEYOND:
            self.too_large(sequence, "frame.sequence")
        else:
            message = f"frame.sequence {sequence} is not beyond {self._core.last}, the last one received"
            self.emit(sequence, RejectionReason.SEQUENCE_BACKWARDS, message)

    def too_large(self, sequence: int, field: str) -> None:
        """Answers a frame whose sequence is too large to store; nothing is settled."""
        self.emit(sequence, RejectionReason.SEQUENCE_TOO_LARGE, f"{field} must be at most {LAST_SEQUENCE}")

    def search(self, commit: StreamCommit) -> Quarantine:
        """Starts the search for the findings of a refused commit that cannot be written."""
        parts = self._parts
        self._search = Quarantine(
            commit,
            self._core.durable,
            self._ledger.fates,
            parts.quarantine_attempts,
            parts.suspects.hopeless,
            self._ledger.presence,
        )
        return self._search

    def put_aside(self, search: Quarantine) -> None:
        """Settles the frames whose findings the search found to be unwritable; everything else was written."""
        self._ledger.put_aside(search)
        for finding in search.put_aside:
            self._parts.metrics.streams.finding_put_aside(finding.kind)
        for sequence in search.rejected:
            if sequence > search.commit.durable_sequence:
                if not self._core.reject_late(sequence):
                    continue
                self._ledger.exception(sequence, sequence, RejectionReason.STORE_REFUSED)
            self.emit(sequence, RejectionReason.STORE_REFUSED, _UNSTORABLE)

    def nothing_written(self, commit: StreamCommit) -> None:
        """Remembers the frames of a commit that cannot be written at all, which ends the session."""
        if self._search is not None and self._search.unanswered is not None:
            self._parts.suspects.unanswered(self._search.unanswered)
            return
        first, taken = self._core.durable + 1, commit.durable_sequence
        last = taken if taken >= first else self._core.last
        self._parts.suspects.ended(self._stream_id, range(first, last + 1))
