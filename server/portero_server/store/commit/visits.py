"""Decides in memory which sighting a track belongs to and how sightings change; the result is written afterward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import Sighting, SightingEventKind, StreamCommit, TrackDecided
from portero_server.domain.recording.visits import extended, united

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


@dataclass(frozen=True, slots=True)
class JoinWindow:
    """When the sightings are of a person at a camera that a decided track may join.

    Attributes:
        first_seen: When the track was seen first.
        earliest, latest: A sighting must end at or after `earliest` and begin at or before `latest`.
    """

    camera_id: str
    person_id: str
    first_seen: datetime
    earliest: datetime
    latest: datetime

    def holds(self, sighting: Sighting) -> bool:
        """Whether a sighting may be joined."""
        return self._is_of(sighting) and sighting.last_seen >= self.earliest and sighting.first_seen <= self.latest

    def begins_before(self, sighting: Sighting) -> bool:
        """Whether a sighting that begins within the window does so after the track: an earlier one may be joined too.

        Sightings of one person at one camera are farther apart than the visit gap. So a track that begins after the
        latest sighting can join that one only.
        """
        return self._is_of(sighting) and self.first_seen < sighting.first_seen <= self.latest

    def _is_of(self, sighting: Sighting) -> bool:
        same = sighting.person_id == self.person_id and sighting.camera_id == self.camera_id
        return same and sighting.track_count > 0


def join_windows(parts: Iterable[StreamCommit]) -> list[JoinWindow]:
    """Returns the window of every named track that is decided."""
    return [
        _join_window(part.camera_id, track, track.match)
        for part in parts
        if part.decided
        for track in _decisions(part)
        if track.match is not None
    ]


def windows_before(windows: Iterable[JoinWindow], sightings: Iterable[Sighting]) -> list[JoinWindow]:
    """Returns the windows of tracks that begin before one of these sightings, and may join earlier ones, too."""
    found: dict[tuple[str, str | None], list[Sighting]] = {}
    for sighting in sightings:
        found.setdefault((sighting.camera_id, sighting.person_id), []).append(sighting)
    return [
        window
        for window in windows
        if any(map(window.begins_before, found.get((window.camera_id, window.person_id), ())))
    ]


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
        self.merged: set[str] = set()
        """Sightings that became one with others. The merger must be given all their links, or be made again with them:
        the others' tracks move to the one that stays."""

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

    def add_all(self, parts: Iterable[StreamCommit]) -> dict[str, str]:
        """Adds the findings of streams. Returns the sighting id of every track decided."""
        decided = [track_id for part in parts for track_id in self.add(part)]
        # A later part may have merged the sightings of an earlier one.
        return {track_id: self._links[track_id].sighting_id for track_id in decided}

    def add(self, part: StreamCommit) -> Mapping[str, str]:
        """Adds the findings of one stream. Returns the sighting id of every track decided."""
        if not (part.decided or part.seen or part.left):
            return {}
        decisions = {track.track_id: track for track in _decisions(part)}
        # First of all, as these frames may be earlier than a decision: its track may only join what lasts until then.
        for track_id, last_seen in _presences(part):
            if track_id not in decisions:
                self._move_on(track_id, last_seen)
        for track in decisions.values():
            self._decide(part.camera_id, track)
        # A track that returned and left within one commit emits no RESUMED event.
        gone = {left.track_id for left in part.left}
        for track_id in dict.fromkeys(track.track_id for track in part.decided if track.returns):
            if track_id not in gone:
                self._return(track_id)
        for left in part.left:
            self._leave(left.track_id)
        return {track_id: self._links[track_id].sighting_id for track_id in decisions}

    def _decide(self, camera_id: str, track: TrackDecided) -> None:
        match = track.match if track.match is not None and track.match.person_id in self._names else None
        link = self._links.get(track.track_id)
        if link is None:
            self._place(camera_id, track, match, sighting_id_of(track.track_id))
            return
        sighting = self._sightings[link.sighting_id]
        if sighting.reviewed:
            # A person has said whose it is.
            self._keep(extended(sighting, track.first_seen, track.last_seen))
            return
        person_id = match.person_id if match is not None else None
        found_late = sighting.person_id is None and match is not None
        if found_late or (track.revises and sighting.person_id != person_id):
            self._revise(camera_id, track, match, link)
            return
        # When a frame is replayed, the first name stands, whatever the engine answers now.
        match = match if sighting.person_id == person_id else None
        self._keep(extended(_improved(sighting, match, track.box), track.first_seen, track.last_seen))
        if match is not None:
            self._joined(self._joinable(camera_id, track, match))

    def _return(self, track_id: str) -> None:
        link = self._links[track_id]
        if not link.ended:
            return
        sighting = self._sightings[link.sighting_id]
        # When it ends, its end is again the sighting's, even if other tracks came after it.
        self._links[track_id] = replace(link, ordinal=sighting.track_count, ended=False)
        self.events.append((SightingEventKind.RESUMED, sighting))

    def _leave(self, track_id: str) -> None:
        link = self._links.get(track_id)
        if link is None or link.ended:
            return
        self._links[track_id] = replace(link, ended=True)
        self._tell_if_over(link)

    def _place(self, camera_id: str, track: TrackDecided, match: Match | None, new_id: str) -> None:
        joined = self._joined(self._joinable(camera_id, track, match)) if match is not None else None
        if joined is None:
            while (begun := self._sightings.get(new_id)) is not None and begun.track_count > 0:
                # The track had begun it and left it to others, who are somebody else since: after an erasure.
                new_id = sighting_id_of(new_id)
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
            if new_id in self._sightings:
                # The track had begun it before, and left it: watchers know it.
                kind = SightingEventKind.RESUMED
        else:
            sighting = extended(_improved(joined, match, track.box), track.first_seen, track.last_seen)
            sighting = replace(sighting, track_count=joined.track_count + 1)
            kind = SightingEventKind.RESUMED
        self._keep(sighting)
        self._links[track.track_id] = TrackLink(track.track_id, sighting.sighting_id, sighting.track_count)
        self.events.append((kind, sighting))

    def _revise(self, camera_id: str, track: TrackDecided, match: Match | None, link: TrackLink) -> None:
        sighting = self._sightings[link.sighting_id]
        joins_another = match is not None and bool(self._joinable(camera_id, track, match))
        if sighting.track_count == 1 and not joins_another:
            revised = _identified(extended(sighting, track.first_seen, track.last_seen), match, track.box, self._names)
            self._keep(revised)
            self.events.append((SightingEventKind.REVISED, revised))
            return
        # Other tracks share the sighting, or the person has an open one: the track moves, the sighting stays.
        if not link.ended:
            self._tell_if_over(link)
        self._keep(replace(sighting, track_count=sighting.track_count - 1))
        person_id = match.person_id if match is not None else ""
        self._place(camera_id, track, match, sighting_id_of(track.track_id, person_id))
        if link.ended:
            self._leave(track.track_id)

    def _joinable(self, camera_id: str, track: TrackDecided, match: Match) -> list[Sighting]:
        # Both ways: a bridge may deliver yesterday's frames after today's.
        window = _join_window(camera_id, track, match)
        within = [sighting for sighting in self._sightings.values() if window.holds(sighting)]
        return sorted(within, key=lambda sighting: (sighting.last_seen, sighting.sighting_id))

    def _joined(self, sightings: Sequence[Sighting]) -> Sighting | None:
        """Makes one sighting of those that a track lies between, and returns it; None if there are none.

        The one seen last stays: its tracks may still be open, so that bridges and boards hold its name. The others keep
        no track and are told to be revised, after their end if that was not told yet.
        """
        if len(sightings) < 2:
            return sightings[0] if sightings else None
        *others, stays = sightings
        self.merged.update(sighting.sighting_id for sighting in sightings)
        # Those of the sighting that stays come last, so that its end is the end of all.
        links = [link for sighting in sightings for link in self._links_of(sighting)]
        for other in others:
            own = self._links_of(other)
            if own and not own[-1].ended:
                self.events.append((SightingEventKind.LEFT, other))
            retired = replace(other, track_count=0)
            self._keep(retired)
            self.events.append((SightingEventKind.REVISED, retired))
            stays = united(stays, other)
        self._keep(stays)
        for ordinal, link in enumerate(links, 1):
            self._links[link.track_id] = replace(link, sighting_id=stays.sighting_id, ordinal=ordinal)
        return stays

    def _links_of(self, sighting: Sighting) -> list[TrackLink]:
        own = [link for link in self._links.values() if link.sighting_id == sighting.sighting_id]
        # One that returned has the place of the last one, and is open.
        return sorted(own, key=lambda link: (link.ordinal, not link.ended, link.track_id))

    def _move_on(self, track_id: str, last_seen: datetime) -> None:
        # A track that was never stored, its decision having been refused, has no sighting to move.
        link = self._links.get(track_id)
        if link is not None:
            sighting = self._sightings[link.sighting_id]
            self._keep(extended(sighting, sighting.first_seen, last_seen))

    def _tell_if_over(self, link: TrackLink) -> None:
        # A track is often lost and found as a new one before the loss is noticed: then the visit goes on.
        sighting = self._sightings[link.sighting_id]
        if link.ordinal >= sighting.track_count:
            self.events.append((SightingEventKind.LEFT, sighting))

    def _keep(self, sighting: Sighting) -> None:
        self._sightings[sighting.sighting_id] = sighting


def _decisions(part: StreamCommit) -> list[TrackDecided]:
    """Returns what is decided about each track, which lasts until the part sees it last."""
    # Of several decisions about a track only the last one counts: a commit entered twice would else go to and fro.
    decisions = {track.track_id: track for track in part.decided}
    for track_id, last_seen in _presences(part) if decisions else ():
        track = decisions.get(track_id)
        if track is not None and last_seen > track.last_seen:
            decisions[track_id] = replace(track, last_seen=last_seen)
    return list(decisions.values())


def _presences(part: StreamCommit) -> list[tuple[str, datetime]]:
    seen = [(each.track_id, each.last_seen) for each in part.seen]
    return seen + [(each.track_id, each.last_seen) for each in part.left if each.last_seen is not None]


def _join_window(camera_id: str, track: TrackDecided, match: Match) -> JoinWindow:
    gap = track.visit_gap
    return JoinWindow(camera_id, match.person_id, track.first_seen, track.first_seen - gap, track.last_seen + gap)


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
