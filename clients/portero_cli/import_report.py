"""What became of every photo of an import, as a file that people and programs read."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from portero_client import InvalidArgument

_KINDS = (".csv", ".json")


class Outcome(Enum):
    """What became of a photo.

    ENROLLED: its face is enrolled, now or by an earlier run. SAME_PICTURE: another photo of the person is the same
    picture, so there is one face of both. REFUSED: it cannot be used, or its person could not be added. LEFT_OUT: it
    was not looked at, or is none.
    """

    ENROLLED = "enrolled"
    SAME_PICTURE = "same_picture"
    REFUSED = "refused"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """A line of the report.

    Attributes:
        photo: Its path, or that of a folder or line of a list that is left out as a whole.
        person: Resource name, or empty.
        display_name: The person's name, or empty.
        outcome: What became of it.
        face: Resource name of the face, or empty.
        reason: Why not, for programs; else empty.
        message: Why not and what to do, for people; else empty.
    """

    photo: str
    person: str
    display_name: str
    outcome: Outcome
    face: str = ""
    reason: str = ""
    message: str = ""


def marked_twins(outcomes: Iterable[PhotoOutcome]) -> list[PhotoOutcome]:
    """Returns the outcomes, with those of a picture that another photo before it is too as SAME_PICTURE."""
    first: dict[str, str] = {}
    marked = []
    for each in outcomes:
        if each.outcome is Outcome.ENROLLED and (twin := first.setdefault(each.face, each.photo)) != each.photo:
            each = PhotoOutcome(
                each.photo,
                each.person,
                each.display_name,
                Outcome.SAME_PICTURE,
                each.face,
                "SAME_PICTURE",
                f"it is the same picture as {twin}, and there is one face of both",
            )
        marked.append(each)
    return marked


def summary(outcomes: Sequence[PhotoOutcome]) -> str:
    """Returns an import in one line."""
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
    """Checks the name of a report.

    Raises:
        InvalidArgument: It ends in neither .csv nor .json, or its folder is not there.
    """
    if path.suffix.lower() not in _KINDS:
        raise InvalidArgument(f"{path} must end in .csv or .json", field="report", reason="BAD_REPORT")
    if not path.parent.is_dir():
        raise InvalidArgument(f"{path} cannot be written: there is no such folder", field="report", reason="BAD_REPORT")


def write_report(path: Path, outcomes: Iterable[PhotoOutcome]) -> None:
    """Writes a report, which names people, so that only its owner can read it.

    Raises:
        InvalidArgument: It cannot be written.
    """
    lines = [asdict(each) | {"outcome": each.outcome.value} for each in outcomes]
    if path.suffix.lower() == ".json":
        text = json.dumps({"photos": lines}, ensure_ascii=False, indent=2) + "\n"
    else:
        table = io.StringIO()
        writer = csv.DictWriter(table, list(PhotoOutcome.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _as_text(str(value)) for name, value in line.items()} for line in lines)
        text = table.getvalue()
    write_private(path, text.encode())


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner can read, in the place of one that is there.

    Raises:
        InvalidArgument: It cannot be written.
    """
    part = path.with_name(f".{path.name}.new")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise InvalidArgument(
            f"{path} cannot be written: {error.strerror}", field="file", reason="UNWRITABLE"
        ) from None


def _as_text(value: str) -> str:
    """Returns a cell that no spreadsheet takes for a formula, whatever a file in an archive was named."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
