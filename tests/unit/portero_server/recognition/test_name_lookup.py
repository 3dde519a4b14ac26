"""Answers of the engine while the database cannot say what people are called."""

from __future__ import annotations

import asyncio

import pytest

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.sightings import CommitResult, TrackDecided
from portero_server.domain.streams.messages import NamedMatch, TrackUpdate
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import StoreUnavailable
from portero_server.recognition.name_lookup import UNCONFIRMED, name_in_time
from tests.support.server.stream_harness import StreamHarness, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time, running_clock

VISIT = {1: looked(face()), 2: looked(face()), 3: looked(), 4: looked()}
GLANCE = {1: looked(face()), 2: looked(), 3: looked()}


class AbsentDatabase:
    """Looks nobody up: each question fails or, with `hangs`, is never answered."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs
        self.asked = 0

    async def name_of(self, person_id: str) -> str | None:
        """Raises StoreUnavailable, after a unit of work's longest time or at once."""
        self.asked += 1
        await asyncio.sleep(5.0 if self.hangs else 0.5)
        raise StoreUnavailable("the database does not answer")


async def _visited(at: StreamHarness) -> None:
    """Plays the script to its end, with everything said."""
    session = await at.open()
    at.send(session, 1, 2, 3, 4)
    session.finish()
    async with asyncio.TaskGroup() as group:
        group.create_task(at.listen(session))
        group.create_task(session.run())
    at.streams.close(session, "finished")


def _answering(person: str, seconds: float = 0.0) -> object:
    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(seconds)
        return named(person)

    return identify


def _decided(at: StreamHarness) -> list[TrackDecided]:
    return [each for commit in at.store.commits for each in commit.decided]


@in_virtual_time
@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize("script", [VISIT, GLANCE])
@pytest.mark.parametrize("latency", [0.1, 1.95, 3.0])
async def test_an_answer_names_the_visit_although_the_database_is_away(
    *, hangs: bool, script: dict[int, object], latency: float
) -> None:
    """Whoever the engine has found is stored as found, told by the commit's name, and asked about once."""
    database = AbsentDatabase(hangs=hangs)
    async with stream_harness(script, _answering("ana", latency), name_of=database.name_of) as at:  # type: ignore[arg-type]
        await _visited(at)
    decided = _decided(at)
    assert decided[-1].match == Match("ana", 0.8, 0.8)
    # Only an engine that is later than the decision deadline makes anybody a stranger for a while.
    assert [each.match is None for each in decided] == ([True, False] if latency > 2 and script is VISIT else [False])
    assert database.asked == 1
    assert [each.outcome for commit in at.store.commits for each in commit.recognitions] == ["match"]
    told = [news.named.display_name for news in at.said if isinstance(news, TrackUpdate) and news.named is not None]
    assert set(told) == {"Ana"}


@in_virtual_time
async def test_a_commit_decides_who_may_be_named_where_the_lookup_could_not() -> None:
    """A person who may not be named is not told by name, though the database was away when the engine answered."""
    database = AbsentDatabase(hangs=True)
    async with stream_harness(VISIT, _answering("deleted"), name_of=database.name_of) as at:  # type: ignore[arg-type]
        await _visited(at)
    assert database.asked == 1
    assert [news.named for news in at.said if isinstance(news, TrackUpdate)] == [None] * 3


@in_virtual_time
async def test_a_lookup_gives_up_when_its_time_has_come() -> None:
    """No answer within the seconds allowed, or no database, leaves the name unconfirmed; an answer is taken."""
    clock = running_clock()
    began = clock.monotonic()
    assert await name_in_time(AbsentDatabase(hangs=True).name_of, "ana", 0.7) == UNCONFIRMED
    assert clock.monotonic() - began == pytest.approx(0.7)
    assert await name_in_time(AbsentDatabase(hangs=False).name_of, "ana", 0.7) == UNCONFIRMED

    async def nobody(person_id: str) -> str | None:
        await asyncio.sleep(0.1)
        return None

    assert await name_in_time(nobody, "ana", 0.7) is None


@in_virtual_time
async def test_a_time_limit_of_the_lookup_itself_is_not_taken_for_ours() -> None:
    """Only the end of the seconds allowed leaves a name unconfirmed; another timeout is a defect and is seen."""

    async def broken(person_id: str) -> str | None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await name_in_time(broken, "ana", 0.7)


def test_news_take_their_names_from_the_commit() -> None:
    """A name of the commit replaces what was known; without one that is kept, and the unnamed are nobody."""
    match = Match("ana", 0.9, 0.2)
    result = CommitResult(frozenset(), {}, None, frozenset({"ben"}), {"ana": "Ana Núñez"})
    assert result.named(NamedMatch(match, UNCONFIRMED)) == NamedMatch(match, "Ana Núñez")
    assert result.named(NamedMatch(Match("ben", 0.9, 0.2), "Ben")) is None
    assert CommitResult(frozenset(), {}, None).named(NamedMatch(match, "Ana")) == NamedMatch(match, "Ana")
