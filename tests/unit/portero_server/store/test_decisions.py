"""What decisions saw: written with a commit, read back, and gone with whoever is in it; on both databases."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.detection.detections import Candidate
from portero_server.domain.recording.sightings import Recognition
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision
from portero_server.domain.tracking.what_if import StoredDecision
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionCursor, DecisionFilter, DecisionStore
from portero_server.store.exports import ExportStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import at, commit_of, decided, decision, recognition
from tests.support.time.virtual_time import ManualClock

_EVERYTHING = DecisionFilter()


def _answer(number: int, seen: FaceDecision, *, person_id: str | None = None, seconds: float = 0) -> Recognition:
    answer = recognition(f"r{number}", f"t{number}", person_id)
    return replace(answer, decision=seen, captured_at=at(seconds))


async def _known(people: PeopleStore) -> None:
    for person_id in ("ana", "ben", "eva"):
        await people.create(person_id, person_id.title(), {})


async def _committed(
    streams: StreamStore, recording: Recording, *answers: Recognition, camera_id: str = "door"
) -> None:
    stream = await streams.open(camera_id, "e1", "s1")
    await recording.commit([commit_of(stream, recognitions=answers)])


async def test_a_decision_is_read_as_it_was_made(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording
) -> None:
    """Every figure comes back, to the last bit, and written again it is the same row."""
    await _known(people)
    seen = decision(("ana", 0.1 + 0.2), ("eva", 0.29), ("ben", 1 / 3 - 0.1))
    seen = replace(seen, ranking=replace(seen.ranking, confusable=frozenset({"eva"}), people=12), agreeing=1, shot=2)
    answer = _answer(1, seen, person_id="ana")
    for _ in range(2):
        await _committed(streams, recording, answer)
    store = DecisionStore(database)
    (found,) = await store.list(_EVERYTHING, 10)
    assert found == StoredDecision("r1", "door", "t1", at(0), "scripted", "match", 0.5, True, seen)
    assert found.person_id == "ana"
    assert await store.names([found]) == {"ana": "Ana", "eva": "Eva", "ben": "Ben"}


async def test_an_answer_without_a_face_is_one(database: Database, streams: StreamStore, recording: Recording) -> None:
    """It has no candidates, and is read as an answer in which no face was found."""
    seen = decision(reason=DecisionReason.NO_FACE)
    seen = replace(seen, ranking=replace(seen.ranking, face_found=False))
    await _committed(streams, recording, replace(_answer(1, seen), outcome="no_face"))
    (found,) = await DecisionStore(database).list(_EVERYTHING, 10)
    assert (found.decision, found.whole, found.outcome) == (seen, True, "no_face")


async def test_conditions_and_pages(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording, sightings: SightingStore
) -> None:
    """Cameras, times and a sighting's tracks choose decisions, oldest first; a page follows the one before."""
    await _known(people)
    stream = await streams.open("door", "e1", "s1")
    door = [_answer(number, decision(("ana", 0.5)), seconds=number // 2) for number in range(1, 5)]
    await recording.commit([commit_of(stream, decided("t2", "ana", 0), recognitions=door)])
    await _committed(streams, recording, _answer(9, decision(), seconds=1), camera_id="desk")
    store = DecisionStore(database)

    async def ids(which: DecisionFilter) -> list[str]:
        found: list[StoredDecision] = []
        after = None
        while page := await store.list(which, 2, after):
            found += page
            after = DecisionCursor(page[-1].captured_at, page[-1].recognition_id)
        return [each.recognition_id for each in found]

    assert await ids(_EVERYTHING) == ["r1", "r2", "r3", "r9", "r4"]
    assert await ids(DecisionFilter(within=frozenset({"door"}))) == ["r1", "r2", "r3", "r4"]
    assert await ids(DecisionFilter(within=frozenset({"door", "desk"}), start=at(1))) == ["r2", "r3", "r9", "r4"]
    assert await ids(DecisionFilter(end=at(1))) == ["r1"]
    assert await ids(DecisionFilter(within=frozenset())) == []
    (sighting,) = await sightings.list(SightingFilter(), 10)
    assert await ids(DecisionFilter(sighting_id=sighting.sighting_id)) == ["r2"]
    assert await ids(DecisionFilter(sighting_id="other")) == []
    assert (await store.count(_EVERYTHING, 10), await store.count(_EVERYTHING, 3)) == (5, 3)


async def test_whoever_may_not_be_named_is_no_candidate(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording, clock: ManualClock
) -> None:
    """A commit that was on its way writes nobody who was removed or blocked meanwhile, and says that somebody is gone.

    An answer that named them is nobody's.
    """
    await _known(people)
    await people.delete("ana")
    await ConsentStore(database, clock).block("ben", "asked")
    named = _answer(1, decision(("ana", 0.75), ("eva", 0.5)), person_id="ana")
    near = _answer(2, decision(("eva", 0.75), ("ben", 0.5)), person_id="eva")
    await _committed(streams, recording, named, near)
    first, second = await DecisionStore(database).list(_EVERYTHING, 10)
    assert (first.outcome, first.decision.reason, first.person_id) == ("unknown", DecisionReason.WITHHELD, None)
    assert first.decision.ranking.candidates == (Candidate("eva", "", 0.5),)
    assert (second.outcome, second.whole) == ("match", False)
    assert await remains_of(database, "ana") == []


async def test_a_person_takes_along_what_was_compared_with_them(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording
) -> None:
    """Also where a server of an earlier version removes them, which knows no decisions: the database sees to it."""
    await _known(people)
    await _committed(streams, recording, _answer(1, decision(("ana", 0.75), ("eva", 0.5)), person_id="ana"))
    await people.delete("ana")
    (found,) = await DecisionStore(database).list(_EVERYTHING, 10)
    assert (found.whole, found.person_id) == (False, None)
    assert found.decision.ranking.candidates == (Candidate("eva", "", 0.5),)


async def test_a_site_may_keep_no_decisions(
    database: Database, people: PeopleStore, streams: StreamStore, clock: ManualClock
) -> None:
    """The answer itself is kept, as before."""
    await _known(people)
    recording = Recording(database, clock, keep_decisions=False)
    await _committed(streams, recording, _answer(1, decision(("ana", 0.75)), person_id="ana"))
    assert await DecisionStore(database).list(_EVERYTHING, 10) == []
    kinds = [each.kind for each in await ExportStore(database).records("ana", 10)]
    assert kinds == ["person", "recognition"]


async def test_an_export_tells_what_a_person_was_compared_with(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording
) -> None:
    """Also where they were only the runner-up, page by page."""
    await _known(people)
    seen = decision(("eva", 0.75), ("ana", 0.5))
    await _committed(streams, recording, _answer(1, seen, person_id="eva"), _answer(2, seen, person_id="eva"))
    store = ExportStore(database)
    records = await store.records("ana", 2)
    rest = await store.records("ana", 2, (records[-1].kind, records[-1].key))
    found = [(each.kind, each.key) for each in (*records, *rest)]
    assert found == [("person", "ana"), ("decision_candidate", "r1"), ("decision_candidate", "r2")]
    assert '"similarity": 0.5' in rest[0].json
