"""What a look changes of one track."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.following import meet, move, should_have_found, show
from portero_server.domain.tracking.track import Track
from tests.support.time.frame_times import time_of

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _face(left: float, quality: float = 1.0) -> FoundFace:
    return FoundFace(Box(left, 0.3, 0.1, 0.1), 0.9, FaceQuality(quality, 1.0, 1.0, 1.0))


def _track(left: float = 0.2, name: str = "t", speed: float = 0.0) -> Track:
    return Track(name, 1, _START, 0.0, 1, _START, time_of(_START), _face(left).box, velocity=(speed, 0.0))


def test_a_walker_has_a_velocity_and_who_was_not_looked_at_for_long_has_none() -> None:
    """Two looks within a second tell how a face moves, in ratios of the frame a second."""
    track = _track()
    later = _START + timedelta(seconds=0.5)
    move(track, 2, later, time_of(later), _face(0.3))
    assert track.velocity[0] == pytest.approx(0.2)
    much_later = later + timedelta(seconds=3)
    move(track, 3, much_later, time_of(much_later), _face(0.5))
    assert track.velocity == (0.0, 0.0)


def test_the_best_quality_is_kept() -> None:
    """A poorer look does not replace what was seen best, and ends that the face was missed."""
    track = _track()
    track.missed, track.misses = True, 3
    show(track, _face(0.2, 0.8), thorough=True)
    show(track, _face(0.2, 0.3), thorough=True)
    assert track.best_quality is not None
    assert track.best_quality.size == 0.8
    assert (track.missed, track.misses, track.visible) == (False, 0, True)


def test_a_quick_look_should_find_what_a_quick_look_found() -> None:
    """A face that only thorough looks found may be too small for a quick one."""
    track = _track()
    show(track, _face(0.2), thorough=True)
    assert should_have_found(track, thorough=True)
    assert not should_have_found(track, thorough=False)
    show(track, _face(0.2), thorough=False)
    assert should_have_found(track, thorough=False)


def test_who_walks_toward_each_other_meets() -> None:
    """Two people meet who are near, or will be in less than half a second; not those who walk apart."""
    assert meet(_track(0.2), _track(0.35), 2.0)
    assert not meet(_track(0.2), _track(0.6), 2.0)
    assert meet(_track(0.2, speed=0.4), _track(0.6, speed=-0.4), 2.0)
    assert not meet(_track(0.2, speed=-0.4), _track(0.6, speed=0.4), 2.0)
