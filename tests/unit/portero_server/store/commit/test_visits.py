"""Which sighting a track belongs to, whatever comes in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.recording.sightings import (
    Sighting,
    SightingEventKind,
    StreamRow,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.store.commit.visits import SightingMerger, TrackLink, sighting_id_of
from tests.support.store.commits import at, commit_of, decided, left, seen

STARTED, RESUMED, REVISED, LEFT, *_ = SightingEventKind
_Seen = tuple[str, str, int, int, int]
Part = TrackDecided | TrackSeen | TrackLeft
_STREAM = StreamRow(1, "door", "e1", "s1", 0)
NAMES = {"ana": "Ana", "ben": "Ben"}


@dataclass
class Shelf:
    """What is stored between commits."""

    sightings: dict[str, Sighting] = field(default_factory=dict)
    links: dict[str, TrackLink] = field(default_factory=dict)
    events: list[tuple[SightingEventKind, str]] = field(default_factory=list)

    def commit(self, *parts: Part) -> SightingMerger:
        """Enters the parts and stores what has changed."""
        merger = SightingMerger(self.sightings.values(), self.links.values(), NAMES)
        merger.add(commit_of(_STREAM, *parts))
        self.sightings |= {sighting.sighting_id: sighting for sighting in merger.changed_sightings}
        self.links |= {link.track_id: link for link in merger.changed_links}
        self.events += [(kind, sighting.sighting_id) for kind, sighting in merger.events]
        return merger

    def person_of(self, track_id: str) -> str | None:
        """Returns whom a track is stored as."""
        return self.sightings[self.links[track_id].sighting_id].person_id


def test_strangers_never_share_a_sighting() -> None:
    """Two strangers at the same time are two sightings."""
    shelf = Shelf()
    shelf.commit(decided("t1", None, 0), decided("t2", None, 0))
    assert [sighting.track_count for sighting in shelf.sightings.values()] == [1, 1]


def test_tracks_of_one_commit_join() -> None:
    """A person lost and found within one commit is one sighting."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 5), decided("t2", "ana", 20, 25))
    (sighting,) = shelf.sightings.values()
    assert (sighting.track_count, sighting.first_seen, sighting.last_seen) == (2, at(0), at(25))


def test_late_frames_join_the_visit_that_follows_them() -> None:
    """A track from before a stored sighting, but within the gap, moves its beginning back."""
    shelf = Shelf()
    shelf.commit(decided("t2", "ana", 100, 110))
    shelf.commit(decided("t1", "ana", 30, 45))
    (sighting,) = shelf.sightings.values()
    assert (sighting.first_seen, sighting.last_seen) == (at(30), at(110))


def test_yesterdays_frames_do_not_join_todays_visit() -> None:
    """A track long before a stored sighting begins its own."""
    shelf = Shelf()
    shelf.commit(decided("t2", "ana", 90_000))
    shelf.commit(decided("t1", "ana", 0))
    assert len(shelf.sightings) == 2


def test_a_track_between_two_sightings_makes_them_one() -> None:
    """Of three tracks of one visit the middle one is decided last: the sighting seen last has them all."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 10, similarity=0.9), left("t1", 10))
    shelf.commit(decided("t3", "ana", 100, 110))
    earlier, later = sighting_id_of("t1"), sighting_id_of("t3")
    between = decided("t2", "ana", 50, 60)
    assert shelf.commit(between).merged == {earlier, later}
    stays = shelf.sightings[later]
    assert (stays.first_seen, stays.last_seen, stays.track_count, stays.similarity) == (at(0), at(110), 3, 0.9)
    assert shelf.sightings[earlier].track_count == 0
    assert {link.sighting_id for link in shelf.links.values()} == {later}
    assert shelf.events[-2:] == [(REVISED, earlier), (RESUMED, later)]
    for again in (between, decided("t1", "ana", 0, 10), decided("t3", "ana", 100, 110)):
        merger = shelf.commit(again)
        assert (merger.changed_sightings, merger.changed_links, merger.events) == ([], [], [])
    shelf.commit(left("t3", 110), left("t2", 60))
    assert shelf.events[-1] == (LEFT, later)
    assert [kind for kind, _ in shelf.events].count(LEFT) == 2


def test_a_sighting_that_becomes_part_of_another_one_ends_first() -> None:
    """Whoever followed a sighting that was not over is told its end, and that it has no tracks any more."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 10))
    shelf.commit(decided("t3", "ana", 100, 110))
    shelf.commit(decided("t2", "ana", 50, 60))
    earlier, later = sighting_id_of("t1"), sighting_id_of("t3")
    assert shelf.events[-3:] == [(LEFT, earlier), (REVISED, earlier), (RESUMED, later)]
    shelf.commit(left("t1", 10))
    assert len(shelf.events) == 5


