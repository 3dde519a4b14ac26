"""Makes the engine's collection and the database agree again: creates, removes, and says whom to teach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from portero_server.domain.people.collection import Known
from portero_server.domain.people.people import FaceEnrollment, FaceModel, Person
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.findings import EnrolledPeople

_log = structlog.get_logger(__name__)

MOST_PEOPLE = 500
"""People looked at for one page: their faces are asked for with few calls."""


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """A person with faces, some or all of which the engine does not have.

    Attributes:
        person: Who it is.
        missing: Their faces of the model in use that the collection does not hold.
        kept: How many others of that model it holds.
        other_model: Whether all their faces are of another model.
    """

    person: Person
    missing: tuple[FaceEnrollment, ...]
    kept: int
    other_model: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did, and what is known afterward."""

    known: Known
    created: bool
    removed: int


class CollectionRepair:
    """Repairs what needs no photographs, and lists the people who need theirs."""

    def __init__(
        self,
        keeper: CollectionKeeper | None,
        watch: CollectionWatch,
        people: EnrolledPeople,
        model: Callable[[], FaceModel],
    ) -> None:
        """Creates the repair.

        Args:
            keeper: The engine; None: it keeps no faces itself.
            watch: Compares, and tells others what was found.
            people: Reads people and their faces.
            model: Returns engine and face model in use.
        """
        self._keeper = keeper
        self._watch = watch
        self._people = people
        self._model = model

    async def repair(self, *, remove_foreign: bool) -> Repaired:
        """Creates a collection that does not exist, and removes foreign faces if asked to; teaches nobody.

        Args:
            remove_foreign: Whether faces under this service's names that are stored nowhere are removed. Faces that
                other programs put in stay. Where several databases share a collection, those of the others go too.

        Raises:
            EngineError: The collection may not be created, or the engine does not answer.
            StoreUnavailable: The database does not answer.
        """
        created = False if self._keeper is None else await self._keeper.restore()
        removed = await self._watch.remove_foreign() if remove_foreign else 0
        if created or removed:
            _log.warning("gallery_repaired", created=created, removed=removed)
        return Repaired(await self._watch.compare(), created, removed)

    async def unrecognized(self, limit: int, after_id: str | None) -> tuple[Sequence[Unrecognized], str | None]:
        """Looks at people by id, and returns those whom the engine has lost a face of.

        Args:
            limit: How many people to look at, at most; more than MOST_PEOPLE are left to the next page.
            after_id: Only those after this id.

        Returns:
            Those of them who must be taught again, and the last id looked at (None: there are no more people).

        Raises:
            EngineError, StoreUnavailable: One of them does not answer.
        """
        limit = min(limit, MOST_PEOPLE)
        model = self._model()
        people = await self._people.enrolled(limit, after_id)
        current = {
            person.person_id: [face for face in faces if FaceModel(face.engine, face.model_version) == model]
            for person, faces in people
        }
        held = await self._held([face for faces in current.values() for face in faces])
        found = []
        for person, faces in people:
            own = current[person.person_id]
            missing = tuple(face for face in own if face.face_id not in held)
            if missing or (faces and not own):
                found.append(Unrecognized(person, missing, len(own) - len(missing), other_model=not own))
        return found, people[-1][0].person_id if len(people) == limit else None

    async def _held(self, faces: Sequence[FaceEnrollment]) -> set[str]:
        """Returns the ids of the faces that the engine has."""
        if self._keeper is None:
            return {face.face_id for face in faces}
        external = {face.external_id: face.face_id for face in faces if face.external_id is not None}
        return {external[each] for each in await self._keeper.held(external)} if external else set()
