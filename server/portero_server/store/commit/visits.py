"""Decides in memory which sighting a track belongs to and how sightings change; the result is written afterward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import Sighting, SightingEventKind, StreamCommit, TrackDecided

_NAMESPACE = UUID("6f0d5e0a-8a39-5d0c-9c0f-2b8a4b7c1d3e")


@dataclass(frozen=True, slots=True)
class TrackLink:
    """A track and the sighting it belongs to.

    Attributes:
        ordinal: Its place among the sighting's tracks, from 1.
        ended: Whether the track has ended.
    """

    track_id: str
    sighting_id: str
    ordinal: int
    ended: bool = False


def sighting_id_of(track_id: str, person_id: str | None = None) -> str:
    """Returns the id of the sighting that a track begins; a track that begins a second one names the person too."""
    return uuid5(_NAMESPACE, track_id if person_id is None else f"{track_id}/{person_id}").hex


class SightingMerger:
    """The sightings that a commit touches, and how they change.

    Adding the same findings again to the result of the first time changes nothing and emits no events.
    """

    def __init__(self, sightings: Iterable[Sighting], links: Iterable[TrackLink], names: Mapping[str, str]) -> None:
        """Starts with the stored sightings and links that the commit touches.

        Args:
            sightings: Those of `links`, and those that decided tracks may join.
            links: The stored links of every track that is decided, seen or left.
            names: Display names of those who may be named; a match with anybody else counts as none, since that
                person was erased or blocked.
        """
        self._sightings = {sighting.sighting_id: sighting for sighting in sightings}
        # Retention may have taken a sighting from under a track that a late bridge sends again: then it begins anew.
        self._links = {link.track_id: link for link in links if link.sighting_id in self._sightings}
        self._names = names
        self._before = (dict(self._sightings), dict(self._links))
        self.events: list[tuple[SightingEventKind, Sighting]] = []
        """Events in order, each with its sighting as it was at that moment."""

    @property
    def changed_sightings(self) -> list[Sighting]:
        """Sightings that are new or differ from the stored ones."""
        stored = self._before[0]
        return [sighting for key, sighting in self._sightings.items() if stored.get(key) != sighting]

    @property
    def changed_links(self) -> list[TrackLink]:
        """Links that are new or differ from the stored ones."""
        stored = self._before[1]
        return [link for key, link in self._links.items() if stored.get(key) != link]

    def add(self, part: StreamCommit) -> Mapping[str, str]:
        """Adds the findings of one stream. Returns the sighting id of every track decided."""
        # Of several decisions about a track only the last one counts: a commit entered twice would else go to and fro.
        decisions = {track.track_id: track for track in part.decided}
        sighting_of = {track.track_id: self._decide(part.camera_id, track) for track in decisions.values()}
        # A track that returned and left within one commit emits no RESUMED event.
        gone = {left.track_id for left in part.left}
        for track_id in dict.fromkeys(track.track_id for track in part.decided if track.returns):
            if track_id not in gone:
                self._return(track_id)
        for seen in part.seen:
            self._move_on(seen.track_id, seen.last_seen)
        for left in part.left:
            self._leave(left.track_id, left.last_seen)
        return sighting_of

    def _decide(self, camera_id: str, track: TrackDecided) -> str:
        match = track.match if track.match is not None and track.match.person_id in self._names else None
        link = self._links.get(track.track_id)
        if link is None:
            return self._place(camera_id, track, match, sighting_id_of(track.track_id))
        sighting = self._sightings[link.sighting_id]
        person_id = match.person_id if match is not None else None
        found_late = sighting.person_id is None and match is not None
        if found_late or (track.revises and sighting.person_id != person_id):
            return self._revise(camera_id, track, match, link)
        # When a frame is replayed, the first name stands, whatever the engine answers now.
        match = match if sighting.person_id == person_id else None
        self._keep(_extended(_improved(sighting, match, track.box), track.first_seen, track.last_seen))
        return sighting.sighting_id

    def _return(self, track_id: str) -> None:
        link = self._links[track_id]
        if not link.ended:
            return
        sighting = self._sightings[link.sighting_id]
        # When it ends, its end is again the sighting's, even if other tracks came after it.
        self._links[track_id] = replace(link, ordinal=sighting.track_count, ended=False)
        self.events.append((SightingEventKind.RESUMED, sighting))

    def _leave(self, track_id: str, last_seen: datetime | None) -> None:
        if last_seen is not None:
            self._move_on(track_id, last_seen)
        link = self._links.get(track_id)
        if link is None or link.ended:
            return
        self._links[track_id] = replace(link, ended=True)
        self._tell_if_over(link)

    def _place(self, camera_id: str, track: TrackDecided, match: Match | None, new_id: str) -> str:
        joined = self._joinable(camera_id, track, match) if match is not None else None
        if joined is None:
            sighting = _identified(
                Sighting(
                    sighting_id=new_id,
                    camera_id=camera_id,
                    person_id=None,
                    display_name="",
                    first_seen=track.first_seen,
                    last_seen=track.last_seen,
                    similarity=0.0,
                    margin=0.0,
                    track_count=1,
                    box=track.box,
                ),
                match,
                track.box,
                self._names,
            )
            kind = SightingEventKind.STARTED
        else:
            sighting = _extended(_improved(joined, match, track.box), track.first_seen, track.last_seen)
            sighting = replace(sighting, track_count=joined.track_count + 1)
            kind = SightingEventKind.RESUMED
        self._keep(sighting)
        self._links[track.track_id] = TrackLink(track.track_id, sighting.sighting_id, sighting.track_count)
        self.events.append((kind, sighting))
        return sighting.sighting_id

    def _revise(self, camera_id: str, track: TrackDecided, match: Match | None, link: TrackLink) -> str:
        sighting = self._sightings[link.sighting_id]
        joins_another = match is not None and self._joinable(camera_id, track, match) is not None
        if sighting.track_count == 1 and not joins_another:
            revised = _identified(_extended(sighting, track.first_seen, track.last_seen), match, track.box, self._names)
            self._keep(revised)
            self.events.append((SightingEventKind.REVISED, revised))
            return revised.sighting_id
        # Other tracks share the sighting, or the person has an open one: the track moves, the sighting stays.
        if not link.ended:
            self._tell_if_over(link)
        self._keep(replace(sighting, track_count=sighting.track_count - 1))
        person_id = match.person_id if match is not None else ""
        placed = self._place(camera_id, track, match, sighting_id_of(track.track_id, person_id))
        if link.ended:
            self._leave(track.track_id, track.last_seen)
        return placed

    def _joinable(self, camera_id: str, track: TrackDecided, match: Match) -> Sighting | None:
        # Both ways: a bridge may deliver yesterday's frames after today's.
        within = [
            sighting
            for sighting in self._sightings.values()
            if sighting.camera_id == camera_id
            and sighting.person_id == match.person_id
            and sighting.track_count > 0
            and sighting.last_seen >= track.first_seen - track.visit_gap
            and sighting.first_seen <= track.last_seen + track.visit_gap
        ]
        return max(within, key=lambda sighting: (sighting.last_seen, sighting.sighting_id), default=None)

    def _move_on(self, track_id: str, last_seen: datetime) -> None:
        # A track that was never stored, its decision having been refused, has no sighting to move.
        link = self._links.get(track_id)
        if link is not None:
            sighting = self._sightings[link.sighting_id]
            self._keep(_extended(sighting, sighting.first_seen, last_seen))

    def _tell_if_over(self, link: TrackLink) -> None:
        # A track is often lost and found as a new one before the loss is noticed: then the visit goes on.
        sighting = self._sightings[link.sighting_id]
        if link.ordinal >= sighting.track_count:
            self.events.append((SightingEventKind.LEFT, sighting))

    def _keep(self, sighting: Sighting) -> None:
        self._sightings[sighting.sighting_id] = sighting


def _extended(sighting: Sighting, first_seen: datetime, last_seen: datetime) -> Sighting:
    return replace(
        sighting, first_seen=min(sighting.first_seen, first_seen), last_seen=max(sighting.last_seen, last_seen)
    )


def _improved(sighting: Sighting, match: Match | None, box: Box) -> Sighting:
    if match is None or match.similarity <= sighting.similarity:
        return sighting
    return replace(sighting, similarity=match.similarity, margin=match.margin, box=box)


def _identified(sighting: Sighting, match: Match | None, box: Box, names: Mapping[str, str]) -> Sighting:
    if match is None:
        return replace(sighting, person_id=None, display_name="", similarity=0.0, margin=0.0, box=box)
    return replace(
        sighting,
        person_id=match.person_id,
        display_name=names[match.person_id],
        similarity=match.similarity,
        margin=match.margin,
        box=box,
    )