def test_a_track_that_returns_makes_sightings_one() -> None:
    """Somebody followed on until a sighting that began meanwhile is one visit with it, and ends once more."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 10), left("t1", 10))
    shelf.commit(decided("t2", "ana", 100, 101), left("t2", 101))
    shelf.commit(decided("t1", "ana", 0, 60, returns=True))
    shelf.commit(left("t1", 61))
    earlier, later = sighting_id_of("t1"), sighting_id_of("t2")
    assert shelf.events[-3:] == [(REVISED, earlier), (RESUMED, later), (LEFT, later)]
    assert (shelf.sightings[later].track_count, shelf.links["t1"].sighting_id) == (2, later)


def test_a_revised_track_makes_sightings_one() -> None:
    """A stranger between two sightings of one person, who turns out to be that person, makes them one."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 10), decided("t2", None, 50, 60), decided("t3", "ana", 100, 110))
    shelf.commit(decided("t2", "ana", 50, 60, revises=True))
    assert {link.sighting_id for link in shelf.links.values()} == {sighting_id_of("t3")}
    assert {key for key, each in shelf.sightings.items() if each.track_count} == {sighting_id_of("t3")}


def test_whoever_is_seen_on_in_the_same_commit_is_still_there_for_a_later_track() -> None:
    """A backlog may hold both that a face was seen on, for long, and the next track: that one joins."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, 5))
    shelf.commit(decided("t2", "ana", 100), seen("t1", 50))
    shelf.commit(decided("t3", "ben", 0, 5), decided("t4", "ben", 100), seen("t3", 50))
    assert [each.track_count for each in shelf.sightings.values()] == [2, 2]


def test_a_track_may_come_back_to_the_sighting_that_it_left() -> None:
    """Revised to and fro, a track resumes the sighting it had begun; one left to somebody else stays theirs."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0), decided("t2", "ana", 5))
    ben = sighting_id_of("t2", "ben")
    for person in ("ben", "ana", "ben"):
        shelf.commit(decided("t2", person, 5, revises=True))
    assert shelf.links["t2"].sighting_id == ben
    assert [kind for kind, key in shelf.events if key == ben] == [STARTED, LEFT, RESUMED]
    shelf.commit(decided("t3", "ben", 6), decided("t2", "ana", 5, revises=True))
    shelf.sightings[ben] = replace(shelf.sightings[ben], person_id=None, display_name="")
    shelf.commit(decided("t2", "ben", 5, revises=True))
    assert shelf.sightings[ben].track_count == 1
    assert shelf.person_of("t2") == "ben"


def test_the_better_answer_describes_the_sighting() -> None:
    """Similarity, margin and box are those of the most alike track."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0, similarity=0.7))
    shelf.commit(decided("t2", "ana", 1, similarity=0.9))
    shelf.commit(decided("t3", "ana", 2, similarity=0.8))
    (sighting,) = shelf.sightings.values()
    assert sighting.similarity == 0.9


def test_a_lone_track_revised_changes_its_sighting() -> None:
    """A stranger named afterward is the same sighting, revised."""
    shelf = Shelf()
    shelf.commit(decided("t1", None, 0))
    shelf.commit(decided("t1", "ana", 0, 2, revises=True))
    (sighting,) = shelf.sightings.values()
    assert (sighting.person_id, sighting.display_name, sighting.last_seen) == ("ana", "Ana", at(2))
    assert shelf.events == [(STARTED, sighting.sighting_id), (REVISED, sighting.sighting_id)]


def test_a_shared_sighting_is_left_by_a_revised_track() -> None:
    """A track that turns out to be somebody else leaves the sighting to the others and begins its own."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0), left("t1", 1))
    shelf.commit(decided("t2", "ana", 5))
    shelf.commit(decided("t2", "ben", 5, revises=True))
    ana, ben = sighting_id_of("t1"), sighting_id_of("t2", "ben")
    assert shelf.events == [(STARTED, ana), (LEFT, ana), (RESUMED, ana), (LEFT, ana), (STARTED, ben)]
    assert (shelf.sightings[ana].track_count, shelf.person_of("t2")) == (1, "ben")


