"""What of people who come as data is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.privacy import Block, Consent
from portero_server.domain.people.transfer import (
    MOST_FACES,
    MOST_PEOPLE,
    FaceRecord,
    PersonRecord,
    StoredPeople,
    checked_size,
    face_id_of_encoding,
    named_faces,
    plan_people,
)
from portero_server.errors import InvalidInput

_NOW = datetime(2026, 11, 27, tzinfo=UTC)
_MODEL = FaceModel("local", "m1")
_NOBODY = StoredPeople({}, (), (), (), {})


def _consent(person_id: str) -> Consent:
    return Consent(f"{person_id}-c", person_id, "entry", "1", "paper", "", _NOW, _NOW)


_FACES = st.builds(FaceRecord, st.binary(min_size=4, max_size=4), st.sampled_from(["", "", "f1", "f2"]))
_CONSENTS = st.sampled_from([(), ("c",)])
_RECORDS = st.lists(
    st.builds(
        PersonRecord,
        st.sampled_from(["ana", "bo", "cy", "di"]),
        st.sampled_from(["Ana", "Bo"]),
        faces=st.lists(_FACES, max_size=4).map(tuple),
        fault=st.sampled_from(["", "", "", "an encoding is not of the model"]),
    ),
    max_size=4,
    unique_by=lambda record: record.person_id,
)
_STORED = st.builds(
    StoredPeople,
    st.dictionaries(st.sampled_from(["ana", "bo"]), st.sampled_from(["Ana", "Bo"])),
    st.sets(st.sampled_from(["cy"])),
    st.sets(st.sampled_from(["ana"])),
    st.just(()),
    st.dictionaries(st.sampled_from(["f1", "f2"]), st.sampled_from(["ana", "zoe"])),
)


@given(_RECORDS, _STORED, st.booleans(), st.data())
def test_what_was_planned_and_stored_is_never_planned_again(
    records: list[PersonRecord], stored: StoredPeople, required: bool, data: st.DataObject
) -> None:
    """Each person has one outcome; faces go to people who are there, once; the same request again adds nothing."""
    records = [
        replace(record, consents=tuple(_consent(record.person_id) for _ in data.draw(_CONSENTS))) for record in records
    ]
    plan = plan_people(records, stored, _MODEL, _NOW, consent_required=required)
    assert [outcome.person_id for outcome in plan.outcomes] == [record.person_id for record in records]
    there = set(stored.names) | {person.person_id for person in plan.people}
    ids = [face.face_id for face in plan.faces]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(stored.faces)
    for record, outcome in zip(records, plan.outcomes, strict=True):
        own = [face for face in plan.faces if face.person_id == record.person_id]
        assert len(own) == outcome.added_faces
        assert not own or record.person_id in there
        assert outcome.created == (record.person_id in {person.person_id for person in plan.people})
        assert outcome.reason in ("", "CONSENT_MISSING") or not (own or outcome.created)
        assert outcome.reason or outcome.added_faces + outcome.known_faces == len(record.faces)
        if required and own:
            assert record.person_id in stored.consented or (outcome.created and record.consents)
        if record.person_id in stored.erased or record.fault:
            assert outcome.reason
    afterward = StoredPeople(
        {**stored.names, **{person.person_id: person.display_name for person in plan.people}},
        stored.erased,
        {*stored.consented, *(consent.person_id for consent in plan.consents)},
        {consent.consent_id for consent in plan.consents},
        {**stored.faces, **{face.face_id: face.person_id for face in plan.faces}},
    )
    again = plan_people(records, afterward, _MODEL, _NOW, consent_required=required)
    assert (again.people, again.faces, again.consents, again.blocks) == ((), (), (), {})
    assert [outcome.reason for outcome in again.outcomes] == [outcome.reason for outcome in plan.outcomes]


def test_who_is_new_brings_what_holds_for_them_and_who_is_known_does_not() -> None:
    """Labels, times, consents and the block of a person come with a new one only."""
    block = Block("asked for it", _NOW)
    early = _NOW - timedelta(days=9)
    face = FaceRecord(b"1234", "f1", created_at=early)
    record = PersonRecord("ana", "Ana", {"room": "1"}, early, (face,), (_consent("ana"),), block)
    plan = plan_people([record], _NOBODY, _MODEL, _NOW, consent_required=True)
    [person], [enrolled] = plan.people, plan.faces
    assert (person.labels, person.created_at, enrolled.created_at, enrolled.face_id) == (
        {"room": "1"},
        early,
        early,
        "f1",
    )
    assert (plan.consents, plan.blocks) == ((_consent("ana"),), {"ana": block})
    known = replace(_NOBODY, names={"ana": "Ana"})
    plan = plan_people([record], known, _MODEL, _NOW, consent_required=False)
    assert (plan.people, plan.consents, plan.blocks, len(plan.faces)) == ((), (), {}, 1)


@pytest.mark.parametrize(
    ("consent", "valid"),
    [
        (_consent("ana"), True),
        (replace(_consent("ana"), withdrawn_at=_NOW), False),
        (replace(_consent("ana"), expires_at=_NOW), False),
    ],
)
def test_faces_wait_for_a_consent_that_is_valid(consent: Consent, *, valid: bool) -> None:
    """Where consent is required, a person without a valid one is added and their faces are not, and that is told."""
    record = PersonRecord("ana", "Ana", faces=(FaceRecord(b"1234"),), consents=(consent,))
    plan = plan_people([record], _NOBODY, _MODEL, _NOW, consent_required=True)
    assert (len(plan.people), len(plan.faces), plan.outcomes[0].created) == (1, int(valid), True)
    assert (plan.outcomes[0].reason == "CONSENT_MISSING") != valid
    # Deleting somebody ends their consents, which an import does not revive.
    ended = plan_people([record], replace(_NOBODY, consents=("ana-c",)), _MODEL, _NOW, consent_required=True)
    assert (ended.faces, ended.consents) == ((), ())


def test_the_same_encoding_of_a_person_is_one_face() -> None:
    """Its id depends on person, encoding and model alone."""
    record = PersonRecord("ana", "Ana", faces=(FaceRecord(b"1234"), FaceRecord(b"1234"), FaceRecord(b"1235")))
    assert len(named_faces(record, _MODEL)) == 2
    ids = {
        face_id_of_encoding(person, encoding, FaceModel("local", model))
        for person in ("ana", "bo")
        for encoding in (b"1", b"2")
        for model in ("m1", "m2")
    }
    assert len(ids) == 8
    plan = plan_people([record], _NOBODY, _MODEL, _NOW, consent_required=False)
    assert (plan.outcomes[0].added_faces, plan.outcomes[0].known_faces) == (2, 1)


def test_a_request_is_bounded() -> None:
    """Too many people, too many faces and a person twice are refused by the field."""
    one = PersonRecord("ana", "Ana", faces=(FaceRecord(b"1234"),) * MOST_FACES)
    checked_size([one])
    for records, said in (
        ([replace(one, person_id=f"p{number}", faces=()) for number in range(MOST_PEOPLE + 1)], "at most 500 entries"),
        ([one, replace(one, person_id="bo")], "at most 2000 faces together, not 4000"),
        ([replace(one, faces=())] * 2, r"people\[1\] is the same person as people\[0\]"),
    ):
        with pytest.raises(InvalidInput, match=said):
            checked_size(records)
