"""Why a face is nobody's: what was wrong with its pictures, or with the answers."""

from __future__ import annotations

from enum import Enum

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track, TrackPhase

_NOBODY = (TrackPhase.DISMISSED, TrackPhase.REJOINED)


class UnknownReason(Enum):
    """Why nobody is named; the names are those of the proto without the prefix."""

    NOT_ENROLLED = "not_enrolled"
    """It was seen well, and is nobody's in the gallery."""
    UNCONFIRMED = "unconfirmed"
    """It resembles somebody, but not enough, and no other shot agreed."""
    LOOK_ALIKES = "look_alikes"
    """It resembles two people who are easily taken for each other, and neither by enough more."""
    NO_ANSWER = "no_answer"
    """The engine was not asked, or did not answer."""
    HIDDEN = "hidden"
    """The engine saw no face in its pictures: it is covered, or not a face."""
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    BLURRED = "blurred"
    BAD_LIGHT = "bad_light"
    CUT_OFF = "cut_off"
    """It reaches over the edge of the picture."""


def defect_of(quality: FaceQuality, least: float) -> UnknownReason | None:
    """Returns the worst defect of a shot, or None if no score of it is below `least`, 0..1."""
    score, defect = min(
        (quality.size, UnknownReason.TOO_SMALL),
        (quality.frontality, UnknownReason.TURNED_AWAY),
        (quality.sharpness, UnknownReason.BLURRED),
        (quality.brightness, UnknownReason.BAD_LIGHT),
        key=lambda pair: pair[0],
    )
    return defect if score < least else None


def reason_of(track: Track, policy: TrackPolicy) -> UnknownReason | None:
    """Returns why a track that is decided, or about to be, is nobody's.

    None: it is somebody's, is not a face of its own, or was not seen in this session.
    """
    if track.match is not None or track.phase in _NOBODY:
        return None
    if track.evidence is not None:
        return UnknownReason.UNCONFIRMED
    if track.torn:
        return UnknownReason.LOOK_ALIKES
    if track.best_quality is None:
        return None
    if track.best_cut_off:
        return UnknownReason.CUT_OFF
    # What was never good enough to be sent has a defect, whatever the limit is.
    never_sent = track.calls == 0 and track.best_quality.overall < policy.poor_quality
    defect = defect_of(track.best_quality, 1.0 if never_sent else policy.unclear_below)
    if defect is not None:
        return defect
    if track.answers == 0:
        return UnknownReason.NO_ANSWER
    return UnknownReason.HIDDEN if track.faceless >= track.answers else UnknownReason.NOT_ENROLLED