def test_the_founding_track_can_leave() -> None:
    """Revising the track that began a shared sighting does not touch the sighting of that name."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0), decided("t2", "ana", 5))
    shelf.commit(decided("t1", None, 0, revises=True))
    assert (shelf.person_of("t1"), shelf.person_of("t2")) == (None, "ana")
    assert [sighting.track_count for sighting in shelf.sightings.values()] == [1, 1]


def test_a_first_decision_stands_against_a_replay() -> None:
    """A replayed track that is answered differently keeps its sighting."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0))
    merger = shelf.commit(decided("t1", "ben", 0, similarity=0.99))
    assert shelf.person_of("t1") == "ana"
    assert (merger.changed_sightings, merger.events) == ([], [])


def test_a_replay_names_who_was_stored_without_an_answer() -> None:
    """A stranger for lack of an answer, whose frames come again and are answered now, joins the person's visit."""
    shelf = Shelf()
    shelf.commit(decided("t2", None, 5, 6))
    again = decided("t1", "ana", 0, 1), decided("t2", "ana", 5, 6)
    shelf.commit(*again)
    assert shelf.links["t1"].sighting_id == shelf.links["t2"].sighting_id
    assert shelf.person_of("t2") == "ana"
    merger = shelf.commit(*again)
    assert (merger.changed_sightings, merger.changed_links, merger.events) == ([], [], [])
    shelf.commit(decided("t2", None, 5, 6))
    assert shelf.person_of("t2") == "ana"


