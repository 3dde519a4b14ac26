"""Subjects as people: a subject is a person's display name, and never two people's.

Where several people have one name, no call by that name changes any of them. They are listed by their resource names
("people/ana"), which every call takes as a subject too.
"""

from __future__ import annotations

import re
from collections import Counter

from portero_client import NotFound, Person, PorteroClient
from portero_client.names import PEOPLE
from portero_console.compreface.errors import (
    Code,
    CompreFaceError,
    image_not_found,
    subject_not_found,
)

_BETWEEN = "~"
"""Between the ids of person and face in the id of an example; no id has it, and addresses need not escape it."""

_IMAGE_ID = re.compile(rf"({PEOPLE.identifier_pattern.pattern}){_BETWEEN}([A-Za-z0-9][A-Za-z0-9_.-]{{0,127}})")
_PREFIX = f"{PEOPLE.prefix}/"
_PAGE = 1000


async def find(client: PorteroClient, subject: str) -> Person | None:
    """Returns the person of a subject, or None.

    Raises:
        CompreFaceError: Several people have this name, or it is the resource name of nobody.
        PorteroError: The caller may not look, or the server does not answer.
    """
    identifier = subject.removeprefix(_PREFIX)
    if identifier != subject and PEOPLE.identifier_pattern.fullmatch(identifier):
        return await _get(client, subject)
    alike = client.people.list(display_name_contains=subject, page_size=_PAGE)
    found = [person async for person in alike if person.display_name == subject]
    if len(found) > 1:
        names = ", ".join(person.name for person in found[:10])
        raise CompreFaceError(
            Code.INCORRECT_ARGUMENT, f"{len(found)} people have this name; use one of these as subject: {names}"
        )
    return found[0] if found else None


async def require(client: PorteroClient, subject: str) -> Person:
    """Returns the person of a subject.

    Raises:
        CompreFaceError: As `find`, or there is none.
        PorteroError: As `find`.
    """
    person = await find(client, subject)
    if person is None:
        raise subject_not_found(subject)
    return person


async def everybody(client: PorteroClient) -> list[tuple[str, Person]]:
    """Returns all people by resource name, each with the subject that is theirs alone.

    Raises:
        PorteroError: The caller may not look, or the server does not answer.
    """
    people = [person async for person in client.people.list(page_size=_PAGE)]
    bearers = Counter(person.display_name for person in people)
    return [
        (subject_shown(person.display_name, person.name) if bearers[person.display_name] == 1 else person.name, person)
        for person in people
    ]


def subject_shown(display_name: str, name: str) -> str:
    """Returns the subject by which a person is told: the name, unless it looks like somebody's resource name."""
    return name if display_name.startswith(_PREFIX) else display_name


def image_id_of(face: str) -> str:
    """Returns the id of an example for the resource name of a face."""
    return face.removeprefix(_PREFIX).replace("/faces/", _BETWEEN)


def is_image_id(text: str) -> bool:
    """Returns whether an example may have this id."""
    return _IMAGE_ID.fullmatch(text) is not None


def face_of(image_id: str) -> tuple[str, str]:
    """Returns the resource names of person and face for the id of an example.

    Raises:
        CompreFaceError: No example has such an id.
    """
    found = _IMAGE_ID.fullmatch(image_id)
    if found is None:
        raise image_not_found(image_id)
    return f"{_PREFIX}{found[1]}", f"{_PREFIX}{found[1]}/faces/{found[2]}"


async def _get(client: PorteroClient, name: str) -> Person:
    try:
        return await client.people.get(name)
    except NotFound:
        raise subject_not_found(name) from None
