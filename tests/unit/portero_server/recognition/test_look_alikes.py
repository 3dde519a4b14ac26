"""The database is asked for pairs only where they matter, and caution holds while it cannot be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from portero_server.domain.detection.detections import Candidate
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import StoreUnavailable
from portero_server.recognition.look_alikes import ConfusableWith, wary
from tests.support.time.virtual_time import in_virtual_time
from tests.unit.portero_server.recognition.test_tiered import CROP

_NEAR = (Candidate("ana", "a1", 0.7), Candidate("anna", "b1", 0.65), Candidate("bo", "c1", 0.3))
_CLEAR = (Candidate("ana", "a1", 0.7), Candidate("anna", "b1", 0.5))


class Pairs:
    """Knows Ana and Anna as a pair, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[str]]] = []

    async def confusable_with(self, person_id: str, others: Collection[str]) -> frozenset[str]:
        """Returns Anna if she is among the others."""
        self.asked.append((person_id, frozenset(others)))
        return frozenset({"anna"}) & frozenset(others)


async def _found(candidates: tuple[Candidate, ...], confusable_with: ConfusableWith) -> Identification:
    async def identify(crop: FaceCrop) -> Identification:
        return Identification(candidates, people=9)

    return await wary(identify, confusable_with, 0.1)(CROP)


async def test_only_close_races_are_looked_up() -> None:
    """A clear leader, a lone candidate and nobody cost no question, and their answers pass as they are."""
    pairs = Pairs()
    for candidates in (_CLEAR, _CLEAR[:1], ()):
        assert await _found(candidates, pairs.confusable_with) == Identification(candidates, people=9)
    assert pairs.asked == []
    assert (await _found(_NEAR, pairs.confusable_with)).confusable == {"anna"}
    assert pairs.asked == [("ana", frozenset({"anna"}))]


async def test_without_the_database_whoever_is_near_counts_as_confusable() -> None:
    """Nobody is named rather than the wrong person while the pairs cannot be read."""

    async def away(person_id: str, others: Collection[str]) -> frozenset[str]:
        raise StoreUnavailable("the database does not answer")

    assert (await _found(_NEAR, away)).confusable == {"anna"}


@in_virtual_time
async def test_an_answer_does_not_wait_for_a_slow_database() -> None:
    """After half a second the answer goes on, with the same caution."""

    async def never(person_id: str, others: Collection[str]) -> frozenset[str]:
        await asyncio.sleep(3600)
        return frozenset()

    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await _found(_NEAR, never)).confusable == {"anna"}
    assert loop.time() - began == pytest.approx(0.5)
