"""Compares the stored faces with those in an engine's own collection, and removes orphans."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from portero_server.domain.people.people import GalleryFace
from portero_server.engines.kept_faces import FaceKeeper, GalleryDifference, compare_gallery

_PAUSE = 10.0
"""Seconds between two comparisons: longer than an enrollment takes, which is in the collection before it is stored."""
_ENGINE = "rekognition"


class StoredFaces(Protocol):
    """Reads the stored faces."""

    def gallery(self, engine: str) -> AsyncIterator[GalleryFace]:
        """Returns every face of an engine."""
        ...


async def reconcile_faces(
    keeper: FaceKeeper,
    stored: StoredFaces,
    *,
    repair: bool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """Compares twice, removes what both comparisons found orphaned if requested, and returns a short report.

    Args:
        keeper: The engine.
        stored: The database.
        repair: Whether to remove the orphans.
        sleep: Waits.

    Raises:
        EngineError, StoreUnavailable: One of them does not answer.
    """
    difference = await _compared(keeper, stored)
    if difference.orphaned or difference.lost:
        await sleep(_PAUSE)
        difference = _both(difference, await _compared(keeper, stored))
    if repair and difference.orphaned:
        await keeper.remove_orphans(difference.orphaned)
    return _report(difference, repaired=repair)


async def _compared(keeper: FaceKeeper, stored: StoredFaces) -> GalleryDifference:
    kept = await keeper.list_faces()
    return compare_gallery([face async for face in stored.gallery(_ENGINE)], kept)


def _both(first: GalleryDifference, second: GalleryDifference) -> GalleryDifference:
    return GalleryDifference(
        lost=tuple(face for face in second.lost if face in first.lost),
        orphaned=tuple(face for face in second.orphaned if face in first.orphaned),
        foreign=second.foreign,
    )


def _report(difference: GalleryDifference, *, repaired: bool) -> str:
    done = "removed" if repaired else "`portero-server faces repair` removes them"
    lines = [
        f"orphaned: {len(difference.orphaned)} faces of the collection are stored nowhere"
        + (f"; {done}" if difference.orphaned else ""),
        f"lost: {len(difference.lost)} stored faces are not in the collection"
        + ("; delete them and enroll these people again:" if difference.lost else ""),
        *(f"  people/{face.person_id}/faces/{face.face_id}" for face in difference.lost),
        f"foreign: {len(difference.foreign)} faces of the collection are another program's; left alone",
    ]
    return "\n".join(lines) + "\n"
