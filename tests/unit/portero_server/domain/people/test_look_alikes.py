from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Candidate
from portero_server.domain.people.look_alikes import FacePair, as_owned, face_pairs, look_alikes

CANDIDATES = st.lists(
    st.builds(Candidate, st.sampled_from("abcde"), st.sampled_from(["f1", "f2", "f3"]), st.floats(0, 1)), max_size=12
)


@given(CANDIDATES, st.floats(0, 1))
def test_only_others_at_or_above_the_threshold_are_told(candidates: list[Candidate], threshold: float) -> None:
    """Whoever has a face alike is told once, by their best face and best first; the person themselves never is."""
    found = look_alikes("a", candidates, threshold)
    best = {
        person: max(each.similarity for each in candidates if each.person_id == person)
        for person in {each.person_id for each in candidates}
    }
    assert {each.person_id: each.similarity for each in found} == {
        person: similarity for person, similarity in best.items() if person != "a" and similarity >= threshold
    }
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    assert len({each.person_id for each in found}) == len(found)
    assert set(found) <= set(candidates)


@given(CANDIDATES, st.sampled_from("abcde"))
def test_a_pair_is_the_same_whichever_face_was_enrolled_first(candidates: list[Candidate], person: str) -> None:
    """The first of a pair is the one whose id comes first, each with their own face; what has no face makes no pair."""
    others = look_alikes(person, candidates, 0.0)
    pairs = face_pairs(person, "own", [*others, Candidate("z", "", 0.9)])
    assert len(pairs) == len(others)
    for pair, other in zip(pairs, others, strict=True):
        faces = {pair.first_person_id: pair.first_face_id, pair.second_person_id: pair.second_face_id}
        assert faces == {person: "own", other.person_id: other.face_id}
        assert pair.first_person_id < pair.second_person_id
        assert pair.similarity == other.similarity


def test_a_pair_names_the_people_whose_the_faces_are() -> None:
    """The first is still the one whose id comes first; one person, and a face that is gone, make no pair."""
    found = FacePair("anna", "ben", "f1", "f2", 0.5)
    assert as_owned(found, {"f1": "anna", "f2": "ben"}) == found
    assert as_owned(found, {"f1": "zoe", "f2": "ben"}) == FacePair("ben", "zoe", "f2", "f1", 0.5)
    assert as_owned(found, {"f1": "ben", "f2": "ben"}) is None
    assert as_owned(found, {"f1": "anna"}) is None
