"""Resource names are taken apart strictly and put together plainly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portero_server.errors import InvalidInput
from portero_server.rpc import resource_names as names


@pytest.mark.parametrize(
    ("parse", "made", "parts"),
    [
        (names.parse_person, names.person_name("ana-1"), "ana-1"),
        (names.parse_face, names.face_name("ana", "0f"), ("ana", "0f")),
        (names.parse_camera, names.camera_name("door"), "door"),
        (names.parse_sighting, names.sighting_name("door.e1:7".replace(":", "-")), "door.e1-7"),
    ],
)
def test_name_is_parsed_back(parse: Callable[[str, str], object], made: str, parts: object) -> None:
    """What is put together can be taken apart."""
    assert parse(made, "name") == parts


@pytest.mark.parametrize("parse", [names.parse_person, names.parse_face, names.parse_camera, names.parse_sighting])
@pytest.mark.parametrize(
    "name",
    ["", "people", "people/", "people/Ana", "people/ana/", "cameras/a b", "sightings/", "faces/1", "people/ana\n"],
)
def test_bad_name_names_its_field_and_form(parse: Callable[[str, str], object], name: str) -> None:
    """A name of another form is refused, naming the field and the form."""
    with pytest.raises(InvalidInput, match="of the form") as caught:
        parse(name, "parent")
    assert caught.value.field == "parent"
    assert caught.value.reason == "BAD_RESOURCE_NAME"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("people/ana", "portero.v1.Person"),
        ("people/ana/faces/0f", "portero.v1.FaceEnrollment"),
        ("cameras/door", "portero.v1.Camera"),
        ("sightings/7", "portero.v1.Sighting"),
        ("elsewhere/7", ""),
    ],
)
def test_type_of_a_name(name: str, kind: str) -> None:
    """The type of a resource is told by its name."""
    assert names.type_of(name) == kind
