"""Imports people with encodings, in pieces, and adds up what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from portero_client import FailedPrecondition, ImportedPerson, PersonRecord, PorteroClient
from portero_client.transfer import batches


@dataclass(slots=True)
class GalleryImported:
    """What an import did: numbers of people and faces, and who was refused.

    Attributes:
        created, known: People who were added, and who existed.
        added_faces, known_faces: Faces that were added, and that were stored already.
        other_model_faces: Faces that were left out, being of another face model than the server's.
        kept_faces: Faces that were left out since the export has no encoding of them.
        refused: People who were refused, or whose faces were.
    """

    created: int = 0
    known: int = 0
    added_faces: int = 0
    known_faces: int = 0
    other_model_faces: int = 0
    kept_faces: int = 0
    refused: list[ImportedPerson] = field(default_factory=list)

    def count(self, outcome: ImportedPerson) -> None:
        """Adds what became of a person, or of a part of their faces."""
        self.added_faces += outcome.added_faces
        self.known_faces += outcome.known_faces
        self.created += outcome.created
        if outcome.reason:
            self.refused.append(outcome)
        elif not outcome.created:
            self.known += 1


async def import_records(
    client: PorteroClient, records: Iterable[PersonRecord], model_version: str, advance: Callable[[int], None]
) -> GalleryImported:
    """Imports people, and returns what became of them. May be repeated: what is there is not added twice.

    Args:
        client: The server.
        records: Whom to import; encodings of other face models than `model_version` are left out.
        model_version: The face model of the encodings, which must be the server's.
        advance: Called with the number of people done.

    Raises:
        FailedPrecondition: The server cannot use the encodings at all, and nobody was imported.
        PorteroError: The server failed; what was done until then stays.
    """
    done = GalleryImported()
    usable = (_usable(record, model_version, done) for record in records)
    for number, batch in enumerate(batches(usable)):
        outcomes = await client.people.import_people(batch, model_version=model_version)
        if not number and len(outcomes) > 1 and all(each.reason == "ENCODING_OF_OTHER_MODEL" for each in outcomes):
            raise FailedPrecondition(
                f"nobody was imported: none of the first {len(outcomes)} people has encodings of {model_version} "
                f"({outcomes[0].message})",
                reason="OTHER_MODEL",
            )
        for outcome in outcomes:
            done.count(outcome)
        advance(len(outcomes))
    return done


def _usable(record: PersonRecord, model_version: str, done: GalleryImported) -> PersonRecord:
    """Returns a person with the faces that the server can compare, and counts the others."""
    told = [face for face in record.faces if face.encoding]
    # What comes from a file without models is of the one that it is said to be of.
    faces = tuple(face for face in told if face.model_version in ("", model_version))
    done.kept_faces += len(record.faces) - len(told)
    done.other_model_faces += len(told) - len(faces)
    return replace(record, faces=faces)
