"""Streams that nobody goes on with: whoever was being followed there is told to have left, by any server that notices.

A server tells it of the streams that were cut while it lives. This is for those whose server died.
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
"""Seconds in which a stream with somebody before its camera has neither moved nor told them to have left.

A living server tells that after ten; its commits may be late.
"""
_INTERVAL = 5.0
_SHARE = 0.01
"""Most of the time that looking may take, whatever number of streams is owned."""
_LONGEST_INTERVAL = 60.0


class FollowedStreams(Protocol):
    """Where streams are kept."""

    async def followed(self) -> Sequence[StreamRow]:
        """Returns the owned streams with open tracks that are not absent."""
        ...


class OrphanReaper:
    """Watches the stored streams for those that stand still, and tells that their faces have left.

    Nothing is taken from a stream: its tracks stay open, marked absent, so that a bridge that comes back with the
    frames captured next goes on with them. Several servers may tell the same; it is written once.
    """

    def __init__(self, streams: FollowedStreams, recorder: Recorder, clock: Clock) -> None:
        self._streams = streams
        self._recorder = recorder
        self._clock = clock
        self._still: dict[StreamRow, float] = {}

    async def run(self) -> None:
        """Watches until canceled."""
        interval = _INTERVAL
        while True:
            await asyncio.sleep(interval)
            began = self._clock.monotonic()
            try:
                rows = await self._streams.followed()
            except StoreUnavailable as error:
                # While nobody can write, standing still means nothing.
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
                # Tells again if this is in vain.
                self._still[row] = now
                _log.info("stream_orphaned", camera=row.camera_id, session=row.session, faces=len(row.open_tracks))
                self._recorder.mark(_ClosingCommit(row))


@dataclass(frozen=True, slots=True, eq=False)
class _ClosingCommit:
    """What is told of one stream (recorder.Committing), in the name of its last session."""

    row: StreamRow

    def take(self) -> StreamCommit:
        """Returns the end of every track that is not absent.

        Should the stream have moved, the store keeps its tracks.
        """
        row = self.row
        return StreamCommit(
            stream_id=row.stream_id,
            camera_id=row.camera_id,
            session=row.session,
            durable_sequence=row.durable_sequence,
            left=tuple(TrackLeft(track.track_id, track.last_seen) for track in row.open_tracks if not track.absent),
            open_tracks=tuple(replace(track, absent=True) for track in row.open_tracks),
        )

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        """It is told."""

    def superseded(self) -> None:
        """Somebody went on with the stream after all."""

    def quarantine(self, commit: StreamCommit) -> None:
        """No frame is at stake: what cannot be told is told to nobody."""

    def put_aside(self, search: Quarantine) -> None:
        """Nothing is ever searched."""

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        """The recorder has logged it; it is tried again."""
