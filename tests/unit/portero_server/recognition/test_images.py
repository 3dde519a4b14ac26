"""Questions about single images."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, FaceQuality, FoundFace, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Pixels, SearchedFace
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import InvalidInput
from portero_server.recognition.images import ImageAnswer, Images
from tests.support.images.patch_photos import ANA, NEARLY_ANA, card, photo

_POLICY = MatchPolicy(threshold=0.6, margin=0.1)
_NAMES = {"ana": "Ana", "bob": "Bob"}


class Finding(ScriptedEngine):
    """Finds one face for each list of candidates (person, similarity) it is given."""

    def __init__(self, *faces: Sequence[tuple[str, float]]) -> None:
        super().__init__()
        self._found = faces
        self.asked: list[tuple[int, CallContext]] = []

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Returns the faces."""
        self.asked.append((max_candidates, context))
        face = FoundFace(Box(0.1, 0.1, 0.2, 0.2), 0.99, FaceQuality(1, 1, 1, 1))
        return [
            SearchedFace(face, tuple(Candidate(person, f"{person}-1", similarity) for person, similarity in found))
            for found in self._found
        ]


class Names:
    """Knows Ana and Bob, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def display_names(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """Returns the names of those it knows."""
        self.asked += 1
        return {person_id: _NAMES[person_id] for person_id in person_ids if person_id in _NAMES}


async def _recognized(engine: ScriptedEngine, *, texts: bool = False, max_candidates: int = 5) -> ImageAnswer:
    images = Images(engine, Names(), _POLICY)
    return await images.recognize(photo(ANA), faces=True, texts=texts, max_candidates=max_candidates, deadline=None)


def _people(answer: ImageAnswer) -> list[str | None]:
    return [face.match.person_id if face.match else None for face in answer.faces]


async def test_threshold_and_margin_decide() -> None:
    """A face is named only when it is like enough and leads by enough."""
    engine = Finding([("ana", 0.9), ("bob", 0.5)], [("bob", 0.59)], [("bob", 0.8), ("ana", 0.75)], [])
    answer = await _recognized(engine)
    assert _people(answer) == ["ana", None, None, None]
    assert answer.names == _NAMES


async def test_nobody_is_twice_on_one_image() -> None:
    """Of two faces that both look like one person, only the more alike one gets the name."""
    answer = await _recognized(Finding([("ana", 0.8)], [("ana", 0.95)], [("bob", 0.9)]))
    assert _people(answer) == [None, "ana", "bob"]
    assert [len(face.candidates) for face in answer.faces] == [1, 1, 1]


async def test_somebody_deleted_neither_matches_nor_costs_anybody_the_lead() -> None:
    """Candidates the gallery no longer holds are left out before the decision."""
    answer = await _recognized(Finding([("gone", 0.95), ("ana", 0.9)], [("gone", 0.95)]))
    assert _people(answer) == ["ana", None]
    assert [candidate.person_id for face in answer.faces for candidate in face.candidates] == ["ana"]


@pytest.mark.parametrize(("wanted", "asked"), [(0, 5), (1, 5), (5, 5), (20, 20)])
async def test_engine_is_always_asked_for_a_runner_up(wanted: int, asked: int) -> None:
    """However few candidates the caller wants, the engine is asked for enough to measure a lead."""
    engine = Finding([("ana", 0.9), ("bob", 0.2)])
    answer = await _recognized(engine, max_candidates=wanted)
    assert engine.asked[0][0] == asked
    assert len(answer.faces[0].candidates) == min(wanted, 2)
    assert answer.faces[0].match is not None
    assert answer.faces[0].match.margin == pytest.approx(0.7)


async def test_image_without_faces_asks_for_no_names() -> None:
    """With nobody on the image the database is left alone."""
    names = Names()
    images = Images(Finding(), names, _POLICY)
    answer = await images.recognize(photo(), faces=True, texts=False, max_candidates=5, deadline=None)
    assert (answer, names.asked) == (ImageAnswer(), 0)


async def test_calls_take_the_first_lane_and_the_callers_deadline() -> None:
    """Somebody waits for the answer, and only until the deadline."""
    engine = Finding()
    await Images(engine, Names(), _POLICY).recognize(
        photo(ANA), faces=True, texts=False, max_candidates=1, deadline=17.5
    )
    assert engine.asked == [(5, CallContext(None, Lane.CHECK_IN, 17.5))]


async def test_text_is_read_beside_the_faces() -> None:
    """Both questions are answered from one decoded image."""
    images = Images(ScriptedEngine(), Names(), _POLICY)
    answer = await images.recognize(card("HI"), faces=True, texts=True, max_candidates=1, deadline=None)
    assert answer.faces
    assert [text.content for text in answer.texts] == ["HI", "HI"]


@pytest.mark.parametrize(("threshold", "same"), [(0.9, True), (0.99, False)])
async def test_comparison_says_whether_it_is_the_same_person(threshold: float, same: bool) -> None:
    """A similarity that reaches the threshold is the same person."""
    images = Images(ScriptedEngine(), Names(), MatchPolicy(threshold, 0.1))
    comparison = await images.compare(photo(ANA), photo(NEARLY_ANA), None)
    assert [face.same_person for face in comparison.faces] == [same]


async def test_bad_image_names_its_field() -> None:
    """Each image of a comparison is named by its own field."""
    images = Images(ScriptedEngine(), Names(), _POLICY)
    with pytest.raises(InvalidInput) as caught:
        await images.compare(photo(ANA), b"no", None)
    assert caught.value.field == "target_image"


async def test_a_look_alike_needs_a_larger_lead() -> None:
    """Of two people who are a pair nobody is named without the larger lead, and only then is asked who is a pair."""
    asked: list[str] = []

    async def confusable_with(person_id: str, others: Collection[str]) -> frozenset[str]:
        asked.append(person_id)
        return frozenset(others)

    near, clear, apart = [("ana", 0.9), ("bob", 0.75)], [("ana", 0.9), ("bob", 0.6)], [("bob", 0.55), ("ana", 0.5)]
    policy = MatchPolicy(threshold=0.6, margin=0.1, confusable_margin=0.2)
    for found, person in ((near, None), (clear, "ana"), (apart, None)):
        images = Images(Finding(found), Names(), policy, confusable_with)
        answer = await images.recognize(photo(ANA), faces=True, texts=False, max_candidates=5, deadline=None)
        assert _people(answer) == [person]
        assert answer.faces[0].torn is (found is near)
        assert len(answer.faces[0].candidates) == 2
    assert asked == ["ana"]
