"""Compares the stored faces with those in an engine's own collection, and removes what is stored nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from portero_server.domain.people.collection import CollectionDifference, StoredFace, compare
from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.standby import number_of
from portero_server.engines.kept_faces import CollectionKeeper

_PAUSE = 10.0
"""Seconds between two comparisons: longer than an enrollment takes, which is in the collection before it is stored."""
_ENGINE = "rekognition"

Sleep = Callable[[float], Awaitable[object]]


class StoredFaces(Protocol):
    """Reads the stored faces."""

    def faces(self, engine: str) -> AsyncIterator[StoredFace]:
        """Returns every face of an engine."""
        ...

    async def count_other_models(self, model: FaceModel) -> int:
        """Returns how many faces are stored of people who have none of a model."""
        ...


class FacesOfCollection:
    """The stored faces of one collection: those of another one are not missing in it."""

    def __init__(self, stored: StoredFaces, number: int) -> None:
        self._stored = stored
        self._number = number

    async def faces(self, engine: str) -> AsyncIterator[StoredFace]:
        """Yields the faces of an engine that are in the collection."""
        async for face in self._stored.faces(engine):
            if number_of(face.model_version) == self._number:
                yield face

    async def count_other_models(self, model: FaceModel) -> int:
        """Returns how many faces are stored of people who have none of a model."""
        return await self._stored.count_other_models(model)


async def compared(
    keeper: CollectionKeeper,
    stored: StoredFaces,
    engine: str,
    version: str | None,
    *,
    sleep: Sleep = asyncio.sleep,
) -> CollectionDifference:
    """Compares, and once more after a pause where something differs; only what both comparisons find counts.

    Args:
        keeper: The engine.
        stored: The database.
        engine: The engine's name.
        version: Version of the face model in use; None: faces of all models count, and nobody is of another one.
        sleep: Waits.

    Raises:
        EngineError, StoreUnavailable: One of them does not answer.
    """
    first = await _compared(keeper, stored, engine, version)
    if first.kept is None or not first.differs:
        return first
    await sleep(_PAUSE)
    return first.also(await _compared(keeper, stored, engine, version))


async def reconcile_faces(
    keeper: CollectionKeeper, stored: StoredFaces, *, repair: bool, sleep: Sleep = asyncio.sleep
) -> str:
    """Compares, removes what is stored nowhere if requested, and returns a short report.

    Args:
        keeper: The engine.
        stored: The database.
        repair: Whether to remove what is stored nowhere.
        sleep: Waits.

    Raises:
        EngineError, StoreUnavailable: One of them does not answer.
    """
    comparison = await compared(keeper, stored, _ENGINE, None, sleep=sleep)
    if repair and comparison.foreign:
        await keeper.remove_orphans(comparison.foreign)
    return _report(comparison, repaired=repair)


async def _compared(
    keeper: CollectionKeeper, stored: StoredFaces, engine: str, version: str | None
) -> CollectionDifference:
    kept = await keeper.listed()
    others = 0 if version is None else await stored.count_other_models(FaceModel(engine, version))
    return compare(version, [face async for face in stored.faces(engine)], kept, others)


def _report(comparison: CollectionDifference, *, repaired: bool) -> str:
    done = "removed" if repaired else "`portero-server faces repair` removes them"
    gone = comparison.kept is None
    missing = sorted((face.person_id, face.face_id) for face in comparison.missing)
    lines = [
        *(["lost: the collection does not exist; `serve` and `portero faces repair` create it"] if gone else ()),
        f"foreign: {len(comparison.foreign)} faces of the collection are stored nowhere"
        + (f"; {done}" if comparison.foreign else ""),
        f"missing: {len(missing)} stored faces are not in the collection"
        + ("; `portero faces repair --photos FOLDER` teaches these people again:" if missing else ""),
        *(f"  people/{person_id}/faces/{face_id}" for person_id, face_id in missing),
        f"others: {comparison.others} faces of the collection are another program's; left alone",
    ]
    return "\n".join(lines) + "\n"
