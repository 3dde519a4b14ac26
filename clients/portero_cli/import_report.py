"""The report of an import: the outcome of every photo, as a CSV or JSON file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from pathlib import Path

from portero_client import InvalidArgument
from portero_reports.totals import not_a_formula

_SUFFIXES = (".csv", ".json")


class Outcome(Enum):
    """What became of a photo."""

    ENROLLED = "enrolled"
    """Its face is enrolled, by this run or an earlier one."""
    SAME_PICTURE = "same_picture"
    """An earlier photo in the report is the same picture, so both share one enrolled face."""
    REFUSED = "refused"
    """It cannot be used, or its person could not be added."""
    LEFT_OUT = "left_out"
    """It was not read, or is not a photo."""


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """A line of the report.

    Attributes:
        photo: Path of the photo; for a folder or a line of a list that was left out as a whole, its path or place.
        person: Resource name of the person; empty if nobody was added.
        display_name: The person's name; empty if it is not known.
        outcome: What became of the photo.
        face: Resource name of the enrolled face; empty if there is no such face.
        reason: Why it has no face of its own, as a code for programs such as NO_FACE; empty if enrolled.
        message: The same in words, with what to do; empty if enrolled.
    """

    photo: str
    person: str
    display_name: str
    outcome: Outcome
    face: str = ""
    reason: str = ""
    message: str = ""


def with_duplicates_marked(outcomes: Iterable[PhotoOutcome]) -> list[PhotoOutcome]:
    """Returns the outcomes in order; an enrolled photo that shares the face of an earlier one becomes SAME_PICTURE."""
    first_photo: dict[str, str] = {}
    marked = []
    for each in outcomes:
        if each.outcome is Outcome.ENROLLED and (first := first_photo.setdefault(each.face, each.photo)) != each.photo:
            message = f"it is the same picture as {first}: both share one face"
            each = replace(each, outcome=Outcome.SAME_PICTURE, reason="SAME_PICTURE", message=message)
        marked.append(each)
    return marked


def summary(outcomes: Sequence[PhotoOutcome]) -> str:
    """Returns one line for people: how many photos there were, and how many of them had each outcome."""
    counts = Counter(each.outcome for each in outcomes)
    photos = len(outcomes) - counts[Outcome.LEFT_OUT]
    people = len({each.person for each in outcomes if each.outcome is Outcome.ENROLLED})
    parts = [f"{counts[Outcome.ENROLLED]} enrolled of {people} {'person' if people == 1 else 'people'}"]
    if counts[Outcome.SAME_PICTURE]:
        parts.append(f"{counts[Outcome.SAME_PICTURE]} the same picture as another")
    parts.append(f"{counts[Outcome.REFUSED]} refused")
    if counts[Outcome.LEFT_OUT]:
        left_out = counts[Outcome.LEFT_OUT]
        parts.append(f"{left_out} {'file or folder' if left_out == 1 else 'files or folders'} left out")
    return f"{photos} {'photo' if photos == 1 else 'photos'}: {', '.join(parts)}"


def check_report(path: Path) -> None:
    """Checks a report's path before the import starts, so that no import runs whose report cannot be written.

    Raises:
        InvalidArgument: The name does not end in .csv or .json, or the folder does not exist.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidArgument(f"{path} must end in .csv or .json", field="report", reason="BAD_REPORT")
    if not path.parent.is_dir():
        raise InvalidArgument(f"{path} cannot be written: there is no such folder", field="report", reason="BAD_REPORT")


def write_report(path: Path, outcomes: Iterable[PhotoOutcome]) -> None:
    """Writes the outcomes as CSV or JSON, as the path ends. Only the owner can read the file, since it names people.

    Raises:
        InvalidArgument: The file cannot be written.
    """
    lines = [asdict(each) | {"outcome": each.outcome.value} for each in outcomes]
    if path.suffix.lower() == ".json":
        text = json.dumps({"photos": lines}, ensure_ascii=False, indent=2) + "\n"
    else:
        table = io.StringIO()
        writer = csv.DictWriter(table, [field.name for field in fields(PhotoOutcome)], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: not_a_formula(str(value)) for name, value in line.items()} for line in lines)
        text = table.getvalue()
    write_private(path, text.encode())


def write_private(path: Path, content: bytes) -> None:
    """Writes or replaces a file that only its owner can read. Readers see the old content or the new one, never a part.

    Raises:
        InvalidArgument: The file cannot be written. What was at the path before is still there.
    """
    part = path.with_name(f".{path.name}.new")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        # What was written before the disk was full would name people in a hidden file that nobody looks for.
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise InvalidArgument(
            f"{path} cannot be written: {error.strerror}", field="file", reason="UNWRITABLE"
        ) from None
