"""Prepares a second collection, puts it in use, and drops the one that is not: what an operator commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from portero_server.clock import Clock
from portero_server.domain.people.collection import is_adopted
from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.shadow import ShadowTally
from portero_server.domain.people.standby import (
    FIRST,
    KEEPER,
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    Sides,
    StandbyCounts,
    checked_collection_id,
    checked_region,
    number_of,
    refuse_switch,
)
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.gallery.collection_sides import CollectionSides
from portero_server.gallery.reconcile import Sleep, StoredFaces, compared
from portero_server.store.shadow import ShadowStore
from portero_server.store.standby import StandbyStore

_log = structlog.get_logger(__name__)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class SidesReport:
    """Which collections there are, and how far they agree.

    Attributes:
        sides: The one in use, and the one that stands by.
        counts: What the latter lacks; None: none stands by.
        shadow: How live searches of both agreed while it stood by.
    """

    sides: Sides
    counts: StandbyCounts | None
    shadow: ShadowTally


class CollectionSwitch:
    """Carries out what an operator commands about collections; servers follow what it stores."""

    def __init__(
        self,
        sides: CollectionSides | None,
        store: StandbyStore,
        shadow: ShadowStore,
        faces: StoredFaces,
        clock: Clock,
        looks_again: Callable[[], None],
        *,
        region: str | None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Creates it.

        Args:
            sides: The engines; None: the engine keeps no collection.
            store: Stores what is commanded.
            shadow: Adds up how live searches of both agreed.
            faces: Reads the stored faces.
            clock: The server's clock.
            looks_again: Called when the collection in use was exchanged.
            region: That of the settings, which a command may name too.
            sleep: Waits between two comparisons.
        """
        self._sides = sides
        self._store = store
        self._shadow = shadow
        self._faces = faces
        self._clock = clock
        self._looks_again = looks_again
        self._region = region
        self._sleep = sleep

    async def report(self) -> SidesReport:
        """Returns what is so now.

        Raises:
            FailedPrecondition: The engine keeps no collection.
            EngineError, StoreUnavailable: One of them does not answer.
        """
        sides = self._required()
        await sides.settle()
        known = sides.known or Sides(self._first(sides))
        standby = known.standby
        shadow = ShadowTally() if standby is None else await self._shadow.tally(standby.place.number)
        return SidesReport(known, await sides.count(), shadow)

    async def prepare(self, collection: str, region: str) -> SidesReport:
        """Creates a collection that stands by from now on, or goes on with the one that does; teaches nobody.

        Args:
            collection: Its name; where there is one of this name that no server uses, it is taken.
            region: AWS region; empty: that of the settings.

        Raises:
            InvalidInput: A name is malformed, or names the collection in use.
            FailedPrecondition: Another one stands by, or the engine keeps no collection.
            EngineError, StoreUnavailable: One of them does not answer, or the collection may not be created.
        """
        name, place_region = checked_collection_id(collection), checked_region(region)
        sides = self._required()
        await sides.settle()
        place = CollectionPlace(FIRST, name, "" if place_region == self._region else place_region)
        first = self._first(sides)
        _refuse_other(sides.known or Sides(first), place)
        version = await sides.probe(place)
        await self._store.prepare(place, version, first)
        return await self.report()

    async def switch(self, *, allow_missing: bool) -> SidesReport:
        """Puts the collection that stands by in use, and has the other one stand by: also the way back.

        Faces that it holds and that are stored nowhere are removed first.

        Args:
            allow_missing: Whether people may become unknown by it.

        Raises:
            FailedPrecondition: No collection stands by, or it lacks faces; says which and what to do.
            EngineError, StoreUnavailable: One of them does not answer; nothing was switched.
        """
        sides = self._required()
        await sides.settle()
        side, standby = sides.open_standby, None if sides.known is None else sides.known.standby
        if side is None or standby is None:
            raise FailedPrecondition(
                "no collection stands by: `portero faces prepare COLLECTION` makes one", reason="NO_STANDBY"
            )
        traits = side.engine.traits
        found = await compared(side.keeper, self._faces, traits.name, traits.model_version, sleep=self._sleep)
        await side.keeper.remove_orphans(found.foreign)
        counts = await self._store.counts(self._model(sides), standby.place.number)
        refuse_switch(counts, found.kept, len(found.missing), allow_missing=allow_missing)
        await self._store.switch(standby.place.number)
        await sides.settle()
        self._looks_again()
        return await self.report()

    async def drop(self, collection: str) -> bool:
        """Removes the collection that is not in use, with its faces. May be repeated until it succeeds.

        Args:
            collection: Its name, so that no other one is removed.

        Returns:
            Whether the collection is gone; False: other programs' faces are in it, or the server may not delete
            collections. Ours are gone in either case.

        Raises:
            InvalidInput: It is not the one that stands by.
            FailedPrecondition: None does.
            EngineError, StoreUnavailable: One of them does not answer.
        """
        sides = self._required()
        await sides.settle()
        standby = None if sides.known is None else sides.known.standby
        if standby is None:
            raise FailedPrecondition("no collection stands by, so there is none to drop", reason="NO_STANDBY")
        if standby.place.collection_id != collection:
            raise InvalidInput("collection", f"collection must be {standby.place.collection_id}, which stands by")
        number = standby.place.number
        await self._store.begin_drop(number)
        await sides.settle()
        side = sides.standby
        gone = False
        if side is not None:
            gone = await side.keeper.clear(await self._adopted(number))
        while await self._store.drop_faces(number, _BATCH) == _BATCH:
            pass
        await self._store.finish_drop(number)
        await sides.settle()
        _log.warning("collection_dropped", collection=collection, gone=gone)
        return gone

    async def counts(self, standby: GalleryCollection) -> StandbyCounts:
        """Returns how far a collection that stands by agrees with the one in use. Raises StoreUnavailable."""
        return await self._store.counts(self._model(self._required()), standby.place.number)

    async def _adopted(self, number: int) -> frozenset[str]:
        """Returns the engine's ids of the adopted faces of a collection, which takes them for another program's."""
        return frozenset(
            [
                face.face_id
                async for face in self._faces.faces(KEEPER)
                if is_adopted(face.face_id, face.external_id) and number_of(face.model_version) == number
            ]
        )

    def _required(self) -> CollectionSides:
        if self._sides is None:
            raise FailedPrecondition(
                "the engine of this server keeps its faces in the database, where those of several models lie side by "
                "side: set another encoder, and run `portero faces rebuild`",
                reason="NO_COLLECTION",
            )
        return self._sides

    def _first(self, sides: CollectionSides) -> GalleryCollection:
        # Of a `BackedEngine` the traits name both models; the keeper's alone is the collection's, which bears no mark.
        keeper = sides.live.keeper
        return GalleryCollection(keeper.place, CollectionRole.IN_USE, keeper.traits.model_version, self._clock.now())

    def _model(self, sides: CollectionSides) -> FaceModel:
        traits = sides.live.engine.traits
        return FaceModel(traits.name, traits.model_version)


def _refuse_other(sides: Sides, place: CollectionPlace) -> None:
    """Raises an error before a collection is created that could not stand by."""
    wanted = (place.collection_id, place.region)
    if wanted == (sides.in_use.place.collection_id, sides.in_use.place.region):
        raise InvalidInput("collection", f"the collection {place.collection_id} is the one in use")
    standby = sides.standby
    if standby is not None and wanted != (standby.place.collection_id, standby.place.region):
        name = standby.place.collection_id
        raise FailedPrecondition(
            f"the collection {name} stands by already: `portero faces drop {name}` removes it", reason="STANDBY_EXISTS"
        )
