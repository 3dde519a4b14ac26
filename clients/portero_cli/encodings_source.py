"""Reads people and their faces from the encodings and labels of `face_recognition`."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portero_cli.face_labels import read_labels
from portero_cli.import_plan import LeftOut
from portero_cli.naming import id_of
from portero_cli.npy_file import read_npy
from portero_client import FaceEncoding, InvalidArgument, PersonRecord
from portero_client.names import PEOPLE

ENCODINGS, LABELS = "encodings.npy", "labels.json"
LENGTH = 128
MODEL_VERSION = "dlib-resnet-v1"
"""How the server names the face model of `face_recognition`: dlib's, of 128 numbers."""
_MOST_BYTES = 1024**3
"""Most bytes of a file: a million faces."""


@dataclass(frozen=True, slots=True)
class EncodedPeople:
    """People to import, each once, and the rows that are not imported."""

    records: tuple[PersonRecord, ...]
    left_out: tuple[LeftOut, ...]


def read_encodings(encodings: Path, labels: Path) -> EncodedPeople:
    """Returns the people of two files: rows with the same name are one person.

    Raises:
        InvalidArgument: A file cannot be read, the two do not fit together, or the encodings are of another model.
    """
    table = read_npy(_content(encodings), str(encodings))
    if table.length != LENGTH:
        raise InvalidArgument(
            f"{encodings} has {table.length} numbers a face, and those of face_recognition (dlib) have {LENGTH}: they "
            "are of another face model; import photos instead (`portero people import`)",
            field="encodings",
            reason="OTHER_MODEL",
        )
    names = read_labels(_content(labels), len(table), str(labels))
    return people_of([table.row(row) for row in range(len(table))], names, str(encodings))


def people_of(rows: Sequence[Sequence[float]], names: Sequence[str], place: str) -> EncodedPeople:
    """Returns the people of rows of numbers.

    Args:
        rows: Each of 128 numbers.
        names: Whose each row is.
        place: Where the rows are, for messages.
    """
    faces: dict[str, list[FaceEncoding]] = {}
    left_out: list[LeftOut] = []
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        if all(map(math.isfinite, row)):
            faces.setdefault(name, []).append(FaceEncoding(struct.pack(f"<{LENGTH}f", *row)))
        else:
            words = "left out: a number of it is NaN or infinite"
            left_out.append(LeftOut(f"{place}, row {number}", "BAD_ENCODING", words))
    records: dict[str, PersonRecord] = {}
    for name, own in faces.items():
        try:
            person = PEOPLE.name(id_of(name))
        except InvalidArgument as error:
            left_out.append(LeftOut(f"{place}, {name}", error.reason, f"left out: {error.message}"))
            continue
        if person in records:
            words = f"left out: its id is that of {records[person].display_name}; give one of the two another name"
            left_out.append(LeftOut(f"{place}, {name}", "ALREADY_EXISTS", words))
            continue
        records[person] = PersonRecord(person, name, faces=tuple(own))
    return EncodedPeople(tuple(records.values()), tuple(left_out))


def _content(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise InvalidArgument(
                f"{file} has {size:,} bytes; at most {_MOST_BYTES:,} (1 GiB) are read, so divide it",
                field="encodings",
                reason="TOO_MANY_BYTES",
            )
        return file.read_bytes()
    except OSError as error:
        raise InvalidArgument(
            f"{file} cannot be read: {(error.strerror or '').lower()}", field="encodings", reason="UNREADABLE"
        ) from None
