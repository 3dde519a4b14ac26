"""Ends the tracks of streams that no bridge resumed, from any server that notices.

A living server does this for its own interrupted streams. This module covers streams whose server died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow, TrackLeft
from portero_server.errors import StoreUnavailable
from portero_server.streaming.recorder import Recorder

_log = structlog.get_logger(__name__)

_PATIENCE = 30.0
"""Seconds without a commit after which a stream with open tracks is treated as orphaned. A living server ends tracks
after ten seconds, but its commits may be late.
"""
_INTERVAL = 5.0
_SHARE = 0.01
"""Largest share of the time that queries may take, however many streams are owned."""
_LONGEST_INTERVAL = 60.0


class FollowedStreams(Protocol):
    """Reads the stored streams that still have open tracks."""

    async def followed(self) -> Sequence[StreamRow]:
        """Returns the owned streams with open tracks that are not absent."""
        ...


class OrphanReaper:
    """Finds stored streams whose watermark stands still and reports that their faces have left.

    The tracks stay open, marked absent, so that a bridge that returns with the next frames continues them. Several
    servers may find the same stream; the end is written once.
    """

    def __init__(self, streams: FollowedStreams, recorder: Recorder, clock: Clock) -> None:
        self._streams = streams
        self._recorder = recorder
        self._clock = clock
        self._still: dict[StreamRow, float] = {}

    async def run(self) -> None:
        """Checks the stored streams periodically until canceled."""
        interval = _INTERVAL
        while True:
            await asyncio.sleep(interval)
            began = self._clock.monotonic()
            try:
                rows = await self._streams.followed()
            except StoreUnavailable as error:
                # While the database accepts no writes, a watermark that stands still proves nothing.
                self._still.clear()
                interval = _INTERVAL
                _log.warning("orphaned_streams_unknown", problem=error.message)
            else:
                took = self._clock.monotonic() - began
                interval = min(_LONGEST_INTERVAL, max(_INTERVAL, took / _SHARE))
                self._look(rows)

    def _look(self, rows: Sequence[StreamRow]) -> None:
        now = self._clock.monotonic()
        self._still = {row: self._still.get(row, now) for row in rows}
        for row, since in tuple(self._still.items()):
            if now - since >= _PATIENCE:
                # If this commit fails, the next round tries again.
                self._still[row] = now
                _log.info("stream_orphaned", camera=row.camera_id, session=row.session, faces=len(row.open_tracks))
                self._recorder.mark(_ClosingCommit(row))


@dataclass(frozen=True, slots=True, eq=False)
class _ClosingCommit:
    """The commit (recorder.Committing) that marks a stream's tracks as absent, in the name of its last session."""

    row: StreamRow

    def take(self) -> StreamCommit:
        """Returns the end of every track that is not absent.

        If the stream is no longer exactly as it was read, the store writes nothing: whoever went on knows better.
        """
        row = self.row
        return StreamCommit(
            stream_id=row.stream_id,
            camera_id=row.camera_id,
            session=row.session,
            durable_sequence=row.durable_sequence,
            left=tuple(TrackLeft(track.track_id, track.last_seen) for track in row.open_tracks if not track.absent),
            open_tracks=tuple(replace(track, absent=True) for track in row.open_tracks),
            expected_tracks=row.open_tracks,
        )

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        """Does nothing: the end of the tracks is durable, or the stream went on."""

    def superseded(self) -> None:
        """Does nothing: a new session resumed the stream."""

    def quarantine(self, commit: StreamCommit) -> None:
        """Returns None: no frame is at stake, so a refused commit is dropped."""

    def put_aside(self, search: Quarantine) -> None:
        """Never called, since `quarantine` starts no search."""

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        """Does nothing: the recorder has logged the failure, and the next round tries again."""
