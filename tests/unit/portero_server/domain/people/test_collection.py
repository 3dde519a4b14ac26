"""Whether a collection holds the stored faces: what is compared, what it is called, and what repairs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.people.collection import (
    CollectionDifference,
    CollectionState,
    CollectionTruth,
    KeptFace,
    Known,
    Remedy,
    StoredFace,
    compare,
    image_id,
    judge,
    must_compare,
    parsed_image_id,
)
from portero_server.domain.people.people import FaceModel

MODEL = FaceModel("rekognition", "7.0")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _stored(person: str, external_id: str | None, version: str = "7.0") -> StoredFace:
    return StoredFace("1", person, version, external_id)


def _kept(face: StoredFace) -> KeptFace:
    return KeptFace(str(face.external_id), image_id(face.person_id, face.face_id))


ANA, BOB, EVA = _stored("ana", "a"), _stored("bob", "b"), _stored("eva", "e")


def test_names_in_the_collection_are_read_back() -> None:
    """A face's name tells person and face again; names of other programs tell nothing."""
    assert parsed_image_id(image_id("ana-rojas", "f.1")) == ("ana-rojas", "f.1")
    assert [parsed_image_id(name) for name in (None, "photo.jpg", "portero:", "portero:ana")] == [None] * 4


def test_faces_are_compared_by_id_and_name() -> None:
    """A face is there when id and name agree; the rest is missing, foreign, or another program's."""
    zoe = _stored("zoe", None)
    kept = [
        _kept(ANA),
        KeptFace("b", "portero:somebody.1"),
        KeptFace("c", "portero:gone.1"),
        KeptFace("x", "photo.jpg"),
        KeptFace("y", None),
    ]

    found = compare("7.0", [ANA, BOB, EVA, zoe], kept)

    assert found.missing == {BOB, EVA, zoe}
    assert {face.external_id for face in found.foreign} == {"b", "c"}
    assert (found.others, found.kept, found.stored) == (2, 5, 4)


def test_an_adopted_face_is_there_under_whatever_name() -> None:
    """It is compared by its id alone, and is another program's no more; one under a name of ours is not it."""
    adopted, gone = (StoredFace(face_id, "ana", "7.0", face_id) for face_id in ("x", "y"))
    kept = [_kept(ANA), KeptFace("x", "photo.jpg"), KeptFace("z", None)]

    found = compare("7.0", [ANA, adopted, gone], kept)

    assert found.missing == {gone}
    assert (len(found.foreign), found.others) == (0, 1)
    assert not compare("7.0", [adopted], [KeptFace("x", None)]).differs
    assert compare("7.0", [adopted], [KeptFace("x", "portero:eva.1")]).missing == {adopted}


def test_a_face_of_another_model_is_neither_missing_nor_foreign() -> None:
    """What an earlier model left in the database counts only for the people who have nothing newer."""
    old = _stored("ana", "o", version="6.0")
    assert not compare("7.0", [ANA, old], [_kept(ANA), _kept(old)]).differs
    assert not compare("7.0", [ANA, old], [_kept(ANA)]).differs
    assert compare(None, [ANA, old], [_kept(ANA)]).missing == {old}


@pytest.mark.parametrize(
    ("truth", "state", "repairs"),
    [
        (judge(MODEL, stored=2, kept=2), CollectionState.SOUND, ()),
        (judge(MODEL, stored=0, kept=0), CollectionState.SOUND, ()),
        (judge(MODEL, stored=2, kept=4, others=2), CollectionState.SOUND, ()),
        (judge(MODEL, stored=2, kept=None, missing=2), CollectionState.LOST, (Remedy.CREATE, Remedy.TEACH)),
        (judge(MODEL, stored=0, kept=None), CollectionState.LOST, (Remedy.CREATE,)),
        (judge(MODEL, stored=2, kept=0, missing=2), CollectionState.EMPTIED, (Remedy.TEACH,)),
        (judge(MODEL, stored=2, kept=2, other_models=3), CollectionState.OTHER_MODEL, (Remedy.TEACH,)),
        (judge(MODEL, stored=2, kept=1, missing=1), CollectionState.INCOMPLETE, (Remedy.TEACH,)),
        (judge(MODEL, stored=2, kept=3, foreign=1), CollectionState.FOREIGN, (Remedy.REMOVE_FOREIGN,)),
        (
            judge(MODEL, stored=2, kept=3, missing=2, foreign=3),
            CollectionState.EMPTIED,
            (Remedy.TEACH, Remedy.REMOVE_FOREIGN),
        ),
    ],
)
def test_the_worst_names_the_state_and_all_of_it_is_repaired(
    truth: CollectionTruth, state: CollectionState, repairs: tuple[Remedy, ...]
) -> None:
    """Each state follows from the counts, and says what is to be done in one line."""
    assert (truth.state, truth.repairs) == (state, repairs)
    assert "\n" not in truth.words
    for repair, words in (
        (Remedy.CREATE, "faces repair` creates"),
        (Remedy.TEACH, "--photos"),
        (Remedy.REMOVE_FOREIGN, "--remove-foreign"),
    ):
        assert (words in truth.words) == (repair in repairs)


