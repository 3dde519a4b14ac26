"""What a stream must remember across a cut so that a face being followed goes on as the same track.

Faces that were decided and are still being followed at the watermark would otherwise begin a second track with the
next frame, and be counted twice. Faces that were decided and stored while the watermark was held back before their
first frame begin anew, with the same name, when the frames come again; they are remembered for the case that they
do not come, so that somebody tells their end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.track import Track, TrackPhase

MOST_TRACKS = 16
"""Limit on remembered tracks; those seen last are kept."""


@dataclass(frozen=True, slots=True)
class OpenTrack:
    """A track as it was at one frame; see `tracks.Track` for what the numbers mean.

    Attributes:
        sighting_id: Its sighting, if stored.
        ahead: Whether it began beyond the watermark: nobody goes on with it, it begins anew or has left.
        found_quickly, missed, suspended: What looks said of it. Without them a cut would hide that somebody else may
            be where it was.
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
    ahead: bool = False
    found_quickly: bool = False
    missed: bool = False
    suspended: bool = False

    def revived(self, received: float) -> Track:
        """Returns the track to continue with; `received` is the current time (monotonic seconds)."""
        return Track(
            track_id=self.track_id,
            first_sequence=self.first_sequence,
            first_seen=self.first_seen,
            received=received,
            last_sequence=self.last_sequence,
            last_seen=self.last_seen,
            # The arrivals of a session are counted from its first frame.
            time=FrameTime(0, self.last_seen.timestamp(), 0.0, 0.0),
            box=self.box,
            hits=self.hits,
            phase=TrackPhase.ABSENT if self.absent else TrackPhase.DECIDED,
            match=self.match,
            calls=self.calls,
            answers=self.calls,
            asked_quality=self.asked_quality,
            visible=self.visible,
            misses=self.misses,
            company=set(self.company),
            found_quickly=self.found_quickly,
            missed=self.missed,
            suspended=self.suspended,
        )


class ResumePoints:
    """The tracks followed at each frame that is not durable yet.

    The watermark often lags behind the last analyzed frame, and a stream resumes at the watermark. So tracks are kept
    as they were at every frame, while their decisions are looked up only when the watermark gets there.
    """

    def __init__(self, earlier: Iterable[OpenTrack] = ()) -> None:
        """Starts with what an earlier session stored; only tracks that are ahead of the watermark are kept."""
        self._ahead = {track.track_id: track for track in earlier if track.ahead}
        self._points: deque[tuple[int, tuple[tuple[OpenTrack, Track], ...]]] = deque()

    def note(self, sequence: int, tracks: Sequence[Track]) -> None:
        """Records the tracks followed after frame `sequence`, which must be the highest so far."""
        if not tracks and (not self._points or not self._points[-1][1]):
            return
        self._points.append((sequence, tuple((_still_picture(track), track) for track in tracks)))

    def at(self, sequence: int) -> tuple[OpenTrack, ...]:
        """Returns what to store with the watermark at `sequence`; earlier points are removed."""
        if not self._points and not self._ahead:
            return ()
        while len(self._points) > 1 and self._points[1][0] <= sequence:
            self._points.popleft()
        there = self._points[0][1] if self._points and self._points[0][0] <= sequence else ()
        same = {now.joined: then for then, now in there if now.joined}
        decided = [(_continued(then, same.get(then.track_id)), now) for then, now in there if now.decided]
        latest = sorted(decided, key=lambda pair: pair[0].last_sequence)[-MOST_TRACKS:]
        names = {then.track_id for then, _ in latest}
        return tuple(_with_decision(then, now, names) for then, now in latest) + self._beyond(sequence)

    def passed(self, sequence: int) -> tuple[OpenTrack, ...]:
        """Returns the earlier session's tracks that were ahead and did not start again by `sequence`, each once.

        Their frames were lost, or show something else now.
        """
        if not self._ahead:
            return ()
        reached = [track for track in self._ahead.values() if track.first_sequence <= sequence]
        for track in reached:
            del self._ahead[track.track_id]
        again = {then.track_id for then, now in self._last if now.decided}
        return tuple(track for track in reached if not track.absent and track.track_id not in again)

    @property
    def _last(self) -> tuple[tuple[OpenTrack, Track], ...]:
        return self._points[-1][1] if self._points else ()

    def _beyond(self, sequence: int) -> tuple[OpenTrack, ...]:
        """Returns the tracks that were stored although they began after `sequence`, and have not ended."""
        if not self._ahead and not (self._points and self._points[-1][0] > sequence):
            return ()
        begun = {
            then.track_id: replace(_with_decision(then, now, ()), ahead=True)
            for then, now in self._last
            if now.decided and then.first_sequence > sequence
        }
        earlier = {name: track for name, track in self._ahead.items() if track.first_sequence > sequence}
        return tuple(sorted((earlier | begun).values(), key=lambda track: track.last_sequence)[-MOST_TRACKS:])


def revived_tracks(tracks: Iterable[OpenTrack], known: Collection[str], received: float) -> list[Track]:
    """Returns the tracks to continue with: those that are not ahead of the watermark.

    Args:
        tracks: As remembered.
        known: People who still exist; tracks of others continue as strangers.
        received: The current time, in the server's monotonic seconds.
    """
    return [
        (track if track.match is None or track.match.person_id in known else replace(track, match=None)).revived(
            received
        )
        for track in tracks
        if not track.ahead
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
        found_quickly=track.found_quickly,
        missed=track.missed,
        suspended=track.suspended,
    )


def _continued(then: OpenTrack, candidate: OpenTrack | None) -> OpenTrack:
    """Returns a suspended track with what its candidate had seen, of which it was found later that it is the face."""
    if candidate is None or not then.suspended:
        return then
    return replace(
        then,
        last_sequence=candidate.last_sequence,
        last_seen=max(then.last_seen, candidate.last_seen),
        box=candidate.box,
        hits=then.hits + candidate.hits,
        visible=candidate.visible,
        misses=candidate.misses,
        found_quickly=candidate.found_quickly,
        missed=candidate.missed,
        suspended=False,
    )


def _with_decision(then: OpenTrack, now: Track, names: Collection[str]) -> OpenTrack:
    # A provisional name is not kept: whoever goes on asks again.
    answers = 0 if now.evidence is not None else now.answers
    return replace(
        then,
        match=now.match,
        calls=answers,
        asked_quality=now.asked_quality if answers else 0.0,
        company=tuple(sorted(now.company.intersection(names))),
        absent=now.absent,
    )
