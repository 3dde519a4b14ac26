"""What a group commit leaves in the database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, Table, event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import (
    FrameException,
    SightingEventKind,
    StreamCommit,
    StreamRow,
    TextFinding,
    TrackLeft,
)
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, left, recognition, seen
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

STARTED, RESUMED, REVISED, LEFT, *_ = SightingEventKind


@pytest.fixture(autouse=True)
async def known_people(people: PeopleStore) -> None:
    """Two people whom the engine may name."""
    await people.create("ana", "Ana Núñez", {})
    await people.create("ben", "Ben", {})


async def rows_of(database: Database, table: Table) -> list[dict[str, Any]]:
    """Returns every row of a table, in order of its key."""

    async def unit(connection: AsyncConnection) -> list[dict[str, Any]]:
        result = await connection.execute(select(table).order_by(*table.primary_key))
        return [dict(row) for row in result.mappings()]

    return await database.read(unit)


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Returns every row of every table."""
    return {table.name: await rows_of(database, table) for table in schema.metadata.sorted_tables}


async def events(sightings: SightingStore) -> list[tuple[SightingEventKind, str]]:
    """Returns what happened to whom, by sighting."""
    return [(event.kind, event.sighting.sighting_id) for event in await sightings.events_after(0)]


async def test_stores_a_visit(
    recording: Recording, streams: StreamStore, sightings: SightingStore, clock: ManualClock
) -> None:
    """A named track becomes a sighting with the person's name of that time, and an event in the right order."""
    stream = await streams.open("door", "e1", "s1")
    result = await recording.commit([commit_of(stream, decided("t1", "ana", 1, 2, similarity=0.875), sequence=40)])
    sighting = await sightings.get(result.sighting_of["t1"])
    assert (sighting.camera_id, sighting.person_id, sighting.display_name) == ("door", "ana", "Ana Núñez")
    assert (sighting.first_seen, sighting.last_seen) == (at(1), at(2))
    assert (sighting.similarity, sighting.margin, sighting.track_count, sighting.box) == (0.875, 0.25, 1, BOX)
    (event,) = await sightings.events_after(0)
    assert (event.kind, event.sighting, event.happened_at) == (STARTED, sighting, clock.now())
    assert event.position == result.last_position == await sightings.last_position()
    assert (await streams.get(stream.stream_id)).durable_sequence == 40


