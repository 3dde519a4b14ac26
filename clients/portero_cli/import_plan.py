"""Decides what of a folder of people is imported, and says of everything else why not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from portero_cli.naming import name_of_folder
from portero_cli.photos import PhotoFolder
from portero_client import InvalidArgument


@dataclass(frozen=True, slots=True)
class PersonPhotos:
    """A person to import, and the photos that are theirs.

    Attributes:
        place: Where they are found: the folder, the photo, or the line of a list.
        key: Their name as it is there.
        display_name: Their name for people.
        photos: At least one.
        person_id: Empty: derived from the display name.
        labels: For a person who is new.
    """

    place: str
    key: str
    display_name: str
    photos: tuple[Path, ...]
    person_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that is not imported: `reason` is for programs, `message` says why and what to do."""

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to import.

    Attributes:
        people: In natural order, each with at least one photo.
        left_out: Everything else that is not hidden.
    """

    people: tuple[PersonPhotos, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no photo and no person is left out; other files beside them do not matter."""
        return all(each.reason == "NOT_A_PHOTO" for each in self.left_out)

    def ended_before(self, unfinished: Collection[PersonPhotos]) -> ImportPlan:
        """Returns the plan as it was carried out when the server failed before some people were done."""
        words = "left out: the server failed before all its photos were enrolled; run the import again"
        ended = (LeftOut(each.place, "ENDED", words) for each in self.people if each in unfinished)
        return ImportPlan(self.people, (*ended, *self.left_out))


def plan_import(folder: Path, look_into: Callable[[Path], PhotoFolder]) -> ImportPlan:
    """Plans the import of a folder with one folder per person, or one photo that has the person's name.

    Args:
        folder: The folder of people.
        look_into: Returns the contents of a folder.

    Raises:
        InvalidArgument: The folder may not be read.
    """
    people: list[PersonPhotos] = []
    left_out: list[LeftOut] = []
    top = look_into(folder)
    for each in top.folders:
        try:
            inside = look_into(each)
        except InvalidArgument as error:
            left_out.append(LeftOut(str(each), error.reason, error.message.removeprefix(f"{each} ")))
            continue
        if inside.photos:
            people.append(PersonPhotos(str(each), each.name, name_of_folder(each.name), inside.photos))
        else:
            words = "nobody was added: the folder holds no photo"
            left_out.append(LeftOut(str(each), "NO_PHOTOS", words))
        left_out += [_no_photo(path) for path in inside.others]
        left_out += [
            LeftOut(str(path), "FOLDER_IN_FOLDER", "left out: photos are taken from the person's own folder only")
            for path in inside.folders
        ]
    for path in top.photos:
        if any(map(str.isdigit, path.stem)):
            # As cameras name their photos; else the photos of one person would become as many people.
            words = "left out: a name with a number is not taken for a person's; put it into a folder that has it"
            left_out.append(LeftOut(str(path), "NO_PERSON", words))
        else:
            people.append(PersonPhotos(str(path), path.stem, name_of_folder(path.stem), (path,)))
    left_out += [_no_photo(path) for path in top.others]
    return ImportPlan(tuple(_joined(people)), tuple(left_out))


def _joined(people: list[PersonPhotos]) -> Iterator[PersonPhotos]:
    """Yields one person for what has the same name, such as a folder and a photo beside it."""
    same: dict[str, list[PersonPhotos]] = {}
    for each in people:
        same.setdefault(normalize("NFC", each.display_name), []).append(each)
    for first, *others in same.values():
        photos = first.photos + tuple(photo for other in others for photo in other.photos)
        yield PersonPhotos(first.place, first.key, first.display_name, photos)


def _no_photo(path: Path) -> LeftOut:
    return LeftOut(str(path), "NOT_A_PHOTO", "left out: it is not a photo")
