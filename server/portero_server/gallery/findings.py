"""Looks for what may be wrong with the gallery: faces that nothing is compared with, and one face under two names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from portero_server.domain.cameras import Lane
from portero_server.domain.people.look_alikes import FindingKind, GalleryFinding, LookAlike, look_alikes
from portero_server.domain.people.people import FaceEnrollment, GalleryFace, Person
from portero_server.engines.base import CallContext, Engine

MOST_LOOK_ALIKES = 5
"""People told at most for one face; who is like more is not a pair of names, but a poor photograph."""

MOST_PEOPLE = 200
"""People looked at for one page: a few seconds in a gallery of a hundred thousand faces."""


class EnrolledPeople(Protocol):
    """Reads people and their faces."""

    async def enrolled(self, limit: int, after_id: str | None) -> Sequence[tuple[Person, Sequence[FaceEnrollment]]]:
        """Returns people by id, with their faces: at most `limit` after `after_id`."""
        ...

    async def display_names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Returns the display names of the people among `ids` who exist and may be named now."""
        ...


class GalleryCheck:
    """Goes through the gallery, a page of people at a time."""

    def __init__(self, engine: Engine, people: EnrolledPeople) -> None:
        self._engine = engine
        self._people = people

    async def look_alikes(self, face: FaceEnrollment, deadline: float | None) -> Sequence[LookAlike]:
        """Returns the people whose faces are like an enrolled one of somebody else, and who may be named.

        Raises:
            EngineError: The engine could not answer.
            StoreUnavailable: The names could not be looked up.
        """
        known = GalleryFace(face.face_id, face.person_id, face.embedding, face.external_id)
        # One more, since the person's own face is the nearest.
        context = CallContext(None, Lane.CHECK_IN, deadline)
        similar = await self._engine.similar(known, MOST_LOOK_ALIKES + 1, context)
        found = look_alikes(face.person_id, similar.candidates, similar.threshold)
        names = await self._people.display_names([candidate.person_id for candidate in found])
        return [LookAlike(each, names[each.person_id]) for each in found if each.person_id in names]

    async def page(
        self, limit: int, after_id: str | None, deadline: float | None
    ) -> tuple[Sequence[GalleryFinding], str | None]:
        """Looks at people by id.

        Faces that the engine alone keeps are not compared, since each comparison would be a paid call.

        Args:
            limit: How many people to look at, at most; more than MOST_PEOPLE are left to the next page.
            after_id: Only those after this id.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.

        Returns:
            What was found, each pair of look-alikes once over all pages, and the last id looked at (None: there are no
            more people).

        Raises:
            EngineError: The engine could not answer.
            StoreUnavailable: The database does not answer.
        """
        limit = min(limit, MOST_PEOPLE)
        people = await self._people.enrolled(limit, after_id)
        findings: list[GalleryFinding] = []
        for person, faces in people:
            findings += await self._of(person, faces, deadline)
        return findings, people[-1][0].person_id if len(people) == limit else None

    async def _of(
        self, person: Person, faces: Sequence[FaceEnrollment], deadline: float | None
    ) -> Sequence[GalleryFinding]:
        name, version = self._engine.traits.name, self._engine.traits.model_version
        current = [face for face in faces if (face.engine, face.model_version) == (name, version)]
        if faces and not current:
            return [GalleryFinding(person.person_id, person.display_name, FindingKind.OUTDATED_FACES)]
        best: dict[str, LookAlike] = {}
        for face in current:
            for like in await self.look_alikes(face, deadline) if face.embedding is not None else ():
                other, known = like.candidate.person_id, best.get(like.candidate.person_id)
                # The other one of the pair tells the same.
                if other > person.person_id and (
                    known is None or like.candidate.similarity > known.candidate.similarity
                ):
                    best[other] = like
        return [
            GalleryFinding(person.person_id, person.display_name, FindingKind.LOOK_ALIKE, best[other])
            for other in sorted(best)
        ]
