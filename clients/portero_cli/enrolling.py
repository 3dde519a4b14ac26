"""Adds people with their photos; a rejected photo is part of the result, not an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from portero_cli.photos import check_photo, read_photo
from portero_client import AlreadyExists, FaceEnrollment, InvalidArgument, Person, PorteroClient
from portero_client.names import PEOPLE


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, as a reason for programs and a message for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """The result for one photo: a face, or an error."""

    photo: str
    face: FaceEnrollment | None
    error: Problem | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A folder that could not be made a person."""

    folder: str
    error: Problem


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person after their photos were enrolled; `created` tells whether they were new."""

    person: Person
    created: bool
    photos: tuple[PhotoResult, ...]

    @property
    def complete(self) -> bool:
        """Whether every photo was enrolled."""
        return all(photo.error is None for photo in self.photos)


async def enroll_person(
    client: PorteroClient,
    display_name: str,
    person_id: str,
    photos: Sequence[Path],
    advance: Callable[[], None],
) -> Enrolled:
    """Adds a person, unless they exist, and enrolls the face of each photo.

    Args:
        client: The server.
        display_name: Display name.
        person_id: Last part of the resource name.
        photos: Photo files.
        advance: Called after each photo, for a progress bar.

    Raises:
        InvalidArgument: None of the photos can be read, so nobody was added.
        AlreadyExists: The id belongs to somebody with another name.
        PorteroError: The server failed otherwise than by refusing a photo.
    """
    _check_one_is_readable(photos)
    created = True
    try:
        person = await client.people.create(display_name, person_id=person_id)
    except AlreadyExists:
        created = False
        person = await client.people.get(person_id)
        if person.display_name != display_name.strip():
            raise AlreadyExists(
                f"{person.name} belongs to somebody with another name; choose another id with --id",
                resource=person.name,
            ) from None
    results = []
    for photo in photos:
        results.append(await _enroll(client, person, photo))
        advance()
    # Asked again for the number of faces that there are now.
    return Enrolled(await client.people.get(person.name), created, tuple(results))


def in_words(enrolled: Iterable[Enrolled]) -> list[str]:
    """Prints the results: a line for each person, and one for each photo that was rejected."""
    lines = []
    for each in enrolled:
        taught = sum(photo.error is None for photo in each.photos)
        known = "is new" if each.created else "existed already"
        lines.append(
            f"{each.person.display_name} ({PEOPLE.identifier(each.person.name)}) {known}: "
            f"{taught} of {_count(len(each.photos), 'photo')} enrolled, "
            f"{_count(each.person.face_count, 'face')} in all"
        )
        lines += [f"  {photo.photo}: {photo.error.message}" for photo in each.photos if photo.error is not None]
    return lines


def _check_one_is_readable(photos: Sequence[Path]) -> None:
    problems = []
    for photo in photos:
        try:
            check_photo(photo)
        except InvalidArgument as error:
            problems.append(error)
        else:
            return
    if problems:
        raise problems[0]


async def _enroll(client: PorteroClient, person: Person, photo: Path) -> PhotoResult:
    try:
        face = await client.people.enroll(person.name, read_photo(photo))
    except InvalidArgument as error:
        return PhotoResult(str(photo), None, Problem(error.reason, error.message))
    return PhotoResult(str(photo), face, None)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
