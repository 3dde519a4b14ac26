"""What is recorded and told of tracks, in order, until somebody takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.sightings import (
    IdentityChecked,
    Recognition,
    StreamEvent,
    TrackBegan,
    TrackDecided,
    TrackDecision,
    TrackEnd,
    TrackLeft,
    TrackRejoined,
    TrackSeen,
    TrackTold,
)
from portero_server.domain.streams.messages import Directive, NamedMatch, Timing, TrackUpdate, advice_for
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.reasons import reason_of
from portero_server.domain.tracking.track import Track, TrackState

_OPEN = (TrackState.PROVISIONAL, TrackState.DOUBTED)


class TrackEvents:
    """Gathers the events of one camera's tracks, with the names of the people on them."""

    def __init__(self, policy: TrackPolicy) -> None:
        """Begins empty; `policy` says which defects of its pictures make a face unknown."""
        self._policy = policy
        self._events: list[StreamEvent] = []
        self._names: dict[str, NamedMatch] = {}
        self._visitors: dict[str, str] = {}

    def take(self) -> list[StreamEvent]:
        """Returns what was gathered since it was last called."""
        events, self._events = self._events, []
        return events

    # --- Names ----------------------------------------------------------------------------------

    @property
    def people(self) -> Iterable[str]:
        """The ids of the people whose names are held."""
        return self._names.keys()

    def name(self, match: Match, display_name: str) -> None:
        """Records the display name of a matched person."""
        self._names[match.person_id] = NamedMatch(match, display_name)

    def recall(self, tracks: Iterable[Track], names: Mapping[str, str]) -> None:
        """Records the display names of the people on tracks that continue."""
        for track in tracks:
            if track.match is not None:
                self.name(track.match, names[track.match.person_id])

    def forget(self, people: Iterable[str]) -> None:
        """Removes the names of people."""
        for person_id in people:
            self._names.pop(person_id, None)

    # --- What happens to a track ----------------------------------------------------------------

    def recognized(self, recognition: Recognition) -> None:
        """A call was answered, or failed."""
        self._events.append(recognition)

    def checked(self, candidate: Track, result: str) -> None:
        """A candidate's face was compared, or could not be."""
        self._events.append(IdentityChecked(candidate.doubt, result))

    def began(self, track: Track) -> None:
        """A face is followed that nobody was where it is."""
        self._events.append(TrackBegan(self._update(track, TrackState.PROVISIONAL)))

    def seen(self, track: Track) -> None:
        """A track that may be stored was seen."""
        self._events.append(TrackSeen(track.track_id, track.last_seen, track.last_sequence))

    def doubted(self, track: Track) -> None:
        """Another face may be where a track was; it is told as it was when it was last sure, without a name."""
        self._events.append(TrackTold(replace(self._update(track, TrackState.DOUBTED), named=None, provisional=None)))

    def reconsidered(self, track: Track) -> None:
        """A track got a provisional name, or lost it; what is stored of it does not change."""
        unsure = track.evidence is not None or not track.decided
        self._events.append(TrackTold(self._update(track, TrackState.PROVISIONAL if unsure else TrackState.CONFIRMED)))

    def known_as(self, track: Track, visitor_id: str) -> None:
        """A track that is nobody's was known again as a visitor, or is a new one."""
        self._visitors[track.track_id] = visitor_id
        self.reconsidered(track)

    def forget_visitor(self, track: Track) -> None:
        """Forgets which visitor a track is."""
        self._visitors.pop(track.track_id, None)

    def rejoined(self, candidate: Track, track: Track) -> None:
        """A candidate is the face of a track, which continues."""
        if not candidate.continues:
            # The bridge was told of it as of a new face.
            self._events.append(TrackTold(self._update(candidate, TrackState.CLOSED)))
        self._events.append(TrackRejoined(candidate.track_id, track.track_id, track.decided))
        state = TrackState.CONFIRMED if track.decided else TrackState.PROVISIONAL
        if not track.absent:
            self._events.append(TrackTold(self._update(track, state)))

    def decided(
        self, track: Track, visit_gap: timedelta, *, timing: Timing | None, revises: bool, returns: bool = False
    ) -> None:
        """A track was decided, for the first time or again, or is seen again after it was reported as left."""
        decided = TrackDecided(
            track_id=track.track_id,
            match=track.match,
            first_seen=track.first_seen,
            last_seen=track.last_seen,
            box=track.box,
            visit_gap=visit_gap,
            revises=revises,
            returns=returns,
            sequence=track.last_sequence,
        )
        state = TrackState.REVISED if revises and not returns else TrackState.CONFIRMED
        self._events.append(TrackDecision(decided, self._update(track, state, timing)))
        if track.match is None and (advice := advice_for(track.best_quality)) is not None:
            self._events.append(Directive(advice))

    def left(self, track: Track, *, replaced: bool = False) -> None:
        """A track has ended, or is reported as left; `replaced`: another face was found in its place."""
        if not track.decided:
            # An earlier session may have stored it. The database may refuse its end, which is then written undated.
            self.seen(track)
        left = TrackLeft(track.track_id, track.last_seen, track.last_sequence)
        update = replace(self._update(track, TrackState.CLOSED), replaced=replaced)
        self._events.append(TrackEnd(left, update))

    def _update(self, track: Track, state: TrackState, timing: Timing | None = None) -> TrackUpdate:
        evidence = track.evidence if track.match is None else None
        return TrackUpdate(
            track_id=track.track_id,
            state=state,
            sequence=track.last_sequence,
            box=track.box,
            named=self._named(track.match),
            provisional=self._named(None if evidence is None else evidence.match),
            reason=None if state in _OPEN else reason_of(track, self._policy),
            first_seen=track.first_seen,
            last_seen=track.last_seen,
            timing=timing,
            visitor_id=self._visitors.get(track.track_id) if track.match is None else None,
        )

    def _named(self, match: Match | None) -> NamedMatch | None:
        if match is None:
            return None
        known = self._names.get(match.person_id)
        return NamedMatch(match, known.display_name if known is not None else "")
