"""Who is named on which track, when several tracks are seen together: two faces in one picture are two people."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from portero_server.domain.detection.detections import Match
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.track import Track


def beside(track: Track, tracks: Iterable[Track]) -> frozenset[str]:
    """Returns the people named on tracks seen together with this one; it cannot be any of them."""
    return frozenset(
        other.match.person_id for other in tracks if other.match is not None and other.track_id in track.company
    )


def answered(
    track: Track, match: Match | None, evidence: Evidence | None, tracks: Collection[Track]
) -> tuple[Track, ...]:
    """Records what an answer says of a track.

    A name is taken from a track in its company that had claimed it with less similarity. A provisional name yields to
    every name in its company, and a name takes back the provisional ones.

    Returns:
        The tracks whose name this changes, the track itself first.
    """
    track.evidence = None
    if evidence is not None and evidence.match.person_id not in beside(track, tracks):
        track.evidence = evidence
    if match is None:
        return ()
    rivals = [other for other in tracks if other.track_id in track.company and _is(other.match, match.person_id)]
    if any(rival.match is not None and rival.match.similarity >= match.similarity for rival in rivals):
        return ()
    for rival in rivals:
        rival.match = None
    track.match = match
    return (track, *rivals)


def disown(people: Collection[str], tracks: Iterable[Track]) -> tuple[Track, ...]:
    """Makes strangers of the tracks with the names of these people. Returns them."""
    named = tuple(track for track in tracks if track.match is not None and track.match.person_id in people)
    for track in named:
        track.match = None
    return named


def withdraw(people: Collection[str], tracks: Iterable[Track]) -> tuple[Track, ...]:
    """Takes back the provisional names of these people. Returns the tracks that had them."""
    hinted = tuple(track for track in tracks if track.evidence is not None and track.evidence.match.person_id in people)
    for track in hinted:
        track.evidence = None
    return hinted


def _is(match: Match | None, person_id: str) -> bool:
    return match is not None and match.person_id == person_id
