"""Strangers' sightings in a database, and encodings that are so far apart."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from portero_server.domain.people.visitors import StrangerFace
from portero_server.domain.recording.sightings import StreamRow, TrackDecided
from portero_server.store.commit.recording import Recording
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import StrangerVisit, VisitorStore
from tests.support.store.commits import commit_of, decided

GAP = timedelta(minutes=5)


def face_at(direction: int, off: float = 0.0, quality: float = 0.8) -> StrangerFace:
    """Returns an encoding of length 1 along an axis, and `off` beside it; those of two axes are 1.41 apart."""
    vector = np.zeros(128, np.float32)
    vector[direction] = 1.0
    vector[127] = off
    return StrangerFace(tuple(vector.tolist()), quality)


class Strangers:
    """Commits strangers' tracks at cameras."""

    def __init__(self, streams: StreamStore, recording: Recording) -> None:
        self._streams = streams
        self._recording = recording
        self._rows: dict[str, StreamRow] = {}

    async def comes(
        self, visitors: VisitorStore, track_id: str, at: float, *, camera: str = "door", lasts: float = 20.0
    ) -> StrangerVisit:
        """Stores a stranger from so many seconds after eight on, and returns the visit."""
        await self.commit(decided(track_id, None, at, at + lasts), camera=camera)
        visit = await visitors.visit_of(track_id)
        assert visit is not None
        return visit

    async def commit(self, track: TrackDecided, *, camera: str = "door") -> None:
        """Stores what was decided of a track."""
        if camera not in self._rows:
            self._rows[camera] = await self._streams.open(camera, "e1", camera)
        await self._recording.commit([commit_of(self._rows[camera], track)])
