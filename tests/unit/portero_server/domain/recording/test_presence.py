"""What each frame saw of a track, and decisions that are made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.presence import Presence, UnstoredTracks, as_of
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import TrackDecided, TrackSeen
from portero_server.domain.tracking.track import Track

_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_BOX = Box(0.1, 0.1, 0.1, 0.1)


def _seen(sequence: int, track: str = "a") -> TrackSeen:
    return TrackSeen(track, _AT + timedelta(seconds=sequence), sequence)


def _track(sequence: int, track: str = "a") -> Track:
    at = _AT + timedelta(seconds=sequence)
    return OpenTrack(track, 1, _AT, sequence, at, _BOX, 1, visible=True, misses=0).revived(0.0)


def _decided(sequence: int, *, revises: bool = False) -> TrackDecided:
    seen = _seen(sequence)
    first = _AT + timedelta(seconds=1)
    return TrackDecided("a", None, first, seen.last_seen, _BOX, timedelta(), revises=revises, sequence=sequence)


def test_knows_the_frames_beyond_the_watermark() -> None:
    """A frame that does not show a track, was rejected, or is durable tells nothing of it."""
    presence = Presence()
    for sequence in (1, 2, 4, 5):
        presence.note(sequence, [_track(sequence), _track(3, "b")])
    presence.note(6, [_track(5), _track(6, "b")])
    assert presence.before("a", 5) == _seen(4)
    assert presence.before("a", 4) == _seen(2)
    assert presence.before("a", 1) is None
    assert presence.after("a", 2) == [_seen(4), _seen(5)]
    presence.rejected({4})
    presence.durable(1)
    assert presence.before("a", 5) == _seen(2)
    assert presence.before("a", 2) is None
    assert presence.before("b", 9) == _seen(6, "b")
    presence.durable(6)
    assert presence.after("b", 0) == []
    assert not presence._seen


def test_a_decision_is_as_old_as_the_frame_that_still_counts() -> None:
    """Without such a frame it says no more than when the face was seen first, and no frame answers for it."""
    assert as_of(_decided(7), _seen(5)) == _decided(5)
    bare = as_of(_decided(7), None)
    assert (bare.last_seen, bare.sequence) == (bare.first_seen, 0)


def test_a_decision_that_was_put_aside_is_made_again() -> None:
    """It begins with the next frame that shows the face; one that revises a stored track keeps its beginning."""
    tracks = UnstoredTracks()
    tracks.put_aside(_decided(3), None)
    assert "a" in tracks
    again = tracks.again([_seen(5), _seen(6)])
    assert again is not None
    assert (again[0].first_seen, again[0].last_seen, again[0].sequence) == (
        _seen(5).last_seen,
        _seen(6).last_seen,
        6,
    )
    assert tracks.again([_seen(7)]) is None
    tracks.put_aside(_decided(8, revises=True), None)
    again = tracks.again([_seen(9)])
    assert again is not None
    assert again[0].first_seen == _decided(8).first_seen


def test_a_track_that_cannot_be_stored_is_not_decided_for_ever() -> None:
    """After eight decisions were put aside no other one is made, until the track has left."""
    tracks = UnstoredTracks()
    for sequence in range(1, 8):
        tracks.put_aside(_decided(sequence), None)
        assert tracks.again([_seen(sequence + 1)]) is not None
    tracks.put_aside(_decided(9), None)
    assert tracks.again([_seen(10)]) is None
    tracks.left("a")
    tracks.put_aside(_decided(11), None)
    assert "a" in tracks
    tracks.decided("a")
    assert "a" not in tracks
