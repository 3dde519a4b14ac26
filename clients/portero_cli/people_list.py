"""Decides what of a list of people with their photos, a CSV file, is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from portero_cli.import_plan import ImportPlan, LeftOut, PersonPhotos
from portero_cli.table_file import one_column_each, read_table
from portero_client import InvalidArgument

_COLUMNS = {
    "display_name": ("name", "display_name", "nombre"),
    "person_id": ("id", "person_id", "person"),
    "photo": ("photo", "photos", "file", "path", "image", "foto", "fotos", "archivo", "imagen"),
    "label:external_id": ("external_id", "external id", "externo", "id_externo"),
}
"""What the column of each field may be called; besides, "label:KEY" is the label KEY."""
_LABEL = "label:"
_MOST_LINES = 100_000

LIST_HELP = (
    "a CSV file with the columns name and photo, and id, external_id and label:KEY if known; paths of photos "
    "are relative to its folder, several are separated by | or on a line each"
)


def plan_list(data: bytes, name: str, folder: Path) -> ImportPlan:
    """Returns the plan to import a list: lines with the same id, or without an id the same name, are one person.

    Args:
        data: The file.
        name: Name of the file, for messages.
        folder: The folder that paths in the list are relative to; a path that leads out of it is left out.

    Raises:
        InvalidArgument: The file is not a CSV list of people, or has too many lines.
    """
    table = read_table(data, name, "source")
    fields = _fields(table.headings, name)
    if not table.rows:
        raise _wrong(f"{name} has no people: it needs a line of headings and a line for each person")
    if len(table.rows) > _MOST_LINES:
        raise _wrong(f"{name} has {len(table.rows):,} lines; at most {_MOST_LINES:,} are taken, so divide it")
    people: dict[tuple[str, str], PersonPhotos] = {}
    left_out: list[LeftOut] = []
    for row in table.rows:
        place, told = f"{name}, line {row.line}", row.under(fields)
        display_name, person_id = told.get("display_name", ""), told.get("person_id", "")
        if not display_name:
            left_out.append(LeftOut(place, "NO_NAME", "left out: the name is missing"))
            continue
        photos = []
        for path in filter(None, map(str.strip, told.get("photo", "").split("|"))):
            if _leads_out(path):
                words = f"left out: the photo must be a path inside the folder of the list, not {path[:80]!r}"
                left_out.append(LeftOut(place, "UNSAFE_PATH", words))
            else:
                photos.append(folder / path.replace("\\", "/"))
        # A name that reads like somebody else's id is not that person.
        same = (person_id, "" if person_id else display_name)
        known = people.get(same)
        if known is not None and known.display_name != display_name:
            words = f"left out: {known.place} has another name for the id {person_id[:80]!r}"
            left_out.append(LeftOut(place, "TWO_NAMES", words))
            continue
        people[same] = PersonPhotos(
            known.place if known else place,
            person_id or display_name,
            display_name,
            (known.photos if known else ()) + tuple(photos),
            person_id,
            {**_labels(told), **(known.labels if known else {})},
        )
    left_out += [
        LeftOut(each.place, "NO_PHOTOS", "nobody was added: the list names no photo")
        for each in people.values()
        if not each.photos
    ]
    return ImportPlan(tuple(each for each in people.values() if each.photos), tuple(left_out))


def _fields(headings: tuple[str, ...], name: str) -> list[str]:
    words = {word: field for field, words in _COLUMNS.items() for word in words}
    fields = [heading if heading.startswith(_LABEL) else words.get(heading, "") for heading in headings]
    for needed, example in (("display_name", "name (or nombre)"), ("photo", "photo (or foto)")):
        if headings and needed not in fields:
            raise _wrong(f"{name} has no column {example}: its first line must have the headings name and photo")
    one_column_each(fields, name, "source", _COLUMNS)
    return fields


def _labels(told: Mapping[str, str]) -> dict[str, str]:
    return {field.removeprefix(_LABEL): value for field, value in told.items() if field.startswith(_LABEL) and value}


def _leads_out(path: str) -> bool:
    """Whether a path may lead out of its folder, on whichever system it was written."""
    windows = PureWindowsPath(path)
    return bool(windows.drive or windows.root) or ".." in windows.parts or PurePosixPath(path).is_absolute()


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="source", reason="BAD_LIST")