_FACES = st.builds(
    StoredFace,
    st.sampled_from("1234"),
    st.sampled_from(["ana", "bob", "eva"]),
    st.sampled_from(["6.0", "7.0"]),
    st.sampled_from("abcdefgh"),
)
_KEPT = st.one_of(
    st.builds(KeptFace, st.sampled_from("abcdefgh"), st.sampled_from([None, "photo.jpg"])),
    st.builds(_kept, _FACES),
)


@given(st.frozensets(_FACES), st.one_of(st.none(), st.frozensets(_KEPT)))
def test_every_face_is_counted_once_and_repairing_makes_it_sound(
    stored: frozenset[StoredFace], kept: frozenset[KeptFace] | None
) -> None:
    """Missing and held faces are the stored ones, and after what `repairs` says nothing is left to repair."""
    found = compare("7.0", stored, kept)
    names = {_kept(face) for face in stored}
    current = {face for face in stored if face.model_version == "7.0"}
    assert len(found.missing) + sum(_kept(face) in (kept or ()) for face in current) == len(current) == found.stored
    assert len(names & (kept or frozenset())) + len(found.foreign) + found.others == len(kept or ())

    truth = found.truth(MODEL)
    assert (truth.state is CollectionState.SOUND) == (truth.repairs == ())
    repaired = (kept or frozenset()) - found.foreign | {_kept(face) for face in found.missing}
    again = compare("7.0", stored, repaired).truth(MODEL)
    assert (again.state, again.others) == (CollectionState.SOUND, truth.others)


@given(st.frozensets(_FACES), st.frozensets(_KEPT), st.frozensets(_FACES), st.frozensets(_KEPT))
def test_only_what_two_comparisons_find_counts(
    stored: frozenset[StoredFace],
    kept: frozenset[KeptFace],
    stored_later: frozenset[StoredFace],
    kept_later: frozenset[KeptFace],
) -> None:
    """What is enrolled or deleted between two comparisons is no difference, and what was one before stays one."""
    first, later = compare("7.0", stored, kept), compare("7.0", stored_later, kept_later)
    both = first.also(later)
    assert both.missing == first.missing & later.missing
    assert both.foreign == first.foreign & later.foreign
    assert later.also(later) == later


def _known(truth: CollectionTruth) -> Known:
    return Known(truth, NOON)


def _due(known: Known | None, stored: int, kept: int | None, now: datetime = NOON, model: FaceModel = MODEL) -> bool:
    return must_compare(known, model, stored, kept, now, HOUR)


def test_faces_are_listed_when_the_counts_do_not_explain_each_other() -> None:
    """Enrollments and deletions change both counts; whatever changes one of them has the faces compared."""
    sound = _known(judge(MODEL, stored=10, kept=12, others=2))
    assert not _due(sound, 10, 12)
    assert not _due(sound, 15, 17)
    assert _due(sound, 10, 11)
    assert _due(sound, 10, 0)
    assert _due(sound, 10, None)
    assert _due(sound, 9, 12)
    assert _due(sound, 10, 12, model=replace(MODEL, version="8.0"))
    assert _due(None, 0, 0)


def test_faces_are_listed_from_time_to_time_whatever_the_counts_say() -> None:
    """An hour later, or after a clock was set back, the faces are compared."""
    sound = _known(judge(MODEL, stored=10, kept=10))
    assert not _due(sound, 10, 10, NOON + HOUR - timedelta(seconds=1))
    assert _due(sound, 10, 10, NOON + HOUR)
    assert _due(sound, 10, 10, NOON - timedelta(seconds=1))


def test_a_lost_collection_is_not_listed_until_it_is_back() -> None:
    """While there is no collection nothing is compared again; once there is one, it is."""
    lost = _known(judge(MODEL, stored=10, kept=None, missing=10))
    assert not _due(lost, 10, None)
    assert _due(lost, 10, 0)
    assert _due(lost, 11, None)


def test_while_something_is_wrong_every_change_is_looked_into() -> None:
    """Somebody taught again changes both counts alike, and is one less of those who are missed."""
    known = _known(judge(MODEL, stored=0, kept=0, other_models=2))
    assert not _due(known, 0, 0)
    assert _due(known, 1, 1)


def test_a_comparison_tells_how_many() -> None:
    """The truth has the counts of the comparison."""
    comparison = CollectionDifference(3, 2, frozenset([BOB]), frozenset([_kept(EVA)]), 1, 0)
    assert comparison.truth(MODEL) == CollectionTruth(CollectionState.INCOMPLETE, MODEL, 2, 3, 1, 1, 1, 0)
