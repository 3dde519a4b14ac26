"""Teaches people again whose faces the engine has lost, from the photos of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from portero_cli.enrolling import PhotoResult, Problem, enroll_photo
from portero_cli.import_plan import PersonPhotos
from portero_cli.naming import id_of
from portero_client import FailedPrecondition, InvalidArgument, NotFound, PorteroClient, UnrecognizedPerson
from portero_client.names import PEOPLE


@dataclass(frozen=True, slots=True)
class Retaught:
    """A person who was enrolled again.

    Attributes:
        person: Resource name.
        display_name: Their display name.
        photos: What became of each photo.
        removed_faces: Lost faces whose photo was not among these, removed since others have taken their place.
    """

    person: str
    display_name: str
    photos: tuple[PhotoResult, ...]
    removed_faces: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every photo was enrolled."""
        return all(photo.error is None for photo in self.photos)


def photos_of(
    unrecognized: Iterable[UnrecognizedPerson], folders: Iterable[PersonPhotos]
) -> list[tuple[UnrecognizedPerson, PersonPhotos]]:
    """Returns the people for whom there is a folder: named with their id, or with the name that `import` makes it of.

    A folder whose name gives the id of somebody with another display name is not theirs: `import` refuses it as well.
    """
    by_id = {PEOPLE.identifier(each.person): each for each in unrecognized}
    found = []
    for folder in folders:
        person = by_id.get(folder.key) or _of_name(by_id, folder.display_name)
        if person is not None:
            found.append((person, folder))
    return found


async def teach_again(
    client: PorteroClient, person: UnrecognizedPerson, folder: PersonPhotos, advance: Callable[[], None]
) -> Retaught:
    """Enrolls the photos of a folder, and removes the lost faces that no photo taught, if any photo did.

    Args:
        client: The server.
        person: Whose photos they are.
        folder: The photos.
        advance: Called after each photo, for a progress bar.

    Raises:
        PorteroError: The server failed otherwise than by refusing a photo.
    """
    results: list[PhotoResult] = []
    for photo in folder.photos:
        try:
            results.append(await enroll_photo(client, person.person, photo))
        except FailedPrecondition as error:
            results.append(PhotoResult(str(photo), None, Problem(error.reason, error.message)))
        advance()
    taught = {result.face.name for result in results if result.face is not None}
    lost = [face for face in person.missing_faces if face not in taught] if taught else []
    for face in lost:
        try:
            await client.people.delete_face(face)
        except NotFound:
            # Somebody else removed it.
            continue
    return Retaught(person.person, person.display_name, tuple(results), tuple(lost))


def retaught_in_words(retaught: Sequence[Retaught], left: Sequence[UnrecognizedPerson]) -> list[str]:
    """Returns the results: a line for each person, for each photo that was rejected, and for who is still missed."""
    lines = []
    for each in retaught:
        taught = sum(photo.error is None for photo in each.photos)
        removed = f"; {len(each.removed_faces)} lost faces of other photos removed" if each.removed_faces else ""
        lines.append(
            f"{each.display_name} ({PEOPLE.identifier(each.person)}): {taught} of {len(each.photos)} photos "
            f"enrolled{removed}"
        )
        lines += [f"  {photo.photo}: {photo.error.message}" for photo in each.photos if photo.error is not None]
    names = {each.person for each in retaught}
    lines += left_in_words([each for each in left if each.person in names])
    return lines + left_in_words([each for each in left if each.person not in names], "no folder has their photos")


def left_in_words(left: Sequence[UnrecognizedPerson], why: str = "") -> list[str]:
    """Returns a line for each person who is still missed, which says why, if there is anything to say."""
    return [
        f"{each.display_name} ({PEOPLE.identifier(each.person)}): {_trouble(each)}" + (f"; {why}" if why else "")
        for each in left
    ]


def _of_name(by_id: dict[str, UnrecognizedPerson], name: str) -> UnrecognizedPerson | None:
    try:
        person = by_id.get(id_of(name))
    except InvalidArgument:
        return None
    alike = person is not None and normalize("NFC", person.display_name) == normalize("NFC", name.strip())
    return person if alike else None


def _trouble(person: UnrecognizedPerson) -> str:
    if person.other_model:
        return "no face of the model in use, so they are not recognized"
    lost = len(person.missing_faces)
    if not person.kept_face_count:
        return f"{'the only face is' if lost == 1 else f'all {lost} faces are'} lost, so they are not recognized"
    return f"{lost} of {lost + person.kept_face_count} faces {'is' if lost == 1 else 'are'} lost"
