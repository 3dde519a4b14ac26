"""What a stream must remember across a cut so that a face being followed goes on as the same track.

Faces that were decided and are still being followed at the watermark would otherwise begin a second track with the
next frame, and be counted twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portero_server.domain.detections import Match
from portero_server.domain.geometry import Box
from portero_server.domain.tracks import Track

MOST_TRACKS = 16
"""More faces than these are not remembered; the ones seen last are."""


@dataclass(frozen=True, slots=True)
class OpenTrack:
    """A track as it was at one frame; see `tracks.Track` for what the numbers mean.

    Attributes:
        sighting_id: Its sighting, as far as stored.
    """

    track_id: str
    first_sequence: int
    first_seen: datetime
    last_sequence: int
    last_seen: datetime
    box: Box
    hits: int
    visible: bool
    misses: int
    calls: int = 0
    asked_quality: float = 0.0
    match: Match | None = None
    company: tuple[str, ...] = ()
    absent: bool = False
    sighting_id: str = ""

    def revived(self, received: float) -> Track:
        """Gives the track to go on with; `received` is the present, in the server's monotonic seconds."""
        return Track(
            track_id=self.track_id,
            first_sequence=self.first_sequence,
            first_seen=self.first_seen,
            received=received,
            last_sequence=self.last_sequence,
            last_seen=self.last_seen,
            box=self.box,
            hits=self.hits,
            decided=True,
            match=self.match,
            calls=self.calls,
            answers=self.calls,
            asked_quality=self.asked_quality,
            visible=self.visible,
            misses=self.misses,
            absent=self.absent,
            company=set(self.company),
        )


class ResumePoints:
    """What was being followed at each frame that is not durable yet.

    The watermark is often behind the frame looked at last, and a stream resumes at the watermark: so tracks are kept
    as they were at every frame, while what was decided about them is asked for only when the watermark gets there.
    """

    def __init__(self) -> None:
        self._points: deque[tuple[int, tuple[tuple[OpenTrack, Track], ...]]] = deque()

    def note(self, sequence: int, tracks: Sequence[Track]) -> None:
        """Keeps what is followed after the frame `sequence`, which is beyond all noted before."""
        if not tracks and (not self._points or not self._points[-1][1]):
            return
        self._points.append((sequence, tuple((_still_picture(track), track) for track in tracks)))

    def at(self, sequence: int) -> tuple[OpenTrack, ...]:
        """Gives what is to be remembered with the watermark at `sequence`; what is before it is forgotten."""
        while len(self._points) > 1 and self._points[1][0] <= sequence:
            self._points.popleft()
        if not self._points or self._points[0][0] > sequence:
            return ()
        decided = [(then, now) for then, now in self._points[0][1] if now.decided]
        latest = sorted(decided, key=lambda pair: pair[0].last_seen)[-MOST_TRACKS:]
        names = {then.track_id for then, _ in latest}
        return tuple(_with_decision(then, now, names) for then, now in latest)


def revived_tracks(tracks: Iterable[OpenTrack], known: Collection[str], received: float) -> list[Track]:
    """Gives the tracks to go on with.

    Args:
        tracks: As remembered.
        known: People who still exist; the others' tracks go on as strangers'.
        received: The present, in the server's monotonic seconds.
    """
    return [
        (track if track.match is None or track.match.person_id in known else replace(track, match=None)).revived(
            received
        )
        for track in tracks
    ]


def _still_picture(track: Track) -> OpenTrack:
    return OpenTrack(
        track_id=track.track_id,
        first_sequence=track.first_sequence,
        first_seen=track.first_seen,
        last_sequence=track.last_sequence,
        last_seen=track.last_seen,
        box=track.box,
        hits=track.hits,
        visible=track.visible,
        misses=track.misses,
    )


def _with_decision(then: OpenTrack, now: Track, names: Collection[str]) -> OpenTrack:
    return replace(
        then,
        match=now.match,
        calls=now.answers,
        asked_quality=now.asked_quality if now.answers else 0.0,
        company=tuple(sorted(now.company.intersection(names))),
        absent=now.absent,
    )