def test_leaves_when_the_last_track_ends() -> None:
    """A track lost and found as another one ends without the visit ending; the visit ends once."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0), decided("t2", "ana", 3))
    shelf.commit(left("t1", 2))
    assert LEFT not in [kind for kind, _ in shelf.events]
    shelf.commit(left("t2", 9), left("t2", 9))
    assert [kind for kind, _ in shelf.events].count(LEFT) == 1


def test_a_track_revised_after_its_end_leaves_its_new_sighting_too() -> None:
    """An answer that comes after the face has gone does not leave a visit open."""
    shelf = Shelf()
    shelf.commit(decided("t1", "ana", 0), decided("t2", "ana", 5), left("t2", 6))
    shelf.commit(decided("t2", "ben", 5, 6, revises=True))
    assert shelf.events[-2:] == [(STARTED, sighting_id_of("t2", "ben")), (LEFT, sighting_id_of("t2", "ben"))]


def test_a_track_that_returns_goes_on_in_its_sighting() -> None:
    """Whoever was told to have left and is seen again is the same visit, which resumes once and ends once more."""
    shelf = Shelf()
    shelf.commit(decided("t1", None, 0, 5), left("t1", 5))
    for _ in range(2):
        shelf.commit(decided("t1", None, 0, 30, returns=True))
    shelf.commit(left("t1", 31))
    (sighting,) = shelf.sightings.values()
    assert [kind for kind, _ in shelf.events] == [STARTED, LEFT, RESUMED, LEFT]
    assert (sighting.track_count, sighting.last_seen) == (1, at(31))


def test_a_return_that_ended_again_is_not_told() -> None:
    """Back and gone within one commit moves the end of the visit, and nothing is told of it, however often entered."""
    shelf = Shelf()
    shelf.commit(decided("t1", None, 0, 5), left("t1", 5))
    for _ in range(2):
        shelf.commit(decided("t1", None, 0, 30, returns=True), left("t1", 30))
    (sighting,) = shelf.sightings.values()
    assert [kind for kind, _ in shelf.events] == [STARTED, LEFT]
    assert sighting.last_seen == at(30)


_tracks = st.sampled_from([f"t{number}" for number in range(6)])
_moments = st.integers(0, 400)
_people = st.sampled_from([None, "ana", "ben", "erased"])
_parts = st.one_of(
    st.builds(
        lambda track, person, first, length, revises, returns: decided(
            track, person, first, first + length, revises=revises, returns=returns
        ),
        _tracks,
        _people,
        _moments,
        st.integers(0, 50),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(seen, _tracks, _moments),
    st.builds(left, _tracks, _moments),
)
_history = st.lists(st.lists(_parts, max_size=6), max_size=8)


@settings(max_examples=150, deadline=None)
@given(_history)
def test_every_track_is_counted_once(history: Sequence[Sequence[Part]]) -> None:
    """However tracks are decided, revised, seen and left: each belongs to one sighting, of its own person."""
    shelf = Shelf()
    decisions: dict[str, str | None] = {}
    for parts in history:
        shelf.commit(*parts)
        for part in {part.track_id: part for part in parts if isinstance(part, TrackDecided)}.values():
            if part.revises or decisions.get(part.track_id) is None:
                person = part.match.person_id if part.match is not None else None
                decisions[part.track_id] = person if person in NAMES else None
    assert {track: shelf.person_of(track) for track in shelf.links} == decisions
    counts = dict.fromkeys(shelf.sightings, 0)
    for link in shelf.links.values():
        counts[link.sighting_id] += 1
    assert {key: sighting.track_count for key, sighting in shelf.sightings.items()} == counts
    strangers = [sighting for sighting in shelf.sightings.values() if sighting.person_id is None]
    assert all(sighting.track_count <= 1 for sighting in strangers)


@settings(max_examples=100, deadline=None)
@given(_history, st.lists(_parts, max_size=6))
def test_a_repeated_commit_changes_nothing(history: Sequence[Sequence[Part]], last: Sequence[Part]) -> None:
    """The last commit entered again gives no changes and no events."""
    shelf = Shelf()
    for parts in history:
        shelf.commit(*parts)
    shelf.commit(*last)
    again = shelf.commit(*last)
    assert (again.changed_sightings, again.changed_links, again.events) == ([], [], [])


@settings(max_examples=100, deadline=None)
@given(_history)
def test_time_only_moves_outwards(history: Sequence[Sequence[Part]]) -> None:
    """No commit makes a sighting begin later or end earlier than it was stored."""
    shelf = Shelf()
    for parts in history:
        before = dict(shelf.sightings)
        shelf.commit(*parts)
        for key, sighting in before.items():
            if sighting.track_count == 0:
                # Its tracks belong to others; one that comes back to it begins it anew.
                continue
            assert shelf.sightings[key].first_seen <= sighting.first_seen
            assert shelf.sightings[key].last_seen >= sighting.last_seen


_presences = st.lists(
    st.tuples(st.sampled_from(["ana", "ben"]), _moments, st.integers(0, 50), st.integers(0, 50)), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(_presences, st.randoms(use_true_random=False))
def test_one_visit_is_one_sighting_whatever_is_decided_first(
    presences: Sequence[tuple[str, int, int, int]], chance: Random
) -> None:
    """Tracks that are seen on with their decision are joined as their times say, in any order and any commits."""
    shelf = Shelf()
    tracks = [(f"t{number}", *presence) for number, presence in enumerate(presences)]
    for batch in _batches(tracks, chance):
        decisions = [decided(name, person, first, first + length) for name, person, first, length, _ in batch]
        shelf.commit(*decisions, *(seen(name, first + length + on) for name, _, first, length, on in batch))
    spans = {name: (person, at(first), at(first + length + on)) for name, person, first, length, on in tracks}
    stored: dict[str, set[str]] = {}
    for track_id, link in shelf.links.items():
        stored.setdefault(link.sighting_id, set()).add(track_id)
    assert {frozenset(each) for each in stored.values()} == _visits(spans)
    for key, members in stored.items():
        sighting = shelf.sightings[key]
        assert sighting.first_seen == min(spans[each][1] for each in members)
        assert sighting.last_seen == max(spans[each][2] for each in members)
        ordinals = [shelf.links[each].ordinal for each in members]
        assert sorted(ordinals) == list(range(1, sighting.track_count + 1))
    for key, sighting in shelf.sightings.items():
        told = [kind for kind, name in shelf.events if name == key]
        assert told.count(STARTED) == 1
        assert (sighting.track_count == 0) == (LEFT in told)
        assert (sighting.track_count == 0) == (REVISED in told)


def _batches(tracks: Sequence[_Seen], chance: Random) -> list[list[_Seen]]:
    batches: list[list[_Seen]] = [[]]
    for track in chance.sample(tracks, len(tracks)):
        if chance.random() < 0.6:
            batches.append([])
        batches[-1].append(track)
    return batches


def _visits(spans: dict[str, tuple[str, datetime, datetime]]) -> set[frozenset[str]]:
    visits: list[set[str]] = []
    until: dict[str, tuple[datetime, set[str]]] = {}
    for track_id, (person, first, last) in sorted(spans.items(), key=lambda each: each[1][1]):
        end, visit = until.get(person, (None, set()))
        if end is None or first - end > timedelta(seconds=60):
            visit = set()
            visits.append(visit)
            end = last
        visit.add(track_id)
        until[person] = (max(end, last), visit)
    return {frozenset(visit) for visit in visits}
