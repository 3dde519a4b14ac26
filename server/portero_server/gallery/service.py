"""Manages known people and their faces."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.detection.photo_advice import PhotoAdvice, PhotoReport
from portero_server.domain.people.people import (
    FaceEnrollment,
    Person,
    checked_display_name,
    checked_identifier,
    checked_labels,
    checked_request_id,
)
from portero_server.engines.base import CallContext, Engine, GalleryFace, LearnedFace
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.errors import EngineError, FailedPrecondition, InvalidInput, NotFound
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_guard import PhotoGuard
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.store.leaving_faces import LeavingFaceStore
from portero_server.store.people import PeopleStore
from portero_server.vision.photo import decode_photo

_log = structlog.get_logger(__name__)

_LONGEST_SEARCH = 200
_LEAVING_AT_ONCE = 1000


def new_person_id() -> str:
    """Returns a new random person id."""
    return str(uuid4())


class Beside(Protocol):
    """The collection that stands by, as enrollments and deletions concern it; see `StandbyFaces`."""

    async def enrolled(self, face: FaceEnrollment, photo: bytes) -> None:
        """Teaches it a photograph that was enrolled just now; raises nothing."""
        ...

    async def catch_up(self) -> None:
        """Removes from it what was deleted, as far as possible now."""
        ...


@dataclass(frozen=True, slots=True)
class Taught:
    """An enrolled face; `new`: it was learned now, and not known and held before."""

    face: FaceEnrollment
    new: bool


class Gallery:
    """Manages people and faces, in the store and in the engine."""

    def __init__(
        self,
        engine: Engine,
        people: PeopleStore,
        mirror: GalleryMirror,
        clock: Clock,
        *,
        new_id: Callable[[], str] = new_person_id,
        check_learnable: Callable[[str], Awaitable[None]] | None = None,
        keeper: CollectionKeeper | None = None,
        tell_loss: Callable[[], None] = lambda: None,
        guard: PhotoGuard | None = None,
        check: GalleryCheck | None = None,
        vault: PhotoVault | None = None,
        beside: Beside | None = None,
        leaving: LeavingFaceStore | None = None,
    ) -> None:
        """Stores people in `people`; `mirror` makes their faces searchable in `engine`.

        Args:
            engine: Learns faces.
            people: Stores them.
            mirror: Brings changes to the engine.
            clock: Dates enrollments.
            new_id: Generates ids for people without one.
            check_learnable: Raises when a person's face may not be learned; None: everybody's may.
            keeper: The engine, when it keeps faces itself.
            tell_loss: Called when it does not hold a face that is stored.
            guard: Looks at photographs before the engine does; None: nobody does.
            check: Compares again whom a removed face was like; None: nobody is.
            vault: Keeps enrolled photographs; None: they are discarded.
            beside: The collection that stands by, which is kept like the one in use; None: there can be none.
            leaving: Deleted faces that the engine has yet to remove; None: it keeps none itself.
        """
        self._engine = engine
        self._people = people
        self._mirror = mirror
        self._clock = clock
        self._new_id = new_id
        self._check_learnable = check_learnable
        self._keeper = keeper
        self._tell_loss = tell_loss
        self._guard = guard
        self._check = check
        self._vault = vault
        self._beside = beside
        self._leaving = leaving

    async def create(
        self, person_id: str, display_name: str, labels: Mapping[str, str], request_id: str = ""
    ) -> Person:
        """Adds a person and returns them as stored.

        Args:
            person_id: Identifier, or empty for one made up here.
            display_name: Name to show to people, 1 to 200 characters.
            labels: Free key-value pairs for integrations (room, class, customer number).
            request_id: A UUID that makes a repetition safe, or empty.

        Raises:
            InvalidInput: A field is malformed, or the request id was used for another request.
            AlreadyExists: The id is taken.
            NotFound: The repetition of a request whose person has been deleted since.
        """
        request = checked_request_id(request_id)
        return await self._people.create(
            checked_identifier(person_id, "person_id") if person_id else self._new_id(),
            checked_display_name(display_name),
            checked_labels(labels),
            request,
            None if request is None else _digest_of(request, person_id, display_name, labels),
        )

    async def get(self, person_id: str) -> Person:
        """Returns a person by id. Raises NotFound."""
        return await self._people.get(person_id)

    async def list(self, limit: int, after_id: str | None, display_name_contains: str) -> Sequence[Person]:
        """Returns people by id: at most `limit` after `after_id`, whose display name holds the text.

        Raises:
            InvalidInput: The text is too long.
        """
        if len(display_name_contains) > _LONGEST_SEARCH:
            raise InvalidInput(
                "display_name_contains", f"display_name_contains must be at most {_LONGEST_SEARCH} characters"
            )
        return await self._people.list(limit, after_id, display_name_contains or None)

    async def update(
        self, person_id: str, display_name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Person:
        """Changes the values that are not None and returns the person as stored.

        Raises:
            InvalidInput: A field is malformed.
            NotFound: There is no such person.
        """
        if display_name is None and labels is None:
            return await self._people.get(person_id)
        return await self._people.update(
            person_id,
            None if display_name is None else checked_display_name(display_name),
            None if labels is None else checked_labels(labels),
        )

    async def delete(self, person_id: str) -> None:
        """Removes a person, all faces and all photos, from store, engine and vault. Raises NotFound."""
        await self._people.delete(person_id)
        await self._mirror.catch_up()
        await self._let_go_elsewhere()

    async def enroll(
        self,
        person_id: str,
        photo: bytes,
        deadline: float | None = None,
        warn: Callable[[PhotoAdvice], None] = lambda _advice: None,
    ) -> FaceEnrollment:
        """Enrolls a person's face from one photograph; the same photograph again returns the existing face.

        A stored face that the engine does not hold any more is learned again from its photograph. The vault keeps the
        photograph, where there is one and the person has consented to it; whether it could does not matter here. Nor
        does whether the collection that stands by, if one does, could be taught it too.

        Args:
            person_id: The person whose face it is.
            photo: A whole JPEG or PNG file.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.
            warn: Called with each thing that is poor about a photo that is learned all the same.

        Raises:
            InvalidInput: The photo cannot be used; names the field "image".
            PhotoRefused: It has no face, several, or is too poor; the engine is not asked where the guard sees it.
            NotFound: There is no such person.
            FailedPrecondition: Consent is required, and the person has not given it.
            EngineError: The engine could not answer.
        """
        face = (await self.teach(person_id, photo, deadline, Lane.CHECK_IN, warn, compared=self._check is None)).face
        if self._vault is not None:
            await self._vault.keep(person_id, face.face_id, photo)
        if self._beside is not None:
            await self._beside.enrolled(face, photo)
        return face

    async def teach(
        self,
        person_id: str,
        photo: bytes,
        deadline: float | None = None,
        lane: Lane = Lane.ATTENDANCE,
        warn: Callable[[PhotoAdvice], None] = lambda _advice: None,
        *,
        compared: bool = True,
    ) -> Taught:
        """Enrolls a photograph as `enroll` does, keeps it nowhere, and returns whether its face was learned now.

        Args:
            person_id: Whose face.
            photo: A whole JPEG or PNG file.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.
            lane: Its priority among paid calls; by default everybody else's go first.
            warn: Called with each thing that is poor about a photo that is learned all the same.
            compared: Whether a new face does not wait to be compared with those of others; see `GalleryCheck`.

        Raises:
            InvalidInput, PhotoRefused, NotFound, FailedPrecondition, EngineError: As `enroll`.
        """
        traits = self._engine.traits
        face_id = face_id_of(person_id, photo, f"{traits.name}/{traits.model_version}")
        await self._people.get(person_id)
        if self._check_learnable is not None:
            await self._check_learnable(person_id)
        new = True
        context = CallContext(None, lane, deadline)
        try:
            known = await self._people.get_face(person_id, face_id)
        except NotFound:
            known = await self._learn(person_id, face_id, photo, context, warn, compared=compared)
        else:
            new = not await self._is_held(known)
            if new:
                self._tell_loss()
                known = await self._learn(person_id, face_id, photo, context, warn, lost=known, compared=compared)
        await self._mirror.catch_up()
        return Taught(known, new)

    async def check_photo(self, photo: bytes) -> PhotoReport:
        """Returns what an enrollment would say of a photograph; nothing is stored, and the engine is not asked.

        Raises:
            InvalidInput: The photo cannot be decoded, or is too large; names the field "image".
            FailedPrecondition: The server looks at no photographs before the engine does.
        """
        if self._guard is None:
            raise FailedPrecondition(
                "this server leaves it to the engine which photographs it takes (PORTERO_ENROLL_GUARD)",
                reason="NO_ENROLL_GUARD",
            )
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        return await self._guard.look(pixels)

    async def list_faces(self, person_id: str, limit: int, after: str | None) -> Sequence[FaceEnrollment]:
        """Returns faces of a person, oldest first; `after` is the store's cursor. Raises NotFound."""
        return await self._people.list_faces(person_id, limit, after)

    async def delete_face(self, person_id: str, face_id: str) -> None:
        """Removes one face, from store and engine, and its photo from the vault. Raises NotFound."""
        partners = () if self._check is None else await self._check.partners(face_id)
        await self._people.delete_face(person_id, face_id)
        await self._mirror.catch_up()
        await self._let_go_elsewhere()
        if self._check is not None:
            await self._check.compare_again(partners)

    async def _let_go_elsewhere(self) -> None:
        if self._beside is not None:
            await self._beside.catch_up()
        if self._vault is not None:
            await self._vault.catch_up()

    async def _is_held(self, face: FaceEnrollment) -> bool:
        """Returns whether the engine has a stored face; of what it keeps itself, only it can tell."""
        if self._keeper is None:
            return True
        return face.external_id is not None and bool(await self._keeper.held([face.external_id]))

    async def _learn(
        self,
        person_id: str,
        face_id: str,
        photo: bytes,
        context: CallContext,
        warn: Callable[[PhotoAdvice], None],
        lost: FaceEnrollment | None = None,
        *,
        compared: bool,
    ) -> FaceEnrollment:
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        if self._guard is not None:
            for advice in await self._guard.admit(pixels):
                warn(advice)
        # An engine that keeps faces itself answers a photo it has still to forget with the face that is about to go.
        await self._mirror.apply()
        await self._let_go_first()
        learned = await self._engine.learn(pixels, person_id, face_id, context)
        try:
            face = self._enrollment(person_id, face_id, learned)
            return await self._people.add_face(face, instead_of=lost, compared=compared)
        except NotFound:
            # The person went while the engine learned. Were it the database that failed, the face would be left
            # with the engine: the same photo, sent again, meets it there.
            await self._forget(GalleryFace(face_id, person_id, learned.embedding, learned.external_id))
            raise

    async def _let_go_first(self) -> None:
        # The mirror of a process that started since does not know of what was deleted while the engine was away.
        if self._leaving is None:
            return
        if faces := await self._leaving.first(self._engine.traits.name, _LEAVING_AT_ONCE):
            await self._engine.remove(faces)

    def _enrollment(self, person_id: str, face_id: str, learned: LearnedFace) -> FaceEnrollment:
        return FaceEnrollment(
            face_id=face_id,
            person_id=person_id,
            box=learned.box,
            quality=learned.quality,
            engine=self._engine.traits.name,
            model_version=learned.model_version,
            embedding=learned.embedding,
            external_id=learned.external_id,
            created_at=self._clock.now(),
        )

    async def _forget(self, face: GalleryFace) -> None:
        try:
            await self._engine.remove([face])
        except EngineError as error:
            _log.warning("face_left_with_engine", face=face.face_id, reason=error.reason)


def face_id_of(person_id: str, photo: bytes, model: str) -> str:
    """Returns the id of a photograph's face, which depends only on person, photograph and model."""
    parts = (person_id.encode(), model.encode(), hashlib.sha256(photo).digest())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def _digest_of(request_id: str, person_id: str, display_name: str, labels: Mapping[str, str]) -> str:
    """Returns what tells this request's content from another's. The request id salts it."""
    content = json.dumps([request_id, person_id, display_name, sorted(labels.items())])
    return hashlib.sha256(content.encode()).hexdigest()
