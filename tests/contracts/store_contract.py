"""What every store of streams must do: the real one on each database, and the fakes that tests build on.

Each store's test makes a subclass and gives it a `case`. Whoever finds that a fake and the real store differ adds the
difference here first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import permutations

import pytest

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamCommit, StreamRow, TrackLeft
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.streaming.orphans import FollowedStreams
from portero_server.streaming.recorder import CommitStore
from portero_server.streaming.registry import StreamSource
from tests.support.store.commits import BOX, at, commit_of, decided, left, recognition, seen

NOBODY = "deleted"
"""A person whom no store may name."""
ANA = OpenTrack("t1", 3, at(1), 9, at(2.5), BOX, 4, True, 0, 1, 0.75, Match("ana", 0.75, 0.25), ("t2",))
STRANGER = OpenTrack("t2", 4, at(1.5), 8, at(2.25), BOX, 2, False, 3, absent=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What a store keeps of one stream."""

    durable_sequence: int
    outcomes: Counter[FrameOutcome]
    open_tracks: tuple[OpenTrack, ...]


@dataclass(frozen=True, slots=True)
class StoreCase:
    """An empty store that may name "ana" and "ben", but not NOBODY.

    Attributes:
        streams: Opens streams.
        orphans: Tells which are followed; most often the same object.
        commits: Where commits go; most often the same object.
        written: Returns what is stored of a stream, by its id.
    """

    streams: StreamSource
    orphans: FollowedStreams
    commits: CommitStore
    written: Callable[[int], Awaitable[Written]]

    async def moved(self, stream: StreamRow, sequence: int, *tracks: OpenTrack) -> StreamRow:
        """Commits that a stream has come to `sequence` with a stranger decided and these open tracks."""
        outcomes = {FrameOutcome.EMPTY: sequence - stream.durable_sequence}
        commit = commit_of(stream, decided("t1", None, 1), sequence=sequence)
        await self.commits.commit([replace(commit, outcomes=outcomes, open_tracks=tracks)])
        return replace(stream, durable_sequence=sequence)


