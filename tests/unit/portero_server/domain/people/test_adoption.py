"""Whose the faces are that another program put into the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.people.adoption import (
    MOST_FACES,
    AdoptedFace,
    AdoptionOutcome,
    AdoptionPlan,
    adopted_ids,
    adoptee_of,
    checked_face_ids,
    plan_adoption,
    related_ids,
)
from portero_server.domain.people.collection import KeptFace, is_adopted
from portero_server.domain.people.people import FaceModel, checked_display_name, checked_identifier, checked_labels
from portero_server.domain.people.transfer import StoredPeople
from portero_server.errors import InvalidInput

_MODEL = FaceModel("rekognition", "7.0")
_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_NOTHING = StoredPeople({}, (), (), (), {})


def _id(number: int) -> str:
    return f"c0ffee00-0000-4000-8000-{number:012}"


def _plan(
    kept: Mapping[int, str | None], stored: StoredPeople = _NOTHING, *, asked: int = 0, **how: bool
) -> AdoptionPlan:
    options: dict[str, Any] = {"unnamed": False, "consent_required": False} | how
    faces = {_id(number): KeptFace(_id(number), name) for number, name in kept.items()}
    ids = [*faces, *(_id(900 + number) for number in range(asked))]
    return plan_adoption(ids, faces, stored, _MODEL, _NOON, **options)


def _reasons(plan: AdoptionPlan) -> list[str]:
    return [each.reason for each in plan.outcomes]


def test_each_name_becomes_one_person_with_all_their_faces() -> None:
    """The faces keep the engine's ids, by which they are known as adopted, and carry no photograph's facts."""
    plan = _plan({1: "ana", 2: "bob", 3: "ana"})
    assert [(person.person_id, person.display_name) for person in plan.people] == [("ana", "ana"), ("bob", "bob")]
    assert [(face.face_id, face.external_id, face.person_id) for face in plan.faces] == [
        (_id(1), _id(1), "ana"),
        (_id(2), _id(2), "bob"),
        (_id(3), _id(3), "ana"),
    ]
    face = plan.faces[0]
    assert is_adopted(face.face_id, face.external_id)
    assert (face.engine, face.model_version, face.embedding, face.created_at) == ("rekognition", "7.0", None, _NOON)
    assert face.quality.size == face.box.area == 0
    assert [each.created for each in plan.outcomes] == [True, True, False]


@given(st.text("abzAZ019_.-:", min_size=1, max_size=200))
def test_every_name_makes_a_valid_person_who_can_be_found_again(name: str) -> None:
    """Id, display name and label are within their limits, whatever AWS allows as an ExternalImageId."""
    wanted = adoptee_of(KeptFace(_id(1), name))
    checked_identifier(wanted.person_id, "person_id")
    assert checked_display_name(wanted.display_name) == name
    checked_labels(dict([wanted.label]))


def test_names_that_differ_in_case_or_punctuation_only_are_two_people() -> None:
    """A name that is no id gets a digest of itself; one that is an id stays as it is."""
    ids = [adoptee_of(KeptFace(_id(1), name)).person_id for name in ("ana-rojas", "Ana-Rojas", "ana_rojas", ":::")]
    assert ids[0] == "ana-rojas"
    assert all(person_id.startswith("ana-rojas-") for person_id in ids[1:3])
    assert len(set(ids)) == 4


def test_faces_without_a_name_wait_for_leave() -> None:
    """By default they are refused; else each is a person of its own."""
    assert _reasons(_plan({1: None, 2: None})) == ["UNNAMED", "UNNAMED"]
    plan = _plan({1: None, 2: None}, unnamed=True)
    assert [person.person_id for person in plan.people] == [f"face-{_id(1)}", f"face-{_id(2)}"]
    assert len(plan.faces) == 2


def test_what_is_stored_already_is_known() -> None:
    """Adopted or enrolled, whosever it is now, and whatever its name."""
    enrolled = "portero:eva.f1"
    stored = replace(_NOTHING, names={"ana": "Ana"}, faces={_id(1): "ana-2", "f1": "eva"})
    plan = _plan({1: "ana", 2: enrolled}, stored)
    known = AdoptionOutcome.KNOWN
    assert [(each.outcome, each.person_id) for each in plan.outcomes] == [(known, "ana-2"), (known, "eva")]
    assert (plan.people, plan.faces) == ((), ())
    assert related_ids(KeptFace(_id(2), enrolled)) == (_id(2), "f1")


def test_later_faces_find_their_person_by_the_label() -> None:
    """Also after the person got another display name; without the label they are somebody else."""
    there = replace(_NOTHING, names={"ana": "Ana Rojas"})
    labeled = replace(there, labels={"ana": {"external-image-id": "ana", "room": "3"}})
    plan = _plan({1: "ana"}, labeled)
    assert (plan.people, len(plan.faces)) == ((), 1)
    assert _reasons(_plan({1: "ana"}, replace(there, labels={"ana": {}}))) == ["ALREADY_EXISTS"]
    # "Ana" would be ana-DIGEST, which another program's name may be as it stands.
    clash = adoptee_of(KeptFace(_id(1), "Ana")).person_id
    plan = _plan({1: "Ana", 2: clash})
    assert _reasons(plan) == ["", "ALREADY_EXISTS"]
    assert len(plan.people) == 1


def test_who_must_not_come_back_does_not() -> None:
    """Erased and merged people, faces of Portero that are stored nowhere, and faces that are not there are refused."""
    stored = replace(_NOTHING, erased={"ana"}, merged={"bob": "robert"})
    plan = _plan({1: "ana", 2: "bob", 3: "portero:zoe.1", 4: "n" * 201}, stored, asked=1)
    assert _reasons(plan) == [
        "PERSON_ERASED",
        "PERSON_MERGED",
        "NAMED_BY_PORTERO",
        "NAME_TOO_LONG",
        "NOT_IN_COLLECTION",
    ]
    assert all(each.message and not each.person_id for each in plan.outcomes)
    assert (plan.people, plan.faces) == ((), ())


def test_no_consent_is_assumed() -> None:
    """Where one is required people come without faces, which follow once there is one."""
    plan = _plan({1: "ana", 2: "ana"}, consent_required=True)
    assert _reasons(plan) == ["CONSENT_MISSING"] * 2
    assert [each.created for each in plan.outcomes] == [True, False]
    assert ([person.person_id for person in plan.people], plan.faces) == (["ana"], ())
    agreed = StoredPeople({"ana": "ana"}, (), {"ana"}, (), {}, labels={"ana": {"external-image-id": "ana"}})
    plan = _plan({1: "ana", 2: "ana"}, agreed, consent_required=True)
    assert (plan.people, len(plan.faces)) == ((), 2)


def test_a_request_names_faces_once() -> None:
    """None, too many, malformed ones and repetitions are refused with their place."""
    assert checked_face_ids([_id(1), _id(2)]) == (_id(1), _id(2))
    checked_face_ids([_id(number) for number in range(MOST_FACES)])
    for ids, field in (
        ([], "face_ids"),
        ([_id(number) for number in range(MOST_FACES + 1)], "face_ids"),
        ([_id(1), "portero"], "face_ids[1]"),
        ([_id(1), _id(2), _id(1)], "face_ids[2]"),
    ):
        with pytest.raises(InvalidInput) as refused:
            checked_face_ids(ids)
        assert refused.value.field == field


def test_an_outcome_is_told_with_what_the_other_program_called_it() -> None:
    """So that consumers can be told which id stands for which ExternalImageId."""
    [told] = _plan({1: "ana"}).outcomes
    assert told == AdoptedFace(_id(1), AdoptionOutcome.ADOPTED, "ana", "ana", created=True)


@pytest.mark.parametrize("name", ["ana", "Ana.Rojas", None])
def test_the_label_of_an_adopted_person_tells_the_id(name: str | None) -> None:
    """Also after it was copied to somebody else; other labels tell of nobody."""
    wanted = adoptee_of(KeptFace(_id(1), name))
    assert adopted_ids(dict([wanted.label]) | {"room": "3b"}) == {wanted.person_id}
    assert adopted_ids({"room": "3b"}) == frozenset()


def test_a_face_that_is_about_to_go_is_not_adopted() -> None:
    """It was deleted here; whose it is goes before that, and other faces of the person are adopted."""
    plan = _plan({1: "ana", 2: "ana"}, replace(_NOTHING, leaving={_id(1)}))
    assert [each.reason for each in plan.outcomes] == ["FACE_DELETED", ""]
    known = _plan({1: "ana"}, replace(_NOTHING, leaving={_id(1)}, faces={_id(1): "ana"}))
    assert [each.outcome for each in known.outcomes] == [AdoptionOutcome.KNOWN]
