"""Lists of people with their photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.people_list import plan_list
from portero_client import InvalidArgument

_FOLDER = Path("/photos")


def _planned(text: str) -> tuple[list[tuple[str, str, list[str], dict[str, str]]], dict[str, str]]:
    plan = plan_list(text.encode(), "list.csv", _FOLDER)
    people = [
        (each.display_name, each.person_id, list(map(str, each.photos)), dict(each.labels)) for each in plan.people
    ]
    return people, {each.path: each.reason for each in plan.left_out}


def test_lines_of_one_person_are_one_person_with_all_photos() -> None:
    """Photos come from lines of the same id or name and from one cell; an external id and labels are labels."""
    people, left_out = _planned(
        "Nombre;id;Foto;external_id;label:room;edad\n"
        "Ana Díaz;;ana/1.jpg | ana/2.jpg;C-7;12;33\n"
        "Bo;bo-2;bo.jpg;;;\n"
        "Ana Díaz;;ana\\3.jpg;;14;\n"
    )
    assert left_out == {}
    assert people == [
        (
            "Ana Díaz",
            "",
            ["/photos/ana/1.jpg", "/photos/ana/2.jpg", "/photos/ana/3.jpg"],
            {"external_id": "C-7", "room": "12"},
        ),
        ("Bo", "bo-2", ["/photos/bo.jpg"], {}),
    ]


def test_a_name_that_is_somebody_elses_id_is_another_person() -> None:
    """A line without an id does not join one whose id is its name, nor take that one's id away."""
    people, left_out = _planned("name,id,photo\nBo,Ana,1.jpg\nAna,,2.jpg\nEva,Eva,3.jpg\nEva,,4.jpg\n")
    assert left_out == {}
    assert [(name, person_id, photos) for name, person_id, photos, _ in people] == [
        ("Bo", "Ana", ["/photos/1.jpg"]),
        ("Ana", "", ["/photos/2.jpg"]),
        ("Eva", "Eva", ["/photos/3.jpg"]),
        ("Eva", "", ["/photos/4.jpg"]),
    ]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a.jpg", "a/../../b.jpg", "C:\\a.jpg", "\\\\host\\a.jpg", "..\\a.jpg"]
)
def test_a_photo_outside_the_folder_of_the_list_is_left_out(path: str) -> None:
    """No path of a list leads out of its folder, however it is written."""
    people, left_out = _planned(f"name,photo\nAna,{path}\n")
    assert people == []
    assert left_out == {"list.csv, line 2": "NO_PHOTOS"} | {"list.csv, line 2": "NO_PHOTOS"}
    plan = plan_list(f"name,photo\nAna,{path}|a.jpg\n".encode(), "list.csv", _FOLDER)
    assert [each.reason for each in plan.left_out] == ["UNSAFE_PATH"]
    assert plan.people[0].photos == (_FOLDER / "a.jpg",)


def test_lines_that_say_too_little_or_two_things_are_left_out() -> None:
    """A line without a name or with another name of a known id is told, and the rest is planned."""
    people, left_out = _planned("name,id,photo\n,x,x.jpg\nAna,a,1.jpg\nAnna,a,2.jpg\nBo,,\n")
    assert [name for name, *_ in people] == ["Ana"]
    assert left_out == {"list.csv, line 2": "NO_NAME", "list.csv, line 4": "TWO_NAMES", "list.csv, line 5": "NO_PHOTOS"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no people"),
        ("name,photo\n", "has no people"),
        ("photo\na.jpg\n", "has no column name"),
        ("name\nAna\n", "has no column photo"),
        ("name,nombre,photo\nAna,Ana,a.jpg\n", "two columns for the same thing"),
    ],
)
def test_what_is_no_list_of_people_is_refused(text: str, said: str) -> None:
    """A list that lacks a column, or has nobody, is refused with what it needs."""
    with pytest.raises(InvalidArgument, match=said):
        plan_list(text.encode(), "list.csv", _FOLDER)
