"""Adds people with their photos; a rejected photo is part of the result, not an error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from portero_cli.photos import ON_DISK, PhotoStore
from portero_client import (
    AlreadyExists,
    Candidate,
    EnrolledFace,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Person,
    PhotoCheck,
    PorteroClient,
    PorteroError,
)
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
    face: EnrolledFace | None
    error: Problem | None


@dataclass(frozen=True, slots=True)
class CheckedPhoto:
    """What the server says of one photo before it is enrolled, or why it cannot be read."""

    photo: str
    check: PhotoCheck | None
    error: Problem | None

    @property
    def usable(self) -> bool:
        """Whether it can be enrolled, unless the engine refuses it."""
        return self.check is not None and not self.check.reason

    @property
    def words(self) -> str:
        """What is wrong with it and what to do; empty: nothing."""
        if self.check is None:
            return "" if self.error is None else self.error.message
        return "; ".join(advice.text for advice in self.check.advice)


@dataclass(frozen=True, slots=True)
class Refused:
    """A folder that could not be made a person."""

    folder: str
    error: Problem


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person after their photos were enrolled.

    Attributes:
        person: As stored, or as it was before it was removed again.
        created: Whether they were new.
        photos: What became of each photo.
        removed: Whether the person, who was new, was removed again, since no photo could be enrolled.
    """

    person: Person
    created: bool
    photos: tuple[PhotoResult, ...]
    removed: bool = False

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
    *,
    store: PhotoStore = ON_DISK,
    labels: Mapping[str, str] | None = None,
    request_id: str = "",
    tell: Callable[[Path, PhotoResult], None] = lambda _photo, _result: None,
) -> Enrolled:
    """Adds a person, unless they exist, and enrolls the face of each photo.

    A person who is new is removed again if they have no face afterward, unless only their consent is missing.

    Args:
        client: The server.
        display_name: Display name.
        person_id: Last part of the resource name.
        photos: Photo files; none if all were enrolled, or rejected, by an earlier run.
        advance: Called after each photo, for a progress bar.
        store: Where the photos are read from.
        labels: Labels given to a person who is new.
        request_id: The same as of an earlier run that may have added the person; empty: there was none.
        tell: Called with the result of each photo as soon as it is known.

    Raises:
        InvalidArgument: None of the photos can be read, so nobody was added.
        AlreadyExists: The id belongs to somebody with another name.
        PorteroError: The server failed otherwise than by refusing a photo.
    """
    _check_one_is_readable(photos, store)
    created = True
    try:
        person = await _created(client, display_name, person_id, labels, request_id)
    except AlreadyExists:
        created = False
        person = await client.people.get(person_id)
        if normalize("NFC", person.display_name) != normalize("NFC", display_name.strip()):
            raise AlreadyExists(
                f"{person.name} belongs to somebody with another name; choose another id with --id, "
                f"such as {person_id[:60]}-2",
                resource=person.name,
            ) from None
    results: list[PhotoResult] = []
    try:
        for photo in photos:
            results.append(await enroll_photo(client, person.name, photo, store))
            tell(photo, results[-1])
            advance()
    except BaseException as error:
        # A consent is given by somebody who is there, so whoever lacks one stays.
        waits = isinstance(error, FailedPrecondition) and error.reason == "CONSENT_MISSING"
        if created and not waits and not _taught(results):
            with contextlib.suppress(PorteroError):
                # An earlier run may have enrolled some.
                if not (await client.people.get(person.name)).face_count:
                    await client.people.delete(person.name)
        raise
    # Asked again for the number of faces that there are now; somebody else may have added some.
    person = await client.people.get(person.name)
    removed = created and not person.face_count and await _removed(client, person)
    return Enrolled(person, created, tuple(results), removed)


async def enroll_photo(client: PorteroClient, person: str, photo: Path, store: PhotoStore = ON_DISK) -> PhotoResult:
    """Enrolls the face of one photo of a person, given by resource name; a rejected photo is a result.

    Raises:
        PorteroError: The server failed otherwise than by refusing the photo.
    """
    try:
        # Large ones are decoded, which others do not wait for.
        face = await client.people.enroll(person, await asyncio.to_thread(store.read, photo))
    except InvalidArgument as error:
        return PhotoResult(str(photo), None, Problem(error.reason, error.message))
    return PhotoResult(str(photo), face, None)


