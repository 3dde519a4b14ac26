"""Looks for what may be wrong with the gallery: faces that nothing is compared with, and people who are alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

import structlog

from portero_server.domain.cameras import Lane
from portero_server.domain.people.look_alikes import (
    ConfusablePair,
    FacePair,
    FindingKind,
    GalleryFinding,
    LookAlike,
    face_pairs,
    look_alikes,
    same_person,
)
from portero_server.domain.people.people import FaceEnrollment, GalleryFace, Person
from portero_server.engines.base import CallContext, Engine
from portero_server.errors import EngineError, PorteroError, StoreUnavailable

_log = structlog.get_logger(__name__)

MOST_LOOK_ALIKES = 5
"""People told at most for one face; who is like more is not a pair of names, but a poor photograph."""

MOST_PARTNERS = 20
"""Faces compared again at most when one is removed; each may be a paid call."""

_RETRY = timedelta(minutes=1)
"""How often faces that wait are compared, and how long after an attempt."""
_AT_ONCE = 20

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


class StoredPairs(Protocol):
    """Stores which faces of two people are alike."""

    async def add(self, pairs: Sequence[FacePair], of_face: str | None = None) -> None:
        """Stores pairs; those that are known, or whose faces are gone, are passed over. `of_face` waits no more."""
        ...

    async def list(self, limit: int, after: tuple[str, str] | None = None) -> Sequence[ConfusablePair]:
        """Returns pairs of people by their ids: at most `limit` after the ids of the last one."""
        ...

    async def partners(self, face_id: str, limit: int) -> Sequence[FaceEnrollment]:
        """Returns the faces that a face is paired with, the most similar first."""
        ...


class WaitingFaces(Protocol):
    """Stores which faces wait to be compared; see `store.uncompared_faces`."""

    async def add(self, face_ids: Sequence[str]) -> None:
        """Has faces wait; those that are gone are passed over."""
        ...

    async def claim(self, limit: int, waited: timedelta) -> Sequence[FaceEnrollment]:
        """Returns faces that nobody has tried to compare for a time; no other server has them then."""
        ...

    async def settle(self, face_id: str) -> None:
        """Has a face wait no more."""
        ...

    async def count(self) -> int:
        """Returns how many faces wait."""
        ...


class NamedPair(NamedTuple):
    """Two people who may be taken for each other, and their display names."""

    pair: ConfusablePair
    first_name: str
    second_name: str


class GalleryCheck:
    """Goes through the gallery, a page of people at a time, and keeps who may be taken for whom."""

    def __init__(
        self,
        engine: Engine,
        people: EnrolledPeople,
        pairs: StoredPairs,
        waiting: WaitingFaces,
        tell: Callable[[LookAlike], None] = lambda _found: None,
        tell_waiting: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Compares faces with `engine`.

        Args:
            engine: Compares.
            people: Read.
            pairs: Keep what is found.
            waiting: Keeps which faces could not be compared.
            tell: Called with each person whom an enrolled face is like.
            tell_waiting: Called with how many faces wait to be compared.
        """
        self._engine = engine
        self._people = people
        self._pairs = pairs
        self._waiting = waiting
        self._tell = tell
        self._tell_waiting = tell_waiting

    async def enrolled(self, face: FaceEnrollment, deadline: float | None) -> Sequence[LookAlike]:
        """Returns the people whom a face that was just enrolled is like, and has it wait no more; see `look_alikes`.

        A face for which this fails waits, and is compared by `compare_waiting`.
        """
        return await self._enrolled(face, CallContext(None, Lane.CHECK_IN, deadline))

    async def run(self) -> None:
        """Compares faces that wait, until canceled."""
        while True:
            await asyncio.sleep(_RETRY.total_seconds())
            try:
                await self.compare_waiting()
            except PorteroError as error:
                _log.warning("look_alikes_wait", reason=error.reason)

    async def compare_waiting(self) -> None:
        """Compares the faces for which that failed before, and counts those that still wait.

        Each may be a paid call, as it would have been when the face was enrolled.

        Raises:
            EngineError: The engine could not answer; the faces wait on.
            StoreUnavailable: The database does not answer.
        """
        try:
            while faces := await self._waiting.claim(_AT_ONCE, _RETRY):
                for face in faces:
                    await self._compare_late(face)
        finally:
            self._tell_waiting(await self._waiting.count())

    async def _compare_late(self, face: FaceEnrollment) -> None:
        traits = self._engine.traits
        if (face.engine, face.model_version) != (traits.name, traits.model_version):
            # Nothing is compared with it any more.
            await self._waiting.settle(face.face_id)
            return
        try:
            await self._enrolled(face, CallContext(None, Lane.ATTENDANCE, None))
        except EngineError as error:
            if error.retryable:
                raise
            # It never will be, and must not keep the others from it.
            _log.warning("look_alikes_unknown", face=face.face_id, reason=error.reason)
            await self._waiting.settle(face.face_id)

    async def _enrolled(self, face: FaceEnrollment, context: CallContext) -> Sequence[LookAlike]:
        found = await self._alike(face, context, waits=True)
        for each in found:
            self._tell(each)
        return found

    async def look_alikes(self, face: FaceEnrollment, deadline: float | None) -> Sequence[LookAlike]:
        """Returns the people whose faces are like an enrolled one of somebody else, and who may be named.

        All of them, who may be named or not, are stored as easily taken for the person.

        Raises:
            EngineError: The engine could not answer.
            StoreUnavailable: The database does not answer.
        """
        return await self._alike(face, CallContext(None, Lane.CHECK_IN, deadline), waits=False)

    async def _alike(self, face: FaceEnrollment, context: CallContext, *, waits: bool) -> Sequence[LookAlike]:
        known = GalleryFace(face.face_id, face.person_id, face.embedding, face.external_id)
        # One more, since the person's own face is the nearest.
        similar = await self._engine.similar(known, MOST_LOOK_ALIKES + 1, context)
        found = look_alikes(face.person_id, similar.candidates, similar.alike)
        await self._pairs.add(face_pairs(face.person_id, face.face_id, found), face.face_id if waits else None)
        names = await self._people.display_names([candidate.person_id for candidate in found])
        return [
            LookAlike(each, names[each.person_id], same=each.similarity >= similar.threshold)
            for each in found
            if each.person_id in names
        ]

    async def pairs(
        self, limit: int, after: tuple[str, str] | None
    ) -> tuple[Sequence[NamedPair], ConfusablePair | None]:
        """Returns people who may be taken for each other and may be named, by their ids.

        Args:
            limit: How many pairs to read, at most.
            after: Only those after the pair of these ids.

        Returns:
            The pairs, and the last one that was read (None: there are no more).

        Raises:
            StoreUnavailable: The database does not answer.
        """
        read = await self._pairs.list(limit + 1, after)
        page = read[:limit]
        names = await self._people.display_names({person_id for pair in page for person_id in pair[:2]})
        return [
            NamedPair(pair, names[pair.first_person_id], names[pair.second_person_id])
            for pair in page
            if pair.first_person_id in names and pair.second_person_id in names
        ], page[-1] if len(read) > limit else None

    async def partners(self, face_id: str) -> Sequence[FaceEnrollment]:
        """Returns the faces to compare again once a face is removed, at most MOST_PARTNERS.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._pairs.partners(face_id, MOST_PARTNERS)

    async def compare_again(self, faces: Sequence[FaceEnrollment]) -> None:
        """Stores whom faces are like now that another one has been removed; where that fails, they wait for it."""
        missed = []
        for face in faces:
            try:
                await self.look_alikes(face, None)
            except (EngineError, StoreUnavailable) as error:
                _log.warning("look_alikes_unknown", face=face.face_id, reason=error.reason)
                missed.append(face.face_id)
        if missed:
            try:
                await self._waiting.add(missed)
            except StoreUnavailable as error:
                # The face is removed; `page` finds what is missed now, where it compares faces.
                _log.warning("look_alikes_lost", faces=len(missed), reason=error.reason)

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
            if face.embedding is None:
                continue
            for like in same_person(await self.look_alikes(face, deadline)):
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
