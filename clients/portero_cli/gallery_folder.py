"""A whole gallery as a folder: a manifest, and a file of people, one a line."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from portero_cli.import_report import write_private
from portero_cli.screen.output import jsonable
from portero_client import Box, Consent, FaceEncoding, FaceQuality, InvalidArgument, PersonRecord

MANIFEST, PEOPLE = "gallery.json", "people.jsonl"
_FORMAT = 1
_LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of a person: some ten thousand faces."""


@dataclass(frozen=True, slots=True)
class GalleryManifest:
    """The manifest of an exported gallery.

    Attributes:
        made_at: When it was made, ISO 8601, UTC.
        people: Number of people.
        models: Number of faces by engine and face model, "local dlib-resnet-v1".
        kept_by_engine: Number of faces without an encoding, since only the engine has them.
        sha256: Digest of the file of people, hexadecimal.
    """

    made_at: str
    people: int
    models: Mapping[str, int]
    kept_by_engine: int
    sha256: str
    format: int = _FORMAT


class GalleryFolderWriter:
    """Writes a gallery into a folder. Only `finish` writes the manifest, without which it is not a gallery."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder, which only its owner can look into.

        Raises:
            InvalidArgument: It is not empty, or cannot be made.
        """
        make_private_folder(folder)
        self._folder = folder
        self._file = folder / PEOPLE
        self._file.touch(mode=0o600)
        self._out = self._file.open("wb")
        self._digest = hashlib.sha256()
        self._people = 0
        self._models: Counter[str] = Counter()
        self._kept = 0

    def add(self, record: PersonRecord) -> None:
        """Writes a person."""
        line = line_of(record)
        self._out.write(line)
        self._digest.update(line)
        self._people += 1
        self._models.update(f"{face.engine} {face.model_version}" for face in record.faces if face.encoding)
        self._kept += sum(not face.encoding for face in record.faces)

    def finish(self, now: datetime) -> GalleryManifest:
        """Closes the file of people, and writes the manifest, which it returns."""
        self._out.close()
        made_at = now.isoformat(timespec="seconds")
        manifest = GalleryManifest(made_at, self._people, dict(self._models), self._kept, self._digest.hexdigest())
        text = json.dumps(jsonable(manifest), indent=2, sort_keys=True)
        write_private(self._folder / MANIFEST, f"{text}\n".encode())
        return manifest

    def close(self) -> None:
        """Closes the file of people, if `finish` has not done so."""
        self._out.close()


def make_private_folder(folder: Path) -> None:
    """Makes a folder that only its owner can look into, or takes an empty one.

    Raises:
        InvalidArgument: It is not empty, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        there = next(folder.iterdir(), None)
    except OSError as error:
        raise InvalidArgument(
            f"{folder} cannot be made: {error.strerror}", field="folder", reason="UNWRITABLE"
        ) from None
    if there is not None:
        raise InvalidArgument(f"{folder} is not empty: name a new folder", field="folder", reason="FILE_EXISTS")


def read_manifest(folder: Path) -> GalleryManifest:
    """Returns the manifest of an exported gallery, after checking that the gallery is whole.

    Raises:
        InvalidArgument: It is not an exported gallery, or one of a later version, or damaged.
    """
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        if told["format"] != _FORMAT:
            raise InvalidArgument(
                f"{folder} was exported by a later version: import it with that version",
                field="folder",
                reason="LATER_VERSION",
            )
        manifest = GalleryManifest(**{field.name: told[field.name] for field in fields(GalleryManifest)})
        with (folder / PEOPLE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidArgument(
            f"{folder} is not a complete export of `portero gallery export`",
            field="folder",
            reason="NO_GALLERY",
        ) from None
    if digest != manifest.sha256:
        raise InvalidArgument(
            f"{folder / PEOPLE} is damaged: it is not what was exported", field="folder", reason="DAMAGED"
        )
    return manifest


def read_people(folder: Path) -> Iterator[PersonRecord]:
    """Yields the people of an exported gallery.

    Raises:
        InvalidArgument: A line does not hold a person.
    """
    with (folder / PEOPLE).open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            try:
                yield record_of(line)
            except (ValueError, KeyError, TypeError):
                raise InvalidArgument(
                    f"{folder / PEOPLE}, line {number}: not an exported person", field="folder", reason="DAMAGED"
                ) from None


def line_of(record: PersonRecord) -> bytes:
    """Returns a person as a line of JSON; encodings are base64 of float32 little-endian."""
    told = jsonable(record)
    for face, out in zip(record.faces, told["faces"], strict=True):
        out["encoding"] = base64.b64encode(face.encoding).decode()
    return (json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def record_of(line: bytes) -> PersonRecord:
    """Returns the person of a line. Raises ValueError, KeyError or TypeError if it holds none."""
    told = json.loads(line)
    return PersonRecord(
        **{
            **told,
            "create_time": _time(told["create_time"]),
            "block_time": _time(told["block_time"]),
            "faces": tuple(map(_face, told["faces"])),
            "consents": tuple(
                Consent(**{**each, **{name: _time(each[name]) for name in each if name.endswith("_time")}})
                for each in told["consents"]
            ),
        }
    )


def _face(told: dict[str, Any]) -> FaceEncoding:
    return FaceEncoding(
        **{
            **told,
            "encoding": base64.b64decode(told["encoding"], validate=True),
            "box": None if told["box"] is None else Box(**told["box"]),
            "quality": None if told["quality"] is None else FaceQuality(**told["quality"]),
            "create_time": _time(told["create_time"]),
        }
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
