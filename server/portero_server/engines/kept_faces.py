"""Engines that store faces themselves: what they tell of their collection, and what repairs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol, runtime_checkable

# Part of the protocols below, so that an engine author finds them here.
from portero_server.domain.people.collection import CollectionCount as CollectionCount
from portero_server.domain.people.collection import KeptFace as KeptFace
from portero_server.domain.people.collection import image_id as image_id
from portero_server.domain.people.collection import parsed_image_id as parsed_image_id
from portero_server.domain.people.collection import parsed_user_id as parsed_user_id
from portero_server.domain.people.collection import user_id as user_id
from portero_server.domain.people.standby import CollectionPlace as CollectionPlace
from portero_server.engines.base import EngineTraits


@runtime_checkable
class FaceKeeper(Protocol):
    """An engine that stores faces itself and can list them."""

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns every face in its collection."""
        ...

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Removes faces that are not stored in the database."""
        ...


@runtime_checkable
class CollectionKeeper(FaceKeeper, Protocol):
    """An engine whose collection can be looked at, and created. Only `complete` may make paid calls."""

    async def count(self) -> CollectionCount | None:
        """Returns what it tells of its collection; None: there is none.

        From then on the engine's traits name the collection's face model, which may be another one than before.
        """
        ...

    async def listed(self) -> Sequence[KeptFace] | None:
        """Returns every face in its collection; None: there is none."""
        ...

    async def held(self, external_ids: Collection[str]) -> frozenset[str]:
        """Returns the ids of those of these faces that its collection holds; none if there is no collection."""
        ...

    async def find(self, external_ids: Collection[str]) -> Sequence[KeptFace]:
        """Returns those of these faces that its collection holds; none if there is no collection."""
        ...

    async def restore(self) -> bool:
        """Creates the collection if it does not exist. Returns whether it did.

        Raises:
            EngineError: It may not be created, or could not be.
        """
        ...

    async def complete(self) -> int:
        """Makes those kept faces searchable that are not, as after a change of settings. Returns how many there were.

        Raises:
            EngineError: A face could not be made searchable.
        """
        ...

    def tell_loss(self, tell: Callable[[], None]) -> None:
        """Calls `tell` from now on whenever a call finds that the collection does not exist."""
        ...


@runtime_checkable
class MovableKeeper(CollectionKeeper, Protocol):
    """An engine that can leave its collection for another one while it is used."""

    @property
    def traits(self) -> EngineTraits:
        """The engine's traits, whose model version bears the collection's mark."""
        ...

    @property
    def place(self) -> CollectionPlace:
        """The collection that it uses."""
        ...

    def use(self, place: CollectionPlace, version: str) -> None:
        """Uses another collection from the next call on; calls under way end with the one that they began with.

        Args:
            place: Where it is.
            version: Its face model, without a mark; from now on the traits name it.
        """
        ...

    async def create(self) -> str:
        """Creates the collection if it does not exist, although the options create none at start-up.

        Returns:
            Its face model, without a mark.

        Raises:
            EngineError: It may not be created, or the engine does not answer.
        """
        ...

    async def clear(self, adopted: Collection[str] = ()) -> bool:
        """Deletes our faces from the collection, and the collection if no other program's face is left in it.

        Args:
            adopted: Faces that another program put in and that are ours by now, by the engine's id.

        Returns:
            Whether the collection is gone.

        Raises:
            EngineError: A face could not be deleted.
        """
        ...

    async def aclose(self) -> None:
        """Closes threads and connections."""
        ...
