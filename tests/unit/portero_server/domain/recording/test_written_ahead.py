"""The open tracks that are stored beside findings whose frames are not durable."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.presence import Presence
from portero_server.domain.recording.resuming import MOST_TRACKS, OpenTrack, ResumePoints
from portero_server.domain.recording.sightings import TrackDecided
from portero_server.domain.recording.written_ahead import followed_beside
from tests.support.store.commits import at

_DURABLE = 10
_BOX = Box(0.1, 0.2, 0.3, 0.4)


def _decided(track_id: str, sequence: int) -> TrackDecided:
    return TrackDecided(track_id, None, at(sequence), at(sequence), _BOX, timedelta(seconds=60), sequence=sequence)


def _open(track_id: str, first: int, last: int) -> OpenTrack:
    return OpenTrack(track_id, first, at(first), last, at(last), _BOX, hits=2, visible=True, misses=0)


def test_a_track_that_begins_beyond_the_watermark_is_told_to_have_left_if_it_does_not_begin_again() -> None:
    """The session that passes its frame without it tells its end, as of when it was seen last."""
    followed = followed_beside([], [_decided("a", 14)], _DURABLE, Presence())
    earlier = ResumePoints(followed)
    assert earlier.passed(13) == ()
    (gone,) = earlier.passed(14)
    assert (gone.track_id, gone.last_sequence, gone.last_seen) == ("a", 14, at(14))


def test_what_is_followed_at_the_watermark_stays() -> None:
    """A track of the watermark is decided again with its frames, and goes on as it is stored."""
    stored = (_open("a", 8, 10), replace(_open("b", 12, 12), ahead=True))
    assert followed_beside(stored, [_decided("a", 13), _decided("b", 13)], _DURABLE, Presence()) == stored


def test_who_had_left_and_came_back_is_followed_again() -> None:
    """Who is remembered as absent would not be told to have left a second time."""
    absent = replace(_open("a", 8, 9), absent=True)
    back = replace(_decided("a", 13), returns=True)
    assert followed_beside([absent], [back], _DURABLE, Presence()) == (replace(absent, absent=False),)


def test_a_decision_about_durable_frames_begins_nothing() -> None:
    """An answer that came late is about a track that an earlier session followed, or told to have left."""
    assert followed_beside([], [_decided("a", 9), replace(_decided("b", 9), sequence=0)], _DURABLE, Presence()) == ()


def test_only_the_tracks_seen_last_are_remembered() -> None:
    """As everywhere, since what is stored of a stream has a limit."""
    many = [_decided(f"t{number}", 11 + number) for number in range(MOST_TRACKS + 2)]
    followed = followed_beside([], many, _DURABLE, Presence())
    assert [track.track_id for track in followed] == [f"t{number}" for number in range(2, MOST_TRACKS + 2)]
