"""Keeping the engine's gallery equal to the stored one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
import structlog

from portero_server.engines.base import GalleryFace
from portero_server.errors import EngineError, EngineUnavailable, StoreUnavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.store.gallery import GalleryChange
from tests.support.server.picky_engine import PickyEngine
from tests.support.time.virtual_time import in_virtual_time

_ENGINE, _MODEL = "scripted", "colors-v1"
_EMBEDDING = np.array([0.1, 0.2, 0.3], "<f4").tobytes()


class MemoryLog:
    """Implements GalleryLog in memory, as the store does: faces that have gone again are not told as come."""

    def __init__(self) -> None:
        self.broken = False
        self._faces: dict[str, GalleryFace] = {}
        self._changes: list[GalleryChange] = []

    def come(self, *face_ids: str, embedding: bytes = _EMBEDDING, model: str = _MODEL) -> None:
        """Stores faces."""
        for face_id in face_ids:
            face = GalleryFace(face_id, "ana", embedding, None)
            self._faces[face_id] = face
            self._changes.append(GalleryChange(len(self._changes) + 1, True, _ENGINE, model, face))

    def go(self, *face_ids: str, engine: str = _ENGINE, model: str = _MODEL) -> None:
        """Deletes faces."""
        for face_id in face_ids:
            del self._faces[face_id]
            gone = GalleryFace(face_id, "ana", None, None)
            self._changes.append(GalleryChange(len(self._changes) + 1, False, engine, model, gone))

    async def gallery_position(self) -> int:
        """Returns the last position."""
        return len(self._changes)

    async def gallery(self, engine: str, model_version: str) -> AsyncIterator[GalleryFace]:
        """Yields the faces of a model."""
        of_model = {change.face.face_id for change in self._changes if change.model_version == model_version}
        for face in list(self._faces.values()):
            if face.face_id in of_model:
                yield face

    async def gallery_changes(self, after: int, limit: int) -> Sequence[GalleryChange]:
        """Returns a page of changes."""
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        told = [change for change in self._changes if not change.added or change.face.face_id in self._faces]
        return [change for change in told if change.position > after][:limit]


def _mirror(engine: PickyEngine, log: MemoryLog) -> GalleryMirror:
    return GalleryMirror(engine, log, refresh=5, page=3)


@in_virtual_time
async def test_load_gives_the_engine_its_model_s_faces() -> None:
    """Loading replaces what the engine knew by the stored faces of its own model."""
    engine, log = PickyEngine(), MemoryLog()
    log.come("a", "b")
    log.come("old", model="colors-v0")
    await _mirror(engine, log).load()
    assert engine.found == {"a", "b"}


@in_virtual_time
async def test_changes_are_applied_in_order_over_many_pages() -> None:
    """All changes since the load arrive, however many pages they fill, and each only once."""
    engine, log = PickyEngine(), MemoryLog()
    log.come("a")
    mirror = _mirror(engine, log)
    await mirror.load()
    log.come(*"bcdefg")
    log.go("a", "c")
    log.come("h")
    await mirror.apply()
    assert engine.found == set("bdefgh")
    added = engine.calls["add"]
    await mirror.apply()
    assert engine.calls["add"] == added


@in_virtual_time
async def test_faces_of_other_models_are_passed_over() -> None:
    """A change of another model neither reaches the engine nor holds the log up."""
    engine, log = PickyEngine(), MemoryLog()
    mirror = _mirror(engine, log)
    log.come("old", model="colors-v0")
    log.come("new")
    await mirror.apply()
    assert engine.found == {"new"}


@in_virtual_time
async def test_what_is_deleted_goes_whatever_model_made_it() -> None:
    """An engine that keeps faces itself forgets a deleted one that was enrolled with another encoder behind it."""
    engine, log = PickyEngine(), MemoryLog()
    mirror = _mirror(engine, log)
    log.come("old", "other", model="colors-v0")
    await mirror.apply()
    log.go("old", model="colors-v0")
    log.go("other", engine="another", model="colors-v0")
    await mirror.apply()
    assert (engine.calls["add"], engine.calls["remove"]) == (0, 1)


@in_virtual_time
async def test_face_that_has_gone_is_never_added() -> None:
    """A face that came and went before we looked is forgotten, not found."""
    engine, log = PickyEngine(), MemoryLog()
    log.come("a")
    log.go("a")
    await _mirror(engine, log).apply()
    assert engine.found == set()
    assert engine.calls["add"] == 0


@in_virtual_time
async def test_change_that_fails_is_tried_again_from_there() -> None:
    """After an engine's failure the log goes on at the change that failed, so nothing is skipped."""
    engine, log = PickyEngine(), MemoryLog()
    mirror = _mirror(engine, log)
    log.come("a", "b")
    log.go("a")
    engine.failing["remove"] = EngineUnavailable("away")
    with pytest.raises(EngineUnavailable):
        await mirror.apply()
    del engine.failing["remove"]
    log.come("c")
    await mirror.apply()
    assert engine.found == {"b", "c"}


@in_virtual_time
async def test_face_the_engine_never_takes_does_not_stop_the_log() -> None:
    """One broken face is logged and left out; the others come and deleted ones go."""
    engine, log = PickyEngine(), MemoryLog()
    mirror = _mirror(engine, log)
    log.come("a")
    log.come("broken", embedding=b"abc")
    log.come("c")
    log.go("a")
    with structlog.testing.capture_logs() as logs:
        await mirror.apply()
    assert engine.found == {"c"}
    assert [(line["event"], line["face"]) for line in logs] == [("face_not_findable", "broken")]


@in_virtual_time
async def test_following_picks_up_what_other_processes_did() -> None:
    """Every refresh interval the changes of others are applied."""
    engine, log = PickyEngine(), MemoryLog()
    task = asyncio.create_task(_mirror(engine, log).follow())
    log.come("a")
    await asyncio.sleep(5.5)
    assert engine.found == {"a"}
    log.go("a")
    await asyncio.sleep(5)
    assert engine.found == set()
    task.cancel()


@pytest.mark.parametrize("trouble", ["database", "engine"])
def test_following_outlives_trouble(trouble: str) -> None:
    """With database or engine away, following goes on and catches up later."""

    @in_virtual_time
    async def follow() -> None:
        engine, log = PickyEngine(), MemoryLog()
        task = asyncio.create_task(_mirror(engine, log).follow())
        log.come("a")
        log.broken = trouble == "database"
        if trouble == "engine":
            engine.failing["add"] = EngineUnavailable("away")
        await asyncio.sleep(12)
        assert engine.found == set()
        log.broken = False
        engine.failing.clear()
        await asyncio.sleep(5)
        assert engine.found == {"a"}
        task.cancel()

    follow()


@in_virtual_time
async def test_catching_up_logs_what_apply_raises() -> None:
    """An engine that cannot take a change leaves a log line with the reason and no exception."""
    engine, log = PickyEngine(), MemoryLog()
    log.come("a")
    log.go("a")
    engine.failing["remove"] = EngineError("no")
    with structlog.testing.capture_logs() as logs:
        await _mirror(engine, log).catch_up()
    assert [(line["event"], line["reason"]) for line in logs] == [("gallery_behind", "ENGINE_FAILED")]