async def check_photo(client: PorteroClient, photo: Path, store: PhotoStore = ON_DISK) -> CheckedPhoto:
    """Asks the server whether a photo can be enrolled; one that cannot be read is a result.

    Raises:
        PorteroError: The server failed otherwise than by refusing the photo.
    """
    try:
        check = await client.people.check_photo(await asyncio.to_thread(store.read, photo))
    except InvalidArgument as error:
        return CheckedPhoto(str(photo), None, Problem(error.reason, error.message))
    return CheckedPhoto(str(photo), check, None)


def in_words(enrolled: Iterable[Enrolled]) -> list[str]:
    """Returns the results: a line for each person, and one for each photo that was rejected."""
    lines = []
    for each in enrolled:
        taught = _taught(each.photos)
        known = "is new" if each.created else "existed already"
        lines.append(
            f"{each.person.display_name} ({PEOPLE.identifier(each.person.name)}) {known}: "
            f"{taught} of {_count(len(each.photos), 'photo')} enrolled, "
            f"{_count(each.person.face_count, 'face')} in all"
            if not each.removed
            else f"{each.person.display_name} ({PEOPLE.identifier(each.person.name)}) was not added: "
            f"none of {_count(len(each.photos), 'photo')} could be enrolled"
        )
        lines += [f"  warning: {like}" for like in warnings_of(each)]
        lines += [f"  {photo.photo}: {photo.error.message}" for photo in each.photos if photo.error is not None]
    return lines


def warnings_of(enrolled: Enrolled) -> list[str]:
    """Returns a line for each other person whose face is like those enrolled, and for what is poor about a photo."""
    same = look_alikes(enrolled.photos)
    told = {like.person for like in same}
    lines = [
        f"{like.display_name} ({PEOPLE.identifier(like.person)}) has much the same face, "
        f"{like.similarity:.0%} alike; if they are one person, remove one of the two"
        for like in same
    ]
    lines += [
        f"{like.display_name} ({PEOPLE.identifier(like.person)}) has a similar face, {like.similarity:.0%} alike; "
        "cameras name either of them only where the lead is clear"
        for like in confusable(enrolled.photos)
        if like.person not in told
    ]
    return lines + [
        f"{photo.photo}: {advice.text}" for photo in enrolled.photos if photo.face for advice in photo.face.advice
    ]


def look_alikes(photos: Iterable[PhotoResult]) -> list[Candidate]:
    """Returns the other people whom the enrolled faces are like, each once, the most alike first."""
    return _best(like for photo in photos if photo.face for like in photo.face.look_alikes)


def confusable(photos: Iterable[PhotoResult]) -> list[Candidate]:
    """Returns the other people who may be taken for the enrolled faces, each once, the most alike first."""
    return _best(like for photo in photos if photo.face for like in photo.face.confusable)


def _best(found: Iterable[Candidate]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for like in found:
        if like.person not in best or like.similarity > best[like.person].similarity:
            best[like.person] = like
    return sorted(best.values(), key=lambda like: (-like.similarity, like.person))


def _taught(photos: Iterable[PhotoResult]) -> int:
    return sum(photo.error is None for photo in photos)


async def _removed(client: PorteroClient, person: Person) -> bool:
    try:
        await client.people.delete(person.name)
    except PermissionDenied:
        # A desk may add people, and not remove them: the person stays without a face, as told by the count.
        return False
    return True


async def _created(
    client: PorteroClient, display_name: str, person_id: str, labels: Mapping[str, str] | None, request_id: str
) -> Person:
    try:
        return await client.people.create(display_name, person_id=person_id, labels=labels, request_id=request_id)
    except NotFound:
        # The earlier run added the person, and removed them again.
        return await client.people.create(display_name, person_id=person_id, labels=labels)


def _check_one_is_readable(photos: Sequence[Path], store: PhotoStore) -> None:
    problems = []
    for photo in photos:
        try:
            store.check(photo)
        except InvalidArgument as error:
            problems.append(error)
        else:
            return
    if problems:
        raise problems[0]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
