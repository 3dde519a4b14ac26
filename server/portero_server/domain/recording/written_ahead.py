"""What is remembered beside findings that are written before the frames they are from are durable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portero_server.domain.recording.presence import Presence
from portero_server.domain.recording.resuming import MOST_TRACKS, OpenTrack
from portero_server.domain.recording.sightings import TrackDecided


def followed_beside(
    stored: Sequence[OpenTrack], decided: Sequence[TrackDecided], durable: int, presence: Presence
) -> tuple[OpenTrack, ...]:
    """Returns the open tracks to store with decisions that may be written, and whose frames may not become durable.

    When such frames come again they may lead to other tracks, since some of them are rejected then. So each track that
    begins with them is remembered as ahead of the watermark: the session that passes it tells its end. A track that was
    said to have left, and is decided again, is no longer remembered as absent.

    Args:
        stored: The open tracks that are stored with the watermark.
        decided: The decisions.
        durable: The watermark.
        presence: In which frames beyond it each track was seen.
    """
    again = {each.track_id for each in decided}
    kept = [replace(each, absent=False) if each.track_id in again else each for each in stored]
    known = {each.track_id for each in kept}
    begun = {
        each.track_id: _ahead(each, durable, presence)
        for each in decided
        if each.track_id not in known and each.sequence > durable
    }
    latest = sorted(begun.values(), key=lambda each: each.last_sequence)[-MOST_TRACKS:]
    return (*kept, *latest)


def _ahead(decided: TrackDecided, durable: int, presence: Presence) -> OpenTrack:
    seen = presence.after(decided.track_id, durable)
    return OpenTrack(
        track_id=decided.track_id,
        first_sequence=seen[0].sequence if seen else decided.sequence,
        first_seen=decided.first_seen,
        last_sequence=decided.sequence,
        last_seen=decided.last_seen,
        box=decided.box,
        # Nobody goes on with it, so that nothing else of it matters.
        hits=1,
        visible=False,
        misses=0,
        ahead=True,
    )