class StoreContract:
    """The tests. A subclass overrides `case`."""

    @pytest.fixture
    async def case(self) -> StoreCase:
        """Returns the case; a subclass overrides it."""
        raise NotImplementedError

    async def test_a_stream_begins_at_its_beginning(self, case: StoreCase) -> None:
        """A new stream is its session's, with nothing durable, nothing counted and nobody followed."""
        stream = await case.streams.open("door", "e1", "s1")
        assert (stream.camera_id, stream.epoch, stream.session) == ("door", "e1", "s1")
        assert stream.open_tracks == ()
        assert await case.written(stream.stream_id) == Written(0, Counter(), ())

    async def test_streams_are_told_apart_by_camera_and_epoch(self, case: StoreCase) -> None:
        """Each epoch of each camera is a stream of its own; the same again is the same stream."""
        opened = [("door", "e1"), ("door", "e2"), ("desk", "e1"), ("door", "e1")]
        rows = [await case.streams.open(camera, epoch, f"s{turn}") for turn, (camera, epoch) in enumerate(opened)]
        ids = [row.stream_id for row in rows]
        assert len(set(ids)) == 3
        assert ids[0] == ids[3]

    async def test_the_next_session_goes_on_where_the_stream_is_durable(self, case: StoreCase) -> None:
        """Whoever opens a stream again is told its watermark."""
        await case.moved(await case.streams.open("door", "e1", "s1"), 9)
        assert (await case.streams.open("door", "e1", "s2")).durable_sequence == 9

    async def test_an_earlier_session_writes_nothing(self, case: StoreCase) -> None:
        """A session is superseded by the next one of its stream; of its commits nothing is kept."""
        first = await case.streams.open("door", "e1", "s1")
        await case.streams.open("door", "e1", "s2")
        late = replace(_counting(first, 5), decided=(decided("t1", "ana", 1),), open_tracks=(ANA,))
        result = await case.commits.commit([late])
        assert result.superseded == {"s1"}
        assert not result.sighting_of
        assert result.last_position is None
        assert await case.written(first.stream_id) == Written(0, Counter(), ())

    async def test_a_new_epoch_supersedes_the_camera_s_earlier_ones(self, case: StoreCase) -> None:
        """The session of an earlier epoch writes nothing more; another camera's does."""
        first, other = await case.streams.open("door", "e1", "s1"), await case.streams.open("desk", "e1", "s2")
        await case.streams.open("door", "e2", "s3")
        result = await case.commits.commit([_counting(first, 5), _counting(other, 5)])
        assert result.superseded == {"s1"}
        assert (await case.written(first.stream_id)).durable_sequence == 0
        assert (await case.written(other.stream_id)).durable_sequence == 5

    async def test_a_superseded_session_does_not_take_the_others_with_it(self, case: StoreCase) -> None:
        """Of one group, the parts of sessions that own their streams are written."""
        first, other = await case.streams.open("door", "e1", "s1"), await case.streams.open("desk", "e1", "s2")
        second = await case.streams.open("door", "e1", "s3")
        result = await case.commits.commit([_counting(first, 5), _counting(other, 6)])
        assert result.superseded == {"s1"}
        assert (await case.written(second.stream_id)).durable_sequence == 0
        assert await case.written(other.stream_id) == Written(6, Counter({FrameOutcome.EMPTY: 6}), ())

    async def test_the_session_of_a_stream_that_is_gone_is_superseded(self, case: StoreCase) -> None:
        """Nobody owns a stream that is not there."""
        stream = await case.streams.open("door", "e1", "s1")
        gone = replace(_counting(stream, 5), stream_id=stream.stream_id + 1000)
        assert (await case.commits.commit([gone])).superseded == {"s1"}

    async def test_a_watermark_never_goes_back(self, case: StoreCase) -> None:
        """A commit that tells of an earlier watermark leaves the later one, and counts nothing."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9)
        result = await case.commits.commit([replace(_counting(stream, 5), outcomes={FrameOutcome.EMPTY: 5})])
        assert result.superseded == frozenset()
        assert await case.written(stream.stream_id) == Written(9, Counter({FrameOutcome.EMPTY: 9}), ())

    async def test_repeating_a_commit_changes_nothing(self, case: StoreCase) -> None:
        """Handed in again, a commit gives the same sightings, no event, and leaves what is stored as it was."""
        stream = await case.streams.open("door", "e1", "s1")
        commit = replace(
            commit_of(
                stream,
                decided("t1", "ana", 1),
                decided("t2", None, 1),
                seen("t1", 9),
                left("t2", 5),
                sequence=10,
                recognitions=[recognition("r1", "t1", "ana")],
            ),
            outcomes={FrameOutcome.WITH_FACES: 7, FrameOutcome.REJECTED: 3},
            open_tracks=(ANA, STRANGER),
        )
        first = await case.commits.commit([commit])
        stored = await case.written(stream.stream_id)
        again = await case.commits.commit([commit])
        assert again.sighting_of == first.sighting_of
        assert again.superseded == frozenset()
        assert (first.last_position is None, again.last_position) == (False, None)
        assert await case.written(stream.stream_id) == stored
        assert stored.outcomes == {FrameOutcome.WITH_FACES: 7, FrameOutcome.REJECTED: 3}

    async def test_frames_that_come_again_are_counted_whenever_they_come(self, case: StoreCase) -> None:
        """REPLAYED counts arrivals below the watermark, which moves by none of them."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9)
        for _ in range(2):
            await case.commits.commit([replace(commit_of(stream), outcomes={FrameOutcome.REPLAYED: 4})])
        outcomes = Counter({FrameOutcome.EMPTY: 9, FrameOutcome.REPLAYED: 8})
        assert await case.written(stream.stream_id) == Written(9, outcomes, ())

    async def test_only_what_was_not_as_claimed_is_told_as_found(self, case: StoreCase) -> None:
        """A commit whose stream stood where it says tells of no watermark; one that was written before tells it."""
        stream = await case.streams.open("door", "e1", "s1")
        assert (await case.commits.commit([_counting(stream, 5)])).found == {}
        assert (await case.commits.commit([_counting(stream, 5)])).found == {stream.stream_id: 5}
        moved = replace(stream, durable_sequence=5)
        assert (await case.commits.commit([commit_of(moved, decided("t1", None, 1))])).found == {}

    async def test_events_are_told_by_the_last_one_s_position(self, case: StoreCase) -> None:
        """Positions grow with what happens to sightings; a commit in which nothing does has none."""
        stream = await case.streams.open("door", "e1", "s1")
        assert (await case.commits.commit([_counting(stream, 5)])).last_position is None
        moved = replace(stream, durable_sequence=5)
        came = await case.commits.commit([commit_of(moved, decided("t1", "ana", 1), decided("t2", None, 1))])
        went = await case.commits.commit([commit_of(moved, left("t1", 5))])
        assert came.last_position is not None
        assert went.last_position == came.last_position + 1
        assert (await case.commits.commit([commit_of(moved, seen("t2", 5))])).last_position is None

    async def test_one_visit_is_one_sighting(self, case: StoreCase) -> None:
        """Tracks of one person within the gap share a sighting; strangers never do."""
        stream = await case.streams.open("door", "e1", "s1")
        tracks = [decided("t1", "ana", 0, 10), decided("t2", "ana", 70), decided("t3", "ana", 200)]
        strangers = [decided("t4", None, 0), decided("t5", None, 1)]
        sighting_of = (await case.commits.commit([commit_of(stream, *tracks, *strangers)])).sighting_of
        assert sighting_of["t1"] == sighting_of["t2"]
        assert len(set(sighting_of.values())) == 4

    @pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
    async def test_one_visit_is_one_sighting_whatever_is_decided_first(
        self, case: StoreCase, order: tuple[int, ...]
    ) -> None:
        """A track that lies between two sightings of its person makes them one; entered again, nothing changes."""
        stream = await case.streams.open("door", "e1", "s1")
        tracks = [decided("t0", "ana", 0, 10), decided("t1", "ana", 60), decided("t2", "ana", 110, 120)]
        for number in order:
            await case.commits.commit([commit_of(stream, tracks[number], TrackLeft(f"t{number}", None))])
        again = await case.commits.commit([commit_of(stream, *tracks, left("t0", 10))])
        assert len(set(again.sighting_of.values())) == 1
        assert again.last_position is None

    async def test_sightings_far_from_each_other_become_one_by_all_that_is_between(self, case: StoreCase) -> None:
        """A track that was seen for long makes one of all sightings that it was there with, and of no others."""
        stream = await case.streams.open("door", "e1", "s1")
        tracks = [decided(f"t{number}", "ana", 100 * number, 100 * number + 5) for number in range(6)]
        await case.commits.commit([commit_of(stream, *tracks, decided("t6", "ben", 200), decided("t7", None, 200))])
        long = decided("t8", "ana", 130, 350)
        sighting_of = (await case.commits.commit([commit_of(stream, *tracks, long)])).sighting_of
        assert [sighting_of[f"t{number}"] == sighting_of["t8"] for number in range(6)] == [False, *[True] * 4, False]
        others = commit_of(stream, decided("t6", "ben", 200), decided("t7", None, 200))
        assert sighting_of["t8"] not in (await case.commits.commit([others])).sighting_of.values()

    async def test_a_track_that_returns_makes_sightings_one(self, case: StoreCase) -> None:
        """Somebody followed on until a sighting that began meanwhile is one visit with it."""
        stream = await case.streams.open("door", "e1", "s1")
        await case.commits.commit([commit_of(stream, decided("t1", "ana", 0, 5), left("t1", 5))])
        await case.commits.commit([commit_of(stream, decided("t2", "ana", 100, 105), left("t2", 105))])
        back = commit_of(stream, decided("t1", "ana", 0, 60, returns=True))
        first = (await case.commits.commit([back])).sighting_of["t1"]
        later = await case.commits.commit([commit_of(stream, decided("t2", "ana", 100, 105))])
        assert later.sighting_of == {"t2": first}
        assert (await case.commits.commit([back])).last_position is None

    async def test_a_commit_names_the_people_in_it(self, case: StoreCase) -> None:
        """Whoever is decided, recognized, told or followed is named by the result, or is among the unnamed."""
        stream = await case.streams.open("door", "e1", "s1")
        commit = commit_of(stream, decided("t1", "ana", 1), recognitions=[recognition("r1", "t2", NOBODY)])
        result = await case.commits.commit([replace(commit, told=frozenset({"ben"}))])
        assert result.names.keys() == {"ana", "ben"}
        assert result.unnamed == {NOBODY}

    async def test_nobody_is_followed_under_a_name_that_may_not_be_told(self, case: StoreCase) -> None:
        """An open track of a person who may not be named is kept without the match."""
        stream = await case.streams.open("door", "e1", "s1")
        erased = replace(ANA, match=Match(NOBODY, 0.75, 0.25))
        await case.moved(stream, 9, erased)
        assert (await case.written(stream.stream_id)).open_tracks == (replace(ANA, match=None),)

    async def test_open_tracks_come_back_with_their_sightings(self, case: StoreCase) -> None:
        """The newest commit's tracks come with the stream, each with its sighting; a commit without word keeps them."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9, ANA, STRANGER)
        await case.commits.commit([_counting(stream, 10)])
        again = await case.streams.open("door", "e1", "s2")
        assert [replace(track, sighting_id="") for track in again.open_tracks] == [ANA, STRANGER]
        assert [bool(track.sighting_id) for track in again.open_tracks] == [True, False]
        await case.moved(again, 12)
        assert (await case.streams.open("door", "e1", "s3")).open_tracks == ()

    async def test_tracks_of_an_earlier_watermark_do_not_replace_those_of_a_later_one(self, case: StoreCase) -> None:
        """Whoever did not know that a stream goes on says nothing of who is before the camera now."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9, STRANGER)
        farewell = replace(commit_of(stream, left("t2", 5), sequence=8), open_tracks=())
        await case.commits.commit([farewell])
        assert (await case.written(stream.stream_id)).open_tracks == (STRANGER,)
        await case.commits.commit([replace(farewell, durable_sequence=9)])
        assert (await case.written(stream.stream_id)).open_tracks == ()

    async def test_a_commit_that_tells_of_nothing_keeps_the_open_tracks(self, case: StoreCase) -> None:
        """Without a move, a decision, an end or an answer, the tracks that are stored stay."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9, STRANGER)
        await case.commits.commit([replace(commit_of(stream, seen("t1", 5)), open_tracks=())])
        assert (await case.written(stream.stream_id)).open_tracks == (STRANGER,)

    @pytest.mark.parametrize("ended", [True, False])
    async def test_tracks_left_behind_end_with_the_opening_that_forgets_them(
        self, case: StoreCase, *, ended: bool
    ) -> None:
        """A new epoch's opening ends the tracks of the camera's earlier one; another camera's ends nothing."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9, ANA)
        taken = await case.streams.open("door" if ended else "desk", "e2", "s2")
        assert taken.open_tracks == ()
        assert (await case.written(stream.stream_id)).open_tracks == (() if ended else (ANA,))
        again = await case.commits.commit([commit_of(taken, left("t1", 2.5))])
        assert (again.last_position is None) == ended

    @pytest.mark.parametrize("news", ["none", "tracks", "watermark", "session", "beside it"])
    async def test_a_commit_that_expects_open_tracks_changes_no_others(self, case: StoreCase, news: str) -> None:
        """It is written where the stream is as it was read; else nothing of it is, and its session is not to blame."""
        stream = await case.moved(await case.streams.open("door", "e1", "s1"), 9, ANA)
        (read,) = await case.orphans.followed()
        gone = replace(ANA, match=None, absent=True)
        closing = replace(commit_of(read, left("t1", 2.5)), open_tracks=(gone,), expected_tracks=read.open_tracks)
        newer = replace(commit_of(stream, decided("t2", None, 2)), open_tracks=(ANA, STRANGER))
        beside: list[StreamCommit] = []
        if news == "tracks":
            await case.commits.commit([newer])
        elif news == "watermark":
            await case.moved(stream, 12, ANA)
        elif news == "session":
            await case.streams.open("door", "e1", "s2")
        elif news == "beside it":
            beside.append(newer)
        before = (await case.written(stream.stream_id)).open_tracks
        result = await case.commits.commit([*beside, closing])
        after = (await case.written(stream.stream_id)).open_tracks
        assert after == {"none": (gone,), "beside it": (ANA, STRANGER)}.get(news, before)
        assert result.superseded == ({"s1"} if news == "session" else frozenset())
        ended = await case.commits.commit(
            [replace(commit_of(stream, left("t1", 2.5)), session="s2" if news == "session" else "s1")]
        )
        assert (ended.last_position is None) == (news == "none")

    async def test_followed_streams_have_an_owner_and_somebody_present(self, case: StoreCase) -> None:
        """A stream is followed while a session owns it and a track of it is not absent."""
        followed = await case.moved(await case.streams.open("door", "e1", "s1"), 9, ANA, STRANGER)
        await case.moved(await case.streams.open("desk", "e1", "s2"), 9, STRANGER)
        await case.streams.open("hall", "e1", "s3")
        found = [(row.stream_id, row.session, row.durable_sequence) for row in await case.orphans.followed()]
        assert found == [(followed.stream_id, "s1", 9)]
        await case.streams.open("door", "e2", "s4")
        assert await case.orphans.followed() == []


def _counting(stream: StreamRow, sequence: int) -> StreamCommit:
    """Returns a commit of a stream that has come to `sequence` and found every frame empty."""
    outcomes = {FrameOutcome.EMPTY: sequence - stream.durable_sequence}
    return replace(commit_of(stream, sequence=sequence), outcomes=outcomes)
