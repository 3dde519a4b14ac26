"""Decides what of a folder of people is imported, and says of everything else why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portero_cli.photos import PhotoFolder
from portero_client import InvalidArgument


@dataclass(frozen=True, slots=True)
class PersonFolder:
    """A folder whose photos are a person's."""

    folder: Path
    photos: tuple[Path, ...]


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
        people: One folder a person, in natural order, each with at least one photo.
        left_out: Everything else that is not hidden.
    """

    people: tuple[PersonFolder, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no photo and no person is left out; other files beside them do not matter."""
        return all(each.reason == "NOT_A_PHOTO" for each in self.left_out)

    def ended_before(self, person: PersonFolder) -> ImportPlan:
        """Returns the plan as it was carried out when the server failed at a person."""
        rest = self.people[self.people.index(person) :]
        words = "left out: the server failed before all its photos were enrolled; run the import again"
        return ImportPlan(self.people, (*(LeftOut(str(each.folder), "ENDED", words) for each in rest), *self.left_out))


def plan_import(folder: Path, look_into: Callable[[Path], PhotoFolder]) -> ImportPlan:
    """Plans the import of a folder with one folder per person.

    Args:
        folder: The folder of folders.
        look_into: Returns the contents of a folder.

    Raises:
        InvalidArgument: The folder may not be read.
    """
    people: list[PersonFolder] = []
    left_out: list[LeftOut] = []
    top = look_into(folder)
    for each in top.folders:
        try:
            inside = look_into(each)
        except InvalidArgument as error:
            left_out.append(LeftOut(str(each), error.reason, error.message.removeprefix(f"{each} ")))
            continue
        if inside.photos:
            people.append(PersonFolder(each, inside.photos))
        else:
            words = "nobody was added: the folder holds no photo"
            left_out.append(LeftOut(str(each), "NO_PHOTOS", words))
        left_out += [_no_photo(path) for path in inside.others]
        left_out += [
            LeftOut(str(path), "FOLDER_IN_FOLDER", "left out: photos are taken from the person's own folder only")
            for path in inside.folders
        ]
    left_out += [
        LeftOut(str(path), "NO_PERSON", "left out: put it into a folder that has the person's name")
        for path in top.photos
    ]
    left_out += [_no_photo(path) for path in top.others]
    return ImportPlan(tuple(people), tuple(left_out))


def _no_photo(path: Path) -> LeftOut:
    return LeftOut(str(path), "NOT_A_PHOTO", "left out: it is no photo")
