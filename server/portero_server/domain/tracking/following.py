"""What a look at a frame changes of the tracks, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import is_cut_off
from portero_server.domain.tracking.assignment import ahead, distance
from portero_server.domain.tracking.doubts import Doubtful
from portero_server.domain.tracking.track import Track

_STEADY = 1.0
"""Seconds between two looks beyond which they say nothing about how a face moves."""


_MOMENTS = (0.0, 0.2, 0.4)
"""Seconds ahead for which it is foreseen who meets: as long as nobody may look meanwhile."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the analysis of one frame changed.

    Attributes:
        seen: The track of each face, in the faces' order.
        started: Tracks begun now, candidates among them.
        lost: Tracks given up now; the caller says so with `leave`.
        doubted: Tracks that were suspended now, since another face may be where they were.
    """

    seen: tuple[Track, ...]
    started: tuple[Track, ...]
    lost: tuple[Track, ...]
    doubted: tuple[Doubtful, ...] = ()


def move(track: Track, sequence: int, captured: datetime, time: FrameTime, face: FoundFace | None = None) -> None:
    """Records that a track was seen; `face` is what was found of it, if anybody looked."""
    if face is not None:
        seconds = time.since(track.time)
        if 0.0 < seconds < _STEADY:
            (x0, y0), (x1, y1) = track.box.center, face.box.center
            track.velocity = (x1 - x0) / seconds, (y1 - y0) / seconds
        else:
            track.velocity = (0.0, 0.0)
        track.box = face.box
    track.last_sequence = sequence
    track.time = time
    track.verified = track.verified or time
    track.last_seen = max(track.last_seen, captured)


def show(track: Track, face: FoundFace, *, thorough: bool) -> None:
    """Records what a look found of a track."""
    track.visible = True
    track.misses = 0
    track.missed = False
    track.patch = face.patch
    track.found_quickly = not thorough or track.found_quickly
    if track.best_quality is None or face.quality.overall > track.best_quality.overall:
        track.best_quality, track.best_cut_off = face.quality, is_cut_off(face.box)


def should_have_found(track: Track, *, thorough: bool) -> bool:
    """Returns whether a look that did not find a visible track should have; a quick one need not find small faces."""
    return thorough or track.found_quickly


def meet(one: Track, other: Track, near: float) -> bool:
    """Returns whether two people are within so many face widths of each other, or will be in a moment."""
    return any(distance(ahead(one, seconds), ahead(other, seconds)) < near for seconds in _MOMENTS)