async def test_a_departure_without_a_time_ends_the_visit_as_it_is_stored(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """When what the last frame saw was refused, the visit ends when the frames before saw it."""
    stream = await streams.open("door", "e1", "s1")
    result = await recording.commit([commit_of(stream, decided("t1", "ana", 1, 2), seen("t1", 3), sequence=40)])
    await recording.commit([commit_of(stream, TrackLeft("t1", None), sequence=41)])
    assert (await sightings.get(result.sighting_of["t1"])).last_seen == at(3)
    assert [kind for kind, _ in await events(sightings)] == [STARTED, LEFT]


async def test_a_commit_says_what_people_are_called(
    recording: Recording, streams: StreamStore, people: PeopleStore
) -> None:
    """Whoever is decided, recognized or told in a commit is named by it, or is among the unnamed."""
    stream = await streams.open("door", "e1", "s1")
    await people.create("eva", "Eva", {})
    commit = commit_of(
        stream, decided("t1", "ana", 1), decided("t2", "nobody", 1), recognitions=[recognition("r1", "t3", "ben")]
    )
    result = await recording.commit([replace(commit, told=frozenset({"eva"}))])
    assert result.names == {"ana": "Ana Núñez", "ben": "Ben", "eva": "Eva"}
    assert result.unnamed == {"nobody"}


async def test_repeating_a_commit_changes_nothing(
    recording: Recording, streams: StreamStore, database: Database
) -> None:
    """The same commit again gives the same sightings and leaves every table as it was."""
    stream = await streams.open("door", "e1", "s1")
    commit = replace(
        commit_of(
            stream,
            decided("t1", "ana", 1),
            decided("t2", None, 1),
            decided("t3", "ben", 2, revises=True),
            seen("t1", 9),
            left("t2", 5),
            sequence=10,
            recognitions=[recognition("r1", "t1", "ana"), recognition("r2", "t2")],
        ),
        outcomes={FrameOutcome.WITH_FACES: 7, FrameOutcome.REJECTED: 3},
        exceptions=(FrameException(4, 6, RejectionReason.NO_CREDIT), FrameException(8, 8, GapReason.NO_CREDIT)),
        texts=(TextFinding(9, at(9), ('say "hé\\o" 👋', "línea 2")),),
    )
    first = await recording.commit([commit])
    stored = await everything(database)
    again = await recording.commit([commit])
    assert again.sighting_of == first.sighting_of
    assert again.last_position is None
    assert await everything(database) == stored
    assert [row["kind"] for row in stored["stream_exceptions"]] == ["rejected", "missing"]
    assert stored["texts"][0]["content"] == '["say \\"hé\\\\o\\" 👋", "línea 2"]'
    assert stored["streams"][0]["outcome_with_faces"] == 7


async def test_joins_a_visit_within_the_gap(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """The same person at the same camera within the gap is one sighting, across epochs and sessions too."""
    before = await streams.open("door", "e1", "s1")
    result = await recording.commit([commit_of(before, decided("t1", "ana", 0, 10, similarity=0.9))])
    after = await streams.open("door", "e2", "s2")
    await recording.commit([commit_of(after, decided("t2", "ana", 70, 75))])
    (sighting,) = await sightings.list(SightingFilter(), 10)
    assert sighting.sighting_id == result.sighting_of["t1"]
    assert (sighting.track_count, sighting.similarity) == (2, 0.9)
    assert (sighting.first_seen, sighting.last_seen) == (at(0), at(75))
    assert await events(sightings) == [(STARTED, sighting.sighting_id), (RESUMED, sighting.sighting_id)]


@pytest.mark.parametrize(
    ("track", "camera"),
    [
        (decided("t2", "ana", 71), "door"),
        (decided("t2", "ben", 11), "door"),
        (decided("t2", "ana", 11), "desk"),
        (decided("t2", None, 11), "door"),
    ],
    ids=["after the gap", "another person", "another camera", "a stranger"],
)
async def test_begins_another_sighting(
    track: Any, camera: str, recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """Nothing else joins a visit."""
    stream = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(stream, decided("t1", "ana", 0, 10))])
    other = await streams.open(camera, "e1", "s2")
    await recording.commit([commit_of(other, track)])
    assert len(await sightings.list(SightingFilter(), 10)) == 2


async def test_takes_the_latest_of_many_visits(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """Of a person's many visits the one within the gap is joined, also when later ones are stored already."""
    stream = await streams.open("door", "e1", "s1")
    visits = [decided(f"t{hour}", "ana", hour * 3600, hour * 3600 + 30) for hour in range(5)]
    result = await recording.commit([commit_of(stream, *visits)])
    late = await recording.commit([commit_of(stream, decided("late", "ana", 2 * 3600 + 80))])
    assert late.sighting_of["late"] == result.sighting_of["t2"]
    assert len(await sightings.list(SightingFilter(), 10)) == 5


async def test_sightings_of_one_visit_become_one(
    recording: Recording, streams: StreamStore, sightings: SightingStore, database: Database
) -> None:
    """The sighting seen last has all tracks; the other is listed no more, and whoever was told of it still finds it."""
    stream = await streams.open("door", "e1", "s1")
    first = await recording.commit([commit_of(stream, decided("t1", "ana", 0, 10, similarity=0.9), left("t1", 10))])
    last = await recording.commit([commit_of(stream, decided("t3", "ana", 100, 110))])
    between = await recording.commit([commit_of(stream, decided("t2", "ana", 50, 60))])
    retired, stays = first.sighting_of["t1"], last.sighting_of["t3"]
    assert between.sighting_of == {"t2": stays}
    (sighting,) = await sightings.list(SightingFilter(person_id="ana"), 10)
    assert (sighting.sighting_id, sighting.track_count, sighting.similarity) == (stays, 3, 0.9)
    assert (sighting.first_seen, sighting.last_seen) == (at(0), at(110))
    assert (await sightings.get(retired)).track_count == 0
    links = {
        row["track_id"]: (row["sighting_id"], row["ordinal"]) for row in await rows_of(database, schema.sighting_tracks)
    }
    assert links == {"t1": (stays, 1), "t2": (stays, 3), "t3": (stays, 2)}
    told = [(STARTED, retired), (LEFT, retired), (STARTED, stays), (REVISED, retired), (RESUMED, stays)]
    assert await events(sightings) == told


async def test_making_sightings_one_takes_a_few_statements_more(
    recording: Recording, streams: StreamStore, people: PeopleStore
) -> None:
    """Ten cameras whose visits become one take as many statements as one camera, five more than a track that joins."""
    owned = [await streams.open(f"camera-{number}", "e1", f"s{number}") for number in range(10)]
    sent: list[bool] = []

    def count(*arguments: Any) -> None:
        sent.append(arguments[-1])

    def commits(many: int, name: str, first: float) -> list[StreamCommit]:
        return [commit_of(each, decided(f"{each.camera_id}-{name}", "ana", first)) for each in owned[:many]]

    counts = []
    event.listen(Engine, "before_cursor_execute", count)
    try:
        for many, start in ((1, 0), (10, 10_000)):
            await recording.commit([*commits(many, f"{many}-a", start)])
            await recording.commit([*commits(many, f"{many}-c", start + 100)])
            for name, first in (("d", 101), ("b", 50)):
                sent.clear()
                await recording.commit(commits(many, f"{many}-{name}", start + first))
                counts.append(len(sent))
                assert not any(sent)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    joins, unites, *others = counts
    assert others == [joins, unites]
    assert unites <= joins + 5


async def test_moves_the_end_on_and_never_back(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """Frames that show a decided track move the end of its sighting; late ones do not move it back."""
    stream = await streams.open("door", "e1", "s1")
    result = await recording.commit([commit_of(stream, decided("t1", "ana", 0), decided("t2", None, 0))])
    await recording.commit([commit_of(stream, seen("t1", 8), seen("t2", 5), seen("unheard of", 5))])
    await recording.commit([commit_of(stream, seen("t1", 3), left("t2", 6))])
    ends = {track: (await sightings.get(key)).last_seen for track, key in result.sighting_of.items()}
    assert ends == {"t1": at(8), "t2": at(6)}


async def test_a_superseded_session_commits_nothing(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """After another session took the stream, the part of the first is refused and the other parts are written."""
    old = await streams.open("door", "e1", "old")
    desk = await streams.open("desk", "e1", "desk")
    new = await streams.open("door", "e1", "new")
    result = await recording.commit(
        [
            commit_of(old, decided("t1", "ana", 0), sequence=50),
            commit_of(desk, decided("t2", "ben", 0), sequence=60),
            commit_of(new, decided("t3", "ana", 0), sequence=5),
        ]
    )
    assert result.superseded == {"old"}
    assert set(result.sighting_of) == {"t2", "t3"}
    assert (await streams.get(new.stream_id)).durable_sequence == 5
    assert (await streams.get(desk.stream_id)).durable_sequence == 60
    assert {found.person_id for found in await sightings.list(SightingFilter(), 10)} == {"ana", "ben"}


async def test_a_new_epoch_takes_the_old_ones_stream(recording: Recording, streams: StreamStore) -> None:
    """Opening a camera under a new epoch refuses the session of the old epoch as well, and no other camera's."""
    old = await streams.open("door", "e1", "old")
    desk = await streams.open("desk", "e1", "desk")
    new = await streams.open("door", "e2", "new")
    result = await recording.commit([commit_of(part, sequence=1) for part in (old, desk, new)])
    assert result.superseded == {"old"}


async def test_resumes_where_the_last_commit_ended(recording: Recording, streams: StreamStore) -> None:
    """A session that opens an epoch again is told the watermark, which no commit moves back."""
    first = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(first, sequence=30)])
    await recording.commit([commit_of(first, sequence=20)])
    again = await streams.open("door", "e1", "s2")
    assert (again.stream_id, again.durable_sequence, again.session) == (first.stream_id, 30, "s2")


async def test_counts_outcomes_when_the_watermark_moves(
    recording: Recording, streams: StreamStore, database: Database
) -> None:
    """Counters add up over commits; replayed frames are counted though no watermark moves for them."""
    stream = await streams.open("door", "e1", "s1")
    for sequence in (3, 5, 5):
        commit = commit_of(stream, sequence=sequence)
        await recording.commit([replace(commit, outcomes={FrameOutcome.EMPTY: 2, FrameOutcome.REPLAYED: 1})])
    (row,) = await rows_of(database, schema.streams)
    assert (row["outcome_empty"], row["outcome_replayed"], row["durable_sequence"]) == (4, 3, 5)


async def test_a_revised_stranger_joins_the_visit_under_way(
    recording: Recording, streams: StreamStore, sightings: SightingStore
) -> None:
    """A stranger who turns out to be somebody already being seen is counted once, and the stranger is gone."""
    stream = await streams.open("door", "e1", "s1")
    first = await recording.commit([commit_of(stream, decided("t1", "ana", 0, 10), left("t1", 10))])
    second = await recording.commit([commit_of(stream, decided("t2", None, 20, 21))])
    third = await recording.commit([commit_of(stream, decided("t2", "ana", 20, 23, revises=True))])
    visit, stranger = first.sighting_of["t1"], second.sighting_of["t2"]
    assert third.sighting_of["t2"] == visit
    assert [found.sighting_id for found in await sightings.list(SightingFilter(), 10)] == [visit]
    assert (await sightings.get(stranger)).track_count == 0
    kinds = [(STARTED, visit), (LEFT, visit), (STARTED, stranger), (LEFT, stranger), (RESUMED, visit)]
    assert await events(sightings) == kinds


async def test_erased_people_do_not_come_back(
    recording: Recording, streams: StreamStore, people: PeopleStore, sightings: SightingStore, database: Database
) -> None:
    """Somebody deleted between the answer and the commit is stored as a stranger."""
    stream = await streams.open("door", "e1", "s1")
    await people.delete("ana")
    await recording.commit([commit_of(stream, decided("t1", "ana", 0), recognitions=[recognition("r1", "t1", "ana")])])
    (sighting,) = await sightings.list(SightingFilter(), 10)
    assert (sighting.person_id, sighting.display_name) == (None, "")
    assert [row["person_id"] for row in await rows_of(database, schema.recognitions)] == [None]


async def test_concurrent_commits_keep_positions_in_order(
    database_url: str, streams: StreamStore, sightings: SightingStore, clock: ManualClock
) -> None:
    """Two servers committing at once lose nothing, and a watcher never sees a position before a lower one."""
    servers = [Database(database_url, pool_size=2, timeout=PATIENCE) for _ in range(2)]
    owned = [await streams.open(f"camera-{number}", "e1", f"s{number}") for number in range(2)]

    async def commit_all(recording: Recording, stream: StreamRow) -> None:
        for number in range(15):
            track = decided(f"{stream.camera_id}-t{number}", None, number)
            await recording.commit([commit_of(stream, track, sequence=number + 1)])

    async def watch() -> list[int]:
        positions = [0]
        while len(positions) <= 30:
            positions += [event.position for event in await sightings.events_after(positions[-1])]
        return positions

    writers = [commit_all(Recording(server, clock), stream) for server, stream in zip(servers, owned, strict=True)]
    positions, *_ = await asyncio.gather(watch(), *writers)
    assert positions == list(range(31))
    for server in servers:
        await server.aclose()


async def test_the_number_of_statements_is_constant(
    recording: Recording, streams: StreamStore, people: PeopleStore
) -> None:
    """Forty streams with everything in them take as many statements as one, and none is sent once a row."""
    owned = [await streams.open(f"camera-{number}", "e1", f"s{number}") for number in range(40)]
    sent: list[bool] = []

    def count(*arguments: Any) -> None:
        sent.append(arguments[-1])

    def everything_of(stream: StreamRow, generation: int) -> StreamCommit:
        name = f"{stream.camera_id}-{generation}"
        commit = commit_of(
            stream,
            decided(f"{name}-a", "ana", generation * 1000),
            decided(f"{name}-b", None, generation * 1000),
            seen(f"{name}-a", generation * 1000 + 5),
            left(f"{name}-b", generation * 1000 + 6),
            sequence=generation * 10,
            recognitions=[recognition(f"{name}-r", f"{name}-a", "ana")],
        )
        return replace(
            commit,
            outcomes={FrameOutcome.WITH_FACES: 10},
            exceptions=(FrameException(generation * 10, generation * 10, RejectionReason.EMPTY),),
            texts=(TextFinding(generation * 10, at(0), ("a line",)),),
        )

    await recording.commit([everything_of(owned[0], 1)])
    counts = []
    event.listen(Engine, "before_cursor_execute", count)
    try:
        for number, many in ((2, 1), (3, 40)):
            sent.clear()
            await recording.commit([everything_of(stream, number) for stream in owned[:many]])
            counts.append(len(sent))
            assert not any(sent)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert counts[0] == counts[1] <= 15


async def test_frames_without_effects_take_one_statement(recording: Recording, streams: StreamStore) -> None:
    """What only settles frames is one statement, recognitions make it two, and only what was written before is read."""
    owned = [await streams.open(f"camera-{number}", "e1", f"s{number}") for number in range(20)]
    still = [replace(commit_of(each, sequence=9), outcomes={FrameOutcome.EMPTY: 9}) for each in owned]
    asked = [
        replace(commit_of(each, sequence=12, recognitions=[recognition(f"r{each.stream_id}", "t")]), outcomes=counted)
        for each in owned
        for counted in [{FrameOutcome.WITH_FACES: 3}]
    ]
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement.split()[0])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for commits, expected in (
            (still, ["UPDATE"]),
            (asked, ["UPDATE", "INSERT"]),
            (asked, ["UPDATE", "SELECT", "INSERT"]),
        ):
            sent.clear()
            await recording.commit(commits)
            assert [each for each in sent if each != "BEGIN"] == expected
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_an_empty_commit_is_a_commit(recording: Recording) -> None:
    """Committing nothing works and says that nothing happened."""
    result = await recording.commit([])
    assert (result.superseded, dict(result.sighting_of), result.last_position) == (frozenset(), {}, None)
