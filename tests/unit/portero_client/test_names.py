from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_client import InvalidArgument
from portero_client.names import CAMERAS, PEOPLE, SIGHTINGS, face_name


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True))
def test_an_identifier_and_its_name_are_interchangeable(identifier: str) -> None:
    """Whether an id or a full name is given, the name and the id come out the same."""
    name = PEOPLE.name(identifier)
    assert name == f"people/{identifier}"
    assert PEOPLE.name(name) == name
    assert PEOPLE.identifier(name) == PEOPLE.identifier(identifier) == identifier


@pytest.mark.parametrize(
    "value", ["", "people/", "Ana", "ana maria", "-ana", "a" * 64, "cameras/ana", "people/ana/faces/1", "ana\n"]
)
def test_what_cannot_be_a_person_is_refused_before_it_travels(value: str) -> None:
    """A malformed person is refused with the rule in the message."""
    with pytest.raises(InvalidArgument, match="1 to 63 characters") as caught:
        PEOPLE.name(value)
    assert caught.value.reason == "MALFORMED_NAME"


def test_ids_made_by_the_server_may_have_more_characters() -> None:
    """Sightings are named by the server, so upper case and underscores pass there but not for cameras."""
    assert SIGHTINGS.name("01J_Ab.c") == "sightings/01J_Ab.c"
    with pytest.raises(InvalidArgument):
        CAMERAS.name("01J_Ab.c")


def test_a_face_is_named_in_full() -> None:
    """Only people/{person}/faces/{face} names a face."""
    assert face_name("people/ana/faces/f1") == "people/ana/faces/f1"
    with pytest.raises(InvalidArgument):
        face_name("f1")
